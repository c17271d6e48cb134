"""What every API route does first: let in who may ask, refuse parameters that do not exist."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.typing import FieldDefinition

from tailrace.app.access import COOKIE
from tailrace.app.askers import QUESTION_ID_PATTERN, Asker, ask_for
from tailrace.app.parts import Parts
from tailrace.app.problems import NOT_ALLOWED, PARAMETER, TOO_MANY, ProblemError
from tailrace.control.permissions import PERMISSIONS, Permission, Principal
from tailrace.errors import TransientError

QUESTION_ID = "X-Question-Id"
_QUESTION_ID = re.compile(QUESTION_ID_PATTERN)
Ask = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]
_PERMISSION = "permission"
_NAMES_SOURCE = "names_source"
_ALL_SOURCES = "all_sources"


def needs(
    permission: Permission, *, names_source: bool = False, all_sources: bool = False
) -> dict[str, Any]:
    """Return the option of a route that says which permission its callers must have.

    One that `names_source` has the slug of a source in its path, and is for those who may see it;
    one that needs `all_sources` is for those who may see every source.
    """
    return {_PERMISSION: permission, _NAMES_SOURCE: names_source, _ALL_SOURCES: all_sources}


def require_permissions(handlers: Sequence[BaseRouteHandler]) -> None:
    """Return when every guarded route says which permission it needs.

    Raises:
        ValueError: one does not; nobody would know who may call it.
    """
    for handler in handlers:
        if handler.opt.get(_PERMISSION) not in PERMISSIONS:
            raise ValueError(f"{handler} needs 'opt=needs(...)'")


def permission_of(handler: BaseRouteHandler) -> Permission:
    """Return the permission that a route needs."""
    permission: Permission = handler.opt[_PERMISSION]
    return permission


async def require_access(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a request through that comes from somebody who is signed in and may make it.

    Raises:
        ProblemError: 401 for nobody we know, 403 for somebody who may not.
    """
    parts: Parts = connection.app.state.parts
    principal = await parts.access.require(
        method=str(connection.scope.get("method", "GET")),
        headers=connection.headers,
        cookies={COOKIE: connection.cookies[COOKIE]} if COOKIE in connection.cookies else {},
        address=connection.client.host if connection.client else "",
    )
    if connection.scope.get("method") == "OPTIONS" and _PERMISSION not in handler.opt:
        # The framework's own answer, which says which methods there are and nothing else.
        return
    permission = permission_of(handler)
    if not principal.may(permission):
        raise ProblemError(
            NOT_ALLOWED,
            f"this needs the permission '{permission}', which {principal.actor} "
            f"({principal.role}) does not have; ask an admin",
        )
    is_seen = not handler.opt[_NAMES_SOURCE] or principal.may_see(connection.path_params["slug"])
    if not is_seen or (handler.opt[_ALL_SOURCES] and principal.sources is not None):
        raise ProblemError(
            NOT_ALLOWED,
            f"{principal.actor} ({principal.role}) may only do this with "
            f"{', '.join(sorted(principal.sources or ())) or 'no source'}; ask an admin",
        )
    connection.state.principal = principal
    remember_asker(connection, principal)


def remember_asker(connection: Connection, principal: Principal) -> None:
    """Let the questions of this request be asked in somebody's name, until they hang up.

    Raises:
        ProblemError: the name that they give to the question is not valid.
    """
    question_id = connection.headers.get(QUESTION_ID, "")
    if question_id and not _QUESTION_ID.match(question_id):
        raise ProblemError(
            PARAMETER,
            f"{QUESTION_ID} is '{question_id[:80]}'; expected 8 to 64 letters, digits, - or _",
            facts={"field": QUESTION_ID},
        )

    async def gone() -> None:
        while (await connection.receive())["type"] != "http.disconnect":
            pass

    ask_for(Asker(principal.actor, question_id, gone))


async def is_still_allowed(request: Ask) -> bool:
    """Tell, while an answer is being streamed, whether its request would be let through now."""
    try:
        await require_access(request, request.route_handler)
    except ProblemError as error:
        return error.kind is TOO_MANY
    except TransientError:
        return False
    return True


def principal_of(request: Ask) -> Principal:
    """Return who makes the request."""
    principal: Principal = request.state.principal
    return principal


def actor_of(request: Ask) -> str:
    """Return who makes the request, as the audit log names them."""
    return principal_of(request).actor


def refuse_unknown_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse a query parameter that the route does not have, so that a slip is not overlooked.

    So is one that is given twice, of which one would be ignored, and `null` for one that may be
    left out, which would mean the same.
    """
    known = _parameters_of(handler)
    seen: set[str] = set()
    for name, value in connection.query_params.multi_items():
        if name not in known:
            takes = ", ".join(sorted(set(known) - _NOT_PARAMETERS))
            raise ProblemError(
                PARAMETER, f"unknown parameter '{name[:50]}'; this path takes {takes or 'none'}"
            )
        if name in seen and not known[name].is_non_string_sequence:
            raise ProblemError(PARAMETER, f"{name} is given twice", facts={"field": name})
        if known[name].is_optional and str(value).lower() == "null":
            raise ProblemError(
                PARAMETER, f"{name} is null: leave it out instead", facts={"field": name}
            )
        seen.add(name)


@cache
def _parameters_of(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    """Return the arguments of a route; for one that is made of others, those."""
    found = dict(handler.parsed_fn_signature.parameters)
    for name, given in (handler.dependencies or {}).items():
        if isinstance(given, Provide) and name in found:
            del found[name]
            found |= given.parsed_fn_signature.parameters
    return found


_NOT_PARAMETERS = {"data", "parts", "request", "if_match", "idempotency_key"}
