"""A reverse proxy that stands between an SDK and the collection port: it records, and it does harm.

Harm is done to POST requests in the order of their arrival, one `Fault` each, until the list is
used up; from then on everything passes. `lost` faults are the nasty ones: the server has stored the
batch, and the SDK does not get to know.
"""

import gzip
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


class Fault(Enum):
    """What happens to one request instead of passing."""

    NONE = "passes"
    UNAVAILABLE = "the proxy answers 503 with Retry-After"
    UNAVAILABLE_BARE = "the proxy answers 503 without Retry-After"
    TOO_MANY = "the proxy answers 429 with Retry-After"
    CUT = "the connection is cut, the server never sees the request"
    LOST_UNAVAILABLE = "the server stores it, the proxy answers 503"
    LOST_CUT = "the server stores it, the connection is cut before the answer"


@dataclass(frozen=True)
class Exchange:
    """One request as it came, with its body after decompression, and the status answered.

    `status` is 0 where the connection was cut; `server_status` is what the server said, 0 if it
    was not asked.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    fault: Fault
    status: int
    server_status: int


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw] = []
    sent_at: str | None = msgspec.field(name="sentAt", default=None)


@dataclass(frozen=True)
class SentEvent:
    """One event as an SDK put it on the wire: its text, and the envelope's sentAt if it has one."""

    text: str
    sent_at: str | None
    path: str

    @property
    def fields(self) -> dict[str, Any]:
        """The event's fields."""
        decoded = msgspec.json.decode(self.text)
        assert isinstance(decoded, dict)
        return decoded


@dataclass
class Recording:
    """Everything that passed so far, and the faults that are still to come."""

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def next_fault(self, method: str) -> Fault:
        """Take the next fault; only a POST meets one."""
        with self.lock:
            return self.faults.pop(0) if method == "POST" and self.faults else Fault.NONE

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange."""
        with self.lock:
            self.exchanges.append(exchange)

    def posts(self) -> list[Exchange]:
        """Return the calls so far that carry events, oldest first."""
        with self.lock:
            return [e for e in self.exchanges if e.method == "POST" and e.path != "/v1/m"]

    def events(self) -> dict[str, SentEvent]:
        """Return each event as first delivered, by message id."""
        found: dict[str, SentEvent] = {}
        for exchange in self.posts():
            if exchange.server_status == 200:
                for event in _events_of(exchange):
                    found.setdefault(event.fields["messageId"], event)
        return found


def _events_of(exchange: Exchange) -> list[SentEvent]:
    envelope = msgspec.json.decode(exchange.body, type=_Envelope)
    if envelope.batch:
        return [
            SentEvent(bytes(raw).decode(), envelope.sent_at, exchange.path)
            for raw in envelope.batch
        ]
    return [SentEvent(exchange.body.decode(), envelope.sent_at, exchange.path)]


@contextmanager
def recording_proxy(upstream: str, *, faults: Sequence[Fault] = ()) -> Iterator[Recording]:
    """Run the proxy on a free loopback port; `Recording.url` is its address."""
    recording = Recording(upstream=upstream, faults=list(faults))
    client = httpx.Client(base_url=upstream, timeout=30.0, trust_env=False)

    class Handler(_ProxyHandler):
        pass

    Handler.recording, Handler.client = recording, client
    server = _Server(("127.0.0.1", 0), Handler)
    recording.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="proxy", daemon=True)
    thread.start()
    try:
        yield recording
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An SDK that goes away in the middle is no news."""


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recording: Recording
    client: httpx.Client

    def handle_any(self) -> None:
        """Pass one request on, or not."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.recording.next_fault(self.command)
        answer = None
        if fault in {Fault.NONE, Fault.LOST_UNAVAILABLE, Fault.LOST_CUT}:
            answer = self.ask_server(body)
        status = self.reply(fault, answer)
        self.recording.add(
            Exchange(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body,
                fault=fault,
                status=status,
                server_status=answer.status_code if answer is not None else 0,
            )
        )

    def ask_server(self, body: bytes) -> httpx.Response | None:
        """Return the server's answer; None when it cannot be reached."""
        headers = [(n, v) for n, v in self.headers.items() if n.lower() != "connection"]
        try:
            return self.client.request(self.command, self.path, content=body, headers=headers)
        except httpx.TransportError:
            return None

    def reply(self, fault: Fault, answer: httpx.Response | None) -> int:
        """Answer as the fault says; return the status, 0 when the connection was cut."""
        if fault in {Fault.CUT, Fault.LOST_CUT} or (fault is Fault.NONE and answer is None):
            self.close_connection = True
            return 0
        if fault is Fault.NONE and answer is not None:
            kept = [(n, v) for n, v in answer.headers.multi_items() if n.lower() not in HOP_BY_HOP]
            return self.write(answer.status_code, kept, answer.content)
        return self.refuse(429 if fault is Fault.TOO_MANY else 503, fault)

    def refuse(self, status: int, fault: Fault) -> int:
        """Answer as an overloaded server does, readable for a browser too."""
        headers = [
            ("Content-Type", "application/json"),
            ("Access-Control-Allow-Origin", self.headers.get("Origin") or "*"),
            ("Access-Control-Expose-Headers", "Retry-After"),
        ]
        if fault is not Fault.UNAVAILABLE_BARE:
            headers.append(("Retry-After", "1"))
        body = b'{"code":"overloaded","message":"try again","error":"try again"}'
        return self.write(status, headers, body)

    def write(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> int:
        """Write one answer."""
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return status

    do_GET = do_POST = do_OPTIONS = do_HEAD = handle_any  # noqa: N815 - the names that it looks up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""
