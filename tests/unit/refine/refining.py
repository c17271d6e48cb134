"""Make raw records, and refine them without a log."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tailrace.config import Config, Source
from tailrace.event import Call, Event, SetAside, Shape, encode_call
from tailrace.log.contract import Record
from tailrace.refine import Refined, refine_calls, rules_of
from tailrace.refine.original import unpack_original

# 2025-01-02T03:04:10Z
RECEIVED_AT = 1_735_787_050_000_000
MINUTE = RECEIVED_AT // 60_000_000


class Known:
    """Knows the ids that it was given."""

    def __init__(self, *hashes: bytes) -> None:
        self.hashes = set(hashes)

    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        return [digest in self.hashes for digest in hashes]


def config(*sources: Source, **changes: Any) -> Config:
    source = Source(slug="web", write_keys=("k" * 10,))
    return Config(data_dir=Path("/nonexistent"), sources=sources or (source,), **changes)


def source(**changes: Any) -> Source:
    return Source(slug="web", write_keys=("k" * 10,), **changes)


def record(body: object, *, offset: int = 7, **changes: Any) -> Record:
    """Return the raw record of a body; `events` is counted when not told."""
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    shape: Shape = changes.pop("shape", "batch" if isinstance(body, dict | list) else "call")
    events = changes.pop("events", None)
    if events is None:
        items = body.get("batch", [0]) if isinstance(body, dict) else body
        events = len(items) if isinstance(items, list) else 1
    call = Call(
        **{
            "source": "web",
            "received_at": RECEIVED_AT,
            "shape": shape,
            "type": "",
            "path": "/v1/batch",
            "events": events,
            "is_client_side": False,
            "remote_address": "198.51.100.77",
            "user_agent": "python-requests/2.32",
            "body": text,
            **changes,
        }
    )
    return Record(0, offset, b"", encode_call(call))


def refine(*records: Record, settings: Config | None = None, known: Known | None = None) -> Refined:
    return refine_calls(records, rules_of(settings or config()), known or Known())


def events_of(refined: Refined) -> list[Event]:
    lines = b"".join(block.events for block in refined.blocks)
    return msgspec.json.Decoder(Event).decode_lines(lines)


def set_aside_of(refined: Refined) -> list[SetAside]:
    lines = b"".join(block.set_aside for block in refined.blocks)
    return msgspec.json.Decoder(SetAside).decode_lines(lines)


def counts_of(refined: Refined) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in refined.counts:
        total[count.outcome] = total.get(count.outcome, 0) + count.events
    return total


def one_event(body: object, *, settings: Config | None = None, **changes: Any) -> Event:
    """Return the event that a batch of this one becomes."""
    (event,) = events_of(refine(record({"batch": [body]}, **changes), settings=settings))
    return event


def one_problem(body: object, *, settings: Config | None = None, **changes: Any) -> SetAside:
    """Return the row that a batch of this one becomes."""
    refined = refine(record({"batch": [body]}, **changes), settings=settings)
    (row,) = set_aside_of(refined)
    assert counts_of(refined) == {row.outcome: 1}
    return row


def original_of(event: Event) -> str:
    return unpack_original(
        event.original,
        message_id=event.message_id,
        anonymous_id=event.anonymous_id,
        user_id=event.user_id,
        original_timestamp=event.original_timestamp,
        sent_at=event.sent_at,
        context=bytes(event.context).decode(),
    )


def track(**changes: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Clicked", "userId": "u1", "messageId": "m1", **changes}
