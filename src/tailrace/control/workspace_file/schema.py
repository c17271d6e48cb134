"""The JSON Schema of a workspace file, for editors: completion, words, and what is wrong."""

import inspect
from typing import Any, Final

import msgspec

from tailrace.control.workspace_file.reading import Node
from tailrace.control.workspace_file.shapes import (
    FileDestination,
    FileSavedQuery,
    SecretRef,
    WorkspaceFile,
)
from tailrace.destinations import Catalog, Destination, schema_of

Schema = dict[str, Any]

# The newest that editors' YAML servers know well.
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_REF: Final = "#/definitions/{name}"
_SECRET: Final[Schema] = {
    "anyOf": [{"$ref": _REF.format(name=SecretRef.__name__)}, {"type": "null"}]
}


def workspace_schema(catalog: Catalog) -> Schema:
    """Return the schema, from the shapes that files are read by and the types of destinations."""
    _, named = msgspec.json.schema_components([WorkspaceFile], ref_template=_REF)
    del named[Node.__name__]
    for schema in named.values():
        schema["additionalProperties"] = False
        schema["description"] = inspect.cleandoc(schema["description"])
    reference = named[SecretRef.__name__]
    reference.update(
        minProperties=1,
        maxProperties=1,
        properties={name: {"type": "string", "minLength": 1} for name in reference["properties"]},
    )
    destination = named[FileDestination.__name__]
    destination["properties"]["settings"] = {"type": "object"}
    destination["properties"]["type"]["enum"] = list(catalog.types)
    destination["allOf"] = [_of_type(each) for each in catalog.types.values()]
    named[FileSavedQuery.__name__]["properties"]["body"] = {"type": "object"}
    root = named.pop(WorkspaceFile.__name__)
    return {"$schema": _DRAFT, **root, "definitions": dict(sorted(named.items()))}


def _of_type(destination: Destination) -> Schema:
    """Return what the settings must be where the destination has the type."""
    settings = schema_of(destination)
    for name, field in destination.fields.items():
        if field.is_secret:
            about = settings["properties"][name]["description"]
            settings["properties"][name] = {**_SECRET, "description": about}
    then: Schema = {"properties": {"settings": settings}}
    if settings["required"]:
        then["required"] = ["settings"]
    return {"if": {"properties": {"type": {"const": destination.slug}}}, "then": then}
