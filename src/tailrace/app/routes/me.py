"""What everybody sees and changes of themselves: name, password, open sessions."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.cookies import address_of, signed_in, signed_out, user_agent_of
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CHANGING, CREATING, DELETING, READING
from tailrace.app.routes.managing import decide
from tailrace.app.routes.session import PasswordText, require_passwords
from tailrace.control.accounts import Whoami
from tailrace.control.passwords import CHARACTERS_MAX, CHARACTERS_MIN
from tailrace.control.sessions import OpenSession
from tailrace.control.shapes import Name
from tailrace.errors import ChangeError


class MyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one may change of oneself."""

    name: Name


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password, and the one that it replaces."""

    current_password: PasswordText
    new_password: Annotated[
        str, Meta(min_length=CHARACTERS_MIN, max_length=CHARACTERS_MAX, description="Write only.")
    ]


@get("/me", tags=["me"], responses=READING, opt=needs("account"))
async def show_me(request: Ask, parts: Given) -> Whoami:
    """Return who makes this request, and what they may do.

    While the control database is away it is what was last known.
    """
    return await parts.deciding.run(parts.accounts.whoami, principal_of(request))


@patch("/me", tags=["me"], responses=CHANGING, opt=needs("account"))
async def change_me(data: JSONBody[MyChange], request: Ask, parts: Given) -> Whoami:
    """Change one's own name."""
    principal = principal_of(request)
    if principal.member_id is None:
        raise ChangeError(
            "a token that belongs to no member has no name to change", reason="conflict"
        )
    await decide(
        parts, parts.accounts.rename, principal.member_id, data.name, actor=principal.actor
    )
    return await parts.deciding.run(parts.accounts.whoami, principal)


@post(
    "/me/password",
    status_code=204,
    tags=["me"],
    responses=CREATING,
    opt=needs("account"),
)
async def change_my_password(
    data: JSONBody[PasswordChange], request: Ask, parts: Given
) -> Response[None]:
    """Change one's own password; every session ends, and this browser gets a new one."""
    require_passwords(parts)
    session_id = await parts.signing.change_password(
        principal_of(request),
        data.current_password,
        data.new_password,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
    parts.access.forget()
    return signed_in(request, session_id)


@get("/me/sessions", tags=["me"], responses=READING, opt=needs("account"))
async def list_my_sessions(request: Ask, parts: Given) -> list[OpenSession]:
    """Return the browsers that one is signed in with, the last used one first."""
    return await parts.deciding.run(parts.sessions.of, principal_of(request))


@delete(
    "/me/sessions/{session_id:str}",
    status_code=204,
    tags=["me"],
    responses=DELETING,
    opt=needs("account"),
)
async def end_my_session(request: Ask, parts: Given, session_id: FromPath[str]) -> None:
    """End one of one's own sessions."""
    await parts.deciding.run(parts.sessions.end_one, principal_of(request), session_id)
    parts.access.forget()


@delete("/me/sessions", status_code=204, tags=["me"], responses=DELETING, opt=needs("account"))
async def end_my_sessions(request: Ask, parts: Given) -> Response[None]:
    """Sign out everywhere, here too."""
    await parts.deciding.run(parts.sessions.end_all, principal_of(request))
    parts.access.forget()
    return signed_out(request)
