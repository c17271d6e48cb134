"""Requests for aggregations: what is understood, and what is told of what is not."""

import re
from typing import Any

import pytest

from tailrace.errors import QueryError
from tailrace.query.aggregations import Agg, parse_aggs
from tailrace.query.aggregations.tree import DEPTH_MAX, Filters, Terms
from tailrace.query.tree import And, Not, Phrase


def test_numbers_may_be_written_as_texts() -> None:
    aggs = parse_aggs({"t": {"terms": {"field": "event", "size": "7", "min_doc_count": "0"}}})

    [node] = aggs.nodes
    assert isinstance(node.options, Terms)
    assert (node.options.size, node.options.min_doc_count) == (7, 0)


def test_aggregations_inside_have_their_place_as_path() -> None:
    inner = {"m": {"avg": {"field": "properties.total"}}}

    aggs = parse_aggs({"t": {"terms": {"field": "event"}, "aggregations": inner}})

    assert [node.path for node in aggs.walk()] == ["aggs.t", "aggs.t.aggs.m"]


def test_filters_hold_trees_in_the_order_of_their_names() -> None:
    filters = {
        "b": {"bool": {"must": [{"term": {"event": "x"}}], "must_not": []}},
        "a": "type:page",
    }

    [node] = parse_aggs({"f": {"filters": {"filters": filters}}}).nodes

    assert isinstance(node, Agg)
    assert isinstance(node.options, Filters)
    assert node.options.names == ("a", "b")
    assert node.options.trees[1] == Phrase("event", "x")


def test_a_bool_query_is_all_of_its_parts() -> None:
    query = {"filter": {"term": {"event": "x"}}, "must_not": {"term": {"type": "page"}}}

    [node] = parse_aggs({"f": {"filters": {"filters": [{"bool": query}]}}}).nodes

    assert isinstance(node, Agg)
    assert isinstance(node.options, Filters)
    assert node.options.trees == (And((Phrase("event", "x"), Not(Phrase("type", "page")))),)


def deep(levels: int) -> dict[str, Any]:
    aggs: dict[str, Any] = {"m": {"avg": {"field": "properties.n"}}}
    for _ in range(levels - 1):
        aggs = {"t": {"terms": {"field": "event"}, "aggs": aggs}}
    return aggs


def test_as_many_levels_as_are_allowed_are_understood() -> None:
    aggs = parse_aggs(deep(DEPTH_MAX))

    assert sum(1 for _ in aggs.walk()) == DEPTH_MAX


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "aggs is not a JSON object"),
        ({"a": 1}, "aggs.a is not a JSON object"),
        ({"a": {}}, "aggs.a has no kind"),
        ({"a": {"avg": {"field": "x"}, "sum": {"field": "x"}}}, "aggs.a has avg and sum"),
        ({"a": {"averge": {"field": "x"}}}, "aggs.a.averge is no aggregation known here"),
        ({"a[0]": {"avg": {"field": "x"}}}, "Invalid aggregation name [a[0]]"),
        ({"a": {"terms": {"field": "x", "sise": 1}}}, "aggs.a.terms.sise is no option of terms"),
        ({"a": {"terms": {}}}, "aggs.a.terms: Object missing required field `field`"),
        ({"a": {"terms": {"field": "x", "size": 0}}}, "aggs.a.terms: Expected `int` >= 1"),
        ({"a": {"terms": {"field": "x", "size": 65_536}}}, "Expected `int` <= 65535"),
        ({"a": {"avg": {"field": "x"}, "aggs": {"b": {}}}}, "avg has no buckets"),
        ({"a": {"avg": {"script": "doc.x"}}}, "aggs.a.avg.script: scripts do not run here"),
        ({"a": {"nested": {"path": "p"}}}, "aggs.a.nested is not offered: objects in lists"),
        ({"a": {"scripted_metric": {}}}, "scripts do not run here"),
        ({"a": {"percentiles": {"field": "x", "percents": [101]}}}, "Expected `float` <= 100"),
        ({"a": {"filter": {"fuzzy": {}}}}, "aggs.a.filter.fuzzy is not offered here"),
        ({"a": {"filters": {"filters": []}}}, "expected 1 to 1000"),
        ({"a": {"composite": {"sources": []}}}, "is not a list of 1 to 20 sources"),
        (
            {"a": {"composite": {"sources": [{"s": {"avg": {"field": "x"}}}]}}},
            "aggs.a.composite.sources[0].s.avg is no source",
        ),
        (
            {"a": {"date_histogram": {"field": "timestamp", "time_zone": "Mars/Base"}}},
            "aggs.a.date_histogram.time_zone is 'Mars/Base'",
        ),
        (
            {"a": {"terms": {"field": "x"}, "aggs": {"g": {"global": {}}}}},
            "aggs.a.aggs.g: global may only be at the top",
        ),
        ({"a": {"derivative": {"buckets_path": "b"}}}, "'a' has to stand inside"),
        ({"a": {"max_bucket": {"buckets_path": "b>c"}}}, "'a' works on 'b'"),
        (deep(DEPTH_MAX + 1), f"may be nested {DEPTH_MAX} deep"),
        ({str(n): {"avg": {"field": "x"}} for n in range(101)}, "may have 100 aggregations"),
    ],
)
def test_what_is_not_understood_is_named(given: Any, message: str) -> None:
    with pytest.raises(QueryError, match=re.escape(message)):
        parse_aggs(given)
