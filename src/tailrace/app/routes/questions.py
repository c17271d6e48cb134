"""Questions to the store; what they mean is decided in `tailrace.query`."""

from litestar import post

from tailrace.app.parts import Parts
from tailrace.query import Search, SearchAnswer


@post("/search", status_code=200, tags=["questions"])
async def search(data: Search, parts: Parts) -> SearchAnswer:
    """Return the events that match a query."""
    return await parts.asking.run(parts.questions.search, data)
