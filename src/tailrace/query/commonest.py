"""The commonest values of a field, counted in one pass over the events that match."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.query import jsonsql
from tailrace.query.asked import HOUR_MS, INSTANT, TABLE, Asked
from tailrace.query.bind import Binder
from tailrace.query.fields import NULLABLE, Column, Path, Unknown, resolve
from tailrace.query.running import Runner


class Commonest(NamedTuple):
    """Values with their events, the commonest first, and what there is beside them.

    `missing` events have no value; `occurrences` counts an event once for each value that it has;
    `distinct` is how many values there are.
    """

    top: list[tuple[str, int]]
    missing: int
    occurrences: int
    distinct: int


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


def commonest(
    runner: Runner, client: Client, asked: Asked, name: str, *, limit: int
) -> Commonest | None:
    """Return the commonest values of a field, or None where there is no such field.

    Raises:
        LimitError: the question was stopped.
    """
    field = resolve(name)
    if isinstance(field, Column) and field.kind == "text":
        parts = [
            f"SELECT toString({field.name}) AS value, count() AS n FROM {TABLE} WHERE {where} "
            f"GROUP BY {field.name}"
            for _, where in asked.scopes(by=field.name)
        ]
        pairs = (
            "SELECT (value = '', value) AS pair, sum(n) AS events "
            f"FROM ({' UNION ALL '.join(parts)}) GROUP BY value"
        )
    else:
        grouped = _grouped(name, asked.binder)
        if grouped is None:
            return None
        pairs = (
            "SELECT arrayJoin(if(empty(a), [(1, '')], arrayMap(v -> (0, v), a))) AS pair, "
            f"sum(n) AS events FROM (SELECT {grouped.array} AS a, n FROM "
            f"(SELECT {grouped.keys}, count() AS n FROM {TABLE} WHERE {asked.where} "
            "GROUP BY ALL)) GROUP BY pair"
        )
    sql = (
        f"SELECT groupArraySortedIf({limit})((-toInt64(events), pair.2), pair.1 = 0), "
        "sumIf(events, pair.1 = 1), sumIf(events, pair.1 = 0), countIf(pair.1 = 0) "
        f"FROM ({pairs})"
    )
    top, missing, occurrences, distinct = runner.rows(client, sql, asked.binder.parameters)[0]
    return Commonest(
        [(str(value), -int(events)) for events, value in top],
        int(missing),
        int(occurrences),
        int(distinct),
    )


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


def array_sql(name: str, binder: Binder) -> str | None:
    """Return SQL for the field's values as an Array(String), or None for no such field."""
    field = resolve(name)
    match field:
        case Column(column, "text"):
            return f"if({column} = '', [], [toString({column})])"
        case Column(column, "flag"):
            return f"[if({column}, 'true', 'false')]"
        case Column(column, _):
            written = f"concat(replaceOne(toString({column}), ' ', 'T'), 'Z')"
            if column in NULLABLE:
                return f"if(isNull({column}), [], [assumeNotNull({written})])"
            return f"[{written}]"
        case Path(_, keys) if keys:
            return jsonsql.texts_sql(field, binder)
        case _:
            return None


def _grouped(name: str, binder: Binder) -> jsonsql.Grouped | None:
    field = resolve(name)
    if isinstance(field, Path) and field.keys:
        grouped = jsonsql.grouped_texts(field)
        if grouped is not None:
            return grouped
    array = array_sql(name, binder)
    return None if array is None else jsonsql.Grouped(f"{array} AS given", "given")


def unknown_notes(name: str) -> list[str]:
    """Return what to tell a person who asked for the values of what has none."""
    field = resolve(name)
    if isinstance(field, Unknown):
        return [field.note]
    return [f"'{name}' is an object: name a key such as {name}.key."]
