"""SQLite as the log uses it: connections, what its errors mean, the tables of positions and counts.

Each row of `positions` and `counts` has a checksum over its values, because a changed byte there
would otherwise be a wrong number that nobody notices.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from tailrace.errors import CorruptionError, LogFullError, TailraceError, TransientError
from tailrace.log.contract import Count
from tailrace.log.layout import disk_is_full

PositionKey = tuple[str, str, int]
"""Consumer group, stream, partition."""

TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE positions (consumer_group TEXT, stream TEXT, partition INTEGER,
        next INTEGER NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (consumer_group, stream, partition)) WITHOUT ROWID""",
    """CREATE TABLE counts (minute INTEGER, source TEXT, outcome TEXT, events INTEGER NOT NULL,
        checksum INTEGER NOT NULL, PRIMARY KEY (minute, source, outcome)) WITHOUT ROWID""",
)

_DAMAGE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
)
_SYNC_ERRORS = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)
_CACHED_COUNTS_MAX = 10_000


class DamagedRowError(sqlite3.DatabaseError):
    """A row's checksum does not fit; treated like damage that SQLite itself finds."""


def connect(path: Path, *, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    """Return a connection in autocommit mode; a reader's can open a file that was cut."""
    if mode == "ro" and os.path.exists(f"{path}-journal"):  # noqa: PTH110 - called per read
        # A process was killed while it made the file stand alone; only a writer may undo that.
        with closing(connect(path, mode="rw")) as repairing:
            repairing.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5.0,
    )
    # Bytes that are no UTF-8 any more must reach the checksum, not stop the cursor.
    connection.text_factory = _lenient_text
    if mode == "ro":
        # Lets SQLite read what is left of a file that is shorter than its header says.
        try:
            connection.execute("PRAGMA writable_schema = 1")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a write transaction; rolled back when the body or the commit fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether SQLite found the file's bytes to be not those written.

    The log's statements are fixed, so one that SQLite does not understand, or a new row that is
    there already, means that the schema or a key in the file has changed.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    # A file's header says which versions of SQLite may write to it. The extended codes of
    # READONLY are something else: a reader has come upon a file that must be recovered first.
    return (
        isinstance(error, DamagedRowError)
        or code & 0xFF in _DAMAGE
        or code == sqlite3.SQLITE_READONLY
    )


def log_error(error: sqlite3.Error, *, path: Path) -> TailraceError:
    """Return what an error of SQLite means to the caller."""
    if is_damage(error):
        return CorruptionError(f"{path}: {error}; run: tailrace doctor", path=str(path))
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    # A full disk shows as an I/O error when a side file cannot grow. An fsync that failed says
    # nothing about what was written, so it is never "nothing was appended".
    is_side_file = (
        code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and extended not in _SYNC_ERRORS
    )
    if code == sqlite3.SQLITE_FULL or (is_side_file and disk_is_full(path)):
        return LogFullError(f"{path}: {error}; free disk space or lower the log's limits")
    return TransientError(f"{path}: {error}")


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the facts about the file."""
    return {str(key): str(value) for key, value in connection.execute("SELECT * FROM meta")}


def put_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Set facts about the file."""
    connection.executemany("REPLACE INTO meta VALUES (?, ?)", meta.items())


def read_positions(connection: sqlite3.Connection) -> dict[PositionKey, int]:
    """Return all positions of the file.

    Raises:
        DamagedRowError: a row is not as written.
    """
    rows = connection.execute(
        "SELECT consumer_group, stream, partition, next, checksum FROM positions"
    ).fetchall()
    for row in rows:
        _verify(row, what="position")
    return {(group, stream, partition): next_ for group, stream, partition, next_, _ in rows}


def put_positions(
    connection: sqlite3.Connection, positions: Iterable[tuple[PositionKey, int]]
) -> None:
    """Set positions within the caller's transaction."""
    connection.executemany(
        "REPLACE INTO positions VALUES (?, ?, ?, ?, ?)",
        [(*key, next_, row_checksum(*key, next_)) for key, next_ in positions],
    )


def read_counts(
    connection: sqlite3.Connection, *, minute_from: int, minute_until: int
) -> list[Count]:
    """Return the file's counts of minutes in [minute_from, minute_until).

    Raises:
        DamagedRowError: a row is not as written.
    """
    rows = connection.execute(
        "SELECT minute, source, outcome, events, checksum FROM counts"
        " WHERE minute >= ? AND minute < ?",
        (minute_from, minute_until),
    ).fetchall()
    for row in rows:
        _verify(row, what="count")
    return [Count(source, minute, outcome, events) for minute, source, outcome, events, _ in rows]


def readable_counts(connection: sqlite3.Connection) -> list[Count]:
    """Return the counts of a damaged file that are still as written."""
    found: list[Count] = []
    cursor = connection.execute("SELECT minute, source, outcome, events, checksum FROM counts")
    with suppress(sqlite3.DatabaseError), closing(cursor):
        found.extend(
            Count(source, minute, outcome, events)
            for minute, source, outcome, events, checksum in cursor
            if row_checksum(minute, source, outcome, events) == checksum
        )
    return found


class Tally:
    """Adds counts to a file that nobody else writes, so totals can be remembered between commits.

    After a transaction that failed, `forget` must be called.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._totals: dict[tuple[int, str, str], int] = {}

    def add(self, counts: Sequence[Count]) -> None:
        """Add the counts within the caller's transaction.

        Raises:
            DamagedRowError: a total that is to grow is not as written.
        """
        if not counts:
            return
        if len(self._totals) > _CACHED_COUNTS_MAX:
            self._totals.clear()
        changed: dict[tuple[int, str, str], int] = {}
        for source, minute, outcome, events in counts:
            key = (minute, source, outcome)
            total = self._totals.get(key)
            if total is None:
                total = self._stored(key)
            self._totals[key] = changed[key] = total + events
        self._connection.executemany(
            "REPLACE INTO counts VALUES (?, ?, ?, ?, ?)",
            [(*key, total, row_checksum(*key, total)) for key, total in changed.items()],
        )

    def forget(self) -> None:
        """Read totals from the file again."""
        self._totals.clear()

    def _stored(self, key: tuple[int, str, str]) -> int:
        row = self._connection.execute(
            "SELECT minute, source, outcome, events, checksum FROM counts"
            " WHERE minute = ? AND source = ? AND outcome = ?",
            key,
        ).fetchone()
        if row is None:
            return 0
        _verify(row, what="count")
        return int(row[3])


def row_checksum(*values: str | int) -> int:
    """Return the CRC-32 of a row's values."""
    return zlib.crc32("\x1f".join(map(str, values)).encode("utf-8", "surrogateescape"))


def _verify(row: Sequence[str | int], *, what: str) -> None:
    found = row_checksum(*row[:-1])
    if found != row[-1]:
        raise DamagedRowError(f"a {what}'s stored checksum is {row[-1]}, its values give {found}")


def _lenient_text(text: bytes) -> str:
    return text.decode("utf-8", "replace")
