"""Searches and their answers; these run in a thread, as they wait for the store."""

import time
from dataclasses import replace
from typing import Any, Final

from tailrace.app.elastic.contexts import Context
from tailrace.app.elastic.hits import hits_of
from tailrace.app.elastic.requests import Ask, Json
from tailrace.app.elastic.shapes import Search
from tailrace.app.elastic.typed import with_types
from tailrace.query import Questions
from tailrace.query.documents import Document, Documents, Found

SHARDS: Final = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


class Searches:
    """Asks the store; its methods may be called from any thread."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def answer(
        self, search: Search, ask: Ask, *, is_there: bool, pit: Context | None = None
    ) -> Json:
        """Return the answer to one search; `is_there` tells whether it asks the events at all."""
        opened_ms = None if pit is None else pit.opened_ms
        answer, _ = self._answer(search, ask, is_there=is_there, opened_ms=opened_ms)
        return answer if pit is None else {"pit_id": pit.id, **answer}

    def count(self, search: Search, *, is_there: bool) -> int:
        """Return how many events match."""
        if not is_there:
            return 0
        return self._questions.documents(Documents(tree=search.tree, orders=(), size=0)).total

    def scroll(self, context: Context, ask: Ask, *, is_there: bool) -> tuple[Json, Search]:
        """Return one page of a scroll, and the search for the next one."""
        search = context.search
        if search is None:
            raise TypeError("a scroll has a search")
        answer, last = self._answer(search, ask, is_there=is_there, opened_ms=context.opened_ms)
        # Aggregations come with the first page alone.
        search = replace(search, aggs=None)
        if last is None:
            return answer, search
        return answer, replace(search, after=last.keys, after_place=last.place)

    def _answer(
        self, search: Search, ask: Ask, *, is_there: bool, opened_ms: int | None
    ) -> tuple[Json, Document | None]:
        started = time.monotonic()
        found = Found(0, [], None)
        if is_there:
            found = self._questions.documents(
                Documents(
                    tree=search.tree,
                    orders=search.orders,
                    size=search.size,
                    offset=search.offset,
                    after=search.after,
                    after_place=search.after_place,
                    aggs=search.aggs,
                    received_before_ms=opened_ms,
                    is_counted=search.tells_total,
                )
            )
        total, documents, aggregations = found
        hits: Json = {
            "max_score": 1.0 if search.sort is None and documents else None,
            "hits": hits_of(documents, search),
        }
        if search.tells_total:
            hits = {"total": _total(total, ask), **hits}
        answer: dict[str, Any] = {
            "took": int((time.monotonic() - started) * 1000),
            "timed_out": False,
            "_shards": SHARDS,
            "hits": hits,
        }
        if aggregations is not None:
            is_typed = ask.flag("typed_keys")
            given = search.aggs_given
            answer["aggregations"] = with_types(given, aggregations) if is_typed else aggregations
        return answer, documents[-1] if documents else None


def _total(total: int, ask: Ask) -> Any:
    if ask.flag("rest_total_hits_as_int"):
        return total
    return {"value": total, "relation": "eq"}
