"""Who an event is of, as SQL on the events table.

An id belongs to the first user that it was seen with: an anonymous id in any event that has a user
id too, a previous id in an alias. The table `links` keeps those, whatever the order in which events
arrive; two dictionaries hold them in memory, and `People` reads them again when there are new ones.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Annotated, Final, Literal

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec import Meta

from tailrace.store import Store
from tailrace.store.errors import as_tailrace_error
from tailrace.store.persons import person_sql as person_sql
from tailrace.store.sql import statement

_logger = logging.getLogger(__name__)

Actor = Annotated[
    Literal["person", "group", "device"],
    Meta(
        description="Who counts as one: a person (a user with the anonymous visits before they "
        "were known), a group (account), or a device (anonymous id)."
    ),
]

# An insert says when it began and is seen when it is done.
_INSERT_MS_MAX: Final = 30_000
# Of the time that passes, reading the links again takes at most about a quarter.
_REST_S_MIN: Final = 0.5
_REST_TIMES: Final = 3.0
_REST_S_AFTER_ERROR: Final = 10.0
_BY_ID: Final = "people_by_id"


_ACTORS: Final[dict[str, str]] = {
    "person": person_sql(),
    "group": "if(group_id = '', 0, cityHash64(group_id))",
    "device": "if(anonymous_id = '', 0, cityHash64(anonymous_id))",
}


def actor_sql(actor: Actor) -> str:
    """Return SQL for who an event of `events_data` is of, a UInt64; 0 where it is of nobody."""
    return _ACTORS[actor]


def asks_for_people(sql: str) -> bool:
    """Tell whether a statement asks who somebody is."""
    return _BY_ID in sql


class People:
    """Keeps the dictionaries of people up to date; may be used from any thread."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._due_at = 0.0
        self._known_ms = 0
        self._is_behind = True

    def refresh(self) -> None:
        """Read new links, unless that was done a moment ago or is being done.

        Where the engine cannot, for want of memory perhaps, those that it knows go on to count.

        Raises:
            TransientError: the store is away, or the links were never read.
        """
        # Nobody waits while another question has new links read, but for the first ones.
        if not self._lock.acquire(blocking=not self._known_ms):
            return
        try:
            started = self._clock()
            if started >= self._due_at:
                rest_s = self._try_to_read()
                ended = self._clock()
                self._due_at = ended + max(rest_s, _REST_TIMES * (ended - started))
        finally:
            self._lock.release()

    def _try_to_read(self) -> float:
        """Read new links if there are some; return how long to let the store rest at least."""
        try:
            with self._store.client() as client:
                self._read(client)
        except ClickHouseError as error:
            if not self._known_ms:
                raise as_tailrace_error(error, doing="reading who is who") from error
            _logger.warning("new links between ids do not count yet: %s", error)
            return _REST_S_AFTER_ERROR
        return _REST_S_MIN

    def _read(self, client: Client) -> None:
        since_ms = self._known_ms - _INSERT_MS_MAX
        query = client.query(statement("count_new_links"), parameters={"since_ms": since_ms})
        now_ms, links = query.result_rows[0]
        # Of two dictionaries one may have been loaded before the engine failed.
        self._is_behind = self._is_behind or bool(links)
        if self._is_behind:
            client.command(f"SYSTEM RELOAD DICTIONARY {_BY_ID}")
            client.command("SYSTEM RELOAD DICTIONARY people_joined")
            self._is_behind = False
        self._known_ms = int(now_ms)
