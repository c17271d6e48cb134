"""The log on SQLite: see `tailrace.log` for the files and what always holds."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tailrace.config import LogConfig
from tailrace.errors import CorruptionError, TransientError
from tailrace.log.books import Books, fold_group
from tailrace.log.consumer import EmittingCommitter, GroupConsumer, QuietCommitter
from tailrace.log.contract import RAW, Count, Damage, Extent, Record
from tailrace.log.groups import GroupFile, group_names, group_path, is_group_damaged, read_group
from tailrace.log.inspection import Surgeon, check_stream
from tailrace.log.layout import (
    DAMAGED,
    GROUPS,
    WAKE,
    Head,
    checked_name,
    disk_errors,
    exclusive,
    make_directory,
    new_partition,
    partition_numbers,
    partition_owner,
    remove_database,
    segment_bases,
    segment_path,
    stream_names,
)
from tailrace.log.lost import LostRange, lost_within, read_lost
from tailrace.log.reader import PartitionReader
from tailrace.log.retention import Retention
from tailrace.log.segment import read_segment_positions
from tailrace.log.tables import PositionKey
from tailrace.log.wake import LOOK_S, Waiter, Waker
from tailrace.log.writer import Limits, PartitionWriter, WriterParts

_logger = logging.getLogger(__name__)

# A segment must be a small part of what a stream may hold, or nothing could be removed in time.
_SEGMENTS_MIN = 8
# Retention holds a quiet partition for some milliseconds; the group that owns it waits so long.
_CLAIM_TIMEOUT_S = 5.0


class SqliteLog:
    """See `tailrace.log.contract.Log`; below it, what only an operator's tools need."""

    def __init__(
        self, directory: Path, *, limits: LogConfig, clock: Callable[[], float] = time.time
    ) -> None:
        self.directory = directory
        self._config = limits
        self._clock = clock
        with disk_errors(directory):
            make_directory(directory / GROUPS)
            make_directory(directory / WAKE)
        self._books = Books(directory)
        self._retention = Retention(directory, limits_of=self._limits, clock=clock)
        self._surgeon = Surgeon(directory, clock=clock, open_writer=self._open_briefly)
        self._readers: dict[tuple[str, int], PartitionReader] = {}
        self._wakers: dict[str, Waker] = {}
        self._waiters: dict[str, Waiter] = {}
        self._members: list[PartitionWriter | GroupConsumer] = []

    def writer(self, stream: str) -> PartitionWriter:
        """See `Log.writer`."""
        directory = self.directory / checked_name(stream, what="the stream")
        with disk_errors(directory):
            writer = self._partition_writer(self._free_partition(directory), stream)
        self._members.append(writer)
        return writer

    def consumer(self, group: str, *, stream: str, emits: str | None = None) -> GroupConsumer:
        """See `Log.consumer`."""
        checked_name(group, what="the consumer group")
        checked_name(stream, what="the stream")
        if emits == stream:
            raise ValueError(f"group {group!r} would emit to the stream {stream!r} that it reads")
        with disk_errors(self.directory), ExitStack() as stack:
            lock = self.directory / GROUPS / f"{group}.lock"
            if not stack.enter_context(exclusive(lock)):
                raise TransientError(f"consumer group {group!r} has a member already ({lock})")
            if emits is None:
                file = GroupFile(self.directory, group, stream=stream, emits="")
                committer: QuietCommitter | EmittingCommitter = QuietCommitter(file)
            else:
                committer = self._emitting(group, stream, checked_name(emits, what="the stream"))
            stack.callback(committer.close)
            make_directory(self.directory / stream)
            consumer = GroupConsumer(
                group,
                stream_directory=self.directory / stream,
                wake_directory=self.directory / WAKE / stream,
                committer=committer,
            )
            consumer.on_close(stack.pop_all().close)
        self._members.append(consumer)
        return consumer

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """See `Log.read`."""
        reader = self._reader(stream, partition)
        reader.refresh()
        return reader.read(offset, bytes_max=bytes_max, records_max=records_max)

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """See `Log.extents`."""
        return {
            number: self._reader(stream, number).extent()
            for number in partition_numbers(self.directory / stream)
        }

    def positions(self, group: str) -> Mapping[int, int]:
        """See `Log.positions`."""
        state = read_group(self.directory, group)
        if state is None:
            return {}
        positions = dict(state.positions)
        for directory in self._owned(state.emits, group) if state.emits else []:
            for base in reversed(segment_bases(directory)):
                try:
                    kept = read_segment_positions(segment_path(directory, base))
                except CorruptionError:
                    continue  # the copy in the group's file serves; `check` reports the damage
                for (_, stream, partition), next_ in kept.items():
                    if stream == state.stream:
                        positions[partition] = max(next_, positions.get(partition, 0))
                break
        return positions

    def counts(self, *, minute_from: int, minute_until: int) -> list[Count]:
        """See `Log.counts`.

        Raises:
            CorruptionError: a file with counts is damaged; a wrong sum is never returned.
        """
        return self._books.counts(minute_from=minute_from, minute_until=minute_until)

    def wait(self, stream: str, *, positions: Mapping[int, int], timeout_s: float) -> bool:
        """See `Log.wait`; a partition that `positions` does not name counts from its first."""
        if stream not in self._waiters:
            self._waiters[stream] = Waiter(self.directory / WAKE / stream)
        deadline = time.monotonic() + timeout_s
        while True:
            for number in partition_numbers(self.directory / stream):
                reader = self._reader(stream, number)
                from_ = positions[number] if number in positions else reader.first()
                if reader.end() > from_:
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._waiters[stream].wait(min(left, LOOK_S))

    def enforce_retention(self) -> int:
        """See `Log.enforce_retention`; also ends segments that nobody has written to for long."""
        with disk_errors(self.directory):
            for stream in stream_names(self.directory):
                for number in partition_numbers(self.directory / stream):
                    try:
                        self._open_briefly(stream, number)
                    except TransientError as error:
                        # A full disk, maybe: what is sealed already can make room.
                        _logger.warning("%s, partition %d: %s", stream, number, error)
            return self._retention.enforce()

    def check(self, stream: str) -> list[Damage]:
        """See `Log.check`; also looks at the files of groups and the ledger (partition -1)."""
        return check_stream(self.directory, stream)

    def close(self) -> None:
        """See `Log.close`."""
        for member in self._members:
            member.close()
        for parts in (self._readers, self._waiters, self._wakers):
            for part in parts.values():
                part.close()
            parts.clear()

    def set_aside(self, stream: str, *, partition: int, offset: int) -> Damage:
        """Set aside what is damaged around `offset`, so that readers go on after it.

        The range is noted in `<partition>/damaged/lost.json`, the bytes are kept beside it.

        Raises:
            TailraceError: nothing there is damaged, or it was set aside before.
            TransientError: a process is writing to the damaged file; stop it first.
        """
        self._forget_readers()
        return self._surgeon.set_aside(stream, partition=partition, offset=offset)

    def lost(self, stream: str) -> Mapping[int, list[LostRange]]:
        """Return what was set aside, by partition."""
        return {
            number: read_lost(self.directory / stream / str(number))
            for number in partition_numbers(self.directory / stream)
        }

    def records(self, stream: str) -> int:
        """Return how many records the stream holds, without those that were set aside."""
        lost = self.lost(stream)
        return sum(
            extent.next
            - extent.first
            - lost_within(lost.get(number, ()), first=extent.first, next_=extent.next)
            for number, extent in self.extents(stream).items()
        )

    def groups(self) -> list[str]:
        """Return the groups that ever joined; each one's position holds retention up."""
        return group_names(self.directory)

    def remove_group(self, group: str) -> None:
        """Forget a group that will not come back, but not what it counted.

        Raises:
            TransientError: the group has a member.
            ValueError: it emits; its positions are part of the stream that it emits to.
        """
        with exclusive(self.directory / GROUPS / f"{group}.lock") as is_free:
            if not is_free:
                raise TransientError(f"consumer group {group!r} has a member; stop it first")
            state = read_group(self.directory, group)
            if state is None:
                return
            if state.emits:
                raise ValueError(f"group {group!r} emits to {state.emits!r} and cannot be removed")
            fold_group(self._books, group_path(self.directory, group), now=self._clock())
            remove_database(group_path(self.directory, group))

    def set_group_aside(self, group: str, *, stream: str, positions: Mapping[int, int]) -> Path:
        """Move a damaged group file away and begin at `positions`; return where it is now.

        Events from there on are consumed again; the group's counts since the file was made are
        gone from the books.

        Raises:
            TransientError: the group has a member.
            ValueError: the file is not damaged.
        """
        with exclusive(self.directory / GROUPS / f"{group}.lock") as is_free:
            if not is_free:
                raise TransientError(f"consumer group {group!r} has a member; stop it first")
            if not is_group_damaged(self.directory, group):
                raise ValueError(f"the file of group {group!r} is not damaged")
            target = self._move_group_aside(group)
            file = GroupFile(self.directory, group, stream=stream, emits="")
            file.commit(positions, ())
            file.close()
            return target

    def _limits(self, stream: str) -> Limits:
        config = self._config
        is_raw = stream == RAW
        bytes_max = config.raw_bytes_max if is_raw else config.events_bytes_max
        return Limits(
            segment_bytes_max=min(config.segment_bytes_max, bytes_max // _SEGMENTS_MIN),
            stream_bytes_max=bytes_max,
            age_s_max=config.raw_age_s_max if is_raw else config.events_age_s_max,
            free_bytes_min=config.free_bytes_min if is_raw else config.free_bytes_min // 2,
        )

    def _free_partition(self, directory: Path) -> Head:
        for number in partition_numbers(directory):
            if not partition_owner(directory / str(number)):
                head = Head.claim(directory / str(number))
                if head is not None:
                    return head
        return new_partition(directory, owner="")

    def _partition_writer(
        self,
        head: Head,
        stream: str,
        recovered: Callable[[], Mapping[PositionKey, int]] = dict,
    ) -> PartitionWriter:
        if stream not in self._wakers:
            self._wakers[stream] = Waker(self.directory / WAKE / stream)
        directory = head.directory
        parts = WriterParts(
            limits=self._limits(stream),
            clock=self._clock,
            waker=self._wakers[stream],
            make_room=self._make_room,
            floor=lambda: self._floor(stream, directory),
            recovered=recovered,
        )
        return PartitionWriter(head, stream=stream, parts=parts)

    def _floor(self, stream: str, directory: Path) -> int:
        """Return the highest offset that anybody has reached in the partition."""
        reached = [lost.offset_until for lost in read_lost(directory)]
        for group in group_names(self.directory):
            try:
                state = read_group(self.directory, group)
            except CorruptionError:
                continue  # `check` reports it; the writer's note serves
            if state is not None and state.stream == stream:
                reached.append(state.positions.get(int(directory.name), 0))
        return max(reached, default=0)

    def _make_room(self, writer: PartitionWriter) -> None:
        """Remove what may go from the stream; the writer's segment too when all have read it."""
        position = self._retention.passed(writer.stream)(writer.partition)
        if position is not None and position >= writer.next:
            writer.roll()
        self._retention.enforce(writer.stream)

    def _emitting(self, group: str, stream: str, emits: str) -> EmittingCommitter:
        if is_group_damaged(self.directory, group):
            self._move_group_aside(group)  # only a copy: the partition has the truth
        copy = GroupFile(self.directory, group, stream=stream, emits=emits)

        def recovered() -> Mapping[PositionKey, int]:
            return {
                (group, stream, partition): next_ for partition, next_ in copy.positions().items()
            }

        try:
            head = self._claim_owned(emits, group)
            writer = self._partition_writer(head, emits, recovered)
        except BaseException:
            copy.close()
            raise
        return EmittingCommitter(writer, copy, group=group, stream=stream)

    def _owned(self, stream: str, group: str) -> list[Path]:
        directory = self.directory / stream
        paths = [directory / str(number) for number in partition_numbers(directory)]
        return [path for path in paths if partition_owner(path) == group]

    def _claim_owned(self, stream: str, group: str) -> Head:
        """Return the lock of the group's own partition; its first time makes it."""
        owned = self._owned(stream, group)
        if not owned:
            return new_partition(self.directory / stream, owner=group)
        deadline = time.monotonic() + _CLAIM_TIMEOUT_S
        while True:
            head = Head.claim(owned[0])
            if head is not None:
                return head
            if time.monotonic() > deadline:
                raise TransientError(f"{owned[0]}: another process writes to it")
            time.sleep(0.01)

    def _move_group_aside(self, group: str) -> Path:
        path = group_path(self.directory, group)
        make_directory(path.parent / DAMAGED)
        target = path.parent / DAMAGED / f"{group}-{os.urandom(4).hex()}.db"
        path.rename(target)
        remove_database(path)  # the side files belong to what was moved
        return target

    def _open_briefly(self, stream: str, partition: int, *, roll: bool = False) -> bool:
        """Open a partition that nobody writes to, as its next writer would; False when one does.

        This ends a segment that is old, or whose end is damaged, or any when `roll`.
        """
        directory = self.directory / stream / str(partition)
        owner = partition_owner(directory)
        head = Head.claim(directory)
        if head is None:
            return False
        writer = self._partition_writer(head, stream, lambda: self._copied(owner))
        try:
            writer.roll() if roll else writer.roll_if_old()
        finally:
            writer.close()
        return True

    def _copied(self, group: str) -> Mapping[PositionKey, int]:
        state = read_group(self.directory, group) if group else None
        if state is None:
            return {}
        return {(group, state.stream, number): next_ for number, next_ in state.positions.items()}

    def _reader(self, stream: str, partition: int) -> PartitionReader:
        key = (stream, partition)
        if key not in self._readers:
            self._readers[key] = PartitionReader(
                self.directory / stream / str(partition), stream=stream, partition=partition
            )
        return self._readers[key]

    def _forget_readers(self) -> None:
        for reader in self._readers.values():
            reader.forget()
