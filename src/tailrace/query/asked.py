"""What all questions have in common: the time, the filter, and what to tell about them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree, fields_of, is_selective, notes_on
from tailrace.query.reading import Language, read
from tailrace.query.times import instant_of
from tailrace.query.tree import Tree

Clock = Callable[[], float]
TABLE = "events_data"
# What the engine is asked to parse; `running.Runner` lets it take as much.
SQL_CHARACTERS_MAX = 1_000_000


# What the table's projection `by_hour` knows of events; it has a row where they have hundreds.
HOUR_MS = 3_600_000
HOUR = f"intDiv(toUnixTimestamp64Milli(timestamp), {HOUR_MS})"
INSTANT = "toUnixTimestamp64Milli(timestamp)"
HOURLY_COLUMNS = frozenset({"event", "type", "source"})


class Asked(NamedTuple):
    """A condition ready for WHERE, in [since_ms, until_ms).

    `condition` is the part of `where` that is not about that time; `is_hourly` tells whether it is
    on `HOURLY_COLUMNS` alone, `is_selective` whether it asks for one id of a person or an event.
    """

    where: str
    binder: Binder
    since_ms: int
    until_ms: int
    notes: Sequence[str]
    condition: str
    is_hourly: bool
    is_selective: bool

    def scopes(self, *, by: str | None = None) -> list[tuple[str, str]]:
        """Return the time in parts for counting: SQL for an instant in milliseconds, and WHERE.

        In the whole hours the engine counts by the projection, as long as nothing but the instant,
        the hourly columns and `by` is read.
        """
        first = -(-self.since_ms // HOUR_MS)
        end = self.until_ms // HOUR_MS
        is_known = self.is_hourly and (by is None or by in HOURLY_COLUMNS)
        # The hour 0 has the last hour before 1970 in it too.
        if not is_known or first < 1 or end <= first:
            return [(INSTANT, self.where)]
        scopes = [(f"{HOUR} * {HOUR_MS}", f"{HOUR} >= {first} AND {HOUR} < {end}")]
        for low_ms, high_ms in ((self.since_ms, first * HOUR_MS), (end * HOUR_MS, self.until_ms)):
            if low_ms < high_ms:
                low, high = self.binder.instant(low_ms), self.binder.instant(high_ms)
                scopes.append((INSTANT, f"timestamp >= {low} AND timestamp < {high}"))
        return [(instant, f"{where} AND {self.condition}") for instant, where in scopes]


def now_of(clock: Clock) -> datetime:
    """Return the clock's time."""
    return datetime.fromtimestamp(clock(), UTC)


def times_of(*, since: str, until: str, now: datetime, zone: tzinfo = UTC) -> tuple[int, int]:
    """Return since and until as instants; `zone` is where their days begin.

    Raises:
        QueryError: one is no time, or they are the wrong way round.
    """
    since_ms = instant_of(since, name="since", now=now, zone=zone)
    until_ms = instant_of(until, name="until", now=now, zone=zone)
    if since_ms >= until_ms:
        raise QueryError(f"since is '{since}' and until is '{until}'; since must be earlier")
    return since_ms, until_ms


def ask(
    query: str,
    *,
    since_ms: int,
    until_ms: int,
    now: datetime,
    language: Language = "lucene",
    zone: tzinfo = UTC,
) -> Asked:
    """Return the condition for events of that time that match the query.

    Raises:
        QueryError: the query is not valid.
    """
    parsed = read(query, language)
    asked = asked_of(parsed.tree, since_ms=since_ms, until_ms=until_ms, now=now, zone=zone)
    return asked._replace(notes=[*parsed.notes, *asked.notes])


def asked_of(
    tree: Tree,
    *,
    since_ms: int,
    until_ms: int,
    now: datetime,
    zone: tzinfo = UTC,
    has_words: bool = False,
) -> Asked:
    """Return the condition for events of that time that match a tree.

    `zone` is where days in the tree begin; for `has_words` see `conditions.Reading`.

    Raises:
        QueryError: a value does not fit its field.
    """
    binder = Binder()
    condition = compile_tree(tree, binder, now=now, zone=zone, has_words=has_words)
    where = (
        f"timestamp >= {binder.instant(since_ms)} AND timestamp < {binder.instant(until_ms)} "
        f"AND {condition}"
    )
    if len(where) > SQL_CHARACTERS_MAX:
        raise QueryError(
            "the query has too many conditions for one question",
            hint="leave some out, name fields for words of free text, or use shorter paths",
        )
    return Asked(
        where,
        binder,
        since_ms,
        until_ms,
        notes=notes_on(tree),
        condition=condition,
        is_hourly=fields_of(tree) <= HOURLY_COLUMNS,
        is_selective=is_selective(tree),
    )
