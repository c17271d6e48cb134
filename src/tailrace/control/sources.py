"""Sources as people manage them: list, make, change, delete."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tailrace.config import (
    SLUG_PATTERN,
    Config,
    Secret,
    Source,
    new_write_key,
)
from tailrace.control import idempotency
from tailrace.control.changes import Change, Changes, utc_now
from tailrace.control.idempotency import Once
from tailrace.control.models import SourceRow, WriteKeyRow
from tailrace.control.shapes import (
    SourceChange,
    SourceDraft,
    SourceState,
    Versioned,
    Wanted,
    conditions_of,
    file_state,
    for_audit,
    matches,
    state_of,
    versioned,
)
from tailrace.control.vault import STARS, Vault, webhook_place
from tailrace.errors import ChangeError, TransientError

SOURCES_MAX: Final = 2_000
"""How many sources there may be, deleted ones included; parts hold all of them in memory."""


class GivenKey(NamedTuple):
    """A write key that somebody brings along for a new source."""

    key: str
    label: str = ""
    expires_at: datetime | None = None


class Sources:
    """The sources of the database, with those of the file, which nobody can change here.

    Every method may wait for the database, and raises `TransientError` while it is away. Those
    whose names end in `_in` are part of a change that somebody else opened.
    """

    def __init__(self, config: Config, changes: Changes, vault: Vault | None) -> None:
        self._config = config
        self._changes = changes
        self._vault = vault
        self._of_file = {source.slug: source for source in config.sources}

    def page(self, wanted: Wanted, *, after: str, limit: int) -> list[SourceState]:
        """Return at most `limit` sources whose slug comes after another, in order of slugs."""
        asked = select(SourceRow).where(
            SourceRow.deleted_at.is_(None),
            SourceRow.slug > after,
            SourceRow.slug.not_in(self._of_file),
            *conditions_of(wanted),
        )
        with self._changes.read() as session:
            now = utc_now()
            rows = session.scalars(asked.order_by(SourceRow.slug).limit(limit))
            found = [state_of(row, now=now) for row in rows]
        found += [
            file_state(source)
            for source in self._of_file.values()
            if source.slug > after and matches(source, wanted)
        ]
        return sorted(found, key=lambda state: state.slug)[:limit]

    def get(self, slug: str) -> Versioned:
        """Return a source.

        Raises:
            ChangeError: there is none.
        """
        if slug in self._of_file:
            return Versioned(file_state(self._of_file[slug]), 0)
        with self._changes.read() as session:
            return versioned(existing(session, slug))

    def create(self, draft: SourceDraft, *, actor: str, once: Once | None = None) -> Versioned:
        """Make a source; asked `once` again, return what the first asking made.

        Raises:
            ChangeError: the slug or the write key is taken.
        """
        with self._changes.change(actor=actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                return versioned(existing(change.session, made))
            created = self.create_in(change, draft)
            idempotency.remember(change, once, made=created.state.slug)
            return created

    def create_in(
        self, change: Change, draft: SourceDraft, *, keys: Sequence[GivenKey] | None = None
    ) -> Versioned:
        """Make a source with these write keys; without any, with the draft's or a new one.

        Raises:
            ChangeError: the slug or a write key is taken, or the file manages the source.
        """
        self.require_unmanaged(draft.slug)
        if draft.webhook_secret == STARS:
            raise ChangeError(
                "webhook_secret is '***', which stands for a secret that is set already",
                reason="conflict",
                field="webhook_secret",
            )
        self._require_new(change.session, draft.slug)
        if keys is None:
            keys = [GivenKey(draft.write_key or new_write_key(), label="first")]
        for given in keys:
            self.require_new_key(change.session, given.key, field="write_key")
        row = SourceRow(
            slug=draft.slug,
            version=1,
            created_at=change.at,
            updated_at=change.at,
            write_keys=[
                WriteKeyRow(
                    key=given.key,
                    label=given.label,
                    created_at=change.at,
                    expires_at=given.expires_at,
                )
                for given in keys
            ],
            **self._columns(draft.slug, msgspec.structs.asdict(draft)),
        )
        change.session.add(row)
        change.note("source.create", f"sources/{row.slug}", after=for_audit(row))
        change.session.flush()
        return versioned(row)

    def change(
        self, slug: str, wanted: SourceChange, *, version: int | None, actor: str
    ) -> Versioned:
        """Change a source that still has that version; None for whatever version it has.

        Raises:
            ChangeError: there is none, it has another version, or the file manages it.
        """
        with self._changes.change(actor=actor) as change:
            return self.change_in(change, slug, wanted, version=version)

    def change_in(
        self, change: Change, slug: str, wanted: SourceChange, *, version: int | None
    ) -> Versioned:
        """Change a source, as `change` does."""
        self.require_unmanaged(slug)
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET and not (name == "webhook_secret" and value == STARS)
        }
        row = existing(change.session, slug)
        _require_version(row, version)
        before = for_audit(row)
        columns = self._columns(slug, fields)
        if all(getattr(row, name) == value for name, value in columns.items()):
            return versioned(row)
        for name, value in columns.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = change.at
        after = for_audit(row)
        if "webhook_secret" in fields:
            after["webhook_secret_changed"] = True
        change.note("source.update", f"sources/{slug}", before=before, after=after)
        return versioned(row)

    def delete(self, slug: str, *, version: int | None, actor: str) -> None:
        """Delete a source and disable its write keys; its events and its slug stay.

        Raises:
            ChangeError: there is none, it has another version, or the file manages it.
        """
        with self._changes.change(actor=actor) as change:
            self.delete_in(change, slug, version=version)

    def delete_in(self, change: Change, slug: str, *, version: int | None) -> None:
        """Delete a source, as `delete` does."""
        self.require_unmanaged(slug)
        row = existing(change.session, slug)
        _require_version(row, version)
        change.note("source.delete", f"sources/{slug}", before=for_audit(row))
        row.deleted_at = row.updated_at = change.at
        row.webhook_secret_sealed = None
        for key in row.write_keys:
            key.disabled_at = key.disabled_at or change.at

    def require_unmanaged(self, slug: str) -> None:
        """Return when the file has no source of that name.

        Raises:
            ChangeError: it has.
        """
        if slug in self._of_file:
            raise ChangeError(
                f"source '{slug}' is managed by the file {self._config.file}: change it there and "
                "restart",
                reason="managed-by-file",
                field="slug",
            )

    def require_new_key(self, session: Session, key: str, *, field: str) -> None:
        """Return when no source has or ever had the write key.

        Raises:
            ChangeError: one has.
        """
        is_taken = session.scalar(select(WriteKeyRow.id).where(WriteKeyRow.key == key)) is not None
        if is_taken or any(key in source.write_keys for source in self._of_file.values()):
            raise ChangeError(
                "this write key is or was another one's: leave it out, and one is made",
                reason="conflict",
                field=field,
            )

    def file_source(self, slug: str) -> Source | None:
        """Return the source of the file with that name."""
        return self._of_file.get(slug)

    def _require_new(self, session: Session, slug: str) -> None:
        row = session.get(SourceRow, slug)
        if row is not None:
            why = "belongs to a source"
            if row.deleted_at is not None:
                why = "belonged to a source that was deleted, whose events keep it"
            raise ChangeError(
                f"the slug '{slug}' {why}: choose another", reason="conflict", field="slug"
            )
        if (session.scalar(select(func.count()).select_from(SourceRow)) or 0) >= SOURCES_MAX:
            raise ChangeError(
                f"there are {SOURCES_MAX} sources, deleted ones included; no more fit",
                reason="conflict",
            )

    def _columns(self, slug: str, fields: Mapping[str, object]) -> dict[str, object]:
        """Return the columns that the fields set; a new secret is sealed."""
        columns: dict[str, object] = {
            name: fields[name]
            for name in ("name", "kind", "enabled", "ip", "requests_per_s_max")
            if name in fields
        }
        if "json" in fields:
            columns["json"] = msgspec.to_builtins(fields["json"])
        if "webhook_secret" in fields:
            columns["webhook_secret_sealed"] = self._sealed(slug, fields["webhook_secret"])
        return columns

    def _sealed(self, slug: str, text: object) -> str | None:
        if text is None:
            return None
        if self._vault is None:
            raise TransientError("there is no secret key to seal webhook_secret with")
        return self._vault.seal(Secret(str(text)), place=webhook_place(slug))


def existing(session: Session, slug: str) -> SourceRow:
    """Return the row of a source that was not deleted.

    Raises:
        ChangeError: there is none.
    """
    # What is no slug may hold characters that a database refuses.
    row = session.get(SourceRow, slug) if re.fullmatch(SLUG_PATTERN, slug) else None
    if row is None or row.deleted_at is not None:
        raise ChangeError(f"there is no source '{slug[:100]}'", reason="not-found")
    return row


def _require_version(row: SourceRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"source '{row.slug}' was changed since version {version}; it has version "
            f"{row.version}: read it again",
            reason="outdated",
        )
