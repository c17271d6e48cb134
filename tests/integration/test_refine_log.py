"""The refiner over the log on disk: no restart, kill or refusal loses or repeats an event."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tailrace.config import Config, LogConfig, RefineConfig, Source
from tailrace.errors import LogFullError
from tailrace.event import Block, Call, Event, SetAside, decode_block, encode_call
from tailrace.ledger import DUPLICATE, INVALID, REFINED
from tailrace.log import EVENTS, RAW, NewRecord, SqliteLog, open_log
from tailrace.refine import Refiner

DEADLINE_S = 60.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_at(tmp_path)


def config_at(directory: Path) -> Config:
    return Config(
        data_dir=directory,
        refine=RefineConfig(linger_s=0.0),
        sources=(Source(slug="web", write_keys=("k" * 10,)),),
    )


@pytest.fixture
def log(config: Config) -> Iterator[SqliteLog]:
    log = open_log(config)
    yield log
    log.close()


def call(ids: list[str], *, received_at: int | None = None) -> NewRecord:
    items = [
        {"type": "track", "event": "e", "userId": "u", "messageId": message_id}
        for message_id in ids
    ]
    return NewRecord(
        b"",
        encode_call(
            Call(
                "web",
                received_at or int(time.time() * 1_000_000),
                "batch",
                "",
                "/v1/batch",
                len(ids),
                False,
                "",
                "",
                json.dumps({"batch": items}).encode(),
            )
        ),
    )


def append(log: SqliteLog, *calls: NewRecord) -> None:
    writer = log.writer(RAW)
    writer.append(calls)
    writer.close()


def blocks_of(log: SqliteLog) -> list[Block]:
    blocks = []
    for partition, extent in log.extents(EVENTS).items():
        offset = extent.first
        while offset < extent.next:
            for record in log.read(
                EVENTS, partition=partition, offset=offset, records_max=100, bytes_max=1 << 24
            ):
                blocks.append(decode_block(record.body))
                offset = record.offset + 1
    return blocks


def ids_of(log: SqliteLog) -> list[str]:
    lines = b"".join(block.events for block in blocks_of(log))
    return [event.message_id for event in msgspec.json.Decoder(Event).decode_lines(lines)]


def set_aside_of(log: SqliteLog) -> list[SetAside]:
    lines = b"".join(block.set_aside for block in blocks_of(log))
    return msgspec.json.Decoder(SetAside).decode_lines(lines)


def books(log: SqliteLog) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in log.counts(minute_from=0, minute_until=1 << 40):
        total[count.outcome] = total.get(count.outcome, 0) + count.events
    return total


def refine_all(refiner: Refiner) -> None:
    while refiner.step(0.0):
        pass


def test_a_step_takes_calls_to_the_events_log(config: Config, log: SqliteLog) -> None:
    append(log, call(["m1", "m2"]), call(["m1", "m3"]))
    refiner = Refiner(config, log)

    assert refiner.step(1.0) == 2
    assert refiner.step(0.0) == 0
    refiner.close()

    assert ids_of(log) == ["m1", "m2", "m3"]
    assert [row.message_id for row in set_aside_of(log)] == ["m1"]
    assert books(log) == {REFINED: 3, DUPLICATE: 1}


def test_duplicates_are_known_after_a_restart(config: Config, log: SqliteLog) -> None:
    for _ in range(3):
        append(log, call(["m1", "m2"]))
        refiner = Refiner(config, log)
        refiner.step(1.0)
        refiner.close()

    assert ids_of(log) == ["m1", "m2"]
    assert books(log) == {REFINED: 2, DUPLICATE: 4}


def test_the_loop_ends_with_everything_committed(config: Config, log: SqliteLog) -> None:
    stop = threading.Event()
    refiner = Refiner(config, log)
    thread = threading.Thread(target=refiner.run, args=(stop,))
    thread.start()
    append(log, call(["m1"]))
    deadline = time.monotonic() + DEADLINE_S
    while not blocks_of(log) and time.monotonic() < deadline:
        log.wait(EVENTS, positions={}, timeout_s=0.1)

    stop.set()
    thread.join(DEADLINE_S)

    assert not thread.is_alive()
    assert ids_of(log) == ["m1"]
    # The group is free again.
    Refiner(config, log).step(0.0)


def test_lingering_gathers_records_into_one_block(config: Config, log: SqliteLog) -> None:
    config = msgspec.structs.replace(config, refine=RefineConfig(linger_s=5.0))
    append(log, *[call([f"m{index}"]) for index in range(50)])
    refiner = Refiner(config, log)
    # A full block ends the lingering.
    refiner._bytes_max = len(call(["m10"]).body) * 50 - 100

    assert refiner.step(1.0) >= 48
    assert len(blocks_of(log)) == 1
    refiner.close()


def test_a_full_log_is_tried_again_and_loses_nothing(config: Config) -> None:
    small = LogConfig(events_bytes_max=400_000, segment_bytes_max=50_000)
    log = open_log(msgspec.structs.replace(config, log=small))
    # A reader that has not read yet: nothing may be removed for it.
    log.consumer("store", stream=EVENTS).close()
    ids = [os.urandom(16).hex() for index in range(10_000)]
    for start in range(0, len(ids), 500):
        append(log, call(ids[start : start + 500]))
    refiner = Refiner(config, log)
    # One record a step.
    refiner._bytes_max = 1

    with pytest.raises(LogFullError):
        refine_all(refiner)
    with pytest.raises(LogFullError):
        refiner.step(0.0)
    refined = len(ids_of(log))
    refiner.close()
    log.close()

    roomy = open_log(config)
    refiner = Refiner(config, roomy)
    refine_all(refiner)
    refiner.close()
    assert 0 < refined < len(ids)
    assert ids_of(roomy) == ids
    assert books(roomy) == {REFINED: len(ids)}
    roomy.close()


def test_kills_at_any_moment_neither_lose_nor_repeat(config: Config, tmp_path: Path) -> None:
    log = open_log(config)
    sent = 0
    for _ in range(5):
        process = subprocess.Popen([sys.executable, __file__, str(tmp_path)])
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            ids = [f"m{index}" for index in range(sent, sent + 20)]
            # Each id is sent twice, the second time with its neighbours of the next call.
            append(log, call(ids + [f"m{index}" for index in range(max(0, sent - 20), sent)]))
            sent += 20
        os.kill(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)

    refiner = Refiner(config, log)
    refine_all(refiner)
    refiner.close()

    ids = ids_of(log)
    assert len(ids) == len(set(ids)) == sent
    assert books(log) == {REFINED: sent, DUPLICATE: sent - 20}
    assert INVALID not in books(log)
    log.close()


if __name__ == "__main__":
    own = config_at(Path(sys.argv[1]))
    Refiner(own, open_log(own)).run(threading.Event())
