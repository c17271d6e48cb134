"""End a question from outside, and see how far it is: its statements bear its mark.

A question runs in a thread of its own and asks several statements one after another. Whoever holds
its `Mark` can find them among those of the engine, whichever connection they run on.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.errors import TransientError

STOPPED: Final = "the question was stopped"


class StoppedError(TransientError):
    """The question was stopped by whoever asked it."""


class Progress(NamedTuple):
    """How far the statement is that runs now; `rows_in_all` is the engine's estimate."""

    elapsed_s: float
    rows_read: int
    rows_in_all: int
    memory_bytes: int


class Mark:
    """One question: what its statements bear, and whether it was stopped."""

    def __init__(self) -> None:
        self.text = f"question {secrets.token_hex(12)}"
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stopped.is_set()

    @property
    def comment(self) -> str:
        """What its statements begin with; those that only look at it have it further on."""
        return f"/* {self.text} */"

    def forbid(self) -> None:
        """Let it begin no further statement."""
        self._stopped.set()

    def stop(self, client: Client) -> None:
        """End its statement that runs now, and let it begin no other one."""
        self.forbid()
        client.command(
            "KILL QUERY WHERE query_kind = 'Select' AND startsWith(query, {mark:String}) "
            "AND query_id != queryID() ASYNC",
            parameters={"mark": self.comment},
        )

    def progress(self, client: Client) -> Progress | None:
        """Return how far it is, None while no statement of it runs."""
        rows = client.query(
            "SELECT elapsed, read_rows, total_rows_approx, greatest(memory_usage, 0) "
            "FROM system.processes "
            "WHERE startsWith(query, {mark:String}) AND query_id != queryID() LIMIT 1",
            parameters={"mark": self.comment},
        ).result_rows
        return Progress(*rows[0]) if rows else None


_CURRENT: ContextVar[Mark | None] = ContextVar("question", default=None)


@contextmanager
def marked(mark: Mark) -> Iterator[None]:
    """Let the statements of this thread bear the mark."""
    token = _CURRENT.set(mark)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def with_mark(sql: str) -> str:
    """Return the statement with the mark of the question that this thread answers, if any.

    Raises:
        StoppedError: the question was stopped.
    """
    mark = _CURRENT.get()
    if mark is None:
        return sql
    if mark.is_stopped:
        raise StoppedError(STOPPED)
    return f"{mark.comment} {sql}"


def was_stopped() -> bool:
    """Tell whether the question that this thread answers was stopped."""
    mark = _CURRENT.get()
    return mark is not None and mark.is_stopped
