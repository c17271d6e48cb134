"""Counts by whole hours, which the table's projection knows, are those of the events themselves."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tailrace.config import Config, QueryConfig
from tailrace.event import Block
from tailrace.query import Histogram, Questions, Search, Values
from tailrace.query.asked import TABLE, ask
from tailrace.store import Store, open_store

NOW = datetime(2026, 3, 11, 12, 17, 31, 250_000, tzinfo=UTC)
# Whatever is asked, this is true of every event, and nothing that the projection knows.
ALL = " AND user_id:u*"
QUERIES = ["", "event:a", "NOT event:a", "type:page OR event:b*", "source:web AND type:track"]
TIMES = [
    ("now-36h", "now"),
    ("now-36h-13m", "now-2h-50m"),
    ("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"),
    ("2026-03-10T10:20:00Z", "2026-03-10T10:50:00Z"),
    ("2026-03-10T10:20:00Z", "2026-03-10T11:50:00Z"),
    ("1969-12-31T20:00:00Z", "1970-01-02T00:00:00Z"),
    ("1960-01-01T00:00:00Z", "2200-01-01T00:00:00Z"),
]


def make_line(rng: random.Random, number: int) -> dict[str, object]:
    at = NOW - timedelta(milliseconds=rng.randint(0, 40 * 3_600_000))
    if number % 10 == 0:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randint(-200, 200))
    if number % 25 == 0:
        at = datetime(rng.choice([1961, 2107, 2199]), 5, 6, 7, 8, tzinfo=UTC)
    if number % 7 == 0:
        at = at.replace(minute=0, second=0, microsecond=0)
    return {
        "message_id": f"m-{number}",
        "type": rng.choice(["track", "page"]),
        "event": rng.choice(["", "a", "b", "bc"]),
        "user_id": f"u-{number}",
        "source": rng.choice(["web", "app"]),
        "timestamp": at.isoformat(),
        "received_at": NOW.isoformat(),
        "raw_index": number,
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    rng = random.Random(7)
    store = open_store(Config(data_dir=tmp_path_factory.mktemp("hours")))
    try:
        for offset in range(3):
            numbers = range(offset * 200, offset * 200 + 200)
            lines = b"\n".join(json.dumps(make_line(rng, n)).encode() for n in numbers)
            block = Block(1, [], b"", (0, 0), len(numbers), lines, 0, b"")
            store.insert_block(block, partition=0, offset=offset)
        yield store
    finally:
        store.close()


@pytest.fixture(scope="module")
def questions(store: Store) -> Questions:
    return Questions(store, limits=QueryConfig(), clock=NOW.timestamp)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("since", "until"), TIMES)
def test_counts_by_hours_are_those_of_the_events(
    questions: Questions, query: str, since: str, until: str
) -> None:
    exact = f"({query}){ALL}" if query else ALL.removeprefix(" AND ")

    for by in (None, "event", "type", "source", "user_id"):
        found, wanted = (
            questions.histogram(Histogram(query=text, since=since, until=until, by=by))
            for text in (query, exact)
        )
        assert (found.total, found.buckets) == (wanted.total, wanted.buckets)
    for field in ("event", "type", "source"):
        top, wanted_top = (
            questions.values(Values(field=field, query=text, since=since, until=until))
            for text in (query, exact)
        )
        assert (top.values, top.missing, top.other) == (
            wanted_top.values,
            wanted_top.missing,
            wanted_top.other,
        )
    page, wanted_page = (
        questions.search(Search(query=text, since=since, until=until)) for text in (query, exact)
    )
    assert page.total == wanted_page.total
    assert page.events == wanted_page.events


def test_whole_hours_are_counted_by_the_projection(store: Store) -> None:
    at = {
        name: round(moment.timestamp() * 1000)
        for name, moment in (("since_ms", NOW - timedelta(hours=30)), ("until_ms", NOW))
    }
    asked = ask("event:a", **at, now=NOW)

    (_, where), *edges = asked.scopes(by="type")
    with store.client() as client:
        rows = client.query(
            f"EXPLAIN SELECT type, count() FROM {TABLE} WHERE {where} GROUP BY type",
            parameters=asked.binder.parameters,
        ).result_rows

    assert len(edges) == 2
    assert "ReadFromMergeTree (by_hour)" in "\n".join(str(row[0]) for row in rows)
    assert len(asked.scopes(by="browser")) == 1
    assert len(ask("u-17", **at, now=NOW).scopes()) == 1
