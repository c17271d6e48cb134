"""A log in memory, for tests of whatever reads or writes one; it passes the log's contract suite.

It does what the contract promises, without files: what "survives" is what the object holds. Several
threads may use it at once.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from tailrace.errors import CorruptionError, LogFullError, OffsetGoneError, TransientError
from tailrace.log.contract import Count, Damage, Extent, NewRecord, Record


class _Partition:
    """Records and when they were written; `first` grows when retention removes."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.is_taken = False
        self.first = 0
        self.records: list[Record] = []
        self.written_at: list[float] = []
        self.damaged: set[int] = set()
        self.lost: set[int] = set()

    @property
    def next(self) -> int:
        return self.first + len(self.records)

    @property
    def stored_bytes(self) -> int:
        return sum(len(record.key) + len(record.body) for record in self.records)


class _Group:
    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.positions: dict[int, int] = {}
        self.has_member = False


class MemoryLog:
    """See `tailrace.log.contract.Log`.

    `stream_bytes_max` and `age_s_max` bound each stream; `clock` gives seconds since 1970 UTC.
    """

    def __init__(
        self,
        *,
        stream_bytes_max: int = 2**62,
        age_s_max: float = float("inf"),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stream_bytes_max = stream_bytes_max
        self._age_s_max = age_s_max
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._streams: dict[str, list[_Partition]] = {}
        self._groups: dict[str, _Group] = {}
        self._counts: dict[tuple[str, int, str], int] = {}
        self._members: list[MemoryWriter | MemoryConsumer] = []

    def writer(self, stream: str) -> "MemoryWriter":
        """See `Log.writer`."""
        with self._changed:
            writer = MemoryWriter(self, stream, self._claim(stream, owner=""))
            self._members.append(writer)
            return writer

    def consumer(self, group: str, *, stream: str, emits: str | None = None) -> "MemoryConsumer":
        """See `Log.consumer`."""
        if emits == stream:
            raise ValueError(f"group {group!r} would emit to the stream {stream!r} that it reads")
        with self._changed:
            state = self._groups.setdefault(group, _Group(stream))
            if state.stream != stream:
                raise ValueError(f"consumer group {group!r} reads {state.stream!r}, not {stream!r}")
            if state.has_member:
                raise TransientError(f"consumer group {group!r} has a member already")
            state.has_member = True
            target = None
            if emits is not None:
                target = MemoryWriter(self, emits, self._claim(emits, owner=group))
            consumer = MemoryConsumer(self, group, state, target)
            self._members.append(consumer)
            return consumer

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """See `Log.read`."""
        with self._changed:
            partitions = self._streams.get(stream, [])
            if partition >= len(partitions):
                return []
            held = partitions[partition]
            if offset < held.first:
                raise OffsetGoneError(
                    f"{stream}, partition {partition}: offset {offset} was removed;"
                    f" the oldest is {held.first}",
                    first=held.first,
                )
            return self._take(stream, partition, offset, bytes_max, records_max)

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """See `Log.extents`."""
        with self._changed:
            return {
                number: Extent(held.first, held.next, held.stored_bytes)
                for number, held in enumerate(self._streams.get(stream, []))
            }

    def positions(self, group: str) -> Mapping[int, int]:
        """See `Log.positions`."""
        with self._changed:
            state = self._groups.get(group)
            return dict(state.positions) if state is not None else {}

    def counts(self, *, minute_from: int, minute_until: int) -> list[Count]:
        """See `Log.counts`."""
        with self._changed:
            return [
                Count(*key, events)
                for key, events in sorted(self._counts.items())
                if minute_from <= key[1] < minute_until
            ]

    def wait(self, stream: str, *, positions: Mapping[int, int], timeout_s: float) -> bool:
        """See `Log.wait`; a partition that `positions` does not name counts from its first."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(
                    held.next > positions.get(number, held.first)
                    for number, held in enumerate(self._streams.get(stream, []))
                ),
                timeout_s,
            )

    def enforce_retention(self) -> int:
        """See `Log.enforce_retention`; removes record by record."""
        with self._changed:
            return sum(self._enforce(stream, adding=0) for stream in self._streams)

    def check(self, stream: str) -> list[Damage]:
        """See `Log.check`."""
        with self._changed:
            return [
                Damage("memory", "damaged by a test", number, offset, offset + 1)
                for number, held in enumerate(self._streams.get(stream, []))
                for offset in sorted(held.damaged)
            ]

    def close(self) -> None:
        """See `Log.close`; the records stay, so that a test can look at them."""
        for member in list(self._members):
            member.close()

    def damage(self, stream: str, *, partition: int, offset: int) -> None:
        """Make a record unreadable, as a flipped byte would."""
        with self._changed:
            self._streams[stream][partition].damaged.add(offset)

    def set_aside(self, stream: str, *, partition: int, offset: int) -> Damage:
        """Let readers go on after a damaged record."""
        with self._changed:
            held = self._streams[stream][partition]
            held.damaged.remove(offset)
            held.lost.add(offset)
            return Damage("memory", "damaged by a test", partition, offset, offset + 1)

    def _claim(self, stream: str, *, owner: str) -> int:
        partitions = self._streams.setdefault(stream, [])
        for number, held in enumerate(partitions):
            if not held.is_taken and held.owner == owner:
                held.is_taken = True
                return number
        partitions.append(_Partition(owner))
        partitions[-1].is_taken = True
        return len(partitions) - 1

    def _append(self, stream: str, number: int, records: Sequence[NewRecord]) -> int:
        """Append; the caller holds the lock and tells the waiting."""
        held = self._streams[stream][number]
        adding = sum(len(record.key) + len(record.body) for record in records)
        self._enforce(stream, adding=adding)
        if records and self._stream_bytes(stream) + adding > self._stream_bytes_max:
            raise LogFullError(
                f"stream {stream} may hold {self._stream_bytes_max} bytes and {adding} more do not"
                " fit; no record may be removed before all groups have read it"
            )
        first = held.next
        now = self._clock()
        for offset, record in enumerate(records, first):
            held.records.append(Record(number, offset, record.key, record.body))
            held.written_at.append(now)
        return first

    def _count(self, counts: Sequence[Count]) -> None:
        for source, minute, outcome, events in counts:
            key = (source, minute, outcome)
            self._counts[key] = self._counts.get(key, 0) + events

    def _stream_bytes(self, stream: str) -> int:
        return sum(held.stored_bytes for held in self._streams[stream])

    def _enforce(self, stream: str, *, adding: int) -> int:
        """Remove what is too old or too much; what is being appended counts as held."""
        groups = [group for group in self._groups.values() if group.stream == stream]
        freed = 0
        for number, held in enumerate(self._streams[stream]):
            passed = min((g.positions.get(number, 0) for g in groups), default=held.next)
            while held.records and held.first < passed:
                is_old = self._clock() - held.written_at[0] > self._age_s_max
                if not is_old and self._stream_bytes(stream) + adding <= self._stream_bytes_max:
                    break
                record = held.records.pop(0)
                held.written_at.pop(0)
                held.first += 1
                freed += len(record.key) + len(record.body)
        return freed

    def _take(
        self, stream: str, number: int, offset: int, bytes_max: int, records_max: int
    ) -> list[Record]:
        """Return records from `offset` on; the damaged one only stops what comes before it."""
        held = self._streams[stream][number]
        taken: list[Record] = []
        room = bytes_max
        for record in held.records[max(0, offset - held.first) :]:
            if record.offset in held.lost:
                continue
            if record.offset in held.damaged:
                if taken:
                    break
                raise CorruptionError(
                    f"{stream}, partition {number}, offset {record.offset}: damaged by a test",
                    path="memory",
                    partition=number,
                    offset=record.offset,
                )
            room -= len(record.key) + len(record.body)
            if len(taken) >= records_max or (room < 0 and taken):
                break
            taken.append(record)
        return taken


class MemoryWriter:
    """See `tailrace.log.contract.Writer`."""

    def __init__(self, log: MemoryLog, stream: str, partition: int) -> None:
        self.partition = partition
        self.stream = stream
        self._log = log
        self._is_closed = False

    def append(self, records: Sequence[NewRecord], counts: Sequence[Count] = ()) -> int:
        """See `Writer.append`."""
        if self._is_closed:
            raise ValueError("the writer is closed")
        log = self._log
        with log._changed:
            first = log._append(self.stream, self.partition, records)
            log._count(counts)
            log._changed.notify_all()
            return first

    def close(self) -> None:
        """See `Writer.close`."""
        with self._log._changed:
            if not self._is_closed:
                self._is_closed = True
                self._log._streams[self.stream][self.partition].is_taken = False


class MemoryConsumer:
    """See `tailrace.log.contract.Consumer`."""

    def __init__(
        self, log: MemoryLog, group: str, state: _Group, target: MemoryWriter | None
    ) -> None:
        self.group = group
        self._log = log
        self._state = state
        self._target = target
        self._polled: dict[int, int] = {}
        self._turn = 0
        self._is_closed = False

    def poll(self, *, bytes_max: int, timeout_s: float) -> list[Record]:
        """See `Consumer.poll`."""
        self._check_open()
        deadline = time.monotonic() + timeout_s
        with self._log._changed:
            while True:
                records = self._collect(bytes_max)
                left = deadline - time.monotonic()
                if records or left <= 0:
                    return records
                self._log._changed.wait(left)

    def commit(
        self, *, emitted: Sequence[NewRecord] = (), counts: Sequence[Count] = ()
    ) -> list[int]:
        """See `Consumer.commit`."""
        self._check_open()
        if emitted and self._target is None:
            raise ValueError("this consumer was opened without `emits`; it cannot emit")
        log = self._log
        with log._changed:
            first = 0
            if self._target is not None:
                first = log._append(self._target.stream, self._target.partition, emitted)
            log._count(counts)
            self._state.positions.update(self._polled)
            self._polled.clear()
            log._changed.notify_all()
            return list(range(first, first + len(emitted)))

    def advance(self, positions: Mapping[int, int]) -> None:
        """See `Consumer.advance`."""
        self._check_open()
        with self._log._changed:
            self._state.positions.update(positions)
            self._polled.clear()

    def rewind(self) -> None:
        """See `Consumer.rewind`."""
        self._check_open()
        self._polled.clear()

    def positions(self) -> Mapping[int, int]:
        """See `Consumer.positions`."""
        self._check_open()
        with self._log._changed:
            return {
                number: self._state.positions.get(number, held.first)
                for number, held in enumerate(self._log._streams.get(self._state.stream, []))
            }

    def close(self) -> None:
        """See `Consumer.close`."""
        with self._log._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._state.has_member = False
            if self._target is not None:
                self._target.close()

    def _collect(self, bytes_max: int) -> list[Record]:
        stream = self._state.stream
        partitions = self._log._streams.get(stream, [])
        records: list[Record] = []
        room = bytes_max
        self._turn += 1
        for index in range(len(partitions)):
            number = (self._turn + index) % len(partitions)
            offset = self._polled.get(number, self._state.positions.get(number))
            try:
                found = self._log._take(
                    stream,
                    number,
                    partitions[number].first if offset is None else offset,
                    room,
                    len(partitions[number].records),
                )
            except CorruptionError:
                if records:
                    break
                raise
            size = sum(len(record.key) + len(record.body) for record in found)
            if records and size > room:
                continue
            if found:
                self._polled[number] = found[-1].offset + 1
            records += found
            room -= size
            if room <= 0:
                break
        return records

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"the consumer of group {self.group!r} is closed")
