"""Short forms of questions on the command line, and how answers look there."""

import pytest
from rich.console import Console

from tailrace.cli.shortforms import aggregations_of, events_of, steps_of
from tailrace.cli.showing import (
    rows_of_funnel,
    rows_of_retention,
    show_funnel,
    show_retention,
    show_trend,
    spark,
    tables_of_aggregations,
)
from tailrace.errors import QueryError


def test_kinds_with_fields_are_nested_by_what_stands_between() -> None:
    found = aggregations_of("date_histogram:1d > terms:event:3 > sum:properties.revenue, avg:p")

    assert found == {
        "time": {
            "date_histogram": {"field": "timestamp", "calendar_interval": "1d"},
            "aggs": {
                "event": {
                    "terms": {"field": "event", "size": 3},
                    "aggs": {
                        "sum:properties.revenue": {"sum": {"field": "properties.revenue"}},
                        "avg:p": {"avg": {"field": "p"}},
                    },
                }
            },
        }
    }


def test_an_interval_that_no_calendar_has_is_a_fixed_one() -> None:
    found = aggregations_of("date_histogram:15m")

    assert found["time"]["date_histogram"]["fixed_interval"] == "15m"


def test_aggregations_may_be_json() -> None:
    text = '{"n": {"max": {"field": "properties.n"}}}'

    assert aggregations_of(text) == {"n": {"max": {"field": "properties.n"}}}


@pytest.mark.parametrize("text", ["", "terms", "nonsense:event", "{", "sum:a > sum:b", "terms:"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="--agg"):
        aggregations_of(text)


def test_steps_stand_between_signs_and_a_star_is_any_event() -> None:
    assert steps_of("Product Viewed > A>B > *") == [
        {"event": "Product Viewed"},
        {"event": "A>B"},
        {},
    ]
    assert events_of(" Order Completed ") == {"event": "Order Completed"}


def test_blocks_rise_to_the_most() -> None:
    assert spark([0, 1, 4, 8]) == " ▁▄█"
    assert spark([0, None, 0]) == ""


def test_nested_buckets_become_the_rows_of_one_table() -> None:
    found = {
        "n": {"value": 7},
        "event": {
            "buckets": [
                {
                    "key": "A",
                    "doc_count": 3,
                    "source": {"buckets": [{"key": "web", "doc_count": 3}]},
                },
                {
                    "key": "B",
                    "doc_count": 2,
                    "source": {"buckets": [{"key": "app", "doc_count": 2}]},
                },
            ]
        },
    }

    tables = list(tables_of_aggregations(found))

    assert tables == [
        (["n"], [[7]]),
        (["event", "source", "events"], [["A", "web", 3], ["B", "app", 2]]),
    ]


FUNNEL = {
    "steps": [
        {"label": "A", "people": 200, "dropped": 0, "of_first": 1.0, "of_previous": None},
        {"label": "B", "people": 50, "dropped": 150, "of_first": 0.25, "of_previous": 0.25},
    ],
    "definition": "What was counted.",
    "notes": ["a note"],
}
RETENTION = {
    "columns": [{"first": 0, "last": 0}, {"first": 1, "last": 3}, {"first": 4, "last": None}],
    "cohorts": [
        {
            "at": "2026-03-10T00:00:00Z",
            "size": 8,
            "cells": [
                {"people": 8, "share": 1.0},
                {"people": 2, "share": 0.25},
                {"people": None, "share": None},
            ],
        }
    ],
    "size": 8,
    "means": [{"share": 1.0}, {"share": 0.25}, {"share": None}],
}
TREND = {
    "interval": "day",
    "buckets": [{"at": "2026-03-10T00:00:00Z"}, {"at": "2026-03-11T00:00:00Z"}],
    "lines": [{"name": "A", "points": [1, 2], "total": 3}],
}


def shown(show: object, answer: object) -> str:
    console = Console(record=True, width=100, file=None, quiet=False)
    with console.capture() as captured:
        show(console, answer)  # type: ignore[operator]
    return captured.get()


def test_a_funnel_a_table_of_retention_and_a_trend_are_shown_with_their_numbers() -> None:
    funnel, table, trend = (
        shown(show_funnel, FUNNEL),
        shown(show_retention, RETENTION),
        shown(show_trend, TREND),
    )

    assert "25.0%" in funnel
    assert "What was counted." in funnel
    assert "a note" in funnel
    assert "1-3" in table
    assert "4+" in table
    assert "▄█" in trend


def test_comma_separated_values_have_numbers_as_they_are() -> None:
    assert rows_of_funnel(FUNNEL)[1][1] == ["B", 50, 0.25, 0.25, 150]
    assert rows_of_retention(RETENTION) == (
        ["cohort", "size", "0", "1-3", "4+"],
        [["2026-03-10T00:00:00Z", 8, 8, 2, None]],
    )
