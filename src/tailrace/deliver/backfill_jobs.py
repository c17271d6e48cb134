"""Backfills as jobs, in one SQLite file: what was asked, how far it is, and what was read ahead.

The app reads the store and *feeds* pages of events; who delivers takes them. A page and the place
where reading goes on are kept in one transaction, so a crash of either process neither repeats nor
leaves out a page. What became of the events is in a file of each job, of the form that the files of
destinations have (`state`), so that positions, counts and dead letters there change as one.
"""

# ruff: noqa: S608 - SQL is put together from the names below; values are always bound.

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args
from urllib.parse import quote

import msgspec
import zstandard

from tailrace.errors import CorruptionError, LogFullError, TransientError

FORMAT: Final = 1
JobWord = Literal["queued", "counting", "running", "paused", "done", "canceled", "failed"]
JOB_WORDS: Final[tuple[JobWord, ...]] = get_args(JobWord)
BEGUN: Final[tuple[JobWord, ...]] = ("counting", "running")
OPEN: Final[tuple[JobWord, ...]] = ("queued", "counting", "running", "paused")
ENDED: Final[tuple[JobWord, ...]] = ("done", "canceled", "failed")

_SQL: Final = Path(__file__).parent / "sql" / "create_backfills.sql"
_BUSY_S: Final = 5.0
_LEVEL: Final = 1
_COLUMNS: Final = (
    "id, destination, state, problem, asked, selected, fed, is_fed, place, created_at, "
    "created_by, ended_at"
)


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill is to send, as it is kept; times are milliseconds since 1970.

    `sources` are the only ones, None for all. `received_before_ms` is when it was asked for.
    """

    since_ms: int
    until_ms: int
    received_before_ms: int
    query: str
    sources: tuple[str, ...] | None
    subscriptions: tuple[str, ...]
    events_per_s_max: int | None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill; instants are seconds since 1970.

    `selected` is None until the events were counted, `place` is "" until any were read.
    """

    id: int
    destination: str
    state: JobWord
    problem: str
    asked: AskedFor
    selected: int | None
    fed: int
    is_fed: bool
    place: str
    created_at: float
    created_by: str
    ended_at: float | None


class FedEvent(NamedTuple):
    """An event as destinations get it, and where it is counted."""

    source: str
    minute: int
    body: bytes


class FedPage(NamedTuple):
    """Events of a job, of which the first one has the number `first`."""

    first: int
    events: list[FedEvent]


_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.msgpack.Decoder(list[FedEvent]).decode
_decode_asked = msgspec.json.Decoder(AskedFor).decode


