"""Metrics: SQL aggregates for a bucket's events, and the JSON made of what they give."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from tailrace.errors import QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.reading import Read
from tailrace.query.aggregations.tree import Agg
from tailrace.query.aggregations.when import UNITS_MONTHS, UNITS_MS, Interval, format_of
from tailrace.query.bind import Binder

HAZEN_MAX: Final = 1_000
"""Up to so many values, percentiles are those of Hazen, which Elasticsearch comes to as well."""
EXACT_EVENTS_MAX: Final = 10_000_000
"""Percentiles of more events are approximate."""
DEVIATION_VALUES_MAX: Final = 10_000
PRECISION_MAX: Final = 40_000
_PLACE: Final = "(timestamp, raw_partition, raw_offset, raw_index)"

Values = Sequence[Any]


@dataclass(frozen=True)
class Around:
    """The bucket of a date histogram that a metric is in: from, until, and the interval."""

    start_ms: int
    end_ms: int
    interval: Interval


@dataclass(frozen=True)
class Calculation:
    """Aggregate expressions, what makes the result of their values, and what orders by them.

    `result` gets None where there are no events. `order` gets the names of the expressions and
    what stands behind the metric's name in an order.
    """

    columns: Sequence[str]
    result: Callable[[Values | None, Around | None], dict[str, Any]]
    order: Callable[[Sequence[str], str | None], str] | None = None


class Source:
    """Where metrics read: gives columns of the rows names, and binds values."""

    def __init__(self, binder: Binder, add: Callable[[str], str], *, events: int) -> None:
        self.binder = binder
        self.add = add
        self.events = events

    def read(self, read: Read) -> Read:
        """Return the values as columns of the rows."""
        if read.is_single:
            assert read.value is not None  # noqa: S101
            value = self.add(read.value)
            present = "1" if read.present == "1" else self.add(read.present)
            array = f"[{value}]" if present == "1" else f"if({present}, [{value}], [])"
            return Read(array, value, present, read.kind)
        return Read(self.add(read.array), kind=read.kind)

    def numbers(self, name: str, missing: object = None, path: str = "") -> Read:
        """Return a field's numbers, with a number instead of none."""
        read = reading.numbers(name, self.binder)
        if missing is None:
            return self.read(read)
        try:
            number = float(str(missing))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise QueryError(f"{path}.missing is '{missing}'; expected a number")
        instead = f"toFloat64({self.binder.number(number)})"
        return self.read(_with_missing(read, instead))

    def texts(self, name: str, missing: object = None) -> Read:
        """Return a field's distinct values as texts, with a text instead of none."""
        read = reading.plain_texts(name, self.binder)
        if missing is not None:
            read = _with_missing(read, self.binder.text(text_of(missing)))
        return self.read(read)


def text_of(value: object) -> str:
    """Return a scalar as the text that it is compared as."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _with_missing(read: Read, instead: str) -> Read:
    if read.is_single:
        value = f"if({read.present}, {read.value}, {instead})"
        return Read(f"[{value}]", value, "1", read.kind)
    return Read(f"if(empty({read.array}), [{instead}], {read.array})")


def aggregated(function: str, read: Read, parameters: str = "") -> str:
    """Return SQL for an aggregate function of all values."""
    if not read.is_single:
        return f"{function}Array{parameters}({read.array})"
    if read.present == "1":
        return f"{function}{parameters}({read.value})"
    return f"{function}If{parameters}({read.value}, {read.present})"


def count_of(read: Read) -> str:
    """Return SQL for how many values there are."""
    if not read.is_single:
        return f"sum(length({read.array}))"
    return "count()" if read.present == "1" else f"countIf({read.present})"


def calculation_of(agg: Agg, source: Source) -> Calculation:
    """Return how a metric is computed.

    Raises:
        QueryError: an option does not fit.
    """
    options = agg.options
    match agg.kind, options:
        case "rate", tree.Rate():
            return _rate(options, source, agg.path)
        case "weighted_avg", tree.WeightedAvg():
            return _weighted(options, source)
        case "first" | "last", tree.FirstLast():
            return _first_or_last(agg.kind, options, source)
        case "cardinality", tree.Cardinality():
            return _cardinality(options, source)
        case "unique_exact", tree.OfField():
            texts = source.texts(options.field, options.missing)
            return _single(aggregated("uniqExact", texts), empty=0)
        case "value_count", tree.OfField():
            values = source.read(reading.raws(options.field, source.binder))
            if options.missing is not None:
                values = source.read(_with_missing(values, "'0'"))
            return _single(count_of(values), empty=0)
        case _, tree.OfField():
            return _of_numbers(agg, options, source)
        case _:
            raise QueryError(f"{agg.path}: {agg.kind} is no metric")


def _of_numbers(agg: Agg, options: tree.OfField, source: Source) -> Calculation:
    numbers = source.numbers(options.field, options.missing, agg.path)
    written = _written(options)
    match agg.kind, options:
        case "percentiles", tree.Percentiles():
            return _percentiles(options, numbers, source, written)
        case "percentile_ranks", tree.PercentileRanks():
            return _percentile_ranks(options, numbers)
        case "median_absolute_deviation", _:
            return _deviation(numbers)
        case "stats", _:
            return _stats(numbers, written)
        case "extended_stats", tree.ExtendedStats():
            return _extended_stats(options, numbers, written)
        case _:
            return _simple(agg.kind, numbers, written)


def _written(options: tree.OfField) -> Callable[[float], str] | None:
    """Return what writes a value as text, for times."""
    if not reading.is_time(options.field):
        return None
    given = options.format if isinstance(options, tree.Metric) else None
    write = format_of(given, UTC, "aggs")
    return lambda value: write(int(value))


def clean(value: Any) -> float | int | None:
    """Return a number, None where it is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, int | float) else float(value)


