"""Whatever somebody types, the parser gives a tree or a `QueryError` with a place in the text."""

from collections.abc import Callable
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailrace.errors import QueryError
from tailrace.query.bind import Binder, quoted
from tailrace.query.compile import compile_tree, notes_on
from tailrace.query.evaluate import evaluate
from tailrace.query.lucene import parse
from tailrace.query.text import like_pattern, matches
from tailrace.query.times import instant_of, span_of
from tailrace.query.tree import Phrase, leaves, render

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
# Mostly what means something, so that the parser gets far.
PIECES = [
    *("AND", "OR", "NOT", "&&", "||", "!", "+", "-", "(", ")", "[", "]", "{", "}", " TO ", ":"),
    *('"', "\\", "*", "?", "~", "^", "/", ">", "<", "=", " ", "  ", "a", "b", "event", "now-1d/d"),
    *(
        "properties.a",
        "timestamp",
        "_exists_",
        "1",
        "2.5",
        "\u3000",
        "é",
        "\u202e",
        "\\u00e9",
        "\n",
    ),
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=14).map("".join)


Refused = tuple[str, int | None]


def refused(ask: Callable[[], object]) -> Refused | None:
    """Return message and position of the `QueryError`, if that is what comes of it."""
    try:
        ask()
    except QueryError as error:
        return str(error), error.position
    return None


@settings(max_examples=1_500, deadline=None)
@given(texts | st.text(max_size=40))
@example("(" * 200 + "a" + ")" * 200)
@example("a " * 3_000)
@example("a OR " * 600 + "b")
@example("\\u00")
@example("\ud800")
@example('"\\ud83d"')
@example("a\x00b")
@example("[a TO b\\]")
def test_any_text_gives_a_tree_or_a_query_error_with_a_place(text: str) -> None:
    found = refused(lambda: parse(text))
    if found is not None:
        message, position = found
        assert message
        assert position is not None
        assert 0 <= position <= len(text)
        return

    tree = parse(text).tree
    assert parse(render(tree)).tree == tree
    assert list(leaves(tree))
    notes_on(tree)
    event = {"event": "x", "properties": {"a": [1, "b", None]}}
    unfit = refused(lambda: evaluate(tree, event, now=NOW))
    assert unfit == refused(lambda: compile_tree(tree, Binder(), now=NOW))
    assert unfit is None or unfit[1] in range(len(text))


@given(st.text())
def test_no_value_stands_in_the_sql(text: str) -> None:
    binder = Binder()

    sql = compile_tree(Phrase("event", text), binder, now=NOW)

    assert sql == "(event = {p0:String})"
    assert binder.parameters == {"p0": text}


@given(st.text(min_size=1))
def test_a_quoted_name_has_no_quote_that_is_not_escaped(name: str) -> None:
    try:
        inner = quoted(name)[1:-1]
    except ValueError:
        assert "\x00" in name
        return

    assert "`" not in inner.replace("\\\\", "").replace("\\`", "")
    assert not inner.replace("\\\\", "").replace("\\`", "").endswith("\\")


@given(st.text(alphabet="now-+|/dMyhw0123456789T:.Z 2026", max_size=24))
def test_any_time_text_gives_a_span_or_a_query_error(text: str) -> None:
    found = refused(lambda: span_of(text, now=NOW))
    if found is not None:
        assert text in found[0]
        return

    span = span_of(text, now=NOW)
    assert span.start_ms < span.end_ms
    assert instant_of(text, name="since", now=NOW) <= span.end_ms


@given(st.text(alphabet="ab*?\\", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_pattern_of_plain_letters_matches_itself_alone(pattern: str, text: str) -> None:
    if pattern.isalpha():
        assert matches(pattern, text) == (pattern == text)
        assert like_pattern(pattern) == pattern
    elif "\\" not in pattern and pattern:
        assert matches(pattern, pattern.replace("*", "").replace("?", "a"))
