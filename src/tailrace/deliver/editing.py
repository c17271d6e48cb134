"""Events that people wrote again: what a dead letter may become before it is tried once more."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tailrace.deliver.payload import body_of, line_of
from tailrace.deliver.trying import TYPES
from tailrace.errors import ChangeError

_WITH_PROPERTIES: Final = frozenset({"track", "page", "screen"})
_OBJECTS: Final = ("context", "integrations", "properties", "traits")
_INSTANTS: Final = ("timestamp", "originalTimestamp", "sentAt")
_KEPT: Final = ("messageId", "receivedAt")
_FIELDS: Final = frozenset(
    {
        *_OBJECTS,
        *_INSTANTS,
        *_KEPT,
        "type",
        "event",
        "name",
        "userId",
        "anonymousId",
        "groupId",
        "previousId",
    }
)


def edited_event(original: bytes, wanted: Mapping[str, Any], *, bytes_max: int) -> bytes:
    """Return an event as people want it instead of the original, in the form for destinations.

    It stays the same event: its messageId and receivedAt cannot be changed. What is left out is
    gone, but timestamp, context and integrations, which each event has.

    Raises:
        ChangeError: it is no event, or another one.
    """
    before: dict[str, Any] = msgspec.json.decode(original)
    for name in sorted({*wanted} - _FIELDS):
        _refuse(name, f"there is no field '{name[:50]}' of an event; put it into properties")
    for name in _KEPT:
        if name == "messageId" and name not in wanted:
            _refuse(name, f"is required, and stays '{before[name]}'")
        if name in wanted and wanted[name] != before[name]:
            _refuse(name, f"stays '{before[name]}': it is the same event, sent again")
    type_ = wanted.get("type")
    if type_ not in TYPES:
        _refuse("type", f"is {str(type_)[:50]!r}; expected one of {', '.join(TYPES)}")
    other = "traits" if type_ in _WITH_PROPERTIES else "properties"
    if other in wanted:
        _refuse(other, f"{type_} has no {other}")
    for name in _OBJECTS:
        if name in wanted and not isinstance(wanted[name], dict):
            _refuse(name, "expected an object")
    whole = {
        "timestamp": before["timestamp"],
        "context": {},
        "integrations": {},
        **wanted,
        **{name: _instant(name, wanted[name]) for name in _INSTANTS if name in wanted},
        "receivedAt": before["receivedAt"],
    }
    try:
        body = body_of(line_of(msgspec.json.encode(whole), source=""))
    except msgspec.ValidationError as error:
        raise ChangeError(f"event: {error}", reason="invalid", field="event") from error
    allowed = max(bytes_max, len(original))
    if len(body) > allowed:
        _refuse("", f"the event is {len(body)} bytes; the limit is {allowed} bytes")
    return body


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs of two events, as it was and as it is."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def _instant(name: str, value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - stands for what is no time
    if moment.tzinfo is None:
        _refuse(name, f"is {str(value)[:50]!r}; expected a time such as 2026-11-21T09:30:00.000Z")
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _refuse(name: str, problem: str) -> None:
    field = f"event.{name}" if name else "event"
    raise ChangeError(f"{field}: {problem}", reason="invalid", field=field)
