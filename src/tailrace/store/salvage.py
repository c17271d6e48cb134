"""Store lines of which ClickHouse refused one: find those that it stumbles over and reduce them.

Two more inserts and one read, however many lines are bad. Each step may be repeated: the tokens are
the same for the same lines, and only lines that are not in the table are reduced.
"""

import json
from datetime import UTC, datetime, timedelta

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec import Raw

from tailrace.store.errors import RefusedLinesError, as_tailrace_error
from tailrace.store.insert import EVENTS_TABLE, Inserter
from tailrace.store.sql import statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY = Raw(b"{}")
_JSON_COLUMNS = ("properties", "traits")
_TEXT_COLUMNS = ("context", "integrations")

Row = dict[str, Raw]

_decode = msgspec.json.Decoder(Row).decode
_encode = msgspec.json.Encoder().encode


def insert_salvaged(
    inserter: Inserter,
    table: str,
    lines: bytes,
    *,
    received_at: tuple[int, int],
    token: str,
    problem: str,
) -> int:
    """Store the good lines as they are, the others reduced; return how many those were.

    `received_at` is the oldest and the newest of the lines, in microseconds since 1970 UTC. A
    reduced event has empty JSON columns, and `problem` in the column of that name. Its context and
    integrations, which are kept as text, stay.

    Raises:
        TransientError: the store is away or failing; the same call again stores exactly once.
    """
    try:
        inserter.insert(table, lines, token=f"{token}/good", skip_bad_lines=True)
    except RefusedLinesError:
        # Not a line but the insert as such is refused: never seen, and no reason to stand still.
        stored = set()
    else:
        stored = _stored_positions(inserter, table, received_at)
    rows = map(_read_line, lines.splitlines())
    bad = [row for row in rows if _position(row) not in stored]
    if bad:
        reduced = b"".join(_reduced_line(row, table, problem) for row in bad)
        inserter.insert(table, reduced, token=f"{token}/reduced")
    return len(bad)


def _stored_positions(
    inserter: Inserter, table: str, received_at: tuple[int, int]
) -> set[tuple[object, ...]]:
    oldest, newest = (_EPOCH + timedelta(microseconds=at) for at in received_at)
    parameters = {"table": table, "from": oldest, "until": newest}
    with inserter.pool.client() as client:
        try:
            result = client.query(statement("stored_positions"), parameters=parameters)
        except ClickHouseError as error:
            raise as_tailrace_error(error, doing="query stored_positions") from error
    return {tuple(row) for row in result.result_rows}


def _read_line(line: bytes) -> Row:
    try:
        return _decode(line)
    except msgspec.DecodeError:
        # Half of a character, which UTF-8 cannot hold: it becomes a question mark.
        text = json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":"))
        return _decode(text.encode("utf-8", errors="replace"))


def _position(row: Row) -> tuple[object, ...]:
    return tuple(int(bytes(row[name])) for name in ("raw_partition", "raw_offset", "raw_index"))


def _reduced_line(row: Row, table: str, problem: str) -> bytes:
    reduced: dict[str, object] = dict(row)
    if table == EVENTS_TABLE:
        reduced.update(dict.fromkeys(_JSON_COLUMNS, _EMPTY), problem=problem)
        # As a string the text is stored whatever is in it.
        reduced.update({name: bytes(row[name]).decode() for name in _TEXT_COLUMNS if name in row})
    return _encode(reduced) + b"\n"
