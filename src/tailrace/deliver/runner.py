"""One destination: read, choose, send, try again, and keep the books.

Events of one key are sent by one lane, in order; lanes run side by side. An event that the
tool may take later is *held*, with all after it of its key, while the others go on; one that fails
for long goes *out of line* into the file (`state`), so that the position moves on. While the tool
takes nothing at all, nothing goes out of line: the position stands still, and the log is the
buffer.
"""

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from tailrace.deliver import metrics
from tailrace.deliver.backoff import backoff_s
from tailrace.deliver.blocks import Advances, Entry, Open, Reads, Run
from tailrace.deliver.exchanges import begin_sending, forget_sending, last_sending
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.lane import EXPIRED, NO_ANSWER, Delivery, Lane, Opened, expired
from tailrace.deliver.meter import Meter
from tailrace.deliver.orders import Orders, done_drain, done_skip, orders_of
from tailrace.deliver.outcomes import (
    DEAD,
    DELIVERED,
    FILTERED,
    WAITING,
    Failure,
    Out,
    Parked,
    Step,
    failed,
)
from tailrace.deliver.pace import Answer, Pace
from tailrace.deliver.payload import Line, line_of
from tailrace.deliver.plans import Plan, Target, plans_of, refusal
from tailrace.deliver.sampling import Sample
from tailrace.deliver.sights import Sight, screen_of
from tailrace.deliver.state import ENDED_EARLY, State
from tailrace.deliver.targets import secrets_of
from tailrace.deliver.window import window_of
from tailrace.destinations.sending import (
    DETAIL_CHARACTERS_MAX,
    Delivered,
    Outcome,
    Rejected,
    Retry,
    Tools,
)
from tailrace.errors import SettingsError, TransientError
from tailrace.mappings import MappingFailedError

LANES: Final = 4
WINDOW_EVENTS: Final = 20_000
WINDOW_BYTES: Final = 67_108_864
DOWN_AFTER: Final = 3
SUSPENDED_AGAIN_S: Final = 300.0
COMMIT_EVERY_S: Final = 0.25
PARKED_EVERY_S: Final = 1.0
PARKED_AT_ONCE: Final = 100
SKIPPED_AT_ONCE: Final = 500
TOLD_EVERY_S: Final = 1.0
OBEYED_EVERY_S: Final = 1.0
RELIEVED_EVERY_S: Final = 10.0
LITTLE_AFTER_S: Final = 60.0
LITTLE_EVENTS: Final = 1_000
LITTLE_BYTES: Final = 4_194_304
"""How much is kept at hand for a tool that has taken nothing for a while."""
DEFECT: Final = "defect"
SKIPPED: Final = "skipped"
INTERRUPTED: Final = "interrupted"
NO_SUBSCRIPTION: Final = "subscription removed"
MAPPING: Final = "mapping"
DISABLED_AGAIN_S: Final = 30.0
_CHUNK: Final = 500
_BUSY_STATUSES: Final = frozenset({429, 502, 503, 504})

_logger = logging.getLogger(__name__)


