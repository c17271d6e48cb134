"""The OpenAPI description: what the framework finds in the routes, completed.

Of its own the framework knows paths, parameters and status codes. Added here are the shapes as
they are really read and written, permissions, examples, headers, and words for people.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Request
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server, Tag
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from tailrace import __version__
from tailrace.app.access import COOKIE, REQUEST_HEADER
from tailrace.app.docs_page import docs_page, docs_style
from tailrace.app.examples import example_of, value_of
from tailrace.app.field_words import add_words
from tailrace.app.problems import KINDS, MEDIA_TYPE, URN, Kind, Problem
from tailrace.app.schemas import Schema, answer_type, body_type, schemas_of

Description = dict[str, Any]
PROBLEM_REF: Final = "#/components/responses/Problem"

TAGS: Final = {
    "questions": "Ask the store for events: search, count over time, top values, SQL.",
    "events": "One event: as stored, as sent, its story, and what was set aside.",
    "live": "Events while they arrive.",
    "sources": "Where events come from, and the write keys that their calls authenticate with.",
    "destinations": "The tools that receive events, with every version of their settings.",
    "backfills": "The past sent to one destination, beside what is delivered live.",
    "deliveries": "What destinations took, what they gave up, and events to try them with.",
    "insights": "Questions about people over time, such as retention.",
    "people": "Users and groups: who they are and what they did.",
    "saved queries": "Questions that people keep and share.",
    "delivery alerts": "Who is told when a destination is in trouble.",
    "session": "Sign in and out in a browser.",
    "invites": "Let people in: send an invite, accept one.",
    "me": "Who is asking: name, password, sessions.",
    "members": "The people of the workspace and their roles.",
    "tokens": "API tokens for scripts.",
    "settings": "Settings of the workspace.",
    "workspace": "The whole workspace as a file.",
    "audit": "Who changed what, and when.",
    "ledger": "What was accepted and what became of it, checked against what is there.",
    "system": "Health, status and metrics.",
}
"""What the groups of operations are about, in the order in which people meet them."""

_DESCRIPTION: Final = """Everything that the web app and the commands show and change.

Send an API token with each request: `Authorization: Bearer trt_...`. A browser that is signed in
sends its session cookie instead; with the cookie, every request that is not GET or HEAD needs the
header `X-Tailrace-Request: 1` too.

Bodies and answers are JSON in UTF-8. Times are RFC 3339 in UTC. A field or a parameter that does
not exist is refused, so that a slip is not overlooked.

Errors are problem documents (RFC 9457, `application/problem+json`): `type` is for programs and
does not change, `detail` is for people and says what to do. Besides those that an operation
lists, any path answers 405 for a method that it does not take, 421 for a host that is not served
here and 500 for a defect.

