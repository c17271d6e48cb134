"""Aggregations in plain Python, one event after the other: what the engine's answers are held to.

Nothing here is fast or clever. Each bucket is a list of events, and an aggregation inside it is the
same function again on that list.
"""

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Event = Mapping[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METRICS = frozenset(
    {
        *("value_count", "avg", "sum", "min", "max", "stats", "extended_stats", "percentiles"),
        *("percentile_ranks", "cardinality", "unique_exact", "median_absolute_deviation"),
        *("weighted_avg", "rate", "top_hits", "top_metrics", "first", "last"),
    }
)


def ms_of(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def values(event: Event, field: str) -> list[Any]:
    """Return the scalars of a field."""
    if field in ("timestamp", "@timestamp", "received_at"):
        return [event["at"]]
    found: list[Any] = [event]
    for key in field.split("."):
        below = []
        for one in found:
            for inner in one if isinstance(one, list) else [one]:
                if isinstance(inner, Mapping) and key in inner:
                    below.append(inner[key])
        found = below
    flat: list[Any] = []
    for one in found:
        flat += one if isinstance(one, list) else [one]
    return [one for one in flat if one not in ("", None) or ("." in field and one == "")]


def numbers(event: Event, field: str) -> list[float]:
    found = []
    for one in values(event, field):
        if isinstance(one, datetime):
            found.append(float(ms_of(one)))
        elif isinstance(one, bool | int | float):
            found.append(float(one))
        elif isinstance(one, str):
            try:
                found.append(float(one))
            except ValueError:
                continue
    return found


def instants(event: Event, field: str) -> list[int]:
    found = []
    for one in values(event, field):
        if isinstance(one, datetime):
            found.append(ms_of(one))
        elif isinstance(one, bool):
            continue
        elif isinstance(one, int | float):
            found.append(int(one))
        else:
            try:
                found.append(ms_of(datetime.fromisoformat(one)))
            except ValueError:
                continue
    return found


def text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(ms_of(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "time"
    return {bool: "flag", str: "text"}.get(type(value), "number")


def texts(event: Event, field: str, missing: Any = None) -> list[tuple[str, str]]:
    """Return the distinct values as texts, each with its kind."""
    found = list(dict.fromkeys((text(one), kind(one)) for one in values(event, field)))
    return found or ([] if missing is None else [(text(missing), kind(missing))])


# Metrics -----------------------------------------------------------------------------------------


def hazen(ordered: Sequence[float], share: float) -> float:
    place = min(max(len(ordered) * share + 0.5, 1.0), float(len(ordered)))
    low, high = math.floor(place), math.ceil(place)
    return ordered[low - 1] + (place - low) * (ordered[high - 1] - ordered[low - 1])


def time_text(ms: float, zone: ZoneInfo | None = None) -> str:
    at = (EPOCH + timedelta(milliseconds=int(ms))).astimezone(zone or UTC)
    written = at.isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def metric(name: str, options: Mapping[str, Any], events: Sequence[Event], around: Any) -> Any:
    if name in ("first", "last"):
        return _edge(name, options, events)
    if name == "weighted_avg":
        return _weighted(options, events)
    if name == "rate":
        return _rate(options, events, around)
    if name == "top_hits":
        return _top_hits(options, events)
    if name == "top_metrics":
        return _top_metrics(options, events)
    field, missing = options["field"], options.get("missing")
    if name in ("cardinality", "unique_exact"):
        return {"value": len({t for e in events for t, _ in texts(e, field, missing)})}
    if name == "value_count":
        return {
            "value": sum(len(values(e, field)) or (1 if missing is not None else 0) for e in events)
        }
    found = []
    for event in events:
        mine = numbers(event, field)
        found += mine or ([float(missing)] if missing is not None else [])
    is_time = field in ("timestamp", "received_at")
    return _of_numbers(name, options, sorted(found), is_time=is_time)


def _of_numbers(
    name: str, options: Mapping[str, Any], found: Sequence[float], *, is_time: bool
) -> Any:
    match name:
        case "sum":
            return {"value": math.fsum(found)}
        case "avg" | "min" | "max":
            if not found:
                return {"value": None}
            value = {"avg": math.fsum(found) / len(found), "min": found[0], "max": found[-1]}[name]
            return {"value": value} | ({"value_as_string": time_text(value)} if is_time else {})
        case "stats" | "extended_stats":
            return _stats(name, options, found, is_time=is_time)
        case "percentiles":
            percents = options.get("percents", [1, 5, 25, 50, 75, 95, 99])
            each = [(p, hazen(found, p / 100) if found else None) for p in percents]
            if options.get("keyed", True) is False:
                return {"values": [{"key": float(p), "value": v} for p, v in each]}
            return {"values": {str(float(p)): v for p, v in each}}
        case "percentile_ranks":
            ranks = {}
            for value in options["values"]:
                below = sum(v < value for v in found) + 0.5 * sum(v == value for v in found)
                rank = 100 * below / len(found) if found else None
                if found and value < found[0]:
                    rank = 0.0
                if found and value >= found[-1]:
                    rank = 100.0
                ranks[str(float(value))] = rank
            return {"values": ranks}
        case _:
            if not found:
                return {"value": None}
            middle = hazen(found, 0.5)
            return {"value": hazen(sorted(abs(v - middle) for v in found), 0.5)}


def _stats(name: str, options: Mapping[str, Any], found: Sequence[float], *, is_time: bool) -> Any:
    total = math.fsum(found)
    answer: dict[str, Any] = {
        "count": len(found),
        "min": found[0] if found else None,
        "max": found[-1] if found else None,
        "avg": total / len(found) if found else None,
        "sum": total,
    }
    if is_time and found:
        for key in ("min", "max", "avg"):
            answer[f"{key}_as_string"] = time_text(answer[key])
    if name == "stats":
        return answer
    variance = statistics.pvariance(found) if found else None
    sampling = statistics.variance(found) if len(found) > 1 else None
    deviation = None if variance is None else math.sqrt(variance)
    sampled = None if sampling is None else math.sqrt(sampling)
    answer |= {
        "sum_of_squares": math.fsum(v * v for v in found) if found else None,
        "variance": variance,
        "variance_population": variance,
        "variance_sampling": sampling,
        "std_deviation": deviation,
        "std_deviation_population": deviation,
        "std_deviation_sampling": sampled,
    }
    sigma = options.get("sigma", 2)
    bounds = {}
    for sign, side in ((1, "upper"), (-1, "lower")):
        for spread, end in ((deviation, ""), (deviation, "_population"), (sampled, "_sampling")):
            mean = answer["avg"]
            bounds[side + end] = None if spread is None else mean + sign * sigma * spread
    return answer | {"std_deviation_bounds": bounds}


def _edge(name: str, options: Mapping[str, Any], events: Sequence[Event]) -> Any:
    having = [event for event in events if values(event, options["field"])]
    if not having:
        return {"value": None}
    value = values(having[0 if name == "first" else -1], options["field"])[0]
    return {"value": ms_of(value) if isinstance(value, datetime) else value}


def _weighted(options: Mapping[str, Any], events: Sequence[Event]) -> Any:
    top = bottom = 0.0
    for event in events:
        found = [
            numbers(event, options[part]["field"])
            or ([options[part]["missing"]] if "missing" in options[part] else [])
            for part in ("value", "weight")
        ]
        if found[0] and found[1]:
            top += sum(found[0]) * found[1][0]
            bottom += len(found[0]) * found[1][0]
    return {"value": top / bottom if bottom else None}


UNITS_MS = {"second": 1e3, "minute": 6e4, "hour": 36e5, "day": 864e5, "week": 6048e5}
UNITS_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _rate(options: Mapping[str, Any], events: Sequence[Event], around: Any) -> Any:
    if "field" not in options:
        value = float(len(events))
    else:
        found = [v for e in events for v in numbers(e, options["field"])]
        value = math.fsum(found) if options.get("mode", "sum") == "sum" else float(len(found))
    unit = options.get("unit")
    start, end, calendar = around
    if unit is None:
        return {"value": value}
    if unit in UNITS_MS:
        return {"value": value / ((end - start) / UNITS_MS[unit])}
    return {"value": value / (UNITS_MONTHS[calendar] / UNITS_MONTHS[unit])}


def _sorted_by(
    options: Mapping[str, Any], events: Sequence[Event]
) -> list[tuple[list[Any], Event]]:
    given = options.get("sort", [{"timestamp": "desc"}])
    found = list(reversed(list(events)))  # the newest first where nothing else tells
    named = [
        (field, how if isinstance(how, str) else how["order"])
        for one in (given if isinstance(given, list) else [given])
        for field, how in one.items()
    ]
    for field, direction in reversed(named):
        having = [e for e in found if values(e, field)]
        without = [e for e in found if not values(e, field)]
        having.sort(key=lambda e: _comparable(values(e, field)[0]), reverse=direction == "desc")
        found = having + without
    return [([_shown(e, field) for field, _ in named], e) for e in found]


def _comparable(value: Any) -> Any:
    return ms_of(value) if isinstance(value, datetime) else value


def _shown(event: Event, field: str) -> Any:
    found = values(event, field)
    return _comparable(found[0]) if found else None


def _top_hits(options: Mapping[str, Any], events: Sequence[Event]) -> Any:
    start, size = options.get("from", 0), options.get("size", 3)
    hits = [
        {"_index": "events", "_id": event["message_id"], "_score": None, "sort": keys}
        for keys, event in _sorted_by(options, events)
    ]
    total = {"value": len(events), "relation": "eq"}
    return {"hits": {"total": total, "max_score": None, "hits": hits[start : start + size]}}


def _top_metrics(options: Mapping[str, Any], events: Sequence[Event]) -> Any:
    metrics = options["metrics"]
    fields = [one["field"] for one in (metrics if isinstance(metrics, list) else [metrics])]
    found = [
        {"sort": keys, "metrics": {field: _shown(event, field) for field in fields}}
        for keys, event in _sorted_by(options, events)[: options.get("size", 1)]
    ]
    return {"top": found or [{"sort": [None], "metrics": dict.fromkeys(fields)}]}


# Buckets -----------------------------------------------------------------------------------------


class Reference:
    """Answers requests on a list of events, the oldest first."""

    def __init__(self, events: Sequence[Event], *, now: datetime) -> None:
        self.events = events
        self.matching = events
        self.now = now

    def ask(self, aggs: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
        """Return the answer to a request of the events that match its query."""
        self.matching = events
        return self.answer(aggs, events)

    def answer(
        self, aggs: Mapping[str, Any], events: Sequence[Event], around: Any = None
    ) -> dict[str, Any]:
        answers = {}
        for name, body in aggs.items():
            inner = body.get("aggs", body.get("aggregations", {}))
            [(what, options)] = [
                (k, v) for k, v in body.items() if k not in ("aggs", "aggregations", "meta")
            ]
            if what in METRICS:
                found = metric(what, options, events, around)
            else:
                found = getattr(self, what)(options, events, inner, around)
            answers[name] = ({"meta": body["meta"]} if "meta" in body else {}) | found
        return answers

    def bucket(
        self,
        head: Mapping[str, Any],
        events: Sequence[Event],
        inner: Mapping[str, Any],
        around: Any,
    ) -> dict[str, Any]:
        return {**head, "doc_count": len(events), **self.answer(inner, events, around)}

    def matches(self, query: Mapping[str, Any], event: Event) -> bool:
        [(what, body)] = query.items()
        match what:
            case "match_all":
                return True
            case "exists":
                return bool(values(event, body["field"]))
            case "term" | "terms":
                [(field, wanted)] = body.items()
                listed = wanted if isinstance(wanted, list) else [wanted]
                return bool({text(w) for w in listed} & {t for t, _ in texts(event, field)})
            case "range":
                [(field, ends)] = body.items()
                return any(
                    ends.get("gte", -math.inf) <= v < ends.get("lt", math.inf)
                    for v in numbers(event, field)
                )
            case "query_string":
                field, _, wanted = body["query"].partition(":")
                return wanted.strip('"') in {t for t, _ in texts(event, field)}
            case "bool":
                return (
                    all(self.matches(q, event) for q in body.get("must", []))
                    and all(self.matches(q, event) for q in body.get("filter", []))
                    and not any(self.matches(q, event) for q in body.get("must_not", []))
                    and (
                        not body.get("should")
                        or any(self.matches(q, event) for q in body["should"])
                    )
                )
            case _:
                raise AssertionError(what)

    def filter(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        return self.bucket({}, [e for e in events if self.matches(options, e)], inner, around)

    def missing(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        found = [e for e in events if not values(e, options["field"])]
        return self.bucket({}, found, inner, around)

    def sampler(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        size = options.get("shard_size", 100)
        return self.bucket({}, events[max(len(events) - size, 0) :], inner, around)

    def filters(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        given = options["filters"]
        named = sorted(given.items()) if isinstance(given, dict) else enumerate(given)
        buckets = {name: [e for e in events if self.matches(query, e)] for name, query in named}
        other = options.get("other_bucket_key", "_other_" if options.get("other_bucket") else None)
        if other is not None:
            every = given.values() if isinstance(given, dict) else given
            buckets[other] = [e for e in events if not any(self.matches(q, e) for q in every)]
        if isinstance(given, dict) and options.get("keyed", True):
            return {"buckets": {k: self.bucket({}, v, inner, around) for k, v in buckets.items()}}
        heads = [{"key": k} if isinstance(given, dict) else {} for k in buckets]
        return {
            "buckets": [
                self.bucket(head, found, inner, around)
                for head, found in zip(heads, buckets.values(), strict=True)
            ]
        }

    def terms(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        groups: dict[str, list[Event]] = {}
        kinds: dict[str, set[str]] = {}
        for event in events:
            for value, what in texts(event, options["field"], options.get("missing")):
                if self._is_chosen(value, options):
                    groups.setdefault(value, []).append(event)
                    kinds.setdefault(value, set()).add(what)
        return self._ordered_terms(
            options,
            inner,
            around,
            [((key,), found, (kinds[key],)) for key, found in groups.items()],
            lambda keys, whats: _terms_head(keys[0], whats[0]),
        )

    def multi_terms(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        groups: dict[tuple[str, ...], list[Event]] = {}
        kinds: dict[tuple[str, ...], tuple[set[str], ...]] = {}
        for event in events:
            combined: list[tuple[tuple[str, str], ...]] = [()]
            for one in options["terms"]:
                found = texts(event, one["field"], one.get("missing"))
                combined = [(*pairs, pair) for pairs in combined for pair in found]
            for pairs in combined:
                keys = tuple(value for value, _ in pairs)
                groups.setdefault(keys, []).append(event)
                known = kinds.setdefault(keys, tuple(set() for _ in pairs))
                for place, (_, what) in enumerate(pairs):
                    known[place].add(what)
        return self._ordered_terms(
            options,
            inner,
            around,
            [(keys, found, kinds[keys]) for keys, found in groups.items()],
            lambda keys, whats: {
                "key": [_json(k, w) for k, w in zip(keys, whats, strict=True)],
                "key_as_string": "|".join(keys),
            },
        )

    def _is_chosen(self, value: str, options: Any) -> bool:

        include, exclude = options.get("include"), options.get("exclude")
        for patterns, is_wanted in ((include, True), (exclude, False)):
            if patterns is None:
                continue
            is_in = (
                re.fullmatch(patterns, value) is not None
                if isinstance(patterns, str)
                else value in {text(one) for one in patterns}
            )
            if is_in != is_wanted:
                return False
        return True

    def _ordered_terms(
        self,
        options: Any,
        inner: Any,
        around: Any,
        groups: list[tuple[tuple[str, ...], list[Event], tuple[set[str], ...]]],
        head: Callable[[tuple[str, ...], Any], dict[str, Any]],
    ) -> Any:
        groups = [g for g in groups if len(g[1]) >= max(options.get("min_doc_count", 1), 1)]
        made = [
            (keys, whats, self.bucket({}, found, inner, around)) for keys, found, whats in groups
        ]

        def key_of(one: Any) -> Any:
            parts = []
            for key, whats in zip(one[0], one[1], strict=True):
                is_number = whats <= {"number"} or whats <= {"time"}
                parts.append((0, float(key), key) if is_number else (1, 0.0, key))
            return tuple(parts)

        made.sort(key=key_of)
        order = options.get("order", {"_count": "desc"})
        for one in reversed(order if isinstance(order, list) else [order]):
            [(path, direction)] = one.items()
            is_down = direction == "desc"
            if path == "_key":
                made.sort(key=key_of, reverse=is_down)
                continue
            known = [m for m in made if _at(m[2], path) is not None]
            unknown = [m for m in made if _at(m[2], path) is None]
            known.sort(key=lambda m: _at(m[2], path), reverse=is_down)
            made = known + unknown
        total = sum(bucket["doc_count"] for _, _, bucket in made)
        shown = made[: options.get("size", 10)]
        # What a number is decided for all that is shown.
        kinds = (
            [set().union(*(whats[at] for _, whats, _ in shown)) for at in range(len(shown[0][0]))]
            if shown
            else []
        )
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": total - sum(b["doc_count"] for _, _, b in shown),
            "buckets": [{**head(keys, kinds), **bucket} for keys, _, bucket in shown],
        }

    def _round_all(
        self, options: Any
    ) -> tuple[Callable[[int], int], Callable[[int], int], str | None, ZoneInfo]:
        """Return what rounds down, what gives the next start, the calendar unit and the zone."""
        zone = ZoneInfo(options.get("time_zone", "UTC"))
        offset = _duration(options.get("offset", 0))
        calendar = CALENDAR.get(options.get("calendar_interval", ""))
        short = {"second": 1_000, "minute": 60_000, "hour": 3_600_000}
        fixed = short.get(calendar or "") or _duration(options.get("fixed_interval", 0))

        def floor(ms: int) -> int:
            if fixed:
                return _fixed_floor(ms - offset, fixed, zone) + offset
            return _calendar_floor(ms - offset, str(calendar), zone) + offset

        step = {"year": 120, "quarter": 48, "month": 24}.get(calendar or "", 6) * 3_600_000

        def following(ms: int) -> int:
            at = ms
            while floor(at) == ms:
                at += min(fixed, 1_800_000) if fixed else step
            return floor(at)

        return floor, following, calendar, zone

    def date_histogram(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        floor, following, calendar, zone = self._round_all(options)
        groups: dict[int, list[Event]] = {}
        for event in events:
            found = instants(event, options["field"])
            if not found and "missing" in options:
                found = [self.instant(options["missing"])]
            for start in {floor(ms) for ms in found}:
                groups.setdefault(start, []).append(event)
        hard = options.get("hard_bounds", {})
        low, high = (
            self.instant(hard[end]) if end in hard else default
            for end, default in (("min", -math.inf), ("max", math.inf))
        )
        groups = {start: found for start, found in groups.items() if low <= start < high}
        starts = sorted(groups)
        if options.get("min_doc_count", 0) == 0:
            bounds = options.get("extended_bounds", {})
            ends = [*starts[:1], *starts[-1:]]
            ends += [floor(self.instant(one)) for one in bounds.values()]
            starts = []
            if ends:
                at = min(ends)
                while at <= max(ends):
                    starts += [at] if low <= at < high else []
                    at = following(at)
        buckets = []
        for start in starts:
            mine = groups.get(start, [])
            if len(mine) < options.get("min_doc_count", 0):
                continue
            head = {"key_as_string": _written(start, options.get("format"), zone), "key": start}
            inside = (start, following(start), calendar)
            buckets.append(self.bucket(head, mine, inner, inside))
        for path, direction in reversed(list(options.get("order", {}).items())):
            buckets.sort(
                key=lambda b: b["key"] if path == "_key" else _at(b, path),
                reverse=direction == "desc",
            )
        if options.get("keyed"):
            return {"buckets": {b["key_as_string"]: b for b in buckets}}
        return {"buckets": buckets}

    def auto_date_histogram(
        self, options: Any, events: Sequence[Event], inner: Any, around: Any
    ) -> Any:
        zone = ZoneInfo(options.get("time_zone", "UTC"))
        found = [ms for e in self.matching for ms in instants(e, options["field"])]
        for unit, letter, counts in AUTO[
            AUTO_UNITS.index(options.get("minimum_interval", "second")) :
        ]:
            floor, following, _, _ = self._round_all(
                {"calendar_interval": unit, "time_zone": zone.key}
            )
            if (max(found) - min(found)) / AUTO_MS[unit] > 100 * options["buckets"]:
                continue
            starts = [floor(min(found))]
            while following(starts[-1]) <= max(found):
                starts.append(following(starts[-1]))
            for count in counts:
                if math.ceil(len(starts) / count) <= options["buckets"]:
                    return self._auto(options, events, inner, starts[::count], count, letter, zone)
        raise AssertionError("too long")

    def _auto(
        self,
        options: Any,
        events: Sequence[Event],
        inner: Any,
        starts: Sequence[int],
        count: int,
        letter: str,
        zone: ZoneInfo,
    ) -> Any:
        ends = [*starts[1:], math.inf]
        made = []
        for start, end in zip(starts, ends, strict=True):
            mine = [
                e for e in events if any(start <= ms < end for ms in instants(e, options["field"]))
            ]
            head = {"key_as_string": _written(start, options.get("format"), zone), "key": start}
            made.append(self.bucket(head, mine, inner, None))
        while made and not made[0]["doc_count"]:
            made.pop(0)
        while made and not made[-1]["doc_count"]:
            made.pop()
        return {"interval": f"{count}{letter}", "buckets": made}

    def geohash_grid(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        return self._cells(options, events, inner, around, geohash)

    def geotile_grid(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        return self._cells(options, events, inner, around, geotile)

    def _cells(
        self,
        options: Any,
        events: Sequence[Event],
        inner: Any,
        around: Any,
        cell: Callable[[float, float, int], str],
    ) -> Any:
        groups: dict[str, list[Event]] = {}
        for event in events:
            lat, lon = (numbers(event, f"{options['field']}.{part}") for part in ("lat", "lon"))
            if lat and lon:
                groups.setdefault(cell(lat[0], lon[0], options["precision"]), []).append(event)
        ordered = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
        return {
            "buckets": [
                self.bucket({"key": key}, found, inner, around)
                for key, found in ordered[: options["size"]]
            ]
        }

    def histogram(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        interval, offset = options["interval"], options.get("offset", 0)
        groups: dict[int, list[Event]] = {}
        for event in events:
            found = numbers(event, options["field"])
            if not found and "missing" in options:
                found = [options["missing"]]
            for number in {math.floor((v - offset) / interval) for v in found}:
                groups.setdefault(number, []).append(event)
        hard = options.get("hard_bounds", {})
        low, high = (
            math.floor((hard[end] - offset) / interval) if end in hard else default
            for end, default in (("min", -math.inf), ("max", math.inf))
        )
        groups = {number: found for number, found in groups.items() if low <= number <= high}
        ends = [min(groups), max(groups)] if groups else []
        for bound in options.get("extended_bounds", {}).values():
            ends.append(math.floor((bound - offset) / interval))
        least = options.get("min_doc_count", 0)
        every = range(min(ends), max(ends) + 1) if ends and least == 0 else sorted(groups)
        buckets = [
            self.bucket({"key": float(n * interval + offset)}, groups.get(n, []), inner, around)
            for n in every
            if len(groups.get(n, [])) >= least
        ]
        for path, direction in options.get("order", {}).items():
            buckets.sort(key=lambda b: _at(b, path), reverse=direction == "desc")
        if options.get("keyed"):
            return {"buckets": {str(b["key"]): b for b in buckets}}
        return {"buckets": buckets}

    def range(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        def reading(event: Event) -> list[float]:
            found = numbers(event, options["field"])
            return found or ([options["missing"]] if "missing" in options else [])

        spans = [(r.get("from"), r.get("to"), r.get("key")) for r in options["ranges"]]
        return self._spans(options, events, inner, around, spans, reading, None)

    def date_range(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        zone = ZoneInfo(options.get("time_zone", "UTC"))

        def reading(event: Event) -> list[float]:
            found = [float(ms) for ms in instants(event, options["field"])]
            return found or ([self.instant(options["missing"])] if "missing" in options else [])

        spans = [
            (
                *(self.instant(r[end], zone) if end in r else None for end in ("from", "to")),
                r.get("key"),
            )
            for r in options["ranges"]
        ]

        def written(ms: int) -> str:
            return _written(ms, options.get("format"), zone)

        return self._spans(options, events, inner, around, spans, reading, written)

    def _spans(
        self,
        options: Any,
        events: Sequence[Event],
        inner: Any,
        around: Any,
        spans: Iterable[tuple[Any, Any, Any]],
        reading: Callable[[Event], list[float]],
        written: Callable[[int], str] | None,
    ) -> Any:
        buckets = {}
        for low, high, name in sorted(
            spans,
            key=lambda s: (
                -math.inf if s[0] is None else s[0],
                math.inf if s[1] is None else s[1],
            ),
        ):
            found = [
                e
                for e in events
                if any((low is None or v >= low) and (high is None or v < high) for v in reading(e))
            ]
            head: dict[str, Any] = {}
            shown = []
            for key, end in (("from", low), ("to", high)):
                if end is None:
                    shown.append("*")
                    continue
                head[key] = float(end)
                shown.append(str(float(end)) if written is None else written(end))
                if written is not None:
                    head[f"{key}_as_string"] = written(end)
            named = name or "-".join(shown)
            named_head = head if options.get("keyed") else {"key": named, **head}
            buckets[named] = self.bucket(named_head, found, inner, around)
        return {"buckets": buckets if options.get("keyed") else list(buckets.values())}

    def composite(self, options: Any, events: Sequence[Event], inner: Any, around: Any) -> Any:
        sources = [
            (name, what, body)
            for one in options["sources"]
            for name, kinds in one.items()
            for what, body in kinds.items()
        ]
        groups: dict[tuple[Any, ...], list[Event]] = {}
        for event in events:
            combined: list[tuple[Any, ...]] = [()]
            for _, what, body in sources:
                found: list[Any]
                if what == "terms":
                    found = [
                        _json(value, {kind}) if kind != "flag" else value == "true"
                        for value, kind in texts(event, body["field"])
                    ]
                elif what == "histogram":
                    size = body["interval"]
                    found = sorted(
                        {math.floor(v / size) * float(size) for v in numbers(event, body["field"])}
                    )
                else:
                    floor = self._round_all(body)[0]
                    found = sorted({floor(ms) for ms in instants(event, body["field"])})
                if not found and body.get("missing_bucket"):
                    found = [None]
                combined = [(*keys, value) for keys in combined for value in found]
            for keys in combined:
                groups.setdefault(keys, []).append(event)
        ordered = list(groups)
        for place in reversed(range(len(sources))):
            is_down = sources[place][2].get("order") == "desc"
            ordered.sort(
                key=lambda keys: (keys[place] is not None, _rank(keys[place])), reverse=is_down
            )
        if "after" in options:
            after = tuple(options["after"][name] for name, _, _ in sources)
            ordered = ordered[ordered.index(after) + 1 :]
        shown = ordered[: options.get("size", 10)]
        names = [name for name, _, _ in sources]
        buckets = [
            self.bucket({"key": dict(zip(names, keys, strict=True))}, groups[keys], inner, around)
            for keys in shown
        ]
        return ({"after_key": buckets[-1]["key"]} if buckets else {}) | {"buckets": buckets}

    def significant_terms(
        self, options: Any, events: Sequence[Event], inner: Any, around: Any
    ) -> Any:
        field = options["field"]
        here = {t for e in events for t, _ in texts(e, field)}
        buckets = []
        for value in here:
            mine = [e for e in events if value in {t for t, _ in texts(e, field)}]
            background = sum(value in {t for t, _ in texts(e, field)} for e in self.events)
            share, usual = len(mine) / len(events), background / len(self.events)
            if len(mine) >= options.get("min_doc_count", 3) and share > usual:
                head = {
                    "key": value,
                    "score": (share - usual) * share / usual,
                    "bg_count": background,
                }
                buckets.append(self.bucket(head, mine, inner, around))
        buckets.sort(key=lambda b: (-b["score"], b["key"]))
        return {
            "doc_count": len(events),
            "bg_count": len(self.events),
            "buckets": buckets[: options.get("size", 10)],
        }

    def instant(self, given: Any, zone: ZoneInfo | None = None) -> int:
        if isinstance(given, int | float):
            return int(given)
        if given.startswith("now"):
            days = int(given[3:-1] or 0) if given.endswith("d") else 0
            return ms_of(self.now + timedelta(days=days))
        at = datetime.fromisoformat(given)
        return ms_of(at if at.tzinfo else at.replace(tzinfo=zone or UTC))


def _global(self: Reference, options: Any, events: Any, inner: Any, around: Any) -> Any:
    return self.bucket({}, self.events, inner, around)


setattr(Reference, "global", _global)

AUTO = (
    ("second", "s", (1, 5, 10, 30)),
    ("minute", "m", (1, 5, 10, 30)),
    ("hour", "h", (1, 3, 12)),
    ("day", "d", (1, 7)),
    ("month", "M", (1, 3)),
    ("year", "y", (1, 5, 10, 20, 50, 100)),
)
AUTO_UNITS = tuple(unit for unit, _, _ in AUTO)
AUTO_MS = dict(zip(AUTO_UNITS, (1e3, 6e4, 36e5, 864e5, 26e8, 31e9), strict=True))
CALENDAR = {
    "second": "second",
    "1m": "minute",
    "1h": "hour",
    "1d": "day",
    "1w": "week",
    "1M": "month",
    "1q": "quarter",
    "1y": "year",
    **{name: name for name in ("minute", "hour", "day", "week", "month", "quarter", "year")},
}


def geohash(lat: float, lon: float, precision: int) -> str:
    spans = [[-180.0, 180.0], [-90.0, 90.0]]
    code = 0
    for bit in range(5 * precision):
        span, value = spans[bit % 2], (lon, lat)[bit % 2]
        middle = sum(span) / 2
        code = 2 * code + (value >= middle)
        span[value < middle] = middle
    letters = "0123456789bcdefghjkmnpqrstuvwxyz"
    return "".join(letters[code >> 5 * place & 31] for place in reversed(range(precision)))


def geotile(lat: float, lon: float, zoom: int) -> str:
    tiles = 2**zoom
    x = math.floor((lon + 180) / 360 * tiles)
    radians = math.radians(lat)
    y = math.floor((1 - math.asinh(math.tan(radians)) / math.pi) / 2 * tiles)
    return f"{zoom}/{x}/{y}"


def _duration(given: int | str) -> int:
    if isinstance(given, int):
        return given
    sign = -1 if given.startswith("-") else 1
    bare = given.lstrip("+-")
    unit = bare.lstrip("0123456789")
    sizes = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    return sign * int(bare.removesuffix(unit)) * sizes[unit]


def _local(ms: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


def _calendar_floor(ms: int, unit: str, zone: ZoneInfo) -> int:
    day = _local(ms, zone).date()
    match unit:
        case "week":
            day -= timedelta(days=day.weekday())
        case "month":
            day = day.replace(day=1)
        case "quarter":
            day = day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
        case "year":
            day = day.replace(day=1, month=1)
    return ms_of(datetime(day.year, day.month, day.day, tzinfo=zone))


def _fixed_floor(ms: int, length: int, zone: ZoneInfo) -> int:
    """Return when the clock on the wall last showed the start, or jumped over it."""
    if zone.key == "UTC":
        return ms // length * length
    wall = ms_of(_local(ms, zone).replace(tzinfo=UTC))
    start = _local(wall // length * length, ZoneInfo("UTC")).replace(tzinfo=None)
    candidates = []
    for fold in (0, 1):
        at = start.replace(tzinfo=zone, fold=fold)
        if _local(ms_of(at), zone).replace(tzinfo=None) == start and ms_of(at) <= ms:
            candidates.append(ms_of(at))
    if candidates:
        return max(candidates)
    jump = ms
    while _local(jump - 1, zone).utcoffset() == _local(ms, zone).utcoffset():
        jump = (jump - 1) // 60_000 * 60_000
    return jump


def _written(ms: int, pattern: str | None, zone: ZoneInfo) -> str:
    if pattern in (None, "strict_date_optional_time"):
        return time_text(ms, zone)
    if pattern == "epoch_millis":
        return str(ms)
    names = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M"}
    for java, python in names.items():
        pattern = pattern.replace(java, python)
    return _local(ms, zone).strftime(pattern)


def _rank(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (1, 0.0, text(value))
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, value or "")


def _json(value: str, kinds: set[str]) -> Any:
    if kinds <= {"number"} or kinds <= {"time"}:
        return float(value) if "." in value else int(value)
    if kinds <= {"flag"}:
        return 1 if value == "true" else 0
    return value


def _terms_head(value: str, kinds: set[str]) -> dict[str, Any]:
    head = {"key": _json(value, kinds)}
    if kinds <= {"flag"}:
        head["key_as_string"] = value
    if kinds <= {"time"}:
        head["key_as_string"] = time_text(int(value))
    return head


def _at(bucket: Mapping[str, Any], path: str) -> Any:
    """Return what an order names within a bucket."""
    if path in ("_count", "_key"):
        return bucket["doc_count" if path == "_count" else "key"]
    name, _, inner = path.replace("[", ".").rstrip("]").partition(".")
    found = bucket[name]
    if "values" in found:
        return found["values"][str(float(inner))]
    return found[inner or "value"]
