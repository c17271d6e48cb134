"""KQL: its grammar, what each form becomes, and errors with their place."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailrace.errors import QueryError
from tailrace.query.kql import parse, render
from tailrace.query.parsed import DEPTH_MAX, LEAVES_MAX, LENGTH_MAX, ExpectedError
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Term,
    Tree,
    Wildcard,
)

A, B, C = (Term(None, letter) for letter in "abc")

TREES: list[tuple[str, Tree]] = [
    ("", All()),
    ("  \n", All()),
    ("*", All()),
    ("*:*", All()),
    ("a", A),
    (" ( a ) ", A),
    ("a and b", And((A, B))),
    ("a AND b And c", And((A, B, C))),
    ("a or b", Or((A, B))),
    ("a or b and c", Or((A, And((B, C))))),
    ("(a or b) and c", And((Or((A, B)), C))),
    ("(a)or(b)", Or((A, B))),
    ("not a", Not(A)),
    ("NOT (a or b)", Not(Or((A, B)))),
    ("not a and not b", And((Not(A), Not(B)))),
    ("quick brown", Term(None, "quick brown")),
    ('"quick brown"', Phrase(None, "quick brown")),
    ("f:a", Term("f", "a")),
    ("f : a", Term("f", "a")),
    ("f: quick brown fox ", Term("f", "quick brown fox")),
    ("f: cannot find", Term("f", "cannot find")),
    ("f: android", Term("f", "android")),
    ("f: order notes", Term("f", "order notes")),
    ('f:"a and b"', Phrase("f", "a and b")),
    ("f:(a or b)", Or((Term("f", "a"), Term("f", "b")))),
    ("f:(a and not b)", And((Term("f", "a"), Not(Term("f", "b"))))),
    ('f:("a b" or (c and d e))', Or((Phrase("f", "a b"), And((Term("f", "c"), Term("f", "d e")))))),
    ("f:*", Exists("f")),
    ("f:**", Exists("f")),
    ("f:a*", Wildcard("f", "a*")),
    ("f:a?*", Wildcard("f", "a\\?*")),
    ("f:a?", Term("f", "a?")),
    ("f:a\\*", Term("f", "a*")),
    ("f:a\\**", Wildcard("f", "a\\**")),
    ("quick*", Wildcard(None, "quick*")),
    ("os*:win", Term("os*", "win")),
    ("*:win", Term(None, "win")),
    ("f > 5", Range("f", Bound("5", False), None)),
    ("f>=5", Range("f", Bound("5", True), None)),
    ("f < -5", Range("f", None, Bound("-5", False))),
    ('f <= "2026-01-01"', Range("f", None, Bound("2026-01-01", True))),
    ("f:true", Term("f", "true")),
    ("f:null", Not(Exists("f"))),
    ('f:"null"', Phrase("f", "null")),
    ("f:\\and", Term("f", "and")),
    ("f:a \\and b", Term("f", "a and b")),
    ("\\not a", Term(None, "not a")),
    ("f:a\\:b", Term("f", "a:b")),
    ("a\\:b:c", Term("a:b", "c")),
    ("f:\\u00e9t\\u00e9", Term("f", "été")),
    ('f:"a\\"b\\\\c\\td"', Phrase("f", 'a"b\\c\td')),
    ('"my field":x', Term("my field", "x")),
    ("f:/a/b", Term("f", "/a/b")),
    ("f:-5", Term("f", "-5")),
    ("f:a-b_c@d.e", Term("f", "a-b_c@d.e")),
    (
        "f:{ a:1 and b > 2 }",
        Nested("f", And((Term("a", "1"), Range("b", Bound("2", False), None)))),
    ),
    ("f:{a:(1 or 2)}", Nested("f", Or((Term("a", "1"), Term("a", "2"))))),
    ("not f:{ a:1 } or b", Or((Not(Nested("f", Term("a", "1"))), B))),
    ("f:a && b", Term("f", "a && b")),
    ("+a -b !c", Term(None, "+a -b !c")),
]

ERRORS = [
    # text, position, part of the message
    ("status:200 ok:true", 13, 'Expected AND, OR, end of input but ":" found.'),
    ("status:(200 or", 14, "but end of input found."),
    ("and status:1", 0, 'but "a" found.'),
    ("a and", 5, "but end of input found."),
    ("a or or b", 5, 'but "o" found.'),
    ("not", 3, "but end of input found."),
    ("a not b", 2, 'but "n" found.'),
    ("(a", 2, '")" but end of input found.'),
    ("a)", 1, 'but ")" found.'),
    ("()", 1, 'but ")" found.'),
    (":a", 0, 'but ":" found.'),
    ("f:", 2, "but end of input found."),
    ("f:(a:b)", 4, 'but ":" found.'),
    ("f:{a:1", 6, '"}" but end of input found.'),
    ("f:{}", 3, 'but "}" found.'),
    ('f:"a', 4, "but end of input found."),
    ("f >", 3, "but end of input found."),
    ("f > 5*", 4, "is a pattern"),
    ("f > (5)", 4, 'but "(" found.'),
    ("* > 5", 2, "needs the name of a field"),
    ("f:a\\q", 3, 'but "\\" found.'),
    ('"a\\q"', 2, 'but "\\" found.'),
    ("a\\ud800", 1, "not a character"),
    ("a\\*b:c", 0, "cannot be named"),
    ("a {b", 2, 'but "{" found.'),
    ("*:{a:1}", 2, 'but "{" found.'),
    ("a\x00", 1, "not text"),
    ("(" * (DEPTH_MAX + 1) + "a", DEPTH_MAX, "inside each other"),
    ("a or " * LEAVES_MAX + "a", 5 * LEAVES_MAX, "conditions"),
    ("x" * (LENGTH_MAX + 1), LENGTH_MAX, "limit"),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[text for text, _ in TREES])
def test_a_text_is_read_as_its_tree(text: str, tree: Tree) -> None:
    assert parse(text).tree == tree


@pytest.mark.parametrize(
    ("text", "position", "message"), ERRORS, ids=[case[0][:30] for case in ERRORS]
)
def test_a_text_that_is_no_kql_is_refused_with_its_place(
    text: str, position: int, message: str
) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)

    assert refused.value.position == position
    assert message in str(refused.value)


def test_an_error_points_at_its_place() -> None:
    with pytest.raises(ExpectedError) as refused:
        parse("status:200 ok:true")

    assert str(refused.value).splitlines() == [
        'Expected AND, OR, end of input but ":" found.',
        "status:200 ok:true",
        "-------------^",
    ]
    assert refused.value.expected == ("AND", "OR", "end of input")


def test_an_error_in_a_long_text_shows_what_is_around_it() -> None:
    with pytest.raises(ExpectedError) as refused:
        parse("word or " * 60 + "a:b c:d e " + "or word " * 60)

    _, line, pointer = str(refused.value).splitlines()
    assert line[pointer.index("^")] == ":"
    assert len(line) <= 100


def test_null_is_no_value_and_the_answer_says_so() -> None:
    parsed = parse("properties.a:null")

    assert parsed.tree == Not(Exists("properties.a"))
    assert 'properties.a:"null"' in parsed.notes[0]


def tree_or_error(text: str) -> Tree | QueryError:
    try:
        return parse(text).tree
    except QueryError as error:
        return error


PIECES = [
    *("and", "or", "not", " and ", " OR ", " not ", "(", ")", "{", "}", ":", ">", "<=", '"'),
    *(
        "\\",
        "*",
        "?",
        " ",
        "  ",
        "a",
        "f",
        "é",
        "\\u00e9",
        "\\and",
        "null",
        "5",
        "-",
        "\n",
        "\u3000",
    ),
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=14).map("".join))
@example("(" * 200 + "a" + ")" * 200)
@example("f:{" * 60)
@example("not " * 500 + "a")
@example('"\\ud83d"')
def test_any_text_gives_a_tree_or_an_error_with_a_place(text: str) -> None:
    found = tree_or_error(text)

    if isinstance(found, QueryError):
        assert str(found)
        assert found.position in range(len(text) + 1)
    else:
        assert parse(render(found)).tree == found
