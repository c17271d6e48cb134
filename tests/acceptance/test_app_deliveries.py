"""What people see of deliveries, and how they steer them: the API and commands, all parts real."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import uuid4

import pytest
from running import Tailrace, wait_until

SETTINGS: Final = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
SIGNS: Final = "another-secret-that-signs"
REASON: Final = "http-422"


class Tool:
    """Takes events; answers 422 to those of a name in `refused`, 503 to those in `busy`."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.busy: set[str] = set()
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
        if event.get("event") in self.busy:
            return 503
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


class Hook:
    """A webhook destination of one test, and what people ask about it."""

    def __init__(self, tailrace: Tailrace, tool: Tool, slug: str) -> None:
        self.tailrace = tailrace
        self.slug = slug
        body = {"slug": slug, "type": "webhook", "settings": {"url": tool.url}}
        response = tailrace.api.post("/api/v1/destinations", json=body)
        assert response.status_code == 201, response.text
        self.wait_state("running")

    @property
    def path(self) -> str:
        return f"/api/v1/destinations/{self.slug}"

    def change(self, **body: object) -> None:
        response = self.tailrace.api.patch(self.path, json=body, headers={"If-Match": "*"})
        assert response.status_code == 200, response.text

    def delete(self) -> None:
        response = self.tailrace.api.delete(self.path, headers={"If-Match": "*"})
        assert response.status_code == 204, response.text

    def send(self, *names: str, event: str = "Ordered") -> None:
        """Send events whose ids are the names after the slug: no other test has them."""
        self.send_batch([(name, event) for name in names])

    def send_batch(self, events: Sequence[tuple[str, str]]) -> None:
        """Send events of these names, to be added to the slug, and of these event names."""
        batch = [
            {
                "type": "track",
                "event": event,
                "userId": f"u-{name}",
                "messageId": f"{self.slug}-{name}",
            }
            for name, event in events
        ]
        assert self.tailrace.send("/v1/batch", {"batch": batch}).status_code == 200

    def delivery(self) -> dict[str, Any]:
        return dict(self.tailrace.get(f"{self.path}/delivery"))

    def sums(self) -> dict[str, int]:
        """Return the books of the one subscription, without what is 0."""
        [found] = self.delivery()["subscriptions"]
        return {name: value for name, value in found.items() if isinstance(value, int) and value}

    def wait_sums(self, **wanted: int) -> None:
        wait_until(
            lambda: self.sums() == wanted, what=f"books {wanted}", within_s=60.0, state=self._told
        )

    def wait_state(self, state: str) -> None:
        wait_until(
            lambda: self.delivery()["state"] == state,
            what=f"{self.slug} is {state}",
            within_s=60.0,
            state=self._told,
        )

    def dead_letters(self, **parameters: object) -> list[dict[str, Any]]:
        return list(self.tailrace.get(f"{self.path}/dead-letters", **parameters))

    def replay(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.tailrace.post(f"{self.path}/dead-letters/replay", body))

    def discard(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.tailrace.post(f"{self.path}/dead-letters/discard", body))

    def books(self) -> dict[str, Any]:
        return dict(self.tailrace.get(f"{self.path}/books", since="7d"))

    def test(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.tailrace.post(f"{self.path}/test", body))

    def audited(self, action: str) -> list[dict[str, Any]]:
        resource = f"destinations/{self.slug}"
        return list(self.tailrace.get("/api/v1/audit-log", action=action, resource=resource))

    def _told(self) -> str:
        return f"{self.delivery()}; {self.tailrace.last_output()}"


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    tailrace = Tailrace(tmp_path_factory.mktemp("tailrace"), settings=SETTINGS)
    try:
        yield tailrace.start()
    finally:
        tailrace.close()


@pytest.fixture
def tool() -> Iterator[Tool]:
    with Tool().running() as tool:
        yield tool


@pytest.fixture
def hook(tailrace: Tailrace, tool: Tool) -> Iterator[Hook]:
    """Give a destination of the test's own; its slug is a new one, as no slug comes back."""
    hook = Hook(tailrace, tool, f"hook-{uuid4().hex[:8]}")
    yield hook
    hook.delete()


# --- How it stands ------------------------------------------------------------------------------


def test_what_was_delivered_is_counted_and_the_books_balance(hook: Hook, tool: Tool) -> None:
    hook.send(*(f"m-{n}" for n in range(100)))

    hook.wait_sums(delivered=100)

    found = hook.delivery()
    assert (found["state"], found["problem"], found["behind_records"]) == ("running", "", 0)
    assert found["worked_at"] is not None
    assert len(tool.taken) == 100
    answer = hook.books()
    assert (answer["balanced"], answer["is_complete"], answer["behind"]) == (True, True, 0)
    assert [each["events"] for each in answer["subscriptions"]] == [100]


