"""Starts the system under measurement as its user would, and looks at its processes."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

WRITE_KEY = "bench-write-key"
TOKEN = "bench-token-of-a-throw-away-instance"
READY_S_MAX = 60.0


@dataclass
class Instance:
    """A running instance: its addresses, data directory and process."""

    collect_url: str
    app_url: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        response = httpx.post(
            self.app_url + path,
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60.0,
        )
        response.raise_for_status()
        return response.json()

    def get(self, path: str) -> Any:
        response = httpx.get(
            self.app_url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120.0
        )
        response.raise_for_status()
        return response.json()

    def stored(self) -> int:
        answer = self.post("/api/v1/sql", {"sql": "SELECT count() FROM events", "parameters": {}})
        return int(answer["rows"][0][0])

    def processes(self) -> dict[str, int]:
        """Return name -> process id of the supervisor and its children."""
        found = {"supervisor": self.process.pid}
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                stat = (directory / "stat").read_text()
                words = (directory / "cmdline").read_text().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                is_part = "tailrace" in words
                name = words[words.index("tailrace") + 1] if is_part else "collector"
                found[f"{name} {directory.name}" if name in found else name] = int(directory.name)
        return found


@contextmanager
def running(*arguments: str, module: str = "tailrace", **settings: str) -> Iterator[Instance]:
    """Run `python -m <module> <arguments>` on a throw-away data directory until it is ready."""
    directory = Path(tempfile.mkdtemp(prefix="tailrace-bench-"))
    collect_port, app_port = free_port(), free_port()
    environ = {
        **os.environ,
        "TAILRACE_DATA_DIR": str(directory / "data"),
        "TAILRACE_COLLECT_PORT": str(collect_port),
        "TAILRACE_APP_PORT": str(app_port),
        "TAILRACE_WRITE_KEY": WRITE_KEY,
        "TAILRACE_API_TOKEN": TOKEN,
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], env=environ, stdout=subprocess.DEVNULL
    )
    instance = Instance(
        collect_url=f"http://127.0.0.1:{collect_port}",
        app_url=f"http://127.0.0.1:{app_port}",
        data_dir=directory / "data",
        process=process,
    )
    try:
        urls = [instance.collect_url]
        if "up" in arguments:
            urls.append(instance.app_url)
        _await_ready(process, urls)
        yield instance
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(directory, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_bytes(pid: int) -> int:
    """Return the proportional set size: shared pages are divided among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss line")


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _await_ready(process: subprocess.Popen[bytes], urls: list[str]) -> None:
    deadline = time.monotonic() + READY_S_MAX
    waiting = set(urls)
    while waiting:
        for url in list(waiting):
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    waiting.discard(url)
            except httpx.TransportError:
                pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the instance under measurement did not start; see above")
        time.sleep(0.1)
