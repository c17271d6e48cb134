"""One person or group: who they are, what they did, newest first; and how to find them."""

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Meta, Raw

from tailrace.errors import QueryError
from tailrace.query.asked import TABLE
from tailrace.query.cursor import Place
from tailrace.query.insights.asking import Question, scope_of
from tailrace.query.insights.subjects import EVER, Kind, KnownId, Subject, find_subject
from tailrace.query.insights.visits import (
    CAP_MS,
    SESSION_COLUMNS,
    Session,
    session_of,
    sessions_sql,
)
from tailrace.query.people import actor_sql
from tailrace.query.rows import (
    POSITION,
    SELECTED,
    STORED,
    Position,
    Row,
    Stored,
    events_of,
    place_of,
    stored_of,
)
from tailrace.query.running import Runner
from tailrace.query.shapes import EventOut, EventType, QueryText, Since, Until
from tailrace.query.times import to_ms

TOTALS_MAX: Final = 100
DEVICES_MAX: Final = 20
TRAITS_EVENTS_MAX: Final = 1_000
TRAITS_MAX: Final = 500
PROFILE_SESSIONS: Final = 10
MEMBERS_MAX: Final = 50
GAP_MINUTES: Final = 30
_SESSIONS_MAX: Final = 100_000
_CURSOR_MAX: Final = 300
_TELLS_TRAITS: Final[dict[Kind, str]] = {"person": "identify", "group": "group"}


class PeopleSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for people or groups, those seen last first.

    `search` is part of an id, or of the trait `email` or `name`; `query` is what one of their
    events must match, such as `traits.plan:pro`.
    """

    search: Annotated[str, Meta(max_length=500)] = ""
    query: QueryText = ""
    since: Since = "90d"
    until: Until = "now"
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class PersonFound(msgspec.Struct, frozen=True, kw_only=True):
    """A person or group, with what they did in the time asked for."""

    person: str
    user_id: str
    anonymous_id: str
    group_id: str
    email: str
    name: str
    events: int
    first_seen_at: datetime
    last_seen_at: datetime


class PeopleFound(msgspec.Struct, frozen=True, kw_only=True):
    """Those who were seen last; there may be more."""

    people: list[PersonFound]
    took_ms: float
    notes: list[str]


class EventTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody did something."""

    event: str
    type: EventType
    events: int
    first_seen_at: datetime
    last_seen_at: datetime


class TraitValue(msgspec.Struct, frozen=True, kw_only=True):
    """The latest value of a trait, and since when it has been that."""

    name: str
    value: Raw
    set_at: datetime


class DeviceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A device, browser or app that events came from."""

    device: str
    os: str
    browser: str
    library: str
    events: int
    first_seen_at: datetime
    last_seen_at: datetime


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a person or group; lists are bounded, the newest or largest first."""

    person: str
    ids: list[KnownId]
    events: int
    first_seen_at: datetime
    last_seen_at: datetime
    totals: list[EventTotal]
    traits: list[TraitValue]
    devices: list[DeviceSeen]
    sessions: list[Session]
    members: list[str]
    took_ms: float


class Timeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for what somebody did, newest first, page by page."""

    query: QueryText = ""
    since: Since = EVER
    until: Until = "now"
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class TimelineSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session, and those of its events that are on the page; a next page may have more."""

    session: Session
    events: list[EventOut]


class TimelineResult(msgspec.Struct, frozen=True, kw_only=True):
    """One page; `cursor` asks for the next one and is None on the last."""

    sessions: list[TimelineSession]
    cursor: str | None
    took_ms: float
    notes: list[str]


class SessionsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's sessions in the time asked for, the newest first, and how many there are."""

    sessions: list[Session]
    total: int
    took_ms: float


# Finding -----------------------------------------------------------------------------------------


