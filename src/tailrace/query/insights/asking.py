"""What all insights have in common: which events, when, whose, in which zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.asked import SQL_CHARACTERS_MAX, times_of
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree, notes_on
from tailrace.query.people import Actor, actor_sql
from tailrace.query.reading import Language, read
from tailrace.query.shapes import QueryLanguage, QueryText, Since, Until

ZONES_KNOWN: Final = frozenset(available_timezones())
ORDER: Final = "(timestamp, raw_partition, raw_offset, raw_index)"
"""SQL for an event's place among those of one actor."""

AskedType = Literal["track", "identify", "page", "screen", "group", "alias"]
Zone = Annotated[str, Meta(description="IANA time zone that days, weeks and months are of.")]


class Events(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some events: of a name, of a type, that match a query; of all three what is given.

    Without a `language` the query is in that of the question.
    """

    event: Annotated[str, Meta(max_length=500)] | None = None
    type: AskedType | None = None
    query: QueryText = ""
    language: QueryLanguage | None = None
    label: Annotated[str, Meta(max_length=200)] | None = None

    @property
    def name(self) -> str:
        """What the events are called where they are shown."""
        return self.label or self.event or self.query or self.type or "any event"


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every insight asks: `query` narrows all events that it looks at."""

    query: QueryText = ""
    language: QueryLanguage = "lucene"
    since: Since = "30d"
    until: Until = "now"
    zone: Zone = "UTC"
    actor: Actor = "person"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A question's time, filter and actor, ready for SQL on `events_data`.

    `condition` is the question's filter without the time; `actor` is SQL for a UInt64, 0 where an
    event is of nobody. Notes are gathered while conditions are made.
    """

    since_ms: int
    until_ms: int
    zone: ZoneInfo
    now: datetime
    binder: Binder
    condition: str
    actor: str
    notes: list[str]
    language: Language = "lucene"

    def within(self, *, since_ms: int | None = None, until_ms: int | None = None) -> str:
        """Return the WHERE of all events of the question, or of another time."""
        since = self.binder.instant(self.since_ms if since_ms is None else since_ms)
        until = self.binder.instant(self.until_ms if until_ms is None else until_ms)
        return f"timestamp >= {since} AND timestamp < {until} AND {self.condition}"

    def matches(self, events: Events) -> str:
        """Return SQL that is 1 for the events chosen and 0 for the others.

        Raises:
            QueryError: their query is not valid.
        """
        parts = []
        if events.event is not None:
            parts.append(f"event = {self.binder.text(events.event)}")
        if events.type is not None:
            parts.append(f"type = {self.binder.text(events.type)}")
        if events.query.strip():
            language = events.language or self.language
            sql = _compiled(events.query, language, self.binder, self.now, self.zone, self.notes)
            parts.append(sql)
        return f"({' AND '.join(parts)})" if parts else "1"

    def any_of(self, chosen: Sequence[Events]) -> str:
        """Return SQL that is 1 for the events of any of the choices."""
        return "(" + " OR ".join(self.matches(events) for events in chosen) + ")"


def scope_of(question: Question, *, now: datetime) -> Scope:
    """Return where a question looks.

    Raises:
        QueryError: the query, a time or the zone is not valid.
    """
    zone = zone_of(question.zone)
    since_ms, until_ms = times_of(since=question.since, until=question.until, now=now, zone=zone)
    binder = Binder()
    notes: list[str] = []
    condition = _compiled(question.query, question.language, binder, now, zone, notes)
    return Scope(
        since_ms=since_ms,
        until_ms=until_ms,
        zone=zone,
        now=now,
        binder=binder,
        condition=condition,
        actor=actor_sql(question.actor),
        notes=notes,
        language=question.language,
    )


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        QueryError: there is no zone of that name.
    """
    if name not in ZONES_KNOWN:
        raise QueryError(
            f"zone is '{name[:100]}'; expected an IANA time zone such as UTC or Europe/Berlin"
        )
    return ZoneInfo(name)


def _compiled(
    query: str,
    language: Language,
    binder: Binder,
    now: datetime,
    zone: ZoneInfo,
    notes: list[str],
) -> str:
    parsed = read(query, language)
    sql = compile_tree(parsed.tree, binder, now=now, zone=zone)
    if len(sql) > SQL_CHARACTERS_MAX:
        raise QueryError("the query has too many conditions for one question")
    notes += [note for note in (*parsed.notes, *notes_on(parsed.tree)) if note not in notes]
    return sql
