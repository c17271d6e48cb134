"""Each type over HTTP and on disk gets everything that was collected, through the real engine."""

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Tailrace, wait_until

from tool_server import Answer, Request, ToolServer

EVENTS = 600
DELIVERED_S = 60.0
MESSAGES = 4


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Tailrace]:
    settings = f'[deliver]\nprivate_networks = ["127.0.0.0/8"]\nfile_directories = ["{files}"]\n'
    made = Tailrace(tmp_path_factory.mktemp("sender"), settings=settings)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def connect(tailrace: Tailrace) -> Iterator[Callable[..., str]]:
    """Give what makes a destination and waits until it runs; it is deleted after the test."""
    made: list[str] = []

    def make(kind: str, **settings: object) -> str:
        slug = f"{kind}-{len(made)}-{time.monotonic_ns()}"
        body = {"slug": slug, "type": kind, "settings": settings}
        response = tailrace.api.post("/api/v1/destinations", json=body)
        assert response.status_code == 201, response.text
        made.append(slug)
        wait_until(lambda: delivery(tailrace, slug)["state"] == "running", what=slug, within_s=20)
        return slug

    yield make
    for slug in made:
        response = tailrace.api.delete(f"/api/v1/destinations/{slug}", headers={"If-Match": "*"})
        assert response.status_code == 204, response.text


