"""The commonest values of a field, counted in one pass over the events that match."""

from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from tailrace.query import jsonsql
from tailrace.query.asked import TABLE, Asked
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
