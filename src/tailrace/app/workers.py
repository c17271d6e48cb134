"""Threads for what blocks: questions to the store, reads of the log."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from prometheus_client import Gauge

from tailrace.errors import TransientError

RUNNING = Gauge(
    "tailrace_app_running",
    "Calls that run or wait for a thread: questions to the store, other reads.",
    ("pool",),
    multiprocess_mode="livesum",
)

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A few threads and a bounded line in front of them."""

    def __init__(self, name: str, *, threads: int, waiting_max: int) -> None:
        self._name = name
        self._threads = threads
        self._waiting_max = waiting_max
        self._inside = 0
        self._is_refusing = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns; call from one event loop only.

        Raises:
            TransientError: as many calls as may wait are waiting, or the server is stopping.
        """
        if self._is_refusing:
            raise TransientError("the server is stopping; try again in a moment")
        if self._inside >= self._threads + self._waiting_max:
            raise TransientError(
                f"{self._waiting_max} {self._name} requests are waiting; try again later"
            )
        self._inside += 1
        RUNNING.labels(self._name).set(self._inside)
        future = asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: function(*args, **kwargs)
        )
        # Whoever asked may be gone before the thread is done, so the future tells the end.
        future.add_done_callback(self._leave)
        return await asyncio.shield(future)

    def _leave(self, future: "asyncio.Future[T]") -> None:
        self._inside -= 1
        RUNNING.labels(self._name).set(self._inside)
        # An error that nobody waits for any more has been answered with a closed connection.
        if not future.cancelled():
            future.exception()

    def refuse(self) -> None:
        """Begin nothing new."""
        self._is_refusing = True

    def close(self) -> None:
        """Let what runs finish; what waits is not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
