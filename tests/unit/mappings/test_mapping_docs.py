"""The examples of the guide to mappings give what it says."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from tailrace.mappings import compile_mapping
from tailrace.mappings.compiling import _DIRECTIVES
from tailrace.mappings.fields import FieldType

GUIDE = (Path(__file__).parents[3] / "docs/mappings.md").read_text()
MAPPING, EVENT, PAYLOAD = map(json.loads, re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL))
ROWS = re.findall(r"^\| `([\[{].*[\]}])` \| (?:`(.*)`|no value) \|$", GUIDE, re.MULTILINE)


def test_the_first_example_makes_what_it_says() -> None:
    assert compile_mapping(MAPPING).apply(EVENT) == PAYLOAD


@pytest.mark.parametrize(("mapping", "gives"), ROWS, ids=[row[0] for row in ROWS])
def test_a_mapping_of_the_guide_gives_what_it_says(mapping: str, gives: str) -> None:
    payload = compile_mapping({"v": json.loads(mapping)}).apply(EVENT)

    expected = {"v": json.loads(gives)} if gives else {}
    assert json.dumps(payload, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_no_row_of_the_guide_is_passed_over() -> None:
    table = GUIDE.split("| Mapping | Gives |\n| --- | --- |\n")[1].split("\n\n")[0]

    assert len(ROWS) == len(table.splitlines())


@pytest.mark.parametrize("name", _DIRECTIVES)
def test_every_directive_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("name", get_args(FieldType))
def test_every_type_of_field_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in GUIDE
