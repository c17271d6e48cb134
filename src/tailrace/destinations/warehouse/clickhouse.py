"""Loads rows into ClickHouse over its HTTP interface: one INSERT for each table of a batch.

There is no transaction over tables. What is sent again is told by its token, the hash of its rows,
while the table remembers it; what comes again in other parts replaces its row when parts are
merged, and for those who ask with FINAL at once: the rows of an event are the same each time, but
for the time of loading, by which the last one stays.

What is newest of users and accounts is read, merged by the time of receipt, and written whole.
"""
# ruff: noqa: S608 - every name and text in a statement is quoted

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from tailrace.destinations.warehouse.layout import (
    DISCARD_COLUMNS,
    DISCARDS,
    NO_TABLE,
    Discard,
    Load,
    Row,
)
from tailrace.destinations.warehouse.shaping import (
    COLUMNS_MAX,
    EVENT_TABLES_MAX,
    Shaped,
    new_columns,
    shaped,
    widened,
)
from tailrace.destinations.warehouse.values import EXACT_MAX, Column, Kind
from tailrace.errors import SettingsError

Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends a statement, with its data behind it, and returns the answer."""

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function in a thread of its own; see `destinations.sending.Tools.blocking`."""

REMEMBERED: Final = 1_000
"""Inserts of which a table knows the tokens."""

WIDENED_BYTES_MAX: Final = 268_435_456
IDS_AT_ONCE: Final = 100
"""The text of a question is bounded, and so is its answer."""

KNOWN_S: Final = 60.0
YEAR_MAX: Final = 2299
_INSERTED: Final = (
    "async_insert = 0, date_time_input_format = 'best_effort', "
    "input_format_null_as_default = 1, insert_deduplication_token = '{token}'"
)
_ASKED: Final = (
    "SETTINGS output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso'"
)
_TYPES: Final[Mapping[Kind, str]] = {
    Kind.BOOLEAN: "Nullable(Bool)",
    Kind.INTEGER: "Nullable(Int64)",
    Kind.NUMBER: "Nullable(Float64)",
    Kind.TIME: "Nullable(DateTime64(3, 'UTC'))",
    Kind.TEXT: "Nullable(String)",
}
_NEEDED: Final = {
    "id": "String",
    "row_id": "String",
    "received_at": "DateTime64(3, 'UTC')",
    "uuid_ts": "DateTime64(3, 'UTC')",
}
"""Columns of keys and versions."""

_KINDS: Final[Mapping[str, Column]] = {
    "Bool": Column(Kind.BOOLEAN),
    "Int16": Column(Kind.INTEGER, 2**15 - 1),
    "Int32": Column(Kind.INTEGER, 2**31 - 1),
    "Int64": Column(Kind.INTEGER),
    "Float64": Column(Kind.NUMBER, is_exact=False),
    "DateTime64(3, 'UTC')": Column(Kind.TIME, YEAR_MAX),
    "String": Column(Kind.TEXT),
}
_NO_COLUMN: Final = Column(Kind.OTHER)
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_decode_rows = msgspec.json.Decoder(list[Any]).decode_lines
_decode_objects = msgspec.json.Decoder(dict[str, Any]).decode_lines

Tables = dict[str, dict[str, Column]]


