"""Writes web/src/api/schema.ts, the TypeScript types of the API, from its OpenAPI description.

python web/dev/api_types.py              write the file (also: make api-types)
python web/dev/api_types.py --print      print it instead

It knows the part of JSON Schema that the description uses, and refuses the rest: a type that is
only nearly right would be worse than none.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tailrace.app import make_app
from tailrace.app.openapi import description_of

TARGET = Path(__file__).parents[1] / "src/api/schema.ts"
PREFIX = "/api/v1"
HEAD = """\
// Made by `make api-types` from the OpenAPI description of the API; changes belong there.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

"""
Part = Mapping[str, Any]
PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "object": "JsonObject",
}


def main() -> int:
    """Write the file, or print what it would be."""
    # The routes are only looked at, so they need no parts.
    text = typescript(description_of(make_app(SimpleNamespace())))  # type: ignore[arg-type]
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text)
    elif sys.argv[1:]:
        sys.stderr.write(f"{__doc__}")
        return 2
    else:
        TARGET.write_text(text, encoding="utf-8")
    return 0


def typescript(description: Part) -> str:
    """Return the types of all shapes, and `Calls` with what each call takes and answers with."""
    shapes = [
        f"{comment(schema)}export interface {name} {{\n{fields(schema)}}}\n"
        for name, schema in description["components"]["schemas"].items()
    ]
    calls = [
        call(f"{method.upper()} {path.removeprefix(PREFIX)}", operation)
        for path, methods in description["paths"].items()
        if path.startswith(PREFIX)
        for method, operation in methods.items()
    ]
    words = "/** What each call of the API takes and answers with; `null` where there is none. */\n"
    return HEAD + "\n".join(
        [*shapes, words + "export interface Calls {\n" + "".join(calls) + "}\n"]
    )


def call(name: str, operation: Part) -> str:
    """Return one member of `Calls`."""
    parameters = operation.get("parameters", [])
    lines = [f"  /** {operation['summary']}. */\n", f'  "{name}": {{\n']
    lines += [f"    {place}: {_parameters(parameters, place)};\n" for place in ("path", "query")]
    body = "null"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = type_of(content["schema"])
    lines += [f"    body: {body};\n", f"    answer: {_answer(operation['responses'])};\n", "  };\n"]
    return "".join(lines)


def fields(schema: Part) -> str:
    """Return the members of an interface."""
    required = schema.get("required", ())
    return "".join(
        f"{comment(part, indent='  ')}  {name}{'' if name in required else '?'}: {type_of(part)};\n"
        for name, part in schema["properties"].items()
    )


def comment(schema: Part, *, indent: str = "") -> str:
    """Return the description as a comment, "" where there is none."""
    text = schema.get("description", "").replace("*/", "* /")
    if not text:
        return ""
    lines = re.split(r"\n", text)
    if len(lines) == 1:
        return f"{indent}/** {text} */\n"
    inner = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{inner}{indent} */\n"


def type_of(schema: Part) -> str:
    """Return the TypeScript type of a schema.

    Raises:
        ValueError: the schema has something that this program does not know.
    """
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": list(parts)} | {"oneOf": list(parts)}:
            return " | ".join(_each_once(type_of(part) for part in parts))
        case {"type": list(kinds)}:
            return " | ".join(type_of({**schema, "type": kind}) for kind in kinds)
        case {"type": "array", **rest}:
            return f"{_in_brackets(type_of(rest.get('items', {})))}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"Record<string, {type_of(values)}>"
        case {"type": "object", "properties": dict()}:
            return "{ " + " ".join(fields(schema).split()) + " }"
        case {"type": str(kind)} if kind in PRIMITIVES:
            return PRIMITIVES[kind]
        case {"type": _} | {"allOf": _} | {"not": _}:
            raise ValueError(f"no TypeScript type is known for {json.dumps(schema)}")
    return "Json"


def _parameters(parameters: Iterable[Part], place: str) -> str:
    found = [
        f"{_name(one['name'])}{'' if one['required'] else '?'}: {type_of(one['schema'])}"
        for one in parameters
        if one["in"] == place
    ]
    return "{ " + "; ".join(found) + " }" if found else "null"


def _answer(responses: Part) -> str:
    for status, answer in responses.items():
        if status[0] == "2":
            for media_type, content in answer.get("content", {}).items():
                return type_of(content["schema"]) if "json" in media_type else "string"
    return "null"


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)


def _in_brackets(text: str) -> str:
    return f"({text})" if " | " in text else text


def _each_once(texts: Iterable[str]) -> Iterator[str]:
    return iter(dict.fromkeys(texts))


if __name__ == "__main__":
    raise SystemExit(main())
