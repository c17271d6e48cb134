"""The backfills of all destinations: keeps a runner going for each job that runs.

Runs beside the engine of live deliveries, on the same event loop, with threads, connections and
lanes of its own.
"""

import asyncio
import contextlib
import dataclasses
import logging
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from tailrace.config import Config
from tailrace.control.document import DocumentDestination
from tailrace.control.vault import Vault, open_vault
from tailrace.deliver import state as states
from tailrace.deliver.backfill_feed import PARTITION, Feed, FeedPositions
from tailrace.deliver.backfill_jobs import BEGUN, Job, Jobs
from tailrace.deliver.backoff import backoff_s
from tailrace.deliver.guard import Guard
from tailrace.deliver.meter import Meter
from tailrace.deliver.outcomes import Step
from tailrace.deliver.plans import Target, subscriptions_of
from tailrace.deliver.runner import Runner
from tailrace.deliver.state import State, looking
from tailrace.deliver.targets import target_of
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import Catalog, load_catalog
from tailrace.errors import ConfigError, CorruptionError, SettingsError, TailraceError

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 6
LOOK_EVERY_S: Final = 0.5
SETTLING_S_MAX: Final = 5.0
KEPT_DAYS: Final = 90
KEPT_EACH: Final = 100
_REQUESTS_AT_ONCE: Final = 2
_CLEAN_EVERY_S: Final = 600.0
# Who delivers may learn of a destination later than the app, which makes its jobs.
_UNKNOWN_S: Final = 120.0
_DAY_S: Final = 86_400.0

_logger = logging.getLogger(__name__)


def backfills_directory(config: Config) -> Path:
    """Return where the files of backfills are."""
    return config.data_dir / "deliver" / "backfills"


def jobs_of(config: Config) -> Jobs:
    """Return the file of all backfills."""
    return Jobs(backfills_directory(config) / "jobs.sqlite")


def backfill_path(config: Config, slug: str, job_id: int) -> Path:
    """Return the file of what became of a job's events."""
    return backfills_directory(config) / f"{slug}--{job_id}.sqlite"


class PastMeter(Meter):
    """The numbers of a backfill; how old its events are says nothing of how soon it delivers."""

    def requested(self, took_s: float, *, delivered: int, again: int, now: float) -> None:
        """See `Meter`."""
        super().requested(took_s, delivered=delivered, again=again, now=now)
        self.wants_age = False


class BackfillRunner(Runner):
    """Delivers the events of a feed; where it ends, no batch waits for more."""

    lets_go = False

    def __init__(self, target: Target, *, feed: Feed, **parts: Any) -> None:
        super().__init__(target, blocks=feed, **parts)
        self._meter = PastMeter(target.slug)
        self._feed = feed

    def is_full(self) -> bool:
        """See `lane.Desk`."""
        return super().is_full() or self._has_read_all()

    def hurry(self) -> None:
        """Let lanes look whether the feed has ended."""
        if self._has_read_all():
            for lanes in self._lanes.values():
                for lane in lanes:
                    lane.hurry()

    def _has_read_all(self) -> bool:
        """Tell whether nothing is left to be read; what was let go is read again."""
        end = self._feed.ends_at()
        return end is not None and self._next.get(PARTITION, 0) >= end


class _Run:
    """A job that a task delivers."""

    def __init__(self, job: Job, destination: DocumentDestination) -> None:
        self.job = job
        self.destination = destination
        self.feed: Feed | None = None
        self.runner: BackfillRunner | None = None
        self.task: asyncio.Task[None] | None = None


