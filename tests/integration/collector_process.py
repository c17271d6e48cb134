"""Starts `tailrace collect` as its own process and speaks HTTP to it, well-formed or not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tailrace.config import Config, read_config
from tailrace.event import Call, decode_call
from tailrace.ledger import ACCEPTED
from tailrace.log import RAW, open_log

KEY = "write-key-123"
READY_S_MAX = 30.0
STOP_S_MAX = 10.0
EVENT = b'{"writeKey":"write-key-123","userId":"u1","event":"x","messageId":"%s"}'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(is_so: Callable[[], bool], *, what: str, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        time.sleep(0.02)


class Site:
    """One data directory and port, and the collectors that run on them."""

    def __init__(self, directory: Path, **collect: float | int | str) -> None:
        self.port = free_port()
        self.file = directory / "tailrace.toml"
        self.output = directory / "output.txt"
        settings = {"port": self.port, **collect}
        lines = [f"{key} = {value!r}" for key, value in settings.items()]
        self.file.write_text(
            f'data_dir = "{directory / "data"}"\n'
            f'[[sources]]\nslug = "web"\nwrite_keys = ["{KEY}"]\n[collect]\n' + "\n".join(lines)
        )
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def config(self) -> Config:
        return read_config(environ={}, path=self.file)

    def start(self) -> "subprocess.Popen[bytes]":
        environ = {k: v for k, v in os.environ.items() if not k.startswith("TAILRACE_")}
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tailrace", "collect", "--config", str(self.file)],
                stdout=output,
                stderr=output,
                env=environ,
            )
        self.processes.append(process)
        until(
            lambda: process.poll() is not None or self._is_listening(process.pid),
            what="the collector listens",
            within_s=READY_S_MAX,
        )
        assert process.poll() is None, self.output.read_text()
        return process

    def stop(self, process: "subprocess.Popen[bytes]") -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_S_MAX)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request on a connection of its own; return status and body of the answer."""
        with self.connect() as connection:
            connection.sendall(request)
            return Answers(connection).next()

    def calls(self) -> list[Call]:
        """Return what the raw log holds, of all partitions."""
        log = open_log(self.config)
        found = []
        for partition, extent in log.extents(RAW).items():
            offset = extent.first
            while offset < extent.next:
                records = log.read(
                    RAW, partition=partition, offset=offset, records_max=1_000, bytes_max=1 << 24
                )
                found += [decode_call(record.body) for record in records]
                offset = records[-1].offset + 1
        log.close()
        return found

    def accepted(self) -> int:
        log = open_log(self.config)
        counts = log.counts(minute_from=0, minute_until=1 << 40)
        log.close()
        return sum(count.events for count in counts if count.outcome == ACCEPTED)

    def _is_listening(self, pid: int) -> bool:
        """Tell whether that process has a socket that listens on the port."""
        inodes = set()
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == self.port:
                inodes.add(f"socket:[{fields[9]}]")
        return not inodes.isdisjoint(_open_files(pid))


def _open_files(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # The process goes on meanwhile, and may close what was just listed.
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


@contextmanager
def site(directory: Path, **collect: float | int | str) -> Iterator[Site]:
    """Yield a site; whatever still runs on it at the end is killed."""
    subject = Site(directory, **collect)
    try:
        yield subject
    finally:
        for process in subject.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def post(path: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a request with a body."""
    lines = [f"POST {path} HTTP/1.1", "Host: t", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


class Answers:
    """Reads one answer after another from a connection that stays open."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def next(self) -> tuple[int, bytes]:
        """Return status and body."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, rest = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(rest) < length:
            self._received = b""
            self._receive()
            rest += self._received
        self._received = rest[length:]
        return int(head[9:12]), rest[:length]

    def _receive(self) -> None:
        chunk = self._connection.recv(65_536)
        if not chunk:
            raise ConnectionError(f"closed after {self._received!r}")
        self._received += chunk
