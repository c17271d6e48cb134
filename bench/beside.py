"""What destinations cost the others: processor time of each process, without any and with 50.

The same steady load goes to one source twice; the second time 50 webhooks take all of its events,
from a server on the same machine that answers at once.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.deliveries import sink
from bench.instances import WRITE_KEY, cpu_seconds, running
from bench.sustained import await_stored
from tailrace import load

DESTINATIONS = 50
EVENTS_PER_S = 1_000.0
SECONDS = 40.0
SETTLE_S = 5.0


def measure() -> dict[str, Any]:
    """Return microseconds of processor time per event by process."""
    return {
        "without destinations": _measured(0),
        f"with {DESTINATIONS}": _measured(DESTINATIONS),
    }


def _measured(destinations: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory, sink() as url:
        file = Path(directory) / "tailrace.toml"
        file.write_text('[deliver]\nprivate_networks = ["127.0.0.0/8"]\n')
        with running("up", TAILRACE_CONFIG=str(file)) as instance:
            for number in range(destinations):
                settings = {"url": url, "batch_events_max": 1_000}
                draft = {"slug": f"sink-{number}", "type": "webhook", "settings": settings}
                instance.post("/api/v1/destinations", draft)
            time.sleep(SETTLE_S)
            before = {name: cpu_seconds(pid) for name, pid in instance.processes().items()}
            outcome = load.send_load(
                instance.collect_url,
                write_key=WRITE_KEY,
                batches=load.templates(batch_events=100),
                seconds=SECONDS,
                connections=4,
                events_per_s=EVENTS_PER_S,
            )
            await_stored(instance, outcome.events)
            time.sleep(SETTLE_S)
            after = {name: cpu_seconds(pid) for name, pid in instance.processes().items()}
            audit = instance.get("/api/v1/ledger?since=1h")
    return {
        "events": outcome.events,
        "answer_p99_ms": outcome.percentile_ms(0.99),
        "balanced": audit["balanced"],
        "cpu_us_per_event": {
            name: round((after[name] - spent) / outcome.events * 1e6, 1)
            for name, spent in before.items()
        },
    }
