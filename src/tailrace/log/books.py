"""The counts of all commits together: `ledger.db` for sealed files, the live files for the rest.

Folding moves a sealed file's counts into the ledger in one transaction with the file's name, so
each file is counted once, however often folding is tried or interrupted. A reader looks at the live
files first and at the ledger last, and leaves out what the ledger has by then.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tailrace.errors import CorruptionError
from tailrace.log.contract import RAW, Count
from tailrace.log.groups import group_names, group_path
from tailrace.log.layout import (
    make_file,
    partition_numbers,
    remove_database,
    segment_bases,
    segment_path,
    stream_names,
    sync_directory,
)
from tailrace.log.tables import (
    TABLES,
    Tally,
    connect,
    log_error,
    read_counts,
    read_meta,
    transaction,
)

EVER = 2**62
_FOLDED = "CREATE TABLE folded (name TEXT PRIMARY KEY, newest_at REAL NOT NULL) WITHOUT ROWID"


class Books:
    """Reads and folds the counts of a log directory."""

    def __init__(self, log_directory: Path) -> None:
        self._directory = log_directory
        self._path = log_directory / "ledger.db"

    def counts(self, *, minute_from: int, minute_until: int) -> list[Count]:
        """Return the counts of minutes in [minute_from, minute_until), summed over all files.

        Raises:
            CorruptionError: a file with counts is damaged and not set aside.
        """
        already = self.folded()
        live: dict[str, list[Count]] = {}
        for name, path in self._live_files():
            if name in already:
                continue
            found = self._read_live(name, path, minute_from, minute_until)
            if found is not None:
                live[found[0]] = found[1]
        folded, books = self._read_ledger(minute_from, minute_until)
        return _summed(
            [
                *books,
                *(count for name, found in live.items() if name not in folded for count in found),
            ]
        )

    def folded(self) -> dict[str, float]:
        """Return the sealed files whose counts the ledger has, with when they were last written."""
        return self._read_ledger(0, 0)[0]

    def fold(self, name: str, counts: Sequence[Count], *, newest_at: float) -> None:
        """Take the counts of a file that nobody will write again into the ledger, once.

        Raises:
            LogFullError: the disk refuses; nothing was folded.
            CorruptionError: the ledger is damaged.
        """
        try:
            if not self._path.exists():
                self._make()
            with closing(connect(self._path, mode="rw")) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                with transaction(connection):
                    known = connection.execute("SELECT 1 FROM folded WHERE name = ?", (name,))
                    if known.fetchone() is None:
                        Tally(connection).add(counts)
                        connection.execute("INSERT INTO folded VALUES (?, ?)", (name, newest_at))
        except sqlite3.Error as error:
            raise log_error(error, path=self._path) from error

    def name_of(self, path: Path) -> str:
        """Return the name under which a segment's counts are folded; no segment uses it again."""
        return str(path.relative_to(self._directory))

    def _make(self) -> None:
        """Make the ledger; callers hold the retention lock, so one makes it."""
        temporary = Path(f"{self._path}.new")
        remove_database(temporary)
        make_file(temporary)
        # Without a write-ahead log, so that it can be read on a full disk, when retention must know
        # what is folded and may go; SQLite would have to make side files for one.
        with closing(connect(temporary, mode="rw")) as connection, transaction(connection):
            for statement in (*TABLES, _FOLDED):
                connection.execute(statement)
        temporary.rename(self._path)
        sync_directory(self._path.parent)

    def _read_ledger(
        self, minute_from: int, minute_until: int
    ) -> tuple[dict[str, float], list[Count]]:
        if not self._path.exists():
            return {}, []
        try:
            with closing(connect(self._path, mode="ro")) as connection:
                connection.execute("BEGIN")
                folded = dict(connection.execute("SELECT name, newest_at FROM folded").fetchall())
                books = read_counts(connection, minute_from=minute_from, minute_until=minute_until)
                return folded, books
        except sqlite3.Error as error:
            raise log_error(error, path=self._path) from error

    def _live_files(self) -> Iterable[tuple[str, Path]]:
        """Name the files in the order of the ledger's equation: outcomes before what they count.

        So a commit between two looks shows as an event in flight, never as one too many.
        """
        for group in group_names(self._directory):
            yield "", group_path(self._directory, group)
        for stream in sorted(stream_names(self._directory), key=lambda stream: stream == RAW):
            for number in partition_numbers(self._directory / stream):
                partition = self._directory / stream / str(number)
                for base in segment_bases(partition):
                    path = segment_path(partition, base)
                    yield self.name_of(path), path

    def _read_live(
        self, name: str, path: Path, minute_from: int, minute_until: int
    ) -> tuple[str, list[Count]] | None:
        try:
            with closing(connect(path, mode="ro")) as connection:
                counts = read_counts(connection, minute_from=minute_from, minute_until=minute_until)
                return name or group_name_in_ledger(path, connection), counts
        except sqlite3.Error as error:
            if not path.exists():
                return None  # removed since it was listed, so the ledger has it
            raise log_error(error, path=path) from error


def group_name_in_ledger(path: Path, connection: sqlite3.Connection) -> str:
    """Return the name under which a group's counts are folded when the group is removed.

    A later group may have the same name, so the file's own id is in it.
    """
    return f"{path.name}#{read_meta(connection).get('id', '')}"


def fold_group(books: Books, path: Path, *, now: float) -> None:
    """Take the counts of a group that is about to be removed into the books."""
    try:
        with closing(connect(path, mode="ro")) as connection:
            name = group_name_in_ledger(path, connection)
            counts = read_counts(connection, minute_from=-EVER, minute_until=EVER)
    except sqlite3.Error as error:
        raise log_error(error, path=path) from error
    books.fold(name, counts, newest_at=now)


def _summed(counts: Iterable[Count]) -> list[Count]:
    totals: dict[tuple[str, int, str], int] = {}
    for source, minute, outcome, events in counts:
        key = (source, minute, outcome)
        totals[key] = totals.get(key, 0) + events
    return [Count(*key, events) for key, events in sorted(totals.items())]


class SealedCounts(NamedTuple):
    """What folding needs of a sealed segment; `newest_at` is seconds since 1970 UTC."""

    counts: list[Count]
    newest_at: float


def read_sealed(path: Path) -> SealedCounts:
    """Return a sealed segment's counts and the time of its newest block.

    Raises:
        CorruptionError: the file is damaged.
        TransientError: the file cannot be read now.
    """
    try:
        with closing(connect(path, mode="ro")) as connection:
            counts = read_counts(connection, minute_from=-EVER, minute_until=EVER)
            row = connection.execute(
                "SELECT written_at FROM blocks ORDER BY offset DESC LIMIT 1"
            ).fetchone()
            meta = read_meta(connection)
            newest_at = row[0] / 1_000_000 if row else float(meta["created_at"])
            return SealedCounts(counts, newest_at)
    except sqlite3.Error as error:
        raise log_error(error, path=path) from error
    except (KeyError, ValueError, TypeError) as error:
        raise CorruptionError(
            f"{path}: its time of writing is damaged ({error!r}); run: tailrace doctor",
            path=str(path),
        ) from error
