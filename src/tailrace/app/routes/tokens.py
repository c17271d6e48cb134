"""API tokens: what scripts sign in with."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath

from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CREATING, DELETING, READING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import (
    LINK,
    LOCATION,
    Cursor,
    Limit,
    decide,
    next_page,
    read_cursor,
)
from tailrace.control.tokens import CURSOR_PATTERN, TokenDraft, TokenMade, TokenState, cursor_of


@get(
    "/tokens",
    tags=["tokens"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("account"),
)
async def list_tokens(
    request: Ask, parts: Given, limit: Limit = 100, cursor: Cursor = ""
) -> Response[list[TokenState]]:
    """Return your API tokens, the newest first; with `tokens:read` everybody's.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.tokens.page,
        principal_of(request),
        after=read_cursor(cursor, pattern=CURSOR_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, cursor_of(shown[-1])) if len(found) > limit else {}
    return Response(shown, headers=headers)


@post(
    "/tokens",
    status_code=201,
    tags=["tokens"],
    responses=CREATING,
    response_headers=[LOCATION],
    opt=needs("account"),
)
async def create_token(
    data: Annotated[
        TokenDraft, body(name="nightly export", permissions=["events:read"], expires_in_days=90)
    ],
    request: Ask,
    parts: Given,
) -> Response[TokenMade]:
    """Make an API token that may do some of what you may; `token` is shown only here."""
    made = await decide(parts, parts.tokens.create, data, principal=principal_of(request))
    location = {"location": f"/api/v1/tokens/{made.id}"}
    return Response(made, status_code=201, headers=location)


@delete(
    "/tokens/{token_id:str}",
    status_code=204,
    tags=["tokens"],
    responses=DELETING,
    opt=needs("account"),
)
async def revoke_token(request: Ask, parts: Given, token_id: FromPath[str]) -> None:
    """Revoke one of your API tokens; with `tokens:write` anybody's.

    It is refused everywhere within two seconds, as are sessions that were opened with it.
    """
    await decide(parts, parts.tokens.revoke, token_id, principal=principal_of(request))
