"""The audit log: what people changed."""

from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter

from tailrace.app.asking import Ask, needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import READING
from tailrace.app.routes.managing import LINK, Cursor, Limit, next_page, read_cursor
from tailrace.control.audit import AuditEntry, audit_page

_ID_PATTERN = r"[0-9]{1,9}"


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
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response[list[AuditEntry]]:
    """Return who changed what, the newest first; the `Link` header leads to the next page."""
    after = read_cursor(cursor, pattern=_ID_PATTERN)
    found = await parts.deciding.run(
        audit_page,
        parts.changes,
        resource=resource,
        before_id=int(after) if after else None,
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].id)) if len(found) > limit else {}
    return Response(shown, headers=headers)
