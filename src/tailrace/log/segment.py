"""One segment file: made whole, appended to by one writer, read by anyone."""

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from tailrace.log.blocks import StoredBlock, problem_of
from tailrace.log.contract import Count
from tailrace.log.layout import make_file, remove_database, sync_directory
from tailrace.log.tables import (
    TABLES,
    DamagedRowError,
    PositionKey,
    Tally,
    connect,
    log_error,
    put_meta,
    put_positions,
    read_meta,
    read_positions,
    transaction,
)

FORMAT = 1
_APPLICATION_ID = 0x54524C47  # "TRLG"
# Both are trade-offs, with their figures in docs/decisions/0002-log-on-sqlite.md.
_PAGE_BYTES = 8_192
_CHECKPOINT_BYTES = 4_194_304
# A commit changes a leaf of `blocks` and of `counts`, and now and then the nodes above them.
_COMMIT_BYTES = 3 * _PAGE_BYTES
_WAL_BYTES_KEPT = 16_777_216
_ROW_OVERHEAD_BYTES = 96
_EMPTY_PAGES = 6
_BLOCKS = (
    "CREATE TABLE blocks (offset INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " size INTEGER NOT NULL, codec INTEGER NOT NULL, checksum INTEGER NOT NULL,"
    " written_at INTEGER NOT NULL, body BLOB NOT NULL)"
)
_COLUMNS = "offset, count, size, codec, checksum, written_at, body"


class SegmentState(NamedTuple):
    """What a writer must know to go on: the next offset, positions, age and size of the file."""

    next: int
    positions: dict[PositionKey, int]
    created_at: float
    stored_bytes: int


def make_segment(
    path: Path,
    *,
    stream: str,
    partition: int,
    base: int,
    created_at: float,
    positions: Mapping[PositionKey, int],
) -> None:
    """Make a segment that holds the positions and no block; it appears whole or not at all."""
    temporary = Path(f"{path}.new")
    remove_database(temporary)
    make_file(temporary)
    try:
        with closing(connect(temporary, mode="rw")) as connection:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            with transaction(connection):
                for statement in (*TABLES, _BLOCKS):
                    connection.execute(statement)
                put_meta(
                    connection,
                    {
                        "id": uuid.uuid4().hex,
                        "stream": stream,
                        "partition": str(partition),
                        "base": str(base),
                        "created_at": repr(created_at),
                    },
                )
                put_positions(connection, positions.items())
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        temporary.rename(path)
        sync_directory(path.parent)
    except BaseException:
        remove_database(temporary)
        raise


