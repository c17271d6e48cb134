"""What an event is, and the two forms in which it travels: as received, and as a block.

`Call` is one accepted request on the raw log; `Event` is one canonical event; `Block` is one record
of the events log: many canonical events, ready for the store, with what was set aside beside them.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

BLOCK_VERSION = 1
MESSAGE_ID_CHARACTERS_MAX = 256
_ID_HASH_BYTES = 16

Shape = Literal["call", "batch", "json"]


class Call(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One accepted request, as the raw log keeps it (msgpack).

    `shape` says how to read `body`: `call` is one event whose type is `type` unless the body says
    otherwise, `batch` an envelope with a `batch` list or a bare list of events, `json` arbitrary
    JSON (an object, an array of objects or NDJSON) for the source's mapping. `body` is UTF-8 JSON
    as sent, after decompression. `received_at` is microseconds since 1970 UTC. `is_client_side`
    tells the paths on which the server fills `context.ip` (browser and mobile SDKs, pixel).
    """

    source: str
    received_at: int
    shape: Shape
    type: str
    path: str
    events: int
    is_client_side: bool
    remote_address: str
    user_agent: str
    body: bytes


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One canonical event: a line of `Block.events`, a row of the store's table `events`.

    Texts that are missing are empty. `properties`, `traits`, `context` and `integrations` are JSON
    objects, `{}` where missing, byte for byte as sent unless a step changed them. `original` is
    the event's JSON as sent, in which the context and long texts that have a column of their own
    are replaced by one control character each (`refine.original` packs and unpacks it). The three
    raw_ fields say where in the raw log it lies: partition, offset, and index within the request.
    """

    message_id: str
    type: str
    event: str = ""
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    group_id: str = ""
    previous_id: str = ""
    source: str
    timestamp: datetime
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime
    properties: msgspec.Raw
    traits: msgspec.Raw
    context: msgspec.Raw
    integrations: msgspec.Raw
    ip: str = ""
    browser: str = ""
    os: str = ""
    device: str = ""
    is_bot: bool = False
    campaign_name: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_term: str = ""
    campaign_content: str = ""
    library: str = ""
    raw_partition: int
    raw_offset: int
    raw_index: int
    original: str


class SetAside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that went no further: a line of `Block.set_aside`, a row of the table `set_aside`.

    `outcome` is `duplicate` or `invalid`; `reason` a stable code such as `event_not_string`;
    `detail` the sentence for people. `original` is the JSON as sent of an invalid event, at most
    16,384 characters, and empty for a duplicate.
    """

    message_id: str
    source: str
    received_at: datetime
    outcome: str
    reason: str
    detail: str
    type: str = ""
    event: str = ""
    raw_partition: int
    raw_offset: int
    raw_index: int
    original: str = ""


class Block(msgspec.Struct, array_like=True, frozen=True):
    """One record of the events log (msgpack).

    `events` and `set_aside` are JSON lines of `Event` and `SetAside`, to be loaded as they are.
    `counts` are the `(source, minute, events)` of the lines in `events`, `id_hashes` their
    deduplication keys (16 bytes each, in order), `received_at` the oldest and newest receipt in
    microseconds since 1970 UTC (0 when the block is empty).
    """

    version: int
    counts: list[tuple[str, int, int]]
    id_hashes: bytes
    received_at: tuple[int, int]
    events_count: int
    events: bytes
    set_aside_count: int
    set_aside: bytes


class _CallHead(msgspec.Struct, array_like=True, frozen=True, gc=False):
    source: str


encode_call = msgspec.msgpack.Encoder().encode
decode_call = msgspec.msgpack.Decoder(Call).decode
_decode_head = msgspec.msgpack.Decoder(_CallHead).decode
encode_block = msgspec.msgpack.Encoder().encode
decode_block = msgspec.msgpack.Decoder(Block).decode


def read_source(encoded_call: bytes) -> str:
    """Return the source of an encoded call without reading the rest of it."""
    return _decode_head(encoded_call).source


def kept_message_id(message_id: str) -> str:
    """Return the id that an event has which was sent with this one: an overlong one is cut.

    It ends in the hash of the whole then, so that ids which begin alike stay distinct. A kept id
    is kept as it is.
    """
    if len(message_id) <= MESSAGE_ID_CHARACTERS_MAX:
        return message_id
    digest = blake2b(message_id.encode(), digest_size=_ID_HASH_BYTES).hexdigest()
    return f"{message_id[: MESSAGE_ID_CHARACTERS_MAX - len(digest) - 1]}~{digest}"
