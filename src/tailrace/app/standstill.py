"""Tells when a consumer group stands still though there is something to read."""

import time
from collections.abc import Callable, Mapping


class Standstill:
    """Watches one group by what is noted of it now and then."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._positions: Mapping[int, int] | None = None
        self._since: float | None = None

    def note(self, *, lag_records: int, positions: Mapping[int, int]) -> float:
        """Return for how many seconds the group is known to have read nothing of what waits.

        Only what was seen counts: a record that came while nobody looked may be new.
        """
        now = self._clock()
        if not lag_records or positions != self._positions:
            self._positions = dict(positions)
            self._since = now if lag_records else None
        elif self._since is None:
            self._since = now
        return 0.0 if self._since is None else now - self._since
