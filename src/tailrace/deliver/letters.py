"""What a destination's file says of single events: dead letters, what waits, the last deliveries.

All of it reads files of format 1 too, which know nothing of exchanges and of the last deliveries.
"""

# ruff: noqa: S608 - SQL is put together from columns and conditions of ours; values are bound.

import re
import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from tailrace.deliver import state
from tailrace.deliver.exchanges import Exchange
from tailrace.deliver.outcomes import DEAD, DELIVERED, WAITING, DeadLetter, Out, Parked, Recent
from tailrace.deliver.state import Wanted

_LISTED: Final = "id, " + state.OUT + ", " + state.FAILURE
_decode_exchange: Final = msgspec.json.Decoder(Exchange).decode


class Fate(NamedTuple):
    """What became of an event at a subscription, as far as it is known; `at` is since 1970."""

    subscription: str
    outcome: str
    reason: str
    at: float


def dead_letters(
    connection: sqlite3.Connection, *, before_id: int | None, wanted: Wanted, limit: int
) -> list[DeadLetter]:
    """Return dead letters that are wanted, the newest first."""
    where, values = _where(wanted)
    rows = connection.execute(
        f"SELECT {_LISTED}, {_more(connection)} FROM dead_letters WHERE id < ?{where} "
        "ORDER BY id DESC LIMIT ?",
        (2**62 if before_id is None else before_id, *values, limit),
    )
    return [DeadLetter(row[0], state.out_of(row[1:])) for row in rows]


def dead_letter(connection: sqlite3.Connection, id_: int) -> DeadLetter | None:
    """Return one dead letter with its exchange, None where there is none of this id."""
    row = connection.execute(
        f"SELECT {_LISTED}, {_more(connection)} FROM dead_letters WHERE id = ?", (id_,)
    ).fetchone()
    return None if row is None else DeadLetter(row[0], _whole(connection, row[1:]))


def dead_letter_ids(
    connection: sqlite3.Connection, *, after_id: int, until_id: int, wanted: Wanted, limit: int
) -> list[int]:
    """Return the ids in (after_id, until_id] of dead letters that are wanted, the oldest first."""
    where, values = _where(wanted)
    rows = connection.execute(
        f"SELECT id FROM dead_letters WHERE id > ? AND id <= ?{where} ORDER BY id LIMIT ?",
        (after_id, until_id, *values, limit),
    )
    return [row[0] for row in rows]


def newest_id(connection: sqlite3.Connection) -> int:
    """Return the id of the newest dead letter, 0 where there is none."""
    [found] = connection.execute("SELECT max(id) FROM dead_letters").fetchone()
    return found or 0


def waiting(
    connection: sqlite3.Connection, *, after_id: int, wanted: Wanted, limit: int
) -> list[tuple[Parked, bool]]:
    """Return what waits out of line, by id, and whether it is the first of its key."""
    where, values = _where(wanted)
    rows = connection.execute(
        f"SELECT {_LISTED}, {_more(connection)}, due_at, {_IS_FIRST} FROM parked AS p "
        f"WHERE id > ?{where} ORDER BY id LIMIT ?",
        (after_id, *values, limit),
    )
    return [(Parked(row[0], state.out_of(row[1:-2]), row[-2]), bool(row[-1])) for row in rows]


def waiting_one(connection: sqlite3.Connection, id_: int) -> tuple[Parked, bool] | None:
    """Return one event that waits, with its exchange; None where there is none of this id."""
    row = connection.execute(
        f"SELECT {_LISTED}, {_more(connection)}, due_at, {_IS_FIRST} FROM parked AS p WHERE id = ?",
        (id_,),
    ).fetchone()
    if row is None:
        return None
    return Parked(row[0], _whole(connection, row[1:-2]), row[-2]), bool(row[-1])


def recent(connection: sqlite3.Connection, *, outcome: str, limit: int) -> list[Recent]:
    """Return the last deliveries that were kept, the newest first; "" for all outcomes."""
    if not _is_new(connection):
        return []
    rows = connection.execute(
        f"SELECT {state.RECENT} FROM recent WHERE ? IN ('', outcome) ORDER BY at DESC, id DESC "
        "LIMIT ?",
        (outcome, limit),
    )
    return [Recent._make([*row[:11], bool(row[11]), row[12]]) for row in rows]


def fates(connection: sqlite3.Connection, message_id: str) -> list[Fate]:
    """Return what is known of the events with an id, by subscription."""
    found = connection.execute(
        "SELECT subscription, ?, reason, last_at FROM dead_letters WHERE message_id = ? "
        "UNION ALL SELECT subscription, ?, reason, last_at FROM parked WHERE message_id = ?",
        (DEAD, message_id, WAITING, message_id),
    ).fetchall()
    if _is_new(connection):
        found += connection.execute(
            "SELECT subscription, outcome, reason, at FROM recent WHERE message_id = ? "
            "AND outcome = ? ORDER BY id DESC LIMIT 1",
            (message_id, DELIVERED),
        ).fetchall()
    return sorted(Fate._make(row) for row in found)


_IS_FIRST: Final = (
    "NOT EXISTS (SELECT 1 FROM parked AS q WHERE q.subscription = p.subscription "
    "AND q.key = p.key AND q.id < p.id)"
)


def _is_new(connection: sqlite3.Connection) -> bool:
    return state.facts(connection)["format"] != 1


def _more(connection: sqlite3.Connection) -> str:
    """Return the columns that the format 1 has not."""
    return state.MORE if _is_new(connection) else "0, NULL, NULL"


def _whole(connection: sqlite3.Connection, row: Sequence[Any]) -> Out:
    out = state.out_of(row)
    id_ = out.failure.exchange
    if not isinstance(id_, int):
        return out
    found = connection.execute("SELECT text FROM exchanges WHERE id = ?", (id_,)).fetchone()
    exchange = _decode_exchange(found[0]) if found else None
    return out._replace(failure=out.failure._replace(exchange=exchange))


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    """Return the conditions of what is wanted, each after an AND, and their values."""
    text = re.sub(r"([\\%_])", r"\\\1", wanted.text)
    conditions: list[tuple[bool, str, Sequence[object]]] = [
        (wanted.reason != "", "reason = ?", [wanted.reason]),
        (wanted.subscription != "", "subscription = ?", [wanted.subscription]),
        (wanted.source != "", "source = ?", [wanted.source]),
        (wanted.type != "", "type = ?", [wanted.type]),
        (wanted.name != "", "name = ?", [wanted.name]),
        (wanted.status is not None, "status = ?", [wanted.status]),
        (wanted.since is not None, "last_at >= ?", [wanted.since]),
        (wanted.until is not None, "last_at < ?", [wanted.until]),
        (
            wanted.text != "",
            r"(name LIKE ? ESCAPE '\' OR message_id LIKE ? ESCAPE '\' OR detail LIKE ? ESCAPE '\')",
            [f"%{text}%"] * 3,
        ),
    ]
    asked = [(condition, values) for is_asked, condition, values in conditions if is_asked]
    return (
        "".join(f" AND {condition}" for condition, _ in asked),
        [value for _, values in asked for value in values],
    )
