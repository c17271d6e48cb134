"""The arithmetic of the books, also against a model of a system that never stands still."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace import ledger
from tailrace.ledger import Found, balance, book, differences, total
from tailrace.log.contract import Count

KEY = ("shop", 100)


def _book(**outcomes: int) -> dict[ledger.Key, dict[str, int]]:
    return book(Count("shop", 100, outcome, events) for outcome, events in outcomes.items())


def test_counts_of_the_same_cell_add_up() -> None:
    counts = [Count("shop", 100, "accepted", 2), Count("shop", 100, "accepted", 3)]

    assert book(counts) == {KEY: {"accepted": 5}}


def test_what_has_no_outcome_yet_is_in_flight() -> None:
    reading = _book(accepted=10, refined=7, stored=4, duplicate=1, invalid=1)

    (cell,) = balance(reading, reading)

    assert cell.in_flight == 10 - 4 - 1 - 1
    assert cell.is_balanced


def test_an_event_stored_between_the_readings_counts_as_in_flight() -> None:
    earlier = _book(accepted=1)
    later = _book(accepted=1, refined=1, stored=1)

    (cell,) = balance(earlier, later)

    assert (cell.accepted, cell.stored, cell.in_flight) == (1, 0, 1)


def test_more_outcomes_than_accepted_events_are_not_balanced() -> None:
    reading = _book(accepted=1, refined=2, stored=2)

    (cell,) = balance(reading, reading)

    assert not cell.is_balanced


def test_cells_come_newest_first_and_add_up() -> None:
    reading = book([Count("a", 1, "accepted", 2), Count("b", 2, "accepted", 3)])

    cells = balance(reading, reading)

    assert [(cell.source, cell.minute) for cell in cells] == [("b", 2), ("a", 1)]
    assert total(cells).accepted == 5


def test_a_quiet_system_is_checked_exactly() -> None:
    reading = _book(accepted=10, refined=7, stored=4, duplicate=1)
    right = Found({KEY: 2}, {KEY: 3}, {KEY: 7})

    assert differences(reading, reading, Found({KEY: 2}, {KEY: 3}, {KEY: 4})) == []
    # A block is inserted just before its position is committed: that is no difference.
    assert differences(reading, reading, right) == []
    for wrong, place in (
        (Found({KEY: 1}, {KEY: 3}, {KEY: 4}), "raw log"),
        (Found({KEY: 2}, {KEY: 4}, {KEY: 4}), "events log"),
        (Found({KEY: 2}, {KEY: 3}, {KEY: 3}), "store"),
        (Found({KEY: 2}, {KEY: 3}, {KEY: 8}), "store"),
    ):
        assert [one.place for one in differences(reading, reading, wrong)] == [place]


def test_a_difference_says_how_many_and_where() -> None:
    reading = _book(accepted=4, refined=4, stored=4)

    (one,) = differences(reading, reading, Found({}, {}, {KEY: 3}))

    assert one.detail == "1 event fewer in the store than the ledger says"
    assert (one.expected_min, one.expected_max, one.found) == (4, 4, 3)


def test_rows_that_no_book_knows_are_a_difference() -> None:
    (one,) = differences({}, {}, Found({}, {}, {KEY: 2}))

    assert one.detail == "2 events more in the store than the ledger says"


def test_a_place_that_could_not_be_counted_is_left_out() -> None:
    reading = _book(accepted=4)

    assert differences(reading, reading, Found(None, {}, {})) == []


class _Running:
    """A system that moves one event at a time, at random, whenever it is asked to."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.raw: list[ledger.Key] = []
        self.refined: list[ledger.Key] = []
        self.rows: Counter[ledger.Key] = Counter()
        self.counts: Counter[tuple[ledger.Key, str]] = Counter()
        self.inserted = 0

    def move(self, steps: int) -> None:
        for _ in range(steps):
            self.random.choice((self._accept, self._refine, self._insert, self._commit))()

    def _accept(self) -> None:
        key = (self.random.choice("ab"), self.random.randrange(3))
        self.raw.append(key)
        self.counts[key, "accepted"] += 1

    def _refine(self) -> None:
        if self.raw:
            key = self.raw.pop(0)
            outcome = self.random.choice(("refined", "refined", "duplicate", "invalid"))
            self.counts[key, outcome] += 1
            if outcome == "refined":
                self.refined.append(key)

    def _insert(self) -> None:
        if self.inserted < len(self.refined):
            self.rows[self.refined[self.inserted]] += 1
            self.inserted += 1

    def _commit(self) -> None:
        if self.inserted:
            self.inserted -= 1
            self.counts[self.refined.pop(0), "stored"] += 1

    def read_book(self) -> dict[ledger.Key, dict[str, int]]:
        """Read outcome by outcome, moving on in between, as files are read one after the other."""
        found: dict[ledger.Key, dict[str, int]] = {}
        for outcome in self.random.sample(ledger.OUTCOMES, len(ledger.OUTCOMES)):
            for (key, name), events in self.counts.items():
                if name == outcome:
                    found.setdefault(key, {})[outcome] = events
            self.move(self.random.randrange(3))
        return found


@given(seed=st.integers(0, 2**32), steps=st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_a_busy_system_never_looks_unbalanced(seed: int, steps: int) -> None:
    system = _Running(seed)
    system.move(steps)

    earlier = system.read_book()
    system.move(steps // 4)
    in_raw = Counter(system.raw)
    system.move(steps // 4)
    in_events = Counter(system.refined)
    system.move(steps // 4)
    in_store = Counter(system.rows)
    system.move(steps // 4)
    later = system.read_book()

    assert differences(earlier, later, Found(in_raw, in_events, in_store)) == []
    assert all(cell.is_balanced for cell in balance(earlier, later))


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_one_lost_row_is_found_once_the_system_stands_still(seed: int, steps: int) -> None:
    system = _Running(seed)
    system.move(steps)
    for _ in range(4 * steps):
        system._refine()
        system._insert()
        system._commit()
    reading = book(Count(*key, outcome, events) for (key, outcome), events in system.counts.items())
    rows = Counter(system.rows)
    if not rows:
        return
    lost = system.random.choice(sorted(rows))
    rows[lost] -= 1

    found = differences(reading, reading, Found({}, {}, rows))

    assert [(one.source, one.minute, one.place) for one in found] == [(*lost, "store")]
