"""Short forms of questions on the command line: `terms:event > sum:properties.revenue`, `A > B`."""

import re
from typing import Any, Final

import msgspec

from tailrace.errors import QueryError

_BETWEEN: Final = re.compile(r"\s+>\s+")
_INTERVAL: Final = re.compile(r"[0-9]+[smhdwMqy]|minute|hour|day|week|month|quarter|year")
_CALENDAR: Final = re.compile(r"1?[dwMqy]|week|month|quarter|year|day|hour|minute")
_NUMBERS: Final = frozenset(
    {
        *("avg", "cardinality", "extended_stats", "max", "median_absolute_deviation", "min"),
        *("percentiles", "stats", "sum", "value_count"),
    }
)
_BUCKETS: Final = frozenset({"terms", "rare_terms", "missing", "significant_terms"})
ANY: Final = "*"


def aggregations_of(text: str) -> dict[str, Any]:
    """Return the aggregations that a text asks for: JSON, or kinds with fields, nested by `>`.

    Raises:
        QueryError: it is neither.
    """
    if text.lstrip().startswith("{"):
        try:
            found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise QueryError(f"--agg is not valid JSON: {error}") from error
        return found
    nested: dict[str, Any] = {}
    for step in reversed(_BETWEEN.split(text.strip())):
        level = dict(_aggregation(part.strip()) for part in step.split(","))
        if nested:
            bucketing = [one for one in level.values() if not _NUMBERS & one.keys()]
            if len(bucketing) != 1:
                raise QueryError(
                    f"--agg: '{step}' must have one kind with buckets before '>'",
                    hint="write --agg 'terms:event > sum:properties.revenue'",
                )
            bucketing[0]["aggs"] = nested
        nested = level
    return nested


def _aggregation(text: str) -> tuple[str, dict[str, Any]]:
    kind, _, rest = text.partition(":")
    if kind == "date_histogram" and _INTERVAL.fullmatch(rest or "1d"):
        interval = rest or "1d"
        name = "calendar_interval" if _CALENDAR.fullmatch(interval) else "fixed_interval"
        return "time", {kind: {"field": "timestamp", name: interval}}
    field, _, size = rest.rpartition(":") if rest.rpartition(":")[2].isdecimal() else (rest, "", "")
    if not field or kind not in _NUMBERS | _BUCKETS:
        raise QueryError(
            f"--agg: '{text}' is not understood",
            hint="write KIND:FIELD such as terms:event, terms:event:20 or avg:properties.revenue, "
            "date_histogram:1d, or the aggregations as JSON",
        )
    body: dict[str, Any] = {"field": field}
    if size and kind == "terms":
        body["size"] = int(size)
    return f"{kind}:{field}" if kind in _NUMBERS else field, {kind: body}


def steps_of(text: str) -> list[dict[str, str]]:
    """Return the events of a text such as `Product Viewed > Order Completed`; `*` is any event."""
    return [events_of(step) for step in _BETWEEN.split(text.strip())]


def events_of(name: str) -> dict[str, str]:
    """Return the events of a name."""
    name = name.strip()
    return {} if name == ANY else {"event": name}