class Runner:
    """Delivers to one destination until it is cancelled; begins where its file says.

    `consumer` is of the destination's group on the events log, for retention alone; `now` gives
    seconds since 1970.
    """

    lets_go = True
    """Whether what was read can be read again later, so that a tool which is down needs little."""

    def __init__(
        self,
        target: Target,
        *,
        state: State,
        blocks: Reads,
        consumer: Advances,
        tools: Tools,
        run: Run,
        now: Callable[[], float],
    ) -> None:
        self._target = target
        self._state = state
        self._blocks = blocks
        self._consumer = consumer
        self._tools = tools
        self._hide = Hiding(secrets_of(target))
        self._run = run
        self._now = now
        self._sample = Sample(now)
        self._screen = screen_of(target.filters)
        self._plans = [_paced(plan, target) for plan in plans_of(target, screen=self._screen)]
        self._window = window_of(
            (plan.batching for plan in self._plans), events=WINDOW_EVENTS, size=WINDOW_BYTES
        )
        self._lanes = {
            plan.slug: [Lane(self, plan) for _ in range(_lanes_of(plan, target))]
            for plan in self._plans
        }
        self._pace = Pace(
            events_per_s_max=target.events_per_s_max,
            requests_at_once_max=target.requests_at_once_max
            or max(1, sum(map(len, self._lanes.values()))),
        )
        self._meter = Meter(target.slug)
        self._open: dict[int, deque[Opened]] = {}
        self._next: dict[int, int] = {}
        self._events = 0
        self._bytes = 0
        self._room = asyncio.Event()
        self._ended = asyncio.Event()
        self._file = asyncio.Lock()
        self._parked_keys: set[tuple[str, str]] = set()
        self._failures = 0
        self._probing = asyncio.Lock()
        self._suspended = ""
        self._again_at = 0.0
        self._resumed = asyncio.Event()
        self._problem = ""
        self._worked_at = 0.0
        self._delivered_at: float | None = None
        self._told: dict[str, object] = {}
        self._orders = Orders()
        # Counts the orders to skip that came; the number of one that the file has not seen yet.
        self._skips = 0
        self._skip_due = 0
        self._steered = asyncio.Event()
        self._taking: Opened | None = None
        self._failing_since: float | None = None
        self._is_little = False

    async def run(self) -> None:
        """Deliver.

        Raises:
            TransientError: the file or the log failed; begin anew from what is durable.
            CorruptionError: the file or a record of the log is damaged.
        """
        self._next = await self._run(self._state.positions)
        self._parked_keys = await self._run(self._state.parked_keys)
        self._delivered_at = await self._run(self._state.worked_at)
        told = await self._run(self._state.told)
        self._orders = orders_of(told)
        if self._orders.skip != self._orders.skipped:
            self._skip_due = self._orders.skip
        failing_since = told.get("failing_since")
        # After a change, or a rest, a tool has as long as ever.
        if told.get("version") == self._target.version and isinstance(failing_since, float):
            self._failing_since = failing_since
        async with asyncio.TaskGroup() as tasks:
            for lanes in self._lanes.values():
                for lane in lanes:
                    tasks.create_task(lane.run())
            for work in (
                self._read,
                self._commit,
                self._retry_parked,
                self._tell,
                self._obey,
                self._relieve,
            ):
                tasks.create_task(work())

    # --- What lanes ask for ---------------------------------------------------------------------

    def now(self) -> float:
        """See `lane.Desk`."""
        return self._now()

    async def send(self, plan: Plan, payloads: Sequence[Any]) -> Sequence[Outcome]:
        """See `lane.Desk`; waits while the destination is suspended.

        An order to skip ends the wait, so that lanes can let go of what is meant.
        """
        skips = self._skips
        while skips == self._skips:
            await self._allowed()
            if self._suspended or self._failures >= DOWN_AFTER:
                # A tool that takes nothing is asked by one lane at a time.
                async with self._probing:
                    outcomes = await self._sent(plan, payloads, skips)
            else:
                outcomes = await self._sent(plan, payloads, skips)
            if outcomes is not None:
                return outcomes
        return [Retry(INTERRUPTED)] * len(payloads)

    def delivered(self, delivery: Delivery) -> None:
        """See `lane.Desk`."""
        self._sample.note(DELIVERED, delivery.plan.slug, delivery.entry.line, delivery.failure)
        self._count(delivery, DELIVERED, "")
        if self._meter.wants_age:
            now = self._now()
            self._meter.aged(now - _received_at(delivery.entry.line), now=now)
        delivery.opened.is_touched = True
        self._end(delivery.opened)

    def bury(self, delivery: Delivery) -> None:
        """See `lane.Desk`."""
        failure = delivery.failure
        assert failure is not None  # noqa: S101 - it says why
        self._sample.note(DEAD, delivery.plan.slug, delivery.entry.line, failure)
        self._count(delivery, DEAD, failure.reason)
        delivery.opened.step.bury.append(_out(delivery.plan, delivery.entry, failure))
        delivery.opened.is_touched = True
        self._end(delivery.opened)

    def park(self, delivery: Delivery, due_at: float) -> None:
        """See `lane.Desk`."""
        now = self._now()
        failure = delivery.failure or Failure(0, now, now, "", "", 0)
        self._sample.note(WAITING, delivery.plan.slug, delivery.entry.line, failure)
        out = _out(delivery.plan, delivery.entry, failure)
        delivery.opened.step.park.append((out, due_at))
        self._parked_keys.add((delivery.plan.slug, delivery.key))
        delivery.opened.is_touched = True
        self._end(delivery.opened)

    def has_expired(self, failure: Failure) -> bool:
        """See `lane.Desk`."""
        return self._now() - failure.first_at > self._target.retry_window_s

    def has_worked_since(self, moment: float) -> bool:
        """See `lane.Desk`."""
        return self._worked_at > moment

    def is_full(self) -> bool:
        """See `lane.Desk`."""
        if self._is_little:
            return self._events >= LITTLE_EVENTS or self._bytes >= LITTLE_BYTES
        events, size = self._window
        return self._events >= events or self._bytes >= size

    # --- Reading --------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            seen = self._blocks.ends()
            has_moved = False
            for partition, end in seen.items():
                if self._next.get(partition, 0) >= self._end_of(partition, end):
                    continue
                while self.is_full():
                    self._room.clear()
                    for lane in self._all_lanes():
                        lane.hurry()
                    await self._room.wait()
                offset = self._next.get(partition, 0)
                block = await self._blocks.at(partition, offset)
                if self._next.get(partition, 0) != offset:
                    # Something before it was let go meanwhile.
                    has_moved = True
                elif block is not None:
                    self._next[partition] = block.next
                    has_moved = True
                    await self._take(block)
            if not has_moved:
                await self._more(seen)

    def _end_of(self, partition: int, end: int) -> int:
        """Return up to where a partition is read: while draining, no further than was ordered."""
        if not self._orders.drain:
            return end
        return min(end, self._orders.drain_to.get(partition, 0))

    async def _more(self, seen: Mapping[int, int]) -> None:
        """Wait until there is more to read, or what is read has changed."""
        self._steered.clear()
        waits = [
            asyncio.ensure_future(self._blocks.grown(seen)),
            asyncio.ensure_future(self._steered.wait()),
        ]
        if self._orders.drain and self._has_read(self._orders.drain_to):
            waits.pop(0).cancel()
        try:
            ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in ended:
                each.result()
        finally:
            for each in waits:
                each.cancel()

    def _has_read(self, to: Mapping[int, int]) -> bool:
        return all(self._next.get(partition, 0) >= end for partition, end in to.items())

    def _all_lanes(self) -> Iterator[Lane]:
        for lanes in self._lanes.values():
            yield from lanes

    async def _take(self, block: Open) -> None:
        """Choose what the destination gets of a block, and hand it to the lanes."""
        opened = self._taking = Opened(block)
        self._meter.read(len(block.entries), block.bytes // 3)
        self._open.setdefault(block.partition, deque()).append(opened)
        self._events += len(block.entries)
        self._bytes += block.bytes
        for index, entry in enumerate(block.entries):
            sight: Sight = entry
            skip_until = self._orders.skip_until
            if block.oldest_at < skip_until and _received_at(entry.line) < skip_until:
                refused = SKIPPED
            else:
                refused = refusal(self._target, entry)
            if not refused:
                sight, refused = self._screen.seen(entry)
            for plan in self._plans:
                why = refused or plan.refusal(sight)
                if why:
                    opened.step.count(_key(plan, entry, FILTERED, why))
                else:
                    self._hand_over(opened, plan, entry, sight)
            if index % _CHUNK == _CHUNK - 1:
                await asyncio.sleep(0)
        self._taking = None
        self._end(opened)

    def _hand_over(self, opened: Opened, plan: Plan, entry: Entry, sight: Sight) -> None:
        """Give an event to a lane as the destination sees it; what is kept of it stays whole."""
        opened.left += 1
        delivery = Delivery(opened, plan, entry, None)
        key = delivery.key
        if self._parked_keys and (plan.slug, key) in self._parked_keys:
            self.park(delivery, 0.0)
            return
        if self._is_too_old(delivery):
            self._give_up(delivery)
            return
        try:
            delivery.payload = plan.make(sight)
        except MappingFailedError as error:
            detail = str(error)[:DETAIL_CHARACTERS_MAX]
            metrics.count(self._target.slug, [Rejected(MAPPING, detail)])
            delivery.failure = failed(
                None, at=self._now(), reason=MAPPING, detail=detail, status=0, exchange=None
            )
            self.bury(delivery)
            return
        lanes = self._lanes[plan.slug]
        lanes[hash(key) % len(lanes)].put(delivery)

    def _count(self, delivery: Delivery, outcome: str, reason: str) -> None:
        delivery.opened.step.count(_key(delivery.plan, delivery.entry, outcome, reason))

    def _end(self, opened: Opened) -> None:
        """Note that one more delivery of a block needs nothing any more."""
        opened.left -= 1
        if not opened.left:
            self._ended.set()

    # --- Sending --------------------------------------------------------------------------------

    async def _allowed(self) -> None:
        """Wait while the destination is suspended; now and then it is asked again nevertheless."""
        wait_s = self._again_at - self._now() if self._suspended else 0.0
        if wait_s > 0.0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._resumed.wait(), wait_s)

    async def _sent(
        self, plan: Plan, payloads: Sequence[Any], skips: int
    ) -> Sequence[Outcome] | None:
        """Return the outcomes; None where it was suspended over them, or ordered to skip."""
        count = len(payloads)
        begun_at = await self._pace.begin(count)
        answer: Answer = "other"
        outcomes: Sequence[Outcome] = ()
        try:
            if skips == self._skips:
                outcomes = await self._answers(plan, payloads) or ()
                answer = _answer(outcomes)
        finally:
            took_s = self._pace.ended(begun_at, answer)
        if not outcomes:
            return None
        self._meter.requested(
            took_s,
            delivered=sum(isinstance(each, Delivered) for each in outcomes),
            again=sum(isinstance(each, Retry) for each in outcomes),
            now=self._now(),
        )
        return outcomes

    async def _answers(self, plan: Plan, payloads: Sequence[Any]) -> Sequence[Outcome] | None:
        count = len(payloads)
        sending = begin_sending(count)
        try:
            outcomes = await plan.action.send(payloads, self._target.settings, self._tools)
            if len(outcomes) != count:
                raise TypeError(f"{len(outcomes)} outcomes for {count} payloads")
        except SettingsError as error:
            sending.ended(None)
            self._suspend(self._hide(str(error)))
            return None
        except TransientError as error:
            outcomes = [Retry(NO_ANSWER, str(error))] * count
        # A destination may be anybody's code; its defect must not end the others.
        except Exception as error:
            _logger.exception("destination %s: its code has a defect", self._target.slug)
            outcomes = [Retry(DEFECT, f"{type(error).__name__}: {error}"[:500])] * count
        is_refused = any(not isinstance(outcome, Delivered) for outcome in outcomes)
        sending.ended(self._hide if is_refused else None)
        outcomes = [self._without_secrets(outcome) for outcome in outcomes]
        self._note(outcomes)
        return outcomes

    def _without_secrets(self, outcome: Outcome) -> Outcome:
        """Return an outcome as it may be kept: a tool may answer with what it was sent."""
        if isinstance(outcome, Delivered) or not outcome.detail:
            return outcome
        return outcome._replace(detail=self._hide(outcome.detail))

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        refused = [outcome for outcome in outcomes if not isinstance(outcome, Delivered)]
        metrics.count(self._target.slug, outcomes)
        if refused:
            last = refused[-1]
            self._problem = f"{last.reason}: {last.detail}" if last.detail else last.reason
        if all(isinstance(outcome, Retry) for outcome in outcomes):
            self._failures += 1
            if self._failing_since is None:
                self._failing_since = self._now()
            if self._failures == DOWN_AFTER:
                _logger.warning("destination %s is down: %s", self._target.slug, self._problem)
            return
        if self._suspended or self._failures >= DOWN_AFTER:
            _logger.info("destination %s takes events again", self._target.slug)
        self._failures = 0
        self._failing_since = None
        self._suspended = ""
        self._resumed.set()
        if self._is_little:
            self._is_little = False
            self._room.set()
        self._worked_at = self._now()
        if len(refused) < len(outcomes):
            self._delivered_at = self._worked_at

    def _suspend(self, why: str) -> None:
        if not self._suspended:
            _logger.warning("destination %s is suspended: %s", self._target.slug, why)
        if self._failing_since is None:
            self._failing_since = self._now()
        self._suspended = why
        self._resumed.clear()
        self._again_at = self._now() + SUSPENDED_AGAIN_S

    # --- Keeping --------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Make what has ended durable, a few times a second."""
        while True:
            await self._ended.wait()
            self._ended.clear()
            async with self._file:
                step, ended = self._collected()
                if ended:
                    step.recent += self._sample.taken()
                    await self._run(self._keep, step)
                    # The file has let go of what was told of the blocks that were open.
                    self._told = {}
            if ended:
                self._events -= sum(len(opened.block.entries) for opened in ended)
                self._bytes -= sum(opened.block.bytes for opened in ended)
                self._room.set()
            await asyncio.sleep(COMMIT_EVERY_S)

    def _collected(self) -> tuple[Step, list[Opened]]:
        """Return what the blocks that have ended, in order, come to."""
        step, ended = Step(), []
        for blocks in self._open.values():
            while blocks and not blocks[0].left:
                opened = blocks.popleft()
                step.add(opened.step)
                ended.append(opened)
        return step, ended

    def _keep(self, step: Step) -> None:
        self._state.commit(step)
        if step.positions:
            self._consumer.advance(step.positions)

    async def _retry_parked(self) -> None:
        """Try what waits out of line, the first of each key, when it is due."""
        while True:
            await asyncio.sleep(PARKED_EVERY_S)
            if self._skip_due:
                await self._skip_parked(self._skip_due)
            if self._orders.is_drained:
                continue
            async with self._file:
                due = await self._run(self._state.due, now=self._now(), limit=PARKED_AT_ONCE)
            if not due:
                continue
            step = Step()
            for parked in due:
                if self._skip_due:
                    break
                await self._try_parked(parked, step)
            step.recent += self._sample.taken()
            async with self._file:
                await self._run(self._keep, step)
                await self._learn_parked_keys()

    async def _learn_parked_keys(self) -> None:
        keys = await self._run(self._state.parked_keys)
        # What was put out of line meanwhile is not in the file yet.
        uncommitted = {
            (out.subscription, out.key)
            for blocks in self._open.values()
            for opened in blocks
            for out, _ in opened.step.park
        }
        self._parked_keys = keys | uncommitted

    async def _try_parked(self, parked: Parked, step: Step) -> None:
        out = parked.out
        plan = next((plan for plan in self._plans if plan.slug == out.subscription), None)
        if plan is None:
            step.unpark.append(parked.id)
            step.count((out.subscription, out.source, out.minute, FILTERED, NO_SUBSCRIPTION))
            return
        if not plan.is_enabled:
            step.delay.append(Parked(parked.id, out, self._now() + DISABLED_AGAIN_S))
            return
        entry = Entry.of(out.event, out.source, out.minute)
        forget_sending()
        outcome = await self._sent_again(plan, entry)
        if isinstance(outcome, Delivered):
            self._sample.note(DELIVERED, plan.slug, entry.line, out.failure, edited=out.edited)
            step.unpark.append(parked.id)
            step.count((plan.slug, out.source, out.minute, DELIVERED, ""))
            return
        now, sending = self._now(), last_sending()
        failure = failed(
            out.failure,
            at=now,
            reason=outcome.reason,
            detail=outcome.detail,
            status=outcome.status,
            exchange=None if sending is None else sending.exchange,
        )
        is_dead = isinstance(outcome, Rejected) or self.has_expired(failure)
        self._sample.note(
            DEAD if is_dead else WAITING, plan.slug, entry.line, failure, edited=out.edited
        )
        if is_dead:
            if not isinstance(outcome, Rejected):
                failure = expired(failure)
            step.unpark.append(parked.id)
            step.bury.append(out._replace(failure=failure))
            step.count((plan.slug, out.source, out.minute, DEAD, failure.reason))
            return
        asked_s = outcome.after_s if isinstance(outcome, Retry) else None
        due_at = now + (backoff_s(failure.attempts) if asked_s is None else asked_s)
        step.delay.append(Parked(parked.id, out._replace(failure=failure), due_at))

    async def _sent_again(self, plan: Plan, entry: Entry) -> Outcome:
        try:
            payload = plan.build(entry)
        except MappingFailedError as error:
            refused = Rejected(MAPPING, str(error)[:DETAIL_CHARACTERS_MAX])
            metrics.count(self._target.slug, [refused])
            return refused
        [outcome] = await self.send(plan, [payload])
        return outcome

    # --- Obeying --------------------------------------------------------------------------------

    async def _obey(self) -> None:
        """Carry out what people order: skip, drain, resume."""
        while True:
            await asyncio.sleep(OBEYED_EVERY_S)
            async with self._file:
                orders = orders_of(await self._run(self._state.told))
            before, self._orders = self._orders, orders
            if orders.drain != before.drain:
                self._steered.set()
            if orders.skip not in {orders.skipped, before.skip}:
                self._skip(orders)
            if orders.drain and not orders.is_drained and self._is_empty(orders):
                async with self._file:
                    await self._run(self._state.tell, done_drain(orders.drain))
                self._orders = orders._replace(drained=orders.drain)

    def _is_empty(self, orders: Orders) -> bool:
        """Tell whether all that was to be delivered has come to its end."""
        is_read = self._has_read(orders.drain_to)
        return is_read and not any(self._open.values()) and not self._parked_keys

    def _skip(self, orders: Orders) -> None:
        """Let go of all that was received before the moment, except what is sent right now."""
        _logger.info("destination %s skips what it has not had", self._target.slug)
        until = orders.skip_until
        self._skips += 1
        self._skip_due = orders.skip
        self._resumed.set()
        for lane in self._all_lanes():
            lane.drop(lambda each: _received_at(each.entry.line) < until, self._skip_one)
        for blocks in self._open.values():
            for opened in blocks:
                opened.step.skip_parked(lambda out: _received_of(out) < until, SKIPPED)

    def _skip_one(self, delivery: Delivery) -> None:
        self._count(delivery, FILTERED, SKIPPED)
        delivery.opened.is_touched = True
        self._end(delivery.opened)

    async def _skip_parked(self, number: int) -> None:
        """Let go of what waits out of line and was received before the moment."""
        until, after_id = self._orders.skip_until, 0
        while True:
            async with self._file:
                found = await self._run(self._state.parked_after, after_id, limit=SKIPPED_AT_ONCE)
                step = Step()
                for parked in found:
                    out = parked.out
                    if _received_of(out) < until:
                        step.unpark.append(parked.id)
                        step.count((out.subscription, out.source, out.minute, FILTERED, SKIPPED))
                if step:
                    await self._run(self._keep, step)
            if not found:
                break
            after_id = found[-1].id
        async with self._file:
            await self._run(self._state.tell, done_skip(number))
            await self._learn_parked_keys()
        self._skip_due = 0

    # --- A tool that takes nothing for long -------------------------------------------------------

    async def _relieve(self) -> None:
        """Keep little at hand for a tool that takes nothing, and give up what is too old."""
        while True:
            await asyncio.sleep(RELIEVED_EVERY_S)
            since = self._failing_since
            if since is None or self._now() - since < LITTLE_AFTER_S:
                continue
            self._is_little = self.lets_go
            if self.lets_go:
                self._let_go()
            for lane in self._all_lanes():
                lane.drop(self._is_too_old, self._give_up)

    def _let_go(self) -> None:
        """Forget the newest blocks of which nothing has ended: the log keeps them."""
        under_way = {each.opened for lane in self._all_lanes() for each in lane.under_way}
        gone: set[Opened] = set()
        for partition, blocks in self._open.items():
            while blocks and (self._events > LITTLE_EVENTS or self._bytes > LITTLE_BYTES):
                opened = blocks[-1]
                if opened is self._taking or opened.is_touched or opened in under_way:
                    break
                gone.add(blocks.pop())
                self._events -= len(opened.block.entries)
                self._bytes -= opened.block.bytes
                self._next[partition] = opened.block.offset
        if gone:
            for lane in self._all_lanes():
                lane.drop(lambda each: each.opened in gone, lambda _: None)
            self._steered.set()

    def _is_too_old(self, delivery: Delivery) -> bool:
        """Tell whether an event is from before the window, and the tool has failed all the time."""
        since = self._failing_since
        if since is None or self._suspended:
            return False
        begun_at = self._now() - self._target.retry_window_s
        return since <= begun_at and _received_at(delivery.entry.line) < begun_at

    def _give_up(self, delivery: Delivery) -> None:
        """Make an event a dead letter that the tool did not take in the whole window."""
        now, hours = self._now(), self._target.retry_window_s / 3_600.0
        before = delivery.failure or Failure(0, now, now, "", "", 0)
        detail = f"not taken within {hours:g} h; the last answer was {self._problem}"
        delivery.failure = before._replace(reason=EXPIRED, detail=detail[:DETAIL_CHARACTERS_MAX])
        self.bury(delivery)

    # --- Telling --------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Keep how things stand for those who look at the file."""
        while True:
            facts = self._facts()
            if facts != self._told:
                async with self._file:
                    await self._run(self._state.tell, facts)
                self._told = facts
            if recent := self._sample.taken():
                async with self._file:
                    await self._run(self._state.commit, Step(recent=recent))
            await asyncio.sleep(TOLD_EVERY_S)

    def _facts(self) -> dict[str, object]:
        state = "running"
        if self._suspended:
            state = "suspended"
        elif self._failures >= DOWN_AFTER:
            state = "down"
        elif self._orders.drain:
            state = "draining"
        if self._orders.is_drained:
            state = "drained"
        oldest = [blocks[0].block.oldest_at for blocks in self._open.values() if blocks]
        return {
            "state": state,
            "problem": self._suspended or self._problem,
            "version": self._target.version,
            "in_flight": sum(
                min(len(opened.block.entries), opened.left)
                for blocks in self._open.values()
                for opened in blocks
            ),
            ENDED_EARLY: self._ended_early(),
            "oldest_at": min(oldest, default=None),
            "worked_at": self._delivered_at,
            "failing_since": self._failing_since,
            "in_flight_records": sum(map(len, self._open.values())),
            "requests_now": self._pace.sending,
            "requests_at_once": self._pace.at_once,
            **self._meter.facts(self._now()),
        }

    def _ended_early(self) -> dict[str, dict[str, int]]:
        """Return by subscription and outcome what has ended in blocks that have not."""
        found: dict[str, dict[str, int]] = {}
        for blocks in self._open.values():
            for opened in blocks:
                for (subscription, _, _, outcome, _), events in opened.step.counts.items():
                    sums = found.setdefault(subscription, {})
                    sums[outcome] = sums.get(outcome, 0) + events
        return found


