"""Insights about development: trends, how often people come, and how an audience renews itself."""

from typing import Annotated

from litestar import post

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING
from tailrace.app.routes.examples import body
from tailrace.query.insights.behind import PeopleResult
from tailrace.query.insights.lifecycle import Lifecycle, LifecyclePeople, LifecycleResult
from tailrace.query.insights.stickiness import (
    ActiveRatio,
    ActiveRatioResult,
    Stickiness,
    StickinessPeople,
    StickinessResult,
)
from tailrace.query.insights.trendshapes import TrendPeople, Trends, TrendsResult

_VISITORS = {"measure": "unique", "type": "page"}
_BUYERS = {"measure": "unique", "event": "Order Completed"}


@post(
    "/insights/trends",
    status_code=200,
    tags=["insights"],
    summary="Ask how something develops",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_trends(
    data: Annotated[
        Trends,
        body(
            series=[_VISITORS, _BUYERS],
            formulas=["B / A * 100"],
            interval="week",
            since="90d",
            zone="Europe/Berlin",
            compare="previous",
        ),
    ],
    parts: Given,
) -> TrendsResult:
    """Return lines of events, people, sums and what is calculated from them, by interval."""
    return await parts.asking.run(parts.questions.trends, data)


@post(
    "/insights/trends/people",
    status_code=200,
    tags=["insights"],
    summary="List people behind a point",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_trend_people(
    data: Annotated[
        TrendPeople,
        body(series=[_BUYERS], since="2026-11-01", at="2026-11-02T00:00:00Z", limit=20),
    ],
    parts: Given,
) -> PeopleResult:
    """Return the people of one series in one interval."""
    return await parts.asking.run(parts.questions.trend_people, data)


@post(
    "/insights/stickiness",
    status_code=200,
    tags=["insights"],
    summary="Ask on how many days people come",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_stickiness(
    data: Annotated[Stickiness, body(events={"type": "page"}, since="28d", counted="at_least")],
    parts: Given,
) -> StickinessResult:
    """Return how many people did something in how many intervals."""
    return await parts.asking.run(parts.questions.stickiness, data)


@post(
    "/insights/stickiness/people",
    status_code=200,
    tags=["insights"],
    summary="List people of a stickiness bar",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_stickiness_people(
    data: Annotated[StickinessPeople, body(events={"type": "page"}, since="28d", intervals=7)],
    parts: Given,
) -> PeopleResult:
    """Return the people who did something in so many intervals."""
    return await parts.asking.run(parts.questions.stickiness_people, data)


@post(
    "/insights/active-ratio",
    status_code=200,
    tags=["insights"],
    summary="Ask what part of a month's people come on a day",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_active_ratio(
    data: Annotated[ActiveRatio, body(events={"type": "page"}, since="90d", of="month")],
    parts: Given,
) -> ActiveRatioResult:
    """Return people of each day, of the days before it, and the ratio of their means."""
    return await parts.asking.run(parts.questions.active_ratio, data)


@post(
    "/insights/lifecycle",
    status_code=200,
    tags=["insights"],
    summary="Ask who is new, returns, is back or stays away",
    responses=ASKING,
    opt=needs("events:read"),
)
async def ask_lifecycle(
    data: Annotated[Lifecycle, body(events={"type": "page"}, since="90d", interval="week")],
    parts: Given,
) -> LifecycleResult:
    """Return how many people were in each state in each interval."""
    return await parts.asking.run(parts.questions.lifecycle, data)


@post(
    "/insights/lifecycle/people",
    status_code=200,
    tags=["insights"],
    summary="List people in a lifecycle state",
    responses=ASKING,
    opt=needs("events:read"),
)
async def list_lifecycle_people(
    data: Annotated[
        LifecyclePeople,
        body(
            events={"type": "page"},
            since="2026-11-02",
            interval="week",
            at="2026-11-09T00:00:00Z",
            state="dormant",
        ),
    ],
    parts: Given,
) -> PeopleResult:
    """Return the people who were in a state in one interval."""
    return await parts.asking.run(parts.questions.lifecycle_people, data)
