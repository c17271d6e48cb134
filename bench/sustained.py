"""(c) sustained load from HTTP to queryable, with freshness, (g) memory idle and under load."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

from bench.instances import WRITE_KEY, Instance, cpu_seconds, memory_bytes, running
from tailrace import load

PROBE_S = 1.0
IDLE_S = 5.0


def measure(*, events_per_s: float | None, seconds: float) -> dict[str, Any]:
    """Send batches of 100, steadily unless None; watch the age of the newest queryable event."""
    with running("up") as instance:
        time.sleep(IDLE_S)
        idle = _memory(instance)
        before = _cpu(instance)
        probe = Probe(instance)
        probe.start()
        outcome = load.send_load(
            instance.collect_url,
            write_key=WRITE_KEY,
            batches=load.templates(batch_events=100),
            seconds=seconds,
            connections=16,
            events_per_s=events_per_s,
        )
        under_load = _memory(instance)
        probe.stop()
        waited = await_stored(instance, outcome.events)
        cpu = {
            name: (value - before.get(name, 0.0)) / outcome.events * 1e6
            for name, value in _cpu(instance).items()
        }
        audit = instance.get("/api/v1/ledger?since=1h")
        status = instance.get("/api/v1/status")
    freshness = sorted(probe.seconds)
    return {
        "asked_events_per_s": events_per_s,
        "events_per_s": outcome.events_per_s,
        "events": outcome.events,
        "refused": outcome.refused,
        "answer_p99_ms": outcome.percentile_ms(0.99),
        "freshness_p50_s": freshness[len(freshness) // 2],
        "freshness_p99_s": freshness[int(0.99 * (len(freshness) - 1))],
        "freshness_max_s": freshness[-1],
        "probes": len(freshness),
        "all_queryable_after_s": waited,
        "balanced": audit["balanced"],
        "cpu_us_per_event": cpu,
        "memory_idle_bytes": idle,
        "memory_idle_total": sum(idle.values()),
        "memory_load_bytes": under_load,
        "memory_load_total": sum(under_load.values()),
        "store": status.get("store"),
    }


class Probe(threading.Thread):
    """Asks again and again for the newest event; the answer's age is the freshness then."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(daemon=True)
        self._instance = instance
        self._ended = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        sql = "SELECT toUnixTimestamp64Milli(max(received_at)), count() FROM events"
        # The first second has nothing to find yet.
        self._ended.wait(1.0)
        while not self._ended.wait(PROBE_S):
            answer = self._instance.post("/api/v1/sql", {"sql": sql, "parameters": {}})
            newest, events = answer["rows"][0]
            if int(events):
                self.seconds.append(datetime.now(UTC).timestamp() - int(newest) / 1000)

    def stop(self) -> None:
        self._ended.set()
        self.join(timeout=60)


def await_stored(instance: Instance, events: int) -> float:
    """Return the seconds until so many events can be queried."""
    started = time.monotonic()
    while instance.stored() < events:
        if time.monotonic() - started > 600:
            raise RuntimeError("not all events could be queried after 600 s")
        time.sleep(0.1)
    return time.monotonic() - started


def _memory(instance: Instance) -> dict[str, int]:
    return {name: memory_bytes(pid) for name, pid in instance.processes().items()}


def _cpu(instance: Instance) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in instance.processes().items()}
