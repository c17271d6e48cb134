"""Shows events to those who watch, as the loader stores them.

The loader hands each block over and goes on at once. One thread looks at the blocks while somebody
watches, newest event first, and gives each watcher what it asked for: at most `ROWS_PER_S` rows
a second, the rest only counted. Everything in between has a bound, so that a watcher who reads
slowly loses rows, not the server its memory.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from tailrace.app.watching import Seen, Wish
from tailrace.event import Block, SetAside

ROWS_PER_S = 50
_BLOCKS_WAITING_MAX = 16
_ROWS_WAITING_MAX = 200
# One comparison takes 4 to 11 µs, decoding included: at most about a quarter of a core.
_LOOKS_PER_S_MAX = 25_000

_decode_aside = msgspec.json.Decoder(SetAside).decode


_logger = logging.getLogger(__name__)


class Allowance:
    """So many per second, with one second's worth at once."""

    def __init__(self, per_s: int, *, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._monotonic = monotonic
        self._left = float(per_s)
        self._at = monotonic()

    def left(self) -> int:
        """Return how many may be taken now."""
        now = self._monotonic()
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        return int(self._left)

    def take(self, count: int) -> None:
        """Take some of what is left."""
        self._left -= count


class News(NamedTuple):
    """What one watcher has not been told yet: rows as JSON, oldest first."""

    events: list[bytes]
    set_aside: list[bytes]
    skipped: int
    set_aside_skipped: int


class Watcher:
    """One stream: what it wants, and what waits to be sent to it."""

    def __init__(
        self, wish: Wish, *, loop: asyncio.AbstractEventLoop, monotonic: Callable[[], float]
    ) -> None:
        self.wish = wish
        self.events_allowed = Allowance(ROWS_PER_S, monotonic=monotonic)
        self.asides_allowed = Allowance(ROWS_PER_S, monotonic=monotonic)
        self.skipped_in_all = 0
        self._loop = loop
        self._lock = threading.Lock()
        self._news = News([], [], 0, 0)
        self._wake = asyncio.Event()
        self._is_waking = False

    def tell(self, news: News) -> None:
        """Add news from any thread; the oldest rows are dropped and counted when too many wait."""
        with self._lock:
            mine = self._news
            events = mine.events + news.events
            asides = mine.set_aside + news.set_aside
            dropped = max(0, len(events) - _ROWS_WAITING_MAX)
            asides_dropped = max(0, len(asides) - _ROWS_WAITING_MAX)
            self._news = News(
                events[dropped:],
                asides[asides_dropped:],
                mine.skipped + news.skipped + dropped,
                mine.set_aside_skipped + news.set_aside_skipped + asides_dropped,
            )
            self.skipped_in_all += news.skipped + dropped
            if self._is_waking:
                return
            self._is_waking = True
        self.wake()

    def wake(self) -> None:
        """Make `news` return soon."""
        # The loop is closed only when the process is about to end.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def news(self, *, timeout_s: float) -> News:
        """Return what came since the last call; empty when nothing came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return News([], [], 0, 0)
        self._wake.clear()
        with self._lock:
            news, self._news = self._news, News([], [], 0, 0)
            self._is_waking = False
        return news


class Live:
    """Everybody who watches."""

    def __init__(
        self, *, streams_max: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.streams_max = streams_max
        self._monotonic = monotonic
        self._watchers: tuple[Watcher, ...] = ()
        self._looks = Allowance(_LOOKS_PER_S_MAX, monotonic=monotonic)
        self._changed = threading.Condition()
        self._blocks: deque[Block] = deque()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    @property
    def is_full(self) -> bool:
        """Whether no further stream may be opened."""
        return len(self._watchers) >= self.streams_max

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._watchers)

    @property
    def is_closed(self) -> bool:
        """Whether the streams are to end."""
        return self._is_closed

    def start(self) -> None:
        """Begin to look at blocks."""
        self._thread.start()

    def close(self) -> None:
        """End all streams and the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for watcher in self._watchers:
            watcher.wake()
        if self._thread.is_alive():
            self._thread.join()

    def watch(self, wish: Wish) -> Watcher:
        """Return a new watcher on the running event loop; `leave` ends it."""
        watcher = Watcher(wish, loop=asyncio.get_running_loop(), monotonic=self._monotonic)
        with self._changed:
            self._watchers = (*self._watchers, watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher."""
        with self._changed:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)

    def offer(self, block: Block) -> None:
        """Take a block that was just stored; returns at once."""
        if not self._watchers:
            return
        with self._changed:
            if len(self._blocks) >= _BLOCKS_WAITING_MAX:
                oldest = self._blocks.popleft()
                for watcher in self._watchers:
                    watcher.tell(News([], [], oldest.events_count, oldest.set_aside_count))
            self._blocks.append(block)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._blocks and not self._is_closed:
                    self._changed.wait()
                if self._is_closed:
                    return
                block = self._blocks.popleft()
            try:
                show(block, self._watchers, looks=self._looks)
            except Exception:
                # One event or wish that nobody thought of must not end the streams of all.
                _logger.exception("a block could not be shown live")


def show(block: Block, watchers: Sequence[Watcher], *, looks: Allowance) -> None:
    """Tell each watcher the newest events of the block that it wants."""
    asides = [_decode_aside(line) for line in _newest(block.set_aside, 10 * ROWS_PER_S)]
    choosy = sum(1 for watcher in watchers if watcher.wish.is_choosy)
    picks = [_Pick(watcher, block) for watcher in watchers]
    lines_max = looks.left() // choosy if choosy else 0
    looked = 0
    for line in reversed(block.events.splitlines()):
        may_look = looked < lines_max
        wanting = [pick for pick in picks if pick.wants_more(may_look=may_look)]
        if not wanting:
            break
        seen = Seen(line)
        looked += choosy > 0
        for pick in wanting:
            pick.look(seen)
    looks.take(looked * choosy)
    for pick in picks:
        pick.tell(asides)


class _Pick:
    """What one watcher is given of one block."""

    def __init__(self, watcher: Watcher, block: Block) -> None:
        self._watcher = watcher
        self._wish = watcher.wish
        self._rows: list[bytes] = []
        self._rows_max = watcher.events_allowed.left()
        self._block = block
        self._looked = 0
        self._matched = 0

    def wants_more(self, *, may_look: bool) -> bool:
        """Tell whether the next event matters: to show it, or to count whether it matches."""
        return may_look if self._wish.is_choosy else len(self._rows) < self._rows_max

    def look(self, seen: Seen) -> None:
        self._looked += 1
        if not self._wish.matches(seen):
            return
        self._matched += 1
        if len(self._rows) < self._rows_max:
            self._rows.append(seen.row())

    def tell(self, asides: Sequence[SetAside]) -> None:
        """Send the rows, oldest first; what was not looked at may have matched, so it counts."""
        self._watcher.events_allowed.take(len(self._rows))
        not_looked_at = self._block.events_count - self._looked
        wanted = [aside for aside in asides if self._wish.matches_aside(aside)]
        allowed = self._watcher.asides_allowed.left()
        shown = wanted[:allowed]
        self._watcher.asides_allowed.take(len(shown))
        news = News(
            self._rows[::-1],
            [msgspec.json.encode(aside) for aside in reversed(shown)],
            self._matched - len(self._rows) + not_looked_at,
            len(wanted) - len(shown) + self._block.set_aside_count - len(asides),
        )
        if any(news):
            self._watcher.tell(news)


def _newest(lines: bytes, count: int) -> Iterator[bytes]:
    yield from lines.splitlines()[: -count - 1 : -1]
