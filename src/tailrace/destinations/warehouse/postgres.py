"""Loads rows into PostgreSQL: one connection, one transaction for each batch.

Each event's row has its messageId as `id`. A batch first deletes the rows with its ids and then
copies its own, so that a batch which comes again, whole or in other parts, leaves the same rows.
What is newest of users and accounts is merged by the time of receipt.

Tables and columns are made before, in transactions of their own: what waits for their locks holds
no others. All tables are loaded in the same order, so that two who load do not wait for each other.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.sql import SQL, Composed, Identifier

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
from tailrace.destinations.warehouse.values import Column, Kind, text_of
from tailrace.errors import SettingsError

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function in a thread of its own; see `destinations.sending.Tools.blocking`."""

RESERVED: Final = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
"""Columns that every table has."""

LATEST_COLUMNS_MAX: Final = 300
"""Of users and accounts: a row that comes to hold all of them still fits on a page."""

ROW_BYTES_MAX: Final = 7_900
"""Of a page's 8,192 bytes, what is left for values that lie on it."""

WIDENED_BYTES_MAX: Final = 268_435_456
"""A larger table is not written anew because of one number; nobody could read it meanwhile."""

LOCK_S_MAX: Final = 5
KNOWN_S: Final = 60.0

_TYPES: Final[Mapping[Kind, SQL]] = {
    Kind.BOOLEAN: SQL("boolean"),
    Kind.INTEGER: SQL("bigint"),
    Kind.NUMBER: SQL("numeric"),
    Kind.TIME: SQL("timestamptz"),
    Kind.TEXT: SQL("text"),
}
_KINDS: Final[Mapping[str, Column]] = {
    "bool": Column(Kind.BOOLEAN),
    "int2": Column(Kind.INTEGER, 2**15 - 1),
    "int4": Column(Kind.INTEGER, 2**31 - 1),
    "int8": Column(Kind.INTEGER),
    "numeric": Column(Kind.NUMBER),
    "float4": Column(Kind.NUMBER, 10**37, is_exact=False),
    "float8": Column(Kind.NUMBER, is_exact=False),
    "timestamptz": Column(Kind.TIME),
    "text": Column(Kind.TEXT),
    "varchar": Column(Kind.TEXT),
}
_COLUMNS: Final = """
    SELECT c.relname, a.attname, t.typname, a.atttypmod, a.attisdropped
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p') AND a.attnum > 0
    ORDER BY a.attnum
"""
_TABLES: Final = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
"""
_NO_COLUMN: Final = Column(Kind.OTHER)
_ESCAPES: Final = {ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
_encode = msgspec.json.Encoder().encode


class Table(NamedTuple):
    """A table as it is: its columns, and how many it ever had, which is what counts."""

    columns: dict[str, Column]
    ever: int


class Loading:
    """Loads batches over a connection; what it knows of tables is read anew now and then.

    `run` runs what takes long elsewhere than on the event loop.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Table]] = {}
        self._read_at = 0.0

    def forget(self) -> None:
        """Read what there is anew: somebody else has changed it."""
        self._known.clear()

    async def load(
        self, connection: AsyncConnection, loads: Mapping[str, Load], run: Run
    ) -> list[str]:
        """Load what belongs into each schema; return the statements that did it."""
        if time.monotonic() - self._read_at > KNOWN_S:
            self.forget()
            self._read_at = time.monotonic()
        prepared = []
        for schema in sorted(loads):
            load = loads[schema]
            await self._make_room(connection, schema, load)
            batch = await run(partial(_shaped, load, self._known[schema]))
            if batch.discards:
                await self._ready(connection, schema, {DISCARDS: [_row(batch.discards[0])]})
            prepared.append((schema, batch))
        statements: list[str] = []
        async with connection.transaction(), connection.cursor() as cursor:
            for schema, batch in prepared:
                statements += await _load(cursor, schema, batch, self._known[schema], run)
        return statements

    async def _make_room(self, connection: AsyncConnection, schema: str, load: Load) -> None:
        """Make the schema, tables and columns that are missing."""
        rows: dict[str, Iterable[Row]] = {
            table: each.values() for table, each in (load.rows | load.latest).items()
        }
        await self._read(connection, schema, rows)
        missing = load.of_events - self._known[schema].keys()
        if missing:
            await self._refuse_tables(connection, schema, load, missing)
        await self._ready(
            connection, schema, {name: each for name, each in rows.items() if name in load.tables}
        )

    async def _refuse_tables(
        self, connection: AsyncConnection, schema: str, load: Load, missing: set[str]
    ) -> None:
        """Let no more tables come about than may be: those events are in `tracks` alone."""
        cursor = await connection.execute(_TABLES, [schema])
        count = len(await cursor.fetchall())
        for table in sorted(missing)[max(0, EVENT_TABLES_MAX - count) :]:
            load.refuse(table, NO_TABLE)

    async def _read(self, connection: AsyncConnection, schema: str, tables: Iterable[str]) -> None:
        known = self._known.setdefault(schema, {})
        unknown = [table for table in tables if table not in known]
        if not unknown:
            return
        cursor = await connection.execute(_COLUMNS, [schema, unknown])
        for table, name, kind, modifier, is_dropped in await cursor.fetchall():
            found = known.setdefault(table, Table({}, 0))
            known[table] = found._replace(ever=found.ever + 1)
            if not is_dropped:
                found.columns[name] = _column(kind, modifier)

    async def _ready(
        self, connection: AsyncConnection, schema: str, rows: Mapping[str, Iterable[Row]]
    ) -> None:
        """Make the tables and columns that rows need, or as many as may be."""
        await self._read(connection, schema, rows)
        known = self._known[schema]
        changed = []
        for name in sorted(rows):
            table = known.get(name)
            statements = _changes(schema, name, rows[name], table)
            if table is not None:
                statements += await self._widening(connection, schema, name, rows[name], table)
            if statements:
                changed.append(name)
                await self._change(connection, schema, statements, is_new=not known)
                known.pop(name, None)
        if not changed:
            return
        await self._read(connection, schema, changed)
        for name in changed:
            if name not in known:
                raise SettingsError(f"{schema}.{name} is no table: rename what is called so")

    async def _change(
        self,
        connection: AsyncConnection,
        schema: str,
        statements: Sequence[Composed],
        *,
        is_new: bool,
    ) -> None:
        async with connection.transaction():
            # Others wait behind whoever waits for a table's lock.
            await connection.execute(SQL(f"SET LOCAL lock_timeout = '{LOCK_S_MAX}s'"))
            if is_new:
                cursor = await connection.execute(
                    "SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]
                )
                if await cursor.fetchone() is None:
                    await connection.execute(
                        SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema))
                    )
            for statement in statements:
                await connection.execute(statement)

    async def _widening(
        self,
        connection: AsyncConnection,
        schema: str,
        name: str,
        rows: Iterable[Row],
        table: Table,
    ) -> list[Composed]:
        """Return what makes columns take fractions, where the table is small enough for it."""
        wider = widened(rows, table.columns)
        if not wider:
            return []
        cursor = await connection.execute(
            "SELECT pg_table_size(%s::regclass)",
            [Identifier(schema, name).as_string(connection)],
        )
        row = await cursor.fetchone()
        if row is None or row[0] > WIDENED_BYTES_MAX:
            return []
        changes = [
            SQL("ALTER COLUMN {} TYPE numeric").format(Identifier(column)) for column in wider
        ]
        return [_altered(schema, name, changes)]


