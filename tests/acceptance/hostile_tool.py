"""A tool that takes events by webhook, and behaves as badly as tools do until it heals."""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STALL_S = 2.0


class HostileTool:
    """What arrived and was kept, in order; `mood` decides about each request.

    Moods: `well` takes everything but what it never takes (`is_refused`), `wild` answers anything,
    `dead` resets connections, `closed` answers 503, `stranger` answers 401, `parrot` refuses with
    the headers that it got.
    """

    def __init__(self, seed: int) -> None:
        self.mood = "well"
        self.kept: list[dict[str, Any]] = []
        self.requests = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    @contextmanager
    def running(self) -> Iterator["HostileTool"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def ids(self) -> list[str]:
        """Return the message ids that were kept, each once, in the order of their first arrival."""
        with self._lock:
            return list(dict.fromkeys(event["messageId"] for event in self.kept))

    def first_arrivals(self) -> dict[str, list[int]]:
        """Return for each user the numbers of their events, in the order of their first arrival."""
        seen: set[str] = set()
        found: dict[str, list[int]] = {}
        with self._lock:
            for event in self.kept:
                if event["messageId"] not in seen:
                    seen.add(event["messageId"])
                    found.setdefault(event["userId"], []).append(event["properties"]["n"])
        return found

    def answer(self, events: list[dict[str, Any]]) -> tuple[str, int, Mapping[str, str]]:
        """Return how to answer, keeping what is taken: a manner, a status and headers."""
        with self._lock:
            self.requests += 1
            mood, chance = self.mood, self._random.random()
        if mood == "dead":
            return "reset", 0, {}
        if mood == "closed":
            return "answer", 503, {"Retry-After": "1"}
        if mood == "stranger":
            return "answer", 401, {}
        if mood == "parrot":
            return "parrot", 400, {}
        if any(is_refused(event) for event in events):
            return "answer", 400, {}
        if mood == "wild" and chance < 0.5:
            return self._misbehave(events, chance)
        self._keep(events)
        return "answer", 200, {}

    def _misbehave(
        self, events: list[dict[str, Any]], chance: float
    ) -> tuple[str, int, Mapping[str, str]]:
        if chance < 0.05:
            return "stall", 200, {}
        if chance < 0.12:
            return "reset", 0, {}
        if chance < 0.2:
            # Taken, and nobody hears of it: the delivery will be repeated.
            self._keep(events)
            return "half", 200, {}
        if chance < 0.3:
            return "answer", 429, {"Retry-After": "1"}
        return "answer", 500 if chance < 0.4 else 503, {}

    def _keep(self, events: list[dict[str, Any]]) -> None:
        with self._lock:
            self.kept += events

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tool = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                events = body if isinstance(body, list) else [body]
                manner, status, headers = tool.answer(events)
                with suppress(OSError):
                    self._answer(manner, status, headers)

            def _answer(self, manner: str, status: int, headers: Mapping[str, str]) -> None:
                if manner == "reset":
                    self._cut()
                    return
                if manner == "stall":
                    time.sleep(STALL_S)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                body = str(self.headers).encode() if manner == "parrot" else b"ok"
                length = 64 if manner == "half" else len(body)
                self.send_header("content-length", str(length))
                self.end_headers()
                self.wfile.write(body)
                if manner == "half":
                    self._cut()

            def _cut(self) -> None:
                self.close_connection = True
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def is_refused(event: Mapping[str, Any]) -> bool:
    """Tell whether the tool never takes the event."""
    return bool(event["properties"].get("is_refused"))