def _single(column: str, *, empty: int | None) -> Calculation:
    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        return {"value": empty if values is None else clean(values[0])}

    return Calculation([column], result, lambda names, _: names[0])


def _simple(kind: str, read: Read, written: Callable[[float], str] | None) -> Calculation:
    count = count_of(read)
    function = {"avg": "sumKahan", "sum": "sumKahan"}.get(kind, kind)

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        count, found = (0, None) if values is None else values
        if kind == "sum":
            value = clean(found) if count else 0.0
        elif not count or found is None:
            value = None
        else:
            value = clean(found / count if kind == "avg" else found)
        text = {} if written is None or value is None else {"value_as_string": written(value)}
        return {"value": value, **text}

    def order(names: Sequence[str], _: str | None) -> str:
        nothing = {"avg": "NULL", "sum": "0", "min": "inf", "max": "-inf"}[kind]
        value = f"{names[1]} / {names[0]}" if kind == "avg" else names[1]
        return f"if({names[0]} = 0, {nothing}, {value})"

    return Calculation([count, aggregated(function, read)], result, order)


def _stats(read: Read, written: Callable[[float], str] | None) -> Calculation:
    columns = [count_of(read), *(aggregated(name, read) for name in ("min", "max", "sumKahan"))]

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        return _basic(values, written)

    return Calculation(columns, result, _stats_order)


def _basic(values: Values | None, written: Callable[[float], str] | None) -> dict[str, Any]:
    count = 0 if values is None else int(values[0])
    if values is None or not count:
        return {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0}
    low, high, total = values[1:4]
    found: dict[str, Any] = {
        "count": count,
        "min": clean(low),
        "max": clean(high),
        "avg": clean(total / count),
        "sum": clean(total),
    }
    if written is not None:
        for name in ("min", "max", "avg"):  # a sum of instants is none
            if found[name] is not None:
                found[f"{name}_as_string"] = written(found[name])
    return found


def _stats_order(names: Sequence[str], key: str | None) -> str:
    count, low, high, total = names[:4]
    match key:
        case "count":
            return count
        case "min":
            return f"if({count} = 0, inf, {low})"
        case "max":
            return f"if({count} = 0, -inf, {high})"
        case "sum":
            return total
        case "avg":
            return f"if({count} = 0, NULL, {total} / {count})"
        case _:
            raise QueryError(
                f"order by '{key}' of stats; expected count, min, max, avg or sum behind the name"
            )


_SPREADS: Final = ("variance", "std_deviation")


