"""A server on loopback that a destination sends to: it keeps the requests and answers as told."""

import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from tailrace.deliver.guard import Guard
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations.api import Json

HELD_S_MAX = 30.0
PART = b"x" * 65_536


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came; the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a request is answered.

    `manner`: `whole`; `reset` for no answer, `half` for a cut one, `held` for one that does not
    come, `dripping` for one that never ends, `endless` for one that is larger than anybody reads.
    It begins `after_s`.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    manner: Literal["whole", "reset", "half", "held", "dripping", "endless"] = "whole"
    after_s: float = 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed in the middle is no news."""


class ToolServer:
    """The server; `answer` is asked for each request."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["ToolServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _take(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            return self.answer(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(method=self.command, path=self.path, headers=headers, body=body)
                with suppress(OSError):
                    self._answer(server._take(request))

            do_GET = do_HEAD = do_PUT = do_PATCH = do_POST  # noqa: N815 - as http.server calls them

            def _answer(self, answer: Answer) -> None:
                server._closing.wait(answer.after_s)
                if answer.manner == "reset":
                    self._cut()
                    return
                if answer.manner == "held":
                    server._closing.wait(HELD_S_MAX)
                    self._cut()
                    return
                is_whole = answer.manner == "whole"
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body) if is_whole else 10**9))
                self.end_headers()
                if self.command == "HEAD":
                    return
                self.wfile.write(answer.body)
                if answer.manner == "half":
                    self._cut()
                while answer.manner == "endless":
                    self.wfile.write(PART)
                while answer.manner == "dripping" and not server._closing.wait(0.02):
                    self.wfile.write(b" ")

            def _cut(self) -> None:
                self.close_connection = True
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@cache
def client_tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@asynccontextmanager
async def loopback_tools(
    *, file_directories: tuple[str, ...] = ()
) -> AsyncIterator[DestinationTools]:
    """Give the real tools of an action, which may reach loopback."""
    with ThreadPoolExecutor(2) as threads:
        http = GuardedHttp(Guard(["127.0.0.0/8"]), tls=client_tls())
        tools = DestinationTools(http, threads=threads, file_directories=file_directories)
        try:
            yield tools
        finally:
            await tools.close()


def event_json(message_id: str, **fields: object) -> Json:
    """Return an event as destinations get it."""
    event = {
        "type": "track",
        "messageId": message_id,
        "timestamp": "2026-11-21T10:00:00.000Z",
        "receivedAt": "2026-11-21T10:00:01.500Z",
        "context": {"library": {"name": "test"}},
        "integrations": {},
        "event": "Order Completed",
        "userId": "u-1",
        "anonymousId": None,
        "properties": {"total": 12.5, "note": "Zürich \u2028 & <b>"},
        "originalTimestamp": "2026-11-21T09:00:00.000Z",
        "sentAt": "2026-11-21T09:00:00.250Z",
        **fields,
    }
    return Json(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
