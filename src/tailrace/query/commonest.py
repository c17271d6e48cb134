"""The commonest values of a field, counted in one pass over the events that match."""

from collections.abc import Mapping, Sequence
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
        pairs = (
            f"SELECT ({field.name} = '', toString({field.name})) AS pair, count() AS events "
            f"FROM {TABLE} WHERE {asked.where} GROUP BY {field.name}"
        )
    else:
        array = array_sql(name, asked.binder)
        if array is None:
            return None
        pairs = (
            "SELECT arrayJoin(if(empty(a), [(1, '')], arrayMap(v -> (0, v), a))) AS pair, "
            f"sum(n) AS events FROM (SELECT {array} AS a, count() AS n "
            f"FROM {TABLE} WHERE {asked.where} GROUP BY a) GROUP BY pair"
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
    number: str,
    rows_max: int,
) -> tuple[Mapping[int, int], Mapping[str, Mapping[int, int]]]:
    """Return counts by the SQL expression `number`: of all events, and of those with each value.

    Raises:
        LimitError: the question was stopped.
    """
    wanted = asked.binder.texts(values)
    field = resolve(name)
    if isinstance(field, Column) and field.kind == "text":
        # An event has one value, so what is not wanted can be told apart without a second row.
        has = f"has({wanted}, {field.name})"
        pairs = f"(1, if({has}, toString({field.name}), ''), toUInt8({has}))"
    else:
        array = array_sql(name, asked.binder)
        pairs = (
            "arrayJoin(arrayConcat([(1, '', 0)], "
            f"arrayMap(v -> (0, v, 1), arrayIntersect({array}, {wanted}))))"
        )
    sql = (
        f"SELECT {number} AS at, {pairs} AS part, count() "
        f"FROM {TABLE} WHERE {asked.where} GROUP BY at, part"
    )
    totals: dict[int, int] = {}
    series: dict[str, dict[int, int]] = {value: {} for value in values}
    for at, (is_counted, value, is_wanted), events in runner.rows(
        client, sql, asked.binder.parameters, max_result_rows=rows_max
    ):
        if is_counted:
            totals[int(at)] = totals.get(int(at), 0) + int(events)
        if is_wanted:
            series[value][int(at)] = int(events)
    return totals, series


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


def unknown_notes(name: str) -> list[str]:
    """Return what to tell a person who asked for the values of what has none."""
    field = resolve(name)
    if isinstance(field, Unknown):
        return [field.note]
    return [f"'{name}' is an object: name a key such as {name}.key."]
