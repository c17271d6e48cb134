"""Attribution: which visits conversions are owed to, by where the visits came from."""

import time
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, field

from tailrace.errors import QueryError
from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Events, Question, Scope, scope_of
from tailrace.query.insights.behind import PeopleLimit, PeopleResult, people_of
from tailrace.query.insights.breakdowns import OTHER, FieldName, shown, value_sql
from tailrace.query.insights.channels import DIRECT, DIRECT_TOUCH, TOUCH, TOUCH_INPUTS, touch_sql
from tailrace.query.insights.visits import CAP_MS, GapMinutes, cuts_sql
from tailrace.query.rows import POSITION
from tailrace.query.running import Runner
from tailrace.query.text import NUMBER_PATTERN

DAY_MS: Final = 86_400_000

Model = Literal["first", "last", "last_non_direct", "linear", "time_decay", "position"]
Dimension = Literal["source", "medium", "campaign", "channel"]
_SEPARATOR: Final = r"'\x1f'"
_KEY: Final = f"splitByChar({_SEPARATOR}, toString(text))"
_PARTS: Final = {
    "source": TOUCH.source,
    "medium": TOUCH.medium,
    "campaign": TOUCH.campaign,
    "channel": TOUCH.channel,
}


class Attribution(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask what brought the conversions between since and until.

    `touches` are where each `session` came from, or also each later `event` that says something
    else. `value` is a field of the conversion with a number, such as `properties.revenue`.
    """

    conversion: Events
    value: FieldName | None = None
    model: Model = "last_non_direct"
    touches: Literal["session", "event"] = "session"
    look_back_days: Annotated[int, Meta(ge=1, le=365)] = 30
    half_life_days: Annotated[float, Meta(ge=0.5, le=365)] = 7.0
    gap_minutes: GapMinutes = 30
    by: Annotated[list[Dimension], Meta(min_length=1, max_length=4)] = field(
        default_factory=lambda: ["channel"]
    )
    rows_max: Annotated[int, Meta(ge=1, le=500)] = 50


class AttributionPeople(Attribution, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who converted thanks to the touches of one row; `row` is its `values`."""

    row: Annotated[list[Annotated[str, Meta(max_length=10_000)]], Meta(min_length=1, max_length=4)]
    limit: PeopleLimit = 100


class AttributionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed to touches with these values, in the order of `by`.

    `people` converted thanks to at least one of them; one person may be in several rows.
    """

    values: list[str]
    conversions: float
    share: float
    value: float | None
    people: int


class AttributionResult(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, the one with most conversions first; together they are all conversions.

    What is beyond `rows_max` is one row, whose values are `Other`.
    """

    rows: list[AttributionRow]
    conversions: int
    value: float | None
    people: int
    definition: str
    took_ms: float
    notes: list[str]


def attribution(runner: Runner, question: Attribution, *, now: datetime) -> AttributionResult:
    """Return what conversions are owed to.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    _check(question)
    scope = scope_of(question, now=now)
    by_key = (
        f"SELECT {_KEY} AS key, sum(weight) AS credit, sum(weight * worth) AS earned, "
        "sum(weight * is_skipped) AS skipped, uniqExactState(who) AS converted "
        f"FROM ({_credits_sql(question, scope)}) GROUP BY text"
    )
    placed = (
        "SELECT *, if(row_number() OVER (ORDER BY credit DESC, key) <= "
        f"{question.rows_max}, key, []) AS shown FROM ({by_key})"
    )
    sql = (
        "SELECT grouping(shown), shown, sum(credit) AS credits, sum(earned), sum(skipped), "
        f"uniqExactMerge(converted) FROM ({placed}) GROUP BY GROUPING SETS ((shown), ()) "
        "HAVING credits > 0 ORDER BY empty(shown), credits DESC, shown"
    )
    with runner.turn() as client:
        found = runner.rows(
            client, sql, scope.binder.parameters, max_result_rows=question.rows_max + 2
        )
    has_value = question.value is not None
    conversions, value, people, skipped = 0, 0.0, 0, 0
    rows = []
    for is_total, _, credit, earned, unread, converted in found:
        if is_total:
            conversions, value = round(float(credit)), float(earned)
            people, skipped = int(converted), round(float(unread))
    for is_total, key, credit, earned, _, converted in found:
        if not is_total:
            rows.append(
                AttributionRow(
                    values=[*map(shown, map(str, key))] or [OTHER] * len(question.by),
                    conversions=float(credit),
                    share=float(credit) / conversions,
                    value=float(earned) if has_value else None,
                    people=int(converted),
                )
            )
    notes = list(scope.notes)
    if has_value and skipped:
        notes.append(f"{skipped} conversions have no number in {question.value} and count as 0.")
    return AttributionResult(
        rows=rows,
        conversions=conversions,
        value=value if has_value else None,
        people=people,
        definition=_definition(question),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=notes,
    )


def attribution_people(
    runner: Runner, question: AttributionPeople, *, now: datetime
) -> PeopleResult:
    """Return who converted thanks to a row's touches, with their first such conversion.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    _check(question)
    if len(question.row) != len(question.by):
        raise QueryError(
            f"row has {len(question.row)} values; expected one for each of {question.by}"
        )
    scope = scope_of(question, now=now)
    # A value that is not there is shown as `(none)`.
    keys = " AND ".join(
        f"if(key[{place}] = '', {scope.binder.text(shown(''))}, key[{place}]) = "
        f"{scope.binder.text(value)}"
        for place, value in enumerate(question.row, start=1)
    )
    sql = (
        "SELECT who, min(converted_ms) AS at, count() OVER () "
        f"FROM (SELECT *, {_KEY} AS key FROM ({_credits_sql(question, scope)})) "
        f"WHERE {keys} AND weight > 0 "
        f"GROUP BY who ORDER BY at, who LIMIT {question.limit}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=question.limit)
        people = people_of(
            runner,
            client,
            scope,
            {int(who): int(at) for who, at, _ in rows},
        )
    return PeopleResult(
        people=people,
        total=int(rows[0][2]) if rows else 0,
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def _check(question: Attribution) -> None:
    if len(set(question.by)) < len(question.by):
        raise QueryError(f"by is {question.by}; each may be named once")


def _credits_sql(question: Attribution, scope: Scope) -> str:
    """Return SQL for the credits: who, text (see `_KEY`), weight, the conversion's time and worth.

    The weights of a conversion are 1 in all.
    """
    beneath = _actors_sql(question, scope)
    look_back_ms = question.look_back_days * DAY_MS
    near = (
        f"arrayFilter(t -> t.1 <= conversion.1 AND t.1 >= conversion.1 - {look_back_ms}, touches)"
    )
    eligible = (
        f"SELECT who, conversion, {near} AS near FROM ({beneath}) "
        "ARRAY JOIN conversions AS conversion"
    )
    named = "arrayFilter(t -> NOT t.2, near)"
    pool = f"if(notEmpty({named}), {named}, near)"
    chosen = {
        "first": "arraySlice(near, 1, 1)",
        "last": "arraySlice(near, -1, 1)",
        "last_non_direct": f"arraySlice({pool}, -1, 1)",
    }.get(question.model, pool)
    half_life_ms = question.half_life_days * DAY_MS
    weights = {
        "linear": "arrayMap(t -> 1., chosen)",
        "time_decay": f"arrayMap(t -> exp2(-(conversion.1 - t.1) / {half_life_ms!r}), chosen)",
        "position": (
            "arrayMap(i -> multiIf(length(chosen) <= 2, 1., i = 1 OR i = length(chosen), 0.4, "
            "0.2 / (length(chosen) - 2)), arrayEnumerate(chosen))"
        ),
    }.get(question.model, "arrayMap(t -> 1., chosen)")
    weighed = (
        f"SELECT who, conversion, {chosen} AS chosen, {weights} AS weights, "
        f"arraySum(weights) AS whole FROM ({eligible})"
    )
    return (
        f"SELECT who, touch.3 AS text, weight / whole AS weight, conversion.1 AS converted_ms, "
        "conversion.2 AS worth, conversion.3 AS is_skipped "
        f"FROM ({weighed}) ARRAY JOIN chosen AS touch, weights AS weight"
    )


def _actors_sql(question: Attribution, scope: Scope) -> str:
    """Return SQL for each actor who converted: `conversions` and `touches`, in order.

    A conversion is (instant, worth, whether it has no number), a touch (instant, whether it is
    direct, the values of `by` as one text). Of most events only the times are looked at, to see
    which ones begin a session.
    """
    binder = scope.binder
    converted = (
        f"SELECT {scope.actor} FROM {TABLE} WHERE {scope.matches(question.conversion)} "
        f"AND {scope.within()} AND {scope.actor} != 0"
    )
    before_ms = question.look_back_days * DAY_MS + CAP_MS
    within = f"{scope.within(since_ms=scope.since_ms - before_ms)} AND who IN ({converted})"
    places = ", ".join(POSITION)
    timed = (
        f"SELECT {scope.actor} AS who, arraySort(groupArray(({INSTANT}, {places}))) AS sorted, "
        f"arrayMap(e -> e.1, sorted) AS times, "
        f"{cuts_sql('times', question.gap_minutes * 60_000)} AS cuts "
        f"FROM {TABLE} WHERE {within} GROUP BY who"
    )
    starts = (
        "SELECT place.2 AS in_partition, place.3 AS in_offset, place.4 AS in_index, "
        f"toUInt8(1) AS begins FROM ({timed}) "
        "ARRAY JOIN arrayFilter((e, c) -> c, sorted, cuts) AS place"
    )
    worth = "''"
    if question.value is not None:
        worth = f"if(is_conversion, {value_sql(question.value, binder, scope.notes)}, '')"
    since = binder.instant(scope.since_ms)
    events = (
        f"SELECT {scope.actor} AS who, {INSTANT} AS ms, {places}, "
        f"toUInt8({scope.matches(question.conversion)} AND timestamp >= {since}) AS is_conversion, "
        f"{worth} AS worth, {TOUCH_INPUTS} FROM {TABLE} WHERE {within}"
    )
    at_start = (
        "e.raw_partition = s.in_partition AND e.raw_offset = s.in_offset "
        "AND e.raw_index = s.in_index"
    )
    if question.touches == "session":
        touch = f"if(begins, {touch_sql(binder)}, {DIRECT_TOUCH})"
        needed = "begins OR is_conversion"
        told = "e.5"
    else:
        touch = touch_sql(binder)
        needed = f"begins OR is_conversion OR touch.{TOUCH.channel} != '{DIRECT}'"
        told = f"e.5 OR e.8.{TOUCH.channel} != '{DIRECT}'"
    rows = (
        f"SELECT who, {touch} AS touch, "
        f"(ms, {places}, begins, is_conversion, worth, touch) AS part "
        f"FROM ({events}) AS e LEFT JOIN ({starts}) AS s ON {at_start} WHERE {needed}"
    )
    # One that says the same as the touch before it, in the same session, is no touch.
    # The one before comes from an array of its own: an array that a lambda only refers to is
    # copied for each element.
    before = "arrayPushFront(arrayPopBack(arrayMap(e -> e.8, told)), ('', '', '', ''))"
    news = f"arrayFilter((e, said) -> e.5 OR said != e.8, told, {before})"
    key = ", ".join(f"e.8.{_PARTS[name]}" for name in question.by)
    # There are far more pairs of a conversion and a touch than different texts.
    text = f"toLowCardinality(concatWithSeparator({_SEPARATOR}, {key}))"
    touched = f"(e.1, e.8.{TOUCH.channel} = '{DIRECT}', {text})"
    is_number = f"match(e.7, {binder.text(NUMBER_PATTERN)})"
    number = f"if({is_number}, ifNotFinite(toFloat64OrZero(e.7), 0.), 0.)"
    return (
        "SELECT who, arraySort(groupArray(part)) AS sorted, "
        f"arrayFilter(e -> {told}, sorted) AS told, "
        f"arrayMap(e -> {touched}, {news}) AS touches, "
        f"arrayMap(e -> (e.1, {number}, NOT {is_number}), arrayFilter(e -> e.6, sorted)) "
        f"AS conversions FROM ({rows}) GROUP BY who"
    )


def _definition(question: Attribution) -> str:
    credit = {
        "first": "its first touch",
        "last": "its last touch",
        "last_non_direct": "its last touch that is not direct, or direct where there is no other",
        "linear": "all touches that are not direct in equal parts",
        "time_decay": "all touches that are not direct, each "
        f"{question.half_life_days:g} days earlier half as much",
        "position": "the first and the last touch that are not direct with 40 % each, those "
        "between with 20 % together",
    }[question.model]
    touch = "is where a session came from"
    if question.touches == "event":
        touch += ", or an event in it that says something else"
    return (
        f"Each {question.conversion.name} is owed to {credit}, of those in the "
        f"{question.look_back_days} days before it. A touch {touch}; a session ends with a break "
        f"of more than {question.gap_minutes} minutes."
    )
