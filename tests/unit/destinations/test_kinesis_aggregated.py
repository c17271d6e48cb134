"""Many events in one Kinesis record: read again by a small reader of protobuf of the test's own."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tailrace.destinations import kpl

KEYS = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable())
EVENTS = st.lists(st.tuples(st.binary(max_size=400), KEYS), min_size=1, max_size=60)


class Read(NamedTuple):
    """An event as a consumer finds it in a record."""

    partition_key: str
    hash_key: str
    data: bytes


def varint(text: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = text[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def fields_of(text: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(text):
        tag, at = varint(text, at)
        value, at = varint(text, at)
        if tag & 7 == 2:
            yield tag >> 3, text[at : at + value]
            at += value
        else:
            assert tag & 7 == 0
            yield tag >> 3, value


def read(record: bytes) -> list[Read]:
    """Return the events of a record, whose frame is checked."""
    assert record[:4] == bytes.fromhex("f3899ac2")
    message, digest = record[4:-16], record[-16:]
    assert hashlib.md5(message).digest() == digest
    keys: list[str] = []
    hashes: list[str] = []
    records: list[dict[int, int | bytes]] = []
    for number, value in fields_of(message):
        assert isinstance(value, bytes)
        if number == 3:
            records.append(dict(fields_of(value)))
        else:
            (keys if number == 1 else hashes).append(value.decode())
    found = []
    for each in records:
        key, hash_key, data = each[1], each[2], each[3]
        assert isinstance(key, int)
        assert isinstance(hash_key, int)
        assert isinstance(data, bytes)
        found.append(Read(keys[key], hashes[hash_key], data))
    return found


@given(EVENTS, st.integers(min_value=150, max_value=3_000))
def test_every_event_is_in_one_record_in_order_of_its_range(
    given_events: list[tuple[bytes, str]], bytes_max: int
) -> None:
    events = [event for event, _ in given_events]
    keys = [key for _, key in given_events]

    rounds = list(kpl.chunks(events, keys, bytes_max=bytes_max))

    found: dict[int, list[Read]] = {}
    for turn in rounds:
        assert len({chunk.hash_key for chunk in turn}) == len(turn)
        for chunk in turn:
            record = kpl.aggregated(chunk, events, keys)
            assert len(record) <= bytes_max or len(chunk.indexes) == 1
            for each in read(record):
                assert each.hash_key == chunk.hash_key
                found.setdefault(kpl.range_of(each.partition_key), []).append(each)
    for number, each_read in found.items():
        expected = [(k, e) for e, k in given_events if kpl.range_of(k) == number]
        assert [(each.partition_key, each.data) for each in each_read] == expected
    assert sum(map(len, found.values())) == len(events)


@given(KEYS)
def test_a_range_is_where_kinesis_hashes_the_key_to(key: str) -> None:
    hashed = int.from_bytes(hashlib.md5(key.encode()).digest())
    width = 2**128 // kpl.RANGES

    number = kpl.range_of(key)

    assert number * width <= hashed < (number + 1) * width
    assert number * width <= int(kpl.hash_key_of(number)) < (number + 1) * width
