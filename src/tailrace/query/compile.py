"""A filter tree to a ClickHouse condition on the table `events_data`, all values bound."""

from collections.abc import Set
from datetime import datetime

from tailrace.query import jsonsql
from tailrace.query.bind import Binder
from tailrace.query.conditions import (
    Condition,
    Equals,
    Like,
    TextRange,
    TimeRange,
    condition_of,
    free_text_of,
)
from tailrace.query.fields import NULLABLE, Column, Path, Unknown, resolve
from tailrace.query.freetext import free_text_sql
from tailrace.query.text import like_pattern
from tailrace.query.tree import (
    All,
    And,
    Exists,
    Leaf,
    Not,
    Or,
    Phrase,
    Range,
    Term,
    Tree,
    Wildcard,
    leaves,
)

_INDEXED_IDS = frozenset({"message_id", "user_id", "anonymous_id"})


def compile_tree(tree: Tree, binder: Binder, *, now: datetime) -> str:
    """Return SQL that is 1 for the events that match and 0 for the others, never NULL.

    Raises:
        QueryError: a value does not fit its field.
    """
    match tree:
        case All():
            return "1"
        case Not(part):
            return f"(NOT {compile_tree(part, binder, now=now)})"
        case And(parts):
            return "(" + " AND ".join(compile_tree(part, binder, now=now) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(compile_tree(part, binder, now=now) for part in parts) + ")"
        case _:
            return _leaf(tree, binder, now)


def fields_of(tree: Tree) -> Set[str]:
    """Return the columns that the tree asks of; free text and paths count as `*`."""
    names: set[str] = set()
    for leaf in leaves(tree):
        if isinstance(leaf, All):
            continue
        field = None if leaf.field is None else resolve(leaf.field)
        names.add(field.name if isinstance(field, Column) else "*")
    return names


def is_selective(tree: Tree) -> bool:
    """Tell whether all that matches has one id of a person or an event, by an index of its own."""
    match tree:
        case And(parts):
            return any(is_selective(part) for part in parts)
        case Term() | Phrase() if tree.field is not None:
            field = resolve(tree.field)
            return isinstance(field, Column) and field.name in _INDEXED_IDS
        case _:
            return False


def notes_on(tree: Tree) -> list[str]:
    """Return what the person who asked should know about the fields that the tree names."""
    notes: dict[str, None] = {}
    for leaf in leaves(tree):
        name = None if isinstance(leaf, All) else leaf.field
        field = None if name is None else resolve(name)
        if isinstance(field, Unknown):
            notes[field.note] = None
        elif isinstance(field, Path) and not field.keys and not isinstance(leaf, Exists):
            notes[
                f"'{name}' is an object: name a key such as {name}.key; nothing matches it as a "
                "whole."
            ] = None
    return list(notes)


def _leaf(leaf: Leaf, binder: Binder, now: datetime) -> str:
    match leaf:
        case All():
            return "1"
        case Exists():
            return _exists(leaf, binder)
        case Range() | Term() | Phrase() | Wildcard():
            if leaf.field is None:
                if isinstance(leaf, Range):
                    raise TypeError("a range has a field")
                return free_text_sql(free_text_of(leaf), binder)
            field = resolve(leaf.field)
            if isinstance(field, Unknown) or (isinstance(field, Path) and not field.keys):
                return "0"
            condition = condition_of(leaf, field, now=now)
            if isinstance(field, Path):
                return jsonsql.path_sql(condition, field, binder)
            return _column(condition, field, binder)


def _exists(leaf: Exists, binder: Binder) -> str:
    field = resolve(leaf.field)
    if isinstance(field, Unknown):
        return "0"
    if isinstance(field, Path):
        return jsonsql.exists_sql(field, binder)
    if field.kind == "text":
        return f"({field.name} != '')"
    return f"isNotNull({field.name})" if field.name in NULLABLE else "1"


def _column(condition: Condition, field: Column, binder: Binder) -> str:
    name = field.name
    match condition:
        case Equals(text, _, flag):
            if field.kind == "flag":
                return f"({name} = {'true' if flag else 'false'})"
            return f"({name} = {binder.text(text)})"
        case Like(pattern):
            return f"({name} LIKE {binder.text(like_pattern(pattern))})"
        case TimeRange():
            test = jsonsql.time_range(condition, binder)(name)
            return f"ifNull({test}, 0)" if name in NULLABLE else test
        case TextRange():
            return jsonsql.text_range(condition, binder)(name)
        case _:
            raise TypeError(f"a column takes no {type(condition).__name__}")
