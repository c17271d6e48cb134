"""From the options of bucket aggregations to how they group."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from tailrace.errors import QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.buckets import (
    Bucketing,
    Combined,
    DatePart,
    Dates,
    Geo,
    Narrowed,
    NumberPart,
    Numbers,
    Orders,
    Part,
    Sampled,
    Significant,
    Slot,
    Slots,
    Terms,
    TextPart,
)
from tailrace.query.aggregations.rows import Rows
from tailrace.query.aggregations.tree import BUCKETS_MAX, Agg
from tailrace.query.aggregations.when import (
    DAY_MS,
    Interval,
    Rounding,
    bound_ms,
    duration_ms,
    format_of,
    interval_of,
    zone_of,
)

_YEARS_MS: Final = 6 * 366 * DAY_MS
# Unit, how many of it, and how Elasticsearch calls it.
_AUTO: Final[Sequence[tuple[Interval, Sequence[int], str]]] = (
    (Interval("second"), (1, 5, 10, 30), "s"),
    (Interval("minute"), (1, 5, 10, 30), "m"),
    (Interval("hour"), (1, 3, 12), "h"),
    (Interval("day"), (1, 7), "d"),
    (Interval("month"), (1, 3), "M"),
    (Interval("year"), (1, 5, 10, 20, 50, 100), "y"),
)
_AUTO_UNITS: Final = ("second", "minute", "hour", "day", "month", "year")


class Span(NamedTuple):
    """The first and last instant of a field among the events asked for."""

    low_ms: int
    high_ms: int


class Planner:
    """Makes the bucketing of each aggregation of one request."""

    def __init__(
        self,
        *,
        since_ms: int,
        until_ms: int,
        now: datetime,
        zone: tzinfo,
        span_of: Callable[[str], Span | None],
    ) -> None:
        """`span_of` looks up the instants of a field, which costs a statement."""
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._now = now
        self._zone = zone
        self._span_of = span_of

    def bucketing(self, agg: Agg) -> Bucketing:
        """Return how an aggregation groups.

        Raises:
            QueryError: an option does not fit.
        """
        match agg.options:
            case tree.Terms() as options:
                zone = UTC
                return Terms(
                    [(options.field, options.missing)],
                    size=options.size,
                    orders=orders_of(options.order, (("_count", True),), agg.path),
                    events_min=options.min_doc_count,
                    include=options.include,
                    exclude=options.exclude,
                    written=format_of(options.format, zone, agg.path)
                    if reading.is_time(options.field)
                    else None,
                )
            case tree.MultiTerms() as options:
                return Terms(
                    [(one.field, one.missing) for one in options.terms],
                    size=options.size,
                    orders=orders_of(options.order, (("_count", True),), agg.path),
                    events_min=options.min_doc_count,
                    is_multiple=True,
                )
            case tree.SignificantTerms() as options:
                return Significant(options)
            case tree.DateHistogram() as options:
                return self._dates(options, agg.path)
            case tree.AutoDateHistogram() as options:
                return self._auto(options, agg.path)
            case tree.Histogram() as options:
                return _numbers(options, agg.path)
            case tree.Range() as options:
                return _ranges(options)
            case tree.DateRange() as options:
                return self._date_ranges(options, agg.path)
            case tree.Filter(query):
                return Narrowed(lambda rows: rows.condition(query))
            case tree.Filters() as options:
                return _filters(options)
            case tree.Missing() as options:
                return _missing(options)
            case tree.Sampler() as options:
                return Sampled(options.shard_size)
            case tree.GeohashGrid() | tree.GeotileGrid() as options:
                is_tile = isinstance(options, tree.GeotileGrid)
                return Geo(
                    options.field,
                    precision=options.precision,
                    size=options.size,
                    is_tile=is_tile,
                )
            case tree.Composite() as options:
                return Combined(options, [self._part(one, agg.path) for one in options.sources])
            case _:
                return Bucketing()

    def _zone_of(self, name: str | None, path: str) -> tzinfo:
        return zone_of(name, path, default=self._zone)

    def _span(self, name: str) -> Span | None:
        is_short = self._until_ms - self._since_ms <= _YEARS_MS
        if is_short and reading.is_time(name) and reading.field_of(name).name == "timestamp":  # type: ignore[union-attr]
            return Span(self._since_ms, self._until_ms)
        return self._span_of(name)

    def _rounding(
        self, name: str, interval: Interval, zone: tzinfo, *, offset_ms: int, also: Sequence[int]
    ) -> Rounding:
        span = self._span(name) or Span(self._since_ms, self._since_ms)
        return Rounding(
            interval,
            zone,
            offset_ms=offset_ms,
            low_ms=min(span.low_ms, *also) if also else span.low_ms,
            high_ms=max(span.high_ms, *also) if also else span.high_ms,
        )

    def _dates(self, options: tree.DateHistogram, path: str) -> Bucketing:
        zone = self._zone_of(options.time_zone, path)
        interval = interval_of(
            calendar=options.calendar_interval,
            fixed=options.fixed_interval,
            either=options.interval,
            path=path,
        )
        extended = self._bounds(options.extended_bounds, zone, f"{path}.extended_bounds")
        hard = self._bounds(options.hard_bounds, zone, f"{path}.hard_bounds")
        missing_ms = None
        if options.missing is not None:
            missing_ms = self._instant(options.missing, zone, f"{path}.missing")
        also = [one for one in (*(extended or ()), missing_ms) if one is not None]
        rounding = self._rounding(
            options.field, interval, zone, offset_ms=_offset_ms(options.offset, path), also=also
        )
        return Dates(
            options.field,
            rounding,
            written=format_of(options.format, zone, path),
            events_min=options.min_doc_count,
            missing_ms=missing_ms,
            extended=extended,
            hard=hard,
            is_keyed=options.keyed,
            buckets_max=BUCKETS_MAX,
        )

    def _auto(self, options: tree.AutoDateHistogram, path: str) -> Bucketing:
        zone = self._zone_of(options.time_zone, path)
        least = 0
        if options.minimum_interval is not None:
            if options.minimum_interval not in _AUTO_UNITS:
                raise QueryError(
                    f"{path}.minimum_interval is '{options.minimum_interval}'; expected one of "
                    f"{', '.join(_AUTO_UNITS)}"
                )
            least = _AUTO_UNITS.index(options.minimum_interval)
        span = self._span_of(options.field) or Span(self._since_ms, self._since_ms)
        rounding, name = _fitting(span, zone, options.buckets, _AUTO[least:])
        missing_ms = None
        if options.missing is not None:
            missing_ms = self._instant(options.missing, zone, f"{path}.missing")
        return Dates(
            options.field,
            rounding,
            written=format_of(options.format, zone, path),
            missing_ms=missing_ms,
            interval=name,
            buckets_max=BUCKETS_MAX,
        )

    def _date_ranges(self, options: tree.DateRange, path: str) -> Bucketing:
        zone = self._zone_of(options.time_zone, path)
        written = format_of(options.format, zone, path)
        ends = []
        for number, span in enumerate(options.ranges):
            place = f"{path}.ranges[{number}]"
            low = None if span.from_ is None else self._instant(span.from_, zone, f"{place}.from")
            high = None if span.to is None else self._instant(span.to, zone, f"{place}.to")
            ends.append((low, high, span.key))
        ends.sort(key=_range_order)
        slots = []
        for low, high, name in ends:
            head: dict[str, Any] = {}
            for key, value in (("from", low), ("to", high)):
                if value is not None:
                    head |= {key: float(value), f"{key}_as_string": written(value)}
            named = f"{head.get('from_as_string', '*')}-{head.get('to_as_string', '*')}"
            slots.append(_slot(name or named, head, is_keyed=options.keyed))
        missing_ms = None
        if options.missing is not None:
            missing_ms = self._instant(options.missing, zone, f"{path}.missing")

        def conditions(rows: Rows) -> list[str]:
            array = rows.add(reading.instants(options.field, rows.binder).array)
            if missing_ms is not None:
                array = f"if(empty({array}), [toInt64({missing_ms})], {array})"
            return [_within(array, low, high) for low, high, _ in ends]

        return Slots(slots, conditions, is_keyed=options.keyed)

    def _part(self, source: tree.Source, path: str) -> Part:
        options = source.options
        place = f"{path}.{source.name}"
        if source.kind == "terms":
            return TextPart(source)
        if source.kind == "histogram":
            try:
                interval = float(str(options.interval))
            except ValueError:
                interval = 0.0
            if not tree.INTERVAL_MIN <= interval <= tree.INTERVAL_MAX:
                raise QueryError(f"{place}.interval is '{options.interval}'; expected a number")
            return NumberPart(source, interval)
        zone = self._zone_of(options.time_zone, place)
        interval_found = interval_of(
            calendar=options.calendar_interval,
            fixed=options.fixed_interval,
            either=options.interval,
            path=place,
        )
        rounding = self._rounding(
            options.field,
            interval_found,
            zone,
            offset_ms=_offset_ms(options.offset, place),
            also=(),
        )
        written = None if options.format is None else format_of(options.format, zone, place)
        return DatePart(source, rounding, written)

    def _bounds(
        self, bounds: tree.Bounds | None, zone: tzinfo, path: str
    ) -> tuple[int | None, int | None] | None:
        if bounds is None:
            return None
        low, high = (
            None if one is None else self._instant(one, zone, path)
            for one in (bounds.min, bounds.max)
        )
        if low is not None and high is not None and low > high:
            raise QueryError(f"{path}: min is {bounds.min} and max is {bounds.max}, before it")
        return low, high

    def _instant(self, given: object, zone: tzinfo, path: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            raise QueryError(f"{path} is '{given}'; expected a time")
        return bound_ms(given, zone=zone, now=self._now, path=path)


def orders_of(given: tree.OrderGiven | None, default: Orders, path: str) -> Orders:
    """Return what buckets are ordered by.

    Raises:
        QueryError: a direction is neither asc nor desc.
    """
    if given is None:
        return default
    found = []
    for one in given if isinstance(given, list) else [given]:
        for key, direction in one.items():
            if direction.lower() not in ("asc", "desc"):
                raise QueryError(f"{path}.order.{key} is '{direction}'; expected asc or desc")
            name = {"_term": "_key", "_time": "_key"}.get(key, key)
            found.append((name, direction.lower() == "desc"))
    return tuple(found) or default


def _offset_ms(given: float | str | None, path: str) -> int:
    if given is None:
        return 0
    bare = isinstance(given, int | float)
    return duration_ms(f"{int(given)}ms" if bare else str(given), f"{path}.offset")


def _fitting(
    span: Span,
    zone: tzinfo,
    buckets: int,
    levels: Sequence[tuple[Interval, Sequence[int], str]],
) -> tuple[Rounding, str]:
    """Return the shortest intervals of which no more than so many are needed, and their name."""
    for interval, counts, letter in levels:
        if interval.unit in ("second", "minute", "hour", "day"):
            length_ms = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": DAY_MS}[
                interval.unit
            ]
            if (span.high_ms - span.low_ms) // length_ms > (buckets + 1) * counts[-1]:
                continue
        base = Rounding(interval, zone, offset_ms=0, low_ms=span.low_ms, high_ms=span.high_ms)
        starts = [base.round(span.low_ms)]
        while starts[-1] <= span.high_ms:
            starts.append(base.following(starts[-1]))
        for count in counts:
            if -(-(len(starts) - 1) // count) <= buckets or (letter, count) == ("y", 100):
                chosen = starts[::count]
                while chosen[-1] <= span.high_ms:
                    following = chosen[-1]
                    for _ in range(count):
                        following = base.following(following)
                    chosen.append(following)
                return Rounding.of_starts(chosen, interval, zone), f"{count}{letter}"
    raise AssertionError("centuries fit")


def _numbers(options: tree.Histogram, path: str) -> Bucketing:
    def ends(bounds: tree.Bounds | None) -> tuple[float | None, float | None] | None:
        if bounds is None:
            return None
        return tuple(_number(one, path) for one in (bounds.min, bounds.max))  # type: ignore[return-value]

    return Numbers(
        options,
        missing=_number(options.missing, path),
        extended=ends(options.extended_bounds),
        hard=ends(options.hard_bounds),
        buckets_max=BUCKETS_MAX,
    )


def _number(given: object, path: str) -> float | None:
    if given is None:
        return None
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise QueryError(f"{path}: '{given}' is no number")
    return number


def _ranges(options: tree.Range) -> Bucketing:
    ends = sorted(((one.from_, one.to, one.key) for one in options.ranges), key=_range_order)
    slots = []
    for low, high, name in ends:
        head = {key: value for key, value in (("from", low), ("to", high)) if value is not None}
        named = f"{'*' if low is None else float(low)}-{'*' if high is None else float(high)}"
        slots.append(_slot(name or named, head, is_keyed=options.keyed))
    missing = _number(options.missing, options.field)

    def conditions(rows: Rows) -> list[str]:
        array = rows.add(reading.numbers(options.field, rows.binder).array)
        if missing is not None:
            array = f"if(empty({array}), [toFloat64({missing!r})], {array})"
        return [_within(array, low, high) for low, high, _ in ends]

    return Slots(slots, conditions, is_keyed=options.keyed)


def _range_order(ends: tuple[float | None, float | None, str | None]) -> tuple[float, float]:
    low, high, _ = ends
    return (
        float("-inf") if low is None else low,
        float("inf") if high is None else high,
    )


def _within(array: str, low: float | None, high: float | None) -> str:
    tests = []
    if low is not None:
        tests.append(f"v >= {low!r}")
    if high is not None:
        tests.append(f"v < {high!r}")
    return f"arrayExists(v -> {' AND '.join(tests) or '1'}, {array})"


def _slot(name: str, head: dict[str, Any], *, is_keyed: bool) -> Slot:
    return Slot(name, head if is_keyed else {"key": name, **head})


def _filters(options: tree.Filters) -> Bucketing:
    names: list[str | None] = list(options.names or [None] * len(options.trees))
    if options.other is not None:
        names.append(options.other if options.names is not None else None)
    is_keyed = options.names is not None and options.is_keyed
    slots = [Slot(name, {} if is_keyed or name is None else {"key": name}) for name in names]
    return Slots(
        slots,
        lambda rows: [rows.condition(one) for one in options.trees],
        is_keyed=is_keyed,
        has_other=options.other is not None,
    )


def _missing(options: tree.Missing) -> Bucketing:
    def condition(rows: Rows) -> str:
        read = reading.raws(options.field, rows.binder)
        return "0" if options.missing is not None else f"NOT {rows.add(read.has_any)}"

    return Narrowed(condition)
