"""Group commit: all requests that arrive while one fsync runs share the next.

One thread appends; the event loop hands it requests and gets one call back per group. Bounds: the
bytes that wait (`queue_bytes_max`), the bytes of one append (`GROUP_BYTES_MAX`), the time that an
append may take before its requests are answered 503 (`fsync_timeout_s`).

While nobody sends, it asks the log every few seconds whether it has room, so that readiness is
known before the first request is refused.

Invariant: a future resolves with None only after `Writer.append` has returned for its record.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from tailrace.collect import metrics
from tailrace.collect.refusals import Refused, spread_s
from tailrace.errors import LogFullError, TransientError
from tailrace.ledger import ACCEPTED
from tailrace.log.contract import Count, NewRecord, Writer

GROUP_BYTES_MAX: Final = 8_388_608
RECORD_BYTES_EXTRA: Final = 256
REFUSING_S: Final = 10.0
# Well within REFUSING_S, so that a log which stays full is not called ready in between.
ASK_EVERY_S: Final = 3.0
WATCH_INTERVAL_S: Final = 0.25
JOIN_S_MAX: Final = 3.0

logger = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    record: NewRecord
    source: str
    minute: int
    events: int
    future: "asyncio.Future[Refused | None]"


class Committer:
    """Appends what the event loop submits; made and used on the loop, one per collector.

    `on_failure` is called on the loop when the writer broke in a way that no caller can mend: the
    process should end, so that its supervisor starts a fresh one.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        loop: asyncio.AbstractEventLoop,
        queue_bytes_max: int,
        fsync_timeout_s: float,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._writer = writer
        self._loop = loop
        self._queue_bytes_max = queue_bytes_max
        self._fsync_timeout_s = fsync_timeout_s
        self._on_failure = on_failure
        self._queue_bytes = 0
        self._lock = threading.Lock()
        self._wake = threading.Semaphore(0)
        self._waiting: list[_Waiting] = []
        self._group: list[_Waiting] = []
        self._group_started_at = 0.0
        self._is_idle = False
        self._ask_in_s = 0.0
        self._is_closing = False
        self._refusing: Refused | None = None
        self._refusing_until = 0.0
        self._thread = threading.Thread(target=self._run, name="raw-writer", daemon=True)
        self._watch = loop.call_later(WATCH_INTERVAL_S, self._check_for_stall)
        metrics.READY.set(1)
        self._thread.start()

    def submit(
        self, record: NewRecord, *, source: str, minute: int, events: int
    ) -> "asyncio.Future[Refused | None]":
        """Queue the record; the future gives None once it is durable, else why it is not.

        Raises:
            Refused: the queue is full, or the log stalls: nothing was queued.
        """
        size = len(record.body) + RECORD_BYTES_EXTRA
        # An empty queue takes any record, so that a small limit cannot refuse for ever.
        if self._queue_bytes and self._queue_bytes + size > self._queue_bytes_max:
            raise Refused(
                "queue_full",
                f"{self._queue_bytes} bytes wait for the disk; the limit is "
                f"{self._queue_bytes_max} bytes (collect.queue_bytes_max)",
                retry_after_s=spread_s(1, 5),
            )
        if self._is_stalled():
            raise self._stall()
        future = self._loop.create_future()
        self._queue_bytes += size
        waiting = _Waiting(record, source, minute, events, future)
        with self._lock:
            if self._is_closing:
                self._queue_bytes -= size
                raise Refused(
                    "stopping", "the collector is stopping; send it again", retry_after_s=1
                )
            self._waiting.append(waiting)
            must_wake, self._is_idle = self._is_idle, False
        if must_wake:
            self._wake.release()
        return future

    def refusing(self) -> Refused | None:
        """Return why the log has lately taken no records, None when it takes them."""
        if self._is_stalled():
            return self._stall()
        if self._refusing is not None and time.monotonic() < self._refusing_until:
            return self._refusing
        return None

    def hurry(self, timeout_s: float) -> None:
        """Wait no longer than this for an append from now on; the server is stopping."""
        self._fsync_timeout_s = min(self._fsync_timeout_s, timeout_s)

    async def close(self) -> bool:
        """Append what waits, then give the partition free; False when an append does not end."""
        with self._lock:
            self._is_closing = True
        self._wake.release()
        await asyncio.to_thread(self._thread.join, JOIN_S_MAX)
        self._watch.cancel()
        if self._thread.is_alive():
            return False
        self._writer.close()
        return True

    def _is_stalled(self) -> bool:
        started_at = self._group_started_at
        return started_at != 0.0 and time.monotonic() - started_at > self._fsync_timeout_s

    def _stall(self) -> Refused:
        return Refused(
            "log_stalled",
            f"the disk has not finished a write in {self._fsync_timeout_s:g} s "
            "(collect.fsync_timeout_s); send it again later",
            retry_after_s=spread_s(5, 15),
        )

    def _check_for_stall(self) -> None:
        """Answer everybody who waits for a stalled append; runs on the loop, again and again.

        What waits behind it is taken out of the queue. The group in the append may still become
        durable: its clients send it again with the same ids, and deduplication drops that.
        """
        self._watch = self._loop.call_later(WATCH_INTERVAL_S, self._check_for_stall)
        metrics.QUEUE_BYTES.set(self._queue_bytes)
        metrics.READY.set(0 if self.refusing() else 1)
        if not self._is_stalled():
            return
        with self._lock:
            behind, self._waiting = self._waiting, []
        refused = self._stall()
        if behind:
            self._resolve(behind, refused)
        for waiting in self._group:
            if not waiting.future.done():
                waiting.future.set_result(refused)

    def _resolve(self, group: list[_Waiting], refused: Refused | None) -> None:
        """Wake the requests of a group; runs on the loop."""
        for waiting in group:
            self._queue_bytes -= len(waiting.record.body) + RECORD_BYTES_EXTRA
            if not waiting.future.done():
                waiting.future.set_result(refused)

    # The writer thread.

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if group is None:
                return
            self._group = group
            self._group_started_at = started_at = time.monotonic()
            try:
                refused = self._append(group)
            except BaseException as error:
                self._fail(group, error)
                raise
            self._group_started_at = 0.0
            self._group = []
            if refused is not None:
                self._refusing_until = time.monotonic() + REFUSING_S
            if refused is not None or group:
                self._refusing = refused  # room for nothing is not yet room for what was refused
            if not group:
                continue
            self._loop.call_soon_threadsafe(self._resolve, group, refused)
            metrics.APPEND_SECONDS.observe(time.monotonic() - started_at)
            metrics.GROUP_REQUESTS.observe(len(group))

    def _next_group(self) -> list[_Waiting] | None:
        """Wait for requests and take as many as one append holds; None when closing.

        None of them when it is time to ask the log whether it has room.
        """
        while True:
            with self._lock:
                if self._waiting:
                    return self._take()
                if self._is_closing:
                    return None
                self._is_idle = True
            if not self._wake.acquire(timeout=self._ask_in_s):
                self._ask_in_s = ASK_EVERY_S
                return []

    def _take(self) -> list[_Waiting]:
        group, self._waiting = self._waiting, []
        size = 0
        for index, waiting in enumerate(group):
            size += len(waiting.record.body)
            if size > GROUP_BYTES_MAX and index:
                self._waiting = group[index:]
                return group[:index]
        return group

    def _append(self, group: list[_Waiting]) -> Refused | None:
        """Append the group with its counts; return why not, None when it is durable.

        Refusals of an empty group, which only asks, are logged once until the log has room again.
        """
        is_told = not group and self.refusing() is not None
        events: dict[tuple[str, int], int] = {}
        for waiting in group:
            key = (waiting.source, waiting.minute)
            events[key] = events.get(key, 0) + waiting.events
        counts = [Count(source, minute, ACCEPTED, n) for (source, minute), n in events.items()]
        try:
            self._writer.append([waiting.record for waiting in group], counts)
        except LogFullError as error:
            if not is_told:
                logger.error("raw log is full: %s", error)
            return Refused(
                "log_full", "the log is full; try again later", retry_after_s=spread_s(30, 60)
            )
        except TransientError as error:
            if not is_told:
                logger.error("raw log refused %d requests: %s", len(group), error)
            return Refused(
                "log_unavailable",
                "the log takes no records; try again",
                retry_after_s=spread_s(5, 15),
            )
        _count(group, counts)
        return None

    def _fail(self, group: list[_Waiting], error: BaseException) -> None:
        """The writer broke: answer everybody and tell the server; this thread ends."""
        refused = Refused(
            "log_unavailable", "the log broke; try again", retry_after_s=spread_s(5, 15)
        )
        with self._lock:
            self._is_closing = True
            behind, self._waiting = self._waiting, []
        self._refusing, self._refusing_until = refused, float("inf")
        self._group_started_at = 0.0
        self._loop.call_soon_threadsafe(self._resolve, group + behind, refused)
        self._loop.call_soon_threadsafe(self._on_failure, error)


def _count(group: list[_Waiting], counts: list[Count]) -> None:
    requests: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for waiting in group:
        requests[waiting.source] = requests.get(waiting.source, 0) + 1
        sizes[waiting.source] = sizes.get(waiting.source, 0) + len(waiting.record.body)
    for source, n in requests.items():
        metrics.REQUESTS.labels(source).inc(n)
        metrics.BODY_BYTES.labels(source).inc(sizes[source])
    for count in counts:
        metrics.EVENTS.labels(count.source).inc(count.events)
