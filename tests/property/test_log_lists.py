"""The SQLite log against plain lists, under random appends, polls, commits, crashes and removals.

A crash is what `kill -9` leaves: the files as they are at that moment, copied before anybody closes
them, without the locks and shared memory of the dead process.
"""

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tailrace.config import LogConfig
from tailrace.log import EVENTS, RAW, Consumer, Count, NewRecord, Record, SqliteLog, Writer
from tailrace.testing import ManualClock

HOUR_S = 3_600.0
BIG = 10**9
LIMITS = LogConfig(
    segment_bytes_max=16_384, raw_age_s_max=24 * HOUR_S, events_age_s_max=24 * HOUR_S
)


class LogAgainstLists(RuleBasedStateMachine):
    """`raw` and `events` are what must be in the log: bodies by partition, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="log-property-"))
        self.crashes = 0
        self.clock = ManualClock()
        self.raw: dict[int, list[bytes]] = {}
        self.events: list[bytes] = []
        self.counts: Counter[tuple[str, int, str]] = Counter()
        self.committed: dict[int, int] = {}
        self.polled: dict[int, int] = {}
        self.written = 0
        self.open()

    def open(self) -> None:
        self.log = SqliteLog(self.root / str(self.crashes), limits=LIMITS, clock=self.clock)
        self.consumer: Consumer | None = None
        self.polled = {}
        self.writers: list[Writer] = []

    def teardown(self) -> None:
        self.log.close()
        shutil.rmtree(self.root)

    @initialize()
    def join(self) -> None:
        """The group is known from the start, so nothing is removed before it has read it."""
        self.joined()
        self.start_writer()

    def joined(self) -> Consumer:
        if self.consumer is None:
            self.consumer = self.log.consumer("refine", stream=RAW, emits=EVENTS)
            assert dict(self.log.positions("refine")) == self.committed
        return self.consumer

    @precondition(lambda self: len(self.writers) < 3)
    @rule()
    def start_writer(self) -> None:
        writer = self.log.writer(RAW)
        bodies = self.raw.setdefault(writer.partition, [])
        assert writer.append([]) == len(bodies)
        self.writers.append(writer)

    @precondition(lambda self: self.writers)
    @rule(which=st.integers(0, 2))
    def end_writer(self, which: int) -> None:
        self.writers.pop(which % len(self.writers)).close()

    @precondition(lambda self: self.writers)
    @rule(
        which=st.integers(0, 2),
        sizes=st.lists(st.integers(0, 6_000), min_size=1, max_size=8),
        minute=st.integers(0, 3),
    )
    def append(self, which: int, sizes: list[int], minute: int) -> None:
        writing = self.writers[which % len(self.writers)]
        bodies = [self.body(size) for size in sizes]
        held = self.raw[writing.partition]

        first = writing.append(
            [NewRecord(b"k", body) for body in bodies],
            [Count("web", minute, "accepted", len(bodies))],
        )

        assert first == len(held)
        held += bodies
        self.counts["web", minute, "accepted"] += len(bodies)

    @rule(bytes_max=st.integers(1, 30_000))
    def poll(self, bytes_max: int) -> None:
        records = self.joined().poll(bytes_max=bytes_max, timeout_s=0)

        for record in records:
            expected = self.polled.get(record.partition, self.committed.get(record.partition, 0))
            assert record.offset == expected
            assert record.body == self.raw[record.partition][record.offset]
            self.polled[record.partition] = record.offset + 1
        if not records:
            for partition, bodies in self.raw.items():
                reached = self.polled.get(partition, self.committed.get(partition, 0))
                assert reached == len(bodies)
        assert len(records) <= 1 or sum(len(r.key) + len(r.body) for r in records) <= bytes_max

    @rule(sizes=st.lists(st.integers(0, 6_000), max_size=4), minute=st.integers(0, 3))
    def commit(self, sizes: list[int], minute: int) -> None:
        bodies = [self.body(size) for size in sizes]

        offsets = self.joined().commit(
            emitted=[NewRecord(b"", body) for body in bodies],
            counts=[Count("web", minute, "refined", 1)] * len(bodies),
        )

        assert offsets == list(range(len(self.events), len(self.events) + len(bodies)))
        self.events += bodies
        if bodies:
            self.counts["web", minute, "refined"] += len(bodies)
        self.committed.update(self.polled)
        self.polled.clear()

    @rule()
    def rewind(self) -> None:
        self.joined().rewind()
        self.polled.clear()

    @precondition(lambda self: self.consumer is not None)
    @rule()
    def leave(self) -> None:
        assert self.consumer is not None
        self.consumer.close()
        self.consumer = None
        self.polled.clear()

    @rule()
    def restart(self) -> None:
        self.log.close()
        self.open()
        self.start_writer()

    @rule()
    def crash(self) -> None:
        before = self.root / str(self.crashes)
        self.crashes += 1
        shutil.copytree(
            before,
            self.root / str(self.crashes),
            ignore=shutil.ignore_patterns("wake", "*-shm"),
        )
        self.log.close()
        shutil.rmtree(before)
        self.open()
        self.start_writer()

    @rule(hours=st.sampled_from([1, 30]))
    def pass_time_and_enforce_retention(self, hours: int) -> None:
        self.clock.advance(hours * HOUR_S)
        self.log.enforce_retention()

    @invariant()
    def extents_and_positions_fit(self) -> None:
        extents = self.log.extents(RAW)
        assert {number: extent.next for number, extent in extents.items()} == {
            number: len(bodies) for number, bodies in self.raw.items()
        }
        for number, extent in extents.items():
            assert extent.first <= self.committed.get(number, 0)
        assert dict(self.log.positions("refine")) == self.committed

    @invariant()
    def counts_are_those_of_all_commits(self) -> None:
        found = self.log.counts(minute_from=0, minute_until=9)
        assert found == sorted(Count(*key, events) for key, events in self.counts.items())

    @rule()
    def every_record_is_there_once_and_in_order(self) -> None:
        for partition, bodies in self.raw.items():
            self.compare(RAW, partition, bodies)
        self.compare(EVENTS, 0, self.events)
        assert self.log.check(RAW) == []
        assert self.log.check(EVENTS) == []

    def compare(self, stream: str, partition: int, bodies: list[bytes]) -> None:
        extent = self.log.extents(stream)[partition]
        offset = extent.first
        found: list[Record] = []
        while records := self.log.read(
            stream, partition=partition, offset=offset, records_max=50, bytes_max=BIG
        ):
            found += records
            offset = records[-1].offset + 1
        assert [record.offset for record in found] == list(range(extent.first, len(bodies)))
        assert [record.body for record in found] == bodies[extent.first :]

    def body(self, size: int) -> bytes:
        self.written += 1
        return b"%d " % self.written + random.Random(self.written).randbytes(size)


TestLogAgainstLists = LogAgainstLists.TestCase
TestLogAgainstLists.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, derandomize=True
)
