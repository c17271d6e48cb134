"""One event against a query, without a store."""

from datetime import UTC, datetime

import msgspec
import pytest

from tailrace.errors import QueryError
from tailrace.query.compile import notes_on
from tailrace.query.evaluate import evaluate
from tailrace.query.lucene import parse

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
EVENT: dict[str, object] = {
    "message_id": "m-1",
    "type": "track",
    "event": "Order Completed",
    "user_id": "u-1007",
    "name": "",
    "source": "shop",
    "timestamp": "2026-03-10T12:00:00Z",
    "sent_at": None,
    "is_bot": False,
    "properties": {
        "revenue": 74.5,
        "quantity": 3,
        "sku": "007",
        "price_text": "49.99",
        "coupon": "SUMMER-10",
        "is_gift": True,
        "nothing": None,
        "note": "",
        "tags": ["new", "eu"],
        "no_tags": [],
        "sizes": [5, 25],
        "mixed": [1, "two", None, True],
        "products": [{"name": "Red Shirt", "price": 20}, {"name": "Shoe", "sizes": [41, 42]}],
        "shipped": "2026-03-09T23:30:00-01:00",
        "a.b": "dotted",
        "deep": {"deeper": {"deepest": "x"}},
    },
    "traits": {},
    "context": {"page": {"url": "https://shop.example/p/1?x=y", "title": "Rote Schuhe für Köln"}},
    "integrations": {"All": True, "Amazon S3": {"bucket": "b"}},
}

MATCHES = [
    "*",
    'event:"Order Completed"',
    "event:(Order Completed)",
    'event.keyword:"Order Completed"',
    "event:Order*",
    "event:*Complete?",
    "NOT event:order*",
    "user_id:[u-1 TO u-2]",
    "properties.revenue:>50",
    "properties.revenue:74.5",
    "properties.revenue:[74 TO 75}",
    "properties.quantity:3",
    "properties.quantity:3.0",
    "properties.sku:007",
    "properties.sku:[7 TO 7]",
    "properties.price_text:>49",
    "properties.coupon:SUMMER*",
    "properties.is_gift:true",
    "properties.tags:eu",
    "properties.tags:(new AND eu)",
    "properties.sizes:>10",
    "properties.sizes:>10 AND properties.sizes:<20",
    "NOT properties.sizes:[10 TO 20]",
    "properties.mixed:two",
    "properties.mixed:1",
    "properties.mixed:true",
    'properties.products.name:"Red Shirt"',
    "properties.products.price:20",
    "properties.products.sizes:41",
    "properties.shipped:2026*",
    "properties.shipped:[2026-03-10 TO 2026-03-10]",
    "properties.shipped:[2026-03-10T00:30:00Z TO *]",
    "properties.a.b:dotted",
    "properties.deep.deeper.deepest:x",
    'properties.note:""',
    "_exists_:properties.note",
    "_exists_:properties.deep",
    "_exists_:properties.a",
    "_exists_:properties.mixed",
    "_exists_:properties.products.name",
    "NOT _exists_:properties.nothing",
    "NOT _exists_:properties.no_tags",
    "NOT _exists_:name",
    "NOT _exists_:sent_at",
    "_exists_:timestamp",
    "NOT nosuch:x",
    "NOT properties.nosuch:x",
    "NOT _exists_:traits",
    "integrations.All:true",
    "integrations.Amazon\\ S3.bucket:b",
    'context.page.url:"https://shop.example/p/1?x=y"',
    "context.page.url:*\\/p\\/1*",
    "timestamp:2026-03-10",
    "timestamp:[now-1d/d TO now/d}",
    "timestamp:>=2026-03-10",
    "timestamp:<2026-03-11",
    "is_bot:false",
    # Free text: words of values, in any case.
    "order",
    "SHIRT",
    "köln",
    "summer-10",
    "shop.example",
    "u-1007",
    '"red shirt"',
    '"shirt red"~2',
    "sum*",
    "sh?rt",
    "74.5",
    "nosuchword shirt",
]
MISSES = [
    "event:Order",
    "event:order*",
    "properties.revenue:>74.5",
    "properties.revenue:74",
    "properties.quantity:three",
    "properties.is_gift:1",
    "properties.is_gift:>0",
    "properties.coupon:summer*",
    "properties.coupon:>5",
    "properties.tags:(new AND us)",
    "properties:x",
    "properties.products:Shoe",
    "integrations.S3:true",
    "name:*",
    "nosuch:x",
    "timestamp:>2026-03-10",
    "sent_at:<2030",
    "is_bot:true",
    "properties.shipped:<2026-03-10",
    # Keys are not text, and neither are parts of words.
    "revenue",
    "coupon",
    "products",
    "integrations",
    "shir",
    '"shirt red"',
    "shirt AND nosuchword",
]


@pytest.mark.parametrize("text", MATCHES)
def test_a_query_matches(text: str) -> None:
    assert evaluate(parse(text).tree, EVENT, now=NOW)


@pytest.mark.parametrize("text", MISSES)
def test_a_query_does_not_match(text: str) -> None:
    assert not evaluate(parse(text).tree, EVENT, now=NOW)


def test_objects_may_be_json() -> None:
    event = EVENT | {"properties": msgspec.Raw(b'{"revenue": 5, "t": "caf\\u00e9"}')}

    assert evaluate(parse("properties.revenue:5 AND café").tree, event, now=NOW)


def test_free_text_looks_into_the_original_where_there_is_one() -> None:
    event = EVENT | {
        "message_id": "msg-0000-1",
        "original": '{"messageId":\x01,"properties":{"a":"in the \\"original\\""}}',
    }

    assert evaluate(parse("original AND msg-0000-1").tree, event, now=NOW)
    assert not evaluate(parse("0000").tree, event, now=NOW)
    assert not evaluate(parse("messageId OR shirt").tree, event, now=NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timestamp:soon", "'soon' is not a time"),
        ("timestamp:2026*", "takes no wildcards"),
        ("timestamp:[2026 TO x]", "'x' is not a time"),
        ("is_bot:yes", "true or false"),
        (" OR ".join(["quikc~", "/a/", "b\\*:x"] * 17), "more than 50 regular expressions"),
        ("quikc~ OR " * 50 + "/a/", "more than 50"),
        ("is_bot:>1", "true or false"),
        ('timestamp:"a b"~2', "takes no distance"),
        ("timestamp:a~", "takes no fuzzy words"),
        ("timestamp:/a/", "takes no regular expressions"),
        ("is_bot:/a/", "true or false"),
        ('"---"', "no letters or digits"),
        ("*-*", "no letters or digits"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as refused:
        evaluate(parse(text).tree, EVENT, now=NOW)

    assert refused.value.position is not None


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("revenue:>50", "did you mean properties.revenue?"),
        ("userId:u-1", "did you mean user_id?"),
        ("evnt:x", "did you mean event?"),
        ("properties:x", "name a key such as properties.key"),
        ("properties.:`x`:1", "cannot be searched by its name"),
        ("properties..a:1", "cannot be searched by its name"),
        ("properties" + ".a" * 20 + ":1", "deeper than 16 keys"),
    ],
)
def test_a_field_that_matches_nothing_is_told(text: str, note: str) -> None:
    text = text.replace(".:`x`:", ".\\:`x`:")

    (told,) = notes_on(parse(text).tree)

    assert note in told
