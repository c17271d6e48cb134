import json

import pytest
from refining import (
    MINUTE,
    config,
    counts_of,
    events_of,
    one_event,
    one_problem,
    original_of,
    record,
    refine,
    set_aside_of,
    source,
    track,
)

from tailrace.config import CollectConfig, JsonMapping
from tailrace.log.contract import Count, Record


def test_a_batch_becomes_one_event_for_each_item_in_order() -> None:
    items = [track(messageId=f"m{index}") for index in range(3)]

    refined = refine(record({"batch": items}))

    assert [event.message_id for event in events_of(refined)] == ["m0", "m1", "m2"]
    assert [event.raw_index for event in events_of(refined)] == [0, 1, 2]
    assert refined.counts == [Count("web", MINUTE, "refined", 3)]


def test_a_bare_list_is_a_batch() -> None:
    assert counts_of(refine(record([track(), track(messageId="m2")]))) == {"refined": 2}


def test_a_single_call_takes_its_type_from_the_path() -> None:
    body = {"event": "Clicked", "userId": "u1"}

    (event,) = events_of(refine(record(body, shape="call", type="track", events=1)))

    assert (event.type, event.event) == ("track", "Clicked")


def test_a_type_in_the_body_goes_before_that_of_the_path() -> None:
    body = {"type": "identify", "userId": "u1"}

    (event,) = events_of(refine(record(body, shape="call", type="track", events=1)))

    assert event.type == "identify"


def test_a_body_that_is_no_json_counts_all_its_events_as_invalid() -> None:
    refined = refine(record(b'{"batch": [', shape="batch", events=5))

    rows = set_aside_of(refined)
    assert counts_of(refined) == {"invalid": 5}
    assert [row.reason for row in rows] == ["malformed_json"] * 5
    assert [row.raw_index for row in rows] == [0, 1, 2, 3, 4]
    assert [row.original for row in rows] == ['{"batch": [', "", "", "", ""]


def test_an_item_that_is_no_object_does_not_harm_its_neighbours() -> None:
    refined = refine(record({"batch": [track(), 5, track(messageId="m2")]}))

    assert [event.raw_index for event in events_of(refined)] == [0, 2]
    (row,) = set_aside_of(refined)
    assert (row.reason, row.raw_index, row.original) == ("malformed_event", 1, "5")


def test_events_that_were_accepted_but_are_not_there_count_as_invalid() -> None:
    refined = refine(record({"batch": [track()]}, events=3))

    assert counts_of(refined) == {"refined": 1, "invalid": 2}
    assert len(set_aside_of(refined)) == 2


def test_events_that_were_never_accepted_are_shown_and_in_no_book() -> None:
    refined = refine(record({"batch": [track(), track(messageId="m2")]}, events=1))

    assert counts_of(refined) == {"refined": 1}
    assert [row.reason for row in set_aside_of(refined)] == ["not_accepted"]


def test_a_record_that_is_no_call_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    refined = refine(Record(0, 1, b"", b"\xc1junk"), record({"batch": [track()]}))

    assert counts_of(refined) == {"refined": 1}
    assert "offset 1 is no call" in caplog.text


def test_an_event_over_the_size_limit_is_set_aside_with_its_size() -> None:
    settings = config(collect=CollectConfig(event_bytes_max=500))

    row = one_problem(track(properties={"text": "x" * 500}), settings=settings)

    assert row.reason == "event_too_large"
    assert "the limit is 500 bytes per event" in row.detail


def test_a_set_aside_original_is_cut() -> None:
    row = one_problem(track(properties={"text": "x" * 70_000}))

    assert len(row.original) == 16_384


def test_events_over_the_batch_limit_are_set_aside_one_by_one() -> None:
    settings = config(collect=CollectConfig(batch_events_max=2))
    items = [track(messageId=f"m{index}") for index in range(4)]

    refined = refine(record({"batch": items}), settings=settings)

    assert counts_of(refined) == {"refined": 2, "invalid": 2}
    assert {row.reason for row in set_aside_of(refined)} == {"batch_too_long"}


def test_a_body_of_very_many_tiny_events_is_counted_and_shown_in_part() -> None:
    refined = refine(record({"batch": [0] * 50_000}))

    assert counts_of(refined) == {"invalid": 50_000}
    assert len(set_aside_of(refined)) == 5_000


def test_line_breaks_between_tokens_do_not_break_lines_and_stay_in_the_original() -> None:
    text = json.dumps(track(properties={"a": [1, {"b": 2}]}), indent=2).replace("\n", "\r\n")
    body = b'{"batch": [\n' + text.encode() + b"\n]}"

    refined = refine(record(body, shape="batch", events=1))

    (event,) = events_of(refined)
    assert refined.blocks[0].events.count(b"\n") == 1
    assert json.loads(bytes(event.properties)) == {"a": [1, {"b": 2}]}
    assert original_of(event) == text


def test_half_an_emoji_is_replaced_in_columns_and_kept_in_the_original() -> None:
    text = (
        rb'{"type":"track","event":"cut \ud83d","userId":"u1","messageId":"m1",'
        rb'"properties":{"ok":"\ud83d\ude00","bad":"x\udc00y","esc":"\\ud83d"}}'
    )

    (event,) = events_of(refine(record(b'{"batch":[' + text + b"]}", shape="batch", events=1)))

    assert event.event == "cut \ufffd"
    assert json.loads(bytes(event.properties)) == {
        "ok": "\U0001f600",
        "bad": "x\ufffdy",
        "esc": "\\ud83d",
    }
    assert original_of(event) == text.decode()


def test_half_an_emoji_in_a_single_call_is_repaired_too() -> None:
    body = rb'{"event":"cut \ud83d","userId":"u1"}'

    (event,) = events_of(refine(record(body, shape="call", type="track", events=1)))

    assert event.event == "cut \ufffd"
    assert original_of(event) == body.decode()


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    body = b'{"event":"a\xff","userId":"u1","properties":{"b":"\xfe"}}'

    (event,) = events_of(refine(record(body, shape="call", type="track", events=1)))

    assert event.event == "a\ufffd"
    assert json.loads(bytes(event.properties)) == {"b": "\ufffd"}


def test_a_byte_order_mark_is_passed_over() -> None:
    body = b'\xef\xbb\xbf{"event":"a","userId":"u1"}'

    assert counts_of(refine(record(body, shape="call", type="track", events=1))) == {"refined": 1}


def test_a_body_nested_too_deeply_is_set_aside() -> None:
    body = b'{"batch":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"

    assert counts_of(refine(record(body, shape="batch", events=1))) == {"invalid": 1}


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b'{"a": 1}', 1),
        (b'[{"a": 1}, {"a": 2}]', 2),
        (b'{"a": 1}\n\n  {"a": 2}\r\n{"a":\n 3}\n', 3),
    ],
)
def test_arbitrary_json_may_be_an_object_an_array_or_lines(body: bytes, events: int) -> None:
    refined = refine(record(body, shape="json", events=events))

    assert counts_of(refined) == {"refined": events}
    found = [json.loads(bytes(event.properties))["a"] for event in events_of(refined)]
    assert found == list(range(1, events + 1))
    assert {event.event for event in events_of(refined)} == {"JSON Received"}


@pytest.mark.parametrize("depth", range(100, 1_000, 20))
def test_no_depth_of_nesting_raises(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for body in (
        b'{"batch":[{"type":"track","event":"e","userId":"u","context":{"ip":"x","a":%b}}]}' % deep,
        b'{"batch":[{"type":"track","event":"e","userId":"u"}],"context":{"a":%b}}' % deep,
        b'{"batch":[{"type":"track","event":"e","userId":"u","properties":{"a":%b}}],'
        b'"context":{"b":1}}' % deep,
    ):
        refined = refine(
            record(body, shape="batch", events=1), settings=config(source(ip="truncate"))
        )

        (outcome,) = counts_of(refined)
        assert outcome == ("refined" if depth < 250 else "invalid" if depth > 256 else outcome)


def test_brackets_in_texts_are_no_nesting() -> None:
    assert counts_of(refine(record({"batch": [track(properties={"a": '[\\"' * 999})]}))) == {
        "refined": 1
    }


def test_arbitrary_json_that_is_no_object_is_invalid() -> None:
    refined = refine(record(b'[{"a": 1}, 5, "x"]', shape="json", events=3))

    assert counts_of(refined) == {"refined": 1, "invalid": 2}


def test_a_mapping_says_where_the_fields_are() -> None:
    mapping = JsonMapping(
        event="meta.kind",
        user_id="customer.id",
        anonymous_id="meta.visitor",
        message_id="meta.id",
        timestamp="at",
    )
    body = {
        "meta": {"kind": "invoice.paid", "id": 91, "visitor": "v1"},
        "customer": {"id": 12345},
        "at": 1_735_787_045,
    }

    refined = refine(
        record(json.dumps(body).encode(), shape="json", events=1),
        settings=config(source(json=mapping)),
    )

    (event,) = events_of(refined)
    assert (event.type, event.event) == ("track", "invoice.paid")
    assert (event.user_id, event.anonymous_id, event.message_id) == ("12345", "v1", "91")
    assert event.timestamp.isoformat() == "2025-01-02T03:04:05+00:00"
    assert json.loads(bytes(event.properties)) == body


def test_a_path_that_leads_to_no_text_leaves_its_field_out() -> None:
    body = b'{"event": {"a": 1}, "userId": [1], "messageId": true, "timestamp": null}'

    (event,) = events_of(refine(record(body, shape="json", events=1)))

    assert (event.event, event.user_id) == ("JSON Received", "")
    assert event.timestamp == event.received_at


def test_the_envelope_is_merged_into_each_item_and_the_item_wins() -> None:
    body = {
        "batch": [
            track(context={"app": {"name": "own"}, "ip": "192.0.2.9"}, integrations={"A": False}),
            track(messageId="m2"),
        ],
        "context": {"app": {"name": "all", "version": "2"}, "locale": "de"},
        "integrations": {"All": False, "A": True},
        "messageId": "noise",
        "timestamp": "2020-01-01T00:00:00Z",
        "sequence": 4,
    }

    first, second = events_of(refine(record(body)))

    assert json.loads(bytes(first.context)) == {
        "app": {"name": "own", "version": "2"},
        "locale": "de",
        "ip": "192.0.2.9",
    }
    assert json.loads(bytes(first.integrations)) == {"All": False, "A": False}
    assert json.loads(bytes(second.context)) == body["context"]
    assert second.timestamp == second.received_at
    assert json.loads(original_of(second)) == track(messageId="m2")


def test_merging_keeps_numbers_as_they_were_written() -> None:
    item = b'{"type":"track","event":"e","userId":"u","context":{"n":{"a":1.10}}}'
    body = b'{"batch":[' + item + b'],"context":{"n":{"b":12345678901234567890123.50}}}'

    (event,) = events_of(refine(record(body, shape="batch", events=1)))

    assert bytes(event.context) == b'{"n":{"b":12345678901234567890123.50,"a":1.10}}'


def test_an_envelope_cannot_blow_its_events_up() -> None:
    settings = config(collect=CollectConfig(event_bytes_max=1_000))
    body = {"batch": [track(), track(messageId="m2")], "context": {"text": "x" * 950}}

    refined = refine(record(body), settings=settings)

    assert counts_of(refined) == {"invalid": 2}
    assert {row.reason for row in set_aside_of(refined)} == {"event_too_large"}


def test_a_source_that_is_gone_from_the_settings_keeps_its_events() -> None:
    event = one_event(track(), source="gone")

    assert event.source == "gone"
