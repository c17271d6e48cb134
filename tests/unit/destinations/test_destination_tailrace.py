"""Tailrace: the batch call that is sent on, and what a collector answers."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected
from tailrace.destinations.tailrace import DESTINATION, Forwarded, send
from tailrace.errors import SettingsError
from tool_server import Answer, Request, ToolServer, event_json, loopback_tools


async def sent(answer: Answer, *events: Json) -> tuple[list[Outcome], Request]:
    with ToolServer(lambda _: answer).running() as server:
        given = {"url": f"{server.url}/in/", "write_key": "key-1"}
        async with loopback_tools() as tools:
            payloads = [Forwarded(event=event) for event in events]
            outcomes = await send(payloads, check(DESTINATION, given).settings, tools)
    [request] = server.requests
    return list(outcomes), request


async def test_events_are_sent_on_by_one_batch_call() -> None:
    outcomes, request = await sent(Answer(), event_json("m-1"), event_json("m-2"))

    assert outcomes == [Delivered(200)] * 2
    assert (request.method, request.path) == ("POST", "/in/v1/batch")
    key = request.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(key) == b"key-1:"
    assert [each["messageId"] for each in request.json()["batch"]] == ["m-1", "m-2"]


async def test_an_event_keeps_its_id_and_time_and_is_sent_now() -> None:
    event = json.loads(event_json("m-1"))

    _, request = await sent(Answer(), event_json("m-1"))

    [found] = request.json()["batch"]
    expected = {key: value for key, value in event.items() if key not in {"receivedAt", "sentAt"}}
    assert found == expected
    sent_at = datetime.fromisoformat(request.json()["sentAt"])
    assert datetime.now(UTC) - sent_at < timedelta(seconds=30)


@pytest.mark.parametrize(
    "code", ["unknown_source", "source_disabled", "write_key_missing", "write_key_not_string"]
)
async def test_a_write_key_that_is_not_taken_suspends(code: str) -> None:
    refusal = {"success": False, "code": code, "message": "no such source"}

    with pytest.raises(SettingsError, match="refuses write_key: no such source"):
        await sent(Answer(status=400, body=json.dumps(refusal).encode()), event_json("m-1"))


@pytest.mark.parametrize("status", [404, 405])
async def test_an_address_without_a_collector_suspends(status: int) -> None:
    with pytest.raises(SettingsError, match="no collector at url"):
        await sent(Answer(status=status), event_json("m-1"))


@pytest.mark.parametrize(
    "body", [b'{"code": "body_too_large"}', b"not JSON", b'{"code": 7}', b"[]"]
)
async def test_a_refused_batch_is_rejected(body: bytes) -> None:
    outcomes, _ = await sent(Answer(status=400, body=body), event_json("a"), event_json("b"))

    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected]


async def test_what_is_no_object_is_rejected_beside_neighbours_that_are_taken() -> None:
    outcomes, request = await sent(Answer(), Json(b"[1]"), event_json("a"), Json(b"{}"))

    assert [type(outcome) for outcome in outcomes] == [Rejected, Delivered, Rejected]
    assert [each["messageId"] for each in request.json()["batch"]] == ["a"]


def test_a_batch_fits_the_bounds_of_the_batch_call() -> None:
    settings = check(DESTINATION, {"url": "https://example.com", "write_key": "k"}).settings
    [action] = DESTINATION.actions

    batching = action.batching(settings)

    assert batching is not None
    assert (batching.events_max, batching.bytes_max) == (250, 480_000)
    assert not batching.answers_each
