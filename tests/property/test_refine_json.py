"""Refine against generated JSON of any shape: nothing raises, is lost, or changes unasked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tailrace.config import CollectConfig, Config, Source
from tailrace.event import Call, Event, encode_call
from tailrace.log.contract import Record
from tailrace.refine import Refined, refine_calls, rules_of, unpack_original
from tailrace.refine.dedup.run import halves_of
from tailrace.refine.timestamps import parse_time

RECEIVED_AT = 1_735_787_050_000_000
SOURCE = Source(slug="web", write_keys=("k" * 10,))


class Nothing:
    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        return [False] * len(hashes)


def rules(source: Source = SOURCE) -> Any:
    collect = CollectConfig(event_bytes_max=4_000, batch_events_max=5)
    return rules_of(Config(data_dir=Path("/nonexistent"), sources=(source,), collect=collect))


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["u1", "m1", "\x01", "\x04", ':\x01,"', "2025-01-02T03:04:05.678Z", "track", "2015-2-02T1:2Z"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def short(strategy: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[Any]:
    """Return the strategy under a name: Hypothesis would write all of it out."""

    @st.composite
    def named(draw: st.DrawFn) -> Any:
        return draw(strategy)

    named.__name__ = name
    return named()


JSON = short(_JSON, "json")
OBJECTS = short(st.dictionaries(TEXTS, JSON, max_size=4), "objects")
TYPES = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "Track", "x"])
_CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "ip": TEXTS | JSON,
        "direct": st.booleans() | JSON,
        "userAgent": TEXTS | JSON,
        "library": OBJECTS | TEXTS | st.fixed_dictionaries({"name": TEXTS, "version": TEXTS}),
        "campaign": OBJECTS | JSON,
        "page": st.fixed_dictionaries({"search": st.just("?utm_campaign=%ff&=") | JSON}) | JSON,
        "os": OBJECTS | JSON,
        "userAgentData": OBJECTS | JSON,
        "x": JSON,
    },
)
CONTEXTS = short(_CONTEXTS, "contexts")
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | JSON,
        "event": TEXTS | JSON,
        "name": TEXTS | JSON,
        "category": TEXTS | JSON,
        "userId": TEXTS | JSON,
        "anonymousId": TEXTS | JSON,
        "groupId": TEXTS | JSON,
        "previousId": TEXTS | JSON,
        "messageId": TEXTS | JSON,
        "timestamp": TEXTS | JSON,
        "originalTimestamp": TEXTS | JSON,
        "sentAt": TEXTS | JSON,
        "properties": OBJECTS | JSON,
        "traits": OBJECTS | JSON,
        "context": CONTEXTS | JSON,
        "integrations": OBJECTS | JSON,
        "y": JSON,
    },
)
EVENTS = short(_EVENTS, "events")
_GOOD_EVENTS = st.builds(
    lambda more, /, **fields: {**more, **fields},
    EVENTS.map(lambda event: {key: event[key] for key in event if key in ("context", "y")}),
    type=st.just("track"),
    event=st.text(min_size=1, max_size=5),
    userId=TEXTS.filter(bool),
    anonymousId=TEXTS,
    messageId=TEXTS,
    timestamp=TEXTS,
    properties=OBJECTS,
    integrations=OBJECTS,
)
GOOD_EVENTS = short(_GOOD_EVENTS, "good_events")
_ENVELOPES = st.fixed_dictionaries(
    {"batch": st.lists(EVENTS | GOOD_EVENTS | JSON, max_size=7) | JSON},
    optional={"sentAt": TEXTS | JSON, "context": CONTEXTS | JSON, "integrations": JSON},
)
ENVELOPES = short(_ENVELOPES, "envelopes")
BODIES = st.one_of(EVENTS, GOOD_EVENTS, ENVELOPES, st.lists(EVENTS | GOOD_EVENTS, max_size=4), JSON)


@st.composite
def written(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """Return JSON text in one of the ways that libraries write it, sometimes damaged."""
    text = json.dumps(
        draw(values),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 1])),
        separators=draw(st.sampled_from([None, (",", ":")])),
    )
    body = text.encode("utf-8", errors="surrogatepass")
    match draw(st.integers(0, 9)):
        case 0:
            at = draw(st.integers(0, len(body)))
            return body[:at] + draw(st.binary(max_size=3)) + body[at:]
        case 1:
            return body[: draw(st.integers(0, len(body)))]
        case 2:
            return b"\n".join([body] * draw(st.integers(1, 3)))
    return body


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Return a call whose shape and number of events mostly fit its body."""
    shape = draw(st.sampled_from(["call", "batch", "batch", "json"]))
    events = draw(st.integers(0, 6))
    match draw(st.integers(0, 9)), shape:
        case 0, _:
            body = draw(written(BODIES) | st.binary(max_size=20))
        case _, "call":
            body, events = draw(written(EVENTS | GOOD_EVENTS)), 1
        case _, "batch":
            items = draw(st.lists(EVENTS | GOOD_EVENTS | JSON, max_size=7))
            body = draw(written(ENVELOPES.map(lambda envelope: {**envelope, "batch": items})))
            events = draw(st.sampled_from([len(items), len(items), events]))
        case _:
            items = draw(st.lists(OBJECTS, max_size=4))
            body, events = draw(written(st.just(items))), len(items)
    return Call(
        source=draw(st.sampled_from(["web", "app", "gone"])),
        received_at=draw(st.integers(RECEIVED_AT, RECEIVED_AT + 120_000_000)),
        shape=shape,
        type=draw(st.sampled_from(["", "track", "identify"])),
        path=draw(st.sampled_from(["/v1/batch", "/v1/webhook"])),
        events=events,
        is_client_side=draw(st.booleans()),
        remote_address=draw(st.sampled_from(["", "198.51.100.7", "2001:db8::1", "unix:"])),
        user_agent=draw(st.sampled_from(["", "curl/8"])),
        body=body,
    )


