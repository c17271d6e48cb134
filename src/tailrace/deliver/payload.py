"""From a line of a block to the event as destinations get it, with the names of the Segment API."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

MICROSECONDS: Final = 1_000_000
_WITH_PROPERTIES: Final = frozenset({"track", "page", "screen"})


class Line(msgspec.Struct, gc=False):
    """What delivering needs of an `event.Event`; times stay texts."""

    message_id: str
    type: str
    source: str
    timestamp: str
    received_at: str
    properties: Raw
    traits: Raw
    context: Raw
    integrations: Raw
    raw_partition: int
    raw_offset: int
    raw_index: int
    event: str = ""
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    previous_id: str = ""
    original_timestamp: str | None = None
    sent_at: str | None = None

    @property
    def key(self) -> str:
        """What keeps its order: the person, or else the event itself."""
        return self.user_id or self.anonymous_id or self.message_id


class _Body(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    type: str
    message_id: str
    timestamp: str
    received_at: str
    context: Raw
    integrations: Raw
    event: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | UnsetType = UNSET
    previous_id: str | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET
    traits: Raw | UnsetType = UNSET
    original_timestamp: str | UnsetType = UNSET
    sent_at: str | UnsetType = UNSET


class Book(NamedTuple):
    """Where an event is counted: its source and minute of receipt."""

    source: str
    minute: int


_EMPTY: Final = Raw(b"{}")
_POINT: Final = len("2026-01-02T03:04:05")
_MILLISECONDS_END: Final = _POINT + len(".678")
_decode_body = msgspec.json.Decoder(_Body).decode
_decode_line = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def lines_of(text: bytes) -> Iterator[Line]:
    """Yield the events of a block's JSON lines, in order."""
    for line in text.splitlines():
        if line:
            yield _decode_line(line)


def line_of(body: bytes, *, source: str) -> Line:
    """Return a line of an event's JSON: what `body_of` is the way back from."""
    sent = _decode_body(body)
    return Line(
        message_id=sent.message_id,
        type=sent.type,
        source=source,
        timestamp=sent.timestamp,
        received_at=sent.received_at,
        properties=sent.properties or _EMPTY,
        traits=sent.traits or _EMPTY,
        context=sent.context,
        integrations=sent.integrations,
        raw_partition=-1,
        raw_offset=-1,
        raw_index=-1,
        event=sent.event or "",
        name=sent.name or "",
        user_id=sent.user_id or "",
        anonymous_id=sent.anonymous_id or "",
        group_id=sent.group_id or "",
        previous_id=sent.previous_id or "",
        original_timestamp=sent.original_timestamp or None,
        sent_at=sent.sent_at or None,
    )


def body_of(line: Line) -> bytes:
    """Return the event as JSON.

    `properties` are those of track, page and screen, `traits` those of identify and group; what an
    event has not is left out.
    """
    has_properties = line.type in _WITH_PROPERTIES
    return _encode(
        _Body(
            type=line.type,
            message_id=line.message_id,
            timestamp=instant(line.timestamp),
            received_at=instant(line.received_at),
            context=line.context,
            integrations=line.integrations,
            event=line.event or UNSET,
            name=line.name or UNSET,
            user_id=line.user_id or None,
            anonymous_id=line.anonymous_id or None,
            group_id=line.group_id or UNSET,
            previous_id=line.previous_id or UNSET,
            properties=line.properties if has_properties else UNSET,
            traits=UNSET if has_properties else line.traits,
            original_timestamp=_maybe(line.original_timestamp),
            sent_at=_maybe(line.sent_at),
        )
    )


def decoded(body: bytes) -> dict[str, Any]:
    """Return the event as filters and mappings read it."""
    event: dict[str, Any] = _decode(body)
    return event


def joined(bodies: Iterable[bytes]) -> bytes:
    """Return a JSON array of texts that are JSON already."""
    return b"[" + b",".join(bodies) + b"]"


def instant(text: str) -> str:
    """Return a time of a block's line in milliseconds, as SDKs write it: `...T03:04:05.678Z`."""
    # As nearly all are: two of these are made for each event.
    if text[_POINT : _POINT + 1] == "." and len(text) > _MILLISECONDS_END:
        return f"{text[:_MILLISECONDS_END]}Z"
    whole, point, rest = text.removesuffix("Z").partition(".")
    return f"{whole}.{(rest if point else '')[:3]:0<3}Z"


def minute_of(text: str) -> int:
    """Return the whole minutes since 1970 UTC of a time of a block's line."""
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    return int(moment.timestamp()) // 60


def _maybe(text: str | None) -> str | UnsetType:
    return UNSET if text is None else instant(text)
