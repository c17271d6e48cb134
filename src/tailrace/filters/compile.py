"""A filter's tree to a Python function of one event.

The function runs for every event and destination, so what can be known beforehand is worked out
here: constants, patterns, and the common shapes `path = constant` and `path >= constant`.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tailrace.filters.faults import FilterError, FilterFailedError
from tailrace.filters.functions import FUNCTIONS, type_name
from tailrace.filters.glob import GlobError, matcher
from tailrace.filters.tree import (
    All,
    And,
    Call,
    Compare,
    Constant,
    ListOf,
    Not,
    Or,
    Path,
    Tree,
    Value,
    render,
)

Event = Mapping[str, Any]
Test = Callable[[Event], bool]
Get = Callable[[Event], Any]


class Known(NamedTuple):
    """A value that no event changes."""

    value: Any


_NUMBERS: Final = frozenset({int, float})
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_tree(tree: Tree) -> Test:
    """Return what tells whether an event matches, raising `FilterFailedError` where nobody can say.

    Raises:
        FilterError: a condition is none (a text, a number), or a pattern is wrong.
    """
    # The whole may be a field: then only a literal true matches, and nothing fails.
    test = _path_is_true(tree) if isinstance(tree, Path) else _condition(tree)
    if isinstance(test, Known):
        return _always if test.value else _never
    return test


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are of one type and equal; the order of an object's keys counts."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if list(one) != list(other):
                return False
            pairs.extend(zip(one.values(), other.values(), strict=True))
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) != len(other):
                return False
            pairs.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif one != other:
            return False
    return True


def getter(parts: tuple[str, ...]) -> Get:
    """Return what reads the value at a path: None where the event has none."""
    if len(parts) == 1:
        (only,) = parts
        return lambda event: event.get(only)
    if len(parts) == 2:
        outer, inner = parts

        def get_two(event: Event) -> Any:
            found = event.get(outer)
            return found.get(inner) if isinstance(found, dict) else None

        return get_two

    def get_deep(event: Event) -> Any:
        found: Any = event.get(parts[0])
        for part in parts[1:]:
            if not isinstance(found, dict):
                return None
            found = found.get(part)
        return found

    return get_deep


def _always(_: Event) -> bool:
    return True


def _never(_: Event) -> bool:
    return False


def _condition(tree: Tree) -> Test | Known:
    match tree:
        case All():
            return Known(value=True)
        case And(parts):
            return _and([_condition(part) for part in parts])
        case Or(parts):
            return _or([_condition(part) for part in parts])
        case Not(part):
            return _not(_condition(part))
        case Compare():
            return _comparison(tree)
        case Path(parts):
            return _flag(parts)
        case Call(name) if FUNCTIONS[name].returns == "bool":
            return _call(tree)
        case Constant(bool() | None as value):
            return Known(value is True)
    returned = FUNCTIONS[tree.name].returns if isinstance(tree, Call) else "value"
    raise FilterError(
        f"{render(tree)} is a {returned}, which is neither true nor false",
        position=tree.position,
        hint=f"compare it: {render(tree)} = ...",
    )


def _and(tests: list[Test | Known]) -> Test | Known:
    asked: list[Test] = []
    for test in tests:
        if not isinstance(test, Known):
            asked.append(test)
        elif not test.value:
            # What stands before it may still fail, so it is asked all the same.
            if not asked:
                return test
            asked.append(_never)
            break
    match asked:
        case []:
            return Known(value=True)
        case [only]:
            return only
        case [first, second]:
            return lambda event: first(event) and second(event)

    def all_of(event: Event) -> bool:
        for test in asked:  # noqa: SIM110 - a generator costs more than the tests
            if not test(event):
                return False
        return True

    return all_of


def _or(tests: list[Test | Known]) -> Test | Known:
    asked: list[Test] = []
    for test in tests:
        if not isinstance(test, Known):
            asked.append(test)
        elif test.value:
            if not asked:
                return test
            asked.append(_always)
            break
    match asked:
        case []:
            return Known(value=False)
        case [only]:
            return only
        case [first, second]:
            return lambda event: first(event) or second(event)

    def any_of(event: Event) -> bool:
        for test in asked:  # noqa: SIM110 - a generator costs more than the tests
            if test(event):
                return True
        return False

    return any_of


def _not(test: Test | Known) -> Test | Known:
    return Known(not test.value) if isinstance(test, Known) else lambda event: not test(event)


def _path_is_true(path: Path) -> Test:
    get = getter(path.parts)
    return lambda event: get(event) is True


def _flag(parts: tuple[str, ...]) -> Test:
    get = getter(parts)

    def is_set(event: Event) -> bool:
        value = get(event)
        if value is True:
            return True
        if value is None or value is False:
            return False
        raise FilterFailedError(
            f"{render(Path(parts))} is of type {type_name(value)}, neither true nor false"
        )

    return is_set


def _value(tree: Value) -> Get | Known:
    match tree:
        case Constant(value):
            return Known(value)
        case Path(parts):
            return getter(parts)
        case ListOf(items):
            return _list([_value(item) for item in items])
        case Call():
            return _call(tree)


def _list(items: list[Get | Known]) -> Get | Known:
    if all(isinstance(item, Known) for item in items):
        return Known([item.value for item in items if isinstance(item, Known)])
    gets = [_get(item) for item in items]
    return lambda event: [get(event) for get in gets]


def _get(value: Get | Known) -> Get:
    if not isinstance(value, Known):
        return value
    known = value.value
    return lambda _: known


def _call(tree: Call) -> Get | Known:
    function = FUNCTIONS[tree.name].call
    values = [_value(argument) for argument in tree.arguments]
    if all(isinstance(value, Known) for value in values):
        try:
            return Known(function(*[value.value for value in values if isinstance(value, Known)]))
        except FilterFailedError as error:
            raise FilterError(str(error), position=tree.position) from error
    _check_known(tree, values)
    if tree.name in {"contains", "match"} and isinstance(values[1], Known):
        return _text_test(tree.name, _get(values[0]), values[1].value)
    gets = [_get(value) for value in values]
    if len(gets) == 1:
        only = gets[0]
        return lambda event: function(only(event))
    return lambda event: function(*[get(event) for get in gets])


def _check_known(tree: Call, values: list[Get | Known]) -> None:
    """Refuse what is wrong whatever the event: a constant of a wrong type, a broken pattern."""
    stand_in = [value.value if isinstance(value, Known) else None for value in values]
    try:
        FUNCTIONS[tree.name].call(*stand_in)
        if tree.name == "match" and isinstance(stand_in[1], str):
            matcher(stand_in[1])
        if tree.name == "semver" and isinstance(values[1], Known):
            FUNCTIONS["semver"].call("0", stand_in[1], "0")
    except FilterFailedError as error:
        raise FilterError(str(error), position=tree.position) from error
    except GlobError as error:
        # One more for the quote before the text.
        position = tree.arguments[1].position + 1 + error.at
        raise FilterError(
            str(error), position=position, hint="a backslash takes the next character as it is"
        ) from error


def _text_test(name: str, get: Get, known: Any) -> Test:
    if known is None:
        slow = FUNCTIONS[name].call
        return lambda event: slow(get(event), None)
    fits = matcher(known) if name == "match" else None

    def wrong(value: Any) -> bool:
        if value is None:
            return False
        raise FilterFailedError(f"{name}() takes texts, not a value of type {type_name(value)}")

    if fits is None:

        def contains(event: Event) -> bool:
            value = get(event)
            return known in value if isinstance(value, str) else wrong(value)

        return contains

    def matches(event: Event) -> bool:
        value = get(event)
        return fits(value) if isinstance(value, str) else wrong(value)

    return matches


def _comparison(tree: Compare) -> Test | Known:
    left, right = _value(tree.left), _value(tree.right)
    if tree.operator == "in" and not _may_be_list(right):
        raise FilterError(
            f"in takes a list, not {render(tree.right)}",
            position=tree.right.position,
            hint="write event in ['A', 'B'], or contains() to look into a text",
        )
    test = _comparing(tree.operator, left, right)
    if isinstance(left, Known) and isinstance(right, Known):
        return Known(test({}))
    return test


def _may_be_list(value: Get | Known) -> bool:
    return not isinstance(value, Known) or isinstance(value.value, list | None)


def _comparing(relation: str, left: Get | Known, right: Get | Known) -> Test:
    if relation in _ORDERS:
        return _order(_ORDERS[relation], left, right)
    if relation == "in":
        return _membership(left, right)
    is_equal = _equality(left, right)
    if relation == "=":
        return is_equal
    return lambda event: not is_equal(event)


def _equality(left: Get | Known, right: Get | Known) -> Test:
    if isinstance(left, Known):
        left, right = right, left
    get = _get(left)
    if isinstance(right, Known):
        expected = right.value
        if isinstance(expected, str):
            return lambda event: get(event) == expected
        if expected is None or isinstance(expected, bool):
            return lambda event: get(event) is expected
        return lambda event: same(get(event), expected)
    other = right
    return lambda event: same(get(event), other(event))


def _order(compare: Callable[[Any, Any], bool], left: Get | Known, right: Get | Known) -> Test:
    get = _get(left)
    if isinstance(right, Known):
        bound = right.value
        if type(bound) not in _NUMBERS:
            return _asking_only(get)

        def is_beyond(event: Event) -> bool:
            value = get(event)
            return type(value) in _NUMBERS and compare(value, bound)

        return is_beyond
    other = right

    def is_ordered(event: Event) -> bool:
        one, two = get(event), other(event)
        return type(one) in _NUMBERS and type(two) in _NUMBERS and compare(one, two)

    return is_ordered


def _asking_only(get: Get) -> Test:
    """Return false, once the other side was read: a function in it may fail."""

    def never(event: Event) -> bool:
        get(event)
        return False

    return never


def _membership(left: Get | Known, right: Get | Known) -> Test:
    get = _get(left)
    if isinstance(right, Known) and isinstance(right.value, list):
        items = right.value
        if all(isinstance(item, str) for item in items):
            texts = frozenset(items)

            def is_one_of(event: Event) -> bool:
                value = get(event)
                return isinstance(value, str) and value in texts

            return is_one_of
    listed = _get(right)
    # A text equals texts only, so Python's own search says the same, and faster.
    is_text = isinstance(left, Known) and isinstance(left.value, str)

    def is_in(event: Event) -> bool:
        value, items = get(event), listed(event)
        if isinstance(items, list):
            return value in items if is_text else any(same(value, item) for item in items)
        if items is None:
            return False
        raise FilterFailedError(f"in takes a list, not a value of type {type_name(items)}")

    return is_in
