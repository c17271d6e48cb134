"""A webhook's receiver for the pages of destinations, and what the API says of deliveries to it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from running import Tailrace, wait_until

FOLLOWED_S = 20.0
REFUSAL = "the property amount must be a number"


class Tool:
    """A webhook's receiver: answers with `status`, or as `statuses` says of an event's name.

    It keeps what it took.
    """

    def __init__(self) -> None:
        self.status = 200
        self.statuses: dict[str, int] = {}
        self.taken: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    @contextmanager
    def running(self) -> Iterator["Tool"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tool = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = tool.statuses.get(event.get("event", ""), tool.status)
                tool.headers.append(dict(self.headers.items()))
                if status == 200:
                    tool.taken.append(event)
                answer = json.dumps({"received": True} if status == 200 else {"error": REFUSAL})
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                """Stay silent."""

        return Handler


def make(tailrace: Tailrace, slug: str, url: str, **fields: Any) -> None:
    """Make a webhook and wait until events are delivered to it."""
    settings = {"url": url, **fields.pop("settings", {})}
    body = {"slug": slug, "type": "webhook", "settings": settings, **fields}
    answer = tailrace.api.post("/api/v1/destinations", json=body)
    assert answer.status_code == 201, answer.text
    if fields.get("enabled", True):
        wait_state(tailrace, slug, "running")


def delivery(tailrace: Tailrace, slug: str) -> dict[str, Any]:
    """Return how deliveries to a destination stand."""
    answer = tailrace.get(f"/api/v1/destinations/{slug}/delivery")
    assert isinstance(answer, dict)
    return answer


def wait_state(tailrace: Tailrace, slug: str, state: str) -> None:
    """Wait until a destination is in a state."""
    wait_until(
        lambda: delivery(tailrace, slug)["state"] == state,
        what=f"{slug} {state}",
        within_s=FOLLOWED_S,
    )


def wait_books(tailrace: Tailrace, slug: str, **counts: int) -> None:
    """Wait until the books of a destination's only subscription have these counts."""

    def has_come() -> bool:
        [book] = delivery(tailrace, slug)["subscriptions"]
        return all(book[field] == count for field, count in counts.items())

    wait_until(
        has_come,
        what=f"{slug}: {counts}",
        within_s=FOLLOWED_S,
        state=lambda: str(delivery(tailrace, slug)),
    )
