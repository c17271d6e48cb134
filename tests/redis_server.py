"""A Redis of the tests' own: Debian's server on a free port of loopback."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from waiting import free_port, stop, wait_port

MISSING = "Redis is not installed (Debian: apt-get install redis-server)"


class RedisServer:
    """A server that can be killed and started again with what it had written."""

    def __init__(
        self, directory: Path, *options: str, password: str = "", has_tls: bool = False
    ) -> None:
        self.port = free_port()
        self._port_options: tuple[str, ...] = ("--port", str(self.port))
        if has_tls:
            self._port_options = ("--port", "0", "--tls-port", str(self.port))
        self._directory = directory
        self._options = options
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        # Without TLS, and for the test alone.
        self._socket = directory / "redis.sock"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket), password=self._password or None)

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip(MISSING)
        options = [
            *(*self._port_options, "--bind", "127.0.0.1", "--unixsocket", str(self._socket)),
            *("--dir", str(self._directory), "--appendonly", "yes", "--appendfsync", "always"),
            *self._options,
            *(("--requirepass", self._password) if self._password else ()),
        ]
        self._process = subprocess.Popen(
            [program, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_port(self.port, self._process)

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    def pause(self) -> None:
        """Let it hang: connections stay open, and nothing is answered."""
        if self._process is not None:
            stop(self._process)

    def go_on(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10.0)
            self._process = None

    def entries(self, stream: str) -> list[dict[str, str]]:
        """Return the entries of a stream, the oldest first."""
        with self.client as client:
            found: Any = client.xrange(stream)
        return [{n.decode(): v.decode() for n, v in fields.items()} for _, fields in found]


@contextmanager
def running_redis(
    directory: Path, *options: str, password: str = "", has_tls: bool = False
) -> Iterator[RedisServer]:
    """Give a running server; the test is skipped where Redis is missing."""
    server = RedisServer(directory, *options, password=password, has_tls=has_tls)
    server.start()
    try:
        yield server
    finally:
        server.kill()
