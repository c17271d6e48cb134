"""A load that remembers: every event has an id of its own, and each 200 is written down."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx
from running import Tailrace, wait_until

THREADS = 4
BATCH_EVENTS = 20


@dataclass
class Load:
    """Threads that send singles and batches until told to stop, whatever the server does.

    `answered` holds the ids of events whose request was answered 200, `refused` the statuses of
    other answers. Requests without an answer are repeated with the same ids, as SDKs do.
    """

    tailrace: Tailrace
    name: str
    noise_bytes: int = 100
    answered: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    refused: dict[int, int] = field(default_factory=dict)
    without_retry_after: list[int] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "count[int]" = field(default_factory=count)

    def stop(self) -> None:
        """Send nothing more; requests under way end."""
        self._stop.set()

    def run(self, *, is_batch: bool) -> None:
        """Send until stopped: one thread's work."""
        with httpx.Client(
            base_url=self.tailrace.collect_url,
            auth=(self.tailrace.write_key, ""),
            timeout=20.0,
            trust_env=False,
        ) as client:
            while not self._stop.is_set():
                ids = self._next_ids(BATCH_EVENTS if is_batch else 1)
                while not self._deliver(client, ids, is_batch=is_batch):
                    if self._stop.wait(0.02):
                        return

    def _next_ids(self, events: int) -> list[str]:
        with self._lock:
            ids = [f"{self.name}-{next(self._numbers)}" for _ in range(events)]
            self.sent.update(ids)
        return ids

    def _deliver(self, client: httpx.Client, ids: list[str], *, is_batch: bool) -> bool:
        """Send once; return whether it was answered 200."""
        try:
            response = client.post(
                "/v1/batch" if is_batch else "/v1/track",
                content=self._body_of(ids, is_batch=is_batch),
            )
        except httpx.TransportError:
            return False
        with self._lock:
            if response.status_code == 200:
                self.answered.update(ids)
                return True
            self.refused[response.status_code] = self.refused.get(response.status_code, 0) + 1
            if response.status_code == 503 and not response.headers.get("Retry-After"):
                self.without_retry_after.append(response.status_code)
        return False

    def _body_of(self, ids: list[str], *, is_batch: bool) -> bytes:
        noise = os.urandom(self.noise_bytes).hex()
        events = [
            {
                "type": "track",
                "messageId": message_id,
                "userId": f"u-{hash(message_id) % 97}",
                "event": "Loaded",
                "properties": {"noise": noise, "number": 7},
            }
            for message_id in ids
        ]
        return json.dumps({"batch": events} if is_batch else events[0]).encode()

    def wait_answered(self, more: int, *, within_s: float = 60.0) -> None:
        """Wait until so many further events were answered 200."""
        goal = len(self.answered) + more
        wait_until(
            lambda: len(self.answered) >= goal,
            what=f"{goal} answered events",
            within_s=within_s,
            state=lambda: f"{len(self.answered)}; {self.refused}\n{self.tailrace.last_output()}",
        )

    def wait_refused(self, status: int, more: int, *, within_s: float = 60.0) -> None:
        """Wait until so many further requests were refused with the status."""
        goal = self.refused.get(status, 0) + more
        wait_until(
            lambda: self.refused.get(status, 0) >= goal,
            what=f"{goal} answers {status}",
            within_s=within_s,
            state=lambda: f"{self.refused}, {len(self.answered)} answered 200",
        )


@contextmanager
def loaded(tailrace: Tailrace, *, name: str, noise_bytes: int = 100) -> Iterator[Load]:
    """Keep the installation under load while the block runs; half of the threads send batches.

    Each request carries so many bytes that cannot be compressed.
    """
    load = Load(tailrace, name, noise_bytes)
    workers = [
        threading.Thread(target=load.run, kwargs={"is_batch": n % 2 == 0}, name=f"load-{n}")
        for n in range(THREADS)
    ]
    for worker in workers:
        worker.start()
    try:
        yield load
    finally:
        load.stop()
        for worker in workers:
            worker.join()


def check_kept(tailrace: Tailrace, load: Load) -> None:
    """Check every promise after the load: each 200 stored exactly once, no event twice, books even.

    An event whose request got no answer may be stored or not, but once at most.
    """
    tailrace.wait_settled(within_s=60)
    assert tailrace.failures() == [], tailrace.last_output()
    rows = tailrace.sql(
        "SELECT message_id, count() FROM events WHERE startsWith(message_id, {start:String}) "
        "GROUP BY message_id HAVING count() != 1",
        start=f"{load.name}-",
    )
    assert rows == [], f"stored more than once: {rows[:5]}"
    stored = stored_ids(tailrace, f"{load.name}-")
    missing = load.answered - stored
    assert not missing, f"{len(missing)} answered 200 and not stored, such as {sorted(missing)[:5]}"
    assert stored <= load.sent
    assert load.without_retry_after == []
    tailrace.audit()


def stored_ids(tailrace: Tailrace, start: str) -> set[str]:
    """Return the stored message ids that begin so, read in pages."""
    found: set[str] = set()
    last = ""
    while True:
        rows = tailrace.sql(
            "SELECT DISTINCT message_id FROM events WHERE startsWith(message_id, {start:String}) "
            "AND message_id > {last:String} ORDER BY message_id LIMIT 10000",
            start=start,
            last=last,
        )
        found.update(row[0] for row in rows)
        if len(rows) < 10000:
            return found
        last = rows[-1][0]
