"""Destinations: their types, what people set them to, and every version of that."""

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given
from tailrace.app.routes.checks import (
    CHECK_PROBLEMS,
    Check,
    require_good_change,
    require_good_draft,
)
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
from tailrace.control.destination_shapes import (
    DestinationChange,
    DestinationCheck,
    DestinationDraft,
    DestinationRestore,
    DestinationState,
    DestinationVersion,
    WantedDestinations,
)

_NUMBER_PATTERN = r"[1-9][0-9]{0,8}"
VersionLimit = Annotated[int, QueryParameter(ge=1, le=200, description="Most that one page holds.")]


@get(
    "/destinations",
    tags=["destinations"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def list_destinations(
    request: Ask,
    parts: Given,
    type: Annotated[  # noqa: A002 - the parameter's name
        str, QueryParameter(max_length=63, pattern=r"^[^\x00]*$", description="Only this type.")
    ] = "",
    enabled: Annotated[
        bool | None, QueryParameter(description="Only those that are enabled, or disabled.")
    ] = None,
    text: Annotated[
        str,
        QueryParameter(
            max_length=100, pattern=r"^[^\x00]*$", description="Part of the slug or the name."
        ),
    ] = "",
    source: Annotated[
        str,
        QueryParameter(max_length=63, description="Only those that take the events of this one."),
    ] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response[list[DestinationState]]:
    """Return the destinations, in order of their slugs.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.destinations.page,
        WantedDestinations(type=type, enabled=enabled, text=text, source=source),
        after=read_cursor(cursor, pattern=SLUG_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, shown[-1].slug) if len(found) > limit else {}
    return Response(shown, headers=headers)


@post(
    "/destinations",
    status_code=201,
    tags=["destinations"],
    responses=CREATING,
    response_headers=[LOCATION, ETAG],
    opt=needs("destinations:write"),
)
async def create_destination(
    data: Annotated[
        DestinationDraft,
        body(
            slug="orders-hook",
            name="Orders",
            type="webhook",
            sources=None,
            settings={"url": "https://orders.example.com/events", "timeout_s": 5},
            filters=[
                {
                    "if": "contains(traits.email, '@example.com')",
                    "actions": [{"type": "DROP"}],
                    "title": "Our own people",
                }
            ],
            subscriptions=[
                {
                    "slug": "orders",
                    "action": "send",
                    "trigger": 'type = "track" and event = "Order Completed"',
                    "mapping": {"data": {"order": {"@path": "$.properties.order_id"}}},
                }
            ],
        ),
    ],
    request: Ask,
    parts: Given,
    idempotency_key: IdempotencyKey = "",
    check: Check = False,
) -> Response[DestinationState]:
    """Make a destination; its settings are those of its type."""
    if check:
        await require_good_draft(parts, data)
    made = await decide(
        parts,
        parts.destinations.create,
        data,
        actor=actor_of(request),
        once=await once_from(request, idempotency_key),
    )
    location = {"location": f"/api/v1/destinations/{made.slug}"}
    return _answer(made, status_code=201, headers=location)


@get(
    "/destinations/{slug:str}",
    tags=["destinations"],
    responses=FINDING,
    response_headers=[ETAG],
    opt=needs("destinations:read"),
)
async def show_destination(parts: Given, slug: FromPath[str]) -> Response[DestinationState]:
    """Return one destination; its `ETag` is what a change of it names."""
    return _answer(await parts.deciding.run(parts.destinations.get, slug))


@patch(
    "/destinations/{slug:str}",
    tags=["destinations"],
    responses={**CHANGING, **CHECK_PROBLEMS},
    response_headers=[ETAG],
    opt=needs("destinations:write"),
)
async def change_destination(
    data: Annotated[
        DestinationChange,
        body(enabled=False, settings={"timeout_s": 10}, filters=[], subscriptions=None),
    ],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    if_match: IfMatch = "",
    check: Check = False,
) -> Response[DestinationState]:
    """Change a destination; what the body leaves out stays, and so does a secret sent as `***`."""
    version = asked_version(if_match, is_required=True)
    if check:
        settings = {} if data.settings is UNSET else data.settings
        checked = await require_good_change(parts, DestinationCheck(slug=slug, settings=settings))
        # What is saved is what was checked, whatever others change meanwhile.
        version = checked if version is None else version
    changed = await decide(
        parts,
        parts.destinations.change,
        slug,
        data,
        version=version,
        actor=actor_of(request),
    )
    return _answer(changed)


@delete(
    "/destinations/{slug:str}",
    status_code=204,
    tags=["destinations"],
    responses=DELETING,
    opt=needs("destinations:write"),
)
async def delete_destination(
    request: Ask, parts: Given, slug: FromPath[str], if_match: IfMatch = ""
) -> None:
    """Delete a destination with the secrets of all its versions; its slug stays."""
    await decide(
        parts,
        parts.destinations.delete,
        slug,
        version=asked_version(if_match, is_required=False),
        actor=actor_of(request),
    )


@get(
    "/destinations/{slug:str}/versions",
    tags=["destinations"],
    responses=FINDING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def list_destination_versions(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    limit: VersionLimit = 50,
    cursor: Cursor = "",
) -> Response[list[DestinationVersion]]:
    """Return what the destination was set to by each change, the newest first."""
    before = read_cursor(cursor, pattern=_NUMBER_PATTERN)
    found = await parts.deciding.run(
        parts.destinations.versions,
        slug,
        before=int(before) if before else None,
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].version)) if len(found) > limit else {}
    return Response(shown, headers=headers)


@post(
    "/destinations/{slug:str}/restore",
    status_code=200,
    tags=["destinations"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("destinations:write"),
)
async def restore_destination(
    data: Annotated[DestinationRestore, body(version=1)],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    if_match: IfMatch = "",
) -> Response[DestinationState]:
    """Make a destination equal to an earlier version, its secrets included, as a new version."""
    restored = await decide(
        parts,
        parts.destinations.restore,
        slug,
        data.version,
        version=asked_version(if_match, is_required=False),
        actor=actor_of(request),
    )
    return _answer(restored)


def _answer(
    found: DestinationState, *, status_code: int = 200, headers: dict[str, str] | None = None
) -> Response[DestinationState]:
    return Response(
        found,
        status_code=status_code,
        headers={**(headers or {}), "etag": etag(found.version)},
    )
