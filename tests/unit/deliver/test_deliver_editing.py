"""What a dead letter may become before it is tried again."""

import json
from typing import Any

import pytest

from tailrace.deliver.editing import changed_fields, edited_event
from tailrace.errors import ChangeError

ORIGINAL: dict[str, Any] = {
    "type": "track",
    "messageId": "m-1",
    "timestamp": "2026-11-21T09:29:58.000Z",
    "receivedAt": "2026-11-21T09:29:59.000Z",
    "context": {"ip": "192.0.2.0"},
    "integrations": {},
    "event": "Ordered",
    "userId": "u-1",
    "properties": {"total": "free"},
}


def edited(*, bytes_max: int = 65_536, **changed: Any) -> dict[str, Any]:
    """Return the original with fields changed, and those that are None left out."""
    wanted = {name: value for name, value in {**ORIGINAL, **changed}.items() if value is not None}
    body = edited_event(json.dumps(ORIGINAL).encode(), wanted, bytes_max=bytes_max)
    found: dict[str, Any] = json.loads(body)
    return found


def test_what_is_not_changed_stays_as_it_was() -> None:
    assert edited() == ORIGINAL


def test_fields_are_changed_added_and_taken_away() -> None:
    found = edited(properties={"total": 7.5}, userId=None, anonymousId="a-1", context=None)

    assert found["properties"] == {"total": 7.5}
    assert (found["anonymousId"], found["context"]) == ("a-1", {})
    assert "userId" not in found
    assert found["receivedAt"] == ORIGINAL["receivedAt"]


def test_an_event_may_become_one_of_another_type() -> None:
    found = edited(type="identify", properties=None, event=None, traits={"plan": "pro"})

    assert (found["type"], found["traits"]) == ("identify", {"plan": "pro"})
    assert "properties" not in found


def test_times_are_written_as_others_are() -> None:
    found = edited(timestamp="2026-11-21T11:00:00+02:00")

    assert found["timestamp"] == "2026-11-21T09:00:00.000Z"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"messageId": "m-2"}, "event.messageId"),
        ({"messageId": None}, "event.messageId"),
        ({"receivedAt": "2026-11-21T09:30:00.000Z"}, "event.receivedAt"),
        ({"type": "order"}, "event.type"),
        ({"type": None}, "event.type"),
        ({"type": ["track"]}, "event.type"),
        ({"total": 7}, "event.total"),
        ({"traits": {}}, "event.traits"),
        ({"properties": []}, "event.properties"),
        ({"context": "here"}, "event.context"),
        ({"timestamp": "yesterday"}, "event.timestamp"),
        ({"timestamp": "2026-11-21T09:30:00"}, "event.timestamp"),
        ({"timestamp": 7}, "event.timestamp"),
        ({"userId": 7}, "event"),
        ({"properties": {"long": "x" * 70_000}}, "event"),
    ],
)
def test_what_is_no_event_or_another_one_is_refused_by_name(
    changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(ChangeError) as error:
        edited(**changed)

    assert error.value.field == field


def test_what_differs_is_told_as_it_was_and_as_it_is() -> None:
    after = {**ORIGINAL, "properties": {"total": 7.5}, "name": "new"}
    after.pop("userId")

    before, changed = changed_fields(ORIGINAL, after)

    assert before == {"properties": {"total": "free"}, "userId": "u-1"}
    assert changed == {"properties": {"total": 7.5}, "name": "new"}
