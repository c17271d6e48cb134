"""Pages of events in any order, on a real store, against Python's own sorting."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stored_events import StoredEvents, stored_events
from tailrace.query.cursor import Place
from tailrace.query.documents import (
    END_MS,
    FIRST_MS,
    Document,
    Documents,
    Order,
    find_documents,
    split_time,
)
from tailrace.query.lucene import parse
from tailrace.query.times import to_ms
from tailrace.query.tree import All, And, Not

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
START = datetime(2026, 3, 10, tzinfo=UTC)
SEED = 20260311


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    directory: Path = tmp_path_factory.mktemp("documents")
    with stored_events(directory, now=NOW) as stored:
        for block in range(4):
            stored.add(_events(random.Random(SEED + block)))
        yield stored


def _events(chance: random.Random) -> list[dict[str, object]]:
    """Return events of which many have the same time, and properties of several types."""
    return [
        {
            "event": chance.choice(["A", "B", "C"]),
            "user_id": chance.choice(["", "u-1", "u-2"]),
            "at": START + timedelta(minutes=chance.randrange(20)),
            "sent_at": chance.choice([None, "2026-03-10T12:00:00.000Z"]),
            "properties": chance.choice(
                [{}, {"x": 5}, {"x": 2.5}, {"x": "b"}, {"x": "a"}, {"x": 7}]
            ),
        }
        for _ in range(25)
    ]


def sorted_by(documents: list[Document], orders: tuple[Order, ...]) -> list[Place]:
    """Return the places of documents, sorted field by field: numbers, texts, what is missing."""
    rows = sorted(documents, key=lambda one: one.place[1:], reverse=orders[0].is_descending)
    for number in reversed(range(len(orders))):
        numbers, texts, missing = [], [], []
        for row in rows:
            key = row.keys[number]
            if key is None:
                missing.append(row)
            elif isinstance(key, str):
                texts.append((key, row))
            else:
                numbers.append((key, row))
        is_descending = orders[number].is_descending
        in_order = [
            row
            for kind in (numbers, texts)
            for _, row in sorted(kind, key=lambda pair: pair[0], reverse=is_descending)
        ]
        rows = in_order + missing
    return [row.place for row in rows]


@pytest.mark.parametrize(
    "orders",
    [
        (Order("timestamp", is_descending=True),),
        (Order("timestamp", is_descending=False),),
        (Order("event", is_descending=True), Order("timestamp", is_descending=False)),
        (Order("user_id", is_descending=False),),
        (Order("sent_at", is_descending=True), Order("event", is_descending=False)),
        (Order("properties.x", is_descending=True),),
        (Order("properties.x", is_descending=False), Order("user_id", is_descending=True)),
    ],
    ids=lambda orders: "-".join(f"{one.field}{'<>'[one.is_descending]}" for one in orders),
)
def test_pages_are_the_whole_in_its_order(store: StoredEvents, orders: tuple[Order, ...]) -> None:
    whole = find_documents(
        store.runner, Documents(tree=All(), orders=orders, size=1_000), now=NOW
    ).documents
    pages: list[Document] = []
    after: dict[str, Any] = {}

    while len(pages) < 1_000:
        found = find_documents(
            store.runner, Documents(tree=All(), orders=orders, size=37, **after), now=NOW
        )
        if not found.documents:
            break
        pages += found.documents
        after = {"after": pages[-1].keys, "after_place": pages[-1].place}

    assert found.total == len(whole) == 100
    assert [one.place for one in pages] == [one.place for one in whole]
    assert [one.place for one in whole] == sorted_by(whole, orders)


def test_the_keys_of_a_document_are_the_values_that_it_was_sorted_by(store: StoredEvents) -> None:
    orders = (Order("timestamp", is_descending=True), Order("properties.x", is_descending=True))

    found = find_documents(store.runner, Documents(tree=All(), orders=orders, size=100), now=NOW)

    for document in found.documents:
        assert document.keys[0] == to_ms(document.event.timestamp) == document.place.timestamp_ms
        assert document.keys[1] in (None, 5, 2.5, "b", "a", 7)


def test_the_time_of_a_tree_is_the_time_of_the_statement() -> None:
    day_ms = to_ms(START)
    tree = parse(
        'event:A AND timestamp:[2026-03-10 TO 2026-03-11} AND timestamp:{* TO "2026-03-10T12"}'
    ).tree

    rest, since_ms, until_ms = split_time(tree, now=NOW)

    assert (since_ms, until_ms) == (day_ms, day_ms + 12 * 3_600_000)
    assert rest == parse("event:A").tree


@pytest.mark.parametrize("text", ["timestamp:>=now OR event:A", "NOT timestamp:>=now"])
def test_a_time_that_not_everything_has_to_meet_stays_in_the_tree(text: str) -> None:
    tree = parse(text).tree

    assert split_time(tree, now=NOW) == (tree, FIRST_MS, END_MS)


def test_a_time_that_is_none_matches_nothing() -> None:
    tree = And((parse("timestamp:>now").tree, parse("timestamp:<now-1d").tree))

    rest, since_ms, until_ms = split_time(tree, now=NOW)

    assert rest == Not(All())
    assert since_ms < until_ms
