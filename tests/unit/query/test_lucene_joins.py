import pytest

from tailrace.query.lucene import parse
from tailrace.query.tree import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("a b", "(a AND b)"),
        ("event:a b:c", "(event:a AND b:c)"),
        ("a:1 OR b:2", "(a:1 OR b:2)"),
        ("a:1 b:2 OR c:3", "a:1"),
        ("a:1 -b:2 c:3", "(a:1 AND c:3 AND (NOT b:2))"),
        ("a:1 AND b:2 c:3", "(a:1 AND b:2 AND c:3)"),
        ("event:(a b)", "event:(a b)"),
        ('"a b" c', '("a b" AND c)'),
    ],
)
def test_clauses_can_be_joined_by_and(text: str, expected: str) -> None:
    assert render(parse(text, joins_all=True).tree) == expected
