"""Funnels in plain Python, by trying every way in which somebody may have done the steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from tailrace.query.insights.funnelshapes import Funnel

NO_STEP = 99


@dataclass(frozen=True)
class Happened:
    """An event of one actor; `place` is where it was received."""

    at_ms: int
    name: str
    place: int
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """How far somebody got: times by step (0: not done), and the value of the breakdown."""

    level: int
    start_ms: int = 0
    at_ms: tuple[int, ...] = ()
    value: str | None = None
    is_excluded: bool = False


Fulfils = Callable[[Happened], bool]


def ways_of(
    funnel: Funnel,
    events: Sequence[Happened],
    *,
    steps: Sequence[Fulfils],
    exclusions: Sequence[Fulfils],
    since_ms: int,
    until_ms: int,
) -> list[Way]:
    """Return the best attempt of an actor, or for `all_steps` that with each value."""
    parts: dict[tuple[str, str], list[Happened]] = {}
    by_value = funnel.by is not None and funnel.attribution == "all_steps"
    for event in events:
        constant = value_of(event, funnel.constant)
        if funnel.constant is not None and not constant:
            continue
        value = value_of(event, funnel.by) if by_value else ""
        parts.setdefault((value, constant), []).append(event)
    found: dict[str, list[tuple[Way, str]]] = {}
    for (value, constant), part in parts.items():
        way = _way_of(
            funnel,
            part,
            steps=steps,
            exclusions=exclusions,
            since_ms=since_ms,
            until_ms=until_ms,
        )
        if way is not None:
            if by_value:
                way = Way(way.level, way.start_ms, way.at_ms, value, way.is_excluded)
            found.setdefault(value, []).append((way, constant))
    return [
        min(ways, key=lambda w: (-w[0].level, max(w[0].at_ms), -w[0].start_ms, _reversed(w[1])))[0]
        for ways in found.values()
    ]


def value_of(event: Happened, name: str | None) -> str:
    """Return a property of an event, or ''."""
    return "" if name is None else event.properties.get(name.removeprefix("properties."), "")


def _reversed(text: str) -> list[int]:
    return [-byte for byte in text.encode()] + [1]


def _way_of(
    funnel: Funnel,
    events: Sequence[Happened],
    *,
    steps: Sequence[Fulfils],
    exclusions: Sequence[Fulfils],
    since_ms: int,
    until_ms: int,
) -> Way | None:
    window, count = funnel.window_ms, len(steps)
    is_any = funnel.order == "any"

    def fulfilled(event: Happened) -> list[int]:
        return [
            number
            for number, step in enumerate(steps, 1)
            if step(event) and (number > 1 or is_any or event.at_ms < until_ms)
        ]

    def rank(event: Happened) -> tuple[int, int, int, int]:
        done = fulfilled(event)
        # One that fulfils an earlier step comes first; then one of fewer, earlier steps.
        mask = 0 if is_any else sum(1 << number for number in done)
        marks = sum(1 << number for number, test in enumerate(exclusions) if test(event))
        return (event.at_ms, min(done, default=NO_STEP), mask, marks)

    history = [event for event in events if event.at_ms < until_ms + window]
    row = [event for event in history if event.at_ms >= since_ms]
    if funnel.order != "strict":
        chosen = [*steps, *exclusions]
        row = [event for event in row if any(test(event) for test in chosen)]
    row.sort(key=lambda event: (*rank(event), event.place))
    first_ever = min((e.at_ms for e in history if steps[0](e)), default=None)
    if is_any:
        found = _any_order(funnel, row, steps, until_ms)
        if found is None:
            return None
        taken, start_ms = found
        at = [0 if place is None else row[place].at_ms for place in taken]
        level = sum(place is not None for place in taken)
        return Way(level, start_ms, tuple(at), _value(funnel, row, taken, fulfilled))
    begins = [place for place, event in enumerate(row) if 1 in fulfilled(event)]
    if funnel.first_time:
        begins = begins[:1] if first_ever is not None and first_ever >= since_ms else []
    chains = list(_chains(funnel, row, fulfilled, begins, exclusions, count))
    if not chains:
        return None
    best = min(chains, key=lambda c: (-len(c), c[-1], -c[0], c[::-1]))
    is_excluded = funnel.excluded_from == "funnel" and _is_excluded(
        funnel, row, chains, exclusions, count
    )
    at = [row[place].at_ms for place in best] + [0] * (count - len(best))
    value = _value(funnel, row, best, fulfilled)
    level = 0 if is_excluded else len(best)
    return Way(level, at[0], tuple(at), value, is_excluded=is_excluded)


def _value(
    funnel: Funnel,
    row: Sequence[Happened],
    taken: Sequence[int | None],
    fulfilled: Callable[[Happened], list[int]],
) -> str | None:
    if funnel.by is None:
        return None
    if funnel.attribution == "step":
        place = taken[funnel.by_step - 1] if funnel.by_step <= len(taken) else None
        return None if place is None else value_of(row[place], funnel.by)
    values = [value_of(event, funnel.by) for event in row if fulfilled(event)]
    known = [value for value in values if value]
    if not known:
        return ""
    return known[0] if funnel.attribution == "first_touch" else known[-1]


def _chains(
    funnel: Funnel,
    row: Sequence[Happened],
    fulfilled: Callable[[Happened], list[int]],
    begins: Sequence[int],
    exclusions: Sequence[Fulfils],
    count: int,
) -> Iterator[tuple[int, ...]]:
    """Return every way to do the first steps, one event each, as places in the row."""
    for length in range(1, count + 1):
        for chain in combinations(range(len(row)), length):
            if chain[0] not in begins:
                continue
            if any(n not in fulfilled(row[place]) for n, place in enumerate(chain, 1)):
                continue
            if row[chain[-1]].at_ms > row[chain[0]].at_ms + funnel.window_ms:
                continue
            if funnel.order == "strict" and chain[-1] - chain[0] != length - 1:
                continue
            if funnel.excluded_from == "attempt" and any(
                _is_broken(chain, row, test, exclusion.after_step, exclusion.before_step or count)
                for test, exclusion in zip(exclusions, funnel.exclusions, strict=True)
            ):
                continue
            yield chain


def _is_broken(
    chain: Sequence[int], row: Sequence[Happened], test: Fulfils, first: int, last: int
) -> bool:
    if len(chain) <= first:
        return False
    begin, end = chain[first - 1], chain[min(last, len(chain)) - 1]
    # An event that is excluded fulfils nothing that it comes in between of.
    return any(test(row[place]) for place in range(begin + 1, end + 1))


def _is_excluded(
    funnel: Funnel,
    row: Sequence[Happened],
    chains: Sequence[Sequence[int]],
    exclusions: Sequence[Fulfils],
    count: int,
) -> bool:
    for test, exclusion in zip(exclusions, funnel.exclusions, strict=True):
        first, last = exclusion.after_step, exclusion.before_step or count
        for place, event in enumerate(row):
            if not test(event):
                continue
            before = [chain for chain in chains if chain[-1] < place]
            if any(len(chain) == count for chain in before):
                continue
            came = max((chain[0] for chain in before if len(chain) == first), default=-1)
            went_on = max((chain[0] for chain in before if len(chain) == last), default=-1)
            if came > went_on and event.at_ms <= row[came].at_ms + funnel.window_ms:
                return True
    return False


def _any_order(
    funnel: Funnel, row: Sequence[Happened], steps: Sequence[Fulfils], until_ms: int
) -> tuple[list[int | None], int] | None:
    """Return, for the earliest of the fullest windows, the newest event of each step."""
    alike = [repr((s.event, s.type, s.query, s.alternatives)) for s in funnel.steps]
    best: tuple[list[int | None], int] | None = None
    best_level = 0
    for last, event in enumerate(row):
        places = [
            place for place in range(last + 1) if row[place].at_ms >= event.at_ms - funnel.window_ms
        ]
        begun = [place for place in places if row[place].at_ms < until_ms]
        if not begun:
            continue
        left = list(reversed(places))
        taken: list[int | None] = []
        for number, step in enumerate(steps):
            mine = [
                place
                for place in left
                if step(row[place])
                and next(n for n, other in enumerate(steps) if other(row[place]))
                == alike.index(alike[number])
            ]
            taken.append(mine[0] if mine else None)
            if mine:
                left.remove(mine[0])
        level = sum(place is not None for place in taken)
        if level > best_level:
            start_ms = min(
                *(row[place].at_ms for place in taken if place is not None),
                row[begun[-1]].at_ms,
            )
            best, best_level = (taken, start_ms), level
    return best
