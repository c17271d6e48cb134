"""The page at /api/docs: the OpenAPI description for people, without a script.

Made once of the description and served with a style sheet of its own; it asks nobody else for
anything, so that it works offline and tells no one who reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from tailrace.app.docs_text import (
    block,
    bounds_words,
    curl,
    description_of_field,
    inline,
    json_block,
    prose,
    type_words,
)
from tailrace.app.problems import KINDS

STYLE_PATH: Final = Path(__file__).with_name("docs_page.css")
_OPEN: Final = '<span class="chip open">no sign-in</span>'
_SETUP: Final = """export TAILRACE=http://127.0.0.1:8283
export TOKEN=trt_...

curl -H "Authorization: Bearer $TOKEN" "$TAILRACE/api/v1/status\""""
Part = Mapping[str, Any]
Operation = tuple[str, str, Part]


def docs_page(description: Part) -> bytes:
    """Return the page as HTML."""
    by_tag = {
        tag["name"]: list(_operations(description, tag["name"])) for tag in _tags(description)
    }
    groups = "".join(_group(tag, by_tag[tag["name"]], description) for tag in _tags(description))
    title = f"{description['info']['title']} API"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="/mark.svg">
<link rel="stylesheet" href="/api/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="brand" href="/">Tailrace</a><span class="where">API</span>
<span class="version">{escape(description["info"]["version"])}</span>
<a class="raw" href="/api/openapi.json">openapi.json</a>
</header>
<div class="columns">
<nav aria-label="Operations">{_navigation(description, by_tag)}</nav>
<main id="content">
<section class="intro" id="introduction">
<h1>{escape(title)}</h1>
{prose(description["info"]["description"])}
{block(escape(_SETUP, quote=False), label="Setting up")}
</section>
{_problems(description)}
{groups}
{_shapes(description)}
</main>
</div>
</body>
</html>
""".encode()


def docs_style(_description: Part) -> bytes:
    """Return the style sheet of the page."""
    return STYLE_PATH.read_bytes()


def _tags(description: Part) -> Iterable[Part]:
    found: Iterable[Part] = description["tags"]
    return found


def _operations(description: Part, tag: str) -> Iterator[Operation]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] == tag:
                yield method, path, operation


def _navigation(description: Part, by_tag: Mapping[str, list[Operation]]) -> str:
    """Return the list of all operations, twice: folded away for narrow windows, and beside."""
    groups = "".join(
        f'<li><a class="group" href="#tag-{tag["name"]}">{_title(tag["name"])}</a><ul>'
        + "".join(
            f'<li><a href="#{operation["operationId"]}">{_method(method)}'
            f"<span>{escape(operation['summary'])}</span></a></li>"
            for method, _, operation in by_tag[tag["name"]]
        )
        + "</ul></li>"
        for tag in _tags(description)
    )
    links = (
        '<ul><li><a class="group" href="#introduction">Introduction</a></li>'
        f'<li><a class="group" href="#errors">Errors</a></li>{groups}'
        '<li><a class="group" href="#shapes">Shapes</a></li></ul>'
    )
    return (
        f'<details class="folded"><summary>Operations</summary>{links}</details>'
        f'<div class="beside">{links}</div>'
    )


def _problems(description: Part) -> str:
    """Return the section on errors, which all operations share."""
    answers = description["components"]["responses"]
    rows = "".join(
        f"<tr><td><code>{kind.code}</code></td><td>{kind.status}</td>"
        f"<td>{inline(kind.title)}</td></tr>"
        for kind in KINDS
    )
    [content] = answers["Problem400"]["content"].values()
    example = content["examples"]["parameter"]["value"]
    return f"""<section id="errors"><h2>Errors</h2>
<p>A problem document has the <code>type</code> <code>urn:tailrace:problem:</code> and one of these
words. <code>detail</code> says what is wrong and what to do, <code>field</code> where;
<code>retry_after_s</code> when to try again. All fields: {type_words(content["schema"])}.</p>
<div class="pair"><div class="scroll" tabindex="0" role="group" aria-label="Kinds of errors">
<table><thead><tr><th>type</th><th>Status</th><th>Means</th></tr></thead><tbody>{rows}</tbody></table>
</div><div>{json_block(example, label="Example of an error")}</div></div></section>"""


def _group(tag: Part, operations: list[Operation], description: Part) -> str:
    return (
        f'<section class="tag" id="tag-{tag["name"]}"><h2>{_title(tag["name"])}</h2>'
        f"{prose(tag['description'])}"
        + "".join(_operation(*operation, description) for operation in operations)
        + "</section>"
    )


def _operation(method: str, path: str, operation: Part, description: Part) -> str:
    name = escape(operation["operationId"])
    summary = escape(operation["summary"])
    permission = operation.get("x-permission")
    request = escape(curl(method, path, operation), quote=False)
    chip = f'<span class="chip">{escape(permission)}</span>' if permission else _OPEN
    return f"""<article id="{name}" aria-labelledby="{name}-title">