class Loading:
    """Loads batches; what it knows of tables is read anew now and then."""

    def __init__(self) -> None:
        self._known: dict[str, Tables] = {}
        self._read_at = 0.0

    def forget(self) -> None:
        """Read what there is anew: somebody else has changed it."""
        self._known.clear()

    async def load(self, ask: Ask, loads: Mapping[str, Load], run: Run) -> list[str]:
        """Load what belongs into each database; return what was inserted."""
        if time.monotonic() - self._read_at > KNOWN_S:
            self.forget()
            self._read_at = time.monotonic()
        inserted: list[str] = []
        for database in sorted(loads):
            load = loads[database]
            await self._make_room(ask, database, load)
            known = self._known[database]
            latest = {
                table: await _merged(ask, database, table, rows, known[table])
                for table, rows in sorted(load.latest.items())
            }
            batch, discards = await run(partial(_shaped, load, latest, known))
            if discards:
                await self._ready(ask, database, {DISCARDS: []})
                rows = [_row(each) for each in discards]
                batch[DISCARDS] = shaped(DISCARDS, rows, known[DISCARDS])
            for table, rows in batch.items():
                statement = await run(partial(_insert, database, table, rows))
                await ask(statement)
                inserted.append(f"INSERT INTO {database}.{table}: {len(rows.values[0])} rows")
        return inserted

    async def _make_room(self, ask: Ask, database: str, load: Load) -> None:
        """Make the database, tables and columns that are missing."""
        rows: dict[str, Iterable[Row]] = {
            table: each.values() for table, each in (load.rows | load.latest).items()
        }
        await self._read(ask, database, rows)
        missing = load.of_events - self._known[database].keys()
        if missing:
            sql = f"SELECT count() FROM system.tables WHERE database = {_text(database)}"
            [[count]] = _decode_rows(await ask(_asked(sql, "JSONCompactEachRow")))
            for table in sorted(missing)[max(0, EVENT_TABLES_MAX - int(count)) :]:
                load.refuse(table, NO_TABLE)
        left = {name: each for name, each in rows.items() if name in load.tables}
        await self._ready(ask, database, left)

    async def _read(self, ask: Ask, database: str, tables: Iterable[str]) -> None:
        known = self._known.setdefault(database, {})
        for part in _parts([table for table in tables if table not in known]):
            sql = (
                "SELECT table, name, type FROM system.columns "
                f"WHERE database = {_text(database)} AND table IN ({', '.join(map(_text, part))}) "
                "ORDER BY table, position"
            )
            for table, name, kind in _decode_rows(await ask(_asked(sql, "JSONCompactEachRow"))):
                known.setdefault(table, {})[name] = _column(kind)

    async def _ready(self, ask: Ask, database: str, rows: Mapping[str, Iterable[Row]]) -> None:
        """Make the tables and columns that rows need, or as many as may be."""
        await self._read(ask, database, rows)
        known = self._known[database]
        if not known:
            await ask(f"CREATE DATABASE IF NOT EXISTS {_name(database)}".encode())
        changed = []
        for name in sorted(rows):
            table = known.get(name)
            statements = _changes(database, name, rows[name], table)
            if table is not None:
                statements += await _widening(ask, database, name, rows[name], table)
            for statement in statements:
                await ask(statement.encode())
            if statements:
                changed.append(name)
                known.pop(name, None)
        await self._read(ask, database, changed)


def _shaped(
    load: Load, latest: Mapping[str, Sequence[Row]], known: Tables
) -> tuple[dict[str, Shaped], list[Discard]]:
    for name in load.tables:
        if known.get(name, {}).get("id", _NO_COLUMN).kind is not Kind.TEXT:
            raise SettingsError(f"table {name} has no column id of type String: rename the table")
    discards = list(load.discards)
    batch = {}
    for name in sorted(load.rows):
        batch[name] = shaped(name, list(load.rows[name].values()), known[name])
        discards += batch[name].discards
    # What is newest is in the rows of identifies or groups as well.
    batch |= {name: shaped(name, rows, known[name]) for name, rows in latest.items()}
    return batch, list(dict.fromkeys(discards))


async def _merged(
    ask: Ask, database: str, table: str, rows: Mapping[str, Row], columns: Mapping[str, Column]
) -> list[Row]:
    """Return what is newest with what the table has of it already."""
    load = Load()
    names = [name for name, column in columns.items() if column.kind is not Kind.OTHER]
    for part in _parts(rows):
        sql = (
            f"SELECT {', '.join(map(_name, names))} FROM {_name(database)}.{_name(table)} FINAL "
            f"WHERE id IN ({', '.join(map(_text, part))})"
        )
        for found in _decode_objects(await ask(_asked(sql, "JSONEachRow"))):
            held = {name: value for name, value in found.items() if value is not None}
            load.add_latest(table, held)
    for row in rows.values():
        load.add_latest(table, row)
    return list(load.latest[table].values())


