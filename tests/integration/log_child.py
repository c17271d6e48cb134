"""A process that uses the log until it is killed; see `test_log_crashes.py`.

python log_child.py append DIRECTORY SEED     prints what each append has been given, when durable
python log_child.py refine DIRECTORY SEED     consumes raw, emits and counts; prints each commit
python log_child.py follow DIRECTORY SEED     prints each record of raw as it comes
"""

import random
import sys
from pathlib import Path

from tailrace.config import LogConfig
from tailrace.log import EVENTS, RAW, Count, NewRecord, SqliteLog


def open_small_log(directory: Path) -> SqliteLog:
    """Open a log that starts a new segment every few dozen commits."""
    return SqliteLog(directory, limits=LogConfig(segment_bytes_max=30_000))


def append(log: SqliteLog, chance: random.Random) -> None:
    writer = log.writer(RAW)
    while True:
        size = chance.randrange(1, 6)
        records = [
            NewRecord(b"", f"{writer.partition} {writer.next + index}".encode() + noise(chance))
            for index in range(size)
        ]
        first = writer.append(records, [Count("web", 1, "accepted", size)])
        tell(f"{writer.partition} {first} {size}")


def refine(log: SqliteLog, chance: random.Random) -> None:
    consumer = log.consumer("refine", stream=RAW, emits=EVENTS)
    tell("joined")
    while True:
        records = consumer.poll(bytes_max=chance.randrange(1, 3_000), timeout_s=1.0)
        emitted = [
            NewRecord(b"", f"{record.partition} {record.offset}".encode() + noise(chance))
            for record in records
        ]
        consumer.commit(emitted=emitted, counts=[Count("web", 1, "refined", len(emitted))])
        tell(str(len(emitted)))


def follow(log: SqliteLog, chance: random.Random) -> None:
    consumer = log.consumer("follow", stream=RAW)
    tell("joined")
    while True:
        for record in consumer.poll(bytes_max=1_000_000, timeout_s=60.0):
            tell(record.body.decode())


def noise(chance: random.Random) -> bytes:
    return b" " + chance.randbytes(chance.randrange(0, 300)).hex().encode()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    mode, directory, seed = sys.argv[1:]
    actions = {"append": append, "refine": refine, "follow": follow}
    actions[mode](open_small_log(Path(directory)), random.Random(int(seed)))
