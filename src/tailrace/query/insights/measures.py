"""What is measured of events, as SQL: by intervals of time and by the values of a breakdown."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta

from tailrace.query import jsonsql
from tailrace.query.asked import HOUR_MS, HOURLY_COLUMNS, TABLE, Asked
from tailrace.query.bind import Binder
from tailrace.query.compile import fields_of
from tailrace.query.fields import Column, Path, resolve
from tailrace.query.insights.asking import ORDER, Events, Question, Scope
from tailrace.query.insights.breakdowns import place_sql, value_sql
from tailrace.query.insights.periods import Periods, periods_of
from tailrace.query.reading import read
from tailrace.query.text import NUMBER_PATTERN

Measure = Annotated[
    Literal[
        "total",
        "unique",
        "weekly_active",
        "monthly_active",
        "distinct",
        "sum",
        "avg",
        "min",
        "max",
        "median",
        "p90",
        "p95",
        "p99",
    ],
    Meta(
        description="What is counted of the events: `total` them, `unique` who did them (so many "
        "in the `weekly_active` 7 or `monthly_active` 30 days that end with the interval), "
        "`distinct` values of the property, or a number calculated from the property."
    ),
]
PerActor = Annotated[
    Literal["avg", "min", "max", "median", "p90", "p95", "p99"],
    Meta(
        description="Measure for each actor first (`total` or `sum`), then this over the actors "
        "who have an event in the interval."
    ),
]
WINDOW_DAYS: Final = {"weekly_active": 7, "monthly_active": 30}
OF_PROPERTY: Final = frozenset(
    {"distinct", "sum", "avg", "min", "max", "median", "p90", "p95", "p99"}
)
OF_NUMBERS: Final = OF_PROPERTY - {"distinct"}
COUNTS: Final = frozenset({"total", "unique", "weekly_active", "monthly_active", "distinct"})
# What adds up over time: the sum so far has a meaning, of actors and values the set so far.
CUMULATIVE: Final = frozenset({"total", "unique", "distinct", "sum"})
_AGGREGATES: Final = {
    "total": ("count", "", ""),
    "unique": ("uniqExact", "", "who"),
    "distinct": ("uniqExact", "", "number"),
    "sum": ("sum", "", "number"),
    "avg": ("avg", "", "number"),
    "min": ("min", "", "number"),
    "max": ("max", "", "number"),
    "median": ("quantileExactInclusive", "(0.5)", "number"),
    "p90": ("quantileExactInclusive", "(0.9)", "number"),
    "p95": ("quantileExactInclusive", "(0.95)", "number"),
    "p99": ("quantileExactInclusive", "(0.99)", "number"),
}


@dataclass(frozen=True)
class Breakdown:
    """Events told apart: SQL for an event's value, and for the value's place among those shown.

    `column` is the one that the values are of, where it is one that the table counts by the hour.
    """

    value: str
    place: str
    is_whole: bool = False
    column: str | None = None


WHOLE: Final = Breakdown("''", "0", is_whole=True)


def by_values(names: Sequence[str], top: Sequence[str], scope: Scope) -> Breakdown:
    """Return a breakdown by the values of fields: the top ones, all others in the place after."""
    return replace(unranked(names, scope), place=place_sql("value", top, scope.binder))


def unranked(names: Sequence[str], scope: Scope) -> Breakdown:
    """Return the same before it is known which values are the top ones."""
    field = resolve(names[0])
    is_counted = isinstance(field, Column) and field.name in HOURLY_COLUMNS and len(names) == 1
    column = field.name if isinstance(field, Column) and is_counted else None
    return Breakdown(values_sql(names, scope), "0", column=column)


def values_sql(names: Sequence[str], scope: Scope) -> str:
    """Return SQL for an event's values of the fields: one text, or JSON of several."""
    values = [value_sql(name, scope.binder, scope.notes) for name in names]
    return values[0] if len(values) == 1 else f"toJSONString([{', '.join(values)}])"


def by_bins(name: str, scope: Scope, *, low: float, high: float, bins: int) -> Breakdown:
    """Return a breakdown by bins of equal width; what has no number is in the place after."""
    value = number_sql(name, scope.binder)
    lowest, width = scope.binder.number(low), scope.binder.number((high - low) / bins)
    at = f"toInt64(floor((assumeNotNull(value) - {lowest}) / {width}))" if high > low else "0"
    place = f"if(isNull(value), {bins}, greatest(0, least({at}, {bins - 1})))"
    return Breakdown(value, place)


