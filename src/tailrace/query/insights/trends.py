"""Trends: how many events, people or what sum there is in each interval, and how that compares."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client
from msgspec import UNSET, UnsetType

from tailrace.errors import QueryError
from tailrace.query.aggregations.arithmetic import Formula, parse_formula
from tailrace.query.insights.asking import Scope, scope_of
from tailrace.query.insights.behind import PeopleResult, people_of
from tailrace.query.insights.breakdowns import OTHER, shown
from tailrace.query.insights.measures import (
    CUMULATIVE,
    OF_PROPERTY,
    WHOLE,
    WINDOW_DAYS,
    Breakdown,
    Measuring,
    Series,
    Span,
    by_bins,
    by_values,
    number_sql,
    unranked,
)
from tailrace.query.insights.periods import periods_of
from tailrace.query.insights.trendshapes import (
    LETTERS,
    Number,
    TrendBucket,
    TrendCompared,
    TrendLine,
    TrendPeople,
    Trends,
    TrendSeries,
    TrendsResult,
)
from tailrace.query.running import Runner
from tailrace.query.times import from_ms, to_ms

_ROWS_MAX: Final = 1_000
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_LENGTH_MS: Final = {"minute": 60_000, "hour": 3_600_000}


def trends(runner: Runner, question: Trends, *, now: datetime) -> TrendsResult:
    """Return the lines of a chart.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    plan = _plan(question, now)
    with runner.turn() as client:
        shape = _shape(runner, client, plan)
        tables = [_table(runner, client, plan, shape, one, plan.span) for one in plan.series]
        earlier = None
        if plan.compared is not None:
            earlier = [
                _table(runner, client, plan, shape, one, plan.compared, is_noted=False)
                for one in plan.series
            ]
    return TrendsResult(
        interval=question.interval,
        buckets=plan.buckets(plan.span),
        compared_buckets=plan.buckets(plan.compared) if plan.compared else UNSET,
        lines=_lines(plan, shape, tables, earlier),
        definition=_definition(question),
        took_ms=_ms_since(started),
        notes=plan.scope.notes,
    )


def trend_people(runner: Runner, question: TrendPeople, *, now: datetime) -> PeopleResult:
    """Return the people behind one point, those who came first before others.

    Raises:
        QueryError: the question is not valid, or there is no such point.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    plan = _plan(question, now)
    at = LETTERS.index(question.letter)
    if at >= len(plan.series):
        raise QueryError(f"letter is '{question.letter}'; the last series is {LETTERS[at - 1]}")
    at_ms = to_ms(question.at) if question.at.tzinfo else None
    if at_ms not in plan.span.periods.starts_ms:
        raise QueryError(
            f"at is {question.at.isoformat()}; expected the start of an interval of this question"
        )
    with runner.turn() as client:
        shape = _shape(runner, client, plan)
        if question.values not in shape.names:
            raise QueryError("values is not one of the lines of this question")
        measuring = Measuring(question, plan.scope, plan.series[at], shape.breakdown)
        sql = measuring.people(
            plan.span,
            number=plan.span.periods.starts_ms.index(at_ms),
            place=shape.names.index(question.values),
            limit=question.limit,
        )
        parameters = plan.scope.binder.parameters
        rows = runner.rows(client, sql, parameters, max_result_rows=question.limit)
        people = people_of(
            runner,
            client,
            plan.scope,
            {int(who): int(first_ms) for who, first_ms, _ in rows},
        )
    return PeopleResult(
        people=people,
        total=int(rows[0][2]) if rows else 0,
        took_ms=_ms_since(started),
        notes=plan.scope.notes,
    )


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A question ready to be asked."""

    question: Trends
    scope: Scope
    now_ms: int
    span: Span
    compared: Span | None
    series: Sequence[Series]
    formulas: Sequence[Formula]

    def buckets(self, span: Span) -> list[TrendBucket]:
        """Return the intervals of a time."""
        starts = span.periods.starts_ms
        ends = (*starts[1:], span.periods.end_ms)
        until_ms = min(span.until_ms, self.now_ms)
        return [
            TrendBucket(at=at, is_complete=start_ms >= span.since_ms and end_ms <= until_ms)
            for at, start_ms, end_ms in zip(span.periods.starts(), starts, ends, strict=True)
        ]


