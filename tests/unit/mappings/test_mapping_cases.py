"""Mapping directives and the fields of actions, case by case."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tailrace.mappings import (
    Field,
    MappingError,
    MappingFailedError,
    clean,
    compile_mapping,
    is_whole_event,
)
from tailrace.mappings.compiling import DEPTH_MAX, MAPPING_LENGTH_MAX, PROBLEMS_MAX
from tailrace.mappings.running import OUTPUT_SIZE_MAX

CASES = Path(__file__).parents[2] / "cases/mappings"
VALID = json.loads((CASES / "valid.json").read_text())
EVENT = VALID["event"]


def cases(name: str) -> Any:
    return json.loads((CASES / name).read_text())


def as_json(value: Any) -> str:
    """Return the value as text, so that 1, 1.0 and true are three values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@pytest.mark.parametrize("case", VALID["cases"], ids=lambda case: case["name"])
def test_a_mapping_gives_what_the_table_says(case: dict[str, Any]) -> None:
    before = copy.deepcopy(EVENT)

    payload = compile_mapping(case["mapping"]).apply(EVENT)

    assert as_json(payload) == as_json(case.get("gives"))
    assert before == EVENT


@pytest.mark.parametrize("case", cases("invalid.json"), ids=lambda case: as_json(case["mapping"]))
def test_a_wrong_mapping_is_refused_with_every_place(case: dict[str, Any]) -> None:
    with pytest.raises(MappingError) as refused:
        compile_mapping(case["mapping"])

    assert list(refused.value.problems) == list(case["problems"])
    for where, part in case["problems"].items():
        assert part in refused.value.problems[where]
        assert where in str(refused.value)


@pytest.mark.parametrize("case", cases("failing.json"), ids=lambda case: as_json(case["mapping"]))
def test_a_mapping_that_fits_no_such_event_says_why(case: dict[str, Any]) -> None:
    compiled = compile_mapping(case["mapping"])

    with pytest.raises(MappingFailedError, match=case["says"]):
        compiled.apply(EVENT)


def field_of(given: dict[str, Any]) -> Field:
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
    }
    known["fields"] = tuple(map(field_of, given.get("fields", [])))
    known.setdefault("name", "v")
    return Field(**known)


@pytest.mark.parametrize("case", cases("fields.json"), ids=lambda case: case["name"])
def test_a_value_is_fitted_to_its_field(case: dict[str, Any]) -> None:
    payload = {"v": case["value"], "unknown": 1}
    before = copy.deepcopy(payload)

    cleaned = clean([field_of(case["field"])], payload, is_batch=case.get("batch", False))

    if "problem" in case:
        assert cleaned.payload is None
        (problem,) = cleaned.problems
        assert problem.field.startswith("v")
        assert case["problem"] in problem.message
    else:
        assert cleaned.problems == ()
        expected = {"v": case["gives"]} if "gives" in case else {}
        assert as_json(cleaned.payload) == as_json(expected)
    assert payload == before


def test_all_problems_of_a_payload_are_told_with_their_places() -> None:
    fields = [
        Field(name="id", type="integer", is_required=True),
        Field(
            name="items", type="object", is_multiple=True, fields=(Field(name="n", type="number"),)
        ),
        Field(name="at", type="datetime"),
    ]

    cleaned = clean(fields, {"items": [{"n": 1}, {"n": "x"}, 5], "at": "soon"})

    assert [problem.field for problem in cleaned.problems] == ["id", "items[1].n", "items[2]", "at"]


@pytest.mark.parametrize("payload", [None, [], "x", 5])
def test_a_payload_that_is_no_object_fits_nothing(payload: Any) -> None:
    cleaned = clean([], payload)

    assert cleaned.payload is None
    assert "expected an object" in cleaned.problems[0].message


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"@path": "$."}, True),
        ({"@path": ""}, True),
        ({"@path": "."}, True),
        ({"@path": "$.", "_metadata": {}}, True),
        ({"@path": "$"}, False),
        ({"@path": "$.properties"}, False),
        ({"@path": ["$."]}, False),
        ({"@path": "$.", "a": 1}, False),
        ({"@literal": {"@path": "$."}}, False),
        ({}, False),
        ("$.", False),
        (None, False),
    ],
)
def test_a_mapping_of_the_whole_event_is_known(mapping: Any, *, expected: bool) -> None:
    assert is_whole_event(mapping) is expected


