"""Help with a query while it is written: what it will match, and what may come next."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from litestar import post

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import ASKING
from tailrace.app.routes.examples import body
from tailrace.query.completing import Complete, Completed
from tailrace.query.explaining import Explain, Explained, explain


@post(
    "/query/explain",
    status_code=200,
    tags=["questions"],
    summary="Explain a query",
    responses=ASKING,
    opt=needs("events:read"),
)
async def explain_query(
    data: Annotated[Explain, body(query="event:Signup OR event:Login AND is_bot:false")],
    parts: Given,
) -> Explained:
    """Return what a query will match, or what is wrong with it; it need not be valid."""
    return await parts.reading.run(partial(explain, data, now=datetime.now(UTC)))


@post(
    "/query/complete",
    status_code=200,
    tags=["questions"],
    summary="Complete a query",
    responses=ASKING,
    opt=needs("events:read"),
)
async def complete_query(
    data: Annotated[Complete, body(query='event:"Ord', position=10, since="7d")],
    parts: Given,
) -> Completed:
    """Return what may be written at a position: fields, values of a field, operators."""
    return await parts.asking.run(parts.questions.complete, data)
