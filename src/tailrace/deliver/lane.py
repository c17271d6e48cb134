"""A lane: sends the deliveries of some keys of one subscription, in order of each key."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol

from tailrace.deliver.backoff import backoff_s
from tailrace.deliver.blocks import Entry, Open
from tailrace.deliver.exchanges import last_sending
from tailrace.deliver.outcomes import Failure, Step, failed
from tailrace.deliver.plans import Plan
from tailrace.destinations.sending import (
    DETAIL_CHARACTERS_MAX,
    Batching,
    Delivered,
    Outcome,
    Rejected,
    Retry,
)

PARK_AFTER: Final = 5
HALVE_AFTER: Final = 3
STUCK_AFTER: Final = 8
NO_ANSWER: Final = "no-answer"
EXPIRED: Final = "expired"
_LOOKED_THROUGH: Final = 4
"""How many times the size of a batch are looked through for payloads that agree."""


class Opened:
    """A block of which not every event has an outcome yet, and the outcomes so far."""

    __slots__ = ("block", "is_touched", "left", "step")

    def __init__(self, block: Open) -> None:
        self.block = block
        self.step = Step(
            positions={block.partition: block.next}, begun={block.partition: block.offset}
        )
        # One more than the deliveries on their way, until all of them are known.
        self.left = 1
        # Whether any of its deliveries has come to an end.
        self.is_touched = False


class Delivery:
    """An event on its way to one subscription."""

    __slots__ = ("entry", "failure", "opened", "payload", "plan")

    def __init__(self, opened: Opened, plan: Plan, entry: Entry, payload: Any) -> None:
        self.opened = opened
        self.plan = plan
        self.entry = entry
        self.payload = payload
        self.failure: Failure | None = None

    @property
    def key(self) -> str:
        """What keeps its order."""
        return self.entry.line.key


class Desk(Protocol):
    """What a lane asks of the destination that it belongs to."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        ...

    async def send(self, plan: Plan, payloads: Sequence[Any]) -> Sequence[Outcome]:
        """Return what became of payloads, one outcome for each."""
        ...

    def delivered(self, delivery: Delivery) -> None:
        """Note that the tool has taken it."""
        ...

    def bury(self, delivery: Delivery) -> None:
        """Make it a dead letter, for its `failure`."""
        ...

    def park(self, delivery: Delivery, due_at: float) -> None:
        """Let it wait out of line."""
        ...

    def has_expired(self, failure: Failure) -> bool:
        """Tell whether it has been tried for as long as the destination allows."""
        ...

    def has_worked_since(self, moment: float) -> bool:
        """Tell whether the tool has taken anything since."""
        ...

    def is_full(self) -> bool:
        """Tell whether nothing more is read until something has ended."""
        ...


