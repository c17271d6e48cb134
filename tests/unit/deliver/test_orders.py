"""Skip, drain and resume: what was skipped is never sent, and the books say so."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from simulated import Running, Stored, Tool, in_order, now, simulate, target_of

from tailrace.deliver import orders
from tailrace.destinations.api import Batching, Delivered, Outcome, Retry
from tailrace.errors import SettingsError, TransientError

BATCHES = Batching(events_max=10, bytes_max=1_000_000)


def no_answer(_: Sequence[int]) -> Sequence[Outcome]:
    raise TransientError("no answer")


def stranger(_: Sequence[int]) -> Sequence[Outcome]:
    raise SettingsError("the answer was 401")


def all_taken(numbers: Sequence[int]) -> Sequence[Outcome]:
    return [Delivered(200)] * len(numbers)


def reasons(running: Running) -> dict[str, int]:
    return dict(
        running.rows(
            "SELECT reason, sum(events) FROM counts WHERE outcome = 'filtered' GROUP BY reason"
        )
    )


def test_what_a_dead_tool_has_not_had_is_skipped_and_what_comes_later_is_sent(
    tmp_path: Path,
) -> None:
    stored, tool = Stored(), Tool()
    tool.answer = no_answer
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool, batching=BATCHES))

    async def run() -> None:
        running.start()
        for _ in range(20):
            stored.store(10)
        await asyncio.sleep(200.0)
        orders.skip(running.path, until=now())
        stored.store(10, at=now() + 0.5)
        await asyncio.sleep(5.0)
        tool.answer = all_taken
        await running.ended(210, within_s=300.0)
        await running.stop()

    simulate(run)

    assert sorted(tool.taken) == list(range(200, 210))
    assert reasons(running) == {"skipped": 200}
    assert running.totals().delivered == 10


def test_what_waits_out_of_line_is_skipped_too_and_only_what_was_received_before(
    tmp_path: Path,
) -> None:
    stored, tool = Stored(), Tool()
    tool.answer = lambda numbers: [
        Retry("http-500", status=500) if number % 10 == 3 else Delivered(200) for number in numbers
    ]
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool, batching=BATCHES))

    async def run() -> float:
        running.start()
        stored.store(100)
        await running.wait(lambda: running.totals().parked == 10, within_s=900.0)
        moment = now()
        stored.store(10, at=moment + 1.0)
        await running.wait(lambda: running.totals().parked == 11, within_s=900.0)
        orders.skip(running.path, until=moment)
        await running.wait(lambda: running.totals().parked == 1, within_s=300.0)
        tool.answer = all_taken
        await running.ended(110, within_s=300.0)
        await running.stop()
        return moment

    simulate(run)

    assert reasons(running) == {"skipped": 10}
    assert running.totals().delivered == 100
    assert {number for number in tool.taken if number % 10 == 3} == {103}


def test_a_suspended_destination_lets_go_of_what_is_skipped_at_once(tmp_path: Path) -> None:
    stored, tool = Stored(), Tool()
    tool.answer = stranger
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool))

    async def run() -> float:
        running.start()
        stored.store(30)
        await asyncio.sleep(20.0)
        orders.skip(running.path, until=now())
        took_s = await running.ended(30, within_s=60.0)
        await running.stop()
        return took_s

    took_s = simulate(run)

    assert took_s < 10.0
    assert reasons(running) == {"skipped": 30}
    assert tool.taken == []


def test_a_skip_holds_for_what_is_read_after_a_restart(tmp_path: Path) -> None:
    stored, tool = Stored(), Tool()
    tool.answer = no_answer
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool))

    async def run() -> None:
        stored.store(30)
        running.start()
        await asyncio.sleep(10.0)
        await running.stop()
        orders.skip(running.path, until=now())
        tool.answer = all_taken
        running.start()
        await running.ended(30, within_s=60.0)
        await running.stop()

    simulate(run)

    assert tool.taken == []
    assert reasons(running) == {"skipped": 30}


def test_a_drained_destination_stands_still_until_it_is_resumed(tmp_path: Path) -> None:
    stored, tool = Stored(), Tool()
    running = Running(tmp_path / "tool.sqlite", stored, target_of(tool, batching=BATCHES))

    async def run() -> tuple[str, int, str, int]:
        tool.took_s = 20.0
        running.start()
        stored.store(200)
        await asyncio.sleep(10.0)
        orders.drain(running.path, to=stored.ends())
        await asyncio.sleep(3.0)
        stored.store(50)
        await asyncio.sleep(10.0)
        draining = running.facts()["state"]
        await running.wait(running.is_drained, within_s=900.0)
        await asyncio.sleep(60.0)
        taken, drained = len(tool.taken), running.facts()["state"]
        await running.stop()
        running.start()
        await asyncio.sleep(60.0)
        after_restart = len(tool.taken)
        orders.resume(running.path)
        await running.ended(250, within_s=300.0)
        await running.stop()
        assert after_restart == taken
        return draining, taken, drained, len(tool.taken)

    with in_order(stored, tool):
        found = simulate(run)

    assert found == ("draining", 200, "drained", 250)
