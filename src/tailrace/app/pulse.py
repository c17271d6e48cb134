"""What the loader did lately: events per second, freshness, the newest event."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from tailrace.event import Block

WINDOW_S = 60


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one moment.

    `events_per_s` is the mean of the last 60 s, or since the start when that is shorter;
    `freshness_s` how long the newest event took from receipt to searchable.
    """

    events_per_s: float
    freshness_s: float | None
    last_event_at: datetime | None


class Pulse:
    """Counts loaded events in seconds of a minute; any thread may call it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._started_at = monotonic()
        self._seconds: deque[tuple[int, int]] = deque()
        self._freshness_s: float | None = None
        self._newest = 0
        self._newest_by_source: dict[str, int] = {}

    def count(self, block: Block) -> None:
        """Count a block that has just become searchable."""
        if not block.events_count:
            return
        second = int(self._monotonic())
        with self._lock:
            if self._seconds and self._seconds[-1][0] == second:
                second, events = self._seconds.pop()
                self._seconds.append((second, events + block.events_count))
            else:
                self._seconds.append((second, block.events_count))
            self._forget(second)
            self._freshness_s = max(0.0, self._clock() - block.received_at[1] / 1e6)
            self._newest = max(self._newest, block.received_at[1])
            for source, _, _ in block.counts:
                self._newest_by_source[source] = block.received_at[1]

    def last_event_at(self, source: str) -> datetime | None:
        """Return when the newest loaded block with events of the source was received."""
        newest = self._newest_by_source.get(source)
        return datetime.fromtimestamp(newest / 1e6, UTC) if newest else None

    def beat(self) -> Beat:
        """Return the numbers as they are now."""
        now = self._monotonic()
        with self._lock:
            self._forget(int(now))
            events = sum(events for _, events in self._seconds)
            over_s = min(WINDOW_S, max(1.0, now - self._started_at))
            newest = self._newest
            freshness_s = self._freshness_s
        return Beat(
            events_per_s=round(events / over_s, 2),
            freshness_s=None if freshness_s is None else round(freshness_s, 3),
            last_event_at=datetime.fromtimestamp(newest / 1e6, UTC) if newest else None,
        )

    def _forget(self, second: int) -> None:
        while self._seconds and self._seconds[0][0] <= second - WINDOW_S:
            self._seconds.popleft()
