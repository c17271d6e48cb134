"""Which events there are, and what properties they have."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.query.asked import TABLE
from tailrace.query.insights.asking import Question, Zone, scope_of
from tailrace.query.insights.periods import Periods, periods_of
from tailrace.query.running import Runner
from tailrace.query.shapes import EventType, QueryText, Since, Until
from tailrace.query.times import from_ms

EVENTS_MAX: Final = 500
SAMPLE_MAX: Final = 5_000
PROPERTIES_MAX: Final = 500
VALUES_TOLD: Final = 10
_VALUES_KEPT: Final = 1_000
_TEXT_MAX: Final = 200
_DAYS_MAX: Final = 100
_DAY_MS: Final = 86_400_000
_ROWS_MAX: Final = 200_000
# Events of these types have no name of their own.
_NAMELESS: Final = frozenset({"identify", "page", "screen", "group", "alias"})


class ExploreEvents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask which events there are; `search` is part of a name."""

    search: Annotated[str, Meta(max_length=500)] = ""
    query: QueryText = ""
    since: Since = "30d"
    until: Until = "now"
    zone: Zone = "UTC"
    limit: Annotated[int, Meta(ge=1, le=EVENTS_MAX)] = 100


class ExploredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event's name (that of a page or screen is its type) with what happened in the time.

    `trend` is its number in each of the answer's intervals.
    """

    event: str
    type: EventType
    events: int
    people: int
    first_seen_at: datetime
    last_seen_at: datetime
    trend: list[int]


class ExploredEvents(msgspec.Struct, frozen=True, kw_only=True):
    """The events, the commonest first; `starts` are the intervals of the trends."""

    events: list[ExploredEvent]
    total: int
    interval: Literal["day", "month"]
    starts: list[datetime]
    took_ms: float
    notes: list[str]


class ExploreProperties(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask what properties an event has; a type such as `page` stands for all events of it."""

    event: Annotated[str, Meta(min_length=1, max_length=500)]
    type: EventType | None = None
    query: QueryText = ""
    since: Since = "30d"
    until: Until = "now"


class PropertyType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of value, and the share of the sampled events with one (0 to 1)."""

    type: Literal["text", "number", "boolean"]
    share: float


class PropertyValue(msgspec.Struct, frozen=True, kw_only=True):
    """So many sampled events have this value; a long one is cut."""

    value: str
    events: int


class ExploredProperty(msgspec.Struct, frozen=True, kw_only=True):
    """A property or trait: `share` of the sampled events have it. `min` and `max` are of numbers.

    `distinct` stops counting at a thousand.
    """

    name: str
    share: float
    types: list[PropertyType]
    values: list[PropertyValue]
    distinct: int
    min: float | None
    max: float | None


class ExploredProperties(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of the newest `sampled` events, the commonest first."""

    properties: list[ExploredProperty]
    sampled: int
    took_ms: float
    notes: list[str]


