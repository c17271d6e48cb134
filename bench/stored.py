"""(f) bytes stored per event: the demo shop's data, sent through the HTTP API."""

import subprocess
import sys
import time
from typing import Any

from bench.instances import WRITE_KEY, running

EVENTS = 300_000


def measure() -> dict[str, Any]:
    """Return the size on disk of the demo data, as loaded and after its merges have settled."""
    with running("up") as instance:
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "tailrace", "demo", "--history", "30d", "--events", str(EVENTS),
             "--rate", "0", "--seed", "1", "--to", instance.collect_url, "--write-key", WRITE_KEY],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        sent_s = time.monotonic() - started
        events = _settled(instance.stored)
        raw = {
            stream: _size(instance.data_dir / "log" / stream) / events
            for stream in ("raw", "events")
        }
        status = instance.get("/api/v1/status")
    return {
        "events": events,
        "sent_in_s": sent_s,
        "log_bytes_per_event": raw,
        "store": status["store"],
    }


def _settled(count: Any) -> int:
    """Wait until the count stands still for ten seconds, in which merges go on."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 10:
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.5)
    return int(last)


def _size(directory: Any) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
