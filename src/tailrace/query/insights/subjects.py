"""One person or group: which ids are theirs, and which events, as SQL that indexes help with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from tailrace.query.asked import TABLE
from tailrace.query.insights.asking import Question, Scope, scope_of
from tailrace.query.people import person_sql
from tailrace.query.running import Runner

Kind = Literal["person", "group"]
IDS_MAX: Final = 1_000
EVER: Final = "120y"
"""As `since`: before all events."""


class KnownId(msgspec.Struct, frozen=True, kw_only=True):
    """An id that somebody is known by, and the events that have it.

    `previous_id` is one that an alias call gave up.
    """

    kind: Literal["user_id", "anonymous_id", "previous_id", "group_id"]
    id: str
    events: int
    first_seen_at: datetime
    last_seen_at: datetime


class Subject(NamedTuple):
    """A person or group that has events; `where` is SQL for these, with the scope's binder."""

    kind: Kind
    hash: int
    ids: Sequence[KnownId]
    scope: Scope
    where: str

    @property
    def name(self) -> str:
        """The best id: of those of one kind the newest."""
        kinds = ("group_id", "user_id", "anonymous_id", "previous_id")
        newest = sorted(self.ids, key=lambda one: one.last_seen_at, reverse=True)
        return min(newest, key=lambda one: kinds.index(one.kind)).id


def find_subject(
    runner: Runner, client: Client, kind: Kind, name: str, question: Question, *, now: datetime
) -> Subject | None:
    """Return who is known by an id, or None where no event has it.

    Raises:
        QueryError: the question is not valid.
        LimitError: a statement was stopped.
    """
    scope = scope_of(msgspec.structs.replace(question, actor=kind), now=now)
    if kind == "group":
        where = f"group_id = {scope.binder.text(name)}"
        ids = _ids(runner, client, scope, where, ["group_id"])
        found = f"SELECT cityHash64({scope.binder.text(name)})"
    else:
        found = f"SELECT {person_sql(f'cityHash64({scope.binder.text(name)})')}"
        (hashed,) = runner.rows(client, found, scope.binder.parameters)[0]
        # The hashes of all ids that are this person's, which the events' `actor` is one of.
        linked = f"SELECT id FROM links WHERE {person_sql('id')} = {int(hashed)} LIMIT {IDS_MAX}"
        rows = runner.rows(client, linked, scope.binder.parameters)
        hashes = ", ".join(map(str, {int(hashed), *(int(row[0]) for row in rows)}))
        where = f"actor IN ({hashes})"
        ids = _ids(runner, client, scope, where, ["user_id", "anonymous_id", "previous_id"])
        users = [one.id for one in ids if one.kind == "user_id"]
        visitors = [one.id for one in ids if one.kind == "anonymous_id"]
        either = f"user_id IN {scope.binder.texts(users)}"
        if visitors:
            either += f" OR anonymous_id IN {scope.binder.texts(visitors)}"
        if len(ids) < IDS_MAX:
            where += f" AND ({either})"
    if not ids:
        return None
    (hashed,) = runner.rows(client, found, scope.binder.parameters)[0]
    return Subject(kind, int(hashed), ids, scope, where)


def _ids(
    runner: Runner, client: Client, scope: Scope, where: str, columns: Sequence[str]
) -> list[KnownId]:
    pairs = ", ".join(f"('{name}', {name})" for name in columns)
    sql = (
        "SELECT known.1 AS kind, known.2 AS id, count(), min(timestamp), max(timestamp) AS last "
        f"FROM {TABLE} ARRAY JOIN [{pairs}] AS known WHERE {where} AND id != '' "
        "AND (kind != 'previous_id' OR type = 'alias') "
        f"GROUP BY kind, id ORDER BY last DESC, kind, id LIMIT {IDS_MAX}"
    )
    return [
        KnownId(kind=kind, id=name, events=int(events), first_seen_at=first, last_seen_at=last)
        for kind, name, events, first, last in runner.rows(client, sql, scope.binder.parameters)
    ]
