"""A mapping as text: what is wrong with it, and where."""

import json
from typing import Any

import pytest

from tailrace.mappings import compile_mapping
from tailrace.mappings.compiling import MAPPING_LENGTH_MAX
from tailrace.mappings.reading import places_of, troubles_of
from tailrace.mappings.words import DIRECTIVES


@pytest.mark.parametrize(
    ("text", "path", "at", "says"),
    [
        ("", "", "", "no JSON"),
        ('{"a": }', "", "}", "no JSON"),
        ('{"a": 1,}', "", "}", "no JSON"),
        ('{"a": NaN}', "", "NaN", "NaN"),
        ('{"a": {"@pth": "$.x"}}', "a", '{"@pth"', "did you mean @path"),
        ('{"a": {"@path": 5}}', "a.@path", "5", "a number"),
        (
            '{"a": [1, {"@case": {"operator": "lowre", "value": "x"}}]}',
            "a[1].@case.operator",
            '"lowre"',
            "lower or upper",
        ),
        ('{ "a \\u0062" :\n {"@path" :\t[ ] } }', "a b.@path", "[ ]", "a list"),
        ('{"a": {"@path": "x", "b": 1}}', "a", '{"@path"', "beside"),
        (
            '{"a": {"@arrayPath": ["x", {"sku": {"@path": null}}]}}',
            "a.@arrayPath[1].sku.@path",
            "null",
            "null",
        ),
    ],
)
def test_what_is_wrong_has_its_path_and_place(text: str, path: str, at: str, says: str) -> None:
    [found] = troubles_of(text)

    assert (found.path, found.position) == (path, text.index(at))
    assert says in found.message


@pytest.mark.parametrize("text", ["{}", '"x"', "1", '{"a": [{"@path": "$.b"}, null]}', " [ ] "])
def test_a_mapping_has_no_troubles(text: str) -> None:
    assert troubles_of(text) == []


def test_everything_wrong_is_told_at_once() -> None:
    text = '{"a": {"@path": 1}, "b": {"@path": 2}}'

    assert [each.position for each in troubles_of(text)] == [text.index("1"), text.index("2")]


@pytest.mark.parametrize(
    "text", ["[" * 5_000 + "]" * 5_000, "[" * 50_000, json.dumps("x" * (MAPPING_LENGTH_MAX + 1))]
)
def test_texts_beyond_the_bounds_are_refused(text: str) -> None:
    [found] = troubles_of(text)

    assert found.path == ""


def test_places_are_those_of_the_values() -> None:
    given: Any = {"a": {"b": [1, "two", {"c": None}]}, "d": True}
    text = json.dumps(given, indent=2)

    places = places_of(text)

    assert set(places) == {"", "a", "a.b", "a.b[0]", "a.b[1]", "a.b[2]", "a.b[2].c", "d"}
    assert text[places["a.b[1]"] :].startswith('"two"')
    assert text[places["d"] :].startswith("true")


@pytest.mark.parametrize("words", DIRECTIVES, ids=lambda words: words.name)
def test_a_directive_is_shown_as_it_can_be_written(words: Any) -> None:
    assert list(words.form) == [words.name]
    assert words.about
    compile_mapping({"field": words.form})