class SegmentWriter:
    """The one writing connection of the newest segment of a partition."""

    def __init__(self, path: Path, *, base: int) -> None:
        self.path = path
        self.base = base
        self._connection = connect(path, mode="rw")
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise
        self._tally = Tally(self._connection)
        self._unchecked_bytes = 0

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        self._connection.execute("PRAGMA synchronous = FULL")
        # SQLite's own would try again after each commit while a reader stands in the way, and go
        # through the whole write-ahead log each time.
        self._connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        self._connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}").fetchone()

    def limit_pages(self, pages: int) -> None:
        """Make the file refuse to grow beyond so many pages, like a full disk."""
        self._connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    def state(self, *, partition: int) -> SegmentState:
        """Return what the file says, after looking at its two ends.

        Raises:
            sqlite3.Error: the file cannot be read, or is not the one that its name says.
        """
        meta = read_meta(self._connection)
        if meta.get("base") != str(self.base) or meta.get("partition") != str(partition):
            raise DamagedRowError(f"the file says that it is another segment: {meta}")
        created_at = meta.get("created_at", "")
        if not _is_number(created_at):
            raise DamagedRowError(f"the file was created at {created_at!r}")
        last = self._connection.execute(
            f"SELECT {_COLUMNS} FROM blocks ORDER BY offset DESC LIMIT 1"  # noqa: S608
        ).fetchone()
        if last is not None and (problem := problem_of(last, partition=partition)):
            raise DamagedRowError(f"the last block: {problem}")
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        return SegmentState(
            next=last[0] + last[1] if last is not None else self.base,
            positions=read_positions(self._connection),
            created_at=float(created_at),
            stored_bytes=max(0, pages - _EMPTY_PAGES) * _PAGE_BYTES,
        )

    def append(
        self,
        blocks: Sequence[StoredBlock],
        counts: Sequence[Count],
        positions: Sequence[tuple[PositionKey, int]],
    ) -> int:
        """Commit the three together; return the bytes that the file grew by, roughly."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for block in blocks:
            connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)", block)
        if positions:
            put_positions(connection, positions)
        self._tally.add(counts)
        connection.execute("COMMIT")
        grown = sum(_pages_bytes(len(block.body) + _ROW_OVERHEAD_BYTES) for block in blocks)
        self._unchecked_bytes += grown + _COMMIT_BYTES
        if self._unchecked_bytes > _CHECKPOINT_BYTES:
            self._checkpoint()
        return grown

    def _checkpoint(self) -> None:
        """Move what readers let go of from the write-ahead log into the file, without waiting.

        It may fail on a full disk; the log is as durable as the file, and the next one moves more.
        """
        self._unchecked_bytes = 0
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def roll_back(self) -> bool:
        """Undo a transaction that failed; False when it may have been committed."""
        self._tally.forget()
        if not self._connection.in_transaction:
            return False
        with suppress(sqlite3.Error):  # the connection is closed next, which undoes it as well
            self._connection.execute("ROLLBACK")
        return True

    def seal(self) -> None:
        """Close the file for ever; without readers it becomes one that stands alone."""
        stand_alone(self._connection)
        self._connection.close()

    def close(self) -> None:
        """Close the connection; the last one moves the write-ahead log into the file."""
        self._connection.close()


def read_segment_positions(path: Path) -> dict[PositionKey, int]:
    """Return the positions kept in a segment.

    Raises:
        CorruptionError: the file is damaged.
    """
    try:
        with closing(connect(path, mode="ro")) as connection:
            return read_positions(connection)
    except sqlite3.Error as error:
        raise log_error(error, path=path) from error


def stand_alone(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and remove it; False when that cannot be now.

    A reader or a full disk may prevent it. Nothing is lost by that: the write-ahead log is as
    durable as the file, and retention tries again later.
    """
    connection.execute("PRAGMA busy_timeout = 0").fetchone()
    try:
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error:
        return False
    return bool(mode and mode[0] == "delete")


class SegmentReader:
    """A reading connection; each read is one short transaction, so no writer waits for it."""

    def __init__(self, path: Path, *, base: int, partition: int) -> None:
        self.path = path
        self.base = base
        self._partition = partition
        self._connection = connect(path, mode="ro")

    def blocks(self, offset: int, *, bytes_max: int) -> list[StoredBlock]:
        """Return verified blocks from the one that holds `offset` or the next one after it.

        Returns at least one when there is one, then as many as fit into `bytes_max` unpacked.
        Damage after the first good block is left for the next call.

        Raises:
            sqlite3.Error: the first block is damaged.
        """
        found = self._fetch(offset, bytes_max)
        if not found or found[0].offset != offset:
            before = self._connection.execute(
                "SELECT offset, count FROM blocks WHERE offset < ? ORDER BY offset DESC LIMIT 1",
                (offset,),
            ).fetchone()
            if before is not None and _covers(before, offset):
                return self._fetch(before[0], bytes_max)
        return found

    def end(self) -> int:
        """Return the offset after the last block."""
        last = self._connection.execute(
            "SELECT offset, count FROM blocks ORDER BY offset DESC LIMIT 1"
        ).fetchone()
        if last is None:
            return self.base
        if not (isinstance(last[0], int) and isinstance(last[1], int)):
            raise DamagedRowError("the last block's header is not as written")
        return last[0] + last[1]

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for reading the tables of positions and counts."""
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _fetch(self, start: int, bytes_max: int) -> list[StoredBlock]:
        found: list[StoredBlock] = []
        room = bytes_max
        cursor = self._connection.execute(
            f"SELECT {_COLUMNS} FROM blocks WHERE offset >= ? ORDER BY offset",  # noqa: S608
            (start,),
        )
        try:
            for row in cursor:
                if problem := problem_of(row, partition=self._partition):
                    raise DamagedRowError(problem)
                block = StoredBlock._make(row)
                found.append(block)
                room -= block.size
                if room <= 0:
                    break
        except sqlite3.DatabaseError:
            if not found:
                raise
        finally:
            cursor.close()  # ends the read transaction
        return found


def _pages_bytes(size: int) -> int:
    """Return what a row takes in the file: small ones share a page, others fill whole ones."""
    return size if size < _PAGE_BYTES // 4 else -(-size // _PAGE_BYTES) * _PAGE_BYTES


def _covers(header: Sequence[object], offset: int) -> bool:
    start, count = header
    return isinstance(start, int) and isinstance(count, int) and start <= offset < start + count


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
