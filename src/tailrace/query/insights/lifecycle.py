"""Lifecycle: who is new in an interval, who comes again, who is back, and who stays away."""

import time
from datetime import datetime
from typing import Final, Literal

import msgspec

from tailrace.errors import QueryError
from tailrace.query.asked import TABLE
from tailrace.query.insights.asking import Events, Question, Scope, scope_of
from tailrace.query.insights.behind import PeopleLimit, PeopleResult, people_of
from tailrace.query.insights.periods import Interval, Periods, periods_of
from tailrace.query.running import Runner
from tailrace.query.times import to_ms

State = Literal["new", "returning", "resurrecting", "dormant"]
STATES: Final[tuple[State, ...]] = ("new", "returning", "resurrecting", "dormant")
_ROWS_MAX: Final = 10_000


class Lifecycle(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how an audience renews itself: who does `events` in neighbouring intervals."""

    events: Events = Events()
    interval: Interval = "day"


class LifecyclePeople(Lifecycle, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who was in a state in the interval from `at` on."""

    at: datetime
    state: State
    limit: PeopleLimit = 100


class LifecycleBucket(msgspec.Struct, frozen=True, kw_only=True):
    """People of an interval: `new`, `returning` and `resurrecting` ones are all who were there.

    Those who are `dormant` were there in the interval before and are not in this one.
    """

    at: datetime
    is_complete: bool
    new: int
    returning: int
    resurrecting: int
    dormant: int


class LifecycleResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every interval, empty ones too; the first is counted from its beginning on."""

    interval: Interval
    buckets: list[LifecycleBucket]
    definition: str
    took_ms: float
    notes: list[str]


def lifecycle(runner: Runner, question: Lifecycle, *, now: datetime) -> LifecycleResult:
    """Return how many people were in each state in each interval.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = _periods(question, scope)
    sql = (
        f"SELECT part.1 AS n, part.2 AS state, count() FROM ({_states(question, scope, periods)}) "
        "ARRAY JOIN parts AS part GROUP BY n, state"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters, max_result_rows=_ROWS_MAX)
    counts = {(int(n), STATES[int(state)]): int(people) for n, state, people in rows}
    ends = (*periods.starts_ms[1:], periods.end_ms)
    until_ms = min(scope.until_ms, to_ms(now))
    buckets = [
        LifecycleBucket(
            at=at,
            is_complete=end_ms <= until_ms,
            new=counts.get((n, "new"), 0),
            returning=counts.get((n, "returning"), 0),
            resurrecting=counts.get((n, "resurrecting"), 0),
            dormant=counts.get((n, "dormant"), 0),
        )
        for n, (at, end_ms) in enumerate(zip(periods.starts(), ends, strict=True))
    ]
    who = {"person": "people", "group": "groups", "device": "devices"}[question.actor]
    unit = question.interval
    return LifecycleResult(
        interval=unit,
        buckets=buckets,
        definition=f"Of the {who} who did {question.events.name}: new are those who never did it "
        f"before that {unit} of {question.zone}, returning those who also did it in the {unit} "
        f"before, resurrecting those who did it earlier, but not in the {unit} before; dormant are "
        f"those who did it in the {unit} before and not in that one.",
        took_ms=_ms_since(started),
        notes=scope.notes,
    )


def lifecycle_people(runner: Runner, question: LifecyclePeople, *, now: datetime) -> PeopleResult:
    """Return the people in a state in one interval, those who ever came first before others.

    Raises:
        QueryError: the question is not valid, or there is no such interval.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    scope = scope_of(question, now=now)
    periods = _periods(question, scope)
    at_ms = to_ms(question.at) if question.at.tzinfo else None
    if at_ms not in periods.starts_ms:
        raise QueryError(
            f"at is {question.at.isoformat()}; expected the start of an interval of this question"
        )
    part = f"({periods.starts_ms.index(at_ms)}, {STATES.index(question.state)})"
    sql = (
        f"SELECT who, first_ms, count() OVER () FROM ({_states(question, scope, periods)}) "
        f"WHERE arrayExists(p -> p = {part}, parts) "
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


def _periods(question: Lifecycle, scope: Scope) -> Periods:
    return periods_of(
        question.interval, since_ms=scope.since_ms, until_ms=scope.until_ms, zone=scope.zone
    )


def _states(question: Lifecycle, scope: Scope, periods: Periods) -> str:
    """Return SQL for each actor with `parts`: pairs of an interval's number and a state's.

    An actor's `ns` are the intervals with something of theirs, -1 the one before the first, and -2
    any time before that.
    """
    binder = scope.binder
    first_ms, size = periods.starts_ms[0], len(periods.starts_ms)
    # The interval that ends where the first one begins.
    before = periods_of(
        question.interval, since_ms=first_ms - 1, until_ms=first_ms, zone=scope.zone
    )
    number = (
        f"multiIf(timestamp >= {binder.instant(first_ms)}, {periods.number_sql(binder)}, "
        f"timestamp >= {binder.instant(before.starts_ms[0])}, -1, -2)"
    )
    new, returning, resurrecting, dormant = range(len(STATES))
    is_new, is_returning = "n = ns[1]", "ns[i - 1] = n - 1"
    state = f"multiIf({is_new}, {new}, {is_returning}, {returning}, {resurrecting})"
    active = f"arrayFilter(p -> p.1 >= 0, arrayMap((n, i) -> (n, {state}), ns, arrayEnumerate(ns)))"
    gone = (
        f"arrayMap(n -> (n + 1, {dormant}), arrayFilter(n -> n >= -1 AND n + 1 < {size} "
        "AND NOT has(ns, n + 1), ns))"
    )
    return (
        f"SELECT who, first_ms, arrayConcat({active}, {gone}) AS parts FROM "
        f"(SELECT {scope.actor} AS who, arraySort(groupUniqArray(toInt32({number}))) AS ns, "
        f"toUnixTimestamp64Milli(min(timestamp)) AS first_ms FROM {TABLE} "
        f"WHERE timestamp < {binder.instant(scope.until_ms)} AND {scope.condition} "
        f"AND {scope.matches(question.events)} AND who != 0 GROUP BY who)"
    )


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
