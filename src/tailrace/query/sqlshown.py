"""Shown tables: what of the engine's own tables clients see instead of them.

All columns are there, as some tools ask for each by name; those that would tell about the machine,
other tables or other people are empty.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tailrace.query.bind import quoted
from tailrace.query.sqlcheck import VIEWS
from tailrace.query.sqlsettings import NARROWED, OUTPUT_SETTINGS

PREFIX: Final = "shown_"
"""Begins the names by which trees call shown tables until they are put in."""


class Showing(NamedTuple):
    """A table of the engine: which columns are shown (None: all), and of which rows."""

    table: str
    columns: frozenset[str] | None
    where: str = "1"


_VIEWS: Final = ", ".join(f"'{name}'" for name in VIEWS)
_NONE: Final = "0"
_ITS_OWN: Final = "database = {database} AND {table} IN (" + _VIEWS + ")"
SHOWN: Final[Mapping[str, Showing]] = {
    "databases": Showing(
        "system.databases",
        frozenset({"name", "database", "engine", "comment"}),
        "name = {database}",
    ),
    "tables": Showing(
        "system.tables",
        frozenset({"database", "name", "table", "engine", "is_temporary", "comment"}),
        _ITS_OWN.replace("{table}", "name"),
    ),
    "columns": Showing(
        "system.columns",
        frozenset(
            {
                *("database", "table", "name", "column", "type", "position", "comment"),
                *("character_octet_length", "numeric_precision", "numeric_precision_radix"),
                *("numeric_scale", "datetime_precision"),
            }
        ),
        _ITS_OWN.replace("{table}", "table"),
    ),
    "functions": Showing(
        "system.functions",
        frozenset(
            {
                *("name", "is_aggregate", "case_insensitive", "alias_to", "origin", "description"),
                *("syntax", "arguments", "parameters", "returned_value", "examples"),
                *("introduced_in", "categories", "deterministic", "higher_order"),
            }
        ),
        "origin = 'System'",
    ),
    "settings": Showing("system.settings", None),
    "one": Showing("system.one", None),
    "numbers": Showing("system.numbers", None),
    "formats": Showing("system.formats", None),
    "data_type_families": Showing("system.data_type_families", None),
    "aggregate_function_combinators": Showing("system.aggregate_function_combinators", None),
    "table_engines": Showing("system.table_engines", None),
    "table_functions": Showing("system.table_functions", None),
    "keywords": Showing("system.keywords", None),
    "time_zones": Showing("system.time_zones", None),
    "collations": Showing("system.collations", None),
    "clusters": Showing("system.clusters", frozenset(), _NONE),
    "dictionaries": Showing("system.dictionaries", frozenset(), _NONE),
    "macros": Showing("system.macros", frozenset(), _NONE),
    "mutations": Showing("system.mutations", frozenset(), _NONE),
    "information_schema_schemata": Showing(
        "information_schema.schemata", None, "schema_name = {database}"
    ),
    "information_schema_tables": Showing(
        "information_schema.tables",
        frozenset(
            {
                *("table_catalog", "table_schema", "table_name", "table_type", "table_comment"),
                *("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE", "TABLE_COMMENT"),
            }
        ),
        "table_schema = {database} AND table_name IN (" + _VIEWS + ")",
    ),
    "information_schema_columns": Showing(
        "information_schema.columns",
        None,
        "table_schema = {database} AND table_name IN (" + _VIEWS + ")",
    ),
    "information_schema_views": Showing("information_schema.views", frozenset(), _NONE),
}


def shown_statement(name: str, columns: Mapping[str, str], *, database: str) -> str:
    """Return the SELECT that stands for a shown table; `columns` are the engine's, with types."""
    showing = SHOWN[name]
    escaped = database.replace("\\", "\\\\").replace("'", "\\'")
    told = [
        _column(name, column, kind, is_told=showing.columns is None or column in showing.columns)
        for column, kind in columns.items()
    ]
    where = showing.where.replace("{database}", f"'{escaped}'")
    return f"SELECT {', '.join(told)} FROM {showing.table} WHERE {where}"


def _column(table: str, column: str, kind: str, *, is_told: bool) -> str:
    if table == "settings" and column == "readonly":
        # Clients send only what they may change.
        names = ", ".join(f"'{name}'" for name in sorted({*OUTPUT_SETTINGS, *NARROWED, *_CLIENTS}))
        return (
            f"toUInt8(NOT (name IN ({names}) OR startsWith(name, 'output_format_'))) AS `readonly`"
        )
    if is_told:
        return quoted(column)
    escaped = kind.replace("\\", "\\\\").replace("'", "\\'")
    return f"defaultValueOfTypeName('{escaped}') AS {quoted(column)}"


_CLIENTS: Final = (
    "enable_http_compression",
    "http_headers_progress_interval_ms",
    "send_progress_in_http_headers",
)
