"""Insights about visits: who came back, sessions, and what conversions are owed to."""

from typing import Annotated

from litestar import post

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING
from tailrace.app.routes.examples import body
from tailrace.query.insights.attribution import (
    Attribution,
    AttributionPeople,
    AttributionResult,
)
from tailrace.query.insights.behind import PeopleResult
from tailrace.query.insights.retention import Retention, RetentionPeople, RetentionResult
from tailrace.query.insights.sessions import Sessions, SessionsPeople, SessionsResult

_SIGNUP = {"event": "Signup"}
_ORDER = {"event": "Order Completed"}


@post(
    "/insights/retention",
    status_code=200,
    tags=["insights"],
    summary="Ask who came back",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_retention(
    data: Annotated[Retention, body(start=_SIGNUP, unit="week", columns=6, since="90d")],
    parts: Given,
) -> RetentionResult:
    """Return how many of the people who began something came back how much later."""
    return await parts.asking.run(parts.questions.retention, data)


@post(
    "/insights/retention/people",
    status_code=200,
    tags=["insights"],
    summary="List people of a retention cell",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_retention_people(
    data: Annotated[
        RetentionPeople,
        body(
            start=_SIGNUP,
            unit="week",
            columns=6,
            since="2026-11-02",
            at="2026-11-02T00:00:00Z",
            column=1,
        ),
    ],
    parts: Given,
) -> PeopleResult:
    """Return the people of one cell, or those of its cohort who are not in it."""
    return await parts.asking.run(parts.questions.retention_people, data)


@post(
    "/insights/sessions",
    status_code=200,
    tags=["insights"],
    summary="Ask about sessions",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_sessions(
    data: Annotated[Sessions, body(by="channel", since="30d")], parts: Given
) -> SessionsResult:
    """Return how many sessions there were, how long they were, and how many ended at once."""
    return await parts.asking.run(parts.questions.sessions, data)


@post(
    "/insights/sessions/people",
    status_code=200,
    tags=["insights"],
    summary="List people with sessions",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_sessions_people(
    data: Annotated[
        SessionsPeople,
        body(since="2026-11-01", at="2026-11-02T00:00:00Z", by="channel", value="email"),
    ],
    parts: Given,
) -> PeopleResult:
    """Return who had sessions in one interval, or with one value."""
    return await parts.asking.run(parts.questions.sessions_people, data)


@post(
    "/insights/attribution",
    status_code=200,
    tags=["insights"],
    summary="Ask what conversions are owed to",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_attribution(
    data: Annotated[
        Attribution,
        body(
            conversion=_ORDER,
            value="properties.revenue",
            model="linear",
            by=["source", "medium"],
            since="30d",
        ),
    ],
    parts: Given,
) -> AttributionResult:
    """Return which visits conversions are owed to, by where the visits came from."""
    return await parts.asking.run(parts.questions.attribution, data)


@post(
    "/insights/attribution/people",
    status_code=200,
    tags=["insights"],
    summary="List people who converted",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_attribution_people(
    data: Annotated[AttributionPeople, body(conversion=_ORDER, row=["email"], since="30d")],
    parts: Given,
) -> PeopleResult:
    """Return who converted thanks to the touches of one row."""
    return await parts.asking.run(parts.questions.attribution_people, data)
