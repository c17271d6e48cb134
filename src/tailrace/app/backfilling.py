"""Feeding backfills: reads the past from the store, and keeps it for who delivers.

In this process, because the embedded store can be opened by no other. At most so much is read
ahead, so memory and disk stay bounded however much of the past is asked for.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge

from tailrace.app.backfilling_events import fed_event
from tailrace.app.tails import EVENTS_TAIL, RAW_TAIL, LogReader
from tailrace.deliver.backfill_jobs import BEGUN, OPEN, AskedFor, Job, Jobs, JobWord
from tailrace.errors import LimitError, QueryError, TailraceError
from tailrace.query import Past, PastPlace, Questions, first_place

RUNNING_MAX: Final = 4
PAGE_EVENTS_MAX: Final = 2_000
PAGE_BYTES: Final = 8_388_608
AHEAD_EVENTS_MAX: Final = 24_000
"""More than a runner takes in, so that it never waits for more while it holds half a batch."""
AHEAD_BYTES_MAX: Final = 33_554_432
STORING_S_MAX: Final = 30.0
_PAUSE_S: Final = 0.25
_AGAIN_S: Final = 2.0
_EVENTS_MIN: Final = 10

JOBS = Gauge(
    "tailrace_backfills",
    "Backfills that have not ended, by their state.",
    ("state",),
    multiprocess_mode="livesum",
)
FED = Counter("tailrace_backfill_fed_events_total", "Events read from the store for backfills.")

_logger = logging.getLogger(__name__)


_decode_place = msgspec.json.Decoder(PastPlace).decode


class Backfilling:
    """A thread that counts and feeds the jobs that run, each in turn.

    `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        jobs: Jobs,
        questions: Questions,
        log: LogReader,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._questions = questions
        self._log = log
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backfill", daemon=True)
        self._pages: dict[int, int] = {}
        self._waits: dict[int, list[tuple[tuple[str, str], Mapping[int, int]]]] = {}

    def start(self) -> None:
        """Begin to feed."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread finish its step and leave."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = _PAUSE_S
            try:
                if self.step():
                    pause_s = 0.0
            except TailraceError as error:
                _logger.warning("backfills are looked at again: %s", error)
                pause_s = _AGAIN_S
            self._stop.wait(pause_s)

    def step(self) -> bool:
        """Take every job one step on; return whether one of them has moved."""
        if not self._jobs.path.exists():
            return False
        self._admit()
        counts = self._jobs.counts()
        for word in OPEN:
            JOBS.labels(word).set(counts[word])
        moved = [self._step(job) for job in self._jobs.in_states(BEGUN)]
        return any(moved)

    def _admit(self) -> None:
        """Let jobs begin that wait for their turn: one of a destination, and so many in all."""
        begun = self._jobs.in_states(BEGUN)
        busy = {job.destination for job in begun}
        room = RUNNING_MAX - len(begun)
        for job in self._jobs.in_states(("queued",)):
            if room > 0 and job.destination not in busy:
                word: JobWord = "running" if job.selected is not None or job.fed else "counting"
                self._jobs.move(job.id, ("queued",), word)
                busy.add(job.destination)
                room -= 1

    def _step(self, job: Job) -> bool:
        try:
            if job.state == "counting":
                return self._count(job)
            return not job.is_fed and self._feed(job)
        except QueryError as error:
            self._jobs.move(job.id, BEGUN, "failed", problem=str(error), ended_at=self._clock())
        except LimitError as error:
            return self._narrow(job, error)
        except TailraceError as error:
            _logger.warning("backfill %d is tried again: %s", job.id, error)
            self._jobs.note(job.id, str(error)[:500])
        except Exception as error:
            # A defect that the events of one job meet must not end the others.
            _logger.exception("backfill %d has failed", job.id)
            problem = f"a defect, which the app's log tells of: {type(error).__name__}"
            self._jobs.move(job.id, BEGUN, "failed", problem=problem, ended_at=self._clock())
        return False

    def _count(self, job: Job) -> bool:
        """Count what a job is about, once everything received before it is stored."""
        if not self._is_stored(job):
            return False
        try:
            selected: int | None = self._questions.count_past(past_of(job.asked))
        except LimitError:
            # More than one question may read: it is known when all of it was fed.
            selected = None
        self._jobs.count(job.id, selected)
        return True

    def _is_stored(self, job: Job) -> bool:
        """Tell whether what was received before a job is stored; it is not waited for for ever."""
        if self._clock() - job.created_at > STORING_S_MAX:
            return True
        waits = self._waits.get(job.id)
        if waits is None:
            self._waits.clear()
            waits = self._waits[job.id] = [(RAW_TAIL, self._ends(RAW_TAIL))]
        while waits:
            tail, ends = waits[0]
            positions = self._log.positions(tail[1])
            if any(positions.get(partition, 0) < end for partition, end in ends.items()):
                return False
            waits.pop(0)
            if tail == RAW_TAIL:
                waits.append((EVENTS_TAIL, self._ends(EVENTS_TAIL)))
        return True

    def _ends(self, tail: tuple[str, str]) -> Mapping[int, int]:
        extents = self._log.extents(tail[0])
        return {number: each.next for number, each in extents.items() if each.next > each.first}

    def _feed(self, job: Job) -> bool:
        """Read one page and keep it; return whether there was room for it."""
        events, size = self._jobs.ahead(job.id)
        if events >= AHEAD_EVENTS_MAX or size >= AHEAD_BYTES_MAX:
            return False
        past = past_of(job.asked)
        after = _decode_place(job.place) if job.place else first_place(past)
        limit = self._pages.get(job.id, PAGE_EVENTS_MAX // 4)
        page = self._questions.page_of_past(past, after=after, limit=limit)
        fed = [fed_event(each) for each in page.events]
        place = job.place if page.next is None else msgspec.json.encode(page.next).decode()
        self._jobs.feed(job, fed, place=place, is_fed=page.next is None)
        FED.inc(len(fed))
        self._resize(job, limit, sum(len(each.body) for each in fed), len(fed))
        return True

    def _resize(self, job: Job, limit: int, size: int, events: int) -> None:
        """Make pages as large as their events allow."""
        if job.id not in self._pages and len(self._pages) >= 2 * RUNNING_MAX:
            self._pages.clear()
        fitting = PAGE_BYTES * events // max(1, size) if events else limit
        self._pages[job.id] = max(_EVENTS_MIN, min(2 * limit, fitting, PAGE_EVENTS_MAX))

    def _narrow(self, job: Job, error: LimitError) -> bool:
        """Look at less at once where a page was more than a question may read."""
        past = past_of(job.asked)
        after = _decode_place(job.place) if job.place else first_place(past)
        if after.window_ms <= 1_000:
            self._jobs.move(job.id, BEGUN, "failed", problem=str(error), ended_at=self._clock())
            return False
        self._pages[job.id] = max(_EVENTS_MIN, self._pages.get(job.id, PAGE_EVENTS_MAX) // 4)
        narrower = after._replace(window_ms=max(1_000, after.window_ms // 16))
        place = msgspec.json.encode(narrower).decode()
        self._jobs.feed(job, [], place=place, is_fed=False)
        return True


def past_of(asked: AskedFor) -> Past:
    """Return which events of the store a job is about."""
    return Past(
        query=asked.query,
        since_ms=asked.since_ms,
        until_ms=asked.until_ms,
        sources=asked.sources,
        received_before_ms=asked.received_before_ms,
        asked_at=datetime.fromtimestamp(asked.received_before_ms / 1_000, UTC),
    )
