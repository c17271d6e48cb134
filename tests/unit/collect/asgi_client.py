"""A client for a collector in this process, over a log whose disk can be made to fail."""

import asyncio
import gzip
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from tailrace.collect import Collector
from tailrace.config import Secret, Source
from tailrace.event import Call, decode_call
from tailrace.log.contract import Count, NewRecord

KEY = "write-key-123"
SOURCES = (
    Source(slug="web", write_keys=(KEY, "second-key-1")),
    Source(slug="off", write_keys=("disabled-key-1",), enabled=False),
    Source(slug="signed", write_keys=("signed-key-1",), webhook_secret=Secret("s3cret")),
    Source(slug="slow", write_keys=("slow-key-1",), requests_per_s_max=2),
)


class FaultyLog:
    """Keeps what is appended in a list; `fails_with` and `gate` are the faults of its disk."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []
        self.counts: list[Count] = []
        self.groups: list[int] = []
        self.fails_with: BaseException | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.is_closed = False
        self.partition = 0

    def writer(self, stream: str) -> "FaultyLog":
        assert stream == "raw"
        return self

    def append(self, records: Sequence[NewRecord], counts: Sequence[Count] = ()) -> int:
        if records:
            assert self.gate.wait(30)
        if self.fails_with is not None:
            raise self.fails_with
        if not records:
            return len(self.records)
        first = len(self.records)
        self.records += records
        self.counts += counts
        self.groups.append(len(records))
        return first

    def close(self) -> None:
        self.is_closed = True

    @property
    def calls(self) -> list[Call]:
        return [decode_call(record.body) for record in self.records]


class Response(msgspec.Struct):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key == name.encode()]
        assert len(found) < 2 or name == "vary", f"{name} comes {len(found)} times"
        return found[0].decode() if found else None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Browserless:
    """Sends requests to an application without sockets."""

    def __init__(self, app: Collector, log: FaultyLog) -> None:
        self.app = app
        self.log = log

    async def post(self, path: str, body: bytes | object = b"", **how: Any) -> Response:
        return await self.request("POST", path, body, **how)

    async def get(self, path: str, **how: Any) -> Response:
        return await self.request("GET", path, **how)

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | object = b"",
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        query: str = "",
        gzip_members: int = 0,
        chunks: int = 1,
        client: tuple[str, str] | None = ("203.0.113.9", "5000"),
        scheme: str = "http",
    ) -> Response:
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        if gzip_members:
            size = len(sent) // gzip_members + 1
            parts = [sent[i : i + size] for i in range(0, len(sent), size)]
            sent = b"".join(gzip.compress(part) for part in parts)
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": scheme,
            "client": client,
            "headers": [(key.encode(), value.encode("latin-1")) for key, value in pairs],
        }
        return await self.run(scope, arriving(sent, chunks=chunks))

    async def run(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> Response:
        messages: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        if not messages:
            return Response(0, [], b"")
        start, end = messages
        return Response(start["status"], start["headers"], end["body"])


def arriving(body: bytes, *, chunks: int = 1) -> Callable[[], "asyncio.Future[Mapping[str, Any]]"]:
    """Return an ASGI `receive` that gives the body in so many pieces, then its end."""
    size = max(1, -(-len(body) // chunks))
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    messages: list[Mapping[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    left = iter(messages)

    def receive() -> "asyncio.Future[Mapping[str, Any]]":
        future = asyncio.get_running_loop().create_future()
        future.set_result(next(left))
        return future

    return receive
