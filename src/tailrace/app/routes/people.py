"""People and groups: how to find them, who they are, what they did."""

from typing import Annotated, Final, TypeVar

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter

from tailrace.app.asking import needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import ASKING, FINDING
from tailrace.app.routes.parameters import Matching, Since, Until
from tailrace.query.insights.subjects import EVER, Kind
from tailrace.query.insights.timeline import (
    PeopleFound,
    PeopleSearch,
    Profile,
    SessionsOf,
    Timeline,
    TimelineResult,
)

Text = Annotated[
    str,
    QueryParameter(max_length=500, description="A part of an id, or of the trait email or name."),
]
PageSize = Annotated[int, QueryParameter(ge=1, le=200, description="Most that come at once.")]
Cursor = Annotated[
    str,
    QueryParameter(max_length=1_500, description="Where to go on: `cursor` of the page before."),
]
IdInPath = Annotated[str, PathParameter(min_length=1, max_length=4_096)]
UserId = Annotated[
    str,
    QueryParameter(min_length=1, max_length=4_096, description="Any id of the person."),
]
GroupId = Annotated[
    str, QueryParameter(min_length=1, max_length=4_096, description="The group's id.")
]
Found = TypeVar("Found")


def wanted_people(
    search: Text = "",
    matching: Matching = "",
    since: Since = "90d",
    until: Until = "now",
    limit: PageSize = 50,
) -> PeopleSearch:
    """Return the search that the parameters ask for."""
    return PeopleSearch(search=search, query=matching, since=since, until=until, limit=limit)


def wanted_timeline(
    matching: Matching = "",
    since: Since = EVER,
    until: Until = "now",
    limit: PageSize = 50,
    cursor: Cursor = "",
) -> Timeline:
    """Return the page of a timeline that the parameters ask for."""
    return Timeline(query=matching, since=since, until=until, limit=limit, cursor=cursor or None)


GIVE_PEOPLE: Final = Provide(wanted_people, sync_to_thread=False)
"""Gives a route the argument `wanted`."""
GIVE_TIMELINE: Final = Provide(wanted_timeline, sync_to_thread=False)
"""Gives a route the argument `timeline`."""


@get(
    "/users",
    tags=["people"],
    summary="Search users",
    responses=ASKING,
    dependencies={"wanted": GIVE_PEOPLE},
    opt=needs("events:read"),
)
async def search_users(parts: Given, wanted: NamedDependency[PeopleSearch]) -> PeopleFound:
    """Return people by a part of an id, of their e-mail address or name, or by what they did."""
    return await parts.asking.run(parts.questions.find_people, "person", wanted)


