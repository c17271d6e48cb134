"""Which types of event a filter can match at all, as far as its text says."""

from typing import Final

from tailrace.filters.tree import (
    All,
    And,
    Compare,
    Constant,
    ListOf,
    Not,
    Or,
    Path,
    Tree,
    Value,
)

EVENT_TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_TYPE: Final = Path(("type",))


def types_of(tree: Tree) -> frozenset[str] | None:
    """Return the types of the events that can match; None when any might."""
    types = _types(tree, is_negated=False)
    return None if types == EVENT_TYPES else types


def _types(tree: Tree, *, is_negated: bool) -> frozenset[str]:
    match tree:
        case Not(part):
            return _types(part, is_negated=not is_negated)
        case And(parts) | Or(parts):
            sets = [_types(part, is_negated=is_negated) for part in parts]
            # None of them is "not a and not b"; not all of them is "not a or not b".
            is_and = isinstance(tree, And) is not is_negated
            return frozenset.intersection(*sets) if is_and else frozenset.union(*sets)
        case Compare("=", left, right) | Compare("!=", left, right):
            named = _named(left, right)
            wants = (tree.operator == "=") is not is_negated
            return _chosen(named, is_wanted=wants)
        case Compare("in", left, ListOf(items)) if left == _TYPE:
            if not all(isinstance(item, Constant) for item in items):
                return EVENT_TYPES
            values = {item.value for item in items if isinstance(item, Constant)}
            texts = frozenset(value for value in values if isinstance(value, str))
            return _chosen(texts, is_wanted=not is_negated)
        case Constant(value):
            return EVENT_TYPES if (value is True) is not is_negated else frozenset()
        case All():
            return frozenset() if is_negated else EVENT_TYPES
    return EVENT_TYPES


def _named(left: Value, right: Value) -> frozenset[str] | None:
    if isinstance(left, Constant):
        left, right = right, left
    if left != _TYPE or not isinstance(right, Constant):
        return None
    return frozenset({right.value} if isinstance(right.value, str) else ())


def _chosen(named: frozenset[str] | None, *, is_wanted: bool) -> frozenset[str]:
    if named is None:
        return EVENT_TYPES
    return EVENT_TYPES & named if is_wanted else EVENT_TYPES - named
