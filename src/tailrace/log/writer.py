"""The one writer of a partition: appends, starts new segments, and goes on after damage."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from tailrace.log.blocks import BlockEncoder, StoredBlock
from tailrace.log.contract import Count, NewRecord
from tailrace.log.layout import (
    SEGMENT_RECORDS_MAX,
    Head,
    disk_error,
    segment_bases,
    segment_path,
)
from tailrace.log.room import Room
from tailrace.log.segment import SegmentState, SegmentWriter, make_segment
from tailrace.log.tables import PositionKey, is_damage, log_error
from tailrace.log.wake import Waker

APPEND_RECORDS_MAX = 1_000_000

T = TypeVar("T")


class Limits(NamedTuple):
    """Bounds of one stream."""

    segment_bytes_max: int
    stream_bytes_max: int
    age_s_max: float
    free_bytes_min: int

    @property
    def segment_age_s_max(self) -> float:
        """A quiet partition's segment ends after this, so that retention finds it old in time."""
        return self.age_s_max / 8


class WriterParts(NamedTuple):
    """What a writer works with.

    `floor` gives the highest offset that any group or lost range of the partition has reached;
    `recovered` the positions of the emitting group as kept outside of the partition.
    """

    limits: Limits
    clock: Callable[[], float]
    waker: Waker
    make_room: Callable[["PartitionWriter"], None]
    floor: Callable[[], int]
    recovered: Callable[[], Mapping[PositionKey, int]]


