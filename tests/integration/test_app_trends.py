"""Trends, stickiness and lifecycle over real sockets, a real log and a real store."""

from collections.abc import Iterator

import pytest
from app_server import AppServer, app_server, until

SEEN = {"series": [{"measure": "unique", "event": "Seen"}], "since": "1d", "interval": "day"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("trends")) as server:
        yield server


def people_who_saw(app: AppServer) -> object:
    (line,) = app.post("/api/v1/insights/trends", SEEN)["lines"]
    return line["total"]


def test_visitors_who_sign_in_become_one_person_while_questions_are_asked(app: AppServer) -> None:
    app.send(*({"type": "track", "event": "Seen", "anonymousId": f"a{n}"} for n in range(3)))
    before = people_who_saw(app)

    app.send({"type": "identify", "userId": "old", "anonymousId": "a1"})
    app.send({"type": "identify", "userId": "ann", "anonymousId": "a0"})
    app.send({"type": "alias", "userId": "ann", "previousId": "old"})

    assert before == 3
    until(lambda: people_who_saw(app) == 2, what="link", deadline_s=20)
    answer = app.post("/api/v1/insights/trends", SEEN)
    day = answer["buckets"][answer["lines"][0]["points"].index(2)]["at"]
    people = app.post("/api/v1/insights/trends/people", {**SEEN, "at": day})["people"]
    assert {one["person"] for one in people} == {"ann", "a2"}


def test_a_chart_that_is_not_valid_is_refused_in_plain_words(app: AppServer) -> None:
    answer = app.client.post(
        "/api/v1/insights/trends", json={"series": [{}], "formulas": ["A / B"]}
    )

    assert answer.status_code == 400
    assert "the formula 'A / B' names B; the series are A" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("trends", {"series": []}),
        ("trends", {"series": [{"measure": "mode"}]}),
        ("trends", {"series": [{}], "smoothing": 0}),
        ("trends", {"series": [{}], "by": ["event"] * 4}),
        ("stickiness", {"interval": "fortnight"}),
        ("lifecycle/people", {"state": "gone", "at": "2026-01-01T00:00:00Z"}),
    ],
)
def test_a_body_of_another_shape_is_refused(
    app: AppServer, path: str, body: dict[str, object]
) -> None:
    answer = app.client.post(f"/api/v1/insights/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["detail"]
