"""Saved queries: questions that people keep, share and come back to."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CHANGING, CREATING, DELETING, FINDING, READING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import (
    ETAG,
    LINK,
    LOCATION,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    asked_version,
    decide,
    etag,
    next_page,
    once_from,
    read_cursor,
)
from tailrace.config import SLUG_PATTERN
from tailrace.control.saved_query_shapes import (
    QueryKind,
    SavedQuery,
    SavedQueryChange,
    SavedQueryDraft,
)

WantedKind = Annotated[QueryKind | None, QueryParameter(description="Only those of this kind.")]


@get(
    "/saved-queries",
    tags=["saved queries"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("events:read"),
)
async def list_saved_queries(
    request: Ask, parts: Given, limit: Limit = 100, cursor: Cursor = "", kind: WantedKind = None
) -> Response[list[SavedQuery]]:
    """Return your saved queries and those that others share, in order of their slugs.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.saved_queries.page,
        by=principal_of(request),
        kind=kind,
        after=read_cursor(cursor, pattern=SLUG_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, shown[-1].slug) if len(found) > limit else {}
    return Response(shown, headers=headers)


@post(
    "/saved-queries",
    status_code=201,
    tags=["saved queries"],
    responses=CREATING,
    response_headers=[LOCATION, ETAG],
    opt=needs("events:read"),
)
async def create_saved_query(
    data: Annotated[
        SavedQueryDraft,
        body(
            slug="large-orders",
            name="Large orders",
            kind="lucene",
            body={"query": 'event:"Order Completed" AND properties.revenue:>50', "since": "7d"},
            is_shared=True,
        ),
    ],
    request: Ask,
    parts: Given,
    idempotency_key: IdempotencyKey = "",
) -> Response[SavedQuery]:
    """Save a query; it is yours, and others read it where it is shared."""
    made = await decide(
        parts,
        parts.saved_queries.create,
        data,
        by=principal_of(request),
        once=await once_from(request, idempotency_key),
    )
    headers = {"location": f"/api/v1/saved-queries/{made.slug}", "etag": etag(made.version)}
    return Response(made, status_code=201, headers=headers)


@get(
    "/saved-queries/{slug:str}",
    tags=["saved queries"],
    responses=FINDING,
    response_headers=[ETAG],
    opt=needs("events:read"),
)
async def show_saved_query(request: Ask, parts: Given, slug: FromPath[str]) -> Response[SavedQuery]:
    """Return one saved query; its `ETag` is what a change of it names."""
    found = await parts.deciding.run(parts.saved_queries.get, slug, by=principal_of(request))
    return Response(found, headers={"etag": etag(found.version)})


@patch(
    "/saved-queries/{slug:str}",
    tags=["saved queries"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("events:read"),
)
async def change_saved_query(
    data: Annotated[SavedQueryChange, body(name="Orders above 50", is_shared=True)],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    if_match: IfMatch = "",
) -> Response[SavedQuery]:
    """Change a saved query of your own; admins also those that others share."""
    changed = await decide(
        parts,
        parts.saved_queries.change,
        slug,
        data,
        version=asked_version(if_match, is_required=True),
        by=principal_of(request),
    )
    return Response(changed, headers={"etag": etag(changed.version)})


@delete(
    "/saved-queries/{slug:str}",
    status_code=204,
    tags=["saved queries"],
    responses=DELETING,
    opt=needs("events:read"),
)
async def delete_saved_query(
    request: Ask, parts: Given, slug: FromPath[str], if_match: IfMatch = ""
) -> None:
    """Delete a saved query of your own; admins also those that others share."""
    await decide(
        parts,
        parts.saved_queries.delete,
        slug,
        version=asked_version(if_match, is_required=False),
        by=principal_of(request),
    )