class PartitionWriter:
    """Holds the partition's lock from construction to `close`."""

    def __init__(self, head: Head, *, stream: str, parts: WriterParts) -> None:
        self.stream = stream
        self.partition = int(head.directory.name)
        self.directory = head.directory
        self.next = 0
        self.positions: dict[PositionKey, int] = {}
        self._head = head
        self._parts = parts
        self._encoder = BlockEncoder()
        self._segment: SegmentWriter | None = None
        self._stored_bytes = 0
        self._created_at = 0.0
        self._is_closed = False
        self._room = Room(
            head.directory.parent,
            bytes_max=parts.limits.stream_bytes_max,
            free_bytes_min=parts.limits.free_bytes_min,
            make_room=lambda: parts.make_room(self),
        )
        try:
            self._guarded(self._open)
        except BaseException:
            head.close()
            raise

    def append(
        self,
        records: Sequence[NewRecord],
        counts: Sequence[Count] = (),
        *,
        positions: Sequence[tuple[PositionKey, int]] = (),
    ) -> int:
        """Make records, counts and positions durable together; return the first offset.

        See `Writer.append` for an append of nothing.

        Raises:
            LogFullError: the disk or the size limit refuses; nothing was appended.
            TransientError: the disk failed; nothing may be assumed.
            ValueError: more records than `APPEND_RECORDS_MAX`, or the writer is closed.
        """
        if self._is_closed:
            raise ValueError(f"the writer of {self.directory} is closed")
        if len(records) > APPEND_RECORDS_MAX:
            raise ValueError(f"{len(records)} records in one append; at most {APPEND_RECORDS_MAX}")
        if not (records or counts or positions):
            self._guarded(lambda: self._room.take(0))
            return self.next
        first = self._guarded(lambda: self._append(records, counts, positions))
        if records:
            self._parts.waker.poke()
        return first

    def roll(self) -> None:
        """Start a new segment, so that the one before can be removed; not while it is empty."""
        if self.next > self._guarded(self._current).base:
            self._guarded(self._rotate)

    def roll_if_old(self) -> None:
        """Start a new segment when the newest one has reached its age."""
        self._guarded(self._current)
        if self._is_old():
            self.roll()

    def current_positions(self) -> Mapping[PositionKey, int]:
        """Return the positions as committed; after an error, as the file says."""
        self._guarded(self._current)
        return self.positions

    def limit_pages(self, pages: int) -> None:
        """Make the newest segment refuse to grow beyond so many pages, like a full disk."""
        self._current().limit_pages(pages)

    def close(self) -> None:
        """Give the partition free for another writer."""
        if not self._is_closed:
            self._is_closed = True
            self._reset()
            self._head.close()

    def _guarded(self, step: Callable[[], T]) -> T:
        """Run a step; after an error the next one opens the files again, in a known state."""
        path = self._segment.path if self._segment is not None else self.directory
        try:
            return step()
        except sqlite3.Error as error:
            self._reset()
            raise log_error(error, path=path) from error
        except OSError as error:
            self._reset()
            raise disk_error(error, path=path) from error

    def _append(
        self,
        records: Sequence[NewRecord],
        counts: Sequence[Count],
        positions: Sequence[tuple[PositionKey, int]],
    ) -> int:
        self._current()
        blocks: list[StoredBlock] = []
        if records:
            if self._is_full(len(records)):
                self._rotate()
            blocks = self._encode(records)
            self._room.take(sum(len(block.body) for block in blocks))
        segment = self._current()
        try:
            grown = segment.append(blocks, counts, positions)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            # A damaged file must not stop collection: leave it to its readers and go on behind it.
            was_undone = segment.roll_back()
            segment.close()
            self._segment = None
            self._begin(self.next if was_undone else self.next + len(records))
            blocks = self._encode(records) if records else []
            grown = self._current().append(blocks, counts, positions)
        first = self.next
        self.next += len(records)
        self.positions.update(positions)
        self._stored_bytes += grown
        self._head.note(self.next)
        return first

    def _encode(self, records: Sequence[NewRecord]) -> list[StoredBlock]:
        return self._encoder.encode(
            records,
            partition=self.partition,
            offset=self.next,
            written_at=int(self._parts.clock() * 1_000_000),
        )

    def _is_full(self, adding: int) -> bool:
        base = self._current().base
        return self.next > base and (
            self._stored_bytes >= self._parts.limits.segment_bytes_max
            or self.next - base + adding > SEGMENT_RECORDS_MAX
            or self._is_old()
        )

    def _is_old(self) -> bool:
        return self._parts.clock() - self._created_at > self._parts.limits.segment_age_s_max

    def _current(self) -> SegmentWriter:
        if self._segment is None:
            self._open()
        assert self._segment is not None  # noqa: S101 - _open raises or sets it
        return self._segment

    def _open(self) -> None:
        """Go on in the newest segment, or start one beyond it when its end is damaged."""
        noted, is_exact = self._head.next()
        floor = max(noted, self._parts.floor())
        recovered = self._parts.recovered()
        self.positions = dict(recovered)
        bases = segment_bases(self.directory)
        if not bases:
            self._begin(floor)
            return
        state = self._open_segment(bases[-1])
        if state is None:
            beyond = max(floor, bases[-1] + 1) + APPEND_RECORDS_MAX
            self._begin(beyond if is_exact else beyond + SEGMENT_RECORDS_MAX)
            return
        for key, next_ in state.positions.items():
            self.positions[key] = max(next_, recovered.get(key, 0))
        if state.next < floor:
            # Acknowledged records are missing at the end (a lost write-ahead log). Their offsets,
            # and those of one more append that nobody noted, are not given out again.
            self._reset()
            self._begin(floor + APPEND_RECORDS_MAX)

    def _open_segment(self, base: int) -> SegmentState | None:
        """Open a segment for writing; None when it is damaged."""
        segment: SegmentWriter | None = None
        try:
            segment = SegmentWriter(segment_path(self.directory, base), base=base)
            state = segment.state(partition=self.partition)
        except sqlite3.Error as error:
            if segment is not None:
                segment.close()
            if is_damage(error):
                return None
            raise
        self._segment = segment
        self._stored_bytes = state.stored_bytes
        self._created_at = state.created_at
        self.next = state.next
        return state

    def _begin(self, base: int) -> None:
        """Make the segment that begins at `base` and go on in it."""
        base = max([base, *(other + 1 for other in segment_bases(self.directory)[-1:])])
        created_at = self._parts.clock()
        path = segment_path(self.directory, base)
        make_segment(
            path,
            stream=self.stream,
            partition=self.partition,
            base=base,
            created_at=created_at,
            positions=self.positions,
        )
        self._segment = SegmentWriter(path, base=base)
        self._stored_bytes = 0
        self._created_at = created_at
        self.next = base
        self._head.note(base)

    def _rotate(self) -> None:
        sealed = self._current()
        self._begin(self.next)
        sealed.seal()

    def _reset(self) -> None:
        if self._segment is not None:
            self._segment.roll_back()
            self._segment.close()
            self._segment = None
