"""The question of the API: aggregations of the events that match a query."""

import time
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.query.aggregations.compare import Compare, aligned, alike, earlier, filled
from tailrace.query.aggregations.parse import parse_aggs, query_of
from tailrace.query.aggregations.run import aggregate
from tailrace.query.asked import Asked, ask, times_of
from tailrace.query.insights.asking import Zone, zone_of
from tailrace.query.reading import read
from tailrace.query.running import Runner
from tailrace.query.shapes import QueryLanguage, QueryText, Since, Until
from tailrace.query.times import from_ms
from tailrace.query.tree import Tree


class Aggregate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for metrics and buckets of the events that match, as Elasticsearch's `aggs`."""

    query: QueryText = ""
    language: QueryLanguage = "lucene"
    since: Since = "24h"
    until: Until = "now"
    zone: Zone = "UTC"
    compare: Annotated[
        Compare | None,
        Meta(description="An earlier time to hold the answers against."),
    ] = None
    aggs: Annotated[
        dict[str, Any],
        Meta(
            max_length=100,
            description="Aggregations by name, as in Elasticsearch: "
            '`{"by_plan": {"terms": {"field": "traits.plan"}}}`.',
        ),
    ]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The same of the earlier time: where now has a bucket, there is one too, or null."""

    since: datetime
    until: datetime
    total: int
    aggregations: Annotated[
        dict[str, Any],
        Meta(description="The answers of the earlier time, in the order of those of now."),
    ]


class AggregateResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many events matched, and the answers by the names of the aggregations."""

    total: int
    aggregations: Annotated[
        dict[str, Any],
        Meta(description="The answers by the names given, in the shapes of Elasticsearch."),
    ]
    compared: Compared | UnsetType = UNSET
    took_ms: float
    notes: list[str]


def answer(runner: Runner, question: Aggregate, *, now: datetime) -> AggregateResult:
    """Return the answer to a request.

    Raises:
        QueryError: the query, a time, the zone or an aggregation is not valid.
        LimitError: the question was stopped, or would have too many buckets.
    """
    started = time.monotonic()
    zone = zone_of(question.zone)

    def read_query(given: object, path: str) -> Tree:
        if isinstance(given, str):
            return read(given, question.language).tree
        return query_of(given, path)

    aggs = parse_aggs(question.aggs, read_query=read_query)
    since_ms, until_ms = times_of(since=question.since, until=question.until, now=now, zone=zone)

    def asked_at(since_ms: int, until_ms: int) -> Asked:
        return ask(
            question.query,
            since_ms=since_ms,
            until_ms=until_ms,
            now=now,
            language=question.language,
            zone=zone,
        )

    compared: Compared | UnsetType = UNSET
    compare = question.compare
    with runner.turn() as client:
        if compare is not None:
            aggs = filled(aggs, since_ms=since_ms, until_ms=until_ms)
        asked = asked_at(since_ms, until_ms)
        found = aggregate(runner, client, asked, aggs, now=now, zone=zone)
        if compare is not None:
            low, high = earlier(compare, since_ms=since_ms, until_ms=until_ms, zone=zone)
            same = alike(filled(aggs, since_ms=low, until_ms=high), [found.aggregations])
            then = aggregate(runner, client, asked_at(low, high), same, now=now, zone=zone)
            compared = Compared(
                since=from_ms(low),
                until=from_ms(high),
                total=then.total,
                aggregations=aligned(aggs, found.aggregations, then.aggregations),
            )
    return AggregateResult(
        total=found.total,
        aggregations=found.aggregations,
        compared=compared,
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=found.notes,
    )
