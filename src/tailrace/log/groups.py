"""What a consumer group keeps of its own: `groups/<group>.db` and the lock `<group>.lock`.

A group that does not emit commits its positions and counts here. One that emits commits them in
the partition that it emits to, and copies its positions here after each commit without fsync: the
copy may be older than the truth, never newer, and serves when the other file is damaged.
"""

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tailrace.log.contract import Count
from tailrace.log.layout import GROUPS, make_file, remove_database, sync_directory
from tailrace.log.tables import (
    TABLES,
    DamagedRowError,
    Tally,
    connect,
    is_damage,
    log_error,
    put_meta,
    put_positions,
    read_meta,
    read_positions,
    transaction,
)


class GroupState(NamedTuple):
    """A group as its file tells it; `emits` is empty for a group that does not emit."""

    group: str
    stream: str
    emits: str
    id: str
    positions: dict[int, int]


def group_path(log_directory: Path, group: str) -> Path:
    """Return the path of the group's file."""
    return log_directory / GROUPS / f"{group}.db"


def group_names(log_directory: Path) -> list[str]:
    """Return the groups that ever joined."""
    return sorted(path.stem for path in (log_directory / GROUPS).glob("*.db"))


def read_group(log_directory: Path, group: str) -> GroupState | None:
    """Return what the group's file says; None when there is none.

    Raises:
        CorruptionError: the file is damaged.
    """
    path = group_path(log_directory, group)
    if not path.exists():
        return None
    try:
        with closing(connect(path, mode="ro")) as connection:
            return _state(connection, group)
    except sqlite3.Error as error:
        if not path.exists():
            return None
        raise log_error(error, path=path) from error


class GroupFile:
    """The file of a group whose lock the caller holds."""

    def __init__(self, log_directory: Path, group: str, *, stream: str, emits: str) -> None:
        self.path = group_path(log_directory, group)
        self._group = group
        self._stream = stream
        self._emits = emits
        self._connection: sqlite3.Connection | None = None
        try:
            self._join()
        except sqlite3.Error as error:
            self.close()
            raise log_error(error, path=self.path) from error

    def _join(self) -> None:
        """Make the file where it is missing, so that retention keeps what the group will read."""
        if not self.path.exists():
            _make_group_file(self.path, stream=self._stream, emits=self._emits)
        connection = self._open()
        meta = read_meta(connection)
        if meta.get("stream") != self._stream:
            raise ValueError(
                f"consumer group {self._group!r} reads stream {meta.get('stream')!r},"
                f" not {self._stream!r}; choose another name for it"
            )
        if self._emits and meta.get("emits") != self._emits:
            with transaction(connection):
                put_meta(connection, {"emits": self._emits})

    def positions(self) -> dict[int, int]:
        """Return the committed positions by partition."""
        try:
            return _state(self._open(), self._group).positions
        except sqlite3.Error as error:
            self.close()
            raise log_error(error, path=self.path) from error

    def commit(self, positions: Mapping[int, int], counts: Sequence[Count]) -> None:
        """Make positions and counts durable together; for a copy, without waiting for the disk.

        Raises:
            LogFullError: the disk refuses; nothing was committed.
            TransientError: the disk failed; nothing may be assumed.
        """
        try:
            connection = self._open()
            with transaction(connection):
                put_positions(
                    connection,
                    [
                        ((self._group, self._stream, partition), next_)
                        for partition, next_ in positions.items()
                    ],
                )
                self._tally.add(counts)
        except sqlite3.Error as error:
            self.close()
            raise log_error(error, path=self.path) from error

    def close(self) -> None:
        """Close the connection; the next commit opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = connect(self.path, mode="rw")
            mode = "NORMAL" if self._emits else "FULL"
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute(f"PRAGMA synchronous = {mode}")
            self._connection = connection
            self._tally = Tally(connection)
        return self._connection


def is_group_damaged(log_directory: Path, group: str) -> bool:
    """Say whether the group's file is there but not as written."""
    path = group_path(log_directory, group)
    if not path.exists():
        return False
    try:
        with closing(connect(path, mode="ro")) as connection:
            _state(connection, group)
    except sqlite3.Error as error:
        return is_damage(error)
    return False


def _make_group_file(path: Path, *, stream: str, emits: str) -> None:
    temporary = Path(f"{path}.new")
    remove_database(temporary)
    make_file(temporary)
    with closing(connect(temporary, mode="rw")) as connection, transaction(connection):
        for statement in TABLES:
            connection.execute(statement)
        put_meta(connection, {"id": uuid.uuid4().hex, "stream": stream, "emits": emits})
    temporary.rename(path)
    sync_directory(path.parent)


def _state(connection: sqlite3.Connection, group: str) -> GroupState:
    meta = read_meta(connection)
    if not {"id", "stream", "emits"} <= meta.keys():
        raise DamagedRowError(f"facts are missing: {meta}")
    positions = read_positions(connection)
    return GroupState(
        group=group,
        stream=meta["stream"],
        emits=meta["emits"],
        id=meta["id"],
        positions={
            partition: next_
            for (_, stream, partition), next_ in positions.items()
            if stream == meta["stream"]
        },
    )