def _extended_stats(
    options: tree.ExtendedStats, read: Read, written: Callable[[float], str] | None
) -> Calculation:
    squares = (
        Read("", f"{read.value} * {read.value}", read.present)
        if read.is_single
        else Read(f"arrayMap(v -> v * v, {read.array})")
    )
    columns = [
        count_of(read),
        *(aggregated(name, read) for name in ("min", "max", "sumKahan")),
        aggregated("sumKahan", squares),
        aggregated("varPopStable", read),
    ]

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        found = _basic(values, written)
        count = found["count"]
        squared = variance = None
        if values is not None and count:
            squared, variance = clean(values[4]), clean(values[5])
        sampling = None
        if variance is not None:
            variance = max(float(variance), 0.0)
            sampling = variance * count / (count - 1) if count > 1 else None
        found["sum_of_squares"] = squared
        found["variance"] = found["variance_population"] = variance
        found["variance_sampling"] = sampling
        deviation = None if variance is None else math.sqrt(variance)
        sampled = None if sampling is None else math.sqrt(sampling)
        found["std_deviation"] = found["std_deviation_population"] = deviation
        found["std_deviation_sampling"] = sampled
        bounds: dict[str, float | None] = {}
        for sign, name in ((1, "upper"), (-1, "lower")):
            for spread, suffix in ((deviation, ""), (deviation, "_population")):
                bounds[name + suffix] = _bound(found["avg"], spread, sign * options.sigma)
            bounds[f"{name}_sampling"] = _bound(found["avg"], sampled, sign * options.sigma)
        found["std_deviation_bounds"] = bounds
        return found

    def order(names: Sequence[str], key: str | None) -> str:
        count, _, _, total, squared, variance = names
        name = (key or "").removesuffix("_population")
        match name:
            case "variance":
                return variance
            case "std_deviation":
                return f"sqrt({variance})"
            case "variance_sampling" | "std_deviation_sampling":
                sampling = f"if({count} > 1, {variance} * {count} / ({count} - 1), NULL)"
                return sampling if name.startswith("variance") else f"sqrt({sampling})"
            case "sum_of_squares":
                return squared
            case "std_upper" | "std_lower" | "std_deviation_bounds.upper":
                sign = "-" if name == "std_lower" else "+"
                return f"{total} / {count} {sign} {options.sigma!r} * sqrt({variance})"
            case _:
                return _stats_order(names, key)

    return Calculation(columns, result, order)


def _bound(mean: float | None, spread: float | None, sigma: float) -> float | None:
    return None if mean is None or spread is None else mean + sigma * spread


def _sorted(read: Read) -> str:
    return f"arraySort({aggregated('groupArray', read, f'({HAZEN_MAX + 1})')})"


def _hazen(values: str, shares: str) -> str:
    """Return SQL for the values of a sorted array at these shares of it, an array."""
    size = f"toFloat64(length({values}))"
    places = f"arrayMap(p -> least(greatest({size} * p + 0.5, 1.), {size}), {shares})"
    low = f"{values}[toUInt32(floor(h))]"
    high = f"{values}[toUInt32(ceil(h))]"
    return f"arrayMap(h -> {low} + (h - floor(h)) * ({high} - {low}), {places})"


def _percentiles(
    options: tree.Percentiles,
    read: Read,
    source: Source,
    written: Callable[[float], str] | None,
) -> Calculation:
    shares = ", ".join(repr(percent / 100) for percent in options.percents)
    count = count_of(read)
    is_exact = source.events <= EXACT_EVENTS_MAX or written is not None
    function = "quantilesExactInclusive" if is_exact else "quantilesTDigest"
    many = aggregated(function, read, f"({shares})")
    many = f"arrayMap(x -> toFloat64(x), {many})"
    column = f"if({count} <= {HAZEN_MAX}, {_hazen(_sorted(read), f'[{shares}]')}, {many})"

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        found: list[float | int | None] = [None] * len(options.percents)
        if values is not None and values[0]:
            found = [clean(value) for value in values[1]]
        return _listed(options.percents, found, is_keyed=options.keyed, written=written)

    def order(names: Sequence[str], key: str | None) -> str:
        for place, percent in enumerate(options.percents, start=1):
            if key is not None and _is_number(key) and float(key) == percent:
                return f"if({names[0]} = 0, NULL, {names[1]}[{place}])"
        raise QueryError(
            f"order by '{key}' of percentiles; expected one of "
            f"{', '.join(map(str, options.percents))} behind the name, such as p.50 or p[95.0]"
        )

    return Calculation([count, column], result, order)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(
    keys: Sequence[float],
    values: Sequence[float | None],
    *,
    is_keyed: bool,
    written: Callable[[float], str] | None = None,
) -> dict[str, Any]:
    if is_keyed:
        named: dict[str, Any] = {}
        for key, value in zip(keys, values, strict=True):
            named[str(float(key))] = value
            if written is not None and value is not None:
                named[f"{float(key)}_as_string"] = written(value)
        return {"values": named}
    return {
        "values": [
            {"key": float(key), "value": value} for key, value in zip(keys, values, strict=True)
        ]
    }


def _percentile_ranks(options: tree.PercentileRanks, read: Read) -> Calculation:
    below = []
    for value in options.values:
        if read.is_single:
            part = f"({read.value} < {value!r}) + 0.5 * ({read.value} = {value!r})"
            below.append(f"sumIf({part}, {read.present})")
        else:
            part = f"arraySum(v -> (v < {value!r}) + 0.5 * (v = {value!r}), {read.array})"
            below.append(f"sum({part})")
    columns = [count_of(read), aggregated("min", read), aggregated("max", read), *below]

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        found: list[float | None] = [None] * len(options.values)
        if values is not None and values[0]:
            count, low, high, *ranks = values
            for place, value in enumerate(options.values):
                rank = 100.0 * ranks[place] / count
                found[place] = 0.0 if value < low else 100.0 if value >= high else rank
        return _listed(options.values, found, is_keyed=options.keyed)

    return Calculation(columns, result)


