"""A consumer group's one member: reads all partitions of a stream, commits, may emit."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tailrace.errors import (
    CorruptionError,
    LogFullError,
    OffsetGoneError,
    TailraceError,
    TransientError,
)
from tailrace.log.contract import Count, NewRecord, Record
from tailrace.log.groups import GroupFile
from tailrace.log.layout import partition_numbers
from tailrace.log.reader import PartitionReader
from tailrace.log.wake import Waiter
from tailrace.log.writer import PartitionWriter

_logger = logging.getLogger(__name__)


class _Committer(Protocol):
    """Keeps positions and counts, with what was emitted, in one atomic step."""

    def positions(self) -> dict[int, int]: ...

    def commit(
        self, positions: Mapping[int, int], counts: Sequence[Count], emitted: Sequence[NewRecord]
    ) -> int: ...

    def close(self) -> None: ...


class QuietCommitter:
    """Of a group that emits nothing: its own file."""

    def __init__(self, file: GroupFile) -> None:
        self._file = file

    def positions(self) -> dict[int, int]:
        """Return the committed positions."""
        return self._file.positions()

    def commit(
        self, positions: Mapping[int, int], counts: Sequence[Count], emitted: Sequence[NewRecord]
    ) -> int:
        """Commit to the group's file.

        Raises:
            ValueError: something was emitted.
        """
        if emitted:
            raise ValueError("this consumer was opened without `emits`; it cannot emit")
        self._file.commit(positions, counts)
        return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EmittingCommitter:
    """Of a group that emits: the partition it emits to, and the copy in the group's file."""

    def __init__(
        self, writer: PartitionWriter, copy: GroupFile, *, group: str, stream: str
    ) -> None:
        self._writer = writer
        self._copy = copy
        self._group = group
        self._stream = stream

    def positions(self) -> dict[int, int]:
        """Return the committed positions."""
        return {
            partition: next_
            for (group, stream, partition), next_ in self._writer.current_positions().items()
            if (group, stream) == (self._group, self._stream)
        }

    def commit(
        self, positions: Mapping[int, int], counts: Sequence[Count], emitted: Sequence[NewRecord]
    ) -> int:
        """Commit to the partition, then copy the positions; return the first emitted offset."""
        keyed = [
            ((self._group, self._stream, partition), next_)
            for partition, next_ in positions.items()
        ]
        first = self._writer.append(emitted, counts, positions=keyed)
        if positions:
            try:
                self._copy.commit(self.positions(), ())
            except TailraceError as error:
                # The step itself is durable. A copy that is too old costs something only when the
                # partition is damaged before a later commit has written it again.
                _logger.warning("positions of group %s were not copied: %s", self._group, error)
        return first

    def close(self) -> None:
        """Free the partition and close the copy."""
        self._writer.close()
        self._copy.close()


