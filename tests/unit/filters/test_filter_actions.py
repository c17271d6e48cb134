"""What a destination's filters do to an event, case by case."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tailrace.filters import DestinationFilter, FilterError, Sample, apply_filters, read_filter
from tailrace.filters.filter import compile_filter
from tailrace.filters.sampling import share_of

CASES = Path(__file__).parents[2] / "cases/filters"
ACTIONS = json.loads((CASES / "actions.json").read_text())
EVENT = ACTIONS["event"]


@pytest.mark.parametrize("case", ACTIONS["cases"], ids=lambda case: case["name"])
def test_filters_do_what_the_table_says(case: dict[str, Any]) -> None:
    filters = [read_filter(each) for each in case["filters"]]
    before = copy.deepcopy(EVENT)

    applied = apply_filters(filters, EVENT)

    assert before == EVENT
    if "gives" in case:
        assert (applied.event, applied.stopped_by, applied.reason) == (case["gives"], None, "")
    else:
        assert applied.event is None
        assert applied.stopped_by is filters[case["stopped_by"]]
        assert applied.reason == case["reason"]


def test_an_event_that_no_filter_matches_is_handed_through_as_it_is() -> None:
    filters = [read_filter({"if": "type = 'page'", "actions": [{"type": "DROP"}]})]

    assert apply_filters(filters, EVENT).event is EVENT


def test_what_is_not_edited_is_shared_not_copied() -> None:
    action = {"type": "DROP_PROPERTIES", "fields": {"context": ["ip"]}}

    sent = apply_filters([read_filter({"if": "all", "actions": [action]})], EVENT).event

    assert sent is not None
    assert sent["properties"] is EVENT["properties"]
    assert sent["context"] is not EVENT["context"]


@pytest.mark.parametrize(
    "case",
    json.loads((CASES / "invalid_actions.json").read_text()),
    ids=lambda case: json.dumps(case["filter"])[:80],
)
def test_a_wrong_action_is_refused_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(FilterError) as refused:
        read_filter(case["filter"])

    assert case["message"] in str(refused.value)


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        # Digests by md5sum of the value as JSON.
        ("user-1", "b78e041863fbae8bf1aae64c8e6ad8b8"),
        (30, "34173cb38f07f89ddbebc2ac9128303f"),
        (30.0, "34173cb38f07f89ddbebc2ac9128303f"),
        (None, "37a6259cc0c1dae299a7866489dff0bd"),
        (True, "b326b5062b2f0e69046810717534cb09"),
        ({"a": [1, "x"]}, "75ae07f43f5b278c0e1e6c1cd14d6a31"),
        ("é", "e7a7f1b00c28b843f6bec86c2212b64e"),
        # Leading zeros are made up for by later bits: all 53 bits of the double are there.
        ("user-9093", "0000f896ca751d12397fb327b5980db3"),
    ],
)
def test_a_share_is_the_digest_read_as_a_fraction(value: Any, digest: str) -> None:
    share = share_of(value)

    exact = int(digest, 16)
    assert 0 <= exact - int(share * 2**128) < 2 ** (exact.bit_length() - 53)


@pytest.mark.parametrize(("drawn", "is_sent"), [(0.0, True), (0.249, True), (0.25, False)])
def test_without_a_path_chance_decides(drawn: float, *, is_sent: bool) -> None:
    sample = DestinationFilter(compile_filter("all"), (Sample(0.25),))

    applied = apply_filters([sample], EVENT, random=lambda: drawn)

    assert (applied.event is not None) is is_sent


def test_chance_is_not_asked_where_it_has_no_say() -> None:
    def never() -> float:
        raise AssertionError("nobody should ask")

    filters = [
        DestinationFilter(compile_filter("all"), (Sample(1.0),)),
        DestinationFilter(compile_filter("all"), (Sample(0.9, ("userId",)),)),
    ]

    assert apply_filters(filters, EVENT, random=never).event is EVENT