@get(
    "/users/{user_id:str}",
    tags=["people"],
    summary="Show a user",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_user(parts: Given, user_id: IdInPath) -> Profile:
    """Return what is known of a person, by any of their ids."""
    return await _profile(parts, "person", user_id)


@get(
    "/users/{user_id:str}/events",
    tags=["people"],
    summary="List a user's events",
    responses=FINDING,
    dependencies={"timeline": GIVE_TIMELINE},
    opt=needs("events:read"),
)
async def list_user_events(
    parts: Given, user_id: IdInPath, timeline: NamedDependency[Timeline]
) -> TimelineResult:
    """Return what a person did, newest first, grouped by session, page by page."""
    return await _timeline(parts, "person", user_id, timeline)


@get(
    "/users/{user_id:str}/sessions",
    tags=["people"],
    summary="List a user's sessions",
    responses=FINDING,
    opt=needs("events:read"),
)
async def list_user_sessions(
    parts: Given,
    user_id: IdInPath,
    since: Since = "90d",
    until: Until = "now",
    limit: PageSize = 50,
) -> SessionsOf:
    """Return a person's sessions, newest first."""
    return await _sessions(parts, "person", user_id, since=since, until=until, limit=limit)


@get(
    "/groups",
    tags=["people"],
    summary="Search groups",
    responses=ASKING,
    dependencies={"wanted": GIVE_PEOPLE},
    opt=needs("events:read"),
)
async def search_groups(parts: Given, wanted: NamedDependency[PeopleSearch]) -> PeopleFound:
    """Return groups (accounts) by a part of their id or name, or by what happened in them."""
    return await parts.asking.run(parts.questions.find_people, "group", wanted)


@get(
    "/groups/{group_id:str}",
    tags=["people"],
    summary="Show a group",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_group(parts: Given, group_id: IdInPath) -> Profile:
    """Return what is known of a group, with the members seen last."""
    return await _profile(parts, "group", group_id)


@get(
    "/groups/{group_id:str}/events",
    tags=["people"],
    summary="List a group's events",
    responses=FINDING,
    dependencies={"timeline": GIVE_TIMELINE},
    opt=needs("events:read"),
)
async def list_group_events(
    parts: Given, group_id: IdInPath, timeline: NamedDependency[Timeline]
) -> TimelineResult:
    """Return what happened in a group, newest first, page by page."""
    return await _timeline(parts, "group", group_id, timeline)


@get(
    "/user",
    tags=["people"],
    summary="Show a user by parameter",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_user_by_parameter(parts: Given, user_id: UserId) -> Profile:
    """Return what is known of a person; for ids that are awkward in a path."""
    return await _profile(parts, "person", user_id)


@get(
    "/user/events",
    tags=["people"],
    summary="List a user's events by parameter",
    responses=FINDING,
    dependencies={"timeline": GIVE_TIMELINE},
    opt=needs("events:read"),
)
async def list_user_events_by_parameter(
    parts: Given, user_id: UserId, timeline: NamedDependency[Timeline]
) -> TimelineResult:
    """Return what a person did, newest first; for ids that are awkward in a path."""
    return await _timeline(parts, "person", user_id, timeline)


@get(
    "/user/sessions",
    tags=["people"],
    summary="List a user's sessions by parameter",
    responses=FINDING,
    opt=needs("events:read"),
)
async def list_user_sessions_by_parameter(
    parts: Given,
    user_id: UserId,
    since: Since = "90d",
    until: Until = "now",
    limit: PageSize = 50,
) -> SessionsOf:
    """Return a person's sessions, newest first; for ids that are awkward in a path."""
    return await _sessions(parts, "person", user_id, since=since, until=until, limit=limit)


@get(
    "/group",
    tags=["people"],
    summary="Show a group by parameter",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_group_by_parameter(parts: Given, group_id: GroupId) -> Profile:
    """Return what is known of a group; for ids that are awkward in a path."""
    return await _profile(parts, "group", group_id)


@get(
    "/group/events",
    tags=["people"],
    summary="List a group's events by parameter",
    responses=FINDING,
    dependencies={"timeline": GIVE_TIMELINE},
    opt=needs("events:read"),
)
async def list_group_events_by_parameter(
    parts: Given, group_id: GroupId, timeline: NamedDependency[Timeline]
) -> TimelineResult:
    """Return what happened in a group, newest first; for ids that are awkward in a path."""
    return await _timeline(parts, "group", group_id, timeline)


async def _profile(parts: Parts, kind: Kind, name: str) -> Profile:
    return _known(await parts.asking.run(parts.questions.profile, kind, name), kind, name)


async def _timeline(parts: Parts, kind: Kind, name: str, question: Timeline) -> TimelineResult:
    found = await parts.asking.run(parts.questions.timeline, kind, name, question)
    return _known(found, kind, name)


async def _sessions(
    parts: Parts, kind: Kind, name: str, *, since: str, until: str, limit: int
) -> SessionsOf:
    found = await parts.asking.run(
        parts.questions.sessions_of, kind, name, since=since, until=until, limit=limit
    )
    return _known(found, kind, name)


def _known(found: Found | None, kind: Kind, name: str) -> Found:
    if found is None:
        known_by = "user, anonymous or previous id" if kind == "person" else "group id"
        raise ProblemError(NOT_FOUND, f"no event has the {known_by} '{name[:200]}'")
    return found
