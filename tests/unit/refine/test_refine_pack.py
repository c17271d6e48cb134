from datetime import UTC, datetime

import msgspec
import pytest
from refining import (
    RECEIVED_AT,
    config,
    counts_of,
    events_of,
    one_event,
    original_of,
    record,
    refine,
    set_aside_of,
    track,
)

from tailrace.config import RefineConfig
from tailrace.event import BLOCK_VERSION
from tailrace.refine.original import (
    REWRITTEN,
    canonical_time,
    is_canonical,
    pack_original,
    unpack,
    unpack_original,
)


def test_the_original_leaves_out_what_columns_hold() -> None:
    body = (
        b'{"type":"track","event":"e","messageId":"m1","userId":"u1","anonymousId":"a1",'
        b'"timestamp":"2025-01-02T03:04:05.678Z","sentAt":"2025-01-02T03:04:06.000Z"}'
    )

    (event,) = events_of(refine(record(body, shape="call", events=1)))

    assert event.original == (
        '{"type":"track","event":"e","messageId":\x01,"userId":\x04,"anonymousId":\x03,'
        '"timestamp":\x02,"sentAt":\x05}'
    )
    assert original_of(event) == body.decode()


@pytest.mark.parametrize(
    "body",
    [
        track(userId='a"b\\c', messageId="\x01", anonymousId="\u00e9\U0001f600"),
        track(userId="m1", messageId="m1", properties={"m1": "m1"}),
        track(userId=":\x01,", anonymousId="\x04", properties={"x": "\x02\x03"}),
        track(timestamp="2025-01-02T03:04:05Z"),
        track(timestamp="2025-01-02T03:04:05.678+00:00"),
        track(timestamp="2025-01-02T24:00:00.000Z"),
        track(timestamp="1850-01-02T03:04:05.678Z"),
        track(timestamp="rubbish", sentAt="2025-01-02T03:04:05.678Z"),
        track(userId=5, messageId="x" * 300),
        track(messageId=None),
    ],
)
def test_the_original_can_be_had_back_exactly(body: dict[str, object]) -> None:
    text = msgspec.json.encode(body)

    (event,) = events_of(refine(record(text, shape="call", events=1)))

    assert original_of(event) == text.decode()


def test_instants_without_a_zone_unpack_as_utc() -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, 678_000)  # noqa: DTZ001 - as a store may give them
    packed = pack_original(
        b'"2025-01-02T03:04:05.678Z"',
        message_id="",
        anonymous_id="",
        user_id="",
        timestamp="2025-01-02T03:04:05.678Z",
        sent_at="",
    )

    text = unpack_original(
        packed,
        message_id="",
        anonymous_id="",
        user_id="",
        original_timestamp=moment,
        sent_at=None,
    )

    assert packed == "\x02"
    assert text == '"2025-01-02T03:04:05.678Z"'


def test_a_stored_row_is_unpacked_by_its_column_names() -> None:
    body = track(timestamp="2025-01-02T03:04:05.678Z", anonymousId="a1")

    event = one_event(body)
    as_read = {name: getattr(event, name) for name in event.__struct_fields__}
    as_json = msgspec.json.decode(msgspec.json.encode(event))
    as_json["context"] = bytes(event.context).decode()

    assert msgspec.json.decode(unpack(as_read)) == body
    assert unpack(as_json) == unpack(as_read)


def test_objects_that_are_not_those_of_the_text_are_marked() -> None:
    text = msgspec.json.encode(track(properties={"a": 1}))

    (own,) = events_of(refine(record(text, shape="call", events=1)))
    (mapped,) = events_of(refine(record(text, shape="json", events=1)))

    assert not own.original.endswith(REWRITTEN)
    assert mapped.original.endswith(REWRITTEN)
    assert original_of(mapped) == text.decode()


