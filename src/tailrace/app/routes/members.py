"""Members: who may sign in, and in which role."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CHANGING, DELETING, FINDING, READING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import (
    ETAG,
    LINK,
    Cursor,
    IfMatch,
    Limit,
    asked_version,
    decide,
    etag,
    next_page,
    read_cursor,
)
from tailrace.control.people import (
    EMAIL_PATTERN,
    MemberChange,
    MemberState,
    VersionedMember,
    WantedMembers,
)
from tailrace.control.permissions import Role


@get(
    "/members",
    tags=["members"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("members:read"),
)
async def list_members(
    request: Ask,
    parts: Given,
    role: Annotated[Role | None, QueryParameter(description="Only members of it.")] = None,
    text: Annotated[
        str,
        QueryParameter(
            max_length=100, pattern=r"^[^\x00]*$", description="Part of the e-mail or the name."
        ),
    ] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response[list[MemberState]]:
    """Return the members, in order of their e-mails.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.members.page,
        WantedMembers(role=role, text=text),
        after=read_cursor(cursor, pattern=EMAIL_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, shown[-1].email) if len(found) > limit else {}
    return Response(shown, headers=headers)


@get(
    "/members/{member_id:str}",
    tags=["members"],
    responses=FINDING,
    response_headers=[ETAG],
    opt=needs("members:read"),
)
async def show_member(parts: Given, member_id: FromPath[str]) -> Response[MemberState]:
    """Return one member; the `ETag` is what a change of them names."""
    return _answer(await parts.deciding.run(parts.members.get, member_id))


@patch(
    "/members/{member_id:str}",
    tags=["members"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("members:write"),
)
async def change_member(
    data: Annotated[MemberChange, body(role="source-only", sources=["web-shop"])],
    request: Ask,
    parts: Given,
    member_id: FromPath[str],
    if_match: IfMatch = "",
) -> Response[MemberState]:
    """Change a member; what the body leaves out stays. Holds within two seconds."""
    changed = await decide(
        parts,
        parts.members.change,
        member_id,
        data,
        version=asked_version(if_match, is_required=True),
        by=principal_of(request),
    )
    return _answer(changed)


@delete(
    "/members/{member_id:str}",
    status_code=204,
    tags=["members"],
    responses=DELETING,
    opt=needs("members:write"),
)
async def delete_member(
    request: Ask, parts: Given, member_id: FromPath[str], if_match: IfMatch = ""
) -> None:
    """Remove a member; their sessions and tokens end within two seconds."""
    await decide(
        parts,
        parts.members.delete,
        member_id,
        version=asked_version(if_match, is_required=False),
        by=principal_of(request),
    )


@post(
    "/members/{member_id:str}/sign-out",
    status_code=204,
    tags=["members"],
    responses=DELETING,
    opt=needs("members:write"),
)
async def sign_member_out(request: Ask, parts: Given, member_id: FromPath[str]) -> None:
    """End all sessions of a member, within two seconds."""
    await decide(parts, parts.members.sign_out, member_id, by=principal_of(request))


def _answer(found: VersionedMember) -> Response[MemberState]:
    return Response(found.state, headers={"etag": etag(found.version)})
