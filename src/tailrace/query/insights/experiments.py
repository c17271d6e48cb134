"""Experiments: how people who saw one variant did against those who saw the control."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from clickhouse_connect.driver.client import Client

from tailrace.errors import QueryError
from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Scope, scope_of
from tailrace.query.insights.breakdowns import value_sql
from tailrace.query.insights.experimentshapes import (
    VARIANTS_MAX,
    Comparison,
    Experiment,
    ExperimentResult,
    Metric,
    MetricResult,
    SampleSize,
    SampleSizeResult,
    SplitCheck,
    VariantMetric,
    VariantPeople,
)
from tailrace.query.insights.funnelshapes import UNITS_MS, WINDOW_DAYS_MAX
from tailrace.query.insights.measures import number_sql
from tailrace.query.insights.periods import periods_of
from tailrace.query.insights.statistics import (
    FISHER_CELL,
    Interval,
    Moments,
    Proportion,
    always_valid_p,
    confidence_sequence,
    detectable_rate,
    holm,
    means_size,
    newcombe,
    normal_tails,
    proportions_p,
    proportions_size,
    ratio_interval,
    sample_ratio,
    welch,
)
from tailrace.query.running import Runner
from tailrace.query.times import from_ms

SPLIT_ALARM_P: Final = 0.001
_DAY_MS: Final = 86_400_000

__all__ = ["answer", "sample_size"]


@dataclass(frozen=True)
class _Group:
    """One variant's people, and of each metric the sum, mean and variance per person."""

    people: int
    sums: Sequence[float]
    means: Sequence[float]
    variances: Sequence[float]

    def proportion(self, number: int) -> Proportion:
        return Proportion(round(self.sums[number]), self.people)

    def moments(self, number: int) -> Moments:
        return Moments(self.people, self.means[number], self.variances[number])


@dataclass(frozen=True)
class _Look:
    """A variant's people and, for each metric, those who converted, at the end of a day."""

    people: int
    converted: Sequence[int]


def answer(runner: Runner, question: Experiment, *, now: datetime) -> ExperimentResult:
    """Return the metrics of each variant, and each variant against the control.

    Raises:
        QueryError: the question is not valid; says which part.
        LimitError: it was stopped.
    """
    started = time.monotonic()
    _require_sense(question)
    scope = scope_of(question, now=now)
    people_sql = _people_sql(scope, question)
    with runner.turn() as client:
        groups, mixed, skipped, caps = _groups(runner, client, scope, question, people_sql)
        looks: Mapping[str, Sequence[_Look]] = {}
        if question.method == "sequential":
            looks = _looks(runner, client, scope, question, people_sql)
    parts = {share.variant: share.part for share in question.split}
    for share in question.split:
        groups.setdefault(share.variant, _nobody(question))
    groups.setdefault(question.control, _nobody(question))
    if len(groups) > VARIANTS_MAX:
        raise QueryError(
            f"variant is '{question.variant}', which has {len(groups)} values among the exposures; "
            f"at most {VARIANTS_MAX} variants are compared: narrow the exposure by a query"
        )
    names = [question.control, *sorted(set(groups) - {question.control})]
    if parts and set(parts) != set(names):
        odd = ", ".join(sorted(set(parts) ^ set(names)))
        raise QueryError(
            f"split names {', '.join(sorted(parts))}; there are people with {', '.join(names)}: "
            f"say the part of each of {odd}, or leave out others by a query"
        )
    counts = [groups[name].people for name in names]
    weights = [parts.get(name, 1.0) for name in names]
    tested = sample_ratio(counts, weights)
    split = SplitCheck(chi_square=tested.statistic, p=tested.p, is_alarm=tested.p < SPLIT_ALARM_P)
    is_waiting = question.method == "fixed" and (
        question.people_planned is None or min(counts) < question.people_planned
    )
    notes = [*scope.notes, *_notes(question, min(counts), split=split, mixed=mixed)]
    metrics = [
        MetricResult(
            label=metric.label or metric.events.name,
            kind=metric.kind,
            is_primary=number == 0,
            variants=[_of_variant(name, groups[name], number, metric) for name in names],
            comparisons=_comparisons(
                question, groups, looks, names, number, is_waiting=is_waiting, split=split
            ),
            skipped=skipped[number],
            cap=caps[number],
        )
        for number, metric in enumerate(question.metrics)
    ]
    return ExperimentResult(
        variants=[
            VariantPeople(
                variant=name,
                people=groups[name].people,
                planned=round(sum(counts) * weight / sum(weights), 3),
            )
            for name, weight in zip(names, weights, strict=True)
        ],
        mixed=mixed,
        split=split,
        metrics=metrics,
        is_waiting=is_waiting,
        until=from_ms(scope.until_ms),
        definition=_definition(question, scope),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=notes,
    )


