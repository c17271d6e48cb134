"""A filter tree to a ClickHouse condition on the table `events_data`, all values bound."""

from collections.abc import Callable, Set
from datetime import UTC, datetime, tzinfo

from tailrace.query import jsonsql
from tailrace.query.bind import Binder
from tailrace.query.conditions import (
    Condition,
    Equals,
    Fits,
    Like,
    Near,
    Reading,
    TextRange,
    TimeRange,
    ValueLeaf,
    Words,
    condition_of,
    conditions_on,
    free_text_of,
    inner_path,
    object_of,
    require_affordable,
    twice_nested,
)
from tailrace.query.fields import NULLABLE, Column, Many, Path, Unknown, many_of, resolve
from tailrace.query.freetext import free_text_sql
from tailrace.query.text import like_pattern
from tailrace.query.tree import (
    All,
    And,
    Exists,
    Leaf,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Term,
    Tree,
    leaves,
)

_INDEXED_IDS = frozenset({"message_id", "user_id", "anonymous_id"})


def compile_tree(
    tree: Tree, binder: Binder, *, now: datetime, zone: tzinfo = UTC, has_words: bool = False
) -> str:
    """Return SQL that is 1 for the events that match and 0 for the others, never NULL.

    `zone` is where days begin; for `has_words` see `Reading`.

    Raises:
        QueryError: a value does not fit its field.
    """
    require_affordable(tree)
    reading = Reading(now=now, zone=zone, has_words=has_words)
    return _compiled(tree, lambda leaf: _leaf(leaf, binder, reading))


def _compiled(tree: Tree, leaf: Callable[[Leaf], str]) -> str:
    match tree:
        case All():
            return "1"
        case Not(part):
            return f"(NOT {_compiled(part, leaf)})"
        case And(parts):
            return "(" + " AND ".join(_compiled(part, leaf) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_compiled(part, leaf) for part in parts) + ")"
        case _:
            return leaf(tree)


def fields_of(tree: Tree) -> Set[str]:
    """Return the columns that the tree asks of; free text and paths count as `*`."""
    names: set[str] = set()
    for leaf in leaves(tree):
        if isinstance(leaf, All):
            continue
        field = None if leaf.field is None or many_of(leaf.field) else resolve(leaf.field)
        names.add(field.name if isinstance(field, Column) else "*")
    return names


def is_selective(tree: Tree) -> bool:
    """Tell whether all that matches has one id of a person or an event, by an index of its own."""
    match tree:
        case And(parts):
            return any(is_selective(part) for part in parts)
        case Term() | Phrase() if tree.field is not None:
            field = resolve(tree.field)
            is_whole = isinstance(tree, Term) or not tree.slop
            return isinstance(field, Column) and field.name in _INDEXED_IDS and is_whole
        case _:
            return False


def notes_on(tree: Tree) -> list[str]:
    """Return what the person who asked should know about the fields that the tree names."""
    notes: dict[str, None] = {}
    for leaf in leaves(tree):
        name = None if isinstance(leaf, All) else leaf.field
        many = None if name is None else many_of(name)
        if many is not None and not many.columns and not many.objects:
            notes[f"There is no field like '{name}', so nothing matches it."] = None
        field = None if name is None or many is not None else resolve(name)
        if isinstance(field, Unknown):
            notes[field.note] = None
        elif isinstance(field, Path) and not field.keys and not isinstance(leaf, Exists | Nested):
            notes[
                f"'{name}' is an object: name a key such as {name}.key; nothing matches it as a "
                "whole."
            ] = None
    return list(notes)


def _leaf(leaf: Leaf, binder: Binder, reading: Reading) -> str:
    match leaf:
        case All():
            return "1"
        case Nested():
            return _nested(leaf, binder, reading)
        case Exists():
            return _exists(leaf, binder)
        case _:
            if leaf.field is None:
                if isinstance(leaf, Range):
                    raise TypeError("a range has a field")
                return free_text_sql(free_text_of(leaf), binder)
            many = many_of(leaf.field)
            if many is not None:
                return _any_field(leaf, many, binder, reading)
            field = resolve(leaf.field)
            if isinstance(field, Unknown) or (isinstance(field, Path) and not field.keys):
                return "0"
            condition = condition_of(leaf, field, reading)
            if isinstance(field, Path):
                return jsonsql.path_sql(condition, field, binder)
            return _column(condition, field, binder)


def _any_field(leaf: ValueLeaf, many: Many, binder: Binder, reading: Reading) -> str:
    """Return the leaf asked of many fields; of those that it does not fit it asks nothing."""
    parts = [
        _column(condition, column, binder)
        for column, condition in conditions_on(leaf, many.columns, reading)
    ]
    for name in many.objects:
        condition = condition_of(leaf, Path(name, ("*",)), reading)
        parts.append(jsonsql.many_sql(condition, many, name, binder))
    return f"({' OR '.join(parts)})" if parts else "0"


def _nested(leaf: Nested, binder: Binder, reading: Reading) -> str:
    path = object_of(leaf)
    objects = jsonsql.objects_sql(path, binder)

    def inner(part: Leaf) -> str:
        match part:
            case All():
                return "1"
            case Exists():
                return jsonsql.inner_exists_sql(inner_path(part, path).keys, binder)
            case Nested():
                raise twice_nested(part)
            case _:
                place = inner_path(part, path)
                condition = condition_of(part, place, reading)
                return jsonsql.inner_sql(condition, place.keys, binder)

    return f"arrayExists(e -> {_compiled(leaf.part, inner)}, {objects})"


def _exists(leaf: Exists, binder: Binder) -> str:
    many = many_of(leaf.field)
    if many is not None:
        parts = [_column_exists(column) for column in many.columns]
        parts += [jsonsql.many_exist_sql(many, name, binder) for name in many.objects]
        return f"({' OR '.join(parts)})" if parts else "0"
    field = resolve(leaf.field)
    if isinstance(field, Unknown):
        return "0"
    if isinstance(field, Path):
        return jsonsql.exists_sql(field, binder)
    return _column_exists(field)


def _column_exists(field: Column) -> str:
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
        case Fits() | Near() | Words():
            on_text = jsonsql.tests_of(condition, binder).text
            return "0" if on_text is None else f"({name} != '' AND {on_text(f'toString({name})')})"
        case _:
            raise TypeError(f"a column takes no {type(condition).__name__}")
