"""The views on people, sessions and groups against plain Python, and the other forms of SQL."""

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from stored_events import StoredEvents, stored_events
from tailrace.config import QueryConfig
from tailrace.errors import LimitError, QueryError
from tailrace.query import Questions, Sql

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
BEGAN = datetime(2026, 3, 10, tzinfo=UTC)
GAP = timedelta(minutes=30)


def world(rng: random.Random) -> list[dict[str, Any]]:
    """Return events of a few people, some of whom are anonymous first, in no order."""
    events: list[dict[str, Any]] = []
    for _ in range(400):
        number = rng.randrange(12)
        at = BEGAN + timedelta(minutes=rng.randrange(7 * 24 * 60))
        ids: dict[str, str] = {
            0: {"user_id": f"u{number}"},
            1: {"user_id": f"u{number}", "anonymous_id": f"a{number}"},
            2: {"anonymous_id": f"a{number}"},
        }[rng.randrange(3)]
        event: dict[str, Any] = {"at": at, "event": rng.choice(["A", "B"]), **ids}
        if rng.random() < 0.2 and "user_id" in ids:
            event |= {"type": "identify", "event": "", "traits": {"n": len(events)}}
        if rng.random() < 0.3:
            event |= {"group_id": f"g{number % 3}", "campaign_source": rng.choice(["x", "y"])}
        events.append(event)
    # One who never says who they are, and an event of nobody.
    events += [{"at": BEGAN, "event": "A", "anonymous_id": "a-alone"}, {"at": BEGAN, "event": "A"}]
    rng.shuffle(events)
    return events


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return world(random.Random(7))


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("views"), now=NOW) as opened:
        opened.add(events)
        yield opened


def rows(stored: StoredEvents, sql: str, **parameters: Any) -> list[list[Any]]:
    found = stored.questions.sql(Sql(sql=sql, parameters=parameters)).rows
    return [msgspec.json.decode(row) for row in found]


