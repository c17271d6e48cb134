"""Clients of ClickHouse, one per thread that asks, and the lock on an embedded store's directory.

The embedded engine allows one process per directory and one directory per process. Each client has
a connection of its own, so that they run in parallel.
"""

import fcntl
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import Config
from tailrace.errors import TransientError
from tailrace.store.errors import StoreLockedError, as_tailrace_error

DATABASE = "tailrace"


class Address:
    """A store's DSN taken apart: `directory` is None for a server."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        self.dsn = dsn
        self.directory: Path | None = None
        if parts.scheme == "chdb":
            self.directory = Path(os.path.realpath(parts.path))
            self.database = parse_qs(parts.query).get("database", [DATABASE])[0]
        else:
            self.database = parts.path.strip("/") or DATABASE
            # The database may not exist yet, and a client that names it would fail to connect.
            self.dsn = parts._replace(path="").geturl()

    @property
    def is_embedded(self) -> bool:
        """Whether the engine runs inside this process."""
        return self.directory is not None


class Pool:
    """At most `size` clients; each is handed to one thread at a time.

    `prepare` sets up a new client, for what must hold as long as it lives.
    """

    def __init__(
        self,
        address: Address,
        *,
        size: int,
        options: dict[str, str],
        prepare: Callable[[Client], None] | None = None,
    ) -> None:
        self._address = address
        self._prepare = prepare
        self._options = options
        self._size = size
        self._is_closed = False
        self._lock = threading.Lock()
        # A None is the right to make one more client; clients lie above them and are taken first.
        self._idle: queue.LifoQueue[Client | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @contextmanager
    def client(self, *, timeout_s: float = 30.0) -> Iterator[Client]:
        """Hand out a client; wait while all are taken.

        Raises:
            TransientError: none came free in time, the store is closed or cannot be reached.
        """
        client = self._take(timeout_s)
        try:
            yield client
        except BaseException:
            # What a failed statement had written already, the embedded engine gives to the next
            # one on the same connection as if it were its result (chdb 26.9).
            self._discard(client)
            raise
        self._give_back(client)

    def close(self) -> None:
        """Close the idle clients; one that is handed out is closed when it comes back."""
        with self._lock:
            self._is_closed = True
        for _ in range(self._size):
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                break
            if client is not None:
                client.close()
        # Those who wait find out that the pool is closed.
        self._idle.put(None)

    def _give_back(self, client: Client) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.put(client)
                return
        client.close()

    def _discard(self, client: Client) -> None:
        """Close a client and make room for a new one."""
        try:
            client.close()
        finally:
            self._idle.put(None)

    def _take(self, timeout_s: float) -> Client:
        try:
            client = self._idle.get(timeout=timeout_s)
        except queue.Empty as error:
            raise TransientError(
                f"all {self._size} connections to the store were busy for {timeout_s:g} s"
            ) from error
        if self._is_closed:
            if client is None:
                self._idle.put(None)
            else:
                client.close()
            raise TransientError("the store is closed")
        if client is not None:
            return client
        try:
            return self._make()
        except BaseException:
            self._idle.put(None)
            raise

    def _make(self) -> Client:
        client = connect(self._address, options=self._options)
        if self._prepare is not None:
            try:
                self._prepare(client)
            except BaseException:
                client.close()
                raise
        return client


def connect(address: Address, *, options: dict[str, str], has_database: bool = True) -> Client:
    """Return a new client; `has_database` False connects before the database exists."""
    try:
        if address.is_embedded:
            client = clickhouse_connect.get_client(
                interface="chdb",
                path=str(address.directory),
                tz_mode="aware",
                query_limit=0,
                chdb_options=options,
            )
        else:
            client = clickhouse_connect.get_client(
                dsn=address.dsn, database="default", tz_mode="aware", query_limit=0
            )
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing="connecting to the store") from error
    if has_database:
        client.database = address.database
    return client


def engine_options(config: Config) -> dict[str, str]:
    """Return the embedded engine's server settings: small caches, as the process mostly idles."""
    return {
        "max_server_memory_usage": str(config.store.memory_bytes_max),
        "mark_cache_size": str(67_108_864),
        "primary_index_cache_size": str(33_554_432),
        "index_mark_cache_size": str(33_554_432),
        "uncompressed_cache_size": "0",
        "compiled_expression_cache_size": str(16_777_216),
        # Merges can wait, loading and questions cannot: a merge of millions of rows would hold both
        # up for seconds where they share a core.
        "os_threads_nice_value_merge_mutate": "10",
        "background_merges_mutations_scheduling_policy": "shortest_task_first",
    }


class DirectoryLock:
    """The right to open one directory, shared by all stores of this process."""

    _held: dict[Path, tuple[int, int]] = {}
    _lock = threading.Lock()

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory.with_name(directory.name + ".lock")
        self._is_released = False
        with self._lock:
            descriptor, users = self._held.get(directory, (-1, 0))
            if users == 0:
                descriptor = self._acquire()
            self._held[directory] = (descriptor, users + 1)

    def release(self) -> None:
        """Give the directory free when the last store of this process has closed."""
        with self._lock:
            if self._is_released:
                return
            self._is_released = True
            descriptor, users = self._held.pop(self._directory)
            if users > 1:
                self._held[self._directory] = (descriptor, users - 1)
            else:
                os.close(descriptor)

    def _acquire(self) -> int:
        self._directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLockedError(
                f"the store in {self._directory} is open in process {owner}; one process opens an "
                "embedded store: ask that process through its API, or stop it first"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor
