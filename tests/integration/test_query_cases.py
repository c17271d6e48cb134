"""Queries and the events that they find, by the rules of Elasticsearch, on the real engine.

The four events are in the shape of ours: what would be a field of its own is a property, and what
would be a text field is searched as free text.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tailrace.config import Config, QueryConfig
from tailrace.errors import QueryError
from tailrace.event import Block
from tailrace.query import Questions, Search
from tailrace.store import open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
DOCUMENTS: list[dict[str, object]] = [
    {
        "event": "Order Completed",
        "timestamp": "2026-03-10T12:00:00Z",
        "properties": {
            "message": "Quick brown fox, jumped",
            "status": 200,
            "price": 19.5,
            "ok": True,
            "tags": ["new", "eu"],
            "user": {"id": "u-1", "name": "Ann Lee"},
            "url": "/api/v1/users",
            "nums": [5, 25],
        },
    },
    {
        "event": "Page Viewed",
        "timestamp": "2026-03-11T00:00:00Z",
        "properties": {
            "message": "The lazy dog",
            "status": 404,
            "price": None,
            "ok": False,
            "tags": [],
            "user": {"id": "u-2"},
            "url": "/pricing",
            "nums": [15],
        },
    },
    {
        "event": "order completed",
        "timestamp": "2026-03-10T23:59:59.999Z",
        "properties": {
            "message": "brown quick",
            "status": 500,
            "tags": ["eu"],
            "user": {"id": "U-3", "name": ""},
            "url": "http://x.io/a?b=1",
        },
    },
    {
        "event": "Signup",
        "timestamp": "2026-02-28T08:00:00Z",
        "properties": {
            "message": "",
            "status": -5,
            "price": 0,
            "ok": True,
            "tags": ["new"],
            "url": "",
            "plan": "pro",
        },
    },
]
ALL = "1 2 3 4"

CASES = [
    ('event:"Order Completed"', "1"),
    ("event:Order", ""),
    ("event:Order*", "1"),
    ("event:(Order Completed)", "1"),
    # "Completed" is a word of the event's text here, not of a keyword field: see docs/search.md.
    ("event:Order Completed", "1 3"),
    ("quick brown", "1 3"),
    ("quick AND dog", ""),
    ('"quick brown"', "1"),
    ('"brown quick"~2', "1 3"),
    ("Qui*", "1 3"),
    ("event:*completed", "3"),
    ('properties.url:"/api/v1/users"', "1"),
    ("properties.status:{200 TO 404]", "2"),
    ("properties.status:>=500", "3"),
    ('properties.status:"-5"', "4"),
    ("properties.price:[0 TO *]", "1 4"),
    ("NOT properties.price:[0 TO *]", "2 3"),
    ("_exists_:properties.tags", "1 3 4"),
    ("_exists_:properties.url", ALL),
    ("_exists_:properties.user", "1 2 3"),
    ("properties.nums:[10 TO 20]", "2"),
    ("properties.nums:>10 AND properties.nums:<20", "1 2"),
    ("event:Signup OR properties.status:404 AND properties.ok:false", "2"),
    ("event:Signup OR (properties.status:404 AND properties.ok:false)", "2 4"),
    ("+properties.tags:eu -properties.status:500", "1"),
    ("timestamp:[2026-03-10 TO 2026-03-10]", "1 3"),
    ("timestamp:{2026-03-10 TO *}", "2"),
    ("timestamp:[now-1d/d TO now/d}", "1 3"),
    ("nosuch:foo", ""),
    ("NOT nosuch:foo", ALL),
    ('event.keyword:"Order Completed" && !properties.tags:old', "1"),
    ("", ALL),
    ("*:*", ALL),
    ("properties.user.name:*", "1 3"),
    ("properties.ok:true", "1 4"),
    ("properties.status:abc", ""),
    ('properties.message:"Quick brown fox, jumped"', "1"),
    ("properties.message.keyword:Quick*", "1"),
    ("LAZY", "2"),
    ("x.io", "3"),
    ("status", ""),
    ("404", "2"),
    ("NOT quick", "2 4"),
    ('event:(Signup OR "Page Viewed")', "2 4"),
    ("/qu.ck/", "1 3"),
    ("/quick brown/", ""),
    ("quikc~", "1 3"),
]

ERRORS = [
    ("/qu~ck/", 3, "not supported"),
    ("properties.status:-5", 18, "unexpected '-'"),
    ("properties.url:/api/v1/users", 22, "never closed"),
    ("foo/bar", 3, "never closed"),
    ("a:b:c", 3, "unexpected ':'"),
    ("foo AND", 7, "end of the query"),
    ("timestamp:abc", 10, "'abc' is not a time"),
    ("is_bot:yes", 7, "true or false"),
    ("properties.status:> 400", 19, "directly after '>'"),
]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Questions]:
    store = open_store(Config(data_dir=tmp_path_factory.mktemp("query")))
    try:
        lines = []
        for number, document in enumerate(DOCUMENTS, start=1):
            line = {
                "message_id": f"document-{number}",
                "type": "track",
                "source": "default",
                "received_at": "2026-03-11T11:00:00Z",
                "traits": {},
                "context": {},
                "integrations": {},
                "raw_partition": 0,
                "raw_offset": 0,
                "raw_index": number,
                **document,
            }
            line["original"] = json.dumps(
                {"messageId": f"document-{number}", "properties": document["properties"]}
            )
            lines.append(json.dumps(line))
        block = Block(1, [], b"", (0, 0), len(lines), "\n".join(lines).encode(), 0, b"")
        store.insert_block(block, partition=0, offset=0)
        yield Questions(store, limits=QueryConfig(), clock=NOW.timestamp)
    finally:
        store.close()


@pytest.mark.parametrize(("text", "found"), CASES, ids=[case[0] for case in CASES])
def test_a_query_finds(questions: Questions, text: str, found: str) -> None:
    answer = questions.search(Search(query=text, since="1y", sort="oldest"))

    numbers = sorted(event.message_id.removeprefix("document-") for event in answer.events)
    assert " ".join(numbers) == found
    assert answer.total == len(numbers)


@pytest.mark.parametrize(("text", "position", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_a_query_is_refused(questions: Questions, text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError, match=message) as refused:
        questions.search(Search(query=text, since="1y"))

    assert refused.value.position == position
