"""How deliveries to all destinations stand, in one answer for whoever looks after them."""

import functools
import logging
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from tailrace.app.asking import Ask, needs
from tailrace.app.parts import Given, Parts
from tailrace.app.routes.errors import READING
from tailrace.app.routes.managing import LINK, Cursor, next_page, read_cursor
from tailrace.config import SLUG_PATTERN
from tailrace.control.destination_shapes import DestinationState, WantedDestinations
from tailrace.deliver.engine import state_path
from tailrace.deliver.looking import DeliverySummary, summary
from tailrace.errors import TailraceError
from tailrace.log import EVENTS

_logger: Final = logging.getLogger(__name__)
_PAGE = Annotated[int, QueryParameter(ge=1, le=200, description="Most that one page holds.")]


class DestinationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A destination, and how deliveries to it stand; null where that cannot be read."""

    slug: str
    name: str
    type: str
    enabled: bool
    delivery: DeliverySummary | None


@get(
    "/deliveries",
    tags=["deliveries"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def list_deliveries(
    request: Ask,
    parts: Given,
    text: Annotated[
        str,
        QueryParameter(
            max_length=100, pattern=r"^[^\x00]*$", description="Part of the slug or the name."
        ),
    ] = "",
    limit: _PAGE = 50,
    cursor: Cursor = "",
) -> Response[list[DestinationSummary]]:
    """Return how deliveries to each destination stand, in order of their slugs.

    Where there are more, the `Link` header leads to the next page.
    """
    found = await parts.deciding.run(
        parts.destinations.page,
        WantedDestinations(text=text),
        after=read_cursor(cursor, pattern=SLUG_PATTERN),
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, shown[-1].slug) if len(found) > limit else {}
    return Response(await parts.reading.run(_summaries, parts, shown), headers=headers)


def _summaries(parts: Parts, destinations: Sequence[DestinationState]) -> list[DestinationSummary]:
    extents = parts.log.extents(EVENTS) if destinations else {}
    refined = functools.cache(parts.log.refined_since)
    found = []
    for each in destinations:
        delivery = None
        try:
            delivery = summary(
                state_path(parts.config, each.slug),
                is_enabled=each.enabled,
                version=each.version,
                extents=extents,
                refined=refined,
            )
        except TailraceError as error:
            # One file that cannot be read hides no other destination.
            _logger.warning("no summary of destination %s: %s", each.slug, error)
        found.append(
            DestinationSummary(
                slug=each.slug,
                name=each.name,
                type=each.type,
                enabled=each.enabled,
                delivery=delivery,
            )
        )
    return found
