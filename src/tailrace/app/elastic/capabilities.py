"""The fields of the events and their types, as `_field_caps` and `_mapping` tell them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from tailrace.app.elastic.errors import INDEX
from tailrace.app.elastic.names import ALIASES, field_name
from tailrace.app.elastic.requests import Json
from tailrace.query.fields import COLUMNS, KEYWORD_SUFFIX
from tailrace.query.shapes import FieldInfo, Fields

_TYPES: Final = {"number": "double", "boolean": "boolean", "time": "date"}
_IDS: Final = frozenset({"_id", "_index"})


def capabilities(fields: Fields, patterns: Sequence[str]) -> Json:
    """Return the answer of `_field_caps`: by name, then by type, what can be done."""
    found: Json = {}
    for name, types in _types_of(fields).items():
        if any(_is_asked(name, pattern) for pattern in patterns):
            found[name] = {kind: _capability(kind, name) for kind in types}
    return {"indices": [INDEX], "fields": found}


def mapping(fields: Fields) -> Json:
    """Return the answer of `_mapping`: the types of all fields, nested as in an event."""
    properties: Json = {}
    for info in fields.fields:
        at = properties
        *parents, last = info.name.split(".")
        for parent in parents:
            inner = at.setdefault(parent, {"properties": {}})
            # A place that has values of its own can have others below it too.
            at = inner.setdefault("properties", {})
        at.setdefault(last, {}).update(_mapped(info))
    properties["@timestamp"] = {"type": "alias", "path": "timestamp"}
    return {INDEX: {"mappings": {"properties": properties}}}


def field_mapping(fields: Fields, patterns: Sequence[str]) -> Json:
    """Return the answer of `_mapping/field/<name>`."""
    found = {}
    infos = {info.name: info for info in fields.fields}
    names = [*infos, *(name for name in ALIASES if not name.startswith("_"))]
    for name in names:
        if any(_is_asked(name, pattern) for pattern in patterns):
            info = infos[ALIASES.get(name, name)]
            leaf = name.rpartition(".")[2]
            found[name] = {"full_name": name, "mapping": {leaf: _mapped(info)}}
    return {INDEX: {"mappings": found}}


def _types_of(fields: Fields) -> dict[str, list[str]]:
    """Return the types by name; a property with values of several kinds has several."""
    types: dict[str, list[str]] = {}
    for info in fields.fields:
        match info.type:
            case "text" if info.name in COLUMNS:
                types[info.name] = ["keyword"]
            case "text":
                types[info.name] = ["text"]
                types[info.name + KEYWORD_SUFFIX] = ["keyword"]
            case "mixed":
                types[info.name] = ["text", "double"]
                types[info.name + KEYWORD_SUFFIX] = ["keyword"]
            case _:
                types[info.name] = [_TYPES[info.type]]
    types["@timestamp"] = ["date"]
    types["_id"] = ["_id"]
    types["_index"] = ["_index"]
    return types


def _mapped(info: FieldInfo) -> Json:
    if info.type in ("text", "mixed") and info.name not in COLUMNS:
        return {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
    return {"type": _TYPES.get(info.type, "keyword")}


def _capability(kind: str, name: str) -> Json:
    return {
        "type": kind,
        "metadata_field": name in _IDS,
        "searchable": True,
        "aggregatable": True,
    }


def _is_asked(name: str, pattern: str) -> bool:
    if fnmatchcase(name, pattern):
        return True
    known = field_name(pattern)
    return "*" not in pattern and known == name and known.startswith("properties.")