def number_sql(name: str, binder: Binder) -> str:
    """Return SQL for an event's number of a field, NULL where it has none.

    A text that writes a number is one. Of a list it is the first value.
    """
    text = value_sql(name, binder, [])
    written = f"if(match({text}, {binder.text(NUMBER_PATTERN)}), toFloat64OrNull({text}), NULL)"
    field = resolve(name)
    value = jsonsql.value_sql(field) if isinstance(field, Path) and field.keys else None
    if value is None:
        number = written
    else:
        # Most are stored as numbers: those need not be written as text and read again.
        number = (
            f"multiIf(isNotNull({value}.:`Float64`), {value}.:`Float64`, "
            f"isNotNull({value}.:`Int64`), toFloat64({value}.:`Int64`), {written})"
        )
    return f"if(isFinite({number}), {number}, NULL)"


@dataclass(frozen=True, kw_only=True)
class Series:
    """Events and what is measured of them."""

    events: Events
    measure: Measure
    prop: str | None
    per_actor: PerActor | None
    is_first: bool

    @property
    def counts(self) -> bool:
        """Whether it gives whole numbers, and 0 where there is nothing."""
        return self.measure in COUNTS and self.per_actor is None


class Span(NamedTuple):
    """A time and its intervals."""

    since_ms: int
    until_ms: int
    periods: Periods