def test_a_destination_is_down_suspended_or_disabled_and_says_why(hook: Hook, tool: Tool) -> None:
    tool.status = 503
    hook.send("m-1")
    hook.wait_state("down")
    down = hook.delivery()

    tool.status = 401
    hook.wait_state("suspended")
    suspended = hook.delivery()
    doctor = hook.tailrace.run("doctor", "--json")
    hook.change(enabled=False)
    disabled = hook.delivery()

    assert "http-503" in down["problem"]
    assert down["oldest_at"] is not None
    assert down["behind_records"] == 1
    assert "401" in suspended["problem"]
    findings = {each["topic"]: each for each in json.loads(doctor.stdout)}
    assert findings[f"destination {hook.slug}"]["state"] == "warning"
    assert "401" in findings[f"destination {hook.slug}"]["summary"]
    assert (disabled["state"], disabled["problem"], disabled["in_flight"]) == ("disabled", "", 0)


def test_what_was_delivered_shows_while_an_event_sent_with_it_is_tried_again(
    hook: Hook, tool: Tool
) -> None:
    tool.busy = {"Bad"}
    hook.send_batch([*((f"m-{n}", "Good") for n in range(9)), ("m-9", "Bad")])

    # It waits in line or, where others got through after it, out of line.
    wait_until(lambda: hook.sums().get("delivered") == 9, what="nine delivered", within_s=60.0)
    found = hook.delivery()
    tool.busy = set()
    hook.wait_sums(delivered=10)

    assert found["in_flight"] + found["subscriptions"][0]["waiting"] == 1
    assert len(tool.taken) == 10


def test_metrics_tell_of_each_destination(hook: Hook, tool: Tool) -> None:
    tool.refused = {"Bad"}
    hook.send("m-1", event="Bad")
    hook.wait_sums(dead_letters=1)
    mine = f'destination="{hook.slug}"'

    def is_told() -> bool:
        lines = set(hook.tailrace.api.get("/metrics").text.splitlines())
        return {
            f"tailrace_deliver_dead_letters{{{mine}}} 1.0",
            f"tailrace_deliver_behind_records{{{mine}}} 0.0",
            f"tailrace_deliver_waiting{{{mine}}} 0.0",
            f'tailrace_deliver_state{{{mine},state="running"}} 1.0',
            f'tailrace_deliver_state{{{mine},state="down"}} 0.0',
        } <= lines

    wait_until(is_told, what="the gauges", within_s=20.0)


# --- Dead letters -------------------------------------------------------------------------------


def test_a_dead_letter_is_found_shown_and_delivered_by_a_replay_once_the_tool_was_mended(
    hook: Hook, tool: Tool
) -> None:
    tool.refused = {"Bad_1%", "Worse"}
    hook.send("m-good")
    hook.send("m-bad", event="Bad_1%")
    hook.send("m-worse", event="Worse")
    hook.wait_sums(delivered=1, dead_letters=2)

    [bad] = hook.dead_letters(text="bad_1%")
    shown = hook.tailrace.get(f"{hook.path}/dead-letters/{bad['id']}")
    tool.refused = set()
    answer = hook.replay({"ids": [bad["id"], 10**9]})

    assert (bad["message_id"], bad["reason"], bad["status"]) == (f"{hook.slug}-m-bad", REASON, 422)
    assert (bad["type"], bad["name"], bad["attempts"]) == ("track", "Bad_1%", 1)
    assert shown["event"]["userId"] == "u-m-bad"
    assert (answer["replayed"], answer["more"]) == (1, False)
    hook.wait_sums(delivered=2, dead_letters=1)
    assert tool.ids() == {f"{hook.slug}-m-good", f"{hook.slug}-m-bad"}
    assert [each["after"]["ids"] for each in hook.audited("destination.replay")] == [
        [bad["id"], 10**9]
    ]