def sample_size(question: SampleSize) -> SampleSizeResult:
    """Return how many people show a difference with the power asked for.

    Raises:
        QueryError: the question is not valid; says which part.
    """
    is_rate = question.rate is not None
    if is_rate == (question.mean is not None or question.deviation is not None):
        raise QueryError("give either rate, or mean and deviation")
    base = question.rate if question.rate is not None else question.mean
    if base is None:
        raise QueryError("give mean too: lift is relative to it, and people read the answer by it")
    if (question.difference is None) == (question.lift is None):
        raise QueryError("give the difference to be seen: either difference or lift")
    difference = question.difference if question.difference is not None else 0.0
    if question.lift is not None:
        difference = base * question.lift
    if not difference or not math.isfinite(difference):
        raise QueryError("the difference to be seen is 0; no number of people shows that")
    # Each variant is compared with the control: so many comparisons share the chance of an error.
    alpha = (1 - question.level) / (question.variants - 1)
    if question.rate is not None:
        if not 0 < base + difference < 1:
            raise QueryError(f"the rate would become {base + difference:g}; expected 0 to 1")
        n = proportions_size(base, base + difference, alpha=alpha, power=question.power)
    elif question.deviation is None:
        raise QueryError("give deviation too: the standard deviation of a person's value")
    else:
        n = means_size(question.deviation, difference, alpha=alpha, power=question.power)
    people = n * question.variants
    days = None
    if question.people_per_day is not None:
        days = math.ceil(people / question.people_per_day / 7) * 7
    shared = ", the level shared by all comparisons" if question.variants > 2 else ""
    return SampleSizeResult(
        people_per_variant=n,
        people=people,
        days=days,
        difference=difference,
        definition=(
            f"People in each variant who show a difference of {difference:g} from {base:g} with a "
            f"chance of {question.power:.0%}, by a two-sided test at {question.level:.0%}{shared}, "
            "looked at once."
        ),
    )


def _require_sense(question: Experiment) -> None:
    """Refuse what the shape alone cannot.

    Raises:
        QueryError: says what does not fit together.
    """
    for number, metric in enumerate(question.metrics):
        if (metric.kind == "sum") != (metric.property is not None):
            raise QueryError(f"metrics[{number}]: property is for the kind sum, which needs it")
        if metric.kind == "conversion" and metric.cap is not None:
            raise QueryError(f"metrics[{number}]: a conversion is 0 or 1 and has no cap")
    effects = len(question.smallest_effect)
    if question.method == "sequential" and effects != len(question.metrics):
        raise QueryError(
            f"smallest_effect has {effects} numbers; the sequential method takes one for each of "
            f"the {len(question.metrics)} metrics"
        )
    names = [share.variant for share in question.split]
    if len(set(names)) != len(names):
        raise QueryError("split names a variant twice")
    if (question.window or 0) * UNITS_MS[question.window_unit] > WINDOW_DAYS_MAX * _DAY_MS:
        raise QueryError(f"window is longer than {WINDOW_DAYS_MAX} days")


