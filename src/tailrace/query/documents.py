"""Events by a filter tree, in any order, with aggregations beside them: for `app.elastic`.

The order ends with the place that an event was received at, so that it is the same every time and a
page can begin after any event. Where time comes first, the nearest part of it is looked at first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.errors import QueryError
from tailrace.query.aggregations import Aggs, aggregate, reading
from tailrace.query.asked import TABLE, Asked, asked_of
from tailrace.query.bind import Binder
from tailrace.query.conditions import Reading, TimeRange, condition_of
from tailrace.query.cursor import Place
from tailrace.query.fields import Column, Path, resolve
from tailrace.query.rows import PLAIN, POSITION, SELECTED, Row, events_of, place_of
from tailrace.query.running import Runner
from tailrace.query.searching import stored_at, total_of
from tailrace.query.shapes import EventOut
from tailrace.query.times import from_ms
from tailrace.query.tree import All, And, Bound, Not, Range, Tree

TIME: Final = "timestamp"
PLACE: Final = "_doc"
FIRST_MS: Final = -2_208_988_800_000
END_MS: Final = 10_413_792_000_000
"""The instants that a column of times can hold: 1900 to 2299."""

_PAGES_AHEAD: Final = 16
_WIDER: Final = 16
# A value's rank: numbers before texts, and what is missing last, whatever the direction.
_NUMBER, _TEXT, _MISSING = range(3)

SortValue = int | float | str | bool | None


class Order(NamedTuple):
    """A field to sort by; `PLACE` is the order of receipt within a time."""

    field: str
    is_descending: bool


@dataclass(frozen=True, kw_only=True)
class Documents:
    """A question for events: `size` of them from `offset` on, or from after the values `after`.

    Those who were received from `received_before_ms` on are left out.
    """

    tree: Tree
    orders: tuple[Order, ...]
    size: int
    offset: int = 0
    after: tuple[SortValue, ...] | None = None
    after_place: Place | None = None
    aggs: Aggs | None = None
    received_before_ms: int | None = None
    is_counted: bool = True


class Document(NamedTuple):
    """An event, its place, and the values of the fields that it was sorted by."""

    event: EventOut
    place: Place
    keys: tuple[SortValue, ...]


class Found(NamedTuple):
    """The events of the page, how many match in all, and the answers of the aggregations."""

    total: int
    documents: list[Document]
    aggregations: dict[str, Any] | None


def find_documents(runner: Runner, question: Documents, *, now: datetime) -> Found:
    """Return a page of events.

    Raises:
        QueryError: a value does not fit its field, or a field cannot be sorted by.
        LimitError: the question was stopped.
    """
    tree, since_ms, until_ms = split_time(question.tree, now=now)
    if question.received_before_ms is not None:
        tree = And((tree, _received_before(question.received_before_ms)))
    asked = asked_of(tree, since_ms=since_ms, until_ms=until_ms, now=now, has_words=True)
    with runner.turn() as client:
        total = 0
        aggregations: dict[str, Any] | None = None
        if question.aggs is not None:
            aggregated = aggregate(runner, client, asked, question.aggs, now=now, has_words=True)
            total, aggregations = aggregated.total, aggregated.aggregations
        elif question.is_counted or question.size:
            total = total_of(runner, client, asked)
        documents: list[Document] = []
        if question.size and total > question.offset:
            documents = _Page(runner, client, question, asked).documents(total)
    return Found(total, documents, aggregations)


def split_time(tree: Tree, *, now: datetime, zone: tzinfo = UTC) -> tuple[Tree, int, int]:
    """Return what a tree asks beside the time of events, and the time that it asks for.

    Raises:
        QueryError: a time is none.
    """
    since_ms, until_ms = FIRST_MS, END_MS
    rest: list[Tree] = []
    reading = Reading(now=now, zone=zone)
    for part in _parts_of(tree):
        field = resolve(part.field) if isinstance(part, Range) else None
        if isinstance(part, Range) and field == Column(TIME, "time"):
            condition = condition_of(part, Column(TIME, "time"), reading)
            if isinstance(condition, TimeRange):
                since_ms = max(
                    since_ms, FIRST_MS if condition.start_ms is None else condition.start_ms
                )
                until_ms = min(until_ms, END_MS if condition.end_ms is None else condition.end_ms)
                continue
        rest.append(part)
    if since_ms >= until_ms:
        return Not(All()), since_ms, since_ms + 1
    if len(rest) > 1:
        return And(tuple(rest)), since_ms, until_ms
    return rest[0] if rest else All(), since_ms, until_ms


def _parts_of(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, And):
        for part in tree.parts:
            yield from _parts_of(part)
    elif not isinstance(tree, All):
        yield tree


def _within_calendar(ms: float) -> int:
    return int(min(max(ms, FIRST_MS), END_MS - 1))


def _received_before(ms: int) -> Tree:
    return Range("received_at", None, Bound(from_ms(ms).isoformat(), is_inclusive=False))


class _Key(NamedTuple):
    """One expression of an ORDER BY, and its value after which a page begins."""

    sql: str
    is_descending: bool
    after: str | None = None


class _Page:
    """Reads the rows of one page."""

    def __init__(self, runner: Runner, client: Client, question: Documents, asked: Asked) -> None:
        self._runner = runner
        self._client = client
        self._question = question
        self._asked = asked
        self._wanted = question.offset + question.size
        self._orders = [order for order in question.orders if order.field != PLACE]
        self._is_by_time = not self._orders or self._orders[0].field == TIME
        self._is_newest = next((order.is_descending for order in question.orders), True)
        values: Sequence[SortValue] = question.after or ()
        self._fields = [
            _keys_of(order, asked.binder, values[number : number + 1])
            for number, order in enumerate(self._orders)
        ]

    def documents(self, total: int) -> list[Document]:
        """Return the events of the page with their places."""
        rows = self._rows(total)[self._question.offset :]
        binder, within = self._asked.binder, self._asked.where

        def stored(positions: Sequence[tuple[int, ...]]) -> Any:
            return stored_at(self._runner, self._client, within, binder, positions)

        events = list(events_of(rows, stored).values())
        return [
            Document(event, place_of(row), self._values(row))
            for event, row in zip(events, rows, strict=True)
        ]

    def _rows(self, total: int) -> list[Row]:
        if not self._is_by_time:
            return self._within(None)
        since_ms, until_ms = self._asked.since_ms, self._asked.until_ms
        from_ms = self._after_ms()
        if from_ms is not None and self._is_newest:
            until_ms = min(until_ms, from_ms + 1)
        elif from_ms is not None:
            since_ms = max(since_ms, from_ms)
        rows: list[Row] = []
        for width_ms in self._widths_ms(total, span_ms=until_ms - since_ms):
            newest, oldest = (until_ms - width_ms, until_ms), (since_ms, since_ms + width_ms)
            rows = self._within(newest if self._is_newest else oldest)
            if len(rows) >= self._wanted:
                break
        return rows

    def _widths_ms(self, total: int, *, span_ms: int) -> Iterator[int]:
        """Yield how much time to look at, ending with all of it."""
        asked_ms = self._asked.until_ms - self._asked.since_ms
        width_ms = asked_ms * (self._wanted + 1) * _PAGES_AHEAD // total
        while 0 < width_ms < span_ms // _WIDER:
            yield width_ms
            width_ms *= _WIDER
        yield max(span_ms, 0)

    def _after_ms(self) -> int | None:
        value: SortValue = None
        if self._question.after_place is not None:
            value = self._question.after_place.timestamp_ms
        elif self._question.after and self._orders:
            value = self._question.after[0]
        return _within_calendar(value) if isinstance(value, int | float) else None

    def _within(self, window: tuple[int, int] | None) -> list[Row]:
        binder = self._asked.binder
        where = self._asked.where
        if window is not None:
            start, end = (binder.instant(ms) for ms in window)
            where += f" AND timestamp >= {start} AND timestamp < {end}"
        keys = [*(key for field in self._fields for key in field), *self._place_keys()]
        after = _after_sql(keys)
        if after:
            where += f" AND {after}"
        shown = "".join(f", {key.sql}" for field in self._fields for key in field)
        order = ", ".join(f"{key.sql} {'DESC' if key.is_descending else 'ASC'}" for key in keys)
        columns = SELECTED.removesuffix(", ".join(POSITION)).rstrip(", ")
        sql = (
            f"SELECT {columns}{shown}, {', '.join(POSITION)} FROM {TABLE} WHERE {where} "
            f"ORDER BY {order} LIMIT {self._wanted}"
        )
        return self._runner.rows(
            self._client, sql, binder.parameters, max_result_rows=max(1, self._wanted)
        )

    def _place_keys(self) -> list[_Key]:
        """Return the end of every order; where nothing else is sorted by, the time leads it."""
        place, binder = self._question.after_place, self._asked.binder
        names = POSITION if self._orders else (TIME, *POSITION)
        values: list[str | None] = [None] * len(names)
        if place is not None:
            values = [binder.number(number) for number in place[-len(POSITION) :]]
            if not self._orders:
                values.insert(0, binder.instant(_within_calendar(place.timestamp_ms)))
        return [
            _Key(name, self._is_newest, value) for name, value in zip(names, values, strict=True)
        ]

    def _values(self, row: Row) -> tuple[SortValue, ...]:
        """Return the values that an event was sorted by, as they are told."""
        shown = iter(row[len(PLAIN) + 1 : -len(POSITION)])
        values: list[SortValue] = []
        for keys in self._fields:
            found = [next(shown) for _ in keys]
            values.append(_told(found))
        return tuple(values)


def _keys_of(order: Order, binder: Binder, after: Sequence[SortValue]) -> list[_Key]:
    """Return the expressions to sort by a field, and the values of `after` for them.

    Raises:
        QueryError: the field cannot be sorted by.
    """
    field = resolve(order.field)
    way = order.is_descending
    has_after = bool(after)
    value = after[0] if after else None
    match field:
        case Column(name, "time"):
            sql = f"toUnixTimestamp64Milli({name})"
            if name == TIME:
                return [_Key(sql, way, _number(value, binder) if has_after else None)]
            is_missing = f"if(isNull({name}), {_MISSING}, {_NUMBER})"
            return _ranked(is_missing, f"ifNull({sql}, 0)", None, way, binder, after)
        case Column(name, "flag"):
            return [_Key(f"toUInt8({name})", way, _number(value, binder) if has_after else None)]
        case Column(name):
            rank = f"if({name} = '', {_MISSING}, {_TEXT})"
            return _ranked(rank, None, f"toString({name})", way, binder, after)
        case Path(_, keys) if keys:
            least = "arrayMax" if way else "arrayMin"
            numbers = reading.numbers(order.field, binder).array
            texts = reading.plain_texts(order.field, binder).array
            rank = (
                f"multiIf(notEmpty({numbers}), {_NUMBER}, notEmpty({texts}), {_TEXT}, {_MISSING})"
            )
            number = f"if(notEmpty({numbers}), {least}({numbers}), 0)"
            text = f"if(empty({numbers}) AND notEmpty({texts}), {least}({texts}), '')"
            return _ranked(rank, number, text, way, binder, after)
    raise QueryError(f"No mapping found for [{order.field[:200]}] in order to sort on")


def _ranked(
    rank: str,
    number: str | None,
    text: str | None,
    is_descending: bool,
    binder: Binder,
    after: Sequence[SortValue],
) -> list[_Key]:
    """Return the rank of a value, then the value as a number and as a text, if it may be one."""
    ranks: list[str | None] = [None, None, None]
    if after:
        value = after[0]
        is_text = isinstance(value, str)
        place = _MISSING if value is None else _TEXT if is_text else _NUMBER
        ranks = [
            str(place),
            "0" if is_text or value is None else _number(value, binder),
            binder.text(value if isinstance(value, str) else ""),
        ]
    keys = [_Key(rank, False, ranks[0])]
    if number is not None:
        keys.append(_Key(number, is_descending, ranks[1]))
    if text is not None:
        keys.append(_Key(text, is_descending, ranks[2]))
    return keys


def _number(value: SortValue, binder: Binder) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return binder.number(value)
    try:
        return binder.number(int(value or ""))
    except ValueError as error:
        raise QueryError(f"search_after has '{str(value)[:100]}' where a number sorts") from error


def _after_sql(keys: Sequence[_Key]) -> str:
    """Return the condition for what comes after the given values, "" where there are none."""
    known = [key for key in keys if key.after is not None]
    ways = []
    for number, key in enumerate(known):
        same = [f"{before.sql} = {before.after}" for before in known[:number]]
        beyond = f"{key.sql} {'<' if key.is_descending else '>'} {key.after}"
        ways.append("(" + " AND ".join([*same, beyond]) + ")")
    return f"({' OR '.join(ways)})" if ways else ""


def _told(found: Sequence[Any]) -> SortValue:
    """Return what a rank and its values say; a single value is itself."""
    if len(found) == 1:
        return int(found[0])
    rank, *values = found
    if rank == _MISSING:
        return None
    if rank == _NUMBER:
        number = values[0]
        return int(number) if float(number).is_integer() else float(number)
    return str(values[-1])
