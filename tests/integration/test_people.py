"""Who is who: anonymous ids and aliases, against a plain union-find."""

import random
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from tests.stored_events import StoredEvents, stored_events

from tailrace.config import Config
from tailrace.event import Block
from tailrace.query.people import People, person_sql
from tailrace.store import open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
WORLDS = 500

Event = dict[str, object]


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def stored(directory: Path) -> Iterator[StoredEvents]:
    with stored_events(directory, now=NOW) as opened:
        opened.links_count_at_once = False
        yield opened


@pytest.fixture
def events(stored: StoredEvents) -> StoredEvents:
    stored.clear()
    return stored


def made(user: str = "", anonymous: str = "", *, previous: str = "", minute: int = 0) -> Event:
    return {
        "type": "alias" if previous else "track",
        "user_id": user,
        "anonymous_id": anonymous,
        "previous_id": previous,
        "at": NOW - timedelta(days=1) + timedelta(minutes=minute),
    }


def people_of(stored: StoredEvents, *, people: People | None = None) -> list[set[str]]:
    """Return the ids of each person, as `user` or as `anonymous`, the person of nobody left out."""
    (people or People(stored.store)).refresh()
    with stored.store.client() as client:
        rows = client.query(
            f"SELECT {person_sql()} AS person, "
            "groupUniqArray(if(user_id = '', anonymous_id, user_id)) FROM events_data "
            "WHERE person != 0 GROUP BY person"
        ).result_rows
    return sorted((set(ids) for _, ids in rows), key=sorted)


def test_visits_before_a_user_was_known_are_theirs(events: StoredEvents) -> None:
    events.add([made(anonymous="a"), made("ann", "a", minute=5), made(anonymous="a", minute=9)])
    events.add([made(anonymous="b")])

    assert people_of(events) == [{"a", "ann"}, {"b"}]


def test_a_shared_device_is_of_its_first_user_but_known_events_are_not(
    events: StoredEvents,
) -> None:
    events.add([made("ben", "a", minute=5), made("ann", "a", minute=1), made(anonymous="a")])

    assert people_of(events) == [{"a", "ann"}, {"ben"}]


def test_an_earlier_event_that_comes_later_decides(events: StoredEvents) -> None:
    clock = Clock()
    people = People(events.store, clock=clock)
    events.add([made("ben", "a", minute=5), made("ann", minute=5), made(anonymous="a")])
    before = people_of(events, people=people)
    events.add([made("ann", "a", minute=1)])
    clock.now += 60

    after = people_of(events, people=people)

    assert before == [{"a", "ben"}, {"ann"}]
    assert after == [{"a", "ann"}, {"ben"}]


def test_aliases_make_chains(events: StoredEvents) -> None:
    events.add([made(anonymous="a"), made("old", "a", minute=1), made("new", previous="old")])
    events.add([made("newest", previous="new"), made("old", minute=2)])

    assert people_of(events) == [{"a", "old", "new", "newest"}]


def test_a_circle_of_aliases_is_one_person(events: StoredEvents) -> None:
    events.add([made("b", previous="a"), made("c", previous="b"), made("a", previous="c")])
    events.add([made(anonymous="z"), made("b", "z", minute=3), made("d")])

    assert people_of(events) == [{"a", "b", "c", "z"}, {"d"}]


@pytest.mark.parametrize("empty", ["null", "0", "00000000-0000-0000-0000-000000000000", "NaN"])
def test_ids_that_stand_for_no_id_join_nobody(events: StoredEvents, empty: str) -> None:
    events.add([made("ann", empty), made("ben", empty), made(empty, "a"), made(empty, "b")])
    events.add([made("cleo", previous=empty), made(anonymous="a"), made(anonymous="b")])

    assert people_of(events) == sorted(
        [{"ann"}, {"ben"}, {"cleo"}, {"a"}, {"b"}, {empty}], key=sorted
    )


def test_an_event_without_ids_is_of_nobody(events: StoredEvents) -> None:
    events.add([made(), made()])

    assert people_of(events) == []


def test_a_new_link_counts_when_links_are_read_again(events: StoredEvents) -> None:
    clock = Clock()
    people = People(events.store, clock=clock)
    events.add([made(anonymous="a"), made("ann")])
    first = people_of(events, people=people)
    events.add([made("ann", "a", minute=5)])
    at_once = people_of(events, people=people)
    clock.now += 60

    later = people_of(events, people=people)

    assert first == at_once == [{"a"}, {"ann"}]
    assert later == [{"a", "ann"}]


def test_a_question_knows_links_that_were_stored_before_it(events: StoredEvents) -> None:
    events.add([made(anonymous="a"), made("ann", "a", minute=5)])

    sql = f"SELECT uniqExact({person_sql()}) FROM events_data"
    with events.runner.turn() as client:
        rows = events.runner.rows(client, sql, {})

    assert rows == [(1,)]


def test_a_repeated_insert_stores_events_and_links_once(events: StoredEvents) -> None:
    events.add([made("ann", "a")])
    with events.store.client() as client:
        columns = client.query("SELECT original FROM events_data").result_rows
    line = (
        b'{"message_id":"x","user_id":"ann","anonymous_id":"q","timestamp":"2026-03-10T00:00:00Z"}'
    )
    block = Block(1, [], b"", (0, 0), 1, line, 0, b"")

    for _ in range(3):
        events.store.insert_block(block, partition=7, offset=0)

    assert len(columns) == 1
    assert counted(events, "SELECT count() FROM events_data") == 2
    assert counted(events, "SELECT count() FROM links FINAL") == 2


