"""The loop that takes raw records to the events log, one step after another."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from tailrace.config import Config
from tailrace.control.document import Workspace, fixed_workspace
from tailrace.errors import TransientError
from tailrace.event import encode_block, read_source
from tailrace.ledger import REFINE_GROUP
from tailrace.log.contract import EVENTS, RAW, Consumer, Count, Log, NewRecord, Record
from tailrace.refine import metrics
from tailrace.refine.steps import Refined, refine_calls, rules_of

_logger = logging.getLogger(__name__)

# A block's lines take about two and a half times the bytes of their calls, so that what is read
# for one step fills about one block.
RAW_SHARE_OF_BLOCK: Final = 4
IDLE_S: Final = 0.5
RETRY_S: Final = 0.5
RETRY_S_MAX: Final = 10.0
_MICROSECONDS: Final = 1_000_000


class Following(Protocol):
    """What refine needs of who follows the workspace."""

    @property
    def workspace(self) -> Workspace:
        """The workspace in force."""
        ...

    @property
    def problem(self) -> str:
        """Why there is nothing newer to be had; "" while there may be."""
        ...

    def catch_up(self) -> Workspace:
        """Return the newest workspace that can be had."""
        ...


class Refiner:
    """Reads the raw log as group `refine` and writes the events log; used by one thread.

    What a step consumed, emitted and counted is committed at once, and ids become known after
    that: a crash at any moment neither loses an event nor refines it twice. The sources are those
    of `following`, or else those that the settings name.
    """

    def __init__(
        self,
        config: Config,
        log: Log,
        *,
        following: Following | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._following = following
        self._workspace = (
            following.workspace if following else fixed_workspace(config.known_sources)
        )
        self._rules = rules_of(config)._replace(sources=self._workspace.by_slug)
        self._log = log
        self._clock = clock
        self._bytes_max = max(1, config.refine.block_bytes_max // RAW_SHARE_OF_BLOCK)
        # NumPy comes with it, for those alone who refine: others read what was refined.
        from tailrace.refine.dedup import DedupIndex

        self._index = DedupIndex(
            config.data_dir / "dedup", window_s=config.refine.dedup_window_s, clock=clock
        )
        self._consumer: Consumer | None = None
        self._is_behind_log = False

    def run(self, stop: threading.Event) -> None:
        """Refine until `stop` is set, then leave everything committed and closed.

        Raises:
            CorruptionError: a raw record is damaged; nobody but the operator may pass it over.
        """
        delay_s = RETRY_S
        try:
            while not stop.is_set():
                try:
                    self.step(IDLE_S)
                    delay_s = RETRY_S
                except TransientError as error:
                    metrics.STEP_FAILURES.inc()
                    _logger.warning("refine tries again in %.1f s: %s", delay_s, error)
                    stop.wait(delay_s)
                    delay_s = min(RETRY_S_MAX, 2 * delay_s)
        finally:
            self.close()

    def step(self, timeout_s: float) -> int:
        """Refine what comes within `timeout_s`; return how many raw records were committed.

        After the first record it lingers for more, up to `refine.linger_s` and one block.

        Raises:
            TransientError: nothing was committed; the next step reads the same records again.
        """
        consumer = self._ready()
        records = self._read(consumer, timeout_s)
        if not records:
            return 0
        started = time.monotonic()
        self._obey(records)
        refined = refine_calls(records, self._rules, self._index)
        self._commit(consumer, refined)
        self._index.tend(self._log)
        self._report(refined, time.monotonic() - started)
        return len(records)

    def close(self) -> None:
        """Write the deduplication index and leave the group; to be called once, at the end."""
        if self._consumer is not None:
            # Not after leaving: the next member's blocks are not in this index's memory.
            self._index.close(None if self._is_behind_log else self._log)
            self._consumer.close()
            self._consumer = None

    def _ready(self) -> Consumer:
        """Return the consumer, with the index in agreement with what is committed."""
        if self._consumer is None:
            # Joining the group comes first: while another member is left, the log may still grow.
            consumer = self._log.consumer(REFINE_GROUP, stream=RAW, emits=EVENTS)
            try:
                self._index.open(self._log)
            except OSError as error:
                consumer.close()
                raise TransientError(
                    f"the deduplication index cannot be opened: {error}"
                ) from error
            self._consumer = consumer
        if self._is_behind_log:
            self._consumer.rewind()
            self._index.catch_up(self._log)
            self._is_behind_log = False
        return self._consumer

    def _read(self, consumer: Consumer, timeout_s: float) -> list[Record]:
        records = consumer.poll(bytes_max=self._bytes_max, timeout_s=timeout_s)
        if not records:
            return records
        left = self._bytes_max - _size(records)
        has_lingered = False
        while left > 0:
            more = consumer.poll(bytes_max=left, timeout_s=0.0)
            left -= _size(more)
            records += more
            if not more:
                if has_lingered:
                    break
                # Asleep, and not polling: at some hundred calls a second each poll would bring one.
                time.sleep(self._rules.refine.linger_s)
                has_lingered = True
        return records

    def _obey(self, records: list[Record]) -> None:
        """Put the newest settings of the sources into force, those of a new source included.

        A collector may learn of a source, and this process refine its first events, within one
        poll: a source that is not known here is asked for at once. Nobody is asked who does not
        answer anyway.
        """
        if self._following is None:
            return
        workspace = self._following.workspace
        is_unknown = any(read_source(record.body) not in workspace.by_slug for record in records)
        if is_unknown and not self._following.problem:
            workspace = self._following.catch_up()
        if workspace is not self._workspace:
            self._workspace = workspace
            self._rules = self._rules._replace(sources=workspace.by_slug)

    def _commit(self, consumer: Consumer, refined: Refined) -> None:
        emitted = [NewRecord(b"", encode_block(block)) for block in refined.blocks]
        # Should the commit fail, whether the blocks are in the log is for the log to say.
        self._is_behind_log = True
        consumer.commit(emitted=emitted, counts=refined.counts)
        for block in refined.blocks:
            self._index.add(block.id_hashes, received_at=block.received_at)
        self._is_behind_log = False

    def _report(self, refined: Refined, step_s: float) -> None:
        metrics.STEP_SECONDS.observe(step_s)
        for outcome, events in _by_outcome(refined.counts).items():
            metrics.EVENTS.labels(outcome).inc(events)
        for reason, events in refined.reasons.items():
            metrics.INVALID_EVENTS.labels(reason).inc(events)
        newest_us = max((block.received_at[1] for block in refined.blocks), default=0)
        if newest_us:
            metrics.LAG_SECONDS.set(max(0.0, self._clock() - newest_us / _MICROSECONDS))


def _size(records: list[Record]) -> int:
    return sum(len(record.body) for record in records)


def _by_outcome(counts: list[Count]) -> Mapping[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        total[count.outcome] = total.get(count.outcome, 0) + count.events
    return total
