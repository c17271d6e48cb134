"""Pipelines over rows of buckets, with the answers that Elasticsearch gives."""

from collections.abc import Mapping
from typing import Any

import pytest

from tailrace.errors import QueryError
from tailrace.query.aggregations import parse_aggs
from tailrace.query.aggregations.pipelines import (
    KINDS,
    Level,
    apply_pipelines,
    parse_pipeline,
)

Given = Mapping[str, Any]


def pipe(kind: str, **body: Any) -> Given:
    return {kind: body}


def aggs(given: Given) -> Level:
    """Return a level of a request with these pipelines; what has things inside is a histogram."""
    return parse_aggs(_request(given)).by_name


def _request(given: Given) -> Given:
    histogram = {"histogram": {"field": "properties.x", "interval": 1}}
    metric = {"sum": {"field": "properties.x"}}
    return {
        name: inner
        if any(key in inner for key in KINDS)
        else {**histogram, "aggs": _request(inner)}
        if inner
        else metric
        for name, inner in given.items()
    }


def row(*values: float | None, key: int = 0, step: int = 60_000) -> dict[str, Any]:
    """Return a date histogram; None is a bucket without documents."""
    return {
        "buckets": [
            {
                "key": key + number * step,
                "key_as_string": str(key + number * step),
                "doc_count": 0 if value is None else number + 1,
                "1": {"value": value},
            }
            for number, value in enumerate(values)
        ]
    }


def applied(kind: str, answer: dict[str, Any], **body: Any) -> list[Any]:
    """Return what a parent pipeline named `p` puts into each bucket; "-" where nothing."""
    level = {"h": {"1": {}, "p": pipe(kind, **body)}}
    answers = {"h": answer}
    apply_pipelines(aggs(level), answers)
    buckets = answers["h"]["buckets"]
    return [bucket["p"]["value"] if "p" in bucket else "-" for bucket in buckets]


def kept(kind: str, answer: dict[str, Any], **body: Any) -> list[Any]:
    """Return the keys of the buckets that stay, in order."""
    level = {"h": {"1": {}, "p": pipe(kind, **body)}}
    answers = {"h": answer}
    apply_pipelines(aggs(level), answers)
    return [bucket["key"] for bucket in answers["h"]["buckets"]]


def beside(kind: str, answer: dict[str, Any], path: str = "h>1", **body: Any) -> Any:
    level = {"h": {"1": {}}, "p": pipe(kind, buckets_path=path, **body)}
    answers: dict[str, Any] = {"h": answer}
    apply_pipelines(aggs(level), answers)
    return answers["p"]


VALUES = (10.0, 14.0, None, 5.0)
PARENTS = [
    ("derivative", {}, ["-", 4.0, None, None]),
    ("derivative", {"gap_policy": "insert_zeros"}, ["-", 4.0, -14.0, 5.0]),
    ("cumulative_sum", {}, [10.0, 24.0, 24.0, 29.0]),
    ("serial_diff", {}, ["-", 4.0, "-", "-"]),
    ("serial_diff", {"lag": 3}, ["-", "-", "-", -5.0]),
    ("serial_diff", {"lag": 2, "gap_policy": "insert_zeros"}, ["-", "-", -10.0, -9.0]),
    ("normalize", {"method": "percent_of_sum"}, [10 / 29, 14 / 29, None, 5 / 29]),
    ("normalize", {"method": "rescale_0_1"}, [5 / 9, 1.0, None, 0.0]),
    ("normalize", {"method": "rescale_0_100"}, [500 / 9, 100.0, None, 0.0]),
]


@pytest.mark.parametrize(("kind", "body", "expected"), PARENTS)
def test_a_parent_pipeline_works_along_its_row(
    kind: str, body: dict[str, Any], expected: list[Any]
) -> None:
    found = applied(kind, row(*VALUES), buckets_path="1", **body)

    assert [pytest.approx(value) if value != "-" else value for value in expected] == found


