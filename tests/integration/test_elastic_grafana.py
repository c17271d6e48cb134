"""Grafana's requests to its Elasticsearch data source, as it sends them, and what it reads.

Source: Grafana's Elasticsearch data source plugin 12.8, requests as sent.
"""

from typing import Any

import httpx
import pytest
from elastic_events import MINUTE_MS, START_MS, Face

HOUR_MS = 60 * MINUTE_MS
END_MS = START_MS + HOUR_MS
HEADER: dict[str, Any] = {
    "ignore_unavailable": True,
    "index": "events",
    "search_type": "query_then_fetch",
}
RANGE = {"range": {"timestamp": {"gte": START_MS, "lte": END_MS, "format": "epoch_millis"}}}
ORDERS = {"query_string": {"query": 'event:"Order Completed"', "analyze_wildcard": True}}
BOUNDS = {"min": START_MS, "max": END_MS}


def every(interval_ms: int, **more: Any) -> dict[str, Any]:
    return {
        "date_histogram": {
            "field": "timestamp",
            "fixed_interval": f"{interval_ms}ms",
            "min_doc_count": 0,
            "extended_bounds": BOUNDS,
            "format": "epoch_millis",
        },
        **more,
    }


def asked(face: Face, body: dict[str, Any], **header: Any) -> dict[str, Any]:
    """Return the answer to one search of `_msearch`."""
    [response] = face.many({**HEADER, **header}, body)
    assert response["status"] == 200, response
    assert isinstance(response["hits"]["total"], dict)
    assert isinstance(response["hits"]["hits"], list)
    found: dict[str, Any] = response
    return found


def orders(**aggs: Any) -> dict[str, Any]:
    return {"size": 0, "query": {"bool": {"filter": [RANGE, ORDERS]}}, "aggs": aggs}


# Handshake --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_is_an_elasticsearch_of_version_8(face: Face, path: str) -> None:
    response = httpx.get(face.server.url + "/es" + path, auth=("any", "trt_test_token"))

    assert response.status_code == 200
    assert response.headers["x-elastic-product"] == "Elasticsearch"
    assert response.headers["content-type"] == "application/json"
    version = response.json()["version"]
    assert version["number"].startswith("8.")
    assert version["build_flavor"] == "default"


def test_save_and_test_finds_health_and_the_time_field(face: Face) -> None:
    health = face.get("/_cluster/health", wait_for_status="yellow")
    found = face.get("/events/_field_caps", fields="timestamp")

    assert health["status"] == "green"
    assert list(found["fields"]["timestamp"]) == ["date"]


def test_field_pickers_learn_types_and_keywords(face: Face) -> None:
    found = face.get("/events/_field_caps", fields="*")

    fields = found["fields"]
    assert found["indices"] == ["events"]
    assert fields["event"]["keyword"] == {
        "type": "keyword",
        "metadata_field": False,
        "searchable": True,
        "aggregatable": True,
    }
    assert set(fields["properties.total"]) == {"double", "text"}
    assert set(fields["properties.plan"]) == {"text"}
    assert set(fields["properties.plan.keyword"]) == {"keyword"}
    assert set(fields["properties.paid"]) == {"boolean"}
    assert set(fields["@timestamp"]) == {"date"}


def test_older_versions_read_the_mapping(face: Face) -> None:
    found = face.get("/events/_mapping")["events"]["mappings"]["properties"]

    assert found["timestamp"] == {"type": "date"}
    assert found["event"] == {"type": "keyword"}
    assert found["properties"]["properties"]["paid"] == {"type": "boolean"}


def test_the_one_index_is_listed(face: Face) -> None:
    resolved = face.get("/_resolve/index/*", expand_wildcards="open")
    listed = face.get("/_cat/indices", format="json", expand_wildcards="open")

    assert [index["name"] for index in resolved["indices"]] == ["events"]
    assert [index["index"] for index in listed] == ["events"]


# Metrics ----------------------------------------------------------------------------------------


def test_series_per_plan_have_every_bucket_of_the_time(face: Face) -> None:
    inner = every(20 * MINUTE_MS, aggs={"1": {"avg": {"field": "properties.total"}}})
    terms = {
        "field": "properties.plan",
        "size": 10,
        "order": {"_key": "desc"},
        "min_doc_count": 1,
    }

    response = asked(face, orders(**{"3": {"terms": terms, "aggs": {"2": inner}}}))

    plans = response["aggregations"]["3"]["buckets"]
    assert response["hits"] == {
        "total": {"value": 12, "relation": "eq"},
        "max_score": None,
        "hits": [],
    }
    assert [(plan["key"], plan["doc_count"]) for plan in plans] == [("pro", 4), ("free", 4)]
    assert plans[0]["2"]["buckets"] == [
        {
            "key_as_string": str(START_MS + number * 20 * MINUTE_MS),
            "key": START_MS + number * 20 * MINUTE_MS,
            "doc_count": count,
            "1": {"value": value},
        }
        for number, (count, value) in enumerate([(2, 25.0), (1, 70.0), (1, 100.0), (0, None)])
    ]


