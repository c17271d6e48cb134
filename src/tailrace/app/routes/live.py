"""The live stream: server-sent events."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from tailrace.app.asking import Ask, is_still_allowed, needs
from tailrace.app.live import News
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import TOO_MANY, ProblemError
from tailrace.app.routes.errors import READING
from tailrace.app.routes.parameters import SourceName
from tailrace.app.watching import Wish
from tailrace.query.evaluate import matcher
from tailrace.query.reading import Language, read

STATUS_EVERY_S = 5.0
_RETRY_AFTER_S = 10


class LiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the stream says every few seconds, even when nothing arrives."""

    events_per_s: float
    events: int
    skipped: int
    freshness_s: float | None


@get(
    "/live",
    tags=["live"],
    summary="Watch events live",
    media_type="text/event-stream",
    responses=READING,
    opt=needs("events:read"),
)
async def watch_live(
    request: Ask,
    parts: Given,
    source: SourceName = "",
    type: Annotated[  # noqa: A002 - the parameter's name
        str, QueryParameter(max_length=32, description="Only this type of event, such as track.")
    ] = "",
    text: Annotated[
        str, QueryParameter(max_length=500, description="Only events that hold this text.")
    ] = "",
    q: Annotated[
        str, QueryParameter(max_length=8_192, description="Only what this query matches.")
    ] = "",
    language: Annotated[
        Language, QueryParameter(description="Language of the query: lucene (default) or kql.")
    ] = "lucene",
) -> Stream:
    """Stream events as they are stored, those set aside, and the state every 5 s.

    It ends when whoever watches is signed out or may no longer see events.
    """
    question = matcher(read(q, language).tree, now=datetime.now(UTC)) if q.strip() else None
    wish = Wish(source=source, type=type, text=text, question=question)
    if parts.live.is_full:
        raise ProblemError(
            TOO_MANY,
            f"{parts.live.streams_max} live streams are open, which is app.live_streams_max",
            retry_after_s=_RETRY_AFTER_S,
        )
    return Stream(
        _stream(request, parts, wish),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(request: Ask, parts: Parts, wish: Wish) -> AsyncIterator[bytes]:
    """Give the stream's messages until the client or the server goes."""
    if parts.live.is_full:
        return
    watcher = parts.live.watch(wish)
    try:
        status_at = time.monotonic()
        while not parts.live.is_closed:
            if time.monotonic() >= status_at:
                yield await _status(parts, watcher.skipped_in_all)
                status_at += STATUS_EVERY_S
            news = await watcher.news(timeout_s=max(0.01, status_at - time.monotonic()))
            # Somebody who was removed meanwhile sees nothing of what arrives from then on.
            if not await is_still_allowed(request):
                return
            for message in messages(news):
                yield message
    finally:
        parts.live.leave(watcher)


async def _status(parts: Parts, skipped: int) -> bytes:
    stats = await parts.reading.run(parts.numbers.stats)
    beat = parts.pulse.beat()
    status = LiveStatus(
        events_per_s=beat.events_per_s,
        events=stats.rows,
        skipped=skipped,
        freshness_s=beat.freshness_s,
    )
    return _message("status", msgspec.json.encode(status))


def messages(news: News) -> list[bytes]:
    """Return the news as messages of the stream."""
    found = []
    for name, rows, skipped in (
        ("events", news.events, news.skipped),
        ("set_aside", news.set_aside, news.set_aside_skipped),
    ):
        if rows or skipped:
            body = b'{"events":[' + b",".join(rows) + b'],"skipped":%d}' % skipped
            found.append(_message(name, body))
    return found


def _message(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
