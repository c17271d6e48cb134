"""Paths of the engine are those of plain Python, for a thousand people with few random events."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest
from tests.stored_events import StoredEvents, stored_events

from tailrace.query.insights.asking import Events
from tailrace.query.insights.paths import answer, people
from tailrace.query.insights.pathshapes import Paths, PathsPeople, Rule
from tailrace.query.times import from_ms, to_ms

NOW = datetime(2026, 3, 2, tzinfo=UTC)
FIRST_MS = to_ms(datetime(2026, 3, 1, tzinfo=UTC))
SINCE, UNTIL = "2026-03-01T00:10:00Z", "2026-03-01T05:00:00Z"
SINCE_MS, UNTIL_MS = FIRST_MS + 10 * 60_000, FIRST_MS + 300 * 60_000
WORLDS = 250
PEOPLE_PER_WORLD = 4
PATHS = 30
NAMES = ["A", "B", "C"]
PAGES = ["/a", "/b/1", "/b/2", "/c"]
GAPS_MS = [0, 0, 60_000, 240_000, 1_800_000, 1_800_001, 3_000_000]


@dataclass(frozen=True)
class Happened:
    at_ms: int
    name: str
    page: str


@dataclass(frozen=True)
class Passed:
    """Somebody's item at a step, and the next one, '' where there is none in the path."""

    person: str
    step: int
    item: str
    next: str
    is_end: bool
    wait_ms: int


class Worlds:
    """Events in order by world and person, and the store that has them too."""

    def __init__(self, stored: StoredEvents, rng: random.Random) -> None:
        self.stored = stored
        self.people: dict[tuple[str, str], list[Happened]] = {}
        rows: list[dict[str, object]] = []
        for world in range(WORLDS):
            for number in range(PEOPLE_PER_WORLD):
                person = f"u{world}-{number}"
                at_ms = FIRST_MS + rng.randint(0, 40) * 60_000
                events = self.people[f"w{world}", person] = []
                for _ in range(rng.randint(1, 12)):
                    at_ms += rng.choice(GAPS_MS)
                    is_page = rng.random() < 0.5
                    name, page = ("", rng.choice(PAGES)) if is_page else (rng.choice(NAMES), "")
                    events.append(Happened(at_ms, name, page))
                    rows.append(
                        {
                            "type": "page" if is_page else "track",
                            "event": name,
                            "context": {"page": {"path": page}} if is_page else {},
                            "user_id": person,
                            "source": f"w{world}",
                            "at": from_ms(at_ms),
                        }
                    )
        stored.add(rows)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    with stored_events(tmp_path_factory.mktemp("paths"), now=NOW) as stored:
        yield Worlds(stored, random.Random(20260312))


def some_paths(rng: random.Random) -> Paths:
    items: list[Literal["events", "pages", "both"]] = ["events", "pages", "both", "both"]
    weights: list[Literal["transitions", "people"]] = ["transitions", "people"]
    asked = rng.choice(items)
    names = {"events": NAMES, "pages": PAGES, "both": NAMES + PAGES}[asked]
    rules = [
        Rule(wildcard="/b/*"),
        Rule(wildcard="B", name="/a"),
        Rule(regex="^/(.)/[0-9]$", name=r"/\1"),
        Rule(regex="C", name=""),
    ]
    return Paths(
        since=SINCE,
        until=UNTIL,
        query=rng.choice(["", "", f"source:w{rng.randrange(WORLDS)}"]),
        items=asked,
        only=rng.choice(
            [Events(), Events(), Events(query='NOT event:A AND NOT context.page.path:"/a"')]
        ),
        rules=rng.sample(rules, rng.choice([0, 0, 1, 2])),
        leave_out=rng.choice([[], [], ["/c", "A*"]]),
        gap_minutes=rng.choice([3, 30, 30, 60]),
        steps=rng.randint(2, 5),
        start=rng.choice([None, None, rng.choice(names)]),
        end=rng.choice([None, None, rng.choice(names)]),
        weight=rng.choice(weights),
        weight_min=rng.choice([1, 1, 3]),
        weight_max=rng.choice([None, None, 200]),
        edges_max=rng.choice([5, 50, 500]),
    )


def plain_passes(worlds: Worlds, asked: Paths) -> list[Passed]:
    passes = []
    for (world, person), events in worlds.people.items():
        if asked.query not in ("", f"source:{world}"):
            continue
        for session in sessions_of(events, asked):
            path, is_whole, shift = path_of(session, asked)
            for place, (at_ms, item) in enumerate(path):
                is_last = place == len(path) - 1
                following = (0, "") if is_last else path[place + 1]
                passes.append(
                    Passed(
                        person,
                        place + 1 + shift,
                        item,
                        following[1],
                        is_end=is_last and is_whole,
                        wait_ms=0 if is_last else following[0] - at_ms,
                    )
                )
    return passes


