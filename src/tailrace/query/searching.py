"""Searches: one page of events, and how many match in all."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from clickhouse_connect.driver.client import Client

from tailrace.query.asked import TABLE, Asked, ask, times_of
from tailrace.query.bind import Binder
from tailrace.query.cursor import Place, pack, unpack
from tailrace.query.rows import (
    POSITION,
    SELECTED,
    STORED,
    Position,
    Row,
    Stored,
    events_of,
    place_of,
    stored_of,
)
from tailrace.query.running import Runner
from tailrace.query.shapes import EventOut, Search, SearchResult

_PLACE = ", ".join(POSITION)
# The first look is at a time that should hold so many pages; each further one is wider by so much.
_PAGES_AHEAD = 16
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
    asked = ask(
        question.query,
        since_ms=since_ms,
        until_ms=until_ms,
        now=now,
        language=question.language,
    )
    with runner.turn() as client:
        page = _Page(runner, client, question, asked)
        if cursor is not None:
            total = cursor.total
            found = page.near(total, after=cursor.after)
        elif asked.is_selective and len(found := page.within(None, None)) <= question.limit:
            total = len(found)
        else:
            total = total_of(runner, client, asked)
            found = page.near(total, after=None)
        events = page.events(found[: question.limit])
    last = found[question.limit - 1] if len(found) > question.limit else None
    return SearchResult(
        total=total,
        events=events,
        cursor=None
        if last is None
        else pack(
            question, since_ms=since_ms, until_ms=until_ms, total=total, after=place_of(last)
        ),
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
        stored = partial(
            stored_at, runner, client, f"message_id = {binder.text(message_id)}", binder
        )
        events = events_of(rows, stored, has_original=True)
    return next(iter(events.values()), None)


def total_of(runner: Runner, client: Client, asked: Asked) -> int:
    """Return how many events match."""
    parts = [f"SELECT count() AS events FROM {TABLE} WHERE {where}" for _, where in asked.scopes()]
    sql = f"SELECT sum(events) FROM ({' UNION ALL '.join(parts)})"
    return int(runner.rows(client, sql, asked.binder.parameters)[0][0])


class _Page:
    """Reads the rows of one page of events, and of one event more, which tells of a next page.

    The engine sorts by time and position alone, and reads the other columns of the page's rows.
    """

    def __init__(self, runner: Runner, client: Client, question: Search, asked: Asked) -> None:
        self._runner = runner
        self._client = client
        self._question = question
        self._asked = asked
        self._is_newest = question.sort == "newest"

    def near(self, total: int, *, after: Place | None) -> list[Row]:
        """Return the rows in the order of the page, from after a place on.

        They are looked for in the nearest part of the time first, since an index finds it: as much
        of it as should hold a few pages, then wider, then everything.
        """
        if not total:
            return []
        since_ms, until_ms = self._asked.since_ms, self._asked.until_ms
        if after is not None and self._is_newest:
            until_ms = after.timestamp_ms + 1
        elif after is not None:
            since_ms = after.timestamp_ms
        rows: list[Row] = []
        for width_ms in self._widths_ms(total, span_ms=until_ms - since_ms):
            newest = (until_ms - width_ms, until_ms)
            oldest = (since_ms, since_ms + width_ms)
            rows = self.within(newest if self._is_newest else oldest, after)
            if len(rows) > self._question.limit:
                break
        return rows

    def within(self, window: tuple[int, int] | None, after: Place | None) -> list[Row]:
        """Return the rows within a part of the time, or all of it, from after a place on."""
        binder = self._asked.binder
        where = self._asked.where
        if window is not None:
            start, end = (binder.instant(ms) for ms in window)
            where += f" AND timestamp >= {start} AND timestamp < {end}"
        if after is not None:
            operator = "<" if self._is_newest else ">"
            numbers = ", ".join(binder.number(number) for number in after[1:])
            at = binder.instant(after.timestamp_ms)
            where += f" AND (timestamp, {_PLACE}) {operator} ({at}, {numbers})"
        direction = "DESC" if self._is_newest else "ASC"
        order = ", ".join(f"{name} {direction}" for name in ("timestamp", *POSITION))
        sql = (
            f"SELECT {SELECTED} FROM {TABLE} WHERE {where} "
            f"ORDER BY {order} LIMIT {self._question.limit + 1}"
        )
        return self._runner.rows(
            self._client, sql, binder.parameters, max_result_rows=self._question.limit + 1
        )

    def events(self, rows: Sequence[Row]) -> list[EventOut]:
        """Return the events of these rows."""
        within, binder = self._asked.where, self._asked.binder
        stored = partial(stored_at, self._runner, self._client, within, binder)
        return list(events_of(rows, stored).values())

    def _widths_ms(self, total: int, *, span_ms: int) -> Iterator[int]:
        """Yield how much time to look at, ending with all of it."""
        asked_ms = self._asked.until_ms - self._asked.since_ms
        width_ms = asked_ms * (self._question.limit + 1) * _PAGES_AHEAD // total
        while 0 < width_ms < span_ms // _WIDER:
            yield width_ms
            width_ms *= _WIDER
        yield span_ms


def stored_at(
    runner: Runner, client: Client, within: str, binder: Binder, positions: Sequence[Position]
) -> Stored:
    """Return what is stored at these positions, which lie where the condition `within` says."""
    listed = ", ".join(f"({', '.join(map(str, position))})" for position in positions)
    sql = f"SELECT {STORED} FROM {TABLE} PREWHERE ({_PLACE}) IN ({listed}) WHERE {within}"
    return stored_of(runner.rows(client, sql, binder.parameters))
