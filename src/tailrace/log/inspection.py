"""Finds what is damaged, and sets it aside so that readers go on after it."""

import os
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tailrace.errors import CorruptionError, TailraceError, TransientError
from tailrace.log.books import EVER, Books, read_sealed
from tailrace.log.contract import Count, Damage
from tailrace.log.groups import group_names, read_group
from tailrace.log.layout import (
    DAMAGED,
    make_directory,
    noted_next,
    partition_numbers,
    segment_bases,
    segment_path,
    sync_directory,
)
from tailrace.log.lost import LostRange, add_lost, after_lost
from tailrace.log.segment import SegmentReader
from tailrace.log.tables import (
    connect,
    is_damage,
    log_error,
    read_counts,
    read_meta,
    read_positions,
    readable_counts,
)

_CHUNK_BYTES = 8_388_608


def check_stream(log_directory: Path, stream: str) -> list[Damage]:
    """Read the whole stream, the groups' files and the ledger; return what is damaged.

    What was set aside is not reported again. A range without records is that of a segment whose
    records are good and whose counts or positions are not; files of groups have partition -1.

    Raises:
        TransientError: a file cannot be read now.
    """
    found: list[Damage] = []
    books = Books(log_directory)
    for group in group_names(log_directory):
        try:
            read_group(log_directory, group)
        except CorruptionError as error:
            found.append(Damage(error.path, str(error), -1, -1, -1))
    try:
        books.counts(minute_from=0, minute_until=0)
        folded = set(books.folded())
    except CorruptionError as error:
        folded = set()
        if Path(error.path).name == "ledger.db":
            found.append(Damage(error.path, str(error), -1, -1, -1))
    for number in partition_numbers(log_directory / stream):
        directory = log_directory / stream / str(number)
        noted = noted_next(directory)
        bases = segment_bases(directory)
        for base, end in zip(bases, [*bases[1:], None], strict=True):
            path = segment_path(directory, base)
            found += [
                damage
                for damage in _damaged_ranges(path, number, base, end, noted)
                if (after_lost(directory, damage.offset_from) or -1) < damage.offset_until
            ]
            if books.name_of(path) not in folded and (problem := _tables_problem(path)):
                found.append(Damage(str(path), problem, number, base, base))
    return found


class OpenWriter(Protocol):
    """How to have a partition's writer look at the newest segment."""

    def __call__(self, stream: str, partition: int, *, roll: bool) -> bool:
        """Open and close it; False when another process is writing.

        That starts a new segment where the newest one's end is damaged, and anyway with `roll`.
        """
        ...


