"""The audit log: what people changed."""

from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter

from tailrace.app.asking import Ask, needs
from tailrace.app.moments import moment
from tailrace.app.parts import Given
from tailrace.app.routes.errors import READING
from tailrace.app.routes.managing import LINK, Cursor, Limit, next_page, read_cursor
from tailrace.control.audit import AuditEntry, WantedEntries, audit_page
from tailrace.control.changes import utc_now

_ID_PATTERN = r"[0-9]{1,9}"
_TIMES = "a time such as 2026-03-10T12:30:00Z, or a duration before now such as 24h."


@get(
    "/audit-log",
    tags=["audit"],
    responses=READING,
    response_headers=[LINK],
    opt=needs("audit:read"),
)
async def list_changes(
    request: Ask,
    parts: Given,
    resource: Annotated[
        str,
        QueryParameter(
            max_length=200,
            pattern=r"^[^\x00]*$",
            description="Only this resource and what is below it, such as sources/web.",
        ),
    ] = "",
    actor: Annotated[
        str,
        QueryParameter(
            max_length=200, pattern=r"^[^\x00]*$", description="Only what they changed."
        ),
    ] = "",
    action: Annotated[
        str,
        QueryParameter(
            max_length=40,
            pattern=r"^[a-z.-]*$",
            description="Only this action, such as source.create, or with a dot at the end those "
            "that begin with it, such as source.",
        ),
    ] = "",
    since: Annotated[str, QueryParameter(max_length=100, description=f"From then on: {_TIMES}")] = (
        ""
    ),
    until: Annotated[str, QueryParameter(max_length=100, description=f"Before: {_TIMES}")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response[list[AuditEntry]]:
    """Return who changed what, the newest first; the `Link` header leads to the next page."""
    after = read_cursor(cursor, pattern=_ID_PATTERN)
    now = utc_now()
    found = await parts.deciding.run(
        audit_page,
        parts.changes,
        WantedEntries(
            resource=resource,
            actor=actor,
            action=action,
            since=moment(since, name="since", now=now) if since else None,
            until=moment(until, name="until", now=now) if until else None,
        ),
        before_id=int(after) if after else None,
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].id)) if len(found) > limit else {}
    return Response(shown, headers=headers)
