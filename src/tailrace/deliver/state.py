"""What one destination has done and still has to do, in one SQLite file: its books cannot disagree.

Positions, counts, what waits out of line and dead letters change in one transaction, so a crash
repeats deliveries and loses or counts none twice. The log learns of the positions afterwards, which
is safe: retention then keeps a record too long, never too short.
"""

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from tailrace.errors import CorruptionError, LogFullError, TransientError

DELIVERED: Final = "delivered"
FILTERED: Final = "filtered"
DEAD: Final = "dead letter"
DISCARDED: Final = "discarded"
FORMAT: Final = 1

_BEGUN: Final = "begun:"
_BUSY_S: Final = 5.0
_SQL: Final = Path(__file__).parent / "sql" / "create_state.sql"
_OUT: Final = "subscription, message_id, type, name, key, source, minute, event"
_FAILURE: Final = "attempts, first_at, last_at, reason, detail, status"
_WANTED: Final = (
    "(? = '' OR reason = ?) AND (? = '' OR subscription = ?) AND (? = '' OR name LIKE ? ESCAPE "
    "'\\' OR message_id LIKE ? ESCAPE '\\' OR detail LIKE ? ESCAPE '\\')"
)

Count = tuple[str, str, int, str, str]
"""A subscription, a source, a minute of receipt, an outcome and its reason."""


class Failure(NamedTuple):
    """How an event fared so far at one subscription; instants are seconds since 1970."""

    attempts: int
    first_at: float
    last_at: float
    reason: str
    detail: str
    status: int


class Out(NamedTuple):
    """An event at one subscription that goes out of line: to wait there, or for good.

    `event` is its JSON as destinations get it.
    """

    subscription: str
    message_id: str
    type: str
    name: str
    key: str
    source: str
    minute: int
    event: bytes
    failure: Failure


class Parked(NamedTuple):
    """An event that waits out of line until it is due."""

    id: int
    out: Out
    due_at: float


class DeadLetter(NamedTuple):
    """An event that the destination gave up, and why."""

    id: int
    out: Out


@dataclass
class Step:
    """What is to become durable together; `begun` is where partitions begin that are new."""

    positions: dict[int, int] = field(default_factory=dict)
    begun: dict[int, int] = field(default_factory=dict)
    counts: dict[Count, int] = field(default_factory=dict)
    park: list[tuple[Out, float]] = field(default_factory=list)
    bury: list[Out] = field(default_factory=list)
    unpark: list[int] = field(default_factory=list)
    delay: list[Parked] = field(default_factory=list)

    def count(self, key: Count, events: int = 1) -> None:
        """Count events."""
        self.counts[key] = self.counts.get(key, 0) + events

    def add(self, other: "Step") -> None:
        """Take up another step."""
        self.positions |= other.positions
        for partition, begun in other.begun.items():
            self.begun.setdefault(partition, begun)
        for key, events in other.counts.items():
            self.count(key, events)
        self.park += other.park
        self.bury += other.bury
        self.unpark += other.unpark
        self.delay += other.delay

    def __bool__(self) -> bool:
        return bool(
            self.positions or self.counts or self.park or self.bury or self.unpark or self.delay
        )


class Totals(NamedTuple):
    """The books of a subscription as a whole: events by outcome, and what waits out of line."""

    delivered: int
    filtered: int
    dead: int
    parked: int
    discarded: int = 0


class Reason(NamedTuple):
    """How many events of a subscription had an outcome for one reason."""

    subscription: str
    outcome: str
    reason: str
    events: int


class Wanted(NamedTuple):
    """Which dead letters: of one reason, of one subscription, with a text; "" for any."""

    reason: str = ""
    subscription: str = ""
    text: str = ""


class Cell(NamedTuple):
    """Where events are counted: a subscription, a source and a minute of receipt."""

    subscription: str
    source: str
    minute: int