def people(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the events of each person, in order; a7 is u7 as soon as that is known anywhere."""
    known = {
        event["anonymous_id"]: event["user_id"]
        for event in events
        if event.get("user_id") and event.get("anonymous_id")
    }
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event["at"]):
        anonymous = event.get("anonymous_id", "")
        person = event.get("user_id") or known.get(anonymous, anonymous)
        if person:
            found[person].append(event)
    return found


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_users_has_one_row_for_each_person(
    stored: StoredEvents, events: list[dict[str, Any]]
) -> None:
    found = rows(
        stored,
        "SELECT if(user_id = '', anonymous_id, user_id), first_seen, last_seen, events, days "
        "FROM users ORDER BY 1",
    )

    assert found == [
        [
            person,
            text(theirs[0]["at"]),
            text(theirs[-1]["at"]),
            len(theirs),
            len({event["at"].date() for event in theirs}),
        ]
        for person, theirs in sorted(people(events).items())
    ]


def test_a_users_traits_are_those_of_their_last_identify(
    stored: StoredEvents, events: list[dict[str, Any]]
) -> None:
    expected = {}
    for person, theirs in people(events).items():
        latest = max(
            (event["at"] for event in theirs if event.get("type") == "identify"), default=None
        )
        expected[person] = {event["traits"]["n"] for event in theirs if event["at"] == latest}

    found = rows(
        stored, "SELECT if(user_id = '', anonymous_id, user_id), traits.n.:Int64 FROM users"
    )

    assert len(found) == len(expected)
    for person, number in found:
        assert number in (expected[person] or {None})


def sessions_of(theirs: list[dict[str, Any]]) -> list[list[datetime]]:
    found: list[list[datetime]] = []
    for event in theirs:
        if found and event["at"] - found[-1][-1] <= GAP:
            found[-1].append(event["at"])
        else:
            found.append([event["at"]])
    return found


def test_sessions_end_after_half_an_hour_of_silence(
    stored: StoredEvents, events: list[dict[str, Any]]
) -> None:
    expected = sorted(
        [text(moments[0]), text(moments[-1]), len(moments)]
        for theirs in people(events).values()
        for moments in sessions_of(theirs)
    )

    found = rows(stored, "SELECT started_at, ended_at, events FROM sessions")

    assert sorted(found) == expected
    numbered = rows(stored, "SELECT max(session), count() FROM sessions GROUP BY person")
    assert all(last == count for last, count in numbered)


def test_groups_has_one_row_for_each_group(
    stored: StoredEvents, events: list[dict[str, Any]]
) -> None:
    everybody = people(events)
    expected = []
    for group in ("g0", "g1", "g2"):
        of_group = [event for event in events if event.get("group_id") == group]
        users = sum(
            any(event.get("group_id") == group for event in theirs) for theirs in everybody.values()
        )
        expected.append([group, len(of_group), users])

    found = rows(stored, "SELECT group_id, events, users FROM groups ORDER BY 1")

    assert found == expected


@pytest.mark.parametrize("view", ["users", "sessions", "groups"])
def test_a_view_between_two_moments_is_the_view_of_those_events(
    stored: StoredEvents, events: list[dict[str, Any]], view: str
) -> None:
    since, until = BEGAN + timedelta(days=2), BEGAN + timedelta(days=3)
    within = [event for event in events if since <= event["at"] < until]
    expected = {
        "users": sum(len(theirs) for theirs in people(within).values()),
        "sessions": sum(len(theirs) for theirs in people(within).values()),
        "groups": sum("group_id" in event for event in within),
    }

    [[counted]] = rows(
        stored,
        f"SELECT sum(events) FROM {view}_between(since = {{since:String}}, "
        "until = toDateTime('2026-03-13 00:00:00'))",
        since="2026-03-12 00:00:00",
    )

    assert counted == expected[view]


def test_who_is_who_is_known_to_a_statement_as_soon_as_it_is_stored(
    stored: StoredEvents,
) -> None:
    before = rows(stored, "SELECT count() FROM users WHERE anonymous_id = 'a-late'")
    stored.add([{"at": NOW, "event": "Late", "anonymous_id": "a-late"}])
    alone = rows(stored, "SELECT user_id FROM users WHERE anonymous_id = 'a-late'")

    stored.add([{"at": NOW, "event": "Late", "anonymous_id": "a-late", "user_id": "u-late"}])
    fresh = Questions(stored.store, limits=QueryConfig(), clock=NOW.timestamp)
    found = fresh.sql(Sql(sql="SELECT user_id, events FROM users WHERE user_id = 'u-late'")).rows

    assert (before, alone) == ([[0]], [[""]])
    assert [msgspec.json.decode(row) for row in found] == [["u-late", 2]]


def test_a_comma_separated_download_has_its_names_first_and_its_own_limit(
    stored: StoredEvents,
) -> None:
    limits = QueryConfig(result_rows_max=10, download_rows_max=50)
    questions = Questions(stored.store, limits=limits, clock=NOW.timestamp)

    body = questions.sql_csv(Sql(sql="SELECT number AS n, 'a, \"b\"' AS t FROM numbers(20)"))

    read = list(csv.reader(io.StringIO(body.decode())))
    assert (read[0], read[1], len(read)) == (["n", "t"], ["0", 'a, "b"'], 21)
    with pytest.raises(LimitError, match=r"query\.download_rows_max"):
        questions.sql_csv(Sql(sql="SELECT number FROM numbers(51)"))


def test_an_explanation_says_what_would_be_read_and_whether_it_may(stored: StoredEvents) -> None:
    few = Questions(stored.store, limits=QueryConfig(rows_read_max=5), clock=NOW.timestamp)
    question = Sql(
        sql="SELECT count() FROM events WHERE event = {event:String}", parameters={"event": "A"}
    )

    may = stored.questions.explain_sql(question)
    may_not = few.explain_sql(Sql(sql="SELECT event, user_id FROM events"))

    assert (may.may_run, may.reason) == (True, "")
    assert may.rows_to_read > 0
    assert any("events_data" in step or "event" in step for step in may.steps)
    assert not may_not.may_run
    assert "query.rows_read_max" in may_not.reason
    with pytest.raises(QueryError, match="may not be used here"):
        stored.questions.explain_sql(Sql(sql="SELECT file('/etc/passwd')"))
