"""Funnels of the engine are those of plain Python, for a thousand people with few random events."""

import random
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest
from tests.plain_funnels import Fulfils, Happened, Way, ways_of
from tests.stored_events import StoredEvents, stored_events

from tailrace.query.insights.asking import Events, scope_of, zone_of
from tailrace.query.insights.funnels import answer, people
from tailrace.query.insights.funnelshapes import (
    Exclusion,
    Funnel,
    FunnelPeople,
    StepEvents,
)
from tailrace.query.insights.funnelsql import choices_of, rows_of
from tailrace.query.insights.periods import periods_of
from tailrace.query.people import actor_sql
from tailrace.query.times import from_ms, to_ms

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE_MS = 60_000
FIRST_MS = to_ms(datetime(2026, 3, 1, tzinfo=UTC))
SINCE, UNTIL = "2026-03-01T00:10:00Z", "2026-03-01T01:00:00Z"
SINCE_MS, UNTIL_MS = FIRST_MS + 10 * MINUTE_MS, FIRST_MS + 60 * MINUTE_MS
WORLDS = 250
PEOPLE_PER_WORLD = 4
FUNNELS = 32
NAMES = ["A", "B", "C", "X"]


class Worlds:
    """People by name, each with their events, and the store that has them too."""

    def __init__(self, stored: StoredEvents, rng: random.Random) -> None:
        self.stored = stored
        self.people: dict[str, list[Happened]] = {}
        rows: list[dict[str, object]] = []
        place = 0
        for world in range(WORLDS):
            for person in range(PEOPLE_PER_WORLD):
                name = f"u{world}-{person}"
                self.people[name] = []
                for _ in range(rng.randint(1, 9)):
                    at_ms = FIRST_MS + rng.choice(range(0, 100, 4)) * MINUTE_MS
                    if rng.random() < 0.4 and self.people[name]:
                        at_ms = self.people[name][-1].at_ms
                    properties = {
                        key: rng.choice(["x", "y"]) for key in ("p", "cart") if rng.random() < 0.7
                    }
                    event = Happened(at_ms, rng.choice(NAMES), place, properties)
                    self.people[name].append(event)
                    # Of some, all but one event came while they were not known yet.
                    is_known = world % 2 == 0 or len(self.people[name]) == 1
                    rows.append(
                        {
                            "event": event.name,
                            "user_id": name if is_known else "",
                            "anonymous_id": f"a-{name}" if world % 2 else "",
                            "source": f"w{world}",
                            "at": from_ms(at_ms),
                            "properties": properties,
                        }
                    )
                    place += 1
        stored.add(rows)
        sql = f"SELECT {actor_sql('person')} AS who, max(user_id) FROM events_data GROUP BY who"
        with stored.runner.turn() as client:
            found = stored.runner.rows(client, sql, {})
        self.names = {int(who): str(name) for who, name in found}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    with stored_events(tmp_path_factory.mktemp("funnels"), now=NOW) as stored:
        yield Worlds(stored, random.Random(20260311))


def some_events(rng: random.Random, *, are_apart: bool) -> Events:
    if are_apart or rng.random() < 0.5:
        return Events(event=rng.choice(NAMES[:3]))
    return rng.choice(
        [
            Events(event=rng.choice(NAMES), query="properties.p:x"),
            Events(query="properties.p:x"),
            Events(query="event:(A OR B)"),
            Events(),
        ]
    )


