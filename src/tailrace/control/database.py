"""The control database for those who change it: an engine for SQLite or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.pool import NullPool

from tailrace.config import Config, Secret
from tailrace.control.link import database_path
from tailrace.errors import TransientError

ONLY_READS: Final = "tailrace_only_reads"
"""Execution option of an engine whose transactions change nothing."""

_NO_TABLE: Final = "42P01"
_BUSY_S: Final = 5.0
_ANSWER_S_MAX: Final = 5.0
_MIGRATION_S_MAX: Final = 100.0
"""Less than a start waits for its preparation, so that it learns the reason."""


def open_engine(config: Config, *, is_made: bool = False) -> Engine:
    """Return the engine.

    Where the database `is_made`, a SQLite file that is missing is made too, and answers may take
    their time: another start may be migrating, and a migration is long where there is much.
    """
    dsn = config.control.dsn
    if dsn is not None and dsn.reveal():
        return _postgres(dsn, answer_s_max=_MIGRATION_S_MAX if is_made else _ANSWER_S_MAX)
    return _sqlite(database_path(config), is_made=is_made)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what a database that is away, or still without tables, raises into `TransientError`."""
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NO_TABLE:
            raise
        raise TransientError("the control database has no tables yet") from error
    except (OperationalError, NoConnectionError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise TransientError(f"the control database does not answer: {cause}") from error


def _sqlite(path: Path, *, is_made: bool) -> Engine:
    """Return an engine that opens the file anew for each piece of work.

    So a file that was replaced is noticed. The rollback journal keeps everything in one file; it
    is synced before a change is answered.
    """
    mode = "rwc" if is_made else "rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_MIGRATION_S_MAX if is_made else _BUSY_S,
            check_same_thread=False,
            isolation_level=None,
        )
        if is_made:
            path.chmod(0o600)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first could not get it later."""
    is_reading = connection.get_execution_options().get(ONLY_READS, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _postgres(dsn: Secret, *, answer_s_max: float) -> Engine:
    from tailrace.control.postgres import connect

    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(dsn, autocommit=False, answer_s_max=answer_s_max),
        pool_size=2,
        max_overflow=2,
        pool_timeout=_BUSY_S,
        pool_pre_ping=True,
    )
