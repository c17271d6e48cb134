"""A real store that tests fill with a few events, and questions to it at a fixed time."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tailrace.config import Config, QueryConfig
from tailrace.event import Block
from tailrace.query import Questions
from tailrace.query.running import Runner
from tailrace.store import Store, open_store


class StoredEvents:
    """A store; `now` is when it is asked."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.store = store
        self.now = now
        self.limits = QueryConfig()
        self.runner = Runner(store, self.limits)
        self.questions = Questions(store, limits=self.limits, clock=now.timestamp)
        self.links_count_at_once = True
        self._blocks = 0

    def add(self, events: Iterable[dict[str, object]]) -> None:
        """Store events; each is a dict with columns of `events_data`, and `at` for both times.

        The order given is the order of receipt. What is left out has its default: `type` is track,
        `source` is default, ids and objects are empty.
        """
        rows = [self._row(number, event) for number, event in enumerate(events)]
        body = "\n".join(map(json.dumps, rows)).encode()
        block = Block(1, [], b"", (0, 0), len(rows), body, 0, b"")
        self.store.insert_block(block, partition=0, offset=self._blocks)
        self._blocks += 1
        if self.links_count_at_once:
            self._read_links()

    def clear(self) -> None:
        """Forget all events."""
        with self.store.client() as client:
            client.command("TRUNCATE TABLE events_data")
            client.command("TRUNCATE TABLE links")
        self._read_links()

    def _read_links(self) -> None:
        """Have the links between ids count now, not within a second."""
        with self.store.client() as client:
            client.command("SYSTEM RELOAD DICTIONARY people_by_id")
            client.command("SYSTEM RELOAD DICTIONARY people_joined")

    def _row(self, number: int, event: dict[str, object]) -> dict[str, object]:
        columns = {name: value for name, value in event.items() if name != "at"}
        at = event.get("at", self.now)
        if isinstance(at, datetime):
            at = at.astimezone(UTC).isoformat(timespec="milliseconds")
        objects = {
            name: columns.get(name, {})
            for name in ("properties", "traits", "context", "integrations")
        }
        return {
            "message_id": f"m-{self._blocks}-{number}",
            "type": "track",
            "source": "default",
            "timestamp": at,
            "received_at": at,
            "raw_partition": 0,
            "raw_offset": self._blocks,
            "raw_index": number,
            "original": json.dumps(objects),
            **objects,
            **columns,
        }


@contextmanager
def stored_events(directory: Path, *, now: datetime) -> Iterator[StoredEvents]:
    """Open a store below the directory for as long as the context lasts."""
    store = open_store(Config(data_dir=directory))
    try:
        yield StoredEvents(store, now)
    finally:
        store.close()