class Surgeon:
    """Sets aside what is damaged, for an operator."""

    def __init__(
        self,
        log_directory: Path,
        *,
        clock: Callable[[], float],
        open_writer: OpenWriter,
    ) -> None:
        self._directory = log_directory
        self._clock = clock
        self._open_writer = open_writer
        self._books = Books(log_directory)

    def set_aside(self, stream: str, *, partition: int, offset: int) -> Damage:
        """Record the damaged range around `offset` as lost, keep its bytes; return the range.

        Counts that cannot be read any more are left out of the books, all others are kept.

        Raises:
            TailraceError: nothing there is damaged, or it was set aside before.
            TransientError: a process is writing to the damaged file; stop it first.
        """
        directory = self._directory / stream / str(partition)
        if after_lost(directory, offset) is not None:
            raise TailraceError(f"{directory}, offset {offset} was set aside before")
        bases = segment_bases(directory)
        index = bisect_right(bases, offset) - 1
        if index < 0:
            if not bases:
                raise TailraceError(f"{directory} has no segments; only segments can be set aside")
            return self._lose(directory, 0, bases[0], directory, "its segment is missing")
        path = segment_path(directory, bases[index])
        problem = problem_at(path, partition, bases[index], offset)
        if not problem:
            return self._set_counts_aside(
                stream, partition, path, is_newest=index + 1 == len(bases)
            )
        start = _start_of_damage(path, partition, bases[index], offset)
        until = _next_readable(path, partition, bases[index], offset)
        if until is None:
            until = self._end_of(stream, partition, bases[index], offset)
        _keep_blocks(path, directory / DAMAGED, start, until)
        damage = self._lose(directory, start, until, path, problem)
        if start == bases[index] and segment_path(directory, until).exists():
            self._move_aside(path)
        return damage

    def _end_of(self, stream: str, partition: int, base: int, offset: int) -> int:
        """Return where the next segment begins, made now when the damaged one is the newest."""
        directory = self._directory / stream / str(partition)
        later = [other for other in segment_bases(directory) if other > base]
        if later:
            return later[0]
        if not self._open_writer(stream, partition, roll=False):
            noted = noted_next(directory)
            if noted > offset:
                return noted
            raise TransientError(
                f"{directory} is being written; stop the process that does before setting aside"
            )
        later = [other for other in segment_bases(directory) if other > base]
        if not later:
            raise TailraceError(f"{directory}, offset {offset} lies after the newest record")
        return later[0]

    def _lose(self, directory: Path, start: int, until: int, path: Path, problem: str) -> Damage:
        add_lost(
            directory,
            LostRange(
                offset_from=start,
                offset_until=until,
                path=str(path),
                problem=problem,
                at=self._clock(),
            ),
        )
        return Damage(str(path), problem, int(directory.name), start, until)

    def _set_counts_aside(
        self, stream: str, partition: int, path: Path, *, is_newest: bool
    ) -> Damage:
        name = self._books.name_of(path)
        problem = "" if name in self._books.folded() else _tables_problem(path)
        if not problem:
            raise TailraceError(f"{path}: nothing is damaged there")
        if is_newest and not self._open_writer(stream, partition, roll=True):
            raise TransientError(f"{path} is being written; stop the process that does first")
        with closing(SegmentReader(path, base=int(path.stem), partition=partition)) as reader:
            end = reader.end()
        next_ = next((base for base in segment_bases(path.parent) if base > int(path.stem)), end)
        if next_ > end:  # what the new segment's writer could not read, it left a distance to
            self._lose(path.parent, end, next_, path, problem)
        self._fold_what_is_left(path)
        base = int(path.stem)
        return Damage(str(path), problem, partition, base, base)

    def _fold_what_is_left(self, path: Path) -> None:
        name = self._books.name_of(path)
        try:
            counts, newest_at = read_sealed(path)
        except CorruptionError:
            counts, newest_at = _readable_counts(path), self._clock()
        self._books.fold(name, counts, newest_at=newest_at)

    def _move_aside(self, path: Path) -> None:
        """Move a segment without a readable record out of the way of readers."""
        self._fold_what_is_left(path)
        target = path.parent / DAMAGED
        make_directory(target)
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(target / f"{path.name}{suffix}")
        sync_directory(target)
        sync_directory(path.parent)


def problem_at(path: Path, partition: int, base: int, offset: int) -> str:
    """Return why the record at `offset` cannot be read; empty when it can."""
    try:
        with closing(SegmentReader(path, base=base, partition=partition)) as reader:
            blocks = reader.blocks(offset, bytes_max=1)
            if blocks and blocks[0].offset <= offset:
                return ""
            if not blocks and reader.end() <= offset:
                later = [other for other in segment_bases(path.parent) if other > base]
                torn = noted_next(path.parent) > offset
                return "the record is missing" if torn or (later and later[0] > offset) else ""
            return "the record is missing"
    except sqlite3.Error as error:
        if is_damage(error):
            return str(error)
        raise log_error(error, path=path) from error


def _damaged_ranges(
    path: Path, partition: int, base: int, end: int | None, noted: int
) -> Iterator[Damage]:
    """Read a segment from its first block to its last; `end` is None for the newest."""
    offset = base
    while True:
        try:
            with closing(SegmentReader(path, base=base, partition=partition)) as reader:
                while blocks := reader.blocks(offset, bytes_max=_CHUNK_BYTES):
                    if blocks[0].offset > offset:
                        yield Damage(
                            str(path), "records are missing", partition, offset, blocks[0].offset
                        )
                    offset = blocks[-1].end
            problem = "records are missing at the end"
        except sqlite3.Error as error:
            if not path.exists():
                return
            if not is_damage(error):
                raise log_error(error, path=path) from error
            problem = str(error)
            beyond = _next_readable(path, partition, base, offset)
            if beyond is not None:
                yield Damage(str(path), problem, partition, offset, beyond)
                offset = beyond
                continue
            yield Damage(
                str(path), problem, partition, offset, max(offset, noted) if end is None else end
            )
            return
        expected = noted if end is None else end
        if offset < expected:
            yield Damage(str(path), problem, partition, offset, expected)
        return