def test_metrics_of_an_empty_bucket_are_null_or_zero(face: Face) -> None:
    field = {"field": "properties.total"}
    metrics = {
        "avg": {"avg": field},
        "min": {"min": field},
        "sum": {"sum": field},
        "unique": {"cardinality": {"field": "user_id"}},
    }

    found = asked(face, orders(**{"2": every(20 * MINUTE_MS, aggs=metrics)}))

    empty = found["aggregations"]["2"]["buckets"][-1]
    assert empty["doc_count"] == 0
    assert empty["avg"] == {"value": None}
    assert empty["min"] == {"value": None}
    assert empty["sum"] == {"value": 0.0}
    assert empty["unique"] == {"value": 0}


def test_percentiles_are_keyed_with_a_decimal(face: Face) -> None:
    field = {"field": "properties.total", "percents": ["25", "50", "95.0"]}

    found = asked(face, orders(**{"2": every(HOUR_MS, aggs={"1": {"percentiles": field}})}))

    values = found["aggregations"]["2"]["buckets"][0]["1"]["values"]
    assert list(values) == ["25.0", "50.0", "95.0"]
    assert values["50.0"] == 65.0


def test_extended_stats_have_what_its_editor_offers(face: Face) -> None:
    stats = {"extended_stats": {"field": "properties.total"}}

    found = asked(face, orders(**{"2": every(HOUR_MS, aggs={"1": stats})}))

    values = found["aggregations"]["2"]["buckets"][0]["1"]
    assert (values["count"], values["min"], values["max"], values["sum"]) == (12, 10, 120, 780)
    assert values["std_deviation_bounds"]["upper"] == pytest.approx(
        values["avg"] + 2 * values["std_deviation"]
    )


def test_terms_can_be_ordered_by_a_percentile(face: Face) -> None:
    terms = {
        "terms": {"field": "user_id", "size": "2", "order": {"1[95.0]": "desc"}},
        "aggs": {"1": {"percentiles": {"field": "properties.total", "percents": ["95.0"]}}},
    }

    found = asked(face, orders(**{"3": terms}))

    assert [one["key"] for one in found["aggregations"]["3"]["buckets"]] == ["u-3", "u-2"]


def test_boolean_terms_have_numbers_and_words(face: Face) -> None:
    terms = {"terms": {"field": "properties.paid", "order": {"_key": "asc"}}}

    found = asked(face, orders(**{"3": terms}))["aggregations"]["3"]["buckets"]

    assert [(one["key"], one["key_as_string"], one["doc_count"]) for one in found] == [
        (0, "false", 6),
        (1, "true", 6),
    ]


def test_filters_are_keyed_by_their_labels(face: Face) -> None:
    filters = {
        "pro": {"query_string": {"query": "properties.plan:pro", "analyze_wildcard": True}},
        "all": {"query_string": {"query": "*", "analyze_wildcard": True}},
    }

    found = asked(face, orders(**{"3": {"filters": {"filters": filters}}}))

    assert {
        name: bucket["doc_count"] for name, bucket in found["aggregations"]["3"]["buckets"].items()
    } == {"pro": 4, "all": 12}


def test_pipelines_are_left_out_of_the_first_bucket(face: Face) -> None:
    inner = {
        "1": {"sum": {"field": "properties.total"}},
        "4": {"derivative": {"buckets_path": "1"}},
        "5": {"cumulative_sum": {"buckets_path": "1"}},
        "6": {
            "bucket_script": {"buckets_path": {"x": "1"}, "script": "params.x / 10"},
        },
        "7": {
            "moving_fn": {
                "buckets_path": "1",
                "window": "5",
                "script": "MovingFunctions.unweightedAvg(values)",
            }
        },
    }

    found = asked(face, orders(**{"2": every(20 * MINUTE_MS, aggs=inner)}))

    buckets = found["aggregations"]["2"]["buckets"]
    assert [bucket["1"]["value"] for bucket in buckets] == [100.0, 260.0, 420.0, 0.0]
    assert [bucket.get("4") for bucket in buckets[:3]] == [None, {"value": 160.0}, {"value": 160.0}]
    assert [bucket["5"]["value"] for bucket in buckets] == [100.0, 360.0, 780.0, 780.0]
    assert [bucket["6"]["value"] for bucket in buckets[:3]] == [10.0, 26.0, 42.0]
    assert [bucket["7"]["value"] for bucket in buckets[:3]] == [None, 100.0, 180.0]


