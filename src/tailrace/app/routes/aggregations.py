"""Aggregations: metrics and buckets of events, in the shapes of Elasticsearch."""

from typing import Annotated

from litestar import post

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING
from tailrace.app.routes.examples import body
from tailrace.query.aggregations import Aggregate, AggregateResult

_BY_DAY = {
    "by_day": {
        "date_histogram": {"field": "timestamp", "calendar_interval": "1d"},
        "aggs": {"revenue": {"sum": {"field": "properties.revenue"}}},
    }
}


@post(
    "/aggregate",
    status_code=200,
    tags=["questions"],
    summary="Aggregate events",
    responses=ASKING,
    opt=needs("events:read"),
)
async def aggregate(
    data: Annotated[Aggregate, body(query='event:"Order Completed"', since="7d", aggs=_BY_DAY)],
    parts: Given,
) -> AggregateResult:
    """Return metrics and buckets of the matching events, nested as asked for."""
    return await parts.asking.run(parts.questions.aggregate, data)