def a_funnel(rng: random.Random) -> Funnel:
    orders: list[Literal["ordered", "strict", "any"]] = ["ordered", "ordered", "strict", "any"]
    order = rng.choice(orders)
    count = rng.randint(2, 4)
    are_apart = rng.random() < 0.4
    if are_apart:
        count = min(count, 3)
        steps = [StepEvents(event=name) for name in rng.sample(NAMES, count)]
    else:
        steps = []
        for _ in range(count):
            chosen = some_events(rng, are_apart=False)
            others = [some_events(rng, are_apart=False)] if rng.random() < 0.2 else []
            steps.append(StepEvents(event=chosen.event, query=chosen.query, alternatives=others))
    exclusions: list[Exclusion] = []
    while order == "ordered" and rng.random() < 0.4 and len(exclusions) < 3:
        chosen = Events(event="X") if rng.random() < 0.6 else some_events(rng, are_apart=False)
        first = rng.randint(1, count - 1)
        last = rng.choice([None, rng.randint(first + 1, count)])
        exclusions.append(
            Exclusion(event=chosen.event, query=chosen.query, after_step=first, before_step=last)
        )
    by_step = rng.randint(1, count)
    return Funnel(
        since=SINCE,
        until=UNTIL,
        steps=steps,
        order=order,
        window=rng.choice([1, 4, 8, 20, 40, 1000]),
        window_unit="minute",
        exclusions=exclusions,
        excluded_from=rng.choice(["funnel", "attempt"]),
        constant="properties.cart" if rng.random() < 0.25 else None,
        first_time=order != "any" and rng.random() < 0.2,
        by="properties.p" if rng.random() < 0.5 else None,
        attribution=rng.choice(["first_touch", "last_touch", "all_steps", "step"]),
        by_step=by_step,
        times=rng.random() < 0.3,
        trend=rng.choice([None, None, "minute", "hour"]),
    )


def fulfils(choices: Sequence[Events]) -> Fulfils:
    def one(event: Happened, chosen: Events) -> bool:
        if chosen.event is not None and event.name != chosen.event:
            return False
        match chosen.query:
            case "":
                return True
            case "properties.p:x":
                return event.properties.get("p") == "x"
            case "event:(A OR B)":
                return event.name in ("A", "B")
        raise ValueError(chosen.query)

    return lambda event: any(one(event, chosen) for chosen in choices)


def plain_ways(funnel: Funnel, events: Sequence[Happened]) -> list[Way]:
    return ways_of(
        funnel,
        events,
        steps=[fulfils(choices_of(step)) for step in funnel.steps],
        exclusions=[fulfils([exclusion]) for exclusion in funnel.exclusions],
        since_ms=SINCE_MS,
        until_ms=UNTIL_MS,
    )


def found_ways(worlds: Worlds, funnel: Funnel, *, is_plain: bool) -> dict[str, list[Way]]:
    scope = scope_of(funnel, now=NOW)
    sql = (
        "SELECT who, level, start_ms, at_ms, value, is_excluded FROM "
        f"({rows_of(scope, funnel, is_plain=is_plain).sql})"
    )
    runner = worlds.stored.runner
    found = defaultdict(list)
    with runner.turn() as client:
        rows = runner.rows(client, sql, scope.binder.parameters)
    for who, level, start_ms, at_ms, value, is_excluded in rows:
        way = Way(level, start_ms, tuple(at_ms), value, is_excluded=bool(is_excluded))
        found[worlds.names[who]].append(way)
    return found


@pytest.mark.parametrize("number", range(FUNNELS))
def test_everybody_gets_as_far_as_by_trying_every_way(worlds: Worlds, number: int) -> None:
    funnel = a_funnel(random.Random(number))

    found = found_ways(worlds, funnel, is_plain=False)

    for name, events in worlds.people.items():
        wanted = plain_ways(funnel, events)
        mine = found.get(name, [])
        if wanted and wanted[0].is_excluded:
            mine = [without_times(way) for way in mine]
            wanted = [without_times(way) for way in wanted]
        assert sorted(mine, key=repr) == sorted(wanted, key=repr), (name, events, funnel)


def without_times(way: Way) -> Way:
    return Way(way.level, is_excluded=way.is_excluded)


@pytest.mark.parametrize("number", range(18))
def test_an_answer_adds_up_what_everybody_did(worlds: Worlds, number: int) -> None:
    funnel = a_funnel(random.Random(1_000 + number))
    everybody = {name: plain_ways(funnel, events) for name, events in worlds.people.items()}

    result = answer(worlds.stored.runner, funnel, now=NOW)

    ways = [min(found, key=deepest) for found in everybody.values() if found]
    assert [step.people for step in result.steps] == reached(funnel, ways)
    assert result.excluded == sum(way.is_excluded for way in ways)
    if funnel.by is not None:
        assert isinstance(result.values, list)
        by_value = defaultdict(list)
        for way in (way for found in everybody.values() for way in found):
            if way.value is not None and way.level:
                by_value[way.value or "(none)"].append(way)
        assert {value.value: [step.people for step in value.steps] for value in result.values} == {
            value: reached(funnel, found) for value, found in by_value.items()
        }
    if funnel.trend is not None:
        assert isinstance(result.trend, list)
        assert [period.people for period in result.trend] == trend_of(funnel, everybody)
    if funnel.times:
        assert isinstance(result.times, list)
        for time in result.times:
            took = times_of(funnel, ways, time.from_step, time.to_step)
            assert time.people == sum(part.people for part in time.bins) == len(took)
            if took:
                assert time.median_s == pytest.approx(statistics.median(took), abs=0.001)
                assert time.mean_s == pytest.approx(statistics.fmean(took), abs=0.001)
                assert (time.bins[0].from_s, time.bins[-1].until_s) == (min(took), max(took))


