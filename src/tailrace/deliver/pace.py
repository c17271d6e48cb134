"""How fast a destination is given events: as people allow, in as many requests as it bears.

The number of requests at once grows by one for each round of good answers, as long as these take no
longer than usual, and halves when the tool says that it is busy or does not answer in time.
"""

import asyncio
from collections import deque
from typing import Final, Literal

BEGIN_AT_ONCE: Final = 4
SLOWER: Final = 2.0
SLOWER_S: Final = 0.02
LATE_S: Final = 0.05
"""How much of the rate is made up for when a timer comes late."""
_USUAL_GROWTH: Final = 0.001
"""So slowly that a tool which is kept waiting does not make that usual."""

Answer = Literal["good", "busy", "other"]


class Pace:
    """Lets one request after the other begin; used on one event loop.

    At most `events_per_s_max` events a second, None for as many as there are, in at most
    `requests_at_once_max` requests at once.
    """

    def __init__(self, *, events_per_s_max: float | None, requests_at_once_max: int) -> None:
        self.sending = 0
        self._rate = events_per_s_max
        self._free_at = 0.0
        self._most = requests_at_once_max
        self._limit = float(min(BEGIN_AT_ONCE, requests_at_once_max))
        self._shrunk_at = 0.0
        self._usual_s: float | None = None
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def at_once(self) -> int:
        """How many requests may be on their way at once now."""
        return int(self._limit)

    async def begin(self, events: int) -> float:
        """Wait until a request with so many events may begin; return when that was.

        Whoever called must call `ended` in the end.
        """
        await self._room()
        try:
            await self._turn(events)
        except asyncio.CancelledError:
            self._free()
            raise
        self.sending += 1
        return asyncio.get_running_loop().time()

    def ended(self, begun_at: float, answer: Answer) -> float:
        """Note how a request has ended; return how long it took, in seconds."""
        now = asyncio.get_running_loop().time()
        took_s = now - begun_at
        self.sending -= 1
        if answer == "busy":
            # What had begun before the number shrank says nothing about the smaller one.
            if begun_at >= self._shrunk_at:
                self._limit = max(1.0, self._limit / 2)
                self._shrunk_at = now
        elif answer == "good" and not self._is_slow(took_s) and self._taken >= self.at_once:
            self._limit = min(float(self._most), self._limit + 1.0 / self._limit)
        self._free()
        return took_s

    def _is_slow(self, took_s: float) -> bool:
        """Tell whether an answer took longer than usual, and learn what is usual."""
        usual_s = took_s if self._usual_s is None else self._usual_s
        self._usual_s = min(took_s, usual_s + (took_s - usual_s) * _USUAL_GROWTH)
        return took_s > SLOWER * usual_s + SLOWER_S

    async def _room(self) -> None:
        if self._taken < self.at_once and not self._waiting:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:
                self._free()
            raise

    def _free(self) -> None:
        self._taken -= 1
        while self._waiting and self._taken < self.at_once:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    async def _turn(self, events: int) -> None:
        if self._rate is None:
            return
        now = asyncio.get_running_loop().time()
        begins_at = max(self._free_at, now - LATE_S)
        self._free_at = begins_at + events / self._rate
        if begins_at > now:
            await asyncio.sleep(begins_at - now)
