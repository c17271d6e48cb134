"""Blocks of events for tests of the store."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tailrace.event import BLOCK_VERSION, Block, Event, SetAside

AT = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
_encode = msgspec.json.Encoder()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_event(message_id: str, **changes: Any) -> Event:
    objects = {
        name: msgspec.Raw(changes.pop(name, "{}").encode())
        for name in ("properties", "traits", "context", "integrations")
    }
    columns = {
        "type": "track",
        "event": "Order Completed",
        "source": "web",
        "timestamp": AT,
        "received_at": AT,
        "raw_partition": 0,
        "raw_offset": 0,
        "raw_index": 0,
        "original": "{}",
    }
    return Event(message_id=message_id, **{**columns, **objects, **changes})


def make_set_aside(message_id: str, **changes: Any) -> SetAside:
    columns = {
        "source": "web",
        # What is older than the setting allows is removed at once.
        "received_at": datetime.now(UTC),
        "outcome": "duplicate",
        "reason": "duplicate",
        "detail": "seen before",
        "raw_partition": 0,
        "raw_offset": 0,
        "raw_index": 0,
    }
    return SetAside(message_id=message_id, **{**columns, **changes})


def make_block(events: list[Event], set_aside: list[SetAside] | None = None) -> Block:
    rows = set_aside or []
    counts: dict[tuple[str, int], int] = {}
    for event in events:
        book = (event.source, int(event.received_at.timestamp()) // 60)
        counts[book] = counts.get(book, 0) + 1
    received = [round((one.received_at - _EPOCH) / timedelta(microseconds=1)) for one in events]
    received += [round((one.received_at - _EPOCH) / timedelta(microseconds=1)) for one in rows]
    hashes = [hashlib.blake2b(e.message_id.encode(), digest_size=16).digest() for e in events]
    return Block(
        version=BLOCK_VERSION,
        counts=[(source, minute, number) for (source, minute), number in counts.items()],
        id_hashes=b"".join(hashes),
        received_at=(min(received), max(received)) if received else (0, 0),
        events_count=len(events),
        events=_encode.encode_lines(events),
        set_aside_count=len(rows),
        set_aside=_encode.encode_lines(rows),
    )


def numbered_block(first: int, size: int) -> Block:
    """Return a block of events `m-<first>`..., one per millisecond."""
    return make_block(
        [
            make_event(
                f"m-{number}",
                received_at=AT + timedelta(milliseconds=number),
                raw_offset=number,
                properties=f'{{"number":{number}}}',
            )
            for number in range(first, first + size)
        ]
    )
