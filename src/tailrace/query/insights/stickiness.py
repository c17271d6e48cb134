"""Stickiness: on how many days people come, and how many of a month's people come on a day."""

import time
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.asked import TABLE
from tailrace.query.insights.asking import Events, Question, Scope, scope_of
from tailrace.query.insights.behind import PeopleLimit, PeopleResult, people_of
from tailrace.query.insights.measures import WHOLE, WINDOW_DAYS, Measure, Measuring, Series, Span
from tailrace.query.insights.periods import Interval, Periods, periods_of
from tailrace.query.running import Runner
from tailrace.query.times import to_ms

BARS_MAX: Final = 1_000


class Stickiness(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask in how many intervals people did something: `exactly` so many, or `at_least`."""

    events: Events = Events()
    interval: Interval = "day"
    counted: Literal["exactly", "at_least"] = "exactly"


class StickinessPeople(Stickiness, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who is behind the bar of so many `intervals`."""

    intervals: Annotated[int, Meta(ge=1, le=BARS_MAX)]
    limit: PeopleLimit = 100


class StickinessBar(msgspec.Struct, frozen=True, kw_only=True):
    """So many people did it in so many intervals; `share` is of all who did it at all."""

    intervals: int
    people: int
    share: float | None


class StickinessResult(msgspec.Struct, frozen=True, kw_only=True):
    """A bar for each number of intervals that is possible, empty ones too."""

    interval: Interval
    bars: list[StickinessBar]
    people: int
    definition: str
    took_ms: float
    notes: list[str]


class ActiveRatio(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask what part of the people of a `month` (30 days) or a `week` (7 days) came on a day."""

    events: Events = Events()
    of: Literal["week", "month"] = "month"


class ActiveDay(msgspec.Struct, frozen=True, kw_only=True):
    """People of a day, and of the days that end with it."""

    at: datetime
    is_complete: bool
    daily: int
    active: int
    ratio: float | None


class ActiveRatioResult(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio` is the mean of `daily` by the mean of `active`, over the days that are complete."""

    days: list[ActiveDay]
    ratio: float | None
    definition: str
    took_ms: float
    notes: list[str]


def stickiness(runner: Runner, question: Stickiness, *, now: datetime) -> StickinessResult:
    """Return in how many intervals people did something.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = _periods(question, scope)
    sql = f"SELECT active, count() FROM ({_by_actor(question, scope, periods)}) GROUP BY active"
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=BARS_MAX)
    exactly = {int(active): int(people) for active, people in rows}
    size = len(periods.starts_ms)
    everybody = sum(exactly.values())
    bars = []
    for intervals in range(1, size + 1):
        last = size if question.counted == "at_least" else intervals
        people = sum(exactly.get(number, 0) for number in range(intervals, last + 1))
        bars.append(
            StickinessBar(
                intervals=intervals,
                people=people,
                share=people / everybody if everybody else None,
            )
        )
    which = "exactly" if question.counted == "exactly" else "at least"
    return StickinessResult(
        interval=question.interval,
        bars=bars,
        people=everybody,
        definition=f"A bar has the {_actors(question)} who did {question.events.name} in {which} "
        f"so many of the {size} {question.interval}s of {question.zone}; its share is of all who "
        "did it at least once.",
        took_ms=_ms_since(started),
        notes=scope.notes,
    )


def stickiness_people(runner: Runner, question: StickinessPeople, *, now: datetime) -> PeopleResult:
    """Return the people of one bar, those who came first before others.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    by_actor = _by_actor(question, scope, _periods(question, scope))
    compared = ">=" if question.counted == "at_least" else "="
    sql = (
        f"SELECT who, first_ms, count() OVER () FROM ({by_actor}) "
        f"WHERE active {compared} {question.intervals} "
        f"ORDER BY first_ms, who LIMIT {question.limit}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=question.limit)
        people = people_of(runner, client, scope, {int(who): int(at) for who, at, _ in rows})
    return PeopleResult(
        people=people,
        total=int(rows[0][2]) if rows else 0,
        took_ms=_ms_since(started),
        notes=scope.notes,
    )


def active_ratio(runner: Runner, question: ActiveRatio, *, now: datetime) -> ActiveRatioResult:
    """Return how many of the people of a month come on a day.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = periods_of("day", since_ms=scope.since_ms, until_ms=scope.until_ms, zone=scope.zone)
    # Days that the time asked for cuts at its start are counted whole: so are the days before.
    span = Span(periods.starts_ms[0], scope.until_ms, periods)
    active_in: Measure = "weekly_active" if question.of == "week" else "monthly_active"
    measures: tuple[Measure, Measure] = ("unique", active_in)
    measured = []
    with runner.turn() as client:
        for measure in measures:
            series = Series(
                events=question.events,
                measure=measure,
                prop=None,
                per_actor=None,
                is_first=False,
            )
            sql = Measuring(question, scope, series, WHOLE).statement(span)
            rows = runner.rows(client, sql, scope.binder.parameters)
            measured.append({int(n): int(people) for n, people in (rows[0][1] if rows else [])})
    daily, active = measured
    ends = (*periods.starts_ms[1:], periods.end_ms)
    until_ms = min(scope.until_ms, to_ms(now))
    days = [
        ActiveDay(
            at=at,
            is_complete=end_ms <= until_ms,
            daily=daily.get(number, 0),
            active=active.get(number, 0),
            ratio=_ratio(daily.get(number, 0), active.get(number, 0)),
        )
        for number, (at, end_ms) in enumerate(zip(periods.starts(), ends, strict=True))
    ]
    whole = [day for day in days if day.is_complete]
    length = WINDOW_DAYS[active_in]
    return ActiveRatioResult(
        days=days,
        ratio=_ratio(sum(day.daily for day in whole), sum(day.active for day in whole)),
        definition=f"The mean number of {_actors(question)} who did {question.events.name} on a "
        f"day of {question.zone}, by the mean number of those who did it in the {length} days that "
        "end with the day; over the days that are complete.",
        took_ms=_ms_since(started),
        notes=scope.notes,
    )


def _periods(question: Stickiness, scope: Scope) -> Periods:
    periods = periods_of(
        question.interval, since_ms=scope.since_ms, until_ms=scope.until_ms, zone=scope.zone
    )
    if len(periods.starts_ms) > BARS_MAX:
        raise QueryError(
            f"that time has more than {BARS_MAX} intervals of one {question.interval}; ask for a "
            "longer interval or a shorter time"
        )
    return periods


def _by_actor(question: Stickiness, scope: Scope, periods: Periods) -> str:
    """Return SQL for each actor, in how many intervals they are there, and since when."""
    return (
        f"SELECT {scope.actor} AS who, uniqExact({periods.number_sql(scope.binder)}) AS active, "
        f"toUnixTimestamp64Milli(min(timestamp)) AS first_ms FROM {TABLE} "
        f"WHERE {scope.within()} AND {scope.matches(question.events)} AND who != 0 GROUP BY who"
    )


def _actors(question: Question) -> str:
    return {"person": "people", "group": "groups", "device": "devices"}[question.actor]


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
