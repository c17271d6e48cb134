"""The same aggregations of an earlier time, bucket by bucket beside those of now."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.tree import BUCKETS_MAX, Agg, Aggs
from tailrace.query.times import from_ms, instant_of, to_ms


class Compare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which earlier time: the one just before, of the same length, or that long ago."""

    shift: Annotated[
        str,
        Meta(
            pattern=r"^(previous|[0-9]{1,4}[smhdwMy])$",
            description="`previous` (the time just before, of the same length), or how long ago: "
            "`7d`, `1M`, `1y`.",
        ),
    ] = "previous"


def earlier(compare: Compare, *, since_ms: int, until_ms: int, zone: tzinfo) -> tuple[int, int]:
    """Return since and until of the earlier time; days stay whole days of the zone."""
    if compare.shift == "previous":
        low, high = (
            from_ms(ms).astimezone(zone).replace(tzinfo=None) for ms in (since_ms, until_ms)
        )
        return to_ms((low - (high - low)).replace(tzinfo=zone)), since_ms
    since, until = (
        instant_of(compare.shift, name="compare.shift", now=from_ms(ms), zone=zone)
        for ms in (since_ms, until_ms)
    )
    return since, until


def filled(aggs: Aggs, *, since_ms: int, until_ms: int) -> Aggs:
    """Return the aggregations with date histograms that have all intervals of the time.

    Then the first one of now stands beside the first one of the earlier time.

    Raises:
        QueryError: a pipeline takes buckets away or sorts them.
    """
    for pipeline in aggs.pipelines:
        if pipeline.kind in ("bucket_sort", "bucket_selector"):
            raise QueryError(f"{pipeline.path}: {pipeline.kind} cannot be compared; leave it out")
    nodes = []
    for node in aggs.nodes:
        options = node.options
        if isinstance(options, tree.DateHistogram) and _is_by_place(node):
            bounds = tree.Bounds(min=since_ms, max=until_ms - 1)
            options = msgspec.structs.replace(options, extended_bounds=bounds)
        inner = filled(node.aggs, since_ms=since_ms, until_ms=until_ms)
        nodes.append(replace(node, options=options, aggs=inner))
    return replace(aggs, nodes=tuple(nodes))


def alike(aggs: Aggs, answers: list[Mapping[str, Any]]) -> Aggs:
    """Return the aggregations that look for the values which the answers show, and no others."""
    nodes = []
    for node in aggs.nodes:
        mine = [answer[node.name] for answer in answers]
        inside = [bucket for answer in mine for bucket in _buckets(answer) if bucket is not None]
        options = node.options
        if isinstance(options, tree.Terms):
            keys = {str(bucket.get("key_as_string", bucket["key"])) for bucket in inside}
            if reading.is_time(options.field):
                keys = {str(bucket["key"]) for bucket in inside}
            options = msgspec.structs.replace(
                options,
                include=sorted(keys),
                exclude=None,
                size=min(max(len(keys), 1), BUCKETS_MAX),
                min_doc_count=1,
            )
        nodes.append(replace(node, options=options, aggs=alike(node.aggs, inside)))
    return replace(aggs, nodes=tuple(nodes))


def aligned(aggs: Aggs, now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Return the earlier answers with one bucket, or None, for each bucket of now."""
    found = dict(then)
    for node in aggs.nodes:
        mine, other = now[node.name], then[node.name]
        if "buckets" not in mine:
            if "doc_count" in mine:
                found[node.name] = {**other, **aligned(node.aggs, mine, other)}
            continue
        found[node.name] = {**other, "buckets": _aligned_buckets(node, mine, other)}
    return found


def _aligned_buckets(node: Agg, mine: Mapping[str, Any], other: Mapping[str, Any]) -> Any:
    now, then = mine["buckets"], other["buckets"]
    if isinstance(now, dict) and not _is_by_place(node):
        pairs = {name: (bucket, then.get(name)) for name, bucket in now.items()}
        return {name: _one(node, *pair) for name, pair in pairs.items()}
    if _is_by_place(node):
        listed = list(then.values()) if isinstance(then, dict) else then
        listed = [*listed, *[None] * len(now)]
        if isinstance(now, dict):
            return {
                name: _one(node, bucket, listed[place])
                for place, (name, bucket) in enumerate(now.items())
            }
        return [_one(node, bucket, listed[place]) for place, bucket in enumerate(now)]
    by_key = {_key(bucket, place): bucket for place, bucket in enumerate(then)}
    return [_one(node, bucket, by_key.get(_key(bucket, place))) for place, bucket in enumerate(now)]


def _one(node: Agg, now: Mapping[str, Any], then: Mapping[str, Any] | None) -> Any:
    return None if then is None else {**then, **aligned(node.aggs, now, then)}


def _key(bucket: Mapping[str, Any], place: int) -> str:
    return json.dumps(bucket.get("key_as_string", bucket.get("key", place)), sort_keys=True)


def _buckets(answer: Mapping[str, Any]) -> list[Any]:
    found = answer.get("buckets", [answer])
    return list(found.values()) if isinstance(found, dict) else list(found)


def _is_by_place(node: Agg) -> bool:
    """Tell whether the buckets are all intervals of the time asked for."""
    options = node.options
    return (
        isinstance(options, tree.DateHistogram)
        and options.field in ("timestamp", "@timestamp")
        and options.min_doc_count == 0
        and options.order is None
    )
