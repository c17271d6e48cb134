"""Searches: one page of events, and how many match in all."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from clickhouse_connect.driver.client import Client

from tailrace.query.asked import INSTANT, TABLE, Asked, ask, times_of
from tailrace.query.bind import Binder
from tailrace.query.cursor import Place, pack, unpack
from tailrace.query.rows import (
    POSITION,
    SELECTED,
    STORED,
    Position,
    Stored,
    events_of,
    stored_of,
)
from tailrace.query.running import Runner
from tailrace.query.shapes import EventOut, Search, SearchResult

_PLACE = ", ".join(POSITION)
# The first look is at a time that should hold so many pages; each further one is wider by so much.
_PAGES_AHEAD = 4
_WIDER = 16


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
            total, after = _total(runner, client, asked), None
        else:
            total, after = cursor.total, cursor.after
        if cursor is None and total <= question.limit:
            places, events = [], _all_events(runner, client, question, asked) if total else []
        else:
            places = _places(runner, client, question, asked, after=after, total=total)
            events = _events(runner, client, asked, places[: question.limit])
    last = places[question.limit - 1] if len(places) > question.limit else None
    return SearchResult(
        total=total,
        events=events,
        cursor=last
        and pack(question, since_ms=since_ms, until_ms=until_ms, total=total, after=last),
        took_ms=round((time.monotonic() - started) * 1000, 1),
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
        stored = partial(_stored, runner, client, f"message_id = {binder.text(message_id)}", binder)
        events = events_of(rows, stored, has_original=True)
    return next(iter(events.values()), None)


def _total(runner: Runner, client: Client, asked: Asked) -> int:
    parts = [f"SELECT count() AS events FROM {TABLE} WHERE {where}" for _, where in asked.scopes()]
    sql = f"SELECT sum(events) FROM ({' UNION ALL '.join(parts)})"
    return int(runner.rows(client, sql, asked.binder.parameters)[0][0])


def _places(
    runner: Runner,
    client: Client,
    question: Search,
    asked: Asked,
    *,
    after: Place | None,
    total: int,
) -> list[Place]:
    """Return the places of a page's events and of one more, which tells that there is more.

    They are looked for in the nearest part of the time first, since an index finds it: as much of
    it as should hold a few pages, then wider, then everything.
    """
    if not total:
        return []
    is_newest = question.sort == "newest"
    since_ms, until_ms = asked.since_ms, asked.until_ms
    if after is not None:
        since_ms, until_ms = (
            (since_ms, after.timestamp_ms + 1) if is_newest else (after.timestamp_ms, until_ms)
        )
    places: list[Place] = []
    for width_ms in _widths_ms(question, asked, total, span_ms=until_ms - since_ms):
        window = (until_ms - width_ms, until_ms) if is_newest else (since_ms, since_ms + width_ms)
        places = _places_within(runner, client, question, asked, after, window)
        if len(places) > question.limit:
            break
    return places


def _widths_ms(question: Search, asked: Asked, total: int, *, span_ms: int) -> Iterator[int]:
    """Yield how much time to look at, ending with all of it."""
    width_ms = (asked.until_ms - asked.since_ms) * (question.limit + 1) * _PAGES_AHEAD // total
    while 0 < width_ms < span_ms // _WIDER:
        yield width_ms
        width_ms *= _WIDER
    yield span_ms


def _places_within(
    runner: Runner,
    client: Client,
    question: Search,
    asked: Asked,
    after: Place | None,
    window: tuple[int, int],
) -> list[Place]:
    operator = "<" if question.sort == "newest" else ">"
    binder = asked.binder
    start, end = binder.instant(window[0]), binder.instant(window[1])
    where = f"{asked.where} AND timestamp >= {start} AND timestamp < {end}"
    if after is not None:
        numbers = ", ".join(binder.number(number) for number in after[1:])
        at = binder.instant(after.timestamp_ms)
        where += f" AND (timestamp, {_PLACE}) {operator} ({at}, {numbers})"
    sql = (
        f"SELECT {INSTANT}, {', '.join(POSITION)} FROM {TABLE} "
        f"WHERE {where} ORDER BY {_order(question)} LIMIT {question.limit + 1}"
    )
    rows = runner.rows(client, sql, binder.parameters, max_result_rows=question.limit + 1)
    return [Place(*map(int, row)) for row in rows]


def _order(question: Search) -> str:
    direction = "DESC" if question.sort == "newest" else "ASC"
    return ", ".join(f"{name} {direction}" for name in ("timestamp", *POSITION))


def _all_events(runner: Runner, client: Client, question: Search, asked: Asked) -> list[EventOut]:
    """Return the only page there is."""
    sql = (
        f"SELECT {SELECTED} FROM {TABLE} WHERE {asked.where} ORDER BY {_order(question)} "
        f"LIMIT 1 BY {', '.join(POSITION)} LIMIT {question.limit}"
    )
    rows = runner.rows(client, sql, asked.binder.parameters)
    stored = partial(_stored, runner, client, asked.where, asked.binder)
    return list(events_of(rows, stored).values())


def _events(
    runner: Runner, client: Client, asked: Asked, places: Sequence[Place]
) -> list[EventOut]:
    """Return the events at these places, in that order.

    Only now the wide columns are read, and only where these times lie. The condition is asked once
    more for the indexes that it can use.
    """
    if not places:
        return []
    binder = asked.binder
    times = [place.timestamp_ms for place in places]
    within = (
        f"timestamp >= {binder.instant(min(times))} AND timestamp <= {binder.instant(max(times))} "
        f"AND {asked.condition}"
    )
    rows = _rows_at(runner, client, SELECTED, [place[1:] for place in places], within, binder)
    found = events_of(rows, partial(_stored, runner, client, within, binder))
    return [found[place[1:]] for place in places if place[1:] in found]


def _stored(
    runner: Runner, client: Client, within: str, binder: Binder, positions: Sequence[Position]
) -> Stored:
    return stored_of(_rows_at(runner, client, STORED, positions, within, binder))


def _rows_at(
    runner: Runner,
    client: Client,
    selected: str,
    positions: Sequence[Position],
    within: str,
    binder: Binder,
) -> list[tuple[Any, ...]]:
    """Return the rows at these positions, which lie where the condition `within` says."""
    listed = ", ".join(f"({', '.join(map(str, position))})" for position in positions)
    sql = (
        f"SELECT {selected} FROM {TABLE} PREWHERE ({_PLACE}) IN ({listed}) WHERE {within} "
        f"LIMIT 1 BY {_PLACE}"
    )
    return runner.rows(client, sql, binder.parameters)