<h3 id="{name}-title"><a href="#{name}">{summary}</a></h3>
<p class="call">{_method(method)}<code class="path">{_path(path)}</code>{chip}</p>
<div class="pair"><div class="words">
{prose(operation["description"])}
{_parameters(operation)}
{_body(operation, description)}
{_answers(operation, description)}
</div><div class="examples">
{_caption("Request")}{block(request, label=f"Request: {summary}")}
{_example(operation, summary)}
</div></div></article>"""


def _parameters(operation: Part) -> str:
    rows = "".join(
        _row(
            parameter["name"],
            parameter["schema"],
            words=parameter.get("description", ""),
            is_required=parameter["required"],
            place=parameter["in"],
        )
        for parameter in operation.get("parameters", ())
    )
    return f'<h4>Parameters</h4><dl class="fields">{rows}</dl>' if rows else ""


def _body(operation: Part, description: Part) -> str:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        shape = _named(content["schema"], description)
        if shape is not None:
            return (
                f"<h4>Body <small>{type_words(content['schema'])}</small></h4>"
                f"{prose(shape.get('description', ''))}{_fields(shape)}"
            )
        return f"<h4>Body</h4><p>{type_words(content['schema'])}</p>"
    return ""


def _answers(operation: Part, description: Part) -> str:
    """Return what comes back: one line each for what went well, and the problems."""
    rows = []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            shared = description["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            words = f'<a href="#errors">{inline(shared["description"])}</a>'
        else:
            words = inline(answer["description"]) + "".join(
                f'<br><span class="type">{type_words(content["schema"])}</span>'
                for content in answer.get("content", {}).values()
                if content["schema"].get("type") != "string"
            )
            words += "".join(
                f"<br><code>{escape(name)}</code> {inline(header.get('description', ''))}"
                for name, header in answer.get("headers", {}).items()
            )
        rows.append(f'<dt class="s{status[0]}">{status}</dt><dd>{words}</dd>')
    return f'<h4>Answers</h4><dl class="answers">{"".join(rows)}</dl>'


def _example(operation: Part, summary: str) -> str:
    for status, answer in operation["responses"].items():
        if status[0] == "2":
            for content in answer.get("content", {}).values():
                shown = json_block(content["example"], label=f"Answer: {summary}")
                return _caption(f"Answer {status}") + shown
            return _caption(f"Answer {status}") + '<p class="empty">no body</p>'
    return ""


def _shapes(description: Part) -> str:
    shapes = "".join(
        f'<article class="shape" id="shape-{escape(name)}" aria-labelledby="title-{escape(name)}">'
        f'<h3 id="title-{escape(name)}"><a href="#shape-{escape(name)}">{escape(name)}</a></h3>'
        f"{prose(shape.get('description', ''))}{_fields(shape)}</article>"
        for name, shape in description["components"]["schemas"].items()
    )
    return (
        '<section class="tag" id="shapes"><h2>Shapes</h2>'
        f"<p>The objects that bodies and answers are made of.</p>{shapes}</section>"
    )


def _fields(shape: Part) -> str:
    """Return the fields of a shape: of one that is sent, which it needs; else which may be away."""
    required = shape.get("required", ())
    is_sent = shape.get("additionalProperties") is False
    rows = "".join(
        _row(
            name,
            field,
            words=description_of_field(field),
            is_required=is_sent and name in required,
            place="" if is_sent or name in required else "not always there",
        )
        for name, field in shape.get("properties", {}).items()
    )
    return f'<dl class="fields">{rows}</dl>' if rows else ""


def _row(
    name: str, schema: dict[str, Any], *, words: str, is_required: bool, place: str = ""
) -> str:
    marks = "".join(
        f'<span class="mark{" required" if mark == "required" else ""}">{mark}</span>'
        for mark in (place, "required" if is_required else "")
        if mark
    )
    bounds = ", ".join(bounds_words(schema))
    return (
        f'<div><dt><code>{escape(name)}</code><span class="type">{type_words(schema)}</span>'
        f"{marks}</dt><dd>"
        + (f"<p>{inline(words)}</p>" if words else "")
        + (f'<p class="bounds">{bounds}</p>' if bounds else "")
        + "</dd></div>"
    )


def _named(schema: Part, description: Part) -> Part | None:
    """Return the shape that a schema refers to, None for one without a name."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Part | None = description["components"]["schemas"].get(name)
    return found


def _method(method: str) -> str:
    return f'<b class="method {method}">{method.upper()}</b>'


def _path(path: str) -> str:
    """Return a path that may break at its slashes."""
    return escape(path).replace("/", "/<wbr>").replace("{", "<i>{").replace("}", "}</i>")


def _caption(text: str) -> str:
    return f'<p class="caption">{escape(text)}</p>'


def _title(tag: str) -> str:
    return _TITLES.get(tag, tag.capitalize())


_TITLES: Final = {"tokens": "API tokens", "audit": "Audit log", "me": "My account"}
