"""Questions that take long: how far they are, who may stop them, and what a hang-up does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import msgspec
import pytest
from app_server import TOKEN, AppServer, app_server, track, until

# Compares every event with every other one, twice over: minutes of work, stopped by no limit.
ENDLESS = (
    "SELECT count() AS n FROM events AS a, events AS b, events AS c "
    "WHERE sipHash64(a.message_id, b.message_id, c.message_id) = 1"
)
OPTIONS = "[query]\ntime_s_max = 600.0\nconcurrency_per_asker_max = 2\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("running"), options=OPTIONS) as server:
        server.send(*[track(f"m-{number}") for number in range(2_000)])
        yield server


class Asked:
    """A question that somebody waits for in a thread."""

    def __init__(self, app: AppServer, question_id: str, *, token: str = TOKEN) -> None:
        self.answer: httpx.Response | None = None
        headers = {"X-Question-Id": question_id, "Authorization": f"Bearer {token}"}
        url = f"{app.url}/api/v1/sql"

        def ask() -> None:
            self.answer = httpx.post(url, json={"sql": ENDLESS}, headers=headers, timeout=120.0)

        self.thread = threading.Thread(target=ask)
        self.thread.start()

    def ended(self) -> httpx.Response:
        self.thread.join(60.0)
        assert self.answer is not None, "the question is still being asked"
        return self.answer


def running(app: AppServer) -> dict[str, dict[str, object]]:
    return {found["id"]: found for found in app.get("/api/v1/questions")["questions"]}


def is_reading(app: AppServer, question_id: str) -> bool:
    found = running(app).get(question_id)
    return found is not None and int(str(found["rows_read"])) > 0


def test_a_question_tells_how_far_it_is_and_ends_when_it_is_stopped(app: AppServer) -> None:
    asked = Asked(app, "long-question-1")
    until(lambda: is_reading(app, "long-question-1"), what="progress")

    progress = running(app)["long-question-1"]
    stopped = app.client.delete("/api/v1/questions/long-question-1")
    answer = asked.ended()

    assert progress["is_begun"]
    assert float(str(progress["elapsed_s"])) > 0
    assert stopped.status_code == 204
    assert answer.status_code == 503
    assert "was stopped" in answer.json()["detail"]
    assert running(app) == {}


def test_a_question_ends_when_whoever_asked_hangs_up(app: AppServer) -> None:
    body = msgspec.json.encode({"sql": ENDLESS})
    head = (
        f"POST /api/v1/sql HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nX-Question-Id: hangs-up-1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", app.port))) as connection:
        connection.sendall(head.encode() + body)
        until(lambda: is_reading(app, "hangs-up-1"), what="progress")

    until(lambda: running(app) == {}, what="end of the question that nobody waits for")


def test_nobody_sees_or_stops_the_questions_of_somebody_else(app: AppServer) -> None:
    made = app.client.post("/api/v1/tokens", json={"name": "other", "permissions": ["events:read"]})
    other = {"Authorization": f"Bearer {made.json()['token']}"}
    asked = Asked(app, "not-for-others")
    until(lambda: is_reading(app, "not-for-others"), what="progress")

    seen = httpx.get(f"{app.url}/api/v1/questions", headers=other).json()
    refused = httpx.delete(f"{app.url}/api/v1/questions/not-for-others", headers=other)
    app.client.delete("/api/v1/questions/not-for-others").raise_for_status()

    assert seen == {"questions": []}
    assert refused.status_code == 404
    assert asked.ended().status_code == 503


def test_the_questions_of_one_leave_room_for_those_of_others(app: AppServer) -> None:
    made = app.client.post("/api/v1/tokens", json={"name": "busy", "permissions": ["events:read"]})
    token = made.json()["token"]
    busy = httpx.Client(base_url=app.url, headers={"Authorization": f"Bearer {token}"})
    names = [f"one-of-many-{number}" for number in range(4)]
    asked = [Asked(app, name, token=token) for name in names]

    def begun() -> list[str]:
        found = busy.get("/api/v1/questions").json()["questions"]
        return [question["id"] for question in found if question["is_begun"]]

    until(lambda: len(begun()) == 2, what="two questions that run")
    answer = app.post("/api/v1/search", {"query": "", "limit": 1})
    waiting = len(busy.get("/api/v1/questions").json()["questions"]) - len(begun())
    while left := busy.get("/api/v1/questions").json()["questions"]:
        for question in left:
            busy.delete(f"/api/v1/questions/{question['id']}")
    busy.close()

    assert answer["total"] == 2_000
    assert waiting == 2
    assert {one.ended().status_code for one in asked} == {503}


def test_a_name_that_a_question_cannot_have_is_refused(app: AppServer) -> None:
    answer = app.client.get("/api/v1/fields", headers={"X-Question-Id": "a b"})

    assert answer.status_code == 400
    assert answer.json()["field"] == "X-Question-Id"