def _people_sql(scope: Scope, question: Experiment) -> str:
    """Return a SELECT with a row for each person who was exposed.

    Its columns: who, variant, is_mixed, exposed_ms; for each metric m0... the value, s0... how many
    of its events had no number, and d0... when the first of its events was (0: none).
    """
    binder = scope.binder
    until_ms = scope.until_ms
    if question.window is not None:
        until_ms += question.window * UNITS_MS[question.window_unit]
    value = value_sql(question.variant, binder, scope.notes)
    exposed = (
        f"({scope.matches(question.exposure)} AND timestamp < {binder.instant(scope.until_ms)} "
        f"AND {value} != '')"
    )
    order = "(timestamp, raw_partition, raw_offset, raw_index)"
    columns, found, results = [], [], []
    latest = (
        f"exposed_ms + {question.window * UNITS_MS[question.window_unit]}"
        if question.window
        else ""
    )
    for number, metric in enumerate(question.metrics):
        test = scope.matches(metric.events)
        read = "toNullable(toFloat64(1))"
        if metric.property is not None:
            read = f"CAST({number_sql(metric.property, binder)}, 'Nullable(Float64)')"
        columns.append(f"groupArrayIf(({INSTANT}, {exposed}, {read}), {test}) AS e{number}")
        # The exposure itself may be one of these events; it is not one after itself.
        after = "(e.1 > exposed_ms OR (e.1 = exposed_ms AND NOT e.2))"
        if latest:
            after += f" AND e.1 <= {latest}"
        found.append(f"arrayFilter(e -> {after}, e{number}) AS a{number}")
        numbers = f"arrayFilter(e -> isNotNull(e.3), a{number})"
        result = {
            "conversion": f"toFloat64(notEmpty(a{number}))",
            "count": f"toFloat64(length(a{number}))",
            "sum": f"arraySum(arrayMap(e -> assumeNotNull(e.3), {numbers}))",
        }[metric.kind]
        results.append(f"{result} AS m{number}")
        results.append(f"length(a{number}) - length({numbers}) AS s{number}")
        results.append(
            f"if(empty(a{number}), 0, arrayMin(arrayMap(e -> e.1, a{number}))) AS d{number}"
        )
    chosen = scope.any_of([metric.events for metric in question.metrics])
    sql = (
        f"SELECT {scope.actor} AS who, argMinIf({value}, {order}, {exposed}) AS variant, "
        f"length(groupUniqArrayIf(2)({value}, {exposed})) > 1 AS is_mixed, "
        f"minIf({INSTANT}, {exposed}) AS exposed_ms, {', '.join(columns)} FROM {TABLE} "
        f"WHERE {scope.within(until_ms=until_ms)} AND ({exposed} OR {chosen}) "
        f"AND {scope.actor} != 0 GROUP BY who HAVING countIf({exposed}) > 0"
    )
    sql = f"SELECT who, variant, is_mixed, exposed_ms, {', '.join(found)} FROM ({sql})"
    return f"SELECT who, variant, is_mixed, exposed_ms, {', '.join(results)} FROM ({sql})"


def _groups(
    runner: Runner, client: Client, scope: Scope, question: Experiment, people_sql: str
) -> tuple[dict[str, _Group], int, list[int], list[float | None]]:
    """Return the variants; how many are in none; events without a number; and the caps."""
    capped, caps, columns = [], [], []
    for number, metric in enumerate(question.metrics):
        value = f"m{number}"
        if metric.cap is not None:
            limit = f"quantileExactInclusiveIf({metric.cap})(m{number}, NOT is_mixed) OVER ()"
            caps.append(f"{limit} AS c{number}")
            value = f"least(m{number}, c{number})"
        else:
            caps.append(f"NULL AS c{number}")
        capped.append(f"{value} AS v{number}")
        columns.append(
            f"sum(v{number}), avg(v{number}), varSampStable(v{number}), sum(s{number}), "
            f"any(c{number})"
        )
    sql = (
        f"SELECT variant, is_mixed, count(), {', '.join(columns)} FROM (SELECT *, "
        f"{', '.join(capped)} FROM (SELECT *, {', '.join(caps)} FROM ({people_sql}))) "
        f"GROUP BY variant, is_mixed ORDER BY is_mixed, count() DESC, variant LIMIT 1000"
    )
    rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=1_000)
    groups: dict[str, _Group] = {}
    mixed = 0
    skipped = [0] * len(question.metrics)
    found: list[float | None] = [None] * len(question.metrics)
    for variant, is_mixed, people, *values in rows:
        if is_mixed:
            mixed += int(people)
            continue
        parts = [values[place : place + 5] for place in range(0, len(values), 5)]
        for number, part in enumerate(parts):
            skipped[number] += int(part[3])
            found[number] = None if part[4] is None else float(part[4])
        groups[str(variant)] = _Group(
            people=int(people),
            sums=[float(part[0]) for part in parts],
            means=[float(part[1]) for part in parts],
            variances=[
                _variance_of(metric, int(people), float(part[1]), float(part[2]))
                for metric, part in zip(question.metrics, parts, strict=True)
            ],
        )
    return groups, mixed, skipped, found


def _variance_of(metric: Metric, people: int, mean: float, variance: float) -> float:
    if metric.kind == "conversion":
        return mean * (1 - mean)
    # One value alone has none.
    return variance if people > 1 else 0.0


