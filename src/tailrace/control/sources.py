"""Sources as people manage them: list, make, change, delete."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from tailrace.config import (
    SLUG_PATTERN,
    Config,
    IpSetting,
    JsonMapping,
    Kind,
    Secret,
    Slug,
    Source,
    WriteKey,
    new_write_key,
)
from tailrace.control import idempotency
from tailrace.control.changes import Changes, is_usable, utc_now
from tailrace.control.idempotency import Once
from tailrace.control.models import SourceRow, WriteKeyRow
from tailrace.control.vault import STARS, Vault, webhook_place
from tailrace.errors import ChangeError, TransientError

SOURCES_MAX: Final = 2_000
"""How many sources there may be, deleted ones included; parts hold all of them in memory."""

Name = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
SecretText = Annotated[
    str,
    Meta(min_length=1, max_length=1_000, pattern=r"^[^\x00]+$", description="Write only."),
]
PerSecond = Annotated[float, Meta(gt=0, le=1e9)]


class SourceDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to be made; without a `write_key` one is made for it."""

    slug: Slug
    name: Name = ""
    kind: Kind = "web"
    enabled: bool = True
    ip: IpSetting = "keep"
    requests_per_s_max: PerSecond | None = None
    webhook_secret: SecretText | None = None
    json: JsonMapping = JsonMapping()
    write_key: WriteKey | None = None


class SourceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a source; what is left out stays, and so does a secret sent as `***`."""

    name: Name | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    ip: IpSetting | UnsetType = UNSET
    requests_per_s_max: PerSecond | UnsetType | None = UNSET
    webhook_secret: SecretText | UnsetType | None = UNSET
    json: JsonMapping | UnsetType = UNSET


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it is; `write_keys` are those that may be used now, the newest first.

    One that is managed by the file has no times of change.
    """

    slug: str
    name: str
    kind: Kind
    enabled: bool
    managed_by: Literal["api", "file"]
    ip: IpSetting
    requests_per_s_max: float | None
    webhook_secret: Literal["***"] | None
    json: JsonMapping
    write_keys: list[str]
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Versioned(NamedTuple):
    """A source and the version that its next change must name; 0 for one of the file."""

    state: SourceState
    version: int


class Wanted(NamedTuple):
    """Which sources to list; None and "" are for every one."""

    enabled: bool | None = None
    kind: str | None = None
    text: str = ""


