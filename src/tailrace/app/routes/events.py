"""One event: as stored, as sent, and its story; and the events that were set aside."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter

from tailrace.app.asking import Ask, needs
from tailrace.app.moments import moment
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import FINDING, READING
from tailrace.app.routes.parameters import MessageId, Since, SourceName, Until
from tailrace.app.set_aside import LIMIT_MAX, SetAsidePage, list_set_aside
from tailrace.app.trace import TraceAnswer, Tracer
from tailrace.app.trace_deliveries import traced_deliveries
from tailrace.deliver.engine import state_path


@get(
    "/trace/{message_id:path}",
    tags=["events"],
    summary="Trace an event",
    responses=FINDING,
    opt=needs("events:read"),
)
async def trace_by_path(
    request: Ask, parts: Given, message_id: FromPath[str], source: SourceName = ""
) -> TraceAnswer:
    """Tell what became of one event."""
    return await _trace(parts, id_in_path(request, "/api/v1/trace/"), source)


@get(
    "/trace",
    tags=["events"],
    summary="Trace an event by parameter",
    responses=FINDING,
    opt=needs("events:read"),
)
async def trace_by_parameter(
    parts: Given, message_id: MessageId, source: SourceName = ""
) -> TraceAnswer:
    """Tell what became of one event; for ids that are awkward in a path."""
    return await _trace(parts, message_id, source)


@get(
    "/set-aside",
    tags=["events"],
    summary="List set-aside events",
    responses=READING,
    opt=needs("events:read"),
)
async def show_set_aside(
    parts: Given,
    since: Since = "24h",
    until: Until = "",
    source: SourceName = "",
    outcome: Annotated[
        str,
        QueryParameter(pattern="^(|invalid|duplicate)$", description="Only this; both when empty."),
    ] = "",
    limit: Annotated[
        int, QueryParameter(ge=1, le=LIMIT_MAX, description="Most that one page holds.")
    ] = 50,
    cursor: Annotated[
        str, QueryParameter(max_length=200, description="Where to go on; the page before has it.")
    ] = "",
) -> SetAsidePage:
    """Return events that went no further, with their reasons, newest first."""
    now = datetime.now(UTC)
    return await parts.asking.run(
        list_set_aside,
        parts.store,
        since=moment(since, name="since", now=now),
        until=moment(until, name="until", now=now),
        source=source,
        outcome=outcome,
        limit=limit,
        cursor=cursor,
        limits=parts.config.query,
    )


async def _trace(parts: Parts, message_id: str, source: str) -> TraceAnswer:
    tracer = Tracer(parts.log, parts.store, sources=parts.following.workspace.sources)
    answer = await parts.reading.run(tracer.trace, message_id, source=source)
    if not answer.steps:
        raise ProblemError(
            NOT_FOUND,
            f"no event with the id '{message_id[:200]}' was seen in what was looked at",
            facts={"looked_at": answer.looked_at},
        )
    files = [
        (each.slug, state_path(parts.config, each.slug))
        for each in parts.following.workspace.destinations
    ]
    if not files:
        return answer
    deliveries, looked_at = await parts.reading.run(traced_deliveries, answer.message_id, files)
    return msgspec.structs.replace(
        answer, deliveries=deliveries, looked_at=[*answer.looked_at, looked_at]
    )


def id_in_path(request: Ask, prefix: str) -> str:
    """Return the id as it was sent: slashes, doubled or at the end, belong to it."""
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    return unquote(raw_path.decode("latin-1").split("?", 1)[0].removeprefix(prefix))
