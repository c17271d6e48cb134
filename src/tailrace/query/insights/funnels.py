"""Funnels: of the people who did a first step, how many went on to each later one, and how fast."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from msgspec import UNSET

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.insights.asking import Scope, scope_of
from tailrace.query.insights.behind import PeopleResult, people_of
from tailrace.query.insights.breakdowns import OTHER, shown
from tailrace.query.insights.funnelshapes import (
    WINDOW_DAYS_MAX,
    Funnel,
    FunnelBin,
    FunnelPeople,
    FunnelPeriod,
    FunnelResult,
    FunnelStep,
    FunnelTime,
    FunnelValue,
    StepEvents,
)
from tailrace.query.insights.funnelsql import Rows, choices_of, rows_of
from tailrace.query.insights.periods import Periods, periods_of
from tailrace.query.running import Runner
from tailrace.query.times import from_ms, to_ms

BINS_MAX: Final = 60
_DAY_MS: Final = 86_400_000
_SPAN_YEARS_MAX: Final = 100
_ROWS_MAX: Final = 10_000

__all__ = ["answer", "people"]


def answer(runner: Runner, question: Funnel, *, now: datetime) -> FunnelResult:
    """Return how many reached each step.

    Raises:
        QueryError: the question is not valid; says which part.
        LimitError: it was stopped.
    """
    started = time.monotonic()
    _require_sense(question)
    scope = _scope(question, now)
    periods = None
    if question.trend is not None:
        periods = periods_of(
            question.trend, since_ms=scope.since_ms, until_ms=scope.until_ms, zone=scope.zone
        )
    rows = rows_of(scope, question, is_plain=periods is None)
    sql = _counts_sql(rows, question, scope.binder, periods)
    with runner.turn() as client:
        counted = runner.rows(client, sql, scope.binder.parameters, max_result_rows=_ROWS_MAX)
        times = _times(runner, client, scope, question) if question.times else UNSET
    values: list[tuple[bool, str, Sequence[int]]] = []
    trend: dict[int, Sequence[int]] = {}
    people: Sequence[int] = [0] * len(question.steps)
    excluded = 0
    for is_value, is_period, is_other, value, period, out, *reached in counted:
        if is_value:
            values.append((bool(is_other), OTHER if is_other else shown(value or ""), reached))
        elif is_period:
            trend[int(period)] = reached
        else:
            people, excluded = reached, int(out)
    values.sort(key=lambda row: (row[0], -row[2][0], row[1]))
    return FunnelResult(
        steps=_steps(question, people),
        excluded=excluded,
        values=UNSET
        if question.by is None
        else [FunnelValue(value=value, steps=_steps(question, n)) for _, value, n in values],
        times=times,
        trend=UNSET if periods is None else _trend(question, scope, periods, trend),
        definition=_definition(question, scope),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def people(runner: Runner, question: FunnelPeople, *, now: datetime) -> PeopleResult:
    """Return the people behind a bar, those whose attempts began last first.

    Raises:
        QueryError: the question is not valid; says which part.
        LimitError: it was stopped.
    """
    started = time.monotonic()
    _require_sense(question)
    if question.reached > len(question.steps):
        raise QueryError(f"reached is {question.reached}; there are {len(question.steps)} steps")
    if question.value is not None and question.by is None:
        raise QueryError("value names a value of the breakdown; say which field in by")
    scope = _scope(question, now)
    rows = rows_of(scope, question, is_plain=False)
    test = "level >= 1" if question.dropped else f"level >= {question.reached}"
    if question.value is not None:
        value = "" if question.value == shown("") else question.value
        test += f" AND value = {scope.binder.text(value)}"
    # Somebody with a row for each of several values is who they are at their best.
    went = f"HAVING max(level) = {question.reached} " if question.dropped else ""
    sql = (
        "SELECT who, argMax(start_ms, (level, start_ms)) AS start, count() OVER () AS total "
        f"FROM ({rows.sql}) WHERE {test} GROUP BY who {went}"
        f"ORDER BY start DESC, who LIMIT {question.limit}"
    )
    with runner.turn() as client:
        found = runner.rows(client, sql, scope.binder.parameters, max_result_rows=question.limit)
        listed = people_of(
            runner,
            client,
            scope,
            {int(who): int(start) for who, start, _ in found},
        )
    return PeopleResult(
        people=listed,
        total=int(found[0][2]) if found else 0,
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def _scope(question: Funnel, now: datetime) -> Scope:
    scope = scope_of(question, now=now)
    if scope.until_ms - scope.since_ms > _SPAN_YEARS_MAX * 366 * _DAY_MS:
        raise QueryError(f"since is '{question.since}'; a funnel looks at {_SPAN_YEARS_MAX} years")
    return scope


def _require_sense(question: Funnel) -> None:
    """Refuse what the shape alone cannot.

    Raises:
        QueryError: says what does not fit together.
    """
    count = len(question.steps)
    if question.window_ms > WINDOW_DAYS_MAX * _DAY_MS:
        raise QueryError(
            f"window is {question.window} {question.window_unit}s; at most {WINDOW_DAYS_MAX} days"
        )
    if question.exclusions and question.order != "ordered":
        raise QueryError(
            f"exclusions are between steps; with order '{question.order}' there is no between: "
            "leave them out, or ask with order 'ordered'"
        )
    for number, exclusion in enumerate(question.exclusions):
        last = exclusion.before_step or count
        if not exclusion.after_step < last <= count:
            raise QueryError(
                f"exclusions[{number}] is after step {exclusion.after_step} and before step {last};"
                f" expected two of the {count} steps, the earlier one first"
            )
    if question.by is not None and question.by_step > count:
        raise QueryError(f"by_step is {question.by_step}; there are {count} steps")
    if question.first_time and question.order == "any":
        raise QueryError("first_time is about step 1, which need not be the first in any order")


def _counts_sql(rows: Rows, question: Funnel, binder: Binder, periods: Periods | None) -> str:
    """Return the statement of all counts.

    Its columns: whether it is a value's row, a period's, or that of what is beyond the top values;
    the value; the period; how many are excluded; and the people of each step.
    """
    levels = range(1, len(question.steps) + 1)
    sets, columns = ["()"], ["value", "toInt32(0) AS period"]
    if question.by is not None:
        sets.append("(value)")
    if periods is not None:
        start = "fromUnixTimestamp64Milli(start_ms, 'UTC')"
        columns[1] = f"{periods.number_sql(binder, start)} AS period"
        sets.append("(period)")
    if rows.has_many:
        made = [f"uniqExactStateIf(who, level >= {n}) AS n{n}" for n in levels]
        merged = [f"uniqExactMerge(n{n})" for n in levels]
    else:
        made = [f"countIf(level >= {n}) AS n{n}" for n in levels]
        merged = [f"sum(n{n})" for n in levels]
    is_value, is_period = (
        f"1 - grouping({key})" if f"({key})" in sets else "0" for key in ("value", "period")
    )
    value, period = (key if f"({key})" in sets else f"any({key})" for key in ("value", "period"))
    grouped = (
        f"SELECT {is_value} AS is_value, {is_period} AS is_period, {value} AS value, "
        f"{period} AS period, uniqExactIf(who, is_excluded) AS excluded, "
        f"countIf(level >= 1) AS entered, {', '.join(made)} "
        f"FROM (SELECT who, level, is_excluded, {', '.join(columns)} FROM ({rows.sql})) "
    )
    grouped += f"GROUP BY GROUPING SETS ({', '.join(sets)})" if len(sets) > 1 else ""
    ranked = (
        "SELECT *, is_value AND row_number() OVER (PARTITION BY is_value ORDER BY entered DESC, "
        f"value) > {question.values_max} AS is_other FROM ({grouped}) "
        "WHERE NOT is_value OR (isNotNull(value) AND entered > 0)"
    )
    return (
        "SELECT is_value, is_period, is_other, if(is_other, NULL, value) AS told, period, "
        f"sum(excluded), {', '.join(merged)} FROM ({ranked}) "
        "GROUP BY is_value, is_period, is_other, told, period"
    )


def _steps(question: Funnel, people: Iterable[int]) -> list[FunnelStep]:
    steps = []
    counts = [int(n) for n in people]
    for number, n in enumerate(counts):
        before = counts[number - 1] if number else n
        following = counts[number + 1] if number + 1 < len(counts) else n
        steps.append(
            FunnelStep(
                label=_label(question, number),
                people=n,
                dropped=n - following,
                of_first=_share(n, counts[0]),
                of_previous=_share(n, before),
            )
        )
    return steps


def _label(question: Funnel, number: int) -> str:
    if question.order == "any":
        return f"{number + 1} of {len(question.steps)} steps" if number else "any step"
    return _name(question.steps[number])


def _name(step: StepEvents) -> str:
    if step.label:
        return step.label
    names = [step.name, *(events.name for events in step.alternatives)]
    return " or ".join(names[-len(choices_of(step)) :])


def _trend(
    question: Funnel, scope: Scope, periods: Periods, found: Mapping[int, Sequence[int]]
) -> list[FunnelPeriod]:
    trend = []
    ends = [*periods.starts_ms[1:], periods.end_ms]
    now_ms = to_ms(scope.now)
    for number, (at, end_ms) in enumerate(zip(periods.starts(), ends, strict=True)):
        counts = [int(n) for n in found.get(number, [0] * len(question.steps))]
        trend.append(
            FunnelPeriod(
                at=at,
                people=counts,
                conversion=_share(counts[-1], counts[0]),
                is_complete=min(end_ms, scope.until_ms) + question.window_ms <= now_ms,
            )
        )
    return trend


def _times(runner: Runner, client: Client, scope: Scope, question: Funnel) -> list[FunnelTime]:
    """Return how long each step took, and all of them together."""
    count = len(question.steps)
    if question.order == "any":
        pairs = [(1, count)]
        parts = [f"(0, level >= {count}, arrayMax(at_ms) - start_ms)"]
    else:
        pairs = [(n, n + 1) for n in range(1, count)]
        pairs += [(1, count)] if count > 2 else []
        parts = [
            f"({number}, level >= {last}, at_ms[{last}] - at_ms[{first}])"
            for number, (first, last) in enumerate(pairs)
        ]
    rows = rows_of(scope, question, is_plain=False).sql
    if question.by is not None and question.attribution == "all_steps":
        best = "(level, -toInt64(arrayMax(at_ms)), start_ms, at_ms)"
        rows = (
            "SELECT chosen.1 AS level, chosen.2 AS start_ms, chosen.3 AS at_ms FROM (SELECT "
            f"argMax(tuple(level, start_ms, at_ms), {best}) AS chosen FROM ({rows}) GROUP BY who)"
        )
    taken = (
        f"SELECT arrayJoin([{', '.join(parts)}]) AS part, part.1 AS pair, part.3 AS ms "
        f"FROM ({rows}) WHERE part.2"
    )
    gathered = (
        "SELECT pair, count() AS n, quantilesExactInclusive(0.25, 0.5, 0.75)(ms) AS quartiles, "
        "avg(ms) AS mean, min(ms) AS low, max(ms) AS high, groupArray(ms) AS all, "
        # As wide as Freedman and Diaconis have it; many alike leave that no width.
        "2 * (quartiles[3] - quartiles[1]) / cbrt(n) AS width, "
        "toUInt8(multiIf(high = low, 1, width > 0, least(greatest(ceil((high - low) / width), 1), "
        f"{BINS_MAX}), least(ceil(sqrt(n)), {BINS_MAX}))) AS bins "
        f"FROM ({taken}) GROUP BY pair"
    )
    sql = (
        "SELECT pair, n, quartiles[2], mean, low, high, bins, arrayReduce('sumMap', "
        "[arrayMap(ms -> toUInt8(if(high = low, 0, least(bins - 1, floor((ms - low) * bins / "
        f"(high - low))))), all)], [arrayMap(ms -> 1, all)]) FROM ({gathered})"
    )
    found = {
        int(row[0]): row
        for row in runner.rows(client, sql, scope.binder.parameters, max_result_rows=len(pairs))
    }
    return [_time(pair, found.get(number)) for number, pair in enumerate(pairs)]


def _time(pair: tuple[int, int], row: Sequence[Any] | None) -> FunnelTime:
    first, last = pair
    if row is None:
        return FunnelTime(
            from_step=first, to_step=last, people=0, median_s=None, mean_s=None, bins=[]
        )
    _, n, median, mean, low, high, bins, (places, counts) = row
    people = dict(zip(map(int, places), map(int, counts), strict=True))
    edges = [(low + (high - low) * number / bins) / 1000 for number in range(bins)]
    edges.append(high / 1000)
    return FunnelTime(
        from_step=first,
        to_step=last,
        people=int(n),
        median_s=round(float(median) / 1000, 3),
        mean_s=round(float(mean) / 1000, 3),
        bins=[
            FunnelBin(from_s=edges[number], until_s=edges[number + 1], people=people.get(number, 0))
            for number in range(bins)
        ],
    )


def _definition(question: Funnel, scope: Scope) -> str:
    names = [_name(step) for step in question.steps]
    unit = question.window_unit if question.window == 1 else f"{question.window_unit}s"
    window = f"{question.window} {unit}"
    who = {"person": "People", "group": "Groups", "device": "Devices"}[question.actor]
    begin, end = from_ms(scope.since_ms), from_ms(scope.until_ms)
    times = f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if question.order == "any":
        text = (
            f"{who} by the most of these steps within one window of {window} that began {times}, "
            f"in any order: {', '.join(names)}. One event counts for one step."
        )
    else:
        between = "with nothing in between" if question.order == "strict" else "in this order"
        first = "for the first time ever " if question.first_time else ""
        text = (
            f"{who} who did {names[0]} {first}{times}, then {', '.join(names[1:])} {between}, all "
            f"within {window} of the first step; each counts once, by the attempt that went "
            "furthest. One event counts for one step, and events of one instant as in order."
        )
    if question.exclusions:
        named = ", ".join(exclusion.name for exclusion in question.exclusions)
        ends = "left out" if question.excluded_from == "funnel" else "back before that attempt"
        text += f" Who did {named} between the steps is {ends}."
    if question.constant is not None:
        text += f" All steps have the same {question.constant}."
    if question.by is not None:
        told = {
            "first_touch": "the first value on any event of the steps",
            "last_touch": "the last value on any event of the steps",
            "all_steps": "the one value that all steps have",
            "step": f"the value on step {question.by_step}",
        }[question.attribution]
        text += f" Broken down by {question.by}: {told}."
    return text


def _share(part: int, of: int) -> float | None:
    return round(part / of, 6) if of else None
