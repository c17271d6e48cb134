"""Retention against its definition in plain Python: the fixture's numbers, and random worlds."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.insight_worlds import (
    FIXTURE,
    NAMES,
    NOW,
    Happening,
    at,
    by_person,
    random_worlds,
    rows_of,
)
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.insights.asking import Events
from tailrace.query.insights.behind import PeopleResult
from tailrace.query.insights.retention import (
    Bracket,
    Retention,
    RetentionPeople,
    RetentionResult,
    retention,
    retention_people,
)

WORLDS = 400
QUESTIONS = 18
UNITS_MS = {"hour": 3_600_000, "day": 86_400_000, "week": 604_800_000, "month": 2_592_000_000}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("retention"), now=NOW) as events:
        yield events


@pytest.fixture(scope="module")
def shop(stored: StoredEvents) -> StoredEvents:
    stored.add([{**event, "source": "shop"} for event in FIXTURE])
    return stored


@pytest.fixture(scope="module")
def worlds(stored: StoredEvents) -> list[Happening]:
    happenings = random_worlds(6, worlds=WORLDS)
    stored.add(rows_of(happenings))
    return happenings


def ask(events: StoredEvents, question: Retention, *, now: datetime = NOW) -> RetentionResult:
    return retention(events.runner, question, now=now)


def people(events: StoredEvents, question: RetentionPeople, *, now: datetime = NOW) -> PeopleResult:
    return retention_people(events.runner, question, now=now)


# The fixture -------------------------------------------------------------------------------------

SIGNED_UP = Retention(
    query="source:shop",
    start=Events(event="Signup"),
    since="2026-03-02",
    until="2026-03-12",
    columns=10,
)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, [4, 2, 1, 0, 0, 0, 0, 2, 0, 0]),
        ({"offsets": "rolling"}, [4, 1, 1, 0, 0, 0, 1, 1, 0, 0]),
        ({"returned": "on_or_after"}, [4, 4, 3, 2, 2, 2, 2, 2, 0, 0]),
        ({"returned": "on_or_after", "offsets": "rolling"}, [4, 3, 3, 2, 2, 2, 2, 1, 0, 0]),
        ({"unit": "week", "columns": 2}, [4, 2]),
        ({"unit": "week", "columns": 2, "offsets": "rolling"}, [4, 1]),
        ({"unit": "month", "columns": 2}, [4, 0]),
        (
            {
                "returned": "brackets",
                "brackets": [
                    Bracket(first=0, last=0),
                    Bracket(first=1, last=3),
                    Bracket(first=4, last=7),
                ],
            },
            [4, 3, 2],
        ),
        ({"returns": Events(event="Purchase")}, [4, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
        (
            {"returns": Events(event="Purchase"), "offsets": "rolling"},
            [2, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        ),
        # Each day is a start of its own: u1 views on three, u2 and u3 on one, u4 on two.
        (
            {"start": Events(event="View"), "starts": "every", "columns": 8},
            [7, 1, 1, 0, 0, 0, 1, 2],
        ),
    ],
)
def test_the_numbers_of_the_fixture(
    shop: StoredEvents, changes: dict[str, object], counts: list[int]
) -> None:
    answer = ask(shop, msgspec.structs.replace(SIGNED_UP, **changes))

    assert [mean.people for mean in answer.means] == counts


def test_a_share_is_of_the_cohort_or_of_the_column_before(shop: StoredEvents) -> None:
    question = msgspec.structs.replace(SIGNED_UP, returned="on_or_after", columns=4)

    of_cohort = ask(shop, question)
    of_previous = ask(shop, msgspec.structs.replace(question, base="previous"))

    assert [mean.share for mean in of_cohort.means] == [1, 1, 0.75, 0.5]
    assert [mean.share for mean in of_previous.means] == [1, 1, 0.75, 2 / 3]
    assert [cell.share for cell in of_previous.cohorts[0].cells] == [1, 1, 0.5, 1]


def test_the_mean_is_weighted_by_the_cohorts_or_simple(shop: StoredEvents) -> None:
    question = msgspec.structs.replace(SIGNED_UP, columns=3)

    weighted = ask(shop, question)
    simple = ask(shop, msgspec.structs.replace(question, mean="simple"))

    # Cohorts of 2, 1 and 1 people; both of the first came back on day 1, the second's on day 2.
    assert [mean.share for mean in weighted.means] == [1, 0.5, 0.25]
    assert [mean.share for mean in simple.means] == [1, 1 / 3, 1 / 3]


def test_cells_whose_time_is_not_over_are_marked_and_not_in_the_mean(shop: StoredEvents) -> None:
    question = msgspec.structs.replace(SIGNED_UP, columns=4, until="2026-03-05")

    answer = ask(shop, question, now=at(5, "12:00"))

    # March 5 is running, March 6 has not begun.
    assert [cell.is_finished for cell in answer.cohorts[0].cells] == [True, True, True, False]
    assert [cell.people for cell in answer.cohorts[2].cells] == [1, 0, None, None]
    assert [mean.cohorts for mean in answer.means] == [3, 2, 1, 0]
    assert [mean.people for mean in answer.means] == [4, 2, 0, 0]
    assert answer.means[3].share is None


def test_a_breakdown_tells_values_at_the_start_apart(shop: StoredEvents) -> None:
    question = msgspec.structs.replace(SIGNED_UP, columns=3, by="properties.utm")

    answer = ask(shop, question)
    one = ask(shop, msgspec.structs.replace(question, values_max=1))

    assert isinstance(answer.values, list)
    assert isinstance(one.values, list)
    assert {value.value: [mean.people for mean in value.means] for value in answer.values} == {
        "google": [2, 1, 1],
        "fb": [1, 1, 0],
        "(none)": [1, 0, 0],
    }
    assert [(value.value, value.size) for value in one.values] == [("google", 2), ("Other", 2)]
    assert [mean.people for mean in one.values[1].means] == [2, 1, 0]


def test_the_people_of_a_cell_have_their_ids(shop: StoredEvents) -> None:
    question = msgspec.convert(
        {**msgspec.to_builtins(SIGNED_UP), "at": at(2, "00:00"), "column": 7}, RetentionPeople
    )

    there = people(shop, question)
    gone = people(shop, msgspec.structs.replace(question, came_back=False))
    of_fb = people(
        shop, msgspec.structs.replace(question, column=1, by="properties.utm", value="fb")
    )

    assert [(who.person, who.at) for who in there.people] == [("u1", at(2, "09:00"))]
    assert [who.user_id for who in gone.people] == ["u2"]
    assert [who.person for who in of_fb.people] == ["u2"]
    assert there.total == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"returned": "brackets"}, "say which"),
        ({"brackets": [Bracket(first=1, last=2)]}, "must be 'brackets'"),
        (
            {"returned": "brackets", "brackets": [Bracket(first=3, last=2)]},
            "from 3 to 2",
        ),
        ({"unit": "hour", "since": "2026-01-01"}, "more than 1000 cohorts"),
        ({"zone": "Mars/Base"}, "zone is 'Mars/Base'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    shop: StoredEvents, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ask(shop, msgspec.structs.replace(SIGNED_UP, **changes))


def test_a_cell_that_is_not_there_is_refused(shop: StoredEvents) -> None:
    question = msgspec.convert(
        {**msgspec.to_builtins(SIGNED_UP), "at": at(2, "00:00"), "column": 10}, RetentionPeople
    )

    with pytest.raises(QueryError, match="column is 10; this question has 10"):
        people(shop, question)
    with pytest.raises(QueryError, match="start of a cohort"):
        people(shop, msgspec.structs.replace(question, at=at(2, "01:00")))


# Plain Python ------------------------------------------------------------------------------------


class Calendar:
    """Neighbouring periods by the calendar, by plain arithmetic on dates."""

    def __init__(self, unit: str, since_ms: int, zone: ZoneInfo) -> None:
        self.unit, self.zone = unit, zone
        moment = datetime.fromtimestamp(since_ms / 1000, UTC).astimezone(zone)
        day = moment.date()
        if unit == "week":
            day -= timedelta(days=day.weekday())
        elif unit == "month":
            day = day.replace(day=1)
        self.first_day = day
        self.first_hour_ms = since_ms - moment.minute * 60_000 - moment.second * 1_000
        self.first_hour_ms -= moment.microsecond // 1_000

    def number(self, ms: int) -> int:
        if self.unit == "hour":
            return (ms - self.first_hour_ms) // 3_600_000
        moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(self.zone)
        if self.unit == "month":
            first = self.first_day
            return (moment.year - first.year) * 12 + moment.month - first.month
        return (moment.date() - self.first_day).days // (7 if self.unit == "week" else 1)

    def start_ms(self, number: int) -> int:
        if self.unit == "hour":
            return self.first_hour_ms + number * 3_600_000
        if self.unit == "month":
            months = self.first_day.year * 12 + self.first_day.month - 1 + number
            day = date(months // 12, months % 12 + 1, 1)
        else:
            day = self.first_day + timedelta(days=number * (7 if self.unit == "week" else 1))
        return round(datetime.combine(day, time(), self.zone).timestamp() * 1000)


Cells = dict[tuple[int, int], set[str]]


def plain_retention(
    events: dict[str, list[Happening]], question: Retention, now_ms: int
) -> tuple[dict[int, set[str]], Cells]:
    """Return the cohorts, and who is in each cell of a cohort and a column."""
    since_ms, until_ms = ms_of(question.since), min(ms_of(question.until), now_ms)
    calendar = Calendar(question.unit, since_ms, ZoneInfo(question.zone))
    unit_ms = UNITS_MS[question.unit]
    cohorts: dict[int, set[str]] = {}
    cells: Cells = {}
    for person, own in events.items():
        starts: dict[int, Happening] = {}
        begun = [one for one in own if one.name == question.start.event and one.ms < until_ms]
        for one in begun[:1] if question.starts == "first" else begun:
            if one.ms >= since_ms:
                starts.setdefault(calendar.number(one.ms), one)
        returned = [
            one.ms for one in own if question.returns.event in (None, one.name) and one.ms < now_ms
        ]
        for number, start in starts.items():
            cohorts.setdefault(number, set()).add(person)
            if question.offsets == "calendar":
                offsets = {calendar.number(ms) - number for ms in returned if ms >= start.ms}
                offsets.add(0)
            else:
                offsets = {(ms - start.ms) // unit_ms for ms in returned if ms >= start.ms}
            for column, (first, last) in enumerate(columns_of(question)):
                if any(
                    first <= offset and (offset <= last or question.returned == "on_or_after")
                    for offset in offsets
                ):
                    cells.setdefault((number, column), set()).add(person)
    return cohorts, cells


def columns_of(question: Retention) -> list[tuple[int, int]]:
    if question.returned == "brackets":
        return [(bracket.first, bracket.last) for bracket in question.brackets]
    return [(number, number) for number in range(question.columns)]


def is_over(question: Retention, number: int, last: int, now_ms: int) -> bool:
    calendar = Calendar(question.unit, ms_of(question.since), ZoneInfo(question.zone))
    if question.offsets == "calendar":
        return calendar.start_ms(number + last + 1) <= now_ms
    latest_ms = min(calendar.start_ms(number + 1), ms_of(question.until))
    return latest_ms + (last + 1) * UNITS_MS[question.unit] <= now_ms


def ms_of(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def random_question(chance: random.Random) -> tuple[Retention, datetime]:
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(hours=chance.randint(0, 72))
    until = since + timedelta(hours=chance.randint(1, 400))
    is_bracketed = chance.random() < 0.25
    brackets = [
        Bracket(first=first, last=first + chance.choice([0, 1, 5]))
        for first in chance.sample(range(8), 3)
    ]
    return (
        Retention(
            query="NOT source:shop",
            start=Events(event=chance.choice(NAMES)),
            returns=Events(event=chance.choice([None, *NAMES])),
            starts=chance.choice(["first", "every"]),
            unit=chance.choice(["hour", "day", "day", "week", "month"]),
            columns=chance.randint(1, 12),
            offsets=chance.choice(["calendar", "rolling"]),
            returned="brackets" if is_bracketed else chance.choice(["on", "on_or_after"]),
            brackets=brackets if is_bracketed else [],
            base=chance.choice(["cohort", "previous"]),
            mean=chance.choice(["weighted", "simple"]),
            zone=chance.choice(
                ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia"]
            ),
            by=chance.choice([None, "source"]),
            values_max=25,
            since=since.isoformat(),
            until=until.isoformat(),
        ),
        chance.choice([NOW, until, until + timedelta(days=3), since + timedelta(days=2)]),
    )


@pytest.mark.parametrize("number", range(QUESTIONS))
def test_random_worlds_come_back_as_in_plain_python(
    stored: StoredEvents, worlds: list[Happening], number: int
) -> None:
    question, now = random_question(random.Random(number))
    now_ms = round(now.timestamp() * 1000)
    columns = columns_of(question)
    events = by_person(worlds)

    answer = ask(stored, question, now=now)

    cohorts, cells = plain_retention(events, question, now_ms)
    assert answer.size == sum(map(len, cohorts.values()))
    shares: list[list[float]] = [[] for _ in columns]
    for at_cohort, cohort in enumerate(answer.cohorts):
        size = len(cohorts.get(at_cohort, set()))
        assert cohort.size == size
        for column, cell in enumerate(cohort.cells):
            counted = len(cells.get((at_cohort, column), set()))
            base = size
            if question.base == "previous" and column:
                base = len(cells.get((at_cohort, column - 1), set()))
            assert (cell.people or 0) == counted
            assert cell.share == (counted / base if base and cell.people is not None else None)
            assert cell.is_finished == is_over(question, at_cohort, columns[column][1], now_ms)
            if cell.is_finished and base:
                shares[column].append(counted / base)
    if question.mean == "simple":
        for column, mean in enumerate(answer.means):
            wanted = sum(shares[column]) / len(shares[column]) if shares[column] else None
            assert mean.share == pytest.approx(wanted)
    if isinstance(answer.values, list):
        assert_values_are_worlds(answer, question, worlds, now_ms)


def assert_values_are_worlds(
    answer: RetentionResult, question: Retention, worlds: list[Happening], now_ms: int
) -> None:
    assert isinstance(answer.values, list)
    for value in answer.values:
        if value.value == "Other":
            continue
        own = by_person(one for one in worlds if one.world == value.value)
        cohorts, cells = plain_retention(own, question, now_ms)
        assert value.size == sum(map(len, cohorts.values()))
        for column, (_, last) in enumerate(columns_of(question)):
            over = [number for number in cohorts if is_over(question, number, last, now_ms)]
            counted = sum(len(cells.get((number, column), set())) for number in over)
            assert value.means[column].people == counted
    assert sum(value.size for value in answer.values) == answer.size
    for column, mean in enumerate(answer.means):
        assert sum(value.means[column].people for value in answer.values) == mean.people


def test_the_people_of_random_cells_are_those_of_plain_python(
    stored: StoredEvents, worlds: list[Happening]
) -> None:
    events = by_person(worlds)
    for number in range(8):
        question, now = random_question(random.Random(number))
        now_ms = round(now.timestamp() * 1000)
        cohorts, cells = plain_retention(events, question, now_ms)
        if not cells:
            continue
        cohort, column = sorted(cells)[-1]
        calendar = Calendar(question.unit, ms_of(question.since), ZoneInfo(question.zone))
        asked = msgspec.convert(
            {
                **msgspec.to_builtins(question),
                "at": datetime.fromtimestamp(calendar.start_ms(cohort) / 1000, UTC),
                "column": column,
                "limit": 1_000,
            },
            RetentionPeople,
        )

        there = people(stored, asked, now=now)
        gone = people(stored, msgspec.structs.replace(asked, came_back=False), now=now)

        assert {who.person for who in there.people} == cells[cohort, column]
        assert {who.person for who in gone.people} == cohorts[cohort] - cells[cohort, column]
        assert there.total == len(cells[cohort, column])