class _Shape(NamedTuple):
    """How lines are told apart, and the values of each, the rest at the end; [] for all events."""

    breakdown: Breakdown
    names: list[list[str]]


class _Measured(NamedTuple):
    """One line: a number per interval and one over the whole time."""

    points: list[Number]
    total: Number


Table = Mapping[int, _Measured]
"""Lines by their place in the breakdown."""


def _plan(question: Trends, now: datetime) -> _Plan:
    if question.bins is not None and len(question.by) != 1:
        raise QueryError("bins is given, so by must name one field, which has numbers")
    scope = scope_of(question, now=now)
    series = [_series(question, number) for number in range(len(question.series))]
    span = _span(question, scope.since_ms, scope.until_ms, scope.zone)
    compared = None
    if question.compare is not None:
        since_ms, until_ms = _earlier(question, span, scope.zone)
        compared = _span(question, since_ms, until_ms, scope.zone)
    return _Plan(
        question=question,
        scope=scope,
        now_ms=to_ms(now),
        span=span,
        compared=compared,
        series=series,
        formulas=[_formula(question, text) for text in question.formulas],
    )


def _series(question: Trends, number: int) -> Series:
    one = question.series[number]
    where = f"series {LETTERS[number]}"
    if (one.property is not None) != (one.measure in OF_PROPERTY):
        raise QueryError(
            f"{where} measures '{one.measure}', which "
            + ("needs a property" if one.property is None else "is not of a property")
        )
    if one.measure in WINDOW_DAYS and question.interval in ("minute", "hour"):
        raise QueryError(f"{where} measures '{one.measure}'; ask by day or a longer interval")
    if one.per_actor is not None and one.measure not in ("total", "sum"):
        raise QueryError(f"{where} has per_actor, which goes with total or sum, not {one.measure}")
    if question.cumulative and (one.measure not in CUMULATIVE or one.per_actor is not None):
        raise QueryError(
            f"{where} cannot be cumulative; only {', '.join(sorted(CUMULATIVE))} add up over time"
        )
    return Series(
        events=one,
        measure=one.measure,
        prop=one.property,
        per_actor=one.per_actor,
        is_first=one.first_time,
    )


def _formula(question: Trends, text: str) -> Formula:
    formula = parse_formula(text)
    unknown = sorted(formula.names - set(LETTERS[: len(question.series)]))
    if unknown:
        raise QueryError(
            f"the formula '{text}' names {', '.join(unknown)}; the series are "
            f"{', '.join(LETTERS[: len(question.series)])}"
        )
    return formula


def _span(question: Trends, since_ms: int, until_ms: int, zone: ZoneInfo) -> Span:
    periods = periods_of(question.interval, since_ms=since_ms, until_ms=until_ms, zone=zone)
    return Span(since_ms, until_ms, periods)


def _earlier(question: Trends, span: Span, zone: ZoneInfo) -> tuple[int, int]:
    """Return the time to compare with."""
    if question.compare != "previous":
        moved = [
            _moved(ms, -1, question.compare or "week", zone)
            for ms in (span.since_ms, span.until_ms)
        ]
    elif span.periods.starts_ms[0] == span.since_ms:
        # From a border on: as many intervals earlier, the last one cut where this one is.
        count = len(span.periods.starts_ms)
        moved = [
            _moved(ms, -count, question.interval, zone) for ms in (span.since_ms, span.until_ms)
        ]
    else:
        moved = [2 * span.since_ms - span.until_ms, span.since_ms]
    return moved[0], max(moved[1], moved[0] + 1)


def _moved(ms: int, count: int, unit: str, zone: ZoneInfo) -> int:
    """Return an instant so many units later, by the calendar and the clock on the wall."""
    if unit in _LENGTH_MS:
        return ms + count * _LENGTH_MS[unit]
    moment = from_ms(ms).astimezone(zone)
    if unit in ("day", "week"):
        return to_ms(moment + timedelta(days=count * (7 if unit == "week" else 1)))
    months = moment.year * 12 + moment.month - 1 + count * _MONTHS[unit]
    first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return to_ms(first.replace(day=min(moment.day, last.day)))


