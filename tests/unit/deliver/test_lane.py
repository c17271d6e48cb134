"""A lane: order of each key, batches, what is tried again, and what goes out of line."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest

from tailrace.deliver import backoff
from tailrace.deliver.blocks import Entry, Open
from tailrace.deliver.lane import EXPIRED, NO_ANSWER, PARK_AFTER, Delivery, Lane, Opened
from tailrace.deliver.outcomes import Failure
from tailrace.deliver.payload import Line
from tailrace.deliver.plans import Plan, Target, plans_of
from tailrace.destinations.api import (
    Action,
    Batching,
    Delivered,
    Destination,
    Mapped,
    Outcome,
    Rejected,
    Retry,
)

WINDOW_S = 100.0
DEADLINE_S = 20.0
BUSY = Retry("http-503", status=503)

Answer = Callable[[Sequence[str]], Sequence[Outcome]]


@dataclass(frozen=True)
class Settings:
    """No settings at all."""


@dataclass(frozen=True)
class Payload:
    name: Annotated[str, Mapped("The event's id.", default={"@path": "$.messageId"})]

    @property
    def kind(self) -> str:
        """The end of a name such as a1x."""
        return self.name[2:]


async def _never(*_: object) -> Sequence[Outcome]:
    raise AssertionError("the desk sends")


EMPTY = msgspec.Raw(b"{}")


class Tool:
    """Takes what a lane sends; `answer` says what becomes of a batch of names."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []
        self.taken: list[str] = []
        self.dead: list[tuple[str, str]] = []
        self.parked: list[str] = []
        self.clock = 1_000.0
        self.full = False
        self._ended = asyncio.Event()

    def now(self) -> float:
        self.clock += 0.001
        return self.clock

    async def send(self, _plan: Plan, payloads: Sequence[Any]) -> Sequence[Outcome]:
        names = [payload.name for payload in payloads]
        self.batches.append(names)
        # Each attempt takes a while by this clock, so that waits end.
        self.clock += 1.0
        await asyncio.sleep(0)
        return self.answer(names)

    def delivered(self, delivery: Delivery) -> None:
        self.taken.append(delivery.payload.name)
        self._ended.set()

    def bury(self, delivery: Delivery) -> None:
        assert delivery.failure is not None
        self.dead.append((delivery.payload.name, delivery.failure.reason))
        self._ended.set()

    def park(self, delivery: Delivery, due_at: float) -> None:
        assert due_at > self.clock
        self.parked.append(delivery.payload.name)
        self._ended.set()

    def has_expired(self, failure: Failure) -> bool:
        return self.clock - failure.first_at > WINDOW_S

    def has_worked_since(self, moment: float) -> bool:
        return bool(self.taken) and self.clock > moment

    def is_full(self) -> bool:
        return self.full

    async def ended(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.taken) + len(self.dead) + len(self.parked) < count:
                await self._ended.wait()
                self._ended.clear()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.002)
    monkeypatch.setattr(backoff, "MOST_S", 0.005)


def delivery(name: str, plan: Plan) -> Delivery:
    """Return a delivery whose key is the letter that its name begins with."""
    line = Line(
        message_id=name,
        type="track",
        source="web",
        timestamp="2026-01-01T00:00:00Z",
        received_at="2026-01-01T00:00:00Z",
        properties=EMPTY,
        traits=EMPTY,
        context=EMPTY,
        integrations=EMPTY,
        raw_partition=0,
        raw_offset=0,
        raw_index=0,
        user_id=name[0],
    )
    block = Open(partition=0, offset=0, next=1, entries=[], bytes=0, oldest_at=0.0)
    return Delivery(Opened(block), plan, Entry(line, 0), Payload(name))


def sent(tool: Tool, names: Sequence[str], *, batching: Batching | None = None) -> None:
    """Let a lane send the names until each has ended."""

    async def run() -> None:
        plan = plan_of(batching)
        lane = Lane(tool, plan)
        for name in names:
            lane.put(delivery(name, plan))
        running = asyncio.create_task(lane.run())
        await tool.ended(len(names))
        running.cancel()

    asyncio.run(run())


