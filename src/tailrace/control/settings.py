"""Settings of the whole workspace that people change while it runs."""

from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.control.changes import Change, Changes
from tailrace.control.models import WorkspaceRow
from tailrace.errors import ChangeError

RESOURCE: Final = "settings"
TOKEN_DAYS_MAX: Final = 3_650
# A `$` would also match before a line break at the end.
_PRINTED: Final = r"^[^\x00-\x1f\x7f]+(?![\s\S])"

WorkspaceName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PRINTED)]
SessionHours = Annotated[int, Meta(ge=1, le=8_760)]
TokenDays = Annotated[int, Meta(ge=1, le=TOKEN_DAYS_MAX)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings as they are.

    A session ends `session_hours_max` after its sign-in. API tokens that are made from now on must
    end within `token_days_max`; None leaves that to those who make them.
    """

    name: WorkspaceName = "Tailrace"
    session_hours_max: SessionHours = 168
    token_days_max: TokenDays | None = None


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of the settings; what is left out stays."""

    name: WorkspaceName | UnsetType = UNSET
    session_hours_max: SessionHours | UnsetType = UNSET
    token_days_max: TokenDays | UnsetType | None = UNSET


class VersionedSettings(NamedTuple):
    """The settings and the version that their next change must name."""

    state: Settings
    version: int


class WorkspaceSettings:
    """The settings of the workspace; may wait for the database as `Sources` may."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def get(self) -> VersionedSettings:
        """Return the settings."""
        with self._changes.read() as session:
            return _versioned(session.scalars(select(WorkspaceRow)).one())

    def change(
        self, wanted: SettingsChange, *, version: int | None, actor: str
    ) -> VersionedSettings:
        """Change the settings that still have that version; None for whatever version they have.

        Raises:
            ChangeError: they have another version.
        """
        with self._changes.change(actor=actor) as change:
            return self.change_in(change, wanted, version=version)

    def change_in(
        self, change: Change, wanted: SettingsChange, *, version: int | None
    ) -> VersionedSettings:
        """Change the settings within an open change, as `change` does."""
        row = change.workspace
        if version is not None and version != row.settings_version:
            raise ChangeError(
                f"the settings were changed since version {version}; they have version "
                f"{row.settings_version}: read them again",
                reason="outdated",
            )
        before = _settings_of(row)
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET
        }
        after = msgspec.structs.replace(before, **fields)
        if after != before:
            row.settings = msgspec.structs.asdict(after)
            row.settings_version += 1
            change.note(
                "settings.update",
                RESOURCE,
                before=msgspec.structs.asdict(before),
                after=msgspec.structs.asdict(after),
            )
        return _versioned(row)


def read_settings(session: Session) -> Settings:
    """Return the settings as a session of the database sees them; defaults for what is missing."""
    row = session.scalars(select(WorkspaceRow)).one_or_none()
    return Settings() if row is None else _settings_of(row)


def _settings_of(row: WorkspaceRow) -> Settings:
    return msgspec.convert(row.settings, Settings)


def _versioned(row: WorkspaceRow) -> VersionedSettings:
    return VersionedSettings(_settings_of(row), row.settings_version)
