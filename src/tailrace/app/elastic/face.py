"""The ASGI app that answers below `/es/` and leaves everything else to the app that it wraps."""

import logging
from dataclasses import replace
from typing import Final, NamedTuple, TypeGuard

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from tailrace.app.askers import Asker, ask_for
from tailrace.app.elastic.errors import ElasticError, as_elastic_error, of_problem
from tailrace.app.elastic.requests import Ask, Incoming, headers_of, parameters_of, token_of
from tailrace.app.elastic.services import Services
from tailrace.app.elastic.writing import Writing
from tailrace.app.parts import Parts
from tailrace.app.problems import ProblemError
from tailrace.control.permissions import Principal

PREFIX: Final = "/es"
_MEDIA_TYPE: Final = b"application/json"
_PRODUCT: Final = (b"x-elastic-product", b"Elasticsearch")

_logger = logging.getLogger(__name__)


class _Reply(NamedTuple):
    status: int
    body: object
    headers: list[tuple[str, str]]


class ElasticFace:
    """Wraps the app; requests below `/es/` are Elasticsearch's."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._services = Services(parts)
        self._writing = Writing(parts.config.collect)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if not _is_clients(scope):
            await self._app(scope, receive, send)
            return
        incoming = Incoming(receive)
        try:
            reply = await self._reply(scope, receive, incoming)
        except Exception as error:
            # A defect is told in this interface's words too.
            reply = _refusal(error)
            await incoming.drain()
            if reply.status == 500:
                _logger.error("%s %r failed", scope["method"], scope["path"][:200], exc_info=error)
        body = msgspec.json.encode(reply.body)
        headers = [
            (b"content-type", _MEDIA_TYPE),
            _PRODUCT,
            (b"cache-control", b"no-store"),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in reply.headers),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})

    async def _reply(self, scope: HTTPScope, receive: Receive, incoming: Incoming) -> _Reply:
        headers = headers_of(scope)
        ask = Ask(
            method=scope["method"],
            parts=tuple(part for part in scope["path"][len(PREFIX) :].split("/") if part),
            parameters=parameters_of(scope),
            headers=headers,
            body=b"",
        )
        token = token_of(headers)
        if self._writing.takes(ask):
            # Who sends no key is told so before all of the body has been read.
            if not token:
                raise _nobody()
            ask = replace(ask, body=await incoming.read(headers))
            status, body = await self._writing.answer(ask, token)
            return _Reply(status, body, [])
        principal = await self._principal(token, scope)
        service = self._services.of(ask)
        ask = replace(ask, body=await incoming.read(headers))

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        ask_for(Asker(principal.actor, "", gone))
        status, body = await service(ask, principal)
        return _Reply(status, body, [])

    async def _principal(self, token: str | None, scope: HTTPScope) -> Principal:
        """Return who asks.

        Raises:
            ElasticError: we do not know them, or they may not read events.
        """
        if not token:
            raise _nobody()
        client = scope.get("client")
        try:
            principal = await self._parts.access.require(
                method="POST",
                headers={"authorization": f"Bearer {token}"},
                cookies={},
                address=client[0] if client else "",
            )
        except ProblemError as error:
            raise of_problem(error) from error
        if not principal.may("events:read"):
            raise ElasticError(
                403,
                "security_exception",
                f"this needs the permission events:read, which {principal.actor} does not have",
            )
        return principal


def is_elastic_path(path: str) -> bool:
    """Tell whether a path is of this interface."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _is_clients(scope: Scope) -> TypeGuard[HTTPScope]:
    return scope["type"] == ScopeType.HTTP and is_elastic_path(scope["path"])


def _nobody() -> ElasticError:
    return ElasticError(401, "security_exception", "missing authentication credentials")


def _refusal(error: Exception) -> _Reply:
    told = error if isinstance(error, ElasticError) else None
    if isinstance(error, ProblemError):
        told = of_problem(error)
    if told is None:
        told = as_elastic_error(error)
    return _Reply(told.status, told.body(), told.headers())
