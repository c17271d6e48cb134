import json
from typing import Any, Literal

import pytest
from refining import (
    config,
    events_of,
    one_event,
    original_of,
    record,
    refine,
    set_aside_of,
    source,
    track,
)

from tailrace.event import Event
from tailrace.refine.ip import truncated

FULL = "203.0.113.77"


def with_setting(ip: Literal["keep", "truncate", "drop"], body: object, **changes: Any) -> Event:
    return one_event(body, settings=config(source(ip=ip)), **changes)


def context_of(event: Event) -> Any:
    return json.loads(bytes(event.context))


@pytest.mark.parametrize("context", [None, {}, {"locale": "de"}, {"ip": ""}, {"ip": None}])
def test_the_server_fills_the_address_of_client_side_calls_in(context: Any) -> None:
    event = with_setting("keep", track(context=context), is_client_side=True)

    assert event.ip == "198.51.100.77"
    assert context_of(event) == {**(context or {}), "ip": "198.51.100.77"}
    assert json.loads(original_of(event)) == track(context=context)


def test_an_empty_object_with_spaces_is_filled_in_too() -> None:
    body = b'{"event":"e","userId":"u","context":{ }}'
    call = record(body, shape="call", type="track", events=1, is_client_side=True)

    (event,) = events_of(refine(call))

    assert context_of(event) == {"ip": "198.51.100.77"}


def test_a_server_side_call_is_not_filled_in() -> None:
    event = with_setting("keep", track(context={"locale": "de"}))

    assert (event.ip, context_of(event)) == ("", {"locale": "de"})


def test_a_server_side_call_may_ask_for_it() -> None:
    assert with_setting("keep", track(context={"direct": True})).ip == "198.51.100.77"


def test_an_address_that_was_sent_is_kept_as_it_is() -> None:
    event = with_setting("keep", track(context={"ip": FULL}), is_client_side=True)

    assert event.ip == FULL
    assert bytes(event.context) == b'{"ip": "203.0.113.77"}'


def test_a_sent_address_is_truncated_in_the_original_too() -> None:
    event = with_setting("truncate", track(context={"a": 1.50, "ip": FULL, "b": 2}))

    assert event.ip == "203.0.113.0"
    assert context_of(event)["ip"] == "203.0.113.0"
    assert FULL not in event.original
    assert json.loads(original_of(event))["context"] == context_of(event)


def test_a_sent_address_is_dropped_from_the_original_too() -> None:
    event = with_setting("drop", track(context={"ip": FULL, "b": 2}), is_client_side=True)

    assert event.ip == ""
    assert context_of(event) == {"b": 2}
    assert FULL not in event.original
    assert json.loads(original_of(event)) == track(context={"b": 2})


def test_a_filled_in_address_is_truncated() -> None:
    event = with_setting("truncate", track(context={}), is_client_side=True)

    assert context_of(event) == {"ip": "198.51.100.0"}


def test_what_is_no_address_is_dropped_where_it_should_be_truncated() -> None:
    event = with_setting("truncate", track(context={"ip": "host.example.com"}))

    assert (event.ip, context_of(event)) == ("", {})
    assert "host.example.com" not in event.original


def test_an_address_of_a_wrong_type_is_dropped_too() -> None:
    event = with_setting("drop", track(context={"ip": {"v4": FULL}}))

    assert context_of(event) == {}
    assert FULL not in event.original


def test_a_context_sent_twice_keeps_no_address() -> None:
    body = (
        b'{"type":"track","event":"e","userId":"u","context":{"ip":"192.0.2.1"},'
        b'"context":{"ip":"192.0.2.2"}}'
    )

    (event,) = events_of(
        refine(
            record(b'{"batch":[' + body + b"]}", shape="batch", events=1),
            settings=config(source(ip="drop")),
        )
    )

    assert "192.0.2" not in event.original


def test_an_address_of_the_envelope_is_dropped() -> None:
    body = {"batch": [track(context={"a": 1})], "context": {"ip": FULL}}

    (event,) = events_of(refine(record(body), settings=config(source(ip="drop"))))

    assert context_of(event) == {"a": 1}
    assert json.loads(original_of(event)) == track(context={"a": 1})


def test_addresses_in_properties_are_the_senders_words() -> None:
    event = with_setting("drop", track(properties={"ip": FULL}, context={"ip": FULL}))

    assert json.loads(bytes(event.properties)) == {"ip": FULL}
    assert json.loads(original_of(event))["properties"] == {"ip": FULL}


def test_line_breaks_do_not_keep_an_address() -> None:
    text = json.dumps(track(context={"ip": FULL}), indent=1).encode()
    call = record(text, shape="call", events=1)

    (event,) = events_of(refine(call, settings=config(source(ip="drop"))))

    assert FULL not in event.original


@pytest.mark.parametrize("ip", ["truncate", "drop"])
@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"track","userId":"u","context":{"ip":"203.0.113.77","a":1}}',
        b'{"type":"track",\n"userId":"u",\n"context":{"ip":"203.0.113.77","a":1}}',
        b'{"type":"track","event":"e","userId":"u","context":{"ip":"203.0.113.77"},"x":"%b"}'
        % (b"x" * 70_000),
        b'["203.0.113.77"]',
    ],
)
def test_what_is_set_aside_keeps_no_address_either(
    text: bytes, ip: Literal["truncate", "drop"]
) -> None:
    refined = refine(
        record(b'{"batch":[' + text + b"]}", shape="batch", events=1),
        record(text + b"}", shape="batch", events=1),
        settings=config(source(ip=ip)),
    )

    rows = set_aside_of(refined)
    assert len(rows) == 2
    assert all("203.0.113.77" not in row.original for row in rows)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("203.0.113.77", "203.0.113.0"),
        (" 203.0.113.77 ", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_an_address_is_truncated_to_its_network(ip: str, expected: str) -> None:
    assert truncated(ip) == expected
