"""Sessions of clients: ids that may be used by one statement at a time, and end when left alone.

Nothing is kept in one, as nothing can be set or made; clients that ask for one find it there.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tailrace.app.clickhouse.errors import ClientError
from tailrace.app.clickhouse.requests import SessionAsk

SESSIONS_MAX: Final = 10_000

_Key = tuple[str, str]


class ClientSessions:
    """The sessions that are open; used on one event loop. The oldest of too many is forgotten."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: OrderedDict[_Key, float] = OrderedDict()
        self._busy: set[_Key] = set()

    @contextmanager
    def used(self, actor: str, ask: SessionAsk | None) -> Iterator[None]:
        """Hold a session while a statement of it runs.

        Raises:
            ClientError: another statement of it runs, or there is no such session.
        """
        if ask is None:
            yield
            return
        key = (actor, ask.id)
        if key in self._busy:
            raise ClientError(373, f"Session {ask.id} is locked by a concurrent client", status=500)
        if ask.is_old and self._ends.get(key, 0.0) <= self._clock():
            raise ClientError(372, f"Session {ask.id} not found")
        self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)
            self._ends[key] = self._clock() + ask.timeout_s
            self._ends.move_to_end(key)
            while len(self._ends) > SESSIONS_MAX:
                self._ends.popitem(last=False)
