"""Text of the API's documentation: marked-up words, JSON in colours, types in words, curl lines."""

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from tailrace.app.schemas import REF, Schema

Description = Mapping[str, Any]

_JSON_PARTS: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<other>true|false|null)"
)
_LINE_CHARACTERS: Final = 44
_PATTERN_CHARACTERS: Final = 60
_CODE: Final = re.compile(r"`([^`]+)`")


def prose(text: str) -> str:
    """Return paragraphs, with what stands in backticks as code."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{inline(part)}</p>" for part in paragraphs)


def inline(text: str) -> str:
    """Return one line of words, with what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def block(text: str, *, label: str) -> str:
    """Return preformatted text; it can be reached by keyboard, as it may scroll."""
    return f'<pre tabindex="0" role="group" aria-label="{escape(label)}">{text}</pre>'


def json_block(value: object, *, label: str) -> str:
    """Return JSON in colours; text that is no JSON as it is."""
    if isinstance(value, str):
        return block(escape(value.rstrip(), quote=False), label=label)
    text = json.dumps(value, indent=2, ensure_ascii=False)
    parts: list[str] = []
    end = 0
    for found in _JSON_PARTS.finditer(text):
        parts += [escape(text[end : found.start()], quote=False)]
        parts += [f'<span class="json-{found.lastgroup}">{escape(found[0], quote=False)}</span>']
        end = found.end()
    return block("".join([*parts, escape(text[end:], quote=False)]), label=label)


def type_words(schema: Schema) -> str:
    """Return what kind of value a schema asks for; a named shape is a link to its fields."""
    match schema:
        case {"$ref": str(ref)}:
            name = escape(ref.removeprefix(REF))
            return f'<a href="#shape-{name}">{name}</a>'
        case {"anyOf": list(parts)} | {"oneOf": list(parts)}:
            return " or ".join(dict.fromkeys(type_words(part) for part in parts))
        case {"const": value}:
            return f"<code>{escape(json.dumps(value), quote=False)}</code>"
        case {"enum": list(values)}:
            return "one of " + ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"type": "array", "items": {"enum": [_, _, *_]} as items}:
            return "list, each " + type_words(items)
        case {"type": "array", **rest}:
            items = rest.get("items")
            return f"list of {type_words(items)}" if items else "list"
        case {"type": "object", "additionalProperties": {"type": str()} as values}:
            return f"object of {type_words(values)}"
        case {"type": "integer"}:
            return "whole number"
        case {"format": "date-time"}:
            return "time"
        case {"type": str(kind)}:
            return {"string": "text"}.get(kind, kind)
    return "any JSON"


_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "pattern": "matches <code>{}</code>",
}

_IN_WORDS: Final[Mapping[tuple[str, object], str]] = {
    ("minLength", 1): "not empty",
    ("minItems", 1): "at least one",
    ("pattern", r"^[^\x00-\x1f\x7f]*$"): "no control characters",
    ("pattern", r"^[^\x00-\x1f\x7f]+(?![\s\S])"): "no control characters",
    ("pattern", r"^[^\x00-\x1f\x7f]*(?![\s\S])"): "no control characters",
    ("pattern", r"^[^\x00]*$"): "no null character",
    ("pattern", r"^[^\x00]+$"): "no null character",
    ("pattern", r"^[\x21-\x7e]*$"): "printable ASCII without spaces",
}


def bounds_words(schema: Schema) -> list[str]:
    """Return the bounds of a value, and what it is when it is left out."""
    found: list[str] = []
    for part in (schema, *schema.get("anyOf", ())):
        for name, words in _BOUNDS.items():
            if name in part:
                told = _IN_WORDS.get((name, part[name]))
                if told is None and len(str(part[name])) > _PATTERN_CHARACTERS:
                    told = "matches a pattern that openapi.json has"
                found.append(told or words.format(_number(part[name])))
    if schema.get("default") not in ("", None) and not isinstance(schema["default"], dict):
        found.append(f"default <code>{escape(json.dumps(schema['default']))}</code>")
    return found


def description_of_field(schema: Schema) -> str:
    """Return the words about a field, which may stand beside null."""
    for part in (schema, *schema.get("anyOf", ())):
        if part.get("description"):
            return str(part["description"])
    return ""


def curl(method: str, path: str, operation: Description) -> str:
    """Return a command that makes the call, with the examples of its parameters and its body."""
    asked: list[str] = []
    lines = []
    for parameter in operation.get("parameters", ()):
        example = parameter.get("example")
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(example))
        elif parameter["in"] == "query" and example is not None:
            asked.append(f"{parameter['name']}={example}")
        elif parameter["name"] == "If-Match":
            lines.append("-H 'If-Match: \"3\"'")
    address = path + ("?" + "&".join(asked) if asked else "")
    if "x-permission" in operation:
        lines.insert(0, '-H "Authorization: Bearer $TOKEN"')
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        body = json.dumps(content["example"], ensure_ascii=False)
        if len(body) > _LINE_CHARACTERS:
            body = json.dumps(content["example"], ensure_ascii=False, indent=2)
            body = body.replace("\n", "\n  ")
        body = body.replace("'", "'\\''")
        lines += [f"-H 'Content-Type: {media_type}'", f"-d '{body}'"]
    verb = "" if method == "get" else f" -X {method.upper()}"
    return " \\\n  ".join([f'curl{verb} "$TAILRACE{address}"', *lines])


def _number(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else escape(str(value))