def _tables_problem(path: Path) -> str:
    """Return what is wrong with the facts, counts or positions of a segment; mostly empty."""
    try:
        with closing(connect(path, mode="ro")) as connection:
            read_meta(connection)
            read_counts(connection, minute_from=-EVER, minute_until=EVER)
            read_positions(connection)
    except sqlite3.Error as error:
        if not path.exists():
            return ""
        if is_damage(error):
            return f"counts or positions: {error}"
        raise log_error(error, path=path) from error
    return ""


def _next_readable(path: Path, partition: int, base: int, offset: int) -> int | None:
    """Return the first offset after `offset` at which a good block begins; None without one."""
    try:
        with closing(SegmentReader(path, base=base, partition=partition)) as reader:
            return _scan_up(reader, offset, base)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise log_error(error, path=path) from error
    return None


def _scan_up(reader: SegmentReader, offset: int, base: int) -> int | None:
    """Go block by block; where the tree itself is broken, come from the other end."""
    while True:
        try:
            row = reader.connection.execute(
                "SELECT offset FROM blocks WHERE offset > ? ORDER BY offset LIMIT 1", (offset,)
            ).fetchone()
        except sqlite3.DatabaseError:
            return _scan_down(reader, offset, base)
        if row is None:
            return None
        offset = row[0]
        if _is_good(reader, offset):
            return offset


def _scan_down(reader: SegmentReader, offset: int, base: int) -> int | None:
    lowest: int | None = None
    cursor = reader.connection.execute("SELECT offset FROM blocks ORDER BY offset DESC")
    try:
        for (found,) in cursor:
            if (
                not isinstance(found, int)
                or found <= max(offset, base)
                or not _is_good(reader, found)
            ):
                break
            lowest = found
    except sqlite3.DatabaseError:
        return lowest
    finally:
        cursor.close()
    return lowest


def _is_good(reader: SegmentReader, offset: int) -> bool:
    try:
        blocks = reader.blocks(offset, bytes_max=1)
    except sqlite3.DatabaseError:
        return False
    return bool(blocks) and blocks[0].offset == offset


def _start_of_damage(path: Path, partition: int, base: int, offset: int) -> int:
    """Return the end of the last good block before `offset`; the base without one."""
    reached = base
    with _until_damage(path), closing(connect(path, mode="ro")) as connection:
        # Upwards, so that a tree that is broken further on does not hide what lies before.
        for start, count in connection.execute(
            "SELECT offset, count FROM blocks WHERE offset <= ? ORDER BY offset", (offset,)
        ):
            if not (isinstance(start, int) and isinstance(count, int)):
                break
            if start + count > offset:
                return max(reached, min(start, offset))
            reached = start + count
    return min(reached, offset)


def _keep_blocks(path: Path, directory: Path, start: int, until: int) -> None:
    """Copy what is left of the damaged blocks beside the lost ranges, for who wants to look."""
    make_directory(directory)
    with _until_damage(path), closing(connect(path, mode="ro")) as connection:
        for offset, body in connection.execute(
            "SELECT offset, body FROM blocks WHERE offset >= ? AND offset < ? ORDER BY offset",
            (start, until),
        ):
            if isinstance(body, bytes):
                _write_private(directory / f"{offset:020d}.block", body)


def _readable_counts(path: Path) -> list[Count]:
    """Return the counts of a damaged file that are still as written."""
    found: list[Count] = []
    with _until_damage(path), closing(connect(path, mode="ro")) as connection:
        found.extend(readable_counts(connection))
    return found


@contextmanager
def _until_damage(path: Path) -> Iterator[None]:
    """End the body at damage, which is what it looks for; other errors are the caller's."""
    try:
        yield
    except sqlite3.Error as error:
        if not is_damage(error):
            raise log_error(error, path=path) from error


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