def _deviation(read: Read) -> Calculation:
    if read.is_single:
        gathered = f"groupArraySampleIf({DEVIATION_VALUES_MAX}, 1)({read.value}, {read.present})"
    else:
        gathered = f"groupArraySampleArray({DEVIATION_VALUES_MAX}, 1)({read.array})"
    values = f"arraySort({gathered})"
    middle = f"{_hazen(values, '[0.5]')}[1]"
    middles = f"arrayWithConstant(length({values}), {middle})"
    distances = f"arraySort(arrayMap((v, m) -> abs(v - m), {values}, {middles}))"
    column = f"if(empty({values}), nan, {_hazen(distances, '[0.5]')}[1])"
    return _single(column, empty=None)


def _cardinality(options: tree.Cardinality, source: Source) -> Calculation:
    texts = source.texts(options.field, options.missing)
    hashes = (
        Read("", f"cityHash64({texts.value})", texts.present)
        if texts.is_single
        else Read(f"arrayMap(t -> cityHash64(t), {texts.array})")
    )
    exact = min(options.precision_threshold, PRECISION_MAX)
    few = f"length({aggregated('groupUniqArray', hashes, f'({exact + 1})')})"
    column = f"if({few} <= {exact}, {few}, {aggregated('uniqCombined64', hashes)})"
    return _single(column, empty=0)


def _first_or_last(kind: str, options: tree.FirstLast, source: Source) -> Calculation:
    read = reading.raws(options.field, source.binder)
    value = source.add(read.value or f"{read.array}[1]")
    present = source.add(read.has_any)
    place = source.add(_PLACE)
    function = "argMinIf" if kind == "first" else "argMaxIf"

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        if values is None or not values[0]:
            return {"value": None}
        return {"value": json.loads(values[1])}

    columns = [f"countIf({present})", f"{function}({value}, {place}, {present})"]
    return Calculation(columns, result)


def _weighted(options: tree.WeightedAvg, source: Source) -> Calculation:
    values = source.numbers(options.value.field, options.value.missing).array
    weights = source.numbers(options.weight.field, options.weight.missing).array
    is_whole = f"notEmpty({values}) AND notEmpty({weights})"
    columns = [
        f"sumIf(arraySum({values}) * {weights}[1], {is_whole})",
        f"sumIf(length({values}) * {weights}[1], {is_whole})",
    ]

    def result(values: Values | None, _: Around | None) -> dict[str, Any]:
        if values is None or not values[1]:
            return {"value": None}
        return {"value": clean(values[0] / values[1])}

    return Calculation(
        columns, result, lambda names, _: f"if({names[1]} = 0, NULL, {names[0]} / {names[1]})"
    )


def _rate(options: tree.Rate, source: Source, path: str) -> Calculation:
    units: Mapping[str, int] = {**UNITS_MS, **UNITS_MONTHS}
    if options.unit is not None and options.unit not in units:
        raise QueryError(f"{path}.unit is '{options.unit}'; expected one of {', '.join(units)}")
    if options.mode not in ("sum", "value_count"):
        raise QueryError(f"{path}.mode is '{options.mode}'; expected sum or value_count")
    if options.field is None:
        column = "count()"
    else:
        numbers = source.numbers(options.field)
        is_sum = options.mode == "sum"
        column = aggregated("sumKahan", numbers) if is_sum else count_of(numbers)

    def result(values: Values | None, around: Around | None) -> dict[str, Any]:
        if around is None:
            raise QueryError(f"{path}: rate has to stand below a date_histogram")
        value = float(values[0]) if values is not None else 0.0
        return {"value": value / _units_in(around, options.unit, path)}

    return Calculation([column], result, lambda names, _: names[0])


def _units_in(around: Around, unit: str | None, path: str) -> float:
    """Return how many of the unit a bucket is long."""
    if unit is None:
        return 1.0
    if unit in UNITS_MS:
        return (around.end_ms - around.start_ms) / UNITS_MS[unit]
    months = UNITS_MONTHS.get(around.interval.unit or "")
    if months is None:
        raise QueryError(
            f"{path}.unit is '{unit}', which only fits a calendar_interval of month, quarter or "
            "year"
        )
    return months / UNITS_MONTHS[unit]