@pytest.mark.parametrize(
    ("script", "window", "shift", "expected"),
    [
        ("unweightedAvg(values)", 2, 0, [None, 1.0, 1.5, 3.0]),
        ("unweightedAvg(values)", 2, 1, [1.0, 1.5, 3.0, 6.0]),
        ("sum(values)", 2, 0, [0.0, 1.0, 3.0, 6.0]),
        ("max(values)", 3, 0, [None, 1.0, 2.0, 4.0]),
        ("min(values)", 2, 0, [None, 1.0, 1.0, 2.0]),
        ("stdDev(values, MovingFunctions.unweightedAvg(values))", 2, 0, [None, 0.0, 0.5, 1.0]),
        ("linearWeightedAvg(values)", 2, 0, [None, 0.5, 5 / 4, 10 / 4]),
        ("ewma(values, 0.5)", 4, 0, [None, 1.0, 1.5, 2.75]),
        ("holt(values, 0.5, 0.5)", 4, 0, [None, 1.0, 1.5, 2.875]),
    ],
)
def test_a_moving_function_sees_the_window_before_its_bucket(
    script: str, window: int, shift: int, expected: list[float | None]
) -> None:
    found = applied(
        "moving_fn",
        row(1.0, 2.0, 4.0, 8.0),
        buckets_path="1",
        window=window,
        shift=shift,
        script=f"MovingFunctions.{script}",
    )

    assert found == [None if value is None else pytest.approx(value) for value in expected]


def test_gaps_take_no_place_in_a_moving_window() -> None:
    found = applied(
        "moving_fn",
        row(1.0, None, 4.0, 8.0),
        buckets_path="1",
        window=2,
        script="MovingFunctions.sum(values)",
    )

    assert found == [0.0, "-", 1.0, 5.0]


def test_a_derivative_is_given_per_unit_too() -> None:
    answers = {"h": row(10.0, 14.0, step=120_000)}
    level = {"h": {"1": {}, "p": pipe("derivative", buckets_path="1", unit="1m")}}

    apply_pipelines(aggs(level), answers)

    assert answers["h"]["buckets"][1]["p"] == {"value": 4.0, "normalized_value": 2.0}