def find_people(
    runner: Runner, kind: Kind, question: PeopleSearch, *, now: datetime
) -> PeopleFound:
    """Return people or groups that match, those seen last first.

    Raises:
        QueryError: the question is not valid.
        LimitError: the question was stopped.
    """
    started = time.monotonic()
    asked = Question(query=question.query, since=question.since, until=question.until, actor=kind)
    scope = scope_of(asked, now=now)
    binder = scope.binder
    tells = f"type = '{_TELLS_TRAITS[kind]}'"
    email, name = "ifNull(traits.email.:`String`, '')", "ifNull(traits.name.:`String`, '')"
    matching = "1"
    if question.search.strip():
        part = binder.text(question.search.strip())
        ids = ("user_id", "anonymous_id") if kind == "person" else ("group_id",)
        matching = " OR ".join(f"positionCaseInsensitiveUTF8({one}, {part}) > 0" for one in ids)
        said = " OR ".join(
            f"positionCaseInsensitiveUTF8({one}, {part}) > 0" for one in (email, name)
        )
        matching = f"({matching} OR ({tells} AND ({said})))"
    newest = (
        f"SELECT {scope.actor} AS who FROM {TABLE} WHERE {scope.within()} AND {matching} "
        f"AND who != 0 GROUP BY who ORDER BY max(timestamp) DESC, who LIMIT {question.limit}"
    )
    since, until = binder.instant(scope.since_ms), binder.instant(scope.until_ms)
    texts = ", ".join(
        f"argMaxIf({one}, (timestamp, {one}), {one} != '')"
        for one in ("user_id", "anonymous_id", "group_id")
    )
    traits = ", ".join(
        f"argMaxIf({one}, timestamp, {tells} AND {one} != '')" for one in (email, name)
    )
    sql = (
        f"SELECT {texts}, {traits}, count(), min(timestamp), max(timestamp) AS last "
        f"FROM {TABLE} WHERE timestamp >= {since} AND timestamp < {until} "
        f"AND {scope.actor} IN ({newest}) GROUP BY {scope.actor} "
        f"ORDER BY last DESC, {scope.actor}"
    )
    with runner.turn() as client:
        rows = runner.rows(client, sql, binder.parameters, max_result_rows=question.limit)
    people = []
    for user_id, anonymous_id, group_id, address, called, events, first, last in rows:
        people.append(
            PersonFound(
                person=group_id if kind == "group" else user_id or anonymous_id,
                user_id=user_id,
                anonymous_id=anonymous_id,
                group_id=group_id,
                email=address,
                name=called,
                events=int(events),
                first_seen_at=first,
                last_seen_at=last,
            )
        )
    return PeopleFound(people=people, took_ms=_ms_since(started), notes=scope.notes)


# One of them -------------------------------------------------------------------------------------


def profile(runner: Runner, kind: Kind, name: str, *, now: datetime) -> Profile | None:
    """Return what is known of who has an id, or None for nobody.

    Raises:
        LimitError: a statement was stopped.
    """
    started = time.monotonic()
    with runner.turn() as client:
        subject = find_subject(runner, client, kind, name, Question(since=EVER), now=now)
        if subject is None:
            return None
        totals = _totals(runner, client, subject)
        first, last, events = _seen(runner, client, subject)
        since_ms = to_ms(last) - 30 * CAP_MS
        return Profile(
            person=subject.name,
            ids=list(subject.ids),
            events=events,
            first_seen_at=first,
            last_seen_at=last,
            totals=totals,
            traits=_traits(runner, client, subject),
            devices=_devices(runner, client, subject),
            sessions=_sessions(
                runner,
                client,
                subject,
                since_ms=since_ms,
                until_ms=to_ms(last) + 1,
                limit=PROFILE_SESSIONS,
            )[0],
            members=_members(runner, client, subject),
            took_ms=_ms_since(started),
        )


def sessions_of(
    runner: Runner,
    kind: Kind,
    name: str,
    *,
    since: str,
    until: str,
    limit: int,
    now: datetime,
) -> SessionsOf | None:
    """Return the sessions of who has an id, or None for nobody.

    Raises:
        QueryError: a time is not valid.
        LimitError: a statement was stopped.
    """
    started = time.monotonic()
    question = Question(since=since, until=until)
    with runner.turn() as client:
        subject = find_subject(runner, client, kind, name, question, now=now)
        if subject is None:
            return None
        found, total = _sessions(
            runner,
            client,
            subject,
            since_ms=subject.scope.since_ms,
            until_ms=subject.scope.until_ms,
            limit=limit,
        )
    return SessionsOf(sessions=found, total=total, took_ms=_ms_since(started))


