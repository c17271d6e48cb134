"""Deliveries to a tool that misbehaves: what it took is what was stored, and the books agree."""

import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from conftest import MakeTailrace
from hostile_tool import HostileTool
from running import Tailrace, printed_seed, wait_until

SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
USERS = 20
HEALED_S = 90.0


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    made = Tailrace(tmp_path_factory.mktemp("tailrace"), settings=SETTINGS)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def hook(tailrace: Tailrace) -> Iterator[str]:
    """Give a slug that no destination had before; all there are, are deleted after the test."""
    yield f"hook-{uuid4().hex[:8]}"
    for each in tailrace.get("/api/v1/destinations"):
        path = f"/api/v1/destinations/{each['slug']}"
        assert tailrace.api.delete(path, headers={"If-Match": "*"}).status_code == 204


@pytest.fixture
def senders(tailrace: Tailrace, hook: str) -> "Senders":
    return Senders(tailrace, prefix=f"{hook}-")


@pytest.fixture
def tool() -> Iterator[HostileTool]:
    with HostileTool(printed_seed()).running() as tool:
        yield tool


def connect(
    tailrace: Tailrace,
    slug: str,
    url: str,
    *,
    filters: object = (),
    subscriptions: object = None,
    **settings: object,
) -> None:
    """Make a destination, and wait until it has begun."""
    body = {
        "slug": slug,
        "type": "webhook",
        "settings": {"url": url, "timeout_s": 1, **settings},
        "filters": filters,
        "subscriptions": subscriptions,
    }
    response = tailrace.api.post("/api/v1/destinations", json=body)
    assert response.status_code == 201, response.text
    path = tailrace.data_dir / "deliver" / f"{slug}.sqlite"
    wait_until(lambda: path.exists() and fact(tailrace, slug, "state"), what=slug, within_s=20.0)


def change(tailrace: Tailrace, slug: str, **body: object) -> None:
    response = tailrace.api.patch(
        f"/api/v1/destinations/{slug}", json=body, headers={"If-Match": "*"}
    )
    assert response.status_code == 200, response.text
    etag = response.headers["etag"].strip('"')
    if response.json()["enabled"]:
        wait_until(lambda: fact(tailrace, slug, "version") == etag, what="followed", within_s=20.0)


def rows(tailrace: Tailrace, slug: str, sql: str) -> list[tuple[Any, ...]]:
    path = tailrace.data_dir / "deliver" / f"{slug}.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)) as state:
        return state.execute(sql).fetchall()


def fact(tailrace: Tailrace, slug: str, name: str) -> str:
    found = rows(tailrace, slug, f"SELECT value FROM meta WHERE name = '{name}'")
    return str(found[0][0]).strip('"') if found else ""


