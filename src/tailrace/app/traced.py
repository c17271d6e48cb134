"""Finds one message id in records of the logs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from tailrace.config import JsonMapping, Source
from tailrace.event import (
    MESSAGE_ID_CHARACTERS_MAX,
    Call,
    decode_block,
    decode_call,
    kept_message_id,
)
from tailrace.log.contract import Record
from tailrace.refine.bodies import read_body
from tailrace.refine.fields import UNREADABLE, read_fields_one_by_one
from tailrace.refine.mapped import map_fields


@dataclass(frozen=True)
class Place:
    """Where an event lies in the raw log, which tells it from every other."""

    partition: int
    offset: int
    index: int
    source: str
    received_at: datetime


class Sighting(NamedTuple):
    """An event in a log; `outcome` is empty when it has none yet."""

    place: Place
    outcome: str
    facts: Mapping[str, object]


class _Line(msgspec.Struct):
    """What a block's lines of both kinds have, and what only one of them has."""

    message_id: str
    source: str
    received_at: datetime
    raw_partition: int
    raw_offset: int
    raw_index: int
    outcome: str = ""
    reason: str = ""
    detail: str = ""
    library: str = ""
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None


# An overlong id and what is kept of it have so many characters in common.
_BEGINNING = 200

_decode_line = msgspec.json.Decoder(_Line).decode


def place_of(row: Mapping[str, object]) -> Place:
    """Return the place of a row of the store."""
    received_at = row["received_at"]
    if not isinstance(received_at, datetime):
        raise TypeError(f"received_at is {received_at!r}; expected a datetime")
    return Place(
        partition=int(str(row["raw_partition"])),
        offset=int(str(row["raw_offset"])),
        index=int(str(row["raw_index"])),
        source=str(row["source"]),
        received_at=received_at if received_at.tzinfo else received_at.replace(tzinfo=UTC),
    )


def begun_id(message_id: str) -> str | None:
    """Return what an invalid event keeps of an overlong id: its beginning, which others share."""
    if len(message_id) <= MESSAGE_ID_CHARACTERS_MAX:
        return None
    return message_id[:MESSAGE_ID_CHARACTERS_MAX]


def events_with(message_ids: Iterable[str], records: Iterable[Record]) -> Iterator[Sighting]:
    """Give the events with these ids in blocks, those set aside too."""
    needles = [b'"message_id":' + msgspec.json.encode(one) for one in message_ids]
    for record in records:
        block = decode_block(record.body)
        for lines in (block.events, block.set_aside):
            if not any(needle in lines for needle in needles):
                continue
            for text in lines.splitlines():
                if any(needle in text for needle in needles):
                    yield _sighting(_decode_line(text))


def _sighting(line: _Line) -> Sighting:
    place = Place(
        line.raw_partition, line.raw_offset, line.raw_index, line.source, line.received_at
    )
    return Sighting(place, line.outcome, msgspec.structs.asdict(line))


def calls_with(
    message_id: str, records: Iterable[Record], *, sources: Mapping[str, Source]
) -> Iterator[Sighting]:
    """Give the events with this id in calls as they were received."""
    kept = kept_message_id(message_id)
    # An overlong id is asked for as it was sent or as it is kept; both begin alike.
    plain = kept[:_BEGINNING].encode()
    for record in records:
        # The id may be written with escapes, so a body with a backslash must be read.
        if plain not in record.body and b"\\" not in record.body:
            continue
        call = decode_call(record.body)
        for index, sent in enumerate(ids_sent(call, sources=sources)):
            if sent is not None and kept_message_id(sent) == kept:
                received_at = datetime.fromtimestamp(call.received_at / 1e6, UTC)
                place = Place(record.partition, record.offset, index, call.source, received_at)
                yield Sighting(place, "", {})


def ids_sent(call: Call, *, sources: Mapping[str, Source]) -> list[str | None]:
    """Return the id of each event of a call; None where it has none or nothing can be read."""
    source = sources.get(call.source)
    mapping = source.json if source is not None else JsonMapping()
    return [_message_id(text, call, mapping) for text in read_body(call).texts[: call.events]]


def _message_id(text: bytes, call: Call, mapping: JsonMapping) -> str | None:
    """Return the id that the sender gave; None when it gave none or nothing can be read."""
    try:
        if call.shape == "json":
            return map_fields(text, mapping).message_id
        return read_fields_one_by_one(text)[0].message_id
    except UNREADABLE:
        return None
