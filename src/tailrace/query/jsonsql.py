"""Conditions on JSON columns in SQL.

A path of a JSON column holds values of any type, each type a column of its own, so a condition is
asked of every type that it fits. Untyped, ClickHouse refuses to compare as soon as two events
disagree on the type. Arrays are asked element by element; one array of objects on the way is
looked into.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tailrace.query.bind import Binder, quoted
from tailrace.query.conditions import (
    Condition,
    Either,
    Equals,
    Fits,
    Like,
    Near,
    NumberBound,
    NumberRange,
    TextRange,
    TimeRange,
    Words,
)
from tailrace.query.fields import MANY_LEVELS, STORED_PATHS, TEXT_OBJECTS, Many, Path
from tailrace.query.freetext import near_test, words_test
from tailrace.query.text import NUMBER_PATTERN, TIME_PATTERN, like_pattern, pieces_of

SqlTest = Callable[[str], str]
_JSON_STARTS = "[{-0123456789tfn"
# JSON in which there is no text, number or flag.
NOTHING_PATTERN = r'^(null|[\[\]{},: ]|"(?:[^"\\]|\\.)*":)*$'
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


def many_sql(condition: Condition, many: Many, column: str, binder: Binder) -> str:
    """Return SQL that tells whether a value of one of many fields of an object meets it."""
    named = f"arrayFilter(p -> {_is_named(many, binder)}, {_pairs(column)})"
    return _any_raw(tests_of(condition, binder), f"arrayMap(p -> p.2, {named})")


def many_exist_sql(many: Many, column: str, binder: Binder) -> str:
    """Return SQL that tells whether one of many fields of an object has a value."""
    is_value = "p.2 NOT IN ('', 'null', '{}', '[]')"
    return f"arrayExists(p -> {_is_named(many, binder)} AND {is_value}, {_pairs(column)})"


def _is_named(many: Many, binder: Binder) -> str:
    return f"p.1 LIKE {binder.text(like_pattern(many.wildcard))}"


def _pairs(column: str) -> str:
    """Return SQL for the values in an object with their names; lists add nothing to a name."""
    text = column if column in TEXT_OBJECTS else f"toJSONString({column})"
    pairs = f"arrayMap(p -> (concat('{column}.', p.1), p.2), JSONExtractKeysAndValuesRaw({text}))"
    for _ in range(MANY_LEVELS):
        pairs = (
            "arrayFlatten(arrayMap(p -> multiIf("
            "startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), "
            "JSONExtractKeysAndValuesRaw(p.2)), "
            "startsWith(p.2, '['), arrayMap(e -> (p.1, e), JSONExtractArrayRaw(p.2)), "
            f"[(p.1, p.2)]), {pairs}))"
        )
    return pairs


def objects_sql(path: Path, binder: Binder) -> str:
    """Return SQL for the objects at the path, or in a list there, as an array of JSON texts."""
    if path.column in TEXT_OBJECTS:
        raws = _text_values(path, binder)
    else:
        value = _subcolumn(path.column, path.keys)
        below = f"{path.column}.^{_keys(path.keys)}"
        raws = [f"ifNull(toJSONString({value}), '')", f"toJSONString({below})"]
    elements = f"arrayConcat({', '.join(map(_as_elements, raws))})"
    return f"arrayFilter(e -> startsWith(e, '{{') AND e != '{{}}', {elements})"


def inner_sql(condition: Condition, keys: tuple[str, ...], binder: Binder) -> str:
    """Return SQL that tells whether a value in the object `e`, a JSON text, meets the condition."""
    tests = tests_of(condition, binder)
    return _any(_any_raw(tests, _as_elements(raw)) for raw in _inner_values(keys, binder))


def inner_exists_sql(keys: tuple[str, ...], binder: Binder) -> str:
    """Return SQL that tells whether there is a value in the object `e`, a JSON text."""
    nothing = binder.text(NOTHING_PATTERN)
    return _any(
        f"({raw} != '' AND NOT match({raw}, {nothing}))" for raw in _inner_values(keys, binder)
    )


def _inner_values(keys: tuple[str, ...], binder: Binder) -> list[str]:
    raws = [_raw_at("e", keys, binder)]
    return raws if len(keys) < 2 else [*raws, _raw_at("e", (".".join(keys),), binder)]


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
    arrays = _arrays(path, binder)
    text = f"{value}.:`String`"
    # Most values are texts or not there: neither has to be written as JSON and read again.
    rest = _texts(*arrays) if len(path.keys) > 1 else f"if(isNull({value}), [], {_texts(*arrays)})"
    return f"if(isNotNull({text}), [assumeNotNull({text})], {rest})"


def scalars_sql(path: Path, binder: Binder) -> str:
    """Return SQL for all scalars at the path, not only the distinct ones, as JSON texts."""
    if path.column not in TEXT_OBJECTS:
        return _scalars(*_arrays(path, binder))
    stored = _stored(path)
    in_text = _scalars(*(_as_elements(raw) for raw in _text_values(path, binder)))
    if stored is None:
        return in_text
    text = f"if(isNull({stored}), [], [toJSONString(assumeNotNull({stored}))])"
    return f"if({_is_plain(stored)}, {text}, {in_text})"


def value_sql(path: Path) -> str | None:
    """Return SQL for the value at the path, a Dynamic; None where it is not stored by path."""
    return None if path.column in TEXT_OBJECTS else _subcolumn(path.column, path.keys)


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
        case Fits(expression):
            re2 = binder.text(expression.re2)
            return Tests(text=lambda x: f"match({x}, {re2})")
        case Near():
            return Tests(text=near_test(condition, binder))
        case Words(wanted):
            return Tests(text=words_test(wanted, binder))
        case Either(conditions):
            return _either([tests_of(each, binder) for each in conditions])


def _either(each: Sequence[Tests]) -> Tests:
    return Tests(
        text=_any_of([tests.text for tests in each]),
        number=_any_of([tests.number for tests in each]),
        flag=_any_of([tests.flag for tests in each]),
    )


def _any_of(tests: Sequence[SqlTest | None]) -> SqlTest | None:
    known = [test for test in tests if test is not None]
    if len(known) < 2:
        return known[0] if known else None
    return lambda x: "(" + " OR ".join(f"ifNull({test(x)}, 0)" for test in known) + ")"


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


def _scalars(*arrays: str) -> str:
    joined = f"arrayConcat({', '.join(arrays)})" if len(arrays) > 1 else arrays[0]
    return f"arrayFilter(r -> match(r, '^[^n[{{]'), {joined})"


def _texts(*arrays: str) -> str:
    """Return the scalars among JSON texts as distinct texts: strings without their quotes."""
    bare = f"arrayMap(r -> if(startsWith(r, '\"'), JSONExtractString(r), r), {_scalars(*arrays)})"
    return f"arrayDistinct({bare})"


def _arrays(path: Path, binder: Binder) -> list[str]:
    """Return the elements at the path of a JSON column, as JSON texts, by where they are found."""
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
    return arrays


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