A list comes in pages: the `Link` header leads to the next one. A change of something that has an
`ETag` names it as `If-Match`, so that nobody overwrites what somebody else has just changed."""
_TOKEN: Final = "An API token: `Authorization: Bearer trt_...`."  # noqa: S105 - a text
_SESSION: Final = (
    f"The cookie of a browser that is signed in. With it, what is not GET or HEAD needs the "
    f"header `{REQUEST_HEADER.title()}: 1`."
)
_HEADERS: Final[Mapping[int, Mapping[str, Schema]]] = {
    401: {
        "WWW-Authenticate": {
            "description": "That a bearer token is wanted.",
            "schema": {"type": "string"},
        }
    },
    429: {
        "Retry-After": {
            "description": "Seconds to wait before the next try.",
            "schema": {"type": "string"},
        }
    },
    503: {
        "Retry-After": {
            "description": "Seconds to wait before the next try.",
            "schema": {"type": "string"},
        }
    },
}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PATH_WORDS: Final = {
    "questions.question_id": "Its `X-Question-Id`, or its id in the list.",
    "sources.slug": "The source's slug.",
    "sources.key_id": "The write key's id.",
    "destinations.backfill_id": "The backfill's id.",
    "destinations.letter_id": "The dead letter's id.",
    "destinations.waiting_id": "The id of the event that waits.",
    "destinations.slug": "The destination's slug.",
    "saved-queries.slug": "The saved query's slug.",
    "delivery-alerts.slug": "The delivery alert's slug.",
    "destination-types.slug": "The type's slug.",
    "events.message_id": "The event's messageId; slashes in it may stay as they are.",
    "explore.event": "The event's name; one with a slash is asked for by parameter.",
    "users.user_id": "Any id of the person: a user, anonymous or previous id.",
    "groups.group_id": "The group's id.",
    "trace.message_id": "The event's messageId; slashes in it may stay as they are.",
    "members.member_id": "The member's id.",
    "invites.invite_id": "The invite's id.",
    "tokens.token_id": "The token's id.",
    "me.session_id": "The session's id.",
}
_TEXT_EXAMPLES: Final = {
    "text/csv": '"event","n"\n"Order Completed",1042\n"Page Viewed",311\n',
    "text/html": (
        '<!doctype html>\n<meta http-equiv="refresh" content="0; url=/search">\n'
        '<p>You are signed in. <a href="/search">Go on to Tailrace</a></p>\n'
    ),
    "text/event-stream": (
        'event: status\ndata: {"events_per_s":0.6,"events":2783512,"skipped":0,"freshness_s":1.8}'
        '\n\nevent: events\ndata: {"events":[{"message_id":"order-1042",...}],"skipped":0}\n\n'
    ),
    "application/yaml": (
        "version: 1\nsources:\n  web-shop:\n    name: Web shop\n    kind: web\n"
        "    write_keys:\n      - wk_4bJ8sQ2mT6xZ\n"
    ),
    "text/plain": (
        "# HELP tailrace_app_requests_total Requests answered by the app.\n"
        "# TYPE tailrace_app_requests_total counter\n"
        'tailrace_app_requests_total{area="search",method="POST",status="200"} 17.0\n'
    ),
}


class Rendered(OpenAPIRenderPlugin):
    """Serves at a path, without sign-in, what is made once of the completed description."""

    def __init__(
        self,
        path: str,
        media_type: MediaType | OpenAPIMediaType,
        *,
        make: Callable[[Description], bytes],
    ) -> None:
        super().__init__(path=path, media_type=media_type)
        self._make = make
        self._made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the bytes to answer with; what the framework gives is completed first."""
        if self._made is None:
            self._made = self._make(description_of(request.app))
        return self._made


def openapi_config() -> OpenAPIConfig:
    """Return how the framework describes the routes; it serves nothing of that itself."""
    return OpenAPIConfig(
        title="Tailrace",
        version=__version__,
        description=_DESCRIPTION,
        servers=[Server(url="/", description="This Tailrace")],
        tags=[Tag(name=name, description=text) for name, text in TAGS.items()],
        path="/api",
        render_plugins=[
            Rendered("/openapi.json", OpenAPIMediaType.OPENAPI_JSON, make=msgspec.json.encode),
            Rendered("/docs", MediaType.HTML, make=docs_page),
            Rendered("/docs.css", MediaType.CSS, make=docs_style),
        ],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        security=[{"token": []}, {"session": []}],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description=_TOKEN),
                "session": SecurityScheme(
                    type="apiKey", name=COOKIE, security_scheme_in="cookie", description=_SESSION
                ),
            }
        ),
    )


def description_of(app: Litestar) -> Description:
    """Return the whole OpenAPI description of the app, as JSON has it."""
    document: Description = json.loads(encode_json(app.openapi_schema.to_schema()))
    for path, methods in document["paths"].items():
        document["paths"][path] = {name: methods[name] for name in _METHODS if name in methods}
    handlers = {handler.handler_name: handler for handler in _handlers(app)}
    described = [
        (path, operation, handlers[operation["operationId"]])
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]
    named = _put_shapes([(operation, handler) for _, operation, handler in described])
    add_words(named)
    for path, operation, handler in described:
        _complete(path, operation, handler, named)
    used = {tag for _, operation, _ in described for tag in operation["tags"]}
    document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    document["components"]["schemas"] = named
    document["components"]["responses"] = _problem_answers()
    return document


def _operation_id(
    handler: HTTPRouteHandler, _method: Method, _path: Sequence[str | PathParameterDefinition]
) -> str:
    return handler.handler_name


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from route.route_handlers


