"""Skip, drain and resume over the API's socket: what is ordered, and who hears of it."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from app_server import AppServer

from tailrace.deliver.orders import Orders, orders_of
from tailrace.deliver.state import State, facts, looking

PATH = "/api/v1/destinations/hook"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    server = AppServer(tmp_path_factory.mktemp("app") / "data")
    try:
        server.start()
        body = {"slug": "hook", "type": "webhook", "settings": {"url": "https://hooks.example.com"}}
        assert server.client.post("/api/v1/destinations", json=body).status_code == 201
        yield server
    finally:
        server.close()


def order(app: AppServer, what: str, body: Any = None) -> httpx.Response:
    return app.client.post(f"{PATH}/{what}", json=body)


def orders(app: AppServer) -> Orders:
    with looking(app.data_dir / "deliver" / "hook.sqlite") as connection:
        return orders_of(facts(connection))


def test_orders_are_kept_for_who_delivers_and_noted(app: AppServer) -> None:
    before = time.time()

    skipped = order(app, "skip", {"until": "now"})
    drained = order(app, "drain")
    draining = orders(app)
    resumed = order(app, "resume")
    again = order(app, "skip", {"until": "2026-01-02T03:04:05+01:00"})

    assert (skipped.status_code, drained.status_code, resumed.status_code) == (202, 204, 204)
    assert before <= draining.skip_until <= time.time()
    assert draining.drain > 0
    assert (orders(app).drain, again.json()) == (0, {"until": "2026-01-02T02:04:05Z"})
    assert orders(app).skip > draining.skip
    entries = app.get("/api/v1/audit-log?resource=destinations/hook")[:4]
    assert [entry["action"] for entry in entries] == [
        "destination.skip",
        "destination.resume",
        "destination.drain",
        "destination.skip",
    ]
    assert entries[0]["after"] == {"until": "2026-01-02T02:04:05+00:00"}


@pytest.mark.parametrize(
    "until",
    ["yesterday", "2026-01-02T03:04:05", "2999-01-01T00:00:00Z", "", "0001-01-01T00:00+23:00"],
)
def test_a_moment_that_is_none_or_has_not_come_is_refused(app: AppServer, until: str) -> None:
    refused = order(app, "skip", {"until": until})

    assert refused.status_code == 400
    assert (refused.json()["field"], "a time before now" in refused.json()["detail"]) == (
        "until",
        True,
    )


def test_there_is_nothing_to_order_of_a_destination_that_is_not_there(app: AppServer) -> None:
    answers = [
        app.client.post(f"/api/v1/destinations/none/{what}", json=body).status_code
        for what, body in (("skip", {"until": "now"}), ("drain", None), ("resume", None))
    ]

    assert answers == [404, 404, 404]


def test_the_pace_that_was_told_is_shown_with_what_lies_before_it(app: AppServer) -> None:
    state = State(app.data_dir / "deliver" / "hook.sqlite")
    told = {
        "state": "down",
        "version": 1,
        "problem": "no-answer",
        "in_flight": 40,
        "in_flight_records": 2,
        "oldest_at": 1_790_000_000.0,
        "worked_at": None,
        "failing_since": 1_790_000_100.0,
        "record_events": 20.0,
        "event_bytes": 500.0,
        "events_per_s_10s": 1.5,
        "events_per_s_60s": 2.5,
        "retries_60s": 7,
        "requests_now": 1,
        "requests_at_once": 2,
        "request_ms_p50": 12.5,
        "request_ms_p99": 80.0,
        "delivered_after_s_p50": None,
        "delivered_after_s_p99": None,
    }
    state.tell(told)
    state.close()

    shown = app.get(f"{PATH}/delivery")

    assert (shown["state"], shown["problem"]) == ("down", "no-answer")
    assert (shown["pace"]["backlog_events"], shown["pace"]["backlog_bytes"]) == (40, 20_000)
    assert shown["pace"]["failing_since"].startswith("2026-09-21T")
    assert (shown["pace"]["request_ms_p99"], shown["pace"]["retries_60s"]) == (80.0, 7)
    metrics = app.client.get("/metrics").text
    assert 'tailrace_deliver_requests_at_once{destination="hook"} 2.0' in metrics