class Lane:
    """See the module; `desk` is the destination."""

    def __init__(self, desk: Desk, plan: Plan) -> None:
        self._desk = desk
        self._plan = plan
        self._ready: deque[Delivery] = deque()
        self._held: dict[str, tuple[float, deque[Delivery]]] = {}
        # Keys whose failed deliveries are being sent again, while the others stay held.
        self._trying: set[str] = set()
        self._came = asyncio.Event()
        self._batch: list[Delivery] = []
        # What to do with deliveries under way that are to be dropped, by their identity.
        self._dropping: dict[int, Callable[[Delivery], None]] = {}
        self._dropped = asyncio.Event()

    def put(self, delivery: Delivery) -> None:
        """Take one more delivery."""
        held = self._held.get(delivery.key) if self._held else None
        if held is not None:
            held[1].append(delivery)
            return
        self._ready.append(delivery)
        self._came.set()

    def hurry(self) -> None:
        """Send what is ready: nothing more comes until then."""
        self._came.set()

    @property
    def under_way(self) -> Sequence[Delivery]:
        """The batch that is being sent, or waits to be sent again as it is."""
        return self._batch

    def drop(
        self, is_meant: Callable[[Delivery], bool], dropped: Callable[[Delivery], None]
    ) -> None:
        """Let go of deliveries: never send them again, and hand each to `dropped`.

        One that is being sent right now is dropped only if the tool does not take it.
        """
        for key, (due_at, held) in list(self._held.items()):
            left = deque(each for each in held if not _dropped(each, is_meant, dropped))
            if left:
                self._held[key] = (due_at, left)
            else:
                del self._held[key]
                self._trying.discard(key)
        self._ready = deque(each for each in self._ready if not _dropped(each, is_meant, dropped))
        for each in self._batch:
            if id(each) not in self._dropping and is_meant(each):
                self._dropping[id(each)] = dropped
                self._dropped.set()

    async def run(self) -> None:
        """Send what comes, for as long as it is not cancelled."""
        while True:
            self._batch = await self._next()
            await self._send(self._batch)
            self._batch = []
            self._dropping.clear()
            self._dropped.clear()

    async def _next(self) -> list[Delivery]:
        """Return the next batch: what is due again, then what is ready."""
        await self._wait_ready()
        batching = self._plan.batching
        if batching is None:
            return [self._ready.popleft()]
        if batching.age_s:
            await self._wait_full(batching)
        if batching.keys:
            return self._next_alike(batching)
        batch: list[Delivery] = []
        room = batching.bytes_max
        while self._ready and len(batch) < batching.events_max:
            room -= len(self._ready[0].entry.body)
            if batch and room < 0:
                break
            batch.append(self._ready.popleft())
        return batch

    def _next_alike(self, batching: Batching) -> list[Delivery]:
        """Return what is ready and agrees with the first in the fields that make a batch.

        What comes after one that is left over, of the same key, is left over too.
        """
        alike = _values(self._ready[0], batching.keys)
        batch: list[Delivery] = []
        left: list[Delivery] = []
        left_keys: set[str] = set()
        room = batching.bytes_max
        for _ in range(min(len(self._ready), _LOOKED_THROUGH * batching.events_max)):
            each = self._ready.popleft()
            is_alike = each.key not in left_keys and _values(each, batching.keys) == alike
            size = len(each.entry.body)
            if is_alike and (not batch or (room >= size and len(batch) < batching.events_max)):
                batch.append(each)
                room -= size
                continue
            left.append(each)
            left_keys.add(each.key)
            if is_alike:
                break
        self._ready.extendleft(reversed(left))
        return batch

    async def _wait_ready(self) -> None:
        while True:
            self._free_due()
            if self._ready:
                return
            self._came.clear()
            due_in_s = None
            soonest = min((due_at for due_at, _ in self._held.values()), default=math.inf)
            if soonest < math.inf:
                due_in_s = max(0.01, soonest - self._desk.now())
            try:
                await asyncio.wait_for(self._came.wait(), due_in_s)
            except TimeoutError:
                continue

    async def _wait_full(self, batching: Batching) -> None:
        """Wait until as much is ready as one batch takes, for a while at most."""
        end = asyncio.get_running_loop().time() + batching.age_s
        seen, room = 0, batching.bytes_max
        while len(self._ready) < batching.events_max:
            room -= sum(len(each.entry.body) for each in islice(self._ready, seen, None))
            seen = len(self._ready)
            left_s = end - asyncio.get_running_loop().time()
            if room <= 0 or left_s <= 0 or self._desk.is_full():
                return
            self._came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), left_s)

    async def _send(self, batch: list[Delivery], attempts: int = 0) -> None:
        """Send a batch until every delivery has an outcome, is held, or is out of line."""
        while batch := self._without_dropped(batch):
            outcomes = await self._desk.send(self._plan, [each.payload for each in batch])
            if self._is_refused_as_one(outcomes):
                await self._send_halves(batch, 0)
                return
            if not all(isinstance(outcome, Retry) for outcome in outcomes):
                self._settle(batch, outcomes)
                return
            attempts += 1
            batch = self._note(batch, outcomes)
            if batch and len(batch) == 1 and self._is_stuck(batch[0], attempts):
                self._hold(batch)
                return
            if batch:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._dropped.wait(), _wait_s(attempts, outcomes))
                self._dropped.clear()
            if attempts >= HALVE_AFTER and len(batch) > 1:
                await self._send_halves(batch, attempts)
                return

    async def _send_halves(self, batch: list[Delivery], attempts: int) -> None:
        half = len(batch) // 2
        await self._send(batch[:half], attempts)
        await self._send(batch[half:], attempts)

    def _is_refused_as_one(self, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether one answer has refused all: only alone is each known to be refused."""
        batching = self._plan.batching
        return (
            batching is not None
            and not batching.answers_each
            and len(outcomes) > 1
            and all(isinstance(outcome, Rejected) for outcome in outcomes)
        )

    def _settle(self, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Note the outcomes of a batch of which not all are to be tried again."""
        again: dict[str, list[Delivery]] = {}
        for delivery, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Delivered):
                self._desk.delivered(delivery)
                continue
            self._fail(delivery, outcome)
            if isinstance(outcome, Rejected):
                self._desk.bury(delivery)
            else:
                again.setdefault(delivery.key, []).append(delivery)
        for deliveries in again.values():
            self._hold(deliveries, _asked_s(outcomes))

    def _note(self, batch: list[Delivery], outcomes: Sequence[Outcome]) -> list[Delivery]:
        """Note that all are to be tried again; return those that still may be."""
        for delivery, outcome in zip(batch, outcomes, strict=True):
            self._fail(delivery, outcome)
        return self._without_expired(batch)

    def _fail(self, delivery: Delivery, outcome: Outcome) -> None:
        assert not isinstance(outcome, Delivered)  # noqa: S101 - the callers have looked
        sending = last_sending()
        delivery.failure = failed(
            delivery.failure,
            at=self._desk.now(),
            reason=outcome.reason,
            detail=outcome.detail,
            status=outcome.status,
            exchange=None if sending is None else sending.exchange,
        )

    def _without_expired(self, batch: list[Delivery]) -> list[Delivery]:
        left = []
        for delivery in self._without_dropped(batch):
            if delivery.failure is not None and self._desk.has_expired(delivery.failure):
                delivery.failure = expired(delivery.failure)
                self._desk.bury(delivery)
            else:
                left.append(delivery)
        return left

    def _without_dropped(self, batch: list[Delivery]) -> list[Delivery]:
        """Return what is still to be sent of what was under way when others were dropped."""
        if not self._dropping:
            return batch
        left = []
        for each in batch:
            dropped = self._dropping.get(id(each))
            if dropped is None:
                left.append(each)
            else:
                dropped(each)
        return left

    def _is_stuck(self, delivery: Delivery, attempts: int) -> bool:
        """Tell whether an event alone fails for long: its neighbours need not wait for it.

        A tool that does not answer at all is down, and then all wait, unless others get through.
        """
        failure = delivery.failure
        assert failure is not None  # noqa: S101 - it has just failed
        if failure.reason != NO_ANSWER:
            return max(attempts, failure.attempts) >= PARK_AFTER
        return attempts >= STUCK_AFTER and self._desk.has_worked_since(failure.first_at)

    def _hold(self, deliveries: list[Delivery], asked_s: float | None = None) -> None:
        """Let deliveries of one key wait, with all after them of that key.

        They wait in the lane; out of line, once they have failed often while others got through:
        a tool that takes nothing at all would fill the file.
        """
        key = deliveries[0].key
        left = self._without_expired(deliveries)
        waiting = [*left, *self._take_of(key)]
        if not waiting:
            return
        attempts = max((each.failure.attempts for each in left if each.failure), default=0)
        due_at = self._desk.now() + (backoff_s(attempts) if asked_s is None else asked_s)
        first_at = min((each.failure.first_at for each in left if each.failure), default=0.0)
        if attempts >= PARK_AFTER and self._desk.has_worked_since(first_at):
            for each in waiting:
                self._desk.park(each, due_at)
            return
        self._held[key] = (due_at if left else 0.0, deque(waiting))
        self._came.set()

    def _take_of(self, key: str) -> list[Delivery]:
        """Take everything of a key out of the lane, in order."""
        self._trying.discard(key)
        _, held = self._held.pop(key, (0.0, deque[Delivery]()))
        found = [*held, *(each for each in self._ready if each.key == key)]
        if len(found) > len(held):
            self._ready = deque(each for each in self._ready if each.key != key)
        return found

    def _free_due(self) -> None:
        """Put what is to be sent now of the held deliveries before those that are ready.

        What has failed goes first; what only waited behind it stays until that has an outcome.
        """
        if not self._held:
            return
        sending = {each.key for each in self._ready if each.failure} if self._trying else set()
        for key in self._trying - sending:
            self._trying.discard(key)
            _, rest = self._held.pop(key, (0.0, deque[Delivery]()))
            self._ready.extendleft(reversed(rest))
        now = self._desk.now()
        for key in [key for key, (due_at, _) in self._held.items() if due_at <= now]:
            _, held = self._held.pop(key)
            failed = [each for each in held if each.failure]
            rest = deque(each for each in held if not each.failure)
            self._ready.extendleft(reversed(failed or rest))
            if failed and rest:
                self._held[key] = (math.inf, rest)
                self._trying.add(key)


def expired(failure: Failure) -> Failure:
    """Return how an event fares that is given up because it was tried for as long as is allowed."""
    hours = (failure.last_at - failure.first_at) / 3_600.0
    last = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
    detail = f"tried for {hours:.1f} h; the last answer was {last}"
    return failure._replace(reason=EXPIRED, detail=detail[:DETAIL_CHARACTERS_MAX])


def _dropped(
    delivery: Delivery,
    is_meant: Callable[[Delivery], bool],
    dropped: Callable[[Delivery], None],
) -> bool:
    """Tell whether a delivery is meant, and let go of it then."""
    if not is_meant(delivery):
        return False
    dropped(delivery)
    return True


def _values(delivery: Delivery, names: Sequence[str]) -> list[Any]:
    return [getattr(delivery.payload, name) for name in names]


def _asked_s(outcomes: Sequence[Outcome]) -> float | None:
    """Return how long the tool asked to be left alone, None where it did not."""
    asked = [each.after_s for each in outcomes if isinstance(each, Retry) and each.after_s]
    return max(asked, default=None)


def _wait_s(attempts: int, outcomes: Sequence[Outcome]) -> float:
    asked_s = _asked_s(outcomes)
    return backoff_s(attempts) if asked_s is None else asked_s
