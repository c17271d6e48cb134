"""People, timelines, events and insights over real sockets, a real log and a real store."""

from collections.abc import Iterator

import pytest
from app_server import AppServer, app_server

IDS = ["ada", "acme/ada lovelace", "ada@example.com", "auth0|7?x=1", "é#%2F"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("people")) as server:
        events: list[dict[str, object]] = []
        for name in IDS:
            events += [
                {"type": "track", "event": "A/B Shown", "anonymousId": f"anon {name}"},
                {
                    "type": "identify",
                    "userId": name,
                    "anonymousId": f"anon {name}",
                    "traits": {"email": f"mail of {name}", "plan": "pro"},
                },
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": name,
                    "properties": {"revenue": 10},
                    "context": {"groupId": "acme/inc", "campaign": {"source": "newsletter"}},
                },
                {"type": "group", "userId": name, "groupId": "acme/inc", "traits": {"name": "A"}},
            ]
        server.send(*events)
        yield server


@pytest.mark.parametrize("name", IDS)
def test_any_id_leads_to_the_person(app: AppServer, name: str) -> None:
    found = app.get("/api/v1/users", search=f"mail of {name}")["people"]
    profile = app.get("/api/v1/user", user_id=f"anon {name}")
    sessions = app.get("/api/v1/user/sessions", user_id=name)

    assert name in [person["person"] for person in found]
    assert profile["person"] == name
    assert profile["events"] == 4
    assert {trait["name"]: trait["value"] for trait in profile["traits"]}["plan"] == "pro"
    assert [session["events"] for session in sessions["sessions"]] == [4]


@pytest.mark.parametrize("name", ["ada", "ada%40example.com", "auth0%7C7%3Fx%3D1"])
def test_an_id_may_stand_in_the_path(app: AppServer, name: str) -> None:
    assert app.get(f"/api/v1/users/{name}")["events"] == 4
    assert app.get(f"/api/v1/users/{name}/sessions")["total"] == 1
    assert len(app.get(f"/api/v1/users/{name}/events")["sessions"][0]["events"]) == 4


def test_a_timeline_is_read_page_by_page(app: AppServer) -> None:
    pages = []
    cursor: str | None = ""
    while cursor is not None:
        page = app.get("/api/v1/users/ada/events", limit="3", cursor=cursor)
        pages.append([event["type"] for one in page["sessions"] for event in one["events"]])
        cursor = page["cursor"]

    assert pages == [["group", "track", "identify"], ["track"]]


def test_a_group_has_the_events_of_its_members(app: AppServer) -> None:
    profile = app.get("/api/v1/group", group_id="acme/inc")
    timeline = app.get("/api/v1/group/events", group_id="acme/inc", matching="type:group")

    assert sorted(profile["members"]) == sorted(IDS)
    assert sum(len(one["events"]) for one in timeline["sessions"]) == len(IDS)
    assert app.get("/api/v1/groups")["people"][0]["person"] == "acme/inc"


def test_nobody_is_not_found(app: AppServer) -> None:
    for path in ("/api/v1/users/nobody", "/api/v1/users/nobody/events", "/api/v1/groups/nobody"):
        answer = app.client.get(path)

        assert answer.status_code == 404
        assert "no event has the" in answer.json()["detail"]


def test_events_and_their_properties_are_listed(app: AppServer) -> None:
    events = app.get("/api/v1/explore/events", since="1d", search="a")
    path = "/api/v1/explore/events/Order%20Completed/properties"
    properties = app.get(path)
    awkward = app.get("/api/v1/explore/properties", event="A/B Shown")

    assert {event["event"]: event["people"] for event in events["events"]} == {
        "A/B Shown": len(IDS)
    }
    assert [one["name"] for one in properties["properties"]] == ["properties.revenue"]
    assert awkward["sampled"] == len(IDS)


def test_insights_are_answered(app: AppServer) -> None:
    order = {"event": "Order Completed"}

    retention = app.post(
        "/api/v1/insights/retention", {"start": order, "since": "2d", "columns": 2}
    )
    sessions = app.post("/api/v1/insights/sessions", {"since": "2d", "by": "channel"})
    owed = app.post(
        "/api/v1/insights/attribution",
        {"conversion": order, "value": "properties.revenue", "touches": "event", "since": "2d"},
    )
    people = app.post(
        "/api/v1/insights/attribution/people",
        {"conversion": order, "touches": "event", "since": "2d", "row": ["email"]},
    )

    assert retention["size"] == len(IDS)
    assert sessions["totals"]["people"] == len(IDS)
    assert [(row["values"], row["value"]) for row in owed["rows"]] == [(["email"], 50.0)]
    assert {person["person"] for person in people["people"]} == set(IDS)


def test_a_question_that_is_not_valid_says_why(app: AppServer) -> None:
    answer = app.client.post("/api/v1/insights/retention", json={"columns": 61})
    zone = app.client.post("/api/v1/insights/sessions", json={"zone": "Mars"})
    cursor = app.client.get("/api/v1/users/ada/events", params={"cursor": "x"})

    assert (answer.status_code, zone.status_code, cursor.status_code) == (400, 400, 400)
    assert "60" in answer.json()["detail"]
    assert "zone is 'Mars'" in zone.json()["detail"]
    assert "cursor" in cursor.json()["detail"]
