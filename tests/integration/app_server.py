"""An app server in a process of its own, and the stages before it driven step by step.

A process, because the embedded store allows one directory in each. Events enter through the raw
log as a collector would write them, and move on only when a test says so.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tailrace.config import Config, prepare_first_run, read_config
from tailrace.event import Call, encode_call
from tailrace.ledger import ACCEPTED, STORE_GROUP
from tailrace.log import EVENTS, RAW, Count, NewRecord, open_log
from tailrace.refine import Refiner

TOKEN = "trt_test_token"
WRITE_KEY = "write_key_for_tests"
DEADLINE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask: Callable[[], Any], *, what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Return the first true answer; fail when none comes in time."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"no {what} within {deadline_s:.0f} s")


class AppServer:
    """A running `tailrace serve` with a client that is signed in by the token."""

    def __init__(self, data_dir: Path, *, options: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.environ = {
            **os.environ,
            "TAILRACE_DATA_DIR": str(data_dir),
            "TAILRACE_APP_PORT": str(self.port),
            "TAILRACE_WRITE_KEY": WRITE_KEY,
            "TAILRACE_API_TOKEN": TOKEN,
        }
        if options:
            file = data_dir.parent / f"{data_dir.name}.toml"
            file.write_text(options)
            self.environ["TAILRACE_CONFIG"] = str(file)
        config, _ = prepare_first_run(read_config(environ=self.environ), environ=self.environ)
        self.config: Config = config
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30.0
        )
        self._log = open_log(config)
        self._writer = self._log.writer(RAW)
        self._refiner_log = open_log(config)
        self._refiner = Refiner(config, self._refiner_log)
        self.output = data_dir.parent / f"{data_dir.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.launch()
        until(self._is_ready, what="readiness")

    def launch(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "tailrace", "serve"],
                env=self.environ,
                stdout=output,
                stderr=output,
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.client.close()
        self._refiner.close()
        self._refiner_log.close()
        self._log.close()

    def accept(
        self,
        body: object,
        *,
        path: str = "/v1/batch",
        source: str = "default",
        counted: int | None = None,
    ) -> int:
        """Write one call to the raw log as a collector does; return its offset.

        `counted` is how many events the ledger is told, where that is to be wrong.
        """
        text = body if isinstance(body, bytes) else msgspec.json.encode(body)
        read = msgspec.json.decode(text)
        batch = "batch" in read
        events = len(read["batch"]) if batch else 1
        received_at = time.time_ns() // 1_000
        call = Call(
            source=source,
            received_at=received_at,
            shape="batch" if batch else "call",
            type="" if batch else path.rpartition("/")[2],
            path=path,
            events=events,
            is_client_side=False,
            remote_address="192.0.2.7",
            user_agent="test-sdk/1.0",
            body=text,
        )
        minute = received_at // 60_000_000
        return self._writer.append(
            [NewRecord(b"u-1", encode_call(call))],
            [Count(source, minute, ACCEPTED, events if counted is None else counted)],
        )

    def refine(self) -> None:
        """Move everything that was accepted on to the events log."""
        while self._refiner.step(0.0):
            pass

    def send(self, *events: Mapping[str, object]) -> None:
        """Take events all the way to the store."""
        self.accept({"batch": list(events)})
        self.refine()
        self.settle()

    def settle(self) -> None:
        """Wait until the store has loaded what was refined."""
        until(self._is_idle, what="idle store")

    def _is_idle(self) -> bool:
        positions = self._log.positions(STORE_GROUP)
        return all(
            positions.get(partition, extent.first) >= extent.next
            for partition, extent in self._log.extents(EVENTS).items()
        )

    def get(self, path: str, **parameters: object) -> Any:
        response = self.client.get(path, params={k: str(v) for k, v in parameters.items()})
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: object) -> Any:
        response = self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def app_server(directory: Path, *, options: str = "") -> Iterator[AppServer]:
    """Run an app server over a fresh data directory below `directory`."""
    server = AppServer(directory / "data", options=options)
    try:
        server.start()
        yield server
    finally:
        server.close()


def track(message_id: str, **fields: object) -> dict[str, object]:
    """Return a track event as an SDK would send it."""
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "messageId": message_id,
        **fields,
    }
