"""Aggregations: Elasticsearch's requests for metrics of buckets, nested, and its answers.

`parse` reads the JSON into a `tree`; `run` asks one statement per bucket aggregation, which groups
by the keys of all those on the way to it; `pipelines` work on the finished result.
"""

from tailrace.query.aggregations.parse import parse_aggs
from tailrace.query.aggregations.question import Aggregate, AggregateResult
from tailrace.query.aggregations.run import Aggregated, TooManyBucketsError, aggregate
from tailrace.query.aggregations.tree import Agg, Aggs, Pipeline

__all__ = [
    "Agg",
    "Aggregate",
    "AggregateResult",
    "Aggregated",
    "Aggs",
    "Pipeline",
    "TooManyBucketsError",
    "aggregate",
    "parse_aggs",
]
