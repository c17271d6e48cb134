"""How fast and how soon a destination is delivered to: numbers of the last minute, for people."""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from tailrace.deliver import metrics

SPAN_S: Final = 60
SOON_S: Final = 10
KEPT: Final = 1_000
"""How many times of requests are remembered at most."""
_WEIGHT: Final = 0.1


class Meter:
    """The numbers of one destination; `slug` names it to Prometheus."""

    def __init__(self, slug: str) -> None:
        self._slug = slug
        # Per second: when, how many were delivered, how many are to be tried again.
        self._seconds: deque[list[int]] = deque()
        self._requests: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._ages: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._record_events = 0.0
        self._event_bytes = 0.0
        self.wants_age = False

    def requested(self, took_s: float, *, delivered: int, again: int, now: float) -> None:
        """Note a request: how long it took, how many events were delivered or may be later."""
        metrics.REQUEST_SECONDS.labels(self._slug).observe(took_s)
        self._requests.append((now, took_s))
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        last = self._seconds[-1]
        last[1] += delivered
        last[2] += again
        self._forget(now)
        self.wants_age = delivered > 0

    def aged(self, age_s: float, *, now: float) -> None:
        """Note how long after its receipt an event was delivered; one of each request is enough."""
        self.wants_age = False
        metrics.DELIVERED_AFTER_SECONDS.labels(self._slug).observe(max(0.0, age_s))
        self._ages.append((now, max(0.0, age_s)))

    def read(self, events: int, size: int) -> None:
        """Note how many events a record holds, and how many bytes they are."""
        if not events:
            return
        if not self._record_events:
            self._record_events, self._event_bytes = float(events), size / events
        self._record_events += (events - self._record_events) * _WEIGHT
        self._event_bytes += (size / events - self._event_bytes) * _WEIGHT

    def facts(self, now: float) -> dict[str, float | int | None]:
        """Return the numbers as they are told."""
        self._forget(now)
        requests = sorted(took_s for _, took_s in self._requests)
        ages = sorted(age_s for _, age_s in self._ages)
        return {
            "events_per_s_10s": self._rate(now, SOON_S),
            "events_per_s_60s": self._rate(now, SPAN_S),
            "retries_60s": sum(again for _, _, again in self._seconds),
            "request_ms_p50": _at(requests, 0.5, 1_000.0),
            "request_ms_p99": _at(requests, 0.99, 1_000.0),
            "delivered_after_s_p50": _at(ages, 0.5),
            "delivered_after_s_p99": _at(ages, 0.99),
            "record_events": round(self._record_events, 1),
            "event_bytes": round(self._event_bytes),
        }

    def _rate(self, now: float, span_s: int) -> float:
        since = int(now) - span_s
        return round(sum(each for at, each, _ in self._seconds if at > since) / span_s, 2)

    def _forget(self, now: float) -> None:
        since = now - SPAN_S
        while self._seconds and self._seconds[0][0] <= int(since):
            self._seconds.popleft()
        for kept in (self._requests, self._ages):
            while kept and kept[0][0] <= since:
                kept.popleft()


def _at(values: Sequence[float], share: float, scale: float = 1.0) -> float | None:
    """Return the value that this share of the sorted values does not exceed; None without any."""
    if not values:
        return None
    return round(values[max(0, math.ceil(share * len(values)) - 1)] * scale, 3)
