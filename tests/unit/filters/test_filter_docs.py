"""The examples of the guide to filters say what they give."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tailrace.filters import compile_filter, compile_trigger, read_filter
from tailrace.filters.functions import FUNCTIONS

GUIDE = (Path(__file__).parents[3] / "docs/filters.md").read_text()
EVENT = json.loads(re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[0])


def rows(header: str) -> list[Any]:
    """Return the code and the result of each row of the tables with this header."""
    found = []
    for table in GUIDE.split(f"| {header} | Result |\n| --- | --- |\n")[1:]:
        for line in table.split("\n\n")[0].splitlines():
            row = re.fullmatch(r"\| `(.*)` \| (.*) \|", line)
            assert row is not None, line
            found.append(pytest.param(*row.groups(), id=row.group(1)))
    return found


@pytest.mark.parametrize(("text", "result"), rows("Filter"))
def test_a_filter_of_the_guide_gives_what_it_says(text: str, result: str) -> None:
    compiled = compile_filter(text)

    assert bool(compiled.failure(EVENT)) is (result == "cannot be decided")
    assert compiled.matches(EVENT) is result.startswith("true")
    assert bool(compiled.warnings) is ("warning" in result)


@pytest.mark.parametrize(("text", "result"), rows("Trigger"))
def test_a_trigger_of_the_guide_gives_what_it_says(text: str, result: str) -> None:
    assert compile_trigger(text).matches(EVENT) is result.startswith("true")


@pytest.mark.parametrize("action", re.findall(r'^\| `(\{"type".*?\})` \|', GUIDE, re.MULTILINE))
def test_an_action_of_the_guide_can_be_read(action: str) -> None:
    assert read_filter({"if": "all", "actions": [json.loads(action)]}).actions


def test_the_filter_of_the_guide_can_be_read() -> None:
    example = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)[1]

    assert read_filter(json.loads(example)).actions


@pytest.mark.parametrize("text", re.findall(r"```text\n(.*?)\n```", GUIDE, re.DOTALL))
def test_a_filter_shown_alone_can_be_read(text: str) -> None:
    assert compile_filter(text).warnings == ()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_in_the_guide(name: str) -> None:
    assert f"`{name}(" in GUIDE