class _Batch(NamedTuple):
    """What is loaded into one schema."""

    rows: Mapping[str, Shaped]
    latest: Mapping[str, Shaped]
    discards: Sequence[Discard]


def _shaped(load: Load, known: Mapping[str, Table]) -> _Batch:
    discards = list(load.discards)
    for name in load.tables:
        if known[name].columns.get("id", _NO_COLUMN).kind is not Kind.TEXT:
            raise SettingsError(f"table {name} has no column id of type text: rename the table")
    made: list[dict[str, Shaped]] = [{}, {}]
    for found, tables in zip(made, (load.rows, load.latest), strict=True):
        for name in sorted(tables):
            rows = [_narrowed(name, row, discards) for row in tables[name].values()]
            found[name] = shaped(name, rows, known[name].columns)
            # What is newest is in the rows of identifies or groups as well.
            if tables is load.rows:
                discards += found[name].discards
    return _Batch(made[0], made[1], list(dict.fromkeys(discards)))


def _narrowed(table: str, row: Row, discards: list[Discard]) -> Row:
    """Return a row that fits on a page: what is too much of it goes apart."""
    if len(row) < LATEST_COLUMNS_MAX:
        return row
    left, room = {}, ROW_BYTES_MAX
    for name, value in row.items():
        # Longer texts lie elsewhere; everything begins at a multiple of 8 at worst.
        size = 8 if isinstance(value, bool | float) else 24
        if room < size:
            why = "the row is too wide"
            discards.append(
                Discard(row["id"], table, name, text_of(value), why, row["received_at"])
            )
            continue
        room -= size
        left[name] = value
    return left


def _changes(schema: str, name: str, rows: Iterable[Row], table: Table | None) -> list[Composed]:
    """Return what makes the table, or the columns that it lacks."""
    most = LATEST_COLUMNS_MAX if name in {"users", "accounts"} else COLUMNS_MAX
    known, ever = table or Table({}, 0)
    if name == DISCARDS:
        found = {each: kind for each, kind in DISCARD_COLUMNS.items() if each not in known}
    else:
        found = new_columns(rows, known, room=most - ever)
    columns = [
        SQL("{} {}").format(Identifier(column), _TYPES[kind]) for column, kind in found.items()
    ]
    if table is not None:
        changes = [SQL("ADD COLUMN IF NOT EXISTS {}").format(column) for column in columns]
        return [_altered(schema, name, changes)] if changes else []
    if "id" in found:
        columns.append(SQL("PRIMARY KEY ({})").format(Identifier("id")))
    place = Identifier(schema, name)
    made = SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(place, SQL(", ").join(columns))
    key = SQL("(row_id)") if name == DISCARDS else SQL("USING brin (received_at)")
    return [made, SQL("CREATE INDEX ON {} {}").format(place, key)]


