"""The outermost layer: which hosts are served, headers of every answer, the access log, metrics."""

import logging
import time
from typing import TypeGuard

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from tailrace.app.access import Hosts
from tailrace.app.clickhouse import is_clickhouse_path
from tailrace.app.elastic import is_elastic_path
from tailrace.app.problems import NOT_FOUND, ProblemError, send_problem
from tailrace.app.web import WebFiles, is_page_path, serve_web

access_log = logging.getLogger("tailrace.app.access")

REQUESTS = Counter(
    "tailrace_app_requests_total", "Requests answered by the app.", ("method", "area", "status")
)
REQUEST_SECONDS = Histogram(
    "tailrace_app_request_seconds",
    "Time until an answer of the app was complete; live streams are left out.",
    ("area",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# The pages load their own files and nothing else; no script and no style stands in the markup.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)
DOCS_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_DOCS = "/api/docs"
_DESCRIPTIONS = frozenset(
    {"/api/openapi.json", _DOCS, "/api/docs.css", "/api/workspace.schema.json"}
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Border:
    """Wraps the app; everything that leaves passes through it.

    `logs_all` writes a line for requests that went well too.
    """

    def __init__(self, app: ASGIApp, *, hosts: Hosts, web: WebFiles, logs_all: bool) -> None:
        self._app = app
        self._hosts = hosts
        self._web = web
        self._logs_all = logs_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not is_http(scope):
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        path = scope["path"]
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_headers(list(message["headers"]), path=path)
            await send(message)

        try:
            self._hosts.require(_host_of(scope))
        except ProblemError as error:
            await send_problem(error, send_with_headers)
        else:
            if is_page_path(path) and not is_clickhouse_path(path) and not is_elastic_path(path):
                await serve_web(self._web, scope, send_with_headers)
            elif is_nothing(path):
                nothing = ProblemError(NOT_FOUND, "the API lies below /api/v1/")
                await send_problem(nothing, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        finally:
            took_s = time.monotonic() - started
            _count(scope["method"], path, status, took_s)
            if self._logs_all or _is_worth_a_line(path, status):
                _log(scope["method"], path, status, took_s)


def is_nothing(path: str) -> bool:
    """Tell whether a path below /api leads nowhere; the framework would answer with a page."""
    is_api = path == "/api" or path.startswith("/api/")
    return is_api and not path.startswith("/api/v1/") and path not in _DESCRIPTIONS


def is_http(scope: Scope) -> TypeGuard[HTTPScope]:
    """Tell whether a scope is a request; the server's start and stop come the same way."""
    return scope["type"] == ScopeType.HTTP


def with_headers(headers: list[tuple[bytes, bytes]], *, path: str) -> list[tuple[bytes, bytes]]:
    """Return the headers with those that every answer carries."""
    present = {name.lower() for name, _ in headers}
    is_api = path.startswith("/api/") or is_elastic_path(path)
    headers.extend(_HEADERS)
    policy = DOCS_POLICY if path == _DOCS else API_POLICY if is_api else PAGE_POLICY
    headers.append((b"content-security-policy", policy.encode()))
    if is_api and b"cache-control" not in present:
        headers.append((b"cache-control", b"no-store"))
    return headers


def area_of(path: str) -> str:
    """Return what a path belongs to; a bounded set, as it labels metrics."""
    if path.startswith("/api/v1/"):
        return path.split("/", 4)[3] if path.split("/", 4)[3] in AREAS else "other"
    if path.startswith("/api/"):
        return "other"
    if is_clickhouse_path(path):
        return "clickhouse"
    if is_elastic_path(path):
        return "elastic"
    return path[1:] if path in {"/healthz", "/readyz", "/metrics"} else "web"


AREAS = frozenset(
    {
        "aggregate",
        "audit-log",
        "deliveries",
        "delivery-alerts",
        "destination-types",
        "destinations",
        "event",
        "events",
        "explore",
        "fields",
        "group",
        "groups",
        "histogram",
        "insights",
        "invites",
        "languages",
        "ledger",
        "live",
        "me",
        "members",
        "query",
        "questions",
        "saved-queries",
        "search",
        "session",
        "set-aside",
        "settings",
        "sources",
        "sql",
        "status",
        "tokens",
        "trace",
        "user",
        "users",
        "values",
        "workspace",
    }
)


def _host_of(scope: HTTPScope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return value.decode("latin-1")
    return ""


def _count(method: str, path: str, status: int, took_s: float) -> None:
    """Count one answer."""
    area = area_of(path)
    REQUESTS.labels(method if method in _METHODS else "other", area, str(status)).inc()
    if area != "live":
        REQUEST_SECONDS.labels(area).observe(took_s)


def _is_worth_a_line(path: str, status: int) -> bool:
    """Tell whether a request failed; `/readyz` logs by itself what is missing."""
    return status >= 400 and area_of(path) != "readyz"


def _log(method: str, path: str, status: int, took_s: float) -> None:
    """Log one answer; never its query string or headers, which may hold secrets."""
    level = logging.WARNING if status >= 500 else logging.INFO
    access_log.log(level, "%s %r %d %.1f ms", method, path[:200], status, took_s * 1000)
