"""Trends, stickiness and lifecycle against plain Python: the fixture's numbers, random worlds."""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.insight_worlds import FIXTURE, NAMES, NOW, Happening, at, random_worlds, rows_of
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.insights.asking import Events
from tailrace.query.insights.lifecycle import (
    STATES,
    Lifecycle,
    LifecyclePeople,
    lifecycle,
    lifecycle_people,
)
from tailrace.query.insights.stickiness import (
    ActiveRatio,
    Stickiness,
    StickinessPeople,
    active_ratio,
    stickiness,
    stickiness_people,
)
from tailrace.query.insights.trends import trend_people, trends
from tailrace.query.insights.trendshapes import TrendPeople, Trends, TrendsResult

WORLDS = 500
QUESTIONS = 40
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"]
SHOP: dict[str, Any] = {"query": "source:shop", "since": "2026-03-02", "until": "2026-03-12"}

Points = list[int | float | None]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("trends"), now=NOW) as events:
        yield events


@pytest.fixture(scope="module")
def shop(stored: StoredEvents) -> StoredEvents:
    stored.add([{**event, "source": "shop"} for event in FIXTURE])
    return stored


@pytest.fixture(scope="module")
def worlds(stored: StoredEvents) -> list[Happening]:
    happenings = random_worlds(4, worlds=WORLDS)
    stored.add(rows_of(happenings))
    return happenings


def ask(events: StoredEvents, *, now: datetime = NOW, **asked: object) -> TrendsResult:
    return trends(events.runner, msgspec.convert({**SHOP, **asked}, Trends), now=now)


def points(answer: TrendsResult) -> list[Points]:
    return [list(line.points) for line in answer.lines]


# The fixture -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("series", "expected", "total"),
    [
        ({"measure": "total"}, [4, 6, 2, 1, 0, 0, 0, 1, 0, 1], 15),
        ({"measure": "unique"}, [2, 3, 1, 1, 0, 0, 0, 1, 0, 1], 4),
        ({"measure": "weekly_active"}, [2, 3, 4, 4, 4, 4, 4, 4, 3, 3], 4),
        ({"measure": "monthly_active"}, [2, 3, 4, 4, 4, 4, 4, 4, 4, 4], 4),
        (
            {"measure": "sum", "property": "properties.amount"},
            [10, 20, 0, 5, 0, 0, 0, 0, 0, 0],
            35,
        ),
        (
            {"measure": "median", "property": "properties.amount"},
            [10, 20, None, 5, None, None, None, None, None, None],
            10,
        ),
        (
            {"measure": "p90", "property": "properties.amount"},
            [10, 20, None, 5, None, None, None, None, None, None],
            18,
        ),
        (
            {"measure": "distinct", "property": "properties.utm", "event": "Signup"},
            [2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            2,
        ),
        (
            {"measure": "total", "per_actor": "avg"},
            [2, 2, 2, 1, None, None, None, 1, None, 1],
            15 / 4,
        ),
        (
            {"measure": "total", "per_actor": "max"},
            [3, 3, 2, 1, None, None, None, 1, None, 1],
            5,
        ),
        (
            {"measure": "total", "event": "Signup", "first_time": True},
            [2, 1, 1, 0, 0, 0, 0, 0, 0, 0],
            4,
        ),
        (
            {"measure": "unique", "event": "View", "first_time": True},
            [1, 2, 1, 0, 0, 0, 0, 0, 0, 0],
            4,
        ),
    ],
)
def test_the_numbers_of_the_fixture(
    shop: StoredEvents, series: dict[str, object], expected: Points, total: float
) -> None:
    (line,) = ask(shop, series=[series]).lines

    assert line.points == expected
    assert line.total == pytest.approx(total)


def test_a_breakdown_has_the_greatest_values_and_the_rest_as_a_set(shop: StoredEvents) -> None:
    answer = ask(shop, series=[{"measure": "unique"}], by=["event"], values_max=2, interval="month")

    # Who purchased or cancelled: u1, u2 and u3, each of them once.
    assert [(line.values, line.points) for line in answer.lines] == [
        (["Signup"], [4]),
        (["View"], [4]),
        (["Other"], [3]),
    ]