@pytest.mark.parametrize(
    "context",
    [
        {"locale": "de-DE", "page": {"path": "/a"}},
        {"ip": "192.0.2.77", "locale": "de-DE"},
        {"ip": ""},
        {"x": 1},
        {},
    ],
)
@pytest.mark.parametrize("is_client_side", [True, False])
def test_a_context_is_kept_once(context: dict[str, object], is_client_side: bool) -> None:
    text = msgspec.json.encode(track(context=context, properties={"was": context}))

    (event,) = events_of(
        refine(record(text, shape="call", events=1, is_client_side=is_client_side))
    )

    assert original_of(event) == text.decode()
    if len(context) > 1:
        assert event.original.count("locale") == 1


def test_a_canonical_time_is_the_one_that_is_given_back() -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

    assert is_canonical(canonical_time(moment))
    assert not is_canonical("2025-W01-4T03:04:05.678Z")
    assert not is_canonical("2025-01-02T03:04:05,678Z")
    assert not is_canonical("2025-01-02T24:00:00.000Z")


def test_a_block_counts_its_events_by_source_and_minute() -> None:
    refined = refine(
        record({"batch": [track()]}, offset=1),
        record({"batch": [track(), track(event=5)]}, offset=2, source="app"),
        record({"batch": [track(messageId="m2")]}, offset=3, received_at=RECEIVED_AT + 60_000_000),
    )

    (block,) = refined.blocks
    minute = RECEIVED_AT // 60_000_000
    assert block.version == BLOCK_VERSION
    assert block.counts == [("web", minute, 1), ("app", minute, 1), ("web", minute + 1, 1)]
    assert (block.events_count, block.set_aside_count) == (3, 1)
    assert block.received_at == (RECEIVED_AT, RECEIVED_AT + 60_000_000)


def test_only_set_aside_events_make_a_block_too() -> None:
    refined = refine(record({"batch": [track(event=5)]}))

    (block,) = refined.blocks
    assert (block.events, block.events_count, block.set_aside_count) == (b"", 0, 1)


def test_a_batch_without_events_makes_no_block() -> None:
    assert refine(record({"batch": []})).blocks == []


def test_blocks_are_split_by_events() -> None:
    settings = config(refine=RefineConfig(block_events_max=2))
    items = [track(messageId=f"m{index}") for index in range(5)] + [track(event=5)] * 3

    refined = refine(record({"batch": items}), settings=settings)

    assert [block.events_count for block in refined.blocks] == [2, 2, 1]
    assert [block.set_aside_count for block in refined.blocks] == [2, 1, 0]
    assert [event.message_id for event in events_of(refined)] == [f"m{i}" for i in range(5)]
    assert len(set_aside_of(refined)) == 3


def test_no_block_is_larger_than_its_limit() -> None:
    settings = config(refine=RefineConfig(block_bytes_max=50_000))
    items = [track(messageId=f"m{i}", properties={"q": '"' * 1_000}) for i in range(40)]

    refined = refine(record({"batch": items}), settings=settings)

    assert counts_of(refined) == {"refined": 40}
    assert len(refined.blocks) > 1
    assert max(len(block.events) for block in refined.blocks) <= 50_000


def test_objects_pass_through_byte_for_byte() -> None:
    text = (
        b'{"type":"track","event":"e","userId":"u","properties":{"a" : 1.10, "b":1e2,"\\u0061":2},'
        b'"context":{"x":[ ]},"integrations":{"All":true}}'
    )

    (event,) = events_of(refine(record(text, shape="call", events=1)))

    assert bytes(event.properties) == b'{"a" : 1.10, "b":1e2,"\\u0061":2}'
    assert bytes(event.context) == b'{"x":[ ]}'
    assert bytes(event.integrations) == b'{"All":true}'
    assert bytes(event.traits) == b"{}"


def test_an_events_place_in_the_raw_log_is_kept() -> None:
    event = one_event(track(), offset=918_204)

    assert (event.raw_partition, event.raw_offset, event.raw_index) == (0, 918_204, 0)
