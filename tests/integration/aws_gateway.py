"""moto as AWS, and a gateway before it that remembers what was asked and answers some of it."""

import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        """The operation, where the service names it in a header."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True)
class Answer:
    """What the gateway answers instead of AWS; None as status closes the connection."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Change = Callable[[Asked, Callable[[Asked], Answer]], Answer]
"""Answers a request, with the help of what forwards one."""


def error(status: int, code: str, message: str = "told by the gateway") -> Answer:
    """Return an error as services of AWS with JSON tell it."""
    body = msgspec.json.encode({"__type": code, "message": message})
    return Answer(status, body, {"Content-Type": "application/x-amz-json-1.1"})


class Gateway:
    """Forwards to AWS, and remembers; `changes` are for the next requests, one for each."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.changes: list[Change] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Gateway"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def of(self, target: str) -> list[Asked]:
        """Return what an operation was asked, in order."""
        with self._lock:
            return [asked for asked in self.asked if asked.target == target]

    def _answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            change = self.changes.pop(0) if self.changes else None
        return self._forward(asked) if change is None else change(asked, self._forward)

    def _forward(self, asked: Asked) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE_S)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = connection.getresponse()
            left_out = {"connection", "content-length", "transfer-encoding", "date", "server"}
            headers = {k: v for k, v in answer.getheaders() if k.lower() not in left_out}
            return Answer(answer.status, answer.read(), headers)
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = gateway._answer(Asked(self.command, self.path, headers, body))
                if answer.status is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        for method in ("GET", "HEAD", "POST", "PUT"):
            setattr(Handler, f"do_{method}", Handler._do)

        return Handler


@contextmanager
def running_moto() -> Iterator[int]:
    """Run moto's server in a process of its own; give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        ["moto_server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
                break
            except OSError:
                assert time.monotonic() < end, "moto does not start"
                assert process.poll() is None, "moto has ended"
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()
