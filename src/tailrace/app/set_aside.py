"""Lists what was set aside, newest first, in pages."""

import base64
from datetime import datetime
from typing import Any

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.app.problems import PARAMETER, ProblemError
from tailrace.config import QueryConfig
from tailrace.errors import TransientError
from tailrace.event import SetAside
from tailrace.store import Store

LIMIT_MAX = 1_000

_SQL = """
SELECT message_id, source, received_at, outcome, reason, detail, type, event,
    raw_partition, raw_offset, raw_index, original
FROM set_aside
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND ({source:String} = '' OR source = {source:String})
    AND ({outcome:String} = '' OR outcome = {outcome:String})
    AND (received_at, raw_partition, raw_offset, raw_index)
        < (
            fromUnixTimestamp64Milli({at:Int64}, 'UTC'),
            {partition:UInt32}, {offset:UInt64}, {index:UInt32}
        )
ORDER BY received_at DESC, raw_partition DESC, raw_offset DESC, raw_index DESC
LIMIT {limit:UInt32}
"""


class SetAsidePage(msgspec.Struct, frozen=True, kw_only=True):
    """Events that went no further, newest first; `cursor` is null on the last page."""

    events: list[SetAside]
    cursor: str | None


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """The last row of a page; `at` is in milliseconds since 1970."""

    at: int
    partition: int
    offset: int
    index: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def list_set_aside(
    store: Store,
    *,
    since: datetime,
    until: datetime,
    source: str,
    outcome: str,
    limit: int,
    cursor: str,
    limits: QueryConfig,
) -> SetAsidePage:
    """Return one page.

    Raises:
        ProblemError: the cursor is not one of ours.
        TransientError: the store does not answer in time.
    """
    until_ms = -(-int(until.timestamp() * 1_000_000) // 1_000)
    after = read_cursor(cursor) if cursor else Cursor(until_ms, 0, 0, 0)
    parameters: dict[str, Any] = {
        "since": int(since.timestamp() * 1_000),
        "until": until_ms,
        "source": source,
        "outcome": outcome,
        "at": after.at,
        "partition": after.partition,
        "offset": after.offset,
        "index": after.index,
        "limit": limit + 1,
    }
    settings = {
        "max_execution_time": limits.time_s_max,
        "max_memory_usage": limits.memory_bytes_max,
    }
    with store.client() as client:
        try:
            rows = list(
                client.query(_SQL, parameters=parameters, settings=settings).named_results()
            )
        except ClickHouseError as error:
            raise TransientError(f"listing what was set aside: {error}") from error
    events = [msgspec.convert(row, SetAside) for row in rows[:limit]]
    return SetAsidePage(
        events=events, cursor=str(_cursor_of(events[-1])) if len(rows) > limit else None
    )


def read_cursor(text: str) -> Cursor:
    """Return the cursor that a page gave.

    Raises:
        ProblemError: it is not one.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Cursor)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ProblemError(
            PARAMETER, "the cursor is not one that this path gave; leave it out to begin anew"
        ) from error


def _cursor_of(event: SetAside) -> Cursor:
    return Cursor(
        round(event.received_at.timestamp() * 1_000),
        event.raw_partition,
        event.raw_offset,
        event.raw_index,
    )
