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


def wait_kept(tool: HostileTool, events: int) -> None:
    wait_until(lambda: len(tool.kept) >= events, what=f"{events} kept", within_s=ENDED_S)


def ids(name: str, numbers: range) -> set[str]:
    return {f"{name}-{number}" for number in numbers}


def test_a_disabled_destination_gets_the_past_exactly_as_it_came_live(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    with HostileTool(1).running() as live:
        connect(
            tailrace,
            "exact-live",
            live.url,
            is_enabled=True,
            settings={"batch_events_max": 100},
        )
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


def test_everything_arrives_though_both_processes_are_killed_and_the_tool_is_hostile(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Hostile", 600, refused_every=97)
    refused = {f"Hostile-{number}" for number in range(96, 600, 97)}
    connect(tailrace, "hostile", tool.url, settings={"batch_events_max": 10})
    tool.mood = "wild"

    job = start(tailrace, "hostile", query="event:Hostile", events_per_s_max=2_000)
    for part, kept in (("deliver", 50), ("serve", 150)):
        wait_kept(tool, kept)
        kill(tailrace, part)
    tool.mood = "well"
    wait_until(tailrace.is_ready, what="the app again", within_s=30.0)
    done = wait_for(tailrace, "hostile", job, "done")

    assert set(tool.ids()) == ids("Hostile", range(600)) - refused
    assert (done["selected"], done["delivered"]) == (600, 600 - len(refused))
    assert (done["dead_letters"], done["to_come"], done["waiting"]) == (len(refused), 0, 0)
    place = f"/api/v1/destinations/hostile/backfills/{job}/dead-letters"
    letters = tailrace.get(place, limit=200)
    assert {letter["message_id"] for letter in letters} == refused
    for user, numbers in tool.first_arrivals().items():
        assert numbers == sorted(numbers), user


def test_dead_letters_of_a_backfill_are_tried_again_and_discarded(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Letters", 10, refused_every=2)
    connect(tailrace, "letters", tool.url)
    job = start(tailrace, "letters", query="event:Letters")
    wait_for(tailrace, "letters", job, "done")
    place = f"/api/v1/destinations/letters/backfills/{job}/dead-letters"
    letters = tailrace.get(place)
    shown_one = tailrace.get(f"{place}/{letters[0]['id']}")
    found = tailrace.get(place, text=letters[1]["message_id"], status=400, since="1h")
    none = tailrace.get(place, name="Another")
    refused = tailrace.api.get(place, params={"wanted": "x"})

    discarded = tailrace.post(f"{place}/discard", {"ids": [letters[0]["id"]]})
    tool.answer = lambda events: (tool._keep(events), ("answer", 200, {}))[1]  # type: ignore[method-assign,func-returns-value]
    replayed = tailrace.post(f"{place}/replay", {"all": True})
    done = wait_for(tailrace, "letters", job, "done")

    assert len(letters) == 5
    assert (found, none) == ([letters[1]], [])
    assert refused.status_code == 400
    assert "unknown parameter 'wanted'; this path takes backfill_id, cursor" in refused.text
    assert shown_one["event"]["messageId"] == letters[0]["message_id"]
    assert (discarded["discarded"], replayed["replayed"]) == (1, 4)
    assert (done["delivered"], done["discarded"], done["dead_letters"]) == (9, 1, 0)
    assert set(tool.ids()) == ids("Letters", range(10)) - {letters[0]["message_id"]}


def test_a_paused_backfill_stands_still_and_goes_on_while_live_events_go_their_way(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Paused", 500)
    connect(tailrace, "paused", tool.url, is_enabled=True)
    wait_until(
        lambda: tailrace.get("/api/v1/destinations/paused/delivery")["state"] == "running",
        what="live",
        within_s=20.0,
    )

    job = start(tailrace, "paused", query="event:Paused", events_per_s_max=200)
    wait_until(lambda: len(tool.ids()) >= 50, what="some", within_s=30.0)
    move(tailrace, "paused", job, "pause")
    stands = wait_for(tailrace, "paused", job, "paused")
    place = f"/api/v1/destinations/paused/backfills/{job}"
    send(tailrace, "Live", 20)
    wait_until(lambda: ids("Live", range(20)) <= set(tool.ids()), what="live", within_s=20.0)
    between = len(tool.ids())
    again = tailrace.api.post(f"{place}/pause", json={})
    move(tailrace, "paused", job, "resume")
    done = wait_for(tailrace, "paused", job, "done")

    assert stands["state"] == "paused"
    assert between < 520
    assert again.status_code == 409
    assert set(tool.ids()) == ids("Paused", range(500)) | ids("Live", range(20))
    assert done["delivered"] == 500
    assert (
        tailrace.get("/api/v1/destinations/paused/delivery")["subscriptions"][0]["delivered"] == 20
    )


def test_a_canceled_backfill_sends_nothing_more_and_the_next_one_has_its_turn(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Canceled", 300)
    connect(tailrace, "canceled", tool.url)

    first = start(tailrace, "canceled", query="event:Canceled", events_per_s_max=20)
    second = start(tailrace, "canceled", query="event:Canceled AND properties.n:>=298")
    wait_until(lambda: tool.ids(), what="some", within_s=30.0)
    waiting = shown(tailrace, "canceled", second)
    canceled = move(tailrace, "canceled", first, "cancel")
    wait_for(tailrace, "canceled", second, "done")
    resumed = tailrace.api.post(f"/api/v1/destinations/canceled/backfills/{first}/resume")
    listed = tailrace.get("/api/v1/destinations/canceled/backfills")
    actions = [entry["action"] for entry in tailrace.get("/api/v1/audit-log", limit=10)]

    assert waiting["state"] == "queued"
    assert canceled["state"] == "canceled"
    assert canceled["ended_at"] is not None
    assert len(tool.ids()) < 300
    assert ids("Canceled", range(298, 300)) <= set(tool.ids())
    assert resumed.status_code == 409
    assert [(job["id"], job["state"]) for job in listed] == [(second, "done"), (first, "canceled")]
    assert {"destination.backfill", "destination.backfill-cancel"} <= set(actions)


def test_sources_subscriptions_filters_and_mappings_decide_as_for_live_events(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Shaped", 6)
    shape = {"messageId": {"@template": "shaped {{properties.n}}"}, "properties": {"of": "mapping"}}
    connect(
        tailrace,
        "shaped",
        tool.url,
        filters=[{"if": "properties.n = 1", "actions": [{"type": "DROP"}], "title": "Ones"}],
        subscriptions=[
            {"slug": "all", "action": "send"},
            {
                "slug": "few",
                "action": "send",
                "trigger": "properties.n > 3",
                "mapping": {"data": shape},
            },
        ],
    )

    job = start(tailrace, "shaped", query="event:Shaped", subscriptions=["few"])
    done = wait_for(tailrace, "shaped", job, "done")
    none = start(tailrace, "shaped", query="event:Shaped", sources=["another"])
    nothing = wait_for(tailrace, "shaped", none, "done")

    assert sorted(tool.ids()) == ["shaped 4", "shaped 5"]
    assert [books["slug"] for books in done["subscriptions"]] == ["few"]
    assert (done["selected"], done["delivered"], done["filtered"]) == (6, 2, 4)
    assert (nothing["selected"], nothing["fed"]) == (0, 0)


def test_what_cannot_be_sent_is_refused_before_it_begins(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    connect(tailrace, "refused", tool.url)
    place = "/api/v1/destinations/refused/backfills"

    answers = [
        tailrace.api.post(place, json=body)
        for body in (
            {},
            {"since": "soon"},
            {"since": "1h", "until": "2h"},
            {"since": "1h", "query": "a:"},
            {"since": "1h", "subscriptions": ["none"]},
            {"since": "1h", "events_per_s_max": 0},
        )
    ]

    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert tailrace.get(place) == []


def test_the_command_shows_how_many_sends_them_and_ends_with_the_right_status(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Command", 20)
    connect(tailrace, "command", tool.url)
    options = ["--since", "1h", "--query", "event:Command"]

    unasked = tailrace.run("replay", "command", *options)
    sent = tailrace.run("replay", "command", *options, "--yes", "--json")
    unknown = tailrace.run("replay", "nobody", *options, "--yes")
    wrong = tailrace.run("replay", "command", "--since", "soon", "--yes")

    assert unasked.returncode == 2
    assert "20 events would be sent to command" in unasked.stderr
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout)["delivered"] == 20
    assert set(tool.ids()) == ids("Command", range(20))
    assert unknown.returncode == 1
    assert "nobody" in unknown.stderr
    assert wrong.returncode == 2


def test_the_backfills_of_a_deleted_destination_go_with_it(
    tailrace: Tailrace, tool: HostileTool
) -> None:
    send(tailrace, "Gone", 100)
    connect(tailrace, "gone", tool.url)
    job = start(tailrace, "gone", query="event:Gone", events_per_s_max=10)
    wait_until(lambda: tool.ids(), what="some", within_s=30.0)

    deleted = tailrace.api.delete("/api/v1/destinations/gone", headers={"If-Match": "*"})
    path = tailrace.data_dir / "deliver" / "backfills" / f"gone--{job}.sqlite"
    wait_until(lambda: not path.exists(), what="the file is gone", within_s=30.0)

    assert deleted.status_code == 204
    assert len(tool.ids()) < 100