def _altered(schema: str, name: str, changes: Sequence[Composed]) -> Composed:
    return SQL("ALTER TABLE {} {}").format(Identifier(schema, name), SQL(", ").join(changes))


def _column(kind: str | None, modifier: int) -> Column:
    column = _KINDS.get(kind or "", Column(Kind.OTHER))
    if kind == "varchar" and modifier > 4:
        return column._replace(most=modifier - 4)
    if kind == "numeric" and modifier > 0:
        # So many digits before the point that people chose; what has more is refused alone.
        digits = ((modifier - 4) >> 16) - ((modifier - 4) & 0x7FF)
        return Column(Kind.NUMBER, 10 ** max(digits, 0) - 1)
    return column


# --- Loading ------------------------------------------------------------------------------------


async def _load(
    cursor: AsyncCursor, schema: str, batch: _Batch, known: Mapping[str, Table], run: Run
) -> list[str]:
    statements: list[str] = []
    for name in sorted(batch.rows):
        place = Identifier(schema, name)
        each = batch.rows[name]
        ids = each.values[each.names.index("id")]
        await cursor.execute(SQL("DELETE FROM {} WHERE id = ANY(%s)").format(place), [list(ids)])
        await _copy(cursor, place, each, run)
        statements.append(f"COPY {schema}.{name} ({', '.join(each.names)}): {len(ids)} rows")
    statements += [
        await _merge(cursor, schema, name, rows, known[name], run)
        for name, rows in sorted(batch.latest.items())
    ]
    if batch.discards:
        place = Identifier(schema, DISCARDS)
        rows = shaped(DISCARDS, [_row(each) for each in batch.discards], known[DISCARDS].columns)
        await cursor.execute(
            SQL(
                "DELETE FROM {} AS d USING unnest(%s::text[], %s::text[]) AS g (r, t) "
                "WHERE d.row_id = g.r AND d.table_name = g.t"
            ).format(place),
            [[each.row_id for each in batch.discards], [each.table for each in batch.discards]],
        )
        await _copy(cursor, place, rows, run)
        statements.append(f"COPY {schema}.{DISCARDS}: {len(batch.discards)} rows")
    return statements


async def _copy(cursor: AsyncCursor, place: Identifier, rows: Shaped, run: Run) -> None:
    text = await run(lambda: copied(rows))
    names = SQL(", ").join(map(Identifier, rows.names))
    async with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(place, names)) as copy:
        await copy.write(text)


async def _merge(
    cursor: AsyncCursor, schema: str, name: str, rows: Shaped, table: Table, run: Run
) -> str:
    """Put what is newest into a table; an older event fills only what has no value yet."""
    place = Identifier(schema, name)
    columns = [Identifier(column) for column in rows.names]
    names = SQL(", ").join(columns)
    typed = SQL(", ").join(
        SQL("{} {}").format(Identifier(column), _TYPES[table.columns[column].kind])
        for column in rows.names
    )
    merged = SQL(", ").join(
        SQL(
            "{0} = CASE WHEN excluded.received_at < t.received_at "
            "THEN coalesce(t.{0}, excluded.{0}) ELSE coalesce(excluded.{0}, t.{0}) END"
        ).format(column)
        for column in columns
    )
    objects = await run(
        lambda: _encode(
            [
                dict(zip(rows.names, values, strict=True))
                for values in zip(*rows.values, strict=True)
            ]
        ).decode()
    )
    await cursor.execute(
        # In the order of ids, so that two who load wait for each other at most.
        SQL(
            "INSERT INTO {} AS t ({}) SELECT {} FROM json_to_recordset(%s::json) AS g ({}) "
            "ORDER BY id ON CONFLICT (id) DO UPDATE SET {}"
        ).format(place, names, names, typed, merged),
        [objects],
    )
    return f"INSERT INTO {schema}.{name} ... ON CONFLICT (id): {len(rows.values[0])} rows"


def copied(rows: Shaped) -> str:
    """Return rows in the text format of COPY."""
    columns = [_copied(values) for values in rows.values]
    lines = ["\t".join(values) for values in zip(*columns, strict=True)]
    lines.append("")
    return "\n".join(lines)


def _copied(values: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        whole = "".join(value for value in values if value is not None)
        if not any(special in whole for special in "\\\n\r\t"):
            return ["\\N" if value is None else value for value in values]
        return ["\\N" if value is None else value.translate(_ESCAPES) for value in values]
    if kinds <= {bool, type(None)}:
        return ["\\N" if value is None else "t" if value else "f" for value in values]
    return ["\\N" if value is None else str(value) for value in values]


def _row(each: Discard) -> Row:
    return {
        "row_id": each.row_id,
        "table_name": each.table,
        "column_name": each.column,
        "column_value": each.value,
        "reason": each.reason,
        "received_at": each.received_at,
    }
