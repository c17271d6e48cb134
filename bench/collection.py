"""(a) single events, (b) batches of 100, (d) latency at half load: durable, and without the disk.

The two forms run in turn, so that both meet the same machine; medians of the rounds are given.
"""

import json
import os
import shutil
import subprocess
import time
from base64 import b64encode
from statistics import median
from typing import Any

from bench.instances import WRITE_KEY, Instance, cpu_seconds, running
from tailrace import load

CONNECTIONS = 256
BATCH_CONNECTIONS = 16
BATCH_EVENTS = 100
ANSWER_MS = 4.0
DELAY_MS = 10


def measure(*, seconds: float, rounds: int, workers: int) -> dict[str, Any]:
    """Return the figures of the collection alone: nothing reads what is appended."""
    if shutil.which("wrk") is None:
        raise SystemExit("The collection measurements need wrk (Debian: apt-get install wrk).")
    settings = {"TAILRACE_COLLECT_WORKERS": str(workers)}
    figures: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for form, module in (("durable", "bench.collectors"), ("diskless", "bench.collectors")):
            with running(form, module=module, **settings) as instance:
                figures.setdefault(f"single {form}", []).append(_single(instance, seconds))
                figures.setdefault(f"batch {form}", []).append(_batches(instance, seconds))
    result = {name: _median(runs) for name, runs in figures.items()}
    half = result["single durable"]["requests_per_s"] / 2
    with running("durable", module="bench.collectors", **settings) as instance:
        result["half load"] = _single(instance, seconds, requests_per_s=half)
    result["single durable"]["of_diskless"] = (
        result["single durable"]["requests_per_s"] / result["single diskless"]["requests_per_s"]
    )
    result["batch durable"]["of_diskless"] = (
        result["batch durable"]["events_per_s"] / result["batch diskless"]["events_per_s"]
    )
    return result


def _single(
    instance: Instance, seconds: float, *, requests_per_s: float | None = None
) -> dict[str, float]:
    head, tail = load.templates(batch_events=1, count=1)[0].pieces
    head = head.removeprefix(b'{"batch":[')
    tail = tail.removesuffix(b"]}")
    connections = CONNECTIONS
    if requests_per_s is not None:
        connections = max(1, round(requests_per_s * (DELAY_MS + ANSWER_MS) / 1000))
    environ = {
        **os.environ,
        "BENCH_HEAD": head.decode(),
        "BENCH_TAIL": tail.decode(),
        "BENCH_KEY": b64encode(f"{WRITE_KEY}:".encode()).decode(),
        "BENCH_RUN": f"bench-{time.time_ns():x}",
        "BENCH_DELAY_MS": str(DELAY_MS if requests_per_s is not None else 0),
    }
    before = _cpu(instance)
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", "bench/single.lua",
         instance.collect_url],
        env=environ, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    line = next(line for line in output.splitlines() if line.startswith("BENCH "))
    answer = json.loads(line.removeprefix("BENCH "))
    if answer["not_2xx"] or answer["socket_errors"]:
        raise RuntimeError(f"not every request was answered 200: {answer}")
    return {
        "requests_per_s": answer["requests"] / answer["seconds"],
        "p50_ms": answer["p50_ms"],
        "p99_ms": answer["p99_ms"],
        "cpu_us_per_event": (_cpu(instance) - before) / answer["requests"] * 1e6,
    }


def _batches(instance: Instance, seconds: float) -> dict[str, float]:
    before = _cpu(instance)
    outcome = load.send_load(
        instance.collect_url,
        write_key=WRITE_KEY,
        batches=load.templates(batch_events=BATCH_EVENTS),
        seconds=seconds,
        connections=BATCH_CONNECTIONS,
    )
    if outcome.refused:
        raise RuntimeError(f"not every batch was answered 200: {outcome.refused}")
    return {
        "events_per_s": outcome.events_per_s,
        "p50_ms": outcome.percentile_ms(0.5),
        "p99_ms": outcome.percentile_ms(0.99),
        "cpu_us_per_event": (_cpu(instance) - before) / outcome.events * 1e6,
    }


def _cpu(instance: Instance) -> float:
    return sum(cpu_seconds(pid) for pid in instance.processes().values())


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: median(run[key] for run in runs) for key in runs[0]}