def _looks(
    runner: Runner, client: Client, scope: Scope, question: Experiment, people_sql: str
) -> dict[str, list[_Look]]:
    """Return what was known of each variant at the end of each day of the zone."""
    until_ms = scope.until_ms
    if question.window is not None:
        until_ms += question.window * UNITS_MS[question.window_unit]
    days = periods_of("day", since_ms=scope.since_ms, until_ms=until_ms, zone=scope.zone)
    moments = ["(toUInt8(0), exposed_ms)"]
    moments += [f"(toUInt8({n + 1}), d{n})" for n in range(len(question.metrics))]
    instant = "fromUnixTimestamp64Milli(part.2, 'UTC')"
    sql = (
        f"SELECT variant, part.1 AS what, {days.number_sql(scope.binder, instant)} AS day, count() "
        f"FROM (SELECT variant, arrayJoin([{', '.join(moments)}]) AS part FROM ({people_sql}) "
        "WHERE NOT is_mixed) WHERE part.2 > 0 GROUP BY variant, what, day"
    )
    counts: defaultdict[str, defaultdict[tuple[int, int], int]]
    counts = defaultdict(lambda: defaultdict(int))
    rows_max = (VARIANTS_MAX + 1) * (len(question.metrics) + 1) * len(days.starts_ms)
    for variant, what, day, n in runner.rows(
        client, sql, scope.binder.parameters, max_result_rows=rows_max
    ):
        counts[str(variant)][int(what), int(day)] = int(n)
    looks: dict[str, list[_Look]] = {}
    for variant, found in counts.items():
        so_far = [0] * (len(question.metrics) + 1)
        looks[variant] = []
        for day in range(len(days.starts_ms)):
            so_far = [n + found[what, day] for what, n in enumerate(so_far)]
            looks[variant].append(_Look(so_far[0], so_far[1:]))
    return looks


def _of_variant(name: str, group: _Group, number: int, metric: Metric) -> VariantMetric:
    return VariantMetric(
        variant=name,
        people=group.people,
        total=group.sums[number],
        mean=group.means[number],
        deviation=math.sqrt(group.variances[number]),
    )


def _comparisons(
    question: Experiment,
    groups: Mapping[str, _Group],
    looks: Mapping[str, Sequence[_Look]],
    names: Sequence[str],
    number: int,
    *,
    is_waiting: bool,
    split: SplitCheck,
) -> list[Comparison]:
    control, metric = groups[question.control], question.metrics[number]
    others = [name for name in names if name != question.control]
    tests = []
    for name in others:
        seen = (looks.get(question.control, ()), looks.get(name, ()))
        tests.append(_test(question, control, groups[name], number, metric, seen))
    adjusted = holm([p for _, p, _ in tests])
    comparisons = []
    for name, (test, p, interval), p_adjusted in zip(others, tests, adjusted, strict=True):
        group = groups[name]
        base = control.means[number]
        difference = group.means[number] - base
        relative = _relative(question, control, group, number, interval)
        comparisons.append(
            Comparison(
                variant=name,
                difference=difference,
                difference_low=None if is_waiting else _finite(interval.low),
                difference_high=None if is_waiting else _finite(interval.high),
                lift=difference / base if base else None,
                lift_low=None if is_waiting or relative is None else _finite(relative.low),
                lift_high=None if is_waiting or relative is None else _finite(relative.high),
                test=test,
                p=None if is_waiting else p,
                p_adjusted=None if is_waiting else p_adjusted,
                detectable=_detectable(question, control, group, number),
                verdict=_verdict(
                    p_adjusted < 1 - question.level,
                    difference,
                    is_waiting=is_waiting,
                    is_alarm=split.is_alarm,
                ),
            )
        )
    return comparisons


_Tested = tuple[Literal["z", "fisher", "welch", "sequential"], float, Interval]


def _test(
    question: Experiment,
    control: _Group,
    group: _Group,
    number: int,
    metric: Metric,
    seen: tuple[Sequence[_Look], Sequence[_Look]],
) -> _Tested:
    """Return the test's name, p and the interval of the difference."""
    if question.method == "sequential":
        return _sequential(question, control, group, number, metric, seen)
    if metric.kind == "conversion":
        a, b = control.proportion(number), group.proportion(number)
        cells = (a.hits, a.of - a.hits, b.hits, b.of - b.hits)
        name: Literal["z", "fisher"] = "fisher" if min(cells) < FISHER_CELL else "z"
        return name, proportions_p(a, b), newcombe(a, b, level=question.level)
    tested = welch(control.moments(number), group.moments(number), level=question.level)
    if tested is None:
        return "welch", 1.0, Interval(-math.inf, math.inf)
    return "welch", tested.p, tested.interval


