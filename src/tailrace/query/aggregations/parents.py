"""Pipelines that work on the row of buckets that they stand in: one struct for each kind.

Each has `apply(name, buckets)`, which puts its answers into the buckets and returns those that
stay.

Source: Elasticsearch reference, pipeline aggregations.
"""

import math
import re
from collections import deque
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.aggregations.arithmetic import parse_choice, parse_formula
from tailrace.query.aggregations.moving import parse_moving
from tailrace.query.aggregations.paths import (
    Bucket,
    BucketsPath,
    Common,
    GapPolicy,
    OnePath,
    number_answer,
    number_or_none,
    parse_path,
    path_of,
    value_at,
)

VARIABLES_MAX: Final = 100
WINDOW_MAX: Final = 10_000
SORTS_MAX: Final = 20

_UNIT = re.compile(r"(?P<count>[1-9][0-9]{0,5})?(?P<unit>[A-Za-z]+)")
# A month and a year are as long as they are on average, as in Elasticsearch.
_UNITS_MS: Final[Mapping[str, int]] = {
    "ms": 1,
    "s": 1_000,
    "second": 1_000,
    "m": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
    "w": 604_800_000,
    "week": 604_800_000,
    "M": 2_629_746_000,
    "month": 2_629_746_000,
    "q": 7_889_238_000,
    "quarter": 7_889_238_000,
    "y": 31_556_952_000,
    "year": 31_556_952_000,
}

Paths = (
    Annotated[str, Meta(max_length=1_000)]
    | Annotated[list[str], Meta(max_length=VARIABLES_MAX)]
    | Annotated[dict[str, str], Meta(max_length=VARIABLES_MAX)]
)


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A script with its constants."""

    source: str = ""
    inline: str = ""
    lang: Literal["painless", "expression"] = "painless"
    params: Annotated[dict[str, float], Meta(max_length=VARIABLES_MAX)] = {}

    @property
    def text(self) -> str:
        """The script itself, by either of its names."""
        return self.source or self.inline


class Derivative(Common, frozen=True, kw_only=True):
    """The difference to the bucket before; with `unit` per second, minute and so on as well."""

    buckets_path: OnePath
    unit: str | None = None

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers."""
        per_ms = None if self.unit is None else _unit_ms(self.unit)
        path = path_of(self.buckets_path)
        before: tuple[float, float] | None = None
        for bucket in buckets:
            value = value_at(bucket, path, self.gap_policy)
            if before is not None and value is not None:
                answer = number_answer(value - before[1])
                if per_ms is not None:
                    steps = (_key(bucket) - before[0]) / per_ms
                    answer["normalized_value"] = number_or_none((value - before[1]) / steps)
                bucket[name] = answer
            before = None if value is None else (_key(bucket) if per_ms else 0.0, value)
        return buckets


class CumulativeSum(Common, frozen=True, kw_only=True):
    """The sum of all buckets so far; a gap adds nothing."""

    buckets_path: OnePath

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers."""
        path = path_of(self.buckets_path)
        total = 0.0
        for bucket in buckets:
            total += value_at(bucket, path, "insert_zeros") or 0.0
            bucket[name] = number_answer(total)
        return buckets


class SerialDiff(Common, frozen=True, kw_only=True):
    """The difference to the bucket `lag` places before."""

    buckets_path: OnePath
    lag: Annotated[int, Meta(ge=1, le=WINDOW_MAX)] = 1

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers."""
        path = path_of(self.buckets_path)
        window: deque[float] = deque(maxlen=self.lag)
        for bucket in buckets:
            found = value_at(bucket, path, self.gap_policy)
            value = math.nan if found is None else found
            if len(window) == self.lag and math.isfinite(value - window[0]):
                bucket[name] = number_answer(value - window[0])
            window.append(value)
        return buckets


