"""What a client calls the fields: `@timestamp`, `_id`, properties without their prefix, `.keyword`.

A name that no field of an event has is that of a property, so that what was written by `_bulk` as
`level` is found by it.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from tailrace.query.fields import KEYWORD_SUFFIX, Path, Unknown, many_of, resolve
from tailrace.query.tree import All, And, Nested, Not, Or, Tree

ALIASES: Final = {"@timestamp": "timestamp", "_id": "message_id"}
_EVERYTHING: Final = frozenset({"*", "_all"})


def field_name(name: str) -> str | None:
    """Return what the field is called here, None for all fields."""
    if name in _EVERYTHING:
        return None
    bare = name.removesuffix(KEYWORD_SUFFIX)
    known = ALIASES.get(bare, bare)
    if many_of(known) is None and isinstance(resolve(known), Unknown):
        known = f"properties.{known}"
    return known + KEYWORD_SUFFIX if bare != name else known


def exact_name(name: str) -> str | None:
    """Return the field for what asks of whole values: those of a property, not words within."""
    known = field_name(name)
    if known is None or many_of(known) is not None or known.endswith(KEYWORD_SUFFIX):
        return known
    field = resolve(known)
    is_words = isinstance(field, Path) and bool(field.keys)
    return known + KEYWORD_SUFFIX if is_words else known


def renamed(tree: Tree, name: Callable[[str | None], str | None] | None = None) -> Tree:
    """Return a tree of a query text with fields that are called as here."""
    rename = name or (lambda given: None if given is None else field_name(given))
    match tree:
        case Not(part):
            return Not(renamed(part, rename))
        case And(parts):
            return And(tuple(renamed(part, rename) for part in parts))
        case Or(parts):
            return Or(tuple(renamed(part, rename) for part in parts))
        case All():
            return tree
        case Nested():
            return dataclasses.replace(tree, field=rename(tree.field) or tree.field)
    return dataclasses.replace(tree, field=rename(tree.field))  # type: ignore[arg-type]


def with_known_fields(given: Any) -> Any:
    """Return the JSON of aggregations in which every `field` is called as here.

    Only of values that are named by their place, not of those whose name is in the answer.
    """
    if isinstance(given, list):
        return [with_known_fields(one) for one in given]
    if not isinstance(given, dict):
        return given
    found = {}
    for key, value in given.items():
        if key == "field" and isinstance(value, str):
            found[key] = field_name(value) or value
        elif key in ("top_metrics", "top_hits"):
            found[key] = value
        else:
            found[key] = with_known_fields(value)
    return found
