"""The durable log: records on disk before the answer, read by any number of consumer groups.

Files of the SQLite form, all below `<data directory>/log`, mode 0700 and 0600:

    <stream>/<partition>/<base offset, 20 digits>.db    a segment: records from that offset on
    <stream>/<partition>/head       the writer's lock, and the next offset as last acknowledged
    <stream>/<partition>/owner      the group that emits here; empty when any writer may
    <stream>/<partition>/damaged/   what was set aside: lost.json, the bytes
    groups/<group>.db, .lock        positions and counts of a group; its one member's lock
    ledger.db                       counts of sealed segments
    wake/<stream>/<process>-<id>    sockets of readers that wait
    retention.lock                  one process at a time removes segments

A segment is a SQLite file (write-ahead log, synchronous=FULL) with the tables `meta`, `blocks`,
`positions` and `counts`. A block is one append: offset, count, size, codec (1 zstd, 0 none),
checksum, time, body. `docs/log-format.md` describes every field, and what happens on each damage.

Invariants, each kept where it is named:

1. An append has returned only when its records are on disk (`SegmentWriter.append`, one commit).
2. Records of a partition are contiguous, in order, and an offset is never given out twice, after
   damage either (`PartitionWriter._open`).
3. A partition has one writer, a group one member: locks that the kernel frees (`Head`).
4. What a group consumed, emitted and counted is one transaction of one file (`EmittingCommitter`,
   `QuietCommitter`). A new segment gets the positions in its first transaction, and its name only
   when that is on disk (`make_segment`).
5. Each count is in the sums once: in its file until that is folded, then in the ledger (`Books`).
6. No reader holds a writer up: reads are short transactions on snapshots (`SegmentReader`).
7. Only sealed segments are removed, oldest first, after every known group (`Retention`).
8. Every byte that is read was checked: blocks, positions and counts have checksums. Damage stops
   its partition until it is set aside, and nothing else (`PartitionReader`, `GroupConsumer`).
"""

import time
from collections.abc import Callable

from tailrace.config import Config
from tailrace.log.contract import (
    EVENTS,
    RAW,
    Consumer,
    Count,
    Damage,
    Extent,
    Log,
    NewRecord,
    Record,
    Writer,
)
from tailrace.log.lost import LostRange
from tailrace.log.sqlite import SqliteLog

__all__ = [
    "EVENTS",
    "RAW",
    "Consumer",
    "Count",
    "Damage",
    "Extent",
    "Log",
    "LostRange",
    "NewRecord",
    "Record",
    "SqliteLog",
    "Writer",
    "open_log",
]


def open_log(config: Config, *, clock: Callable[[], float] = time.time) -> SqliteLog:
    """Return the log that the settings name; any number of processes may have it open at once.

    `clock` gives seconds since 1970 UTC; it dates blocks and decides what is too old.
    """
    return SqliteLog(config.log_dir, limits=config.log, clock=clock)
