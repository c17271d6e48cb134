"""A destination that is dead for as long as the log keeps, in simulated time."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
import simulated
from simulated import BEGIN, Running, Stored, Tool, in_order, now, simulate, target_of

from tailrace.deliver import backoff, blocks, runner
from tailrace.destinations.api import Batching, Outcome, Retry
from tailrace.errors import TransientError

DAY_S = 86_400.0
BATCHES = Batching(events_max=100, bytes_max=1_000_000)


def no_answer(_: Sequence[int]) -> Sequence[Outcome]:
    raise TransientError("no answer within 5 s")


@pytest.fixture
def _rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a week of what is done every second pass in a few."""
    for name in ("TOLD_EVERY_S", "PARKED_EVERY_S", "OBEYED_EVERY_S", "RELIEVED_EVERY_S"):
        monkeypatch.setattr(runner, name, 1_200.0)
    monkeypatch.setattr(simulated, "LOOKED_EVERY_S", 60.0)
    monkeypatch.setattr(backoff, "MOST_S", 1_800.0)


@pytest.mark.usefixtures("_rarely")
def test_a_week_of_events_waits_for_a_dead_tool_and_what_is_older_is_given_up(
    tmp_path: Path,
) -> None:
    stored = Stored()
    dead, well = Tool(took_s=5.0), Tool()
    dead.answer = no_answer
    down = Running(tmp_path / "down.sqlite", stored, target_of(dead, batching=BATCHES))
    up = Running(tmp_path / "up.sqlite", stored, target_of(well, batching=BATCHES))
    in_flight: list[int] = []

    async def run() -> tuple[float, float]:
        down.start()
        up.start()
        while now() < BEGIN + 7.5 * DAY_S:
            stored.store(20)
            await asyncio.sleep(1_800.0)
            in_flight.append(down.facts().get("in_flight", 0))
        last = up.totals().delivered
        healed_at = now()
        dead.answer, dead.took_s = well.answer, 0.05
        caught_up_s = await down.ended(len(stored.received), within_s=18_000.0)
        assert last == len(stored.received)
        await down.stop()
        await up.stop()
        return healed_at, caught_up_s

    with in_order(stored, dead):
        healed_at, caught_up_s = simulate(run)

    letters = down.rows("SELECT message_id, reason, detail FROM dead_letters")
    given_up = {int(message_id.removeprefix("m-")) for message_id, _, _ in letters}
    assert max(in_flight) <= runner.LITTLE_EVENTS + 20
    assert caught_up_s < 7_200.0
    assert {reason for _, reason, _ in letters} == {"expired"}
    assert not [detail for *_, detail in letters if "16" not in detail or "no answer" not in detail]
    assert set(dead.taken) == set(range(len(stored.received))) - given_up
    assert len(dead.taken) == len(set(dead.taken))
    assert given_up == set(range(len(given_up)))
    assert stored.received[max(given_up)] < healed_at + caught_up_s - 7 * DAY_S


def test_a_tool_that_is_down_needs_little_memory_and_gets_all_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "KEPT_BYTES_MAX", 100_000)
    monkeypatch.setattr(runner, "WINDOW_EVENTS", 4_000)
    monkeypatch.setattr(runner, "LITTLE_EVENTS", 200)
    stored = Stored(users=500, bytes_each=1_000)
    tool = Tool(took_s=1.0)
    tool.answer = lambda numbers: [Retry("http-503", status=503)] * len(numbers)
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool, batching=BATCHES))

    async def run() -> tuple[int, int, int]:
        for _ in range(60):
            stored.store(100)
        tracemalloc.start()
        empty, _ = tracemalloc.get_traced_memory()
        running.start()
        await asyncio.sleep(30.0)
        full, _ = tracemalloc.get_traced_memory()
        await asyncio.sleep(120.0)
        little, _ = tracemalloc.get_traced_memory()
        in_flight = running.facts()["in_flight"]
        tracemalloc.stop()
        tool.answer = Tool().answer
        await running.ended(6_000, within_s=900.0)
        await running.stop()
        return full - empty, little - empty, in_flight

    with in_order(stored, tool):
        full, little, in_flight = simulate(run)

    assert in_flight <= 200 + 500
    assert little < full / 5
    assert sorted(tool.taken) == list(range(6_000))
