"""What every API route does first: let in who may ask, refuse parameters that do not exist."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from tailrace.app.access import COOKIE
from tailrace.app.parts import Parts
from tailrace.app.problems import PARAMETER, ProblemError

Ask = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]


def require_access(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let a request through that comes from somebody who is signed in."""
    parts: Parts = connection.app.state.parts
    connection.state.actor = parts.access.require(
        method=str(connection.scope.get("method", "GET")),
        headers=connection.headers,
        cookies={COOKIE: connection.cookies[COOKIE]} if COOKIE in connection.cookies else {},
        address=connection.client.host if connection.client else "",
    )


def actor_of(request: Ask) -> str:
    """Return who makes the request, as the audit log names them."""
    actor: str = request.state.actor
    return actor


def refuse_unknown_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse a query parameter that the route does not have, so that a slip is not overlooked."""
    known = set(handler.parsed_fn_signature.parameters)
    for name in connection.query_params:
        if name not in known:
            takes = ", ".join(sorted(known - _NOT_PARAMETERS))
            raise ProblemError(
                PARAMETER, f"unknown parameter '{name[:50]}'; this path takes {takes or 'none'}"
            )


_NOT_PARAMETERS = {"data", "parts", "request", "if_match", "idempotency_key"}
