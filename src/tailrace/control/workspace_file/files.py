"""Exports the workspace as a file, compares it with one, and makes it like one."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.config import Config
from tailrace.control.changes import Changes, utc_now
from tailrace.control.delivery_alerts import DeliveryAlerts
from tailrace.control.destinations import Destinations
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.models import SourceRow
from tailrace.control.permissions import Principal
from tailrace.control.saved_queries import SavedQueries
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.vault import Vault
from tailrace.control.workspace_file.alerts_part import AlertsPart
from tailrace.control.workspace_file.checking import read_file
from tailrace.control.workspace_file.destinations_part import DestinationsPart
from tailrace.control.workspace_file.export import workspace_text
from tailrace.control.workspace_file.members_part import MembersPart
from tailrace.control.workspace_file.opening import Opener
from tailrace.control.workspace_file.problems import WorkspaceFileError
from tailrace.control.workspace_file.queries_part import QueriesPart
from tailrace.control.workspace_file.schema import workspace_schema
from tailrace.control.workspace_file.settings_part import SettingsPart
from tailrace.control.workspace_file.sources_part import SourcesPart
from tailrace.control.workspace_file.work import Outcome, Work
from tailrace.destinations import Catalog

SECRETS_MAX: Final = 10_000

Text = Annotated[str, Meta(max_length=5 * 1_048_576)]
FileName = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
SecretValues = Annotated[
    dict[Annotated[str, Meta(max_length=1_000)], Annotated[str, Meta(max_length=100_000)]],
    Meta(max_length=SECRETS_MAX, description="By `env:NAME` or `file:PATH`, as the file has them."),
]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file, the values of the secrets that it refers to, and what to do about the rest.

    With `prune`, what the file does not name is removed from the sections that it has.
    """

    text: Text
    file_name: FileName = "workspace.yaml"
    secrets: SecretValues = {}
    prune: bool = False


class WorkspaceFiles:
    """The workspace as a file; may wait for the database as `Sources` may."""

    def __init__(
        self,
        config: Config,
        changes: Changes,
        vault: Vault | None,
        catalog: Catalog,
        *,
        sources: Sources,
        write_keys: WriteKeys,
        destinations: Destinations,
        members: Members,
        settings: WorkspaceSettings,
    ) -> None:
        opener = Opener(vault)
        self._catalog = catalog
        self._of_file = frozenset(source.slug for source in config.sources)
        self._changes = changes
        self._settings = SettingsPart(settings)
        self._sources = SourcesPart(sources, write_keys, opener)
        self._destinations = DestinationsPart(destinations, catalog, opener)
        self._alerts = AlertsPart(DeliveryAlerts(changes, vault, catalog), opener)
        self._queries = QueriesPart(SavedQueries(changes))
        self._members = MembersPart(members)

    def export(self) -> str:
        """Return the workspace as YAML; `apply` of it makes another workspace the same."""
        with self._changes.read() as session:
            is_source = self._is_source(session)
            sections: dict[str, Mapping[str, object]] = {
                "settings": self._settings.exported(session),
                "sources": self._sources.exported(session, now=utc_now()),
                "destinations": self._destinations.exported(session, is_source=is_source),
                "delivery_alerts": self._alerts.exported(session),
                "saved_queries": self._queries.exported(session),
                "members": self._members.exported(session, is_source=is_source),
            }
        return workspace_text(sections, of_file=sorted(self._of_file))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of such a file."""
        return workspace_schema(self._catalog)

    def diff(self, asked: Asked, *, by: Principal) -> Outcome:
        """Return what `apply` would do, found out by doing it and taking it back.

        Raises:
            WorkspaceFileError: the file is not valid, or does not fit what is there.
        """
        try:
            self._apply(asked, by=by, is_kept=False)
        except _TakenBackError as taken:
            return taken.outcome
        raise AssertionError("what was compared was not taken back")

    def apply(self, asked: Asked, *, by: Principal) -> Outcome:
        """Make the workspace like the file: all of it, in one change, or nothing.

        Raises:
            WorkspaceFileError: the file is not valid, or does not fit what is there.
        """
        return self._apply(asked, by=by, is_kept=True)

    def _apply(self, asked: Asked, *, by: Principal, is_kept: bool) -> Outcome:
        try:
            read = read_file(asked.text)
            with self._changes.change(actor=by.actor) as change:
                work = Work(change, read, secrets=asked.secrets, is_pruning=asked.prune, by=by)
                self._apply_in(work)
                if read.problems:
                    raise WorkspaceFileError([*read.problems, *work.problems])
                if work.problems:
                    raise WorkspaceFileError(work.problems, reason=work.reason)
                if not is_kept:
                    raise _TakenBackError(work.outcome())
            return work.outcome()
        except WorkspaceFileError as error:
            raise error.named(asked.file_name) from None

    def _apply_in(self, work: Work) -> None:
        """Do what the file asks for; sources come first, as others name them."""
        file = work.read.file
        if file.settings is not UNSET:
            self._settings.apply_in(work, file.settings)
        if file.sources is not UNSET:
            self._sources.apply_in(work, file.sources)
            self._sources.prune_in(work)
        is_source = self._is_source(work.session)
        if file.destinations is not UNSET:
            self._destinations.apply_in(work, file.destinations, is_source=is_source)
        if file.delivery_alerts is not UNSET:
            self._alerts.apply_in(work, file.delivery_alerts)
        if file.saved_queries is not UNSET:
            self._queries.apply_in(work, file.saved_queries)
        if file.members is not UNSET:
            self._members.apply_in(work, file.members, is_source=is_source)

    def _is_source(self, session: Session) -> Callable[[str], bool]:
        """Return what tells whether a source is there; those that were deleted are not."""
        living = session.scalars(select(SourceRow.slug).where(SourceRow.deleted_at.is_(None)))
        return self._of_file.union(living).__contains__


class _TakenBackError(Exception):
    """Ends a change without keeping it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome
