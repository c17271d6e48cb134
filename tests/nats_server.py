"""A NATS of the tests' own: Debian's server with JetStream on a free port of loopback."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import RetentionPolicy, StreamConfig

from waiting import free_port, stop, wait_port

MISSING = "NATS is not installed (Debian: apt-get install nats-server)"
ADMIN = ("admin", "admin-password")


class NatsServer:
    """A server that can be killed and started again with what its streams had stored."""

    def __init__(
        self, directory: Path, configuration: str = "", *, has_jetstream: bool = True
    ) -> None:
        self.port = free_port()
        streams = f'jetstream {{ store_dir: "{directory / "streams"}" }}\n'
        self._file = directory / "nats.conf"
        self._file.write_text(
            f'listen: "127.0.0.1:{self.port}"\n{streams if has_jetstream else ""}{configuration}\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        program = shutil.which("nats-server", path="/usr/sbin:/usr/local/bin:/usr/bin")
        if program is None:
            pytest.skip(MISSING)
        self._process = subprocess.Popen(
            [program, "-c", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_port(self.port, self._process)

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

    async def make_stream(self, name: str, subjects: Sequence[str], **more: Any) -> None:
        client = await self._client()
        try:
            await client.jetstream().add_stream(
                StreamConfig(
                    name=name, subjects=list(subjects), retention=RetentionPolicy.LIMITS, **more
                )
            )
        finally:
            await client.close()

    async def delete_stream(self, name: str) -> None:
        client = await self._client()
        try:
            await client.jetstream().delete_stream(name)
        finally:
            await client.close()

    async def stored(self, stream: str) -> list[Any]:
        """Return the messages of a stream, the oldest first."""
        client = await self._client()
        try:
            manager = client.jetstream()
            state = (await manager.stream_info(stream)).state
            asked = (manager.get_msg(stream, seq=each) for each in range(1, state.messages + 1))
            return list(await asyncio.gather(*asked))
        finally:
            await client.close()

    async def _client(self) -> Any:
        user, password = ADMIN
        return await nats.connect(f"nats://{self.server}", user=user, password=password)


@contextmanager
def running_nats(
    directory: Path, configuration: str = "", *, has_jetstream: bool = True
) -> Iterator[NatsServer]:
    """Give a running server; the test is skipped where NATS is missing."""
    server = NatsServer(directory, configuration, has_jetstream=has_jetstream)
    server.start()
    try:
        yield server
    finally:
        server.kill()
