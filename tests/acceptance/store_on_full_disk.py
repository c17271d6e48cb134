"""Inserts blocks into a store while its disk runs full at random moments; prints what was lost.

Usage: store_on_full_disk.py DATA_DIR BLOCKS SEED. A program of its own, as a process may open one
embedded store only. Prints `{"blocks", "refused", "lost"}`: a block is lost when `insert_block`
returned, at once or when called again with space to spare, and its rows are not there.
"""

import json
import os
import random
import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import Config
from tailrace.errors import TransientError
from tailrace.event import BLOCK_VERSION, Block
from tailrace.store import Store, open_store

ROWS = 200
FREE_BYTES = 24 << 20
CHUNK = b"\xff" * (1 << 22)


def block_of(number: int) -> Block:
    """Return a block of rows that compress badly."""
    row = {
        "type": "track",
        "event": "E",
        "source": "s",
        "timestamp": "2026-11-21T03:00:00.000Z",
        "received_at": "2026-11-21T03:00:00.000Z",
        "traits": {},
        "context": {},
        "integrations": {},
        "raw_partition": 0,
        "raw_offset": number,
        "original": "x",
    }
    lines = b"".join(
        json.dumps(
            {
                **row,
                "message_id": f"b{number}-{index}",
                "raw_index": index,
                "properties": {"noise": os.urandom(2000).hex()},
            }
        ).encode()
        + b"\n"
        for index in range(ROWS)
    )
    return Block(BLOCK_VERSION, [("s", 1, ROWS)], b"", (1, 1), ROWS, lines, 0, b"")


def grow(ballast: Path, *, until_free: int) -> None:
    """Take space until so many bytes are free, or none."""
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while (left := shutil.disk_usage(ballast.parent).free - until_free) > 0:
            file.write(CHUNK[:left])


def is_stored(store: Store, number: int) -> bool:
    """Return whether all rows of the block can be read."""
    try:
        with store.client() as client:
            found = client.query(
                "SELECT count() FROM events_data WHERE startsWith(message_id, {start:String})",
                parameters={"start": f"b{number}-"},
            )
    except ClickHouseError as error:
        print(f"block {number}: {error}"[:600], file=sys.stderr)
        return False
    return int(found.result_rows[0][0]) == ROWS


def insert(store: Store, block: Block, number: int) -> bool:
    """Insert once; return whether it was accepted."""
    try:
        store.insert_block(block, partition=0, offset=number)
    except TransientError:
        return False
    return True


def main() -> None:
    """Insert until the first loss."""
    data_dir, blocks, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(sys.argv[3])
    store = open_store(Config(data_dir=data_dir))
    ballast = data_dir / "ballast"
    lost: list[int] = []
    refused = 0
    for number in range(blocks):
        block = block_of(number)
        grow(ballast, until_free=FREE_BYTES)
        delay_s = chance.uniform(0, 0.06)

        def run_full(delay_s: float = delay_s) -> None:
            time.sleep(delay_s)
            grow(ballast, until_free=0)

        filler = threading.Thread(target=run_full)
        filler.start()
        is_accepted = insert(store, block, number)
        filler.join()
        ballast.unlink()
        if not is_accepted:
            refused += 1
            insert(store, block, number)
        if not is_stored(store, number):
            lost.append(number)
            break
    print(json.dumps({"blocks": number + 1, "refused": refused, "lost": lost}), flush=True)
    # A store with an unreadable part may not close in order.
    os._exit(0)


main()
