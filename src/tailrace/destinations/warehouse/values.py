"""The types of columns, and what becomes of a value in one of them.

A column takes what loses nothing in it: `12.0` in a column of whole numbers is 12, and `"12"` too;
12.5 is not taken, and neither is a text in a column of times which is none.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec


class Kind(Enum):
    """What a column holds."""

    BOOLEAN = "boolean"
    INTEGER = "whole number"
    NUMBER = "number"
    TIME = "time"
    TEXT = "text"
    OTHER = "something that people chose"


class Column(NamedTuple):
    """A column: `most` is the largest number, the most characters or the last year that it takes.

    `is_exact` is false where numbers are kept as floating point, which have 53 bits.
    """

    kind: Kind
    most: int | None = None
    is_exact: bool = True


class Misfit:
    """What `fit` returns for a value that the column does not take."""


MISFIT: Final = Misfit()
TIME_YEAR_MIN: Final = 1900
"""Where a column of times ends at a year, it begins at this one."""

BIGINT_MAX: Final = 2**63 - 1
EXACT_MAX: Final = 2**53
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,15})?")
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_PLAIN_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,6})?Z")
_NONE: Final = type(None)
_encode = msgspec.json.Encoder().encode


def kind_of(value: object) -> Kind:
    """Return what a new column for a value holds.

    A text is a time where it is an instant with its zone, such as JavaScript's dates are in JSON.
    """
    if isinstance(value, str):
        return Kind.TIME if _is_instant(value) else Kind.TEXT
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.INTEGER if -BIGINT_MAX <= value <= BIGINT_MAX else Kind.NUMBER
    return Kind.NUMBER if isinstance(value, float) else Kind.TEXT


def kind_of_all(values: Sequence[object]) -> Kind:
    """Return what a new column for several values holds: what most of them are.

    Whole numbers are numbers among others, and times are texts.
    """
    kinds = Counter(kind_of(value) for value in values)
    for narrow, wide in ((Kind.INTEGER, Kind.NUMBER), (Kind.TIME, Kind.TEXT)):
        if wide in kinds:
            kinds[wide] += kinds.pop(narrow, 0)
    return kinds.most_common(1)[0][0]


def fit_all(column: Column, values: list[Any]) -> list[Any]:
    """Return the values as the column takes them, `MISFIT` where it does not; None stays."""
    kinds = set(map(type, values)) - {_NONE}
    if _fits_as_it_is(column, kinds, values):
        return values
    return [None if value is None else fit(column, value) for value in values]


def _fits_as_it_is(column: Column, kinds: set[type], values: list[Any]) -> bool:
    """Tell whether nothing has to be done, without a look at each value of Python's own."""
    match column.kind:
        case Kind.TEXT if kinds <= {str}:
            texts = [value for value in values if value is not None]
            if column.most is not None and max(map(len, texts), default=0) > column.most:
                return False
            return "\x00" not in "".join(texts)
        case Kind.INTEGER if kinds <= {int}:
            numbers = [value for value in values if value is not None]
            most = BIGINT_MAX if column.most is None else column.most
            return max(numbers, default=0) <= most and min(numbers, default=0) >= -most
        case Kind.NUMBER if column.most is None:
            return kinds <= ({int, float} if column.is_exact else {float})
        case Kind.BOOLEAN:
            return kinds <= {bool}
    return not kinds


def fit(column: Column, value: Any) -> Any:
    """Return a value as the column takes it, `MISFIT` where it does not."""
    match column.kind:
        case Kind.TEXT:
            text = text_of(value)
            return MISFIT if column.most is not None and len(text) > column.most else text
        case Kind.BOOLEAN:
            if isinstance(value, bool):
                return value
            return {"true": True, "false": False}.get(value, MISFIT) if _is_text(value) else MISFIT
        case Kind.INTEGER:
            return _whole(value, BIGINT_MAX if column.most is None else column.most)
        case Kind.NUMBER:
            return _number(column, value)
        case Kind.TIME:
            return _time(column, value) if isinstance(value, str) else MISFIT
    return MISFIT


def text_of(value: object) -> str:
    """Return a value as text: as it is, or as JSON; NUL characters are left out."""
    text = value if isinstance(value, str) else _encode(value).decode()
    return text.replace("\x00", "")


def time_of(text: str) -> Any:
    """Return an instant as ISO 8601 in UTC; one without a zone is in UTC, a day is its midnight."""
    if not _TIME.fullmatch(text):
        return MISFIT
    try:
        moment = datetime.fromisoformat(text)
        if _PLAIN_TIME.fullmatch(text):
            return text
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError):
        return MISFIT


def _time(column: Column, text: str) -> Any:
    found = time_of(text)
    if column.most is None or found is MISFIT:
        return found
    return found if TIME_YEAR_MIN <= int(found[:4]) <= column.most else MISFIT


def _is_instant(text: str) -> bool:
    if len(text) < 17 or text[10] != "T":
        return False
    match = _TIME.fullmatch(text)
    return match is not None and match[1] is not None and time_of(text) is not MISFIT


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _whole(value: object, most: int) -> Any:
    is_whole_text = isinstance(value, str) and _WHOLE.fullmatch(value)
    if is_whole_text or (isinstance(value, float) and value.is_integer()):
        value = int(value)  # type: ignore[call-overload]  # one of the two
    if isinstance(value, bool) or not isinstance(value, int):
        return MISFIT
    return value if -most <= value <= most else MISFIT


def _number(column: Column, value: object) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MISFIT
    if column.most is not None and not -column.most <= value <= column.most:
        return MISFIT
    if isinstance(value, float):
        return value if math.isfinite(value) else MISFIT
    return value if column.is_exact or -EXACT_MAX <= value <= EXACT_MAX else MISFIT
