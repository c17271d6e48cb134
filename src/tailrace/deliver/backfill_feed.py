"""What a backfill's runner reads and where it commits, in place of the events log.

A job is one partition, 0, whose offsets are the numbers of its events. So the runner, its lanes and
its file work as for what is delivered live.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from tailrace.deliver.backfill_jobs import FedPage, Jobs
from tailrace.deliver.blocks import Entry, Open, Run

PARTITION: Final = 0
LOOK_EVERY_S: Final = 0.25
SLICE_EVENTS_MAX: Final = 250
SLICES_PER_S: Final = 4


class Feed:
    """Gives the events that were fed, in slices, no faster than it may; see `blocks.Reads`."""

    def __init__(
        self,
        jobs: Jobs,
        job_id: int,
        *,
        events_per_s_max: int | None,
        run: Run,
        now: Callable[[], float],
    ) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._rate = events_per_s_max
        self._run = run
        self._now = now
        self._next_at = 0.0
        self._page: FedPage | None = None
        self._fed = 0
        self._is_stopped = False
        self._is_fed = False
        self._given = 0
        self._grew = asyncio.Event()

    def begin(self, position: int) -> None:
        """Go on from the first event that has no outcome."""
        self._given = self._fed = position

    def grow(self, fed: int, *, is_fed: bool) -> None:
        """Note how many events are fed by now, and whether these are all."""
        self._fed = max(self._fed, fed)
        self._is_fed = is_fed
        self._grew.set()

    def stop(self) -> int:
        """Give no more; return the number after the last event that was given."""
        self._is_stopped = True
        return self._given

    def ends_at(self) -> int | None:
        """Return the number after the last event that there will be, None while that is open."""
        if self._is_stopped:
            return self._given
        return self._fed if self._is_fed else None

    def ends(self) -> Mapping[int, int]:
        """See `blocks.Reads`."""
        return {PARTITION: self._given if self._is_stopped else self._fed}

    async def grown(self, seen: Mapping[int, int]) -> None:
        """See `blocks.Reads`."""
        while self.ends() == seen:
            self._grew.clear()
            await self._grew.wait()

    async def at(self, partition: int, offset: int) -> Open | None:
        """See `blocks.Reads`."""
        await self._wait_turn()
        page = self._page
        if page is None or not page.first <= offset < page.first + len(page.events):
            page = self._page = await self._run(self._jobs.page_at, self._job_id, offset)
        if page is None or self._is_stopped:
            return None
        start = offset - page.first
        events = page.events[start : start + self._slice_events()]
        entries = [Entry.of(each.body, each.source, each.minute) for each in events]
        self._given = offset + len(entries)
        if self._rate is not None:
            self._next_at = max(self._now(), self._next_at) + len(entries) / self._rate
        return Open(
            partition=partition,
            offset=offset,
            next=self._given,
            entries=entries,
            bytes=3 * sum(len(each.body) for each in events),
            oldest_at=min((each.minute for each in events), default=0) * 60.0,
        )

    def _slice_events(self) -> int:
        if self._rate is None:
            return SLICE_EVENTS_MAX
        return max(1, min(SLICE_EVENTS_MAX, self._rate // SLICES_PER_S))

    async def _wait_turn(self) -> None:
        """Wait until the next slice may be given; begin at once where nothing was."""
        while not self._is_stopped:
            wait_s = self._next_at - self._now()
            if wait_s <= 0.0:
                return
            await asyncio.sleep(min(wait_s, LOOK_EVERY_S))


class FeedPositions:
    """Removes what was dealt with from the feed; what a consumer group is to the log."""

    def __init__(self, jobs: Jobs, job_id: int) -> None:
        self._jobs = jobs
        self._job_id = job_id

    def advance(self, positions: Mapping[int, int]) -> None:
        """Note that all events before a position are dealt with, and durably so."""
        self._jobs.drop_pages(self._job_id, until=positions.get(PARTITION, 0))
