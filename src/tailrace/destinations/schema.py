"""What JSON Schema says of a destination's settings, for forms and for other programs."""

import math
from collections.abc import Mapping
from typing import Any

from tailrace.destinations.api import PAIRS_MAX, SECRET_LENGTH_MAX, Destination, Field


def schema_of(destination: Destination) -> dict[str, Any]:
    """Return the JSON Schema of the settings; secrets are marked `writeOnly`."""
    fields = destination.fields
    return {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.is_required],
        "additionalProperties": False,
    }


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
            low, high = field.bounds
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
