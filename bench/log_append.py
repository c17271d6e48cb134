"""Measure appends to the log: per second, megabytes per second, CPU per record; then reading back.

Run: python bench/log_append.py [--seconds 3] [--directory /tmp/log-bench] [--stuck-reader]

One thread appends events of about 850 bytes in groups of 1, 10, 100 and 1,000, and batches of 90 kB
one by one and in groups of 10. Each append is durable (fsync) before the next. CPU is that of the
whole process. With `--stuck-reader`, another connection holds a read transaction open all the time.
"""

import argparse
import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tailrace.config import Config
from tailrace.log import RAW, Count, NewRecord, SqliteLog, open_log
from tailrace.log.contract import Writer

WORDS = [f"{colour} {thing}" for colour in ("red", "blue", "green") for thing in ("shoes", "shirt")]
WORDS += ["laptop", "order", "cart", "checkout", "signup", "pricing", "docs", "blog", "search"]
COUNTS = [Count("web", 29_700_000, "accepted", 1)]


def make_event(chance: random.Random) -> bytes:
    """Return one track call as a browser sends it; ids are random, words repeat."""
    return json.dumps(
        {
            "type": "track",
            "event": chance.choice(["Order Completed", "Product Viewed", "Signed Up"]),
            "userId": f"u{chance.randrange(100_000)}",
            "anonymousId": f"{chance.getrandbits(128):032x}",
            "messageId": f"ajs-next-{chance.getrandbits(128):032x}",
            "timestamp": f"2026-07-01T12:{chance.randrange(60):02}:{chance.randrange(60):02}.123Z",
            "properties": {
                "revenue": round(chance.random() * 100, 2),
                "currency": "USD",
                "products": [
                    {
                        "sku": f"{chance.randrange(10**6):06}",
                        "name": " ".join(chance.choices(WORDS, k=3)),
                        "price": chance.randrange(1000),
                    }
                    for _ in range(2)
                ],
                "path": "/" + "/".join(chance.choices(WORDS, k=3)),
                "title": " ".join(chance.choices(WORDS, k=5)),
            },
            "context": {
                "library": {"name": "analytics.js", "version": "next-1.70.0"},
                "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"
                f" (KHTML, like Gecko) Chrome/12{chance.randrange(10)}.0.0.0 Safari/537.36",
                "locale": "en-US",
                "page": {"url": f"https://shop.example/{chance.choice(WORDS)}"},
                "ip": ".".join(str(chance.randrange(256)) for _ in range(4)),
            },
        }
    ).encode()


def measure(
    name: str, writer: Writer, groups: Sequence[Sequence[NewRecord]], seconds: float
) -> None:
    appends = records = size = 0
    latencies: list[float] = []
    cpu_from, from_ = time.process_time(), time.perf_counter()
    while (now := time.perf_counter()) - from_ < seconds:
        group = groups[appends % len(groups)]
        writer.append(group, COUNTS)
        latencies.append(time.perf_counter() - now)
        appends += 1
        records += len(group)
        size += sum(len(record.body) for record in group)
    passed, cpu = time.perf_counter() - from_, time.process_time() - cpu_from
    latencies.sort()
    print(
        f"{name:>12}: {appends / passed:8,.0f} appends/s {records / passed:9,.0f} records/s"
        f" {size / passed / 1e6:7.1f} MB/s  CPU {cpu / records * 1e6:7.1f} us/record"
        f" {size / cpu / 1e6:6.0f} MB per CPU s"
        f"  p50 {latencies[len(latencies) // 2] * 1e3:5.2f}"
        f" p99 {latencies[len(latencies) * 99 // 100] * 1e3:5.2f}"
        f" max {latencies[-1] * 1e3:5.1f} ms"
    )


def measure_reading(log: SqliteLog) -> None:
    consumer = log.consumer("bench", stream=RAW)
    cpu_from = time.process_time()
    records = size = 0
    while found := consumer.poll(bytes_max=8_388_608, timeout_s=0):
        records += len(found)
        size += sum(len(record.body) for record in found)
        consumer.commit()
    cpu = time.process_time() - cpu_from
    print(
        f"{'read back':>12}: {records:,} records, {size / 1e6:,.0f} MB;"
        f" CPU {cpu / records * 1e6:.1f} us/record, {size / cpu / 1e6:,.0f} MB per CPU s"
    )


def hold_a_read_open(log: SqliteLog) -> sqlite3.Connection:
    path = next((log.directory / RAW / "0").glob("*.db"))
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM blocks").fetchone()
    return connection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--stuck-reader", action="store_true")
    arguments = parser.parse_args()
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="log-bench-"))
    chance = random.Random(1)
    events = [NewRecord(b"u1", make_event(chance)) for _ in range(10_000)]
    batches = [
        NewRecord(b"u1", b'{"batch":[' + b",".join(e.body for e in events[n : n + 110]) + b"]}")
        for n in range(0, 9_900, 110)
    ]
    log = open_log(Config(data_dir=directory))
    try:
        writer = log.writer(RAW)
        stuck = hold_a_read_open(log) if arguments.stuck_reader else None
        for size in (1, 10, 100, 1_000):
            groups = [events[n : n + size] for n in range(0, len(events), size)]
            measure(f"{size} x event", writer, groups, arguments.seconds)
        for size in (1, 10):
            groups = [batches[n : n + size] for n in range(0, len(batches), size)]
            measure(f"{size} x 90 kB", writer, groups, arguments.seconds)
        if stuck is not None:
            stuck.close()
        extent = log.extents(RAW)[0]
        print(f"{'on disk':>12}: {extent.bytes / 1e6:,.0f} MB for {extent.next:,} records")
        measure_reading(log)
    finally:
        log.close()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