def delivery(tailrace: Tailrace, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = tailrace.get(f"/api/v1/destinations/{slug}/delivery")
    return found


def books(tailrace: Tailrace, slug: str) -> dict[str, int]:
    [subscription] = delivery(tailrace, slug)["subscriptions"]
    return {name: subscription[name] for name in ("delivered", "dead_letters", "waiting")}


def collect(tailrace: Tailrace, name: str, events: int, **fields: object) -> list[str]:
    """Send events; return their message ids."""
    ids = [f"{name}-{number}" for number in range(events)]
    for start in range(0, events, 100):
        batch = [
            {
                "type": "track",
                "event": "Sent",
                "userId": f"u-{number % 7}",
                "messageId": ids[number],
                "properties": {"n": number},
                **fields,
            }
            for number in range(start, min(start + 100, events))
        ]
        assert tailrace.send("/v1/batch", {"batch": batch}).status_code == 200
    return ids


def wait_delivered(tailrace: Tailrace, slug: str, *, delivered: int, dead_letters: int = 0) -> None:
    expected = {"delivered": delivered, "dead_letters": dead_letters, "waiting": 0}
    wait_until(
        lambda: books(tailrace, slug) == expected,
        what=f"{expected} at {slug}",
        within_s=DELIVERED_S,
        state=lambda: f"{delivery(tailrace, slug)}\n{tailrace.last_output()}",
    )


class Cluster:
    """What `_bulk` of a cluster with one node does: full at first, strict about `n`."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        self._requests = 0

    def answer(self, request: Request) -> Answer:
        assert request.headers["content-type"] == "application/x-ndjson"
        assert request.headers["authorization"] == "ApiKey planted-key"
        assert request.path.startswith("/_bulk?")
        *lines, end = request.body.split(b"\n")
        assert end == b""
        assert 0 < len(lines) <= 1_000
        self._requests += 1
        items = [
            {"index": self._index(index, json.loads(place)["index"], json.loads(document))}
            for index, (place, document) in enumerate(zip(lines[::2], lines[1::2], strict=True))
        ]
        return Answer(body=json.dumps({"errors": True, "items": items}).encode())

    def _index(self, index: int, place: dict[str, str], document: dict[str, Any]) -> dict[str, Any]:
        if document["properties"]["n"] == "not a number":
            error = {"type": "mapper_parsing_exception", "reason": "failed to parse field [n]"}
            return {"status": 400, "error": error}
        if self._requests <= 2 and index % 3:
            error = {"type": "es_rejected_execution_exception", "reason": "full"}
            return {"status": 429, "error": error}
        self.documents[place["_index"], place["_id"]] = document
        return {"status": 201}


def test_elasticsearch_has_each_event_as_a_document_and_the_misfits_are_dead_letters(
    tailrace: Tailrace, connect: Callable[..., str]
) -> None:
    cluster = Cluster()
    with ToolServer(cluster.answer).running() as server:
        own = {"index": "idx", "api_key": "planted-key", "manage_template": False}
        slug = connect("elasticsearch", url=server.url, **own)
        ids = collect(tailrace, "es", EVENTS)
        collect(tailrace, "es-misfit", 3, properties={"n": "not a number"})
        wait_delivered(tailrace, slug, delivered=EVENTS, dead_letters=3)

    assert sorted(message_id for _, message_id in cluster.documents) == sorted(ids)
    for (index, message_id), document in cluster.documents.items():
        assert index == f"idx-{document['receivedAt'][:10]}"
        assert document["messageId"] == message_id
        assert document["@timestamp"] == document["timestamp"]
    letters = tailrace.get(f"/api/v1/destinations/{slug}/dead-letters")
    rows = letters["dead_letters"] if isinstance(letters, dict) else letters
    assert {row["reason"] for row in rows} == {"mapper_parsing_exception"}
    assert all(row["detail"].startswith("failed to parse field [n] (") for row in rows)


def test_aggregations_io_gets_arrays_of_300_events_at_most(
    tailrace: Tailrace, connect: Callable[..., str]
) -> None:
    with ToolServer(lambda _: Answer()).running() as server:
        slug = connect("aggregations-io", url=server.url, ingest_id="abc", api_key="planted-key")
        ids = collect(tailrace, "agg", EVENTS)
        wait_delivered(tailrace, slug, delivered=EVENTS)

    arrays = [request.json() for request in server.requests]
    assert sorted(event["messageId"] for array in arrays for event in array) == sorted(ids)
    assert all(0 < len(array) <= 300 for array in arrays)
    assert {request.path for request in server.requests} == {"/abc"}
    assert {request.headers["x-api-token"] for request in server.requests} == {"planted-key"}


def test_slack_gets_a_message_for_each_event_at_its_pace_and_in_order(
    tailrace: Tailrace, connect: Callable[..., str]
) -> None:
    posted_at: list[float] = []

    def answer(_: Request) -> Answer:
        posted_at.append(time.monotonic())
        if len(posted_at) == 2:
            return Answer(status=429, headers={"Retry-After": "2"}, body=b"rate_limited")
        return Answer(body=b"ok")

    with ToolServer(answer).running() as server:
        slug = connect(
            "slack",
            webhook_url=f"{server.url}/services/planted",
            text="{{event}} {{properties.n}} <{{nothing}}>",
        )
        collect(tailrace, "slack", MESSAGES)
        wait_delivered(tailrace, slug, delivered=MESSAGES)

    gaps = [after - before for before, after in pairwise(posted_at)]
    # A message may be on its way for longer than the next one.
    assert all(gap > 0.9 for gap in gaps)
    assert gaps[1] > 1.9
    texts = [request.json()["text"] for request in server.requests]
    assert texts == [f"Sent {number} <>" for number in (0, 1, 1, 2, 3)]


def test_files_have_each_event_as_a_line(
    tailrace: Tailrace, connect: Callable[..., str], files: Path
) -> None:
    slug = connect("file", directory=f"{files}/web/shop", prefix="shop")
    ids = collect(tailrace, "file", EVENTS)
    wait_delivered(tailrace, slug, delivered=EVENTS)

    events = {
        path: [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in (files / "web" / "shop").iterdir()
    }
    assert sorted(each["messageId"] for found in events.values() for each in found) == sorted(ids)
    for path, found in events.items():
        assert {f"shop-{each['receivedAt'][:10]}.ndjson" for each in found} == {path.name}


def test_files_lose_nothing_and_have_whole_lines_when_the_deliverer_is_killed(
    tailrace: Tailrace, connect: Callable[..., str], files: Path
) -> None:
    slug = connect("file", directory=f"{files}/killed")
    ids = []

    for round_ in range(4):
        ids += collect(tailrace, f"kill-{round_}", EVENTS)
        [deliverer] = wait_until(
            lambda: [pid for pid, part in tailrace.pids().items() if part == "deliver"],
            what="a deliverer",
            within_s=DELIVERED_S,
        )
        os.kill(deliverer, signal.SIGKILL)
    wait_delivered(tailrace, slug, delivered=len(ids))

    texts = [path.read_bytes() for path in (files / "killed").iterdir()]
    lines = [line for text in texts for line in text.splitlines()]
    assert {json.loads(line)["messageId"] for line in lines} == set(ids)


def test_a_directory_that_nobody_allowed_suspends_and_says_what_to_set(
    tailrace: Tailrace, connect: Callable[..., str], tmp_path: Path
) -> None:
    slug = connect("file", directory=str(tmp_path / "elsewhere"))
    collect(tailrace, "nowhere", 1)

    wait_until(
        lambda: delivery(tailrace, slug)["state"] == "suspended", what="suspended", within_s=20
    )

    assert "deliver.file_directories" in delivery(tailrace, slug)["problem"]
    assert list(tmp_path.iterdir()) == []


def test_another_tailrace_has_each_event_once_and_at_its_time(
    tailrace: Tailrace, connect: Callable[..., str], tmp_path: Path
) -> None:
    other = Tailrace(tmp_path / "other")
    forwarded = 0

    def through(request: Request) -> Answer:
        """Pass the call on; of the first two the answer is lost, so that they are repeated."""
        nonlocal forwarded
        forwarded += len(request.json()["batch"])
        response = httpx.post(
            f"{other.collect_url}{request.path}",
            content=request.body,
            headers={name: request.headers[name] for name in ("authorization", "content-type")},
            trust_env=False,
        )
        is_lost = len(server.requests) <= 2
        return Answer(
            status=response.status_code,
            body=response.content,
            manner="half" if is_lost else "whole",
        )

    try:
        other.start()
        with ToolServer(through).running() as server:
            slug = connect("tailrace", url=server.url, write_key=other.write_key)
            ids = collect(
                tailrace,
                "on",
                EVENTS,
                timestamp="2026-01-02T03:04:05.678Z",
                context={"ip": "192.0.2.1"},
            )
            wait_delivered(tailrace, slug, delivered=EVENTS)
        other.wait_stored(EVENTS)

        assert forwarded > EVENTS
        stored = {event["message_id"]: event for event in other.search()}
        assert sorted(stored) == sorted(ids)
        key = server.requests[0].headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(key) == f"{other.write_key}:".encode()
        one = tailrace.event(ids[0])["event"]
        there = other.event(ids[0])["event"]
        for name in ("type", "event", "user_id", "properties"):
            assert there[name] == one[name]
        assert there["context"]["ip"] == "192.0.2.1"
        late = datetime.fromisoformat(there["timestamp"]) - datetime.fromisoformat(one["timestamp"])
        assert timedelta() <= late < timedelta(seconds=10)
    finally:
        other.close()


def test_a_wrong_write_key_of_another_tailrace_suspends(
    tailrace: Tailrace, connect: Callable[..., str]
) -> None:
    # This one's own collector is another one as well, to which the key is unknown.
    slug = connect("tailrace", url=tailrace.collect_url, write_key="planted-wrong-key")
    collect(tailrace, "wrong", 5)

    wait_until(
        lambda: delivery(tailrace, slug)["state"] == "suspended", what="suspended", within_s=20
    )

    found = delivery(tailrace, slug)
    assert "write_key" in found["problem"]
    assert "planted-wrong-key" not in json.dumps(found)
