"""The contract of a destination's type: its name, and settings that describe themselves."""

import dataclasses
import functools
import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from tailrace.config import Secret
from tailrace.errors import SettingsError

__all__ = ["Checked", "Destination", "Secret", "Setting", "check", "is_url", "schema_of"]

SLUG_PATTERN: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
TEXT_LENGTH_MAX: Final = 1_000
SECRET_LENGTH_MAX: Final = 10_000
PAIRS_MAX: Final = 50
PAIR_NAME_LENGTH_MAX: Final = 100
WHOLE_MAX: Final = 2**53
"""The largest whole number that JSON carries everywhere."""

_SHOWN_MAX: Final = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_URI = re.compile(r'[^\x21-\x7e]|[\\"<>^`{|}]')
"""What RFC 3986 allows nowhere; readers of an address differ in what they make of it."""
_KINDS: Final[Mapping[object, str]] = {
    str: "text",
    int: "whole",
    float: "number",
    bool: "flag",
    Secret: "secret",
}

Shape = Literal["text", "whole", "number", "flag", "secret", "pairs"]


@dataclass(frozen=True)
class Setting:
    """What one setting means to people, and what it may be.

    A `pattern` is for the whole text; `expected` says it in words. A text may be empty only where
    its default is.
    """

    description: str
    _: dataclasses.KW_ONLY
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    expected: str = ""
    choices: tuple[str, ...] = ()
    length_max: int = TEXT_LENGTH_MAX
    is_url: bool = False


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A type of destination: what it is called, and the dataclass of its settings.

    The dataclass may check what several settings say together in `__post_init__`, by raising
    `SettingsError`.
    """

    slug: str
    name: str
    description: str
    settings: type[Any]

    @functools.cached_property
    def fields(self) -> "Mapping[str, Field]":
        """Return the settings by name: the required ones first, else as the dataclass has them.

        Raises:
            TypeError: the dataclass is none, or a setting does not say what it is.
        """
        return _fields_of(self.settings)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Settings that are in order: as the dataclass, and apart as public ones and secrets.

    `public` has every setting that is no secret, with defaults in place and ready for JSON;
    `secrets` only those that are set.
    """

    settings: Any
    public: dict[str, Any]
    secrets: dict[str, Secret]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A setting as the dataclass has it."""

    name: str
    shape: Shape
    about: Setting
    is_optional: bool
    is_required: bool
    default: Any

    @property
    def is_secret(self) -> bool:
        """Tell whether it must be sealed."""
        return self.shape == "secret"


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


def schema_of(destination: Destination) -> dict[str, Any]:
    """Return the JSON Schema of the settings; secrets are marked `writeOnly`."""
    fields = destination.fields
    return {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.is_required],
        "additionalProperties": False,
    }


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


def _fields_of(settings: type[Any]) -> Mapping[str, Field]:
    is_frozen = dataclasses.is_dataclass(settings) and settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if not is_frozen:
        raise TypeError(f"{settings!r} is no frozen dataclass")
    hints = get_type_hints(settings, include_extras=True)
    found = [
        _field(field, hints[field.name]) for field in dataclasses.fields(settings) if field.init
    ]
    return {field.name: field for field in sorted(found, key=lambda field: not field.is_required)}


def _field(field: "dataclasses.Field[Any]", hint: Any) -> Field:
    about = next((each for each in get_args(hint)[1:] if isinstance(each, Setting)), None)
    if get_origin(hint) is not Annotated or about is None:
        raise TypeError(f"the setting '{field.name}' has no api.Setting in its annotation")
    meant = get_args(hint)[0]
    is_optional = False
    if get_origin(meant) in {Union, types.UnionType}:
        others = [each for each in get_args(meant) if each is not type(None)]
        is_optional = len(others) < len(get_args(meant))
        meant = others[0] if len(others) == 1 else None
    shape: Any = "pairs" if get_args(meant) == (str, str) else _KINDS.get(meant)
    if shape is None:
        raise TypeError(
            f"the setting '{field.name}' is none of str, int, float, bool, Secret, "
            "Mapping[str, str], or one of them or None"
        )
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    is_required = default is dataclasses.MISSING
    return Field(
        name=field.name,
        shape=shape,
        about=about,
        is_optional=is_optional,
        is_required=is_required,
        default=None if is_required else default,
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
    low, high = _bounds(field)
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


def _property(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {**_typed(field), "description": field.about.description}
    if field.is_optional:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    if not field.is_required and not field.is_secret:
        is_mapping = isinstance(field.default, Mapping)
        found["default"] = dict(field.default) if is_mapping else field.default
    return found


def _typed(field: Field) -> dict[str, Any]:
    """Return what JSON Schema says of the value."""
    about = field.about
    match field.shape:
        case "text":
            return {
                "type": "string",
                **({"enum": list(about.choices)} if about.choices else {}),
                **({"pattern": _schema_pattern(field)} if about.pattern else {}),
                **({"format": "uri"} if about.is_url else {}),
                **({} if field.default == "" else {"minLength": 1}),
                "maxLength": about.length_max,
            }
        case "secret":
            return {
                "type": "string",
                "writeOnly": True,
                "minLength": 1,
                "maxLength": SECRET_LENGTH_MAX,
            }
        case "whole" | "number":
            low, high = _bounds(field)
            return {
                "type": "integer" if field.shape == "whole" else "number",
                **({"minimum": low} if math.isfinite(low) else {}),
                **({"maximum": high} if math.isfinite(high) else {}),
            }
        case "flag":
            return {"type": "boolean"}
        case "pairs":
            return {
                "type": "object",
                "additionalProperties": {"type": "string", "maxLength": about.length_max},
                "maxProperties": PAIRS_MAX,
            }


def _schema_pattern(field: Field) -> str:
    pattern = f"^(?:{field.about.pattern})$"
    return f"^$|{pattern}" if field.default == "" else pattern


def _bounds(field: Field) -> tuple[float, float]:
    widest = WHOLE_MAX if field.shape == "whole" else math.inf
    low, high = field.about.minimum, field.about.maximum
    return -widest if low is None else low, widest if high is None else high


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