def test_a_breakdown_by_two_fields_names_both(shop: StoredEvents) -> None:
    answer = ask(shop, series=[{}], by=["properties.utm", "event"], values_max=3)

    assert [(line.values, line.total) for line in answer.lines] == [
        (["(none)", "View"], 6),
        (["(none)", "Purchase"], 3),
        (["google", "Signup"], 2),
        (["Other"], 4),
    ]


def test_numbers_are_broken_down_by_bins_of_equal_width(shop: StoredEvents) -> None:
    answer = ask(shop, series=[{}], by=["properties.amount"], bins=3)

    assert [(line.values, line.total) for line in answer.lines] == [
        (["5 to 10"], 1),
        (["10 to 15"], 1),
        (["15 to 20"], 1),
        (["(none)"], 12),
    ]


def test_formulas_have_gaps_where_they_divide_by_nothing(shop: StoredEvents) -> None:
    answer = ask(
        shop,
        series=[{"event": "Purchase"}, {"event": "Signup"}],
        formulas=["A / B * 100", "A - B"],
    )

    assert points(answer)[2:] == [
        [50, 100, 0, None, None, None, None, None, None, None],
        [-1, 0, -1, 1, 0, 0, 0, 0, 0, 0],
    ]
    assert [line.total for line in answer.lines] == [3, 4, 75, -1]


def test_people_so_far_are_a_set_and_the_mean_trails(shop: StoredEvents) -> None:
    so_far = ask(shop, series=[{"measure": "unique"}], cumulative=True)
    smooth = ask(shop, series=[{}], smoothing=3)

    assert points(so_far) == [[2, 3, 4, 4, 4, 4, 4, 4, 4, 4]]
    assert points(smooth)[0][:4] == [4, 5, 4, 3]


@pytest.mark.parametrize(
    ("compare", "since", "until", "expected", "change"),
    [
        ("previous", "2026-03-09", "2026-03-12", [0, 0, 0], None),
        ("previous", "2026-03-03", "2026-03-04", [4], 0.5),
        ("previous", "2026-03-03T12:00:00Z", "2026-03-04T12:00:00Z", [1, 4], -1 / 5),
        ("week", "2026-03-09", "2026-03-12", [4, 6, 2], -5 / 6),
        ("month", "2026-04-02", "2026-04-04", [4, 6], -1),
        ("month", "2026-03-31", "2026-04-01", [0], None),
        ("year", "2027-03-03", "2027-03-04", [6], -1),
    ],
)
def test_a_time_is_compared_with_an_earlier_one(
    shop: StoredEvents,
    compare: str,
    since: str,
    until: str,
    expected: Points,
    change: float | None,
) -> None:
    (line,) = ask(shop, series=[{}], compare=compare, since=since, until=until).lines

    assert not isinstance(line.compared, msgspec.UnsetType)
    assert line.compared.points == expected
    assert line.compared.change == (None if change is None else pytest.approx(change))


def test_intervals_that_are_cut_are_not_complete(shop: StoredEvents) -> None:
    answer = ask(
        shop, series=[{}], since="2026-03-02T06:00:00Z", until="2026-03-06", now=at(4, "12:00")
    )

    assert [bucket.is_complete for bucket in answer.buckets] == [False, True, False, False]


def test_what_is_no_number_is_told(shop: StoredEvents) -> None:
    answer = ask(shop, series=[{"measure": "sum", "property": "properties.utm"}])

    assert points(answer) == [[0] * 10]
    assert answer.notes == [
        "15 of 15 events of any event have no number in properties.utm and were left out."
    ]


