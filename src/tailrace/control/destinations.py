"""Destinations as people manage them: list, make, change, restore, delete; each change a version.

They are kept, checked and versioned here; what delivers to them follows the workspace.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tailrace.config import SLUG_PATTERN, Config
from tailrace.control import idempotency
from tailrace.control.changes import Change, Changes
from tailrace.control.delivery_rules import changed_rules, delivery_rules, kept_rules
from tailrace.control.destination_filters import (
    SubscriptionDraft,
    kept_filters,
    kept_subscriptions,
)
from tailrace.control.destination_settings import DestinationSettings, KeptSettings
from tailrace.control.destination_shapes import (
    DestinationChange,
    DestinationCheck,
    DestinationDraft,
    DestinationState,
    DestinationType,
    DestinationVersion,
    PreviewedDestination,
    WantedDestinations,
    destination_conditions,
    destination_for_audit,
    destination_state,
    destination_version,
    takes_from,
)
from tailrace.control.idempotency import Once
from tailrace.control.models import DestinationRow, DestinationVersionRow, SourceRow
from tailrace.control.vault import Vault
from tailrace.destinations import Catalog, Destination, schema_of
from tailrace.errors import ChangeError

DESTINATIONS_MAX: Final = 1_000
"""How many destinations there may be, deleted ones left out."""

VERSIONS_MAX: Final = 200
"""How many versions of each are kept; the oldest go first."""


class Previewed(NamedTuple):
    """A type, and what a destination of it gets and makes of it, as they are kept."""

    type: Destination
    slug: str
    filters: list[dict[str, Any]]
    subscriptions: list[dict[str, Any]] | None
    sources: list[str] | None
    consent_categories: list[str]
    settings: dict[str, Any]


class CheckedDestination(NamedTuple):
    """A type, and settings of it with their secrets; `version` is 0 for no destination."""

    type: Destination
    settings: Any
    version: int


class Destinations:
    """The destinations of the workspace.

    Every method may wait for the database, and raises `TransientError` while it is away.
    """

    def __init__(
        self, config: Config, changes: Changes, vault: Vault | None, catalog: Catalog
    ) -> None:
        self._of_file = frozenset(source.slug for source in config.sources)
        self._changes = changes
        self._settings = DestinationSettings(catalog, vault)
        self._catalog = catalog

    def types(self) -> list[DestinationType]:
        """Return the types that there are, with the schema of their settings."""
        return [
            DestinationType(
                slug=each.slug,
                name=each.name,
                description=each.description,
                settings=schema_of(each),
            )
            for each in self._catalog.types.values()
        ]

    def type(self, slug: str) -> Destination | None:
        """Return a type, None where there is none of the slug."""
        return self._catalog.types.get(slug)

    def page(self, wanted: WantedDestinations, *, after: str, limit: int) -> list[DestinationState]:
        """Return at most `limit` destinations whose slug comes after another, in that order."""
        asked = select(DestinationRow).where(
            DestinationRow.deleted_at.is_(None),
            DestinationRow.slug > after,
            *destination_conditions(wanted),
        )
        if not wanted.source:
            asked = asked.limit(limit)
        with self._changes.read() as session:
            rows = session.scalars(asked.order_by(DestinationRow.slug))
            found = [row for row in rows if takes_from(row, wanted.source)]
            return [destination_state(row, self._catalog) for row in found[:limit]]

    def get(self, slug: str) -> DestinationState:
        """Return a destination.

        Raises:
            ChangeError: there is none.
        """
        with self._changes.read() as session:
            return self._state(existing_destination(session, slug))

    def versions(self, slug: str, *, before: int | None, limit: int) -> list[DestinationVersion]:
        """Return at most `limit` versions of a destination before one, the newest first.

        Raises:
            ChangeError: there is no such destination.
        """
        with self._changes.read() as session:
            row = existing_destination(session, slug)
            asked = select(DestinationVersionRow).where(
                DestinationVersionRow.destination_slug == slug
            )
            if before is not None:
                asked = asked.where(DestinationVersionRow.version < before)
            rows = session.scalars(
                asked.order_by(DestinationVersionRow.version.desc()).limit(limit)
            )
            return [destination_version(each, self._catalog, kind=row.type) for each in rows]

    def previewed(self, wanted: PreviewedDestination) -> Previewed:
        """Return what a preview is of, checked as if it were saved.

        Raises:
            ChangeError: there is no such destination or type, or something is wrong with the rest.
        """
        if (wanted.slug is None) is (wanted.type is None):
            raise ChangeError(
                "destination: give either the slug of one or a type",
                reason="invalid",
                field="destination",
            )
        try:
            return self._previewed(wanted)
        except ChangeError as error:
            place = error.field or "slug"
            raise ChangeError(str(error), reason="invalid", field=f"destination.{place}") from error

    def _previewed(self, wanted: PreviewedDestination) -> Previewed:
        kind = wanted.type or ""
        filters: list[dict[str, Any]] = []
        subscriptions: list[dict[str, Any]] | None = None
        sources, categories, settings = None, list[str](), dict[str, Any]()
        if wanted.slug is not None:
            with self._changes.read() as session:
                row = existing_destination(session, wanted.slug)
                kind, filters, subscriptions = row.type, row.filters, row.subscriptions
                sources, settings = row.sources, row.settings
                categories = delivery_rules(row.delivery).consent_categories
        if wanted.sources is not UNSET:
            sources = wanted.sources
        if wanted.consent_categories is not UNSET:
            categories = wanted.consent_categories
        if wanted.filters is not UNSET:
            filters = kept_filters(wanted.filters)
        if wanted.subscriptions is not UNSET:
            subscriptions = self._kept_subscriptions(kind, wanted.subscriptions)
        return Previewed(
            type=self._settings.type(kind),
            slug=wanted.slug or "preview",
            filters=filters,
            subscriptions=subscriptions,
            sources=sources,
            consent_categories=categories,
            settings=settings,
        )

    def checkable(self, wanted: DestinationCheck) -> CheckedDestination:
        """Return the settings that a check is of, checked as if they were saved.

        Raises:
            ChangeError: there is no such destination or type, or something is wrong with them.
        """
        if (wanted.slug is None) is (wanted.type is None):
            raise ChangeError(
                "give either the slug of a destination or a type", reason="invalid", field="type"
            )
        if wanted.slug is None:
            kind = self._settings.type(wanted.type or "")
            return CheckedDestination(kind, self._settings.opened(kind, wanted.settings), 0)
        with self._changes.read() as session:
            row = existing_destination(session, wanted.slug)
            settings = self._settings.opened_merged(row, wanted.settings)
            return CheckedDestination(self._settings.type(row.type), settings, row.version)

    def create(
        self, draft: DestinationDraft, *, actor: str, once: Once | None = None
    ) -> DestinationState:
        """Make a destination; asked `once` again, return what the first asking made.

        Raises:
            ChangeError: the slug is taken, or the settings are not those of its type.
        """
        with self._changes.change(actor=actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                return self._state(existing_destination(change.session, made))
            state = self.create_in(change, draft)
            idempotency.remember(change, once, made=state.slug)
            return state

    def change(
        self, slug: str, wanted: DestinationChange, *, version: int | None, actor: str
    ) -> DestinationState:
        """Change a destination that still has that version; None for whatever version it has.

        Raises:
            ChangeError: there is none, it has another version, or the settings are wrong.
        """
        with self._changes.change(actor=actor) as change:
            return self.change_in(change, slug, wanted, version=version)

    def restore(
        self, slug: str, number: int, *, version: int | None, actor: str
    ) -> DestinationState:
        """Make a destination equal to an earlier version of it, its secrets included.

        Raises:
            ChangeError: there is no such version, or its settings are not those of the type now.
        """
        with self._changes.change(actor=actor) as change:
            return self.restore_in(change, slug, number, version=version)

    def delete(self, slug: str, *, version: int | None, actor: str) -> None:
        """Delete a destination; its secrets go, its slug stays.

        Raises:
            ChangeError: there is none, or it has another version.
        """
        with self._changes.change(actor=actor) as change:
            self.delete_in(change, slug, version=version)

    def create_in(self, change: Change, draft: DestinationDraft) -> DestinationState:
        """Make a destination within an open change; as `create`."""
        self._require_new(change.session, draft.slug)
        sources = _sorted(draft.sources)
        self._require_sources(change.session, sources, known=())
        kept = self._settings.made(draft.slug, draft.type, draft.settings)
        row = DestinationRow(
            slug=draft.slug,
            name=draft.name,
            type=draft.type,
            enabled=draft.enabled,
            sources=sources,
            settings=kept.public,
            secrets_sealed=kept.sealed,
            filters=kept_filters(draft.filters),
            subscriptions=self._kept_subscriptions(draft.type, draft.subscriptions),
            delivery=kept_rules(draft.delivery),
            version=1,
            created_at=change.at,
            updated_at=change.at,
        )
        change.session.add(row)
        # The version's row needs this one, which nothing tells the session.
        change.session.flush()
        self._keep_version(change, row)
        change.note(
            "destination.create",
            _resource(row),
            after=destination_for_audit(row, self._catalog),
        )
        return self._state(row)

    def change_in(
        self, change: Change, slug: str, wanted: DestinationChange, *, version: int | None
    ) -> DestinationState:
        """Change a destination within an open change; as `change`."""
        row = existing_destination(change.session, slug)
        _require_version(row, version)
        columns: dict[str, Any] = {}
        if wanted.name is not UNSET:
            columns["name"] = wanted.name
        if wanted.enabled is not UNSET:
            columns["enabled"] = wanted.enabled
        if wanted.sources is not UNSET:
            columns["sources"] = _sorted(wanted.sources)
            self._require_sources(change.session, columns["sources"], known=row.sources or ())
        if wanted.settings is not UNSET:
            kept = self._settings.merged(row, wanted.settings)
            columns |= {"settings": kept.public, "secrets_sealed": kept.sealed}
        if wanted.filters is not UNSET:
            columns["filters"] = kept_filters(wanted.filters)
        if wanted.subscriptions is not UNSET:
            columns["subscriptions"] = self._kept_subscriptions(row.type, wanted.subscriptions)
        if wanted.delivery is not UNSET:
            columns["delivery"] = changed_rules(row.delivery, wanted.delivery)
        return self._put(change, row, columns, action="destination.update")

    def restore_in(
        self, change: Change, slug: str, number: int, *, version: int | None
    ) -> DestinationState:
        """Make a destination equal to an earlier version within an open change; as `restore`."""
        row = existing_destination(change.session, slug)
        _require_version(row, version)
        old = change.session.get(DestinationVersionRow, (slug, number))
        if old is None:
            raise ChangeError(
                f"destination '{slug}' has no version {number}; the last {VERSIONS_MAX} are kept",
                reason="not-found",
                field="version",
            )
        self._settings.require_valid(row, KeptSettings(old.settings, old.secrets_sealed))
        was = destination_version(old, self._catalog, kind=row.type)
        columns = {
            "name": old.name,
            "enabled": old.enabled,
            "sources": old.sources,
            "settings": old.settings,
            "secrets_sealed": old.secrets_sealed,
            "filters": kept_filters(was.filters),
            "subscriptions": self._kept_subscriptions(row.type, was.subscriptions),
            "delivery": old.delivery,
        }
        return self._put(
            change, row, columns, action="destination.restore", facts={"restored": number}
        )

    def delete_in(self, change: Change, slug: str, *, version: int | None) -> None:
        """Delete a destination within an open change; as `delete`."""
        row = existing_destination(change.session, slug)
        _require_version(row, version)
        change.note(
            "destination.delete",
            _resource(row),
            before=destination_for_audit(row, self._catalog),
        )
        row.deleted_at = row.updated_at = change.at
        row.secrets_sealed = {}
        change.session.execute(
            update(DestinationVersionRow)
            .where(DestinationVersionRow.destination_slug == slug)
            .values(secrets_sealed={})
        )

    def _put(
        self,
        change: Change,
        row: DestinationRow,
        columns: Mapping[str, Any],
        *,
        action: str,
        facts: Mapping[str, object] | None = None,
    ) -> DestinationState:
        """Set the columns, as the next version where they differ."""
        if all(getattr(row, name) == value for name, value in columns.items()):
            return self._state(row)
        before = destination_for_audit(row, self._catalog)
        sealed_before = dict(row.secrets_sealed)
        for name, value in columns.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = change.at
        self._keep_version(change, row)
        after = destination_for_audit(row, self._catalog)
        for name in sorted({*sealed_before, *row.secrets_sealed}):
            if sealed_before.get(name) != row.secrets_sealed.get(name):
                after[f"{name}_changed"] = True
        change.note(action, _resource(row), before=before, after={**after, **(facts or {})})
        change.session.flush()
        return self._state(row)

    def _require_new(self, session: Session, slug: str) -> None:
        row = session.get(DestinationRow, slug)
        if row is not None:
            why = "belongs to a destination"
            if row.deleted_at is not None:
                why = "belonged to a destination that was deleted, whose history keeps it"
            raise ChangeError(
                f"the slug '{slug}' {why}: choose another", reason="conflict", field="slug"
            )
        living = select(func.count()).where(DestinationRow.deleted_at.is_(None))
        if (session.scalar(living) or 0) >= DESTINATIONS_MAX:
            raise ChangeError(
                f"there are {DESTINATIONS_MAX} destinations; delete one to make another",
                reason="conflict",
            )

    def _require_sources(
        self, session: Session, sources: list[str] | None, *, known: Collection[str]
    ) -> None:
        """Return when the sources exist; those named before may be gone meanwhile."""
        asked = {*(sources or ())} - {*known} - self._of_file
        if not asked:
            return
        found = session.scalars(
            select(SourceRow.slug).where(SourceRow.slug.in_(asked), SourceRow.deleted_at.is_(None))
        )
        missing = sorted(asked.difference(found))
        if missing:
            raise ChangeError(
                f"sources: there is no source {', '.join(repr(slug) for slug in missing[:10])}",
                reason="invalid",
                field="sources",
            )

    def _keep_version(self, change: Change, row: DestinationRow) -> None:
        session = change.session
        session.add(
            DestinationVersionRow(
                destination_slug=row.slug,
                version=row.version,
                at=change.at,
                actor=change.actor,
                name=row.name,
                enabled=row.enabled,
                sources=row.sources,
                settings=row.settings,
                secrets_sealed=row.secrets_sealed,
                filters=row.filters,
                subscriptions=row.subscriptions,
                delivery=row.delivery,
            )
        )
        session.execute(
            delete(DestinationVersionRow).where(
                DestinationVersionRow.destination_slug == row.slug,
                DestinationVersionRow.version <= row.version - VERSIONS_MAX,
            )
        )

    def _kept_subscriptions(
        self, kind: str, subscriptions: list[SubscriptionDraft] | None
    ) -> list[dict[str, Any]] | None:
        if subscriptions is None:
            return None
        return kept_subscriptions(subscriptions, self._settings.type(kind))

    def _state(self, row: DestinationRow) -> DestinationState:
        return destination_state(row, self._catalog)


def existing_destination(session: Session, slug: str) -> DestinationRow:
    """Return the row of a destination that was not deleted.

    Raises:
        ChangeError: there is none.
    """
    # What is no slug may hold characters that a database refuses.
    row = session.get(DestinationRow, slug) if re.fullmatch(SLUG_PATTERN, slug) else None
    if row is None or row.deleted_at is not None:
        raise ChangeError(f"there is no destination '{slug[:100]}'", reason="not-found")
    return row


def _require_version(row: DestinationRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"destination '{row.slug}' was changed since version {version}; it has version "
            f"{row.version}: read it again",
            reason="outdated",
        )


def _sorted(sources: list[str] | None) -> list[str] | None:
    return None if sources is None else sorted(set(sources))


def _resource(row: DestinationRow) -> str:
    return f"destinations/{row.slug}"
