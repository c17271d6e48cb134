"""Links by which people become members, or members set a new password."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from tailrace.addresses import name_in, url_of
from tailrace.app.access import refuse_cross_site
from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.cookies import address_of, signed_in, user_agent_of
from tailrace.app.parts import Given, Parts
from tailrace.app.routes.errors import CREATING, DELETING, READING, problems
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import LINK, Cursor, Limit, decide, next_page, read_cursor
from tailrace.app.routes.session import require_passwords
from tailrace.control.invites import InviteDraft, InviteShown, InviteState
from tailrace.control.passwords import CHARACTERS_MAX
from tailrace.control.shapes import Name

_ID_PATTERN = r"[0-9]{1,9}"
_JOINING = problems(400, 403, 404, 409, 413, 429, 503)

LinkToken = Annotated[str, Meta(min_length=1, max_length=200, examples=["tri_..."])]


class InviteMade(InviteState, frozen=True, kw_only=True):
    """A new invite with its link, which nobody can read again."""

    url: str


class LinkMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new link, which nobody can read again."""

    url: str
    expires_at: datetime


class LinkRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of a link."""

    token: LinkToken


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of a link, the password to set, and the name of a new member."""

    token: LinkToken
    password: Annotated[str, Meta(min_length=1, max_length=CHARACTERS_MAX)]
    name: Name = ""


@get(
    "/invites",
    tags=["invites"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("members:read"),
)
async def list_invites(
    request: Ask, parts: Given, limit: Limit = 100, cursor: Cursor = ""
) -> Response[list[InviteState]]:
    """Return the invites of the last 30 days, the newest first.

    Where there are more, the `Link` header leads to the next page.
    """
    after = read_cursor(cursor, pattern=_ID_PATTERN)
    found = await parts.deciding.run(
        parts.invites.page, before_id=int(after) if after else None, limit=limit + 1
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].id)) if len(found) > limit else {}
    return Response(shown, headers=headers)


@post(
    "/invites",
    status_code=201,
    tags=["invites"],
    responses=CREATING,
    opt=needs("members:write"),
)
async def create_invite(
    data: Annotated[InviteDraft, body(email="ada@example.com", role="editor")],
    request: Ask,
    parts: Given,
) -> InviteMade:
    """Invite somebody; the link is in this answer only. An older invite of theirs is revoked."""
    made = await decide(parts, parts.invites.create, data, by=principal_of(request))
    return InviteMade(
        **msgspec.structs.asdict(made.state), url=_url(request, parts, token=made.token)
    )


@delete(
    "/invites/{invite_id:int}",
    status_code=204,
    tags=["invites"],
    responses=DELETING,
    opt=needs("members:write"),
)
async def revoke_invite(request: Ask, parts: Given, invite_id: FromPath[int]) -> None:
    """Make an invite worthless."""
    await decide(parts, parts.invites.revoke, invite_id, by=principal_of(request))


@post(
    "/members/{member_id:str}/reset-link",
    status_code=201,
    tags=["members"],
    responses=DELETING,
    opt=needs("members:write"),
)
async def create_reset_link(request: Ask, parts: Given, member_id: FromPath[str]) -> LinkMade:
    """Return a link by which a member sets a new password; an older one is revoked."""
    made = await decide(parts, parts.invites.reset_link, member_id, by=principal_of(request))
    return LinkMade(url=_url(request, parts, token=made.token), expires_at=made.expires_at)


@post("/invites/show", status_code=200, tags=["invites"], responses=_JOINING)
async def show_invite(data: JSONBody[LinkRead], request: Ask, parts: Given) -> InviteShown:
    """Return what a link leads to; needs no sign-in."""
    refuse_cross_site(request.headers)
    return await parts.joining.show(data.token, address=address_of(request))


@post("/invites/accept", status_code=204, tags=["invites"], responses=_JOINING)
async def accept_invite(data: JSONBody[Acceptance], request: Ask, parts: Given) -> Response[None]:
    """Use a link: become a member, or set your password. Signs the browser in."""
    refuse_cross_site(request.headers)
    require_passwords(parts)
    session_id = await parts.joining.accept(
        data.token,
        name=data.name,
        password=data.password,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
    parts.access.forget()
    await parts.deciding.run(parts.following.catch_up)
    return signed_in(request, session_id)


def _url(request: Ask, parts: Parts, *, token: str) -> str:
    """Return the address of the page that uses a link, as the caller reaches this app.

    The token stands where no server, proxy or log sees it.
    """
    host = request.headers.get("host", "")
    is_https = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    origin = f"{'https' if is_https else 'http'}://{host}"
    if not name_in(host):
        origin = url_of(parts.config.app.host, parts.config.app.port)
    return f"{origin}/accept#token={token}"
