"""The tables of cases: what is accepted and how it is kept, what is refused and why.

A case has a name, a path, and a body: `body` is JSON, `text` the text itself (`repeat` times),
`base64` bytes; `gzip` compresses it into so many members. `headers` and `query` go with it. A valid
case has the `record` that the raw log gets (null for none), an invalid one `status` and `code`.
"""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asgi_client import Browserless, Response

from tailrace.collect.answers import SUCCESS_BODY
from tailrace.collect.refusals import REASONS

CASES = Path(__file__).parents[2] / "cases"

Case = dict[str, Any]


def cases(folder: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted((CASES / folder).glob("*.json"))
        for case in json.loads(file.read_text())
    ]


def body_of(case: Case) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "text" in case:
        text: str = case["text"] * case.get("repeat", 1)
        return text.encode()
    return msgspec.json.encode(case["body"])


async def send(client: Browserless, case: Case) -> Response:
    return await client.post(
        case["path"],
        body_of(case),
        headers={name.lower(): value for name, value in case.get("headers", {}).items()},
        query=case.get("query", ""),
        gzip_members=case.get("gzip", 0),
    )


@pytest.mark.parametrize("case", cases("valid"))
async def test_a_valid_call_is_kept_as_sent(case: Case, client: Browserless) -> None:
    response = await send(client, case)

    assert (response.status, response.body) == (200, SUCCESS_BODY), response.body
    assert response.header("content-type") == "application/json"
    if case["record"] is None:
        assert client.log.records == []
        return
    [call] = client.log.calls
    kept = {field: getattr(call, field) for field in case["record"]}
    assert kept == case["record"]
    assert call.body == body_of(case)
    assert call.source == "web"
    assert client.log.records[0].key == b"web"
    assert [(count.outcome, count.events) for count in client.log.counts] == [
        ("accepted", call.events)
    ]


@pytest.mark.parametrize("case", cases("invalid"))
async def test_an_invalid_call_is_refused_with_its_reason(case: Case, client: Browserless) -> None:
    response = await send(client, case)

    assert (response.status, response.json["code"]) == (case["status"], case["code"])
    assert REASONS[case["code"]] == case["status"]
    assert response.json["success"] is False
    assert response.json["message"] == response.json["error"] != ""
    assert len(response.body) < 1_000
    assert response.header("content-type") == "application/json"
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("retry-after") is None
    assert client.log.records == []


async def test_a_body_may_come_in_many_pieces(client: Browserless) -> None:
    body = msgspec.json.encode({"writeKey": "write-key-123", "batch": [{"a": "b" * 5_000}]})

    for headers in ({}, {"content-length": str(len(body))}):
        response = await client.post("/v1/batch", body, chunks=100, headers=headers)
        assert response.status == 200

    assert [call.body for call in client.log.calls] == [body, body]


async def test_padding_after_gzip_is_no_member(client: Browserless) -> None:
    body = msgspec.json.encode({"writeKey": "write-key-123", "batch": [1]})

    response = await client.post("/v1/batch", gzip.compress(body) + bytes(512))

    assert response.status == 200
    assert client.log.calls[0].body == body
