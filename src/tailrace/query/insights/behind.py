"""The people behind a bar or a cell: from the hashes that statements count to ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Meta

from tailrace.query.asked import TABLE
from tailrace.query.insights.asking import Scope
from tailrace.query.people import actor_sql
from tailrace.query.running import Runner
from tailrace.query.times import from_ms

PEOPLE_MAX = 1_000
PeopleLimit = Annotated[int, Meta(ge=1, le=PEOPLE_MAX, description="Most people in the answer.")]


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was counted; `person` is the best id that is known of them."""

    person: str
    user_id: str
    anonymous_id: str
    at: datetime


class PeopleResult(msgspec.Struct, frozen=True, kw_only=True):
    """People behind a number, at most `limit` of all `total`."""

    people: list[Who]
    total: int
    took_ms: float
    notes: list[str]


def people_of(
    runner: Runner,
    client: Client,
    scope: Scope,
    at_ms: Mapping[int, int],
) -> list[Who]:
    """Return the ids of actors, in the order of the mapping from their hashes to an instant.

    The ids are the newest ones of all that the actor did: who came as a visitor and became known
    later is named by the user id.

    Raises:
        LimitError: the statement was stopped.
    """
    if not at_ms:
        return []
    binder = scope.binder
    listed = ", ".join(map(str, at_ms))
    newest = ", ".join(
        f"argMaxIf({name}, (timestamp, {name}), {name} != '')"
        for name in ("user_id", "anonymous_id", "group_id")
    )
    sql = f"SELECT {scope.actor} AS who, {newest} FROM {TABLE} WHERE who IN ({listed}) GROUP BY who"
    rows = runner.rows(client, sql, binder.parameters, max_result_rows=len(at_ms))
    ids = {int(who): tuple(map(str, found)) for who, *found in rows}
    people = []
    for who, at in at_ms.items():
        user_id, anonymous_id, group_id = ids.get(who, ("", "", ""))
        person = group_id if scope.actor == actor_sql("group") else user_id or anonymous_id
        people.append(
            Who(person=person, user_id=user_id, anonymous_id=anonymous_id, at=from_ms(at))
        )
    return people