def test_pipelines_build_on_each_other_in_any_order_of_the_request() -> None:
    level = {
        "h": {
            "second": pipe("derivative", buckets_path="first"),
            "first": pipe("derivative", buckets_path="_count"),
        }
    }
    counts = [1, 3, 8]
    answers: dict[str, Any] = {
        "h": {"buckets": [{"key": n, "doc_count": count} for n, count in enumerate(counts)]}
    }

    apply_pipelines(aggs(level), answers)

    assert [bucket.get("first") for bucket in answers["h"]["buckets"]] == [
        None,
        {"value": 2.0},
        {"value": 5.0},
    ]
    assert [bucket.get("second") for bucket in answers["h"]["buckets"]] == [
        None,
        None,
        {"value": 3.0},
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"buckets_path": {"x": "1", "n": "_count"}, "script": "params.x / params.n"},
            [10, 7, "-", 1.25],
        ),
        (
            {
                "buckets_path": {"x": "1"},
                "script": {"source": "params.x * params.by", "params": {"by": 2}},
            },
            [20, 28, "-", 10],
        ),
        (
            {"buckets_path": {"x": "1"}, "script": "params.x + 1", "gap_policy": "insert_zeros"},
            [11, 15, 1, 6],
        ),
        ({"buckets_path": {"x": "1"}, "script": "1 / (params.x - 5)"}, [0.2, 1 / 9, "-", None]),
        ({"buckets_path": "1", "script": "_value * 2"}, [20, 28, "-", 10]),
        ({"buckets_path": ["1", "_count"], "script": "_value0 - _value1"}, [9, 12, "-", 1]),
    ],
)
def test_a_script_calculates_in_each_bucket(body: dict[str, Any], expected: list[Any]) -> None:
    found = applied("bucket_script", row(*VALUES), **body)

    assert [pytest.approx(x) if isinstance(x, float) else x for x in expected] == found


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("bucket_selector", {"buckets_path": {"x": "1"}, "script": "params.x > 7"}, [0, 1]),
        ("bucket_selector", {"buckets_path": {"x": "1"}, "script": "params.x == null"}, [2]),
        (
            "bucket_selector",
            {
                "buckets_path": {"x": "1"},
                "script": "params.x < 7",
                "gap_policy": "insert_zeros",
            },
            [2, 3],
        ),
        ("bucket_sort", {"sort": [{"1": {"order": "desc"}}]}, [1, 0, 3]),
        ("bucket_sort", {"sort": ["1"], "size": 2}, [3, 0]),
        ("bucket_sort", {"sort": [{"1": "asc"}, "_count"], "from": 1}, [0, 1, 2]),
        ("bucket_sort", {"sort": [{"_key": {"order": "desc"}}]}, [3, 2, 1, 0]),
        ("bucket_sort", {"sort": [{"1": "asc"}], "gap_policy": "insert_zeros"}, [2, 3, 0, 1]),
        ("bucket_sort", {"from": 1, "size": 2}, [1, 2]),
    ],
)
def test_buckets_are_chosen_and_sorted(
    kind: str, body: dict[str, Any], expected: list[int]
) -> None:
    assert kept(kind, row(*VALUES, step=1), **body) == expected


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("avg_bucket", {}, {"value": pytest.approx(29 / 3)}),
        ("avg_bucket", {"gap_policy": "insert_zeros"}, {"value": 7.25}),
        ("sum_bucket", {}, {"value": 29.0}),
        ("min_bucket", {}, {"value": 5.0, "keys": ["180000"]}),
        ("max_bucket", {}, {"value": 14.0, "keys": ["60000"]}),
        (
            "stats_bucket",
            {},
            {"count": 3, "min": 5.0, "max": 14.0, "avg": pytest.approx(29 / 3), "sum": 29.0},
        ),
        (
            "percentiles_bucket",
            {"percents": [0, 50, 100]},
            {"values": {"0.0": 5.0, "50.0": 10.0, "100.0": 14.0}},
        ),
        (
            "percentiles_bucket",
            {"percents": [50], "keyed": False},
            {"values": [{"key": 50.0, "value": 10.0}]},
        ),
    ],
)
def test_a_sibling_gives_one_answer_over_the_buckets(
    kind: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert beside(kind, row(*VALUES), **body) == expected


def test_extended_stats_have_the_population_s_bounds() -> None:
    found = beside("extended_stats_bucket", row(1.0, 3.0))

    assert found["variance"] == found["std_deviation"] == 1.0
    assert found["variance_sampling"] == 2.0
    assert found["std_deviation_bounds"]["upper"] == 4.0
    assert found["std_deviation_bounds"]["lower"] == 0.0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("avg_bucket", {"value": None}),
        ("sum_bucket", {"value": 0.0}),
        ("max_bucket", {"value": None, "keys": []}),
        ("stats_bucket", {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0}),
    ],
)
def test_over_no_buckets_a_sibling_has_no_value(kind: str, expected: dict[str, Any]) -> None:
    assert beside(kind, {"buckets": []}) == expected


def test_a_sibling_finds_its_buckets_inside_a_bucket_of_one() -> None:
    level = {
        "f": {"h": {"1": {}}},
        "p": pipe("sum_bucket", buckets_path="f>h>1"),
    }
    answers: dict[str, Any] = {"f": {"doc_count": 3, "h": row(1.0, 2.0)}}

    apply_pipelines(aggs(level), answers)

    assert answers["p"] == {"value": 3.0}


def test_a_sibling_stands_in_every_bucket_of_what_it_is_in() -> None:
    level = {
        "t": {
            "1_groupby": {"1_inner": {}},
            "1": pipe("max_bucket", buckets_path="1_groupby>1_inner"),
            "twice": pipe("bucket_script", buckets_path={"x": "1"}, script="params.x * 2"),
        }
    }
    inner = [
        {"key": k, "doc_count": 1, "1_inner": {"value": v}} for k, v in (("a", 3.0), ("b", 7.0))
    ]
    answers: dict[str, Any] = {
        "t": {"buckets": [{"key": "x", "doc_count": 2, "1_groupby": {"buckets": inner}}]}
    }

    apply_pipelines(aggs(level), answers)

    bucket = answers["t"]["buckets"][0]
    assert bucket["1"] == {"value": 7.0, "keys": ["b"]}
    assert bucket["twice"] == {"value": 14.0}