class MovingFn(Common, frozen=True, kw_only=True):
    """A function of the values in a window, which ends before the bucket unless it is shifted."""

    buckets_path: OnePath
    window: Annotated[int, Meta(ge=1, le=WINDOW_MAX)]
    script: str | Script
    shift: Annotated[int, Meta(ge=-WINDOW_MAX, le=WINDOW_MAX)] = 0

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers."""
        moving = parse_moving(_text(self.script))
        path = path_of(self.buckets_path)
        found = [value_at(bucket, path, self.gap_policy) for bucket in buckets]
        values = [value for value in found if value is not None and not math.isnan(value)]
        place = 0
        for bucket, value in zip(buckets, found, strict=True):
            if value is not None and not math.isnan(value):
                end = min(max(place + self.shift, 0), len(values))
                start = min(max(place + self.shift - self.window, 0), len(values))
                bucket[name] = number_answer(moving(values[start:end]))
                place += 1
        return buckets


class BucketScript(Common, frozen=True, kw_only=True):
    """A number calculated from numbers of the bucket."""

    buckets_path: Paths
    script: str | Script

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return list(_variables(self.buckets_path).values())

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers; those with a gap have none."""
        variables = _variables(self.buckets_path)
        formula = parse_formula(_text(self.script))
        _check_names(formula.names, variables, self.script)
        for bucket in buckets:
            values = _values(bucket, variables, self.gap_policy)
            is_gap = any(value is None or math.isnan(value) for value in values.values())
            if not is_gap or self.gap_policy == "insert_zeros":
                bucket[name] = number_answer(formula.value(_known(values, self.script)))
        return buckets


class BucketSelector(Common, frozen=True, kw_only=True):
    """Keep the buckets for which a condition holds."""

    buckets_path: Paths
    script: str | Script

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return list(_variables(self.buckets_path).values())

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets that stay."""
        variables = _variables(self.buckets_path)
        choice = parse_choice(_text(self.script))
        _check_names(choice.names, variables, self.script)
        return [
            bucket
            for bucket in buckets
            if choice.holds(_known(_values(bucket, variables, self.gap_policy), self.script))
        ]


class SortOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which way a `bucket_sort` sorts by one value."""

    order: Literal["asc", "desc"] = "asc"


_Rank = tuple[int, float, str] | None
_Ranked = tuple[list[_Rank], Bucket]
SortBy = str | Annotated[dict[str, SortOrder | Literal["asc", "desc"]], Meta(max_length=1)]


