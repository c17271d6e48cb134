"""Pipelines that stand beside an aggregation with buckets and give one answer over them.

Source: Elasticsearch reference, pipeline aggregations.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tailrace.query.aggregations.paths import (
    Bucket,
    BucketsPath,
    Common,
    OnePath,
    buckets_in,
    number_answer,
    number_or_none,
    path_of,
    value_at,
)


class _Sibling(Common, frozen=True, kw_only=True):
    """What every sibling takes."""

    buckets_path: OnePath

    @property
    def paths(self) -> list[BucketsPath]:
        """What it works on."""
        return [path_of(self.buckets_path)]

    def collected(self, level: Mapping[str, Any]) -> list[tuple[Bucket, float]]:
        """Return the buckets that are not gaps, with their values."""
        buckets, path = _buckets_on(level, self.paths[0])
        found: list[tuple[Bucket, float]] = []
        for bucket in buckets:
            value = value_at(bucket, path, self.gap_policy)
            if value is not None and not math.isnan(value):
                found.append((bucket, value))
        return found


class AvgBucket(_Sibling, frozen=True, kw_only=True):
    """The mean over the buckets."""

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return number_answer(_mean([value for _, value in self.collected(level)]))


class SumBucket(_Sibling, frozen=True, kw_only=True):
    """The sum over the buckets."""

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return number_answer(math.fsum(value for _, value in self.collected(level)))


class MinBucket(_Sibling, frozen=True, kw_only=True):
    """The least value and the keys of the buckets that have it."""

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return _extreme(self.collected(level), min)


class MaxBucket(_Sibling, frozen=True, kw_only=True):
    """The greatest value and the keys of the buckets that have it."""

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return _extreme(self.collected(level), max)


class StatsBucket(_Sibling, frozen=True, kw_only=True):
    """Count, least, greatest, mean and sum over the buckets."""

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return _stats([value for _, value in self.collected(level)])


class ExtendedStatsBucket(_Sibling, frozen=True, kw_only=True):
    """The same with the variance and what follows from it."""

    sigma: Annotated[float, Meta(ge=0)] = 2.0

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        return _extended_stats([value for _, value in self.collected(level)], self.sigma)


class PercentilesBucket(_Sibling, frozen=True, kw_only=True):
    """Values of which so many per cent of the buckets have less; always one that occurs."""

    percents: Annotated[
        list[Annotated[float, Meta(ge=0, le=100)]], Meta(min_length=1, max_length=100)
    ] = msgspec.field(default_factory=lambda: [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0])
    keyed: bool = True

    def answer(self, level: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer."""
        values = sorted(value for _, value in self.collected(level))
        found = [(percent, _percentile(values, percent)) for percent in self.percents]
        if self.keyed:
            return {"values": {str(float(percent)): value for percent, value in found}}
        return {"values": [{"key": float(percent), "value": value} for percent, value in found]}


Sibling = (
    AvgBucket
    | SumBucket
    | MinBucket
    | MaxBucket
    | StatsBucket
    | ExtendedStatsBucket
    | PercentilesBucket
)


def _buckets_on(level: Mapping[str, Any], path: BucketsPath) -> tuple[list[Bucket], BucketsPath]:
    """Return the buckets that the path leads to, through buckets of one, and the way from there."""
    at = level.get(path.first)
    while isinstance(at, dict) and "buckets" not in at and len(path.steps) > 1:
        path = path.rest()
        at = at.get(path.first)
    if not isinstance(at, dict):
        return [], path
    return buckets_in(at) or [], path.rest()


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _extreme(
    collected: list[tuple[Bucket, float]], choose: Callable[[Iterable[float]], float]
) -> dict[str, Any]:
    if not collected:
        return {"value": None, "keys": []}
    extreme = choose(value for _, value in collected)
    keys = [_key_text(bucket) for bucket, value in collected if value == extreme]
    return {"value": extreme, "keys": keys}


def _key_text(bucket: Bucket) -> str:
    return str(bucket.get("key_as_string", bucket.get("key", "")))


def _stats(values: list[float]) -> dict[str, Any]:
    return {
        "count": len(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "avg": _mean(values),
        "sum": math.fsum(values),
    }


def _extended_stats(values: list[float], sigma: float) -> dict[str, Any]:
    mean = _mean(values)
    squares = math.fsum(value * value for value in values)
    if mean is None:
        spread = of_sample = None
    else:
        around = math.fsum((value - mean) ** 2 for value in values)
        spread = around / len(values)
        of_sample = around / (len(values) - 1) if len(values) > 1 else None
    bounds: dict[str, float | None] = {}
    for suffix, variance in (("", spread), ("_population", spread), ("_sampling", of_sample)):
        for side, sign in (("upper", 1), ("lower", -1)):
            bounds[side + suffix] = (
                None
                if mean is None or variance is None
                else number_or_none(mean + sign * sigma * math.sqrt(variance))
            )
    return {
        **_stats(values),
        "sum_of_squares": squares if values else None,
        "variance": spread,
        "variance_population": spread,
        "variance_sampling": of_sample,
        "std_deviation": _root(spread),
        "std_deviation_population": _root(spread),
        "std_deviation_sampling": _root(of_sample),
        "std_deviation_bounds": bounds,
    }


def _root(variance: float | None) -> float | None:
    return None if variance is None else math.sqrt(variance)


def _percentile(values: list[float], percent: float) -> float | None:
    """Return the value that is nearest to so many per cent of the way from least to greatest."""
    if not values:
        return None
    return values[math.floor(percent / 100 * (len(values) - 1) + 0.5)]
