"""What becomes of events at one destination, as its file keeps it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tailrace.deliver.exchanges import Exchange

DELIVERED: Final = "delivered"
FILTERED: Final = "filtered"
DEAD: Final = "dead letter"
DISCARDED: Final = "discarded"
WAITING: Final = "waiting"
_TRIED_FIRST: Final = 3
_TRIED_LAST: Final = 7

Count = tuple[str, str, int, str, str]
"""A subscription, a source, a minute of receipt, an outcome and its reason."""


class Attempt(NamedTuple):
    """One attempt that failed, counted over all replays; `at` is seconds since 1970."""

    number: int
    at: float
    reason: str
    status: int


class Failure(NamedTuple):
    """How an event fared so far at one subscription; instants are seconds since 1970.

    `tried` are its first and its last attempts. `exchange` is the last request with its answer, its
    number where the file has it already.
    """

    attempts: int
    first_at: float
    last_at: float
    reason: str
    detail: str
    status: int
    tried: tuple[Attempt, ...] = ()
    exchange: Exchange | int | None = None


def failed(
    before: Failure | None,
    *,
    at: float,
    reason: str,
    detail: str,
    status: int,
    exchange: Exchange | None,
) -> Failure:
    """Return how an event fares after one more attempt."""
    tried = before.tried if before is not None else ()
    attempts = 1 if before is None else before.attempts + 1
    number = tried[-1].number + 1 if tried else attempts
    tried = (*tried, Attempt(number, at, reason, status))
    if len(tried) > _TRIED_FIRST + _TRIED_LAST:
        tried = tried[:_TRIED_FIRST] + tried[-_TRIED_LAST:]
    return Failure(
        attempts=attempts,
        first_at=at if before is None else before.first_at,
        last_at=at,
        reason=reason,
        detail=detail,
        status=status,
        tried=tried,
        exchange=exchange,
    )


class Out(NamedTuple):
    """An event at one subscription that goes out of line: to wait there, or for good.

    `event` is its JSON as destinations get it; `edited` tells that people have changed it since.
    """

    subscription: str
    message_id: str
    type: str
    name: str
    key: str
    source: str
    minute: int
    event: bytes
    failure: Failure
    edited: bool = False


class Recent(NamedTuple):
    """One of the last deliveries; it stands for so many of its kind, itself among them."""

    at: float
    subscription: str
    message_id: str
    type: str
    name: str
    source: str
    outcome: str
    reason: str
    status: int
    took_ms: float
    attempts: int
    edited: bool = False
    stands_for: float = 1.0


class Parked(NamedTuple):
    """An event that waits out of line until it is due."""

    id: int
    out: Out
    due_at: float


class DeadLetter(NamedTuple):
    """An event that the destination gave up, and why."""

    id: int
    out: Out


@dataclass
class Step:
    """What is to become durable together; `begun` is where partitions begin that are new."""

    positions: dict[int, int] = field(default_factory=dict)
    begun: dict[int, int] = field(default_factory=dict)
    counts: dict[Count, int] = field(default_factory=dict)
    park: list[tuple[Out, float]] = field(default_factory=list)
    bury: list[Out] = field(default_factory=list)
    unpark: list[int] = field(default_factory=list)
    delay: list[Parked] = field(default_factory=list)
    recent: list[Recent] = field(default_factory=list)

    def count(self, key: Count, events: int = 1) -> None:
        """Count events."""
        self.counts[key] = self.counts.get(key, 0) + events

    def skip_parked(self, is_meant: Callable[[Out], bool], reason: str) -> None:
        """Count what was to wait out of line, and is meant, as filtered instead."""
        left = []
        for out, due_at in self.park:
            if is_meant(out):
                self.count((out.subscription, out.source, out.minute, FILTERED, reason))
            else:
                left.append((out, due_at))
        self.park = left

    def add(self, other: "Step") -> None:
        """Take up another step."""
        self.positions |= other.positions
        for partition, begun in other.begun.items():
            self.begun.setdefault(partition, begun)
        for key, events in other.counts.items():
            self.count(key, events)
        self.park += other.park
        self.bury += other.bury
        self.unpark += other.unpark
        self.delay += other.delay
        self.recent += other.recent

    def __bool__(self) -> bool:
        return bool(
            self.positions
            or self.counts
            or self.park
            or self.bury
            or self.unpark
            or self.delay
            or self.recent
        )
