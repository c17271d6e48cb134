"""Failed tries: how many there were lately, and how long somebody has to wait for the next."""

import math
from collections import OrderedDict, deque
from collections.abc import Callable

KEYS_MAX = 10_000


class FailedTries:
    """Counts failed tries by a key, an address for example; the keys tried longest ago go first."""

    def __init__(self, *, failures_max: int, window_s: float, clock: Callable[[], float]) -> None:
        self.failures_max = failures_max
        self.window_s = window_s
        self._clock = clock
        self._by_key: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """Return the whole seconds until the next try; 0 when it may be now."""
        tries = self._by_key.get(key)
        if tries is None or len(tries) < self.failures_max:
            return 0
        return max(0, math.ceil(tries[0] + self.window_s - self._clock()))

    def add(self, key: str) -> None:
        """Count one failed try, or one that is going on: many at once are many."""
        tries = self._by_key.setdefault(key, deque(maxlen=self.failures_max))
        tries.append(self._clock())
        self._by_key.move_to_end(key)
        while len(self._by_key) > KEYS_MAX:
            self._by_key.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Count one try less, because it did not fail."""
        tries = self._by_key.get(key)
        if tries:
            tries.pop()
