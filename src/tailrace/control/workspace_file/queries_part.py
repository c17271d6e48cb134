"""Saved queries of a workspace file: those that are shared."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.control.models import SavedQueryRow
from tailrace.control.saved_queries import SavedQueries
from tailrace.control.saved_query_shapes import SavedQueryChange, SavedQueryDraft
from tailrace.control.workspace_file.reading import Path
from tailrace.control.workspace_file.shapes import FileSavedQuery
from tailrace.control.workspace_file.work import Work, without_defaults

_DEFAULTS: Final[Mapping[str, object]] = {"name": "", "description": ""}
_FIELDS: Final = ("name", "description", "kind", "body")


class QueriesPart:
    """Compares shared queries, makes them like the file's, and writes them down."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def exported(self, session: Session) -> dict[str, dict[str, object]]:
        """Return the queries as a file has them."""
        return {
            slug: without_defaults(_current(row), _DEFAULTS) for slug, row in _rows(session).items()
        }

    def apply_in(self, work: Work, wanted: Mapping[str, FileSavedQuery]) -> None:
        """Make and change the queries that the file names; delete others where it may."""
        rows = _rows(work.session)
        for slug, query in wanted.items():
            path: Path = ("saved_queries", slug)
            after: dict[str, Any] = {
                "name": query.name,
                "description": query.description,
                "kind": query.kind,
                "body": query.body.plain(),
            }
            with work.trying(path):
                if slug in rows:
                    self._change(work, slug, _current(rows[slug]), after)
                else:
                    draft = SavedQueryDraft(slug=slug, is_shared=True, **after)
                    self._queries.create_in(work.change, draft, by=work.by)
                    work.created(f"saved-queries/{slug}", without_defaults(after, _DEFAULTS))
        for slug, row in rows.items():
            path = ("saved_queries", slug)
            if work.read.names(path):
                continue
            if not work.is_pruning:
                work.left(f"saved-queries/{slug}")
                continue
            with work.trying(path):
                work.deleted(f"saved-queries/{slug}", without_defaults(_current(row), _DEFAULTS))
                self._queries.delete_in(work.change, slug, version=None, by=work.by)

    def _change(
        self, work: Work, slug: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        differing = work.updated(f"saved-queries/{slug}", before, after)
        if differing:
            fields = {name: after[name] for name in differing}
            self._queries.change_in(
                work.change, slug, SavedQueryChange(**fields), version=None, by=work.by
            )


def _current(row: SavedQueryRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS}


def _rows(session: Session) -> dict[str, SavedQueryRow]:
    rows = session.scalars(
        select(SavedQueryRow).where(SavedQueryRow.is_shared).order_by(SavedQueryRow.slug)
    )
    return {row.slug: row for row in rows}
