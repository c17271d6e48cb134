"""Delivering: events per second and processor time per event, to a webhook that answers at once."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench.instances import cpu_seconds, memory_bytes
from tailrace.config import Config, read_config
from tailrace.control import ensure_workspace
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.delivery_rules import DeliveryRules
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.vault import open_vault
from tailrace.destinations import load_catalog
from tailrace.event import BLOCK_VERSION, Block, Event, encode_block
from tailrace.log import EVENTS, NewRecord, open_log

BLOCK_EVENTS = 5_000
DEADLINE_S = 300.0
SINK = """
import asyncio, sys

class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data, self.need = transport, bytearray(), -1

    def data_received(self, data):
        self.data += data
        while True:
            if self.need < 0:
                head, mark, rest = bytes(self.data[:16384]).partition(b"\\r\\n\\r\\n")
                if not mark:
                    return
                lines = head.lower().split(b"\\r\\n")
                length = next(line for line in lines if line.startswith(b"content-length:"))
                self.need = len(head) + 4 + int(length.partition(b":")[2])
            if len(self.data) < self.need:
                return
            del self.data[: self.need]
            self.need = -1
            self.transport.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")

async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def measure(*, events: int) -> dict[str, Any]:
    """Return the figures for arrays of 1,000 events, for single events, and for 50 destinations."""
    return {
        "arrays of 1,000": _measured(events=events, batch=1_000),
        "one by one": _measured(events=events // 20, batch=1),
        "50 destinations, arrays of 1,000": _measured(
            events=events // 20, batch=1_000, destinations=50
        ),
        "50 idle destinations": _idle(destinations=50),
    }


def _measured(*, events: int, batch: int, destinations: int = 1) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory, sink() as url:
        settings = {"url": url, "batch_events_max": batch, "timeout_s": 30}
        config = prepared(Path(directory), "webhook", settings, destinations=destinations)
        with deliverer(config, destinations) as process:
            records = list(records_of(events))
            log = open_log(config)
            writer = log.writer(EVENTS)
            begun, cpu_begun = time.perf_counter(), cpu_seconds(process.pid)
            for record in records:
                writer.append([record])
            wait(lambda: delivered(config) >= events * destinations)
            took_s = time.perf_counter() - begun
            cpu_s = cpu_seconds(process.pid) - cpu_begun
            memory = memory_bytes(process.pid)
            log.close()
    deliveries = events * destinations
    return {
        "deliveries": deliveries,
        "deliveries_per_s": round(deliveries / took_s),
        "cpu_us_per_delivery": round(cpu_s / deliveries * 1e6, 1),
        "memory_mb": round(memory / 1e6),
    }


def _idle(*, destinations: int) -> dict[str, Any]:
    def memory(count: int) -> int:
        with tempfile.TemporaryDirectory() as directory:
            settings = {"url": "http://127.0.0.1:9", "batch_events_max": 1}
            config = prepared(Path(directory), "webhook", settings, destinations=count)
            with deliverer(config, count) as process:
                time.sleep(3)
                return memory_bytes(process.pid)

    one, many = memory(1), memory(destinations)
    return {
        "memory_mb_with_one": round(one / 1e6),
        "memory_mb_for_each_further": round((many - one) / (destinations - 1) / 1e6, 2),
    }


def prepared(
    directory: Path,
    kind: str,
    settings: dict[str, Any],
    *,
    delivery: dict[str, Any] | None = None,
    destinations: int = 1,
) -> Config:
    """Return the settings of an instance with so many destinations of one type."""
    file = directory / "tailrace.toml"
    file.write_text('[deliver]\nprivate_networks = ["127.0.0.0/8"]\nfile_directories = ["/tmp"]\n')
    config = read_config(environ={}, path=file, data_dir=directory / "data")
    ensure_workspace(config)
    changes = Changes(open_engine(config))
    made = Destinations(config, changes, open_vault(config), load_catalog())
    for number in range(destinations):
        made.create(
            DestinationDraft(
                slug=f"sink-{number}",
                type=kind,
                settings=settings,
                delivery=msgspec.convert(delivery or {}, DeliveryRules),
            ),
            actor="bench",
        )
    changes.close()
    return config


def records_of(events: int) -> Iterator[NewRecord]:
    """Yield blocks of events of about 900 bytes, of 10,000 people."""
    begun = datetime.now(UTC)
    page = {"url": "https://shop.example.com/cart", "path": "/cart", "title": "Cart"}
    context = msgspec.json.encode(
        {"page": page, "locale": "de-DE", "userAgent": "Mozilla/5.0 " + "x" * 100}
    )
    properties = msgspec.json.encode(
        {"order_id": "o-1042", "total": 49.9, "products": [{"sku": "a", "n": 1}] * 5}
    )
    empty = msgspec.Raw(b"{}")
    for first in range(0, events, BLOCK_EVENTS):
        lines = [
            Event(
                message_id=f"message-{number}",
                type="track",
                event="Order Completed",
                user_id=f"u-{number % 10_000}",
                source="web",
                timestamp=begun + timedelta(milliseconds=number),
                received_at=begun,
                properties=msgspec.Raw(properties),
                traits=empty,
                context=msgspec.Raw(context),
                integrations=empty,
                raw_partition=0,
                raw_offset=number,
                raw_index=0,
                original="x" * 300,
            )
            for number in range(first, min(events, first + BLOCK_EVENTS))
        ]
        at = round(begun.timestamp() * 1e6)
        block = Block(
            version=BLOCK_VERSION,
            counts=[("web", at // 60_000_000, len(lines))],
            id_hashes=b"",
            received_at=(at, at),
            events_count=len(lines),
            events=msgspec.json.Encoder().encode_lines(lines),
            set_aside_count=0,
            set_aside=b"",
        )
        yield NewRecord(b"", encode_block(block))


class sink:  # noqa: N801 - a context
    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        return f"http://127.0.0.1:{self._process.stdout.readline().strip()}/"

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class deliverer:  # noqa: N801 - a context
    """A process that delivers; ready when all destinations are."""

    def __init__(self, config: Config, destinations: int) -> None:
        self._config = config
        self._destinations = destinations

    def __enter__(self) -> "subprocess.Popen[bytes]":
        arguments = ["--data-dir", str(self._config.data_dir), "--config", str(self._config.file)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tailrace", "work", "--only", "deliver", *arguments],
            env={name: text for name, text in os.environ.items() if "TAILRACE" not in name},
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: _told(self._config) == self._destinations)
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def _files(config: Config) -> list[Path]:
    return list((config.data_dir / "deliver").glob("*.sqlite"))


def _told(config: Config) -> int:
    return sum(
        bool(_asked(path, "SELECT count(*) FROM meta WHERE name = 'state'"))
        for path in _files(config)
    )


def delivered(config: Config) -> int:
    """Return how many deliveries the books of all destinations have."""
    asked = "SELECT coalesce(sum(events), 0) FROM counts WHERE outcome = 'delivered'"
    return sum(_asked(path, asked) for path in _files(config))


def _asked(path: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)) as state:
        return int(state.execute(sql).fetchone()[0])


def wait(is_so: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:.0f} s")
        time.sleep(0.05)


if __name__ == "__main__":
    print(json.dumps(measure(events=400_000), indent=2))
