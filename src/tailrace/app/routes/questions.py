"""Questions to the store; what they mean is decided in `tailrace.query`."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import UNSET

from tailrace.app.asking import Ask, needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import ASKING, FINDING
from tailrace.app.routes.events import id_in_path
from tailrace.app.routes.examples import body
from tailrace.app.routes.parameters import MessageId, Since, SourceName, Until
from tailrace.event import kept_message_id
from tailrace.query import (
    EventOut,
    Fields,
    Histogram,
    HistogramResult,
    Search,
    SearchResult,
    Sql,
    SqlPlan,
    SqlResult,
    Values,
    ValuesResult,
)

_EVENTS_BY_NAME = body(
    sql="SELECT event, count() AS n FROM events WHERE source = {source:String} "
    "GROUP BY event ORDER BY n DESC LIMIT 10",
    parameters={"source": "default"},
)
_LARGE_ORDERS = 'event:"Order Completed" AND properties.revenue:>50'


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One event, and its JSON exactly as the client sent it."""

    event: EventOut
    original: str


@post(
    "/search",
    status_code=200,
    tags=["questions"],
    summary="Search events",
    responses=ASKING,
    opt=needs("events:read"),
)
async def search(
    data: Annotated[Search, body(query=_LARGE_ORDERS, since="7d", limit=20)], parts: Given
) -> SearchResult:
    """Return one page of the events that match a query, and how many match in all."""
    return await parts.asking.run(parts.questions.search, data)


@post(
    "/histogram",
    status_code=200,
    tags=["questions"],
    summary="Count events over time",
    responses=ASKING,
    opt=needs("events:read"),
)
async def histogram(
    data: Annotated[Histogram, body(query=_LARGE_ORDERS, since="7d", by="type")], parts: Given
) -> HistogramResult:
    """Return how many of the matching events happened when."""
    return await parts.asking.run(parts.questions.histogram, data)


@post(
    "/values",
    status_code=200,
    tags=["questions"],
    summary="Count values of a field",
    responses=ASKING,
    opt=needs("events:read"),
)
async def values(
    data: Annotated[Values, body(field="properties.currency", since="7d")], parts: Given
) -> ValuesResult:
    """Return the commonest values of a field among the matching events."""
    return await parts.asking.run(parts.questions.values, data)


@get("/fields", tags=["questions"], responses=ASKING, opt=needs("events:read"))
async def list_fields(parts: Given, since: Since = "24h", until: Until = "now") -> Fields:
    """Return what may be searched, as found in a sample of the newest events."""
    return await parts.asking.run(parts.questions.fields, since, until)


@post(
    "/sql",
    status_code=200,
    tags=["questions"],
    summary="Ask in SQL",
    responses=ASKING,
    opt=needs("events:read"),
)
async def sql(
    data: Annotated[Sql, _EVENTS_BY_NAME],
    parts: Given,
) -> SqlResult:
    """Return the rows of one read-only SELECT on the views `events`, `users` and others."""
    return await parts.asking.run(parts.questions.sql, data)


@post(
    "/sql/csv",
    status_code=200,
    tags=["questions"],
    summary="Download rows of SQL",
    media_type="text/csv",
    responses=ASKING,
    opt=needs("events:read"),
)
async def sql_csv(data: Annotated[Sql, _EVENTS_BY_NAME], parts: Given) -> Response[bytes]:
    """Return the rows of one read-only SELECT as comma-separated values, names in the first line.

    More rows come in this form than as JSON (`query.download_rows_max`).
    """
    body_of_rows = await parts.asking.run(parts.questions.sql_csv, data)
    return Response(
        body_of_rows,
        media_type="text/csv; charset=utf-8; header=present",
        headers={"content-disposition": 'attachment; filename="rows.csv"'},
    )


@post(
    "/sql/explain",
    status_code=200,
    tags=["questions"],
    summary="Explain SQL",
    responses=ASKING,
    opt=needs("events:read"),
)
async def explain_sql(data: Annotated[Sql, _EVENTS_BY_NAME], parts: Given) -> SqlPlan:
    """Return how many rows one SELECT would read, whether it may, and the engine's plan."""
    return await parts.asking.run(parts.questions.explain_sql, data)


@get(
    "/events/{message_id:path}",
    tags=["events"],
    summary="Show an event",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_event_by_path(
    request: Ask, parts: Given, message_id: FromPath[str], source: SourceName = ""
) -> EventAnswer:
    """Return one event as stored and as sent."""
    return await _event(parts, id_in_path(request, "/api/v1/events/"), source)


@get(
    "/event",
    tags=["events"],
    summary="Show an event by parameter",
    responses=FINDING,
    opt=needs("events:read"),
)
async def show_event_by_parameter(
    parts: Given, message_id: MessageId, source: SourceName = ""
) -> EventAnswer:
    """Return one event as stored and as sent; for ids that are awkward in a path."""
    return await _event(parts, message_id, source)


async def _event(parts: Parts, message_id: str, source: str) -> EventAnswer:
    found = await parts.asking.run(
        parts.questions.event, kept_message_id(message_id), source or None
    )
    if found is None:
        raise ProblemError(
            NOT_FOUND,
            f"no event with the id '{message_id[:200]}' is stored; its trace tells whether it was "
            "received",
        )
    original = found.original if isinstance(found.original, str) else ""
    return EventAnswer(event=msgspec.structs.replace(found, original=UNSET), original=original)
