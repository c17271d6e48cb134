"""Searches: one page of events, and how many match in all."""

import time
from collections.abc import Sequence
from datetime import datetime

from clickhouse_connect.driver.client import Client

from tailrace.query.asked import TABLE, Asked, ask, times_of
from tailrace.query.bind import Binder
from tailrace.query.cursor import Place, pack, unpack
from tailrace.query.rows import SELECTED, event_of
from tailrace.query.running import Runner
from tailrace.query.shapes import EventOut, Search, SearchResult

_ORDER = ("timestamp", "raw_partition", "raw_offset", "raw_index")
_PLACE = ", ".join(_ORDER)
# Matches are counted in this many slices of time, so that only some are looked at for the page.
_SLICES = 64


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
            counts = _counts(runner, client, asked)
            total = sum(counts.values())
            after = _slice_edge(question, asked, counts)
        else:
            total, after = cursor.total, _after(question, asked, cursor.after)
        places = _places(runner, client, question, asked, after) if total else []
        events = _events(runner, client, places[: question.limit])
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
    return event_of(rows[0], has_original=True) if rows else None


def _counts(runner: Runner, client: Client, asked: Asked) -> dict[int, int]:
    """Return how many events match in each slice of the time, by its number."""
    slice_of = (
        f"intDiv(toUnixTimestamp64Milli(timestamp) - {asked.since_ms}, {_slice_ms(asked)}) AS slice"
    )
    sql = f"SELECT {slice_of}, count() FROM {TABLE} WHERE {asked.where} GROUP BY slice"
    rows = runner.rows(client, sql, asked.binder.parameters, max_result_rows=_SLICES + 1)
    return {int(number): int(events) for number, events in rows}


def _slice_edge(question: Search, asked: Asked, counts: dict[int, int]) -> str:
    """Return the condition for the slices that hold the first page and one event more."""
    is_newest = question.sort == "newest"
    found = 0
    for number in sorted(counts, reverse=is_newest):
        found += counts[number]
        if found > question.limit:
            edge_ms = asked.since_ms + (number if is_newest else number + 1) * _slice_ms(asked)
            operator = ">=" if is_newest else "<"
            return f"timestamp {operator} {asked.binder.instant(edge_ms)}"
    return "1"


def _slice_ms(asked: Asked) -> int:
    return -(-(asked.until_ms - asked.since_ms) // _SLICES)


def _after(question: Search, asked: Asked, place: Place) -> str:
    """Return the condition for what comes after a place; the first part alone can use an index."""
    operator = "<" if question.sort == "newest" else ">"
    at = asked.binder.instant(place.timestamp_ms)
    numbers = ", ".join(asked.binder.number(number) for number in place[1:])
    return f"timestamp {operator}= {at} AND ({_PLACE}) {operator} ({at}, {numbers})"


def _places(
    runner: Runner, client: Client, question: Search, asked: Asked, after: str
) -> list[Place]:
    """Return the places of a page's events and of one more, which tells that there is more."""
    direction = "DESC" if question.sort == "newest" else "ASC"
    order = ", ".join(f"{name} {direction}" for name in _ORDER)
    sql = (
        f"SELECT toUnixTimestamp64Milli(timestamp), {', '.join(_ORDER[1:])} FROM {TABLE} "
        f"WHERE {asked.where} AND {after} ORDER BY {order} LIMIT {question.limit + 1}"
    )
    rows = runner.rows(client, sql, asked.binder.parameters, max_result_rows=question.limit + 1)
    return [Place(*map(int, row)) for row in rows]


def _events(runner: Runner, client: Client, places: Sequence[Place]) -> list[EventOut]:
    """Return the events at these places, in that order.

    Only now the wide columns are read, and only where these times lie.
    """
    if not places:
        return []
    binder = Binder()
    times = [place.timestamp_ms for place in places]
    positions = ", ".join(f"({place[1]}, {place[2]}, {place[3]})" for place in places)
    sql = (
        f"SELECT {SELECTED}, {', '.join(_ORDER[1:])} FROM {TABLE} "
        f"PREWHERE timestamp >= {binder.instant(min(times))} "
        f"AND timestamp <= {binder.instant(max(times))} "
        f"AND (raw_partition, raw_offset, raw_index) IN ({positions}) "
        "LIMIT 1 BY raw_partition, raw_offset, raw_index"
    )
    rows = runner.rows(client, sql, binder.parameters)
    found = {tuple(map(int, row[-3:])): event_of(row[:-3]) for row in rows}
    return [found[place[1:]] for place in places if place[1:] in found]
