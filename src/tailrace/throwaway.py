"""A throw-away instance: Tailrace as its user would start it, on ports and a directory of its own.

Used by `tailrace bench` and by the measurements in `bench/`. None of the user's own settings reach
it, so that no measurement ends up in a store that somebody needs.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tailrace.errors import TailraceError
from tailrace.readiness import is_ready

WRITE_KEY = "bench-write-key"
TOKEN = "bench-token-of-a-throw-away-instance"  # noqa: S105 - lives as long as the instance
UP = ("-m", "tailrace", "up")
READY_S_MAX = 60.0
STOP_S_MAX = 30.0
_LOOK_S = 0.1


@dataclass
class Instance:
    """A running instance: its addresses, data directory and process."""

    collect_url: str
    app_url: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> Any:
        """Return the JSON answer of the API."""
        return self._answer("GET", path)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Return the JSON answer of the API."""
        return self._answer("POST", path, json=body)

    def stored(self) -> int:
        """Return how many events can be queried."""
        answer = self.post("/api/v1/sql", {"sql": "SELECT count() FROM events", "parameters": {}})
        return int(answer["rows"][0][0])

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        authorization = {"Authorization": f"Bearer {TOKEN}"}
        response = httpx.request(
            method, self.app_url + path, headers=authorization, timeout=120.0, **arguments
        )
        response.raise_for_status()
        return response.json()


@contextmanager
def running(
    arguments: Sequence[str] = UP,
    *,
    has_app: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Instance]:
    """Run Python with the arguments until the block ends; `settings` are further variables.

    Ready means the collection port, and the app's where there is one.

    Raises:
        TailraceError: it ended, or was not ready in time; it has said why on standard error.
    """
    with tempfile.TemporaryDirectory(
        prefix="tailrace-throwaway-", ignore_cleanup_errors=True
    ) as name:
        directory = Path(name)
        collect_port, app_port = _free_port(), _free_port()
        environ = _environ(directory, collect_port=collect_port, app_port=app_port)
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**environ, **(settings or {})},
            stdout=subprocess.DEVNULL,
        )
        instance = Instance(
            collect_url=f"http://127.0.0.1:{collect_port}",
            app_url=f"http://127.0.0.1:{app_port}",
            data_dir=directory / "data",
            process=process,
        )
        try:
            urls = [instance.collect_url, *([instance.app_url] if has_app else [])]
            _await_ready(process, urls)
            yield instance
        finally:
            _end(process)


def _environ(directory: Path, *, collect_port: int, app_port: int) -> dict[str, str]:
    settings_file = directory / "tailrace.toml"
    settings_file.touch()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TAILRACE_")}
    return {
        **inherited,
        "TAILRACE_CONFIG": str(settings_file),
        "TAILRACE_DATA_DIR": str(directory / "data"),
        "TAILRACE_COLLECT_PORT": str(collect_port),
        "TAILRACE_APP_PORT": str(app_port),
        "TAILRACE_WRITE_KEY": WRITE_KEY,
        "TAILRACE_API_TOKEN": TOKEN,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(process: subprocess.Popen[bytes], urls: Sequence[str]) -> None:
    deadline = time.monotonic() + READY_S_MAX
    waiting = set(urls)
    while waiting:
        waiting = {url for url in waiting if not is_ready(url)}
        if process.poll() is not None:
            raise TailraceError(
                f"the throw-away instance ended with status {process.returncode}; see above"
            )
        if waiting and time.monotonic() > deadline:
            raise TailraceError(
                f"the throw-away instance was not ready within {READY_S_MAX:.0f} s; see above"
            )
        time.sleep(_LOOK_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
