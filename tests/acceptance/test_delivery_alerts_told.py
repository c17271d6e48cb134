"""People are told of a destination in trouble, once, also across a crash; all parts real."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Tailrace, wait_until

from tool_server import Answer, ToolServer

SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
WITHIN_S = 60.0


@pytest.fixture
def tailrace(tmp_path: Path) -> Iterator[Tailrace]:
    made = Tailrace(tmp_path, settings=SETTINGS)
    try:
        yield made.start()
    finally:
        made.close()


def made(tailrace: Tailrace, path: str, **body: Any) -> None:
    response = tailrace.api.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 201, response.text


def told(people: ToolServer) -> list[str]:
    return [request.json()["state"] for request in people.requests]


def send(tailrace: Tailrace, number: int) -> None:
    event = {"type": "track", "event": "e", "userId": "u", "messageId": f"m-{number}"}
    assert tailrace.send("/v1/track", event).status_code == 200


def test_a_crash_tells_nobody_again(tailrace: Tailrace) -> None:
    is_well: list[bool] = []
    answer = lambda _: Answer(status=200 if is_well else 503)  # noqa: E731
    with ToolServer(lambda _: Answer()).running() as people, ToolServer(answer).running() as tool:
        made(tailrace, "destinations", slug="hook", type="webhook", settings={"url": tool.url})
        place = {"type": "webhook", "url": f"{people.url}/planted-path"}
        made(tailrace, "delivery-alerts", slug="ops", when={"down_for_s": 1}, notify=[place])
        wait_until(
            lambda: tailrace.get("/api/v1/destinations/hook/delivery")["state"] == "running",
            what="a runner",
            within_s=WITHIN_S,
        )
        send(tailrace, 1)
        wait_until(lambda: told(people), what="a message", within_s=WITHIN_S)
        firing = tailrace.get("/api/v1/delivery-alerts/ops")["standing"]
        tailrace.kill_all()
        tailrace.start()
        asked = len(tool.requests)
        wait_until(lambda: len(tool.requests) > asked, what="another attempt", within_s=WITHIN_S)
        is_well.append(True)
        wait_until(lambda: len(told(people)) > 1, what="the end", within_s=WITHIN_S)
        ended = tailrace.get("/api/v1/delivery-alerts/ops")["standing"]
        files = [path for path in tailrace.directory.rglob("*") if path.is_file()]
        planted = [path for path in files if b"planted-path" in path.read_bytes()]

    assert told(people) == ["firing", "resolved"]
    assert [each["destination"] for each in firing["firing"]] == ["hook"]
    assert firing["firing"][0]["reason"].startswith("has taken nothing for 1 s: ")
    assert (ended["state"], ended["firing_count"], ended["problem"]) == ("ok", 0, "")
    assert planted == []
