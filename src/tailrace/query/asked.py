"""What all questions have in common: the time, the filter, and what to tell about them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree, notes_on
from tailrace.query.lucene import parse
from tailrace.query.times import instant_of

Clock = Callable[[], float]
TABLE = "events_data"
# What the engine is asked to parse; `running.Runner` lets it take as much.
SQL_CHARACTERS_MAX = 1_000_000


class Asked(NamedTuple):
    """A condition ready for WHERE, in [since_ms, until_ms)."""

    where: str
    binder: Binder
    since_ms: int
    until_ms: int
    notes: Sequence[str]


def now_of(clock: Clock) -> datetime:
    """Return the clock's time."""
    return datetime.fromtimestamp(clock(), UTC)


def times_of(*, since: str, until: str, now: datetime) -> tuple[int, int]:
    """Return since and until as instants.

    Raises:
        QueryError: one is no time, or they are the wrong way round.
    """
    since_ms = instant_of(since, name="since", now=now)
    until_ms = instant_of(until, name="until", now=now)
    if since_ms >= until_ms:
        raise QueryError(f"since is '{since}' and until is '{until}'; since must be earlier")
    return since_ms, until_ms


def ask(query: str, *, since_ms: int, until_ms: int, now: datetime) -> Asked:
    """Return the condition for events of that time that match the query.

    Raises:
        QueryError: the query is not valid.
    """
    parsed = parse(query)
    binder = Binder()
    where = (
        f"timestamp >= {binder.instant(since_ms)} AND timestamp < {binder.instant(until_ms)} "
        f"AND {compile_tree(parsed.tree, binder, now=now)}"
    )
    if len(where) > SQL_CHARACTERS_MAX:
        raise QueryError(
            "the query has too many conditions for one question",
            hint="leave some out, name fields for words of free text, or use shorter paths",
        )
    return Asked(where, binder, since_ms, until_ms, [*parsed.notes, *notes_on(parsed.tree)])