def plan_of(batching: Batching | None) -> Plan:
    action = Action(
        slug="send",
        name="Send",
        description="Sends.",
        fields=Payload,
        send=_never,
        batching=lambda _: batching,
    )
    kind = Destination(
        slug="tool", name="Tool", description="A tool.", settings=Settings, actions=(action,)
    )
    [plan] = plans_of(Target(slug="tool", version=1, type=kind, settings=Settings()))
    return plan


def all_taken(names: Sequence[str]) -> Sequence[Outcome]:
    return [Delivered(200)] * len(names)


def batches_of(events_max: int, *, answers_each: bool = True) -> Batching:
    return Batching(events_max=events_max, bytes_max=1_000_000, answers_each=answers_each)


def test_a_batch_holds_what_is_ready_up_to_its_limit() -> None:
    tool = Tool(all_taken)

    sent(tool, ["a1", "b1", "a2", "c1", "a3"], batching=batches_of(2))

    assert tool.batches == [["a1", "b1"], ["a2", "c1"], ["a3"]]


def test_bytes_bound_a_batch_but_never_to_nothing() -> None:
    tool = Tool(all_taken)

    sent(tool, ["a1", "b1"], batching=Batching(events_max=10, bytes_max=1))

    assert tool.batches == [["a1"], ["b1"]]


def test_what_comes_after_a_failed_event_of_its_key_waits_and_others_go_on() -> None:
    failed: list[str] = []

    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        busy = "a1" in names and len(failed) < 2
        if busy:
            failed.append("a1")
        return [BUSY if busy and name == "a1" else Delivered(200) for name in names]

    tool = Tool(answer)

    sent(tool, ["a1", "b1", "a2", "c1", "a3"], batching=batches_of(2))

    assert [name for name in tool.taken if name[0] == "a"] == ["a1", "a2", "a3"]
    assert tool.taken.index("b1") < tool.taken.index("a1")
    assert tool.dead == []


def test_two_events_of_a_key_that_fail_together_keep_their_order() -> None:
    attempts: list[int] = []

    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        attempts.append(1)
        if len(attempts) == 1:
            return [BUSY if name[0] == "a" else Delivered(200) for name in names]
        return all_taken(names)

    tool = Tool(answer)

    sent(tool, ["a1", "a2", "b1", "a3"], batching=batches_of(3))

    assert [name for name in tool.taken if name[0] == "a"] == ["a1", "a2", "a3"]


def test_a_batch_that_is_refused_as_one_is_halved_until_the_refused_stand_alone() -> None:
    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        outcome = Rejected("http-400", status=400) if "c1" in names else Delivered(200)
        return [outcome] * len(names)

    tool = Tool(answer)
    names = ["a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1"]

    sent(tool, names, batching=batches_of(8, answers_each=False))

    assert sorted(tool.taken) == [name for name in names if name != "c1"]
    assert tool.dead == [("c1", "http-400")]


def test_where_each_is_answered_only_the_refused_are_buried() -> None:
    tool = Tool(lambda names: [Rejected("no", status=400) for _ in names])

    sent(tool, ["a1", "b1"], batching=batches_of(2))

    assert tool.batches == [["a1", "b1"]]
    assert tool.dead == [("a1", "no"), ("b1", "no")]


def test_an_event_that_fails_often_goes_out_of_line_with_those_after_it() -> None:
    tool = Tool(lambda names: [BUSY if name == "a1" else Delivered(200) for name in names])

    sent(tool, ["a1", "b1", "a2", "b2"])

    assert tool.parked == ["a1", "a2"]
    assert tool.taken == ["b1", "b2"]
    # The last time after another one got through: before that, the tool might have been down.
    assert tool.batches.count(["a1"]) > PARK_AFTER
    assert tool.batches.index(["b1"]) < len(tool.batches) - 1 - tool.batches[::-1].index(["a1"])


