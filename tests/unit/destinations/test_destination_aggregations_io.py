"""Aggregations.io: an array always, and errors with the message of the body."""

import json

import pytest

from tailrace.destinations import check
from tailrace.destinations.aggregations_io import DESTINATION, Sent, send
from tailrace.destinations.api import Json, Outcome, Rejected
from tailrace.errors import SettingsError
from tool_server import Answer, Request, ToolServer, event_json, loopback_tools


async def sent(answer: Answer, *events: Json) -> tuple[list[Outcome], Request]:
    with ToolServer(lambda _: answer).running() as server:
        given = {"url": f"{server.url}/", "ingest_id": "abc_1", "api_key": "key-1"}
        async with loopback_tools() as tools:
            payloads = [Sent(data=event) for event in events]
            outcomes = await send(payloads, check(DESTINATION, given).settings, tools)
    [request] = server.requests
    return list(outcomes), request


@pytest.mark.parametrize("count", [1, 3])
async def test_events_are_sent_as_an_array_to_the_ingest(count: int) -> None:
    events = [event_json(f"m-{number}") for number in range(count)]

    outcomes, request = await sent(Answer(), *events)

    assert len(outcomes) == count
    assert (request.method, request.path) == ("POST", "/abc_1")
    assert request.headers["x-api-token"] == "key-1"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == [json.loads(event) for event in events]


async def test_a_refusal_tells_the_message_of_the_body() -> None:
    refusal = Answer(status=400, body=b'{"message": "not an array", "code": 7}')

    outcomes, _ = await sent(refusal, event_json("m-1"))

    assert outcomes == [Rejected("http-400", "not an array", 400)]


@pytest.mark.parametrize(
    ("status", "told"), [(404, "no such ingest: wrong"), (401, "wrong"), (403, "wrong")]
)
async def test_a_wrong_ingest_or_key_suspends(status: int, told: str) -> None:
    refusal = Answer(status=status, body=json.dumps({"message": told}).encode())

    with pytest.raises(SettingsError, match=told):
        await sent(refusal, event_json("m-1"))


def test_the_service_is_reached_at_its_own_address_and_takes_300_events() -> None:
    settings = check(DESTINATION, {"api_key": "k", "ingest_id": "abc"}).settings
    [action] = DESTINATION.actions

    batching = action.batching(settings)

    assert settings.url == "https://ingest.aggregations.io"
    assert batching is not None
    assert batching.events_max == 300
    assert not batching.answers_each
