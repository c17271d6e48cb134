"""Run aggregations: one statement per bucket aggregation, then the answer from the top down.

The statement of a bucket aggregation groups the events by the keys of all those on the way to it,
and computes all metrics that stand in it. Where an aggregation above shows only some of its
buckets, such as the first ten values, the statements below it look at these alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.errors import LimitError, QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.buckets import Bucketing, Found, Orders, Significant
from tailrace.query.aggregations.hits import Hits, hits_of
from tailrace.query.aggregations.metrics import Around, Calculation, Source, calculation_of
from tailrace.query.aggregations.parse import METRIC_KINDS
from tailrace.query.aggregations.pipelines import apply_pipelines
from tailrace.query.aggregations.plans import Planner, Span, orders_of
from tailrace.query.aggregations.rows import Key, Rows
from tailrace.query.aggregations.tree import BUCKETS_MAX, Agg, Aggs
from tailrace.query.asked import Asked
from tailrace.query.compile import notes_on
from tailrace.query.running import Runner

_HIT_KINDS: Final = frozenset({"top_hits", "top_metrics"})
_ROWS_MAX: Final = BUCKETS_MAX + 1


class TooManyBucketsError(LimitError):
    """The answer would have more buckets than may come with one request."""

    def __init__(self) -> None:
        super().__init__(
            f"the request makes more than {BUCKETS_MAX} buckets, which is all that may come with "
            "one request; ask for a longer interval, a shorter time, fewer terms (size), or "
            "min_doc_count 1"
        )
        self.buckets_max = BUCKETS_MAX


class Aggregated(NamedTuple):
    """How many events matched, the answer by the names of the aggregations, and what to know."""

    total: int
    aggregations: dict[str, Any]
    notes: list[str]


@dataclass
class _Node:
    """A bucket aggregation, or the request itself: what it found by the keys on the way to it."""

    agg: Agg | None
    bucketing: Bucketing
    above: "_Node | None"
    aggs: Aggs
    below: dict[str, "_Node"] = field(default_factory=dict)
    calculations: dict[str, Calculation] = field(default_factory=dict)
    hits: dict[str, Hits] = field(default_factory=dict)
    found: dict[tuple[Key, ...], list[Found]] = field(default_factory=dict)

    @property
    def way(self) -> list["_Node"]:
        """All from the top to this one, without the request itself."""
        return [] if self.above is None else [*self.above.way, self]

    def paths(self) -> list[tuple[Key, ...]]:
        """Return the keys of all buckets that were found."""
        return [above + one.keys for above, found in self.found.items() for one in found]


def aggregate(
    runner: Runner,
    client: Client,
    asked: Asked,
    aggs: Aggs,
    *,
    now: datetime,
    zone: tzinfo = UTC,
    has_words: bool = False,
) -> Aggregated:
    """Return the answer to a request, pipelines included.

    `zone` is that of date histograms that name none; for `has_words` see `conditions.Reading`.
    `global` is about all events of the time asked for.

    Raises:
        QueryError: an option does not fit.
        TooManyBucketsError: the answer would have too many buckets.
        LimitError: the question was stopped.
    """
    run = _Run(runner, client, asked, now=now, zone=zone, has_words=has_words)
    answer = run.answer(aggs)
    apply_pipelines(aggs.by_name, answer)
    notes = dict.fromkeys(asked.notes)
    for node in aggs.walk():
        if isinstance(node, Agg):
            notes |= dict.fromkeys(_notes_on(node.options))
    return Aggregated(run.total, answer, list(notes))


def _notes_on(options: object) -> list[str]:
    """Return what the person who asked should know about the fields that an aggregation names."""
    match options:
        case tree.Filter(query):
            return notes_on(query)
        case tree.Filters():
            return [note for query in options.trees for note in notes_on(query)]
        case _:
            found = [reading.note_on(name) for name in _fields(options)]
            return [note for note in found if note is not None]


def _fields(options: object) -> list[str]:
    match options:
        case tree.GeohashGrid() | tree.GeotileGrid():
            return []
        case tree.MultiTerms():
            return [one.field for one in options.terms]
        case tree.Composite():
            return [one.options.field for one in options.sources]
        case tree.WeightedAvg():
            return [options.value.field, options.weight.field]
        case tree.TopMetrics():
            listed = options.metrics if isinstance(options.metrics, list) else [options.metrics]
            return [one.field for one in listed]
        case _:
            name = getattr(options, "field", None)
            return [name] if isinstance(name, str) else []


class _Run:
    def __init__(
        self,
        runner: Runner,
        client: Client,
        asked: Asked,
        *,
        now: datetime,
        zone: tzinfo,
        has_words: bool,
    ) -> None:
        self._runner = runner
        self._client = client
        self._asked = asked
        self._rows_of = partial(Rows, asked, now=now, zone=zone, has_words=has_words)
        self._buckets = 0
        self.total = 0
        self._planner = Planner(
            since_ms=asked.since_ms,
            until_ms=asked.until_ms,
            now=now,
            zone=zone,
            span_of=self._span,
        )

    def answer(self, aggs: Aggs) -> dict[str, Any]:
        root = _Node(None, Bucketing(), None, aggs)
        self._look(root)
        [found] = root.found[()]
        return self._inside(root, (), found, None)

    # Asking ----------------------------------------------------------------------------------

    def _look(self, node: _Node) -> None:
        """Find the buckets of a node, and of all below it."""
        self._find(node)
        if node.above is None:
            self.total = node.found[()][0].count
        for agg in node.aggs.nodes:
            if agg.kind in _HIT_KINDS:
                node.hits[agg.name] = self._hits(node, agg)
            elif not _is_metric(agg):
                below = _Node(agg, self._planner.bucketing(agg), node, agg.aggs)
                node.below[agg.name] = below
                self._look(below)

    def _rows(self, node: _Node) -> tuple[Rows, int] | None:
        """Return the rows with the keys on the way to a node, and how many of them are above it.

        None where there can be none, as nothing was found above.
        """
        way = node.way
        where = None
        if way and way[0].agg is not None and way[0].agg.kind == "global":
            low, high = (
                self._asked.binder.instant(ms)
                for ms in (self._asked.since_ms, self._asked.until_ms)
            )
            where = f"timestamp >= {low} AND timestamp < {high}"
        rows = self._rows_of(where=where)
        cut = max((place for place, one in enumerate(way[:-1]) if one.bucketing.is_cut), default=-1)
        above = 0
        for place, one in enumerate(way):
            above = len(rows.keys)
            one.bucketing.layer(rows)
            if place == cut:
                paths = one.paths()
                if not paths:
                    return None
                rows.keep(paths)
        return rows, above

    def _find(self, node: _Node) -> None:
        made = self._rows(node)
        if made is None:
            return
        rows, width = made
        bucketing = node.bucketing
        above = rows.keys[:width]
        source = Source(rows.binder, rows.add, events=self.total)
        names: dict[str, list[str]] = {}
        selected = [*rows.keys]
        extras = []
        for number, sql in enumerate(bucketing.extras()):
            extras.append(f"e{number}")
            selected.append(f"{sql} AS e{number}")
        selected.append("")
        for place, agg in enumerate(node.aggs.nodes):
            if not _is_metric(agg):
                continue
            calculation = calculation_of(agg, source)
            node.calculations[agg.name] = calculation
            names[agg.name] = [f"m{place}_{at}" for at in range(len(calculation.columns))]
            for name, sql in zip(names[agg.name], calculation.columns, strict=True):
                selected.append(f"{sql} AS {name}")
        order = _order_sql(node, names, rows.keys[len(above) :], extras)
        is_by_hour = (
            not node.calculations
            and all(one.bucketing.is_of_hours for one in node.way)
            and rows.may_be_counted_by_hour
        )
        selected[len(rows.keys) + len(extras)] = (
            "sum(events) AS n" if is_by_hour else "count() AS n"
        )
        inner = rows.counted_by_hour() if is_by_hour else rows.sql()
        sql = f"SELECT {', '.join(selected)} FROM ({inner})"
        if rows.keys:
            sql += f" GROUP BY {', '.join(rows.keys)}"
            if bucketing.events_min > 1:
                sql += f" HAVING n >= {bucketing.events_min}"
        values = [name for each in names.values() for name in each]
        columns = [*rows.keys, *extras, "n", *values]
        if bucketing.has_total:
            partition = f"PARTITION BY {', '.join(above)}" if above else ""
            sql = f"SELECT {', '.join(columns)}, sum(n) OVER ({partition}) AS total FROM ({sql})"
        if bucketing.size:
            by = f" BY {', '.join(above)}" if above else ""
            sql += f" ORDER BY {order} LIMIT {bucketing.size}{by}"
            if by:
                sql += f" LIMIT {_ROWS_MAX}"
        elif rows.keys:
            sql += f" LIMIT {_ROWS_MAX}"
        found = self._ask(sql, rows)
        if len(found) >= _ROWS_MAX:
            raise TooManyBucketsError
        grouped: defaultdict[tuple[Key, ...], list[Found]] = defaultdict(list)
        at = len(rows.keys) + len(extras)
        for row in found:
            grouped[tuple(row[:width])].append(
                Found(
                    keys=tuple(row[width : len(rows.keys)]),
                    count=int(row[at]),
                    extras=row[len(rows.keys) : at],
                    values=row[at + 1 : at + 1 + len(values)],
                    total=int(row[-1]) if bucketing.has_total else 0,
                )
            )
        if isinstance(bucketing, Significant):
            self._compare(node, bucketing, grouped)
        node.found = grouped
        bucketing.learn([one for group in grouped.values() for one in group])

    def _compare(
        self, node: _Node, significant: Significant, grouped: dict[tuple[Key, ...], list[Found]]
    ) -> None:
        """Keep what is commoner in its bucket than among all events of that time."""
        binder = self._asked.binder
        low, high = binder.instant(self._asked.since_ms), binder.instant(self._asked.until_ms)
        where = f"timestamp >= {low} AND timestamp < {high}"
        rows = self._rows_of(where=where)
        significant.layer(rows)
        wanted = {(one.keys[0],) for found in grouped.values() for one in found}
        counted: list[tuple[Any, ...]] = []
        if wanted:
            rows.keep(sorted(wanted, key=str))
            sql = f"SELECT toString({rows.keys[0]}) AS k, count() FROM ({rows.sql()}) GROUP BY k"
            counted = self._ask(f"{sql} LIMIT {_ROWS_MAX}", rows)
        significant.background = {str(key): int(count) for key, count in counted}
        everything = self._rows_of(where=where)
        [(count,)] = self._ask(f"SELECT count() FROM ({everything.sql()})", everything)
        significant.everything = int(count)
        for above, found in grouped.items():
            grouped[above] = significant.best(found, _count_above(node, above, self.total))

    def _ask(self, sql: str, rows: Rows) -> list[tuple[Any, ...]]:
        return self._runner.rows(
            self._client, sql, rows.binder.parameters, max_result_rows=2 * _ROWS_MAX
        )

    def _span(self, name: str) -> Span | None:
        rows = self._rows_of()
        read = reading.instants(name, rows.binder)
        array = rows.add(read.array)
        sql = f"SELECT sum(length({array})), minArray({array}), maxArray({array})"
        [(count, low, high)] = self._ask(f"{sql} FROM ({rows.sql()})", rows)
        return Span(int(low), int(high)) if count else None

    def _hits(self, node: _Node, agg: Agg) -> Hits:
        made = self._rows(node)
        if made is None:
            return Hits({}, agg)
        return hits_of(agg, made[0], self._ask)

    # Answering -------------------------------------------------------------------------------

    def _inside(
        self, node: _Node, path: tuple[Key, ...], found: Found | None, around: Around | None
    ) -> dict[str, Any]:
        """Return the answers of all that stands in a bucket."""
        answers: dict[str, Any] = {}
        at = 0
        for agg in node.aggs.nodes:
            if agg.name in node.below:
                answer = self._answer(node.below[agg.name], path, around)
            elif agg.name in node.hits:
                answer = node.hits[agg.name].answer(path, 0 if found is None else found.count)
            else:
                calculation = node.calculations.get(agg.name)
                if calculation is None:  # nothing was asked, as there are no events
                    source = Source(self._asked.binder, str, events=0)
                    calculation = calculation_of(agg, source)
                size = len(calculation.columns)
                values = None if found is None else found.values[at : at + size]
                at += size
                answer = calculation.result(values, around)
            if agg.meta is not None:
                answer = {"meta": dict(agg.meta), **answer}
            answers[agg.name] = answer
        return answers

    def _answer(self, node: _Node, above: tuple[Key, ...], around: Around | None) -> dict[str, Any]:
        bucketing = node.bucketing
        found = node.found.get(above, [])
        made = bucketing.made(found)
        self._buckets += len(made)
        if self._buckets > BUCKETS_MAX:
            raise TooManyBucketsError
        if bucketing.is_single:
            [one] = made
            inside = self._inside(node, above, one.found, around)
            return {"doc_count": one.count, **inside}
        buckets = []
        for one in made:
            inside = self._inside(node, above + one.keys, one.found, one.around or around)
            buckets.append({**one.head, "doc_count": one.count, **inside})
        named = dict(zip((one.name for one in made), buckets, strict=False))
        buckets = _arranged(node, buckets)
        return {
            **bucketing.frame(found, made),
            "buckets": named if bucketing.is_keyed else buckets,
        }


def _is_metric(agg: Agg) -> bool:
    return agg.kind in METRIC_KINDS and agg.kind not in _HIT_KINDS


def _count_above(node: _Node, path: tuple[Key, ...], total: int) -> int:
    """Return how many events are in the bucket that an aggregation stands in."""
    above = node.above
    if above is None or above.above is None:
        return total
    for keys, found in above.found.items():
        for one in found:
            if keys + one.keys == path:
                return one.count
    return 0


def _order_sql(
    node: _Node, names: Mapping[str, Sequence[str]], keys: Sequence[str], extras: Sequence[str]
) -> str:
    """Return ORDER BY for an aggregation that shows only its first buckets."""
    parts = []
    bucketing = node.bucketing
    for key, is_descending in bucketing.orders:
        direction = "DESC" if is_descending else "ASC"
        if key == "_count":
            parts.append(f"n {direction}")
        elif key == "_key":
            parts.append(bucketing.key_order(is_descending=is_descending, keys=keys, extras=extras))
        else:
            name, inner = _split(key, node)
            calculation = node.calculations[name]
            if calculation.order is None:
                raise QueryError(f"{_path(node)}.order: buckets cannot be ordered by '{key}'")
            sql = calculation.order(names[name], inner)
            parts.append(f"{sql} {direction} NULLS LAST")
    if not any(key == "_key" for key, _ in bucketing.orders):
        parts.append(bucketing.key_order(is_descending=False, keys=keys, extras=extras))
    return ", ".join(part for part in parts if part)


def _split(key: str, node: _Node) -> tuple[str, str | None]:
    """Return the metric that an order names, and which of its values."""
    for name in sorted(node.calculations, key=len, reverse=True):
        if key == name or key == f"{name}.value":
            return name, None
        if key.startswith((f"{name}.", f"{name}[")):
            return name, key[len(name) + 1 :].removesuffix("]")
    raise QueryError(
        f"{_path(node)}.order names '{key[:100]}'; expected _count, _key, or a metric that stands "
        f"in it{': ' if node.calculations else ''}{', '.join(node.calculations)}"
    )


def _path(node: _Node) -> str:
    return "aggs" if node.agg is None else node.agg.path


def _arranged(node: _Node, buckets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the buckets of a histogram in the order that it asks for."""
    options = None if node.agg is None else node.agg.options
    if not isinstance(options, tree.DateHistogram | tree.Histogram) or options.order is None:
        return buckets
    orders: Orders = orders_of(options.order, (), _path(node))
    for key, is_descending in reversed(orders):
        known = [bucket for bucket in buckets if _value(bucket, key, node) is not None]
        unknown = [bucket for bucket in buckets if _value(bucket, key, node) is None]
        known.sort(key=lambda bucket: float(_value(bucket, key, node) or 0), reverse=is_descending)
        buckets = known + unknown
    return buckets


def _value(bucket: Mapping[str, Any], key: str, node: _Node) -> float | None:
    if key in ("_count", "_key"):
        return float(bucket["doc_count" if key == "_count" else "key"])
    name, inner = _split(key, node)
    answer = bucket[name]
    if "values" in answer:
        answer = answer["values"]
    if inner is None:
        inner = "value"
    found = answer.get(inner, answer.get(f"{inner}.0"))
    return None if found is None else float(found)