class State:
    """The file of one destination; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _errors(path):
            if not path.exists():
                _make(path)
            self._connection = _connect(path, mode="rw")
            self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            self._connection.execute("PRAGMA synchronous = FULL")
            _require_format(self._connection, path)

    def positions(self) -> dict[int, int]:
        """Return the offset that is dealt with next, by partition."""
        with _errors(self.path):
            return dict(self._connection.execute("SELECT partition, next FROM positions"))

    def commit(self, step: Step) -> None:
        """Make a step durable, whole or not at all.

        Raises:
            LogFullError: the disk refuses; nothing was changed.
            TransientError: the disk failed; only the file knows what is true.
        """
        with _errors(self.path), _transaction(self._connection):
            _mark_begun(self._connection, step)
            run = self._connection.executemany
            run(
                "INSERT INTO positions VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET next = excluded.next",
                [
                    (partition, step.begun.get(partition, 0), next_)
                    for partition, next_ in step.positions.items()
                ],
            )
            run(
                "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET events = events + excluded.events",
                [(*key, events) for key, events in step.counts.items()],
            )
            run(
                f"INSERT INTO parked ({_OUT}, {_FAILURE}, due_at) VALUES ({_marks(15)})",
                [(*out[:-1], *out.failure, due_at) for out, due_at in step.park],
            )
            run(
                f"INSERT INTO dead_letters ({_OUT}, {_FAILURE}) VALUES ({_marks(14)})",
                [(*out[:-1], *out.failure) for out in step.bury],
            )
            run("DELETE FROM parked WHERE id = ?", [(each,) for each in step.unpark])
            run(
                "UPDATE parked SET attempts = ?, first_at = ?, last_at = ?, reason = ?, "
                "detail = ?, status = ?, due_at = ? WHERE id = ?",
                [(*each.out.failure, each.due_at, each.id) for each in step.delay],
            )

    def parked_keys(self) -> set[tuple[str, str]]:
        """Return the subscriptions and keys of which something waits out of line."""
        with _errors(self.path):
            return set(self._connection.execute("SELECT DISTINCT subscription, key FROM parked"))

    def due(self, *, now: float, limit: int) -> list[Parked]:
        """Return what is due out of line; of one key only the first, so that it keeps its order."""
        with _errors(self.path):
            rows = self._connection.execute(
                f"SELECT id, due_at, {_OUT}, {_FAILURE} FROM parked AS p WHERE due_at <= ? "
                "AND NOT EXISTS (SELECT 1 FROM parked AS q WHERE q.subscription = p.subscription "
                "AND q.key = p.key AND q.id < p.id) ORDER BY due_at LIMIT ?",
                (now, limit),
            ).fetchall()
        return [Parked(row[0], _out(row[2:]), row[1]) for row in rows]

    def worked_at(self) -> float | None:
        """Return when the tool last took an event, in seconds since 1970; None for never."""
        with _errors(self.path):
            found = facts(self._connection).get("worked_at")
        return found if isinstance(found, float) else None

    def tell(self, facts: Mapping[str, object]) -> None:
        """Keep facts for those who look at the file from outside."""
        with _errors(self.path), _transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [(name, json.dumps(value)) for name, value in facts.items()],
            )

    def revive(self, ids: Sequence[int], *, now: float) -> int:
        """Let dead letters be tried again out of line; return how many there were.

        They leave the books of the dead, and are counted by what becomes of them.
        """
        marks = _marks(len(ids))
        with _errors(self.path), _transaction(self._connection):
            rows = self._connection.execute(
                f"SELECT {_OUT}, {_FAILURE} FROM dead_letters WHERE id IN ({marks}) ORDER BY id",
                list(ids),
            ).fetchall()
            for out in map(_out, rows):
                again = Failure(0, now, now, "", "", 0)
                self._connection.execute(
                    f"INSERT INTO parked ({_OUT}, {_FAILURE}, due_at) VALUES ({_marks(15)})",
                    (*out[:-1], *again, now),
                )
                self._uncount(out)
            self._connection.execute(f"DELETE FROM dead_letters WHERE id IN ({marks})", list(ids))
        return len(rows)

    def discard(self, ids: Sequence[int]) -> int:
        """Remove dead letters for good; return how many there were. They count as discarded."""
        marks = _marks(len(ids))
        with _errors(self.path), _transaction(self._connection):
            rows = self._connection.execute(
                f"SELECT {_OUT}, {_FAILURE} FROM dead_letters WHERE id IN ({marks})", list(ids)
            ).fetchall()
            for out in map(_out, rows):
                self._uncount(out)
                self._connection.execute(
                    "INSERT INTO counts VALUES (?, ?, ?, ?, ?, 1) "
                    "ON CONFLICT DO UPDATE SET events = events + 1",
                    (out.subscription, out.source, out.minute, DISCARDED, out.failure.reason),
                )
            self._connection.execute(f"DELETE FROM dead_letters WHERE id IN ({marks})", list(ids))
        return len(rows)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _uncount(self, out: Out) -> None:
        key = (out.subscription, out.source, out.minute, DEAD, out.failure.reason)
        self._connection.execute(
            "UPDATE counts SET events = events - 1 WHERE subscription = ? AND source = ? "
            "AND minute = ? AND outcome = ? AND reason = ?",
            key,
        )


@contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that only reads the file of a destination, beside whoever delivers."""
    with _errors(path), closing(_connect(path, mode="ro")) as connection:
        yield connection


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Return when the file is undamaged and of the format that this release reads.

    Raises:
        CorruptionError: it is not.
    """
    [problem] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise CorruptionError(f"{path}: {problem}", path=str(path))
    _require_format(connection, path)


def _require_format(connection: sqlite3.Connection, path: Path) -> None:
    found = facts(connection)["format"]
    if found != FORMAT:
        raise CorruptionError(
            f"{path} has the format {found}; this release reads {FORMAT}", path=str(path)
        )


def positions(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the offset that is dealt with next, by partition."""
    return dict(connection.execute("SELECT partition, next FROM positions"))


