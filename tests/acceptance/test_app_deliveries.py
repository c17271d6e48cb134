"""What people see of deliveries, and how they steer them: the API and commands, all parts real."""

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from conftest import MakeTailrace
from running import Tailrace, wait_until

SETTINGS: Final = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
SECRET: Final = "s3cr3t/of the+tool&äö"
SIGNS: Final = "another-secret-that-signs"
REASON: Final = "http-422"


class Tool:
    """Takes events; refuses with 422 those whose name is in `refused`; keeps what it was sent."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.status = 0
        self.taken: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    @contextmanager
    def running(self) -> Iterator["Tool"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def ids(self) -> set[str]:
        return {event["messageId"] for event in self.taken}

    def answer(self, event: dict[str, Any]) -> int:
        if self.status:
            return self.status
        if event.get("event") in self.refused:
            return 422
        self.taken.append(event)
        return 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tool = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                tool.headers = dict(self.headers)
                # It says again what it was told, as careless tools do.
                text = f"{event.get('event')}: {self.headers.get('X-Key', '')}".encode()
                self.send_response(tool.answer(event))
                self.send_header("content-length", str(len(text)))
                self.send_header("x-echo", self.headers.get("X-Key", ""))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def tool() -> Iterator[Tool]:
    with Tool().running() as tool:
        yield tool


@pytest.fixture
def tailrace(make_tailrace: MakeTailrace, tool: Tool) -> Tailrace:
    tailrace = make_tailrace(settings=SETTINGS).start()
    connect(tailrace, url=tool.url)
    return tailrace


def connect(tailrace: Tailrace, *, slug: str = "hook", **settings: object) -> None:
    """Make a destination, and wait until it has begun."""
    body = {"slug": slug, "type": "webhook", "settings": settings}
    response = tailrace.api.post("/api/v1/destinations", json=body)
    assert response.status_code == 201, response.text
    wait_state(tailrace, "running", slug=slug)


def change(tailrace: Tailrace, **body: object) -> None:
    response = tailrace.api.patch("/api/v1/destinations/hook", json=body, headers={"If-Match": "*"})
    assert response.status_code == 200, response.text


def send(tailrace: Tailrace, *ids: str, event: str = "Ordered") -> None:
    batch = [
        {"type": "track", "event": event, "userId": f"u-{id_}", "messageId": id_} for id_ in ids
    ]
    assert tailrace.send("/v1/batch", {"batch": batch}).status_code == 200


def delivery(tailrace: Tailrace, slug: str = "hook") -> dict[str, Any]:
    answer: dict[str, Any] = tailrace.get(f"/api/v1/destinations/{slug}/delivery")
    return answer


def sums(tailrace: Tailrace) -> dict[str, int]:
    """Return the books of the one subscription, without what is 0."""
    [found] = delivery(tailrace)["subscriptions"]
    return {name: value for name, value in found.items() if isinstance(value, int) and value}


def wait_sums(tailrace: Tailrace, **wanted: int) -> None:
    wait_until(
        lambda: sums(tailrace) == wanted,
        what=f"books {wanted}",
        within_s=60.0,
        state=lambda: f"{delivery(tailrace)}; {tailrace.last_output()}",
    )


def wait_state(tailrace: Tailrace, state: str, *, slug: str = "hook") -> None:
    wait_until(
        lambda: delivery(tailrace, slug)["state"] == state,
        what=f"{slug} is {state}",
        within_s=60.0,
        state=lambda: f"{delivery(tailrace, slug)}; {tailrace.last_output()}",
    )


def dead_letters(tailrace: Tailrace, **parameters: object) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = tailrace.get(
        "/api/v1/destinations/hook/dead-letters", **parameters
    )
    return answer


def books(tailrace: Tailrace) -> dict[str, Any]:
    answer: dict[str, Any] = tailrace.get("/api/v1/destinations/hook/books", since="7d")
    return answer


def try_it(tailrace: Tailrace, body: Mapping[str, Any], slug: str = "hook") -> dict[str, Any]:
    answer: dict[str, Any] = tailrace.post(f"/api/v1/destinations/{slug}/test", body)
    return answer


def audited(tailrace: Tailrace, action: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tailrace.get("/api/v1/audit-log", action=action)
    return found


# --- How it stands ------------------------------------------------------------------------------


def test_what_was_delivered_is_counted_and_the_books_balance(
    tailrace: Tailrace, tool: Tool
) -> None:
    send(tailrace, *(f"m-{n}" for n in range(100)))

    wait_sums(tailrace, delivered=100)

    found = delivery(tailrace)
    assert (found["state"], found["problem"], found["behind_records"]) == ("running", "", 0)
    assert found["worked_at"] is not None
    assert len(tool.taken) == 100
    answer = books(tailrace)
    assert (answer["balanced"], answer["is_complete"], answer["behind"]) == (True, True, 0)
    assert [each["events"] for each in answer["subscriptions"]] == [100]


def test_a_destination_is_down_suspended_or_disabled_and_says_why(
    tailrace: Tailrace, tool: Tool
) -> None:
    tool.status = 503
    send(tailrace, "m-1")
    wait_state(tailrace, "down")
    down = delivery(tailrace)

    tool.status = 401
    wait_state(tailrace, "suspended")
    suspended = delivery(tailrace)
    doctor = tailrace.run("doctor", "--json")
    change(tailrace, enabled=False)
    disabled = delivery(tailrace)

    assert "http-503" in down["problem"]
    assert down["oldest_at"] is not None
    assert down["behind_records"] == 1
    assert "401" in suspended["problem"]
    findings = {each["topic"]: each for each in json.loads(doctor.stdout)}
    assert findings["destination hook"]["state"] == "warning"
    assert "401" in findings["destination hook"]["summary"]
    assert (disabled["state"], disabled["problem"], disabled["in_flight"]) == ("disabled", "", 0)


def test_metrics_tell_of_each_destination(tailrace: Tailrace, tool: Tool) -> None:
    tool.refused = {"Bad"}
    send(tailrace, "m-1", event="Bad")
    wait_sums(tailrace, dead_letters=1)

    def is_told() -> bool:
        lines = set(tailrace.api.get("/metrics").text.splitlines())
        return {
            'tailrace_deliver_dead_letters{destination="hook"} 1.0',
            'tailrace_deliver_behind_records{destination="hook"} 0.0',
            'tailrace_deliver_waiting{destination="hook"} 0.0',
            'tailrace_deliver_state{destination="hook",state="running"} 1.0',
            'tailrace_deliver_state{destination="hook",state="down"} 0.0',
        } <= lines

    wait_until(is_told, what="the gauges", within_s=20.0)


# --- Dead letters -------------------------------------------------------------------------------


def test_a_dead_letter_is_found_shown_and_delivered_by_a_replay_once_the_tool_was_mended(
    tailrace: Tailrace, tool: Tool
) -> None:
    tool.refused = {"Bad_1%", "Worse"}
    send(tailrace, "m-good")
    send(tailrace, "m-bad", event="Bad_1%")
    send(tailrace, "m-worse", event="Worse")
    wait_sums(tailrace, delivered=1, dead_letters=2)

    [bad] = dead_letters(tailrace, text="bad_1%")
    shown = tailrace.get(f"/api/v1/destinations/hook/dead-letters/{bad['id']}")
    tool.refused = set()
    answer = tailrace.post(
        "/api/v1/destinations/hook/dead-letters/replay", {"ids": [bad["id"], 10**9]}
    )

    assert (bad["message_id"], bad["reason"], bad["status"]) == ("m-bad", REASON, 422)
    assert (bad["type"], bad["name"], bad["attempts"]) == ("track", "Bad_1%", 1)
    assert shown["event"]["userId"] == "u-m-bad"
    assert answer == {"replayed": 1}
    wait_sums(tailrace, delivered=2, dead_letters=1)
    assert tool.ids() == {"m-good", "m-bad"}
    assert [each["after"]["ids"] for each in audited(tailrace, "destination.replay")] == [
        [bad["id"], 10**9]
    ]


def test_dead_letters_are_chosen_by_reason_subscription_and_text_a_page_at_a_time(
    tailrace: Tailrace, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    send(tailrace, *(f"m-{n}" for n in range(5)), event="Bad")
    wait_sums(tailrace, dead_letters=5)
    path = "/api/v1/destinations/hook/dead-letters"

    first = tailrace.api.get(path, params={"reason": REASON, "limit": 2})
    second = tailrace.api.get(first.links["next"]["url"])
    third = tailrace.api.get(second.links["next"]["url"])

    ids = [each["id"] for page in (first, second, third) for each in page.json()]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert "next" not in third.links
    assert dead_letters(tailrace, reason="http-400") == []
    assert dead_letters(tailrace, subscription="other") == []
    assert [each["message_id"] for each in dead_letters(tailrace, text="m-3")] == ["m-3"]
    # In a pattern of LIKE these would stand for anything.
    assert dead_letters(tailrace, text="%") == dead_letters(tailrace, text="m_3") == []


def test_discarded_dead_letters_are_gone_and_counted_so(tailrace: Tailrace, tool: Tool) -> None:
    tool.refused = {"Bad"}
    send(tailrace, *(f"m-{n}" for n in range(1_200)), event="Bad")
    wait_sums(tailrace, dead_letters=1_200)

    none = tailrace.post("/api/v1/destinations/hook/dead-letters/discard", {"reason": "http-400"})
    all_ = tailrace.post("/api/v1/destinations/hook/dead-letters/discard", {"reason": REASON})

    assert (none, all_) == ({"discarded": 0}, {"discarded": 1_200})
    assert sums(tailrace) == {"discarded": 1_200}
    assert dead_letters(tailrace) == []
    assert delivery(tailrace)["reasons"] == []
    assert books(tailrace)["balanced"]


@pytest.mark.parametrize(
    "body", [{}, {"all": False}, {"ids": [1], "all": True}, {"ids": []}, {"reason": ""}]
)
def test_it_must_be_clear_which_dead_letters_are_meant(
    tailrace: Tailrace, body: dict[str, Any]
) -> None:
    for verb in ("replay", "discard"):
        response = tailrace.api.post(f"/api/v1/destinations/hook/dead-letters/{verb}", json=body)

        assert response.status_code == 400, response.text


# --- Trying -------------------------------------------------------------------------------------


def test_a_test_event_shows_request_and_answer_without_any_secret(
    tailrace: Tailrace, tool: Tool
) -> None:
    change(
        tailrace,
        settings={"auth_header": "X-Key", "auth_value": "key-of-the-tool", "shared_secret": SIGNS},
    )

    answer = try_it(tailrace, {"event": {"type": "track", "event": f"Is {SIGNS} told"}})

    assert (answer["outcome"], answer["reason"]) == ("delivered", "")
    assert answer["request"]["method"] == "POST"
    assert answer["request"]["url"] == tool.url
    assert answer["request"]["headers"]["X-Key"] == "***"
    assert answer["response"]["status"] == 200
    assert answer["response"]["headers"]["x-echo"] == "***"
    assert answer["response"]["body"] == "Is *** told: ***"
    assert "key-of-the-tool" not in json.dumps(answer["request"])
    assert tool.headers["X-Key"] == "key-of-the-tool"
    assert [event["messageId"][:5] for event in tool.taken] == ["test-"]
    [entry] = audited(tailrace, "destination.test")
    assert entry["resource"] == "destinations/hook"
    # It is nobody's event, so it is in no book.
    assert sums(tailrace) == {}


def test_without_an_event_the_newest_stored_one_is_tried_under_another_id(
    tailrace: Tailrace, tool: Tool
) -> None:
    before = try_it(tailrace, {})
    send(tailrace, "m-1")
    wait_sums(tailrace, delivered=1)

    answer = try_it(tailrace, {})

    assert before["event"]["event"] == "Tailrace Test"
    assert (answer["event"]["event"], answer["event"]["userId"]) == ("Ordered", "u-m-1")
    assert answer["event"]["messageId"].startswith("test-")
    assert json.loads(answer["request"]["body"]) == answer["event"]


def test_what_a_test_event_met_is_told(tailrace: Tailrace, tool: Tool) -> None:
    event = {"event": {"type": "track", "event": "Bad"}}
    tool.refused = {"Bad"}
    refused = try_it(tailrace, event)
    tool.status = 503
    busy = try_it(tailrace, event)
    tool.status = 401
    unknown = try_it(tailrace, event)
    change(tailrace, settings={"url": "http://10.1.2.3/events"})
    private = try_it(tailrace, event)
    change(tailrace, settings={"url": "http://127.0.0.1:9/events"})
    closed = try_it(tailrace, event)

    found = [(each["outcome"], each["reason"]) for each in (refused, busy, unknown)]
    assert found == [("rejected", REASON), ("retry", "http-503"), ("suspended", "settings")]
    assert (private["outcome"], private["response"]) == ("suspended", None)
    assert "private_networks" in private["detail"]
    assert (closed["outcome"], closed["reason"]) == ("retry", "no-answer")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": {"type": "order"}}, "event.type"),
        ({"event": {"type": "track", "userId": 7}}, "event"),
        ({"subscription": "other"}, "subscription"),
    ],
)
def test_what_is_no_event_is_not_sent(
    tailrace: Tailrace, tool: Tool, body: dict[str, Any], field: str
) -> None:
    response = tailrace.api.post("/api/v1/destinations/hook/test", json=body)

    assert (response.status_code, response.json()["field"]) == (400, field)
    assert tool.taken == []


# --- The books ----------------------------------------------------------------------------------


def test_the_audit_balances_while_events_flow_and_after_the_deliverer_was_killed(
    tailrace: Tailrace, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    for round_ in range(5):
        send(tailrace, *(f"m-{round_}-{n}" for n in range(200)))
        send(tailrace, f"bad-{round_}", event="Bad")
        assert books(tailrace)["balanced"]
        if round_ == 2:
            [pid] = [pid for pid, part in tailrace.pids().items() if part == "deliver"]
            os.kill(pid, signal.SIGKILL)

    wait_sums(tailrace, delivered=1_000, dead_letters=5)
    done = tailrace.run("audit", "--since", "7d")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "hook" in done.stdout
    [found] = tailrace.audit()["destinations"]
    assert (found["slug"], found["balanced"]) == ("hook", True)
    assert [each["events"] for each in found["subscriptions"]] == [1_005]


def test_the_audit_tells_of_an_event_that_a_destination_never_had(
    tailrace: Tailrace, tool: Tool
) -> None:
    import sqlite3

    send(tailrace, "m-1", "m-2")
    wait_sums(tailrace, delivered=2)
    path = tailrace.data_dir / "deliver" / "hook.sqlite"
    with sqlite3.connect(path) as file:
        # As if it had begun long ago, and one event had got lost since.
        file.execute("UPDATE meta SET value = '1' WHERE name = 'begun:send'")
        file.execute("UPDATE counts SET events = events - 1")
    file.close()

    done = tailrace.run("audit", "--since", "7d")

    assert done.returncode == 1
    assert "1 event fewer" in done.stderr
    assert "hook" in done.stderr