def test_dead_letters_are_chosen_by_reason_subscription_and_text_a_page_at_a_time(
    hook: Hook, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    hook.send(*(f"m-{n}" for n in range(5)), event="Bad")
    hook.wait_sums(dead_letters=5)
    path = f"{hook.path}/dead-letters"

    first = hook.tailrace.api.get(path, params={"reason": REASON, "limit": 2})
    second = hook.tailrace.api.get(first.links["next"]["url"])
    third = hook.tailrace.api.get(second.links["next"]["url"])

    ids = [each["id"] for page in (first, second, third) for each in page.json()]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert "next" not in third.links
    assert hook.dead_letters(reason="http-400") == []
    assert hook.dead_letters(subscription="other") == []
    assert [each["message_id"] for each in hook.dead_letters(text="m-3")] == [f"{hook.slug}-m-3"]
    # In a pattern of LIKE these would stand for anything.
    assert hook.dead_letters(text="%") == hook.dead_letters(text="m_3") == []


def test_discarded_dead_letters_are_gone_and_counted_so(hook: Hook, tool: Tool) -> None:
    tool.refused = {"Bad"}
    hook.send(*(f"m-{n}" for n in range(1_200)), event="Bad")
    hook.wait_sums(dead_letters=1_200)

    none = hook.discard({"reason": "http-400"})
    all_ = hook.discard({"reason": REASON})

    assert (none["discarded"], all_["discarded"], all_["more"]) == (0, 1_200, False)
    assert hook.sums() == {"discarded": 1_200}
    assert hook.dead_letters() == []
    assert hook.delivery()["reasons"] == []
    assert hook.books()["balanced"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"all": False},
        {"ids": [1], "all": True},
        {"ids": [1], "reason": REASON},
        {"all": True, "reason": REASON},
        {"ids": [1], "until_id": 7},
        {"ids": []},
        {"reason": ""},
        {"status": -1},
        {"since": "yesterday"},
    ],
)
def test_it_must_be_clear_which_dead_letters_are_meant(hook: Hook, body: dict[str, Any]) -> None:
    for verb in ("replay", "discard"):
        response = hook.tailrace.api.post(f"{hook.path}/dead-letters/{verb}", json=body)

        assert response.status_code == 400, response.text


def test_a_dead_letter_shows_what_was_sent_what_came_back_and_what_would_be_sent_now(
    hook: Hook, tool: Tool
) -> None:
    hook.change(settings={"auth_header": "X-Key", "auth_value": "key-of-the-tool"})
    hook.wait_state("running")
    tool.refused = {"Bad"}
    hook.send("m-1", event="Bad")
    hook.wait_sums(dead_letters=1)

    [bad] = hook.dead_letters(status=422, name="Bad", type="track", since="1h")
    shown = hook.tailrace.get(f"{hook.path}/dead-letters/{bad['id']}")
    # What is kept is the file's, and there is no secret in it either.
    path = hook.tailrace.data_dir / "deliver" / f"{hook.slug}.sqlite"
    with closing(sqlite3.connect(path)) as file:
        kept = str(file.execute("SELECT text FROM exchanges").fetchall())

    assert (shown["request"]["method"], shown["request"]["url"]) == ("POST", tool.url)
    assert shown["request"]["headers"]["X-Key"] == "***"
    assert json.loads(shown["request"]["body"]) == shown["event"]
    assert (shown["response"]["status"], shown["response"]["body"]) == (422, "Bad: ***")
    assert [(each["number"], each["reason"]) for each in shown["tried"]] == [(1, REASON)]
    assert shown["payload"] == {"data": shown["event"]}
    assert "key-of-the-tool" not in kept
    assert hook.dead_letters(until="1h") == hook.dead_letters(source="other") == []


