"""Searches: one page of events, and how many match in all."""

import time
from datetime import datetime

from tailrace.query.asked import TABLE, Asked, ask, times_of
from tailrace.query.bind import Binder
from tailrace.query.cursor import Place, pack, unpack
from tailrace.query.rows import SELECTED, event_of
from tailrace.query.running import Runner
from tailrace.query.shapes import EventOut, Search, SearchResult
from tailrace.query.times import to_ms

_ORDER = ("timestamp", "raw_partition", "raw_offset", "raw_index")
_PLACE = ", ".join(_ORDER)


def search(runner: Runner, question: Search, *, now: datetime) -> SearchResult:
    """Return a page of events in the order of time, then of receipt.

    Raises:
        QueryError: the query, a time or the cursor is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    cursor = unpack(question)
    if cursor is None:
        since_ms, until_ms = times_of(since=question.since, until=question.until, now=now)
    else:
        since_ms, until_ms = cursor.since_ms, cursor.until_ms
    asked = ask(question.query, since_ms=since_ms, until_ms=until_ms, now=now)
    with runner.turn() as client:
        if cursor is None:
            counting = f"SELECT count() FROM {TABLE} WHERE {asked.where}"
            total = int(runner.rows(client, counting, asked.binder.parameters)[0][0])
        else:
            total = cursor.total
        sql = _page_sql(question, asked, cursor.after if cursor else None)
        found = runner.rows(client, sql, asked.binder.parameters) if total else []
    page = found[: question.limit]
    after = None
    if len(found) > len(page):
        timestamp, *rest = page[-1][-len(_ORDER) :]
        after = Place(to_ms(timestamp), *rest)
    return SearchResult(
        total=total,
        events=[event_of(row[: -len(_ORDER)]) for row in page],
        cursor=after
        and pack(question, since_ms=since_ms, until_ms=until_ms, total=total, after=after),
        took_ms=_ms_since(started),
        notes=list(asked.notes),
    )


def find_event(runner: Runner, message_id: str, source: str | None) -> EventOut | None:
    """Return one event with its original, the newest where a message id occurs again."""
    binder = Binder()
    where = f"message_id = {binder.text(message_id)}"
    if source:
        where += f" AND source = {binder.text(source)}"
    sql = (
        f"SELECT {SELECTED} FROM {TABLE} WHERE {where} "
        "ORDER BY received_at DESC, raw_offset DESC, raw_index DESC LIMIT 1"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, binder.parameters)
    return event_of(rows[0], has_original=True) if rows else None


def _page_sql(question: Search, asked: Asked, after: Place | None) -> str:
    """Return the statement for a page and one event more, which tells that there is a next one."""
    direction = "DESC" if question.sort == "newest" else "ASC"
    order = ", ".join(f"{name} {direction}" for name in _ORDER)
    where = asked.where
    if after is not None:
        binder = asked.binder
        operator = "<" if question.sort == "newest" else ">"
        numbers = ", ".join(binder.number(number) for number in after[1:])
        where += f" AND ({_PLACE}) {operator} ({binder.instant(after.timestamp_ms)}, {numbers})"
    return (
        f"SELECT {SELECTED}, {_PLACE} FROM {TABLE} WHERE {where} "
        f"ORDER BY {order} LIMIT {question.limit + 1}"
    )


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