def _shape(runner: Runner, client: Client, plan: _Plan) -> _Shape:
    """Find out which values are shown."""
    question, scope = plan.question, plan.scope
    if not question.by:
        return _Shape(WHOLE, [[]])
    parameters = scope.binder.parameters
    if question.bins is not None:
        (name,) = question.by
        by_number = Breakdown(number_sql(name, scope.binder), "0")
        sql = Measuring(question, scope, plan.series[0], by_number).extent(plan.span)
        low, high = runner.rows(client, sql, parameters)[0]
        if low is None:
            return _Shape(Breakdown(number_sql(name, scope.binder), "0"), [[shown("")]])
        bins = question.bins if high > low else 1
        width = (high - low) / bins
        names = [f"{low + at * width:g} to {low + (at + 1) * width:g}" for at in range(bins)]
        breakdown = by_bins(name, scope, low=float(low), high=float(high), bins=bins)
        return _Shape(breakdown, [*([one] for one in names), [shown("")]])
    values = unranked(question.by, scope)
    sql = Measuring(question, scope, plan.series[0], values).ranking(plan.span, question.values_max)
    top = [str(value) for value, _ in runner.rows(client, sql, parameters)]
    names_of: Callable[[str], list[str]] = json.loads if len(question.by) > 1 else lambda x: [x]
    named = [list(map(shown, names_of(value))) for value in top]
    return _Shape(by_values(question.by, top, scope), [*named, [OTHER]])


def _table(
    runner: Runner,
    client: Client,
    plan: _Plan,
    shape: _Shape,
    series: Series,
    span: Span,
    *,
    is_noted: bool = True,
) -> dict[int, _Measured]:
    """Return the lines of a series by their place."""
    measuring = Measuring(plan.question, plan.scope, series, shape.breakdown)
    is_set = plan.question.cumulative and series.measure in ("unique", "distinct")
    sql = measuring.so_far(span) if is_set else measuring.statement(span)
    size = len(span.periods.starts_ms)
    table = {}
    events_all = skipped_all = 0
    for place, pairs, total, events, skipped in runner.rows(
        client, sql, plan.scope.binder.parameters, max_result_rows=_ROWS_MAX
    ):
        found = {int(n): value for n, value in pairs}
        points = [_number(series, found.get(n)) for n in range(size)]
        if plan.question.cumulative:
            points = list(accumulate(point or 0 for point in points))
        table[int(place)] = _Measured(points, _number(series, total))
        events_all += int(events)
        skipped_all += int(skipped)
    note = (
        f"{skipped_all} of {events_all} events of {series.events.name} have no number in "
        f"{series.prop} and were left out."
    )
    if skipped_all and is_noted and note not in plan.scope.notes:
        plan.scope.notes.append(note)
    return table


def _number(series: Series, value: Any) -> Number:
    if series.counts:
        return int(value or 0)
    if value is None:
        return 0 if series.measure == "sum" and series.per_actor is None else None
    return float(value)


def _nothing(series: Series, size: int) -> _Measured:
    return _Measured([_number(series, None)] * size, _number(series, None))


def _lines(
    plan: _Plan, shape: _Shape, tables: Sequence[Table], earlier: Sequence[Table] | None
) -> list[TrendLine]:
    """Return the lines: of each series, then of each formula, each by the values."""
    rest = len(shape.names) - 1
    places = range(rest + 1)
    if plan.question.by and not any(rest in table for table in tables):
        # The rest is a line only where there is one.
        places = range(rest)
    names = [_name(one) for one in plan.question.series]
    lines = []
    for number, name in enumerate(names):
        for place in places:
            now, before = (
                None if of is None else _at(plan, of, number, place, span)
                for of, span in ((tables, plan.span), (earlier, plan.compared))
            )
            lines.append(_line(plan, shape, place, now, before, name=name, letter=LETTERS[number]))
    for formula in plan.formulas:
        for place in places:
            now, before = (
                None if of is None else _calculated(plan, formula, of, place, span)
                for of, span in ((tables, plan.span), (earlier, plan.compared))
            )
            line = _line(plan, shape, place, now, before, name=formula.text, formula=formula.text)
            lines.append(line)
    return lines


