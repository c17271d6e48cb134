"""Which events there are, and what properties they have."""

from typing import Annotated, Literal

from litestar import get
from litestar.params import PathParameter, QueryParameter

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING, FINDING
from tailrace.app.routes.parameters import Matching, Since, Until
from tailrace.query.insights.explore import (
    EVENTS_MAX,
    ExploredEvents,
    ExploredProperties,
    ExploreEvents,
    ExploreProperties,
)

Name = Annotated[str, QueryParameter(max_length=500, description="A part of an event's name.")]
Zone = Annotated[
    str, QueryParameter(max_length=64, description="Time zone that the days of trends are of.")
]
EventInPath = Annotated[str, PathParameter(min_length=1, max_length=500)]
EventName = Annotated[
    str, QueryParameter(min_length=1, max_length=500, description="The event's name, or a type.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX, description="Most events.")]
Type = Annotated[
    Literal["track", "identify", "page", "screen", "group", "alias"] | None,
    QueryParameter(description="Only events of this type."),
]


@get(
    "/explore/events",
    tags=["questions"],
    summary="List event names",
    responses=ASKING,
    opt=needs("events:read"),
)
async def explore_events(
    parts: Given,
    search: Name = "",
    matching: Matching = "",
    since: Since = "30d",
    until: Until = "now",
    zone: Zone = "UTC",
    limit: Limit = 100,
) -> ExploredEvents:
    """Return which events there are, with how often, by how many people, and over time."""
    question = ExploreEvents(
        search=search, query=matching, since=since, until=until, zone=zone, limit=limit
    )
    return await parts.asking.run(parts.questions.explore_events, question)


@get(
    "/explore/events/{event:str}/properties",
    tags=["questions"],
    summary="List an event's properties",
    responses=FINDING,
    opt=needs("events:read"),
)
async def explore_properties(
    parts: Given,
    event: EventInPath,
    type: Type = None,  # noqa: A002 - the parameter's name
    matching: Matching = "",
    since: Since = "30d",
    until: Until = "now",
) -> ExploredProperties:
    """Return the properties of an event's newest occurrences: types, shares, values, bounds.

    `page`, `screen`, `identify`, `group` and `alias` stand for all events of that type.
    """
    question = ExploreProperties(event=event, type=type, query=matching, since=since, until=until)
    return await parts.asking.run(parts.questions.explore_properties, question)


@get(
    "/explore/properties",
    tags=["questions"],
    summary="List an event's properties by parameter",
    responses=ASKING,
    opt=needs("events:read"),
)
async def explore_properties_by_parameter(
    parts: Given,
    event: EventName,
    type: Type = None,  # noqa: A002 - the parameter's name
    matching: Matching = "",
    since: Since = "30d",
    until: Until = "now",
) -> ExploredProperties:
    """Return the properties of an event; for names that are awkward in a path."""
    question = ExploreProperties(event=event, type=type, query=matching, since=since, until=until)
    return await parts.asking.run(parts.questions.explore_properties, question)
