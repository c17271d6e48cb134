"""Damaged files: found, named, set aside; everything else goes on. Offsets are never reused."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailrace.errors import CorruptionError, TailraceError, TransientError
from tailrace.log import EVENTS, RAW, Consumer, Count, LostRange, NewRecord, Record, SqliteLog
from tailrace.log.layout import remove_database
from tailrace.log.lost import lost_within

if TYPE_CHECKING:
    from conftest import Logs

BIG = 10**9
ACCEPTED = Count("web", 1, "accepted", 1)
REFINED = Count("web", 1, "refined", 1)


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x41]))


def place_of(path: Path, content: bytes) -> int:
    """Return where some bytes of the content lie in the file."""
    return path.read_bytes().index(content[2_000:2_100]) + 50


def poll_until_damage(consumer: Consumer) -> tuple[list[Record], CorruptionError | None]:
    """Poll and commit until nothing comes or damage stops it."""
    found: list[Record] = []
    try:
        while records := consumer.poll(bytes_max=BIG, timeout_s=0):
            found += records
            consumer.commit()
    except CorruptionError as error:
        return found, error
    return found, None


def destroy_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\x00" * 200)


def test_a_flipped_byte_is_found_named_and_set_aside(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    path = logs.segments(RAW)[1]
    offset = int(path.stem) + 3
    flip(path, place_of(path, bodies[offset]))
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW)

    found, error = poll_until_damage(consumer)

    assert [record.body for record in found] == bodies[:offset]
    assert error is not None
    assert (error.path, error.partition, error.offset) == (str(path), 0, offset)
    assert str(path) in str(error)
    assert "checksum" in str(error)
    (damage,) = log.check(RAW)
    assert (damage.path, damage.offset_from, damage.offset_until) == (
        str(path),
        offset,
        offset + 1,
    )
    assert log.set_aside(RAW, partition=0, offset=offset)[3:] == (offset, offset + 1)
    rest, damaged = poll_until_damage(consumer)
    assert damaged is None
    assert [record.body for record in rest] == bodies[offset + 1 :]
    assert log.positions("refine") == {0: len(bodies)}
    assert log.check(RAW) == []
    assert [lost.offset_from for lost in log.lost(RAW)[0]] == [offset]
    assert (path.parent / "damaged" / f"{offset:020d}.block").stat().st_mode & 0o77 == 0


def test_offsets_that_were_set_aside_are_not_counted_as_records(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    flipped, lost, kept = logs.segments(RAW)[1:4]
    offset = int(flipped.stem) + 3
    flip(flipped, place_of(flipped, bodies[offset]))
    remove_database(lost)
    log = logs.open()

    assert log.records(RAW) == len(bodies)
    log.set_aside(RAW, partition=0, offset=offset)
    log.set_aside(RAW, partition=0, offset=int(lost.stem))

    assert log.check(RAW) == []
    assert log.records(RAW) == len(bodies) - 1 - (int(kept.stem) - int(lost.stem))
    assert log.records(RAW) == len(read_past_damage(logs, log))


@pytest.mark.parametrize(
    ("ranges", "lost"),
    [
        ([], 0),
        ([(2, 4)], 2),
        ([(6, 9), (2, 4)], 5),
        ([(2, 6), (4, 8)], 6),
        ([(2, 8), (3, 4)], 6),
        ([(-5, 1), (8, 99)], 3),
        ([(20, 30)], 0),
    ],
)
def test_lost_ranges_count_once_and_only_where_records_lie(
    ranges: list[tuple[int, int]], lost: int
) -> None:
    given = [
        LostRange(offset_from=start, offset_until=until, path="", problem="", at=0.0)
        for start, until in ranges
    ]

    assert lost_within(given, first=0, next_=10) == lost


def test_what_is_not_damaged_cannot_be_set_aside(logs: "Logs") -> None:
    logs.fill(RAW)
    log = logs.open()

    for offset in (0, 39, 40, 400):
        with pytest.raises(TailraceError, match=r"damaged|newest"):
            log.set_aside(RAW, partition=0, offset=offset)
    with pytest.raises(TailraceError, match="no segments"):
        log.set_aside(RAW, partition=7, offset=0)
    assert log.lost(RAW) == {0: []}


def test_a_segment_that_sqlite_cannot_open_is_moved_out_of_the_way(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    paths = logs.segments(RAW)
    first, next_ = int(paths[1].stem), int(paths[2].stem)
    destroy_header(paths[1])
    log = logs.open()
    with pytest.raises(CorruptionError):
        logs.read_from(log, RAW, 0)
    (damage,) = [damage for damage in log.check(RAW) if damage.offset_until > damage.offset_from]
    assert damage[2:] == (0, first, next_)

    log.set_aside(RAW, partition=0, offset=first)

    assert not paths[1].exists()
    assert (paths[1].parent / "damaged" / paths[1].name).exists()
    found = logs.read_from(log, RAW, 0)
    assert [record.body for record in found] == bodies[:first] + bodies[next_:]
    assert log.check(RAW) == []
    assert sum(count.events for count in log.counts(minute_from=0, minute_until=9)) == len(found)


def test_the_first_half_of_a_cut_segment_stays_readable(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    path = logs.segments(RAW)[1]
    first, next_ = int(path.stem), int(logs.segments(RAW)[2].stem)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    log = logs.open()

    (damage,) = [damage for damage in log.check(RAW) if damage.offset_until > damage.offset_from]

    assert first < damage.offset_from < damage.offset_until == next_
    log.set_aside(RAW, partition=0, offset=damage.offset_from)
    found = [record.body for record in logs.read_from(log, RAW, 0)]
    assert found == bodies[: damage.offset_from] + bodies[next_:]


def test_a_missing_segment_is_damage_too(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    paths = logs.segments(RAW)
    first, next_ = int(paths[1].stem), int(paths[2].stem)
    paths[1].unlink()
    log = logs.open()

    (damage,) = log.check(RAW)

    assert damage[3:] == (first, next_)
    log.set_aside(RAW, partition=0, offset=first)
    found = [record.body for record in logs.read_from(log, RAW, 0)]
    assert found == bodies[:first] + bodies[next_:]


def test_a_group_whose_records_somebody_deleted_is_told_and_can_go_on(logs: "Logs") -> None:
    bodies = logs.fill(RAW)
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW)
    consumer.poll(bytes_max=1, timeout_s=0)
    consumer.commit()
    logs.close()
    paths = logs.segments(RAW)
    paths[0].unlink()
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW)

    with pytest.raises(CorruptionError, match="had not read"):
        consumer.poll(bytes_max=BIG, timeout_s=0)
    log.set_aside(RAW, partition=0, offset=1)

    assert consumer.poll(bytes_max=BIG, timeout_s=0)[0].body == bodies[int(paths[1].stem)]


@pytest.mark.parametrize("harm", ["header", "cut", "gone wal"])
def test_a_writer_goes_on_behind_a_damaged_end(logs: "Logs", tmp_path: Path, harm: str) -> None:
    log = logs.open()
    writer = log.writer(RAW)
    for number in range(5):
        writer.append([NewRecord(b"", b"%d" % number)])
    # As after kill -9: the files as they are, before anybody closes them.
    copy = type(logs)(tmp_path / "copy")
    shutil.copytree(logs.directory, copy.directory, ignore=shutil.ignore_patterns("wake"))
    path = copy.segments(RAW)[0]
    if harm == "header":
        Path(f"{path}-wal").unlink()
        destroy_header(path)
    elif harm == "cut":
        Path(f"{path}-wal").unlink()
        with path.open("r+b") as file:
            file.truncate(5_000)
    else:
        Path(f"{path}-wal").unlink()
    log = copy.open()

    first = log.writer(RAW).append([NewRecord(b"", b"after")])

    assert first >= 5
    assert log.check(RAW)[0][3:] == (0, first)
    with pytest.raises(CorruptionError):
        copy.read_from(log, RAW, 0)
    log.set_aside(RAW, partition=0, offset=0)
    (record,) = copy.read_from(log, RAW, 0)
    assert (record.offset, record.body) == (first, b"after")
    copy.close()
    log = copy.open()
    assert log.writer(RAW).append([NewRecord(b"", b"more")]) == first + 1
    assert log.check(RAW) == []
    copy.close()


def test_a_damaged_newest_segment_can_be_set_aside_without_its_writer(logs: "Logs") -> None:
    logs.fill(RAW, records=3)
    destroy_header(logs.segments(RAW)[0])
    log = logs.open()

    damage = log.set_aside(RAW, partition=0, offset=0)

    assert damage.offset_until >= 3
    assert logs.read_from(log, RAW, 0) == []
    assert log.writer(RAW).append([NewRecord(b"", b"x")]) == damage.offset_until


def test_a_writer_that_meets_damage_goes_on_in_a_new_segment(logs: "Logs") -> None:
    logs.fill(RAW, records=3)
    change_a_count(logs.segments(RAW)[0])
    log = logs.open()
    writer = log.writer(RAW)

    assert writer.append([NewRecord(b"", b"a")], [ACCEPTED]) == 3
    assert writer.append([NewRecord(b"", b"b")], [ACCEPTED]) == 4

    assert len(logs.segments(RAW)) == 2
    assert len(logs.read_from(log, RAW, 0)) == 5
    log.set_aside(RAW, partition=0, offset=log.check(RAW)[0].offset_from)
    assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED._replace(events=2)]


def test_a_live_writers_damage_waits_for_it_to_stop(logs: "Logs") -> None:
    log = logs.open()
    log.writer(RAW)
    path = logs.segments(RAW)[0]
    logs.close()
    destroy_header(path)
    other = logs.open()
    head = (path.parent / "head").open("r+b")
    import fcntl

    fcntl.flock(head, fcntl.LOCK_EX)

    with pytest.raises(TransientError, match="written"):
        other.set_aside(RAW, partition=0, offset=0)
    head.close()


def test_positions_survive_the_loss_of_the_newest_emitted_segment(logs: "Logs") -> None:
    logs.fill(RAW, records=10)
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    for _ in range(4):
        consumer.poll(bytes_max=1, timeout_s=0)
        consumer.commit(emitted=[NewRecord(b"", b"E")], counts=[REFINED])
    logs.close()
    destroy_header(logs.segments(EVENTS)[0])
    log = logs.open()
    assert log.positions("refine") == {0: 4}

    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)

    assert consumer.positions() == {0: 4}
    assert consumer.poll(bytes_max=1, timeout_s=0)[0].offset == 4
    (offset,) = consumer.commit(emitted=[NewRecord(b"", b"E")])
    assert offset >= 4
    with pytest.raises(CorruptionError):
        log.counts(minute_from=0, minute_until=9)
    log.set_aside(EVENTS, partition=0, offset=0)
    assert [record.offset for record in logs.read_from(log, EVENTS, 0)] == [offset]
    assert log.counts(minute_from=0, minute_until=9) == [Count("web", 1, "accepted", 10)]


def test_a_damaged_copy_of_positions_does_not_matter(logs: "Logs") -> None:
    logs.fill(RAW, records=3)
    log = logs.open()
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.poll(bytes_max=1, timeout_s=0)
    consumer.commit(emitted=[NewRecord(b"", b"E")])
    logs.close()
    destroy_header(logs.directory / "groups" / "refine.db")
    log = logs.open()
    (damage,) = log.check(RAW)
    assert damage.path.endswith("refine.db")

    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)

    assert consumer.positions() == {0: 1}
    assert log.check(RAW) == []


def test_a_group_with_a_damaged_file_begins_where_the_operator_says(logs: "Logs") -> None:
    logs.fill(RAW, records=5)
    log = logs.open()
    log.consumer("store", stream=RAW)
    logs.close()
    destroy_header(logs.directory / "groups" / "store.db")
    log = logs.open()
    with pytest.raises(CorruptionError, match=r"store\.db"):
        log.consumer("store", stream=RAW)

    log.set_group_aside("store", stream=RAW, positions={0: 3})

    assert log.consumer("store", stream=RAW).positions() == {0: 3}


def test_a_damaged_partition_does_not_stop_the_others(logs: "Logs") -> None:
    log = logs.open()
    one, two = log.writer(RAW), log.writer(RAW)
    one.append([NewRecord(b"", b"\x07" * 3_000)])
    two.append([NewRecord(b"", b"first")])
    logs.close()
    destroy_header(logs.segments(RAW, 0)[0])
    log = logs.open()
    two = [log.writer(RAW), log.writer(RAW)][1]
    consumer = log.consumer("refine", stream=RAW)

    found: list[bytes] = []
    alarms = []
    for number in range(6):
        two.append([NewRecord(b"", b"%d" % number)])
        records, error = poll_until_damage(consumer)
        found += [record.body for record in records]
        alarms.append(error and error.partition)

    assert found == [b"first", *(b"%d" % n for n in range(6))]
    assert alarms == [0] * 6


def change_a_count(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE counts SET events = events + 1")
        connection.commit()


def test_a_changed_count_is_an_error_until_it_is_set_aside(logs: "Logs") -> None:
    logs.fill(RAW)
    path = logs.segments(RAW)[1]
    in_it = int(logs.segments(RAW)[2].stem) - int(path.stem)
    change_a_count(path)
    log = logs.open()
    with pytest.raises(CorruptionError, match="count"):
        log.counts(minute_from=0, minute_until=9)
    with pytest.raises(CorruptionError, match="count"):
        log.enforce_retention()
    (damage,) = log.check(RAW)
    assert (damage.path, damage.offset_from) == (str(path), int(path.stem))

    log.set_aside(RAW, partition=0, offset=damage.offset_from)

    assert log.counts(minute_from=0, minute_until=9) == [Count("web", 1, "accepted", 40 - in_it)]
    assert log.check(RAW) == []
    log.enforce_retention()
    assert len(logs.read_from(log, RAW, 0)) == 40


def test_any_flipped_byte_is_harmless_or_found(logs: "Logs", tmp_path: Path) -> None:
    bodies = logs.fill(RAW, records=30)
    chance = random.Random(7)
    for round_ in range(60):
        copy = type(logs)(tmp_path / f"copy{round_}")
        shutil.copytree(logs.directory, copy.directory)
        path = chance.choice(copy.segments(RAW))
        size = path.stat().st_size
        flip(path, chance.randrange(size) if round_ % 3 else chance.randrange(8_192))
        log = copy.open()

        found = read_past_damage(copy, log)

        assert all(bodies[offset] == body for offset, body in found.items())
        lost = [range(lost.offset_from, lost.offset_until) for lost in log.lost(RAW)[0]]
        assert found.keys() | {offset for gone in lost for offset in gone if offset < 30} == set(
            range(30)
        )
        for damage in log.check(RAW):
            log.set_aside(RAW, partition=0, offset=damage.offset_from)
        assert log.check(RAW) == []
        counted = log.counts(minute_from=0, minute_until=9)
        assert all(count._replace(events=0) == Count("web", 1, "accepted", 0) for count in counted)
        assert log.writer(RAW).append([NewRecord(b"", b"after")]) >= 30
        copy.close()
        shutil.rmtree(copy.directory)


def test_a_flipped_byte_of_the_write_ahead_log_loses_nothing_unseen(
    logs: "Logs", tmp_path: Path
) -> None:
    log = logs.open(segment_bytes_max=10_000_000)
    writer = log.writer(RAW)
    bodies = [random.Random(number).randbytes(3_000) for number in range(20)]
    for body in bodies:
        writer.append([NewRecord(b"", body)], [ACCEPTED])
    chance = random.Random(11)
    for round_ in range(30):
        # The files as kill -9 leaves them: everything is still in the write-ahead log.
        copy = type(logs)(tmp_path / f"copy{round_}")
        shutil.copytree(logs.directory, copy.directory, ignore=shutil.ignore_patterns("*-shm"))
        wal = Path(f"{copy.segments(RAW)[0]}-wal")
        flip(wal, chance.randrange(wal.stat().st_size))
        log = copy.open()

        after = log.writer(RAW).append([NewRecord(b"", b"after")])
        found = read_past_damage(copy, log)

        assert after >= 20
        assert found.pop(after) == b"after"
        assert all(bodies[offset] == body for offset, body in found.items())
        gone = {
            offset
            for lost in log.lost(RAW)[0]
            for offset in range(lost.offset_from, min(20, lost.offset_until))
        }
        assert found.keys() | gone == set(range(20))
        copy.close()
        shutil.rmtree(copy.directory)


def test_a_segment_left_half_changed_is_repaired_by_its_reader(
    logs: "Logs", tmp_path: Path
) -> None:
    bodies = logs.fill(RAW)
    path = logs.segments(RAW)[0]
    copy = type(logs)(tmp_path / "copy")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE blocks SET body = zeroblob(5000)")
        shutil.copytree(logs.directory, copy.directory)
        connection.execute("ROLLBACK")
    assert Path(f"{copy.segments(RAW)[0]}-journal").exists()

    found = copy.read_from(copy.open(), RAW, 0)

    assert [record.body for record in found] == bodies
    copy.close()


def read_past_damage(logs: "Logs", log: SqliteLog) -> dict[int, bytes]:
    """Read everything, setting aside what is damaged, as an operator would."""
    found: dict[int, bytes] = {}
    offset = 0
    while True:
        try:
            records = log.read(RAW, partition=0, offset=offset, records_max=7, bytes_max=BIG)
        except CorruptionError as error:
            log.set_aside(RAW, partition=0, offset=error.offset or 0)
            continue
        if not records:
            return found
        found.update((record.offset, record.body) for record in records)
        offset = records[-1].offset + 1