def _changes(
    database: str, name: str, rows: Iterable[Row], table: Mapping[str, Column] | None
) -> list[str]:
    """Return what makes the table, or the columns that it lacks."""
    known = table or {}
    if name == DISCARDS:
        found = {each: kind for each, kind in DISCARD_COLUMNS.items() if each not in known}
    else:
        found = new_columns(rows, known, room=COLUMNS_MAX - len(known))
    columns = [
        f"{_name(column)} {_NEEDED.get(column) or _TYPES[kind]}" for column, kind in found.items()
    ]
    place = f"{_name(database)}.{_name(name)}"
    if table is not None:
        changes = ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in columns)
        return [f"ALTER TABLE {place} {changes}"] if columns else []
    match name:
        case "users" | "accounts":
            engine = "ReplacingMergeTree(received_at) ORDER BY id"
        case "discards":
            engine = (
                "ReplacingMergeTree PARTITION BY toYYYYMM(received_at) ORDER BY "
                "(toDate(received_at), row_id, ifNull(table_name, ''), ifNull(column_name, ''), "
                "ifNull(column_value, ''))"
            )
        case _:
            engine = (
                "ReplacingMergeTree(uuid_ts) PARTITION BY toYYYYMM(received_at) "
                "ORDER BY (toDate(received_at), id)"
            )
    made = f"CREATE TABLE IF NOT EXISTS {place} ({', '.join(columns)}) ENGINE = {engine}"
    return [f"{made} SETTINGS non_replicated_deduplication_window = {REMEMBERED}"]


async def _widening(
    ask: Ask, database: str, name: str, rows: Iterable[Row], table: Mapping[str, Column]
) -> list[str]:
    """Return what makes columns take fractions, where the table is small and loses nothing."""
    wider = widened(rows, table)
    if not wider:
        return []
    place = f"{_name(database)}.{_name(name)}"
    sizes = (
        "SELECT ifNull(total_bytes, 0) FROM system.tables "
        f"WHERE database = {_text(database)} AND name = {_text(name)}"
    )
    [[size]] = _decode_rows(await ask(_asked(sizes, "JSONCompactEachRow")))
    if int(size) > WIDENED_BYTES_MAX:
        return []
    large = ", ".join(
        f"countIf({_name(column)} NOT BETWEEN -{EXACT_MAX} AND {EXACT_MAX})" for column in wider
    )
    counted = await ask(_asked(f"SELECT {large} FROM {place}", "JSONCompactEachRow"))
    [counts] = _decode_rows(counted)
    return [
        f"ALTER TABLE {place} MODIFY COLUMN {_name(column)} Nullable(Float64)"
        for column, count in zip(wider, counts, strict=True)
        if not int(count)
    ]


def _insert(database: str, table: str, rows: Shaped) -> bytes:
    """Return the statement that inserts rows, with the rows behind it."""
    data = _encode_lines(
        [
            {
                name: value
                for name, value in zip(rows.names, values, strict=True)
                if value is not None
            }
            for values in zip(*rows.values, strict=True)
        ]
    )
    # The time of loading is another one each time; the rest of the same rows is the same.
    steady = [
        values for name, values in zip(rows.names, rows.values, strict=True) if name != "uuid_ts"
    ]
    token = hashlib.sha256(_encode([database, table, steady])).hexdigest()
    head = (
        f"INSERT INTO {_name(database)}.{_name(table)} ({', '.join(map(_name, rows.names))}) "
        f"SETTINGS {_INSERTED.format(token=token)} FORMAT JSONEachRow\n"
    )
    return head.encode() + data


def _column(kind: str) -> Column:
    for outer in ("LowCardinality(", "Nullable("):
        if kind.startswith(outer):
            kind = kind.removeprefix(outer)[:-1]
    return _KINDS.get(kind, _NO_COLUMN)


def _row(each: Discard) -> Row:
    return {
        "row_id": each.row_id,
        "table_name": each.table,
        "column_name": each.column,
        "column_value": each.value,
        "reason": each.reason,
        "received_at": each.received_at,
    }


def _parts(names: Iterable[str]) -> Iterator[Sequence[str]]:
    every = list(names)
    for begin in range(0, len(every), IDS_AT_ONCE):
        yield every[begin : begin + IDS_AT_ONCE]


def _asked(sql: str, form: str) -> bytes:
    return f"{sql} {_ASKED} FORMAT {form}".encode()


def _name(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
