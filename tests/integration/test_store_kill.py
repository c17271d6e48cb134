"""Killing the loader at random moments neither loses an event nor stores one twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_blocks import AT, numbered_block

from tailrace.config import Config
from tailrace.event import encode_block
from tailrace.ledger import STORE_GROUP, STORED
from tailrace.log import EVENTS, NewRecord, SqliteLog
from tailrace.store import Loader, open_store

CHILD = Path(__file__).with_name("store_child.py")
MINUTE = int(AT.timestamp()) // 60


@pytest.mark.parametrize(
    "rounds", [5, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_every_event_is_stored_once_whenever_the_loader_is_killed(
    tmp_path: Path, rounds: int
) -> None:
    chance = random.Random(rounds)
    config = Config(data_dir=tmp_path)
    log = SqliteLog(config.log_dir, limits=config.log)
    writer = log.writer(EVENTS)
    appended = 0

    for _ in range(rounds):
        child = subprocess.Popen(
            [sys.executable, str(CHILD), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "open\n"
            kill_at = time.monotonic() + chance.uniform(0.0, 0.8)
            while time.monotonic() < kill_at:
                records = []
                for _ in range(chance.choice([1, 1, 2, 5])):
                    size = chance.randrange(1, 40)
                    records.append(NewRecord(b"", encode_block(numbered_block(appended, size))))
                    appended += size
                writer.append(records)
        finally:
            child.kill()
            child.wait()
            child.stdout.close()

    store = open_store(config)
    try:
        loader = Loader(config, log, store)
        while log.positions(STORE_GROUP).get(0, 0) < log.extents(EVENTS)[0].next:
            loader.step(timeout_s=5.0)
        loader.close()
        with store.client() as client:
            sql = "SELECT count(), uniqExact(message_id), sum(raw_offset) FROM events"
            stored = client.query(sql).result_rows[0]
        by_minute = store.counts_by_minute(minute_from=MINUTE, minute_until=MINUTE + 60)
    finally:
        store.close()
    assert stored == (appended, appended, appended * (appended - 1) // 2)
    in_books = log.counts(minute_from=MINUTE, minute_until=MINUTE + 60)
    assert {(c.source, c.minute): c.events for c in in_books if c.outcome == STORED} == by_minute
    assert sum(by_minute.values()) == appended
    log.close()