@dataclass(frozen=True)
class Measuring:
    """Statements on one series.

    Each has rows of place, pairs of (number of the interval, value), the value over the whole time,
    how many events there are, and how many of them have no number.
    """

    question: Question
    scope: Scope
    series: Series
    breakdown: Breakdown

    def statement(self, span: Span) -> str:
        """Return the statement by interval."""
        if self.series.measure in WINDOW_DAYS:
            return self._active(span)
        if self.series.per_actor is not None:
            return self._per_actor(span)
        hourly = self._hourly(span)
        if hourly is not None:
            return hourly
        name, quantile, of = self._aggregate(self.series.measure)
        return (
            "SELECT place, groupArray((n, finalizeAggregation(s))), "
            f"{name}Merge{quantile}(s), sum(events), sum(skipped) FROM "
            f"(SELECT {span.periods.number_sql(self.scope.binder, 'at')} AS n, "
            f"{self.breakdown.place} AS place, {name}State{quantile}({of}) AS s, "
            f"count() AS events, {self._skipped} AS skipped "
            f"FROM ({self.rows(span.since_ms, span.until_ms)}) GROUP BY n, place) GROUP BY place"
        )

    def so_far(self, span: Span) -> str:
        """Return the statement of what is new in each interval: who or which value, for the set."""
        of = "who" if self.series.measure == "unique" else "assumeNotNull(number)"
        rows = self.rows(span.since_ms, span.until_ms)
        if of != "who":
            rows = f"SELECT * FROM ({rows}) WHERE isNotNull(number)"
        return (
            "SELECT place, groupArray((n, fresh)), sum(fresh), sum(fresh), 0 FROM "
            "(SELECT place, n, count() AS fresh FROM "
            f"(SELECT {self.breakdown.place} AS place, {of} AS one, "
            f"min({span.periods.number_sql(self.scope.binder, 'at')}) AS n "
            f"FROM ({rows}) GROUP BY place, one) GROUP BY place, n) GROUP BY place"
        )

    def ranking(self, span: Span, limit: int) -> str:
        """Return the statement for the values with the most, over the whole time."""
        series = self.series
        rows = self.rows(span.since_ms, span.until_ms)
        measure = "unique" if series.measure in WINDOW_DAYS else series.measure
        if series.per_actor is not None:
            inner = self._aggregate(measure)
            rows = (
                f"SELECT value, who, {inner[0]}({inner[2]}) AS mine FROM ({rows}) "
                "GROUP BY value, who"
            )
            measure = series.per_actor
        name, quantile, of = self._aggregate(measure)
        if series.per_actor is not None:
            of = "mine"
        counted = self._counted(span)
        if counted is not None:
            name, of, rows = "sum", "c", counted
        return (
            f"SELECT value, {name}{quantile}({of}) AS m FROM ({rows}) GROUP BY value "
            f"ORDER BY m DESC NULLS LAST, value LIMIT {limit}"
        )

    def extent(self, span: Span) -> str:
        """Return the statement for the least and the greatest value of a breakdown by bins."""
        rows = self.rows(span.since_ms, span.until_ms)
        return f"SELECT min(value), max(value) FROM ({rows}) WHERE isNotNull(value)"

    def people(self, span: Span, *, number: int, place: int, limit: int) -> str:
        """Return the statement for the actors of one interval and place, and since when."""
        since_ms, until_ms = span.since_ms, span.until_ms
        of_number = f"{span.periods.number_sql(self.scope.binder, 'at')} = {number}"
        days = WINDOW_DAYS.get(self.series.measure)
        if days is not None:
            window = _window(span, days)
            first, last = window.firsts[number], window.lasts[number]
            since_ms = window.days.starts_ms[first]
            borders = [*window.days.starts_ms, window.days.end_ms]
            until_ms = min(until_ms, borders[last + 1])
            of_number = "1"
        return (
            "SELECT who, toUnixTimestamp64Milli(min(at)) AS first_ms, count() OVER () "
            f"FROM ({self.with_actors().rows(since_ms, until_ms)}) "
            f"WHERE {of_number} AND {self.breakdown.place} = {place} "
            f"GROUP BY who ORDER BY first_ms, who LIMIT {limit}"
        )

    def with_actors(self) -> "Measuring":
        """Return the same of events that are of somebody."""
        return replace(self, series=replace(self.series, measure="unique", per_actor=None))

    def rows(self, since_ms: int, until_ms: int) -> str:
        """Return SQL for the events of the series: `who`, `at`, `value`, `number` as needed."""
        series, scope = self.series, self.scope
        columns = {"at": "timestamp"}
        if series.measure in ("unique", *WINDOW_DAYS) or series.per_actor or series.is_first:
            columns["who"] = scope.actor
        if not self.breakdown.is_whole:
            columns["value"] = self.breakdown.value
        if series.prop is not None and series.measure in OF_PROPERTY:
            if series.measure == "distinct":
                given = value_sql(series.prop, scope.binder, scope.notes)
                columns["number"] = f"nullIf({given}, '')"
            else:
                columns["number"] = number_sql(series.prop, scope.binder)
        if not series.is_first:
            return self._select(columns, scope.within(since_ms=since_ms, until_ms=until_ms))
        # Somebody's first one of all time may be too early to count.
        until = scope.binder.instant(until_ms)
        kept = [name for name in columns if name not in ("at", "who")]
        firsts = "".join(f", argMin(tuple({name}), turn).1 AS first_{name}" for name in kept)
        again = "".join(f", first_{name} AS {name}" for name in kept)
        every = self._select(
            columns | {"turn": ORDER}, f"timestamp < {until} AND {scope.condition}"
        )
        return (
            f"SELECT who, first_at AS at{again} FROM (SELECT who, min(at) AS first_at{firsts} "
            f"FROM ({every}) GROUP BY who HAVING first_at >= {scope.binder.instant(since_ms)})"
        )

    def _select(self, columns: dict[str, str], where: str) -> str:
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        somebody = " AND who != 0" if "who" in columns else ""
        return (
            f"SELECT {listed} FROM {TABLE} "
            f"WHERE {where} AND {self.scope.matches(self.series.events)}{somebody}"
        )

    @property
    def _skipped(self) -> str:
        return "countIf(isNull(number))" if self.series.measure in OF_NUMBERS else "0"

    def _aggregate(self, measure: str) -> tuple[str, str, str]:
        return _AGGREGATES[measure]

    def _per_actor(self, span: Span) -> str:
        """Return the statement; over the whole time it measures each actor's whole time."""
        rows = self.rows(span.since_ms, span.until_ms)
        name, _, of = self._aggregate(self.series.measure)
        outer, quantile, _ = self._aggregate(self.series.per_actor or "avg")
        number = span.periods.number_sql(self.scope.binder, "at")
        return (
            f"SELECT place, groupArrayIf((n, m), n >= 0), anyIf(m, n < 0), sumIf(events, n < 0), "
            f"sumIf(skipped, n < 0) FROM (SELECT n, place, {outer}{quantile}(mine) AS m, "
            "sum(events) AS events, sum(skipped) AS skipped FROM "
            f"(SELECT arrayJoin([{number}, toInt32(-1)]) AS n, {self.breakdown.place} AS place, "
            f"who, {name}({of}) AS mine, count() AS events, {self._skipped} AS skipped "
            f"FROM ({rows}) GROUP BY n, place, who) GROUP BY n, place) GROUP BY place"
        )

    def _active(self, span: Span) -> str:
        days = WINDOW_DAYS[self.series.measure]
        window = _window(span, days)
        rows = self.rows(window.days.starts_ms[0], span.until_ms)
        size = len(span.periods.starts_ms)
        if span.periods.interval == "day":
            last = window.lasts[0]
            numbers = (
                f"range(toInt64(greatest(0, d - {last})), "
                f"toInt64(least({size}, d - {last} + {days})))"
            )
        else:
            numbers = (
                f"arrayFilter((j, first, last) -> d BETWEEN first AND last, range({size}), "
                f"{list(window.firsts)}, {list(window.lasts)})"
            )
        by_day = (
            f"SELECT DISTINCT who, {self.breakdown.place} AS place, "
            f"{window.days.number_sql(self.scope.binder, 'at')} AS d, "
            f"at >= {self.scope.binder.instant(span.since_ms)} AS is_asked FROM ({rows})"
        )
        return (
            "SELECT place, groupArrayIf((n, m), n >= 0), anyIf(m, n < 0), sum(m), 0 FROM "
            "(SELECT place, n, uniqExact(who) AS m FROM (SELECT place, who, arrayJoin("
            f"arrayConcat(arrayMap(j -> toInt32(j), {numbers}), if(is_asked, [toInt32(-1)], []))"
            f") AS n FROM ({by_day})) GROUP BY place, n) GROUP BY place"
        )

    def _hourly(self, span: Span) -> str | None:
        """Return the statement for a total that the table knows by the hour, where it does."""
        counted = self._counted(span)
        if counted is None or any(start % HOUR_MS for start in span.periods.starts_ms):
            return None
        instant = "fromUnixTimestamp64Milli(ms, 'UTC')"
        return (
            "SELECT place, groupArray((n, m)), sum(m) AS every, every, 0 FROM "
            f"(SELECT {span.periods.number_sql(self.scope.binder, instant)} AS n, "
            f"{self.breakdown.place} AS place, sum(c) AS m FROM ({counted}) GROUP BY n, place) "
            "GROUP BY place"
        )

    def _counted(self, span: Span) -> str | None:
        """Return SQL for events counted by the hour and by the value, where the table knows."""
        scope, series = self.scope, self.series
        column = self.breakdown.column
        if series.measure != "total" or series.per_actor is not None or series.is_first:
            return None
        if not (self.breakdown.is_whole or column) or not _is_hourly(self.question, series.events):
            return None
        condition = f"{scope.condition} AND {scope.matches(series.events)}"
        within = scope.within(since_ms=span.since_ms, until_ms=span.until_ms)
        asked = Asked(
            where=f"{within} AND {scope.matches(series.events)}",
            binder=scope.binder,
            since_ms=span.since_ms,
            until_ms=span.until_ms,
            notes=[],
            condition=condition,
            is_hourly=True,
            is_selective=False,
        )
        value = f"toString({column})" if column else "''"
        return " UNION ALL ".join(
            f"SELECT {instant} AS ms, {value} AS value, count() AS c FROM {TABLE} WHERE {where} "
            f"GROUP BY ms{', ' + column if column else ''}"
            for instant, where in asked.scopes(by=column)
        )