def timeline(
    runner: Runner, kind: Kind, name: str, question: Timeline, *, now: datetime
) -> TimelineResult | None:
    """Return a page of the events of who has an id, or None for nobody.

    Raises:
        QueryError: the question is not valid.
        LimitError: a statement was stopped.
    """
    started = time.monotonic()
    after = _unpack(kind, name, question)
    asked = Question(query=question.query, since=question.since, until=question.until)
    with runner.turn() as client:
        subject = find_subject(runner, client, kind, name, asked, now=now)
        if subject is None:
            return None
        rows = _page(runner, client, subject, limit=question.limit + 1, after=after)
        shown = rows[: question.limit]

        def stored(positions: Sequence[Position]) -> Stored:
            listed = ", ".join(f"({', '.join(map(str, position))})" for position in positions)
            sql = (
                f"SELECT {STORED} FROM {TABLE} PREWHERE ({', '.join(POSITION)}) IN ({listed}) "
                f"WHERE {subject.where}"
            )
            return stored_of(runner.rows(client, sql, subject.scope.binder.parameters))

        events = list(events_of(shown, stored).values())
        sessions: list[Session] = []
        if events:
            sessions, _ = _sessions(
                runner,
                client,
                subject,
                since_ms=to_ms(events[-1].timestamp) - CAP_MS,
                until_ms=to_ms(events[0].timestamp) + 1,
                limit=_SESSIONS_MAX,
            )
    more = len(rows) > question.limit
    return TimelineResult(
        sessions=_grouped(events, sessions),
        cursor=_pack(kind, name, question, place_of(shown[-1])) if more else None,
        took_ms=_ms_since(started),
        notes=subject.scope.notes,
    )


def _page(
    runner: Runner, client: Client, subject: Subject, *, limit: int, after: Place | None
) -> list[Row]:
    scope = subject.scope
    where = f"{scope.within()} AND {subject.where}"
    if after is not None:
        numbers = ", ".join(scope.binder.number(number) for number in after[1:])
        at = scope.binder.instant(after.timestamp_ms)
        where += f" AND (timestamp, {', '.join(POSITION)}) < ({at}, {numbers})"
    order = ", ".join(f"{name} DESC" for name in ("timestamp", *POSITION))
    sql = f"SELECT {SELECTED} FROM {TABLE} WHERE {where} ORDER BY {order} LIMIT {limit}"
    return runner.rows(client, sql, scope.binder.parameters, max_result_rows=limit)


def _grouped(events: Sequence[EventOut], sessions: Sequence[Session]) -> list[TimelineSession]:
    """Return events, newest first, in the sessions that they lie in, which are newest first too."""
    grouped: list[TimelineSession] = []
    remaining = iter(sessions)
    current = next(remaining, None)
    for event in events:
        while current is not None and current.started_at > event.timestamp:
            current = next(remaining, None)
        if current is None:
            raise AssertionError(f"event {event.message_id} lies in no session")
        if not grouped or grouped[-1].session is not current:
            grouped.append(TimelineSession(session=current, events=[]))
        grouped[-1].events.append(event)
    return grouped


def _seen(runner: Runner, client: Client, subject: Subject) -> tuple[datetime, datetime, int]:
    sql = f"SELECT min(timestamp), max(timestamp), count() FROM {TABLE} WHERE {subject.where}"
    first, last, events = runner.rows(client, sql, subject.scope.binder.parameters)[0]
    return first, last, int(events)


def _totals(runner: Runner, client: Client, subject: Subject) -> list[EventTotal]:
    sql = (
        "SELECT event, type, count() AS n, min(timestamp), max(timestamp) AS last "
        f"FROM {TABLE} WHERE {subject.where} "
        f"GROUP BY event, type ORDER BY n DESC, event, type LIMIT {TOTALS_MAX}"
    )
    return [
        EventTotal(event=event, type=kind, events=int(n), first_seen_at=first, last_seen_at=last)
        for event, kind, n, first, last in runner.rows(client, sql, subject.scope.binder.parameters)
    ]


