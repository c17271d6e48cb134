"""People, groups and their timelines, and which events and properties there are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.insights.explore import (
    ExploredProperty,
    ExploreEvents,
    ExploreProperties,
    explore_events,
    explore_properties,
)
from tailrace.query.insights.timeline import (
    PeopleSearch,
    Profile,
    Timeline,
    TimelineResult,
    find_people,
    profile,
    sessions_of,
    timeline,
)

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


ADA = [
    {"at": at(1, "09:00"), "anonymous_id": "anon-1", "type": "page", "name": "Home"},
    {"at": at(1, "09:05"), "anonymous_id": "anon-1", "event": "Product Viewed"},
    {
        "at": at(1, "09:10"),
        "anonymous_id": "anon-1",
        "user_id": "ada",
        "type": "identify",
        "traits": {"email": "ada@example.com", "plan": "free", "name": "Ada"},
        "device": "phone",
    },
    {"at": at(2, "10:00"), "user_id": "ada", "event": "Order Completed", "device": "tablet"},
    {
        "at": at(3, "10:00"),
        "user_id": "ada",
        "type": "identify",
        "traits": {"email": "ada@example.com", "plan": "pro"},
    },
    {"at": at(4, "10:00"), "user_id": "ada-2", "previous_id": "ada", "type": "alias"},
    {"at": at(5, "10:00"), "user_id": "ada-2", "event": "Order Completed", "group_id": "acme"},
    {"at": at(5, "10:00"), "user_id": "ada-2", "event": "Receipt Sent", "group_id": "acme"},
]
OTHERS = [
    {"at": at(6, "08:00"), "user_id": "grace", "event": "Product Viewed", "group_id": "acme"},
    {
        "at": at(6, "08:01"),
        "user_id": "grace",
        "type": "group",
        "group_id": "acme",
        "traits": {"name": "Acme", "seats": 4},
    },
    {"at": at(7, "08:00"), "user_id": "bob%", "event": "Product Viewed"},
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("timeline"), now=NOW) as events:
        events.add(ADA)
        events.add(OTHERS)
        yield events


def ada(stored: StoredEvents, known_by: str = "ada") -> Profile:
    found = profile(stored.runner, "person", known_by, now=NOW)
    assert found is not None
    return found


def pages(stored: StoredEvents, question: Timeline, *, of: str = "ada") -> list[TimelineResult]:
    found = []
    cursor: str | None = None
    while True:
        page = timeline(
            stored.runner,
            "person",
            of,
            msgspec.structs.replace(question, cursor=cursor),
            now=NOW,
        )
        assert page is not None
        found.append(page)
        cursor = page.cursor
        if cursor is None:
            return found


# Profiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("known_by", ["ada", "ada-2", "anon-1"])
def test_each_id_of_a_person_leads_to_all_they_did(stored: StoredEvents, known_by: str) -> None:
    found = ada(stored, known_by)

    assert found.person == "ada-2"
    assert {(one.kind, one.id, one.events) for one in found.ids} == {
        ("user_id", "ada", 3),
        ("user_id", "ada-2", 3),
        ("anonymous_id", "anon-1", 3),
        ("previous_id", "ada", 1),
    }
    assert found.events == len(ADA)
    assert (found.first_seen_at, found.last_seen_at) == (at(1, "09:00"), at(5, "10:00"))


def test_a_profile_has_totals_devices_and_sessions(stored: StoredEvents) -> None:
    found = ada(stored)

    totals = {(total.event, total.type): total.events for total in found.totals}
    assert totals["Order Completed", "track"] == 2
    assert totals["", "identify"] == 2
    assert {device.device for device in found.devices} == {"", "phone", "tablet"}
    assert [session.started_at for session in found.sessions] == [
        at(5, "10:00"),
        at(4, "10:00"),
        at(3, "10:00"),
        at(2, "10:00"),
        at(1, "09:00"),
    ]
    assert found.sessions[-1].duration_s == 600
    assert found.sessions[-1].entry_page == "Home"


def test_traits_are_the_latest_with_when_they_were_set(stored: StoredEvents) -> None:
    found = ada(stored)

    assert [
        (trait.name, json.loads(bytes(trait.value)), trait.set_at) for trait in found.traits
    ] == [
        ("email", "ada@example.com", at(1, "09:10")),
        ("name", "Ada", at(1, "09:10")),
        ("plan", "pro", at(3, "10:00")),
    ]


def test_a_group_has_its_traits_and_members(stored: StoredEvents) -> None:
    found = profile(stored.runner, "group", "acme", now=NOW)

    assert found is not None
    assert found.person == "acme"
    assert found.members == ["grace", "ada-2"]
    assert {trait.name: json.loads(bytes(trait.value)) for trait in found.traits} == {
        "name": "Acme",
        "seats": 4,
    }
    assert found.events == 4


def test_nobody_has_an_id_that_no_event_has(stored: StoredEvents) -> None:
    question = Timeline()

    assert profile(stored.runner, "person", "nobody", now=NOW) is None
    assert profile(stored.runner, "group", "ada", now=NOW) is None
    assert timeline(stored.runner, "person", "' OR 1 --", question, now=NOW) is None


def test_the_sessions_of_a_person_are_listed_newest_first(stored: StoredEvents) -> None:
    found = sessions_of(
        stored.runner, "person", "anon-1", since="2026-03-01", until="2026-03-05", limit=2, now=NOW
    )

    assert found is not None
    assert [session.started_at for session in found.sessions] == [at(4, "10:00"), at(3, "10:00")]
    assert found.total == 4


# Finding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "people"),
    [
        (PeopleSearch(), ["bob%", "grace", "ada-2"]),
        (PeopleSearch(limit=2), ["bob%", "grace"]),
        (PeopleSearch(search="ADA@ex"), ["ada-2"]),
        (PeopleSearch(search="anon-1"), ["ada-2"]),
        (PeopleSearch(search="%"), ["bob%"]),
        (PeopleSearch(query="traits.plan:pro"), ["ada-2"]),
        (PeopleSearch(query='event:"Product Viewed"', since="2026-03-06"), ["bob%", "grace"]),
        (PeopleSearch(search="nobody"), []),
    ],
)
def test_people_are_found_by_id_trait_and_query(
    stored: StoredEvents, question: PeopleSearch, people: list[str]
) -> None:
    found = find_people(stored.runner, "person", question, now=NOW)

    assert [one.person for one in found.people] == people


def test_who_is_found_has_traits_and_the_whole_time(stored: StoredEvents) -> None:
    (found,) = find_people(stored.runner, "person", PeopleSearch(search="anon-1"), now=NOW).people

    assert (found.email, found.name, found.anonymous_id) == ("ada@example.com", "Ada", "anon-1")
    assert found.events == len(ADA)
    assert found.first_seen_at == at(1, "09:00")


def test_groups_are_found_by_their_name(stored: StoredEvents) -> None:
    (found,) = find_people(stored.runner, "group", PeopleSearch(search="acm"), now=NOW).people

    assert (found.person, found.name, found.events) == ("acme", "Acme", 4)


# Timelines ---------------------------------------------------------------------------------------


def test_a_timeline_is_newest_first_and_grouped_by_session(stored: StoredEvents) -> None:
    (page,) = pages(stored, Timeline())

    assert [len(one.events) for one in page.sessions] == [2, 1, 1, 1, 3]
    assert [event.event for event in page.sessions[0].events] == ["Receipt Sent", "Order Completed"]
    for one in page.sessions:
        assert one.session.events == len(one.events)
        assert {event.timestamp for event in one.events} <= {
            one.session.started_at,
            at(1, "09:05"),
            one.session.ended_at,
        }


@pytest.mark.parametrize("limit", [1, 7])
def test_pages_repeat_and_leave_out_nothing(stored: StoredEvents, limit: int) -> None:
    found = pages(stored, Timeline(limit=limit))

    events = [event for page in found for one in page.sessions for event in one.events]
    assert [event.message_id for event in events] == [
        f"m-0-{number}" for number in reversed(range(len(ADA)))
    ]
    # A session that goes on over pages is the same one on each.
    starts = {one.session.started_at for page in found for one in page.sessions}
    assert len(starts) == 5


def test_a_filter_parts_no_session(stored: StoredEvents) -> None:
    (page,) = pages(stored, Timeline(query="type:identify"))

    assert [one.session.events for one in page.sessions] == [1, 3]
    assert [len(one.events) for one in page.sessions] == [1, 1]


def test_a_cursor_belongs_to_its_timeline(stored: StoredEvents) -> None:
    page = timeline(stored.runner, "person", "ada", Timeline(limit=1), now=NOW)
    assert page is not None

    with pytest.raises(QueryError, match="another timeline"):
        timeline(stored.runner, "person", "grace", Timeline(limit=1, cursor=page.cursor), now=NOW)
    for cursor in ("x", "????", "A" * 1_000):
        with pytest.raises(QueryError, match="not one that a timeline gave"):
            timeline(stored.runner, "person", "ada", Timeline(cursor=cursor), now=NOW)


def test_a_long_timeline_keeps_its_sessions_over_pages(stored: StoredEvents) -> None:
    start = at(8, "00:00")
    steps = [0, 10, 20, 60, 61, 120, 1_500, 1_501, 1_540]
    stored.add(
        {"at": start + timedelta(minutes=minutes), "user_id": "long", "event": "Step"}
        for minutes in steps
    )

    found = pages(stored, Timeline(limit=2), of="long")

    groups = [(one.session.started_at, len(one.events)) for page in found for one in page.sessions]
    sizes: dict[datetime, int] = {}
    for started_at, size in groups:
        sizes[started_at] = sizes.get(started_at, 0) + size
    assert list(sizes.values()) == [1, 2, 1, 2, 3]


# Exploring ---------------------------------------------------------------------------------------


def test_events_are_listed_with_people_and_trend(stored: StoredEvents) -> None:
    answer = explore_events(
        stored.runner,
        ExploreEvents(since="2026-03-01", until="2026-03-08", query="NOT user_id:long"),
        now=NOW,
    )

    found = {event.event: event for event in answer.events}
    assert answer.total == len(found) == 7
    viewed = found["Product Viewed"]
    assert (viewed.events, viewed.people, viewed.trend) == (3, 3, [1, 0, 0, 0, 0, 1, 1])
    assert found["identify"].people == 1
    assert found["page"].type == "page"
    assert len(answer.starts) == 7


def test_events_are_found_by_a_part_of_their_name(stored: StoredEvents) -> None:
    answer = explore_events(stored.runner, ExploreEvents(search="order", since="1y"), now=NOW)

    assert [(event.event, event.events) for event in answer.events] == [("Order Completed", 2)]
    assert answer.interval == "month"
    assert sum(answer.events[0].trend) == 2


def test_properties_have_types_shares_values_and_bounds(stored: StoredEvents) -> None:
    amounts: list[object] = [1, 2.5, "12", True, None, [3, 3, "x"], {"net": 7}]
    stored.add(
        {"at": at(10, "00:00"), "event": "Paid", "user_id": "p", "properties": {"amount": amount}}
        for amount in amounts
    )

    answer = explore_properties(stored.runner, ExploreProperties(event="Paid"), now=NOW)

    assert answer.sampled == len(amounts)
    found: dict[str, ExploredProperty] = {one.name: one for one in answer.properties}
    assert set(found) == {"properties.amount", "properties.amount.net"}
    amount = found["properties.amount"]
    assert amount.share == round(5 / 7, 4)
    assert {one.type: round(one.share * 7) for one in amount.types} == {
        "number": 3,
        "text": 2,
        "boolean": 1,
    }
    assert (amount.min, amount.max) == (1, 3)
    assert {one.value for one in amount.values} == {"1", "2.5", "12", "true", "3", "x"}


def test_a_type_stands_for_its_events(stored: StoredEvents) -> None:
    answer = explore_properties(stored.runner, ExploreProperties(event="identify"), now=NOW)

    assert [one.name for one in answer.properties] == [
        "traits.email",
        "traits.plan",
        "traits.name",
    ]
    assert answer.properties[1].values[0].value == "free"
