"""The live stream over a real socket."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from app_server import DEADLINE_S, AppServer, app_server, track, until

OPTIONS = "[app]\nlive_streams_max = 3\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("live"), options=OPTIONS) as server:
        yield server


class Watching:
    """Collects the messages of one stream in a thread."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [data for one, data in list(self.messages) if one == name]

    def ids(self, name: str = "events") -> list[str]:
        return [event["message_id"] for data in self.of(name) for event in data["events"]]

    def _read(self) -> None:
        name = ""
        try:
            for line in self.response.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    self.messages.append((name, json.loads(line[6:])))
        except (httpx.TransportError, httpx.StreamClosed):
            return


@contextmanager
def watching(app: AppServer, **parameters: str) -> Iterator[Watching]:
    client = httpx.Client(base_url=app.url, headers=app.client.headers, timeout=None)
    with client.stream("GET", "/api/v1/live", params=parameters) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        watcher = Watching(response)
        until(lambda: watcher.of("status"), what="status message")
        yield watcher
        # Closing a socket that another thread reads from would not reach the server.
        stream = response.extensions["network_stream"]
        stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        watcher.thread.join(DEADLINE_S)
    client.close()
    until(lambda: app.get("/api/v1/status")["live_streams"] == 0, what="end of the stream")


def test_the_stream_begins_with_the_state(app: AppServer) -> None:
    with watching(app) as stream:
        (status,) = stream.of("status")

    assert set(status) == {"events_per_s", "events", "skipped", "freshness_s"}


def test_events_come_with_the_fields_of_the_search_answer(app: AppServer) -> None:
    with watching(app) as stream:
        app.send(track("live-1", properties={"revenue": 5}))
        until(lambda: "live-1" in stream.ids(), what="event")
    (found,) = app.post("/api/v1/search", {"query": "message_id:live-1"})["events"]

    (event,) = stream.of("events")[0]["events"]
    assert event["properties"] == {"revenue": 5}
    assert set(event) <= set(found)


def test_what_was_set_aside_comes_too(app: AppServer) -> None:
    with watching(app) as stream:
        app.send({**track("live-2"), "event": 7})
        until(lambda: "live-2" in stream.ids("set_aside"), what="set-aside event")

    (data,) = stream.of("set_aside")
    assert data["events"][0]["reason"] == "event_not_string"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "page"}, "page-{}"),
        ({"text": "needle"}, "text-{}"),
        ({"q": "properties.plan:pro"}, "plan-{}"),
        ({"q": "event:Rare AND type:track"}, "rare-{}"),
        ({"q": "event: Seldom seen and not type:page", "language": "kql"}, "seldom-{}"),
    ],
)
def test_a_stream_shows_what_was_asked_for(
    app: AppServer, parameters: dict[str, str], expected: str
) -> None:
    mark = expected.partition("-")[0]
    with watching(app, **parameters) as stream:
        app.send(
            track(f"plain-{mark}"),
            {**track(f"page-{mark}"), "type": "page", "name": "Home"},
            track(f"text-{mark}", properties={"note": "a NEEDLE in hay"}),
            track(f"plan-{mark}", properties={"plan": "pro"}),
            {**track(f"rare-{mark}"), "event": "Rare"},
            {**track(f"seldom-{mark}"), "event": "Seldom seen"},
        )
        until(stream.ids, what="event")

    assert stream.ids() == [expected.format(mark)]
    assert stream.of("events")[0]["skipped"] == 0


def test_of_a_flood_the_newest_are_shown_and_the_rest_is_counted(app: AppServer) -> None:
    with watching(app) as stream:
        app.send(*(track(f"flood-{number}") for number in range(1_000)))
        until(stream.ids, what="events")

    (data,) = stream.of("events")
    assert data["events"][-1]["message_id"] == "flood-999"
    assert len(data["events"]) + data["skipped"] == 1_000
    assert len(data["events"]) <= 50


def test_a_question_that_is_not_valid_is_refused_at_once(app: AppServer) -> None:
    response = app.client.get("/api/v1/live", params={"q": "event:("})

    assert response.status_code == 400
    assert response.json()["type"] == "urn:tailrace:problem:query"


def test_one_stream_too_many_is_429(app: AppServer) -> None:
    with watching(app), watching_without_end_check(app), watching_without_end_check(app):
        response = app.client.get("/api/v1/live")

    assert response.status_code == 429
    assert response.headers["retry-after"]
    assert "live_streams_max" in response.json()["detail"]


@contextmanager
def watching_without_end_check(app: AppServer) -> Iterator[None]:
    with (
        httpx.Client(base_url=app.url, headers=app.client.headers, timeout=None) as client,
        client.stream("GET", "/api/v1/live") as response,
    ):
        # A dropped iterator would close the stream.
        lines = response.iter_lines()
        next(lines)
        yield