def _is_hourly(question: Question, events: Events) -> bool:
    """Tell whether the events are chosen by what the table's projection by the hour knows."""
    asked = (
        (question.query, question.language),
        (events.query, events.language or question.language),
    )
    return all(fields_of(read(text, language).tree) <= HOURLY_COLUMNS for text, language in asked)


class _Window(NamedTuple):
    """Days, and the first and last of them that each interval looks at."""

    days: Periods
    firsts: list[int]
    lasts: list[int]


def _window(span: Span, days: int) -> _Window:
    """Return the days before and within each interval, up to its end or that of the time asked."""
    starts = span.periods.starts_ms
    ends = [min(end, span.until_ms) for end in (*starts[1:], span.periods.end_ms)]
    # A day more than is needed, as days may have 25 hours.
    early = periods_of(
        "day",
        since_ms=ends[0] - (days + 1) * 86_400_000,
        until_ms=span.until_ms,
        zone=span.periods.zone,
    )
    lasts = [bisect_right(early.starts_ms, end - 1) - 1 for end in ends]
    spare = lasts[0] - (days - 1)
    early = early._replace(starts_ms=early.starts_ms[spare:])
    lasts = [last - spare for last in lasts]
    return _Window(early, [last - (days - 1) for last in lasts], lasts)