class BucketSort(Common, frozen=True, kw_only=True):
    """Sort the buckets and keep some of them; one without any of the values to sort by goes."""

    sort: Annotated[list[SortBy], Meta(max_length=SORTS_MAX)] = []
    from_: Annotated[int, Meta(ge=0)] = msgspec.field(default=0, name="from")
    size: Annotated[int, Meta(ge=1)] | None = None

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path for path, _ in self._orders() if path.text != "_key"]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets that stay, in their order."""
        orders = self._orders()
        ranked = [([self._rank(bucket, path) for path, _ in orders], bucket) for bucket in buckets]
        if orders:
            ranked = [entry for entry in ranked if any(rank is not None for rank in entry[0])]
        for place in reversed(range(len(orders))):
            ranked = _sorted(ranked, place, is_descending=orders[place][1])
        end = None if self.size is None else self.from_ + self.size
        return [bucket for _, bucket in ranked[self.from_ : end]]

    def _orders(self) -> list[tuple[BucketsPath, bool]]:
        orders = []
        for by in self.sort:
            for text, order in ({by: "asc"} if isinstance(by, str) else by).items():
                way = order.order if isinstance(order, SortOrder) else order
                orders.append((parse_path(text), way == "desc"))
        return orders

    def _rank(self, bucket: Bucket, path: BucketsPath) -> _Rank:
        """Return what the bucket is sorted by, None where it has it not."""
        if path.text == "_key":
            key = bucket.get("key")
            return (0, key, "") if isinstance(key, int | float) else (1, 0, str(key))
        value = value_at(bucket, path, self.gap_policy)
        return None if value is None or math.isnan(value) else (0, value, "")


class Normalize(Common, frozen=True, kw_only=True):
    """Each value compared with all of them."""

    buckets_path: OnePath
    method: Literal["rescale_0_1", "rescale_0_100", "percent_of_sum", "mean", "z-score", "softmax"]

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def apply(self, name: str, buckets: list[Bucket]) -> list[Bucket]:
        """Return the buckets with its answers."""
        path = path_of(self.buckets_path)
        found = [value_at(bucket, path, self.gap_policy) for bucket in buckets]
        values = [value for value in found if value is not None and math.isfinite(value)]
        for bucket, value in zip(buckets, found, strict=True):
            if value is not None:
                bucket[name] = number_answer(_normalized(self.method, value, values))
        return buckets


Parent = (
    Derivative
    | CumulativeSum
    | SerialDiff
    | MovingFn
    | BucketScript
    | BucketSelector
    | BucketSort
    | Normalize
)


def _sorted(ranked: list[_Ranked], place: int, *, is_descending: bool) -> list[_Ranked]:
    """Return the buckets sorted by one of their ranks; those without it come last either way."""

    def rank(entry: _Ranked) -> tuple[int, float, str]:
        return entry[0][place] or (0, 0, "")

    present = [entry for entry in ranked if entry[0][place] is not None]
    missing = [entry for entry in ranked if entry[0][place] is None]
    return sorted(present, key=rank, reverse=is_descending) + missing


def _unit_ms(text: str) -> int:
    found = _UNIT.fullmatch(text)
    unit = None if found is None else _UNITS_MS.get(found["unit"])
    if found is None or unit is None:
        raise QueryError(f"unit is '{text[:50]}'; expected a time such as second, 1m, 1h or day")
    return int(found["count"] or 1) * unit


def _key(bucket: Bucket) -> float:
    key = bucket.get("key")
    if not isinstance(key, int | float):
        raise QueryError("unit needs the buckets of a date_histogram")
    return float(key)


def _text(script: str | Script) -> str:
    return script if isinstance(script, str) else script.text


def _variables(paths: Paths) -> dict[str, BucketsPath]:
    """Return the paths by the names that the script uses; a list gives them the names _value0..."""
    if isinstance(paths, str):
        paths = [paths]
    if isinstance(paths, list):
        named = {f"_value{number}": path for number, path in enumerate(paths)}
        if len(paths) == 1:
            named["_value"] = paths[0]
        paths = named
    return {name: parse_path(text) for name, text in paths.items()}


def _check_names(
    names: frozenset[str], variables: Mapping[str, BucketsPath], script: str | Script
) -> None:
    constants = {} if isinstance(script, str) else script.params
    unknown = sorted(names - variables.keys() - constants.keys())
    if unknown:
        raise QueryError(
            f"the script asks for '{unknown[0][:100]}', which is not in its buckets_path",
            hint=f"there are {', '.join([*variables, *constants])[:500]}",
        )


def _values(
    bucket: Bucket, variables: Mapping[str, BucketsPath], gap_policy: GapPolicy
) -> dict[str, float | None]:
    return {name: value_at(bucket, path, gap_policy) for name, path in variables.items()}


def _known(values: Mapping[str, float | None], script: str | Script) -> dict[str, float | None]:
    """Return the values for the formula, which knows no NaN, with the script's constants."""
    constants = {} if isinstance(script, str) else script.params
    known = {
        name: None if value is None or math.isnan(value) else value
        for name, value in values.items()
    }
    return {**constants, **known}


def _normalized(method: str, value: float, values: list[float]) -> float | None:
    """Return one value compared with all; None where the comparison says nothing."""
    if not math.isfinite(value):
        return None
    low, high, total = min(values), max(values), math.fsum(values)
    mean = total / len(values)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / len(values))
    try:
        match method:
            case "rescale_0_1":
                return (value - low) / (high - low)
            case "rescale_0_100":
                return 100 * (value - low) / (high - low)
            case "percent_of_sum":
                return value / total
            case "mean":
                return (value - mean) / (high - low)
            case "z-score":
                return (value - mean) / deviation
            case _:
                return math.exp(value) / math.fsum(map(math.exp, values))
    except (ZeroDivisionError, OverflowError):
        return None