def test_the_people_behind_a_point_have_their_ids(shop: StoredEvents) -> None:
    asked = {**SHOP, "series": [{"event": "View"}], "at": at(3, "00:00"), "by": ["event"]}

    answer = trend_people(
        shop.runner, msgspec.convert({**asked, "values": ["View"]}, TrendPeople), now=NOW
    )

    assert [(who.person, who.at) for who in answer.people] == [
        ("u2", at(3, "00:10")),
        ("u1", at(3, "10:00")),
        ("u3", at(3, "12:00")),
    ]
    assert answer.total == 3


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"series": [{"measure": "sum"}]}, "needs a property"),
        ({"series": [{"property": "properties.x"}]}, "is not of a property"),
        ({"series": [{"measure": "weekly_active"}], "interval": "hour"}, "by day or a longer"),
        ({"series": [{"measure": "unique", "per_actor": "avg"}]}, "goes with total or sum"),
        ({"series": [{"measure": "weekly_active"}], "cumulative": True}, "cannot be cumulative"),
        ({"series": [{}], "formulas": ["A / B"]}, "names B; the series are A"),
        ({"series": [{}], "formulas": ["A /"]}, "found the end"),
        ({"series": [{}], "bins": 3}, "by must name one field"),
        ({"series": [{}], "interval": "minute"}, "more than 2000 intervals"),
        ({"series": [{}], "zone": "Mars/Base"}, "zone is 'Mars/Base'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    shop: StoredEvents, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ask(shop, **asked)


def test_the_stickiness_of_the_fixture(shop: StoredEvents) -> None:
    exactly = stickiness(shop.runner, Stickiness(**SHOP), now=NOW)
    at_least = stickiness(shop.runner, Stickiness(**SHOP, counted="at_least"), now=NOW)
    people = stickiness_people(shop.runner, StickinessPeople(**SHOP, intervals=3), now=NOW)

    assert [bar.people for bar in exactly.bars] == [0, 3, 1, 0, 0, 0, 0, 0, 0, 0]
    assert [bar.people for bar in at_least.bars] == [4, 4, 1, 0, 0, 0, 0, 0, 0, 0]
    assert exactly.bars[1].share == 0.75
    assert [who.person for who in people.people] == ["u1"]


def test_the_active_ratio_of_the_fixture(shop: StoredEvents) -> None:
    answer = active_ratio(shop.runner, ActiveRatio(**SHOP, of="week"), now=NOW)

    assert [(day.daily, day.active) for day in answer.days][:3] == [(2, 2), (3, 3), (1, 4)]
    assert answer.ratio == 9 / 35


def test_the_lifecycle_of_the_fixture(shop: StoredEvents) -> None:
    answer = lifecycle(shop.runner, Lifecycle(**SHOP), now=NOW)
    asleep = lifecycle_people(
        shop.runner, LifecyclePeople(**SHOP, at=at(4, "00:00"), state="dormant"), now=NOW
    )

    counts = [(one.new, one.returning, one.resurrecting, one.dormant) for one in answer.buckets]
    assert counts == [
        (2, 0, 0, 0),
        (1, 2, 0, 0),
        (1, 0, 0, 3),
        (0, 0, 1, 1),
        (0, 0, 0, 1),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 0, 1, 0),
        (0, 0, 0, 1),
        (0, 0, 1, 0),
    ]
    assert [who.person for who in asleep.people] == ["u1", "u2", "u3"]


def test_who_was_there_before_the_time_asked_for_is_not_new(shop: StoredEvents) -> None:
    answer = lifecycle(
        shop.runner, msgspec.convert({**SHOP, "since": "2026-03-03"}, Lifecycle), now=NOW
    )

    first = answer.buckets[0]
    assert (first.new, first.returning, first.resurrecting, first.dormant) == (1, 2, 0, 0)


# Plain Python ------------------------------------------------------------------------------------


