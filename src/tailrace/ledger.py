"""The books: what was accepted and what became of it, per source and minute of receipt.

accepted = stored + duplicate + invalid + blocked + suppressed + in flight, where every term but
the last is counted in the same commit as the step it describes, and *in flight* is what the raw log
holds beyond refine's position plus what the events log holds beyond the store's.

Nobody can read all counts and positions of a running system at one instant. But every count only
grows, so two readings bound what it was in between: whatever is looked at between an *earlier* and
a *later* reading must lie between the bounds that they give. `balance` and `differences` are built
on that alone: a busy system never looks unbalanced, and one that stands still is checked exactly.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tailrace.log.contract import Count

ACCEPTED = "accepted"
REFINED = "refined"
DUPLICATE = "duplicate"
INVALID = "invalid"
BLOCKED = "blocked"
SUPPRESSED = "suppressed"
STORED = "stored"

OUTCOMES = (ACCEPTED, REFINED, DUPLICATE, INVALID, BLOCKED, SUPPRESSED, STORED)

REFINE_GROUP = "refine"
STORE_GROUP = "store"

RAW_PLACE = "raw log"
EVENTS_PLACE = "events log"
STORE_PLACE = "store"

Key = tuple[str, int]
"""A source, and a minute of receipt in whole minutes since 1970 UTC."""

Book = Mapping[Key, Mapping[str, int]]
"""One reading of the counts: events by source and minute, then by outcome."""


class Cell(NamedTuple):
    """One source and minute. `in_flight` is what has been accepted and has no outcome yet."""

    source: str
    minute: int
    accepted: int
    refined: int
    stored: int
    duplicate: int
    invalid: int
    blocked: int
    suppressed: int

    @property
    def in_flight(self) -> int:
        """Accepted and not yet accounted for; below zero only when the books are wrong."""
        ended = self.stored + self.duplicate + self.invalid + self.blocked + self.suppressed
        return self.accepted - ended

    @property
    def is_balanced(self) -> bool:
        """Whether no more came out than went in."""
        return self.in_flight >= 0


class Found(NamedTuple):
    """What was counted where the events lie, between the two readings.

    None stands for a place that could not be counted as a whole.
    """

    in_raw: Mapping[Key, int] | None
    in_events: Mapping[Key, int] | None
    in_store: Mapping[Key, int] | None


class Difference(NamedTuple):
    """A place holds fewer or more events than the books allow: outside [min, max]."""

    source: str
    minute: int
    place: str
    expected_min: int
    expected_max: int
    found: int

    @property
    def detail(self) -> str:
        """The sentence for people."""
        short = self.expected_min - self.found
        count, word = (short, "fewer") if short > 0 else (self.found - self.expected_max, "more")
        noun = "event" if count == 1 else "events"
        return f"{count} {noun} {word} in the {self.place} than the ledger says"


def book(counts: Iterable[Count]) -> dict[Key, dict[str, int]]:
    """Return the counts as a book; counts of the same cell and outcome add up."""
    cells: dict[Key, dict[str, int]] = {}
    for count in counts:
        cell = cells.setdefault((count.source, count.minute), {})
        cell[count.outcome] = cell.get(count.outcome, 0) + count.events
    return cells


def balance(earlier: Book, later: Book) -> list[Cell]:
    """Return every cell, newest minute first, then by source.

    What went in is taken from the later reading and what came out from the earlier one, so that
    an event on its way in between counts as in flight and never as missing.
    """
    cells = []
    for key in sorted({*earlier, *later}, key=lambda key: (-key[1], key[0])):
        before, after = earlier.get(key, {}), later.get(key, {})
        cells.append(
            Cell(
                source=key[0],
                minute=key[1],
                accepted=after.get(ACCEPTED, 0),
                refined=after.get(REFINED, 0),
                stored=before.get(STORED, 0),
                duplicate=before.get(DUPLICATE, 0),
                invalid=before.get(INVALID, 0),
                blocked=before.get(BLOCKED, 0),
                suppressed=before.get(SUPPRESSED, 0),
            )
        )
    return cells


def total(cells: Iterable[Cell], *, source: str = "", minute: int = 0) -> Cell:
    """Return the sum of the cells, as a cell."""
    sums = [0] * 7
    for cell in cells:
        sums = [mine + one for mine, one in zip(sums, cell[2:], strict=True)]
    return Cell(source, minute, *sums)


def differences(earlier: Book, later: Book, found: Found) -> list[Difference]:
    """Return where the events that were found contradict the books; empty when all is well.

    With A accepted, D ended by refine (refined included), R refined, S stored, and 1 and 2 for the
    two readings, what was found in between must lie in:

    - raw log beyond refine's position: [A1 - D2, A2 - D1];
    - events log beyond the store's position: [R1 - S2, R2 - S1];
    - store: [S1, R2], as a block is inserted just before its position is committed.
    """
    places = [found.in_raw, found.in_events, found.in_store]
    keys = {*earlier, *later}.union(*(place for place in places if place is not None))
    wrong: list[Difference] = []
    for key in sorted(keys, key=lambda key: (key[1], key[0])):
        before, after = earlier.get(key, {}), later.get(key, {})
        bounds = (
            (
                RAW_PLACE,
                before.get(ACCEPTED, 0) - _refine_ended(after),
                after.get(ACCEPTED, 0) - _refine_ended(before),
            ),
            (
                EVENTS_PLACE,
                before.get(REFINED, 0) - after.get(STORED, 0),
                after.get(REFINED, 0) - before.get(STORED, 0),
            ),
            (STORE_PLACE, before.get(STORED, 0), after.get(REFINED, 0)),
        )
        for (place, low, high), counted in zip(bounds, places, strict=True):
            if counted is None:
                continue
            events = counted.get(key, 0)
            if not low <= events <= high:
                wrong.append(Difference(*key, place, low, high, events))
    return wrong


def _refine_ended(outcomes: Mapping[str, int]) -> int:
    return sum(
        outcomes.get(outcome, 0) for outcome in (REFINED, DUPLICATE, INVALID, BLOCKED, SUPPRESSED)
    )