def test_a_dead_letter_is_edited_and_replayed_and_the_audit_log_shows_what_was_changed(
    hook: Hook, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    hook.send("m-1", event="Bad")
    hook.wait_sums(dead_letters=1)
    [bad] = hook.dead_letters()
    path = f"{hook.path}/dead-letters/{bad['id']}"
    event = hook.tailrace.get(path)["event"]

    other = hook.tailrace.api.post(f"{path}/replay", json={"event": {**event, "messageId": "x"}})
    answer = hook.tailrace.post(f"{path}/replay", {"event": {**event, "event": "Good"}})
    hook.wait_sums(delivered=1)
    again = hook.tailrace.api.post(f"{path}/replay", json={})

    assert (other.status_code, other.json()["field"]) == (400, "event.messageId")
    assert answer == {"replayed": 1, "edited": True}
    assert [(each["messageId"], each["event"]) for each in tool.taken] == [
        (f"{hook.slug}-m-1", "Good")
    ]
    assert again.status_code == 404
    [entry] = hook.audited("destination.replay")
    assert entry["before"]["event"] == {"event": "Bad"}
    assert entry["after"]["event"] == {"event": "Good"}
    recent = hook.tailrace.get(f"{hook.path}/recent", outcome="delivered")["deliveries"]
    assert [(each["name"], each["edited"]) for each in recent] == [("Good", True)]
    assert hook.books()["balanced"]


# --- What waits, and the last deliveries --------------------------------------------------------


def test_what_waits_says_why_and_can_be_tried_now(hook: Hook, tool: Tool) -> None:
    tool.refused = {"Bad"}
    hook.send("m-1", event="Bad")
    hook.wait_sums(dead_letters=1)
    tool.status = 503
    hook.replay({"all": True})

    def has_failed() -> bool:
        waits = hook.tailrace.get(f"{hook.path}/waiting", reason="http-503")
        return [each["message_id"] for each in waits] == [f"{hook.slug}-m-1"]

    wait_until(has_failed, what="the second attempt", within_s=30.0)
    [waits] = hook.tailrace.get(f"{hook.path}/waiting")
    shown = hook.tailrace.get(f"{hook.path}/waiting/{waits['id']}")
    traced = hook.tailrace.get(f"/api/v1/trace/{hook.slug}-m-1")["deliveries"]
    told = hook.tailrace.run("trace", f"{hook.slug}-m-1").stdout
    tool.status, tool.refused = 0, set()
    body = {"ids": [waits["id"]]}
    due = hook.tailrace.post(f"{hook.path}/waiting/retry-now", body)["due"]

    assert (waits["reason"], waits["is_first"]) == ("http-503", True)
    assert shown["response"]["status"] == 503
    assert {each["reason"] for each in shown["tried"]} == {REASON, "http-503"}
    mine = [each for each in traced if each["destination"] == hook.slug]
    assert [(each["outcome"], each["reason"]) for each in mine] == [("waiting", "http-503")]
    assert f"at {hook.slug}, send (http-503)" in told
    assert due in (0, 1)
    hook.wait_sums(delivered=1)
    assert hook.audited("destination.retry")
    assert hook.tailrace.get(f"{hook.path}/waiting") == []


def test_the_last_deliveries_are_shown_as_a_sample_in_which_failures_stand_out(
    hook: Hook, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    hook.send(*(f"m-{n}" for n in range(100)))
    hook.send("bad", event="Bad")
    hook.wait_sums(delivered=100, dead_letters=1)

    dead = hook.tailrace.get(f"{hook.path}/recent", outcome="dead letter")
    all_ = hook.tailrace.get(f"{hook.path}/recent", limit=200)
    refused = hook.tailrace.api.get(f"{hook.path}/recent", params={"outcome": "lost"})

    [one] = dead["deliveries"]
    assert (one["message_id"], one["reason"], one["status"]) == (f"{hook.slug}-bad", REASON, 422)
    assert (one["attempts"], one["took_ms"] > 0) == (1, True)
    assert not dead["sampled"]
    assert all_["sampled"]
    assert 0 < all_["rate"] < 1
    times = [each["at"] for each in all_["deliveries"]]
    assert times == sorted(times, reverse=True)
    assert len(times) <= 200
    assert refused.status_code == 400


# --- Trying -------------------------------------------------------------------------------------


def test_a_test_event_shows_request_and_answer_without_any_secret(hook: Hook, tool: Tool) -> None:
    hook.change(
        settings={"auth_header": "X-Key", "auth_value": "key-of-the-tool", "shared_secret": SIGNS},
    )

    answer = hook.test({"event": {"type": "track", "event": f"Is {SIGNS} told"}})

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
    [entry] = hook.audited("destination.test")
    assert entry["resource"] == f"destinations/{hook.slug}"
    # It is nobody's event, so it is in no book.
    assert hook.sums() == {}


def test_without_an_event_the_newest_stored_one_is_tried_under_another_id(
    hook: Hook, tool: Tool
) -> None:
    hook.send("m-1")
    hook.wait_sums(delivered=1)

    answer = hook.test({})
    hook.tailrace.api.post("/api/v1/sources", json={"slug": "quiet"})
    hook.change(sources=["quiet"])
    made = hook.test({})

    assert made["event"]["event"] == "Tailrace Test"
    assert (answer["event"]["event"], answer["event"]["userId"]) == ("Ordered", "u-m-1")
    assert answer["event"]["messageId"].startswith("test-")
    assert json.loads(answer["request"]["body"]) == answer["event"]


def test_what_a_test_event_met_is_told(hook: Hook, tool: Tool) -> None:
    event = {"event": {"type": "track", "event": "Bad"}}
    tool.refused = {"Bad"}
    refused = hook.test(event)
    tool.status = 503
    busy = hook.test(event)
    tool.status = 401
    unknown = hook.test(event)
    hook.change(settings={"url": "http://10.1.2.3/events"})
    private = hook.test(event)
    hook.change(settings={"url": "http://127.0.0.1:9/events"})
    closed = hook.test(event)

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
    hook: Hook, tool: Tool, body: dict[str, Any], field: str
) -> None:
    response = hook.tailrace.api.post(f"{hook.path}/test", json=body)

    assert (response.status_code, response.json()["field"]) == (400, field)
    assert tool.taken == []


# --- The books ----------------------------------------------------------------------------------


def test_the_audit_balances_while_events_flow_and_after_the_deliverer_was_killed(
    hook: Hook, tool: Tool
) -> None:
    tool.refused = {"Bad"}
    for round_ in range(5):
        hook.send(*(f"m-{round_}-{n}" for n in range(200)))
        hook.send(f"bad-{round_}", event="Bad")
        assert hook.books()["balanced"]
        if round_ == 2:
            [pid] = [pid for pid, part in hook.tailrace.pids().items() if part == "deliver"]
            os.kill(pid, signal.SIGKILL)

    hook.wait_sums(delivered=1_000, dead_letters=5)
    done = hook.tailrace.run("audit", "--since", "7d")

    assert done.returncode == 0, done.stdout + done.stderr
    assert hook.slug in done.stdout
    [found] = hook.tailrace.audit()["destinations"]
    assert (found["slug"], found["balanced"]) == (hook.slug, True)
    assert [each["events"] for each in found["subscriptions"]] == [1_005]


def test_the_audit_tells_of_an_event_that_a_destination_never_had(hook: Hook, tool: Tool) -> None:
    made = hook.tailrace.api.post("/api/v1/sources", json={"slug": f"of-{hook.slug}"}).json()
    event = {"type": "track", "event": "Ordered", "userId": "u-1"}
    url, signed = f"{hook.tailrace.collect_url}/v1/track", (made["write_keys"][0], "")

    def is_taken() -> bool:
        return hook.tailrace.api.post(url, json=event, auth=signed).status_code == 200

    wait_until(is_taken, what="the source is known to collectors", within_s=20.0)
    hook.wait_sums(delivered=1)
    path = hook.tailrace.data_dir / "deliver" / f"{hook.slug}.sqlite"
    with sqlite3.connect(path) as file:
        # As if it had begun long ago, and the event had got lost since.
        file.execute("UPDATE meta SET value = '1' WHERE name = 'begun:send'")
        file.execute("DELETE FROM counts")
    file.close()

    done = hook.tailrace.run("audit", "--since", "7d", "--source", f"of-{hook.slug}")

    assert done.returncode == 1
    assert "1 event fewer at the subscription send" in done.stderr
    assert hook.slug in done.stderr


def test_a_dry_run_and_a_preview_tell_of_stored_events_and_send_nothing(
    hook: Hook, tool: Tool
) -> None:
    hook.send("a", "b", "c", event="Cart Viewed")
    hook.wait_sums(delivered=3)
    name = f"{hook.slug}-b"
    wait_until(
        lambda: hook.tailrace.api.get(f"/api/v1/events/{name}").status_code == 200,
        what="the event is stored",
        within_s=60.0,
    )
    drop = {"if": f'messageId = "{name}"', "actions": [{"type": "DROP"}], "title": "Not b"}
    wanted = {
        "slug": "mine",
        "action": "send",
        "trigger": 'match(userId, "u-*") and event = "Cart Viewed"',
        "mapping": {"data": {"who": {"@liquid": "{{ userId | upcase }}"}}},
    }
    draft = {"slug": hook.slug, "filters": [drop], "subscriptions": [wanted]}
    taken = len(tool.taken)

    dry = hook.tailrace.api.post(
        "/api/v1/destinations/dry-run", json={"destination": draft, "events": 10_000, "samples": 5}
    )
    stopped, free = (
        hook.tailrace.api.post(
            "/api/v1/destinations/preview", json={"destination": each, "message_id": name}
        )
        for each in (draft, {**draft, "filters": []})
    )

    assert dry.status_code == 200, dry.text
    [only] = dry.json()["subscriptions"]
    assert only["sent"] + only["filtered"] + only["rejected"] == dry.json()["events"]
    assert {(each["step"], each["reason"]): each["events"] for each in only["reasons"]}[
        ("filters", "filter: Not b")
    ] == 1
    sent = next(each for each in only["reasons"] if each["outcome"] == "sent")
    assert {"data": {"who": "U-C"}} in [each["payload"] for each in sent["samples"]]
    assert (stopped.json()[0]["step"], stopped.json()[0]["reason"]) == ("filters", "filter: Not b")
    assert free.json()[0]["payload"] == {"data": {"who": "U-B"}}
    assert len(tool.taken) == taken
