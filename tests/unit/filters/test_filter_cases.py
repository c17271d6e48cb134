"""The filter language and the language of triggers, case by case."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailrace.errors import QueryError
from tailrace.filters import FilterError, FilterFailedError, compile_filter, compile_trigger
from tailrace.filters.parser import DEPTH_MAX, TEXT_BYTES_MAX

CASES = Path(__file__).parents[2] / "cases/filters"
FULL = json.loads((CASES / "full.json").read_text())
TRIGGERS = json.loads((CASES / "triggers.json").read_text())


def invalid(name: str) -> list[Any]:
    cases = json.loads((CASES / name).read_text())
    return [pytest.param(*case.values(), id=case["filter"]) for case in cases]


@pytest.mark.parametrize("case", FULL["cases"], ids=lambda case: case["filter"])
def test_a_filter_says_what_the_table_says(case: dict[str, Any]) -> None:
    compiled = compile_filter(case["filter"])

    if case["is"] == "fails":
        assert compiled.matches(FULL["event"]) is False
        assert compiled.failure(FULL["event"])
        with pytest.raises(FilterFailedError):
            compiled.evaluate(FULL["event"])
    else:
        assert compiled.matches(FULL["event"]) is case["is"]
        assert compiled.failure(FULL["event"]) == ""


@pytest.mark.parametrize("case", FULL["cases"], ids=lambda case: case["filter"])
def test_a_filter_says_the_same_once_it_was_written_again(case: dict[str, Any]) -> None:
    compiled = compile_filter(case["filter"])

    again = compile_filter(str(compiled))

    assert again.tree == compiled.tree
    assert not again.warnings
    assert again.matches(FULL["event"]) is compiled.matches(FULL["event"])


@pytest.mark.parametrize("case", TRIGGERS["cases"], ids=lambda case: case["filter"])
def test_a_trigger_says_what_the_table_says(case: dict[str, Any]) -> None:
    compiled = compile_trigger(case["filter"])

    assert compiled.evaluate(TRIGGERS["event"]) is case["is"]


@pytest.mark.parametrize("case", TRIGGERS["cases"], ids=lambda case: case["filter"])
def test_a_trigger_says_the_same_once_it_was_written_again(case: dict[str, Any]) -> None:
    compiled = compile_trigger(case["filter"])

    again = compile_trigger(str(compiled))

    assert again.tree == compiled.tree
    assert again.evaluate(TRIGGERS["event"]) is case["is"]


# What a trigger says of a value that is not there, where the full language may say otherwise.
MISSING = [
    # The text, as a trigger, as a filter.
    ('properties.x = "v"', False, False),
    ('properties.x != "v"', True, True),
    ("properties.x = 5", False, False),
    ("properties.x != 5", False, True),
    ("properties.x < 5", False, False),
    ("properties.x >= 5", False, False),
    ("properties.x = true", False, False),
    ("properties.x = false", False, False),
    ("properties.x = null", True, True),
    ("properties.x != null", False, False),
    ('contains(properties.x, "v")', False, False),
    ('!contains(properties.x, "v")', False, True),
    ('match(properties.x, "v*")', False, False),
    ('!match(properties.x, "v*")', False, True),
    ('match(properties.x, "*v")', False, False),
    ('!match(properties.x, "*v")', False, True),
]


@pytest.mark.parametrize("event", [{}, {"properties": {}}, {"properties": {"x": None}}])
@pytest.mark.parametrize(("text", "as_trigger", "as_filter"), MISSING)
def test_what_is_missing_and_null_are_one_in_both_languages(
    text: str, event: dict[str, Any], *, as_trigger: bool, as_filter: bool
) -> None:
    assert compile_trigger(text).evaluate(event) is as_trigger
    assert compile_filter(text).evaluate(event) is as_filter


@pytest.mark.parametrize(("text", "position", "message", "hint"), invalid("invalid.json"))
def test_a_wrong_filter_is_refused_with_place_and_hint(
    text: str, position: int, message: str, hint: str
) -> None:
    with pytest.raises(FilterError) as refused:
        compile_filter(text)

    assert refused.value.position == position
    assert message in str(refused.value)
    assert hint in refused.value.hint


@pytest.mark.parametrize(("text", "position", "message", "hint"), invalid("invalid_triggers.json"))
def test_a_trigger_that_the_smaller_language_lacks_is_refused(
    text: str, position: int, message: str, hint: str
) -> None:
    with pytest.raises(FilterError) as refused:
        compile_trigger(text)

    assert refused.value.position == position
    assert message in str(refused.value)
    assert hint in refused.value.hint


def test_a_filter_error_is_a_query_error() -> None:
    assert issubclass(FilterError, QueryError)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("type = 'a' or type = 'b' and event = 'c'", 25),
        ("type = 'a' and event = 'b' or type = 'c'", 11),
        ("(type = 'a' or type = 'b' and event = 'c')", 26),
    ],
)
def test_and_beside_or_without_parentheses_is_warned_of(text: str, position: int) -> None:
    (warned,) = compile_filter(text).warnings

    assert warned.position == position
    assert "parentheses" in warned.message


@pytest.mark.parametrize(
    "text",
    [
        "type = 'a' or (type = 'b' and event = 'c')",
        "(type = 'a' or type = 'b') and event = 'c'",
        "type = 'a' and type = 'b' and event = 'c'",
    ],
)
def test_what_cannot_be_misread_is_not_warned_of(text: str) -> None:
    assert compile_filter(text).warnings == ()


def test_a_filter_of_five_kilobytes_passes_and_one_byte_more_does_not() -> None:
    text = "event = '" + "x" * (TEXT_BYTES_MAX - 10) + "'"

    assert compile_filter(text).matches({"event": text[9:-1]})
    with pytest.raises(FilterError, match=f"{TEXT_BYTES_MAX + 1} bytes"):
        compile_filter(text + " ")


def test_the_length_counts_bytes_not_characters() -> None:
    with pytest.raises(FilterError, match="bytes"):
        compile_filter("event = '" + "é" * (TEXT_BYTES_MAX // 2) + "'")


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("!", ""), ("!(", ")")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    per_pair = len(opening)
    deepest = DEPTH_MAX // per_pair
    within = opening * deepest + "properties.yes" + closing * deepest

    compile_filter(within)
    with pytest.raises(FilterError, match="levels deep"):
        compile_filter(opening + within + closing)


@pytest.mark.parametrize("text", ["[" * 60 + "]" * 60 + " = a", "length(" * 60 + "a" + ")" * 60])
def test_lists_and_calls_count_as_nesting(text: str) -> None:
    with pytest.raises(FilterError, match="levels deep"):
        compile_filter(text)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("all", None),
        ("event = 'x'", None),
        ("type = 'track'", {"track"}),
        ("'track' = type", {"track"}),
        ("type = 'track' and properties.total >= 30", {"track"}),
        ("type = 'track' or type = 'page'", {"track", "page"}),
        ("type = 'track' or event = 'x'", None),
        ("type in ['track', 'page']", {"track", "page"}),
        ("type in ['track', event]", None),
        ("type != 'track'", {"identify", "page", "screen", "group", "alias"}),
        ("!(type in ['track', 'page'])", {"identify", "screen", "group", "alias"}),
        ("!(type = 'track' or event = 'x')", {"identify", "page", "screen", "group", "alias"}),
        ("!(type = 'track' and event = 'x')", None),
        ("!(type != 'track')", {"track"}),
        ("type = 'track' and type = 'page'", set()),
        ("type = 'Track'", set()),
        ("type = 5", set()),
        ("type = null", set()),
        ("false", set()),
        ("false or type = 'track'", {"track"}),
        ("!true", set()),
        ("type = event", None),
    ],
)
def test_the_types_that_can_match_are_read_off(text: str, types: set[str] | None) -> None:
    expected = None if types is None else frozenset(types)

    assert compile_filter(text).types == expected


def test_a_trigger_knows_its_types_too() -> None:
    assert compile_trigger("type = 'track' and event = 'x'").types == frozenset({"track"})


def test_a_pattern_with_many_stars_does_not_take_for_ever() -> None:
    compiled = compile_filter("match(event, '" + "*a" * 50 + "*b')")

    assert compiled.matches({"event": "a" * 20_000}) is False


def test_an_empty_event_fits_no_field() -> None:
    assert compile_filter("properties.total >= 30").matches({}) is False


def test_a_huge_number_compares_exactly() -> None:
    compiled = compile_filter("properties.id = 9007199254740993")

    assert compiled.matches({"properties": {"id": 9007199254740993}})
    assert not compiled.matches({"properties": {"id": 9007199254740992}})
