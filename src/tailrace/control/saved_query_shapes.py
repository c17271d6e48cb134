"""Saved queries in the forms that people send and read them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.config import Slug
from tailrace.control.models import SavedQueryRow
from tailrace.control.shapes import Name
from tailrace.errors import ChangeError

BODY_BYTES_MAX: Final = 65_536

QueryKind = Literal["lucene", "kql", "sql", "insight"]
Description = Annotated[
    str, Meta(max_length=2_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*(?![\s\S])")
]
QueryBody = Annotated[
    dict[Annotated[str, Meta(max_length=200)], Any],
    Meta(
        max_length=100,
        description="What is asked, with the fields that the question's own endpoint takes: "
        "`query` of lucene and kql, `sql` of sql; `insight` names the endpoint of an insight.",
    ),
]
_NEEDED: Final[dict[QueryKind, str]] = {
    "lucene": "query",
    "kql": "query",
    "sql": "sql",
    "insight": "insight",
}


class SavedQueryDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query to be saved; unless it `is_shared`, nobody else sees it."""

    slug: Slug
    name: Name = ""
    description: Description = ""
    kind: QueryKind
    body: QueryBody
    is_shared: bool = False


class SavedQueryChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a saved query; what is left out stays, what is given is whole."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    kind: QueryKind | UnsetType = UNSET
    body: QueryBody | UnsetType = UNSET
    is_shared: bool | UnsetType = UNSET


class SavedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A query as it was saved; `is_own` is for whoever asks, who may then change it."""

    slug: str
    name: str
    description: str
    kind: QueryKind
    body: dict[str, Any]
    is_shared: bool
    is_own: bool
    created_by: str
    version: int
    created_at: datetime
    updated_at: datetime


def saved_query(row: SavedQueryRow, *, is_own: bool) -> SavedQuery:
    """Return a query as people read it."""
    return SavedQuery(
        slug=row.slug,
        name=row.name,
        description=row.description,
        kind=row.kind,  # type: ignore[arg-type]  # only those are stored
        body=row.body,
        is_shared=row.is_shared,
        is_own=is_own,
        created_by=row.created_by,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def require_body(kind: str, body: dict[str, Any]) -> None:
    """Return when the body may be one of that kind.

    Raises:
        ChangeError: it lacks what is asked, or is too large.
    """
    name = next(name for one, name in _NEEDED.items() if one == kind)
    asked = body.get(name)
    if not isinstance(asked, str) or (name != "query" and not asked):
        raise ChangeError(
            f"body.{name} must be there as text: a query of kind '{kind}' asks by it",
            reason="invalid",
            field=f"body.{name}",
        )
    size = len(msgspec.json.encode(body))
    if size > BODY_BYTES_MAX:
        raise ChangeError(
            f"body has {size} bytes as JSON; at most {BODY_BYTES_MAX} are kept",
            reason="invalid",
            field="body",
        )
    if _has_unstorable(body):
        raise ChangeError(
            "body holds a character that cannot be stored (U+0000 or half of a surrogate pair)",
            reason="invalid",
            field="body",
        )


def _has_unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return any(_has_unstorable(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(map(_has_unstorable, value))


def query_for_audit(row: SavedQueryRow) -> dict[str, Any]:
    """Return what the audit log keeps; what a private one asks is nobody else's business."""
    told = {"name": row.name, "kind": row.kind, "is_shared": row.is_shared}
    if row.is_shared:
        told |= {"description": row.description, "body": row.body}
    return told
