"""The functions of the filter language.

Each takes plain values and has a sensible answer to null. A value of a type that a function does
not take raises `FilterFailedError`: what cannot be said is not guessed.

Source: Segment, "Destination Filter Query Language". What `bool`, `string` and `number` make of
each type, and what others make of null where that page is silent, is our own decision.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from tailrace.filters.faults import FilterFailedError
from tailrace.filters.glob import GlobError, matcher
from tailrace.jsontext import json_text

Returns = Literal["bool", "number", "string"]

_NUMBER = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?)\s*")
_NUMBER_LENGTH_MAX: Final = 100
# Longer parts are no version numbers, and Python refuses to read very long ones.
_VERSION = re.compile(r"\s*v?([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?(?![0-9])")
_FALSE_TEXTS: Final = frozenset({"", "0", "false"})


@dataclass(frozen=True)
class Function:
    """`form` shows people how it is written, `about` what it gives."""

    call: Callable[..., Any]
    arity: int
    returns: Returns
    form: str
    about: str


def type_name(value: Any) -> str:
    """Return the type of a value, as `typeof()` does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list | tuple) else "object"


def _wrong(function: str, expected: str, value: Any) -> FilterFailedError:
    return FilterFailedError(
        f"{function}() takes {expected}, not a value of type {type_name(value)}"
    )


def _contains(text: Any, part: Any) -> bool:
    if isinstance(text, str) and isinstance(part, str):
        return part in text
    for value in (text, part):
        if value is not None and not isinstance(value, str):
            raise _wrong("contains", "texts", value)
    return False


def _match(text: Any, pattern: Any) -> bool:
    for value in (text, pattern):
        if value is not None and not isinstance(value, str):
            raise _wrong("match", "texts", value)
    if text is None or pattern is None:
        return False
    try:
        return matcher(pattern)(text)
    except GlobError as error:
        raise FilterFailedError(f"match() was given the pattern '{pattern}': {error}") from error


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
    if isinstance(value, list | tuple):
        return len(value)
    if value is None:
        return 0
    raise _wrong("length", "a text or a list", value)


def _of_text(name: str, change: Callable[[str], str]) -> Callable[[Any], str | None]:
    def changed(value: Any) -> str | None:
        if isinstance(value, str):
            return change(value)
        if value is None:
            return None
        raise _wrong(name, "a text", value)

    return changed


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def _bool(value: Any) -> bool:
    match type_name(value):
        case "string":
            return value not in _FALSE_TEXTS
        case "object":
            raise _wrong("bool", "a text, a number, a list or null", value)
    return bool(value)


def _string(value: Any) -> str:
    match type_name(value):
        case "string":
            return str(value)
        case "null":
            return ""
        case "object":
            raise _wrong("string", "a text, a number, a list or null", value)
    return json_text(value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong("number", "a text or a number", value)
    if not isinstance(value, str):
        return value
    found = _NUMBER.fullmatch(value) if len(value) <= _NUMBER_LENGTH_MAX else None
    if found is None:
        return None
    text = found.group(1)
    return int(text) if text.lstrip("+-").isdigit() else float(text)


_RELATIONS: Final[dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _semver(left: Any, relation: Any, right: Any) -> bool:
    for value in (left, relation, right):
        if value is not None and not isinstance(value, str):
            raise _wrong("semver", "texts", value)
    if left is None or relation is None or right is None:
        return False
    compare = _RELATIONS.get(relation)
    if compare is None:
        raise FilterFailedError(
            f"semver() compares by one of {' '.join(_RELATIONS)}, not by '{relation}'"
        )
    versions = _version(left), _version(right)
    return versions[0] is not None and versions[1] is not None and compare(*versions)  # type: ignore[arg-type]


def _version(text: str) -> tuple[int, ...] | None:
    found = _VERSION.match(text)
    return None if found is None else tuple(int(part or 0) for part in found.groups())


FUNCTIONS: Final[dict[str, Function]] = {
    "contains": Function(
        _contains,
        2,
        "bool",
        "contains(event, 'part')",
        "whether the part is in the text, with its case",
    ),
    "match": Function(
        _match,
        2,
        "bool",
        "match(event, 'Order *')",
        "whether the whole text fits the pattern, with its case",
    ),
    "length": Function(
        _length,
        1,
        "number",
        "length(userId)",
        "the bytes of a text in UTF-8, or the elements of a list; 0 for null",
    ),
    "lowercase": Function(
        _of_text("lowercase", str.lower),
        1,
        "string",
        "lowercase(traits.email)",
        "the text in lower case",
    ),
    "uppercase": Function(
        _of_text("uppercase", str.upper),
        1,
        "string",
        "uppercase(traits.email)",
        "the text in upper case",
    ),
    "snakecase": Function(
        _of_text("snakecase", lambda text: text.replace(" ", "_")),
        1,
        "string",
        "snakecase(event)",
        "the text with _ for each space",
    ),
    "kebabcase": Function(
        _of_text("kebabcase", lambda text: text.replace(" ", "-")),
        1,
        "string",
        "kebabcase(event)",
        "the text with - for each space",
    ),
    "titlecase": Function(
        _of_text("titlecase", _title),
        1,
        "string",
        "titlecase(event)",
        "the text with the first letter of each word in upper case",
    ),
    "typeof": Function(
        type_name,
        1,
        "string",
        "typeof(properties.total)",
        "string, number, bool, list, null or object",
    ),
    "bool": Function(
        _bool,
        1,
        "bool",
        "bool(properties.flag)",
        "false for 0, '', '0', 'false', [] and null, else true",
    ),
    "string": Function(
        _string,
        1,
        "string",
        "string(properties.total)",
        "the value as text",
    ),
    "number": Function(
        _number,
        1,
        "number",
        "number(properties.total)",
        "the number that a text says; null where it says none",
    ),
    "semver": Function(
        _semver,
        3,
        "bool",
        "semver(context.app.version, '>=', '2.1')",
        "whether the first three numbers of two versions are in the relation",
    ),
}