def _paced(plan: Plan, target: Target) -> Plan:
    """Return a plan whose batches hold no more than the events of a second."""
    rate, batching = target.events_per_s_max, plan.batching
    if rate is None or batching is None:
        return plan
    events_max = max(1, min(batching.events_max, int(rate)))
    return dataclasses.replace(plan, batching=dataclasses.replace(batching, events_max=events_max))


def _lanes_of(plan: Plan, target: Target) -> int:
    """Return how many lanes a plan has: as many as people want, where the action bears them."""
    lanes = plan.batching.lanes if plan.batching else LANES
    wanted = target.requests_at_once_max
    if wanted is None:
        return lanes
    return wanted if lanes >= LANES else min(lanes, wanted)


def _answer(outcomes: Sequence[Outcome]) -> Answer:
    """Return what the outcomes of a request say about how many there should be at once."""
    again = [each for each in outcomes if isinstance(each, Retry)]
    if any(each.status in _BUSY_STATUSES or each.reason == NO_ANSWER for each in again):
        return "busy"
    return "other" if again or not outcomes else "good"


def _received_at(line: Line) -> float:
    """Return when an event was received, in seconds since 1970."""
    return datetime.fromisoformat(line.received_at).timestamp()


def _received_of(out: Out) -> float:
    try:
        return _received_at(line_of(out.event, source=out.source))
    except ValueError:
        # People may have edited it.
        return out.minute * 60.0


def _key(plan: Plan, entry: Entry, outcome: str, reason: str) -> tuple[str, str, int, str, str]:
    return (plan.slug, entry.line.source, entry.minute, outcome, reason)


def _out(plan: Plan, entry: Entry, failure: Failure) -> Out:
    line = entry.line
    return Out(
        subscription=plan.slug,
        message_id=line.message_id,
        type=line.type,
        name=line.event or line.name,
        key=line.key,
        source=line.source,
        minute=entry.minute,
        event=entry.body,
        failure=failure,
    )
