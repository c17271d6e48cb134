"""Statements by which clients look around, as SELECTs on shown tables: SHOW, DESCRIBE, EXISTS."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from tailrace.errors import QueryError
from tailrace.query.sqlcheck import VIEWS, UnknownTableError

_NAME: Final = r'(?:`[^`]+`|"[^"]+"|[A-Za-z_][A-Za-z0-9_]*)'
_TEXT: Final = r"'(?:[^'\\]|\\.)*'"
_LIKE: Final = rf"(?:\s+(?P<like>(?:NOT\s+)?I?LIKE\s+{_TEXT}))?"
_LIMIT: Final = r"(?:\s+LIMIT\s+(?P<limit>[0-9]{1,6}))?"
_TABLE: Final = rf"(?:(?P<database>{_NAME})\s*\.\s*)?(?P<table>{_NAME})"
_COMMENT: Final = re.compile(r"/\*.*?\*/|--[^\n]*|#[ !][^\n]*", re.DOTALL)
_FORMAT: Final = re.compile(r"\s+FORMAT\s+([A-Za-z0-9]+)$", re.IGNORECASE)
_SETTINGS: Final = re.compile(
    rf"\s+SETTINGS\s+\w+\s*=\s*(?:{_TEXT}|[\w.]+)"
    rf"(?:\s*,\s*\w+\s*=\s*(?:{_TEXT}|[\w.]+))*$",
    re.IGNORECASE,
)
_FIRST: Final = re.compile(r"\s*(SHOW|DESCRIBE|DESC|EXISTS)\b", re.IGNORECASE)


class Shown(NamedTuple):
    """A statement that a client asks, as a SELECT; `format` where it was named beside it.

    With `is_description` it is the columns of the SELECT that are asked for.
    """

    statement: str
    format: str = ""
    is_description: bool = False


def asked_for(statement: str, *, database: str) -> Shown:
    """Return what a client's statement asks for.

    Raises:
        QueryError: it looks around in a way that is not offered.
    """
    plain = _COMMENT.sub(" ", statement) if _FIRST.match(_COMMENT.sub(" ", statement)) else ""
    if not plain:
        return Shown(statement)
    text = plain.strip().rstrip(";").strip()
    named = _FORMAT.search(text)
    fmt = named[1] if named else ""
    text = _FORMAT.sub("", text)
    text = _SETTINGS.sub("", text)
    query = re.fullmatch(r"DESC(?:RIBE)?\s+(?:TABLE\s+)?\((.*)\)", text, re.IGNORECASE | re.DOTALL)
    if query:
        return Shown(query[1], fmt, is_description=True)
    for pattern, made in _FORMS:
        found = pattern.fullmatch(text)
        if found:
            return Shown(made(found, database), fmt)
    raise QueryError(
        "this form of SHOW, DESCRIBE or EXISTS is not offered",
        hint="SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SHOW CREATE, DESCRIBE and EXISTS are",
    )


def _databases(found: re.Match[str], database: str) -> str:
    return f"SELECT name FROM system.databases WHERE 1{_filter(found)} ORDER BY name"


def _tables(found: re.Match[str], database: str) -> str:
    columns = "name, engine AS table_type" if found["full"] else "name"
    limit = f" LIMIT {found['limit']}" if found["limit"] else ""
    return (
        f"SELECT {columns} FROM system.tables "
        f"WHERE database = {_database(found, database)}{_filter(found)} ORDER BY name{limit}"
    )


def _columns(found: re.Match[str], database: str) -> str:
    return (
        "SELECT name AS field, type, if(type LIKE 'Nullable(%', 'YES', 'NO') AS `null`, '' AS key, "
        "CAST(NULL, 'Nullable(String)') AS default, '' AS extra FROM system.columns "
        f"WHERE {_one_table(found, database)} ORDER BY name"
    )


def _description(found: re.Match[str], database: str) -> str:
    return (
        "SELECT name, type, '' AS default_type, '' AS default_expression, comment, "
        "'' AS codec_expression, '' AS ttl_expression "
        f"FROM system.columns WHERE {_one_table(found, database)} ORDER BY position"
    )


def _creation(found: re.Match[str], database: str) -> str:
    return (
        "SELECT concat('CREATE VIEW ', database, '.', table, '\\n(\\n', "
        "arrayStringConcat(arrayMap(c -> concat('    `', c.2, '` ', c.3), "
        "arraySort(groupArray((position, name, type)))), "
        "',\\n'), '\\n)') AS statement FROM system.columns "
        f"WHERE {_one_table(found, database)} GROUP BY database, table"
    )


def _existence(found: re.Match[str], database: str) -> str:
    return (
        "SELECT toUInt8(count() > 0) AS result FROM system.tables WHERE "
        f"database = {_database(found, database)} AND name = {_quoted(_bare(found['table']))}"
    )


def _database_existence(found: re.Match[str], database: str) -> str:
    return (
        "SELECT toUInt8(count() > 0) AS result FROM system.databases "
        f"WHERE name = {_quoted(_bare(found['table']))}"
    )


def _nothing(found: re.Match[str], database: str) -> str:
    return "SELECT name FROM system.tables WHERE 0"


def _one_table(found: re.Match[str], database: str) -> str:
    """Return the condition on the rows of a view.

    Raises:
        UnknownTableError: there is no such view.
    """
    name = _bare(found["table"])
    where = _bare(found["database"])
    if name not in VIEWS or where not in ("", "default", database):
        raise UnknownTableError(
            f"there is no table '{where + '.' if where else ''}{name}' here",
            hint=f"the views to read from are {', '.join(VIEWS)}",
        )
    return f"database = {_database(found, database)} AND table = {_quoted(name)}"


def _database(found: re.Match[str], database: str) -> str:
    name = _bare(found["database"])
    return _quoted(database if name in ("", "default") else name)


def _filter(found: re.Match[str]) -> str:
    return f" AND name {found['like']}" if found["like"] else ""


def _bare(name: str | None) -> str:
    return "" if name is None else name[1:-1] if name[0] in '`"' else name


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_FROM: Final = rf"(?:\s+(?:FROM|IN)\s+(?P<database>{_NAME}))?"
_FORMS: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]]] = [
    (_form(rf"SHOW (?:DATABASES|SCHEMAS){_LIKE}"), _databases),
    (_form(rf"SHOW (?P<full>FULL\s+)?TABLES{_FROM}{_LIKE}{_LIMIT}"), _tables),
    (
        _form(rf"SHOW (?:EXTENDED\s+)?(?:FULL\s+)?COLUMNS (?:FROM|IN) (?P<table>{_NAME}){_FROM}"),
        _columns,
    ),
    (_form(rf"SHOW CREATE (?:TABLE\s+|VIEW\s+)?{_TABLE}"), _creation),
    (_form(rf"SHOW (?:TEMPORARY\s+TABLES|DICTIONARIES){_FROM}"), _nothing),
    (_form(rf"DESC(?:RIBE)? (?:TABLE\s+)?{_TABLE}"), _description),
    (_form(rf"EXISTS DATABASE (?P<table>{_NAME})"), _database_existence),
    (_form(rf"EXISTS (?:TABLE\s+|VIEW\s+)?{_TABLE}"), _existence),
]
