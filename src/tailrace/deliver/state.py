"""What one destination has done and still has to do, in one SQLite file: its books cannot disagree.

Positions, counts, what waits out of line and dead letters change in one transaction, so a crash
repeats deliveries and loses or counts none twice. The log learns of the positions afterwards, which
is safe: retention then keeps a record too long, never too short.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from tailrace.deliver.exchanges import Exchange
from tailrace.deliver.outcomes import (
    DEAD,
    DELIVERED,
    DISCARDED,
    FILTERED,
    Attempt,
    Failure,
    Out,
    Parked,
    Recent,
    Step,
)
from tailrace.errors import CorruptionError, LogFullError, TransientError

ENDED_EARLY: Final = "ended_early"
"""Fact: outcomes of events in blocks of which others have none yet, by subscription."""

FORMAT: Final = 2
RECENT_MAX: Final = 200
EXCHANGES_MAX: Final = 20_000
"""Requests that failed, counted back from the last one, of which the exchange is kept."""

OUT: Final = "subscription, message_id, type, name, key, source, minute, event"
FAILURE: Final = "attempts, first_at, last_at, reason, detail, status"
MORE: Final = "edited, tried, exchange"
RECENT: Final = (
    "at, subscription, message_id, type, name, source, outcome, reason, status, took_ms, "
    "attempts, edited, stands_for"
)
_ROW: Final = f"{OUT}, {FAILURE}, {MORE}"
_OLD_FORMATS: Final = (1,)
_BEGUN: Final = "begun:"
_BUSY_S: Final = 5.0
_SQL: Final = Path(__file__).parent / "sql"


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
    """Which dead letters: those to which all of it applies; "" and None for any.

    They were given up in [since, until), in seconds since 1970; `text` is part of the event's name,
    its messageId or the detail.
    """

    reason: str = ""
    subscription: str = ""
    text: str = ""
    status: int | None = None
    source: str = ""
    type: str = ""
    name: str = ""
    since: float | None = None
    until: float | None = None


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
            _upgrade(self._connection)
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
            if step.positions:
                # What was told of blocks that had not ended may be in the books now.
                self._connection.execute("DELETE FROM meta WHERE name = ?", (ENDED_EARLY,))
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
            exchanges = _Exchanges(self._connection)
            run(
                f"INSERT INTO parked ({_ROW}, due_at) VALUES ({_marks(18)})",
                [(*_row(out, exchanges), due_at) for out, due_at in step.park],
            )
            run(
                f"INSERT INTO dead_letters ({_ROW}) VALUES ({_marks(17)})",
                [_row(out, exchanges) for out in step.bury],
            )
            run("DELETE FROM parked WHERE id = ?", [(each,) for each in step.unpark])
            run(
                f"UPDATE parked SET ({FAILURE}, {MORE}, due_at) = ({_marks(10)}) WHERE id = ?",
                [(*_row(each.out, exchanges)[8:], each.due_at, each.id) for each in step.delay],
            )
            exchanges.forget_old()
            _keep_recent(self._connection, step.recent)

    def parked_keys(self) -> set[tuple[str, str]]:
        """Return the subscriptions and keys of which something waits out of line."""
        with _errors(self.path):
            return set(self._connection.execute("SELECT DISTINCT subscription, key FROM parked"))

    def due(self, *, now: float, limit: int) -> list[Parked]:
        """Return what is due out of line; of one key only the first, so that it keeps its order."""
        with _errors(self.path):
            rows = self._connection.execute(
                f"SELECT id, due_at, {_ROW} FROM parked AS p WHERE due_at <= ? "
                "AND NOT EXISTS (SELECT 1 FROM parked AS q WHERE q.subscription = p.subscription "
                "AND q.key = p.key AND q.id < p.id) ORDER BY due_at LIMIT ?",
                (now, limit),
            ).fetchall()
        return [Parked(row[0], out_of(row[2:]), row[1]) for row in rows]

    def parked_after(self, after_id: int, *, limit: int) -> list[Parked]:
        """Return what waits out of line, in the order in which it was put there."""
        with _errors(self.path):
            rows = self._connection.execute(
                f"SELECT id, due_at, {_ROW} FROM parked WHERE id > ? ORDER BY id LIMIT ?",
                (after_id, limit),
            ).fetchall()
        return [Parked(row[0], out_of(row[2:]), row[1]) for row in rows]

    def told(self) -> dict[str, object]:
        """Return the facts that were kept, by whoever told them."""
        with _errors(self.path):
            return facts(self._connection)

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
        with _errors(self.path), _transaction(self._connection):
            return self._revive(ids, now=now)

    def revive_edited(
        self, id_: int, out: Callable[[Out], Out], *, now: float
    ) -> tuple[Out, Out] | None:
        """Let a dead letter be tried again as another event; return it before and after.

        `out` gives it as it is to be. None where there is no such dead letter any more.
        """
        with _errors(self.path), _transaction(self._connection):
            row = self._connection.execute(
                f"SELECT {_ROW} FROM dead_letters WHERE id = ?", (id_,)
            ).fetchone()
            if row is None:
                return None
            before = out_of(row)
            after = out(before)._replace(edited=True)
            self._connection.execute(
                "UPDATE dead_letters SET (type, name, key, event, edited) = (?, ?, ?, ?, 1) "
                "WHERE id = ?",
                (after.type, after.name, after.key, after.event, id_),
            )
            self._revive([id_], now=now)
            return before, after

    def discard(self, ids: Sequence[int]) -> int:
        """Remove dead letters for good; return how many there were. They count as discarded."""
        with _errors(self.path), _transaction(self._connection):
            cells = self._uncount(ids)
            self._connection.executemany(
                "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET events = events + excluded.events",
                [(*cell, DISCARDED, reason, events) for (*cell, reason), events in cells.items()],
            )
            return self._remove_dead(ids)

    def hurry(self, ids: Sequence[int] | None, *, now: float) -> int:
        """Let what waits be tried now, all of it without `ids`; return how much was made due.

        Of one key that is what waits before it too: it is tried in order.
        """
        which, values = "1", list[int]()
        if ids is not None:
            which = (
                "EXISTS (SELECT 1 FROM parked AS q WHERE q.subscription = parked.subscription "
                f"AND q.key = parked.key AND q.id >= parked.id AND q.id IN ({_marks(len(ids))}))"
            )
            values = list(ids)
        with _errors(self.path), _transaction(self._connection):
            return self._connection.execute(
                f"UPDATE parked SET due_at = ? WHERE due_at > ? AND {which}", (now, now, *values)
            ).rowcount

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _revive(self, ids: Sequence[int], *, now: float) -> int:
        self._uncount(ids)
        self._connection.execute(
            f"INSERT INTO parked ({_ROW}, due_at) SELECT {OUT}, 0, ?, ?, '', '', 0, {MORE}, ? "
            f"FROM dead_letters WHERE id IN ({_marks(len(ids))}) ORDER BY id",
            (now, now, now, *ids),
        )
        return self._remove_dead(ids)

    def _remove_dead(self, ids: Sequence[int]) -> int:
        return self._connection.execute(
            f"DELETE FROM dead_letters WHERE id IN ({_marks(len(ids))})", list(ids)
        ).rowcount

    def _uncount(self, ids: Sequence[int]) -> dict[tuple[str, str, int, str], int]:
        """Take dead letters out of the books of the dead; return what they were counted as."""
        cells = {
            (row[0], row[1], row[2], row[3]): row[4]
            for row in self._connection.execute(
                "SELECT subscription, source, minute, reason, count(*) FROM dead_letters "
                f"WHERE id IN ({_marks(len(ids))}) GROUP BY subscription, source, minute, reason",
                list(ids),
            )
        }
        self._connection.executemany(
            "UPDATE counts SET events = events - ? WHERE subscription = ? AND source = ? "
            "AND minute = ? AND reason = ? AND outcome = ?",
            [(events, *cell, DEAD) for cell, events in cells.items()],
        )
        return cells


class _Exchanges:
    """Keeps the exchanges of one transaction, each one once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[int, int] = {}

    def id_of(self, exchange: Exchange | int | None) -> int | None:
        """Return the number of an exchange, kept now if it is not yet."""
        if exchange is None or isinstance(exchange, int):
            return exchange
        found = self._ids.get(id(exchange))
        if found is None:
            text = msgspec.json.encode(exchange)
            made = self._connection.execute("INSERT INTO exchanges (text) VALUES (?)", (text,))
            found = self._ids[id(exchange)] = made.lastrowid or 0
        return found

    def forget_old(self) -> None:
        """Remove exchanges that are too many: a tool that refuses all must not fill the disk."""
        if self._ids:
            oldest = max(self._ids.values()) - EXCHANGES_MAX
            self._connection.execute("DELETE FROM exchanges WHERE id <= ?", (oldest,))


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
    if found != FORMAT and found not in _OLD_FORMATS:
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


