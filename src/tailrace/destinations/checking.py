"""Checks what people set a destination to, and tells all that is wrong at once."""

import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from tailrace.destinations.api import (
    PAIR_NAME_LENGTH_MAX,
    PAIRS_MAX,
    SECRET_LENGTH_MAX,
    Destination,
    Field,
    Secret,
    Shape,
)
from tailrace.errors import SettingsError

_SHOWN_MAX: Final = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_URI = re.compile(r'[^\x21-\x7e]|[\\"<>^`{|}]')
"""What RFC 3986 allows nowhere; readers of an address differ in what they make of it."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Settings that are in order: as the dataclass, and apart as public ones and secrets.

    `public` has every setting that is no secret, with defaults in place and ready for JSON;
    `secrets` only those that are set.
    """

    settings: Any
    public: dict[str, Any]
    secrets: dict[str, Secret]


def check(destination: Destination, given: Mapping[str, object]) -> Checked:
    """Return the settings that are given; null stands for the default.

    A secret is given as `Secret` or as text.

    Raises:
        SettingsError: something is wrong with them; `problems` has all of it.
    """
    fields = destination.fields
    problems = {
        name: "does not exist; there are " + (", ".join(fields) or "none")
        for name in given
        if name not in fields
    }
    values: dict[str, Any] = {}
    for name, field in fields.items():
        value = given.get(name)
        if value is None:
            if field.is_required:
                problems[name] = "is required"
            continue
        problem = _problem(field, value)
        if problem:
            problems[name] = problem
        else:
            values[name] = _converted(field, value)
    if problems:
        raise SettingsError(_told(problems), problems=problems)
    made = _made(destination.settings, values)
    known = {name: getattr(made, name) for name in fields}
    return Checked(
        settings=made,
        public={
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in known.items()
            if not fields[name].is_secret
        },
        secrets={
            name: value
            for name, value in known.items()
            if fields[name].is_secret and value is not None
        },
    )


def is_url(text: str) -> bool:
    """Tell whether a text is an http or https address with a host and without credentials."""
    if _NO_URI.search(text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and not parts.fragment
    )


def _made(settings: type[Any], values: Mapping[str, Any]) -> Any:
    """Return the dataclass, which checks what its settings say together."""
    try:
        return settings(**values)
    except SettingsError as error:
        if not error.problems:
            raise SettingsError(f"settings: {error}") from error
        raise SettingsError(_told(error.problems), problems=error.problems) from error


def _problem(field: Field, value: object) -> str:
    """Return what is wrong with a value, "" for nothing; never a secret or an address."""
    return _CHECKS[field.shape](field, value)


def _text_problem(field: Field, value: object) -> str:
    about = field.about
    if not isinstance(value, str):
        return "must be text"
    if not value and field.default != "":
        return "must not be empty" + ("; null takes it away" if field.is_optional else "")
    if len(value) > about.length_max:
        return f"has {len(value)} characters; the limit is {about.length_max}"
    if _CONTROL.search(value) or not _is_unicode(value):
        return "holds control characters"
    if about.is_url and value and not is_url(value):
        return "must be an address with http:// or https://, without a user name, password or '#'"
    if about.choices and value not in about.choices:
        return f"is {_shown(value)}; expected {', '.join(about.choices)}"
    if about.pattern and value and not re.fullmatch(about.pattern, value):
        return f"is {_shown(value)}; expected {about.expected or about.pattern}"
    return ""


def _secret_problem(field: Field, value: object) -> str:
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        return "must be text"
    if not text:
        return "must not be empty" + ("; null takes it away" if field.is_optional else "")
    if len(text) > SECRET_LENGTH_MAX:
        return f"has {len(text)} characters; the limit is {SECRET_LENGTH_MAX}"
    if "\x00" in text or not _is_unicode(text):
        return "holds characters that are no text"
    if field.about.pattern and not re.fullmatch(field.about.pattern, text):
        return f"is not as expected: {field.about.expected or field.about.pattern}"
    return ""


def _number_problem(field: Field, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "must be a number"
    low, high = field.bounds
    if not (math.isfinite(value) and low <= value <= high):
        return f"is {_shown(value)}; expected {_range(low, high)}"
    # As in JSON Schema, 3.0 is whole too.
    if field.shape == "whole" and value != int(value):
        return f"is {_shown(value)}; expected a whole number"
    return ""


def _flag_problem(_: Field, value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _pairs_problem(field: Field, value: object) -> str:
    if not isinstance(value, Mapping):
        return "must be an object of texts"
    if len(value) > PAIRS_MAX:
        return f"has {len(value)} entries; the limit is {PAIRS_MAX}"
    for name, text in value.items():
        if not (isinstance(name, str) and isinstance(text, str)):
            return "must be an object of texts"
        if not 0 < len(name) <= PAIR_NAME_LENGTH_MAX:
            return f"has a name that is empty or longer than {PAIR_NAME_LENGTH_MAX} characters"
        if len(text) > field.about.length_max:
            return f"has a value longer than {field.about.length_max} characters"
        if _CONTROL.search(name + text) or not _is_unicode(name + text):
            return "holds control characters"
        if field.about.pattern and not re.fullmatch(field.about.pattern, name):
            return f"has the name {_shown(name)}; expected {field.about.expected}"
    return ""


_CHECKS: Final[Mapping[Shape, Callable[[Field, object], str]]] = {
    "text": _text_problem,
    "whole": _number_problem,
    "number": _number_problem,
    "flag": _flag_problem,
    "secret": _secret_problem,
    "pairs": _pairs_problem,
}


def _converted(field: Field, value: Any) -> Any:
    match field.shape:
        case "whole":
            return int(value)
        case "number":
            return float(value)
        case "secret":
            return value if isinstance(value, Secret) else Secret(value)
        case "pairs":
            return types.MappingProxyType(dict(value))
        case _:
            return value


def _range(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if math.isfinite(low) else f"at most {high:g}"


def _is_unicode(text: str) -> bool:
    """Tell whether a text has no halves of characters, which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."


def _told(problems: Mapping[str, str]) -> str:
    return "; ".join(f"settings.{name[:100]}: {problem}" for name, problem in problems.items())