def _put_shapes(described: Sequence[tuple[Schema, HTTPRouteHandler]]) -> dict[str, Schema]:
    """Put the shapes of bodies and answers into the operations; return those that have names."""
    with_body = [(operation, body_type(handler)) for operation, handler in described]
    with_body = [(operation, body) for operation, body in with_body if body is not None]
    with_answer = [(operation, answer_type(handler)) for operation, handler in described]
    with_answer = [(operation, answer) for operation, answer in with_answer if answer is not None]
    bodies, answers, named = schemas_of(
        bodies=[body for _, body in with_body],
        answers=[*(answer for _, answer in with_answer), Problem],
    )
    for (operation, _), schema in zip(with_body, bodies, strict=True):
        [content] = operation["requestBody"]["content"].values()
        given = content["schema"].get("examples")
        content["schema"] = schema
        content["example"] = given[0] if given else example_of(schema, named)
    for (operation, _), schema in zip(with_answer, answers, strict=False):
        for content in _answer_of(operation)["content"].values():
            content["schema"] = schema
            content["example"] = example_of(schema, named)
    return named


def _complete(
    path: str, operation: Schema, handler: HTTPRouteHandler, named: Mapping[str, Schema]
) -> None:
    if handler.summary is None:
        operation["summary"] = handler.handler_name.replace("_", " ").capitalize()
    permission = handler.opt.get("permission")
    if permission is not None:
        operation["x-permission"] = permission
        operation["description"] += "\n\n" + _about_access(handler)
    operation.pop("deprecated", None)
    area = path.removeprefix("/api/v1/").partition("/")[0]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["description"] = _PATH_WORDS.get(f"{area}.{parameter['name']}", "")
        _tidy_parameter(parameter, area)
    answer = _answer_of(operation)
    if not {"204", "302"}.isdisjoint(operation["responses"]):
        answer.pop("content", None)
    answer["description"] = _words_of(answer, named)
    if not answer.get("headers"):
        answer.pop("headers", None)
    for header in answer.get("headers", {}).values():
        header.pop("deprecated", None)
        header.setdefault("schema", {"type": "string"})
    for other in operation["responses"].values():
        for content in other.get("content", {}).values():
            if "$ref" in content["schema"]:
                content.setdefault("example", example_of(content["schema"], named))
    for media_type, content in answer.get("content", {}).items():
        text = _TEXT_EXAMPLES.get(media_type.partition(";")[0])
        if text is not None:
            # A validator reads YAML before it looks at it.
            is_yaml = media_type == "application/yaml"
            content.update(schema={} if is_yaml else {"type": "string"}, example=text)
    _put_problems(operation, is_guarded=permission is not None)


def _about_access(handler: HTTPRouteHandler) -> str:
    """Say who may call the route; see `needs`."""
    needed = f"Needs `{handler.opt['permission']}`"
    if handler.opt["all_sources"]:
        return f"{needed}, and for all sources."
    if handler.opt["names_source"]:
        return f"{needed} for this source."
    return f"{needed}."


def _answer_of(operation: Schema) -> Schema:
    """Return the description of the answer to a call that went well."""
    answer: Schema = next(
        answer for status, answer in operation["responses"].items() if status[0] in "23"
    )
    return answer


def _tidy_parameter(parameter: Schema, area: str) -> None:
    """Leave out what says nothing, and make whole numbers of whole bounds."""
    for name in ("deprecated", "allowEmptyValue", "allowReserved"):
        parameter.pop(name, None)
    schema = parameter["schema"]
    schema.pop("description", None)
    for name in ("minimum", "maximum"):
        if name in schema and schema[name] == int(schema[name]):
            schema[name] = int(schema[name])
    for parts in (schema.get("oneOf"), schema.get("anyOf")):
        # A query string has no null: the parameter is left out instead.
        kept = [part for part in parts or [] if part != {"type": "null"}]
        if len(kept) == 1:
            schema.pop("oneOf", None)
            schema.update(kept[0])
    if parameter["required"]:
        parameter["example"] = value_of(area, parameter["name"], schema)
    if isinstance(schema.get("type"), list) and "null" in schema["type"]:
        [schema["type"]] = [kind for kind in schema["type"] if kind != "null"]
        if "enum" in schema:
            schema["enum"] = [value for value in schema["enum"] if value is not None]


def _words_of(answer: Schema, named: Mapping[str, Schema]) -> str:
    """Return a sentence about an answer: what its shape says of itself."""
    for content in answer.get("content", {}).values():
        schema = content["schema"]
        is_list = schema.get("type") == "array"
        ref = (schema["items"] if is_list else schema).get("$ref")
        if ref:
            text = named[ref.rpartition("/")[2]].get("description", "")
            first = re.split(r"(?<=\.)\s", text, maxsplit=1)[0]
            return f"A list of: {first[:1].lower()}{first[1:]}" if is_list else first
    return "It went well." if answer.get("content") else "Done; the answer has no body."


