"""Retention: of the people who began something, how many came back how much later."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import UNSET, Meta, UnsetType

from tailrace.errors import QueryError
from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import ORDER, Events, Question, Scope, scope_of
from tailrace.query.insights.behind import PeopleLimit, PeopleResult, people_of
from tailrace.query.insights.breakdowns import (
    OTHER,
    FieldName,
    ValuesMax,
    place_sql,
    shown,
    value_sql,
)
from tailrace.query.insights.periods import Periods, periods_of
from tailrace.query.running import Runner
from tailrace.query.times import to_ms

COLUMNS_MAX: Final = 60
COHORTS_MAX: Final = 1_000
OFFSET_MAX: Final = 366
_ROWS_MAX: Final = 2_000_000
_UNITS_MS: Final = {
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
    "month": 30 * 86_400_000,
}
# The longest that one can be by the calendar, with a change of the clocks in it.
_LONGEST_MS: Final = {
    "hour": 3_600_000,
    "day": 26 * 3_600_000,
    "week": (7 * 24 + 2) * 3_600_000,
    "month": (31 * 24 + 2) * 3_600_000,
}
_ALL: Final = -1  # the place in the answer's rows of a cohort's size

Offset = Annotated[int, Meta(ge=0, le=OFFSET_MAX)]
ColumnNumber = Annotated[int, Meta(ge=0, lt=COLUMNS_MAX, description="A column, from 0.")]


class Bracket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The periods from `first` to `last`, both included; 0 is the period of the start."""

    first: Offset
    last: Offset