CALLS = calls()


def refine(sent: list[Call], source: Source = SOURCE) -> Refined:
    records = [Record(1, offset, b"", encode_call(call)) for offset, call in enumerate(sent)]
    return refine_calls(records, rules(source), Nothing())


def events_of(refined: Refined) -> list[Event]:
    lines = b"".join(block.events for block in refined.blocks)
    assert lines.count(b"\n") == sum(block.events_count for block in refined.blocks)
    return msgspec.json.Decoder(Event).decode_lines(lines)


@given(st.lists(CALLS, max_size=3), st.sampled_from(["keep", "truncate", "drop"]))
@settings(max_examples=150, deadline=None)
def test_each_accepted_event_ends_as_exactly_one_outcome(
    sent: list[Call], ip: Literal["keep", "truncate", "drop"]
) -> None:
    refined = refine(sent, Source(slug="web", write_keys=("k" * 10,), ip=ip))

    accepted: dict[tuple[str, int], int] = {}
    for call in sent:
        key = (call.source, call.received_at // 60_000_000)
        accepted[key] = accepted.get(key, 0) + call.events
    ended: dict[tuple[str, int], int] = {}
    for count in refined.counts:
        key = (count.source, count.minute)
        ended[key] = ended.get(key, 0) + count.events
    assert ended == {key: events for key, events in accepted.items() if events}
    stored = events_of(refined)
    assert len(stored) == sum(c.events for c in refined.counts if c.outcome == "refined")
    for block in refined.blocks:
        assert len(halves_of(block.id_hashes)[0]) == block.events_count
        assert sum(events for _, _, events in block.counts) == block.events_count
        assert block.set_aside.count(b"\n") == block.set_aside_count
        json.loads(b"[" + b",".join(block.events.splitlines()) + b"]")


def same(left: Any, right: Any) -> bool:
    """Equal as JSON values: 1 and True, or 1 and 1.0, are not."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(st.lists(GOOD_EVENTS, min_size=1, max_size=3), st.booleans())
@settings(max_examples=100, deadline=None)
def test_columns_hold_the_values_that_were_sent(items: list[dict[str, Any]], ascii: bool) -> None:  # noqa: A002
    for index, item in enumerate(items):
        item["messageId"] = f"{item['messageId']}{index}"
    body = json.dumps({"batch": items}, ensure_ascii=ascii).encode()
    call = Call("web", RECEIVED_AT, "batch", "", "/v1/batch", len(items), False, "", "", body)

    events = {event.raw_index: event for event in events_of(refine([call]))}

    assert sorted(events) == list(range(len(items)))
    for index, item in enumerate(items):
        event = events[index]
        assert (event.message_id, event.event) == (item["messageId"], item["event"])
        assert (event.user_id, event.anonymous_id) == (item["userId"], item["anonymousId"])
        assert same(json.loads(bytes(event.properties)), item["properties"])
        assert same(json.loads(bytes(event.integrations)), item["integrations"])
        context = item.get("context")
        expected = context if isinstance(context, dict) else {}
        if not expected.get("ip"):
            expected = {key: expected[key] for key in expected if key != "ip"}
            found = {**json.loads(bytes(event.context))}
            found.pop("ip", None)
            assert same(found, expected)
        else:
            assert same(json.loads(bytes(event.context)), expected)


@given(written(EVENTS | GOOD_EVENTS), st.sampled_from(["call", "batch"]))
@settings(max_examples=150, deadline=None)
def test_the_original_is_exactly_what_was_sent(
    body: bytes, shape: Literal["call", "batch"]
) -> None:
    sent = b'{"batch":[' + body + b"]}" if shape == "batch" else body
    call = Call("web", RECEIVED_AT, shape, "track", "/v1/t", 1, True, "192.0.2.1", "", sent)

    for event in events_of(refine([call])):
        original = unpack_original(
            event.original,
            message_id=event.message_id,
            anonymous_id=event.anonymous_id,
            user_id=event.user_id,
            original_timestamp=event.original_timestamp,
            sent_at=event.sent_at,
            context=bytes(event.context).decode(),
        )
        try:
            expected = body.decode()
        except UnicodeDecodeError:
            continue
        if shape == "batch":
            expected = expected.strip(" \t\r\n")
            assert expected.startswith(original)
        else:
            assert original == expected.removeprefix("\ufeff")


@given(
    written(GOOD_EVENTS.map(lambda event: {**event, "context": {"ip": "203.0.113.77", "a": 1}})),
    st.sampled_from(["call", "batch", "json"]),
    st.sampled_from(["truncate", "drop"]),
)
@settings(max_examples=100, deadline=None)
def test_no_address_is_kept_that_should_not_be(
    body: bytes, shape: Literal["call", "batch", "json"], ip: Literal["truncate", "drop"]
) -> None:
    if shape == "json":
        body = body.replace(b"203.0.113.77", b"")
    else:
        # Damage may have made other fields of these two, which are the event's own.
        assume(b'"context"' in body and b'"ip"' in body)
    if shape == "batch":
        body = b'{"batch":[' + body + b"]}"
    call = Call("web", RECEIVED_AT, shape, "track", "/v1/t", 1, True, "203.0.113.77", "", body)

    refined = refine([call], Source(slug="web", write_keys=("k" * 10,), ip=ip))

    assert not any(b"203.0.113.77" in block.events for block in refined.blocks)
    assert not any(b"203.0.113.77" in block.set_aside for block in refined.blocks)


@given(st.text(max_size=80) | st.from_regex(r"[0-9TZ:.+ -]{0,40}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_time_or_none(text: str) -> None:
    moment = parse_time(text)

    assert moment is None or moment.utcoffset() is not None
