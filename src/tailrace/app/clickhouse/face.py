"""The ASGI app that answers below `/ch/` and leaves everything else to the app that it wraps."""

import re
import secrets
import time
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeGuard

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from tailrace.app.askers import QUESTION_ID_PATTERN, Asker, ask_for
from tailrace.app.clickhouse.errors import ClientError, as_client_error, of_problem
from tailrace.app.clickhouse.packing import encoding_for, packed
from tailrace.app.clickhouse.requests import (
    ClientRequest,
    body_of,
    headers_of,
    query_of,
    read_request,
)
from tailrace.app.clickhouse.sessions import ClientSessions
from tailrace.app.parts import Parts
from tailrace.app.problems import ProblemError
from tailrace.control.permissions import Principal
from tailrace.errors import TailraceError
from tailrace.query.sqlclients import ClientSql
from tailrace.query.sqlformats import media_type_of

PREFIX: Final = "/ch"
_OK: Final = b"Ok.\n"
_REALM: Final = 'Basic realm="tailrace: the password is an API token"'
_QUESTION_ID: Final = re.compile(QUESTION_ID_PATTERN)
_HEALTH: Final = frozenset({"/ping", "/replicas_status"})

Headers = list[tuple[bytes, bytes]]


class _Reply(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class _Rows(NamedTuple):
    body: bytes
    format: str
    result_bytes: int


class ClickHouseFace:
    """Wraps the app; requests below `/ch/` are ClickHouse's."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._sessions = ClientSessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if not _is_clients(scope):
            await self._app(scope, receive, send)
            return
        try:
            reply = await self._reply(scope, receive)
        except ClientError as error:
            reply = self._refusal(error)
        body = b"" if scope["method"] == "HEAD" else reply.body
        length = (b"content-length", str(len(reply.body)).encode())
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [*reply.headers, length, (b"cache-control", b"no-store")],
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _reply(self, scope: HTTPScope, receive: Receive) -> _Reply:
        path = scope["path"].removeprefix(PREFIX)
        if path in _HEALTH:
            return _plain(_OK)
        if path not in ("", "/"):
            raise ClientError(48, f"there is nothing at {scope['path'][:100]}", status=404)
        if scope["method"] not in ("GET", "POST", "HEAD"):
            raise ClientError(48, f"{scope['method'][:20]} is not offered; use GET or POST")
        query, headers = query_of(scope), headers_of(scope)
        if scope["method"] in ("GET", "HEAD") and "query" not in query:
            return _plain(_OK)
        body = await body_of(scope, receive, headers)
        asked = read_request(query, headers, body)
        principal = await self._principal(asked, scope)
        return await self._answer(asked, principal, headers, receive)

    async def _principal(self, asked: ClientRequest, scope: HTTPScope) -> Principal:
        """Return who asks.

        Raises:
            ClientError: we do not know them, or they may not read events.
        """
        if not asked.token:
            raise ClientError(194, f"{asked.user}: the password must be an API token")
        client = scope.get("client")
        try:
            principal = await self._parts.access.require(
                method="POST",
                headers={"authorization": f"Bearer {asked.token}"},
                cookies={},
                address=client[0] if client else "",
            )
        except ProblemError as error:
            raise of_problem(error) from error
        except TailraceError as error:
            raise as_client_error(error) from error
        if not principal.may("events:read"):
            raise ClientError(
                497,
                f"{asked.user}: Not enough privileges: the token needs the permission events:read",
            )
        return principal

    async def _answer(
        self,
        asked: ClientRequest,
        principal: Principal,
        headers: Mapping[str, str],
        receive: Receive,
    ) -> _Reply:
        started_ns = time.monotonic_ns()
        query_id = asked.query_id or secrets.token_hex(16)
        encoding = ""
        if asked.settings.get("enable_http_compression", "0") in ("1", "true"):
            encoding = encoding_for(headers.get("accept-encoding", ""))
        question = ClientSql(
            statement=asked.statement,
            parameters=asked.parameters,
            settings=asked.settings,
            database=asked.database,
            default_format=asked.default_format,
            user=asked.user,
        )

        def rows() -> _Rows:
            found = self._parts.questions.client_sql(question)
            return _Rows(packed(found.body, encoding), found.format, len(found.body))

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        question_id = query_id if _QUESTION_ID.match(query_id) else ""
        ask_for(Asker(principal.actor, question_id, gone))
        with self._sessions.used(principal.actor, asked.session):
            try:
                found = await self._parts.asking.run(rows)
            except ProblemError as error:
                # As many questions of the same token wait already as may.
                raise ClientError(
                    202, error.detail, status=429, retry_after_s=error.retry_after_s
                ) from error
            except TailraceError as error:
                raise as_client_error(error) from error
        summary = _summary(found.result_bytes, time.monotonic_ns() - started_ns)
        answer = [
            (b"content-type", media_type_of(found.format).encode()),
            (b"x-clickhouse-format", found.format.encode()),
            (b"x-clickhouse-query-id", query_id.encode()),
            (b"x-clickhouse-server-display-name", b"tailrace"),
            (b"x-clickhouse-summary", summary),
            (b"x-clickhouse-timezone", _zone(asked).encode()),
            (b"vary", b"accept-encoding"),
        ]
        if encoding:
            answer.append((b"content-encoding", encoding.encode()))
        return _Reply(200, answer, found.body)

    def _refusal(self, error: ClientError) -> _Reply:
        headers = [
            (b"content-type", b"text/plain; charset=UTF-8"),
            (b"x-clickhouse-exception-code", str(error.code).encode()),
            (b"x-clickhouse-server-display-name", b"tailrace"),
        ]
        if error.status == 401:
            headers.append((b"www-authenticate", _REALM.encode()))
        if error.retry_after_s is not None:
            headers.append((b"retry-after", str(error.retry_after_s).encode()))
        return _Reply(error.status, headers, error.text().encode())


def is_clickhouse_path(path: str) -> bool:
    """Tell whether a path is of this interface."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _is_clients(scope: Scope) -> TypeGuard[HTTPScope]:
    return scope["type"] == ScopeType.HTTP and is_clickhouse_path(scope["path"])


def _plain(body: bytes) -> _Reply:
    return _Reply(200, [(b"content-type", b"text/html; charset=UTF-8")], body)


def _zone(asked: ClientRequest) -> str:
    return asked.settings.get("session_timezone", "") or "UTC"


def _summary(result_bytes: int, elapsed_ns: int) -> bytes:
    """Return what clients are told of a statement's cost; the engine counts rows for itself."""
    counts = {
        "read_rows": "0",
        "read_bytes": "0",
        "written_rows": "0",
        "written_bytes": "0",
        "total_rows_to_read": "0",
        "result_rows": "0",
        "result_bytes": str(result_bytes),
        "elapsed_ns": str(elapsed_ns),
    }
    return msgspec.json.encode(counts)
