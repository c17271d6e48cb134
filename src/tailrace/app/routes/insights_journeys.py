"""Funnels, paths and experiments; what they mean is decided in `tailrace.query.insights`."""

from typing import Annotated

from litestar import post

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING
from tailrace.app.routes.examples import body
from tailrace.query.insights.behind import PeopleResult
from tailrace.query.insights.experimentshapes import (
    Experiment,
    ExperimentResult,
    SampleSize,
    SampleSizeResult,
)
from tailrace.query.insights.funnelshapes import Funnel, FunnelPeople, FunnelResult
from tailrace.query.insights.pathshapes import Paths, PathsPeople, PathsResult

_STEPS = [{"event": "Product Viewed"}, {"event": "Product Added"}, {"event": "Order Completed"}]


@post(
    "/insights/funnel",
    status_code=200,
    tags=["insights"],
    summary="Ask for a funnel",
    responses=ASKING,
    opt=needs("events:read"),
)
async def funnel(
    data: Annotated[Funnel, body(steps=_STEPS, window=7, by="device", times=True)], parts: Given
) -> FunnelResult:
    """Return how many people did each step after the ones before, within a window."""
    return await parts.asking.run(parts.questions.funnel, data)


@post(
    "/insights/funnel/people",
    status_code=200,
    tags=["insights"],
    summary="Show the people behind a funnel's bar",
    responses=ASKING,
    opt=needs("events:read"),
)
async def funnel_people(
    data: Annotated[FunnelPeople, body(steps=_STEPS, reached=2, dropped=True)], parts: Given
) -> PeopleResult:
    """Return people who reached a step, or who went no further."""
    return await parts.asking.run(parts.questions.funnel_people, data)


@post(
    "/insights/paths",
    status_code=200,
    tags=["insights"],
    summary="Ask for paths",
    responses=ASKING,
    opt=needs("events:read"),
)
async def paths(
    data: Annotated[Paths, body(items="pages", rules=[{"wildcard": "/products/*"}], start="/")],
    parts: Given,
) -> PathsResult:
    """Return which item follows which within sessions, step by step."""
    return await parts.asking.run(parts.questions.paths, data)


@post(
    "/insights/paths/people",
    status_code=200,
    tags=["insights"],
    summary="Show the people behind a path",
    responses=ASKING,
    opt=needs("events:read"),
)
async def paths_people(
    data: Annotated[PathsPeople, body(items="pages", step=1, item="/", next="/sale")],
    parts: Given,
) -> PeopleResult:
    """Return people who had an item at a step, and went on to the next one or ended there."""
    return await parts.asking.run(parts.questions.paths_people, data)


@post(
    "/insights/experiment",
    status_code=200,
    tags=["insights"],
    summary="Compare variants",
    responses=ASKING,
    opt=needs("events:read"),
)
async def experiment(
    data: Annotated[
        Experiment,
        body(
            exposure={"event": "Experiment Viewed"},
            variant="properties.variant",
            control="old",
            metrics=[{"kind": "conversion", "events": {"event": "Order Completed"}}],
            people_planned=6510,
        ),
    ],
    parts: Given,
) -> ExperimentResult:
    """Return how people did who saw each variant, against the control."""
    return await parts.asking.run(parts.questions.experiment, data)


@post(
    "/insights/sample-size",
    status_code=200,
    tags=["insights"],
    summary="Plan an experiment's size",
    responses=ASKING,
    opt=needs("events:read"),
)
async def sample_size(
    data: Annotated[SampleSize, body(rate=0.2, difference=0.02)], parts: Given
) -> SampleSizeResult:
    """Return how many people an experiment needs to see a difference."""
    return parts.questions.sample_size(data)