def plus(totals: Totals | None, sums: Mapping[str, int]) -> Totals:
    """Return the books with further events by outcome."""
    before, more = totals or _totals({}), _totals(sums)
    return Totals._make(map(sum, zip(before, more, strict=True)))


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


_decode_tried: Final = msgspec.json.Decoder(tuple[Attempt, ...]).decode


def out_of(row: Sequence[Any]) -> Out:
    """Return an event from a row of the columns `OUT`, `FAILURE` and `MORE`."""
    edited, tried, exchange = row[14:]
    attempts = _decode_tried(tried) if tried else ()
    return Out._make([*row[:8], Failure._make([*row[8:14], attempts, exchange]), bool(edited)])


def _row(out: Out, exchanges: _Exchanges) -> tuple[object, ...]:
    """Return the columns `OUT`, `FAILURE` and `MORE` of an event."""
    failure = out.failure
    tried = msgspec.json.encode(failure.tried) if failure.tried else None
    return (*out[:8], *failure[:6], out.edited, tried, exchanges.id_of(failure.exchange))


def _keep_recent(connection: sqlite3.Connection, recent: Sequence[Recent]) -> None:
    """Keep the last deliveries, as many that went well as others."""
    if not recent:
        return
    connection.executemany(
        f"INSERT INTO recent ({RECENT}) VALUES ({_marks(13)})", [tuple(each) for each in recent]
    )
    for condition in ("outcome = ?", "outcome <> ?"):
        connection.execute(
            f"DELETE FROM recent WHERE {condition} AND id <= (SELECT id FROM recent "
            f"WHERE {condition} ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (DELIVERED, DELIVERED, RECENT_MAX),
        )


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _make(path: Path) -> None:
    """Make the file whole or not at all: somebody may be looking for it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with closing(_connect(temporary, mode="rwc")) as connection, _transaction(connection):
        temporary.chmod(0o600)
        _run_script(connection, "create_state.sql")
        _run_script(connection, "format_2.sql")
    temporary.replace(path)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file of an earlier format to this one, whole or not at all."""
    if facts(connection)["format"] not in _OLD_FORMATS:
        return
    with _transaction(connection):
        # Another process may have done it in between.
        if facts(connection)["format"] in _OLD_FORMATS:
            _run_script(connection, "format_2.sql")


def _run_script(connection: sqlite3.Connection, name: str) -> None:
    """Run the statements of a file within the transaction that is open."""
    statement = ""
    for part in (_SQL / name).read_text(encoding="utf-8").split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


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