def totals(connection: sqlite3.Connection) -> dict[str, Totals]:
    """Return the books by subscription."""
    found: dict[str, dict[str, int]] = {}
    for subscription, outcome, events in connection.execute(
        "SELECT subscription, outcome, sum(events) FROM counts GROUP BY subscription, outcome "
        "UNION ALL SELECT subscription, 'parked', count(*) FROM parked GROUP BY subscription"
    ):
        found.setdefault(subscription, {})[outcome] = events
    return {subscription: _totals(sums) for subscription, sums in found.items()}


def facts(connection: sqlite3.Connection) -> dict[str, object]:
    """Return the facts that were kept for those who look."""
    rows: Iterable[tuple[str, str]] = connection.execute("SELECT name, value FROM meta")
    return {name: json.loads(value) for name, value in rows}


def cells(
    connection: sqlite3.Connection, *, minute_from: int, minute_until: int
) -> dict[Cell, Totals]:
    """Return the books of the minutes in [minute_from, minute_until)."""
    found: dict[Cell, dict[str, int]] = {}
    minutes = (minute_from, minute_until)
    for *key, outcome, events in connection.execute(
        "SELECT subscription, source, minute, outcome, sum(events) FROM counts "
        "WHERE minute >= ? AND minute < ? GROUP BY subscription, source, minute, outcome "
        "UNION ALL SELECT subscription, source, minute, 'parked', count(*) FROM parked "
        "WHERE minute >= ? AND minute < ? GROUP BY subscription, source, minute",
        (*minutes, *minutes),
    ):
        found.setdefault(Cell(*key), {})[outcome] = events
    return {cell: _totals(sums) for cell, sums in found.items()}


def begun_minutes(connection: sqlite3.Connection) -> dict[str, int]:
    """Return by subscription the minute in which it began; it had all events received after it."""
    names = ((name, minute) for name, minute in facts(connection).items())
    return {
        name.removeprefix(_BEGUN): int(str(minute))
        for name, minute in names
        if name.startswith(_BEGUN)
    }


