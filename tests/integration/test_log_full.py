"""The log when the disk is full or fails: nothing half done, and it goes on when there is space."""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from tailrace.config import LogConfig
from tailrace.errors import LogFullError, TransientError
from tailrace.log import EVENTS, RAW, Count, NewRecord, Record, SqliteLog, Writer
from tailrace.testing import ManualClock

LONG_S = 30.0
BIG = 10**9
ACCEPTED = Count("web", 1, "accepted", 1)
T = TypeVar("T")


class OpenLog(Protocol):
    def __call__(self, directory: Path, *, segment_bytes_max: int = 200_000) -> SqliteLog: ...


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a directory on a file system of its own, of 3 MB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.fixture
def open_log() -> Iterator[OpenLog]:
    opened: list[SqliteLog] = []

    def open_one(directory: Path, *, segment_bytes_max: int = 200_000) -> SqliteLog:
        log = SqliteLog(
            directory, limits=LogConfig(free_bytes_min=0, segment_bytes_max=segment_bytes_max)
        )
        opened.append(log)
        return log

    yield open_one
    for log in opened:
        log.close()


def record(number: int) -> NewRecord:
    return NewRecord(b"", b"%06d " % number + random.Random(number).randbytes(4_000))


def numbers(records: list[Record]) -> list[int]:
    return [int(found.body[:6]) for found in records]


def read_all(log: SqliteLog, stream: str) -> list[Record]:
    found: list[Record] = []
    while records := log.read(
        stream, partition=0, offset=len(found), records_max=10_000, bytes_max=BIG
    ):
        found += records
    return found


def append_until_full(append: Callable[[int], object]) -> int:
    """Append numbered records until the log refuses; return how many it took."""
    for number in range(100_000):
        try:
            append(number)
        except LogFullError:
            return number
    pytest.fail("the disk did not fill up")


def fill_up(path: Path) -> None:
    """Append to a file until not one page is left."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        while True:
            os.write(descriptor, b"x" * 4_096)
    except OSError:
        os.close(descriptor)


def when_possible(step: Callable[[], T]) -> T:
    deadline = time.monotonic() + LONG_S
    while True:
        try:
            return step()
        except TransientError:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize("segment_bytes_max", [200_000, 100_000_000])
def test_a_full_disk_refuses_and_loses_nothing(
    small_disk: Path, open_log: OpenLog, segment_bytes_max: int
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    log = open_log(small_disk / "log", segment_bytes_max=segment_bytes_max)
    writer = log.writer(RAW)

    taken = append_until_full(lambda number: writer.append([record(number)], [ACCEPTED]))
    for _ in range(5):
        with pytest.raises(LogFullError, match="free disk space"):
            writer.append([record(taken)], [ACCEPTED])
    assert numbers(read_all(log, RAW)) == list(range(taken))
    ballast.unlink()
    offset = when_possible(lambda: writer.append([record(taken)], [ACCEPTED]))

    assert offset == taken > 100
    assert numbers(read_all(log, RAW)) == list(range(taken + 1))
    assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED._replace(events=taken + 1)]
    assert log.check(RAW) == []


def test_a_full_disk_keeps_the_step_of_an_emitting_consumer_whole(
    small_disk: Path, open_log: OpenLog
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    log = open_log(small_disk / "log")
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", b"%06d " % number) for number in range(1_000)])
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)

    def step(_: int = 0) -> None:
        (found,) = consumer.poll(bytes_max=1, timeout_s=LONG_S)
        refined = Count("web", 1, "refined", 1)
        try:
            consumer.commit(emitted=[record(int(found.body[:6]))], counts=[refined])
        except LogFullError:
            consumer.rewind()
            raise

    taken = append_until_full(step)
    assert log.positions("refine") == {0: taken}
    assert numbers(read_all(log, EVENTS)) == list(range(taken))
    ballast.unlink()
    when_possible(step)
    log.close()

    log = open_log(small_disk / "log")
    assert log.positions("refine") == {0: taken + 1}
    assert numbers(read_all(log, EVENTS)) == list(range(taken + 1))
    assert log.counts(minute_from=0, minute_until=9) == [Count("web", 1, "refined", taken + 1)]


def test_a_log_on_a_full_disk_opens_again(small_disk: Path, open_log: OpenLog) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    log = open_log(small_disk / "log")
    writer = log.writer(RAW)
    taken = append_until_full(lambda number: writer.append([record(number)]))
    fill_up(ballast)
    log.close()
    fill_up(ballast)

    log = open_log(small_disk / "log")
    writers: list[Writer] = []

    def append_one() -> int:
        if not writers:
            writers.append(log.writer(RAW))
        return writers[0].append([record(taken)])

    with pytest.raises(TransientError):
        append_one()
    ballast.unlink()

    assert when_possible(append_one) == taken
    assert numbers(read_all(log, RAW)) == list(range(taken + 1))


def test_retention_makes_room_on_a_full_disk(small_disk: Path) -> None:
    clock = ManualClock()
    ballast = small_disk / "ballast"
    ballast.touch()
    limits = LogConfig(free_bytes_min=0, segment_bytes_max=200_000)
    with closing(SqliteLog(small_disk / "log", limits=limits, clock=clock)) as log:
        writer = log.writer(RAW)

        def append_one(number: int) -> None:
            if number % 40 == 0:
                log.enforce_retention()  # as the worker does all the time
            writer.append([record(number)], [ACCEPTED])

        taken = append_until_full(append_one)
        fill_up(ballast)
        clock.advance(8 * 86_400)

        freed = log.enforce_retention()

        assert freed > 200_000
        assert when_possible(lambda: writer.append([record(taken)], [ACCEPTED])) == taken
        assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED._replace(events=taken + 1)]


def test_a_file_that_may_not_grow_refuses_like_a_full_disk(
    tmp_path: Path, open_log: OpenLog
) -> None:
    log = open_log(tmp_path, segment_bytes_max=10_000_000)
    writer = log.writer(RAW)
    writer.limit_pages(60)

    taken = append_until_full(lambda number: writer.append([record(number)], [ACCEPTED]))
    assert numbers(read_all(log, RAW)) == list(range(taken))

    # After the refusal the writer opened the file again, so the limit is gone.
    assert writer.append([record(taken)], [ACCEPTED]) == taken
    assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED._replace(events=taken + 1)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any directory")
def test_a_directory_that_may_not_be_written_is_a_transient_error(
    tmp_path: Path, open_log: OpenLog
) -> None:
    log = open_log(tmp_path)
    log.writer(RAW).close()
    (tmp_path / RAW / "0").chmod(0o500)

    with pytest.raises(TransientError):
        log.writer(RAW).append([record(0)])
    (tmp_path / RAW / "0").chmod(0o700)
    log.close()


def append_up_to(writer: Writer, records: int) -> None:
    for number in range(records):
        writer.append([record(number)])


def test_a_disk_that_is_nearly_full_refuses_before_it_is_full(small_disk: Path) -> None:
    log = SqliteLog(
        small_disk, limits=LogConfig(free_bytes_min=1_500_000, segment_bytes_max=200_000)
    )
    writer = log.writer(RAW)

    with pytest.raises(LogFullError, match="free_bytes_min"):
        append_up_to(writer, 1_000)
    other = SqliteLog(small_disk, limits=LogConfig(free_bytes_min=2_000_000))
    with pytest.raises(LogFullError, match="free_bytes_min"):
        other.writer(RAW).append([])

    assert shutil.disk_usage(small_disk).free > 1_000_000
    kept = numbers(read_all(log, RAW))
    assert kept == list(range(len(kept)))
    assert len(kept) > 10
    other.close()
    log.close()