class GroupConsumer:
    """See `tailrace.log.contract.Consumer`."""

    def __init__(
        self,
        group: str,
        *,
        stream_directory: Path,
        wake_directory: Path,
        committer: _Committer,
    ) -> None:
        self.group = group
        self._directory = stream_directory
        self._committer = committer
        self._leave: Callable[[], None] = committer.close
        self._readers: dict[int, PartitionReader] = {}
        self._committed = committer.positions()
        self._polled: dict[int, int] = {}
        self._turn = 0
        self._alarm: CorruptionError | None = None
        self._is_uncertain = False
        self._told: set[tuple[int | None, int | None]] = set()
        self._is_closed = False
        self._waiter = Waiter(wake_directory)

    def on_close(self, leave: Callable[[], None]) -> None:
        """Say what `close` runs instead of closing the committer alone."""
        self._leave = leave

    def poll(self, *, bytes_max: int, timeout_s: float) -> list[Record]:
        """See `Consumer.poll`.

        A damaged partition stops, the others go on: the damage is raised once as soon as it is
        met, and again by each poll that finds nothing else until its time is up.
        """
        self._check_open()
        if self._is_uncertain:
            self.rewind()
        deadline = time.monotonic() + timeout_s
        while True:
            records = self._collect(bytes_max)
            if records:
                return records
            left = deadline - time.monotonic()
            if self._alarm is not None and (self._is_news(self._alarm) or left <= 0):
                self._told.add((self._alarm.partition, self._alarm.offset))
                raise self._alarm
            if left <= 0:
                return []
            self._waiter.wait(left)

    def commit(
        self, *, emitted: Sequence[NewRecord] = (), counts: Sequence[Count] = ()
    ) -> list[int]:
        """See `Consumer.commit`."""
        self._check_open()
        if self._is_uncertain:
            raise TransientError(f"group {self.group}: the last commit failed; poll again")
        moved = {
            partition: next_
            for partition, next_ in self._polled.items()
            if self._committed.get(partition) != next_
        }
        if not (moved or counts or emitted):
            return []
        try:
            first = self._committer.commit(moved, counts, emitted)
        except LogFullError:
            raise
        except TransientError:
            # The step may have reached the disk or not: only the file knows where to go on.
            self._is_uncertain = True
            raise
        self._committed.update(moved)
        self._polled.clear()
        return list(range(first, first + len(emitted)))

    def advance(self, positions: Mapping[int, int]) -> None:
        """See `Consumer.advance`."""
        self._check_open()
        moved = {
            partition: next_
            for partition, next_ in positions.items()
            if self._committed.get(partition) != next_
        }
        if moved:
            self._committer.commit(moved, (), ())
            self._committed.update(moved)
            self._polled.clear()

    def rewind(self) -> None:
        """See `Consumer.rewind`."""
        self._check_open()
        self._polled.clear()
        self._committed = self._committer.positions()
        self._is_uncertain = False

    def positions(self) -> Mapping[int, int]:
        """See `Consumer.positions`."""
        self._check_open()
        self._discover()
        return {
            partition: self._committed.get(partition, reader.first())
            for partition, reader in self._readers.items()
        }

    def close(self) -> None:
        """Leave the group; what was not committed is read again by the next member."""
        if self._is_closed:
            return
        self._is_closed = True
        for reader in self._readers.values():
            reader.close()
        self._waiter.close()
        self._leave()

    def _collect(self, bytes_max: int) -> list[Record]:
        self._discover()
        records: list[Record] = []
        room = bytes_max
        numbers = sorted(self._readers)
        self._turn += 1
        self._alarm = None
        for index in range(len(numbers)):
            partition = numbers[(self._turn + index) % len(numbers)]
            try:
                found = self._read(partition, room, is_one_due=not records)
            except CorruptionError as error:
                self._alarm = self._alarm or error
                if self._is_news(error) and not records:
                    return []
                continue
            records += found
            room -= sum(len(record.key) + len(record.body) for record in found)
            if room <= 0:
                break
        return records

    def _read(self, partition: int, room: int, *, is_one_due: bool) -> list[Record]:
        reader = self._readers[partition]
        offset = self._polled.get(partition, self._committed.get(partition))
        try:
            found = reader.read(
                reader.first() if offset is None else offset,
                bytes_max=room,
                is_one_due=is_one_due,
            )
        except OffsetGoneError as error:
            if offset is None:
                return []  # retention was faster; the next poll begins at the oldest again
            # Retention keeps what a group has not committed, so somebody else removed it.
            raise CorruptionError(
                f"{error}; group {self.group} had not read it; to go on run: tailrace doctor",
                path=str(self._directory / str(partition)),
                partition=partition,
                offset=offset,
            ) from error
        if found:
            self._polled[partition] = found[-1].offset + 1
        return found

    def _discover(self) -> None:
        for number in partition_numbers(self._directory):
            if number not in self._readers:
                self._readers[number] = PartitionReader(
                    self._directory / str(number), stream=self._directory.name, partition=number
                )

    def _is_news(self, error: CorruptionError) -> bool:
        return (error.partition, error.offset) not in self._told

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"the consumer of group {self.group!r} is closed")