BUCKET = {
    "key": 1,
    "doc_count": 2,
    "1": {"values": {"50.0": 3.0, "95.0": 9.0}},
    "2": {"avg": 4.0, "std_deviation_bounds": {"upper": 6.0, "lower": 2.0}},
    "3": {"top": [{"sort": [1], "metrics": {"properties.total": 9.5}}]},
    "f": {"doc_count": 1, "m": {"value": 8.0}},
    "t": {"buckets": [{"key": "hat", "doc_count": 5, "m": {"value": 2.5}}]},
    "k": {"buckets": {"label": {"doc_count": 6}}},
    "a.b": {"value": 1.5},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("1[95.0]", 9.0),
        ("1[95]", 9.0),
        ("1.50.0", 3.0),
        ("2.avg", 4.0),
        ("2[std_upper]", 6.0),
        ("3[properties.total]", 9.5),
        ("f>m", 8.0),
        ("f>_count", 1.0),
        ("f._count", 1.0),
        ("t['hat']>m", 2.5),
        ("t['hat']>_count", 5.0),
        ("t._bucket_count", 1.0),
        ("k['label']>_count", 6.0),
        ("a.b", 1.5),
        ("_count", 2.0),
        ("_key", 1.0),
        ("nothing", "-"),
        ("t['cap']>m", "-"),
    ],
)
def test_a_path_leads_to_its_number(path: str, expected: float | str) -> None:
    answers: dict[str, Any] = {"h": {"buckets": [dict(BUCKET)]}}
    others: Given = {name: {} for name in ("1", "2", "3", "f", "t", "k", "a.b", "nothing")}
    level = {"h": {**others, "p": pipe("bucket_script", buckets_path={"x": path}, script="x")}}

    apply_pipelines(aggs(level), answers)

    bucket = answers["h"]["buckets"][0]
    assert (bucket["p"]["value"] if "p" in bucket else "-") == expected


def test_keyed_buckets_keep_their_keys() -> None:
    answers: dict[str, Any] = {
        "h": {"buckets": {"a": {"doc_count": 1}, "b": {"doc_count": 5}, "c": {"doc_count": 9}}}
    }
    chosen = pipe("bucket_selector", buckets_path={"n": "_count"}, script="params.n > 1")

    apply_pipelines(aggs({"h": {"p": chosen}}), answers)

    assert answers["h"]["buckets"] == {"b": {"doc_count": 5}, "c": {"doc_count": 9}}


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("derivative", {}, "buckets_path"),
        ("derivative", {"buckets_path": "1", "unit": "parsec"}, "unit is 'parsec'"),
        ("derivative", {"buckets_path": "1", "other": 1}, "other"),
        ("derivative", {"buckets_path": "1>"}, "buckets_path is '1>'"),
        ("derivative", {"buckets_path": "1", "gap_policy": "x"}, "gap_policy"),
        ("serial_diff", {"buckets_path": "1", "lag": 0}, "lag"),
        ("moving_fn", {"buckets_path": "1", "window": 3, "script": "x"}, "no moving function"),
        (
            "moving_fn",
            {"buckets_path": "1", "window": 3, "script": "MovingFunctions.ewma(values, 2)"},
            "from 0 to 1",
        ),
        ("bucket_script", {"buckets_path": {"x": "1"}, "script": "params.y"}, "asks for 'y'"),
        ("bucket_script", {"buckets_path": {"x": "1"}, "script": "1 +"}, "found the end"),
        ("bucket_selector", {"buckets_path": {"x": "1"}, "script": "params.x"}, "true or false"),
        ("percentiles_bucket", {"buckets_path": "1", "percents": [101]}, "percents"),
        ("bucket_sort", {"sort": [{"a": "asc", "b": "asc"}]}, "sort"),
    ],
)
def test_a_pipeline_that_is_not_right_is_refused(
    kind: str, body: dict[str, Any], reason: str
) -> None:
    with pytest.raises(QueryError, match=reason):
        parse_pipeline(kind, body)


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        ({"p": pipe("derivative", buckets_path="1")}, "inside an aggregation"),
        ({"p": pipe("sum_bucket", buckets_path="h>1")}, "'p' works on 'h'"),
        ({"h": {"p": pipe("derivative", buckets_path="1")}}, "'p' works on '1'"),
        (
            {
                "h": {
                    "a": pipe("derivative", buckets_path="b"),
                    "b": pipe("derivative", buckets_path="a"),
                }
            },
            "build on each other",
        ),
    ],
)
def test_a_pipeline_that_works_on_nothing_is_refused(level: Given, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        aggs(level)
