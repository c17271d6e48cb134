"""A destination's books against the ledger: what the bounds find, and what they let be."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tailrace.app.delivery_books import DeliveryBooks, delivery_books
from tailrace.app.tails import LogReader
from tailrace.deliver.outcomes import DELIVERED, Step
from tailrace.deliver.state import State
from tailrace.event import Block, encode_block
from tailrace.ledger import REFINED
from tailrace.log import EVENTS, Count, NewRecord
from tailrace.testing import MemoryLog

BEGUN = 29_000_000
LATER = BEGUN + 5


class Books:
    """A log, a ledger and the file of a destination that began in the minute `BEGUN`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = MemoryLog()
        self._writer = self.log.writer(EVENTS)
        self._next = 0

    def refine(self, events: int, *, minute: int = LATER, told: int | None = None) -> None:
        """Write a block as refine does; `told` is what the ledger hears, where that is wrong."""
        block = Block(1, [("web", minute, events)], b"", (0, 0), events, b"", 0, b"")
        count = Count("web", minute, REFINED, events if told is None else told)
        self._writer.append([NewRecord(b"k", encode_block(block))], [count])

    def deliver(self, events: int, *, minute: int = LATER, subscription: str = "send") -> None:
        """Deal with the next block, with this many outcomes."""
        self._next += 1
        step = Step(positions={0: self._next})
        step.count((subscription, "web", minute, DELIVERED, ""), events)
        state = State(self.path)
        state.commit(step)
        state.close()

    def checked(self) -> DeliveryBooks:
        return delivery_books(
            LogReader(self.log),
            self.path,
            since=datetime.fromtimestamp(60 * (BEGUN - 10), UTC),
            until=datetime.fromtimestamp(60 * (LATER + 10), UTC),
        )


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Books:
    monkeypatch.setattr("time.time", lambda: 60.0 * BEGUN)
    return Books(tmp_path / "hook.sqlite")


def test_what_was_delivered_and_what_is_behind_is_together_what_was_refined(books: Books) -> None:
    books.refine(3)
    books.refine(4)
    books.deliver(3)

    found = books.checked()

    assert (found.balanced, found.is_complete, found.behind) == (True, True, 4)
    assert [(each.slug, each.events) for each in found.subscriptions] == [("send", 3)]


@pytest.mark.parametrize(
    ("events", "detail"),
    [
        (2, "1 event fewer at the subscription send than the ledger says were refined"),
        (5, "2 events more at the subscription send than the ledger says were refined"),
    ],
)
def test_an_event_lost_or_counted_twice_is_found(books: Books, events: int, detail: str) -> None:
    books.refine(3)
    books.deliver(events)

    found = books.checked()

    assert not found.balanced
    assert [each.detail for each in found.differences] == [detail]


def test_a_minute_that_a_subscription_had_nothing_of_is_found(books: Books) -> None:
    books.refine(3)
    books.refine(2, minute=LATER + 1)
    books.deliver(3)
    books.deliver(1, minute=LATER)

    found = books.checked()

    words = [(each.minute.minute, each.detail.split(" at ")[0]) for each in found.differences]
    first = datetime.fromtimestamp(60 * LATER, UTC).minute
    assert words == [(first, "1 event more"), ((first + 1) % 60, "2 events fewer")]


def test_what_was_received_before_a_subscription_began_may_be_missing_and_not_too_many(
    books: Books,
) -> None:
    books.refine(3, minute=BEGUN)
    books.deliver(1, minute=BEGUN)
    fewer = books.checked()
    books.refine(1, minute=BEGUN)
    books.deliver(9, minute=BEGUN)
    more = books.checked()

    assert fewer.balanced
    assert [each.detail.split(" at ")[0] for each in more.differences] == ["6 events more"]


def test_a_subscription_owes_what_came_while_it_was_there(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.refine(3)
    books.deliver(3, subscription="one")
    monkeypatch.setattr("time.time", lambda: 60.0 * LATER)
    books.refine(2, minute=LATER)
    books.deliver(2, minute=LATER, subscription="two")
    books.refine(2, minute=LATER + 1)
    books.deliver(1, minute=LATER + 1, subscription="two")

    found = books.checked()

    # "one" was taken away after the first block; "two" had the last one and half of its events.
    words = [(each.subscription, each.detail.split(" at ")[0]) for each in found.differences]
    assert words == [("two", "1 event fewer")]


def test_a_destination_that_has_not_begun_owes_nothing(books: Books) -> None:
    books.refine(3)

    found = books.checked()

    assert (found.balanced, found.subscriptions, found.behind) == (True, [], 3)
