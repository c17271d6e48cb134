"""Conditions on JSON columns in SQL.

A path of a JSON column holds values of any type, each type a column of its own, so a condition is
asked of every type that it fits. Untyped, ClickHouse refuses to compare as soon as two events
disagree on the type. Arrays are asked element by element; one array of objects on the way is
looked into.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tailrace.query.bind import Binder, quoted
from tailrace.query.conditions import (
    Condition,
    Equals,
    Like,
    NumberBound,
    NumberRange,
    TextRange,
    TimeRange,
)
from tailrace.query.fields import STORED_PATHS, TEXT_OBJECTS, Path
from tailrace.query.text import NUMBER_PATTERN, TIME_PATTERN, like_pattern, pieces_of

SqlTest = Callable[[str], str]
_JSON_STARTS = "[{-0123456789tfn"
_MAY_BE_JSON = re.compile(r"^(\[|\{|-?[0-9]|true$|false$|null$)")


@dataclass(frozen=True)
class Tests:
    """A condition as SQL on a value of each kind; None where no value of that kind matches."""

    text: SqlTest | None = None
    number: SqlTest | None = None
    flag: SqlTest | None = None


def path_sql(condition: Condition, path: Path, binder: Binder) -> str:
    """Return SQL that tells whether a value at the path meets the condition; never NULL."""
    tests = tests_of(condition, binder)
    if path.column in TEXT_OBJECTS:
        stored = _stored(path)
        if stored is None:
            values = _text_values(path, binder)
            return _any(_any_raw(tests, _as_elements(raw)) for raw in values)
        as_text = "0" if tests.text is None else f"ifNull({tests.text(stored)}, 0)"
        if _asks_for_plain_text(condition):
            return as_text
        in_text = _any(_any_raw(tests, f"[{raw}]") for raw in _text_values(path, binder))
        return f"if({_is_plain(stored)}, {as_text}, {in_text})"
    parts = [*_direct(tests, _subcolumn(path.column, path.keys))]
    for length in range(1, len(path.keys)):
        outer = _subcolumn(path.column, path.keys[:length])
        inner = f"{outer}[].{_keys(path.keys[length:])}"
        parts += _inside_objects(tests, inner)
        parts.append(_inside_mixed(tests, outer, path.keys[length:], binder))
    return _any(parts)


def exists_sql(path: Path, binder: Binder) -> str:
    """Return SQL that tells whether there is a value at the path."""
    if path.column in TEXT_OBJECTS:
        if not path.keys:
            return f"({path.column} NOT IN ('', '{{}}'))"
        nothing = "('', 'null', '{}', '[]')"
        in_text = _any(f"{raw} NOT IN {nothing}" for raw in _text_values(path, binder))
        stored = _stored(path)
        if stored is None:
            return in_text
        return f"if({_is_plain(stored)}, isNotNull({stored}), {in_text})"
    if not path.keys:
        return f"notEmpty(JSONAllPaths({path.column}))"
    value = _subcolumn(path.column, path.keys)
    below = f"{path.column}.^{quoted(path.keys[0])}"
    below += "".join(f".{quoted(key)}" for key in path.keys[1:])
    only_nulls = f"match(ifNull(toJSONString({value}), ''), '^\\\\[((null|{{}}),?)*\\\\]$')"
    is_empty = f"(startsWith(dynamicType({value}), 'Array') AND {only_nulls})"
    parts = [f"(isNotNull({value}) AND NOT {is_empty})", f"notEmpty(JSONAllPaths({below}))"]
    for length in range(1, len(path.keys)):
        outer = _subcolumn(path.column, path.keys[:length])
        inner = f"{outer}[].{_keys(path.keys[length:])}"
        parts.append(f"arrayExists(x -> isNotNull(x), {inner})")
        raw = _raw_at("e", path.keys[length:], binder)
        parts.append(
            f"arrayExists(e -> {raw} NOT IN ('', 'null') AND NOT startsWith({raw}, '{{'), "
            f"{_mixed(outer)})"
        )
    return _any(parts)


def texts_sql(path: Path, binder: Binder) -> str:
    """Return SQL for the distinct values at the path as an Array(String)."""
    if path.column in TEXT_OBJECTS:
        stored = _stored(path)
        if stored is None:
            return _texts(*(_as_elements(raw) for raw in _text_values(path, binder)))
        in_text = _texts(*(f"[{raw}]" for raw in _text_values(path, binder)))
        text = f"if(isNull({stored}), [], [assumeNotNull({stored})])"
        return f"if({_is_plain(stored)}, {text}, {in_text})"
    value = _subcolumn(path.column, path.keys)
    raw = f"ifNull(toJSONString({value}), '')"
    arrays = [_as_elements(raw)]
    for length in range(1, len(path.keys)):
        outer = _subcolumn(path.column, path.keys[:length])
        inner = _raw_at("e", path.keys[length:], binder)
        arrays.append(
            f"arrayFlatten(arrayMap(e -> {_as_elements(inner)}, "
            f"if(startsWith(dynamicType({outer}), 'Array'), "
            f"JSONExtractArrayRaw(ifNull(toJSONString({outer}), '')), [])))"
        )
    text = f"{value}.:`String`"
    # Most values are texts or not there: neither has to be written as JSON and read again.
    rest = _texts(*arrays) if len(path.keys) > 1 else f"if(isNull({value}), [], {_texts(*arrays)})"
    return f"if(isNotNull({text}), [assumeNotNull({text})], {rest})"


@dataclass(frozen=True)
class Grouped:
    """Expressions to group events by, and from them the array that `texts_sql` gives."""

    keys: str
    array: str


def grouped_texts(path: Path) -> Grouped | None:
    """Return how to make the array of texts once per group instead of once per event.

    None for what is not one key of a JSON column.
    """
    if path.column in TEXT_OBJECTS or len(path.keys) > 1:
        return None
    value = _subcolumn(path.column, path.keys)
    text = f"{value}.:`String`"
    keys = (
        f"multiIf(isNotNull({text}), 1, isNull({value}), 0, 2) AS kind, "
        f"ifNull({text}, '') AS text, if(kind = 2, ifNull(toJSONString({value}), ''), '') AS raw"
    )
    array = f"multiIf(kind = 1, [text], kind = 0, [], {_texts(_as_elements('raw'))})"
    return Grouped(keys, array)


def tests_of(condition: Condition, binder: Binder) -> Tests:
    """Return the condition as SQL on a value of each kind."""
    match condition:
        case Equals(text, number, flag):
            return Tests(
                text=_equals(binder.text(text)),
                number=None if number is None else _equals(binder.number(number)),
                flag=None if flag is None else _equals("true" if flag else "false"),
            )
        case Like(pattern):
            like = binder.text(like_pattern(pattern))
            return Tests(text=lambda x: f"{x} LIKE {like}")
        case NumberRange(low, high):
            in_range = _number_range(low, high, binder)
            pattern = binder.text(NUMBER_PATTERN)
            return Tests(
                text=lambda x: in_range(f"if(match({x}, {pattern}), toFloat64OrNull({x}), NULL)"),
                number=in_range,
            )
        case TimeRange():
            return Tests(text=_time_text(condition, binder))
        case TextRange():
            return Tests(text=text_range(condition, binder))


def text_range(condition: TextRange, binder: Binder) -> SqlTest:
    """Return the range as SQL on a text."""
    ends = []
    for bound, operator in ((condition.low, ">"), (condition.high, "<")):
        if bound is not None:
            equal = "=" if bound.is_inclusive else ""
            ends.append(f"{operator}{equal} {binder.text(bound.text)}")
    return lambda x: "(" + " AND ".join([f"{x} != ''", *(f"{x} {end}" for end in ends)]) + ")"


def time_range(condition: TimeRange, binder: Binder) -> SqlTest:
    """Return the range as SQL on a DateTime64."""
    ends = []
    if condition.start_ms is not None:
        ends.append(f">= {binder.instant(condition.start_ms)}")
    if condition.end_ms is not None:
        ends.append(f"< {binder.instant(condition.end_ms)}")
    return lambda x: "(" + " AND ".join(f"{x} {end}" for end in ends) + ")"


def _equals(value: str) -> SqlTest:
    return lambda x: f"{x} = {value}"


def _number_range(low: NumberBound | None, high: NumberBound | None, binder: Binder) -> SqlTest:
    ends = []
    for bound, operator in ((low, ">"), (high, "<")):
        if bound is not None:
            equal = "=" if bound.is_inclusive else ""
            ends.append(f"{operator}{equal} {binder.number(bound.value)}")
    return lambda x: "(" + " AND ".join(f"{x} {end}" for end in ends) + ")"


def _time_text(condition: TimeRange, binder: Binder) -> SqlTest:
    in_range = time_range(condition, binder)
    pattern = binder.text(TIME_PATTERN)
    return lambda x: in_range(
        f"if(match({x}, {pattern}), parseDateTime64BestEffortOrNull({x}, 3, 'UTC'), NULL)"
    )


def _direct(tests: Tests, value: str) -> Iterator[str]:
    """Return the tests on the value itself and on the elements of an array of scalars."""
    for kinds, test in _kinds(tests):
        for kind in kinds:
            yield f"ifNull({test(_element(value, kind))}, 0)"
    for kinds, test in _kinds(tests):
        for kind in kinds:
            if kind != "UInt64":  # arrays of these are read as Float64
                array = _element(value, f"Array(Nullable({kind}))")
                yield f"arrayExists(x -> ifNull({test('x')}, 0), {array})"
    yield _any_raw(tests, _mixed(value))


def _element(value: str, kind: str) -> str:
    """Return the value where it is of this type; all types of a path are read in one go."""
    return f"dynamicElement({value}, '{kind}')"


def _inside_objects(tests: Tests, inner: str) -> Iterator[str]:
    """Return the tests on a path into an array of objects."""
    for kinds, test in _kinds(tests):
        for kind in kinds:
            yield f"arrayExists(x -> ifNull({test('x')}, 0), {inner}.:`{kind}`)"
            if kind != "UInt64":
                arrays = f"arrayFlatten({inner}.:`Array(Nullable({kind}))`)"
                yield f"arrayExists(x -> ifNull({test('x')}, 0), {arrays})"
    mixed = _any_raw(tests, "JSONExtractArrayRaw(toJSONString(a))")
    yield f"arrayExists(a -> {mixed}, {inner}.:`Array(Dynamic)`)"


def _inside_mixed(tests: Tests, outer: str, keys: tuple[str, ...], binder: Binder) -> str:
    """Return the tests on the objects of an array that holds other things too."""
    raw = _raw_at("e", keys, binder)
    return f"arrayExists(e -> {_any_raw(tests, _as_elements(raw))}, {_mixed(outer)})"


def _kinds(tests: Tests) -> Iterator[tuple[tuple[str, ...], SqlTest]]:
    if tests.text is not None:
        yield ("String",), tests.text
    if tests.number is not None:
        yield ("Int64", "UInt64", "Float64"), tests.number
    if tests.flag is not None:
        yield ("Bool",), tests.flag


def _any_raw(tests: Tests, elements: str) -> str:
    """Return the tests on an array of JSON texts."""
    parts = []
    if tests.text is not None:
        parts.append(f"(startsWith(r, '\"') AND ifNull({tests.text('JSONExtractString(r)')}, 0))")
    if tests.number is not None:
        is_number = "match(r, '^-?[0-9]')"
        as_integer = tests.number("toInt64OrNull(r)")
        as_float = tests.number("toFloat64OrNull(r)")
        number = f"(ifNull({as_integer}, 0) OR ifNull({as_float}, 0))"
        parts.append(f"({is_number} AND {number})")
    if tests.flag is not None:
        flag = tests.flag("(r = 'true')")
        parts.append(f"(r IN ('true', 'false') AND {flag})")
    return f"arrayExists(r -> {_any(parts)}, {elements})"


def _mixed(value: str) -> str:
    """Return the elements, as JSON texts, of an array that mixes types; else an empty array."""
    array = _element(value, "Array(Dynamic)")
    return f"if(empty({array}), [], JSONExtractArrayRaw(toJSONString({array})))"


def _as_elements(raw: str) -> str:
    """Return the elements of a JSON text that may be an array, as JSON texts."""
    return f"if(startsWith({raw}, '['), JSONExtractArrayRaw({raw}), [{raw}])"


def _texts(*arrays: str) -> str:
    """Return the scalars among JSON texts as distinct texts: strings without their quotes."""
    joined = f"arrayConcat({', '.join(arrays)})"
    scalars = f"arrayFilter(r -> match(r, '^[^n[{{]'), {joined})"
    bare = f"arrayMap(r -> if(startsWith(r, '\"'), JSONExtractString(r), r), {scalars})"
    return f"arrayDistinct({bare})"


def _raw_at(element: str, keys: tuple[str, ...], binder: Binder) -> str:
    names = ", ".join(binder.text(key) for key in keys)
    return f"JSONExtractRaw({element}, {names})"


def _text_values(path: Path, binder: Binder) -> list[str]:
    raws = [_raw_at(path.column, path.keys, binder)]
    if len(path.keys) > 1 and _stored(path) is None:
        raws.append(_raw_at(path.column, (".".join(path.keys),), binder))
    return raws


def _stored(path: Path) -> str | None:
    """Return the column that holds the values at a path of a text object, where there is one."""
    return STORED_PATHS.get((path.column, *path.keys))


def _asks_for_plain_text(condition: Condition) -> bool:
    """Tell whether only texts meet the condition that such a column holds just as they were sent.

    Then the object itself, which takes much longer to read, has nothing to add.
    """
    match condition:
        case Equals(text):
            return not _MAY_BE_JSON.match(text)
        case Like(pattern):
            start = next(iter(pieces_of(pattern)), (True, ""))
            return not start[0] and start[1] not in _JSON_STARTS
        case _:
            return False


def _is_plain(stored: str) -> str:
    """Return SQL that tells whether such a column holds just what was sent: a text, or nothing.

    It holds anything else as its JSON. What could be that is looked up in the object itself.
    """
    pattern = _MAY_BE_JSON.pattern.replace("\\", "\\\\")
    return f"NOT match(ifNull({stored}, ''), '{pattern}')"


def _subcolumn(column: str, keys: tuple[str, ...]) -> str:
    return f"{column}.{_keys(keys)}"


def _keys(keys: tuple[str, ...]) -> str:
    return ".".join(quoted(key) for key in keys)


def _any(parts: Iterator[str] | list[str]) -> str:
    return "(" + (" OR ".join(parts) or "0") + ")"