def test_the_whole_event_is_handed_through_as_it_is() -> None:
    compiled = compile_mapping({"@path": "$."})

    assert compiled.is_whole_event
    assert compiled.apply(EVENT) is EVENT


def test_reserved_keys_are_read_apart() -> None:
    compiled = compile_mapping(
        {"__segment_internal_sync_mode": "upsert", "__segment_internal_matching_key": "id", "a": 1}
    )

    assert compiled.sync_mode == "upsert"
    assert compiled.matching_key == "id"
    assert compiled.apply({}) == {"a": 1}


def nested(levels: int) -> Any:
    mapping: Any = 1
    for _ in range(levels):
        mapping = [mapping]
    return mapping


def test_a_mapping_of_twenty_levels_passes_and_one_more_does_not() -> None:
    assert compile_mapping(nested(DEPTH_MAX)).apply({}) == nested(DEPTH_MAX)

    with pytest.raises(MappingError, match="levels deep"):
        compile_mapping(nested(DEPTH_MAX + 1))


def test_even_a_mapping_beyond_all_depth_is_refused() -> None:
    with pytest.raises(MappingError, match="levels deep"):
        compile_mapping(nested(100_000))


def test_a_mapping_of_64_kilobytes_passes_and_one_byte_more_does_not() -> None:
    text = "x" * (MAPPING_LENGTH_MAX - len('{"a":""}'))

    assert compile_mapping({"a": text}).apply({}) == {"a": text}
    with pytest.raises(MappingError, match=f"{MAPPING_LENGTH_MAX + 1} bytes"):
        compile_mapping({"a": text + "x"})


def test_no_more_problems_are_told_than_anybody_reads() -> None:
    with pytest.raises(MappingError) as refused:
        compile_mapping([{"@path": 5}] * 200)

    assert len(refused.value.problems) == PROBLEMS_MAX


def test_a_long_name_is_shown_by_its_beginning() -> None:
    with pytest.raises(MappingError) as refused:
        compile_mapping({"k" * 60_000: [{"@path": 5}] * 40})

    assert len(str(refused.value)) < 10_000


DOUBLED: Any = {"@path": "$.a"}
for _ in range(4):
    DOUBLED = {"@transform": {"apply": {"a": [DOUBLED] * 4}, "mapping": {"@path": "$.a"}}}
LONGER: Any = {"@path": "$.a"}
for _ in range(5):
    LONGER = {
        "@replace": {"value": LONGER, "pattern": "x", "replacement": "x" * 10, "pattern2": "x"}
    }
    LONGER["@replace"]["replacement2"] = "x" * 10


@pytest.mark.parametrize(
    "mapping",
    [
        {"a": [{"@path": "$.a"}] * 60},
        {"@template": "{{a}}" * 60},
        DOUBLED,
        LONGER,
        {"@json": {"mode": "encode", "value": [{"@path": "$.a"}] * 60}},
        {"@template": {"@literal": "{{a}}" * 60}},
        {"@flatten": {"value": {"x" * 1_000: {"@path": "$.l"}}, "separator": "x" * 100}},
        {"@arrayPath": ["$.l", {"a": list(range(2_000))}]},
        {"@arrayPath": ["$.l", {"a": {"@path": "a.b" * 8_000}}]},
        [{"@excludeWhenNull": {"@path": "$.o"}}] * 1_000,
        [{"@template": {"@path": "$.t"}}] * 1_000,
    ],
    ids=lambda mapping: as_json(mapping)[:40],
)
def test_no_mapping_makes_a_payload_without_bound(mapping: Any) -> None:
    event = {
        "a": "x" * 30_000,
        "l": list(range(2_000)),
        "o": {str(i): None for i in range(2_000)},
        "t": "{{missing}}" * 3_000,
    }

    with pytest.raises(MappingFailedError, match=str(OUTPUT_SIZE_MAX)):
        compile_mapping(mapping).apply(event)


def test_text_that_decodes_to_something_too_deep_stays_within_the_errors() -> None:
    event = {"a": "[" * 400 + "]" * 400}

    with pytest.raises(MappingFailedError, match="deep"):
        compile_mapping({"@json": {"mode": "decode", "value": {"@path": "$.a"}}}).apply(event)


def test_applying_a_mapping_twice_gives_the_same() -> None:
    compiled = compile_mapping({"v": {"@merge": {"objects": [{"a": 1}], "direction": "left"}}})

    assert compiled.apply({}) == compiled.apply({}) == {"v": {"a": 1}}
