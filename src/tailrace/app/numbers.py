"""Numbers of the whole system that cost a question each, so they are kept for a moment."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from tailrace.app.pulse import Pulse
from tailrace.app.standstill import Standstill
from tailrace.app.tails import EVENTS_TAIL, RAW_TAIL, LogReader
from tailrace.ledger import ACCEPTED, INVALID, REFINE_GROUP
from tailrace.log.contract import EVENTS, RAW
from tailrace.store import Store, StoreStats

T = TypeVar("T")

_KEPT_S = 2.0
_MINUTES_PER_DAY = 1_440
_LAST_SEEN_DAYS_MAX = 30
_RATE_MINUTES = 5


class Kept(Generic[T]):
    """A value that is asked for again when it is older than some seconds."""

    def __init__(self, ask: Callable[[], T], *, age_s_max: float) -> None:
        self._ask = ask
        self._age_s_max = age_s_max
        self._lock = threading.Lock()
        self._value: T | None = None
        self._asked_at = 0.0

    def get(self) -> T:
        """Return the value; callers who come together wait for one question."""
        with self._lock:
            if self._value is None or time.monotonic() - self._asked_at > self._age_s_max:
                self._value = self._ask()
                self._asked_at = time.monotonic()
            return self._value


class Lags(msgspec.Struct, frozen=True, kw_only=True):
    """What the log holds on disk, and how much of it waits to be read.

    `refine_still_s` is for how long refine has read nothing though something waits.
    """

    refine_lag_records: int
    refine_still_s: float
    store_lag_records: int
    raw_bytes: int
    events_bytes: int


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What a source sent lately; the rate is the mean of the last five minutes."""

    events_24h: int
    events_per_min: float
    invalid_24h: int
    last_event_at: datetime | None


class _Tally:
    """What the books say of one source: its events, the invalid ones, and when the last came."""

    __slots__ = ("events", "invalid", "newest", "recent")

    def __init__(self) -> None:
        self.events = self.invalid = self.recent = 0
        self.newest: datetime | None = None


_NONE = _Tally()


class Numbers:
    """Figures for the status and the sources; each call may block for a question."""

    def __init__(
        self,
        log: LogReader,
        store: Store,
        pulse: Pulse,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._pulse = pulse
        self._clock = clock
        self._refine = Standstill()
        self._stats = Kept(store.stats, age_s_max=_KEPT_S)
        self._lags = Kept(self._ask_lags, age_s_max=_KEPT_S / 2)
        self._tallies_24h = Kept(lambda: self._tallies(days=1), age_s_max=_KEPT_S)
        self._tallies_before = Kept(
            lambda: self._tallies(days=_LAST_SEEN_DAYS_MAX), age_s_max=3_600.0
        )

    def stats(self) -> StoreStats:
        """Return what the store holds."""
        return self._stats.get()

    def lags(self) -> Lags:
        """Return how far refine and the store are behind."""
        return self._lags.get()

    def traffic(self, source: str) -> Traffic:
        """Return what a source sent lately; its last event is known to the minute after a restart.

        Events older than 30 days are not looked for.
        """
        tally = self._tallies_24h.get().get(source, _NONE)
        newest = tally.newest
        if newest is None:
            newest = self._tallies_before.get().get(source, _NONE).newest
        seen = self._pulse.last_event_at(source)
        return Traffic(
            events_24h=tally.events,
            events_per_min=round(tally.recent / _RATE_MINUTES, 1),
            invalid_24h=tally.invalid,
            last_event_at=max((at for at in (seen, newest) if at is not None), default=None),
        )

    def _tallies(self, *, days: int) -> Mapping[str, _Tally]:
        """Return what the books say of each source; times are to the minute."""
        minute = int(self._clock() // 60)
        found: dict[str, _Tally] = {}
        for count in self._log.counts(
            minute_from=minute - days * _MINUTES_PER_DAY, minute_until=minute + 1
        ):
            if count.outcome not in (ACCEPTED, INVALID) or not count.events:
                continue
            tally = found.setdefault(count.source, _Tally())
            if count.outcome == INVALID:
                tally.invalid += count.events
                continue
            tally.events += count.events
            tally.recent += count.events if count.minute > minute - _RATE_MINUTES else 0
            at = datetime.fromtimestamp(count.minute * 60, UTC)
            tally.newest = max(at, tally.newest or at)
        return found

    def _ask_lags(self) -> Lags:
        refine_lag = self._log.lag_records(RAW_TAIL)
        return Lags(
            refine_lag_records=refine_lag,
            refine_still_s=self._refine.note(
                lag_records=refine_lag, positions=self._log.positions(REFINE_GROUP)
            ),
            store_lag_records=self._log.lag_records(EVENTS_TAIL),
            raw_bytes=sum(extent.bytes for extent in self._log.extents(RAW).values()),
            events_bytes=sum(extent.bytes for extent in self._log.extents(EVENTS).values()),
        )
