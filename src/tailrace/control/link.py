"""How parts ask the control database: a few small statements, without SQLAlchemy.

Every method raises `TransientError` while the database is away.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import quote

from tailrace.config import Config, Secret
from tailrace.errors import TransientError

if TYPE_CHECKING:
    import psycopg

DATABASE_NAME: Final = "control.sqlite"
NOTED_EVERY: Final = timedelta(seconds=60)
_BUSY_S: Final = 1.0
_ANSWER_S_MAX: Final = 3.0
_SQLITE_INSTANT: Final = "%Y-%m-%d %H:%M:%S.%f"

_VERSION: Final = "SELECT id, version FROM workspace"
_DOCUMENT: Final = "SELECT document FROM workspace"
_FIRST_OWNER: Final = (
    "SELECT email, password_hash FROM members WHERE role = 'owner' ORDER BY created_at, id LIMIT 1"
)
_REVISION: Final = "SELECT version_num FROM alembic_version"


class Version(NamedTuple):
    """Which workspace, and how many changes it has seen."""

    workspace: str
    number: int


class Owner(NamedTuple):
    """The member who has been an owner for longest; without a password there is no hash."""

    email: str
    password_hash: str | None


class Link(Protocol):
    """A way to the control database; used by one thread at a time."""

    def document(self, *, unless: Version | None = None) -> str | None:
        """Return the workspace's document; None where it still has the version given."""
        ...

    def revision(self) -> str | None:
        """Return the revision of the tables; None where there are none yet."""
        ...

    def first_owner(self) -> Owner | None:
        """Return the first owner; None where nobody is a member yet."""
        ...

    def note_used(self, keys: Iterable[str], *, at: datetime) -> None:
        """Note when write keys were used, once a minute at most."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def open_link(config: Config) -> Link:
    """Return the way to the configured database; nothing is asked of it yet."""
    dsn = config.control.dsn
    if dsn is not None and dsn.reveal():
        return PostgresLink(dsn)
    return SqliteLink(database_path(config))


def database_path(config: Config) -> Path:
    """Return the file of the SQLite form."""
    return config.data_dir / DATABASE_NAME


class SqliteLink:
    """Opens the file for every question, so that one that was replaced is noticed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def document(self, *, unless: Version | None = None) -> str | None:
        """Return the workspace's document; None where it still has the version given."""
        with self._connection() as connection:
            found = connection.execute(_VERSION).fetchone()
            if found is None:
                raise TransientError(f"{self._path} holds no workspace yet")
            if unless is not None and tuple(unless) == found:
                return None
            return str(connection.execute(_DOCUMENT).fetchone()[0])

    def revision(self) -> str | None:
        """Return the revision of the tables; None where there are none yet."""
        if not self._path.exists():
            return None
        with self._connection() as connection:
            is_there = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
            found = connection.execute(_REVISION).fetchone() if is_there else None
            return str(found[0]) if found else None

    def first_owner(self) -> Owner | None:
        """Return the first owner; None where nobody is a member yet."""
        with self._connection() as connection:
            found = connection.execute(_FIRST_OWNER).fetchone()
            return Owner(*found) if found else None

    def note_used(self, keys: Iterable[str], *, at: datetime) -> None:
        """Note when write keys were used, once a minute at most."""
        now = at.astimezone(UTC).strftime(_SQLITE_INSTANT)
        before = (at - NOTED_EVERY).astimezone(UTC).strftime(_SQLITE_INSTANT)
        with self._connection() as connection:
            connection.executemany(
                "UPDATE write_keys SET last_used_at = ? "
                "WHERE key = ? AND (last_used_at IS NULL OR last_used_at < ?)",
                [(now, key, before) for key in keys],
            )
            connection.commit()

    def close(self) -> None:
        """Nothing is held between two questions."""

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self._path))}?mode=rw", uri=True, timeout=_BUSY_S
            )
            try:
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise TransientError(f"{self._path} does not answer: {error}") from error


class PostgresLink:
    """Keeps one connection, made anew after a failure."""

    def __init__(self, dsn: Secret) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def document(self, *, unless: Version | None = None) -> str | None:
        """Return the workspace's document; None where it still has the version given."""
        with self._asked() as connection:
            found = connection.execute(_VERSION).fetchone()
            if found is None:
                raise TransientError("the control database holds no workspace yet")
            if unless is not None and tuple(unless) == found:
                return None
            row = connection.execute(_DOCUMENT).fetchone()
            return str(row[0]) if row else None

    def revision(self) -> str | None:
        """Return the revision of the tables; None where there are none yet."""
        with self._asked() as connection:
            is_there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
            if is_there is None or is_there[0] is None:
                return None
            found = connection.execute(_REVISION).fetchone()
            return str(found[0]) if found else None

    def first_owner(self) -> Owner | None:
        """Return the first owner; None where nobody is a member yet."""
        with self._asked() as connection:
            found = connection.execute(_FIRST_OWNER).fetchone()
            return Owner(str(found[0]), str(found[1]) if found[1] else None) if found else None

    def note_used(self, keys: Iterable[str], *, at: datetime) -> None:
        """Note when write keys were used, once a minute at most."""
        with self._asked() as connection:
            connection.execute(
                "UPDATE write_keys SET last_used_at = %s WHERE key = ANY(%s) "
                "AND (last_used_at IS NULL OR last_used_at < %s)",
                (at, list(keys), at - NOTED_EVERY),
            )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _asked(self) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
        import psycopg

        from tailrace.control.postgres import connect

        try:
            if self._connection is None:
                self._connection = connect(self._dsn, autocommit=True, answer_s_max=_ANSWER_S_MAX)
            yield self._connection
        except psycopg.Error as error:
            self.close()
            # The driver's message names host and user, never the password.
            raise TransientError(f"the control database does not answer: {error}") from error
