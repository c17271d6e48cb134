"""What a mapping made, fitted to the fields of an action.

Source: @segment/actions-core 3.170, what happens between mapping and action: empty values are
removed, types coerced, unknown keys removed, and all problems collected. Unlike there, objects
without declared fields are left whole, nulls and empty texts included.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from tailrace.jsontext import number_text
from tailrace.mappings.faults import Problem

FieldType = Literal[
    "string", "text", "password", "number", "integer", "boolean", "object", "datetime"
]
Format = Literal["", "uri", "email", "date", "date-like"]

PROBLEMS_MAX: Final = 50


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an action.

    An object with `fields` has these keys, and others only if it `allows_others`; one without has
    any keys.
    """

    name: str
    type: FieldType
    is_required: bool = False
    is_multiple: bool = False
    allows_null: bool = False
    format: Format = ""
    choices: tuple[str | int | float, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    fields: tuple["Field", ...] = ()
    allows_others: bool = False


class Cleaned(NamedTuple):
    """A payload that fits, or None and everything that does not fit."""

    payload: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    """A value cannot become what its field takes; the text says what that is."""


def clean(fields: Sequence[Field], payload: Any, *, is_batch: bool = False) -> Cleaned:
    """Return what is sent of a payload, or what is wrong with it; the payload is not changed.

    An empty text counts as no value at the top level, unless the payload is for a batch.
    """
    if not isinstance(payload, Mapping):
        return Cleaned(
            None, (Problem("", f"the payload is {_shown(payload)}; expected an object"),)
        )
    if not is_batch:
        payload = {key: value for key, value in payload.items() if value != ""}
    problems: list[Problem] = []
    cleaned = _object(fields, payload, "", problems, allows_others=False)
    return Cleaned(None, tuple(problems[:PROBLEMS_MAX])) if problems else Cleaned(cleaned)


def _object(
    fields: Sequence[Field],
    found: Mapping[str, Any],
    where: str,
    problems: list[Problem],
    *,
    allows_others: bool,
) -> dict[str, Any]:
    names = {field.name for field in fields}
    cleaned = (
        {key: value for key, value in found.items() if key not in names} if allows_others else {}
    )
    for field in fields:
        at = f"{where}.{field.name}" if where else field.name
        value = found.get(field.name)
        if field.name not in found or _is_empty(field, value):
            if field.is_required:
                problems.append(Problem(at, "is required and has no value"))
            continue
        cleaned[field.name] = _field(field, value, at, problems)
    return cleaned


def _is_empty(field: Field, value: Any) -> bool:
    if value is None:
        return not field.allows_null
    return value == "" and field.type not in _TEXTS


def _field(field: Field, value: Any, at: str, problems: list[Problem]) -> Any:
    if not field.is_multiple:
        return _one(field, value, at, problems)
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    return [
        _one(field, item, f"{at}[{i}]", problems)
        for i, item in enumerate(items)
        if not _is_empty(field, item)
    ]


def _one(field: Field, value: Any, at: str, problems: list[Problem]) -> Any:
    if value is None and field.allows_null:
        return None
    # A list of one stands for the one; not for an object, which is never coerced.
    if isinstance(value, list) and len(value) == 1 and field.type != "object":
        (value,) = value
    try:
        coerced = _COERCIONS[field.type](value)
        _check(field, coerced)
    except _Unfit as unfit:
        problems.append(Problem(at, f"is {_shown(value)}; expected {unfit}"))
        return None
    if field.type == "object" and field.fields:
        return _object(field.fields, coerced, at, problems, allows_others=field.allows_others)
    return coerced


def _check(field: Field, value: Any) -> None:
    if field.choices and not any(_is_same(value, choice) for choice in field.choices):
        raise _Unfit("one of " + ", ".join(map(str, field.choices)))
    if isinstance(value, int | float) and not isinstance(value, bool):
        if field.minimum is not None and value < field.minimum:
            raise _Unfit(f"at least {number_text(field.minimum)}")
        if field.maximum is not None and value > field.maximum:
            raise _Unfit(f"at most {number_text(field.maximum)}")
    kind: Format = "date-like" if field.type == "datetime" else field.format
    if kind and isinstance(value, str) and not _FORMATS[kind](value):
        raise _Unfit(_FORMAT_NAMES[kind])


def _is_same(one: Any, other: Any) -> bool:
    return isinstance(one, str) == isinstance(other, str) and bool(one == other)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if value is None:
        return ""
    raise _Unfit("a text")


_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)\s*")
_NUMBER_LENGTH_MAX: Final = 100
_EXACT_BELOW: Final = 2**53


def _number(value: Any) -> float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str) and len(value) <= _NUMBER_LENGTH_MAX:
        found = _NUMBER.fullmatch(value)
        if found is not None:
            text = found.group(1)
            number = int(text) if text.lstrip("+-").isdigit() else float(text)
            if math.isfinite(number):
                is_whole = number == int(number) and abs(number) < _EXACT_BELOW
                return int(number) if is_whole else number
    raise _Unfit("a number")


def _integer(value: Any) -> int:
    try:
        number = _number(value)
    except _Unfit:
        raise _Unfit("a whole number") from None
    if isinstance(number, float) and not number.is_integer():
        raise _Unfit("a whole number")
    return int(number)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value == "true" or (value == 1 and not isinstance(value, str)):
        return True
    if value == "false" or value is None or (value == 0 and not isinstance(value, str)):
        return False
    raise _Unfit("true or false")


def _map(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _Unfit("an object")
    return value


def _datetime(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise _Unfit("a time")


_TEXTS: Final = frozenset({"string", "text", "password", "datetime"})
_COERCIONS: Final[dict[FieldType, Callable[[Any], Any]]] = {
    "string": _string,
    "text": _string,
    "password": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "object": _map,
    "datetime": _datetime,
}

_EPOCH = re.compile(r"-?[0-9]{1,16}(?:\.[0-9]{1,9})?")
_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\\\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def _is_date_like(text: str) -> bool:
    if _EPOCH.fullmatch(text):
        return True
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_uri(text: str) -> bool:
    if not _SCHEME.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme not in {"http", "https"} or bool(parts.netloc)


def _is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None and ".." not in text


_FORMATS: Final[dict[Format, Callable[[str], bool]]] = {
    "uri": _is_uri,
    "email": _is_email,
    "date": _is_date,
    "date-like": _is_date_like,
}
_FORMAT_NAMES: Final[dict[Format, str]] = {
    "uri": "an address such as https://example.com/path",
    "email": "an email address",
    "date": "a day such as 2026-03-11",
    "date-like": "a time in ISO 8601, or as seconds or milliseconds since 1970",
}


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value[:50]}…'" if len(value) > 50 else f"'{value}'"
    if isinstance(value, int | float):
        return number_text(value)[:50]
    return "an object" if isinstance(value, Mapping) else "a list"
