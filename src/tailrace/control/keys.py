"""Write keys as people manage them: list, add, let the old ones run out, disable."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import func, select

from tailrace.config import WriteKey, new_write_key
from tailrace.control import idempotency
from tailrace.control.changes import Change, Changes, is_usable, utc_now
from tailrace.control.idempotency import Once
from tailrace.control.models import WriteKeyRow
from tailrace.control.shapes import Name
from tailrace.control.sources import Sources, existing
from tailrace.control.vault import STARS
from tailrace.errors import ChangeError

KEYS_MAX: Final = 100
"""How many write keys a source may have had in its life."""
OVERLAP_S_MAX: Final = 366 * 86_400


class KeyDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A write key to be added; without a `key` one is made.

    With `overlap_s` the keys that the source has now are taken for so many seconds more.
    """

    label: Name = ""
    key: WriteKey | None = None
    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] | None = None


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """A write key as it is; one of the file has no id and no times."""

    id: int | None
    key: str
    label: str
    state: Literal["active", "expiring", "expired", "disabled"]
    created_at: datetime | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None
    last_used_at: datetime | None = None


class WriteKeys:
    """The write keys of all sources; may wait for the database as `Sources` may."""

    def __init__(self, changes: Changes, sources: Sources) -> None:
        self._changes = changes
        self._sources = sources

    def of(self, slug: str) -> list[KeyState]:
        """Return all keys that a source has or had, the newest first.

        Raises:
            ChangeError: there is no such source.
        """
        source = self._sources.file_source(slug)
        if source is not None:
            return [
                KeyState(id=None, key=key, label="", state="active") for key in source.write_keys
            ]
        with self._changes.read() as session:
            now = utc_now()
            rows = reversed(existing(session, slug).write_keys)
            return [_state(row, now=now) for row in rows]

    def add(self, slug: str, draft: KeyDraft, *, actor: str, once: Once | None = None) -> KeyState:
        """Add a key and give the others an end, if asked to; see `KeyDraft`.

        Raises:
            ChangeError: the source is not there or of the file, or the key is taken.
        """
        with self._changes.change(actor=actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                self._sources.require_unmanaged(slug)
                existing(change.session, slug)
                return _state(change.session.get_one(WriteKeyRow, int(made)), now=change.at)
            added = self.add_in(change, slug, draft)
            idempotency.remember(change, once, made=str(added.id))
            return added

    def add_in(
        self, change: Change, slug: str, draft: KeyDraft, *, expires_at: datetime | None = None
    ) -> KeyState:
        """Add a key, as `add` does, to a change that somebody else opened; it may have an end.

        Raises:
            ChangeError: the source is not there or of the file, or the key is taken.
        """
        self._sources.require_unmanaged(slug)
        source = existing(change.session, slug)
        count = change.session.scalar(select(func.count()).where(WriteKeyRow.source_slug == slug))
        if (count or 0) >= KEYS_MAX:
            raise ChangeError(
                f"source '{slug}' has had {KEYS_MAX} write keys, and no more fit",
                reason="conflict",
            )
        key = draft.key or new_write_key()
        self._sources.require_new_key(change.session, key, field="key")
        after: dict[str, object] = {"label": draft.label, "key": shortened(key)}
        if expires_at is not None:
            after["expires_at"] = expires_at.isoformat()
        if draft.overlap_s is not None:
            until = change.at + timedelta(seconds=draft.overlap_s)
            _end(source.write_keys, until=until, now=change.at)
            after["others_until"] = until.isoformat()
        row = WriteKeyRow(key=key, label=draft.label, created_at=change.at, expires_at=expires_at)
        source.write_keys.append(row)
        change.session.flush()
        change.note("write-key.create", f"sources/{slug}/write-keys/{row.id}", after=after)
        return _state(row, now=change.at)

    def change_in(
        self, change: Change, slug: str, key_id: int, *, label: str, expires_at: datetime | None
    ) -> None:
        """Give a key another label and another end, as part of an open change.

        Raises:
            ChangeError: there is no such key, it is disabled, or the file manages its source.
        """
        row = self._existing(change, slug, key_id)
        if row.disabled_at is not None:
            raise ChangeError(
                f"the write key {shortened(row.key)} of source '{slug}' is disabled",
                reason="conflict",
            )
        before = _for_audit(row)
        row.label, row.expires_at = label, expires_at
        if (after := _for_audit(row)) != before:
            change.note(
                "write-key.update",
                f"sources/{slug}/write-keys/{key_id}",
                before=before,
                after=after,
            )

    def disable(self, slug: str, key_id: int, *, actor: str) -> None:
        """Take no more calls with a key; doing so again changes nothing.

        Raises:
            ChangeError: there is no such key, or the file manages its source.
        """
        with self._changes.change(actor=actor) as change:
            self.disable_in(change, slug, key_id)

    def disable_in(self, change: Change, slug: str, key_id: int) -> None:
        """Disable a key, as `disable` does, in a change that somebody else opened."""
        row = self._existing(change, slug, key_id)
        if row.disabled_at is not None:
            return
        before = {"label": row.label, "key": shortened(row.key)}
        row.disabled_at = change.at
        change.note("write-key.disable", f"sources/{slug}/write-keys/{key_id}", before=before)

    def _existing(self, change: Change, slug: str, key_id: int) -> WriteKeyRow:
        self._sources.require_unmanaged(slug)
        source = existing(change.session, slug)
        row = next((each for each in source.write_keys if each.id == key_id), None)
        if row is None:
            raise ChangeError(f"source '{slug}' has no write key {key_id}", reason="not-found")
        return row


def shortened(key: str) -> str:
    """Return what the audit log shows of a write key."""
    return key[:4] + STARS


def _for_audit(row: WriteKeyRow) -> dict[str, object]:
    ends = None if row.expires_at is None else row.expires_at.isoformat()
    return {"label": row.label, "key": shortened(row.key), "expires_at": ends}


def _end(rows: list[WriteKeyRow], *, until: datetime, now: datetime) -> None:
    """Let usable keys end, those that end earlier by themselves excepted."""
    for row in rows:
        if is_usable(row, now=now) and (row.expires_at is None or row.expires_at > until):
            row.expires_at = until


def _state(row: WriteKeyRow, *, now: datetime) -> KeyState:
    state: Literal["active", "expiring", "expired", "disabled"] = "active"
    if row.disabled_at is not None:
        state = "disabled"
    elif row.expires_at is not None:
        state = "expiring" if row.expires_at > now else "expired"
    return KeyState(
        id=row.id,
        key=row.key,
        label=row.label,
        state=state,
        created_at=row.created_at,
        expires_at=row.expires_at,
        disabled_at=row.disabled_at,
        last_used_at=row.last_used_at,
    )
