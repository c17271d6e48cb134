"""Parsing against generated JSON of any shape: nothing but `Refused` is raised, and it is right."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.collect import parsing
from tailrace.collect.depth import depth_of
from tailrace.collect.pixel import pixel_body
from tailrace.collect.refusals import Refused

ODD_TEXTS = ['"', "\\", '\\"', "[[[", "}}}", "\ud83d", "\\ud83d"]
TEXTS = st.text(max_size=20) | st.sampled_from(ODD_TEXTS)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=40,
)
KNOWN = st.sampled_from(
    ["type", "userId", "anonymousId", "groupId", "previousId", "messageId", "event", "name"]
) | st.sampled_from(["category", "properties", "traits", "context", "writeKey", "batch"])
CALLS = st.dictionaries(
    KNOWN, VALUES | st.sampled_from(["track", "group", "alias", "u1", 0]), max_size=8
)
TYPES = st.sampled_from([*sorted(parsing.TYPES), ""])


def text_of(value: object) -> bytes:
    # Escaped, since half a surrogate pair has no UTF-8.
    return json.dumps(value).encode()


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(VALUES)
def test_depth_is_that_of_the_value(value: object) -> None:
    assert depth_of(text_of(value)) == depth(value)
    assert depth_of(json.dumps(value, indent=1).encode()) == depth(value)


@given(st.binary(max_size=300) | st.text('{}[]"\\a', max_size=60).map(str.encode))
def test_depth_of_anything_is_a_number(body: bytes) -> None:
    assert 0 <= depth_of(body) <= len(body)


@given(VALUES)
def test_halves_of_surrogate_pairs_are_mended_and_nothing_else(value: object) -> None:
    mended = json.loads(parsing.readable_text(text_of(value)))

    assert shape(mended) == shape(value)


def shape(value: Any) -> Any:
    """Return the value with texts as they are mended, ready to be compared."""
    if isinstance(value, dict):
        return [[shape(key), shape(item)] for key, item in value.items()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        # A pair of backslashes is read as a slash; the body that is kept has it as it was.
        return whole.replace("\\", "/")
    return math.copysign(value, 1) if isinstance(value, float) and value == 0 else value


def outcome(parse: Any, *arguments: Any) -> object:
    """Return what a parser returns, or the refusal that it raises; let nothing else pass."""
    try:
        return parse(*arguments)
    except Refused as refused:
        return refused


@given(CALLS, TYPES)
def test_a_call_is_accepted_or_refused(call: dict[str, object], path_type: str) -> None:
    text = parsing.readable_text(text_of(call))

    found = outcome(parsing.parse_single, text, path_type)

    if isinstance(found, Refused):
        assert (found.status, len(str(found)) < 400) == (400, True)
    else:
        assert found is None or found == json.loads(text).get("writeKey")


@given(CALLS, TYPES)
def test_the_short_way_accepts_nothing_that_the_long_way_refuses(
    call: dict[str, object], path_type: str
) -> None:
    text = parsing.readable_text(text_of(call))

    short = outcome(parsing.parse_single, text, path_type)
    long = outcome(parsing._parse_slowly, text, path_type)

    assert str(short) == str(long)


@given(st.lists(VALUES, max_size=30))
def test_events_of_a_batch_are_counted(events: list[object]) -> None:
    text = parsing.readable_text(text_of({"sentAt": None, "batch": events}))

    assert parsing.parse_envelope(text) == (None, len(events))
    assert parsing.count_json(parsing.readable_text(text_of(events))) == len(events)


@given(st.lists(VALUES, min_size=1, max_size=10), st.sampled_from(["\n", "\r\n", "\n\n  "]))
def test_lines_are_counted(values: list[object], separator: str) -> None:
    if len(values) == 1 and isinstance(values[0], list):
        return
    text = separator.join(json.dumps(value) for value in values).encode()

    assert parsing.count_json(parsing.readable_text(text)) == len(values)


@given(st.binary(max_size=300))
@pytest.mark.parametrize(
    "parse",
    [
        lambda body: parsing.parse_single(body, "track"),
        parsing.parse_envelope,
        parsing.parse_webhook,
        parsing.count_json,
        parsing.parse_self_metrics,
        pixel_body,
    ],
)
def test_bytes_of_any_kind_are_refused_or_taken(parse: Any, body: bytes) -> None:
    if parse is not pixel_body:
        body = getattr(outcome(parsing.readable_text, body), "code", "").encode() or body

    found = outcome(parse, body)

    assert not isinstance(found, Refused) or found.status == 400
