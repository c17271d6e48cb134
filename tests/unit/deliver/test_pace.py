"""How fast a destination is given events, in simulated time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from simulated import Running, Stored, Tool, now, simulate, target_of

from tailrace.deliver.meter import Meter
from tailrace.deliver.pace import BEGIN_AT_ONCE, Pace
from tailrace.destinations.api import Batching, Delivered, Outcome, Retry

BATCHES = Batching(events_max=100, bytes_max=1_000_000)


def delivered_by(
    tmp_path: Path, tool: Tool, events: int, *, batching: Batching | None = None, **rules: Any
) -> float:
    """Return how many seconds it took to deliver events that were stored before."""
    stored = Stored(users=200)
    target = target_of(tool, batching=batching, **rules)
    running = Running(tmp_path / "tool.sqlite", stored, target)

    async def run() -> float:
        stored.store(events)
        running.start()
        took_s = await running.ended(events, within_s=3_600.0)
        await running.stop()
        return took_s

    return simulate(run)


@pytest.mark.parametrize("batching", [None, BATCHES], ids=["one by one", "in batches"])
def test_no_more_events_a_second_are_handed_over_than_people_allow(
    tmp_path: Path, batching: Batching | None
) -> None:
    tool = Tool(took_s=0.01)

    took_s = delivered_by(tmp_path, tool, 600, batching=batching, events_per_s_max=20.0)

    assert 28.0 <= took_s <= 45.0
    for begun_at, _ in tool.begun:
        span = [events for at, events in tool.begun if begun_at <= at < begun_at + 10.0]
        assert sum(span) <= 200 + 21


def test_more_requests_at_once_are_on_their_way_while_the_tool_bears_them(tmp_path: Path) -> None:
    tool = Tool(took_s=1.0)

    delivered_by(tmp_path, tool, 600, requests_at_once_max=32)

    assert BEGIN_AT_ONCE < tool.most_at_once <= 32


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_requests_are_on_their_way_than_people_allow(tmp_path: Path, most: int) -> None:
    tool = Tool(took_s=0.1)

    delivered_by(tmp_path, tool, 100, requests_at_once_max=most)

    assert tool.most_at_once == most


def test_an_action_that_bears_one_request_at_once_gets_no_more_of_them(tmp_path: Path) -> None:
    tool = Tool(took_s=0.1)
    alone = Batching(events_max=10, bytes_max=1_000_000, lanes=1)

    delivered_by(tmp_path, tool, 200, batching=alone, requests_at_once_max=8)

    assert tool.most_at_once == 1


def test_a_tool_that_is_busy_beyond_some_requests_is_asked_in_about_so_many(
    tmp_path: Path,
) -> None:
    tool = Tool(took_s=1.0)
    refused: list[float] = []

    def answer(numbers: Sequence[int]) -> Sequence[Outcome]:
        if tool.at_once > 10:
            refused.append(now())
            return [Retry("http-429", status=429)] * len(numbers)
        return [Delivered(200)] * len(numbers)

    tool.answer = answer

    delivered_by(tmp_path, tool, 600, requests_at_once_max=64)

    assert 10 < tool.most_at_once < 16
    assert len(refused) < tool.requests / 5


def test_answers_that_take_longer_than_usual_end_the_growth() -> None:
    async def run() -> tuple[int, int]:
        pace = Pace(events_per_s_max=None, requests_at_once_max=64)
        took_s = 0.1

        async def request() -> None:
            begun_at = await pace.begin(1)
            await asyncio.sleep(took_s)
            pace.ended(begun_at, "good")

        await asyncio.gather(*(request() for _ in range(60)))
        before, took_s = pace.at_once, 1.0
        await asyncio.gather(*(request() for _ in range(200)))
        return before, pace.at_once

    before, after = simulate(run)

    assert BEGIN_AT_ONCE < before == after


def test_a_request_that_is_cancelled_while_it_waits_leaves_its_place_to_others() -> None:
    async def run() -> int:
        pace = Pace(events_per_s_max=1.0, requests_at_once_max=1)
        first = await pace.begin(1)
        waiting = [asyncio.create_task(pace.begin(1)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for each in waiting[:2]:
            each.cancel()
        pace.ended(first, "good")
        await asyncio.sleep(10.0)
        pace.ended(waiting[2].result(), "good")
        await pace.begin(1)
        return pace.sending

    assert simulate(run) == 1


def test_numbers_of_the_last_minute_are_forgotten_after_it() -> None:
    meter = Meter("tool")
    for second in range(120):
        meter.requested(0.1 + second / 1_000, delivered=10, again=1, now=1_000.0 + second)
        meter.aged(2.0, now=1_000.0 + second)

    busy = meter.facts(1_119.5)
    idle = meter.facts(1_200.0)

    assert (busy["events_per_s_10s"], busy["events_per_s_60s"]) == (10.0, 10.0)
    assert busy["retries_60s"] == 60
    assert busy["request_ms_p50"] == pytest.approx(190.0, abs=5.0)
    assert busy["delivered_after_s_p99"] == 2.0
    assert (idle["events_per_s_60s"], idle["retries_60s"], idle["request_ms_p99"]) == (0.0, 0, None)
