"""What alerts have seen and said, in one SQLite file: a start tells nobody anything again.

What begins or ends and the messages about it become durable together; a message goes when somebody
has taken it, so it is sent once, and again only where a crash falls between sending and noting.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from tailrace.config import Config
from tailrace.errors import TransientError

NAME: Final = "delivery-alerts.sqlite"
FIRING_SHOWN_MAX: Final = 100
MESSAGES_MAX: Final = 200
"""How many messages wait for one place at most; the oldest go first."""

_SQL: Final = Path(__file__).parent / "sql" / "create_alerts.sql"
_BUSY_S: Final = 5.0


class Seen(NamedTuple):
    """The state that a destination is in, and since when."""

    state: str
    since: float


class Firing(NamedTuple):
    """A destination in trouble: since when, why, and when people were last told."""

    since: float
    reason: str
    told_at: float


class Message(NamedTuple):
    """Something to be said in one place; `body` is JSON."""

    id: int
    alert: str
    notify: str
    body: bytes
    made_at: float
    attempts: int


_Run = Callable[[str, Iterable[Sequence[object]]], None]
Key = tuple[str, str]
"""An alert and a destination."""


@dataclass
class Step:
    """What is to become durable together."""

    seen: dict[str, Seen] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    firing: dict[Key, Firing] = field(default_factory=dict)
    resolved: list[Key] = field(default_factory=list)
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.seen or self.unseen or self.firing or self.resolved or self.messages)


class FiringShown(msgspec.Struct, frozen=True, kw_only=True):
    """A destination in trouble."""

    destination: str
    since: datetime
    reason: str


class AlertStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How what an alert watches stands, and how telling people goes.

    `firing` has the first ones of `firing_count`; `waiting` are messages that nobody has taken yet,
    `problem` says why.
    """

    state: Literal["ok", "firing", "disabled"] = "ok"
    firing: list[FiringShown] = []
    firing_count: int = 0
    notified_at: datetime | None = None
    waiting: int = 0
    problem: str = ""


def alerts_path(config: Config) -> Path:
    """Return the file."""
    return config.data_dir / NAME


