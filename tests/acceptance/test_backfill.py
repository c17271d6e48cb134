"""Backfills: the past arrives exactly as it is stored, whatever happens on the way."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hostile_tool import HostileTool
from running import Tailrace, printed_seed, wait_until

SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
USERS = 20
ENDED_S = 60.0


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    made = Tailrace(tmp_path_factory.mktemp("backfill"), settings=SETTINGS)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def tool() -> Iterator[HostileTool]:
    with HostileTool(printed_seed()).running() as tool:
        yield tool


def send(tailrace: Tailrace, name: str, events: int, *, refused_every: int = 0) -> None:
    """Send events of a name, each numbered in order, and wait until they are stored."""
    for begin in range(0, events, 500):
        batch = [
            {
                "type": "track",
                "event": name,
                "userId": f"u-{number % USERS}",
                "messageId": f"{name}-{number}",
                "properties": {
                    "n": number,
                    "is_refused": bool(refused_every)
                    and number % refused_every == refused_every - 1,
                    "price": 4.50,
                    "nothing": None,
                    "empty": {},
                    "list": [1, "zwei", None, {"ü": "\u0001€😀"}],
                },
            }
            for number in range(begin, min(begin + 500, events))
        ]
        assert tailrace.send("/v1/batch", {"batch": batch}).status_code == 200
    tailrace.wait_settled()


def connect(
    tailrace: Tailrace, slug: str, url: str, *, is_enabled: bool = False, **fields: object
) -> None:
    settings = {"url": url, "timeout_s": 1, **fields.pop("settings", {})}  # type: ignore[dict-item]
    body = {
        "slug": slug,
        "type": "webhook",
        "enabled": is_enabled,
        "settings": settings,
        **fields,
    }
    response = tailrace.api.post("/api/v1/destinations", json=body)
    assert response.status_code == 201, response.text


def start(tailrace: Tailrace, slug: str, **asked: object) -> int:
    body = {"since": "1h", "events_per_s_max": None, **asked}
    response = tailrace.api.post(f"/api/v1/destinations/{slug}/backfills", json=body)
    assert response.status_code == 201, response.text
    assert response.headers["location"].endswith(f"/{response.json()['id']}")
    return int(response.json()["id"])


def shown(tailrace: Tailrace, slug: str, id_: int) -> dict[str, Any]:
    answer = tailrace.get(f"/api/v1/destinations/{slug}/backfills/{id_}")
    for books in answer["subscriptions"]:
        if answer["selected"] is not None:
            names = ("delivered", "filtered", "dead_letters", "discarded", "waiting", "to_come")
            assert answer["selected"] == sum(books[name] for name in names), answer
    assert isinstance(answer, dict)
    return answer


def wait_for(tailrace: Tailrace, slug: str, id_: int, state: str) -> dict[str, Any]:
    """Wait until a backfill is in a state; its books must agree at every look."""
    found: dict[str, Any] = {}

    def is_there() -> bool:
        found.update(shown(tailrace, slug, id_))
        return bool(found["state"] == state)

    wait_until(
        is_there,
        what=state,
        within_s=ENDED_S,
        state=lambda: f"{found}; {tailrace.last_output()}",
    )
    return found


def move(tailrace: Tailrace, slug: str, id_: int, word: str) -> dict[str, Any]:
    answer = tailrace.post(f"/api/v1/destinations/{slug}/backfills/{id_}/{word}", {})
    assert isinstance(answer, dict)
    return answer


def kill(tailrace: Tailrace, part: str) -> None:
    pid = wait_until(
        lambda: next((pid for pid, each in tailrace.pids().items() if each == part), None),
        what=f"{part} runs",
        within_s=30.0,
    )
    os.kill(pid, signal.SIGKILL)


def ids(name: str, numbers: range) -> set[str]:
    return {f"{name}-{number}" for number in numbers}


def test_a_disabled_destination_gets_the_past_exactly_as_it_came_live(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    with HostileTool(1).running() as live:
        connect(tailrace, "exact-live", live.url, is_enabled=True)
        connect(tailrace, "exact", tool.url, settings={"batch_events_max": 100})
        wait_until(
            lambda: tailrace.get("/api/v1/destinations/exact-live/delivery")["state"] == "running",
            what="live",
            within_s=20.0,
        )
        send(tailrace, "Exact", 1_200)
        query = "event:Exact"
        preview = tailrace.post(
            "/api/v1/destinations/exact/backfills/preview", {"since": "1h", "query": query}
        )

        job = start(tailrace, "exact", query=query)
        done = wait_for(tailrace, "exact", job, "done")
        wait_until(lambda: len(live.ids()) == 1_200, what="live", within_s=30.0)

        assert preview["events"] == 1_200
        assert len(preview["sample"]) == 5
        assert (done["selected"], done["fed"], done["delivered"]) == (1_200, 1_200, 1_200)
        assert set(tool.ids()) == ids("Exact", range(1_200))
        assert len(tool.kept) == 1_200
        came_live = {event["messageId"]: json.dumps(event) for event in live.kept}
        assert {event["messageId"]: json.dumps(event) for event in tool.kept} == came_live
        for user, numbers in tool.first_arrivals().items():
            assert numbers == sorted(numbers), user