def _devices(runner: Runner, client: Client, subject: Subject) -> list[DeviceSeen]:
    columns = ("device", "os", "browser", "library")
    texts = ", ".join(f"toString({name})" for name in columns)
    sql = (
        f"SELECT {texts}, count(), min(timestamp), max(timestamp) AS last "
        f"FROM {TABLE} WHERE {subject.where} GROUP BY {', '.join(columns)} "
        f"ORDER BY last DESC, {', '.join(columns)} LIMIT {DEVICES_MAX}"
    )
    return [
        DeviceSeen(
            device=device,
            os=system,
            browser=browser,
            library=library,
            events=int(n),
            first_seen_at=first,
            last_seen_at=last,
        )
        for device, system, browser, library, n, first, last in runner.rows(
            client, sql, subject.scope.binder.parameters
        )
    ]


def _traits(runner: Runner, client: Client, subject: Subject) -> list[TraitValue]:
    """Return the traits as the identify (or group) calls set them one after the other."""
    sql = (
        f"SELECT timestamp, toJSONString(traits) FROM {TABLE} WHERE {subject.where} "
        f"AND type = '{_TELLS_TRAITS[subject.kind]}' "
        f"ORDER BY timestamp DESC, {', '.join(f'{name} DESC' for name in POSITION)} "
        f"LIMIT {TRAITS_EVENTS_MAX}"
    )
    latest: dict[str, tuple[object, datetime]] = {}
    changed: set[str] = set()
    for at, text in runner.rows(client, sql, subject.scope.binder.parameters):
        for name, value in json.loads(text or "{}").items():
            is_same = name not in latest or (name not in changed and latest[name][0] == value)
            if is_same:
                latest[name] = (value, at)
            else:
                changed.add(name)
    return [
        TraitValue(name=name, value=Raw(msgspec.json.encode(value)), set_at=at)
        for name, (value, at) in sorted(latest.items())[:TRAITS_MAX]
    ]


def _members(runner: Runner, client: Client, subject: Subject) -> list[str]:
    """Return who was seen last in a group."""
    if subject.kind != "group":
        return []
    sql = (
        f"SELECT argMax(if(user_id != '', user_id, anonymous_id), (user_id != '', timestamp)) "
        f"FROM {TABLE} WHERE {subject.where} AND {actor_sql('person')} != 0 "
        f"GROUP BY {actor_sql('person')} ORDER BY max(timestamp) DESC LIMIT {MEMBERS_MAX}"
    )
    return [str(row[0]) for row in runner.rows(client, sql, subject.scope.binder.parameters)]


def _sessions(
    runner: Runner,
    client: Client,
    subject: Subject,
    *,
    since_ms: int,
    until_ms: int,
    limit: int,
) -> tuple[list[Session], int]:
    """Return the sessions that begin in a time, newest first, and how many there are.

    A filter of the question does not part them.
    """
    # The binder is shared: the conditions on whose events these are have their values there.
    unfiltered = replace(subject.scope, condition="1")
    beneath = sessions_sql(
        unfiltered,
        gap_minutes=GAP_MINUTES,
        session_field=None,
        columns=SESSION_COLUMNS,
        since_ms=since_ms,
        until_ms=until_ms,
        where=subject.where,
    )
    sql = (
        f"SELECT {', '.join(SESSION_COLUMNS)}, count() OVER () FROM ({beneath}) "
        f"ORDER BY start_ms DESC LIMIT {limit}"
    )
    rows = runner.rows(client, sql, unfiltered.binder.parameters, max_result_rows=limit)
    return [session_of(row[:-1]) for row in rows], int(rows[0][-1]) if rows else 0


# The cursor --------------------------------------------------------------------------------------


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    question: bytes
    after: Place


def _pack(kind: Kind, name: str, question: Timeline, after: Place) -> str:
    packed = msgspec.msgpack.encode(_Cursor(_digest(kind, name, question), after))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpack(kind: Kind, name: str, question: Timeline) -> Place | None:
    text = question.cursor
    if not text:
        return None
    try:
        if len(text) > _CURSOR_MAX:
            raise ValueError("too long")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.msgpack.decode(raw, type=_Cursor)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise QueryError(
            "cursor is not one that a timeline gave; leave it out for the first page"
        ) from error
    if cursor.question != _digest(kind, name, question):
        raise QueryError(
            "cursor belongs to another timeline: the id, query, since and until must stay the same "
            "from page to page; leave it out for the first page"
        )
    return cursor.after


def _digest(kind: Kind, name: str, question: Timeline) -> bytes:
    parts = (kind, name, question.query, question.since, question.until)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