def test_while_the_tool_refuses_everything_nothing_goes_out_of_line() -> None:
    attempts: list[int] = []

    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        attempts.append(1)
        return all_taken(names) if len(attempts) > 30 else [BUSY] * len(names)

    tool = Tool(answer)

    sent(tool, ["a1", "b1", "a2"])

    assert tool.parked == []
    assert sorted(tool.taken) == ["a1", "a2", "b1"]
    assert tool.taken.index("a1") < tool.taken.index("a2")


def test_a_batch_agrees_in_its_keys_and_each_person_keeps_the_order() -> None:
    tool = Tool(all_taken)
    alike = Batching(events_max=10, bytes_max=1_000_000, keys=("kind",))

    sent(tool, ["a1x", "b1x", "b2y", "b3x", "c1x", "a2y"], batching=alike)

    assert tool.batches == [["a1x", "b1x", "c1x"], ["b2y", "a2y"], ["b3x"]]


def test_what_is_dropped_is_never_sent_again_and_the_rest_goes_on() -> None:
    async def run() -> tuple[Tool, list[str]]:
        dropped: list[str] = []
        tool = Tool(lambda names: [BUSY if name == "a1" else Delivered(200) for name in names])
        plan = plan_of(batches_of(1))
        lane = Lane(tool, plan)
        for name in ("a1", "b1", "a2", "b2"):
            lane.put(delivery(name, plan))
        running = asyncio.create_task(lane.run())
        while not tool.batches:  # noqa: ASYNC110 - the tool tells nobody
            await asyncio.sleep(0)
        lane.drop(
            lambda each: each.payload.name in {"a1", "b1"},
            lambda each: dropped.append(each.payload.name),
        )
        await tool.ended(2)
        running.cancel()
        return tool, dropped

    tool, dropped = asyncio.run(run())

    assert sorted(dropped) == ["a1", "b1"]
    assert tool.batches == [["a1"], ["a2"], ["b2"]]


def test_while_nothing_answers_nothing_goes_out_of_line() -> None:
    attempts: list[int] = []

    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        attempts.append(1)
        return all_taken(names) if len(attempts) > 30 else [Retry(NO_ANSWER)] * len(names)

    tool = Tool(answer)

    sent(tool, ["a1", "b1"])

    assert tool.parked == []
    assert tool.taken == ["a1", "b1"]


def test_after_the_window_an_event_is_given_up_with_its_reason() -> None:
    tool = Tool(lambda names: [Retry(NO_ANSWER)] * len(names))

    sent(tool, ["a1"])

    assert tool.dead == [("a1", EXPIRED)]
    assert len(tool.batches) > WINDOW_S


def test_the_tools_wish_to_be_left_alone_is_granted() -> None:
    begun: list[float] = []

    def answer(names: Sequence[str]) -> Sequence[Outcome]:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) == 1:
            return [Retry("http-429", status=429, after_s=0.3)] * len(names)
        return all_taken(names)

    tool = Tool(answer)

    sent(tool, ["a1"])

    assert begun[1] - begun[0] >= 0.29


def test_a_batch_waits_for_more_but_not_when_nothing_more_is_read() -> None:
    patient = Batching(events_max=10, bytes_max=1_000_000, age_s=60.0)

    async def run() -> Tool:
        tool = Tool(all_taken)
        plan = plan_of(patient)
        lane = Lane(tool, plan)
        lane.put(delivery("a1", plan))
        running = asyncio.create_task(lane.run())
        for _ in range(20):
            await asyncio.sleep(0)
        assert tool.batches == []
        lane.put(delivery("b1", plan))
        tool.full = True
        lane.hurry()
        await tool.ended(2)
        running.cancel()
        return tool

    assert asyncio.run(run()).batches == [["a1", "b1"]]