def reasons(connection: sqlite3.Connection, *, limit: int) -> list[Reason]:
    """Return why events were not delivered, the commonest reasons first."""
    rows = connection.execute(
        "SELECT subscription, outcome, reason, sum(events) AS events FROM counts "
        "WHERE outcome IN (?, ?) GROUP BY subscription, outcome, reason HAVING events > 0 "
        "ORDER BY events DESC, subscription, outcome, reason LIMIT ?",
        (FILTERED, DEAD, limit),
    )
    return [Reason._make(row) for row in rows]


def dead_letters(
    connection: sqlite3.Connection, *, before_id: int | None, wanted: Wanted, limit: int
) -> list[DeadLetter]:
    """Return dead letters that are wanted, the newest first."""
    rows = connection.execute(
        f"SELECT id, {_OUT}, {_FAILURE} FROM dead_letters WHERE id < ? AND {_WANTED} "
        "ORDER BY id DESC LIMIT ?",
        (2**62 if before_id is None else before_id, *_wanted(wanted), limit),
    )
    return [DeadLetter(row[0], _out(row[1:])) for row in rows]


def dead_letter(connection: sqlite3.Connection, id_: int) -> DeadLetter | None:
    """Return one dead letter, None where there is none of this id."""
    row = connection.execute(
        f"SELECT id, {_OUT}, {_FAILURE} FROM dead_letters WHERE id = ?", (id_,)
    ).fetchone()
    return None if row is None else DeadLetter(row[0], _out(row[1:]))


def dead_letter_ids(
    connection: sqlite3.Connection, *, after_id: int, until_id: int, wanted: Wanted, limit: int
) -> list[int]:
    """Return the ids in (after_id, until_id] of dead letters that are wanted, the oldest first."""
    rows = connection.execute(
        f"SELECT id FROM dead_letters WHERE id > ? AND id <= ? AND {_WANTED} ORDER BY id LIMIT ?",
        (after_id, until_id, *_wanted(wanted), limit),
    )
    return [row[0] for row in rows]


def _wanted(wanted: Wanted) -> tuple[str, ...]:
    """Return the parameters of `_WANTED`."""
    escaped = re.sub(r"([\\%_])", r"\\\1", wanted.text)
    return (
        *(wanted.reason,) * 2,
        *(wanted.subscription,) * 2,
        wanted.text,
        *(f"%{escaped}%",) * 3,
    )


def _totals(sums: Mapping[str, int]) -> Totals:
    """Return the books of events by outcome."""
    names = (DELIVERED, FILTERED, DEAD, "parked", DISCARDED)
    return Totals(*(sums.get(name, 0) for name in names))


def _mark_begun(connection: sqlite3.Connection, step: Step) -> None:
    """Note when a subscription begins, so that others can tell which events it must have had.

    Each one has a count for every event. One without any in a step was taken away; should it come
    back, it begins anew.
    """
    if not step.positions or not (step.counts or step.park):
        return
    found = {key[0] for key in step.counts} | {out.subscription for out, _ in step.park}
    names = [f"{_BEGUN}{subscription}" for subscription in found]
    connection.execute(
        f"DELETE FROM meta WHERE name GLOB '{_BEGUN}*' AND name NOT IN ({_marks(len(names))})",
        names,
    )
    connection.executemany(
        "INSERT OR IGNORE INTO meta VALUES (?, ?)",
        [(name, str(int(time.time()) // 60)) for name in names],
    )


def _out(row: Any) -> Out:
    """Return an event from a row of the columns `_OUT` and `_FAILURE`."""
    return Out._make([*row[:8], Failure._make(row[8:14])])


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _make(path: Path) -> None:
    """Make the file whole or not at all: somebody may be looking for it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with closing(_connect(temporary, mode="rwc")) as connection, _transaction(connection):
        temporary.chmod(0o600)
        for statement in _SQL.read_text(encoding="utf-8").split(";"):
            connection.execute(statement)
    temporary.replace(path)


def _connect(path: Path, *, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_S,
    )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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
    except OSError as error:
        raise TransientError(f"{path}: {error}") from error
