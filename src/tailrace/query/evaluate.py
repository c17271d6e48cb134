"""A filter tree on one event in Python: the plain meaning that the compiled SQL must equal.

Live views and destination filters use it. An event is a mapping with the columns of the view
`events`; `properties`, `traits`, `context` and `integrations` are decoded objects or their JSON.
Free text is looked for in some columns, in `context` and in `original`, the event as sent without
it, or where that is missing in the other objects.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial

import msgspec

from tailrace.errors import QueryError
from tailrace.query.conditions import (
    AnyPhrase,
    Condition,
    Either,
    Equals,
    Fits,
    FreeText,
    Like,
    Near,
    NumberRange,
    Reading,
    TextRange,
    TimeRange,
    TokenFits,
    TokenPatterns,
    TokensNear,
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
from tailrace.query.fields import (
    ID_COLUMNS,
    MANY_LEVELS,
    NULLABLE,
    OBJECTS,
    STORED_PATHS,
    TEXT_COLUMNS,
    TEXT_OBJECTS,
    Column,
    Many,
    Path,
    Unknown,
    many_of,
    resolve,
)
from tailrace.query.text import (
    VALUES_PATTERN,
    has_phrase,
    is_near,
    is_time_text,
    matches,
    number_of,
    tokens_of,
)
from tailrace.query.times import span_of, to_ms
from tailrace.query.tree import All, And, Exists, Leaf, Nested, Not, Or, Range, Tree

EventMap = Mapping[str, object]
Matcher = Callable[[EventMap], bool]
Scalar = str | int | float | bool

_VALUES = re.compile(VALUES_PATTERN)
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(tree: Tree, event: EventMap, *, now: datetime) -> bool:
    """Tell whether the event matches."""
    return matcher(tree, now=now)(event)


def matcher(tree: Tree, *, now: datetime, zone: tzinfo = UTC, has_words: bool = False) -> Matcher:
    """Return a function that tells whether an event matches; `now` is what date math starts from.

    `zone` is where days begin; for `has_words` see `Reading`.

    Raises:
        QueryError: a value does not fit its field.
    """
    require_affordable(tree)
    reading = Reading(now=now, zone=zone, has_words=has_words)
    return _matcher(tree, lambda leaf: _leaf(leaf, reading))


def _matcher(tree: Tree, leaf: Callable[[Leaf], Matcher]) -> Matcher:
    match tree:
        case All():
            return lambda event: True
        case Not(part):
            inner = _matcher(part, leaf)
            return lambda event: not inner(event)
        case And(parts):
            every = [_matcher(part, leaf) for part in parts]
            return lambda event: all(one(event) for one in every)
        case Or(parts):
            some = [_matcher(part, leaf) for part in parts]
            return lambda event: any(one(event) for one in some)
        case _:
            return leaf(tree)


def values_at(value: object, keys: tuple[str, ...]) -> Iterator[Scalar]:
    """Return the texts, numbers and flags at a path: of the place, of a list's elements there.

    Keys may hold dots; one list of objects on the way is looked into.
    """
    for found in _direct(value, keys):
        yield from _scalars(found)
    for length in range(1, len(keys)):
        for found in _direct(value, keys[:length]):
            for element in found if isinstance(found, list) else ():
                if isinstance(element, dict):
                    for inner in _direct(element, keys[length:]):
                        yield from _scalars(inner)


def _leaf(leaf: Leaf, reading: Reading) -> Matcher:
    match leaf:
        case All():
            return lambda event: True
        case Nested():
            return _nested(leaf, reading)
        case Exists():
            return _exists(leaf)
        case _:
            return _value_leaf(leaf, reading)


def _value_leaf(leaf: ValueLeaf, reading: Reading) -> Matcher:
    if leaf.field is None:
        if isinstance(leaf, Range):
            raise TypeError("a range has a field")
        wanted = free_text_of(leaf)
        ids = wanted.ids if isinstance(wanted, AnyPhrase) else ()
        return lambda event: (
            any(event.get(name) in ids for name in ID_COLUMNS)
            or any(_has(tokens_of(text), wanted) for text in _texts(event))
        )
    many = many_of(leaf.field)
    if many is not None:
        return _any_field(leaf, many, reading)
    field = resolve(leaf.field)
    if isinstance(field, Unknown) or (isinstance(field, Path) and not field.keys):
        return lambda event: False
    condition = condition_of(leaf, field, reading)
    if isinstance(field, Path):
        return lambda event: any(_matches(condition, value) for value in _path_values(event, field))
    return _column(condition, field)


def _column(condition: Condition, field: Column) -> Matcher:
    if isinstance(condition, TimeRange):
        return lambda event: _in_time_range(condition, _instant(event.get(field.name)))
    if isinstance(condition, Fits | Near | Words):
        return lambda event: (
            bool(event.get(field.name)) and _matches(condition, event.get(field.name))
        )
    return lambda event: _matches(condition, event.get(field.name) or _empty(field))


def _any_field(leaf: ValueLeaf, many: Many, reading: Reading) -> Matcher:
    tests = [
        _column(condition, column)
        for column, condition in conditions_on(leaf, many.columns, reading)
    ]
    for name in many.objects:
        condition = condition_of(leaf, Path(name, ("*",)), reading)
        tests.append(_any_value(condition, many, name))
    return lambda event: any(test(event) for test in tests)


def _any_value(condition: Condition, many: Many, name: str) -> Matcher:
    return lambda event: any(
        _matches(condition, scalar)
        for found, value in _pairs(name, _object(event, name))
        if many.has(found)
        for scalar in _scalars(value)
    )


def _pairs(name: str, value: object) -> list[tuple[str, object]]:
    """Return the values in an object with their names; lists add nothing to a name."""
    pairs: list[tuple[str, object]] = [(name, value)] if isinstance(value, dict) else []
    for _ in range(MANY_LEVELS + 1):
        pairs = [inner for pair in pairs for inner in _inside(*pair)]
    return pairs


def _inside(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"{name}.{key}", inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((name, element) for element in value)
    else:
        yield name, value


def _nested(leaf: Nested, reading: Reading) -> Matcher:
    path = object_of(leaf)

    def inner(part: Leaf) -> Matcher:
        match part:
            case All():
                return lambda element: True
            case Exists():
                keys = inner_path(part, path).keys
                is_text = path.column in TEXT_OBJECTS
                return lambda element: (
                    any(_has_scalar(found) for found in _direct(element, keys))
                    or (not is_text and _has_scalar(_below(element, ".".join(keys))))
                )
            case Nested():
                raise twice_nested(part)
            case _:
                place = inner_path(part, path)
                condition = condition_of(part, place, reading)
                return lambda element: any(
                    _matches(condition, scalar)
                    for found in _direct(element, place.keys)
                    for scalar in _scalars(found)
                )

    test = _matcher(leaf.part, inner)
    return lambda event: any(test(element) for element in _objects(event, path))


def _objects(event: EventMap, path: Path) -> Iterator[dict[str, object]]:
    """Return the objects at the path, or in a list there; the store keeps none of nulls alone."""
    value = _object(event, path.column)
    if path.column in TEXT_OBJECTS:
        for found in _strict(value, path):
            for element in found if isinstance(found, list) else (found,):
                if isinstance(element, dict) and element:
                    yield element
        return
    there = _below(value, ".".join(path.keys))
    lists = (found for found in _direct(value, path.keys) if isinstance(found, list))
    for element in (there, *(element for found in lists for element in found)):
        if isinstance(element, dict) and _has_leaf(element):
            yield element


def _below(value: object, name: str) -> dict[str, object]:
    """Return all that is below a name in an object as one object; keys may hold dots."""
    found: dict[str, object] = {}
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == name:
            found |= inner if isinstance(inner, dict) else {}
        elif name.startswith(f"{key}."):
            found |= _below(inner, name.removeprefix(f"{key}."))
        elif key.startswith(f"{name}."):
            found[key.removeprefix(f"{name}.")] = inner
    return found


def _has_scalar(value: object) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return any(_has_scalar(each) for each in inner)
    return value is not None


def _empty(field: Column) -> Scalar:
    return False if field.kind == "flag" else ""


def _exists(leaf: Exists) -> Matcher:
    many = many_of(leaf.field)
    if many is not None:
        return lambda event: (
            any(_column_exists(column, event) for column in many.columns)
            or any(
                value not in (None, {}, [])
                for name in many.objects
                for found, value in _pairs(name, _object(event, name))
                if many.has(found)
            )
        )
    field = resolve(leaf.field)
    if isinstance(field, Unknown):
        return lambda event: False
    if isinstance(field, Path):
        return lambda event: _path_exists(_object(event, field.column), field)
    return lambda event: _column_exists(field, event)


def _column_exists(field: Column, event: EventMap) -> bool:
    if field.kind == "text":
        return bool(event.get(field.name))
    return field.name not in NULLABLE or event.get(field.name) is not None


def _path_exists(value: object, field: Path) -> bool:
    if not field.keys:
        return bool(value) if field.column in TEXT_OBJECTS else _is_value(value)
    if field.column in TEXT_OBJECTS:
        return any(found not in (None, {}, []) for found in _strict(value, field))
    if _has_value_at(value, ".".join(field.keys)):
        return True
    return any(
        inner is not None and not isinstance(inner, dict)
        for length in range(1, len(field.keys))
        for found in _direct(value, field.keys[:length])
        for element in (found if isinstance(found, list) else ())
        if isinstance(element, dict)
        for inner in _direct(element, field.keys[length:])
    )


def _has_value_at(value: object, name: str) -> bool:
    """Tell whether an object has the path, or anything below it; keys may hold dots."""
    if not isinstance(value, dict):
        return False
    for key, inner in value.items():
        if key == name:
            is_there = _is_value(inner)
        elif name.startswith(f"{key}."):
            is_there = _has_value_at(inner, name.removeprefix(f"{key}."))
        else:
            is_there = key.startswith(f"{name}.") and _has_leaf(inner)
        if is_there:
            return True
    return False


def _is_value(found: object) -> bool:
    if isinstance(found, list):
        # The store may keep a null in a list as an empty object.
        return any(_has_leaf(element) for element in found)
    if isinstance(found, dict):
        return any(_has_leaf(inner) for inner in found.values())
    return found is not None


def _has_leaf(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_leaf(inner) for inner in value.values())
    return value is not None


def _path_values(event: EventMap, field: Path) -> Iterator[Scalar]:
    value = _object(event, field.column)
    if field.column not in TEXT_OBJECTS:
        yield from values_at(value, field.keys)
        return
    is_stored = (field.column, *field.keys) in STORED_PATHS
    for found in _strict(value, field):
        # A list at a path that has a column is no value: the column is for texts.
        if not (is_stored and isinstance(found, list)):
            yield from _scalars(found)


def _strict(value: object, field: Path) -> Iterator[object]:
    """Return what stands at the path, and what stands under the whole path as one key."""
    whole = ".".join(field.keys)
    has_column = (field.column, *field.keys) in STORED_PATHS
    if len(field.keys) > 1 and not has_column and isinstance(value, dict) and whole in value:
        yield value[whole]
    for key in field.keys:
        if not isinstance(value, dict) or key not in value:
            return
        value = value[key]
    yield value


def _direct(value: object, keys: tuple[str, ...]) -> Iterator[object]:
    if not keys:
        yield value
    elif isinstance(value, dict):
        for length in range(1, len(keys) + 1):
            name = ".".join(keys[:length])
            if name in value:
                yield from _direct(value[name], keys[length:])


def _scalars(found: object) -> Iterator[Scalar]:
    for value in found if isinstance(found, list) else (found,):
        if isinstance(value, int) and not isinstance(value, bool):
            # A larger number than the store has integers for is kept as text.
            yield value if _INT_MIN <= value <= _INT_MAX else str(value)
        elif isinstance(value, str | float | bool):
            yield value


def _object(event: EventMap, column: str) -> object:
    value = event.get(column)
    if isinstance(value, msgspec.Raw | bytes | str):
        return json.loads(bytes(value) if isinstance(value, msgspec.Raw) else value)
    return value


def _instant(value: object) -> int | None:
    if isinstance(value, str) and value:
        return span_of(value, now=_EPOCH).start_ms
    return to_ms(value) if isinstance(value, datetime) else None


def _matches(condition: Condition, value: object) -> bool:
    match condition:
        case Equals(text, number, flag):
            if isinstance(value, bool):
                return value is flag
            if isinstance(value, int | float):
                return number is not None and value == number
            return value == text
        case Like(pattern):
            return isinstance(value, str) and matches(pattern, value)
        case NumberRange():
            return _in_number_range(condition, value)
        case TimeRange():
            return isinstance(value, str) and _in_time_range(condition, _time_text(value))
        case TextRange():
            return isinstance(value, str) and _in_text_range(condition, value)
        case Fits(expression):
            return isinstance(value, str) and expression.matches(value)
        case Near(text, edits):
            return isinstance(value, str) and is_near(value, text, edits)
        case Words(wanted):
            return isinstance(value, str) and _has(tokens_of(value), wanted)
        case Either(conditions):
            return any(_matches(each, value) for each in conditions)


def _in_time_range(condition: TimeRange, at: int | None) -> bool:
    return (
        at is not None
        and (condition.start_ms is None or at >= condition.start_ms)
        and (condition.end_ms is None or at < condition.end_ms)
    )


def _time_text(text: str) -> int | None:
    if not is_time_text(text):
        return None
    try:
        return span_of(text, now=_EPOCH).start_ms
    except QueryError:  # such as February 31
        return None


def _in_number_range(condition: NumberRange, value: object) -> bool:
    if isinstance(value, str):
        value = number_of(value)
        value = None if value is None else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low, high = condition.low, condition.high
    above = low is None or value > low.value or (low.is_inclusive and value == low.value)
    below = high is None or value < high.value or (high.is_inclusive and value == high.value)
    return above and below


def _in_text_range(condition: TextRange, value: str) -> bool:
    if not value:
        return False
    low, high = condition.low, condition.high
    coded = value.encode()
    above = low is None or coded > low.text.encode() or (low.is_inclusive and value == low.text)
    below = high is None or coded < high.text.encode() or (high.is_inclusive and value == high.text)
    return above and below


def _texts(event: EventMap) -> Iterator[str]:
    for name in TEXT_COLUMNS:
        text = event.get(name)
        if isinstance(text, str) and text:
            yield text
    original = event.get("original")
    if isinstance(original, str):
        yield from _values_of(original)
    for column in ("context",) if isinstance(original, str) else OBJECTS:
        value = event.get(column)
        if isinstance(value, msgspec.Raw):
            yield from _values_of(bytes(value).decode())
        elif value:
            yield from _values_of(value if isinstance(value, str) else json.dumps(value))


def _values_of(text: str) -> Iterator[str]:
    for found in _VALUES.finditer(text):
        image = found.group(1)
        if image:
            yield json.loads(image) if "\\" in image else image


def _has(tokens: list[str], wanted: FreeText) -> bool:
    match wanted:
        case AnyPhrase():
            return any(has_phrase(tokens, phrase, wanted.slop) for phrase in wanted.phrases)
        case TokenFits(expression):
            return any(expression.matches(token) for token in tokens)
        case TokenPatterns(patterns):
            tests = [partial(matches, pattern) for pattern in patterns]
        case TokensNear(words):
            tests = [partial(is_near, near.text, edits=near.edits) for near in words]
    return any(
        all(test(tokens[at + ahead]) for ahead, test in enumerate(tests))
        for at in range(len(tokens) - len(tests) + 1)
    )