def test_an_insert_cut_off_between_events_and_links_is_completed(events: StoredEvents) -> None:
    line = (
        b'{"message_id":"y","user_id":"ann","anonymous_id":"q","timestamp":"2026-03-10T00:00:00Z"}'
    )
    block = Block(1, [], b"", (0, 0), 1, line, 0, b"")
    events.store.insert_block(block, partition=8, offset=0)
    with events.store.client() as client:
        client.command("TRUNCATE TABLE links")

    events.store.insert_block(block, partition=8, offset=0)

    assert counted(events, "SELECT count() FROM events_data") == 1
    assert counted(events, "SELECT count() FROM links FINAL") == 1


def counted(stored: StoredEvents, sql: str) -> int:
    with stored.store.client() as client:
        return int(client.query(sql).result_rows[0][0])


def joined(events: Iterable[Event]) -> list[set[str]]:
    """Return the ids of each person by the plain rules, with a union-find."""
    first: dict[str, tuple[str, str]] = {}
    nodes = set()
    for event in events:
        user = str(event["user_id"])
        nodes.add(user or str(event["anonymous_id"]))
        previous = str(event["previous_id"]) if event["type"] == "alias" else ""
        for other in (str(event["anonymous_id"]), previous):
            if user and other not in ("", user):
                said = (str(event["at"]), user)
                first[other] = min(first.get(other, said), said)
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for other, (_, user) in first.items():
        parent[root(other)] = root(user)
    people: dict[str, set[str]] = {}
    for node in nodes - {""}:
        people.setdefault(root(node), set()).add(node)
    return sorted(people.values(), key=sorted)


def test_people_are_those_of_a_union_find_in_any_order_of_arrival(stored: StoredEvents) -> None:
    chance = random.Random(7)
    stored.clear()
    every: list[Event] = []
    for world in range(WORLDS):
        users = [f"u{world}-{n}" for n in range(chance.randint(1, 7))]
        devices = [f"a{world}-{n}" for n in range(chance.randint(1, 6))]
        minutes = chance.sample(range(1_000), 30)
        for minute in minutes[: chance.randint(1, 30)]:
            kind = chance.random()
            user = chance.choice([*users, ""])
            device = chance.choice([*devices, "", chance.choice(users) if kind < 0.1 else ""])
            previous = chance.choice(users + devices) if kind > 0.7 and user else ""
            every.append(made(user, device, previous=previous, minute=minute))
    chance.shuffle(every)
    clock = Clock()
    people = People(stored.store, clock=clock)
    for start in range(0, len(every), 900):
        stored.add(every[start : start + 900])
        clock.now += 60

        found = people_of(stored, people=people)

        assert found == joined(every[: start + 900])


def test_a_long_chain_is_one_person(events: StoredEvents) -> None:
    events.add([made(f"u{n + 1}", previous=f"u{n}") for n in range(60)] + [made("u0")])

    assert len(people_of(events)) == 1


def test_a_store_of_an_older_release_gets_the_links_of_its_events(
    events: StoredEvents, directory: Path
) -> None:
    events.add([made(anonymous="a"), made("ann", "a", minute=5)])
    with events.store.client() as client:
        make_older(client)

    again = open_store(Config(data_dir=directory))

    again.close()
    assert people_of(events) == [{"a", "ann"}]


def make_older(client: Client) -> None:
    """Leave what the release before links left."""
    for made_since in (
        "DICTIONARY people_joined",
        "VIEW joined_users",
        "DICTIONARY people_by_id",
        "VIEW linked_users",
        "VIEW links_of_events",
        "TABLE links",
    ):
        client.command(f"DROP {made_since} SYNC")
    client.command("TRUNCATE TABLE schema_version")
    client.command("INSERT INTO schema_version (version) VALUES (1)")


def test_links_that_cannot_be_read_leave_those_that_are_known(
    events: StoredEvents, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    people = People(events.store, clock=clock)
    events.add([made(anonymous="a"), made("ann", "a", minute=5)])
    people.refresh()
    with events.store.client() as client:
        client.command("RENAME TABLE links TO links_away")
    clock.now += 60

    try:
        people.refresh()
        with events.store.client() as client:
            sql = f"SELECT uniqExact({person_sql()}) FROM events_data"
            rows = client.query(sql).result_rows
    finally:
        with events.store.client() as client:
            client.command("RENAME TABLE links_away TO links")

    assert rows == [(1,)]
    assert "new links between ids do not count yet" in caplog.text


def test_nobody_waits_while_another_question_has_new_links_read(events: StoredEvents) -> None:
    clock = Clock()
    people = People(events.store, clock=clock)
    events.add([made(anonymous="a"), made("ann")])
    people.refresh()
    clock.now += 60
    finished = threading.Event()

    def wait_and_finish() -> None:
        people.refresh()
        finished.set()

    with people._lock:
        thread = threading.Thread(target=wait_and_finish)
        thread.start()
        is_finished = finished.wait(timeout=20)
    thread.join(timeout=20)

    assert is_finished
