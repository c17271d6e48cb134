"""Elasticsearch: what is sent to `_bulk`, and what each of its answers means."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tailrace.destinations import check, load_catalog
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected, Retry
from tailrace.destinations.elasticsearch import DESTINATION, Document, Settings, index, index_name
from tailrace.errors import SettingsError, TransientError
from tool_server import Answer, Request, ToolServer, event_json, loopback_tools


def settings(url: str = "http://es.example.com:9200", **given: object) -> Settings:
    made: Settings = check(
        DESTINATION, {"url": url, "index": "idx", "manage_template": False, **given}
    ).settings
    return made


def items(*found: dict[str, Any], operation: str = "index") -> Answer:
    return Answer(body=json.dumps({"items": [{operation: each} for each in found]}).encode())


def error(status: int, kind: str, reason: str, cause: str = "") -> dict[str, Any]:
    caused = {"caused_by": {"type": "x", "reason": cause}} if cause else {}
    return {"status": status, "error": {"type": kind, "reason": reason, **caused}}


async def sent(
    answer: Callable[[Request], Answer], *events: Json, **given: object
) -> tuple[list[Outcome], Request]:
    with ToolServer(answer).running() as server:
        async with loopback_tools() as tools:
            documents = [Document(source=event) for event in events]
            outcomes = await index(documents, settings(server.url, **given), tools)
    [request] = server.requests
    return list(outcomes), request


async def test_an_event_is_a_document_under_its_message_id_with_a_timestamp() -> None:
    event = event_json("m-1")

    _, request = await sent(lambda _: items({"status": 201}, {"status": 200}), event, event)

    assert request.path == "/_bulk?filter_path=items.*.status,items.*.error"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert "authorization" not in request.headers
    assert request.body.endswith(b"\n")
    place, document, *rest = [json.loads(line) for line in request.body.decode().split("\n")[:-1]]
    assert place == {"index": {"_index": "idx-2026-11-21", "_id": "m-1"}}
    assert document == {"@timestamp": "2026-11-21T10:00:00.000Z", **json.loads(event)}
    assert rest == [place, document]


async def test_a_document_without_the_fields_of_an_event_is_taken_as_it_is() -> None:
    bare, own = Json(b'{"total":1}'), Json(b'{"timestamp":"x","@timestamp":"2026-01-02","a":1}')

    _, request = await sent(
        lambda _: items({"status": 201}, {"status": 201}), bare, own, index_rotation="none"
    )

    place = b'{"index":{"_index":"idx"}}'
    assert request.body.splitlines() == [place, bare, place, own]


async def test_what_is_no_object_is_rejected_beside_neighbours_that_are_taken() -> None:
    outcomes, request = await sent(
        lambda _: items({"status": 201}, {"status": 200}),
        Json(b"[1]"),
        event_json("a"),
        Json(b'{"messageId":7}'),
        event_json("b"),
    )

    assert [type(outcome) for outcome in outcomes] == [Rejected, Delivered, Rejected, Delivered]
    assert len(request.body.splitlines()) == 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"api_key": "abc=="}, "ApiKey abc=="),
        (
            {"username": "ü", "password": "p:w"},
            f"Basic {base64.b64encode('ü:p:w'.encode()).decode()}",
        ),
    ],
)
async def test_it_signs_in_as_it_is_told(given: dict[str, object], expected: str) -> None:
    _, request = await sent(lambda _: items({"status": 201}), event_json("m-1"), **given)

    assert request.headers["authorization"] == expected


@pytest.mark.parametrize(
    ("rotation", "received_at", "expected"),
    [
        ("none", "2016-02-25T13:00:00.000Z", "idx"),
        ("hour", "2016-02-25T13:00:00.000Z", "idx-2016-02-25-13"),
        ("day", "2016-02-25T13:00:00.000Z", "idx-2016-02-25"),
        ("month", "2016-02-25T13:00:00.000Z", "idx-2016-02"),
        ("week", "2016-01-02T23:59:59.999Z", "idx-2016-w01"),
        ("week", "2016-01-03T00:00:00.000Z", "idx-2016-w02"),
        ("week", "2020-08-12T00:00:00.000Z", "idx-2020-w33"),
        ("week", "2026-12-26T12:00:00.000Z", "idx-2026-w52"),
        # The week of New Year belongs to the year of its Saturday.
        ("week", "2026-12-27T00:00:00.000Z", "idx-2027-w01"),
        ("week", "2022-12-31T23:00:00.000Z", "idx-2022-w53"),
    ],
)
def test_an_index_is_named_by_the_time_of_arrival(
    rotation: str, received_at: str, expected: str
) -> None:
    assert index_name(settings(index_rotation=rotation), received_at) == expected


async def test_a_message_id_too_long_for_the_cluster_gets_a_short_one_of_its_own() -> None:
    ids = ["x" * 512, "x" * 513, "ü" * 257]

    _, request = await sent(
        lambda _: items(*[{"status": 201}] * 3), *(event_json(each) for each in ids)
    )

    found = [json.loads(line)["index"]["_id"] for line in request.body.splitlines()[::2]]
    assert found[0] == ids[0]
    assert len(set(found)) == 3
    assert all(len(each.encode()) <= 512 for each in found)


async def test_each_document_has_the_outcome_that_the_cluster_gives_it() -> None:
    answer = items(
        {"status": 201},
        error(400, "mapper_parsing_exception", "failed to parse field [total]", "not a number"),
        error(429, "es_rejected_execution_exception", "queue is full"),
        error(503, "unavailable_shards_exception", "primary is not active"),
        {"status": 200},
    )

    outcomes, _ = await sent(lambda _: answer, *(event_json(f"m-{n}") for n in range(5)))

    assert outcomes == [
        Delivered(201),
        Rejected(
            "mapper_parsing_exception",
            "failed to parse field [total]: not a number (its index has another type for the "
            "field; properties_as flat takes any value)",
            status=400,
        ),
        Retry("es_rejected_execution_exception", "queue is full", 429),
        Retry("unavailable_shards_exception", "primary is not active", 503),
        Delivered(200),
    ]


async def test_what_is_there_already_is_delivered_where_nothing_is_replaced() -> None:
    conflict = error(409, "version_conflict_engine_exception", "document already exists")

    created, request = await sent(
        lambda _: items(conflict, operation="create"), event_json("m-1"), operation="create"
    )
    indexed, _ = await sent(lambda _: items(conflict), event_json("m-1"))

    assert created == [Delivered(409)]
    assert list(json.loads(request.body.splitlines()[0])) == ["create"]
    assert isinstance(indexed[0], Retry)


@pytest.mark.parametrize(
    "refusal",
    [
        error(403, "security_exception", "no permissions"),
        error(401, "security_exception", "missing credentials"),
        error(404, "index_not_found_exception", "no such index [idx]"),
        error(400, "index_closed_exception", "closed"),
        error(400, "validation_exception", "this action would add [2] total shards"),
        error(
            400,
            "illegal_argument_exception",
            "only write ops with an op_type of create are allowed in data streams",
        ),
    ],
)
async def test_what_no_document_would_pass_suspends(refusal: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=refusal["error"]["reason"].split("[")[0]):
        await sent(lambda _: items({"status": 201}, refusal), event_json("a"), event_json("b"))


async def test_words_of_an_event_do_not_suspend() -> None:
    words = "value: 'only write ops with an op_type of create are allowed in data streams'"
    refusal = error(400, "mapper_parsing_exception", f"failed to parse [x]; {words}")

    [outcome], _ = await sent(lambda _: items(refusal), event_json("m-1"))

    assert isinstance(outcome, Rejected)


@pytest.mark.parametrize("status", [404, 405])
async def test_an_address_without_bulk_suspends(status: int) -> None:
    with pytest.raises(SettingsError, match="no _bulk below url"):
        await sent(lambda _: Answer(status=status), event_json("m-1"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>log in</html>"),
        Answer(body=b'{"items": []}'),
        Answer(body=b'{"items": [{"index": {"status": 201}}, {"index": {"status": 201}}]}'),
        Answer(body=b'{"items": [{"index": {}}]}'),
        Answer(status=202),
    ],
)
async def test_an_answer_that_tells_not_of_each_document_is_none(answer: Answer) -> None:
    with pytest.raises(TransientError):
        await sent(lambda _: answer, event_json("m-1"))


@pytest.mark.parametrize("status", [400, 413])
async def test_a_call_refused_whole_is_tried_smaller_before_anything_is_given_up(
    status: int,
) -> None:
    def answer(_: Request) -> Answer:
        return Answer(status=status, body=b"no")

    two, _ = await sent(answer, event_json("a"), event_json("b"))
    one, _ = await sent(answer, event_json("a"))

    assert two == [Retry(f"http-{status}", "no", status)] * 2
    assert one == [Rejected(f"http-{status}", "no", status)]


def test_a_batch_is_of_500_documents_or_5_mb() -> None:
    [action] = load_catalog().types["elasticsearch"].actions

    batching = action.batching(settings())

    assert batching is not None
    assert (batching.events_max, batching.bytes_max) == (500, 5_000_000)
    assert batching.answers_each
