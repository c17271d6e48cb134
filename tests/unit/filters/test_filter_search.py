"""Filters in the language of the search bar, from a table."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailrace.deliver.blocks import Entry
from tailrace.deliver.sights import screen_of
from tailrace.filters import FilterError, FilterFailedError, compile_search, read_filter

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "cases/filters/search.json").read_text()
)
EVENT: dict[str, Any] = TABLE["event"]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["filter"])
def test_a_search_decides_of_one_event(case: dict[str, Any]) -> None:
    assert compile_search(case["filter"]).evaluate(EVENT) is case["result"]


@pytest.mark.parametrize("case", TABLE["invalid"], ids=lambda case: case["filter"])
def test_a_wrong_search_is_refused_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(FilterError) as error:
        compile_search(case["filter"])

    assert str(error.value)
    assert case["hint"] in error.value.hint
    if case["position"] is not None:
        assert error.value.position == case["position"]


def test_a_field_that_is_none_is_warned_of() -> None:
    [warned] = compile_search("evnt:Cart*").warnings

    assert "did you mean" in warned.message


def test_a_date_is_reckoned_from_today() -> None:
    old, future = compile_search("timestamp:<now-1d"), compile_search("timestamp:>now+1d")

    assert old.matches({**EVENT, "timestamp": "2020-01-01T00:00:00.000Z"})
    assert future.matches({**EVENT, "timestamp": "2999-01-01T00:00:00.000Z"})
    assert not future.matches({**EVENT, "timestamp": "2020-01-01T00:00:00.000Z"})


def test_a_time_of_an_event_that_is_none_cannot_be_decided() -> None:
    search = compile_search("original_timestamp:>2026-01-01")

    with pytest.raises(FilterFailedError):
        search.evaluate({**EVENT, "originalTimestamp": "soon"})


def test_a_destinations_filter_may_be_a_search() -> None:
    given = {"if": "properties.total:<50", "language": "lucene", "actions": [{"type": "DROP"}]}
    entry = Entry.of(json.dumps(EVENT).encode(), "web-shop", 0)

    _, refused = screen_of([{**given, "title": "Small"}]).seen(entry)
    _, kept = screen_of([{**given, "if": "properties.total:>50"}]).seen(entry)

    assert (refused, kept) == ("filter: Small", "")
    with pytest.raises(FilterError, match="language is 'sql'"):
        read_filter({**given, "language": "sql"})
