"""Funnels, paths, experiments and sizes of samples over the API's socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from app_server import AppServer, app_server, track

BEGAN = datetime.now(UTC) - timedelta(hours=2)
STEPS = [{"event": "Signup"}, {"event": "Purchase"}]
EXPERIMENT = {
    "exposure": {"event": "Signup"},
    "variant": "properties.plan",
    "control": "old",
    "metrics": [{"events": {"event": "Purchase"}}],
    "people_planned": 1,
}
# Who, what, after how many minutes, and the plan.
HAPPENED = [
    ("u-1", "Signup", 0, "old"),
    ("u-1", "Purchase", 5, None),
    ("u-2", "Signup", 1, "new"),
    ("u-3", "Signup", 2, "old"),
    ("u-3", "Signup", 3, "new"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("journeys")) as server:
        server.send(
            *(
                track(
                    f"j-{number}",
                    event=event,
                    userId=who,
                    timestamp=(BEGAN + timedelta(minutes=minutes)).isoformat(),
                    properties={} if plan is None else {"plan": plan},
                )
                for number, (who, event, minutes, plan) in enumerate(HAPPENED)
            )
        )
        yield server


def ask(app: AppServer, what: str, body: dict[str, Any]) -> httpx.Response:
    return app.client.post(f"/api/v1/insights/{what}", json=body)


def test_a_funnel_is_answered_with_the_people_behind_it(app: AppServer) -> None:
    funnel = app.post("/api/v1/insights/funnel", {"steps": STEPS, "by": "properties.plan"})
    dropped = app.post(
        "/api/v1/insights/funnel/people", {"steps": STEPS, "reached": 1, "dropped": True}
    )

    assert [step["people"] for step in funnel["steps"]] == [3, 1]
    assert {value["value"] for value in funnel["values"]} == {"old", "new"}
    assert {who["person"] for who in dropped["people"]} == {"u-2", "u-3"}


def test_paths_are_answered_with_the_people_behind_them(app: AppServer) -> None:
    paths = app.post("/api/v1/insights/paths", {})
    took = app.post(
        "/api/v1/insights/paths/people", {"step": 1, "item": "Signup", "next": "Purchase"}
    )

    edges = [(edge["item"], edge["next"], edge["weight"]) for edge in paths["edges"]]
    assert edges == [("Signup", "Purchase", 1)]
    assert [who["user_id"] for who in took["people"]] == ["u-1"]


def test_an_experiment_is_answered(app: AppServer) -> None:
    answer = app.post("/api/v1/insights/experiment", EXPERIMENT)

    assert [(v["variant"], v["people"]) for v in answer["variants"]] == [("old", 1), ("new", 1)]
    assert answer["mixed"] == 1
    assert answer["metrics"][0]["comparisons"][0]["test"] == "fisher"


def test_a_sample_size_is_answered(app: AppServer) -> None:
    answer = app.post("/api/v1/insights/sample-size", {"rate": 0.2, "difference": 0.02})

    assert answer["people_per_variant"] == 6_510


@pytest.mark.parametrize(
    ("what", "body", "told"),
    [
        ("funnel", {"steps": STEPS[:1]}, "steps"),
        ("funnel", {"steps": STEPS, "times": 1}, "times"),
        ("funnel", {"steps": STEPS, "window": "7"}, "window"),
        ("funnel", {"steps": STEPS, "windows": 7}, "windows"),
        ("funnel", {"steps": [{"event": "a", "type": "x"}, {"event": "b"}]}, "steps"),
        ("paths", {"steps": 1}, "steps"),
        ("paths", {"rules": [{"regex": "(", "name": ""}]}, "rules[0]"),
        ("experiment", {**EXPERIMENT, "metrics": []}, "metrics"),
        ("sample-size", {"rate": 2}, "rate"),
        ("sample-size", {"rate": 0.5, "lift": 2}, "1.5"),
    ],
)
def test_what_is_wrong_is_named(app: AppServer, what: str, body: dict[str, Any], told: str) -> None:
    answer = ask(app, what, body)

    assert answer.status_code == 400
    assert told in answer.json()["detail"]
