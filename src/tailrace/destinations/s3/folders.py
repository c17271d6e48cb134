"""The folder that a file with an event lies in."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

PLACEHOLDERS: Final = (
    "source",
    "type",
    "event",
    "year",
    "month",
    "day",
    "hour",
    "date",
    "day_ms",
)
LAYOUTS: Final[Mapping[str, str]] = {
    "segment": "segment-logs/{source}/{day_ms}",
    "hive": "source={source}/date={date}/hour={hour}",
    "lake": "data/{source}/segment_type={event}/day={date}/hr={hour}",
}
SLUG_CHARACTERS_MAX: Final = 100
_NAMED: Final = re.compile(r"\{([^{}]*)\}")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_TABLES: Final[Mapping[str, str]] = {
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}


class _Event(msgspec.Struct, gc=False, rename="camel"):
    type: str = ""
    event: str = ""


class _Time(msgspec.Struct, gc=False, rename="camel"):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_time = msgspec.json.Decoder(_Time).decode


def unknown_placeholder(path: str) -> str:
    """Return the first name in braces that is none, or a brace that is alone; "" for none."""
    for name in _NAMED.findall(path):
        if name not in PLACEHOLDERS:
            return f"{{{name}}}"
    rest = _NAMED.sub("", path)
    return next((each for each in "{}" if each in rest), "")


def received_at(data: bytes) -> datetime:
    """Return when an event was received in UTC, now where it does not say."""
    try:
        return _decode_time(data).received_at.astimezone(UTC)
    except msgspec.ValidationError:
        return datetime.now(UTC)


def folder_of(path: str, data: bytes, *, source: str, moment: datetime) -> str:
    """Return the folder of an event that was received at a moment, for a path with placeholders."""
    values = {
        "source": source,
        "year": f"{moment:%Y}",
        "month": f"{moment:%m}",
        "day": f"{moment:%d}",
        "hour": f"{moment:%H}",
        "date": f"{moment:%Y-%m-%d}",
    }
    if "{day_ms}" in path:
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        values["day_ms"] = str(int(midnight.timestamp()) * 1_000)
    if "{type}" in path or "{event}" in path:
        values |= _names(data)
    return _NAMED.sub(lambda found: values[found[1]], path)


def _names(data: bytes) -> dict[str, str]:
    """Return the type of an event, and the name of its table: of its event, else of its type."""
    try:
        event = _decode_event(data)
    except msgspec.ValidationError:
        event = _Event()
    kind = _slug(event.type) or "other"
    table = _slug(event.event) if kind == "track" else _TABLES.get(kind, kind)
    return {"type": kind, "event": table or "other"}


def _slug(name: str) -> str:
    snake = _NO_WORD.sub("_", _HUMP.sub("_", name).lower())
    return snake.strip("_")[:SLUG_CHARACTERS_MAX]
