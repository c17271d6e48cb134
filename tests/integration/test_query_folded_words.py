"""Words whose case folds in odd ways are found by expressions and nearness as Python finds them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stored_events import StoredEvents, stored_events
from tailrace.query import Search
from tailrace.query.evaluate import matcher
from tailrace.query.lucene import parse

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
TEXTS = [
    *("\u0130stanbul quikc", "QUIKC", "\u212aelvin", "\u017fhoe", "plain quick", "a\\b quick"),
    *("quick/slash", "stra\u00dfe", "42", 'a "quicker" one', "null", "qu\u00efck"),
]


def event(text: str) -> dict[str, object]:
    properties = {"quick": text}
    original = json.dumps({"properties": properties}, ensure_ascii=False)
    columns = {"type": "track", "source": "default", "event": "x"}
    return {**columns, "properties": properties, "original": original}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("folded"), now=NOW) as opened:
        opened.add([{**event(text), "at": "2026-03-11T11:00:00Z"} for text in TEXTS])
        yield opened


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("quikc~1", 5),
        ("quick~", 6),
        ("/qui.*/", 6),
        ("/QU.CK/", 4),
        ("/qu[^i]ck/", 1),
        ("/kel.*/", 1),
        ("/.hoe/", 1),
        ("/i.*bul/", 1),
        ("kelvin~1", 1),
        ("istanbul~2", 1),
        ("strasse~2", 1),
        ("/\\D{2,}/", 12),
        ("/\\d+/", 1),
        ("/nul./", 1),
        ("quick~0 slash~1", 3),
    ],
)
def test_the_store_and_python_find_as_many(stored: StoredEvents, query: str, count: int) -> None:
    matches = matcher(parse(query).tree, now=NOW)

    found = stored.questions.search(Search(query=query, since="1d"))

    texts = [json.loads(bytes(each.properties))["quick"] for each in found.events]
    assert sorted(texts) == sorted(text for text in TEXTS if matches(event(text)))
    assert found.total == count
