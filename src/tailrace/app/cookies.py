"""The cookie that a session lives in."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from tailrace.app.access import COOKIE

_AGE_S_MAX = 400 * 86_400
"""As long as browsers keep any cookie. The server ends the session, by what it then knows."""


def signed_in(request: Request[Any, Any, Any], session_id: str) -> Response[None]:
    """Return the answer 204 that signs the browser in; `Sessions.open_in` gives the id."""
    cookies = [session_cookie(request, session_id)]
    return Response(None, status_code=204, cookies=cookies)


def signed_out(request: Request[Any, Any, Any]) -> Response[None]:
    """Return the answer 204 that takes the cookie away."""
    return Response(None, status_code=204, cookies=[session_cookie(request, "", age_s=0)])


def session_cookie(
    request: Request[Any, Any, Any], session_id: str, *, age_s: int = _AGE_S_MAX
) -> Cookie:
    """Return the session's cookie, for answers of another form."""
    # A proxy that ends TLS says so; nobody gains from lying about it to get a stricter cookie.
    is_https = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    return Cookie(
        key=COOKIE,
        value=session_id,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_https,
    )


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return the address that the request came from."""
    return request.client.host if request.client else ""


def user_agent_of(request: Request[Any, Any, Any]) -> str:
    """Return what the browser calls itself."""
    return str(request.headers.get("user-agent", ""))