class Jobs:
    """The file of all backfills; may be used by any thread and by several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, destination: str, asked: AskedFor, *, actor: str, now: float) -> Job:
        """Keep a new job, which waits for its turn."""
        with self._writing() as connection:
            found = connection.execute(
                "INSERT INTO jobs (destination, state, problem, asked, selected, fed, is_fed, "
                "place, created_at, created_by) VALUES (?, 'queued', '', ?, NULL, 0, 0, '', ?, ?) "
                f"RETURNING {_COLUMNS}",
                (destination, msgspec.json.encode(asked).decode(), now, actor),
            ).fetchone()
        return _job(found)

    def find(self, id_: int) -> Job | None:
        """Return a job, None where there is none of this id."""
        found = self._jobs("id = ?", (id_,))
        return found[0] if found else None

    def of(self, destination: str, *, before_id: int | None, limit: int) -> list[Job]:
        """Return jobs of a destination, the newest first."""
        return self._jobs(
            "destination = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (destination, 2**62 if before_id is None else before_id, limit),
        )

    def in_states(self, states: Sequence[JobWord]) -> list[Job]:
        """Return the jobs in some states, the oldest first."""
        return self._jobs(f"state IN ({_marks(states)}) ORDER BY id", tuple(states))

    def old(self, *, ended_before: float, kept_each: int) -> list[Job]:
        """Return jobs that ended before a moment, or have more than so many newer ones."""
        return self._jobs(
            f"state IN ({_marks(ENDED)}) AND (ended_at < ? OR (SELECT count(*) FROM jobs AS newer "
            "WHERE newer.destination = jobs.destination AND newer.id > jobs.id) >= ?)",
            (*ENDED, ended_before, kept_each),
        )

    def by_destination(self) -> dict[str, list[tuple[int, float]]]:
        """Return the ids of jobs, and when they were made, by destination."""
        found: dict[str, list[tuple[int, float]]] = {}
        if self.path.exists():
            with self._connected() as connection:
                for slug, *job in connection.execute(
                    "SELECT destination, id, created_at FROM jobs"
                ):
                    found.setdefault(slug, []).append((job[0], job[1]))
        return found

    def move(
        self,
        id_: int,
        before: Sequence[JobWord],
        after: JobWord,
        *,
        problem: str = "",
        ended_at: float | None = None,
    ) -> bool:
        """Change a job's state if it is one of those before; return whether it was."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE jobs SET state = ?, problem = ?, ended_at = ? "
                f"WHERE id = ? AND state IN ({_marks(before)})",
                (after, problem, ended_at, id_, *before),
            ).rowcount
            if changed and after in ENDED:
                connection.execute("DELETE FROM pages WHERE job = ?", (id_,))
        return bool(changed)

    def note(self, id_: int, problem: str) -> None:
        """Say why a job does not go on just now, "" where it does."""
        with self._writing() as connection:
            connection.execute("UPDATE jobs SET problem = ? WHERE id = ?", (problem, id_))

    def count(self, id_: int, selected: int | None) -> None:
        """Keep how many events a job is about, None where they cannot be counted; it runs then."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE jobs SET selected = ?, state = 'running', problem = '' "
                "WHERE id = ? AND state = 'counting'",
                (selected, id_),
            )

    def feed(self, job: Job, events: Sequence[FedEvent], *, place: str, is_fed: bool) -> None:
        """Keep the next page of a job that runs, and where reading goes on.

        Nothing happens where the job has moved on since it was read.
        """
        next_ = job.fed + len(events)
        packed = _packed(events)
        selected = next_ if is_fed else job.selected
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE jobs SET fed = ?, place = ?, is_fed = ?, problem = '', selected = "
                "CASE WHEN ? THEN ? WHEN selected < ? THEN ? ELSE selected END "
                "WHERE id = ? AND fed = ? AND place = ? AND state = 'running'",
                (
                    *(next_, place, is_fed),
                    *(is_fed, selected, next_, next_),
                    *(job.id, job.fed, job.place),
                ),
            ).rowcount
            if changed and events:
                connection.execute(
                    "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
                    (job.id, job.fed, next_, sum(len(each.body) for each in events), packed),
                )

    def ahead(self, id_: int) -> tuple[int, int]:
        """Return how many events of a job, and bytes of them, are fed and not dealt with."""
        with self._connected() as connection:
            events, size = connection.execute(
                "SELECT total(next - first), total(bytes) FROM pages WHERE job = ?", (id_,)
            ).fetchone()
        return int(events), int(size)

    def page_at(self, id_: int, number: int) -> FedPage | None:
        """Return the page that holds the event of a number, None where it is not fed."""
        with self._connected() as connection:
            found = connection.execute(
                "SELECT first, events FROM pages WHERE job = ? AND first <= ? AND next > ? "
                "ORDER BY first DESC LIMIT 1",
                (id_, number, number),
            ).fetchone()
        return None if found is None else FedPage(found[0], _unpacked(found[1]))

    def drop_pages(self, id_: int, *, until: int) -> None:
        """Remove the pages whose events lie before a number: all of them were dealt with."""
        with self._connected() as connection:
            [waits] = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM pages WHERE job = ? AND next <= ?)", (id_, until)
            ).fetchone()
        if waits:
            with self._writing() as connection:
                connection.execute("DELETE FROM pages WHERE job = ? AND next <= ?", (id_, until))

    def remove(self, ids: Sequence[int]) -> None:
        """Forget jobs."""
        with self._writing() as connection:
            for table, column in (("pages", "job"), ("jobs", "id")):
                connection.executemany(
                    f"DELETE FROM {table} WHERE {column} = ?", [(id_,) for id_ in ids]
                )

    def require_whole(self) -> None:
        """Return when the file is undamaged and of the format that this release reads.

        Raises:
            CorruptionError: it is not.
        """
        if not self.path.exists():
            return
        with self._connected() as connection:
            [problem] = connection.execute("PRAGMA quick_check(1)").fetchone()
            if problem != "ok":
                raise CorruptionError(f"{self.path}: {problem}", path=str(self.path))

    def counts(self) -> dict[JobWord, int]:
        """Return how many jobs there are in each state."""
        found = dict.fromkeys(JOB_WORDS, 0)
        if self.path.exists():
            with self._connected() as connection:
                found |= connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
        return found

    def open_of(self, destination: str) -> int:
        """Return how many jobs of a destination have not ended."""
        return sum(job.destination == destination for job in self.in_states(OPEN))

    def _jobs(self, where: str, parameters: Sequence[object]) -> list[Job]:
        if not self.path.exists():
            return []
        with self._connected() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {where}", parameters)
            return [_job(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with _errors(self.path):
            if not self.path.exists():
                _make(self.path)
            with closing(_connect(self.path, mode="rw")) as connection:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                _require_format(connection, self.path)
                yield connection


def _require_format(connection: sqlite3.Connection, path: Path) -> None:
    [found] = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    if found != str(FORMAT):
        raise CorruptionError(
            f"{path} has the format {found}; this release reads {FORMAT}", path=str(path)
        )


def _job(row: Sequence[Any]) -> Job:
    return Job(
        id=row[0],
        destination=row[1],
        state=row[2],
        problem=row[3],
        asked=_decode_asked(row[4]),
        selected=row[5],
        fed=row[6],
        is_fed=bool(row[7]),
        place=row[8],
        created_at=row[9],
        created_by=row[10],
        ended_at=row[11],
    )


def _packed(events: Sequence[FedEvent]) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(_encode(events))


def _unpacked(packed: bytes) -> list[FedEvent]:
    return _decode_events(zstandard.ZstdDecompressor().decompress(packed))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _make(path: Path) -> None:
    """Make the file whole or not at all; somebody else may be making it too, and the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    temporary.unlink(missing_ok=True)
    try:
        with closing(_connect(temporary, mode="rwc")) as connection:
            temporary.chmod(0o600)
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SQL.read_text(encoding="utf-8").split(";"):
                connection.execute(statement)
            connection.execute("COMMIT")
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _connect(path: Path, *, mode: Literal["rw", "rwc"]) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, timeout=_BUSY_S
    )


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into what the caller can do about it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise LogFullError(f"{path}: {error}; free disk space") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise CorruptionError(f"{path}: {error}", path=str(path)) from error
        raise TransientError(f"{path}: {error}") from error
    except (OSError, zstandard.ZstdError) as error:
        raise TransientError(f"{path}: {error}") from error