class Backfills:
    """The runners of all jobs, on one event loop."""

    def __init__(self, config: Config, *, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._jobs = jobs_of(config)
        self._catalog: Catalog = load_catalog()
        self._vault: Vault | None = open_vault(config)
        self._guard = Guard(config.deliver.private_networks)
        self._tls = ssl.create_default_context()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="backfill")
        self._running: dict[int, _Run] = {}
        self._destinations: tuple[DocumentDestination, ...] = ()
        self._following: asyncio.Task[None] | None = None
        self._cleaned_at = 0.0
        self._known: set[str] = set()

    async def follow(self, destinations: tuple[DocumentDestination, ...]) -> None:
        """Go by the destinations as they are set up now."""
        self._destinations = destinations
        if self._following is None:
            self._following = asyncio.create_task(self._follow())
        if self._following.done():
            self._following.result()

    async def close(self) -> None:
        """Stop all; what is not durable yet is delivered again by the next start."""
        if self._following is not None:
            await _ended(self._following)
        for run in self._running.values():
            await self._stop(run)
        self._running.clear()
        self._threads.shutdown()

    async def _follow(self) -> None:
        while True:
            try:
                await self._look()
            except TailraceError as error:
                _logger.warning("backfills are looked at again: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        """Begin and end runners as the jobs say, and tell which jobs are done."""
        jobs = {job.id: job for job in await self._run(self._jobs.in_states, BEGUN)}
        known = {each.slug: each for each in self._destinations}
        for id_, run in list(self._running.items()):
            job = jobs.get(id_)
            destination = known.get(run.destination.slug)
            if job is None or job.state != "running" or destination != run.destination:
                del self._running[id_]
                await self._settle(run)
                await self._stop(run)
        for id_, job in jobs.items():
            found = self._running.get(id_)
            destination = known.get(job.destination)
            if found is None and destination is not None and job.state == "running":
                found = self._running[id_] = _Run(job, destination)
                found.task = asyncio.create_task(self._keep_running(found))
            if found is not None:
                await self._advance(found, job)
        is_time = time.monotonic() - self._cleaned_at > _CLEAN_EVERY_S
        if is_time or not self._cleaned_at or set(known) != self._known:
            deleted = self._known - set(known)
            self._cleaned_at, self._known = time.monotonic(), set(known)
            await self._run(self._clean)
            await self._run(self._forget_others, deleted, set(known))

    async def _advance(self, run: _Run, job: Job) -> None:
        if run.feed is not None:
            run.feed.grow(job.fed, is_fed=job.is_fed)
        if run.runner is not None:
            run.runner.hurry()
        if job.is_fed and await self._run(self._has_ended, job):
            del self._running[job.id]
            await self._stop(run)
            await self._run(self._jobs.move, job.id, ("running",), "done", ended_at=self._clock())
            _logger.info("backfill %d of destination %s is done", job.id, job.destination)

    def _has_ended(self, job: Job) -> bool:
        """Tell whether every event that was fed has an outcome that stays."""
        path = self._path(job)
        if not path.exists():
            return False
        with looking(path) as connection:
            connection.execute("BEGIN")
            position = states.positions(connection).get(PARTITION, 0)
            [parked] = connection.execute("SELECT count(*) FROM parked").fetchone()
        return position >= job.fed and not parked

    async def _settle(self, run: _Run) -> None:
        """Let what is on its way come to its end, for some seconds."""
        if run.feed is None or run.task is None:
            return
        given = run.feed.stop()
        end = time.monotonic() + SETTLING_S_MAX
        while not run.task.done() and time.monotonic() < end:
            if run.runner is not None:
                run.runner.hurry()
            if await self._run(self._position, run.job) >= given:
                return
            await asyncio.sleep(0.1)

    def _position(self, job: Job) -> int:
        with looking(self._path(job)) as connection:
            return states.positions(connection).get(PARTITION, 0)

    async def _stop(self, run: _Run) -> None:
        if run.task is not None:
            await _ended(run.task)

    async def _keep_running(self, run: _Run) -> None:
        """Run a job; begin anew from what is durable when something of ours fails."""
        attempts, job = 0, run.job
        while True:
            begun_at = time.monotonic()
            try:
                await self._run_once(run)
            except* CorruptionError as damage:
                problem = str(damage.exceptions[0])
                _logger.error("backfill %d has failed: %s", job.id, problem)
                await self._run(
                    self._jobs.move,
                    *(job.id, ("running",), "failed"),
                    problem=problem,
                    ended_at=self._clock(),
                )
            except* TailraceError as group:
                for error in group.exceptions:
                    _logger.warning("backfill %d begins anew: %s", job.id, error)
            except* Exception:
                # A defect met by one job must not end the others.
                _logger.exception("backfill %d begins anew after a defect", job.id)
            attempts = 0 if time.monotonic() - begun_at > 60.0 else attempts + 1
            await asyncio.sleep(backoff_s(attempts))

    async def _run_once(self, run: _Run) -> None:
        job = run.job
        state = await self._run(State, self._path(job))
        try:
            target = self._target(run.destination, job)
        except (SettingsError, ConfigError) as error:
            await self._run(state.tell, {"state": "suspended", "problem": str(error)})
            state.close()
            raise
        tools = DestinationTools(
            GuardedHttp(self._guard, tls=self._tls),
            threads=self._threads,
            file_directories=self._config.deliver.file_directories,
        )
        feed = Feed(
            self._jobs,
            job.id,
            events_per_s_max=job.asked.events_per_s_max,
            run=self._run,
            now=time.monotonic,
        )
        try:
            positions = await self._run(state.positions)
            feed.begin(positions.get(PARTITION, 0))
            feed.grow(job.fed, is_fed=False)
            if not positions:
                await self._run(state.commit, Step(positions={PARTITION: 0}))
            run.runner = BackfillRunner(
                target,
                feed=feed,
                state=state,
                consumer=FeedPositions(self._jobs, job.id),
                tools=tools,
                run=self._run,
                now=self._clock,
            )
            run.feed = feed
            await run.runner.run()
        finally:
            run.feed = run.runner = None
            await tools.close()
            state.close()

    def _target(self, destination: DocumentDestination, job: Job) -> Target:
        """Return the destination with the subscriptions of the job, at its own slower pace.

        One that was removed meanwhile takes nothing any more.
        """
        target = target_of(
            destination, catalog=self._catalog, vault=self._vault, config=self._config
        )
        known = {each["slug"]: each for each in subscriptions_of(target.type, target.subscriptions)}
        action = target.type.actions[0]
        gone = {"action": action.slug, "trigger": action.trigger, "enabled": False}
        at_once = target.requests_at_once_max or _REQUESTS_AT_ONCE
        return dataclasses.replace(
            target,
            subscriptions=[
                known.get(slug, {"slug": slug, **gone}) for slug in job.asked.subscriptions
            ],
            requests_at_once_max=min(at_once, _REQUESTS_AT_ONCE),
        )

    def _path(self, job: Job) -> Path:
        return backfill_path(self._config, job.destination, job.id)

    def _clean(self) -> None:
        """Remove jobs that ended long ago, and files that no job has."""
        if not self._jobs.path.exists():
            return
        old = self._jobs.old(ended_before=self._clock() - KEPT_DAYS * _DAY_S, kept_each=KEPT_EACH)
        if old:
            self._remove({job.id: job.destination for job in old})
        for path in backfills_directory(self._config).glob("*--*.sqlite"):
            slug, _, number = path.stem.rpartition("--")
            # Left by a crash between the two steps of a removal.
            if number.isdecimal() and self._jobs.find(int(number)) is None:
                self._unlink(slug, int(number))

    def _forget_others(self, deleted: set[str], known: set[str]) -> None:
        """Remove the jobs of destinations that are no more; their slugs never come back."""
        before = self._clock() - _UNKNOWN_S
        gone = {
            id_: slug
            for slug, jobs in self._jobs.by_destination().items()
            for id_, created_at in jobs
            if slug in deleted or (slug not in known and created_at < before)
        }
        if gone:
            self._remove(gone)
            _logger.info("%d backfills of destinations that were deleted are gone", len(gone))

    def _remove(self, jobs: dict[int, str]) -> None:
        self._jobs.remove(list(jobs))
        for id_, slug in jobs.items():
            self._unlink(slug, id_)

    def _unlink(self, slug: str, id_: int) -> None:
        path = backfill_path(self._config, slug, id_)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