def books(tailrace: Tailrace, slug: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for outcome, events in rows(
        tailrace,
        slug,
        "SELECT outcome, sum(events) FROM counts GROUP BY outcome "
        "UNION ALL SELECT 'waiting', count(*) FROM parked",
    ):
        if events:
            found[outcome] += events
    return found


class Senders:
    """Sends events of some users, each numbered in order, and knows what was sent.

    The message ids begin with `prefix`: one that was used before would be a duplicate.
    """

    def __init__(self, tailrace: Tailrace, *, prefix: str = "m-") -> None:
        self._tailrace = tailrace
        self._prefix = prefix
        self.sent = 0
        self.refused: set[str] = set()

    def send(self, events: int, *, refused_every: int = 0) -> None:
        batch = []
        for _ in range(events):
            number = self.sent
            self.sent += 1
            is_refused = bool(refused_every) and number % refused_every == refused_every - 1
            if is_refused:
                self.refused.add(self.id(number))
            batch.append(
                {
                    "type": "track",
                    "event": "Sent",
                    "userId": f"u-{number % USERS}",
                    "messageId": self.id(number),
                    "properties": {"n": number, "is_refused": is_refused},
                }
            )
        response = self._tailrace.send("/v1/batch", {"batch": batch})
        assert response.status_code == 200

    @property
    def taken(self) -> set[str]:
        """The ids of what the tool should take in the end."""
        return set(map(self.id, range(self.sent))) - self.refused

    def id(self, number: int) -> str:
        """Return the id of an event."""
        return f"{self._prefix}{number}"


def wait_ended(tailrace: Tailrace, slug: str, events: int, within_s: float = HEALED_S) -> None:
    """Wait until every event has an outcome that stays."""

    def has_ended() -> bool:
        found = books(tailrace, slug)
        return not found["waiting"] and sum(found.values()) == events

    wait_until(
        has_ended,
        what=f"{events} outcomes at {slug}",
        within_s=within_s,
        state=lambda: f"{books(tailrace, slug)}; {tailrace.last_output()}",
    )


def wait_deliverer(tailrace: Tailrace) -> int:
    """Return the process that delivers, as soon as it runs."""
    return wait_until(
        lambda: next((pid for pid, part in tailrace.pids().items() if part == "deliver"), None),
        what="the deliverer runs",
        within_s=30.0,
    )


def wait_kept(tool: HostileTool, events: int) -> None:
    wait_until(lambda: len(tool.kept) >= events, what=f"{events} events kept", within_s=60.0)


def assert_in_order(tool: HostileTool) -> None:
    for user, numbers in tool.first_arrivals().items():
        assert numbers == sorted(numbers), f"{user}: {numbers}"


def test_everything_arrives_in_order_of_each_person(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    connect(tailrace, hook, tool.url, batch_events_max=100)

    for _ in range(10):
        senders.send(200)
    wait_ended(tailrace, hook, senders.sent)

    assert set(tool.ids()) == senders.taken
    assert len(tool.kept) == senders.sent
    assert books(tailrace, hook) == {"delivered": senders.sent}
    assert_in_order(tool)
    tailrace.audit()


@pytest.mark.parametrize("batch_events_max", [1, 50], ids=["one by one", "in batches"])
def test_a_hostile_tool_gets_exactly_what_it_takes_and_dead_letters_the_rest(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders, batch_events_max: int
) -> None:
    connect(tailrace, hook, tool.url, batch_events_max=batch_events_max)
    chance = random.Random(7)
    tool.mood = "wild"

    for index in range(6):
        senders.send(50, refused_every=37)
        if index % 2:
            deliverer = wait_deliverer(tailrace)
            kept = len(tool.kept) + chance.randrange(1, 20)
            wait_kept(tool, kept)
            os.kill(deliverer, signal.SIGKILL)
    tool.mood = "well"
    wait_ended(tailrace, hook, senders.sent)

    assert set(tool.ids()) == senders.taken
    letters = rows(tailrace, hook, "SELECT message_id, reason, status FROM dead_letters")
    assert {message_id for message_id, _, _ in letters} == senders.refused
    assert {(reason, status) for _, reason, status in letters} == {("http-400", 400)}
    assert books(tailrace, hook) == {
        "delivered": len(senders.taken),
        "dead letter": len(senders.refused),
    }
    assert_in_order(tool)
    tailrace.wait_settled()
    tailrace.audit()


def test_a_dead_tool_harms_no_other_and_catches_up(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    with HostileTool(1).running() as other:
        connect(tailrace, hook, tool.url, batch_events_max=100)
        connect(tailrace, f"{hook}-well", other.url, batch_events_max=100)
        tool.mood = "dead"

        for _ in range(10):
            senders.send(200)
        wait_ended(tailrace, f"{hook}-well", senders.sent)
        wait_until(lambda: fact(tailrace, hook, "state") == "down", what="down", within_s=30.0)
        before = books(tailrace, hook)
        tool.mood = "well"
        wait_ended(tailrace, hook, senders.sent)

        assert set(other.ids()) == senders.taken
        assert not before
        assert set(tool.ids()) == senders.taken
        assert_in_order(tool)


def test_wrong_credentials_suspend_and_mended_ones_go_on_where_it_was(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    connect(tailrace, hook, tool.url, batch_events_max=10)
    senders.send(50)
    wait_ended(tailrace, hook, senders.sent)
    tool.mood = "stranger"

    senders.send(50)
    wait_until(
        lambda: fact(tailrace, hook, "state") == "suspended", what="suspended", within_s=20.0
    )
    problem, requests = fact(tailrace, hook, "problem"), tool.requests
    senders.send(50)
    tool.mood = "well"
    change(tailrace, hook, settings={"auth_value": "Bearer mended"})
    wait_ended(tailrace, hook, senders.sent)

    assert "401" in problem
    assert requests < 20
    assert set(tool.ids()) == senders.taken
    assert not rows(tailrace, hook, "SELECT 1 FROM dead_letters")
    assert_in_order(tool)
    assert "Bearer mended" not in tailrace.output.read_text()


def test_one_event_that_fails_for_long_holds_up_its_person_alone(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    connect(tailrace, hook, tool.url)
    usual = tool.answer

    def answer(events: list[dict[str, Any]]) -> Any:
        if is_stuck and any(event["properties"]["n"] == 3 for event in events):
            return "answer", 500, {}
        return usual(events)

    is_stuck = True
    tool.answer = answer  # type: ignore[method-assign]
    senders.send(100)

    others = {senders.id(number) for number in range(100) if number % USERS != 3}
    wait_until(lambda: set(tool.ids()) == others, what="the others", within_s=60.0)
    wait_until(lambda: books(tailrace, hook)["waiting"] == 5, what="out of line", within_s=60.0)
    position = rows(tailrace, hook, "SELECT sum(next) FROM positions")
    is_stuck = False
    wait_ended(tailrace, hook, senders.sent)

    assert position != [(0,)]
    assert set(tool.ids()) == senders.taken
    assert_in_order(tool)


def test_sources_integrations_and_disabling_decide_what_goes(
    tailrace: Tailrace, tool: HostileTool, hook: str
) -> None:
    connect(tailrace, hook, tool.url)
    event = {"type": "track", "event": "E", "userId": "u", "properties": {"n": 0}}

    def send(message_id: str, **fields: object) -> None:
        response = tailrace.send("/v1/track", {**event, "messageId": message_id, **fields})
        assert response.status_code == 200

    send("all")
    send("not all", integrations={"All": False})
    send("named", integrations={"All": False, "Webhook": True})
    send("not named", integrations={hook: False})
    wait_ended(tailrace, hook, 4)
    change(tailrace, hook, enabled=False)
    send("while disabled")
    tailrace.wait_settled()
    change(tailrace, hook, enabled=True)
    wait_ended(tailrace, hook, 5)
    made = tailrace.api.post("/api/v1/sources", json={"slug": "other"})
    assert made.status_code == 201
    change(tailrace, hook, sources=["other"])
    send("of a source that is not connected")
    wait_ended(tailrace, hook, 6)

    assert sorted(tool.ids()) == ["all", "named", "while disabled"]
    reasons = rows(
        tailrace,
        hook,
        "SELECT reason, sum(events) FROM counts WHERE outcome = 'filtered' GROUP BY reason",
    )
    assert dict(reasons) == {"integrations": 2, "source not connected": 1}


def test_filters_drop_and_hide_triggers_choose_and_mappings_shape(
    tailrace: Tailrace, tool: HostileTool, hook: str
) -> None:
    shape = {
        "messageId": {"@template": "order {{properties.n}}"},
        "properties": {"n": {"@path": "$.properties.n"}, "email": {"@path": "$.properties.email"}},
    }
    connect(
        tailrace,
        hook,
        tool.url,
        filters=[
            {"if": "properties.n = 1", "actions": [{"type": "DROP"}], "title": "Ones"},
            {
                "if": "all",
                "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}],
            },
        ],
        subscriptions=[
            {"slug": "all", "action": "send"},
            {
                "slug": "orders",
                "action": "send",
                "trigger": 'event = "Order"',
                "mapping": {"data": shape},
            },
        ],
    )

    for number, name in enumerate(["Order", "Order", "Cart"]):
        event = {
            "type": "track",
            "event": name,
            "userId": "u",
            "messageId": f"m-{number}",
            "properties": {"n": number, "email": "ann@example.com"},
        }
        assert tailrace.send("/v1/track", event).status_code == 200
    wait_ended(tailrace, hook, 6)

    assert sorted(tool.ids()) == ["m-0", "m-2", "order 0"]
    assert next(each for each in tool.kept if each["messageId"] == "order 0") == {
        "messageId": "order 0",
        "properties": {"n": 0},
    }
    assert "ann@example.com" not in str(tool.kept)
    reasons = rows(
        tailrace,
        hook,
        "SELECT subscription, reason, sum(events) FROM counts WHERE outcome = 'filtered' "
        "GROUP BY subscription, reason ORDER BY subscription, reason",
    )
    assert reasons == [
        ("all", "filter: Ones", 1),
        ("orders", "filter: Ones", 1),
        ("orders", "not subscribed", 1),
    ]
    tailrace.audit()


def test_a_payload_that_cannot_be_made_is_a_dead_letter_until_the_mapping_is_mended(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    def mapped(path: str) -> list[dict[str, Any]]:
        return [{"slug": "s", "action": "send", "mapping": {"data": {"@path": path}}}]

    hidden = {"type": "DROP_PROPERTIES", "fields": {"properties": ["is_refused"]}}
    connect(
        tailrace,
        hook,
        tool.url,
        filters=[{"if": "all", "actions": [hidden]}],
        subscriptions=mapped("$.properties.order"),
    )
    senders.send(3)
    wait_ended(tailrace, hook, 3)
    letters = rows(tailrace, hook, "SELECT reason, detail, event FROM dead_letters")
    change(tailrace, hook, subscriptions=mapped("$."))
    replayed = tailrace.api.post(
        f"/api/v1/destinations/{hook}/dead-letters/replay", json={"reason": "mapping"}
    )
    wait_until(lambda: books(tailrace, hook) == {"delivered": 3}, what="again", within_s=30.0)

    assert {letter[:2] for letter in letters} == {("mapping", "data: is required and has no value")}
    assert all(b"is_refused" in event for _, _, event in letters)
    assert replayed.json()["replayed"] == 3
    assert set(tool.ids()) == senders.taken
    assert [list(each["properties"]) for each in tool.kept] == [["n"]] * 3
    tailrace.audit()


def test_the_books_of_a_subscription_that_was_removed_stay_true(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    connect(tailrace, hook, tool.url)
    senders.send(5)
    wait_ended(tailrace, hook, 5)

    change(tailrace, hook, subscriptions=[{"slug": "new", "action": "send"}])
    senders.send(5)
    wait_ended(tailrace, hook, 10)

    found = rows(
        tailrace,
        hook,
        "SELECT subscription, outcome, sum(events) FROM counts "
        "GROUP BY subscription, outcome ORDER BY subscription",
    )
    assert found == [("new", "delivered", 5), ("send", "delivered", 5)]
    assert set(tool.ids()) == senders.taken
    tailrace.audit()


def test_private_addresses_are_refused_unless_allowed(
    make_tailrace: MakeTailrace, tool: HostileTool, hook: str
) -> None:
    strict = make_tailrace().start()
    connect(strict, hook, tool.url)
    Senders(strict).send(1)

    wait_until(lambda: fact(strict, hook, "state") == "suspended", what="suspended", within_s=20.0)

    assert "deliver.private_networks" in fact(strict, hook, "problem")
    assert tool.requests == 0


def test_a_deleted_destination_leaves_nothing_behind(
    tailrace: Tailrace, tool: HostileTool, hook: str
) -> None:
    connect(tailrace, hook, tool.url)

    deleted = tailrace.api.delete(f"/api/v1/destinations/{hook}", headers={"If-Match": "*"})

    assert deleted.status_code == 204
    wait_until(
        lambda: not list((tailrace.data_dir / "deliver").glob(f"{hook}*")),
        what="its file is gone",
        within_s=20.0,
    )
    assert not list((tailrace.data_dir / "log" / "groups").glob(f"to-{hook}.db"))


def test_the_last_success_is_a_delivery_and_outlives_a_crash(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    connect(tailrace, hook, tool.url)

    senders.send(2, refused_every=1)
    wait_ended(tailrace, hook, 2)
    before = fact(tailrace, hook, "worked_at")
    senders.send(1)
    wait_ended(tailrace, hook, 3)
    wait_until(lambda: fact(tailrace, hook, "worked_at") != "null", what="a success", within_s=10.0)
    worked_at = fact(tailrace, hook, "worked_at")
    killed = wait_deliverer(tailrace)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: wait_deliverer(tailrace) != killed, what="a new one", within_s=30.0)
    senders.send(1, refused_every=1)
    wait_ended(tailrace, hook, 4)

    assert before == "null"
    assert fact(tailrace, hook, "worked_at") == worked_at


def test_a_tool_that_repeats_our_secret_puts_it_into_no_dead_letter(
    tailrace: Tailrace, tool: HostileTool, hook: str, senders: Senders
) -> None:
    secret = "Bearer planted-secret-of-the-tool"
    connect(tailrace, hook, tool.url, auth_value=secret)
    tool.mood = "parrot"

    senders.send(1)
    wait_ended(tailrace, hook, 1)

    [(detail,)] = rows(tailrace, hook, "SELECT detail FROM dead_letters")
    assert "Authorization: ***" in detail
    files = [path for path in (tailrace.data_dir / "deliver").iterdir() if path.is_file()]
    assert not [path for path in files if b"planted-secret" in path.read_bytes()]
    assert "planted-secret" not in tailrace.output.read_text()
