"""What people see of how deliveries stand, read from the files beside who delivers."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

import msgspec

from tailrace.deliver import state
from tailrace.deliver.backlog import Refined, unended_events
from tailrace.deliver.numbers import DeliveryPace, pace_of
from tailrace.deliver.state import ENDED_EARLY, Totals, looking, plus
from tailrace.errors import LimitError, TransientError
from tailrace.log import Extent

REASONS_MAX: Final = 100
LOOK_S_MAX: Final = 5.0
_PROGRESS_STEPS: Final = 10_000

DeliveryWord = Literal[
    "running", "down", "suspended", "draining", "drained", "disabled", "starting"
]
STATES: Final[tuple[DeliveryWord, ...]] = get_args(DeliveryWord)
_NOTHING: Final = Totals(0, 0, 0, 0)


class SubscriptionTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events at one subscription, in events since it began."""

    slug: str
    name: str
    delivered: int
    filtered: int
    dead_letters: int
    discarded: int
    waiting: int


class DeliveryReason(msgspec.Struct, frozen=True, kw_only=True):
    """How many events a subscription did not deliver for one reason."""

    subscription: str
    outcome: str
    reason: str
    events: int


class DeliveryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries to a destination stand."""

    state: DeliveryWord
    problem: str
    in_flight: int
    oldest_at: datetime | None
    worked_at: datetime | None
    behind_records: int
    pace: DeliveryPace | None
    subscriptions: list[SubscriptionTotals]
    reasons: list[DeliveryReason]


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries to a destination stand, in what costs little to ask of many at once.

    `backlog_events` is null while who delivers has told nothing; `behind_records` are known then.
    """

    state: DeliveryWord
    problem: str
    oldest_at: datetime | None
    worked_at: datetime | None
    behind_records: int
    backlog_events: int | None
    events_per_s_60s: float
    waiting: int
    dead_letters: int


class Gauges(NamedTuple):
    """How a destination stands, in what costs little to ask; `oldest_at` is since 1970."""

    state: DeliveryWord
    behind_records: int
    oldest_at: float | None
    waiting: int
    dead_letters: int
    pace: DeliveryPace | None = None


def status(
    path: Path,
    *,
    is_enabled: bool,
    version: int,
    names: Mapping[str, str],
    extents: Callable[[], Mapping[int, Extent]],
    refined: Refined,
) -> DeliveryStatus:
    """Return how a destination stands by its file.

    `version` is that of the destination as it is set up now, `names` what its subscriptions are
    called by their slugs, and `extents` tells where the partitions of the events log end.
    """
    totals: Mapping[str, Totals] = {}
    reasons: list[state.Reason] = []
    facts: Mapping[str, object] = {}
    behind, parked_at, unended = 0, None, None
    if path.exists():
        with reading(path) as connection:
            # In this order nothing is seen twice that is committed meanwhile.
            totals = state.totals(connection)
            facts = state.facts(connection)
            reasons = state.reasons(connection, limit=REASONS_MAX)
            positions = state.positions(connection)
            parked_at = _parked_at(connection)
            unended = _unended(connection, facts, refined)
        behind = behind_records(positions, extents())
    word, is_told = _state(facts, is_enabled=is_enabled, version=version)
    # A destination that was never looked at has subscriptions already, and one that was removed
    # still has its books.
    slugs = [*names, *sorted({*totals} - {*names})]
    if is_told:
        early = msgspec.convert(facts.get(ENDED_EARLY, {}), dict[str, dict[str, int]])
        totals = {slug: plus(totals.get(slug), early.get(slug, {})) for slug in slugs}
    return DeliveryStatus(
        state=word,
        problem=str(facts.get("problem", "")) if is_told and word != "running" else "",
        in_flight=msgspec.convert(facts.get("in_flight", 0), int) if is_told else 0,
        oldest_at=_oldest_at(facts.get("oldest_at") if is_told else None, parked_at),
        worked_at=_maybe_at(facts.get("worked_at")),
        behind_records=behind,
        pace=(
            pace_of(
                facts,
                behind_records=behind,
                waiting=sum(each.parked for each in totals.values()),
                unended=unended,
            )
            if is_told
            else None
        ),
        subscriptions=[
            _subscription(slug, names.get(slug, slug), totals.get(slug, _NOTHING)) for slug in slugs
        ],
        reasons=[DeliveryReason(**each._asdict()) for each in reasons],
    )


def gauges(
    path: Path,
    *,
    is_enabled: bool,
    version: int,
    extents: Mapping[int, Extent],
    refined: Refined,
) -> Gauges:
    """Return how a destination stands in numbers."""
    if not path.exists():
        return Gauges("starting" if is_enabled else "disabled", 0, None, 0, 0)
    with reading(path) as connection:
        facts = state.facts(connection)
        positions = state.positions(connection)
        [waiting] = connection.execute("SELECT count(*) FROM parked").fetchone()
        [dead] = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
        unended = _unended(connection, facts, refined)
    word, is_told = _state(facts, is_enabled=is_enabled, version=version)
    oldest_at = facts.get("oldest_at") if is_told else None
    behind = behind_records(positions, extents)
    return Gauges(
        word,
        behind,
        oldest_at if isinstance(oldest_at, int | float) else None,
        waiting,
        dead,
        pace_of(facts, behind_records=behind, waiting=waiting, unended=unended)
        if is_told
        else None,
    )