def _put_problems(operation: Schema, *, is_guarded: bool) -> None:
    """Refer to the problems that every operation shares, and add those that a guard answers."""
    answers = operation["responses"]
    statuses = {
        int(status) for status, answer in answers.items() if MEDIA_TYPE in answer.get("content", {})
    }
    if is_guarded:
        statuses |= {400, 401, 403, 429, 503}
    if "requestBody" in operation:
        statuses |= {400, 413}
    for status in statuses & _impossible(operation, is_guarded=is_guarded):
        statuses.discard(status)
        del answers[str(status)]
    for status in sorted(statuses):
        answers[str(status)] = {"$ref": f"{PROBLEM_REF}{status}"}
    operation["responses"] = dict(sorted(answers.items()))


_NAMED_IN_BODY: Final = frozenset({"check_settings", "dry_run_destination", "preview_destination"})
"""Operations whose body names what may not be there."""

_ASK: Final = frozenset({"questions", "events", "backfills", "insights", "people"})
"""Tags of operations that ask the store, which may refuse a question that needs too much."""


def _impossible(operation: Schema, *, is_guarded: bool) -> set[int]:
    """Return the statuses that no call of the operation can lead to, whatever its route lists."""
    taken = {parameter["name"] for parameter in operation.get("parameters", ())}
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    is_question = bool(_ASK & set(operation["tags"]))
    found: set[int] = set()
    if "requestBody" not in operation:
        found.add(413)
    if "If-Match" not in taken:
        found |= {412, 428}
    if "Idempotency-Key" not in taken and not is_question:
        found.add(422)
    has_name = "path" in places or operation["operationId"] in _NAMED_IN_BODY
    if is_guarded and not has_name and not {"events", "me", "people"} & set(operation["tags"]):
        found.add(404)
    return found


def _problem_answers() -> dict[str, Schema]:
    """Return the answers that are problems, by the name that operations refer to."""
    by_status: dict[int, list[Kind]] = {}
    for kind in KINDS:
        by_status.setdefault(kind.status, []).append(kind)
    return {f"Problem{status}": _problem(status, kinds) for status, kinds in by_status.items()}


def _problem(status: int, kinds: Sequence[Kind]) -> Schema:
    described = " ".join(f"`{kind.code}`: {kind.title.lower()}." for kind in kinds)
    content: Schema = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {kind.code: {"value": _problem_example(kind)} for kind in kinds},
    }
    answer: Schema = {"description": described, "content": {MEDIA_TYPE: content}}
    if status in _HEADERS:
        answer["headers"] = dict(_HEADERS[status])
    return answer


def _problem_example(kind: Kind) -> Schema:
    return {
        "type": URN + kind.code,
        "title": kind.title,
        "status": kind.status,
        "detail": _DETAILS[kind.code],
        **({"retry_after_s": 2} if kind.status in (429, 503) else {}),
    }


_DETAILS: Final = {
    "body": "limit: expected a whole number from 1 to 1000, got 0",
    "parameter": "unknown parameter 'sources'; this path takes cursor, limit",
    "query": "unexpected end of the query",
    "unauthenticated": "send 'Authorization: Bearer ...' with a token, or sign in",
    "forbidden": "a request with the session cookie needs the header 'X-Tailrace-Request: 1'",
    "not-allowed": "this needs the permission 'sources:write', which ada@example.com (viewer) "
    "does not have; ask an admin",
    "not-found": "there is no source 'web-shop'",
    "method": "this path takes GET, OPTIONS",
    "conflict": "there is a source 'web-shop' already",
    "managed-by-file": "source 'web-shop' is set in tailrace.toml: change it there",
    "outdated": "it was changed meanwhile: read it again",
    "too-large": "the body is larger than 1 MiB",
    "host": "the host 'example.com' is not served; add it to app.allowed_hosts to serve it",
    "limit": "the question would read more than 100000000 rows: ask for less time",
    "check-failed": "connection: 192.0.2.7, port 443: no answer within 5 s. Nothing was saved",
    "key-reused": "the Idempotency-Key was used for another request",
    "unconditional": "send the ETag of what you read as If-Match, or * to overwrite whatever is "
    "there",
    "too-many": "10 wrong tokens within 60 s from this address; try again in 2 s",
    "internal": "the app's log has the details",
    "unavailable": "the store does not answer in time",
}
