"""The contract of a destination's type: its name, and settings that describe themselves."""

import dataclasses
import functools
import math
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from tailrace.config import Secret
from tailrace.destinations.sending import (
    Action,
    Batching,
    Checked,
    Delivered,
    Http,
    Json,
    Mapped,
    Outcome,
    Preset,
    Rejected,
    Response,
    Retry,
    SourceSlug,
    Tools,
    outcome_of,
    text_of,
)

__all__ = [
    "Action",
    "Batching",
    "Checked",
    "Delivered",
    "Destination",
    "Field",
    "Http",
    "Json",
    "Mapped",
    "Outcome",
    "Preset",
    "Rejected",
    "Response",
    "Retry",
    "Secret",
    "Setting",
    "SourceSlug",
    "Tools",
    "outcome_of",
    "text_of",
]

SLUG_PATTERN: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
TEXT_LENGTH_MAX: Final = 1_000
SECRET_LENGTH_MAX: Final = 10_000
PAIRS_MAX: Final = 50
PAIR_NAME_LENGTH_MAX: Final = 100
WHOLE_MAX: Final = 2**53
"""The largest whole number that JSON carries everywhere."""

_SHAPES: Final[Mapping[object, str]] = {
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
    its default is. `is_url` and `is_address` say where the destination leads, the latter in a form
    of its own; a secret that is set goes nowhere else, and is given again with another place.
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
    is_address: bool = False


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A type of destination: what it is called, the dataclass of its settings, and what it does.

    The dataclass may check what several settings say together in `__post_init__`, by raising
    `SettingsError`. `check` looks whether the tool can be reached and lets us do what we do,
    without writing; it answers with what it looked at, in order, and ends within 15 s. `presets`
    are uses of the actions beside the one that each has by default. Events name a warehouse as one
    of `Warehouses` in their `integrations`.
    """

    slug: str
    name: str
    description: str
    settings: type[Any]
    actions: tuple[Action, ...] = ()
    check: Callable[[Any, Tools], Awaitable[Sequence[Checked]]] | None = None
    presets: tuple[Preset, ...] = ()
    is_warehouse: bool = False

    @functools.cached_property
    def fields(self) -> "Mapping[str, Field]":
        """Return the settings by name: the required ones first, else as the dataclass has them.

        Raises:
            TypeError: the dataclass is none, or a setting does not say what it is.
        """
        return _fields_of(self.settings)


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

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the least and the largest number that it may be."""
        widest = WHOLE_MAX if self.shape == "whole" else math.inf
        low, high = self.about.minimum, self.about.maximum
        return -widest if low is None else low, widest if high is None else high


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
    shape: Any = "pairs" if get_args(meant) == (str, str) else _SHAPES.get(meant)
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
