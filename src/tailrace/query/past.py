"""The past in the order of receipt, a page at a time: every event that matches, and each once.

A page is looked for in a *window* of receipt times, which an index finds; windows widen while they
hold little, so that no page reads the whole store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tailrace.query.asked import TABLE, Asked, ask
from tailrace.query.rows import PLAIN, POSITION, SELECTED
from tailrace.query.running import Runner
from tailrace.query.times import from_ms, to_ms
from tailrace.refine.original import REWRITTEN, unpack_original
from tailrace.refine.timestamps import AHEAD_MAX

WINDOW_MS: Final = 3_600_000
_WINDOW_MS_MIN: Final = 1_000
_WIDER: Final = 4
_WINDOWS_AT_ONCE: Final = 16
_PLACE: Final = ", ".join(POSITION)


@dataclass(frozen=True, kw_only=True)
class Past:
    """Which events: of a time, of some sources (all where it is None), that match a query.

    They were received before `received_before_ms`, so that what arrives later never changes what is
    selected. Words such as `now` in the query mean `asked_at`.
    """

    query: str
    since_ms: int
    until_ms: int
    sources: tuple[str, ...] | None
    received_before_ms: int
    asked_at: datetime


class PastPlace(NamedTuple):
    """After which event to go on; from the beginning of a millisecond where `position` is None.

    `window_ms` is how wide the next window is.
    """

    received_ms: int
    position: tuple[int, int, int] | None
    window_ms: int = WINDOW_MS


class PastEvent(NamedTuple):
    """A stored event: its columns by name, and its JSON exactly as it was sent.

    `is_rewritten` tells that its properties or traits are not what that JSON has under these names.
    """

    columns: dict[str, Any]
    original: str
    is_rewritten: bool


class PastPage(NamedTuple):
    """Events in the order of receipt, and where to go on; None at the end."""

    events: list[PastEvent]
    next: PastPlace | None


def first_place(past: Past) -> PastPlace:
    """Return where the past begins: no event happened longer after its receipt than is stored."""
    return PastPlace(to_ms(from_ms(past.since_ms) - AHEAD_MAX), None)


def count_past(runner: Runner, past: Past) -> int:
    """Return how many events match.

    Raises:
        QueryError: the query is not valid.
        LimitError: the question was stopped.
    """
    asked, where = _asked(past)
    with runner.turn() as client:
        rows = runner.rows(
            client, f"SELECT count() FROM {TABLE} WHERE {where}", asked.binder.parameters
        )
    return int(rows[0][0])


def page_of_past(runner: Runner, past: Past, *, after: PastPlace, limit: int) -> PastPage:
    """Return the next events; without any where a few windows held none, and `next` goes on.

    Raises:
        QueryError: the query is not valid.
        LimitError: the question was stopped.
    """
    place = after
    with runner.turn() as client:
        for _ in range(_WINDOWS_AT_ONCE):
            if place.received_ms >= past.received_before_ms:
                return PastPage([], None)
            until_ms = min(place.received_ms + place.window_ms, past.received_before_ms)
            asked, where = _asked(past)
            sql = (
                f"SELECT {SELECTED} FROM {TABLE} WHERE {_window(asked, place, until_ms)} "
                f"AND {where} ORDER BY received_at, {_PLACE} LIMIT {limit}"
            )
            rows = runner.rows(client, sql, asked.binder.parameters, max_result_rows=limit)
            next_ = _next(place, rows, until_ms=until_ms, limit=limit)
            if rows:
                is_last = len(rows) < limit and until_ms >= past.received_before_ms
                return PastPage([_event(row) for row in rows], None if is_last else next_)
            place = next_
    return PastPage([], place)


def _asked(past: Past) -> tuple[Asked, str]:
    asked = ask(past.query, since_ms=past.since_ms, until_ms=past.until_ms, now=past.asked_at)
    where = asked.where
    if past.sources is not None:
        where += f" AND has({asked.binder.texts(past.sources)}, source)"
    return asked, f"{where} AND received_at < {asked.binder.instant(past.received_before_ms)}"


def _window(asked: Asked, place: PastPlace, until_ms: int) -> str:
    low, high = asked.binder.instant(place.received_ms), asked.binder.instant(until_ms)
    window = f"received_at >= {low} AND received_at < {high}"
    if place.position is None:
        return window
    numbers = ", ".join(asked.binder.number(number) for number in place.position)
    return f"{window} AND (received_at, {_PLACE}) > ({low}, {numbers})"


def _next(
    place: PastPlace, rows: Sequence[tuple[Any, ...]], *, until_ms: int, limit: int
) -> PastPlace:
    """Return where to go on after a window: behind its last row, or behind all of it."""
    if len(rows) < limit:
        return PastPlace(until_ms, None, place.window_ms * _WIDER)
    last = rows[-1]
    received_ms = to_ms(_utc(last[PLAIN.index("received_at")]))
    partition, offset, index = map(int, last[-len(POSITION) :])
    covered_ms = received_ms - place.received_ms
    width_ms = max(_WINDOW_MS_MIN, min(place.window_ms, 2 * covered_ms))
    return PastPlace(received_ms, (partition, offset, index), width_ms)


def _event(row: tuple[Any, ...]) -> PastEvent:
    columns = dict(zip(PLAIN, row, strict=False))
    packed = str(row[len(PLAIN)])
    original = unpack_original(
        packed,
        message_id=columns["message_id"],
        anonymous_id=columns["anonymous_id"],
        user_id=columns["user_id"],
        original_timestamp=columns["original_timestamp"],
        sent_at=columns["sent_at"],
        context=columns["context"],
    )
    return PastEvent(columns, original, packed.endswith(REWRITTEN))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
