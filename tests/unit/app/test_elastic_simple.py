import pytest

from tailrace.app.elastic.simple import simple_tree
from tailrace.query.tree import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("a b", "(a OR b)"),
        ("a + b", "(a AND b)"),
        ("a +b", "(a AND b)"),
        ("a | b + c", "((a OR b) AND c)"),
        ("a -b", "(a OR (NOT b))"),
        ("a + -b", "(a AND (NOT b))"),
        ("--a", "a"),
        ('"a b"~2', '"a b"~2'),
        ("a* b~1 c~", "(a* OR b~1 OR c~)"),
        ("(a | b) + c", "((a OR b) AND c)"),
        ("a) + b", "(a AND b)"),
        ("(a", "a"),
        ("() + a", "a"),
        (r"a\+b", r"a\+b"),
        (r"a\*", r"a\*"),
        ('"open', "open"),
    ],
)
def test_a_simple_text_has_its_tree(text: str, expected: str) -> None:
    tree = simple_tree(text, joins_all=False)

    assert tree is not None
    assert render(tree) == expected


@pytest.mark.parametrize("text", ["", "  ", "+", "- |", "()", ')"', "(" * 100])
def test_a_text_without_words_asks_for_nothing(text: str) -> None:
    assert simple_tree(text, joins_all=False) is None


def test_words_can_be_joined_by_and() -> None:
    tree = simple_tree("a b | c", joins_all=True)

    assert tree is not None
    assert render(tree) == "((a AND b) OR c)"