def explore_events(runner: Runner, question: ExploreEvents, *, now: datetime) -> ExploredEvents:
    """Return which events there are.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(
        Question(
            query=question.query,
            since=question.since,
            until=question.until,
            zone=question.zone,
        ),
        now=now,
    )
    within = scope.within()
    if question.search.strip():
        part = scope.binder.text(question.search.strip())
        within += f" AND positionCaseInsensitiveUTF8({_NAME}, {part}) > 0"
    sql = (
        f"SELECT {_NAME} AS shown, type, count() AS n, uniqExact({scope.actor}), "
        "min(timestamp), max(timestamp), count() OVER () "
        f"FROM {TABLE} WHERE {within} GROUP BY shown, type "
        f"ORDER BY n DESC, shown, type LIMIT {question.limit}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=question.limit)
        # An event of the year 1970 that a wrong clock sent should not make the trend a long one.
        since_ms = scope.since_ms
        interval: Literal["day", "month"] = "day"
        if scope.until_ms - since_ms > _DAYS_MAX * _DAY_MS:
            interval = "month"
            since_ms = max(since_ms, scope.until_ms - 120 * 31 * _DAY_MS)
        periods = periods_of(interval, since_ms=since_ms, until_ms=scope.until_ms, zone=scope.zone)
        names = scope.binder.texts([str(row[0]) for row in rows])
        sql = (
            f"SELECT {_NAME} AS shown, type, {periods.number_sql(scope.binder)} AS at, count() "
            f"FROM {TABLE} WHERE {within} AND timestamp >= {scope.binder.instant(since_ms)} "
            f"AND has({names}, shown) GROUP BY shown, type, at"
        )
        trends = _trends(
            runner.rows(client, sql, scope.binder.parameters, max_result_rows=_ROWS_MAX), periods
        )
    empty = [0] * len(periods.starts_ms)
    return ExploredEvents(
        events=[
            ExploredEvent(
                event=event,
                type=kind,
                events=int(n),
                people=int(people),
                first_seen_at=first,
                last_seen_at=last,
                trend=trends.get((event, kind), empty),
            )
            for event, kind, n, people, first, last, _ in rows
        ],
        total=int(rows[0][-1]) if rows else 0,
        interval=interval,
        starts=[from_ms(ms).astimezone(scope.zone) for ms in periods.starts_ms],
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def explore_properties(
    runner: Runner, question: ExploreProperties, *, now: datetime
) -> ExploredProperties:
    """Return the properties and traits of the newest events of a name.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(
        Question(query=question.query, since=question.since, until=question.until), now=now
    )
    name = scope.binder.text(question.event)
    which = f"event = {name}"
    if question.event in _NAMELESS and question.type in (None, question.event):
        which = f"((event = '' AND type = {name}) OR {which})"
    if question.type is not None:
        which += f" AND type = {scope.binder.text(question.type)}"
    sql = (
        f"SELECT toJSONString(properties), toJSONString(traits) FROM {TABLE} "
        f"WHERE {which} AND {scope.within()} ORDER BY timestamp DESC LIMIT {SAMPLE_MAX}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=SAMPLE_MAX)
    seen: dict[str, _Seen] = defaultdict(_Seen)
    for texts in rows:
        document = {
            column: json.loads(text or "{}")
            for column, text in zip(("properties", "traits"), texts, strict=True)
        }
        values: dict[str, list[str | int | float | bool]] = defaultdict(list)
        for path, value in _scalars("", document):
            if path in seen or len(seen) < PROPERTIES_MAX:
                seen[path]
                values[path].append(value)
        for path, found in values.items():
            seen[path].add(found)
    ordered = sorted(seen.items(), key=lambda one: (-one[1].events, one[0]))
    return ExploredProperties(
        properties=[one.told(path, sampled=len(rows)) for path, one in ordered],
        sampled=len(rows),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


_NAME: Final = "if(event = '' AND type != 'track', toString(type), toString(event))"


class _Seen:
    """What was seen of one property."""

    def __init__(self) -> None:
        self.events = 0
        self._types: Counter[Literal["text", "number", "boolean"]] = Counter()
        self._values: Counter[str] = Counter()
        self._low: float | None = None
        self._high: float | None = None

    def add(self, values: list[str | int | float | bool]) -> None:
        """Take in the values of one event; an event counts once for a type and for a value."""
        self.events += 1
        self._types.update({_type(value) for value in values})
        for text in {_text(value) for value in values}:
            if text in self._values or len(self._values) < _VALUES_KEPT:
                self._values[text] += 1
        for value in values:
            if not isinstance(value, bool | str):
                self._low = value if self._low is None else min(self._low, value)
                self._high = value if self._high is None else max(self._high, value)

    def told(self, name: str, *, sampled: int) -> ExploredProperty:
        """Return what the answer says."""
        top = sorted(self._values.items(), key=lambda one: (-one[1], one[0]))[:VALUES_TOLD]
        return ExploredProperty(
            name=name,
            share=round(self.events / sampled, 4),
            types=[
                PropertyType(type=kind, share=round(events / sampled, 4))
                for kind, events in self._types.most_common()
            ],
            values=[PropertyValue(value=value, events=events) for value, events in top],
            distinct=len(self._values),
            min=self._low,
            max=self._high,
        )


def _trends(rows: list[tuple[object, ...]], periods: Periods) -> dict[tuple[str, str], list[int]]:
    trends: dict[tuple[str, str], list[int]] = {}
    for event, kind, at, count in rows:
        trend = trends.setdefault((str(event), str(kind)), [0] * len(periods.starts_ms))
        trend[int(str(at))] = int(str(count))
    return trends


def _scalars(path: str, value: object) -> Iterator[tuple[str, str | int | float | bool]]:
    """Return the values below an object with their paths; a list's elements are at its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        for inner in value[:100]:
            yield from _scalars(path, inner)
    elif isinstance(value, str | int | float | bool):
        yield path, value


def _type(value: str | int | float | bool) -> Literal["text", "number", "boolean"]:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _text(value: str | int | float | bool) -> str:
    if isinstance(value, str):
        return value[:_TEXT_MAX]
    return json.dumps(value)
