"""Skip, drain and resume while the system runs: the tool gets what is meant, the books agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MakeTailrace
from hostile_tool import HostileTool
from running import Tailrace, wait_until
from test_deliver import SETTINGS, Senders, books, connect, rows, wait_ended


@pytest.fixture
def tool() -> Iterator[HostileTool]:
    with HostileTool(1).running() as tool:
        yield tool


def test_skipped_events_never_arrive_and_a_drained_destination_waits_to_be_resumed(
    make_tailrace: MakeTailrace, tool: HostileTool
) -> None:
    tailrace = make_tailrace(settings=SETTINGS).start()
    connect(tailrace, "hook", tool.url, batch_events_max=10)
    senders = Senders(tailrace)

    tool.mood = "dead"
    senders.send(100)
    wait_state(tailrace, "down")
    tailrace.wait_settled()
    order(tailrace, "skip", {"until": "now"})
    wait_until(lambda: books(tailrace, "hook")["filtered"] == 100, what="skipped", within_s=60.0)
    tool.mood = "well"
    senders.send(50)
    wait_ended(tailrace, "hook", 150)
    order(tailrace, "drain")
    wait_state(tailrace, "drained")
    senders.send(20)
    tailrace.wait_settled()
    while_drained = len(tool.kept)
    pace = delivery(tailrace)["pace"]
    order(tailrace, "resume")
    wait_ended(tailrace, "hook", 170)

    assert set(tool.ids()) == {f"m-{number}" for number in range(100, 170)}
    assert while_drained == 50
    assert pace["requests_now"] == 0
    assert pace["request_ms_p50"] > 0.0
    assert rows(
        tailrace, "hook", "SELECT DISTINCT reason FROM counts WHERE outcome = 'filtered'"
    ) == [("skipped",)]
    tailrace.audit()


def order(tailrace: Tailrace, what: str, body: object = None) -> None:
    response = tailrace.api.post(f"/api/v1/destinations/hook/{what}", json=body)
    assert response.status_code in {202, 204}, response.text


def delivery(tailrace: Tailrace) -> Any:
    return tailrace.api.get("/api/v1/destinations/hook/delivery").json()


def wait_state(tailrace: Tailrace, state: str) -> None:
    wait_until(
        lambda: delivery(tailrace)["state"] == state,
        what=state,
        within_s=60.0,
        state=lambda: str(delivery(tailrace)),
    )