class AlertFile:
    """The file; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _errors(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._connection = _connect(path, mode="rw")
            self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SQL.read_text(encoding="utf-8"))

    def seen(self) -> dict[str, Seen]:
        """Return the states by destination."""
        with _errors(self._path):
            rows = self._connection.execute("SELECT destination, state, since FROM seen")
            return {row[0]: Seen(*row[1:]) for row in rows}

    def firing(self) -> dict[Key, Firing]:
        """Return what is in trouble."""
        with _errors(self._path):
            rows = self._connection.execute(
                "SELECT alert, destination, since, reason, told_at FROM firing"
            )
            return {(row[0], row[1]): Firing(*row[2:]) for row in rows}

    def commit(self, step: Step, *, now: float) -> None:
        """Make a step durable, whole or not at all."""
        with self._changing() as run:
            run(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
                [(name, *seen) for name, seen in step.seen.items()],
            )
            run("DELETE FROM seen WHERE destination = ?", [(name,) for name in step.unseen])
            run(
                "INSERT OR REPLACE INTO firing VALUES (?, ?, ?, ?, ?)",
                [(*key, *firing) for key, firing in step.firing.items()],
            )
            run("DELETE FROM firing WHERE alert = ? AND destination = ?", step.resolved)
            run(
                "INSERT INTO messages (alert, notify, body, made_at, attempts, due_at) "
                "VALUES (?, ?, ?, ?, 0, ?)",
                [(*message, now, now) for message in step.messages],
            )
            run(
                "DELETE FROM messages WHERE alert = ? AND notify = ? AND id NOT IN (SELECT id "
                "FROM messages WHERE alert = ? AND notify = ? ORDER BY id DESC LIMIT ?)",
                [
                    (alert, notify, alert, notify, MESSAGES_MAX)
                    for alert, notify in {message[:2] for message in step.messages}
                ],
            )

    def due(self, *, now: float) -> list[Message]:
        """Return what is due, the first message of each place alone, so that they keep order."""
        with _errors(self._path):
            rows = self._connection.execute(
                "SELECT m.id, m.alert, m.notify, m.body, m.made_at, m.attempts FROM messages AS m "
                "WHERE m.due_at <= ? AND NOT EXISTS (SELECT 1 FROM messages AS n WHERE "
                "n.alert = m.alert AND n.notify = m.notify AND n.id < m.id) ORDER BY m.id",
                (now,),
            ).fetchall()
        return [Message(*row) for row in rows]

    def sent(self, message: Message, *, at: float) -> None:
        """Note that a message was taken."""
        with self._changing() as run:
            run("DELETE FROM messages WHERE id = ?", [(message.id,)])
            run("INSERT OR REPLACE INTO told VALUES (?, ?, '')", [(message.alert, at)])

    def failed(self, message: Message, *, problem: str, due_at: float | None) -> None:
        """Note why a message was not taken; without `due_at` it is given up."""
        with self._changing() as run:
            if due_at is None:
                run("DELETE FROM messages WHERE id = ?", [(message.id,)])
            else:
                run(
                    "UPDATE messages SET attempts = attempts + 1, due_at = ? WHERE id = ?",
                    [(due_at, message.id)],
                )
            run(
                "INSERT INTO told VALUES (?, NULL, ?) "
                "ON CONFLICT DO UPDATE SET problem = excluded.problem",
                [(message.alert, problem)],
            )

    def forget_others(self, alerts: Mapping[str, Collection[str]]) -> None:
        """Remove what belongs to alerts and places that are no more."""
        with self._changing() as run:
            for table in ("firing", "told", "messages"):
                known = {
                    row[0]
                    for row in self._connection.execute(f"SELECT DISTINCT alert FROM {table}")  # noqa: S608 - the names above
                }
                run(
                    f"DELETE FROM {table} WHERE alert = ?",  # noqa: S608 - the names above
                    [(alert,) for alert in known - alerts.keys()],
                )
            places = self._connection.execute("SELECT DISTINCT alert, notify FROM messages")
            run(
                "DELETE FROM messages WHERE alert = ? AND notify = ?",
                [row for row in places.fetchall() if row[1] not in alerts[row[0]]],
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _changing(self) -> Iterator[_Run]:
        with _errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._run
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _run(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(statement, rows)


def standings(path: Path, alerts: Collection[str]) -> dict[str, AlertStanding]:
    """Return how alerts stand by what the process that delivers has noted."""
    if not path.exists():
        return {alert: AlertStanding() for alert in alerts}
    with _errors(path), closing(_connect(path, mode="ro")) as connection:
        return {alert: _standing(connection, alert) for alert in alerts}


def _standing(connection: sqlite3.Connection, alert: str) -> AlertStanding:
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'told'").fetchone():
        return AlertStanding()
    of_alert = (alert,)
    [count] = connection.execute("SELECT count(*) FROM firing WHERE alert = ?", of_alert).fetchone()
    rows = connection.execute(
        "SELECT destination, since, reason FROM firing WHERE alert = ? ORDER BY destination "
        "LIMIT ?",
        (alert, FIRING_SHOWN_MAX),
    )
    firing = [FiringShown(destination=row[0], since=_at(row[1]), reason=row[2]) for row in rows]
    [waiting] = connection.execute(
        "SELECT count(*) FROM messages WHERE alert = ?", of_alert
    ).fetchone()
    told = connection.execute("SELECT at, problem FROM told WHERE alert = ?", of_alert).fetchone()
    at, problem = told or (None, "")
    return AlertStanding(
        state="firing" if count else "ok",
        firing=firing,
        firing_count=count,
        notified_at=None if at is None else _at(at),
        waiting=waiting,
        problem=problem,
    )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _connect(path: Path, *, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_S,
    )


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise TransientError(f"{path}: {error}") from error
