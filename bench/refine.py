"""What refining costs: CPU time per event, and deduplication with a large index.

    python bench/refine.py [--ids 20000000] [--directory /tmp/...]

Times are CPU time of this process, so that other load on the machine disturbs little; each figure
is the best of several rounds. An event is an e-commerce track call of about 890 bytes, as a browser
sends it. The log and its compression are not in it.
"""

import argparse
import gc
import json
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from tailrace.config import Config, Source
from tailrace.event import Call, encode_block, encode_call
from tailrace.log.contract import Extent, Log, Record
from tailrace.refine import refine_calls, rules_of
from tailrace.refine.dedup import DedupIndex

RECEIVED_AT = 1_735_787_046_500_000
EVENTS = 20_000
ROUNDS = 5
HASH_BYTES = 16
WINDOW_S = 7 * 86_400.0

_RULES = rules_of(Config(data_dir=Path(), sources=(Source(slug="web", write_keys=("k" * 10,)),)))


def main() -> None:
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, default=20_000_000, help="ids in the large index")
    parser.add_argument("--directory", type=Path, default=None, help="where to put the index")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=arguments.directory))
    try:
        for name, value in {
            **measure_steps(directory),
            **measure_index(directory, arguments.ids),
        }.items():
            print(f"{name:56} {value:>12}", flush=True)
    finally:
        shutil.rmtree(directory)


def measure_steps(directory: Path) -> dict[str, str]:
    """Return CPU time per event of whole steps, from raw records to encoded blocks."""
    batches = list(_batches(random.Random(1), size=100))
    singles = list(_singles(random.Random(2)))
    empty = _opened(directory / "small")
    known = _opened(directory / "known")
    for block in refine_calls(batches, _RULES, known).blocks:
        known.add(block.id_hashes, received_at=block.received_at)
    body_bytes = sum(len(record.body) for record in batches) / EVENTS
    return {
        "bytes per event, as sent": f"{body_bytes:.0f}",
        "batches of 100, one a step": _cost(batches, 1, empty),
        "batches of 100, twenty a step": _cost(batches, 20, empty),
        "single calls, one a step": _cost(singles, 1, empty),
        "single calls, 1,000 a step": _cost(singles, 1_000, empty),
        "duplicates, batches of 100, twenty a step": _cost(batches, 20, known),
    }


def measure_index(directory: Path, ids: int) -> dict[str, str]:
    """Return what a lookup costs in an index of so many ids, spread over the window."""
    rng = np.random.default_rng(3)
    index = _opened(directory / "large", clock=lambda: RECEIVED_AT / 1_000_000)
    log = cast("Log", _GrowingLog())
    first = b""
    started = time.process_time()
    step = 20_000
    for done in range(0, ids, step):
        hashes = rng.bytes(HASH_BYTES * step)
        first = first or hashes
        # Evenly over the seven days before now.
        at = RECEIVED_AT - int((1 - done / ids) * WINDOW_S * 1_000_000)
        index.add(hashes, received_at=(at, at))
        cast("_GrowingLog", log).blocks += 1
        index.tend(log)
    index.merge_all(timeout_s=600.0)
    filled_us = (time.process_time() - started) / ids * 1e6
    disk = sum(path.stat().st_size for path in (directory / "large").iterdir())
    unknown = [rng.bytes(HASH_BYTES) for _ in range(EVENTS)]
    known = [first[at : at + HASH_BYTES] for at in range(0, len(first), HASH_BYTES)]
    if any(index.contains(unknown)) or not all(index.contains(known)):
        raise AssertionError("the index gives wrong answers")
    figures = {
        "ids in the index": f"{ids:,}",
        "files": str(index.runs_count),
        "bytes on disk per id": f"{disk / ids:.1f}",
        "memory of this process beyond mapped files": f"{_own_mib()} MiB",
        "filling, merges in it, us per id": f"{filled_us:.2f}",
        "lookup of unknown ids, 20,000 a step": _lookup(index, unknown, 20_000),
        "lookup of unknown ids, 2,000 a step": _lookup(index, unknown, 2_000),
        "lookup of unknown ids, 100 a step": _lookup(index, unknown, 100),
        "lookup of unknown ids, 1 a step": _lookup(index, unknown[:500], 1),
        "lookup of known ids, 2,000 a step": _lookup(index, known, 2_000),
    }
    index.close(log)
    started = time.process_time()
    again = _opened(directory / "large", clock=lambda: RECEIVED_AT / 1_000_000, log=log)
    figures["opening, with its checksums"] = f"{time.process_time() - started:.2f} s"
    again.close(None)
    return figures


