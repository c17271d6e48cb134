"""Free text asks the text indexes, and finds the same without them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tailrace.config import Config, QueryConfig
from tailrace.event import Block
from tailrace.query import Questions, Search
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree
from tailrace.query.lucene import parse
from tailrace.store import Store, open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
PROPERTIES = [
    {"name": "Titanium ring"},
    {"name": "plain", "titanium": "a key is no value"},
    {"note": "first line\nTITANIUM"},
    {"note": 'with a quote: " and titanium'},
    {"url": "https://shop.example/titanium-ring"},
    {"note": "nothing"},
    {"note": "titan\u0131um"},
]
FOUND = {
    "titanium": {0, 2, 3, 4},
    '"titanium ring"': {0, 4},
    "titanium AND NOT ring": {2, 3},
    "safari": {5},
    "u-1006": {6},
    "page-6": {6},
    "anonymous-0005": {5},
    "message-00000003": {3},
    "00000003": set(),
    "titan*": {0, 2, 3, 4, 6},
}


def block(numbers: range) -> Block:
    lines = []
    for number in numbers:
        properties = PROPERTIES[number]
        at = f"2026-03-11T00:00:{number:02}.000Z"
        # As PHP writes JSON: with escaped slashes.
        text = json.dumps(properties).replace("/", "\\/")
        event = {
            "message_id": f"message-{number:08}",
            "type": "track",
            "event": "Clicked",
            "user_id": f"u-100{number}",
            "anonymous_id": f"anonymous-{number:04}",
            "browser": "Mobile Safari" if number == 5 else "Firefox",
            "source": "web",
            "timestamp": at,
            "received_at": at,
            "properties": properties,
            "context": {"page": {"title": f"page-{number}"}},
            "raw_index": number,
            "original": '{"messageId":\x01,"properties":' + text + ',"context":\x06}',
        }
        lines.append(json.dumps(event).encode())
    return Block(1, [], b"", (0, 0), len(lines), b"\n".join(lines), 0, b"")


@pytest.fixture(scope="module", params=["as inserted", "merged", "both"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    store = open_store(Config(data_dir=tmp_path_factory.mktemp("words")))
    try:
        store.insert_block(block(range(4)), partition=0, offset=0)
        if request.param == "both":
            merge(store)
        store.insert_block(block(range(4, len(PROPERTIES))), partition=0, offset=1)
        if request.param == "merged":
            merge(store)
        yield store
    finally:
        store.close()


def merge(store: Store) -> None:
    with store.client() as client:
        client.command("OPTIMIZE TABLE events_data FINAL")


@pytest.mark.parametrize("text", FOUND)
def test_words_are_found_with_and_without_an_index(store: Store, text: str) -> None:
    questions = Questions(store, limits=QueryConfig(), clock=NOW.timestamp)

    found = questions.search(Search(query=text, since="1d"))

    assert {int(event.message_id[-2:]) for event in found.events} == FOUND[text]
    assert found.total == len(FOUND[text])


@pytest.mark.parametrize("store", ["merged", "both"], indirect=True)
@pytest.mark.parametrize("text", ["titanium", '"titanium ring"', "a OR (b AND c)", "id-12345678"])
def test_words_are_asked_of_the_indexes(store: Store, text: str) -> None:
    binder = Binder()
    where = compile_tree(parse(text).tree, binder, now=NOW)

    with store.client() as client:
        rows = client.query(
            f"EXPLAIN indexes = 1, actions = 1 SELECT count() FROM events_data WHERE {where}",
            parameters=binder.parameters,
        ).result_rows
    plan = "\n".join(str(row[0]) for row in rows)

    for name in ("words_in_original", "words_in_context", "words_in_columns"):
        # The answer of the index stands for the expression, which is not computed.
        assert f"__text_index_{name}" in plan
