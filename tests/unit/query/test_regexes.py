"""Regular expressions of Lucene's: what they match, and what is refused."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.errors import QueryError
from tailrace.query.regexes import expression_of

MATCHES = [
    # expression, texts that match, texts that do not
    ("", [""], ["a"]),
    ("abc", ["abc"], ["abcd", "xabc", "ABC", ""]),
    ("a.c", ["abc", "a\nc", "a😀c"], ["ac", "abbc"]),
    ("a?b*c+", ["c", "abbcc", "ac"], ["ab", "aac"]),
    ("a{2}", ["aa"], ["a", "aaa"]),
    ("a{2,}", ["aa", "aaaaa"], ["a"]),
    ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
    ("a{3,1}", [], ["", "a", "aa", "aaa"]),
    ("(ab)*", ["", "abab"], ["aba"]),
    ("a|bc|d", ["a", "bc", "d"], ["abc", "b"]),
    ("()", [""], ["a"]),
    ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
    ("[^a-c]", ["d", "ü", "\n"], ["a", ""]),
    ("[a\\-z]", ["a", "-", "z"], ["b"]),
    ("[]a]", ["]", "a"], ["b"]),
    ("[ü-ÿ]", ["ý"], ["u"]),
    ("\\d+", ["123"], ["1a", "", "٣"]),
    ("\\D", ["a", "٣"], ["1"]),
    ("\\w+", ["a_1"], ["a-1", "ü"]),
    ("[\\d.]+", ["1.5"], ["1,5"]),
    ("\\s\\S", [" a"], ["a "]),
    ("a\\.b", ["a.b"], ["axb"]),
    ("a\\/b", ["a/b"], ["a\\/b"]),
    ('"a.b*"', ["a.b*"], ["axb"]),
    ("@", ["", "anything at all"], []),
    ("a#", [], ["a", "a#"]),
    ("#|a", ["a"], ["", "#"]),
    ("<1-100>", ["1", "99", "100", "007"], ["0", "101", "1000", "a"]),
    ("<9-12>", ["9", "10", "11", "12", "0012"], ["8", "13"]),
    ("<010-120>", ["010", "099", "120"], ["10", "121", "0010"]),
    ("<5-3>", ["3", "4", "5"], ["2", "6"]),
    ("v<1-3>(.<0-9>)?", ["v1", "v2.5"], ["v4", "v1.10"]),
    ("^a$", ["^a$"], ["a"]),
    ("*a", ["*a"], ["a", "ba"]),
    ("a{0}", [""], ["a"]),
    ("(a{0}){1000}b", ["b"], ["ab"]),
]
REFUSED = [
    # expression, position, part of the message
    ("a~b", 1, "'~'"),
    ("a&b", 1, "'&'"),
    ("(a", 0, "never closed"),
    ("a)", 1, "unexpected ')'"),
    ("[a", 0, "never closed"),
    ("a{", 2, "expected a number"),
    ("a{1", 3, "expected }"),
    ("a|", 2, "ends where"),
    ("a\\", 2, "ends where"),
    ('"a', 0, "never closed"),
    ("<1>", 0, "interval"),
    ("<a-b>", 0, "interval"),
    ("[b-a]", 4, "backwards"),
    ("a{1001}", 1, "over 1000"),
    ("((a{30}){30}){30}", 0, "too large"),
    ("a" + "*" * 60, 51, "too many repetitions"),
    ("(" * 60 + "a", 51, "inside each other"),
    ("a" * 1001, 0, "limit is 1000"),
]


@pytest.mark.parametrize(("pattern", "texts", "others"), MATCHES, ids=[case[0] for case in MATCHES])
def test_an_expression_matches_whole_texts(
    pattern: str, texts: list[str], others: list[str]
) -> None:
    expression = expression_of(pattern)

    assert [text for text in texts if not expression.matches(text)] == []
    assert [text for text in others if expression.matches(text)] == []


@pytest.mark.parametrize(
    ("pattern", "position", "message"), REFUSED, ids=[case[0][:20] for case in REFUSED]
)
def test_what_is_no_expression_is_refused_with_its_place(
    pattern: str, position: int, message: str
) -> None:
    with pytest.raises(QueryError) as refused:
        expression_of(pattern, 10)

    assert refused.value.position == 10 + position
    assert message in str(refused.value)


def test_an_expression_that_makes_others_try_forever_is_answered() -> None:
    expression = expression_of("(a+)+(a*)*(a|aa)+b")

    assert not expression.matches("a" * 5_000)
    assert expression.matches("a" * 5_000 + "b")


SIMPLE = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "ab"]),
    lambda inner: st.one_of(
        st.builds("({})*".format, inner),
        st.builds("({})+".format, inner),
        st.builds("({})?".format, inner),
        st.builds("({}){{1,2}}".format, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(SIMPLE, st.text(alphabet="abc", max_size=6))
def test_an_expression_without_own_signs_means_what_it_means_in_python(
    pattern: str, text: str
) -> None:
    expression = expression_of(pattern)

    assert expression.matches(text) == (re.fullmatch(pattern, text, re.DOTALL) is not None)
    assert (re.search(expression.re2, text) is not None) == expression.matches(text)
