"""Liquid templates, case by case, and their bounds."""

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tailrace.mappings import MappingError, MappingFailedError, compile_mapping
from tailrace.mappings.liquid_templates import (
    FILTERS_LEFT_OUT,
    RUN_S_MAX,
    TAGS_LEFT_OUT,
    template_of,
    words,
)
from tailrace.mappings.running import Run

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "cases/mappings/liquid.json").read_text()
)
EVENT: dict[str, Any] = TABLE["event"]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["template"])
def test_a_template_gives_what_the_table_says(case: dict[str, Any]) -> None:
    assert compile_mapping({"@liquid": case["template"]}).apply(EVENT) == case["gives"]


@pytest.mark.parametrize("case", TABLE["invalid"], ids=lambda case: str(case["template"])[:40])
def test_a_wrong_template_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(MappingError) as refused:
        compile_mapping({"text": {"@liquid": case["template"]}})

    assert list(refused.value.problems) == ["text.@liquid"]
    assert case["says"] in str(refused.value)


@pytest.mark.parametrize("case", TABLE["failing"], ids=lambda case: case["template"][:60])
def test_a_template_that_asks_too_much_fails_the_event(case: dict[str, Any]) -> None:
    mapping = compile_mapping({"@liquid": case["template"]})
    begun = time.monotonic()

    with pytest.raises(MappingFailedError) as failed:
        mapping.apply(EVENT)

    assert case["says"] in str(failed.value)
    assert time.monotonic() - begun < 5 * RUN_S_MAX


def test_no_filter_takes_long_or_breaks_on_large_values() -> None:
    event = {
        "text": "<" * 30_000,
        "digits": "1" * 30_000,
        "list": [{"x": str(number)} for number in range(500)],
    }
    _, filters = words()

    for name in filters:
        for value, given in itertools.product(event, ("", ": text", ": text, digits")):
            mapping = compile_mapping({"@liquid": f"{{{{ {value} | {name}{given} }}}}"})
            begun = time.monotonic()
            try:
                made = mapping.apply(event)
            except MappingFailedError as error:
                made = str(error)
            assert isinstance(made, str)
            assert time.monotonic() - begun < 5 * RUN_S_MAX, (name, value, given)


def test_the_time_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    fill = template_of("{{ userId | upcase }}")
    monkeypatch.setattr("tailrace.mappings.liquid_templates.RUN_S_MAX", -1.0)

    with pytest.raises(MappingFailedError, match="takes longer than"):
        fill(EVENT, Run())


def test_what_is_left_out_is_not_there() -> None:
    tags, filters = words()

    assert not TAGS_LEFT_OUT.intersection(tags)
    assert not FILTERS_LEFT_OUT.intersection(filters)
    assert {"if", "assign", "capture"} <= set(tags)
    assert {"upcase", "date", "json", "default"} <= set(filters)


def test_a_template_sees_the_item_of_a_list_and_changes_nothing() -> None:
    before = json.dumps(EVENT)
    shape = {"line": {"@liquid": "{{ n }} x {{ sku }}"}}

    made = compile_mapping({"@arrayPath": ["$.properties.items", shape]}).apply(EVENT)

    assert made == [{"line": "2 x p1"}, {"line": "3 x p2"}]
    assert json.dumps(EVENT) == before


def test_a_list_that_is_too_deep_fails_the_event() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]

    with pytest.raises(MappingFailedError, match="too deep"):
        compile_mapping({"@liquid": "{{ a }}"}).apply({"a": deep})
