"""Rows of the table to events of the answer, with their JSON as sent where that is known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from tailrace.query.cursor import Place
from tailrace.query.fields import TEXT_OBJECTS
from tailrace.query.shapes import EventOut
from tailrace.query.times import to_ms
from tailrace.refine.original import REWRITTEN, unpack_original

_JSON = ("properties", "traits")
PLAIN = tuple(name for name in EventOut.__struct_fields__ if name not in {*_JSON, "original"})
POSITION = ("raw_partition", "raw_offset", "raw_index")
SELECTED = ", ".join([*PLAIN, "original", *POSITION])
# What `stored_of` takes beside the position, of the few events whose original does not tell it.
STORED = ", ".join([*(f"toJSONString({name})" for name in _JSON), *POSITION])

Row = tuple[Any, ...]
Position = tuple[int, ...]
Stored = Mapping[Position, tuple[str, ...]]


class Sent(msgspec.Struct):
    """The objects of an event as the client wrote them."""

    properties: Raw = Raw(b"null")
    traits: Raw = Raw(b"null")


_NOTHING = ("{}",) * len(_JSON)
_decode_sent = msgspec.json.Decoder(Sent).decode


def events_of(
    rows: Sequence[Row],
    read_stored: Callable[[Sequence[Position]], Stored],
    *,
    has_original: bool = False,
) -> dict[Position, EventOut]:
    """Return the events of rows of the columns `SELECTED`, by position.

    `read_stored` gives the rows of `STORED` for some of them: reading a JSON column takes longer
    than everything else, and nearly every event has its objects as sent in its original.
    """
    originals = {_position(row): _original(row) for row in rows}
    rewritten = {_position(row) for row in rows if _packed(row).endswith(REWRITTEN)}
    objects = {
        position: None if position in rewritten else _sent_objects(text)
        for position, text in originals.items()
    }
    unknown = [position for position, found in objects.items() if found is None]
    stored = read_stored(unknown) if unknown else {}
    events = {}
    for row in rows:
        position = _position(row)
        columns: dict[str, Any] = dict(zip(PLAIN, row, strict=False))
        for name in TEXT_OBJECTS:
            columns[name] = Raw((columns[name] or "{}").encode())
        found = objects[position]
        if found is None:
            texts = stored.get(position, _NOTHING)
            found = {name: Raw(text.encode()) for name, text in zip(_JSON, texts, strict=True)}
        columns |= found
        if has_original:
            columns["original"] = originals[position]
        events[position] = EventOut(**columns)
    return events


def place_of(row: Row) -> Place:
    """Return the place of a row of the columns `SELECTED` in the order of a search."""
    return Place(to_ms(row[PLAIN.index("timestamp")]), *_position(row))


def stored_of(rows: Sequence[Row]) -> Stored:
    """Return rows of the columns `STORED` by position."""
    size = len(_JSON)
    return {tuple(map(int, row[size:])): tuple(map(str, row[:size])) for row in rows}


def _position(row: Row) -> Position:
    return tuple(map(int, row[-len(POSITION) :]))


def _packed(row: Row) -> str:
    packed: str = row[len(PLAIN)]
    return packed


def _original(row: Row) -> str:
    """Return the event as sent."""
    columns = dict(zip(PLAIN, row, strict=False))
    return unpack_original(
        _packed(row),
        message_id=columns["message_id"],
        anonymous_id=columns["anonymous_id"],
        user_id=columns["user_id"],
        original_timestamp=columns["original_timestamp"],
        sent_at=columns["sent_at"],
        context=columns["context"],
    )


def _sent_objects(original: str) -> dict[str, Raw] | None:
    """Return the objects as sent, None where they cannot be read.

    The store's JSON type keeps no nulls, no empty objects and no way of writing a number.
    """
    try:
        sent = _decode_sent(original)
    except (msgspec.DecodeError, UnicodeError):
        return None
    texts = {name: bytes(getattr(sent, name)) for name in _JSON}
    return {name: Raw(text if text[:1] == b"{" else b"{}") for name, text in texts.items()}
