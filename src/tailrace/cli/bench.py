"""`bench`: what this machine can take, measured on an instance of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tailrace.cli.common import AsJson, fail, print_json

WRITE_KEY = "bench-write-key"
TOKEN = "bench-token-of-a-throw-away-instance"  # noqa: S105 - lives as long as the measurement
READY_S_MAX = 60.0
STORED_S_MAX = 600.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace bench --seconds 30")(bench)


def bench(
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Length of each run.")] = 10.0,
    connections: Annotated[int, typer.Option("--connections", min=1, max=256)] = 4,
    as_json: AsJson = False,
) -> None:
    """Measure batches of 100 events from HTTP to queryable, on a throw-away instance."""
    from tailrace import load

    console = Console(highlight=False, stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as directory:
        collect_port, app_port = _free_port(), _free_port()
        process = _start(Path(directory), collect_port=collect_port, app_port=app_port)
        try:
            _await_ready(process, app_port, collect_port)
            console.print(
                f"Sending batches of 100 for {seconds:g} s over {connections} connections"
            )
            outcome = load.send_load(
                f"http://127.0.0.1:{collect_port}",
                write_key=WRITE_KEY,
                batches=load.templates(batch_events=100),
                seconds=seconds,
                connections=connections,
            )
            caught_up_s = _await_stored(app_port, outcome.events)
        finally:
            process.terminate()
            process.wait(timeout=30)
    figures = {
        "accepted_events_per_s": round(outcome.events_per_s),
        "stored_events_per_s": round(outcome.events / (outcome.seconds + caught_up_s)),
        "answer_ms_p50": round(outcome.percentile_ms(0.5), 2),
        "answer_ms_p99": round(outcome.percentile_ms(0.99), 2),
        "events": outcome.events,
        "refused": {str(status): times for status, times in outcome.refused.items()},
        "caught_up_after_s": round(caught_up_s, 2),
        "cores": os.cpu_count(),
    }
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        console.print(f"  {name.replace('_', ' '):<24} {value}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(directory: Path, *, collect_port: int, app_port: int) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "TAILRACE_DATA_DIR": str(directory / "data"),
        "TAILRACE_COLLECT_PORT": str(collect_port),
        "TAILRACE_APP_PORT": str(app_port),
        "TAILRACE_WRITE_KEY": WRITE_KEY,
        "TAILRACE_API_TOKEN": TOKEN,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tailrace", "up"], env=environ, stdout=subprocess.DEVNULL
    )


def _await_ready(process: subprocess.Popen[bytes], *ports: int) -> None:
    import httpx

    deadline = time.monotonic() + READY_S_MAX
    waiting = set(ports)
    while waiting:
        for port in list(waiting):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    waiting.discard(port)
            except httpx.TransportError:
                pass
        if process.poll() is not None or time.monotonic() > deadline:
            fail("The instance to measure did not start; see above.", status=1)
        time.sleep(0.1)


def _await_stored(app_port: int, events: int) -> float:
    """Return how many seconds it took until everything sent could be queried."""
    import httpx

    started = time.monotonic()
    with httpx.Client(
        base_url=f"http://127.0.0.1:{app_port}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=30.0,
    ) as client:
        stored = -1
        while stored < events:
            if time.monotonic() - started > STORED_S_MAX:
                fail(f"Only {stored} of {events} events can be queried by now.", status=1)
            answer: dict[str, Any] = client.post(
                "/api/v1/sql", json={"sql": "SELECT count() FROM events", "parameters": {}}
            ).json()
            stored = int(answer["rows"][0][0])
            time.sleep(0.1)
    return time.monotonic() - started
