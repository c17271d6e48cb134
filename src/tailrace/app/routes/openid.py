"""Signing in by the OpenID provider: there and back again."""

import html
import logging
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.datastructures import Cookie, ResponseHeader
from litestar.params import QueryParameter

from tailrace.app.asking import Ask
from tailrace.app.cookies import address_of, session_cookie, user_agent_of
from tailrace.app.openid import CALLBACK, FLOW_S_MAX, OpenId, RefusedError, local_path
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import problems
from tailrace.control.openid import Vouched
from tailrace.errors import ChangeError

FLOW_COOKIE: Final = "tailrace_oidc"
_FOUND: Final = 302
_LOCATION: Final = ResponseHeader(
    name="Location",
    documentation_only=True,
    description="The provider's address, or the sign-in page where it cannot be asked.",
    required=True,
)
_logger = logging.getLogger(__name__)

# A page and not a redirect: the browser would not send a strict cookie at the end of a chain of
# redirects that began on another site.
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="0; url={path}">
<title>Signed in · Tailrace</title>
<p>You are signed in. <a href="{path}">Go on to Tailrace</a></p>
</html>
"""


@get(
    "/session/oidc",
    tags=["session"],
    responses=problems(400, 404),
    status_code=_FOUND,
    response_headers=[_LOCATION],
)
async def begin_openid(
    request: Ask,
    parts: Given,
    next_path: Annotated[
        str,
        QueryParameter(name="next", max_length=2_000, description="Where to go afterwards."),
    ] = "/",
) -> Response[None]:
    """Lead the browser to the OpenID provider; it comes back signed in."""
    provider = _provider(parts)
    origin = f"{'https' if _is_https(request) else 'http'}://{request.headers.get('host', '')}"
    try:
        url, cookie = await provider.begin(origin=origin, next_path=local_path(next_path))
    except RefusedError as error:
        return _refused(request, error)
    return Response(
        None,
        status_code=_FOUND,
        headers={"location": url},
        cookies=[_flow_cookie(request, cookie, age_s=FLOW_S_MAX)],
    )


@get(
    CALLBACK.removeprefix("/api/v1"),
    tags=["session"],
    responses=problems(400, 404),
    media_type="text/html",
)
async def finish_openid(request: Ask, parts: Given) -> Response[str] | Response[None]:
    """Take the browser back from the OpenID provider, and lead it on signed in.

    Where the sign-in fails, it is led to the sign-in page, with `sign_in_error` in the address.
    """
    provider = _provider(parts)
    given = {name: value[:4_000] for name, value in request.query_params.items()}
    try:
        identity, next_path = await provider.finish(
            given, cookie=request.cookies.get(FLOW_COOKIE, "")
        )
        session_id = await parts.deciding.run(
            parts.openid_members.open_session,
            Vouched(
                identity.issuer,
                identity.subject,
                identity.email if identity.is_verified else "",
                identity.name,
            ),
            address=address_of(request),
            user_agent=user_agent_of(request),
        )
        if session_id is None:
            raise RefusedError(
                f"{identity.email or identity.subject} is no member",
                code="not-member" if identity.is_verified else "not-verified",
            )
    except RefusedError as error:
        return _refused(request, error)
    except ChangeError as error:
        return _refused(request, RefusedError(str(error), code="not-member"))
    parts.access.forget()
    return Response(
        _PAGE.format(path=html.escape(next_path)),
        media_type="text/html",
        cookies=[session_cookie(request, session_id), _flow_cookie(request, "", age_s=0)],
    )


def _provider(parts: Parts) -> OpenId:
    if parts.openid is None:
        raise ProblemError(NOT_FOUND, "no OpenID provider is set up; see [oidc] in the settings")
    return parts.openid


def _refused(request: Ask, error: RefusedError) -> Response[None]:
    """Lead to the sign-in page, which says why in people's words; the log says it exactly."""
    _logger.warning("signing in by OpenID failed (%s): %s", error.code, error)
    return Response(
        None,
        status_code=_FOUND,
        headers={"location": f"/?{urlencode({'sign_in_error': error.code})}"},
        cookies=[_flow_cookie(request, "", age_s=0)],
    )


def _flow_cookie(request: Ask, value: str, *, age_s: int) -> Cookie:
    # Lax, as the provider sends the browser back from its own site.
    return Cookie(
        key=FLOW_COOKIE,
        value=value,
        max_age=age_s,
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=_is_https(request),
    )


def _is_https(request: Ask) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
