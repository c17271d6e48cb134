"""Sources: what people decide about them, and what they sent lately."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from tailrace.addresses import name_in, url_by_name
from tailrace.app.asking import Ask, actor_of, needs, principal_of
from tailrace.app.parts import Given, Parts
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
from tailrace.config import SLUG_PATTERN, Kind
from tailrace.control.shapes import SourceChange, SourceDraft, SourceState, Versioned, Wanted


class SourceAnswer(SourceState, frozen=True, kw_only=True):
    """A source, how to send to it, and what it sent lately."""

    collect_url: str
    events_per_min: float
    events_24h: int
    invalid_24h: int
    last_event_at: datetime | None


@get(
    "/sources",
    tags=["sources"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("sources:read"),
)
async def list_sources(
    request: Ask,
    parts: Given,
    enabled: Annotated[
        bool | None, QueryParameter(description="Only those that are enabled, or disabled.")
    ] = None,
    kind: Annotated[Kind | None, QueryParameter(description="Only this kind.")] = None,
    text: Annotated[
        str,
        QueryParameter(
            max_length=100, pattern=r"^[^\x00]*$", description="Part of the slug or the name."
        ),
    ] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response[list[SourceAnswer]]:
    """Return the sources with their write keys, in order of their slugs.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.sources.page,
        Wanted(enabled=enabled, kind=kind, text=text, slugs=principal_of(request).sources),
        after=read_cursor(cursor, pattern=SLUG_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    answers = await parts.reading.run(_with_traffic, parts, shown, name=_name(request))
    headers = next_page(request, shown[-1].slug) if len(found) > limit else {}
    return Response(answers, headers=headers)


@post(
    "/sources",
    status_code=201,
    tags=["sources"],
    responses=CREATING,
    response_headers=[LOCATION, ETAG],
    opt=needs("sources:write", all_sources=True),
)
async def create_source(
    data: Annotated[
        SourceDraft, body(slug="web-shop", name="Web shop", kind="web", requests_per_s_max=500)
    ],
    request: Ask,
    parts: Given,
    idempotency_key: IdempotencyKey = "",
) -> Response[SourceAnswer]:
    """Make a source with a write key; collectors take its events within two seconds."""
    made = await decide(
        parts,
        parts.sources.create,
        data,
        actor=actor_of(request),
        once=await once_from(request, idempotency_key),
    )
    location = {"location": f"/api/v1/sources/{made.state.slug}"}
    return await _answer(request, parts, made, status_code=201, headers=location)


@get(
    "/sources/{slug:str}",
    tags=["sources"],
    responses=FINDING,
    response_headers=[ETAG],
    opt=needs("sources:read", names_source=True),
)
async def show_source(request: Ask, parts: Given, slug: FromPath[str]) -> Response[SourceAnswer]:
    """Return one source; its `ETag` is what a change of it names."""
    return await _answer(request, parts, await parts.deciding.run(parts.sources.get, slug))


@patch(
    "/sources/{slug:str}",
    tags=["sources"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("sources:write", names_source=True),
)
async def change_source(
    data: Annotated[SourceChange, body(enabled=False)],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    if_match: IfMatch = "",
) -> Response[SourceAnswer]:
    """Change a source; what the body leaves out stays. Holds everywhere within two seconds."""
    changed = await decide(
        parts,
        parts.sources.change,
        slug,
        data,
        version=asked_version(if_match, is_required=True),
        actor=actor_of(request),
    )
    return await _answer(request, parts, changed)


@delete(
    "/sources/{slug:str}",
    status_code=204,
    tags=["sources"],
    responses=DELETING,
    opt=needs("sources:write", all_sources=True),
)
async def delete_source(
    request: Ask, parts: Given, slug: FromPath[str], if_match: IfMatch = ""
) -> None:
    """Delete a source and disable its write keys; its events stay, and so does its slug."""
    await decide(
        parts,
        parts.sources.delete,
        slug,
        version=asked_version(if_match, is_required=False),
        actor=actor_of(request),
    )


async def _answer(
    request: Ask,
    parts: Parts,
    found: Versioned,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[SourceAnswer]:
    [answer] = await parts.reading.run(_with_traffic, parts, [found.state], name=_name(request))
    return Response(
        answer,
        status_code=status_code,
        headers={**(headers or {}), "etag": etag(found.version)},
    )


def _with_traffic(parts: Parts, found: list[SourceState], *, name: str) -> list[SourceAnswer]:
    collect = parts.config.collect
    collect_url = url_by_name(collect.host, collect.port, name=name)
    return [
        SourceAnswer(
            **msgspec.structs.asdict(state),
            **msgspec.structs.asdict(parts.numbers.traffic(state.slug)),
            collect_url=collect_url,
        )
        for state in found
    ]


def _name(request: Ask) -> str:
    """Return the name by which the caller reached this machine."""
    return name_in(request.headers.get("host", ""))
