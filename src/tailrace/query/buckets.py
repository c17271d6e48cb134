"""Events counted by intervals of time: all of them, or those with each of some values."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.query.asked import HOUR_MS, INSTANT, TABLE, Asked
from tailrace.query.commonest import array_sql
from tailrace.query.fields import Column, resolve
from tailrace.query.running import Runner


class Buckets(NamedTuple):
    """Intervals of equal length from `start_ms` on, numbered from 0."""

    start_ms: int
    interval_ms: int

    def number(self, instant: str) -> str:
        """Return SQL for the number of the interval that an instant in milliseconds is in."""
        return f"intDiv({instant} - {self.start_ms}, {self.interval_ms})"

    def scopes(self, asked: Asked, *, by: str | None = None) -> list[tuple[str, str]]:
        """Return `asked.scopes` where whole hours lie in one interval each."""
        if self.start_ms % HOUR_MS or self.interval_ms % HOUR_MS:
            return [(INSTANT, asked.where)]
        return asked.scopes(by=by)


def counts_by_value(
    runner: Runner,
    client: Client,
    asked: Asked,
    name: str,
    *,
    values: Sequence[str],
    buckets: Buckets,
    rows_max: int,
) -> tuple[Mapping[int, int], Mapping[str, Mapping[int, int]]]:
    """Return counts by bucket: of all events, and of those with each of the values.

    Raises:
        LimitError: the question was stopped.
    """
    wanted = asked.binder.texts(values)
    field = resolve(name)
    if isinstance(field, Column) and field.kind == "text":
        # An event has one value, so what is not wanted can be told apart without a second row.
        places = f"range(1, {len(values) + 1})"
        place = f"transform(toString({field.name}), {wanted}, {places}, 0)" if values else "0"
        parts = [
            f"SELECT {buckets.number(instant)} AS at, 1 AS is_counted, {place} AS place, "
            f"count() AS n FROM {TABLE} WHERE {where} GROUP BY at, place"
            for instant, where in buckets.scopes(asked, by=field.name)
        ]
    else:
        array = array_sql(name, asked.binder) or "[]"
        sql = (
            f"SELECT {buckets.number(INSTANT)} AS at, part.1 AS is_counted, part.2 AS place, "
            "count() AS n, arrayJoin(arrayConcat([(1, 0)], arrayMap(v -> "
            f"(0, indexOf({wanted}, v)), arrayIntersect({array}, {wanted})))) AS part "
            f"FROM {TABLE} WHERE {asked.where} GROUP BY at, part"
        )
        parts = [sql]
    sql = (
        "SELECT at, is_counted, place, sum(n) "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY at, is_counted, place"
    )
    totals: dict[int, int] = {}
    series: dict[str, dict[int, int]] = {value: {} for value in values}
    for at, is_counted, place, events in runner.rows(
        client, sql, asked.binder.parameters, max_result_rows=rows_max
    ):
        if is_counted:
            totals[int(at)] = totals.get(int(at), 0) + int(events)
        if place:
            series[values[int(place) - 1]][int(at)] = int(events)
    return totals, series


def counts(
    runner: Runner, client: Client, asked: Asked, *, buckets: Buckets, rows_max: int
) -> Mapping[int, int]:
    """Return counts by bucket.

    Raises:
        LimitError: the question was stopped.
    """
    parts = [
        f"SELECT {buckets.number(instant)} AS at, count() AS n FROM {TABLE} WHERE {where} "
        "GROUP BY at"
        for instant, where in buckets.scopes(asked)
    ]
    sql = f"SELECT at, sum(n) FROM ({' UNION ALL '.join(parts)}) GROUP BY at"
    rows = runner.rows(client, sql, asked.binder.parameters, max_result_rows=rows_max)
    return {int(at): int(events) for at, events in rows}
