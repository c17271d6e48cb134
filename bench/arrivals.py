"""A million events to each real server: do all arrive, how fast, and what does it take?"""

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench import peers
from bench.deliveries import delivered, deliverer, prepared, records_of, wait
from bench.instances import cpu_seconds, memory_bytes
from bench.peers import Peer
from tailrace.log import EVENTS, open_log

PEERS: dict[str, Callable[[], AbstractContextManager[Peer]]] = {
    "webhook": peers.webhook,
    "kinesis": peers.moto_kinesis,
    "kinesalite": peers.kinesalite,
    "firehose": peers.moto_firehose,
    "s3": peers.moto_s3,
    "opensearch": peers.opensearch,
    "postgres": peers.postgres,
    "nats": peers.nats,
    "redis": peers.redis_streams,
    "file": peers.file,
}
LONGEST_S = 1_800.0
LOOK_EVERY_S = 0.25


def measure(names: list[str], *, events: int) -> dict[str, Any]:
    """Return the figures by the names of `PEERS`."""
    return {name: _arrived(PEERS[name], events) for name in names}


def _arrived(peer: Callable[[], AbstractContextManager[Peer]], events: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory, peer() as tool:
        config = prepared(Path(directory), tool.type, tool.settings, delivery=tool.delivery)
        with deliverer(config, 1) as process:
            idle = memory = memory_bytes(process.pid)
            log = open_log(config)
            writer = log.writer(EVENTS)
            begun, cpu_begun = time.perf_counter(), cpu_seconds(process.pid)
            tool_begun = cpu_seconds(tool.pid) if tool.pid else None
            for record in records_of(events):
                writer.append([record])
            wrote_s = time.perf_counter() - begun

            def has_all() -> bool:
                nonlocal memory
                memory = max(memory, memory_bytes(process.pid))
                time.sleep(LOOK_EVERY_S)
                return delivered(config) >= events

            wait(has_all, within_s=LONGEST_S)
            took_s = time.perf_counter() - begun
            cpu_s = cpu_seconds(process.pid) - cpu_begun
            tool_s = cpu_seconds(tool.pid) - tool_begun if tool.pid and tool_begun else None
            log.close()
        arrived = tool.received()
    return {
        "to": tool.name,
        "events": events,
        "arrived": arrived,
        "events_per_s": round(events / took_s),
        "cpu_us_per_event": round(cpu_s / events * 1e6, 1),
        "events_per_s_of_one_core": round(events / cpu_s),
        "cores_of_the_server": None if tool_s is None else round(tool_s / took_s, 2),
        "memory_mb": round(memory / 1e6),
        "memory_mb_idle": round(idle / 1e6),
        "log_written_in_s": round(wrote_s, 1),
    }
