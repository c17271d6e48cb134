"""The aggregation tree: what a request is parsed into, and what runs and pipelines work on.

`Aggs` are the aggregations of one level. Each `Agg` has the options of its kind as a struct, each
`Pipeline` what `pipelines` reads of it.

Results are Elasticsearch's JSON: `{name: {"value": ...}}` for a metric, `{name: {"doc_count": n,
child: ...}}` for a single bucket, `{name: {"buckets": [{"key": ..., "doc_count": n, child: ...}]}}`
for several (an object instead of the list where they are keyed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tailrace.query.aggregations import pipelines
from tailrace.query.tree import Tree

DEPTH_MAX: Final = 10
AGGREGATIONS_MAX: Final = 100
BUCKETS_MAX: Final = 65_535
INTERVAL_MIN: Final = 1e-9
INTERVAL_MAX: Final = 1e18

FieldName = Annotated[str, Meta(min_length=1, max_length=1_000)]
Word = Annotated[str, Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=10_000)]
Scalar = bool | int | float | Text
OrderText = Annotated[dict[Annotated[str, Meta(max_length=1_000)], str], Meta(max_length=1)]
OrderGiven = OrderText | Annotated[list[OrderText], Meta(max_length=10)]
Size = Annotated[int, Meta(ge=1, le=BUCKETS_MAX)]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Patterns = Text | Annotated[list[Scalar], Meta(max_length=10_000)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of one aggregation; what is only for the speed of shards is taken and ignored."""


class OfField(Options, frozen=True, kw_only=True):
    """Options of an aggregation of the values of a field."""

    field: FieldName
    missing: Scalar | None = None


class Bounds(Options, frozen=True, kw_only=True):
    """Buckets from `min` to `max`."""

    min: int | float | Word | None = None
    max: int | float | Word | None = None


class Terms(OfField, frozen=True, kw_only=True):
    """One bucket per value."""

    size: Size = 10
    order: OrderGiven | None = None
    min_doc_count: Count = 1
    include: Patterns | None = None
    exclude: Patterns | None = None
    format: Word | None = None
    value_type: Word | None = None
    shard_size: int | None = None
    shard_min_doc_count: int | None = None
    show_term_doc_count_error: bool = False
    execution_hint: Word | None = None
    collect_mode: Word | None = None


class TermsSource(Options, frozen=True, kw_only=True):
    """One of the fields of `multi_terms`."""

    field: FieldName
    missing: Scalar | None = None


class MultiTerms(Options, frozen=True, kw_only=True):
    """One bucket per combination of values of several fields."""

    terms: Annotated[list[TermsSource], Meta(min_length=2, max_length=10)]
    size: Size = 10
    order: OrderGiven | None = None
    min_doc_count: Count = 1
    shard_size: int | None = None
    shard_min_doc_count: int | None = None
    show_term_doc_count_error: bool = False
    collect_mode: Word | None = None


class SignificantTerms(OfField, frozen=True, kw_only=True):
    """Values that are commoner here than among all events; by the JLH score."""

    size: Size = 10
    min_doc_count: Count = 3
    include: Patterns | None = None
    exclude: Patterns | None = None
    jlh: Options | None = None
    shard_size: int | None = None
    shard_min_doc_count: int | None = None
    execution_hint: Word | None = None


class DateHistogram(OfField, frozen=True, kw_only=True):
    """One bucket per interval of time."""

    fixed_interval: Word | None = None
    calendar_interval: Word | None = None
    interval: int | Word | None = None
    offset: int | Word | None = None
    time_zone: Word | None = None
    min_doc_count: Count = 0
    extended_bounds: Bounds | None = None
    hard_bounds: Bounds | None = None
    format: Word | None = None
    keyed: bool = False
    order: OrderGiven | None = None


class AutoDateHistogram(OfField, frozen=True, kw_only=True):
    """As many intervals as fit into a number of buckets."""

    buckets: Annotated[int, Meta(ge=1, le=10_000)] = 10
    minimum_interval: Word | None = None
    time_zone: Word | None = None
    format: Word | None = None


