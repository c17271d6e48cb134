"""The grammar and the occur rules, case by case."""

import pytest

from tailrace.errors import QueryError
from tailrace.query.lucene import LEAVES_MAX, LENGTH_MAX, parse
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
)

A, B, C, D = (Term(None, letter) for letter in "abcd")

TREES: list[tuple[str, Tree]] = [
    ("", All()),
    (" \t\n", All()),
    ("*", All()),
    ("*:*", All()),
    ("a", A),
    ("(a)", A),
    ("((a))", A),
    ("*:a", A),
    # Neighbouring words are one value, up to one that is followed by an operator of its own.
    ("a b", Term(None, "a b")),
    ("a  b\tc", Term(None, "a b c")),
    ("event:(Order Completed)", Term("event", "Order Completed")),
    ("event:Order Completed", Or((Term("event", "Order"), Term(None, "Completed")))),
    ("event:a b c", Or((Term("event", "a"), Term(None, "b c")))),
    ("a b event:c", Or((Term(None, "a b"), Term("event", "c")))),
    ("a b*", Or((A, Wildcard(None, "b*")))),
    ('a b "c"', Or((Term(None, "a b"), Phrase(None, "c")))),
    ("a b^2 c", Or((A, B, C))),
    ("+a b c", A),
    # Occur, not precedence.
    ("a OR b", Or((A, B))),
    ("a || b", Or((A, B))),
    ("a AND b", And((A, B))),
    ("a && b", And((A, B))),
    ("a AND b OR c AND d", And((A, B, C, D))),
    ("a OR b AND c", And((B, C))),
    ("a AND b OR c", And((A, B))),
    ("a OR (b AND c)", Or((A, And((B, C))))),
    ("+a b", A),
    ("+a -b", And((A, Not(B)))),
    ("a -b", And((A, Not(B)))),
    ("a b -c", And((Term(None, "a b"), Not(C)))),
    ("a NOT b", And((A, Not(B)))),
    ("a AND NOT b", And((A, Not(B)))),
    ("a AND !b", And((A, Not(B)))),
    ("NOT a AND b", And((B, Not(A)))),
    ("NOT a", Not(A)),
    ("-a -b", And((Not(A), Not(B)))),
    ("NOT (a OR b)", Not(Or((A, B)))),
    ("(NOT a) AND b", And((Not(A), B))),
    ("a and b", Term(None, "a and b")),
    # A sign with a space after it is a word.
    ("- a", Term(None, "- a")),
    ("a ! b", Term(None, "a ! b")),
    # Fields.
    ("f : a", Term("f", "a")),
    ('f:"a b"', Phrase("f", "a b")),
    ("f:(a OR b)", Or((Term("f", "a"), Term("f", "b")))),
    ("f:(a -b)", And((Term("f", "a"), Not(Term("f", "b"))))),
    ("f:(a OR g:b)", Or((Term("f", "a"), Term("g", "b")))),
    ("f\\ g:a", Term("f g", "a")),
    ("integrations.Amazon\\ S3:true", Term("integrations.Amazon S3", "true")),
    ("f:*", Exists("f")),
    ("f:**", Exists("f")),
    ("f:[* TO *]", Exists("f")),
    ("_exists_:f.g", Exists("f.g")),
    ('_exists_:"f g"', Exists("f g")),
    # Ranges.
    ("f:[1 TO 5]", Range("f", Bound("1", True), Bound("5", True))),
    ("f:{1 TO 5}", Range("f", Bound("1", False), Bound("5", False))),
    ("f:[1 TO 5}", Range("f", Bound("1", True), Bound("5", False))),
    ("f:[-5 TO *]", Range("f", Bound("-5", True), None)),
    ('f:["a b" TO "*"]', Range("f", Bound("a b", True), Bound("*", True))),
    ("f:[now-7d/d TO now/d}", Range("f", Bound("now-7d/d", True), Bound("now/d", False))),
    ("f:>5", Range("f", Bound("5", False), None)),
    ("f:>=5", Range("f", Bound("5", True), None)),
    ("f:<5", Range("f", None, Bound("5", False))),
    ("f:<=-5", Range("f", None, Bound("-5", True))),
    (
        "f:(>=1 AND <5)",
        And((Range("f", Bound("1", True), None), Range("f", None, Bound("5", False)))),
    ),
    ("f:\\>5", Term("f", ">5")),
    (">5", Term(None, ">5")),
    # Wildcards, phrases, escapes.
    ("a*", Wildcard(None, "a*")),
    ("*a?b", Wildcard(None, "*a?b")),
    ("f:a\\*b*", Wildcard("f", "a\\*b*")),
    ("a\\*", Term(None, "a*")),
    ("a\\ b", Term(None, "a b")),
    ("\\AND", Term(None, "AND")),
    ("\\u0041", Term(None, "A")),
    ("a-b+c", Term(None, "a-b+c")),
    ("TO", Term(None, "TO")),
    ('"a \\"b\\" \\\\"', Phrase(None, 'a "b" \\')),
    ('"a*"', Phrase(None, "a*")),
    ('"a b"~2', Phrase(None, "a b", 2)),
    ('"a b"^2.5', Phrase(None, "a b")),
    ("(a b)^2", Term(None, "a b")),
    ('f:"-5"', Phrase("f", "-5")),
    ("f:\\-5", Term("f", "-5")),
    ('f:""', Phrase("f", "")),
    ("foo~", Fuzzy(None, "foo")),
    ("foo~AUTO", Fuzzy(None, "foo")),
    ("f:foo~2^3", Fuzzy("f", "foo", 2)),
    ("foo~9", Fuzzy(None, "foo", 2)),
    ("abcde~0.8", Fuzzy(None, "abcde", 0)),
    ("abcde~0.5", Fuzzy(None, "abcde", 2)),
    ("fo*~", Wildcard(None, "fo*")),
    ("/a.*/", Regex(None, "a.*")),
    ("f:/a\\/[b-d]{2,}/", Regex("f", "a\\/[b-d]{2,}")),
    ("a/b/c", Or((Term(None, "a"), Regex(None, "b"), Term(None, "c")))),
    ("prop\\*:x", Term("prop*", "x")),
    ("prop\\*:*", Exists("prop*")),
    ("_exists_:prop*", Exists("prop*")),
    ("_exists_:*", All()),
    ('f:"a b"~2', Phrase("f", "a b", 2)),
]

