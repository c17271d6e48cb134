"""Rows of the table to events of the answer, with their JSON as sent where that is known."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from tailrace.query.fields import TEXT_OBJECTS
from tailrace.query.shapes import EventOut
from tailrace.refine.original import unpack_original

_JSON = ("properties", "traits")
PLAIN = tuple(name for name in EventOut.__struct_fields__ if name not in {*_JSON, "original"})
# The JSON columns come as text: their order here is that of `event_of`.
SELECTED = ", ".join([*PLAIN, *(f"toJSONString({name})" for name in _JSON), "original", "problem"])


class Sent(msgspec.Struct):
    """The objects of an event as the client wrote them."""

    properties: Raw = Raw(b"null")
    traits: Raw = Raw(b"null")


_decode_sent = msgspec.json.Decoder(Sent).decode


def event_of(row: tuple[Any, ...], *, has_original: bool = False) -> EventOut:
    """Return one event from a row of the columns `SELECTED`."""
    columns: dict[str, Any] = dict(zip(PLAIN, row, strict=False))
    stored = dict(zip(_JSON, row[len(PLAIN) :], strict=False))
    packed, problem = row[len(PLAIN) + len(_JSON) :]
    original = unpack_original(
        packed,
        message_id=columns["message_id"],
        anonymous_id=columns["anonymous_id"],
        user_id=columns["user_id"],
        original_timestamp=columns["original_timestamp"],
        sent_at=columns["sent_at"],
        context=columns["context"],
    )
    for name in TEXT_OBJECTS:
        columns[name] = Raw((columns[name] or "{}").encode())
    columns |= _exact(stored, original, is_reduced=bool(problem))
    if has_original:
        columns["original"] = original
    return EventOut(**columns)


def _exact(stored: dict[str, str], original: str, *, is_reduced: bool) -> dict[str, Raw]:
    """Return the objects as sent where they hold what is stored, else as stored.

    The store's JSON type keeps no nulls, no empty objects and no way of writing a number. But what
    was sent may differ: a source's mapping made the properties, or a later step changed them.
    """
    objects = {name: Raw(text.encode()) for name, text in stored.items()}
    try:
        sent = _decode_sent(original)
    except (msgspec.DecodeError, UnicodeError):
        return objects
    for name in ("properties", "traits"):
        text = bytes(getattr(sent, name))
        if text[:1] != b"{":
            continue
        if is_reduced or _leaves(json.loads(text)) == _leaves(json.loads(stored[name])):
            objects[name] = Raw(text)
    return objects


def _leaves(value: object) -> dict[str, object]:
    """Return what the store keeps of an object: values by path, without nulls."""
    return dict(_walk("", value))


def _walk(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list):
        # Within a list, types may be widened (1 and "a" both kept, but 1 and 1.5 become floats).
        yield path, [_leaves(inner) if isinstance(inner, dict) else inner for inner in value]
    elif value is not None:
        yield path, value
