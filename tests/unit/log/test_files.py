"""The files of the log: who may read them, when they are made, what a crash may leave."""

import random
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailrace.config import Config
from tailrace.errors import LogFullError
from tailrace.log import EVENTS, RAW, Count, NewRecord, Writer, open_log
from tailrace.log.layout import Head

if TYPE_CHECKING:
    from conftest import Logs

BIG = 10**9
ACCEPTED = Count("web", 1, "accepted", 1)


def test_the_settings_say_where_the_log_lies(tmp_path: Path) -> None:
    log = open_log(Config(data_dir=tmp_path))

    log.writer(RAW).append([NewRecord(b"", b"a")])

    assert (tmp_path / "log" / "raw" / "0" / f"{0:020}.db").exists()
    log.close()


def test_only_the_owner_may_read(logs: "Logs") -> None:
    logs.fill(RAW)
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.poll(bytes_max=BIG, timeout_s=0)
    consumer.commit(emitted=[NewRecord(b"", b"E")])
    log.enforce_retention()

    modes = {path: path.stat().st_mode for path in logs.directory.rglob("*")}

    assert len(modes) > 10
    assert {path for path, mode in modes.items() if stat.S_IMODE(mode) & 0o077} == set()


def test_segments_are_bounded_and_sealed_ones_stand_alone(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    paths = logs.segments(RAW)

    assert len(paths) > 3
    assert all(path.stat().st_size < 60_000 + 10 * 8_192 for path in paths)
    assert not list(paths[0].parent.glob("*-wal"))
    assert not list(paths[0].parent.glob("*.new*"))


def test_a_quiet_partition_ends_its_segment_by_age(logs: "Logs") -> None:
    log = logs.open()
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", b"old")])
    logs.clock.advance(86_400)

    writer.append([NewRecord(b"", b"new")])

    assert [int(path.stem) for path in logs.segments(RAW)] == [0, 1]


def test_retention_ends_the_segment_of_a_writer_that_is_gone(logs: "Logs") -> None:
    log = logs.open()
    log.writer(RAW).append([NewRecord(b"", b"old")], [ACCEPTED])
    logs.close()
    logs.clock.advance(8 * 86_400)
    log = logs.open()

    assert log.enforce_retention() > 0

    assert log.extents(RAW)[0][:2] == (1, 1)
    assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED]
    assert log.writer(RAW).append([NewRecord(b"", b"new")]) == 1


def test_what_a_killed_process_left_unfinished_is_cleared_away(logs: "Logs") -> None:
    unfinished = logs.directory / RAW / ".new-1-ab"
    unfinished.mkdir(parents=True)
    (unfinished / "head").touch()
    log = logs.open()

    writer = log.writer(RAW)
    (logs.directory / RAW / "0" / f"{1:020}.db.new").write_bytes(b"half a segment")
    writer.append([NewRecord(b"", b"a")])
    writer.roll()

    assert not unfinished.exists()
    assert [path.name for path in (logs.directory / RAW).iterdir()] == ["0"]
    assert writer.append([NewRecord(b"", b"b")]) == 1
    assert len(logs.read_from(log, RAW, 0)) == 2


def test_rolling_an_empty_segment_does_nothing(logs: "Logs") -> None:
    log = logs.open()
    writer = log.writer(RAW)

    writer.roll()

    assert len(logs.segments(RAW)) == 1


def test_a_partition_is_claimed_once(logs: "Logs") -> None:
    logs.fill(RAW, records=1)
    directory = logs.directory / RAW / "0"
    head = Head.claim(directory)
    assert head is not None

    assert Head.claim(directory) is None
    assert head.next() == (1, True)
    head.close()


@pytest.mark.parametrize("name", ["", "Raw", "../raw", "groups", "wake", "a" * 64])
def test_a_name_that_is_no_file_name_is_refused(logs: "Logs", name: str) -> None:
    log = logs.open()

    with pytest.raises(ValueError, match="expected"):
        log.writer(name)


def test_a_reader_that_never_ends_does_not_stop_appends(logs: "Logs") -> None:
    log = logs.open(segment_bytes_max=20_000_000)
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", b"first")])
    (path,) = logs.segments(RAW)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as stuck:
        stuck.execute("BEGIN")
        assert stuck.execute("SELECT count(*) FROM blocks").fetchone() == (1,)

        # Enough for several checkpoints, none of which may finish.
        for number in range(40):
            noise = bytes(range(256)) * 100 + number.to_bytes(4, "big")
            writer.append([NewRecord(b"", noise * 10)] * 3)
        writer.roll()
        writer.append([NewRecord(b"", b"last")])

        assert stuck.execute("SELECT count(*) FROM blocks").fetchone() == (1,)
    assert len(logs.read_from(log, RAW, 0)) == 122


def append_until_full(writer: Writer) -> int:
    for number in range(1_000):
        try:
            writer.append([NewRecord(b"", random.Random(number).randbytes(4_000))])
        except LogFullError as error:
            assert "limit is 300000" in str(error)  # noqa: PT017 - the message is the claim
            return number
    pytest.fail("the limit was not reached")


def test_the_size_limit_ends_the_newest_segment_when_all_have_read_it(logs: "Logs") -> None:
    log = logs.open(segment_bytes_max=10_000_000, stream_bytes_max=300_000)
    writer = log.writer(RAW)
    consumer = log.consumer("refine", stream=RAW)
    taken = append_until_full(writer)
    while consumer.poll(bytes_max=BIG, timeout_s=0):
        consumer.commit()
    log.close()
    log = logs.open(segment_bytes_max=10_000_000, stream_bytes_max=300_000)

    assert log.writer(RAW).append([NewRecord(b"", b"x")]) == taken