class Histogram(OfField, frozen=True, kw_only=True):
    """One bucket per interval of numbers."""

    interval: Annotated[float, Meta(ge=INTERVAL_MIN, le=INTERVAL_MAX)]
    offset: float = 0.0
    min_doc_count: Count = 0
    extended_bounds: Bounds | None = None
    hard_bounds: Bounds | None = None
    keyed: bool = False
    format: Word | None = None
    order: OrderGiven | None = None


class NumberSpan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers from `from` up to but not including `to`."""

    from_: float | None = msgspec.field(name="from", default=None)
    to: float | None = None
    key: Text | None = None


class Range(OfField, frozen=True, kw_only=True):
    """One bucket per range of numbers."""

    ranges: Annotated[list[NumberSpan], Meta(min_length=1, max_length=1_000)]
    keyed: bool = False
    format: Word | None = None


class DateSpan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Instants from `from` up to but not including `to`."""

    from_: int | float | Word | None = msgspec.field(name="from", default=None)
    to: int | float | Word | None = None
    key: Text | None = None


class DateRange(OfField, frozen=True, kw_only=True):
    """One bucket per range of time."""

    ranges: Annotated[list[DateSpan], Meta(min_length=1, max_length=1_000)]
    keyed: bool = False
    format: Word | None = None
    time_zone: Word | None = None


@dataclass(frozen=True)
class Filter:
    """The events that match."""

    tree: Tree


@dataclass(frozen=True)
class Filters:
    """One bucket per filter; `names` is None where they have none. `other` are all that match none.

    `other` is the name of that bucket, or None.
    """

    trees: tuple[Tree, ...]
    names: tuple[str, ...] | None
    other: str | None = None
    is_keyed: bool = True


class Missing(OfField, frozen=True, kw_only=True):
    """The events without a value."""


class Global(Options, frozen=True, kw_only=True):
    """All events, whatever the query."""


class Sampler(Options, frozen=True, kw_only=True):
    """The newest events only."""

    shard_size: Annotated[int, Meta(ge=1, le=100_000)] = 100


class SourceOptions(Options, frozen=True, kw_only=True):
    """One source of `composite`: what its kind takes, and how it is ordered."""

    field: FieldName
    order: Word = "asc"
    missing_bucket: bool = False
    missing_order: Word | None = None
    interval: float | Word | None = None
    fixed_interval: Word | None = None
    calendar_interval: Word | None = None
    offset: int | Word | None = None
    time_zone: Word | None = None
    format: Word | None = None


@dataclass(frozen=True)
class Source:
    """A part of the keys of `composite`: of kind terms, histogram or date_histogram."""

    name: str
    kind: str
    options: SourceOptions


@dataclass(frozen=True)
class Composite:
    """All combinations, page by page."""

    sources: tuple[Source, ...]
    size: int = 10
    after: Mapping[str, Scalar | None] | None = None


class GeohashGrid(Options, frozen=True, kw_only=True):
    """One bucket per cell; the field has the numbers `lat` and `lon`."""

    field: FieldName
    precision: Annotated[int, Meta(ge=1, le=12)] = 5
    size: Size = 10_000
    shard_size: int | None = None


class GeotileGrid(Options, frozen=True, kw_only=True):
    """One bucket per tile of a map; the field has the numbers `lat` and `lon`."""

    field: FieldName
    precision: Annotated[int, Meta(ge=0, le=29)] = 7
    size: Size = 10_000
    shard_size: int | None = None


class Metric(OfField, frozen=True, kw_only=True):
    """A metric of the values of a field without further options."""

    format: Word | None = None
    value_type: Word | None = None


class ExtendedStats(Metric, frozen=True, kw_only=True):
    """Statistics with variance; bounds are `sigma` standard deviations from the mean."""

    sigma: Annotated[float, Meta(ge=0)] = 2.0