class Calendar:
    """The intervals of a time, from their starts by plain arithmetic on dates."""

    def __init__(self, unit: str, since_ms: int, until_ms: int, zone: ZoneInfo) -> None:
        moment = local(since_ms, zone)
        self.starts: list[int] = []
        if unit == "hour":
            first = since_ms - moment.minute * 60_000 - moment.second * 1_000
            first -= moment.microsecond // 1_000
            self.starts = [*range(first, until_ms, 3_600_000)]
            self.end = self.starts[-1] + 3_600_000
            return
        day = moment.date()
        if unit == "week":
            day -= timedelta(days=day.weekday())
        elif unit == "month":
            day = day.replace(day=1)
        while (start := midnight(day, zone)) < until_ms:
            self.starts.append(start)
            if unit == "month":
                day = (day + timedelta(days=31)).replace(day=1)
            else:
                day += timedelta(days=7 if unit == "week" else 1)
        self.end = start

    def number(self, ms: int) -> int:
        return bisect_right(self.starts, ms) - 1

    @property
    def ends(self) -> list[int]:
        return [*self.starts[1:], self.end]


def local(ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    return ms_of(datetime.combine(day, time(), zone))


def ms_of(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def first_text(value: object) -> str:
    """Return the text that a property's value is as one text."""
    if isinstance(value, list):
        value = value[0]
    if value is None or isinstance(value, dict):
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def number_of(happening: Happening) -> float | None:
    text = amount_of(happening)
    return None if text in ("", "x", "true") else float(text)


def amount_of(happening: Happening) -> str:
    properties: Any = happening.event["properties"]
    return first_text(properties["amount"])


def value_of(happening: Happening, name: str) -> str:
    if name == "properties.visit":
        properties: Any = happening.event["properties"]
        return first_text(properties.get("visit"))
    return amount_of(happening) if name == "properties.amount" else str(happening.event[name])


def quantile(numbers: Sequence[float], level: float) -> float | None:
    if not numbers:
        return None
    ordered = sorted(numbers)
    place = (len(ordered) - 1) * level
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


CALCULATED: dict[str, Callable[[list[float]], float | None]] = {
    "sum": lambda x: sum(x) if x else None,
    "avg": lambda x: sum(x) / len(x) if x else None,
    "min": lambda x: min(x, default=None),
    "max": lambda x: max(x, default=None),
    "median": lambda x: quantile(x, 0.5),
    "p90": lambda x: quantile(x, 0.9),
    "p95": lambda x: quantile(x, 0.95),
    "p99": lambda x: quantile(x, 0.99),
}


def actor_of(question: Trends | Stickiness | Lifecycle, happening: Happening) -> str:
    if question.actor == "device":
        return str(happening.event["anonymous_id"])
    return happening.person


def measured(question: Trends, events: list[Happening]) -> float | None:
    """Return the measure of series A over some events."""
    series = question.series[0]
    actors = {actor_of(question, one) for one in events} - {""}
    if series.per_actor is not None:
        of_actors: dict[str, list[Happening]] = {actor: [] for actor in actors}
        for one in events:
            of_actors.get(actor_of(question, one), []).append(one)
        each = []
        for own in of_actors.values():
            numbers = [number for one in own if (number := number_of(one)) is not None]
            if series.measure == "total":
                each.append(float(len(own)))
            elif numbers:
                each.append(sum(numbers))
        return CALCULATED[series.per_actor](each)
    if series.measure == "total":
        return len(events)
    if series.measure in ("unique", "weekly_active", "monthly_active"):
        return len(actors)
    if series.measure == "distinct":
        return len({amount_of(one) for one in events} - {""})
    return CALCULATED[series.measure](
        [number for one in events if (number := number_of(one)) is not None]
    )


def chosen(question: Trends, worlds: Iterable[Happening]) -> list[Happening]:
    """Return the events of series A of all time, first ones where they are asked for."""
    series = question.series[0]
    events = [one for one in worlds if series.event in (None, one.name)]
    if not series.first_time:
        return events
    first: dict[str, Happening] = {}
    for one in sorted(events, key=lambda one: one.place):
        if actor := actor_of(question, one):
            first.setdefault(actor, one)
    return list(first.values())


def plain_points(
    question: Trends, events: list[Happening], since_ms: int, until_ms: int
) -> tuple[Points, float | None]:
    """Return the points and the total of series A over the events given."""
    zone = ZoneInfo(question.zone)
    calendar = Calendar(question.interval, since_ms, until_ms, zone)
    series = question.series[0]
    within = [one for one in events if since_ms <= one.ms < until_ms]
    days = {"weekly_active": 7, "monthly_active": 30}.get(series.measure)
    by_number: dict[int, list[Happening]] = {}
    for one in within:
        by_number.setdefault(calendar.number(one.ms), []).append(one)
    found: Points = []
    so_far: list[Happening] = []
    for number, (start, end) in enumerate(zip(calendar.starts, calendar.ends, strict=True)):
        if days is not None:
            last = local(min(end, until_ms) - 1, zone).date()
            early = midnight(last - timedelta(days=days - 1), zone)
            late = min(midnight(last + timedelta(days=1), zone), until_ms)
            own = [one for one in events if early <= one.ms < late]
        else:
            own = by_number.get(number, [])
            assert all(start <= one.ms < end for one in own)
            so_far += own
            own = so_far if question.cumulative else own
        found.append(shown(question, measured(question, own)))
    return found, shown(question, measured(question, within))


def shown(question: Trends, number: float | None) -> float | None:
    series = question.series[0]
    if number is None and series.measure == "sum" and series.per_actor is None:
        return 0
    return number


def smoothed(found: Points, size: int) -> Points:
    if size == 1:
        return found
    trailing = [
        [point for point in found[max(0, end - size + 1) : end + 1] if point is not None]
        for end in range(len(found))
    ]
    return [sum(known) / len(known) if known else None for known in trailing]


def random_trends(chance: random.Random) -> Trends:
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(hours=chance.randint(0, 72))
    until = since + timedelta(hours=chance.randint(1, 400))
    interval = chance.choice(["hour", "day", "day", "day", "week", "month"])
    measures = [*CALCULATED, "distinct", "total", "unique", "unique"]
    if interval != "hour":
        measures += ["weekly_active", "monthly_active", "weekly_active"]
    measure = chance.choice(measures)
    per_actor = None
    if measure in ("total", "sum") and chance.random() < 0.5:
        per_actor = chance.choice(["avg", "min", "max", "median", "p90"])
    adds_up = per_actor is None and measure in ("total", "unique", "sum", "distinct")
    return msgspec.convert(
        {
            "query": "NOT source:shop",
            "series": [
                {
                    "event": chance.choice([None, *NAMES]),
                    "measure": measure,
                    "property": "properties.amount" if measure in PROPERTY else None,
                    "per_actor": per_actor,
                    "first_time": chance.random() < 0.2,
                }
            ],
            "interval": interval,
            "zone": chance.choice(ZONES),
            "actor": chance.choice(["person", "person", "device"]),
            "by": chance.choice(BREAKDOWNS),
            "values_max": chance.choice([1, 2, 3, 25]),
            "compare": chance.choice([None, "week", "previous"]),
            "cumulative": adds_up and chance.random() < 0.3,
            "smoothing": chance.choice([1, 1, 2, 5]),
            "since": since.isoformat(),
            "until": until.isoformat(),
        },
        Trends,
    )


PROPERTY = {*CALCULATED, "distinct"}
BREAKDOWNS: list[list[str]] = [
    *([], [], ["properties.visit"], ["properties.amount"], ["device"]),
    *(["device", "properties.visit"], ["source"], ["event"], ["type"]),
]


def earlier(question: Trends, since: datetime, until: datetime) -> tuple[int, int]:
    zone = ZoneInfo(question.zone)
    if question.compare == "week":
        moved = [moment.astimezone(zone) - timedelta(days=7) for moment in (since, until)]
        return ms_of(moved[0]), ms_of(moved[1])
    return 2 * ms_of(since) - ms_of(until), ms_of(since)


@pytest.mark.parametrize("seed", range(QUESTIONS))
def test_random_worlds_have_the_trends_of_plain_python(
    stored: StoredEvents, worlds: list[Happening], seed: int
) -> None:
    question = random_trends(random.Random(seed))
    since, until = (datetime.fromisoformat(text) for text in (question.since, question.until))
    since_ms, until_ms = ms_of(since), ms_of(until)
    events = chosen(question, worlds)
    lines = lines_of(question, events, since_ms, until_ms)

    answer = trends(stored.runner, question, now=NOW)

    starts = Calendar(question.interval, since_ms, until_ms, ZoneInfo(question.zone)).starts
    assert [ms_of(bucket.at) for bucket in answer.buckets] == starts
    if question.by:
        assert [line.values for line in answer.lines] == [values for values, _ in lines]
    for line, (_, own) in zip(answer.lines, lines, strict=True):
        found, total = plain_points(question, own, since_ms, until_ms)
        assert line.points == near(smoothed(found, question.smoothing))
        assert line.total == pytest.approx(total)
        is_aligned = starts[0] == since_ms
        if question.compare and not (is_aligned and question.compare == "previous"):
            assert not isinstance(line.compared, msgspec.UnsetType)
            found, total = plain_points(question, own, *earlier(question, since, until))
            found = [*found, *[None] * len(starts)][: len(starts)]
            assert line.compared.points == near(smoothed(found, question.smoothing))
            assert line.compared.total == pytest.approx(total)


def near(found: Points) -> list[object]:
    return [point if point is None else pytest.approx(point) for point in found]


def lines_of(
    question: Trends, events: list[Happening], since_ms: int, until_ms: int
) -> list[tuple[list[str], list[Happening]]]:
    """Return the values of each line, with the events of all time that have them."""
    if not question.by:
        return [([], events)]
    by_values: dict[tuple[str, ...], list[Happening]] = {}
    for one in events:
        by_values.setdefault(tuple(value_of(one, name) for name in question.by), []).append(one)
    within = {
        values: [one for one in own if since_ms <= one.ms < until_ms and is_counted(question, one)]
        for values, own in by_values.items()
    }
    ranked = sorted(
        (rank(measured(question, own)), written(values), values)
        for values, own in within.items()
        if own
    )
    top = [values for *_, values in ranked[: question.values_max]]
    lines = [([value or "(none)" for value in values], by_values[values]) for values in top]
    rest = [one for values, own in by_values.items() if values not in top for one in own]
    if any(is_seen(question, one, since_ms, until_ms) for one in rest):
        lines.append((["Other"], rest))
    return lines


def is_counted(question: Trends, happening: Happening) -> bool:
    """Tell whether an event makes a row: one of nobody does only where nobody is counted."""
    series = question.series[0]
    is_of_actors = series.per_actor or series.measure in ("unique", "weekly_active")
    is_of_actors = is_of_actors or series.measure == "monthly_active" or series.first_time
    return not is_of_actors or actor_of(question, happening) != ""


def is_seen(question: Trends, happening: Happening, since_ms: int, until_ms: int) -> bool:
    """Tell whether an event is in the time that the statement looks at, days before it too."""
    days = {"weekly_active": 7, "monthly_active": 30}.get(question.series[0].measure)
    if days is not None:
        zone = ZoneInfo(question.zone)
        calendar = Calendar(question.interval, since_ms, until_ms, zone)
        last = local(min(calendar.ends[0], until_ms) - 1, zone).date()
        since_ms = midnight(last - timedelta(days=days - 1), zone)
    is_there = since_ms <= happening.ms < until_ms and is_counted(question, happening)
    if question.cumulative and question.series[0].measure == "distinct":
        return is_there and amount_of(happening) != ""
    return is_there


def rank(number: float | None) -> tuple[bool, float]:
    return (number is None, -(number or 0))


def written(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return values[0]
    return "[" + ",".join(f'"{value}"' for value in values) + "]"


@pytest.mark.parametrize("seed", range(6))
def test_the_people_of_random_points_are_as_many_as_they_count(
    stored: StoredEvents, worlds: list[Happening], seed: int
) -> None:
    measure = ["unique", "weekly_active", "monthly_active"][seed % 3]
    question = msgspec.convert(
        {
            "query": "NOT source:shop",
            "series": [{"event": "A", "measure": measure}],
            "interval": "week" if seed > 2 else "day",
            "since": "2026-03-26",
            "until": "2026-04-12T15:00:00Z",
            "zone": ZONES[seed % len(ZONES)],
        },
        Trends,
    )
    (line,) = trends(stored.runner, question, now=NOW).lines
    buckets = trends(stored.runner, question, now=NOW).buckets
    most = max(range(len(buckets)), key=lambda number: line.points[number] or 0)
    asked = {**msgspec.to_builtins(question), "at": buckets[most].at, "limit": 1_000}

    answer = trend_people(stored.runner, msgspec.convert(asked, TrendPeople), now=NOW)

    assert answer.total == line.points[most] == len(answer.people)
    assert {who.person for who in answer.people} <= {one.person for one in worlds}


@pytest.mark.parametrize("seed", range(12))
def test_random_worlds_are_as_sticky_as_in_plain_python(
    stored: StoredEvents, worlds: list[Happening], seed: int
) -> None:
    chance = random.Random(seed)
    since = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(hours=chance.randint(0, 72))
    until = since + timedelta(hours=chance.randint(1, 600))
    question = Stickiness(
        query="NOT source:shop",
        events=Events(event=chance.choice([None, *NAMES])),
        interval=chance.choice(["hour", "day", "week"]),
        counted=chance.choice(["exactly", "at_least"]),
        zone=chance.choice(ZONES),
        actor=chance.choice(["person", "device"]),
        since=since.isoformat(),
        until=until.isoformat(),
    )
    calendar = Calendar(question.interval, ms_of(since), ms_of(until), ZoneInfo(question.zone))
    active: dict[str, set[int]] = {}
    for one in worlds:
        if question.events.event in (None, one.name) and ms_of(since) <= one.ms < ms_of(until):
            active.setdefault(actor_of(question, one), set()).add(calendar.number(one.ms))
    active.pop("", None)
    sizes = list(map(len, active.values()))

    answer = stickiness(stored.runner, question, now=NOW)

    assert answer.people == len(active)
    for bar in answer.bars:
        is_behind = bar.intervals.__eq__ if question.counted == "exactly" else bar.intervals.__le__
        assert bar.people == sum(map(is_behind, sizes))


@pytest.mark.parametrize("seed", range(12))
def test_random_worlds_live_as_in_plain_python(
    stored: StoredEvents, worlds: list[Happening], seed: int
) -> None:
    chance = random.Random(seed)
    since = datetime(2026, 3, 26, tzinfo=UTC) + timedelta(hours=chance.randint(0, 200))
    until = since + timedelta(hours=chance.randint(1, 400))
    question = Lifecycle(
        query="NOT source:shop",
        events=Events(event=chance.choice([None, *NAMES])),
        interval=chance.choice(["hour", "day", "day", "week", "month"]),
        zone=chance.choice(ZONES),
        actor=chance.choice(["person", "device"]),
        since=since.isoformat(),
        until=until.isoformat(),
    )
    zone = ZoneInfo(question.zone)
    calendar = Calendar(
        question.interval, ms_of(datetime(2025, 12, 1, tzinfo=UTC)), ms_of(until), zone
    )
    first = calendar.number(ms_of(since))
    active: dict[str, set[int]] = {}
    for one in worlds:
        if question.events.event in (None, one.name) and one.ms < ms_of(until):
            active.setdefault(actor_of(question, one), set()).add(calendar.number(one.ms))
    active.pop("", None)

    answer = lifecycle(stored.runner, question, now=NOW)

    assert [ms_of(bucket.at) for bucket in answer.buckets] == calendar.starts[first:]
    for number, bucket in enumerate(answer.buckets, start=first):
        counts: dict[str, int] = dict.fromkeys(STATES, 0)
        for numbers in active.values():
            if number in numbers:
                is_new = number == min(numbers)
                known = "returning" if number - 1 in numbers else "resurrecting"
                counts["new" if is_new else known] += 1
            elif number - 1 in numbers:
                counts["dormant"] += 1
        assert msgspec.to_builtins(bucket).items() >= counts.items()