def _sequential(
    question: Experiment,
    control: _Group,
    group: _Group,
    number: int,
    metric: Metric,
    seen: tuple[Sequence[_Look], Sequence[_Look]],
) -> _Tested:
    """Return the least p of all looks so far, and the interval at the last one.

    Means are looked at once: what somebody's value was at the end of each day is not kept.
    """
    tau = question.smallest_effect[number]
    difference = group.means[number] - control.means[number]
    error = _variance(control, number) + _variance(group, number)
    enough = control.people > 1 and group.people > 1
    p = always_valid_p(difference, error, tau=tau) if enough else 1.0
    if metric.kind == "conversion":
        for a, b in zip(*seen, strict=True):
            if not a.people or not b.people:
                continue
            rates = (a.converted[number] / a.people, b.converted[number] / b.people)
            variance = rates[0] * (1 - rates[0]) / a.people + rates[1] * (1 - rates[1]) / b.people
            p = min(p, always_valid_p(rates[1] - rates[0], variance, tau=tau))
    interval = confidence_sequence(
        difference, error if enough else 0, tau=tau, level=question.level
    )
    return "sequential", p, interval


def _variance(group: _Group, number: int) -> float:
    """Return the variance of a group's mean."""
    return group.variances[number] / group.people if group.people else 0.0


def _relative(
    question: Experiment, control: _Group, group: _Group, number: int, interval: Interval
) -> Interval | None:
    base = control.means[number]
    if question.method == "sequential":
        # That of the difference, over a control that is taken as it is.
        return Interval(interval.low / base, interval.high / base) if base > 0 else None
    return ratio_interval(
        base,
        math.sqrt(_variance(control, number)),
        group.means[number],
        math.sqrt(_variance(group, number)),
        level=question.level,
    )


def _detectable(question: Experiment, control: _Group, group: _Group, number: int) -> float | None:
    alpha = 1 - question.level
    n = min(control.people, group.people)
    if question.metrics[number].kind == "conversion":
        rate = control.means[number]
        return detectable_rate(rate, n, alpha=alpha, power=question.power) if n else None
    error = math.sqrt(_variance(control, number) + _variance(group, number))
    reach = normal_tails(alpha=alpha, power=question.power)
    return reach * error if n > 1 and error else None


def _verdict(
    is_told: bool, difference: float, *, is_waiting: bool, is_alarm: bool
) -> Literal["waiting", "higher", "lower", "undecided", "invalid"]:
    if is_alarm:
        return "invalid"
    if is_waiting:
        return "waiting"
    if not is_told:
        return "undecided"
    return "higher" if difference > 0 else "lower"


def _notes(question: Experiment, least: int, *, split: SplitCheck, mixed: int) -> list[str]:
    notes = []
    if split.is_alarm:
        notes.append(
            f"The split is not the planned one (p = {split.p:.2g}): something decides who is "
            "counted, so no difference can be trusted."
        )
    if mixed:
        notes.append(f"{mixed} people saw more than one variant and are left out.")
    if question.method == "fixed":
        if question.people_planned is None:
            notes.append(
                "There is no planned number of people, so there is no verdict: say "
                "people_planned, or ask with the method sequential."
            )
        elif least < question.people_planned:
            notes.append(
                f"The verdict waits for {question.people_planned} people in each variant; the "
                f"smallest has {least}."
            )
    if len(question.metrics) > 1:
        notes.append("Metrics after the first are exploratory.")
    return notes


def _nobody(question: Experiment) -> _Group:
    nothing = [0.0] * len(question.metrics)
    return _Group(0, nothing, nothing, nothing)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _definition(question: Experiment, scope: Scope) -> str:
    begin, end = from_ms(scope.since_ms), from_ms(scope.until_ms)
    unit = question.window_unit if question.window == 1 else f"{question.window_unit}s"
    until = (
        f"for {question.window} {unit}" if question.window else f"until {end:%Y-%m-%d %H:%M} UTC"
    )
    return (
        f"Each person is in the variant ({question.variant}) of their first "
        f"{question.exposure.name} from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC; who "
        f"saw two is left out. Metrics count events after it {until}, and everybody counts, also "
        "without any."
    )
