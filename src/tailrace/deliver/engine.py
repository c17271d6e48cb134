"""All destinations: follows what people set up, and keeps a runner going for each."""

import asyncio
import contextlib
import functools
import hashlib
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from tailrace.config import Config
from tailrace.control import Follower
from tailrace.control.document import DocumentDestination
from tailrace.control.vault import Vault, open_vault
from tailrace.deliver.alerts import Alerting
from tailrace.deliver.backfill_engine import Backfills
from tailrace.deliver.backlog import BEGAN_AFTER_EVENTS, BEGAN_MINUTE
from tailrace.deliver.backoff import backoff_s
from tailrace.deliver.blocks import Blocks
from tailrace.deliver.guard import Guard
from tailrace.deliver.outcomes import Step
from tailrace.deliver.runner import Runner
from tailrace.deliver.state import State
from tailrace.deliver.targets import target_of
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import Catalog, load_catalog
from tailrace.errors import ConfigError, SettingsError, TailraceError
from tailrace.ledger import REFINED
from tailrace.log import EVENTS, Log, open_log
from tailrace.log.books import EVER

P = ParamSpec("P")
T = TypeVar("T")

LOOK_EVERY_S: Final = 0.5
THREADS: Final = 8
_GROUP_CHARACTERS_MAX: Final = 60

_logger = logging.getLogger(__name__)


def run_deliveries(config: Config, stop: threading.Event) -> None:
    """Deliver to all destinations until `stop` is set."""
    following = Follower(config)
    following.start()
    try:
        asyncio.run(_run(config, following, stop))
    finally:
        following.stop()


async def _run(config: Config, following: Follower, stop: threading.Event) -> None:
    with contextlib.ExitStack() as stack:
        logs = [open_log(config) for _ in range(4)]
        for log in logs:
            stack.callback(log.close)
        threads = stack.enter_context(ThreadPoolExecutor(THREADS, thread_name_prefix="deliver"))
        engine = Engine(
            config, waiting=logs[0], reading=logs[1], own=logs[2], threads=threads, clock=time.time
        )
        backfills = Backfills(config, clock=time.time)
        alerting = Alerting(
            config,
            engine.catalog,
            open_vault(config),
            log=logs[3],
            path_of=functools.partial(state_path, config),
        )
        watching = asyncio.create_task(alerting.run(lambda: following.workspace))
        try:
            while not stop.is_set():
                destinations = following.workspace.destinations
                await engine.follow(destinations)
                await backfills.follow(destinations)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await _ended(watching)
            await alerting.close()
            await backfills.close()
            await engine.close()


