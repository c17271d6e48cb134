"""Answers of aggregations under names that tell their types, as Java and Kibana ask for them."""

from typing import Any, Final

from tailrace.app.elastic.requests import Json

_NAMES: Final = {
    "percentiles": "tdigest_percentiles",
    "percentile_ranks": "tdigest_percentile_ranks",
    "significant_terms": "sigsterms",
    "bucket_script": "simple_value",
    "cumulative_sum": "simple_value",
    "serial_diff": "simple_value",
    "moving_fn": "simple_value",
    "normalize": "simple_value",
    "avg_bucket": "simple_value",
    "sum_bucket": "simple_value",
    "min_bucket": "bucket_metric_value",
    "max_bucket": "bucket_metric_value",
}


def with_types(given: Json, answers: Json) -> Json:
    """Return the answers of the aggregations `given`, each under `type#name`."""
    found = {}
    for name, answer in answers.items():
        request = given.get(name)
        if not isinstance(request, dict) or not isinstance(answer, dict):
            found[name] = answer
            continue
        kind = next(key for key in request if key not in ("aggs", "aggregations", "meta"))
        inner = request.get("aggs", request.get("aggregations")) or {}
        found[f"{_name(kind, answer)}#{name}"] = _inside(inner, answer)
    return found


def _inside(inner: Json, answer: Json) -> Json:
    """Return an answer with those inside it under their types too."""
    if not inner:
        return answer
    buckets = answer.get("buckets")
    if isinstance(buckets, list):
        return {**answer, "buckets": [with_types(inner, bucket) for bucket in buckets]}
    if isinstance(buckets, dict):
        typed = {key: with_types(inner, bucket) for key, bucket in buckets.items()}
        return {**answer, "buckets": typed}
    return with_types(inner, answer)


def _name(kind: str, answer: Json) -> str:
    if kind != "terms":
        return _NAMES.get(kind, kind)
    keys: list[Any] = [bucket.get("key") for bucket in answer.get("buckets", [])]
    if keys and all(isinstance(key, int) for key in keys):
        return "lterms"
    if keys and all(isinstance(key, int | float) for key in keys):
        return "dterms"
    return "sterms"
