"""The store as the rest of Tailrace sees it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import Config
from tailrace.event import Block
from tailrace.store.connect import Address, DirectoryLock, Pool, engine_options
from tailrace.store.errors import RefusedLinesError, as_tailrace_error
from tailrace.store.insert import EVENTS_TABLE, SET_ASIDE_TABLE, Inserter, joined_lines
from tailrace.store.salvage import insert_salvaged
from tailrace.store.schema import ensure_schema
from tailrace.store.sql import statement

# Beside the questions of `QueryConfig.concurrency_max`: loader, metrics, books, and one to spare.
_CLIENTS_BESIDE_QUERIES = 4

Row = Mapping[str, object]


class StoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """What the events table takes; `bytes` counts everything on disk, indexes too."""

    rows: int
    parts: int
    bytes: int
    bytes_per_event: float
    parts_per_partition_max: int
    merges: int
    mutations: int
    received_at_oldest: datetime | None
    received_at_newest: datetime | None


class _MinuteCount(msgspec.Struct, frozen=True):
    source: str
    minute: int
    events: int


class Store:
    """An open store; its methods may be called from any thread."""

    def __init__(
        self,
        pool: Pool,
        address: Address,
        lock: DirectoryLock | None,
        *,
        options: dict[str, str],
    ) -> None:
        self.pool = pool
        self._inserter = Inserter(pool, is_embedded=address.is_embedded)
        self._own_pools: list[Pool] = []
        self._address = address
        self._lock = lock
        self._options = options

    @property
    def database(self) -> str:
        """The name of the database that holds the tables."""
        return self._address.database

    @property
    def is_embedded(self) -> bool:
        """Whether ClickHouse runs inside this process."""
        return self._address.is_embedded

    def client(self, *, timeout_s: float = 30.0) -> AbstractContextManager[Client]:
        """Hand out a client for one thread's use; read streams to their end before giving it back.

        Raises:
            TransientError: none came free in time, or the store cannot be reached.
        """
        return self.pool.client(timeout_s=timeout_s)

    def open_pool(self, *, size: int, prepare: Callable[[Client], None]) -> Pool:
        """Return clients of the caller's own, each set up by `prepare`; closed with the store."""
        pool = Pool(self._address, size=size, options=self._options, prepare=prepare)
        self._own_pools.append(pool)
        return pool

    @contextmanager
    def own_client(self, prepare: Callable[[Client], None]) -> Iterator[Client]:
        """Hand out a new client, set up by `prepare`, and close it after its one use.

        Raises:
            TransientError: the store cannot be reached.
        """
        pool = Pool(self._address, size=1, options=self._options, prepare=prepare)
        try:
            with pool.client() as client:
                yield client
        finally:
            pool.close()

    def insert_block(self, block: Block, *, partition: int, offset: int) -> int:
        """Store one record of the events log, once however often it is called for the same record.

        Returns how many events had to be stored without some of their JSON.

        Raises:
            TransientError: the store is away or failing; nothing or all of it may be stored, and
                the same call again stores exactly once.
        """
        return self.insert_blocks([block], partition=partition, first=offset)

    def insert_blocks(self, blocks: Sequence[Block], *, partition: int, first: int) -> int:
        """Store consecutive records from offset `first` on in one insert, once; as `insert_block`.

        The caller sees to it that the same records always come together (`groups`).
        """
        last = first + len(blocks) - 1
        return self._insert(blocks, token=f"events/{partition}/{first}-{last}/{mark_of(blocks[0])}")

    def stats(self) -> StoreStats:
        """Return sizes and counts of the events table, for the metrics and the API."""
        row = self._rows("stats", {"database": self.database})[0]
        return msgspec.convert(row, StoreStats)

    def counts_by_minute(
        self, *, minute_from: int, minute_until: int
    ) -> dict[tuple[str, int], int]:
        """Return how many events are stored by source and minute of receipt.

        Minutes are whole minutes since 1970 UTC, in [minute_from, minute_until).
        """
        rows = self._rows("counts_by_minute", {"from": minute_from, "until": minute_until})
        return {
            (str(row["source"]), int(str(row["minute"]))): int(str(row["events"])) for row in rows
        }

    def find_event(self, message_id: str, *, source: str | None = None) -> list[Row]:
        """Return the stored events with this id, every column by name, newest first."""
        return self._rows("find_event", {"message_id": message_id, "source": source or ""})

    def find_set_aside(self, message_id: str) -> list[Row]:
        """Return what was set aside with this id, every column by name, newest first."""
        return self._rows("find_set_aside", {"message_id": message_id})

    def original(self, row: Row) -> str:
        """Return the event's JSON exactly as it was sent, from a row of `find_event`."""
        from tailrace.refine.original import unpack

        return unpack(row)

    def close(self) -> None:
        """Close the clients; the last store of a process gives the directory free."""
        for pool in [*self._own_pools, self.pool]:
            pool.close()
        if self._lock is not None:
            self._lock.release()

    def _insert(self, blocks: Sequence[Block], *, token: str) -> int:
        reduced = 0
        for table, texts in (
            (EVENTS_TABLE, [block.events for block in blocks]),
            (SET_ASIDE_TABLE, [block.set_aside for block in blocks]),
        ):
            lines = joined_lines(texts)
            if not lines:
                continue
            try:
                self._inserter.insert(table, lines, token=token)
            except RefusedLinesError as error:
                reduced += insert_salvaged(
                    self._inserter,
                    table,
                    lines,
                    received_at=(
                        min(block.received_at[0] for block in blocks),
                        max(block.received_at[1] for block in blocks),
                    ),
                    token=token,
                    problem=f"ClickHouse could not read its JSON: {error.name}",
                )
        return reduced

    def _rows(self, name: str, parameters: dict[str, object]) -> list[Row]:
        with self.client() as client, _errors(f"query {name}"):
            return list(client.query(statement(name), parameters=parameters).named_results())


def mark_of(block: Block) -> str:
    """Return what tells a block from another one at the same place of the log.

    A log that was lost and begun anew gives the same places to other records.
    """
    facts = b"%d %d %d" % (*block.received_at, block.events_count)
    return hashlib.blake2b(facts + block.id_hashes, digest_size=8).hexdigest()


def open_store(config: Config) -> Store:
    """Open the store that the settings name; make its database and tables where they are missing.

    Raises:
        StoreLockedError: another process has the embedded store open.
        ConfigError: the tables were made by a newer release.
        TransientError: the server cannot be reached.
    """
    address = Address(config.store_dsn)
    options = engine_options(config) if address.is_embedded else {}
    lock = DirectoryLock(address.directory) if address.directory else None
    pool = Pool(
        address,
        size=config.query.concurrency_max + _CLIENTS_BESIDE_QUERIES,
        options=options,
    )
    try:
        ensure_schema(address, options=options, set_aside_days=config.store.set_aside_days)
    except BaseException:
        pool.close()
        if lock is not None:
            lock.release()
        raise
    return Store(pool, address, lock, options=options)


@contextmanager
def _errors(doing: str) -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing=doing) from error