class Retention(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who came back: people who did `start` between since and until, and `returns` later.

    `starts` is `first` (only somebody's first start of all time) or `every` (a new start in each
    period). `offsets` are of the `calendar` of the zone, or `rolling`: counted from each person's
    own start, in hours, 24 hours, 7 days or 30 days. `returned` in a column means `on` it, `on` it
    `or_after` it, or in one of the `brackets`, which then are the columns. A share is of the
    `cohort`, or of those of the `previous` column. The mean of a column is `weighted` by the sizes
    of the cohorts, or `simple`.
    """

    start: Events = Events()
    returns: Events = Events()
    starts: Literal["first", "every"] = "first"
    unit: Literal["hour", "day", "week", "month"] = "day"
    columns: Annotated[int, Meta(ge=1, le=COLUMNS_MAX)] = 8
    offsets: Literal["calendar", "rolling"] = "calendar"
    returned: Literal["on", "on_or_after", "brackets"] = "on"
    brackets: Annotated[list[Bracket], Meta(max_length=COLUMNS_MAX)] = []
    base: Literal["cohort", "previous"] = "cohort"
    mean: Literal["weighted", "simple"] = "weighted"
    by: FieldName | None = None
    values_max: ValuesMax = 10


class RetentionPeople(Retention, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the people of a cell: of the cohort that starts `at`, in a column.

    With `came_back` false, those of the cohort who are not in the column.
    """

    at: datetime
    column: ColumnNumber
    came_back: bool = True
    value: Annotated[str, Meta(max_length=10_000)] | None = None
    limit: PeopleLimit = 100


class RetentionCell(msgspec.Struct, frozen=True, kw_only=True):
    """How many came back; none where the time has not begun, and not final until it is over."""

    people: int | None
    share: float | None
    is_finished: bool


class RetentionCohort(msgspec.Struct, frozen=True, kw_only=True):
    """Those who started in the period from `at` on."""

    at: datetime
    size: int
    cells: list[RetentionCell]


class RetentionMean(msgspec.Struct, frozen=True, kw_only=True):
    """A column over the cohorts that have finished it: `people` of `base`."""

    cohorts: int
    people: int
    base: int
    share: float | None


class RetentionValue(msgspec.Struct, frozen=True, kw_only=True):
    """Those whose start has a value: their number, and the mean of each column."""

    value: str
    size: int
    means: list[RetentionMean]


class RetentionColumn(msgspec.Struct, frozen=True, kw_only=True):
    """The periods after the start that a column is of; without a `last`, all later ones too."""

    first: int
    last: int | None


class RetentionResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every cohort, also an empty one, and the mean row."""

    columns: list[RetentionColumn]
    cohorts: list[RetentionCohort]
    size: int
    means: list[RetentionMean]
    values: list[RetentionValue] | UnsetType = UNSET
    definition: str
    took_ms: float
    notes: list[str]


def retention(runner: Runner, question: Retention, *, now: datetime) -> RetentionResult:
    """Return how many people came back.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    plan = _plan(question, now)
    with runner.turn() as client:
        top = _top(runner, client, plan) if question.by is not None else []
        tables = _tables(runner, client, plan, top)
    everybody = sum(tables, start=Counter[tuple[int, int]]())
    values: list[RetentionValue] | UnsetType = UNSET
    if question.by is not None:
        named = [*map(shown, top), OTHER]
        values = [
            RetentionValue(value=name, size=plan.size(table), means=plan.means(table))
            for name, table in zip(named, tables, strict=True)
            if name != OTHER or plan.size(table)
        ]
    return RetentionResult(
        columns=[
            RetentionColumn(first=first, last=None if question.returned == "on_or_after" else last)
            for first, last in plan.columns
        ],
        cohorts=[plan.cohort(number, everybody) for number in range(len(plan.periods.starts_ms))],
        size=plan.size(everybody),
        means=plan.means(everybody),
        values=values,
        definition=_definition(question),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=plan.scope.notes,
    )


def retention_people(runner: Runner, question: RetentionPeople, *, now: datetime) -> PeopleResult:
    """Return the people of one cell, those who started first before others.

    Raises:
        QueryError: the question is not valid, or there is no such cell.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    plan = _plan(question, now)
    at_ms = to_ms(question.at) if question.at.tzinfo else None
    if at_ms not in plan.periods.starts_ms:
        raise QueryError(
            f"at is {question.at.isoformat()}; expected the start of a cohort of this question"
        )
    if question.column >= len(plan.columns):
        raise QueryError(
            f"column is {question.column}; this question has {len(plan.columns)}, from 0"
        )
    with runner.turn() as client:
        of_value = "1"
        if question.by is not None and question.value is not None:
            top = _top(runner, client, plan)
            names = [*map(shown, top), OTHER]
            if question.value not in names:
                raise QueryError(
                    f"value is '{question.value[:100]}'; expected one of the values of the answer"
                )
            place = place_sql("s.3", top, plan.scope.binder)
            of_value = f"{place} = {names.index(question.value)}"
        is_there = f"has({plan.places_sql}, {question.column})"
        sql = (
            f"SELECT who, s.2 AS at, count() OVER () FROM ({plan.starts_sql}) "
            f"ARRAY JOIN starts AS s WHERE s.1 = {plan.periods.starts_ms.index(at_ms)} "
            f"AND {of_value} AND {'' if question.came_back else 'NOT '}{is_there} "
            f"ORDER BY at, who LIMIT {question.limit}"
        )
        rows = runner.rows(
            client, sql, plan.scope.binder.parameters, max_result_rows=question.limit
        )
        people = people_of(
            runner,
            client,
            plan.scope,
            {int(who): int(at) for who, at, _ in rows},
        )
    return PeopleResult(
        people=people,
        total=int(rows[0][2]) if rows else 0,
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=plan.scope.notes,
    )


Table = Mapping[tuple[int, int], int]
"""People by the number of the cohort and the column; `_ALL` is the cohort's size."""


class _Plan(NamedTuple):
    """A question ready to be asked.

    `periods` are those of the starts; `borders_ms` is where they and later ones begin; `columns`
    are the first and last offset of each. Returns are looked for until `seen_ms`. `starts_sql` has
    a row per actor, with arrays of starts (period, instant, value) and of returns; `places_sql`
    is the columns that a start `s` is in.
    """

    question: Retention
    scope: Scope
    now_ms: int
    seen_ms: int
    periods: Periods
    borders_ms: Sequence[int]
    columns: Sequence[tuple[int, int]]
    starts_sql: str
    places_sql: str

    def size(self, table: Table) -> int:
        """Return how many starts there are in all cohorts."""
        return sum(table.get((number, _ALL), 0) for number in range(len(self.periods.starts_ms)))

    def cohort(self, number: int, table: Table) -> RetentionCohort:
        """Return a row of the answer."""
        cells = []
        for column in range(len(self.columns)):
            people = table.get((number, column), 0) if self._has_begun(number, column) else None
            base = self._base(number, column, table)
            cells.append(
                RetentionCell(
                    people=people,
                    share=None if people is None else _share(people, base),
                    is_finished=self._is_finished(number, column),
                )
            )
        return RetentionCohort(
            at=self.periods.starts()[number], size=table.get((number, _ALL), 0), cells=cells
        )

    def means(self, table: Table) -> list[RetentionMean]:
        """Return the mean row of a table."""
        means = []
        for column in range(len(self.columns)):
            cells = [
                (table.get((number, column), 0), self._base(number, column, table))
                for number in range(len(self.periods.starts_ms))
                if self._is_finished(number, column) and table.get((number, _ALL), 0)
            ]
            people, base = sum(cell[0] for cell in cells), sum(cell[1] for cell in cells)
            shares = [share for cell in cells if (share := _share(*cell)) is not None]
            simple = sum(shares) / len(shares) if shares else None
            means.append(
                RetentionMean(
                    cohorts=len(cells),
                    people=people,
                    base=base,
                    share=simple if self.question.mean == "simple" else _share(people, base),
                )
            )
        return means

    def _base(self, number: int, column: int, table: Table) -> int:
        if self.question.base == "previous" and column:
            return table.get((number, column - 1), 0)
        return table.get((number, _ALL), 0)

    def _has_begun(self, number: int, column: int) -> bool:
        first = self.columns[column][0]
        if self.question.offsets == "calendar":
            return self.borders_ms[number + first] < self.now_ms
        earliest_ms = max(self.borders_ms[number], self.scope.since_ms)
        return earliest_ms + first * _UNITS_MS[self.question.unit] < self.now_ms

    def _is_finished(self, number: int, column: int) -> bool:
        last = self.columns[column][1]
        if self.question.offsets == "calendar":
            return self.borders_ms[number + last + 1] <= self.now_ms
        latest_ms = min(self.borders_ms[number + 1], self.scope.until_ms)
        return latest_ms + (last + 1) * _UNITS_MS[self.question.unit] <= self.now_ms


def _plan(question: Retention, now: datetime) -> _Plan:
    columns = _columns(question)
    scope = scope_of(question, now=now)
    now_ms = to_ms(now)
    until_ms = max(min(scope.until_ms, now_ms), scope.since_ms + 1)
    periods = periods_of(question.unit, since_ms=scope.since_ms, until_ms=until_ms, zone=scope.zone)
    if len(periods.starts_ms) > COHORTS_MAX:
        raise QueryError(
            f"that time has more than {COHORTS_MAX} cohorts of one {question.unit}; ask for a "
            "longer unit or a shorter time"
        )
    last = max(column[1] for column in columns)
    later = periods_of(
        question.unit,
        since_ms=scope.since_ms,
        until_ms=periods.end_ms + (last + 2) * _LONGEST_MS[question.unit],
        zone=scope.zone,
    )
    seen_ms = now_ms
    if question.returned != "on_or_after":
        seen_ms = min(now_ms, periods.end_ms + (last + 1) * _LONGEST_MS[question.unit])
    return _Plan(
        question=question,
        scope=scope,
        now_ms=now_ms,
        seen_ms=seen_ms,
        periods=periods,
        borders_ms=[*later.starts_ms, later.end_ms],
        columns=columns,
        starts_sql=_starts_sql(question, scope, periods, until_ms=until_ms, seen_ms=seen_ms),
        places_sql=_places_sql(question, columns),
    )


def _columns(question: Retention) -> list[tuple[int, int]]:
    if question.returned != "brackets":
        if question.brackets:
            raise QueryError("brackets are given, so returned must be 'brackets'")
        return [(number, number) for number in range(question.columns)]
    if not question.brackets:
        raise QueryError('returned is \'brackets\'; say which, such as [{"first": 1, "last": 3}]')
    for bracket in question.brackets:
        if bracket.first > bracket.last:
            raise QueryError(
                f"a bracket goes from {bracket.first} to {bracket.last}; first must not be later"
            )
    return [(bracket.first, bracket.last) for bracket in question.brackets]


def _starts_sql(
    question: Retention, scope: Scope, periods: Periods, *, until_ms: int, seen_ms: int
) -> str:
    """Return SQL for one row per actor who started.

    Starts before the time asked for are in the period -1; who has one started for the first time
    then, and is in no cohort.
    """
    binder = scope.binder
    since, until, seen = map(binder.instant, (scope.since_ms, until_ms, seen_ms))
    is_first = question.starts == "first"
    is_start = f"{scope.matches(question.start)} AND timestamp < {until}"
    if not is_first:
        is_start += f" AND timestamp >= {since}"
    is_return = f"{scope.matches(question.returns)} AND timestamp >= {since} AND timestamp < {seen}"
    number = f"if(timestamp < {since}, -1, {periods.number_sql(binder)})"
    is_rolling = question.offsets == "rolling"
    columns = [
        f"{scope.actor} AS who",
        f"{number} AS period",
        f"{INSTANT} AS ms",
        f"({is_start}) AS is_start",
        f"({is_return}) AS is_return",
    ]
    value = "''"
    if question.by is not None:
        given = value_sql(question.by, binder, scope.notes)
        columns += [f"if(is_start, {given}, '') AS given", f"{ORDER} AS place"]
        value = "argMinIf(given, place, is_start)"
    events = (
        f"SELECT {', '.join(columns)} FROM {TABLE} "
        f"WHERE (is_start OR is_return) AND {scope.condition} AND who != 0"
    )
    by_period = (
        "SELECT who, period, max(is_start) AS has_start, minIf(ms, is_start) AS start_ms, "
        f"{value} AS start_value, "
        f"{'groupArrayIf(ms, is_return)' if is_rolling else 'max(is_return)'} AS returned "
        f"FROM ({events}) GROUP BY who, period"
    )
    found = "groupArrayIf((period, start_ms, start_value), has_start)"
    if is_first:
        found = f"arraySlice(arraySort({found}), 1, 1)"
    returns = "groupArrayArray(returned)" if is_rolling else "groupArrayIf(period, returned)"
    return (
        f"SELECT who, arrayFilter(s -> s.1 >= 0, {found}) AS starts, {returns} AS returns "
        f"FROM ({by_period}) GROUP BY who HAVING notEmpty(starts)"
    )


def _places_sql(question: Retention, columns: Sequence[tuple[int, int]]) -> str:
    """Return SQL for the columns, from 0, that a start `s` with its `returns` is in."""
    last = max(column[1] for column in columns)
    if question.offsets == "calendar":
        # Who started is there in the period of the start, whether or not the start is a return.
        later = "arrayFilter(k -> k > 0, arrayMap(r -> toInt64(r - s.1), returns))"
        offsets = f"arrayConcat([toInt64(0)], {later})"
    else:
        since = "arrayFilter(r -> r >= s.2, returns)"
        offsets = f"arrayMap(r -> toInt64(intDiv(r - s.2, {_UNITS_MS[question.unit]})), {since})"
    if question.returned == "on_or_after":
        furthest = f"least(arrayMax(arrayPushBack({offsets}, -1)), {last})"
        return f"range(toUInt32({furthest} + 1))"
    if question.returned == "on":
        return f"arrayDistinct(arrayFilter(k -> k <= {last}, {offsets}))"
    firsts, lasts = zip(*columns, strict=True)
    within = f"arrayExists(k -> k BETWEEN first AND last, arrayDistinct({offsets}))"
    return (
        f"arrayFilter((j, first, last) -> {within}, range({len(columns)}), {list(firsts)}, "
        f"{list(lasts)})"
    )


def _top(runner: Runner, client: Client, plan: _Plan) -> list[str]:
    """Return the values that most starts have."""
    sql = (
        f"SELECT arrayJoin(starts).3 AS value, count() AS n FROM ({plan.starts_sql}) "
        f"GROUP BY value ORDER BY n DESC, value LIMIT {plan.question.values_max}"
    )
    rows = runner.rows(client, sql, plan.scope.binder.parameters)
    return [str(value) for value, _ in rows]


def _tables(
    runner: Runner, client: Client, plan: _Plan, top: Sequence[str]
) -> list[Counter[tuple[int, int]]]:
    """Return one table for each of the top values, and one for the rest."""
    place = place_sql("s.3", top, plan.scope.binder)
    sql = (
        f"SELECT {place} AS place, s.1 AS cohort, "
        f"arrayJoin(arrayConcat([toInt64({_ALL})], arrayMap(k -> toInt64(k), {plan.places_sql}))) "
        f"AS k, count() FROM ({plan.starts_sql}) ARRAY JOIN starts AS s GROUP BY place, cohort, k"
    )
    tables: list[Counter[tuple[int, int]]] = [Counter() for _ in range(len(top) + 1)]
    for at, cohort, column, people in runner.rows(
        client, sql, plan.scope.binder.parameters, max_result_rows=_ROWS_MAX
    ):
        tables[int(at)][int(cohort), int(column)] = int(people)
    return tables


def _share(people: int, base: int) -> float | None:
    return people / base if base else None


def _definition(question: Retention) -> str:
    unit = question.unit
    who = {"person": "People", "group": "Groups", "device": "Devices"}[question.actor]
    first = "for the first time ever" if question.starts == "first" else f"in each {unit}"
    if question.offsets == "calendar":
        when = f"{unit} 0 is the calendar {unit} of the start in {question.zone}, always 100 %"
    else:
        length = {"hour": "an hour", "day": "24 hours", "week": "7 days", "month": "30 days"}[unit]
        when = f"{unit} 0 is {length} from each one's own start, which may itself be the return"
    back = {
        "on": f"came back in exactly that {unit}",
        "on_or_after": f"came back in that {unit} or later",
        "brackets": f"came back in any {unit} of the bracket",
    }[question.returned]
    base = "the cohort" if question.base == "cohort" else "those of the column before"
    mean = "weighted by the cohorts' sizes" if question.mean == "weighted" else "of the shares"
    by = f" The value of {question.by} is that at the start." if question.by else ""
    return (
        f"{who} who did {question.start.name} {first} and then {question.returns.name}: {when}; "
        f"a cell has those who {back}, as a share of {base}. The mean row, {mean}, has only cells "
        f"whose time is over.{by}"
    )
