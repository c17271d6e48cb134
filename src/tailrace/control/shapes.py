"""Sources in the forms that people send and read them, and what chooses some of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, or_

from tailrace.config import IpSetting, JsonMapping, Kind, Slug, Source, WriteKey
from tailrace.control.changes import is_usable, utc_now
from tailrace.control.models import SourceRow
from tailrace.control.vault import STARS

Name = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*(?![\s\S])")]
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
    slugs: frozenset[str] | None = None


def usable_keys(row: SourceRow, *, now: datetime) -> list[str]:
    """Return the write keys whose calls are taken, the newest first."""
    return [key.key for key in reversed(row.write_keys) if is_usable(key, now=now)]


def conditions_of(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    """Return what chooses the wanted rows."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.slugs is not None:
        conditions.append(SourceRow.slug.in_(wanted.slugs))
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


def matches(source: Source, wanted: Wanted) -> bool:
    """Tell whether a source of the file is wanted; as `conditions_of` for rows."""
    text = wanted.text.lower()
    return (
        (wanted.slugs is None or source.slug in wanted.slugs)
        and wanted.enabled in (None, source.enabled)
        and wanted.kind in (None, "", source.kind)
        and (text in source.slug or text in source.name.lower())
    )


def versioned(row: SourceRow) -> Versioned:
    """Return a source as it is now, with its version."""
    return Versioned(state_of(row, now=utc_now()), row.version)


def state_of(row: SourceRow, *, now: datetime) -> SourceState:
    """Return a source as people read it."""
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


def file_state(source: Source) -> SourceState:
    """Return a source of the file as people read it."""
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


def for_audit(row: SourceRow) -> dict[str, object]:
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
