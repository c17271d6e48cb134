"""Run statements within the limits of a question: time, rows, memory, how many at once."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import QueryConfig
from tailrace.errors import LimitError, TransientError
from tailrace.query.people import People, asks_for_people
from tailrace.query.stopping import STOPPED, StoppedError, was_stopped, with_mark
from tailrace.store import Store
from tailrace.store.errors import as_tailrace_error

# How long a question may wait for its turn, and how many may wait.
WAIT_S_MAX = 10.0
WAITING_PER_TURN = 8

_NARROW = "ask for a shorter time (since, until) or add conditions on event, source or user_id"
_LIMITS = {
    158: "it reads more than {rows_read_max} rows",  # TOO_MANY_ROWS
    159: "it takes longer than {time_s_max:g} s",  # TIMEOUT_EXCEEDED
    160: "it would take longer than {time_s_max:g} s",  # TOO_SLOW
    241: "it needs more than {memory_bytes_max} bytes of memory",  # MEMORY_LIMIT_EXCEEDED
    396: "its result has more than {result_rows_max} rows",  # TOO_MANY_ROWS_OR_BYTES
}
_SETTING_NAMES = {
    158: "query.rows_read_max",
    159: "query.time_s_max",
    160: "query.time_s_max",
    241: "query.memory_bytes_max",
    396: "query.result_rows_max",
}


class Turns:
    """At most so many questions at once; the others wait, and not too many of them."""

    def __init__(self, concurrency_max: int, *, wait_s_max: float = WAIT_S_MAX) -> None:
        self._free = threading.Semaphore(concurrency_max)
        self._places = threading.Semaphore(concurrency_max * (1 + WAITING_PER_TURN))
        self._concurrency_max = concurrency_max
        self._wait_s_max = wait_s_max

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn.

        Raises:
            TransientError: too many wait already, or the wait was too long.
        """
        if not self._places.acquire(blocking=False):
            raise TransientError("too many questions are waiting; ask again in a moment")
        try:
            if not self._free.acquire(timeout=self._wait_s_max):
                raise TransientError(
                    f"{self._concurrency_max} questions ran for longer than "
                    f"{self._wait_s_max:g} s, which is all that may at once; ask again in a moment"
                )
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()


def engine_limits(limits: QueryConfig) -> dict[str, int | str]:
    """Return the limits as settings of the engine."""
    return {
        "max_execution_time": max(1, round(limits.time_s_max)),
        "timeout_overflow_mode": "throw",
        "max_rows_to_read": limits.rows_read_max,
        "read_overflow_mode": "throw",
        "max_memory_usage": limits.memory_bytes_max,
        # By default the engine gives a question one thread where a second has no gigabyte free,
        # which it never has within `store.memory_bytes_max`.
        "max_threads_min_free_memory_per_thread": 134_217_728,
        "max_result_rows": limits.result_rows_max,
        "result_overflow_mode": "throw",
    }


def limit_error(
    error: ClickHouseError, limits: QueryConfig, *, rows_setting: str = _SETTING_NAMES[396]
) -> LimitError | None:
    """Return the limit that was reached, with how to narrow the question, or None.

    `rows_setting` is the one that bounds the rows of its result.
    """
    code = getattr(error, "code", None)
    template = _LIMITS.get(code or 0)
    if code is None or template is None:
        return None
    reason = template.format(
        rows_read_max=limits.rows_read_max,
        time_s_max=limits.time_s_max,
        memory_bytes_max=limits.memory_bytes_max,
        result_rows_max=limits.result_rows_max,
    )
    narrow = "add LIMIT or aggregate" if code == 396 else _NARROW
    setting = rows_setting if code == 396 else _SETTING_NAMES[code]
    return LimitError(f"the question was stopped: {reason} ({setting}); {narrow}")


class Runner:
    """Runs compiled statements on the store's clients."""

    def __init__(self, store: Store, limits: QueryConfig) -> None:
        self._store = store
        self._limits = limits
        self.turns = Turns(limits.concurrency_max)
        self._people = People(store)
        self._settings: dict[str, Any] = {
            **engine_limits(limits),
            "max_ast_elements": 1_000_000,
            "max_expanded_ast_elements": 5_000_000,
            "max_query_size": 4_194_304,
            "short_circuit_function_evaluation": "force_enable",
            "output_format_json_escape_forward_slashes": 0,
        }

    @contextmanager
    def turn(self) -> Iterator[Client]:
        """Hand out a client when it is this question's turn."""
        with self.turns.turn(), self._store.client() as client:
            yield client

    def know_people(self) -> None:
        """Have who is who known to the second, for statements on other connections."""
        self._people.refresh()

    def rows(
        self, client: Client, sql: str, parameters: Mapping[str, object], **settings: int
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a statement.

        Raises:
            LimitError: it was stopped; says by which limit.
            StoppedError: whoever asked stopped it.
            TransientError: the store is away.
        """
        if asks_for_people(sql):
            self.know_people()
        try:
            result = client.query(
                with_mark(sql),
                parameters=dict(parameters),
                settings={**self._settings, **settings},
            )
        except ClickHouseError as error:
            raise self._sorted(error) from error
        return [tuple(row) for row in result.result_rows]

    def _sorted(self, error: ClickHouseError) -> Exception:
        if was_stopped():
            return StoppedError(STOPPED)
        return limit_error(error, self._limits) or as_tailrace_error(error, doing="a question")
