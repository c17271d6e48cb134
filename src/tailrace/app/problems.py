"""Errors as problem documents (RFC 9457), from our own exceptions and from the framework's."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import ValidationException
from litestar.types import Send

from tailrace.control.workspace_file import WorkspaceFileError
from tailrace.errors import (
    ChangeError,
    ChangeReason,
    ConfigError,
    LimitError,
    QueryError,
    TransientError,
)

MEDIA_TYPE = "application/problem+json"
URN = "urn:tailrace:problem:"
_RETRY_AFTER_S = 2

_logger = logging.getLogger(__name__)


class Kind(NamedTuple):
    """One kind of problem: what follows the URN, and what people read first."""

    code: str
    status: int
    title: str


BODY = Kind("body", 400, "The body is not valid")
PARAMETER = Kind("parameter", 400, "A parameter is not valid")
QUERY = Kind("query", 400, "The question is not valid")
UNAUTHENTICATED = Kind("unauthenticated", 401, "Sign in first")
FORBIDDEN = Kind("forbidden", 403, "The request was not made by this site")
NOT_ALLOWED = Kind("not-allowed", 403, "You may not do this")
NOT_FOUND = Kind("not-found", 404, "Not found")
METHOD = Kind("method", 405, "This path does not take this method")
CONFLICT = Kind("conflict", 409, "It does not fit what is there")
MANAGED = Kind("managed-by-file", 409, "A file manages this")
OUTDATED = Kind("outdated", 412, "It was changed meanwhile")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
HOST = Kind("host", 421, "This host is not served here")
KEY_REUSED = Kind("key-reused", 422, "The Idempotency-Key was used for something else")
CHECK_FAILED = Kind("check-failed", 422, "The connection was checked and does not work")
LIMIT = Kind("limit", 422, "The question needs more than it may")
UNCONDITIONAL = Kind("unconditional", 428, "Say which version is to be changed")
TOO_MANY = Kind("too-many", 429, "Too many")
INTERNAL = Kind("internal", 500, "A defect in Tailrace")
UNAVAILABLE = Kind("unavailable", 503, "Not available just now")

KINDS = (
    BODY,
    PARAMETER,
    QUERY,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_ALLOWED,
    NOT_FOUND,
    METHOD,
    CONFLICT,
    MANAGED,
    OUTDATED,
    TOO_LARGE,
    HOST,
    LIMIT,
    CHECK_FAILED,
    KEY_REUSED,
    UNCONDITIONAL,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
)
_OF_CHANGES: Mapping[ChangeReason, Kind] = {
    "not-found": NOT_FOUND,
    "invalid": BODY,
    "conflict": CONFLICT,
    "managed-by-file": MANAGED,
    "outdated": OUTDATED,
    "key-reused": KEY_REUSED,
    "not-allowed": NOT_ALLOWED,
}
_BY_STATUS = {kind.status: kind for kind in reversed(KINDS)}


class ProblemError(Exception):
    """A request cannot be answered; becomes a problem document."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        retry_after_s: int | None = None,
        facts: Mapping[str, object] | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.allow = allow
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.facts = facts or {}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document, as the OpenAPI description shows it."""

    type: str
    title: str
    status: int
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType | None = msgspec.UNSET
    hint: str | msgspec.UnsetType = msgspec.UNSET
    retry_after_s: int | msgspec.UnsetType = msgspec.UNSET
    looked_at: list[str] | msgspec.UnsetType = msgspec.UNSET
    problems: list[str] | msgspec.UnsetType = msgspec.UNSET


def document(error: ProblemError) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of the answer to a problem."""
    body: dict[str, object] = {
        "type": URN + error.kind.code,
        "title": error.kind.title,
        "status": error.kind.status,
        "detail": error.detail,
        **error.facts,
    }
    headers = [("content-type", MEDIA_TYPE), ("cache-control", "no-store")]
    if error.retry_after_s is not None:
        body["retry_after_s"] = error.retry_after_s
        headers.append(("retry-after", str(error.retry_after_s)))
    if error.allow is not None:
        headers.append(("allow", error.allow))
    if error.kind is UNAUTHENTICATED:
        headers.append(("www-authenticate", 'Bearer realm="tailrace"'))
    return error.kind.status, headers, msgspec.json.encode(body)


def response(error: ProblemError) -> Response[bytes]:
    """Return the framework's answer to a problem."""
    status, headers, body = document(error)
    return Response(
        content=body,
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={name: value for name, value in headers if name != "content-type"},
    )


async def send_problem(error: ProblemError, send: Send) -> None:
    """Answer a request outside the framework."""
    status, headers, body = document(error)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def exception_handlers() -> dict[
    int | type[Exception], Callable[[Request[Any, Any, Any], Exception], Response[bytes]]
]:
    """Return what the app answers to each kind of exception."""
    return {Exception: _answer}


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = as_problem(error)
    if problem.kind is INTERNAL:
        _logger.error(
            "%s %s failed", request.method, request.url.path, exc_info=(type(error), error, None)
        )
    return response(problem)


def as_problem(error: Exception) -> ProblemError:
    """Return the problem that an exception is; what is not foreseen is a defect of ours."""
    match error:
        case ProblemError():
            return error
        case QueryError():
            return ProblemError(
                QUERY, str(error), facts={"position": error.position, "hint": error.hint}
            )
        case ChangeError():
            facts = {"field": error.field} if error.field else {}
            return ProblemError(_OF_CHANGES[error.reason], str(error), facts=facts)
        case LimitError():
            return ProblemError(LIMIT, str(error))
        case TransientError():
            return ProblemError(UNAVAILABLE, str(error), retry_after_s=_RETRY_AFTER_S)
        case WorkspaceFileError():
            kind = BODY if error.reason is None else _OF_CHANGES[error.reason]
            return ProblemError(kind, str(error), facts={"field": "text", "problems": error.lines})
        case ConfigError():
            return ProblemError(INTERNAL, str(error))
        case HTTPException():
            return _of_framework(error)
        case RecursionError():
            return ProblemError(BODY, "the body is nested too deeply")
    return ProblemError(INTERNAL, "the app's log has the details")


def _of_framework(error: HTTPException) -> ProblemError:
    kind = _BY_STATUS.get(error.status_code, BODY if error.status_code < 500 else INTERNAL)
    if isinstance(error, ValidationException):
        return _of_validation(error)
    detail = error.detail
    if kind is NOT_FOUND:
        detail = "there is nothing at this path; /api/openapi.json lists what there is"
    elif kind is METHOD:
        allow = (error.headers or {}).get("allow", "")
        return ProblemError(METHOD, f"this path takes {allow or 'other methods'}", allow=allow)
    elif kind is TOO_LARGE:
        detail = "the body is larger than 1 MiB; one with a workspace file may have 8 MiB"
    elif kind is INTERNAL:
        detail = HTTPStatus(error.status_code).phrase
    return ProblemError(kind, detail)


def _of_validation(error: ValidationException) -> ProblemError:
    """Name each field that is wrong; the framework says where it was: body, query or path."""
    found = error.extra if isinstance(error.extra, list) else []
    lines: list[str] = []
    kind = BODY
    fields: list[str] = []
    for one in found:
        if one.get("source") in {"query", "path", "header", "cookie"}:
            kind = PARAMETER
        key = one.get("key")
        lines.append(f"{key}: {one['message']}" if key and key != "data" else str(one["message"]))
        fields += [str(key)] if key and key != "data" else []
    facts = {"field": fields[0]} if fields else {}
    return ProblemError(kind, "; ".join(lines) or error.detail, facts=facts)