def sessions_of(events: list[Happened], asked: Paths) -> list[list[tuple[int, str]]]:
    sessions: list[list[tuple[int, str]]] = []
    last_ms = None
    for event in events:
        if not SINCE_MS <= event.at_ms < UNTIL_MS:
            continue
        if last_ms is None or event.at_ms - last_ms > asked.gap_minutes * 60_000:
            sessions.append([])
        last_ms = event.at_ms
        item = item_of(event, asked)
        if item and (not sessions[-1] or sessions[-1][-1][1] != item):
            sessions[-1].append((event.at_ms, item))
    return [session for session in sessions if session]


def item_of(event: Happened, asked: Paths) -> str:
    if asked.only.query and (event.name == "A" or event.page == "/a"):
        return ""
    item = {"events": event.name, "pages": event.page, "both": event.name or event.page}[
        asked.items
    ]
    for rule in asked.rules:
        if rule.regex is not None:
            item = re.sub(rule.regex, rule.name or "", item)
        elif rule.wildcard is not None and re.fullmatch(rule.wildcard.replace("*", ".*"), item):
            item = rule.wildcard if rule.name is None else rule.name
    left_out = any(re.fullmatch(name.replace("*", ".*"), item) for name in asked.leave_out)
    return "" if left_out else item


def path_of(
    session: list[tuple[int, str]], asked: Paths
) -> tuple[list[tuple[int, str]], bool, int]:
    items = [item for _, item in session]
    nothing: tuple[list[tuple[int, str]], bool, int] = ([], False, 0)
    first, shift = 0, 0
    if asked.start is not None:
        if asked.start not in items:
            return nothing
        first = items.index(asked.start)
    last = min(first + asked.steps, len(items)) - 1
    if asked.end is not None:
        if asked.end not in items[first:]:
            return nothing
        last = items.index(asked.end, first)
        if asked.start is None:
            first = max(0, last - asked.steps + 1)
            shift = asked.steps - (last - first + 1)
        elif last - first >= asked.steps:
            return nothing
    return session[first : last + 1], last == len(items) - 1, shift


@pytest.mark.parametrize("number", range(PATHS))
def test_paths_are_those_of_plain_python(worlds: Worlds, number: int) -> None:
    asked = some_paths(random.Random(number))
    passes = plain_passes(worlds, asked)

    result = answer(worlds.stored.runner, asked, now=NOW)

    edges = defaultdict(list)
    nodes = defaultdict(list)
    for passed in passes:
        nodes[passed.step, passed.item].append(passed)
        if passed.next:
            edges[passed.step, passed.item, passed.next].append(passed)
    heavy = [
        (-weight, *edge)
        for edge, found in edges.items()
        if (weight := weigh(asked, found)) >= asked.weight_min
        and weight <= (asked.weight_max or weight)
    ]
    assert result.edges_left_out == len(edges) - len(result.edges)
    assert [(-e.weight, e.step, e.item, e.next) for e in result.edges] == sorted(heavy)[
        : asked.edges_max
    ]
    for edge in result.edges:
        waits = [passed.wait_ms for passed in edges[edge.step, edge.item, edge.next]]
        assert edge.mean_s == pytest.approx(sum(waits) / len(waits) / 1000, abs=0.001)
    joined = {(edge.step, edge.item) for edge in result.edges}
    joined |= {(edge.step + 1, edge.next) for edge in result.edges}
    assert {(n.step, n.item): (n.weight, n.ended) for n in result.nodes} == {
        node: (
            weigh(asked, nodes[node]),
            weigh(asked, [passed for passed in nodes[node] if passed.is_end]),
        )
        for node in joined
    }
    assert result.people == len({passed.person for passed in passes})


@pytest.mark.parametrize("number", range(8))
def test_the_people_behind_an_edge_are_those_who_took_it(worlds: Worlds, number: int) -> None:
    asked = msgspec.structs.replace(
        some_paths(random.Random(500 + number)), query="", start=None, end=None
    )
    passes = plain_passes(worlds, asked)
    one = random.Random(number).choice(passes)
    following = random.Random(number).choice([None, one.next, ""])

    result = people(
        worlds.stored.runner,
        PathsPeople(
            **msgspec.structs.asdict(asked),
            step=one.step,
            item=one.item,
            next=following,
            limit=1_000,
        ),
        now=NOW,
    )

    wanted = {
        passed.person
        for passed in passes
        if (passed.step, passed.item) == (one.step, one.item)
        and (following is None or (passed.is_end if following == "" else passed.next == following))
    }
    assert {who.person for who in result.people} == wanted
    assert result.total == len(wanted)


def weigh(asked: Paths, passes: list[Passed]) -> int:
    if asked.weight == "people":
        return len({passed.person for passed in passes})
    return len(passes)
