"""Signing in and out in a browser."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from tailrace.app.access import COOKIE, refuse_cross_site, require_same_site
from tailrace.app.asking import Ask
from tailrace.app.parts import Given
from tailrace.app.routes.errors import SIGNING_IN


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An API token, to be exchanged for a session cookie."""

    token: Annotated[str, msgspec.Meta(max_length=1_000, examples=["trt_..."])]


class SessionAnswer(msgspec.Struct, frozen=True):
    """Whether this browser is signed in."""

    signed_in: bool


@post("/session", status_code=204, tags=["session"], responses=SIGNING_IN)
async def sign_in(data: JSONBody[SignIn], request: Ask, parts: Given) -> Response[None]:
    """Exchange a token for a session cookie."""
    refuse_cross_site(request.headers)
    session_id = parts.access.sign_in(data.token, address=address_of(request))
    return Response(
        None,
        status_code=204,
        cookies=[_cookie(request, session_id, age_s=int(parts.config.app.session_age_s_max))],
    )


@get("/session", tags=["session"], responses=SIGNING_IN)
async def show_session(request: Ask, parts: Given) -> SessionAnswer:
    """Tell whether this browser is signed in."""
    return SessionAnswer(parts.access.is_signed_in(request.cookies.get(COOKIE)))


@delete("/session", status_code=204, tags=["session"], responses=SIGNING_IN)
async def sign_out(request: Ask, parts: Given) -> Response[None]:
    """End the session of this browser."""
    require_same_site(request.headers)
    session_id = request.cookies.get(COOKIE)
    if session_id is not None:
        parts.access.sign_out(session_id)
    return Response(None, status_code=204, cookies=[_cookie(request, "", age_s=0)])


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return the address that the request came from."""
    return request.client.host if request.client else ""


def _cookie(request: Ask, value: str, *, age_s: int) -> Cookie:
    # A proxy that ends TLS says so; nobody gains from lying about it to get a stricter cookie.
    is_https = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    return Cookie(
        key=COOKIE,
        value=value,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_https,
    )
