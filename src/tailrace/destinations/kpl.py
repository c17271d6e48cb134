"""Several events in one Kinesis record, in the format of the Kinesis Producer Library (KPL).

Libraries of consumers (KCL, the deaggregation modules for Lambda, Firehose) take it apart again. A
record is four bytes of magic, a protobuf message and its MD5:

    AggregatedRecord { 1: repeated string partition_key_table
                       2: repeated string explicit_hash_key_table
                       3: repeated Record records }
    Record           { 1: uint64 partition_key_index, 2: uint64 explicit_hash_key_index
                       3: bytes data }

KCL drops records that hold events of another shard. Each event is therefore put into one of
`RANGES` ranges of hash keys by its partition key, and the range's hash key is that of the record
and of all events in it: whatever the shards are, they go to the same one, and so does a person.

Source: "KPL Aggregated Record Format" of the KPL (aggregation-format.md).
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

MAGIC: Final = b"\xf3\x89\x9a\xc2"
RANGES: Final = 64
"""Ranges of hash keys; a power of two. A stream of more shards leaves some of them unused."""

_HASH_BITS: Final = 128
_RANGE_BITS: Final = RANGES.bit_length() - 1
_DIGEST_BYTES: Final = 16
_EVENT_FRAME_BYTES: Final = 32
"""More than the tags, lengths and indexes of an event, and the tag and length of its key."""

_FRAME_BYTES: Final = len(MAGIC) + _DIGEST_BYTES + 48


class Chunk(NamedTuple):
    """Events that go together: which ones, and the hash key that chooses their shard."""

    hash_key: str
    indexes: list[int]


def range_of(partition_key: str) -> int:
    """Return the range of hash keys that a partition key falls into, as Kinesis hashes it."""
    digest = hashlib.md5(partition_key.encode(), usedforsecurity=False).digest()
    return digest[0] >> (8 - _RANGE_BITS)


def hash_key_of(number: int) -> str:
    """Return the hash key in the middle of a range."""
    width = 1 << (_HASH_BITS - _RANGE_BITS)
    return str(number * width + width // 2)


def chunks(
    events: Sequence[bytes], partition_keys: Sequence[str], *, bytes_max: int
) -> Iterator[list[Chunk]]:
    """Yield rounds of chunks; in a round each range has one at most, and in order.

    A chunk encodes to `bytes_max` bytes at most, unless one event alone is larger.
    """
    by_range: dict[int, list[Chunk]] = {}
    room: dict[int, int] = {}
    for index, (event, key) in enumerate(zip(events, partition_keys, strict=True)):
        number = range_of(key)
        size = len(event) + len(key.encode()) + _EVENT_FRAME_BYTES
        found = by_range.setdefault(number, [])
        if not found or room[number] < size:
            found.append(Chunk(hash_key_of(number), []))
            room[number] = bytes_max - _FRAME_BYTES
        room[number] -= size
        found[-1].indexes.append(index)
    for turn in range(max(map(len, by_range.values()), default=0)):
        yield [found[turn] for found in by_range.values() if turn < len(found)]


def aggregated(chunk: Chunk, events: Sequence[bytes], partition_keys: Sequence[str]) -> bytes:
    """Return the record that holds the events of a chunk."""
    table: dict[str, int] = {}
    records = bytearray()
    for index in chunk.indexes:
        number = table.setdefault(partition_keys[index], len(table))
        record = b"\x08%b\x10\x00%b" % (_varint(number), _bytes(3, events[index]))
        records += _bytes(3, record)
    keys = b"".join(_bytes(1, key.encode()) for key in table)
    message = b"%b%b%b" % (keys, _bytes(2, chunk.hash_key.encode()), bytes(records))
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _bytes(field: int, value: bytes) -> bytes:
    """Return a field of protobuf that holds bytes."""
    return b"%c%b%b" % (field << 3 | 2, _varint(len(value)), value)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
