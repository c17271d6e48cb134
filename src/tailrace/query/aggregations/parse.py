"""The JSON of an aggregation request to the tree; what is not understood is named by its place."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from tailrace.errors import QueryError
from tailrace.query.aggregations import pipelines, tree
from tailrace.query.aggregations.tree import (
    AGGREGATIONS_MAX,
    DEPTH_MAX,
    Agg,
    Aggs,
    AnyOptions,
    Composite,
    Filter,
    Filters,
    Options,
    Pipeline,
    Source,
    SourceOptions,
)
from tailrace.query.aggregations.when import zone_of
from tailrace.query.lucene import parse
from tailrace.query.tree import All, And, Bound, Exists, Not, Or, Phrase, Range, Term, Tree

QueryReader = Callable[[object, str], Tree]
"""Reads a query of `filter` and `filters`; is given its place for errors."""

BUCKET_KINDS: Final[dict[str, type[Options]]] = {
    "terms": tree.Terms,
    "multi_terms": tree.MultiTerms,
    "significant_terms": tree.SignificantTerms,
    "date_histogram": tree.DateHistogram,
    "auto_date_histogram": tree.AutoDateHistogram,
    "histogram": tree.Histogram,
    "range": tree.Range,
    "date_range": tree.DateRange,
    "missing": tree.Missing,
    "global": tree.Global,
    "sampler": tree.Sampler,
    "geohash_grid": tree.GeohashGrid,
    "geotile_grid": tree.GeotileGrid,
}
METRIC_KINDS: Final[dict[str, type[Options]]] = {
    "value_count": tree.Metric,
    "avg": tree.Metric,
    "sum": tree.Metric,
    "min": tree.Metric,
    "max": tree.Metric,
    "stats": tree.Metric,
    "extended_stats": tree.ExtendedStats,
    "percentiles": tree.Percentiles,
    "percentile_ranks": tree.PercentileRanks,
    "cardinality": tree.Cardinality,
    "unique_exact": tree.OfField,
    "median_absolute_deviation": tree.MedianAbsoluteDeviation,
    "weighted_avg": tree.WeightedAvg,
    "rate": tree.Rate,
    "top_hits": tree.TopHits,
    "top_metrics": tree.TopMetrics,
    "first": tree.FirstLast,
    "last": tree.FirstLast,
}
OWN_PARSERS: Final = ("filter", "filters", "composite")
KINDS: Final = (*BUCKET_KINDS, *OWN_PARSERS, *METRIC_KINDS, *pipelines.KINDS)
_REFUSED: Final = {
    "nested": "objects in lists are not events of their own here; aggregate their fields directly, "
    "such as properties.products.price",
    "reverse_nested": "objects in lists are not events of their own here",
    "scripted_metric": "scripts do not run here",
    "moving_avg": "it was removed from Elasticsearch 8; use moving_fn",
    "significant_text": "text is not analysed word by word; use significant_terms on a field",
    "random_sampler": "use sampler",
    "ip_range": "addresses are texts here; use filters with address patterns",
    "ip_prefix": "addresses are texts here; use filters with address patterns",
    "string_stats": "use cardinality, terms or SQL",
}
_RESERVED: Final = ("aggs", "aggregations", "meta")
_NAME_CHARACTERS_MAX: Final = 500


def parse_aggs(given: object, *, read_query: QueryReader | None = None) -> Aggs:
    """Return the tree of the JSON of `aggs`.

    `read_query` reads the queries of filters: by default Lucene text, or the commonest queries of
    Elasticsearch.

    Raises:
        QueryError: it is not a valid request; names the place, and says what is allowed.
    """
    parsed = _Parser(read_query or query_of).level(given, "aggs", 1)
    pipelines.check_pipelines(parsed.by_name)
    return parsed


class _Parser:
    def __init__(self, read_query: QueryReader) -> None:
        self._read_query = read_query
        self._count = 0

    def level(self, given: object, path: str, depth: int) -> Aggs:
        if depth > DEPTH_MAX:
            raise QueryError(f"{path}: aggregations may be nested {DEPTH_MAX} deep, not deeper")
        nodes: list[Agg] = []
        built_on: list[Pipeline] = []
        for name, body in _object(given, path).items():
            self._count += 1
            if self._count > AGGREGATIONS_MAX:
                raise QueryError(
                    f"one request may have {AGGREGATIONS_MAX} aggregations; ask for fewer"
                )
            if not name or len(name) > _NAME_CHARACTERS_MAX or any(c in name for c in "[]>"):
                raise QueryError(
                    f"Invalid aggregation name [{name[:100]}] in {path}. Aggregation names can "
                    "contain any character except '[', ']', and '>'"
                )
            made = self._one(name, _object(body, f"{path}.{name}"), f"{path}.{name}", depth)
            if isinstance(made, Pipeline):
                built_on.append(made)
            else:
                nodes.append(made)
        return Aggs(tuple(nodes), tuple(built_on))

    def _one(self, name: str, body: Mapping[str, object], path: str, depth: int) -> Agg | Pipeline:
        kinds = [key for key in body if key not in _RESERVED]
        if len(kinds) != 1:
            raise QueryError(
                f"{path} has {'no kind' if not kinds else ' and '.join(kinds[:5])}; expected one "
                "kind of aggregation, such as terms, and beside it aggs or meta"
            )
        if "aggs" in body and "aggregations" in body:
            raise QueryError(f"{path} has both aggs and aggregations; give one of them")
        [kind] = kinds
        inner = body.get("aggs", body.get("aggregations"))
        meta = None if body.get("meta") is None else _object(body["meta"], f"{path}.meta")
        options = _object(body[kind], f"{path}.{kind}")
        if kind in pipelines.KINDS:
            if inner:
                raise QueryError(f"{path}: {kind} has no buckets of its own, so it takes no aggs")
            return _pipeline(name, kind, options, path=path, meta=meta)
        if inner and kind in METRIC_KINDS:
            raise QueryError(f"{path}: {kind} has no buckets, so it takes no aggs")
        if kind == "global" and depth > 1:
            raise QueryError(f"{path}: global may only be at the top, not below another one")
        return Agg(
            name=name,
            kind=kind,
            options=self._options(kind, options, f"{path}.{kind}"),
            path=path,
            aggs=Aggs() if inner is None else self.level(inner, f"{path}.aggs", depth + 1),
            meta=meta,
        )

    def _options(self, kind: str, given: Mapping[str, object], path: str) -> AnyOptions:
        if kind == "filter":
            return Filter(self._read_query(given, path))
        if kind == "filters":
            return self._filters(given, path)
        if kind == "composite":
            return _composite(given, path)
        struct = BUCKET_KINDS.get(kind) or METRIC_KINDS.get(kind)
        if struct is None:
            if kind in _REFUSED:
                raise QueryError(f"{path} is not offered: {_REFUSED[kind]}")
            raise QueryError(f"{path} is no aggregation known here; expected {', '.join(KINDS)}")
        if "script" in given:
            raise QueryError(f"{path}.script: scripts do not run here; aggregate a field")
        options = _converted(given, struct, path, kind)
        if isinstance(options, tree.DateHistogram | tree.AutoDateHistogram | tree.DateRange):
            zone_of(options.time_zone, path)
        return options

    def _filters(self, given: Mapping[str, object], path: str) -> Filters:
        _known(given, ("filters", "other_bucket", "other_bucket_key", "keyed"), path)
        filters = given.get("filters")
        other = given.get("other_bucket_key")
        if other is not None and not isinstance(other, str):
            raise QueryError(f"{path}.other_bucket_key is no text")
        if other is None and given.get("other_bucket") in (True, "true"):
            other = "_other_"
        is_keyed = given.get("keyed", True) not in (False, "false")
        if isinstance(filters, list | tuple):
            trees = [
                self._read_query(one, f"{path}.filters[{number}]")
                for number, one in enumerate(filters)
            ]
            names = None
        else:
            named = sorted(_object(filters, f"{path}.filters").items())
            trees = [self._read_query(one, f"{path}.filters.{name}") for name, one in named]
            names = tuple(name for name, _ in named)
        if not 1 <= len(trees) <= 1_000:
            raise QueryError(f"{path}.filters has {len(trees)} filters; expected 1 to 1000")
        return Filters(tuple(trees), names, other, is_keyed)


def _pipeline(
    name: str,
    kind: str,
    body: Mapping[str, object],
    *,
    path: str,
    meta: Mapping[str, object] | None,
) -> Pipeline:
    try:
        pipeline = pipelines.parse_pipeline(kind, body)
    except QueryError as error:
        raise QueryError(f"{path}: {error}", position=error.position, hint=error.hint) from error
    return Pipeline(name=name, kind=kind, pipeline=pipeline, path=path, meta=meta)


def _composite(given: Mapping[str, object], path: str) -> Composite:
    _known(given, ("sources", "size", "after"), path)
    sources = given.get("sources")
    if not isinstance(sources, list) or not 1 <= len(sources) <= 20:
        raise QueryError(f"{path}.sources is not a list of 1 to 20 sources")
    found = []
    for number, one in enumerate(sources):
        place = f"{path}.sources[{number}]"
        for name, body in _object(one, place).items():
            for kind, options in _object(body, f"{place}.{name}").items():
                here = f"{place}.{name}.{kind}"
                if kind not in ("terms", "histogram", "date_histogram"):
                    raise QueryError(
                        f"{here} is no source; expected terms, histogram or date_histogram"
                    )
                if kind == "histogram" and "interval" not in _object(options, here):
                    raise QueryError(f"{here}.interval is missing")
                read = cast(
                    "SourceOptions",
                    _converted(_object(options, here), SourceOptions, here, kind),
                )
                zone_of(read.time_zone, here)
                if read.order not in ("asc", "desc"):
                    raise QueryError(f"{here}.order is '{read.order}'; expected asc or desc")
                found.append(Source(name, kind, read))
    if len({source.name for source in found}) != len(found):
        raise QueryError(f"{path}.sources has two sources of one name")
    try:
        size = msgspec.convert(given.get("size", 10), tree.Size, strict=False)
        after = msgspec.convert(
            given.get("after"), dict[str, tree.Scalar | None] | None, strict=True
        )
    except msgspec.ValidationError as error:
        raise QueryError(f"{path}: {error}") from error
    if after is not None and set(after) != {source.name for source in found}:
        raise QueryError(f"{path}.after names other keys than sources; give after_key as it came")
    return Composite(tuple(found), size, after)


def query_of(given: object, path: str) -> Tree:
    """Return the tree of a query: Lucene text, or one of Elasticsearch's commonest queries.

    Raises:
        QueryError: it is another query, or not valid.
    """
    if isinstance(given, str):
        return parse(given).tree
    body = _object(given, path)
    if len(body) != 1:
        raise QueryError(f"{path} has {len(body)} queries; expected one")
    [(kind, inner)] = body.items()
    place = f"{path}.{kind}"
    match kind, inner:
        case "match_all", _:
            return All()
        case "query", str() | dict():
            return query_of(inner, place)
        case "query_string", {"query": str(text)}:
            return parse(text).tree
        case "exists", {"field": str(name)}:
            return Exists(name)
        case "term", dict() if len(inner) == 1:
            [(name, value)] = inner.items()
            return _term(name, value["value"] if isinstance(value, dict) else value, place)
        case "terms", dict() if len(inner) == 1 and isinstance(next(iter(inner.values())), list):
            [(name, values)] = inner.items()
            parts = tuple(_term(name, value, place) for value in values)
            return Or(parts) if len(parts) > 1 else (parts[0] if parts else Not(All()))
        case "range", dict() if len(inner) == 1:
            [(name, ends)] = inner.items()
            return _range(name, _object(ends, place), place)
        case "bool", dict():
            return _bool(inner, place)
        case _:
            raise QueryError(
                f"{place} is not offered here; expected a text in the query language, query_string "
                "with query, match_all, exists, term, terms, range or bool"
            )


def _term(name: str, value: object, path: str) -> Tree:
    if isinstance(value, bool):
        return Term(name, "true" if value else "false")
    if isinstance(value, int | float):
        return Term(name, str(value))
    if isinstance(value, str):
        return Phrase(name, value)
    raise QueryError(f"{path}.{name} is neither a text nor a number")


def _range(name: str, ends: Mapping[str, object], path: str) -> Tree:
    _known(ends, ("gte", "gt", "lte", "lt", "format", "time_zone", "boost"), f"{path}.{name}")

    def bound(*keys: str) -> Bound | None:
        for key, is_inclusive in zip(keys, (True, False), strict=True):
            if ends.get(key) is not None:
                return Bound(str(ends[key]), is_inclusive)
        return None

    return Range(name, bound("gte", "gt"), bound("lte", "lt"))


def _bool(given: Mapping[str, Any], path: str) -> Tree:
    _known(given, ("must", "filter", "should", "must_not", "minimum_should_match"), path)

    def clauses(key: str) -> list[Tree]:
        value = given.get(key, [])
        listed = value if isinstance(value, list) else [value]
        return [query_of(one, f"{path}.{key}[{number}]") for number, one in enumerate(listed)]

    parts = clauses("must") + clauses("filter")
    should = clauses("should")
    if should and (not parts or given.get("minimum_should_match") in (1, "1")):
        parts.append(Or(tuple(should)) if len(should) > 1 else should[0])
    parts += [Not(part) for part in clauses("must_not")]
    if not parts:
        return All()
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _converted(given: Mapping[str, object], struct: type[Options], path: str, kind: str) -> Options:
    names = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
    for key in given:
        if key not in names:
            raise QueryError(
                f"{path}.{key} is no option of {kind}; expected {', '.join(names) or 'none'}"
            )
    try:
        return msgspec.convert(given, struct, strict=False)
    except msgspec.ValidationError as error:
        raise QueryError(f"{path}: {error}") from error


def _known(given: Mapping[str, object], names: tuple[str, ...], path: str) -> None:
    for key in given:
        if key not in names:
            raise QueryError(f"{path}.{key} is not known here; expected {', '.join(names)}")


def _object(given: object, path: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise QueryError(f"{path} is not a JSON object")
    return given