class Sources:
    """The sources of the database, with those of the file, which nobody can change here.

    Every method may wait for the database, and raises `TransientError` while it is away.
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
            *_conditions(wanted),
        )
        with self._changes.read() as session:
            now = utc_now()
            rows = session.scalars(asked.order_by(SourceRow.slug).limit(limit))
            found = [_state(row, now=now) for row in rows]
        found += [
            _file_state(source)
            for source in self._of_file.values()
            if source.slug > after and _matches(source, wanted)
        ]
        return sorted(found, key=lambda state: state.slug)[:limit]

    def get(self, slug: str) -> Versioned:
        """Return a source.

        Raises:
            ChangeError: there is none.
        """
        if slug in self._of_file:
            return Versioned(_file_state(self._of_file[slug]), 0)
        with self._changes.read() as session:
            return _versioned(existing(session, slug))

    def create(self, draft: SourceDraft, *, actor: str, once: Once | None = None) -> Versioned:
        """Make a source; asked `once` again, return what the first asking made.

        Raises:
            ChangeError: the slug or the write key is taken.
        """
        self.require_unmanaged(draft.slug)
        if draft.webhook_secret == STARS:
            raise ChangeError(
                "webhook_secret is '***', which stands for a secret that is set already",
                reason="conflict",
                field="webhook_secret",
            )
        with self._changes.change(actor=actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                return _versioned(existing(change.session, made))
            self._require_new(change.session, draft.slug)
            key = draft.write_key or new_write_key()
            self.require_new_key(change.session, key, field="write_key")
            row = SourceRow(
                slug=draft.slug,
                version=1,
                created_at=change.at,
                updated_at=change.at,
                write_keys=[WriteKeyRow(key=key, label="first", created_at=change.at)],
                **self._columns(draft.slug, msgspec.structs.asdict(draft)),
            )
            change.session.add(row)
            change.note("source.create", f"sources/{row.slug}", after=_for_audit(row))
            idempotency.remember(change, once, made=row.slug)
            change.session.flush()
            return _versioned(row)

    def change(
        self, slug: str, wanted: SourceChange, *, version: int | None, actor: str
    ) -> Versioned:
        """Change a source that still has that version; None for whatever version it has.

        Raises:
            ChangeError: there is none, it has another version, or the file manages it.
        """
        self.require_unmanaged(slug)
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET and not (name == "webhook_secret" and value == STARS)
        }
        with self._changes.change(actor=actor) as change:
            row = existing(change.session, slug)
            _require_version(row, version)
            before = _for_audit(row)
            columns = self._columns(slug, fields)
            if all(getattr(row, name) == value for name, value in columns.items()):
                return _versioned(row)
            for name, value in columns.items():
                setattr(row, name, value)
            row.version += 1
            row.updated_at = change.at
            after = _for_audit(row)
            if "webhook_secret" in fields:
                after["webhook_secret_changed"] = True
            change.note("source.update", f"sources/{slug}", before=before, after=after)
            return _versioned(row)

    def delete(self, slug: str, *, version: int | None, actor: str) -> None:
        """Delete a source and disable its write keys; its events and its slug stay.

        Raises:
            ChangeError: there is none, it has another version, or the file manages it.
        """
        self.require_unmanaged(slug)
        with self._changes.change(actor=actor) as change:
            row = existing(change.session, slug)
            _require_version(row, version)
            change.note("source.delete", f"sources/{slug}", before=_for_audit(row))
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


def usable_keys(row: SourceRow, *, now: datetime) -> list[str]:
    """Return the write keys whose calls are taken, the newest first."""
    return [key.key for key in reversed(row.write_keys) if is_usable(key, now=now)]


def _require_version(row: SourceRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"source '{row.slug}' was changed since version {version}; it has version "
            f"{row.version}: read it again",
            reason="outdated",
        )


def _conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.enabled is not None:
        conditions.append(SourceRow.enabled.is_(wanted.enabled))
    if wanted.kind:
        conditions.append(SourceRow.kind == wanted.kind)
    if wanted.text:
        conditions.append(
            or_(
                SourceRow.slug.icontains(wanted.text, autoescape=True),
                SourceRow.name.icontains(wanted.text, autoescape=True),
            )
        )
    return conditions


def _matches(source: Source, wanted: Wanted) -> bool:
    text = wanted.text.lower()
    return (
        wanted.enabled in (None, source.enabled)
        and wanted.kind in (None, "", source.kind)
        and (text in source.slug or text in source.name.lower())
    )


def _versioned(row: SourceRow) -> Versioned:
    return Versioned(_state(row, now=utc_now()), row.version)


def _state(row: SourceRow, *, now: datetime) -> SourceState:
    return SourceState(
        slug=row.slug,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        enabled=row.enabled,
        managed_by="api",
        ip=row.ip,  # type: ignore[arg-type]
        requests_per_s_max=row.requests_per_s_max,
        webhook_secret=None if row.webhook_secret_sealed is None else "***",
        json=msgspec.convert(row.json, JsonMapping),
        write_keys=usable_keys(row, now=now),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _file_state(source: Source) -> SourceState:
    return SourceState(
        slug=source.slug,
        name=source.name,
        kind=source.kind,
        enabled=source.enabled,
        managed_by="file",
        ip=source.ip,
        requests_per_s_max=source.requests_per_s_max,
        webhook_secret=None if source.webhook_secret is None else "***",
        json=source.json,
        write_keys=list(source.write_keys),
    )


def _for_audit(row: SourceRow) -> dict[str, object]:
    """Return the settings of a source, stars in the place of its secret."""
    return {
        "name": row.name,
        "kind": row.kind,
        "enabled": row.enabled,
        "ip": row.ip,
        "requests_per_s_max": row.requests_per_s_max,
        "json": dict(row.json),
        "webhook_secret": None if row.webhook_secret_sealed is None else STARS,
    }
