"""The ledger and its audit."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter

from tailrace.app.audit import LedgerAnswer, audit
from tailrace.app.moments import moment
from tailrace.app.parts import Parts
from tailrace.app.routes.events import SourceName


@get("/ledger", tags=["ledger"])
async def show_ledger(
    parts: Parts,
    since: Annotated[str, Parameter(max_length=64, description="A time or a duration.")] = "24h",
    until: Annotated[str, Parameter(max_length=64, description="A time; now when empty.")] = "",
    source: SourceName = "",
) -> LedgerAnswer:
    """Return the books by source and minute of receipt, checked against what is really there."""
    now = datetime.now(UTC)
    return await parts.reading.run(
        audit,
        parts.log,
        parts.store,
        since=moment(since, name="since", now=now),
        until=moment(until, name="until", now=now),
        source=source,
    )
