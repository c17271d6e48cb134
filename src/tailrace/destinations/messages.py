"""What the destinations share that hand events over as messages: ids, and names by the event."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from tailrace.destinations import api

TYPES: Final = frozenset({"alias", "group", "identify", "page", "screen", "track"})
PLACES_EXPECTED: Final = "{type} and {source} stand for the event's type and its source's slug"


class Ids(msgspec.Struct, gc=False, rename="camel"):
    """What an event says of itself; a mapping may have left it out."""

    message_id: str = ""
    type: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None


_decode = msgspec.json.Decoder(Ids).decode


def ids_of(data: bytes) -> Ids:
    """Return what the JSON of an event says of itself; nothing for what is no object."""
    try:
        return _decode(data)
    except msgspec.ValidationError:
        return Ids()


def person_of(ids: Ids, data: bytes) -> str:
    """Return what keeps the order of an event: the person, else the event, else what it holds."""
    return ids.user_id or ids.anonymous_id or ids.message_id or hashlib.sha256(data).hexdigest()


def name_of(template: str, ids: Ids, source: str) -> str:
    """Return the name for an event, with its type and source filled in.

    It is "" where the event has none of what the template asks for.
    """
    if "{" not in template:
        return template
    if "{type}" in template and ids.type not in TYPES:
        return ""
    if "{source}" in template and not source:
        return ""
    return template.replace("{type}", ids.type).replace("{source}", source)


def shown(outcomes: Sequence[api.Outcome]) -> int | None:
    """Return the message of a batch that people are shown: the first that was not taken.

    It is None where all were taken and nobody looks, as for more than one.
    """
    for index, outcome in enumerate(outcomes):
        if not isinstance(outcome, api.Delivered):
            return index
    return 0 if len(outcomes) == 1 else None
