"""Sessions out of events, as SQL: what an actor did without a long break."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Scope
from tailrace.query.insights.breakdowns import FieldName, value_sql
from tailrace.query.insights.channels import TOUCH, TOUCH_INPUTS, touch_sql
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

    Every event's part in the columns is held in memory: for those of many people, only columns
    that are numbers, and `by_event_sql` for one more.
    """
    parts = {"ms": INSTANT, "is_page": _IS_PAGE}
    if set(columns) - _NUMBERS:
        # Events of one instant are in the order in which they came.
        parts = {"ms": INSTANT, **{name: name for name in POSITION}, "is_page": _IS_PAGE}
    if set(columns) & {"entry_page", "exit_page"}:
        parts["page"] = PAGE
    if "device" in columns:
        parts["device"] = "toString(device)"
    inputs = ""
    if set(columns) & set(_TOUCHED):
        parts["touch"] = touch_sql(scope.binder)
        inputs = f", {TOUCH_INPUTS}"
    number = {name: place for place, name in enumerate(parts, start=1)}
    session_id = "''"
    if session_field is not None:
        session_id = value_sql(session_field, scope.binder, scope.notes)
    within = scope.within(since_ms=since_ms - CAP_MS, until_ms=until_ms + CAP_MS)
    events = (
        f"SELECT {scope.actor} AS who, {session_id} AS visit, ({', '.join(parts.values())}) AS part"
        f"{inputs} FROM {TABLE} WHERE {within} AND {where} AND who != 0"
    )
    grouped = (
        "SELECT who, visit, arraySort(groupArray(part)) AS sorted, "
        "arrayMap(e -> e.1, sorted) AS times, "
        f"if(visit = '', {cuts_sql('times', gap_minutes * 60_000)}, "
        f"arrayMap(e -> toUInt8(0), times)) AS cuts FROM ({events}) GROUP BY who, visit"
    )
    expressions = _expressions(number)
    selected = ", ".join(f"{expressions[name]} AS {name}" for name in columns)
    start = "session[1].1"
    return (
        f"SELECT who, {selected} FROM ({grouped}) "
        "ARRAY JOIN arraySplit((e, c) -> c, sorted, cuts) AS session "
        f"WHERE {start} >= {scope.binder.number(since_ms)} "
        f"AND {start} < {scope.binder.number(until_ms)}"
    )


def by_event_sql(
    scope: Scope,
    name: str,
    *,
    gap_minutes: int,
    session_field: str | None,
    since_ms: int,
    until_ms: int,
) -> str:
    """Return SQL for sessions: `who`, the columns that are numbers, and one text by its name.

    The text is read from the one event of each session that has it, so that nothing but numbers of
    the others is held in memory.
    """
    of_event = {"entry_page": "first_page", "exit_page": "last_page"}.get(name, "start")
    sessions = sessions_sql(
        scope,
        gap_minutes=gap_minutes,
        session_field=session_field,
        columns=[*NUMBER_COLUMNS, f"{of_event}_place"],
        since_ms=since_ms,
        until_ms=until_ms,
    )
    if name in _TOUCHED:
        inputs, value = TOUCH_INPUTS, f"{touch_sql(scope.binder)}.{_TOUCHED[name]}"
    elif name == "device":
        inputs, value = "toString(device) AS text", "text"
    else:
        inputs, value = f"{PAGE} AS text", "text"
    within = scope.within(since_ms=since_ms - CAP_MS, until_ms=until_ms + CAP_MS)
    place = f"s.{of_event}_place"
    joined = " AND ".join(f"e.{one} = {place}.{at}" for at, one in enumerate(POSITION, start=1))
    numbers = ", ".join(f"s.{one} AS {one}" for one in ("who", *NUMBER_COLUMNS))
    return (
        f"SELECT {numbers}, {value} AS {name} "
        f"FROM (SELECT {', '.join(POSITION)}, {inputs} FROM {TABLE} WHERE {within}) AS e "
        f"RIGHT JOIN ({sessions}) AS s ON {joined}"
    )


def _expressions(number: dict[str, int]) -> dict[str, str]:
    """Return SQL for columns of a `session`, an array of tuples whose parts have these numbers."""
    pages = f"arrayFilter(e -> e.{number['is_page']}, session)"
    expressions = {
        "start_ms": "session[1].1",
        "end_ms": "session[-1].1",
        "events": "length(session)",
        "pages": f"arrayCount(e -> e.{number['is_page']}, session)",
        "session_id": "visit",
    }
    if POSITION[0] in number:
        for name, event in (
            ("start", "session[1]"),
            ("first_page", f"{pages}[1]"),
            ("last_page", f"{pages}[-1]"),
        ):
            place = ", ".join(f"{event}.{number[one]}" for one in POSITION)
            # No event has such a place.
            nowhere = "(toUInt32(-1), toUInt64(0), toUInt32(0))"
            expressions[f"{name}_place"] = f"if({event}.1 = 0, {nowhere}, ({place}))"
    if "page" in number:
        expressions["entry_page"] = f"{pages}[1].{number['page']}"
        expressions["exit_page"] = f"{pages}[-1].{number['page']}"
    if "device" in number:
        expressions["device"] = f"session[1].{number['device']}"
    if "touch" in number:
        for name, part in _TOUCHED.items():
            expressions[name] = f"session[1].{number['touch']}.{part}"
    return expressions


_TOUCHED: Final = {
    "source": TOUCH.source,
    "medium": TOUCH.medium,
    "campaign": TOUCH.campaign,
    "channel": TOUCH.channel,
}
_IS_PAGE: Final = "toUInt8(type IN ('page', 'screen'))"
NUMBER_COLUMNS: Final = ("start_ms", "end_ms", "events", "pages")
_NUMBERS: Final = frozenset({*NUMBER_COLUMNS, "session_id"})