def test_a_sum_over_buckets_comes_with_its_hidden_terms(face: Face) -> None:
    inner = {
        "1_groupby": {
            "terms": {"field": "user_id", "size": "65535"},
            "aggs": {"1_inner": {"max": {"field": "properties.total"}}},
        },
        "1": {"sum_bucket": {"buckets_path": "1_groupby>1_inner"}},
    }

    found = asked(face, orders(**{"2": every(HOUR_MS, aggs=inner)}))

    assert found["aggregations"]["2"]["buckets"][0]["1"] == {"value": 90.0 + 100 + 110 + 120}


def test_the_last_value_is_a_top_metric(face: Face) -> None:
    top = {
        "top_metrics": {
            "metrics": [{"field": "properties.total"}],
            "sort": {"timestamp": "desc"},
            "size": "1",
        }
    }

    found = asked(face, orders(**{"2": every(HOUR_MS, aggs={"1": top})}))

    [last] = found["aggregations"]["2"]["buckets"][0]["1"]["top"]
    assert last["metrics"] == {"properties.total": 120}


def test_a_field_that_no_event_has_makes_no_buckets(face: Face) -> None:
    found = asked(face, orders(**{"3": {"terms": {"field": "properties.nothing"}}}))

    assert found["aggregations"]["3"]["buckets"] == []


def test_too_many_buckets_are_refused_in_their_place(face: Face) -> None:
    [found] = face.many(HEADER, orders(**{"2": every(10)}))

    assert found["status"] == 400
    [cause] = found["error"]["root_cause"]
    assert cause["type"] == "too_many_buckets_exception"


# Filters and indices ----------------------------------------------------------------------------


@pytest.mark.parametrize("filters", [RANGE, [RANGE], [RANGE, {"match_all": {}}]])
def test_a_filter_is_an_object_or_a_list(face: Face, filters: object) -> None:
    found = asked(face, {"size": 0, "query": {"bool": {"filter": filters}}})

    assert found["hits"]["total"]["value"] == 16


@pytest.mark.parametrize(
    "index",
    [
        "events",
        ["events"],
        "events,other",
        "events-2026.03.02",
        ["events-2026.03.02", "events-2026.03.03"],
        "events-*",
        "ev*",
        "_all",
        "<events-{now/d}>",
    ],
)
def test_all_names_of_the_index_are_the_events(face: Face, index: object) -> None:
    found = asked(face, {"size": 0, "query": {"bool": {"filter": RANGE}}}, index=index)

    assert found["hits"]["total"]["value"] == 16


def test_an_index_that_is_none_has_nothing_where_that_may_be(face: Face) -> None:
    lenient, strict = face.many(
        {**HEADER, "index": "logs"}, {"size": 0}, {"index": "logs"}, {"size": 0}
    )

    assert lenient["hits"]["total"]["value"] == 0
    assert strict["status"] == 404
    assert strict["error"]["type"] == "index_not_found_exception"


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ('properties.plan:"pro"', 5),
        ('-properties.plan:"pro"', 11),
        ("properties.plan:/pr.*/", 5),
        ("-properties.plan:/pr.*/", 11),
        ("properties.total:>100", 2),
        ("properties.total:<30", 2),
        ('properties.plan:"pro" AND properties.total:>30', 3),
        ('properties.plan.keyword:"pro"', 5),
        ("properties.note:fox", 12),
        ("properties.note.keyword:fox", 0),
        ("plan:pro", 5),
        ("brown", 12),
        ("*", 16),
        ("nosuch:x", 0),
        ("@timestamp:[2026-03-02T09:30:00Z TO *]", 7),
    ],
)
def test_ad_hoc_filters_reach_the_query_text(face: Face, text: str, events: int) -> None:
    query = {"query_string": {"query": text, "analyze_wildcard": True}}

    found = asked(face, {"size": 0, "query": {"bool": {"filter": [RANGE, query]}}})

    assert found["hits"]["total"]["value"] == events


def test_a_query_that_fails_stands_in_its_place(face: Face) -> None:
    bad = {"query_string": {"query": "foo AND"}}

    first, second, third = face.many(
        *(HEADER, {"size": 0}),
        *(HEADER, {"size": 0, "query": bad}),
        *(HEADER, {"size": 1}),
    )

    assert (first["status"], third["status"]) == (200, 200)
    assert second["status"] == 400
    error = second["error"]
    assert error["type"] == "search_phase_execution_exception"
    assert error["root_cause"] == [
        {
            "type": "query_shard_exception",
            "reason": "Failed to parse query [foo AND]",
            "index": "events",
        }
    ]
    assert error["failed_shards"][0]["reason"]["caused_by"]["type"] == "parse_exception"


