"""The loader: the consumer group `store` on the events log."""

import logging
import threading
import time
from collections.abc import Callable

from tailrace.config import Config
from tailrace.errors import CorruptionError, TransientError
from tailrace.event import BLOCK_VERSION, Block, decode_block
from tailrace.ledger import STORE_GROUP, STORED
from tailrace.log.contract import EVENTS, Consumer, Count, Log, Record
from tailrace.store import metrics
from tailrace.store.store import Store

_logger = logging.getLogger(__name__)

# What one step reads; it always gets at least one record, however large.
_POLL_BYTES_MAX = 33_554_432
_BACKOFF_S_FIRST = 0.2
_BACKOFF_S_MAX = 15.0
_STATS_EVERY_S = 15.0


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
        self._consumer: Consumer | None = None
        self._stats_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Load until `stop` is set; retry with backoff while the store or the log is failing.

        Raises:
            CorruptionError: a record cannot be read; nothing after it in its partition is loaded.
        """
        backoff_s = 0.0
        try:
            while not stop.is_set():
                try:
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
        records = consumer.poll(bytes_max=_POLL_BYTES_MAX, timeout_s=timeout_s)
        if not records:
            return 0
        try:
            blocks = [self._load(record) for record in records]
            consumer.commit(
                counts=[
                    Count(source, minute, STORED, events)
                    for block in blocks
                    for source, minute, events in block.counts
                ]
            )
        except BaseException:
            consumer.rewind()
            raise
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

    def _load(self, record: Record) -> Block:
        block = decode_block(record.body)
        if block.version > BLOCK_VERSION:
            raise CorruptionError(
                f"partition {record.partition}, offset {record.offset}: a block of version "
                f"{block.version}; this release reads versions up to {BLOCK_VERSION}",
                path="",
                partition=record.partition,
                offset=record.offset,
            )
        started = time.monotonic()
        reduced = self._store.insert_block(block, partition=record.partition, offset=record.offset)
        metrics.INSERT_SECONDS.observe(time.monotonic() - started)
        metrics.BLOCKS.inc()
        metrics.EVENTS.inc(block.events_count)
        metrics.SET_ASIDE.inc(block.set_aside_count)
        metrics.REDUCED.inc(reduced)
        if block.events_count:
            metrics.FRESHNESS_SECONDS.observe(max(0.0, time.time() - block.received_at[0] / 1e6))
        if reduced:
            _logger.warning(
                "partition %d, offset %d: %d of %d events were stored without their JSON",
                record.partition,
                record.offset,
                reduced,
                block.events_count,
            )
        return block

    def _report_lag(self, consumer: Consumer) -> None:
        positions = consumer.positions()
        extents = self._log.extents(EVENTS)
        metrics.LAG_RECORDS.set(
            sum(
                extent.next - max(positions.get(partition, 0), extent.first)
                for partition, extent in extents.items()
            )
        )

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
