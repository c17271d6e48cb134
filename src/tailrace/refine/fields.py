"""Read the top-level fields of one event.

The typed decoder reads nearly every event in one pass and leaves objects as the bytes they are. An
event with a field of the wrong type is read again, field by field, so that it can be said which.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_NOTHING: Final = Raw(b"")


class Fields(msgspec.Struct, rename="camel", gc=False):
    """The fields of an event that refine reads; empty or None where missing or null."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    message_id: str | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    properties: Raw = _NOTHING
    traits: Raw = _NOTHING
    context: Raw = _NOTHING
    integrations: Raw = _NOTHING


read_fields = msgspec.json.Decoder(Fields).decode
read_object = msgspec.json.Decoder(dict[str, Raw]).decode
read_list = msgspec.json.Decoder(list[Raw]).decode
_read_text = msgspec.json.Decoder(str).decode

_OBJECTS: Final = frozenset({"properties", "traits", "context", "integrations"})
# Clients send numbers for ids now and then, and times as seconds since 1970: both are kept as the
# digits that were sent.
_NUMBERS: Final = frozenset(
    {"user_id", "anonymous_id", "group_id", "previous_id", "message_id"}
    | {"timestamp", "original_timestamp", "sent_at"}
)
_JSON_TYPES: Final = {"{": "object", "[": "array", "t": "boolean", "f": "boolean", '"': "string"}


def json_type(raw: Raw) -> str:
    """Return the JSON type of a value: object, array, string, number, boolean or null."""
    first = str(raw, "utf-8").lstrip()[:1]
    return "null" if first in ("n", "") else _JSON_TYPES.get(first, "number")


def text_of(raw: Raw | None, *, numbers: bool) -> str | None:
    """Return a JSON string's text, or a number's digits where `numbers`; else None."""
    if raw is None:
        return None
    kind = json_type(raw)
    if kind == "string":
        return _read_text(raw)
    return str(raw, "utf-8").strip() if kind == "number" and numbers else None


def read_fields_one_by_one(text: bytes) -> tuple[Fields, dict[str, str]]:
    """Return the fields that can be read, and the JSON types of those that are of a wrong one.

    Raises:
        msgspec.DecodeError: the text is not a JSON object.
    """
    values = read_object(text)
    fields = Fields()
    odd: dict[str, str] = {}
    for name, wire_name in _wire_names().items():
        raw = values.get(wire_name)
        if raw is None:
            continue
        if name in _OBJECTS:
            setattr(fields, name, raw)
            continue
        value = text_of(raw, numbers=name in _NUMBERS)
        setattr(fields, name, value)
        if value is None and json_type(raw) != "null":
            odd[wire_name] = json_type(raw)
    return fields, odd


def _wire_names() -> Mapping[str, str]:
    return {field.name: field.encode_name for field in msgspec.structs.fields(Fields)}
