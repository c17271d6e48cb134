"""What a query will match, in words and as text; what may come next at a place."""

from datetime import UTC, datetime

import pytest

from tailrace.query.completing import place_of
from tailrace.query.describe import text_of, words_of
from tailrace.query.explaining import Explain, explain
from tailrace.query.parsed import Language
from tailrace.query.reading import read

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)

TOLD: list[tuple[Language, str, str, str]] = [
    # language, query, the same with its parentheses, in words
    ("lucene", "", "*:*", "every event"),
    ("lucene", "shoe", "shoe", "the word “shoe” anywhere"),
    ("lucene", "red shoe", "(red shoe)", "any of the words “red”, “shoe” anywhere"),
    ("lucene", '"red shoe"', '"red shoe"', "the words “red shoe” side by side anywhere"),
    (
        "lucene",
        "event:Signup OR (event:Login AND -is_bot:true)",
        "event:Signup OR (event:Login AND (NOT is_bot:true))",
        "event is “Signup” or (event is “Login” and not is_bot is “true”)",
    ),
    (
        "lucene",
        "properties.n:[1 TO 5}",
        'properties.n:["1" TO "5"}',
        "properties.n is at least “1” and less than “5”",
    ),
    (
        "lucene",
        "timestamp:>now-1d",
        'timestamp:{"now-1d" TO *]',
        "timestamp is after “now-1d”",
    ),
    ("lucene", "NOT user_id:*", "NOT user_id:*", "user_id has no value"),
    ("lucene", "event:Or*", "event:Or*", "event is like “Or*”"),
    ("lucene", "/a.c/", "/a.c/", "a word that matches the regular expression “a.c” anywhere"),
    ("lucene", "quikc~", "quikc~", "a word at most 1 edit away from “quikc” anywhere"),
    ("lucene", "name:abcdef~", "name:abcdef~", "name is at most 2 edits away from “abcdef”"),
    (
        "lucene",
        'name:"a b"~2',
        'name:"a b"~2',
        "name has the words “a b” at most 2 moves apart",
    ),
    (
        "lucene",
        "properties.\\*:x",
        "properties.\\*:x",
        "any field like properties.* is “x”",
    ),
    (
        "kql",
        "event: Order Completed and not is_bot:true",
        "event:Order Completed and (not is_bot:true)",
        "event is “Order Completed” and not is_bot is “true”",
    ),
    (
        "kql",
        "properties.products:{ name:Shirt and price > 20 }",
        'properties.products:{ (name:Shirt and price > "20") }',
        "one object of properties.products has (name is “Shirt” and price is more than “20”)",
    ),
]


@pytest.mark.parametrize(
    ("language", "query", "text", "words"), TOLD, ids=[case[1] for case in TOLD]
)
def test_a_query_is_told_as_text_and_in_words(
    language: Language, query: str, text: str, words: str
) -> None:
    tree = read(query, language).tree

    assert text_of(tree, language) == text
    assert words_of(tree) == words
    assert read(text, language).tree == tree


def test_a_clause_that_does_not_matter_is_told() -> None:
    answer = explain(Explain(query="a OR event:b AND type:c"), now=NOW)

    assert answer.valid
    assert answer.text == "event:b AND type:c"
    assert "'a' narrows nothing" in answer.notes[0]
    assert [(field.name, field.kind) for field in answer.fields] == [
        ("event", "text"),
        ("type", "text"),
    ]


@pytest.mark.parametrize(
    ("language", "query", "position", "message"),
    [
        ("lucene", "event:", 6, "unexpected end"),
        ("lucene", "timestamp:abc", 10, "not a time"),
        ("lucene", "is_bot:yes", 7, "true or false"),
        ("lucene", "/a~b/", 2, "not supported"),
        ("kql", "a:1 b:2", 5, "Expected AND, OR"),
        ("kql", "properties.a:{ b:{ c:1 } }", 15, "not supported"),
        ("kql", "event:{ a:1 }", 0, "holds no objects"),
        ("kql", "properties.a:{ b }", 15, "needs a key"),
    ],
)
def test_what_is_wrong_is_told_and_no_error(
    language: Language, query: str, position: int, message: str
) -> None:
    answer = explain(Explain(query=query, language=language), now=NOW)

    assert not answer.valid
    assert answer.error is not None
    assert answer.error.position == position
    assert message in answer.error.message


PLACES = [
    # the text, with | where the cursor is; what may come, from where to where, what is written
    ("|", "start", (0, 0), "", None),
    ("ev|", "start", (0, 2), "ev", None),
    ("ev|ent", "start", (0, 5), "ev", None),
    ("a AND us|", "start", (6, 8), "us", None),
    ("a AND (us|", "start", (7, 9), "us", None),
    ("not |", "start", (4, 4), "", None),
    ("event:|", "value", (6, 6), "", "event"),
    ("event:Or|", "value", (6, 8), "Or", "event"),
    ('event:"Or|', "value", (6, 9), "Or", "event"),
    ('event:"Or|der" AND x', "value", (6, 13), "Or", "event"),
    ("event:(a OR |", "value", (12, 12), "", "event"),
    ("event:(a OR b|) AND c", "value", (12, 13), "b", "event"),
    ("(event:a OR us|", "start", (12, 14), "us", None),
    ("timestamp:>=|", "value", (12, 12), "", "timestamp"),
    ("timestamp >= |", "value", (13, 13), "", "timestamp"),
    ("timestamp:[now-1d TO |", "value", (21, 21), "", "timestamp"),
    ("event |", "after field", (6, 6), "event", None),
    ("event:a |", "after clause", (8, 8), "a", None),
    ('event:"a" |', "after clause", (10, 10), "a", None),
    ('event:"a"|', "after clause", (9, 9), "", None),
    ("(event:a) |", "after clause", (10, 10), ")", None),
    ("properties.a\\ b:x|", "value", (16, 17), "x", "properties.a b"),
    ("properties.products:{ na|", "start", (22, 24), "na", None),
]


@pytest.mark.parametrize(
    ("text", "wants", "where", "written", "field"), PLACES, ids=[case[0] for case in PLACES]
)
def test_what_is_written_at_a_place(
    text: str, wants: str, where: tuple[int, int], written: str, field: str | None
) -> None:
    position = text.index("|")

    place = place_of(text.replace("|", ""), position)

    assert place.wants == wants
    assert (place.start, place.end) == where
    assert place.field == field
    assert place.written == written