class Hdr(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Taken and ignored: percentiles are computed in one way."""

    number_of_significant_value_digits: int = 3


class Tdigest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Taken and ignored: percentiles are computed in one way."""

    compression: float = 100.0
    execution_hint: Word | None = None


class Percentiles(Metric, frozen=True, kw_only=True):
    """Values below which so many percent of the values are."""

    percents: Annotated[
        list[Annotated[float, Meta(ge=0, le=100)]], Meta(min_length=1, max_length=100)
    ] = msgspec.field(default_factory=lambda: [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0])
    keyed: bool = True
    hdr: Hdr | None = None
    tdigest: Tdigest | None = None


class PercentileRanks(Metric, frozen=True, kw_only=True):
    """How many percent of the values are below these."""

    values: Annotated[list[float], Meta(min_length=1, max_length=100)]
    keyed: bool = True
    hdr: Hdr | None = None
    tdigest: Tdigest | None = None


class Cardinality(OfField, frozen=True, kw_only=True):
    """How many different values there are."""

    precision_threshold: Annotated[int, Meta(ge=0)] = 3_000
    rehash: bool | None = None
    execution_hint: Word | None = None


class MedianAbsoluteDeviation(Metric, frozen=True, kw_only=True):
    """The median distance from the median."""

    compression: float = 1_000.0


class Weighed(Options, frozen=True, kw_only=True):
    """A field of `weighted_avg`."""

    field: FieldName
    missing: float | None = None


class WeightedAvg(Options, frozen=True, kw_only=True):
    """The mean of values, each with the weight of its event."""

    value: Weighed
    weight: Weighed
    format: Word | None = None
    value_type: Word | None = None


class Rate(Options, frozen=True, kw_only=True):
    """Events, or the sum of a field, per unit of time of the bucket."""

    field: FieldName | None = None
    unit: Word | None = None
    mode: Word = "sum"
    format: Word | None = None


SortGiven = (
    Text
    | dict[FieldName, Word | dict[str, Scalar | None]]
    | Annotated[list[Text | dict[FieldName, Word | dict[str, Scalar | None]]], Meta(max_length=10)]
)


class TopHits(Options, frozen=True, kw_only=True):
    """The first events in an order."""

    size: Annotated[int, Meta(ge=0, le=100)] = 3
    from_: Annotated[int, Meta(ge=0, le=100)] = msgspec.field(name="from", default=0)
    sort: SortGiven | None = None
    source: bool | Text | list[Text] | dict[str, list[Text] | Text] = msgspec.field(
        name="_source", default=True
    )
    version: bool = False
    explain: bool = False
    track_scores: bool = False


class TopMetric(Options, frozen=True, kw_only=True):
    """A field to tell."""

    field: FieldName


class TopMetrics(Options, frozen=True, kw_only=True):
    """Fields of the first events in an order."""

    metrics: TopMetric | Annotated[list[TopMetric], Meta(min_length=1, max_length=50)]
    sort: SortGiven
    size: Annotated[int, Meta(ge=1, le=100)] = 1
    missing: Scalar | None = None


class FirstLast(Options, frozen=True, kw_only=True):
    """The value of the first or last event that has one."""

    field: FieldName


AnyOptions = Options | Filter | Filters | Composite


@dataclass(frozen=True, kw_only=True)
class Agg:
    """A metric or a bucket aggregation with what is asked of its buckets; `path` names it."""

    name: str
    kind: str
    options: AnyOptions
    path: str
    aggs: "Aggs"
    meta: Mapping[str, object] | None = None

    @property
    def pipeline(self) -> None:
        """None: it works on events, not on the answers of others."""
        return

    @property
    def inner(self) -> Mapping[str, "Agg | Pipeline"]:
        """The aggregations inside it, by name."""
        return self.aggs.by_name


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """An aggregation of the answers of others."""

    name: str
    kind: str
    pipeline: pipelines.Pipeline
    path: str
    meta: Mapping[str, object] | None = None

    @property
    def inner(self) -> Mapping[str, "Agg | Pipeline"]:
        """Nothing: it has no buckets."""
        return {}


@dataclass(frozen=True)
class Aggs:
    """The aggregations of one level, in the order given."""

    nodes: tuple[Agg, ...] = field(default=())
    pipelines: tuple[Pipeline, ...] = field(default=())

    @property
    def by_name(self) -> Mapping[str, Agg | Pipeline]:
        """All of the level by name."""
        named: dict[str, Agg | Pipeline] = {node.name: node for node in self.nodes}
        return named | {node.name: node for node in self.pipelines}

    def walk(self) -> Iterator[Agg | Pipeline]:
        """Return all aggregations, of all levels."""
        for node in self.nodes:
            yield node
            yield from node.aggs.walk()
        yield from self.pipelines
