"""What every form of the log promises (`tailrace.log.contract`), run over each of them."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tailrace.config import LogConfig
from tailrace.errors import LogFullError, OffsetGoneError, TransientError
from tailrace.log import EVENTS, RAW, Count, Extent, Log, NewRecord, Record, SqliteLog
from tailrace.testing import ManualClock, MemoryLog

LONG_S = 30.0
DAY_S = 86_400.0
BIG = 10_000_000


class OpenLog(Protocol):
    """Opens a log on the same records each time; a limit bounds each stream."""

    def __call__(self, *, stream_bytes_max: int = 2**40) -> Log: ...


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite"])
def open_log(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[OpenLog]:
    opened: list[Log] = []
    memory: list[MemoryLog] = []

    def open_memory(*, stream_bytes_max: int = 2**40) -> Log:
        if not memory:
            memory.append(
                MemoryLog(stream_bytes_max=stream_bytes_max, age_s_max=DAY_S, clock=clock)
            )
        return memory[0]

    def open_sqlite(*, stream_bytes_max: int = 2**40) -> Log:
        limits = LogConfig(
            segment_bytes_max=20_000,
            raw_age_s_max=DAY_S,
            raw_bytes_max=stream_bytes_max,
            events_age_s_max=DAY_S,
            events_bytes_max=stream_bytes_max,
        )
        log = SqliteLog(tmp_path / "log", limits=limits, clock=clock)
        opened.append(log)
        return log

    yield open_memory if request.param == "memory" else open_sqlite
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: OpenLog) -> Log:
    return open_log()


def new(*bodies: str) -> list[NewRecord]:
    return [NewRecord(b"key", body.encode()) for body in bodies]


def bodies(records: list[Record]) -> list[str]:
    return [record.body.decode() for record in records]


def read_all(log: Log, stream: str, partition: int = 0) -> list[Record]:
    """Read to the end; one read may return less than its bounds allow, but not nothing."""
    found: list[Record] = []
    while records := log.read(
        stream, partition=partition, offset=len(found), records_max=BIG, bytes_max=BIG
    ):
        found += records
    return found


def test_appended_records_are_read_back_with_offsets_in_order(log: Log) -> None:
    writer = log.writer(RAW)

    first = [writer.append(new("a", "b")), writer.append(new("c"))]

    assert first == [0, 2]
    assert read_all(log, RAW) == [
        Record(writer.partition, 0, b"key", b"a"),
        Record(writer.partition, 1, b"key", b"b"),
        Record(writer.partition, 2, b"key", b"c"),
    ]


def test_bytes_of_any_kind_come_back_unchanged(log: Log) -> None:
    records = [NewRecord(b"", b""), NewRecord(bytes(range(256)), b"\x00" * 5_000_000)]

    log.writer(RAW).append(records)

    found = read_all(log, RAW)
    assert [NewRecord(record.key, record.body) for record in found] == records


def test_records_outlive_the_object_that_wrote_them(open_log: OpenLog) -> None:
    log = open_log()
    log.writer(RAW).append(new("a", "b"))
    log.close()

    again = open_log()

    assert bodies(read_all(again, RAW)) == ["a", "b"]
    assert again.writer(RAW).append(new("c")) == 2


def test_two_writers_have_two_partitions(log: Log) -> None:
    one, two = log.writer(RAW), log.writer(RAW)

    one.append(new("a"))
    two.append(new("b", "c"))

    assert one.partition != two.partition
    assert bodies(read_all(log, RAW, one.partition)) == ["a"]
    assert bodies(read_all(log, RAW, two.partition)) == ["b", "c"]


def test_a_partition_given_free_gets_the_next_writer(log: Log) -> None:
    one = log.writer(RAW)
    one.append(new("a"))
    one.close()

    two = log.writer(RAW)

    assert two.partition == one.partition
    assert two.append(new("b")) == 1


def test_a_closed_writer_appends_no_more(log: Log) -> None:
    writer = log.writer(RAW)
    writer.close()

    with pytest.raises(ValueError, match="closed"):
        writer.append(new("a"))


def test_counts_may_be_appended_alone(log: Log) -> None:
    writer = log.writer(RAW)

    assert writer.append([], [Count("web", 5, "invalid", 2)]) == 0
    assert writer.append(new("a")) == 0
    assert log.counts(minute_from=0, minute_until=9) == [Count("web", 5, "invalid", 2)]


def test_reading_stops_at_the_bounds_but_gives_one_record_at_least(log: Log) -> None:
    log.writer(RAW).append(new("aaaaaaa", "bbbbbbb", "ccccccc"))

    def read(offset: int, *, records_max: int = BIG, bytes_max: int = BIG) -> list[str]:
        found = log.read(
            RAW, partition=0, offset=offset, records_max=records_max, bytes_max=bytes_max
        )
        return bodies(found)

    assert read(0, records_max=2) == ["aaaaaaa", "bbbbbbb"]
    assert read(1, bytes_max=20) == ["bbbbbbb", "ccccccc"]
    assert read(1, bytes_max=19) == ["bbbbbbb"]
    assert read(1, bytes_max=1) == ["bbbbbbb"]
    assert read(3) == []
    assert read(30) == []


def test_an_unknown_stream_or_partition_is_empty(log: Log) -> None:
    assert read_all(log, RAW, 7) == []
    assert log.extents(RAW) == {}
    assert log.positions("nobody") == {}
    assert log.check(RAW) == []


def test_extents_say_where_partitions_begin_and_end(log: Log) -> None:
    log.writer(RAW).append(new("a", "b"))

    extent = log.extents(RAW)[0]

    assert (extent.first, extent.next) == (0, 2)
    assert extent.bytes > 0


def test_a_consumer_polls_each_record_once(log: Log) -> None:
    writer = log.writer(RAW)
    writer.append(new("a", "b"))
    consumer = log.consumer("refine", stream=RAW)

    first = consumer.poll(bytes_max=BIG, timeout_s=LONG_S)
    writer.append(new("c"))
    second = consumer.poll(bytes_max=BIG, timeout_s=LONG_S)

    assert bodies(first) == ["a", "b"]
    assert bodies(second) == ["c"]
    assert consumer.poll(bytes_max=BIG, timeout_s=0) == []


def test_a_poll_splits_appends_that_are_larger_than_its_budget(log: Log) -> None:
    log.writer(RAW).append(new(*"abcdefgh"))
    consumer = log.consumer("refine", stream=RAW)

    polls = [bodies(consumer.poll(bytes_max=12, timeout_s=0)) for _ in range(4)]

    assert polls == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"], []]


def test_a_poll_reads_all_partitions_each_in_order(log: Log) -> None:
    one, two = log.writer(RAW), log.writer(RAW)
    one.append(new("a1", "a2"))
    two.append(new("b1", "b2"))
    consumer = log.consumer("refine", stream=RAW)

    found: list[Record] = []
    while records := consumer.poll(bytes_max=6, timeout_s=0):
        found += records

    assert [r.body for r in found if r.partition == one.partition] == [b"a1", b"a2"]
    assert [r.body for r in found if r.partition == two.partition] == [b"b1", b"b2"]


def test_a_consumer_finds_partitions_that_appear(log: Log) -> None:
    consumer = log.consumer("refine", stream=RAW)
    assert consumer.poll(bytes_max=BIG, timeout_s=0) == []

    log.writer(RAW).append(new("a"))
    first = consumer.poll(bytes_max=BIG, timeout_s=LONG_S)
    log.writer(RAW).append(new("b"))
    second = consumer.poll(bytes_max=BIG, timeout_s=LONG_S)

    assert [record.partition for record in first + second] == [0, 1]


def test_an_append_ends_a_wait(log: Log) -> None:
    writer = log.writer(RAW)
    consumer = log.consumer("refine", stream=RAW)
    append = threading.Timer(0.05, lambda: writer.append(new("a")))

    append.start()
    records = consumer.poll(bytes_max=BIG, timeout_s=LONG_S)
    append.join()

    assert bodies(records) == ["a"]


def test_wait_says_whether_there_is_something_after_the_positions(log: Log) -> None:
    writer = log.writer(RAW)
    assert not log.wait(RAW, positions={}, timeout_s=0)

    writer.append(new("a"))

    assert log.wait(RAW, positions={}, timeout_s=LONG_S)
    assert log.wait(RAW, positions={0: 0}, timeout_s=LONG_S)
    assert not log.wait(RAW, positions={0: 1}, timeout_s=0)


def test_what_was_not_committed_is_polled_again_after_a_rewind(log: Log) -> None:
    log.writer(RAW).append(new("a", "b"))
    consumer = log.consumer("refine", stream=RAW)

    consumer.poll(bytes_max=4, timeout_s=0)
    consumer.commit()
    consumer.poll(bytes_max=BIG, timeout_s=0)
    consumer.rewind()

    assert bodies(consumer.poll(bytes_max=BIG, timeout_s=0)) == ["b"]


def test_a_group_goes_on_where_it_committed(open_log: OpenLog) -> None:
    log = open_log()
    log.writer(RAW).append(new("a", "b", "c"))
    consumer = log.consumer("refine", stream=RAW)
    consumer.poll(bytes_max=8, timeout_s=0)
    consumer.commit()
    consumer.poll(bytes_max=BIG, timeout_s=0)
    log.close()

    again = open_log()

    assert again.positions("refine") == {0: 2}
    consumer = again.consumer("refine", stream=RAW)
    assert consumer.positions() == {0: 2}
    assert bodies(consumer.poll(bytes_max=BIG, timeout_s=0)) == ["c"]


def test_a_group_that_reads_elsewhere_advances_its_position(open_log: OpenLog) -> None:
    log = open_log()
    log.writer(RAW).append(new("a", "b", "c"))
    consumer = log.consumer("elsewhere", stream=RAW)
    consumer.poll(bytes_max=4, timeout_s=0)

    consumer.advance({0: 2})
    after = bodies(consumer.poll(bytes_max=BIG, timeout_s=0))
    log.close()

    assert after == ["c"]
    assert open_log().positions("elsewhere") == {0: 2}


def test_groups_do_not_disturb_each_other(log: Log) -> None:
    log.writer(RAW).append(new("a"))
    one, two = log.consumer("one", stream=RAW), log.consumer("two", stream=RAW)

    one.poll(bytes_max=BIG, timeout_s=0)
    one.commit()

    assert log.positions("one") == {0: 1}
    assert log.positions("two") == {}
    assert bodies(two.poll(bytes_max=BIG, timeout_s=0)) == ["a"]


def test_a_group_takes_one_member(log: Log) -> None:
    consumer = log.consumer("refine", stream=RAW)

    with pytest.raises(TransientError, match="refine"):
        log.consumer("refine", stream=RAW)
    consumer.close()

    log.consumer("refine", stream=RAW)


def test_a_group_keeps_to_its_stream(log: Log) -> None:
    log.consumer("refine", stream=RAW).close()

    with pytest.raises(ValueError, match="refine"):
        log.consumer("refine", stream=EVENTS)
    with pytest.raises(ValueError, match="emit"):
        log.consumer("loop", stream=RAW, emits=RAW)


def test_consuming_emitting_and_counting_are_one_step(log: Log) -> None:
    log.writer(RAW).append(new("a", "b"))
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.poll(bytes_max=BIG, timeout_s=0)
    assert log.positions("refine") == {}
    assert read_all(log, EVENTS) == []

    offsets = consumer.commit(emitted=new("A", "B"), counts=[Count("web", 3, "refined", 2)])

    assert offsets == [0, 1]
    assert bodies(read_all(log, EVENTS)) == ["A", "B"]
    assert log.positions("refine") == {0: 2}
    assert log.counts(minute_from=0, minute_until=9) == [Count("web", 3, "refined", 2)]


def test_an_emitting_group_goes_on_in_its_partition(open_log: OpenLog) -> None:
    log = open_log()
    log.writer(RAW).append(new("a", "b"))
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.poll(bytes_max=4, timeout_s=0)
    consumer.commit(emitted=new("A"))
    log.close()

    again = open_log()
    consumer = again.consumer("refine", stream=RAW, emits=EVENTS)

    assert bodies(consumer.poll(bytes_max=BIG, timeout_s=0)) == ["b"]
    assert consumer.commit(emitted=new("B")) == [1]
    assert bodies(read_all(again, EVENTS)) == ["A", "B"]


def test_an_emitting_group_and_a_writer_have_partitions_of_their_own(log: Log) -> None:
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.commit(emitted=new("A"))
    consumer.close()

    writer = log.writer(EVENTS)
    writer.append(new("import"))

    assert writer.partition == 1
    other = log.consumer("other", stream=RAW, emits=EVENTS)
    assert other.commit(emitted=new("O")) == [0]
    assert sorted(log.extents(EVENTS)) == [0, 1, 2]


def test_a_consumer_that_emits_nothing_refuses_to(log: Log) -> None:
    consumer = log.consumer("store", stream=EVENTS)

    with pytest.raises(ValueError, match="emit"):
        consumer.commit(emitted=new("A"))


def test_a_commit_of_nothing_does_nothing(log: Log) -> None:
    log.writer(RAW).append(new("a"))
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)

    assert consumer.commit() == []

    assert log.positions("refine") == {}
    assert bodies(consumer.poll(bytes_max=BIG, timeout_s=0)) == ["a"]


def test_counts_are_summed_by_source_minute_and_outcome(open_log: OpenLog) -> None:
    log = open_log()
    writer = log.writer(RAW)
    writer.append(new("a"), [Count("web", 7, "accepted", 2), Count("app", 7, "accepted", 1)])
    writer.append(new("b"), [Count("web", 7, "accepted", 3), Count("web", 8, "accepted", 1)])
    consumer = log.consumer("refine", stream=RAW)
    consumer.commit(counts=[Count("web", 7, "stored", 4), Count("web", 9, "stored", 1)])
    log.close()

    again = open_log()

    assert again.counts(minute_from=7, minute_until=9) == [
        Count("app", 7, "accepted", 1),
        Count("web", 7, "accepted", 5),
        Count("web", 7, "stored", 4),
        Count("web", 8, "accepted", 1),
    ]


def fill(log: Log, *, append: Callable[[list[NewRecord]], object], records: int) -> None:
    """Append records that do not compress, each its own append."""
    for number in range(records):
        append([NewRecord(b"", number.to_bytes(4, "big") + _noise(number))])


def _noise(seed: int) -> bytes:
    import random

    return random.Random(seed).randbytes(6_000)


def test_retention_by_age_removes_what_all_groups_have_read(log: Log, clock: ManualClock) -> None:
    writer = log.writer(RAW)
    consumer = log.consumer("refine", stream=RAW)
    fill(log, append=writer.append, records=20)
    clock.advance(2 * DAY_S)
    writer.append(new("fresh"))
    assert log.enforce_retention() == 0
    while consumer.poll(bytes_max=BIG, timeout_s=0):
        consumer.commit()

    freed = log.enforce_retention()

    extent = log.extents(RAW)[0]
    assert freed > 60_000
    assert 10 <= extent.first <= 20
    assert extent.next == 21
    assert bodies(log.read(RAW, partition=0, offset=20, records_max=1, bytes_max=BIG)) == ["fresh"]
    with pytest.raises(OffsetGoneError) as gone:
        log.read(RAW, partition=0, offset=0, records_max=1, bytes_max=BIG)
    assert gone.value.first == extent.first


def test_a_new_group_begins_at_the_oldest_record_left(log: Log, clock: ManualClock) -> None:
    writer = log.writer(RAW)
    fill(log, append=writer.append, records=20)
    clock.advance(2 * DAY_S)
    writer.append(new("fresh"))
    log.enforce_retention()
    first = log.extents(RAW)[0].first

    consumer = log.consumer("late", stream=RAW)

    assert first > 0
    assert consumer.positions() == {0: first}
    assert consumer.poll(bytes_max=1, timeout_s=0)[0].offset == first


def test_counts_outlive_their_records(log: Log, clock: ManualClock) -> None:
    writer = log.writer(RAW)
    counts = [Count("web", 1, "accepted", 1)]
    fill(log, append=lambda records: writer.append(records, counts), records=20)
    clock.advance(2 * DAY_S)
    writer.append(new("fresh"), counts)

    for _ in range(3):
        log.enforce_retention()

    assert log.extents(RAW)[0].first > 0
    assert log.counts(minute_from=0, minute_until=2) == [Count("web", 1, "accepted", 21)]


def test_positions_outlive_the_emitted_records(open_log: OpenLog, clock: ManualClock) -> None:
    log = open_log()
    log.writer(RAW).append(new(*"abcdefghijklmnopqrst"))
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    consumer.poll(bytes_max=4 * 19, timeout_s=0)
    fill(log, append=lambda records: consumer.commit(emitted=records), records=20)
    clock.advance(2 * DAY_S)
    consumer.commit(emitted=new("fresh"))
    log.enforce_retention()
    assert log.extents(EVENTS)[0].first > 0
    log.close()

    again = open_log()

    assert again.positions("refine") == {0: 19}
    assert again.consumer("refine", stream=RAW, emits=EVENTS).positions() == {0: 19}


def test_a_full_stream_refuses_until_its_groups_have_read(open_log: OpenLog) -> None:
    log = open_log(stream_bytes_max=400_000)
    writer = log.writer(RAW)
    consumer = log.consumer("refine", stream=RAW)
    with pytest.raises(LogFullError, match="groups have read it"):
        fill(log, append=writer.append, records=200)
    held = log.extents(RAW)[0].next

    while consumer.poll(bytes_max=BIG, timeout_s=0):
        consumer.commit()
    first = append_when_there_is_room(writer.append, new("more"))

    assert held > 10
    assert first == held


def test_a_full_stream_refuses_what_is_emitted_and_keeps_the_position(open_log: OpenLog) -> None:
    log = open_log(stream_bytes_max=400_000)
    log.consumer("store", stream=EVENTS)
    log.writer(RAW).append(new(*"abc"))
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    with pytest.raises(LogFullError):
        fill(log, append=lambda records: consumer.commit(emitted=records), records=200)
    before = log.extents(EVENTS)[0]

    consumer.poll(bytes_max=BIG, timeout_s=0)
    with pytest.raises(LogFullError):
        consumer.commit(emitted=[NewRecord(b"", _noise(1) * 20)])
    consumer.rewind()

    assert log.positions("refine") == {}
    assert log.extents(EVENTS)[0].next == before.next
    assert bodies(consumer.poll(bytes_max=BIG, timeout_s=0)) == ["a", "b", "c"]


def append_when_there_is_room(
    append: Callable[[list[NewRecord]], int], records: list[NewRecord]
) -> int:
    """Try until a deadline: a log need not look for room at every refused append."""
    import time

    deadline = time.monotonic() + LONG_S
    while True:
        try:
            return append(records)
        except LogFullError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)


def test_an_intact_stream_checks_clean(log: Log) -> None:
    writer = log.writer(RAW)
    fill(log, append=writer.append, records=10)

    assert log.check(RAW) == []


def test_a_closed_log_closes_its_members(open_log: OpenLog) -> None:
    log = open_log()
    writer, consumer = log.writer(RAW), log.consumer("refine", stream=RAW)
    log.close()

    with pytest.raises(ValueError, match="closed"):
        writer.append(new("a"))
    with pytest.raises(ValueError, match="closed"):
        consumer.poll(bytes_max=1, timeout_s=0)
    assert isinstance(open_log().extents(RAW)[0], Extent)
