"""Counts: events over time, the commonest values of a field, which fields there are."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from tailrace.errors import QueryError
from tailrace.query.asked import TABLE, ask, times_of
from tailrace.query.buckets import Buckets, counts, counts_by_value
from tailrace.query.commonest import Commonest, commonest, unknown_notes
from tailrace.query.fields import COLUMNS, OBJECTS, TEXT_OBJECTS
from tailrace.query.running import Runner
from tailrace.query.shapes import (
    BUCKETS_MAX,
    Bucket,
    FieldInfo,
    Fields,
    Histogram,
    HistogramResult,
    ValueCount,
    Values,
    ValuesResult,
)
from tailrace.query.times import from_ms

SERIES_MAX = 10
SAMPLE_MAX = 1_000
FIELDS_MAX = 2_000
_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
# 1970 began on a Thursday; weeks begin on Monday.
_MONDAY_MS = 4 * _DAY_S * 1000
INTERVALS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200),
    *(_DAY_S, 2 * _DAY_S, _WEEK_S, 2 * _WEEK_S, 4 * _WEEK_S, 12 * _WEEK_S, 52 * _WEEK_S),
)
_ROWS_MAX = (BUCKETS_MAX + 1) * (SERIES_MAX + 1)

FieldType = Literal["text", "number", "boolean", "time", "mixed"]


def histogram(runner: Runner, question: Histogram, *, now: datetime) -> HistogramResult:
    """Return how many events happened in each interval.

    Raises:
        QueryError: the query, a time or the field is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    since_ms, until_ms = times_of(since=question.since, until=question.until, now=now)
    interval_ms = _interval_ms(question, since_ms, until_ms)
    asked = ask(
        question.query,
        since_ms=since_ms,
        until_ms=until_ms,
        now=now,
        language=question.language,
    )
    start_ms = _aligned(since_ms, interval_ms)
    size = -(-(until_ms - start_ms) // interval_ms)
    intervals = Buckets(start_ms, interval_ms)
    notes = list(asked.notes)
    series: Mapping[str, Mapping[int, int]] | None = None
    with runner.turn() as client:
        if question.by is None:
            totals = counts(runner, client, asked, buckets=intervals, rows_max=_ROWS_MAX)
        else:
            found = commonest(runner, client, asked, question.by, limit=SERIES_MAX)
            if found is None:
                notes += unknown_notes(question.by)
            totals, series = counts_by_value(
                runner,
                client,
                asked,
                question.by,
                values=[value for value, _ in found.top] if found else [],
                buckets=intervals,
                rows_max=_ROWS_MAX,
            )
    buckets = []
    for at in range(size):
        instant = from_ms(start_ms + at * interval_ms)
        if series is None:
            buckets.append(Bucket(at=instant, events=totals.get(at, 0)))
        else:
            by = [counts.get(at, 0) for counts in series.values()]
            buckets.append(Bucket(at=instant, events=totals.get(at, 0), by=by))
    return HistogramResult(
        interval_s=interval_ms // 1000,
        buckets=buckets,
        total=sum(totals.values()),
        took_ms=_ms_since(started),
        notes=notes,
        **({} if series is None else {"values": list(series)}),
    )


def values(runner: Runner, question: Values, *, now: datetime) -> ValuesResult:
    """Return the commonest values of a field.

    Raises:
        QueryError: the query, a time or the field is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    since_ms, until_ms = times_of(since=question.since, until=question.until, now=now)
    asked = ask(
        question.query,
        since_ms=since_ms,
        until_ms=until_ms,
        now=now,
        language=question.language,
    )
    notes = list(asked.notes)
    with runner.turn() as client:
        found = commonest(runner, client, asked, question.field, limit=question.limit)
        if found is None:
            notes += unknown_notes(question.field)
            sql = f"SELECT count() FROM {TABLE} WHERE {asked.where}"
            missing = runner.rows(client, sql, asked.binder.parameters)[0][0]
            found = Commonest([], int(missing), 0, 0)
    return ValuesResult(
        values=[ValueCount(value=value, events=events) for value, events in found.top],
        other=found.occurrences - sum(events for _, events in found.top),
        missing=found.missing,
        distinct=found.distinct,
        took_ms=_ms_since(started),
        notes=notes,
    )


def fields(runner: Runner, *, since: str, until: str, now: datetime) -> Fields:
    """Return the columns, and the paths found in the newest events of that time.

    Raises:
        QueryError: a time is not valid.
        LimitError: the question was stopped.
    """
    since_ms, until_ms = times_of(since=since, until=until, now=now)
    asked = ask("", since_ms=since_ms, until_ms=until_ms, now=now)
    objects = [name if name in TEXT_OBJECTS else f"toJSONString({name})" for name in OBJECTS]
    names = [*COLUMNS, *objects]
    sql = (
        f"SELECT {', '.join(names)} FROM {TABLE} WHERE {asked.where} "
        f"ORDER BY timestamp DESC LIMIT {SAMPLE_MAX}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, asked.binder.parameters)
    events_with: Counter[str] = Counter()
    types: defaultdict[str, set[FieldType]] = defaultdict(set)
    for row in rows:
        for name, value in zip(COLUMNS, row, strict=False):
            events_with[name] += value not in ("", None)
        for name in _note_paths(row[len(COLUMNS) :], types):
            events_with[name] += 1
    found = [
        FieldInfo(name=name, type=_column_type(name), share=_share(events_with[name], len(rows)))
        for name in COLUMNS
    ]
    found += [
        FieldInfo(
            name=name,
            type=next(iter(types[name])) if len(types[name]) == 1 else "mixed",
            share=_share(events_with[name], len(rows)),
        )
        for name in sorted(types)
    ]
    return Fields(fields=found[:FIELDS_MAX], sampled=len(rows))


def _interval_ms(question: Histogram, since_ms: int, until_ms: int) -> int:
    span_ms = until_ms - since_ms
    if question.interval_s is not None:
        interval_ms = question.interval_s * 1000
        if span_ms // interval_ms >= BUCKETS_MAX:
            raise QueryError(
                f"interval_s {question.interval_s} makes more than {BUCKETS_MAX} buckets; ask for "
                "a longer interval or a shorter time"
            )
        return interval_ms
    # One more than fits, as the first and the last one may be cut.
    wanted_ms = span_ms / max(1, question.buckets_max - 1)
    fitting = (interval * 1000 for interval in INTERVALS_S if interval * 1000 >= wanted_ms)
    longest_ms = INTERVALS_S[-1] * 1000
    return next(fitting, -(-int(wanted_ms) // longest_ms) * longest_ms)


def _aligned(since_ms: int, interval_ms: int) -> int:
    offset = _MONDAY_MS if interval_ms % (_WEEK_S * 1000) == 0 else 0
    return (since_ms - offset) // interval_ms * interval_ms + offset


def _note_paths(
    documents: tuple[Any, ...], types: defaultdict[str, set[FieldType]]
) -> Iterator[str]:
    """Return each path of one event once, and note its type."""
    seen: set[str] = set()
    for column, text in zip(OBJECTS, documents, strict=True):
        for name, value in _walk(column, json.loads(text or "{}"), is_in_list=False):
            if len(types) < FIELDS_MAX or name in types:
                types[name].add(_type(value))
                seen.add(name)
    yield from seen


def _walk(name: str, value: object, *, is_in_list: bool) -> Iterator[tuple[str, object]]:
    """Return the scalars below a value with their paths; lists add nothing to a path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key:
                yield from _walk(f"{name}.{key}", inner, is_in_list=is_in_list)
    elif isinstance(value, list):
        if not is_in_list:  # one list on the way is searched
            for inner in value[:100]:
                yield from _walk(name, inner, is_in_list=True)
    elif value is not None:
        yield name, value


def _type(value: object) -> FieldType:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _column_type(name: str) -> FieldType:
    kinds: dict[str, FieldType] = {"text": "text", "time": "time", "flag": "boolean"}
    return kinds[COLUMNS[name]]


def _share(events: int, of: int) -> float:
    return round(events / of, 4) if of else 0.0


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
