"""Aggregations that work on the answers of others, as Elasticsearch does it.

A *parent* pipeline stands inside an aggregation with buckets and works on the row of its buckets;
a *sibling* stands beside one and gives one answer. The inner levels are worked on first, and on
one level what others build on comes first.

A bucket without documents, or whose metric has no value, is a gap: with `skip` it is passed over,
with `insert_zeros` it counts as 0. Where there is nothing to say, as for the first derivative, a
pipeline is left out of the bucket.

Source: Elasticsearch reference, pipeline aggregations.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec

from tailrace.errors import QueryError
from tailrace.query.aggregations import parents, siblings
from tailrace.query.aggregations.parents import Parent
from tailrace.query.aggregations.paths import Bucket, buckets_in
from tailrace.query.aggregations.siblings import Sibling

Pipeline = Parent | Sibling

_PARENTS: Final[Mapping[str, type[Parent]]] = {
    "derivative": parents.Derivative,
    "cumulative_sum": parents.CumulativeSum,
    "serial_diff": parents.SerialDiff,
    "moving_fn": parents.MovingFn,
    "bucket_script": parents.BucketScript,
    "bucket_selector": parents.BucketSelector,
    "bucket_sort": parents.BucketSort,
    "normalize": parents.Normalize,
}
_SIBLINGS: Final[Mapping[str, type[Sibling]]] = {
    "avg_bucket": siblings.AvgBucket,
    "sum_bucket": siblings.SumBucket,
    "min_bucket": siblings.MinBucket,
    "max_bucket": siblings.MaxBucket,
    "stats_bucket": siblings.StatsBucket,
    "extended_stats_bucket": siblings.ExtendedStatsBucket,
    "percentiles_bucket": siblings.PercentilesBucket,
}
KINDS: Final[Mapping[str, type[Pipeline]]] = {**_PARENTS, **_SIBLINGS}
"""The pipelines by the names that a request gives them."""


class Node(Protocol):
    """One aggregation of a request, as far as pipelines have to know it."""

    @property
    def pipeline(self) -> Pipeline | None:
        """The pipeline that it is, None for one with buckets or a metric."""

    @property
    def inner(self) -> Mapping[str, "Node"]:
        """The aggregations inside it, by name."""

    @property
    def meta(self) -> Mapping[str, object] | None:
        """What the request wants to see again beside its answer."""


Level = Mapping[str, Node]


def parse_pipeline(kind: str, body: object) -> Pipeline:
    """Return the pipeline of a kind of `KINDS` with what the request gives it.

    Raises:
        QueryError: an option does not exist or is not right; says which.
    """
    try:
        pipeline: Pipeline = msgspec.convert(body, KINDS[kind], strict=False)
    except msgspec.ValidationError as error:
        raise QueryError(str(error)) from error
    # Paths, scripts and units are read for each row of buckets; here they have to be right.
    if isinstance(pipeline, Sibling):
        pipeline.collected({})
    else:
        pipeline.apply("", [])
    return pipeline


def check_pipelines(level: Level) -> None:
    """Refuse pipelines that work on what is not there.

    Raises:
        QueryError: names the pipeline and what it asks for.
    """
    for name, node in level.items():
        if isinstance(node.pipeline, Parent):
            raise QueryError(f"'{name}' has to stand inside an aggregation with buckets")
    _check_level(level)


def apply_pipelines(level: Level, answers: dict[str, Any]) -> None:
    """Put the answers of all pipelines of a request into the answers of the other aggregations.

    Raises:
        QueryError: one of them works on what is no number.
    """
    for name, node in level.items():
        if node.pipeline is not None or not node.inner or name not in answers:
            continue
        buckets = buckets_in(answers[name])
        for bucket in [answers[name]] if buckets is None else buckets:
            apply_pipelines(node.inner, bucket)
        if buckets is not None:
            _apply_parents(node.inner, answers[name], buckets)
    for name, pipeline in _in_order(level):
        if isinstance(pipeline, Sibling):
            answers[name] = _with_meta(pipeline.answer(answers), level[name])


def _apply_parents(level: Level, answer: dict[str, Any], buckets: list[Bucket]) -> None:
    kept = buckets
    for name, pipeline in _in_order(level):
        if isinstance(pipeline, Parent):
            kept = pipeline.apply(name, kept)
            for bucket in kept:
                if name in bucket:
                    _with_meta(bucket[name], level[name])
    if isinstance(answer["buckets"], dict):
        names = {id(bucket): name for name, bucket in answer["buckets"].items()}
        answer["buckets"] = {names[id(bucket)]: bucket for bucket in kept}
    else:
        answer["buckets"] = kept


def _with_meta(answer: dict[str, Any], node: Node) -> dict[str, Any]:
    if node.meta is not None:
        answer["meta"] = dict(node.meta)
    return answer


def _in_order(level: Level) -> Iterator[tuple[str, Pipeline]]:
    """Return the pipelines of a level, those that others build on first."""
    waiting = {name: node.pipeline for name, node in level.items() if node.pipeline is not None}
    while waiting:
        ready = [
            name
            for name, pipeline in waiting.items()
            if not any(_names(path.first, waiting) - {name} for path in pipeline.paths)
        ]
        if not ready:
            raise QueryError(f"these pipelines build on each other: {', '.join(waiting)[:200]}")
        for name in ready:
            yield name, waiting.pop(name)


def _check_level(level: Level) -> None:
    for name, node in level.items():
        if node.pipeline is None:
            _check_level(node.inner)
            continue
        for path in node.pipeline.paths:
            is_own = path.text in ("_count", "_key") and isinstance(node.pipeline, Parent)
            if not is_own and not _names(path.first, level) - {name}:
                raise QueryError(
                    f"'{name}' works on '{path.first[:100]}', and no aggregation of that name "
                    "stands beside it"
                )
    for _ in _in_order(level):
        pass


def _names(first: str, level: Iterable[str]) -> set[str]:
    """Return what the first name of a path may mean on a level; `1.avg` is the `avg` of `1`."""
    names = set(level)
    if first in names:
        return {first}
    parts = first.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))} & names