def _at(
    plan: _Plan, tables: Sequence[Table], number: int, place: int, span: Span | None
) -> _Measured:
    size = len((span or plan.span).periods.starts_ms)
    return tables[number].get(place) or _nothing(plan.series[number], size)


def _calculated(
    plan: _Plan, formula: Formula, tables: Sequence[Table], place: int, span: Span | None
) -> _Measured:
    """Return a formula's line; what is not there is 0 in it."""
    lines = [_at(plan, tables, number, place, span) for number in range(len(plan.series))]
    points = zip(*(line.points for line in lines), strict=True)
    totals = [line.total for line in lines]

    def value(numbers: Sequence[Number]) -> Number:
        return formula.value({LETTERS[at]: float(x or 0) for at, x in enumerate(numbers)})

    return _Measured([value(numbers) for numbers in points], value(totals))


def _line(
    plan: _Plan,
    shape: _Shape,
    place: int,
    now: _Measured | None,
    before: _Measured | None,
    *,
    name: str,
    letter: str | UnsetType = UNSET,
    formula: str | UnsetType = UNSET,
) -> TrendLine:
    smoothing = plan.question.smoothing
    points, total = now or _Measured([], None)
    compared: TrendCompared | UnsetType = UNSET
    if before is not None:
        padded = [*before.points, *[None] * len(points)][: len(points)]
        is_new = not before.total or total is None
        compared = TrendCompared(
            points=_smoothed(padded, smoothing),
            total=before.total,
            change=None if is_new else ((total or 0) - before.total) / before.total,  # type: ignore[operator]
        )
    return TrendLine(
        letter=letter,
        formula=formula,
        name=name,
        values=shape.names[place] if plan.question.by else UNSET,
        points=_smoothed(points, smoothing),
        total=total,
        compared=compared,
    )


def _smoothed(points: list[Number], size: int) -> list[Number]:
    """Return the mean of each point and those before it, as many as there are, without gaps."""
    if size == 1:
        return points
    means: list[Number] = []
    for end in range(1, len(points) + 1):
        known = [point for point in points[max(0, end - size) : end] if point is not None]
        means.append(sum(known) / len(known) if known else None)
    return means


_MEASURES: Final = {
    "total": "events",
    "unique": "{actors} who did it",
    "weekly_active": "{actors} who did it in the 7 days that end with the {interval}",
    "monthly_active": "{actors} who did it in the 30 days that end with the {interval}",
    "distinct": "different values of {property}",
    "sum": "sum of {property}",
    "avg": "mean of {property}",
    "min": "least {property}",
    "max": "greatest {property}",
    "median": "median of {property}",
    "p90": "90th percentile of {property}",
    "p95": "95th percentile of {property}",
    "p99": "99th percentile of {property}",
}
_ACTORS: Final = {"person": "people", "group": "groups", "device": "devices"}
_PER_ACTOR: Final = {
    "avg": "mean",
    "min": "least",
    "max": "greatest",
    "median": "median",
    "p90": "90th percentile",
    "p95": "95th percentile",
    "p99": "99th percentile",
}


def _name(series: TrendSeries) -> str:
    if series.label:
        return series.label
    return f"{series.name}, first time" if series.first_time else series.name


def _definition(question: Trends) -> str:
    actors = _ACTORS[question.actor]
    measured = []
    for letter, one in zip(LETTERS, question.series, strict=False):
        text = _MEASURES[one.measure].format(
            actors=actors, interval=question.interval, property=one.property
        )
        if one.per_actor is not None:
            text = f"{_PER_ACTOR[one.per_actor]} over {actors} of the {text} of each"
        which = f"the first {one.name} ever of each" if one.first_time else one.name
        measured.append(f"{letter} is {text} ({which})")
    per = f"from the start of the time to the end of each {question.interval}"
    when = per if question.cumulative else f"in each {question.interval}"
    parts = [f"{'; '.join(measured)}, {when} of {question.zone}."]
    if question.by:
        ranked = "" if question.bins else "; the values are those with the most of A in all"
        parts.append(f"Broken down by {', '.join(question.by)}{ranked}.")
    if question.smoothing > 1:
        parts.append(
            f"Each point is the mean of up to {question.smoothing} {question.interval}s that end "
            "with it."
        )
    return " ".join(parts)


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
