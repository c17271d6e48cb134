"""A backfill's runner in simulated time: a dead tool, and batches that wait for more."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from simulated import Tool, now, run_at_once, simulate, target_of

from tailrace.deliver.backfill_engine import BackfillRunner
from tailrace.deliver.backfill_feed import Feed, FeedPositions
from tailrace.deliver.backfill_jobs import AskedFor, FedEvent, Jobs
from tailrace.deliver.plans import Target
from tailrace.deliver.state import State, looking, totals
from tailrace.destinations.api import Batching, Outcome
from tailrace.errors import TransientError
from tailrace.testing.destinations import FakeTools

EVENTS, USERS = 3_000, 10
ASKED = AskedFor(
    since_ms=0,
    until_ms=1,
    received_before_ms=1,
    query="",
    sources=None,
    subscriptions=("send",),
    events_per_s_max=None,
)


class Backfill:
    """A job whose events are all fed, and its runner."""

    def __init__(self, directory: Path, target: Target, *, rate: int | None = None) -> None:
        jobs = Jobs(directory / "jobs.sqlite")
        job = jobs.add("tool", ASKED, actor="ada", now=1.0)
        jobs.move(job.id, ("queued",), "counting")
        jobs.count(job.id, EVENTS)
        for first in range(0, EVENTS, 1_000):
            found = jobs.find(job.id)
            assert found is not None
            events = [event(number) for number in range(first, first + 1_000)]
            jobs.feed(found, events, place=str(first), is_fed=first + 1_000 == EVENTS)
        self.jobs, self.id, self._path = jobs, job.id, directory / "tool--1.sqlite"
        self.feed = Feed(jobs, job.id, events_per_s_max=rate, run=run_at_once, now=now)
        self.feed.begin(0)
        self.feed.grow(EVENTS, is_fed=True)
        self.runner = BackfillRunner(
            target,
            feed=self.feed,
            state=State(self._path),
            consumer=FeedPositions(jobs, job.id),
            tools=FakeTools(),
            run=run_at_once,
            now=now,
        )

    def delivered(self) -> int:
        with looking(self._path) as connection:
            return totals(connection)["send"].delivered if totals(connection) else 0

    async def wait_delivered(self, *, within_s: float) -> float:
        """Wait until everything was delivered; return how many simulated seconds that took."""
        begun_at = now()
        task = asyncio.create_task(self.runner.run())
        while self.delivered() < EVENTS:
            assert not task.done()
            assert now() - begun_at < within_s, self.delivered()
            await asyncio.sleep(0.5)
            self.runner.hurry()
        task.cancel()
        await asyncio.wait([task])
        return now() - begun_at


def event(number: int) -> FedEvent:
    body = {
        "type": "track",
        "messageId": f"m-{number}",
        "userId": f"u-{number % USERS}",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "receivedAt": "2026-01-01T00:00:00.000Z",
        "context": {},
        "integrations": {},
        "properties": {"n": number},
    }
    return FedEvent("web", 7, json.dumps(body).encode())


def in_order(taken: Sequence[int]) -> bool:
    firsts = list(dict.fromkeys(taken))
    by_user = [[number for number in firsts if number % USERS == user] for user in range(USERS)]
    return all(numbers == sorted(numbers) for numbers in by_user)


def test_a_backfill_to_a_tool_that_was_dead_for_long_arrives_whole_and_in_order(
    tmp_path: Path,
) -> None:
    tool = Tool()
    usual, healed_at = tool.answer, 0.0

    def answer(numbers: Sequence[int]) -> Sequence[Outcome]:
        if now() < healed_at:
            raise TransientError("no answer")
        return usual(numbers)

    async def run() -> float:
        nonlocal healed_at
        healed_at = now() + 1_200.0
        return await Backfill(tmp_path, target).wait_delivered(within_s=3_600.0)

    tool.answer = answer
    target = target_of(tool, batching=Batching(events_max=50, bytes_max=1_000_000))

    took_s = simulate(run)

    assert took_s > 1_200.0
    assert set(tool.taken) == set(range(EVENTS))
    assert in_order(tool.taken)


@pytest.mark.parametrize("events_max", [700, 10_000])
def test_the_last_batch_does_not_wait_for_events_that_never_come(
    tmp_path: Path, events_max: int
) -> None:
    tool = Tool()
    batching = Batching(events_max=events_max, bytes_max=10_000_000, age_s=900.0)

    async def run() -> float:
        return await Backfill(tmp_path, target_of(tool, batching=batching)).wait_delivered(
            within_s=3_600.0
        )

    took_s = simulate(run)

    assert took_s < 60.0
    assert sorted(tool.taken) == list(range(EVENTS))


def test_a_backfill_keeps_its_pace_and_drops_pages_that_were_dealt_with(tmp_path: Path) -> None:
    tool = Tool(took_s=0.01)

    async def run() -> tuple[float, int]:
        backfill = Backfill(tmp_path, target_of(tool), rate=100)
        took_s = await backfill.wait_delivered(within_s=3_600.0)
        return took_s, backfill.jobs.ahead(backfill.id)[0]

    took_s, ahead = simulate(run)

    assert 29.0 < took_s < 35.0
    assert ahead == 0
    assert in_order(tool.taken)