def summary(
    path: Path,
    *,
    is_enabled: bool,
    version: int,
    extents: Mapping[int, Extent],
    refined: Refined,
) -> DeliverySummary:
    """Return how a destination stands by its file, without its books.

    Raises:
        TailraceError: the file cannot be read.
    """
    facts: Mapping[str, object] = {}
    behind, waiting, dead, parked_at, unended = 0, 0, 0, None, None
    if path.exists():
        with reading(path) as connection:
            facts = state.facts(connection)
            positions = state.positions(connection)
            [waiting] = connection.execute("SELECT count(*) FROM parked").fetchone()
            [dead] = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
            parked_at = _parked_at(connection)
            unended = _unended(connection, facts, refined)
        behind = behind_records(positions, extents)
    word, is_told = _state(facts, is_enabled=is_enabled, version=version)
    pace = None
    if is_told:
        pace = pace_of(facts, behind_records=behind, waiting=waiting, unended=unended)
    return DeliverySummary(
        state=word,
        problem=str(facts.get("problem", "")) if is_told and word != "running" else "",
        oldest_at=_oldest_at(facts.get("oldest_at") if is_told else None, parked_at),
        worked_at=_maybe_at(facts.get("worked_at")),
        behind_records=behind,
        backlog_events=None if pace is None else pace.backlog_events,
        events_per_s_60s=0.0 if pace is None else pace.events_per_s_60s,
        waiting=waiting,
        dead_letters=dead,
    )


def _state(
    facts: Mapping[str, object], *, is_enabled: bool, version: int
) -> tuple[DeliveryWord, bool]:
    """Return the state, and whether who delivers has told it of this version."""
    if not is_enabled:
        return "disabled", False
    if facts.get("version") != version:
        return "starting", False
    return msgspec.convert(facts["state"], DeliveryWord), True


def behind_records(positions: Mapping[int, int], extents: Mapping[int, Extent]) -> int:
    """Return how many records of the events log lie beyond the positions."""
    return sum(
        max(0, extent.next - max(positions.get(partition, 0), extent.first))
        for partition, extent in extents.items()
    )


class Inspected(NamedTuple):
    """What a destination's file says of itself, for whoever looks after the machine."""

    state: str
    problem: str
    waiting: int
    dead_letters: int


def inspect(path: Path) -> Inspected:
    """Return what the file says, once it is known to be whole.

    Raises:
        CorruptionError: it is damaged, or has another format.
    """
    with looking(path) as connection:
        state.require_whole(connection, path)
        facts = state.facts(connection)
        totals = state.totals(connection).values()
    return Inspected(
        state=str(facts.get("state", "starting")),
        problem=str(facts.get("problem", "")),
        waiting=sum(each.parked for each in totals),
        dead_letters=sum(each.dead for each in totals),
    )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads one state of the file, for a few seconds at most.

    Raises:
        LimitError: it took longer.
    """
    deadline = time.monotonic() + LOOK_S_MAX
    try:
        with looking(path) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
            connection.execute("BEGIN")
            yield connection
    except TransientError as error:
        if time.monotonic() > deadline:
            raise LimitError(
                f"looking through the destination's file took longer than {LOOK_S_MAX:g} s: ask "
                "for one reason or subscription, and without a text"
            ) from error
        raise


def _subscription(slug: str, name: str, totals: Totals) -> SubscriptionTotals:
    return SubscriptionTotals(
        slug=slug,
        name=name,
        delivered=totals.delivered,
        filtered=totals.filtered,
        dead_letters=totals.dead,
        discarded=totals.discarded,
        waiting=totals.parked,
    )


def _unended(
    connection: sqlite3.Connection, facts: Mapping[str, object], refined: Refined
) -> int | None:
    """Return the events without an outcome; None where none is on its way."""
    oldest_at = facts.get("oldest_at")
    if not isinstance(oldest_at, int | float) or not oldest_at:
        return None
    early = msgspec.convert(facts.get(ENDED_EARLY, {}), dict[str, dict[str, int]])
    return unended_events(connection, refined, oldest_at=oldest_at, ended_early=early)


def _parked_at(connection: sqlite3.Connection) -> float | None:
    """Return when the oldest event that waits out of line was received, to the minute."""
    [minute] = connection.execute("SELECT min(minute) FROM parked").fetchone()
    return None if minute is None else minute * 60.0


def _oldest_at(in_flight: object, parked_at: float | None) -> datetime | None:
    known = [each for each in (in_flight, parked_at) if isinstance(each, int | float)]
    return _maybe_at(min(known, default=None))


def _maybe_at(seconds: object) -> datetime | None:
    return at(seconds) if isinstance(seconds, int | float) and seconds else None


def at(seconds: float) -> datetime:
    """Return an instant of so many seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
