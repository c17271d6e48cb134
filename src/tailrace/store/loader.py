"""The loader: the consumer group `store` on the events log."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial

import msgspec

from tailrace.config import Config
from tailrace.errors import CorruptionError, TransientError
from tailrace.event import BLOCK_VERSION, Block, decode_block
from tailrace.ledger import STORE_GROUP, STORED
from tailrace.log.contract import EVENTS, Consumer, Count, Log, Record
from tailrace.store import metrics
from tailrace.store.groups import Groups, Part
from tailrace.store.store import Store, mark_of

_logger = logging.getLogger(__name__)

# What one step reads, and what one insert takes; it is at least one record, however large.
_POLL_BYTES_MAX = 33_554_432
# Inserts begin at least so far apart while nothing waits: fewer and larger ones cost less to write
# and to merge, and this is far less than freshness allows.
_INSERT_EVERY_S = 0.25
_BACKOFF_S_FIRST = 0.2
_BACKOFF_S_MAX = 15.0
_STATS_EVERY_S = 15.0
_READ_ON_S = 1.0

_Waiting = dict[int, list[Part]]


class Loader:
    """Loads the records of the events log into the store, in order, each exactly once."""

    def __init__(
        self,
        config: Config,
        log: Log,
        store: Store,
        *,
        on_loaded: Callable[[Block], None] | None = None,
    ) -> None:
        self._log = log
        self._store = store
        self._on_loaded = on_loaded
        self._groups = Groups(store.pool)
        self._consumer: Consumer | None = None
        self._inserted_at = 0.0
        self._is_behind = False
        self._stats_at = 0.0
        # A quarter: `raw` and `events` refuse earlier, so that what they took can still be stored.
        self._free_bytes_min = config.log.free_bytes_min // 4 if store.is_embedded else 0
        self._directory = config.data_dir

    def run(self, stop: threading.Event) -> None:
        """Load until `stop` is set; retry with backoff while the store or the log is failing.

        Raises:
            CorruptionError: a record cannot be read; nothing after it in its partition is loaded.
        """
        backoff_s = 0.0
        try:
            while not stop.is_set():
                try:
                    if not self._is_behind:
                        stop.wait(max(0.0, self._inserted_at + _INSERT_EVERY_S - time.monotonic()))
                    self.step(timeout_s=0.5)
                    self._report_stats()
                except TransientError as error:
                    metrics.ERRORS.inc()
                    if not backoff_s:
                        metrics.FAILING_SINCE.set(time.time())
                    backoff_s = min(max(backoff_s * 2, _BACKOFF_S_FIRST), _BACKOFF_S_MAX)
                    _logger.warning("loading failed, trying again in %.1f s: %s", backoff_s, error)
                    stop.wait(backoff_s)
                else:
                    if backoff_s:
                        metrics.FAILING_SINCE.set(0)
                        backoff_s = 0.0
        finally:
            self.close()

    def step(self, timeout_s: float) -> int:
        """Load the next records, waiting up to `timeout_s` for the first; return their events.

        Raises:
            TransientError: nothing was committed; the next step reads the same records again.
            CorruptionError: the next record of a partition is damaged.
        """
        consumer = self._joined()
        try:
            waiting = self._poll(consumer, {}, timeout_s=timeout_s)
            self._require_space()
            blocks = self._load_all(consumer, waiting)
            if not blocks:
                return 0
            consumer.commit(
                counts=[
                    Count(source, minute, STORED, events)
                    for block in blocks
                    for source, minute, events in block.counts
                ]
            )
        except BaseException:
            self._groups.doubt()
            consumer.rewind()
            raise
        for partition in waiting:
            self._groups.settle(partition)
        self._report_lag(consumer)
        if self._on_loaded is not None:
            for block in blocks:
                self._on_loaded(block)
        return sum(block.events_count for block in blocks)

    def close(self) -> None:
        """Leave the consumer group."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _joined(self) -> Consumer:
        if self._consumer is None:
            self._consumer = self._log.consumer(STORE_GROUP, stream=EVENTS)
        return self._consumer

    def _require_space(self) -> None:
        """Return while an insert cannot fill the disk.

        The embedded engine takes an insert for done whose files it could not write to the end: a
        disk that runs full in the middle of it would lose events that the books count as stored.

        Raises:
            TransientError: less is free than the settings ask for.
        """
        if not self._free_bytes_min:
            return
        free = shutil.disk_usage(self._directory).free
        if free < self._free_bytes_min:
            raise TransientError(
                f"{free} bytes of the store's disk are free; below {self._free_bytes_min} "
                "(a quarter of log.free_bytes_min) nothing is inserted: give space free"
            )

    def _poll(self, consumer: Consumer, waiting: _Waiting, *, timeout_s: float) -> _Waiting:
        """Add the next records to those that wait, by partition."""
        for record in consumer.poll(bytes_max=_POLL_BYTES_MAX, timeout_s=timeout_s):
            block = _decoded(record)
            part = Part(record, block, mark_of(block))
            waiting.setdefault(record.partition, []).append(part)
        return waiting

    def _load_all(self, consumer: Consumer, waiting: _Waiting) -> list[Block]:
        """Insert all that waits, since a commit is of all that was polled; return its blocks."""
        blocks: list[Block] = []

        def read_on(partition: int) -> None:
            """Read the rest of a group that was interrupted: uncommitted records are kept."""
            known = len(waiting[partition])
            self._poll(consumer, waiting, timeout_s=_READ_ON_S)
            if len(waiting[partition]) == known:
                raise TransientError(
                    f"partition {partition}: what follows record "
                    f"{waiting[partition][-1].record.offset} was inserted together with it and "
                    "cannot be read yet"
                )

        # Reading on for one partition may bring records of another that was done before.
        while unfinished := [partition for partition, parts in waiting.items() if parts]:
            for partition in unfinished:
                run = self._groups.take(waiting[partition], partial(read_on, partition))
                self._load(run)
                blocks += [part.block for part in run]
        return blocks

    def _load(self, run: list[Part]) -> None:
        """Insert the run, whose records are fixed by now."""
        blocks = [part.block for part in run]
        partition, first = run[0].record.partition, run[0].record.offset
        started = self._inserted_at = time.monotonic()
        reduced = self._store.insert_blocks(blocks, partition=partition, first=first)
        metrics.INSERT_SECONDS.observe(time.monotonic() - started)
        metrics.INSERTS.inc()
        metrics.BLOCKS.inc(len(blocks))
        metrics.EVENTS.inc(sum(block.events_count for block in blocks))
        metrics.SET_ASIDE.inc(sum(block.set_aside_count for block in blocks))
        metrics.REDUCED.inc(reduced)
        now = time.time()
        for block in blocks:
            if block.events_count:
                metrics.FRESHNESS_SECONDS.observe(max(0.0, now - block.received_at[0] / 1e6))
        if reduced:
            _logger.warning(
                "partition %d, offset %d: %d events were stored without their JSON",
                partition,
                first,
                reduced,
            )

    def _report_lag(self, consumer: Consumer) -> None:
        positions = consumer.positions()
        extents = self._log.extents(EVENTS)
        lag = sum(
            extent.next - max(positions.get(partition, 0), extent.first)
            for partition, extent in extents.items()
        )
        self._is_behind = lag > 1
        metrics.LAG_RECORDS.set(lag)

    def _report_stats(self) -> None:
        if time.monotonic() < self._stats_at:
            return
        self._stats_at = time.monotonic() + _STATS_EVERY_S
        stats = self._store.stats()
        metrics.ROWS.set(stats.rows)
        metrics.PARTS.set(stats.parts)
        metrics.PARTS_PER_PARTITION.set(stats.parts_per_partition_max)
        metrics.BYTES.set(stats.bytes)
        metrics.MERGES.set(stats.merges)
        metrics.MUTATIONS.set(stats.mutations)


def _decoded(record: Record) -> Block:
    try:
        block = decode_block(record.body)
    except msgspec.MsgspecError as error:
        raise _damage(record, f"no block of events: {error}") from error
    if block.version > BLOCK_VERSION:
        raise _damage(
            record,
            f"a block of version {block.version}; this release reads versions up to "
            f"{BLOCK_VERSION}: upgrade tailrace",
        )
    return block


def _damage(record: Record, problem: str) -> CorruptionError:
    return CorruptionError(
        f"partition {record.partition}, offset {record.offset}: {problem}",
        path="",
        partition=record.partition,
        offset=record.offset,
    )