class _GrowingLog:
    """The extents of an events log; its blocks are in the index already."""

    def __init__(self) -> None:
        self.blocks = 0

    def extents(self, stream: str) -> Mapping[int, Extent]:
        return {0: Extent(0, self.blocks, 0)} if stream == "events" else {}

    def read(self, stream: str, **_: int) -> list[Record]:
        return []


def _opened(
    directory: Path, *, clock: Callable[[], float] = time.time, log: Log | None = None
) -> DedupIndex:
    index = DedupIndex(directory, window_s=WINDOW_S, clock=clock)
    index.open(log or cast("Log", _GrowingLog()))
    return index


def _cost(records: Sequence[Record], records_per_step: int, index: DedupIndex) -> str:
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        for start in range(0, len(records), records_per_step):
            refined = refine_calls(records[start : start + records_per_step], _RULES, index)
            for block in refined.blocks:
                encode_block(block)
        best = min(best, time.process_time() - started)
    return f"{best / EVENTS * 1e6:.1f} us"


def _lookup(index: DedupIndex, hashes: Sequence[bytes], per_step: int) -> str:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for start in range(0, len(hashes), per_step):
            index.contains(hashes[start : start + per_step])
        best = min(best, time.process_time() - started)
    return f"{best / len(hashes) * 1e6:.2f} us"


def _own_mib() -> int:
    """Return the resident memory that no file backs; the rest is page cache, given up on demand."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) // 1024


def _batches(rng: random.Random, *, size: int) -> Iterator[Record]:
    for offset in range(EVENTS // size):
        items = [_event(rng) for _ in range(size)]
        body = {"batch": items, "sentAt": "2025-01-02T03:04:06.000Z", "writeKey": "k" * 10}
        yield _record(offset, "batch", "/v1/b", size, body)


def _singles(rng: random.Random) -> Iterator[Record]:
    for offset in range(EVENTS):
        body = {**_event(rng), "sentAt": "2025-01-02T03:04:06.000Z", "writeKey": "k" * 10}
        yield _record(offset, "call", "/v1/t", 1, body)


def _record(offset: int, shape: Any, path: str, events: int, body: Mapping[str, Any]) -> Record:
    text = json.dumps(body, separators=(",", ":")).encode()
    call = Call(
        "web", RECEIVED_AT, shape, "", path, events, True, "198.51.100.7", "Mozilla/5.0", text
    )
    return Record(0, offset, b"", encode_call(call))


def _event(rng: random.Random) -> dict[str, Any]:
    number = rng.randrange(100_000)
    path = f"/products/category-{number % 40}/item-{number}"
    chrome = f"Chrome/{100 + number % 27}.0.0.0 Safari/537.36"
    return {
        "timestamp": f"2025-01-02T03:04:05.{number % 1000:03}Z",
        "integrations": {},
        "userId": f"user-{number % 5_000}",
        "anonymousId": str(uuid.UUID(int=rng.getrandbits(128))),
        "event": rng.choice(["Product Viewed", "Product Added", "Order Completed"]),
        "type": "track",
        "properties": {
            "product_id": f"sku-{number}",
            "price": number % 9_000 / 100,
            "currency": "EUR",
            "quantity": 1 + number % 3,
            "category": f"category-{number % 40}",
            "coupon": rng.choice(["", "SPRING", "WELCOME10"]),
            "brand": f"Brand {number % 300}",
            "variant": rng.choice(["red", "green", "blue"]),
            "position": number % 24,
            "list": "Search results",
        },
        "context": {
            "page": {
                "path": path,
                "referrer": "https://www.example.com/",
                "search": "?utm_source=mail&utm_campaign=spring" if number % 5 == 0 else "",
                "title": f"Item {number}",
                "url": f"https://shop.example.com{path}",
            },
            "userAgent": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {chrome}",
            "locale": "de-DE",
            "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
            "timezone": "Europe/Berlin",
        },
        "messageId": f"ajs-next-1735787045{number % 1000:03}-{uuid.UUID(int=rng.getrandbits(128))}",
    }


if __name__ == "__main__":
    main()
