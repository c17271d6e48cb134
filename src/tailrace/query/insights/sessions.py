"""Sessions: how many there were, how long, with how many pages, and how many ended at once."""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import UNSET, Meta, UnsetType

from tailrace.errors import QueryError
from tailrace.query.insights.asking import Question, Scope, scope_of
from tailrace.query.insights.behind import PeopleLimit, PeopleResult, people_of
from tailrace.query.insights.breakdowns import OTHER, ValuesMax, place_sql, shown
from tailrace.query.insights.periods import Periods, periods_of
from tailrace.query.insights.visits import (
    NUMBER_COLUMNS,
    GapMinutes,
    SessionField,
    by_event_sql,
    sessions_sql,
)
from tailrace.query.running import Runner
from tailrace.query.times import from_ms, to_ms

_ROWS_MAX: Final = 200_000
_NO_VALUE: Final = "''"

SessionBreakdown = Literal[
    "entry_page", "exit_page", "source", "medium", "campaign", "channel", "device"
]


class Sessions(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask about the sessions that begin between since and until.

    `bounce` is a session of `one_event`, or of at most `one_page`.
    """

    interval: Literal["hour", "day", "week", "month"] = "day"
    gap_minutes: GapMinutes = 30
    session_field: SessionField | None = None
    bounce: Literal["one_event", "one_page"] = "one_event"
    by: SessionBreakdown | None = None
    values_max: ValuesMax = 10


class SessionsPeople(Sessions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who began a session in the interval that starts `at`, or in all of the time."""

    at: datetime | None = None
    value: Annotated[str, Meta(max_length=10_000)] | None = None
    limit: PeopleLimit = 100


class SessionTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions in figures; a mean, a median or a rate of no session is null."""

    sessions: int
    people: int
    duration_s_mean: float | None
    duration_s_median: float | None
    bounces: int
    bounce_rate: float | None
    pages_per_session: float | None
    events_per_session: float | None


class SessionBucket(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions that began in the interval from `at` on."""

    at: datetime
    is_finished: bool
    totals: SessionTotals


class SessionValue(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions that have a value."""

    value: str
    totals: SessionTotals
    buckets: list[SessionBucket]


class SessionsResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every interval, also an empty one; people of all intervals are counted once in `totals`."""

    totals: SessionTotals
    buckets: list[SessionBucket]
    values: list[SessionValue] | UnsetType = UNSET
    definition: str
    took_ms: float
    notes: list[str]


def sessions(runner: Runner, question: Sessions, *, now: datetime) -> SessionsResult:
    """Return figures of the sessions, over time and in all.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = _periods(question, scope)
    with runner.turn() as client:
        found, top = _figures(runner, client, question, scope, periods)
    values: list[SessionValue] | UnsetType = UNSET
    if question.by is not None:
        values = [
            SessionValue(
                value=value,
                totals=found.get((None, place), _NOTHING),
                buckets=_buckets(found, place, question, periods, now),
            )
            for place, value in enumerate(map(shown, top))
        ]
        if (None, question.values_max) in found:
            place = question.values_max
            values.append(
                SessionValue(
                    value=OTHER,
                    totals=found[None, place],
                    buckets=_buckets(found, place, question, periods, now),
                )
            )
    return SessionsResult(
        totals=found.get((None, None), _NOTHING),
        buckets=_buckets(found, None, question, periods, now),
        values=values,
        definition=_definition(question),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def sessions_people(runner: Runner, question: SessionsPeople, *, now: datetime) -> PeopleResult:
    """Return who had the sessions of a bar, with the start of their first one.

    Raises:
        QueryError: the question is not valid, or there is no such bar.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = _periods(question, scope)
    since_ms, until_ms = scope.since_ms, scope.until_ms
    if question.at is not None:
        at_ms = to_ms(question.at) if question.at.tzinfo else None
        if at_ms not in periods.starts_ms:
            raise QueryError(
                f"at is {question.at.isoformat()}; expected the start of an interval of this "
                "question"
            )
        ends_ms = [*periods.starts_ms[1:], periods.end_ms]
        number = periods.starts_ms.index(at_ms)
        since_ms = max(since_ms, periods.starts_ms[number])
        until_ms = min(until_ms, ends_ms[number])
    with runner.turn() as client:
        condition = "1"
        if question.by is not None and question.value is not None:
            top = _top(runner, client, question, scope)
            names = [*map(shown, top), OTHER]
            if question.value not in names:
                raise QueryError(
                    f"value is '{question.value[:100]}'; expected one of the values of the answer"
                )
            place = place_sql(question.by, top, scope.binder)
            condition = f"{place} = {names.index(question.value)}"
        beneath = _sessions_sql(question, scope, since_ms=since_ms, until_ms=until_ms)
        sql = (
            f"SELECT who, min(start_ms) AS at, count() OVER () FROM ({beneath}) WHERE {condition} "
            f"GROUP BY who ORDER BY at, who LIMIT {question.limit}"
        )
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


Found = Mapping[tuple[int | None, int | None], SessionTotals]
"""Figures by the number of the interval and the place of the value; None is all of them."""

_NOTHING: Final = SessionTotals(
    sessions=0,
    people=0,
    duration_s_mean=None,
    duration_s_median=None,
    bounces=0,
    bounce_rate=None,
    pages_per_session=None,
    events_per_session=None,
)


def _periods(question: Sessions, scope: Scope) -> Periods:
    return periods_of(
        question.interval, since_ms=scope.since_ms, until_ms=scope.until_ms, zone=scope.zone
    )


def _sessions_sql(question: Sessions, scope: Scope, *, since_ms: int, until_ms: int) -> str:
    if question.by is None:
        return sessions_sql(
            scope,
            gap_minutes=question.gap_minutes,
            session_field=question.session_field,
            columns=NUMBER_COLUMNS,
            since_ms=since_ms,
            until_ms=until_ms,
        )
    return by_event_sql(
        scope,
        question.by,
        gap_minutes=question.gap_minutes,
        session_field=question.session_field,
        since_ms=since_ms,
        until_ms=until_ms,
    )


def _top(runner: Runner, client: Client, question: Sessions, scope: Scope) -> list[str]:
    """Return the values that most sessions have."""
    beneath = _sessions_sql(question, scope, since_ms=scope.since_ms, until_ms=scope.until_ms)
    sql = (
        f"SELECT {question.by} AS value, count() AS n FROM ({beneath}) "
        f"GROUP BY value ORDER BY n DESC, value LIMIT {question.values_max}"
    )
    return [str(value) for value, _ in runner.rows(client, sql, scope.binder.parameters)]


def _figures(
    runner: Runner, client: Client, question: Sessions, scope: Scope, periods: Periods
) -> tuple[Found, list[str]]:
    """Return the figures, and the values that most sessions have."""
    beneath = _sessions_sql(question, scope, since_ms=scope.since_ms, until_ms=scope.until_ms)
    number = periods.number_sql(scope.binder, "fromUnixTimestamp64Milli(start_ms, 'UTC')")
    bounce = "events = 1" if question.bounce == "one_event" else "pages <= 1"
    by_value = (
        f"SELECT {question.by or _NO_VALUE} AS value, {number} AS at, count() AS n, "
        "uniqExactState(who) AS people, sum(end_ms - start_ms) AS duration_ms, "
        "quantileExactInclusiveState(0.5)(end_ms - start_ms) AS median_ms, "
        f"countIf({bounce}) AS bounces, sum(pages) AS pages_in, sum(events) AS events_in "
        f"FROM ({beneath}) GROUP BY value, at"
    )
    weighed = f"SELECT *, sum(n) OVER (PARTITION BY value) AS of_value FROM ({by_value})"
    placed = (
        "SELECT *, least(dense_rank() OVER (ORDER BY of_value DESC, value), "
        f"{question.values_max + 1}) - 1 AS place FROM ({weighed})"
    )
    sets = "(at), ()" if question.by is None else "(at, place), (at), (place), ()"
    grouped = "0, 1" if question.by is None else "place, grouping(place)"
    sql = (
        f"SELECT at, grouping(at), {grouped}, any(value), sum(n) AS sessions, "
        "uniqExactMerge(people), sum(duration_ms), quantileExactInclusiveMerge(0.5)(median_ms), "
        "sum(bounces), sum(pages_in), sum(events_in) "
        f"FROM ({placed}) GROUP BY GROUPING SETS ({sets}) HAVING sessions > 0"
    )
    found: dict[tuple[int | None, int | None], SessionTotals] = {}
    names: dict[int, str] = {}
    for at, all_times, place, all_values, value, *figures in runner.rows(
        client, sql, scope.binder.parameters, max_result_rows=_ROWS_MAX
    ):
        if not all_values and int(place) < question.values_max:
            names[int(place)] = str(value)
        key = (None if all_times else int(at), None if all_values else int(place))
        found[key] = _totals(figures)
    return found, [names[place] for place in sorted(names)]


def _totals(figures: Sequence[Any]) -> SessionTotals:
    count, people, duration_ms, median_ms, bounces, pages, events = figures
    number = int(count)
    median = float(median_ms)
    return SessionTotals(
        sessions=number,
        people=int(people),
        duration_s_mean=int(duration_ms) / number / 1000,
        duration_s_median=None if math.isnan(median) else median / 1000,
        bounces=int(bounces),
        bounce_rate=int(bounces) / number,
        pages_per_session=int(pages) / number,
        events_per_session=int(events) / number,
    )


def _buckets(
    found: Found, place: int | None, question: Sessions, periods: Periods, now: datetime
) -> list[SessionBucket]:
    ends_ms = [*periods.starts_ms[1:], periods.end_ms]
    # A session that began at the very end may go on for a while.
    over_ms = to_ms(now) - question.gap_minutes * 60_000
    return [
        SessionBucket(
            at=from_ms(start_ms).astimezone(periods.zone),
            is_finished=end_ms <= over_ms,
            totals=found.get((number, place), _NOTHING),
        )
        for number, (start_ms, end_ms) in enumerate(zip(periods.starts_ms, ends_ms, strict=True))
    ]


def _definition(question: Sessions) -> str:
    who = {"person": "person", "group": "group", "device": "device"}[question.actor]
    own = (
        f" Events with a value of {question.session_field} are a session by that value."
        if question.session_field
        else ""
    )
    bounce = "one event" if question.bounce == "one_event" else "at most one page view"
    by = ""
    if question.by in ("entry_page", "exit_page"):
        by = f" The {question.by.replace('_', ' ')} is that of the session's page views."
    elif question.by is not None:
        by = f" The {question.by} is that of the session's first event."
    return (
        f"Events of one {who} without a break of more than {question.gap_minutes} minutes are a "
        f"session, cut 24 hours after its first event; it counts where it begins, and lasts from "
        f"its first to its last event. A bounce is a session of {bounce}.{own}{by}"
    )
