"""Sessions out of events, as SQL: what an actor did without a long break."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Scope
from tailrace.query.insights.breakdowns import FieldName, value_sql
from tailrace.query.insights.channels import TOUCH, touch_sql
from tailrace.query.rows import POSITION
from tailrace.query.times import from_ms

CAP_MS: Final = 86_400_000
"""A session is cut so long after its first event, and again after as long."""

GapMinutes = Annotated[
    int, Meta(ge=1, le=1_440, description="A longer break than this begins a new session.")
]
SessionField = Annotated[
    FieldName, Meta(description="A field with the client's own session id, used where it is sent.")
]
PAGE: Final = (
    "if(type IN ('page', 'screen'), multiIf("
    "ifNull(context_fields.page.path, '') != '', assumeNotNull(context_fields.page.path), "
    "ifNull(context_fields.page.url, '') != '', path(assumeNotNull(context_fields.page.url)), "
    "name), '')"
)
"""SQL for the page of a page view or screen, '' for other events."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session; source, campaign, channel and device are those of its first event.

    `entry_page` and `exit_page` are of its first and last page view.
    """

    started_at: datetime
    ended_at: datetime
    duration_s: float
    events: int
    pages: int
    entry_page: str
    exit_page: str
    source: str
    medium: str
    campaign: str
    channel: str
    device: str
    session_id: str


SESSION_COLUMNS: Final = (
    "start_ms",
    "end_ms",
    "events",
    "pages",
    "entry_page",
    "exit_page",
    "source",
    "medium",
    "campaign",
    "channel",
    "device",
    "session_id",
)


def session_of(row: Sequence[Any]) -> Session:
    """Return the session of a row of `SESSION_COLUMNS`."""
    start_ms, end_ms, events, pages, *texts = row
    names = SESSION_COLUMNS[4:]
    return Session(
        started_at=from_ms(int(start_ms)),
        ended_at=from_ms(int(end_ms)),
        duration_s=(int(end_ms) - int(start_ms)) / 1000,
        events=int(events),
        pages=int(pages),
        **dict(zip(names, map(str, texts), strict=True)),
    )


def cuts_sql(times: str, gap_ms: int) -> str:
    """Return SQL for an array that is 1 where an event begins a session, the first one always.

    `times` is SQL for the milliseconds of one actor's events, ascending. An event begins a session
    after a longer break than `gap_ms`, and where whole caps have passed since the last such event.
    """
    begins = (
        f"arrayMap((d, i) -> toUInt8(i = 1 OR d > {gap_ms}), arrayDifference({times}), "
        f"arrayEnumerate({times}))"
    )
    since = f"arrayFill((t, b) -> b, {times}, {begins})"
    caps = f"arrayMap((t, s) -> intDiv(t - s, {CAP_MS}), {times}, {since})"
    return f"arrayMap((b, d) -> toUInt8(b OR d != 0), {begins}, arrayDifference({caps}))"


def sessions_sql(
    scope: Scope,
    *,
    gap_minutes: int,
    session_field: str | None,
    columns: Sequence[str],
    since_ms: int,
    until_ms: int,
    where: str = "1",
) -> str:
    """Return SQL for sessions that begin in the time given: `who` and some `SESSION_COLUMNS`.

    They are looked for from a cap before to a cap after that time. Where `session_field` has a
    value, the events of an actor with that value are one session, whatever the breaks.
    """
    binder = scope.binder
    parts = {"ms": INSTANT, "is_page": "toUInt8(type IN ('page', 'screen'))"}
    if set(columns) & {"entry_page", "exit_page", "device", *_TOUCHED}:
        parts |= {"raw_partition": POSITION[0], "raw_offset": POSITION[1], "raw_index": POSITION[2]}
        parts["is_page"] = parts.pop("is_page")
    if set(columns) & {"entry_page", "exit_page"}:
        parts["page"] = PAGE
    if "device" in columns:
        parts["device"] = "toString(device)"
    if set(columns) & set(_TOUCHED):
        parts["touch"] = touch_sql(binder)
    number = {name: place for place, name in enumerate(parts, start=1)}
    session_id = "''"
    if session_field is not None:
        session_id = value_sql(session_field, binder, scope.notes)
    within = scope.within(since_ms=since_ms - CAP_MS, until_ms=until_ms + CAP_MS)
    grouped = (
        f"SELECT {scope.actor} AS who, {session_id} AS session_id, "
        f"arraySort(groupArray(({', '.join(parts.values())}))) AS sorted, "
        f"arrayMap(e -> e.1, sorted) AS times, "
        f"if(session_id = '', {cuts_sql('times', gap_minutes * 60_000)}, "
        "arrayMap(e -> toUInt8(0), times)) AS cuts "
        f"FROM {TABLE} WHERE {within} AND {where} AND who != 0 GROUP BY who, session_id"
    )
    pages = f"arrayFilter(e -> e.{number['is_page']}, session)"
    expressions = {
        "start_ms": "session[1].1",
        "end_ms": "session[-1].1",
        "events": "length(session)",
        "pages": f"arrayCount(e -> e.{number['is_page']}, session)",
        "session_id": "session_id",
    }
    if "page" in number:
        expressions["entry_page"] = f"{pages}[1].{number['page']}"
        expressions["exit_page"] = f"{pages}[-1].{number['page']}"
    if "device" in number:
        expressions["device"] = f"session[1].{number['device']}"
    if "touch" in number:
        for name, place in _TOUCHED.items():
            expressions[name] = f"session[1].{number['touch']}.{place}"
    selected = ", ".join(
        f"{expressions[name]} AS {name}" for name in columns if name != "session_id"
    )
    named = ", session_id" if "session_id" in columns else ""
    start = "session[1].1"
    return (
        f"SELECT who{named}, {selected} FROM ({grouped}) "
        "ARRAY JOIN arraySplit((e, c) -> c, sorted, cuts) AS session "
        f"WHERE {start} >= {binder.number(since_ms)} AND {start} < {binder.number(until_ms)}"
    )


_TOUCHED: Final = {
    "source": TOUCH.source,
    "medium": TOUCH.medium,
    "campaign": TOUCH.campaign,
    "channel": TOUCH.channel,
}
