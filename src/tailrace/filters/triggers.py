"""Triggers: the smaller language that decides which events an action gets.

It looks like the full one and is not the same: a text equals texts only, `!=` is also true of a
missing value, a negated `contains` or `match` is false of one, and missing and null are one. What
the smaller language lacks is refused here, as is `and` beside `or` without parentheses, which
Segment reads as if the last of them were meant everywhere.

Source: Segment, @segment/destination-subscriptions 3.37, parse and validate.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from tailrace.filters.compile import Event, Get, Test, getter
from tailrace.filters.faults import FilterError
from tailrace.filters.filter import Filter
from tailrace.filters.parser import parse
from tailrace.filters.reach import types_of
from tailrace.filters.tree import (
    All,
    And,
    Call,
    Compare,
    Constant,
    Not,
    Or,
    Path,
    Tree,
    Value,
    render,
)

_WHOLE: Final = frozenset({"type", "event", "name", "userId"})
_PARTED: Final = frozenset({"properties", "traits", "context"})
FIELDS: Final = (*sorted(_WHOLE), *(f"{name}." for name in sorted(_PARTED)))
"""What a trigger can look at: a name that ends with a dot has others below it."""

TEXT_TESTS: Final = frozenset({"contains", "match"})
_NUMBERS: Final = frozenset({int, float})
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def compile_trigger(text: str) -> Filter:
    """Return the filter that a text of the smaller language says; it never fails on an event.

    Raises:
        FilterError: the text is no trigger; the error says where, and what to write.
    """
    parsed = parse(text)
    for warned in parsed.warnings:
        raise FilterError(
            "a trigger has only and, or only or, between its conditions",
            position=warned.position,
            hint="put those that belong together in parentheses",
        )
    test = _level(parsed.tree, level=0)
    return Filter(text, parsed.tree, types_of(parsed.tree), (), test)


def _level(tree: Tree, *, level: int) -> Test:
    if not isinstance(tree, And | Or):
        return _condition(tree)
    if level > 1:
        raise FilterError(
            "a trigger has groups, but no groups within groups",
            position=tree.position,
            hint="make two actions, or a filter on the destination",
        )
    tests = [_level(part, level=level + 1) for part in tree.parts]
    if isinstance(tree, And):
        return lambda event: all(test(event) for test in tests)
    return lambda event: any(test(event) for test in tests)


def _condition(tree: Tree) -> Test:
    match tree:
        case All():
            return lambda _: True
        case Compare():
            return _comparison(tree)
        case Call():
            return _text_test(tree, is_negated=False)
        case Not(Call() as call):
            return _text_test(call, is_negated=True)
        case Not():
            raise _refused(tree.position, "! stands before contains() and match() only", "write !=")
        case Path():
            raise _refused(tree.position, "a field is no condition", f"write {render(tree)} = true")
    position = tree.position if isinstance(tree, Constant) else None
    raise _refused(position, f"{render(tree)} is no condition", "compare a field: type = 'track'")


def _field(value: Value) -> Get:
    if not isinstance(value, Path):
        raise _refused(
            value.position, f"{render(value)} is no field", "a field comes first: event = 'Signup'"
        )
    first, is_whole = value.parts[0], len(value.parts) == 1
    if not (first in _WHOLE if is_whole else first in _PARTED):
        raise _refused(
            value.position,
            f"a trigger cannot look at {render(value)}",
            "there are type, event, name, userId, properties.…, traits.… and context.…",
        )
    return getter(value.parts)


def _comparison(tree: Compare) -> Test:
    get = _field(tree.left)
    if not isinstance(tree.right, Constant) or tree.operator == "in":
        raise _refused(
            tree.right.position if tree.operator != "in" else tree.position,
            "a trigger compares with a text, a number, true, false or null",
            "for several values, write event = 'A' or event = 'B'",
        )
    expected = tree.right.value
    if expected is None or isinstance(expected, bool | str):
        return _same(get, tree, expected)
    compare = _ORDERS[tree.operator]

    def is_so(event: Event) -> bool:
        value = get(event)
        return type(value) in _NUMBERS and compare(value, expected)

    return is_so


def _same(get: Get, tree: Compare, expected: str | bool | None) -> Test:
    is_equal = tree.operator == "="
    if not is_equal and tree.operator != "!=":
        raise _refused(tree.position, f"{tree.operator} compares numbers only", "write = or !=")
    if isinstance(expected, bool):
        if not is_equal:
            other = "false" if expected else "true"
            raise _refused(
                tree.position,
                "a trigger asks whether something is true or is false",
                f"write {render(tree.left)} = {other}",
            )
        return lambda event: get(event) is expected
    if expected is None:
        if is_equal:
            return lambda event: get(event) is None
        return lambda event: get(event) is not None
    if is_equal:
        return lambda event: get(event) == expected
    return lambda event: get(event) != expected


def _text_test(call: Call, *, is_negated: bool) -> Test:
    if call.name not in TEXT_TESTS:
        raise _refused(
            call.position, f"a trigger has no {call.name}()", "there are contains() and match()"
        )
    get = _field(call.arguments[0])
    given = call.arguments[1]
    if not isinstance(given, Constant) or not isinstance(given.value, str):
        raise _refused(given.position, f"{call.name}() takes a text in quotes here", "")
    if call.name == "contains":
        return _holds(get, given.value, "contains", is_negated=is_negated)
    starts, ends = given.value.endswith("*"), given.value.startswith("*")
    rest = given.value[:-1] if starts else given.value[1:]
    if starts is ends or "*" in rest or "?" in rest:
        raise _refused(
            given.position,
            "match() takes 'text*' or '*text' here",
            "for a text anywhere, write contains(event, 'text')",
        )
    return _holds(get, rest, "starts" if starts else "ends", is_negated=is_negated)


_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": str.__contains__,
    "starts": str.startswith,
    "ends": str.endswith,
}


def _holds(get: Get, part: str, how: str, *, is_negated: bool) -> Test:
    test = _TESTS[how]

    def is_so(event: Event) -> bool:
        value = get(event)
        return isinstance(value, str) and test(value, part) is not is_negated

    return is_so


def _refused(position: int | None, message: str, hint: str) -> FilterError:
    return FilterError(message, position=position, hint=hint)