@pytest.mark.parametrize("number", range(12))
def test_the_people_behind_a_bar_are_those_who_were_counted(worlds: Worlds, number: int) -> None:
    rng = random.Random(2_000 + number)
    funnel = a_funnel(rng)
    asked = FunnelPeople(
        **msgspec.structs.asdict(funnel),
        reached=rng.randint(1, len(funnel.steps)),
        dropped=rng.random() < 0.5,
        value=rng.choice([None, "x", "(none)"]) if funnel.by else None,
        limit=1_000,
    )
    everybody = {name: plain_ways(funnel, events) for name, events in worlds.people.items()}

    result = people(worlds.stored.runner, asked, now=NOW)

    wanted = set()
    for name, found in everybody.items():
        shown = {None: None, "(none)": ""}.get(asked.value, asked.value)
        levels = [way.level for way in found if asked.value is None or way.value == shown]
        level = max(levels, default=0)
        if level == asked.reached or (level > asked.reached and not asked.dropped):
            wanted.add(name)
    assert {who.person for who in result.people} == wanted
    assert result.total == len(wanted)


@pytest.mark.parametrize("number", range(12))
def test_the_engines_own_function_says_the_same(worlds: Worlds, number: int) -> None:
    rng = random.Random(3_000 + number)
    names = rng.sample(NAMES, rng.randint(2, 4))
    funnel = Funnel(
        since=SINCE,
        until=UNTIL,
        steps=[StepEvents(event=name) for name in names],
        window=rng.choice([1, 4, 8, 20, 40]),
        window_unit="minute",
    )

    by_function = found_ways(worlds, funnel, is_plain=True)

    by_arrays = found_ways(worlds, funnel, is_plain=False)
    assert "windowFunnel" in rows_of(scope_of(funnel, now=NOW), funnel, is_plain=True).sql
    assert {name: [way.level for way in ways] for name, ways in by_function.items()} == {
        name: [way.level for way in ways] for name, ways in by_arrays.items()
    }


def deepest(way: Way) -> tuple[int, int, int, list[int]]:
    return (-way.level, max(way.at_ms), -way.start_ms, [-at for at in way.at_ms])


def reached(funnel: Funnel, ways: Sequence[Way]) -> list[int]:
    return [sum(way.level > n for way in ways) for n in range(len(funnel.steps))]


def trend_of(funnel: Funnel, everybody: dict[str, list[Way]]) -> list[list[int]]:
    assert funnel.trend is not None
    starts = periods_of(
        funnel.trend, since_ms=SINCE_MS, until_ms=UNTIL_MS, zone=zone_of(funnel.zone)
    ).starts_ms
    counts = []
    for start_ms, end_ms in zip(starts, [*starts[1:], UNTIL_MS], strict=True):
        # Somebody with several values is counted at their best in each interval.
        within = [
            min((way for way in found if start_ms <= way.start_ms < end_ms), key=deepest)
            for found in everybody.values()
            if any(start_ms <= way.start_ms < end_ms for way in found)
        ]
        counts.append(reached(funnel, within))
    return counts


def times_of(funnel: Funnel, ways: Sequence[Way], first: int, last: int) -> list[float]:
    if funnel.order == "any":
        whole = [way for way in ways if way.level == len(funnel.steps)]
        return [(max(way.at_ms) - way.start_ms) / 1000 for way in whole]
    done = [way for way in ways if way.level >= last]
    return [(way.at_ms[last - 1] - way.at_ms[first - 1]) / 1000 for way in done]
