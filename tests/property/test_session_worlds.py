"""Sessions against their definition in plain Python: the fixture's numbers, and random worlds."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.insight_worlds import (
    FIXTURE,
    NOW,
    Happening,
    at,
    by_person,
    random_worlds,
    rows_of,
)
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.insights.asking import Question, scope_of
from tailrace.query.insights.sessions import (
    Sessions,
    SessionsPeople,
    SessionsResult,
    SessionTotals,
    sessions,
    sessions_people,
)
from tailrace.query.insights.visits import SESSION_COLUMNS, Session, session_of, sessions_sql
from tailrace.query.times import from_ms

WORLDS = 300
CAP_MS = 86_400_000


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("sessions"), now=NOW) as events:
        events.add([{**event, "source": "shop"} for event in FIXTURE])
        yield events


@pytest.fixture(scope="module")
def worlds(stored: StoredEvents) -> list[Happening]:
    happenings = random_worlds(7, worlds=WORLDS)
    stored.add(rows_of(happenings))
    return happenings


def ask(events: StoredEvents, question: Sessions, *, now: datetime = NOW) -> SessionsResult:
    return sessions(events.runner, question, now=now)


# The fixture -------------------------------------------------------------------------------------

SHOP = Sessions(query="source:shop", since="2026-03-02", until="2026-03-12")


def test_the_numbers_of_the_fixture(stored: StoredEvents) -> None:
    answer = ask(stored, SHOP)

    assert [bucket.totals.sessions for bucket in answer.buckets] == [3, 3, 1, 1, 0, 0, 0, 1, 0, 1]
    assert answer.totals.sessions == 10
    assert answer.totals.people == 4
    # Durations of 10, 20, 5 minutes and of seven times nothing.
    assert answer.totals.duration_s_mean == 210
    assert answer.totals.duration_s_median == 0
    assert answer.totals.bounces == 6
    assert answer.totals.bounce_rate == 0.6
    assert answer.totals.events_per_session == 1.5
    assert answer.buckets[4].totals.duration_s_mean is None


def test_a_break_of_exactly_the_gap_stays_in_the_session(stored: StoredEvents) -> None:
    # u1 viewed at 09:10 and purchased at 09:50.
    day = msgspec.structs.replace(SHOP, query="user_id:u1 AND source:shop", until="2026-03-03")

    counts = [
        ask(stored, msgspec.structs.replace(day, gap_minutes=minutes)).totals.sessions
        for minutes in (39, 40, 41)
    ]

    assert counts == [2, 1, 1]


def test_a_session_counts_where_it_begins(stored: StoredEvents) -> None:
    # u2 signed up at 23:30 and went on after midnight, 40 minutes later.
    question = msgspec.structs.replace(
        SHOP, query="user_id:u2 AND source:shop", gap_minutes=60, until="2026-03-04"
    )

    both = ask(stored, question)
    second = ask(stored, msgspec.structs.replace(question, since="2026-03-03"))

    assert [bucket.totals.sessions for bucket in both.buckets] == [1, 0]
    assert both.totals.duration_s_mean == 3_600
    assert second.totals.sessions == 0


def test_a_session_without_an_end_is_cut_every_24_hours(stored: StoredEvents) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    stored.add(
        {
            "source": "robot",
            "user_id": "r",
            "event": "Ping",
            "at": start + timedelta(minutes=20 * n),
        }
        for n in range(3 * 72 + 1)
    )

    answer = ask(
        stored,
        Sessions(query="source:robot", since="2026-05-01", until="2026-05-06", gap_minutes=20),
    )

    assert [bucket.totals.sessions for bucket in answer.buckets] == [1, 1, 1, 1, 0]
    assert answer.buckets[0].totals.events_per_session == 72
    assert answer.buckets[0].totals.duration_s_mean == 86_400 - 1_200


def test_the_people_of_a_bar_have_their_ids(stored: StoredEvents) -> None:
    question = msgspec.convert({**msgspec.to_builtins(SHOP), "at": at(3, "00:00")}, SessionsPeople)

    answer = sessions_people(stored.runner, question, now=NOW)

    assert [(who.person, who.at) for who in answer.people] == [
        ("u2", at(3, "00:10")),
        ("u1", at(3, "10:00")),
        ("u3", at(3, "12:00")),
    ]
    with pytest.raises(QueryError, match="start of an interval"):
        sessions_people(
            stored.runner, msgspec.structs.replace(question, at=at(3, "01:00")), now=NOW
        )


# Plain Python ------------------------------------------------------------------------------------


class Plain(NamedTuple):
    person: str
    session: Session


def plain_sessions(
    events: Sequence[Happening],
    *,
    since_ms: int,
    until_ms: int,
    gap_minutes: int,
    field: str | None,
) -> list[Plain]:
    """Return the sessions that begin in the time."""
    found: list[Plain] = []
    near = [one for one in events if since_ms - CAP_MS <= one.ms < until_ms + CAP_MS]
    for person, own in by_person(near).items():
        visits: dict[str, list[Happening]] = {}
        for one in own:
            visits.setdefault(visit_of(one) if field else "", []).append(one)
        for name, of_visit in visits.items():
            for session in [of_visit] if name else split(of_visit, gap_minutes * 60_000):
                if since_ms <= session[0].ms < until_ms:
                    found.append(Plain(person, plain_session(session, name)))
    return found


def visit_of(one: Happening) -> str:
    properties = one.event["properties"]
    assert isinstance(properties, dict)
    return str(properties.get("visit", ""))


def split(own: list[Happening], gap_ms: int) -> list[list[Happening]]:
    unbroken: list[list[Happening]] = []
    for one in own:
        if unbroken and one.ms - unbroken[-1][-1].ms <= gap_ms:
            unbroken[-1].append(one)
        else:
            unbroken.append([one])
    found: list[list[Happening]] = []
    for run in unbroken:
        days: dict[int, list[Happening]] = {}
        for one in run:
            days.setdefault((one.ms - run[0].ms) // CAP_MS, []).append(one)
        found += days.values()
    return found


def plain_session(events: list[Happening], name: str) -> Session:
    first, last = events[0], events[-1]
    pages = [one for one in events if one.event["type"] == "page"]
    source, medium, campaign, channel = first.came_from
    return Session(
        started_at=from_ms(first.ms),
        ended_at=from_ms(last.ms),
        duration_s=(last.ms - first.ms) / 1000,
        events=len(events),
        pages=len(pages),
        entry_page=page_of(pages[0]) if pages else "",
        exit_page=page_of(pages[-1]) if pages else "",
        source=source,
        medium=medium,
        campaign=campaign,
        channel=channel,
        device=str(first.event["device"]),
        session_id=name,
    )


def page_of(one: Happening) -> str:
    context = one.event["context"]
    assert isinstance(context, dict)
    return str(urlsplit(context["page"]["url"]).path)


def ms_of(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def random_question(chance: random.Random) -> Sessions:
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(hours=chance.randint(0, 72))
    until = since + timedelta(hours=chance.randint(1, 400))
    return Sessions(
        query="NOT source:(shop OR robot)",
        since=since.isoformat(),
        until=until.isoformat(),
        gap_minutes=chance.choice([10, 29, 30, 60, 600, 1_440]),
        session_field=chance.choice([None, None, "properties.visit"]),
        interval=chance.choice(["hour", "day", "day", "week", "month"]),
        zone=chance.choice(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]),
        bounce=chance.choice(["one_event", "one_page"]),
        by=chance.choice(["entry_page", "exit_page", "channel", "device", "source", "campaign"]),
        values_max=chance.choice([1, 2, 25]),
    )


@pytest.mark.parametrize("number", range(4))
def test_each_session_of_random_worlds_is_that_of_plain_python(
    stored: StoredEvents, worlds: list[Happening], number: int
) -> None:
    question = random_question(random.Random(number))
    scope = scope_of(
        Question(query=question.query, since=question.since, until=question.until), now=NOW
    )
    sql = sessions_sql(
        scope,
        gap_minutes=question.gap_minutes,
        session_field=question.session_field,
        columns=SESSION_COLUMNS,
        since_ms=scope.since_ms,
        until_ms=scope.until_ms,
    )

    with stored.runner.turn() as client:
        rows = stored.runner.rows(
            client,
            f"SELECT {', '.join(SESSION_COLUMNS)} FROM ({sql})",
            scope.binder.parameters,
        )

    wanted = plain_sessions(
        worlds,
        since_ms=scope.since_ms,
        until_ms=scope.until_ms,
        gap_minutes=question.gap_minutes,
        field=question.session_field,
    )
    found = sorted((session_of(row) for row in rows), key=str)
    assert found == sorted((plain.session for plain in wanted), key=str)


@pytest.mark.parametrize("number", range(8))
def test_totals_of_random_worlds_are_those_of_plain_python(
    stored: StoredEvents, worlds: list[Happening], number: int
) -> None:
    question = random_question(random.Random(number))

    answer = ask(stored, question)

    wanted = plain_sessions(
        worlds,
        since_ms=ms_of(question.since),
        until_ms=ms_of(question.until),
        gap_minutes=question.gap_minutes,
        field=question.session_field,
    )
    assert_totals(answer.totals, wanted, question)
    starts = [bucket.at for bucket in answer.buckets]
    for bucket, end in zip(answer.buckets, [*starts[1:], NOW], strict=True):
        inside = [plain for plain in wanted if bucket.at <= plain.session.started_at < end]
        assert bucket.at.tzinfo == ZoneInfo(question.zone)
        assert_totals(bucket.totals, inside, question)
    assert isinstance(answer.values, list)
    named = {value.value for value in answer.values}
    for value in answer.values:
        own = [plain for plain in wanted if is_of(plain, question, value.value, named)]
        assert_totals(value.totals, own, question)
        assert sum(bucket.totals.sessions for bucket in value.buckets) == len(own)
    assert sum(value.totals.sessions for value in answer.values) == len(wanted)


def is_of(plain: Plain, question: Sessions, value: str, named: set[str]) -> bool:
    own = str(getattr(plain.session, str(question.by))) or "(none)"
    return own not in named if value == "Other" else own == value


def assert_totals(totals: SessionTotals, wanted: list[Plain], question: Sessions) -> None:
    assert totals.sessions == len(wanted)
    assert totals.people == len({plain.person for plain in wanted})
    found = [plain.session for plain in wanted]
    bounces = sum(
        session.events == 1 if question.bounce == "one_event" else session.pages <= 1
        for session in found
    )
    assert totals.bounces == bounces
    if found:
        durations = [session.duration_s for session in found]
        assert totals.duration_s_mean == pytest.approx(sum(durations) / len(found))
        assert totals.duration_s_median == pytest.approx(median(durations))
        assert totals.pages_per_session == sum(one.pages for one in found) / len(found)
        assert totals.events_per_session == sum(one.events for one in found) / len(found)
        assert totals.bounce_rate == bounces / len(found)