# Logs, raw documents ----------------------------------------------------------------------------


def logs(**more: Any) -> dict[str, Any]:
    return {
        "size": 500,
        "query": {"bool": {"filter": [RANGE, ORDERS]}},
        "sort": {
            "timestamp": {"order": "desc", "unmapped_type": "boolean"},
            "_doc": {"order": "desc"},
        },
        "docvalue_fields": ["timestamp"],
        "fields": [{"field": "timestamp", "format": "strict_date_optional_time_nanos"}],
        "script_fields": {},
        **more,
    }


def test_logs_are_hits_with_their_time_and_their_words(face: Face) -> None:
    highlight = {
        "fields": {"*": {}},
        "pre_tags": ["@HIGHLIGHT@"],
        "post_tags": ["@/HIGHLIGHT@"],
        "fragment_size": 2147483647,
    }
    query = {"bool": {"filter": [RANGE, {"query_string": {"query": "properties.note:fox"}}]}}
    aggs = {"1": every(20 * MINUTE_MS)}

    found = asked(face, logs(query=query, highlight=highlight, aggs=aggs))

    hit = found["hits"]["hits"][0]
    assert hit["_index"] == "events"
    assert hit["_id"] == "order-11"
    assert hit["_source"]["event"] == "Order Completed"
    assert hit["_source"]["@timestamp"] == hit["_source"]["timestamp"]
    assert hit["fields"]["timestamp"] == ["2026-03-02T09:55:00.000Z"]
    assert hit["highlight"] == {
        "properties.note": ["Quick brown @HIGHLIGHT@fox@/HIGHLIGHT@ number 11"]
    }
    assert hit["sort"][0] == START_MS + 55 * MINUTE_MS
    assert [bucket["doc_count"] for bucket in found["aggregations"]["1"]["buckets"]] == [4, 4, 4, 0]


def test_the_context_of_a_log_line_lies_on_both_sides_of_it(face: Face) -> None:
    line = asked(face, logs())["hits"]["hits"][6]
    forward = {"timestamp": {"order": "asc"}, "_doc": {"order": "asc"}}

    before = asked(face, logs(search_after=line["sort"], size=2))
    after = asked(face, logs(sort=forward, search_after=line["sort"], size=2))
    by_time = asked(face, logs(search_after=line["sort"][:1], size=2))

    assert line["_id"] == "order-05"
    assert [hit["_id"] for hit in before["hits"]["hits"]] == ["order-04", "order-03"]
    assert [hit["_id"] for hit in after["hits"]["hits"]] == ["order-06", "order-07"]
    assert [hit["_id"] for hit in by_time["hits"]["hits"]] == ["order-04", "order-03"]


def test_raw_documents_show_the_fields_that_are_asked_for(face: Face) -> None:
    fields = [{"field": "*"}, {"field": "timestamp", "format": "epoch_millis"}]

    found = asked(face, logs(size=1, fields=fields, docvalue_fields=[]))

    shown = found["hits"]["hits"][0]["fields"]
    assert shown["properties.total"] == [120.0]
    assert shown["event"] == ["Order Completed"]
    assert shown["timestamp"] == [str(START_MS + 55 * MINUTE_MS)]


def test_log_volume_counts_what_has_no_level_too(face: Face) -> None:
    levels = {
        "terms": {
            "field": "properties.plan",
            "size": 500,
            "order": {"_count": "desc"},
            "missing": "unknown",
        },
        "aggs": {"2": every(HOUR_MS)},
    }

    found = asked(face, orders(**{"3": levels}))

    assert {
        bucket["key"]: bucket["doc_count"] for bucket in found["aggregations"]["3"]["buckets"]
    } == {"pro": 4, "free": 4, "unknown": 4}


def test_variables_are_the_values_of_a_field(face: Face) -> None:
    terms = {"terms": {"field": "event", "size": 500, "order": {"_key": "asc"}}}
    body = {"size": 0, "query": {"bool": {"filter": [RANGE]}}, "aggs": {"1": terms}}

    found = asked(face, body)

    assert [bucket["key"] for bucket in found["aggregations"]["1"]["buckets"]] == [
        "Order Completed",
        "Page Viewed",
        "Signup",
    ]


def test_annotations_are_events_of_either_time(face: Face) -> None:
    either = {"bool": {"should": [RANGE], "minimum_should_match": 1}}
    query = {"bool": {"filter": [either, {"query_string": {"query": "event:Signup"}}]}}

    found = asked(face, {"size": 10_000, "query": query})

    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["odd-1"]
