"""Reads one partition across its segments, in order, and says where it is damaged."""

import sqlite3
from bisect import bisect_right
from pathlib import Path

from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.log.blocks import StoredBlock, unpack
from tailrace.log.contract import Extent, Record
from tailrace.log.layout import database_bytes, noted_next, segment_bases, segment_path
from tailrace.log.lost import after_lost
from tailrace.log.segment import SegmentReader
from tailrace.log.tables import is_damage, log_error


class PartitionReader:
    """A reader with its own connection; it keeps the last block unpacked, for small budgets."""

    def __init__(self, directory: Path, *, stream: str, partition: int) -> None:
        self.partition = partition
        self._directory = directory
        self._stream = stream
        self._segment: SegmentReader | None = None
        self._bases: list[int] = []
        self._unpacked: list[Record] = []

    def read(
        self,
        offset: int,
        *,
        bytes_max: int,
        records_max: int | None = None,
        is_one_due: bool = True,
    ) -> list[Record]:
        """Return records from `offset` on, or from the first one after it that is not set aside.

        As many as fit, and at least one where there is one and `is_one_due`.

        Raises:
            OffsetGoneError: `offset` lies before the oldest record.
            CorruptionError: the record at `offset` is damaged.
        """
        held = self._unpacked
        if held and held[0].offset <= offset <= held[-1].offset:
            rest = held[offset - held[0].offset :]
            return rest[: _fitting(rest, bytes_max, records_max, is_one_due=is_one_due)]
        self._unpacked = []
        chosen: list[Record] = []
        start, blocks = self._load(offset, bytes_max)
        room = bytes_max
        for block in blocks:
            records = unpack(block, partition=self.partition)
            if records[0].offset < start:
                records = records[start - records[0].offset :]
            limit = None if records_max is None else records_max - len(chosen)
            fitting = _fitting(records, room, limit, is_one_due=is_one_due and not chosen)
            chosen += records[:fitting]
            if fitting < len(records):
                self._unpacked = records
                break
            room -= block.size
            if room <= 0 or (records_max is not None and len(chosen) >= records_max):
                break
        return chosen

    def extent(self) -> Extent:
        """Return where the partition begins and ends, and its bytes on disk."""
        self._bases = segment_bases(self._directory)
        if not self._bases:
            next_ = noted_next(self._directory)
            return Extent(next_, next_, 0)
        paths = [segment_path(self._directory, base) for base in self._bases]
        return Extent(self._bases[0], self.end(), sum(map(database_bytes, paths)))

    def first(self) -> int:
        """Return the offset of the oldest record."""
        self._bases = segment_bases(self._directory)
        return self._bases[0] if self._bases else noted_next(self._directory)

    def end(self) -> int:
        """Return the offset after the newest record; the writer's note where that is damaged."""
        while True:
            bases = segment_bases(self._directory)
            if not bases:
                return noted_next(self._directory)
            try:
                end = self._open(bases[-1]).end()
            except sqlite3.DatabaseError as error:
                if self._is_gone(bases[-1]):
                    continue
                if is_damage(error):
                    return max(noted_next(self._directory), bases[-1])
                raise log_error(error, path=segment_path(self._directory, bases[-1])) from error
            if segment_bases(self._directory)[-1:] == bases[-1:]:
                return end

    def refresh(self) -> None:
        """Look at the directory, so that what retention removed is not read any more."""
        self._bases = segment_bases(self._directory)
        if self._segment is not None and self._segment.base not in self._bases:
            self.forget()

    def forget(self) -> None:
        """Close the connection and what is unpacked; the next read opens again."""
        if self._segment is not None:
            self._segment.close()
        self._segment = None
        self._unpacked = []

    close = forget

    def _load(self, offset: int, bytes_max: int) -> tuple[int, list[StoredBlock]]:
        """Return blocks, the first of which holds the returned offset; none at the end."""
        looked_twice = False
        while True:
            base = self._base_of(offset)
            if base is None:
                if not self._bases:
                    return offset, []
                offset = self._before_first(offset)
                continue
            path = segment_path(self._directory, base)
            try:
                blocks = self._open(base).blocks(offset, bytes_max=bytes_max)
            except sqlite3.DatabaseError as error:
                if self._is_gone(base):
                    self._bases = segment_bases(self._directory)
                elif is_damage(error):
                    offset = self._after_damage(offset, path, str(error), error)
                else:
                    self.forget()
                    raise log_error(error, path=path) from error
                continue
            if blocks and blocks[0].offset <= offset:
                return offset, blocks
            if blocks:
                offset = self._after_damage(offset, path, "the record is missing", None)
                continue
            self._bases = segment_bases(self._directory)
            later = next((other for other in self._bases if other > base), None)
            if later is None:
                return offset, []
            if later <= offset:
                looked_twice = False
            elif looked_twice:
                offset = self._after_damage(offset, path, "the record is missing", None)
            else:
                # Before it made the next segment, the writer may have appended to this one after
                # the look into it; a second look sees all, since nobody writes here any more.
                looked_twice = True

    def _before_first(self, offset: int) -> int:
        beyond = after_lost(self._directory, offset)
        if beyond is None:
            first = self._bases[0]
            raise OffsetGoneError(
                f"{self._stream}, partition {self.partition}: offset {offset} was removed by"
                f" retention; the oldest is {first}",
                first=first,
            )
        return beyond

    def _after_damage(self, offset: int, path: Path, problem: str, cause: Exception | None) -> int:
        self.forget()
        beyond = after_lost(self._directory, offset)
        if beyond is not None:
            return beyond
        raise CorruptionError(
            f"{self._stream}, partition {self.partition}, offset {offset}: {problem} ({path});"
            f" to see and set aside what is damaged run: tailrace doctor",
            path=str(path),
            partition=self.partition,
            offset=offset,
        ) from cause

    def _base_of(self, offset: int) -> int | None:
        index = bisect_right(self._bases, offset)
        if not index:
            self._bases = segment_bases(self._directory)
            index = bisect_right(self._bases, offset)
        return self._bases[index - 1] if index else None

    def _open(self, base: int) -> SegmentReader:
        if self._segment is None or self._segment.base != base:
            self.forget()
            self._segment = SegmentReader(
                segment_path(self._directory, base), base=base, partition=self.partition
            )
        return self._segment

    def _is_gone(self, base: int) -> bool:
        """Say whether a segment was removed; a file that is there but broken is not gone."""
        if segment_path(self._directory, base).exists():
            return False
        self.forget()
        return True


def _fitting(
    records: list[Record], bytes_max: int, records_max: int | None, *, is_one_due: bool
) -> int:
    """Return how many records fit; at least one when `is_one_due`."""
    most = len(records) if records_max is None else min(records_max, len(records))
    used = 0
    for index in range(most):
        used += len(records[index].key) + len(records[index].body)
        if used > bytes_max and not (is_one_due and index == 0):
            return index
    return most
