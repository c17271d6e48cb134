"""A filter tree on one event in Python: the plain meaning that the compiled SQL must equal.

Live views and destination filters use it. An event is a mapping with the columns of the view
`events`; `properties`, `traits`, `context` and `integrations` are decoded objects or their JSON.
Free text is looked for in some columns, in `context` and in `original`, the event as sent without
it, or where that is missing in the other objects.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from tailrace.errors import QueryError
from tailrace.query.conditions import (
    AnyPhrase,
    Condition,
    Equals,
    FreeText,
    Like,
    NumberRange,
    TextRange,
    TimeRange,
    condition_of,
    free_text_of,
)
from tailrace.query.fields import (
    ID_COLUMNS,
    NULLABLE,
    OBJECTS,
    STORED_PATHS,
    TEXT_COLUMNS,
    TEXT_OBJECTS,
    Column,
    Path,
    Unknown,
    resolve,
)
from tailrace.query.text import (
    VALUES_PATTERN,
    has_phrase,
    is_time_text,
    matches,
    number_of,
    tokens_of,
)
from tailrace.query.times import span_of, to_ms
from tailrace.query.tree import All, And, Exists, Not, Or, Phrase, Range, Term, Tree, Wildcard

EventMap = Mapping[str, object]
Matcher = Callable[[EventMap], bool]
Scalar = str | int | float | bool

_VALUES = re.compile(VALUES_PATTERN)
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(tree: Tree, event: EventMap, *, now: datetime) -> bool:
    """Tell whether the event matches."""
    return matcher(tree, now=now)(event)


def matcher(tree: Tree, *, now: datetime) -> Matcher:
    """Return a function that tells whether an event matches; `now` is what date math starts from.

    Raises:
        QueryError: a value does not fit its field.
    """
    match tree:
        case All():
            return lambda event: True
        case Not(part):
            inner = matcher(part, now=now)
            return lambda event: not inner(event)
        case And(parts):
            every = [matcher(part, now=now) for part in parts]
            return lambda event: all(one(event) for one in every)
        case Or(parts):
            some = [matcher(part, now=now) for part in parts]
            return lambda event: any(one(event) for one in some)
        case Exists():
            return _exists(tree)
        case Term() | Phrase() | Wildcard() | Range():
            return _leaf(tree, now)


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


def _leaf(leaf: Term | Phrase | Wildcard | Range, now: datetime) -> Matcher:
    if leaf.field is None:
        if isinstance(leaf, Range):
            raise TypeError("a range has a field")
        wanted = free_text_of(leaf)
        ids = wanted.ids if isinstance(wanted, AnyPhrase) else ()
        return lambda event: (
            any(event.get(name) in ids for name in ID_COLUMNS)
            or any(_has(tokens_of(text), wanted) for text in _texts(event))
        )
    field = resolve(leaf.field)
    if isinstance(field, Unknown) or (isinstance(field, Path) and not field.keys):
        return lambda event: False
    condition = condition_of(leaf, field, now=now)
    if isinstance(field, Path):
        return lambda event: any(_matches(condition, value) for value in _path_values(event, field))
    if isinstance(condition, TimeRange):
        return lambda event: _in_time_range(condition, _instant(event.get(field.name)))
    return lambda event: _matches(condition, event.get(field.name) or _empty(field))


def _empty(field: Column) -> Scalar:
    return False if field.kind == "flag" else ""


def _exists(leaf: Exists) -> Matcher:
    field = resolve(leaf.field)
    if isinstance(field, Unknown):
        return lambda event: False
    if isinstance(field, Path):
        return lambda event: _path_exists(_object(event, field.column), field)
    if field.kind == "text":
        return lambda event: bool(event.get(field.name))
    return lambda event: field.name not in NULLABLE or event.get(field.name) is not None


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
    if isinstance(wanted, AnyPhrase):
        return any(has_phrase(tokens, phrase, wanted.slop) for phrase in wanted.phrases)
    size = len(wanted.patterns)
    return any(
        all(matches(pattern, tokens[at + ahead]) for ahead, pattern in enumerate(wanted.patterns))
        for at in range(len(tokens) - size + 1)
    )
