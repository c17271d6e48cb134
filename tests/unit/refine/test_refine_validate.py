import json
from typing import Any

import pytest
from refining import (
    config,
    counts_of,
    events_of,
    one_event,
    one_problem,
    record,
    refine,
    set_aside_of,
    track,
)

ANY = {"userId": "u1"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "track", "event": "e"}, "no_user_anon_id"),
        ({"type": "track", "event": "e", "userId": "", "anonymousId": None}, "no_user_anon_id"),
        ({"type": "identify"}, "no_user_anon_id"),
        ({"type": "page"}, "no_user_anon_id"),
        ({"type": "screen"}, "no_user_anon_id"),
        ({"type": "group", "groupId": "g"}, "no_user_anon_id"),
        ({"type": "track", **ANY}, "event_not_defined"),
        ({"type": "track", "event": "", **ANY}, "event_not_defined"),
        ({"type": "track", "event": None, **ANY}, "event_not_defined"),
        ({"type": "track", "event": 5, **ANY}, "event_not_string"),
        ({"type": "track", "event": {"a": 1}, **ANY}, "event_not_string"),
        ({"type": "track", "event": "e", "properties": "x", **ANY}, "properties_not_object"),
        ({"type": "track", "event": "e", "properties": [1], **ANY}, "properties_not_object"),
        ({"type": "page", "properties": 5, **ANY}, "properties_not_object"),
        ({"type": "identify", "traits": True, **ANY}, "traits_not_object"),
        ({"type": "group", "groupId": "g", "traits": "x", **ANY}, "traits_not_object"),
        ({"type": "page", "name": 5, **ANY}, "name_not_string"),
        ({"type": "screen", "category": [], **ANY}, "category_not_string"),
        ({"type": "identify", "userId": True}, "id_not_string"),
        ({"type": "identify", "userId": {"id": 1}}, "id_not_string"),
        ({"type": "identify", "userId": "u", "anonymousId": []}, "id_not_string"),
        ({"type": "track", "event": "e", "messageId": {}, **ANY}, "id_not_string"),
        ({"type": "group", "groupId": [], **ANY}, "id_not_string"),
        ({"type": "alias", "userId": "u", "previousId": {}}, "id_not_string"),
        ({"type": "group", **ANY}, "id_required"),
        ({"type": "alias", "userId": "u"}, "id_required"),
        ({"type": "alias", "previousId": "p"}, "id_required"),
        ({"type": "import", **ANY}, "unknown_type"),
        ({"type": 5, **ANY}, "unknown_type"),
        (ANY, "unknown_type"),
    ],
)
def test_an_invalid_event_is_set_aside_with_its_reason(body: dict[str, Any], reason: str) -> None:
    row = one_problem({"messageId": "m1", **body})

    assert (row.outcome, row.reason) == ("invalid", reason)
    assert row.detail
    assert json.loads(row.original) == {"messageId": "m1", **body}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "page", "name": None, "category": None, "properties": None, **ANY},
        {"type": "identify", "userId": None, "anonymousId": "a"},
        {"type": "track", "event": "e", "traits": "not looked at", **ANY},
        {"type": "identify", "properties": [1], **ANY},
        {"type": "track", "event": "e", "groupId": {}, **ANY},
        {"type": "identify", "event": 5, "name": [], **ANY},
        {"type": "alias", "userId": "u", "previousId": "p"},
        {"type": "group", "groupId": 7, "anonymousId": "a"},
        {"type": "track", "event": "e", "context": "x", "integrations": 5, **ANY},
        {"type": "track", "event": "e", "properties": [], "context": [], **ANY},
        {"type": "TRACK", "event": "e", **ANY},
        {"type": "Identify", "email": "unknown keys are kept", **ANY},
    ],
)
def test_a_valid_event_with_oddities_is_kept(body: dict[str, Any]) -> None:
    event = one_event(body)

    assert event.type == body["type"].lower()
    for column in (event.properties, event.traits, event.context, event.integrations):
        assert isinstance(json.loads(bytes(column)), dict)


@pytest.mark.parametrize(
    ("sent", "stored"), [(b"42", "42"), (b"12345678901234567890", "12345678901234567890")]
)
def test_a_number_as_id_is_kept_as_its_digits(sent: bytes, stored: str) -> None:
    body = b'{"batch":[{"type":"identify","userId":' + sent + b',"messageId":' + sent + b"}]}"

    (event,) = events_of(refine(record(body, shape="batch", events=1)))

    assert (event.user_id, event.message_id) == (stored, stored)


def test_an_unknown_type_at_a_path_that_implies_one_is_taken_for_a_key_of_the_sender() -> None:
    body = {"type": "click", "event": "e", "userId": "u1"}

    (event,) = events_of(refine(record(body, shape="call", type="track", events=1)))

    assert event.type == "track"


def test_a_bad_event_does_not_harm_its_neighbours() -> None:
    items = [track(), track(event=5, messageId="m2"), track(messageId="m3")]

    refined = refine(record({"batch": items}))

    assert counts_of(refined) == {"refined": 2, "invalid": 1}
    (row,) = set_aside_of(refined)
    assert (row.message_id, row.raw_index, row.type) == ("m2", 1, "track")
    assert refined.reasons == {"event_not_string": 1}


def test_duplicate_keys_count_as_their_last() -> None:
    body = b'{"batch":[{"type":"track","event":"a","event":"b","userId":"u"}]}'

    (event,) = events_of(refine(record(body, shape="batch", events=1), settings=config()))

    assert event.event == "b"
