"""The log under `kill -9`: real processes, real files."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tailrace.config import LogConfig
from tailrace.log import EVENTS, RAW, Count, NewRecord, Record, SqliteLog

CHILD = Path(__file__).with_name("log_child.py")
LONG_S = 60.0
BIG = 10**9
ROUNDS = pytest.mark.parametrize(
    "rounds", [pytest.param(6, id="usual"), pytest.param(60, id="long", marks=pytest.mark.long)]
)


class Child:
    """A process of `log_child.py` and what it has told so far."""

    def __init__(self, mode: str, directory: Path, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), mode, str(directory), str(seed)],
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._rest = b""

    def lines(self, *, at_least: int = 0) -> list[str]:
        """Read what it tells until there are so many lines; 0 takes what is there."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + LONG_S
        lines: list[str] = []
        while True:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.1 if at_least else 0)
            if ready:
                chunk = os.read(self.process.stdout.fileno(), 65_536)
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                lines += [line.decode() for line in whole]
                if not chunk:
                    return lines
            if not ready and len(lines) >= at_least:
                return lines
            if len(lines) >= at_least > 0:
                return lines
            assert time.monotonic() < deadline, f"only {len(lines)} lines"

    def kill(self) -> list[str]:
        """Kill -9; return the lines told since the last look."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        lines = self.lines(at_least=sys.maxsize)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return lines


@contextmanager
def child(mode: str, directory: Path, *, seed: int = 0) -> Iterator[Child]:
    running = Child(mode, directory, seed)
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.kill()


@contextmanager
def opened(directory: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(directory, limits=LogConfig(segment_bytes_max=30_000))
    try:
        yield log
    finally:
        log.close()


def read_all(log: SqliteLog, stream: str, partition: int) -> list[Record]:
    found: list[Record] = []
    while records := log.read(
        stream, partition=partition, offset=len(found), records_max=10_000, bytes_max=BIG
    ):
        found += records
    return found


def first_words(records: list[Record], count: int) -> list[str]:
    return [" ".join(record.body.decode().split(" ")[:count]) for record in records]


def wait_a_random_moment(chance: random.Random) -> None:
    select.select([], [], [], chance.uniform(0.0, 0.15))


@ROUNDS
def test_every_acknowledged_record_is_there_once_and_in_order(tmp_path: Path, rounds: int) -> None:
    chance = random.Random(1)
    acknowledged: dict[int, int] = {}
    for round_ in range(rounds):
        with child("append", tmp_path, seed=round_) as one, child("append", tmp_path) as two:
            told = one.lines(at_least=1) + two.lines(at_least=1)
            wait_a_random_moment(chance)
            told += one.kill() + two.kill()
        for line in told:
            partition, first, size = map(int, line.split())
            acknowledged[partition] = max(acknowledged.get(partition, 0), first + size)

    with opened(tmp_path) as log:
        total = 0
        assert len(acknowledged) == 2
        for partition, next_ in acknowledged.items():
            records = read_all(log, RAW, partition)
            total += len(records)
            assert len(records) >= next_
            assert [record.offset for record in records] == list(range(len(records)))
            assert first_words(records, 2) == [f"{partition} {n}" for n in range(len(records))]
        assert log.check(RAW) == []
        assert log.counts(minute_from=0, minute_until=9) == [Count("web", 1, "accepted", total)]
        assert len(list((tmp_path / RAW / "0").glob("0*.db"))) > 1


@ROUNDS
def test_consumed_emitted_and_counted_agree_after_kills(tmp_path: Path, rounds: int) -> None:
    chance = random.Random(2)
    with child("append", tmp_path) as writer:
        writer.lines(at_least=20)
        for round_ in range(rounds):
            with child("refine", tmp_path, seed=round_) as refiner:
                refiner.lines(at_least=2)
                wait_a_random_moment(chance)
                refiner.kill()
            with opened(tmp_path) as log:
                log.enforce_retention()
                consumed = log.positions("refine")[0]
                emitted = read_all(log, EVENTS, 0)
                counts = {c.outcome: c.events for c in log.counts(minute_from=0, minute_until=9)}
            assert first_words(emitted, 2) == [f"0 {number}" for number in range(consumed)]
            assert counts["refined"] == consumed
            assert counts["accepted"] >= consumed
        assert consumed > rounds


def test_a_record_wakes_a_reader_in_another_process(tmp_path: Path) -> None:
    with opened(tmp_path) as log, child("follow", tmp_path) as reader:
        writer = log.writer(RAW)
        assert reader.lines(at_least=1) == ["joined"]

        for number in range(20):
            writer.append([NewRecord(b"", b"%d" % number)])
            assert reader.lines(at_least=1) == [str(number)]
        (socket_,) = (tmp_path / "wake" / RAW).iterdir()
        reader.kill()
        writer.append([NewRecord(b"", b"nobody listens")])

        assert not socket_.exists()


def test_a_waiting_reader_uses_no_processor_time(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        consumer = log.consumer("idle", stream=RAW)
        log.writer(RAW)
        before = time.process_time()

        assert consumer.poll(bytes_max=1, timeout_s=2.0) == []

        # A loop that never sleeps would use all of the two seconds.
        assert time.process_time() - before < 1.0


def test_a_second_process_cannot_join_the_group_until_the_first_is_gone(tmp_path: Path) -> None:
    with child("follow", tmp_path) as first:
        first.lines(at_least=1)
        second = subprocess.run(
            [sys.executable, str(CHILD), "follow", str(tmp_path), "0"],
            capture_output=True,
            timeout=LONG_S,
            check=False,
        )
        assert second.returncode != 0
        assert b"has a member already" in second.stderr
        first.kill()
    with child("follow", tmp_path) as third:
        assert third.lines(at_least=1) == ["joined"]
