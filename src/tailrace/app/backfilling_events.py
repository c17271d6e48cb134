"""From a row of the store back to the event as destinations get it."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Raw

from tailrace.deliver.backfill_jobs import FedEvent
from tailrace.deliver.payload import Line, body_of
from tailrace.query import PastEvent
from tailrace.refine.original import canonical_time
from tailrace.refine.repair import on_one_line, without_lone_surrogates


class _Sent(msgspec.Struct):
    """The objects of an event as the client wrote them."""

    properties: Raw = Raw(b"null")
    traits: Raw = Raw(b"null")


_decode_sent = msgspec.json.Decoder(_Sent).decode
_EMPTY: Final = Raw(b"{}")


def fed_event(event: PastEvent) -> FedEvent:
    """Return a stored event as destinations get it: the same JSON as when it was delivered live."""
    columns = event.columns
    received_at: datetime = columns["received_at"]
    properties, traits = _objects(event)
    line = Line(
        message_id=columns["message_id"],
        type=columns["type"],
        source=columns["source"],
        timestamp=canonical_time(columns["timestamp"]),
        received_at=canonical_time(received_at),
        properties=properties,
        traits=traits,
        context=_object(columns["context"]),
        integrations=_object(columns["integrations"]),
        raw_partition=-1,
        raw_offset=-1,
        raw_index=-1,
        event=columns["event"],
        name=columns["name"],
        user_id=columns["user_id"],
        anonymous_id=columns["anonymous_id"],
        group_id=columns["group_id"],
        previous_id=columns["previous_id"],
        original_timestamp=_time(columns["original_timestamp"]),
        sent_at=_time(columns["sent_at"]),
    )
    whole = received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC)
    return FedEvent(line.source, int(whole.timestamp()) // 60, body_of(line))


def shown(event: FedEvent) -> dict[str, Any]:
    """Return an event for people to look at."""
    found: dict[str, Any] = msgspec.json.decode(event.body)
    return found


def _objects(event: PastEvent) -> tuple[Raw, Raw]:
    """Return properties and traits as the client wrote them.

    The store's columns keep no nulls, no empty objects and no way of writing a number. The event as
    sent is made readable as it was when it was refined. Where properties are not what it has under
    this name, it came from a source of arbitrary JSON, and all of it became properties.
    """
    text = without_lone_surrogates(on_one_line(event.original.encode()))
    if event.is_rewritten:
        return Raw(text.strip()), _EMPTY
    try:
        sent = _decode_sent(text)
    except msgspec.DecodeError:
        sent = _decode_sent(_reread(text))
    return _only_object(sent.properties), _only_object(sent.traits)


def _reread(text: bytes) -> bytes:
    """Return JSON that a stricter parser reads too."""
    found = json.loads(text.decode(errors="replace"))
    return json.dumps(found).encode(errors="replace")


def _only_object(raw: Raw) -> Raw:
    return raw if bytes(raw)[:1] == b"{" else _EMPTY


def _object(text: str) -> Raw:
    return Raw((text or "{}").encode())


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else canonical_time(moment)
