"""What people see of deliveries, and how they steer what a destination gave up.

Reads the destinations' files beside the process that delivers; only dead letters are changed from
here, in short steps that hold it up for a moment each.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

from tailrace.deliver import state
from tailrace.deliver.state import DeadLetter, State, Totals, Wanted, looking
from tailrace.errors import LimitError, TransientError
from tailrace.log import Extent

REASONS_MAX: Final = 100
STEP: Final = 1_000
CHANGED_MAX: Final = 100_000
LOOK_S_MAX: Final = 5.0
_PROGRESS_STEPS: Final = 10_000

DeliveryWord = Literal["running", "down", "suspended", "disabled", "starting"]
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
    subscriptions: list[SubscriptionTotals]
    reasons: list[DeliveryReason]


class DeadLetterState(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the destination gave up, without the event itself."""

    id: int
    message_id: str
    type: str
    name: str
    source: str
    subscription: str
    reason: str
    detail: str
    status: int
    attempts: int
    first_at: datetime
    last_at: datetime


class DeadLetterShown(DeadLetterState, frozen=True, kw_only=True):
    """An event that the destination gave up, as it would have got it."""

    event: dict[str, Any]


class Gauges(NamedTuple):
    """How a destination stands, in what costs little to ask; `oldest_at` is since 1970."""

    state: DeliveryWord
    behind_records: int
    oldest_at: float | None
    waiting: int
    dead_letters: int


def status(
    path: Path,
    *,
    is_enabled: bool,
    version: int,
    names: Mapping[str, str],
    extents: Callable[[], Mapping[int, Extent]],
) -> DeliveryStatus:
    """Return how a destination stands by its file.

    `version` is that of the destination as it is set up now, `names` what its subscriptions are
    called by their slugs, and `extents` tells where the partitions of the events log end.
    """
    totals: Mapping[str, Totals] = {}
    reasons: list[state.Reason] = []
    facts: Mapping[str, object] = {}
    behind = 0
    if path.exists():
        with reading(path) as connection:
            facts = state.facts(connection)
            totals = state.totals(connection)
            reasons = state.reasons(connection, limit=REASONS_MAX)
            positions = state.positions(connection)
        behind = behind_records(positions, extents())
    word, is_told = _state(facts, is_enabled=is_enabled, version=version)
    # A destination that was never looked at has subscriptions already, and one that was removed
    # still has its books.
    slugs = [*names, *sorted({*totals} - {*names})]
    return DeliveryStatus(
        state=word,
        problem=str(facts.get("problem", "")) if is_told and word != "running" else "",
        in_flight=msgspec.convert(facts["in_flight"], int) if is_told else 0,
        oldest_at=_maybe_at(facts.get("oldest_at")) if is_told else None,
        worked_at=_maybe_at(facts.get("worked_at")),
        behind_records=behind,
        subscriptions=[
            _subscription(slug, names.get(slug, slug), totals.get(slug, _NOTHING)) for slug in slugs
        ],
        reasons=[DeliveryReason(**each._asdict()) for each in reasons],
    )


def gauges(path: Path, *, is_enabled: bool, version: int, extents: Mapping[int, Extent]) -> Gauges:
    """Return how a destination stands in numbers."""
    if not path.exists():
        return Gauges("starting" if is_enabled else "disabled", 0, None, 0, 0)
    with reading(path) as connection:
        facts = state.facts(connection)
        positions = state.positions(connection)
        [waiting] = connection.execute("SELECT count(*) FROM parked").fetchone()
        [dead] = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
    word, is_told = _state(facts, is_enabled=is_enabled, version=version)
    oldest_at = facts.get("oldest_at") if is_told else None
    return Gauges(
        word,
        behind_records(positions, extents),
        oldest_at if isinstance(oldest_at, int | float) else None,
        waiting,
        dead,
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


def list_dead_letters(
    path: Path, *, wanted: Wanted, before_id: int | None, limit: int
) -> list[DeadLetterState]:
    """Return dead letters, the newest first.

    Raises:
        LimitError: looking through all of them takes too long.
    """
    if not path.exists():
        return []
    with reading(path) as connection:
        found = state.dead_letters(connection, before_id=before_id, wanted=wanted, limit=limit)
    return [DeadLetterState(**_fields(each)) for each in found]


def show_dead_letter(path: Path, id_: int) -> DeadLetterShown | None:
    """Return one dead letter with its event, None where there is none of this id."""
    if not path.exists():
        return None
    with reading(path) as connection:
        found = state.dead_letter(connection, id_)
    if found is None:
        return None
    return DeadLetterShown(**_fields(found), event=msgspec.json.decode(found.out.event))


def replay(path: Path, chosen: Sequence[int] | Wanted, *, clock: Callable[[], float]) -> int:
    """Let dead letters be tried again, out of line; return how many.

    At most `CHANGED_MAX` of them, the oldest first; what is given up meanwhile is left out.
    """
    return _change(path, chosen, lambda file, ids: file.revive(ids, now=clock()))


def discard(path: Path, chosen: Sequence[int] | Wanted) -> int:
    """Remove dead letters for good; return how many. As `replay`, they are the oldest ones."""
    return _change(path, chosen, lambda file, ids: file.discard(ids))


def _change(
    path: Path,
    chosen: Sequence[int] | Wanted,
    change: Callable[[State, Sequence[int]], int],
) -> int:
    if not path.exists():
        return 0
    file = State(path)
    try:
        if isinstance(chosen, Wanted):
            return sum(change(file, ids) for ids in _steps(path, chosen))
        ids = list(dict.fromkeys(chosen))
        return sum(change(file, ids[begin : begin + STEP]) for begin in range(0, len(ids), STEP))
    finally:
        file.close()


def _steps(path: Path, wanted: Wanted) -> Iterator[list[int]]:
    """Yield the ids of those that are wanted and there now, a step at a time."""
    after_id, left = 0, CHANGED_MAX
    with reading(path) as connection:
        newest = state.dead_letters(connection, before_id=None, wanted=Wanted(), limit=1)
    while newest and left > 0:
        with reading(path) as connection:
            ids = state.dead_letter_ids(
                connection,
                after_id=after_id,
                until_id=newest[0].id,
                wanted=wanted,
                limit=min(STEP, left),
            )
        if not ids:
            return
        yield ids
        after_id = ids[-1]
        left -= len(ids)


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


def _fields(letter: DeadLetter) -> dict[str, Any]:
    out, failure = letter.out, letter.out.failure
    return {
        "id": letter.id,
        "message_id": out.message_id,
        "type": out.type,
        "name": out.name,
        "source": out.source,
        "subscription": out.subscription,
        "reason": failure.reason,
        "detail": failure.detail,
        "status": failure.status,
        "attempts": failure.attempts,
        "first_at": _at(failure.first_at),
        "last_at": _at(failure.last_at),
    }


def _maybe_at(seconds: object) -> datetime | None:
    return _at(seconds) if isinstance(seconds, int | float) and seconds else None


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