ERRORS = [
    # text, position, part of the message, part of the hint
    ("status:-5", 7, "unexpected '-'", "quotes"),
    ("url:/api/v1/users", 11, "never closed", "quotes"),
    ("foo/bar", 3, "never closed", "quotes"),
    ("a:b:c", 3, "unexpected ':'", "quotes"),
    (":a", 0, "unexpected ':'", "before the colon"),
    ("foo AND", 7, "end of the query", "quotes"),
    ("AND foo", 0, "unexpected 'AND'", "quotes"),
    ("NOT", 3, "end of the query", ""),
    ("a OR OR b", 5, "unexpected 'OR'", "quotes"),
    ("(foo", 4, "never closed", "character 1"),
    ("foo)", 3, "unexpected ')'", ""),
    ("()", 1, "unexpected ')'", "between the parentheses"),
    ('"foo', 0, "never closed", '"'),
    ("status:[200 TO", 14, "never closed", "[1 TO 5]"),
    ("status:[200", 11, "expected TO", "[1 TO 5]"),
    ("status:[200 300]", 12, "expected TO", "[1 TO 5]"),
    ("status:[200 to 300]", 12, "expected TO", "[1 TO 5]"),
    ("status:[ TO 300]", 12, "expected TO", ""),
    ("status:[1 TO 2 3]", 15, "expected ] or }", "quotes"),
    ("status:[]", 8, "expected a value", "*"),
    ("[1 TO 2]", 0, "needs a field", "timestamp"),
    ("status:> 400", 8, "directly after '>'", "no space"),
    ("f:(>1 <5)", 3, "beside another value", "AND"),
    ('"a b"~x', 5, "whole number", ""),
    ('"a b"~1000', 5, "whole number", ""),
    ("foo^", 3, "number after '^'", ""),
    ("foo\\", 3, "backslash", ""),
    ("\\u12", 0, "four hexadecimal", ""),
    ("\\ud800", 0, "not a character", ""),
    ("a\x00", 1, "not text", ""),
    ("prop*:x", 0, "is a pattern", "prop\\*:x"),
    ("_exists_:[a TO b]", 9, "name of a field", ""),
    ("foo~x", 3, "0, 1 or 2", "quikc~1"),
    ("foo~1.5", 3, "0, 1 or 2", ""),
    ("/a~b/", 2, "not supported", "NOT"),
    ("/a&b/", 2, "not supported", "AND"),
    ("f:/a(b/", 4, "never closed", ")"),
    ("/a[b/", 2, "never closed", "]"),
    ("/a{x}/", 3, "expected a number", ""),
    ("/a{2000}/", 2, "count", ""),
    ("/(a{50}){50}/", 1, "too large", ""),
    ("/<a-b>/", 1, "interval", "\\<"),
    ("/a|/", 3, "ends where", ""),
    ("/[z-a]/", 5, "backwards", ""),
    ("/" + "a" * 1001 + "/", 1, "limit is 1000", ""),
    ("+-a", 1, "unexpected '-'", ""),
    ("~a", 0, "unexpected '~'", ""),
    ("t:>=12:30", 6, "unexpected ':'", "in brackets"),
    ("(" * 60 + "a" + ")" * 60, 40, "parentheses inside", ""),
    ("x" * (LENGTH_MAX + 1), LENGTH_MAX, "limit", ""),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[text for text, _ in TREES])
def test_a_query_parses_to_its_tree(text: str, tree: Tree) -> None:
    assert parse(text).tree == tree


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"), ERRORS, ids=[case[0][:30] for case in ERRORS]
)
def test_a_query_that_is_not_valid_is_refused_with_place_and_hint(
    text: str, position: int, message: str, hint: str
) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)

    assert message in str(refused.value)
    assert refused.value.position == position
    assert hint in refused.value.hint


def test_too_many_conditions_are_refused() -> None:
    with pytest.raises(QueryError, match="more than 500 conditions"):
        parse(" OR ".join("a" for _ in range(LEAVES_MAX + 1)))


def test_what_narrows_nothing_is_told() -> None:
    (note,) = parse("event:Signup OR status:404 AND ok:false").notes

    assert note.startswith("'event:Signup' narrows nothing")


def test_a_position_counts_from_the_first_character() -> None:
    tree = parse("  event:(a OR x)").tree

    assert isinstance(tree, Or)
    assert [part.position for part in tree.parts if isinstance(part, Term)] == [9, 14]