class Engine:
    """The runners of all destinations, on one event loop."""

    def __init__(
        self,
        config: Config,
        *,
        waiting: Log,
        reading: Log,
        own: Log,
        threads: ThreadPoolExecutor,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._own = own
        self._threads = threads
        self._clock = clock
        self.catalog: Catalog = load_catalog()
        self._vault: Vault | None = open_vault(config)
        self._guard = Guard(config.deliver.private_networks)
        self._tls = ssl.create_default_context()
        self._blocks = Blocks(waiting=waiting, reading=reading, run=self._run)
        self._watching: asyncio.Task[None] | None = None
        self._followed: tuple[DocumentDestination, ...] | None = None
        self._running: dict[str, tuple[DocumentDestination, asyncio.Task[None]]] = {}

    async def follow(self, destinations: tuple[DocumentDestination, ...]) -> None:
        """Run what is enabled, as it is set up now; stop the rest."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._blocks.watch())
        if self._watching.done():
            self._watching.result()
        if destinations is self._followed:
            return
        self._followed = destinations
        wanted = {each.slug: each for each in destinations if each.enabled}
        for slug, (known, task) in list(self._running.items()):
            if wanted.get(slug) != known:
                del self._running[slug]
                await _ended(task)
        for slug, destination in wanted.items():
            if slug not in self._running:
                task = asyncio.create_task(self._keep_running(destination))
                self._running[slug] = (destination, task)
        await self._run(self._forget_others, {each.slug for each in destinations})

    async def close(self) -> None:
        """Stop all; what is not durable yet is delivered again by the next start."""
        tasks = [task for _, task in self._running.values()]
        self._running.clear()
        tasks += [self._watching] if self._watching else []
        # All at once: each has its last word to write.
        for task in tasks:
            task.cancel()
        for task in tasks:
            await _awaited(task)

    async def _keep_running(self, destination: DocumentDestination) -> None:
        """Run a destination; begin anew from what is durable when something of ours fails."""
        attempts = 0
        while True:
            begun_at = time.monotonic()
            try:
                await self._run_once(destination)
            except* TailraceError as group:
                for error in group.exceptions:
                    _logger.warning("destination %s begins anew: %s", destination.slug, error)
            except* Exception:
                # A defect met by one destination must not end the others.
                _logger.exception("destination %s begins anew after a defect", destination.slug)
            attempts = 0 if time.monotonic() - begun_at > 60.0 else attempts + 1
            await asyncio.sleep(backoff_s(attempts))

    async def _run_once(self, destination: DocumentDestination) -> None:
        state = await self._run(State, state_path(self._config, destination.slug))
        try:
            target = target_of(
                destination, catalog=self.catalog, vault=self._vault, config=self._config
            )
        except (SettingsError, ConfigError) as error:
            told = {"state": "suspended", "problem": str(error), "version": destination.version}
            await self._run(state.tell, told)
            state.close()
            raise
        http = GuardedHttp(self._guard, tls=self._tls)
        tools = DestinationTools(
            http,
            threads=self._threads,
            file_directories=self._config.deliver.file_directories,
        )
        consumer = None
        try:
            consumer = await self._run(
                self._own.consumer, group_of(destination.slug), stream=EVENTS
            )
            await self._run(self._begin, state, consumer)
            runner = Runner(
                target,
                state=state,
                blocks=self._blocks,
                consumer=consumer,
                tools=tools,
                run=self._run,
                now=self._clock,
            )
            await runner.run()
        finally:
            await tools.close()
            if consumer is not None:
                consumer.close()
            await self._run(state.close)

    def _begin(self, state: State, consumer: Any) -> None:
        """Let a new destination begin with what is stored from now on."""
        positions = state.positions()
        if not positions:
            minute = int(self._clock()) // 60
            counts = self._own.counts(minute_from=minute, minute_until=EVER)
            before = sum(each.events for each in counts if each.outcome == REFINED)
            state.tell({BEGAN_MINUTE: minute, BEGAN_AFTER_EVENTS: before})
            positions = {
                partition: extent.next for partition, extent in self._own.extents(EVENTS).items()
            }
            state.commit(Step(positions=positions, begun=positions))
        consumer.advance(positions)

    def _forget_others(self, slugs: set[str]) -> None:
        """Remove what was kept of destinations that are no more; their slugs never come back."""
        directory = self._config.data_dir / "deliver"
        for path in directory.glob("*.sqlite"):
            if path.stem not in slugs:
                remove = getattr(self._own, "remove_group", None)
                if remove is not None:
                    remove(group_of(path.stem))
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{path}{suffix}").unlink(missing_ok=True)
                _logger.info("destination %s was deleted, and its deliveries with it", path.stem)

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))


def state_path(config: Config, slug: str) -> Path:
    """Return the file of a destination's deliveries."""
    return config.data_dir / "deliver" / f"{slug}.sqlite"


def group_of(slug: str) -> str:
    """Return the consumer group of a destination."""
    name = f"to-{slug}"
    if len(name) <= _GROUP_CHARACTERS_MAX:
        return name
    return f"{name[:43]}-{hashlib.sha256(slug.encode()).hexdigest()[:16]}"


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await _awaited(task)


async def _awaited(task: "asyncio.Task[None]") -> None:
    """Wait for a task that was cancelled; not cancelled again, or it could not finish."""
    with contextlib.suppress(asyncio.CancelledError):
        await task
