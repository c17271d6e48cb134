"""Store a block that ClickHouse refused: find the lines it stumbles over and reduce those.

Two more inserts and one read, however many lines are bad. Each step may be repeated: the tokens are
the same for the same block, and only lines that are not in the table are reduced.
"""

import json
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.event import Block
from tailrace.store.errors import RefusedLinesError, as_tailrace_error
from tailrace.store.insert import insert_lines
from tailrace.store.sql import statement

EVENTS_TABLE = "events_data"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY: dict[str, object] = {}
_JSON_COLUMNS = ("properties", "traits", "context", "integrations")


def insert_salvaged(
    client: Client, block: Block, *, token: str, problem: str, is_embedded: bool
) -> int:
    """Store the good lines as they are, the others without JSON; return how many those were.

    `problem` goes into that column of the others.

    Raises:
        TransientError: the store is away or failing; the same call again stores exactly once.
    """
    lines = block.events.splitlines(keepends=True)
    try:
        insert_lines(
            client,
            EVENTS_TABLE,
            block.events,
            token=f"{token}/good",
            is_embedded=is_embedded,
            skip_bad_lines=True,
        )
    except RefusedLinesError:
        # Not a line but the block as such is refused: never seen, and no reason to stand still.
        stored = set()
    else:
        stored = _stored_positions(client, block)
    bad = [row for row in map(_read_line, lines) if _position(row) not in stored]
    if bad:
        insert_lines(
            client,
            EVENTS_TABLE,
            b"".join(_reduced_line(row, problem=problem) for row in bad),
            token=f"{token}/reduced",
            is_embedded=is_embedded,
        )
    return len(bad)


def _stored_positions(client: Client, block: Block) -> set[tuple[int, int, int]]:
    oldest, newest = (_EPOCH + timedelta(microseconds=at) for at in block.received_at)
    try:
        result = client.query(
            statement("stored_positions"),
            parameters={"from": oldest, "until": newest + timedelta(milliseconds=1)},
        )
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing="query stored_positions") from error
    return {tuple(row) for row in result.result_rows}


def _read_line(line: bytes) -> dict[str, object]:
    """Return the columns of a line that may hold more than strict readers accept."""
    row: dict[str, object] = json.loads(line)
    return row


def _position(row: dict[str, object]) -> tuple[object, object, object]:
    return row["raw_partition"], row["raw_offset"], row["raw_index"]


def _reduced_line(row: dict[str, object], *, problem: str) -> bytes:
    reduced = {
        **row,
        **dict.fromkeys(_JSON_COLUMNS, _EMPTY),
        "problem": problem,
    }
    # A lone surrogate is a text that UTF-8 cannot hold: it becomes a question mark.
    text = json.dumps(reduced, ensure_ascii=False)
    return text.encode("utf-8", errors="replace") + b"\n"
