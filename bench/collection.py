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
CALIBRATIONS = 2
CALIBRATION_S = 3.0


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
        result["half load"] = _at_rate(instance, seconds, requests_per_s=half)
    result["single durable"]["of_diskless"] = (
        result["single durable"]["requests_per_s"] / result["single diskless"]["requests_per_s"]
    )
    result["batch durable"]["of_diskless"] = (
        result["batch durable"]["events_per_s"] / result["batch diskless"]["events_per_s"]
    )
    return result


def _at_rate(instance: Instance, seconds: float, *, requests_per_s: float) -> dict[str, float]:
    """Measure at a rate: as many connections, each pausing between requests, as make it up."""
    connections = round(requests_per_s * (DELAY_MS + ANSWER_MS) / 1000)
    for _ in range(CALIBRATIONS):
        tried = _single(instance, CALIBRATION_S, connections=connections, delay_ms=DELAY_MS)
        connections = max(1, round(connections * requests_per_s / tried["requests_per_s"]))
    measured = _single(instance, seconds, connections=connections, delay_ms=DELAY_MS)
    return {**measured, "wanted_per_s": requests_per_s, "connections": connections}


def _single(
    instance: Instance, seconds: float, *, connections: int = CONNECTIONS, delay_ms: int = 0
) -> dict[str, float]:
    head, tail = load.templates(batch_events=1, count=1)[0].pieces
    head = head.removeprefix(b'{"batch":[')
    tail = tail.removesuffix(b"]}")
    environ = {
        **os.environ,
        "BENCH_HEAD": head.decode(),
        "BENCH_TAIL": tail.decode(),
        "BENCH_KEY": b64encode(f"{WRITE_KEY}:".encode()).decode(),
        "BENCH_RUN": f"bench-{time.time_ns():x}",
        "BENCH_DELAY_MS": str(delay_ms),
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
