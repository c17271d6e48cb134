"""What the dataclass of an action's payloads says of its fields."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from tailrace.destinations.sending import Json, Mapped, SourceSlug

PayloadType = Literal[
    "json", "string", "text", "number", "integer", "boolean", "object", "datetime"
]

_TYPES: Final[Mapping[object, PayloadType]] = {
    Json: "json",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    Mapping: "object",
}
_SEQUENCES: Final = frozenset({list, tuple, Sequence})


@dataclass(frozen=True, kw_only=True)
class PayloadField:
    """A field that a mapping fills; without a value it has its `fallback`, if it needs none."""

    name: str
    type: PayloadType
    about: Mapped
    is_required: bool
    is_multiple: bool
    fallback: Any


@dataclass(frozen=True)
class PayloadFields:
    """The fields by their names; `source` names the one of the source's slug, "" for none."""

    mapped: Mapping[str, PayloadField]
    source: str


def payload_fields(payload: type[Any]) -> PayloadFields:
    """Return the fields of a payload.

    Raises:
        TypeError: it is no dataclass, or a field does not say what it is.
    """
    hints = get_type_hints(payload, include_extras=True)
    mapped: dict[str, PayloadField] = {}
    source = ""
    for field in dataclasses.fields(payload):
        meant, *extras = get_args(hints[field.name]) or (hints[field.name],)
        if SourceSlug() in extras:
            source = field.name
        else:
            mapped[field.name] = _mapped(field, meant, extras)
    return PayloadFields(types.MappingProxyType(mapped), source)


def _mapped(field: "dataclasses.Field[Any]", meant: Any, extras: list[Any]) -> PayloadField:
    about = next((each for each in extras if isinstance(each, Mapped)), None)
    if about is None:
        raise TypeError(f"the field '{field.name}' has no Mapped in its annotation")
    if get_origin(meant) in {Union, types.UnionType}:
        others = [each for each in get_args(meant) if each is not type(None)]
        meant = others[0] if len(others) == 1 else None
    is_multiple = get_origin(meant) in _SEQUENCES
    if is_multiple:
        meant = get_args(meant)[0]
    found = _TYPES.get(get_origin(meant) or meant)
    if found is None:
        raise TypeError(
            f"the field '{field.name}' is none of Json, str, int, float, bool, Mapping, a "
            "Sequence of one of them, or one of them or None"
        )
    is_required = field.default is dataclasses.MISSING
    return PayloadField(
        name=field.name,
        type=about.type or found,
        about=about,
        is_required=is_required,
        is_multiple=is_multiple,
        fallback=None if is_required else field.default,
    )
