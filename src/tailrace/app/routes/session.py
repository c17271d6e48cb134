"""Signing in and out in a browser."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from tailrace.app.access import COOKIE, refuse_cross_site, require_same_site
from tailrace.app.asking import Ask
from tailrace.app.cookies import address_of, signed_in, signed_out, user_agent_of
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import BODY, CONFLICT, ProblemError
from tailrace.app.routes.errors import SIGNING_IN, problems
from tailrace.control.passwords import CHARACTERS_MAX
from tailrace.control.sessions import session_hash

PasswordText = Annotated[str, Meta(max_length=CHARACTERS_MAX, description="Write only.")]
"""A password as it is sent; whether it is a good one is another question."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member's e-mail address and password; or a token."""

    email: (
        Annotated[str, Meta(max_length=254, pattern=r"^[^\x00]*$", examples=["ada@example.com"])]
        | UnsetType
    ) = UNSET
    password: PasswordText | UnsetType = UNSET
    token: Annotated[str, Meta(max_length=1_000, examples=["trt_..."])] | UnsetType = UNSET


class OpenIdOffer(msgspec.Struct, frozen=True):
    """An OpenID provider to sign in by: its name, and where that begins."""

    name: str
    url: str


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this browser is signed in, and how it may be."""

    signed_in: bool
    password: bool
    oidc: OpenIdOffer | None


@post("/session", status_code=204, tags=["session"], responses=SIGNING_IN | problems(409))
async def sign_in(data: JSONBody[SignIn], request: Ask, parts: Given) -> Response[None]:
    """Exchange e-mail address and password, or a token, for a session cookie.

    A session that the browser had before ends.
    """
    refuse_cross_site(request.headers)
    before = request.cookies.get(COOKIE)
    replaces = session_hash(before) if before is not None else None
    if data.token is not UNSET:
        if data.email is not UNSET or data.password is not UNSET:
            raise ProblemError(
                BODY, "send either email and password, or token", facts={"field": "token"}
            )
        session_id = await parts.signing.by_token(
            data.token,
            address=address_of(request),
            user_agent=user_agent_of(request),
            replaces=replaces,
        )
    else:
        require_passwords(parts)
        session_id = await parts.signing.by_password(
            _given(data.email, "email"),
            _given(data.password, "password"),
            address=address_of(request),
            user_agent=user_agent_of(request),
            replaces=replaces,
        )
    if replaces is not None:
        parts.access.drop(replaces)
    return signed_in(request, session_id)


@get("/session", tags=["session"], responses=SIGNING_IN)
async def show_session(request: Ask, parts: Given) -> SessionAnswer:
    """Tell whether this browser is signed in, and how it may sign in."""
    return SessionAnswer(
        signed_in=await parts.access.is_signed_in(request.cookies.get(COOKIE)),
        password=parts.config.oidc.has_passwords,
        oidc=openid_offer(parts),
    )


@delete("/session", status_code=204, tags=["session"], responses=SIGNING_IN)
async def sign_out(request: Ask, parts: Given) -> Response[None]:
    """End the session of this browser."""
    require_same_site(request.headers)
    session_id = request.cookies.get(COOKIE)
    if session_id is not None:
        digest = session_hash(session_id)
        await parts.deciding.run(parts.sessions.end, digest)
        parts.access.drop(digest)
        parts.access.forget()
    return signed_out(request)


def openid_offer(parts: Parts) -> OpenIdOffer | None:
    """Return the OpenID provider that members may sign in by; None without one."""
    if parts.openid is None:
        return None
    return OpenIdOffer(parts.openid.name, "/api/v1/session/oidc")


def require_passwords(parts: Parts) -> None:
    """Return when members may sign in by password.

    Raises:
        ProblemError: the settings say that they sign in by the OpenID provider alone.
    """
    if not parts.config.oidc.has_passwords:
        name = parts.openid.name if parts.openid is not None else "an OpenID provider"
        raise ProblemError(CONFLICT, f"there are no passwords here: sign in by {name}")


def _given(text: str | UnsetType, field: str) -> str:
    if isinstance(text, UnsetType):
        raise ProblemError(
            BODY, f"{field} is missing: send email and password, or token", facts={"field": field}
        )
    return text
