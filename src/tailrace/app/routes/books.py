"""The ledger and its audit."""

from datetime import UTC, datetime

from litestar import get

from tailrace.app.asking import needs
from tailrace.app.audit import LedgerAnswer, audit
from tailrace.app.moments import moment
from tailrace.app.parts import Given
from tailrace.app.routes.errors import READING
from tailrace.app.routes.parameters import Since, SourceName, Until


@get("/ledger", tags=["ledger"], responses=READING, opt=needs("system:read"))
async def show_ledger(
    parts: Given,
    since: Since = "24h",
    until: Until = "",
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
