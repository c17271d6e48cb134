"""Changes of a statement's tree before and after it is checked; each returns a new tree."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tailrace.errors import QueryError
from tailrace.query.sqlcheck import VIEWS, Node
from tailrace.query.sqlshown import PREFIX, SHOWN

_SYSTEM: Final = "system"
_SCHEMA: Final = "information_schema"
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "r": "\r", "n": "\n", "t": "\t", "0": "\0"}
_TEXT: Final = re.compile(r"\s*(?:LowCardinality\s*\(\s*)?(?:Nullable\s*\(\s*)?(?:Fixed)?String\b")

Change = Callable[[dict[str, Any]], Any]


def without_settings(tree: Node) -> Node:
    """Return the statement without its SETTINGS: those of clients' own tools do nothing."""

    def change(node: dict[str, Any]) -> Any:
        return {
            name: value for name, value in node.items() if name not in ("settings", "settings_ast")
        }

    return _changed_tree(tree, change)


def text_of(value: str) -> Node:
    """Return the tree of a text."""
    return {"type": "Literal", "value": {"field_type": "String", "value": value}}


def cast_to(value: Node, kind: str) -> Node:
    """Return the tree of a value as one of a type."""
    arguments = {"type": "ExpressionList", "children": [value, text_of(kind)]}
    return {"type": "Function", "name": "CAST", "arguments": arguments}


def named_plainly(tree: Node, *, database: str, constants: Mapping[str, Node]) -> Node:
    """Return the statement with our names: views without their database, shown tables by theirs.

    `constants` are what some functions answer, by their names in lower case.
    """

    def change(node: dict[str, Any]) -> Any:
        kind = node.get("type")
        if kind == "TableIdentifier":
            parts = _plain_parts(node.get("name_parts") or [node.get("name")], database)
            if len(parts) == 1:
                renamed = {name: value for name, value in node.items() if name != "name_parts"}
                return {**renamed, "name": parts[0]}
        elif kind == "Identifier" and len(node.get("name_parts") or ()) > 2:
            parts = node["name_parts"]
            named = _plain_parts(parts[:2], database)
            if len(named) == 1:
                plain = [named[0].removeprefix(PREFIX), *parts[2:]]
                return {**node, "name": ".".join(plain), "name_parts": plain}
        elif kind == "Function" and _takes_nothing(node):
            name = str(node.get("name"))
            if name.lower() in constants:
                return {**constants[name.lower()], "alias": node.get("alias") or f"{name}()"}
        return node

    return _changed_tree(tree, change)


def with_values(tree: Node, parameters: Mapping[str, str]) -> Node:
    """Return the statement with its parameters' values, each cast to the type that it names.

    Source: ClickHouse documentation, "HTTP Interface", escaping in query parameters.
    """

    def change(node: dict[str, Any]) -> Any:
        if node.get("type") != "QueryParameter":
            return node
        kind, value = str(node.get("param_type")), parameters[str(node.get("name"))]
        if value == "\\N":
            given: Node = {"type": "Literal", "value": {"field_type": "Null", "value": None}}
        else:
            given = text_of(_unescaped(value) if _TEXT.match(kind) else value)
        alias = {"alias": node["alias"]} if node.get("alias") else {}
        return {**cast_to(given, kind), **alias}

    return _changed_tree(tree, change)


def expanded(tree: Node, tree_of: Callable[[str], Node]) -> Node:
    """Return the statement with the subqueries in the place of shown tables."""

    def change(node: dict[str, Any]) -> Any:
        table = node.get("database_and_table_name")
        if node.get("type") != "TableExpression" or not isinstance(table, dict):
            return node
        name = str(table.get("name"))
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) not in SHOWN:
            return node
        plain = name.removeprefix(PREFIX)
        rest = {key: value for key, value in node.items() if key != "database_and_table_name"}
        subquery = {
            "type": "Subquery",
            "children": [tree_of(plain)],
            "alias": table.get("alias") or plain.removeprefix(f"{_SCHEMA}_"),
        }
        return {**rest, "subquery": subquery}

    return _changed_tree(tree, change)


def _plain_parts(parts: list[Any], database: str) -> list[str]:
    names = [str(part) for part in parts]
    if len(names) == 1 and names[0].startswith(PREFIX):
        raise QueryError(f"there is no table '{names[0]}' here")
    if len(names) != 2:
        return names
    first, second = names[0], names[1]
    if first in (database, "default") and second in VIEWS:
        return [second]
    if first == _SYSTEM and second in SHOWN:
        return [PREFIX + second]
    if first.lower() == _SCHEMA and f"{_SCHEMA}_{second.lower()}" in SHOWN:
        return [f"{PREFIX}{_SCHEMA}_{second.lower()}"]
    return names


def _takes_nothing(function: Mapping[str, Any]) -> bool:
    return not (function.get("arguments") or {}).get("children")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _changed_tree(tree: Node, change: Change) -> Node:
    """Return the tree with each node changed."""
    changed: Node = _changed(tree, change)
    return changed


def _changed(value: Any, change: Change) -> Any:
    """Return the value with each node changed, those within a node before it."""
    if isinstance(value, list):
        return [_changed(inner, change) for inner in value]
    if not isinstance(value, dict):
        return value
    node = {name: _changed(inner, change) for name, inner in value.items()}
    return change(node) if isinstance(node.get("type"), str) else node
