"""`buckets_path`: how a pipeline aggregation names the values that it works on.

    1                    a metric, or another pipeline, beside it
    1[95.0], 1.avg       one value of a metric that has several
    filter>1             the metric inside a bucket of one
    3['pro']>1           the metric inside one bucket of many
    _count, _key, 3._bucket_count

Source: Elasticsearch reference, pipeline aggregations, `buckets_path` syntax.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError

GapPolicy = Literal["skip", "insert_zeros", "keep_values"]
Bucket = dict[str, Any]

PATH_CHARACTERS_MAX: Final = 1_000
OnePath = (
    Annotated[str, Meta(max_length=PATH_CHARACTERS_MAX)]
    | Annotated[list[str], Meta(min_length=1, max_length=1)]
)
_STEP = re.compile(r"\s*(?P<name>[^\[\]>]+?)\s*(?:\[(?P<key>[^\]]*)\])?\s*")
_SPLIT = re.compile(r">(?![^\[]*\])")
# What Elasticsearch calls by another name in a path than in its answer.
_INNER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "std_upper": ("std_deviation_bounds", "upper"),
    "std_lower": ("std_deviation_bounds", "lower"),
    "std_upper_population": ("std_deviation_bounds", "upper_population"),
    "std_lower_population": ("std_deviation_bounds", "lower_population"),
    "std_upper_sampling": ("std_deviation_bounds", "upper_sampling"),
    "std_lower_sampling": ("std_deviation_bounds", "lower_sampling"),
}


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every pipeline takes; `format` is for other renderings of the number and not used."""

    gap_policy: GapPolicy = "skip"
    format: Annotated[str, Meta(max_length=200)] | None = None


@dataclass(frozen=True)
class Step:
    """One name on the way, with what stood in brackets behind it."""

    name: str
    key: str | None


@dataclass(frozen=True)
class BucketsPath:
    """The way from a bucket to a number."""

    text: str
    steps: tuple[Step, ...]

    @property
    def first(self) -> str:
        """The name of the aggregation that the way begins with."""
        return self.steps[0].name

    def is_count(self) -> bool:
        """Tell whether it is the number of documents, which is never a gap."""
        return self.text == "_count"

    def rest(self) -> "BucketsPath":
        """Return the way without its first step; of one step, the number of documents."""
        if len(self.steps) == 1:
            return BucketsPath("_count", (Step("_count", None),))
        return BucketsPath(self.text.partition(">")[2], self.steps[1:])


def parse_path(text: str) -> BucketsPath:
    """Return the path.

    Raises:
        QueryError: it is none.
    """
    found = [_STEP.fullmatch(step) for step in _SPLIT.split(text[: PATH_CHARACTERS_MAX + 1])]
    if len(text) > PATH_CHARACTERS_MAX or not all(found):
        raise QueryError(
            f"buckets_path is '{text[:200]}'; expected names of aggregations such as 1, 1[95.0], "
            "filter>1 or _count"
        )
    steps = (Step(step["name"], step["key"]) for step in found if step is not None)
    return BucketsPath(text.strip(), tuple(steps))


def path_of(given: OnePath) -> BucketsPath:
    """Return the path of a pipeline that takes one, as a text or in a list."""
    return parse_path(given if isinstance(given, str) else given[0])


def number_answer(value: float | None) -> Bucket:
    """Return the answer of a pipeline that gives one number."""
    return {"value": number_or_none(value)}


def number_or_none(value: float | None) -> float | None:
    """Return the number, None instead of one that JSON cannot say."""
    return value if value is not None and math.isfinite(value) else None


def value_at(bucket: Bucket, path: BucketsPath, gap_policy: GapPolicy) -> float | None:
    """Return the number, None where the aggregation has not been answered in this bucket.

    A gap, which is a bucket without documents or a metric without a value, is NaN or 0, as the
    policy says.
    """
    found = _found(bucket, path)
    if found is None:
        return None
    is_gap = not math.isfinite(found) or (
        gap_policy != "keep_values" and bucket.get("doc_count") == 0 and not path.is_count()
    )
    if not is_gap:
        return found
    return 0.0 if gap_policy == "insert_zeros" else math.nan


def buckets_in(answer: Mapping[str, Any]) -> list[Bucket] | None:
    """Return the buckets of an answer, keyed or not; None when it has none."""
    buckets = answer.get("buckets")
    if isinstance(buckets, dict):
        return list(buckets.values())
    return buckets if isinstance(buckets, list) else None


def _found(bucket: Bucket, path: BucketsPath) -> float | None:
    at: Any = bucket
    for number, step in enumerate(path.steps):
        is_last = number == len(path.steps) - 1
        if is_last and step.name in ("_count", "_key") and step.key is None:
            return _number(at.get("doc_count" if step.name == "_count" else "key"), path)
        name, inner = _name_and_inner(at, step)
        if name is None:
            return None
        at = at[name]
        if is_last:
            return _of_metric(at, inner, path)
        if inner is not None:
            at = _bucket_of(at, inner)
            if at is None:
                return None
    raise TypeError("a path has a step")


def _name_and_inner(at: Mapping[str, Any], step: Step) -> tuple[str | None, str | None]:
    """Return the aggregation's name and what is asked of inside it; a name may have dots."""
    if step.name in at:
        return step.name, step.key
    for place, character in enumerate(step.name):
        if character == "." and step.name[:place] in at and step.key is None:
            return step.name[:place], step.name[place + 1 :]
    return None, None


def _bucket_of(answer: Mapping[str, Any], key: str) -> Bucket | None:
    wanted = key.strip("'\"")
    buckets = answer.get("buckets")
    if isinstance(buckets, dict):
        return buckets.get(wanted)
    for bucket in buckets or ():
        if wanted in (bucket.get("key_as_string"), str(bucket.get("key"))):
            return bucket  # type: ignore[no-any-return]  # buckets are JSON
    return None


def _of_metric(answer: Any, inner: str | None, path: BucketsPath) -> float | None:
    if not isinstance(answer, dict):
        raise _no_number(path)
    if inner is None:
        if "value" in answer:
            return _number(answer["value"], path)
        if "doc_count" in answer and "buckets" not in answer:
            return _number(answer["doc_count"], path)
        raise _no_number(path)
    if inner in ("_count", "_bucket_count"):
        buckets = buckets_in(answer)
        count = answer.get("doc_count") if inner == "_count" or buckets is None else len(buckets)
        return _number(count, path)
    return _number(_inner(answer, inner.strip("'\""), path), path)


def _inner(answer: Mapping[str, Any], name: str, path: BucketsPath) -> Any:
    """Return one value of a metric that has several."""
    if name in answer:
        return answer[name]
    if name in _INNER_NAMES:
        outer, key = _INNER_NAMES[name]
        return answer.get(outer, {}).get(key)
    top = answer.get("top")
    if isinstance(top, list):
        return top[0]["metrics"].get(name) if top else None
    values = answer.get("values")
    if isinstance(values, dict):
        values = [{"key": float(key), "value": value} for key, value in values.items()]
    try:
        for entry in values or ():
            if entry["key"] == float(name):
                return entry["value"]
    except ValueError:
        pass
    raise _no_number(path)


def _number(value: Any, path: BucketsPath) -> float:
    if value is None:
        return math.nan
    if isinstance(value, int | float):
        return float(value)
    raise _no_number(path)


def _no_number(path: BucketsPath) -> QueryError:
    return QueryError(
        f"buckets_path is '{path.text[:200]}', which is no number",
        hint="name one value of a metric that has several: 1[95.0] or 1.avg",
    )
