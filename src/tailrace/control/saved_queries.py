"""Saved queries as people manage them: everybody their own, and all read those that are shared."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from tailrace.control import idempotency
from tailrace.control.changes import Change, Changes
from tailrace.control.idempotency import Once
from tailrace.control.models import SavedQueryRow
from tailrace.control.permissions import Principal
from tailrace.control.saved_query_shapes import (
    QueryKind,
    SavedQuery,
    SavedQueryChange,
    SavedQueryDraft,
    query_for_audit,
    require_body,
    saved_query,
)
from tailrace.errors import ChangeError

QUERIES_MAX: Final = 5_000
_OTHERS: Final = "settings:write"
"""Who may set up the workspace may also tidy up what others share."""


class SavedQueries:
    """The saved queries of the workspace; may wait for the database as `Sources` may.

    They belong to a member; those that were made with the first owner's token, to nobody else.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def page(
        self, *, by: Principal, kind: QueryKind | None, after: str, limit: int
    ) -> list[SavedQuery]:
        """Return at most `limit` that somebody may see and whose slug comes after another."""
        asked = select(SavedQueryRow).where(SavedQueryRow.slug > after, _visible(by))
        if kind is not None:
            asked = asked.where(SavedQueryRow.kind == kind)
        with self._changes.read() as session:
            rows = session.scalars(asked.order_by(SavedQueryRow.slug).limit(limit))
            return [saved_query(row, is_own=_is_own(row, by)) for row in rows]

    def get(self, slug: str, *, by: Principal) -> SavedQuery:
        """Return one that somebody may see.

        Raises:
            ChangeError: there is none.
        """
        with self._changes.read() as session:
            row = _existing(session, slug, by=by)
            return saved_query(row, is_own=_is_own(row, by))

    def create(
        self, draft: SavedQueryDraft, *, by: Principal, once: Once | None = None
    ) -> SavedQuery:
        """Save a query; asked `once` again, return what the first asking made.

        Raises:
            ChangeError: the slug is taken, or something is wrong with the rest.
        """
        with self._changes.change(actor=by.actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                row = _existing(change.session, made, by=by)
                return saved_query(row, is_own=_is_own(row, by))
            query = self.create_in(change, draft, by=by)
            idempotency.remember(change, once, made=query.slug)
            return query

    def change(
        self, slug: str, wanted: SavedQueryChange, *, version: int | None, by: Principal
    ) -> SavedQuery:
        """Change one that still has that version; None for whatever version it has.

        Raises:
            ChangeError: there is none, it is another's, it has another version, or something is
                wrong.
        """
        with self._changes.change(actor=by.actor) as change:
            return self.change_in(change, slug, wanted, version=version, by=by)

    def delete(self, slug: str, *, version: int | None, by: Principal) -> None:
        """Delete a saved query.

        Raises:
            ChangeError: there is none, it is another's, or it has another version.
        """
        with self._changes.change(actor=by.actor) as change:
            self.delete_in(change, slug, version=version, by=by)

    def create_in(self, change: Change, draft: SavedQueryDraft, *, by: Principal) -> SavedQuery:
        """Save a query within an open change; as `create`."""
        session = change.session
        if session.get(SavedQueryRow, draft.slug) is not None:
            raise ChangeError(
                f"the slug '{draft.slug}' belongs to a saved query, yours or another's: choose "
                "another",
                reason="conflict",
                field="slug",
            )
        if (session.scalar(select(func.count(SavedQueryRow.slug))) or 0) >= QUERIES_MAX:
            raise ChangeError(
                f"there are {QUERIES_MAX} saved queries; delete one to save another",
                reason="conflict",
            )
        require_body(draft.kind, draft.body)
        row = SavedQueryRow(
            **msgspec.structs.asdict(draft),
            member_id=by.member_id,
            created_by=by.actor,
            version=1,
            created_at=change.at,
            updated_at=change.at,
        )
        session.add(row)
        change.note("saved-query.create", _resource(row), after=query_for_audit(row))
        session.flush()
        return saved_query(row, is_own=True)

    def change_in(
        self,
        change: Change,
        slug: str,
        wanted: SavedQueryChange,
        *,
        version: int | None,
        by: Principal,
    ) -> SavedQuery:
        """Change one within an open change; as `change`."""
        row = _existing(change.session, slug, by=by)
        _require_changeable(row, by)
        _require_version(row, version)
        columns = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET
        }
        if columns.get("is_shared") is False and row.is_shared and not _is_own(row, by):
            raise ChangeError(
                f"saved query '{slug}' is {row.created_by}'s, who alone may stop sharing it; "
                "delete it instead",
                reason="not-allowed",
                field="is_shared",
            )
        require_body(columns.get("kind", row.kind), columns.get("body", row.body))
        _put(change, row, columns)
        return saved_query(row, is_own=_is_own(row, by))

    def delete_in(self, change: Change, slug: str, *, version: int | None, by: Principal) -> None:
        """Delete one within an open change; as `delete`."""
        row = _existing(change.session, slug, by=by)
        _require_changeable(row, by)
        _require_version(row, version)
        change.note("saved-query.delete", _resource(row), before=query_for_audit(row))
        change.session.delete(row)


def _put(change: Change, row: SavedQueryRow, columns: Mapping[str, Any]) -> None:
    """Set the columns, as the next version where they differ."""
    if all(getattr(row, name) == value for name, value in columns.items()):
        return
    before = query_for_audit(row)
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = change.at
    change.note("saved-query.update", _resource(row), before=before, after=query_for_audit(row))
    change.session.flush()


def _visible(by: Principal) -> ColumnElement[bool]:
    return or_(SavedQueryRow.is_shared, SavedQueryRow.member_id.is_not_distinct_from(by.member_id))


def _is_own(row: SavedQueryRow, by: Principal) -> bool:
    return row.member_id == by.member_id


def _existing(session: Session, slug: str, *, by: Principal) -> SavedQueryRow:
    row = session.get(SavedQueryRow, slug) if "\x00" not in slug else None
    if row is None or not (row.is_shared or _is_own(row, by)):
        raise ChangeError(f"there is no saved query '{slug[:100]}'", reason="not-found")
    return row


def _require_changeable(row: SavedQueryRow, by: Principal) -> None:
    if not _is_own(row, by) and not by.may(_OTHERS):
        raise ChangeError(
            f"saved query '{row.slug}' is {row.created_by}'s: save one of your own, or ask an "
            "admin",
            reason="not-allowed",
        )


def _require_version(row: SavedQueryRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"saved query '{row.slug}' was changed since version {version}; it has version "
            f"{row.version}: read it again",
            reason="outdated",
        )


def _resource(row: SavedQueryRow) -> str:
    return f"saved-queries/{row.slug}"
