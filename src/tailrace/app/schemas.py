"""JSON Schemas of the shapes that routes take and answer with, for the OpenAPI description.

They come from msgspec, which reads and writes the very same shapes, so that no rule is told twice.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.typing import FieldDefinition
from msgspec import inspect as shapes

Schema = dict[str, Any]
REF: Final = "#/components/schemas/"
_OPAQUE: Final = (bytes, str, type(None))


def body_type(handler: HTTPRouteHandler) -> Any:
    """Return the type of the body that a route takes, None where it takes none."""
    field = handler.parsed_fn_signature.parameters.get("data")
    return None if field is None else _annotated(field)


def answer_type(handler: HTTPRouteHandler) -> Any:
    """Return the type of what a route answers with, None where that is no JSON."""
    field = handler.parsed_fn_signature.return_type
    if field.is_subclass_of(Response) and field.inner_types:
        field = field.inner_types[0]
    is_opaque = field.annotation in _OPAQUE or field.is_subclass_of(Response)
    return None if is_opaque else _annotated(field)


def schemas_of(
    *, bodies: Sequence[Any], answers: Sequence[Any]
) -> tuple[list[Schema], list[Schema], dict[str, Schema]]:
    """Return the schemas of bodies and of answers, in order, and the named ones they refer to."""
    found, named = msgspec.json.schema_components([*bodies, *answers], ref_template=REF + "{name}")
    structs = _structs_in([*bodies, *answers])
    sent = {struct.cls.__name__ for struct in _structs_in(bodies)}
    for struct in structs:
        name = struct.cls.__name__
        schema = named.get(name)
        if schema is not None:
            _complete(schema, struct, is_sent=name in sent)
    return list(found[: len(bodies)]), list(found[len(bodies) :]), dict(sorted(named.items()))


def _annotated(field: FieldDefinition) -> Any:
    """Return the type as it was written, without what the framework alone reads."""
    return field.annotation


def _structs_in(types: Sequence[Any]) -> list[shapes.StructType]:
    """Return every struct that the types lead to, each once."""
    found: dict[type, shapes.StructType] = {}
    waiting: list[shapes.Type] = list(shapes.multi_type_info(types))
    while waiting:
        one = waiting.pop()
        match one:
            case shapes.StructType():
                if one.cls not in found:
                    found[one.cls] = one
                    waiting += [field.type for field in one.fields]
            case shapes.UnionType():
                waiting += one.types
            case shapes.Metadata():
                waiting.append(one.type)
            case shapes.CollectionType():
                waiting.append(one.item_type)
            case shapes.DictType():
                waiting += [one.key_type, one.value_type]
    return list(found.values())


def _complete(schema: Schema, struct: shapes.StructType, *, is_sent: bool) -> None:
    """Add what msgspec does not say: forms of times, raw JSON, which fields answers always have."""
    if struct.cls.__doc__:
        text = inspect.cleandoc(struct.cls.__doc__)
        schema["description"] = re.sub(r"\bNone\b", "null", text)
    properties: dict[str, Schema] = schema["properties"]
    for field in struct.fields:
        _refine(properties[field.encode_name], field.type)
    if is_sent:
        return
    schema["required"] = [
        field.encode_name for field in struct.fields if field.required or _has_default(field)
    ]
    for one in properties.values():
        one.pop("default", None)


def _has_default(field: shapes.Field) -> bool:
    """Tell whether a field always has a value; one that is left out of answers has none."""
    return (field.default, field.default_factory) != (msgspec.NODEFAULT, msgspec.NODEFAULT)


def _refine(schema: Schema, field: shapes.Type) -> None:
    match field:
        case shapes.Metadata():
            _refine(schema, field.type)
        case shapes.UnionType():
            parts = schema.get("anyOf", [])
            if len(parts) == len(field.types):
                for part, kind in zip(parts, field.types, strict=True):
                    _refine(part, kind)
        case shapes.DateTimeType():
            schema["format"] = "date-time"
        case shapes.RawType() if not schema.get("type"):
            schema["type"] = "object"


def resolved(schema: Schema, named: Mapping[str, Schema]) -> Schema:
    """Return the schema that a reference leads to, or the schema itself."""
    ref = schema.get("$ref")
    return named[ref.removeprefix(REF)] if isinstance(ref, str) else schema
