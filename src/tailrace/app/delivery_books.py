"""Compares the books of a destination with the ledger: did it have every refined event, once?

For each subscription, and each source and minute of receipt:
events = delivered + filtered + dead letters + discarded + waiting.

A destination's file gives its positions and these sums at one instant. With R1 the events that the
ledger calls refined before that instant, R2 after it, and B those that the events log holds beyond
the positions, read in between: R1 <= events + B <= R2. So a running system never looks unbalanced,
and one that stands still is checked exactly, whether or not the log still has the records.

A subscription has had all events that were received after the minute in which it began; of the
others it may have had some, so there only the upper bound is checked.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tailrace import ledger
from tailrace.app.tails import LogReader, Tail
from tailrace.deliver import state
from tailrace.deliver.looking import reading
from tailrace.deliver.state import Cell, Totals
from tailrace.event import decode_block
from tailrace.log import EVENTS, Extent, Record

DIFFERENCES_MAX: Final = 100
_MINUTE_S: Final = 60


class SubscriptionBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events of those minutes at one subscription."""

    slug: str
    events: int
    delivered: int
    filtered: int
    dead_letters: int
    discarded: int
    waiting: int


class DeliveryDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription had fewer or more events than the ledger allows."""

    subscription: str
    source: str
    minute: datetime
    expected_min: int
    expected_max: int
    found: int
    detail: str


class DeliveryBooks(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a destination over a range of minutes, and whether they are true."""

    balanced: bool
    is_complete: bool
    checked: list[str]
    since: datetime
    until: datetime
    behind: int | None
    subscriptions: list[SubscriptionBooks]
    differences: list[DeliveryDifference]
    differences_left_out: int


class _Instant(NamedTuple):
    """What the file says at one instant."""

    positions: Mapping[int, int]
    cells: Mapping[Cell, Totals]
    begun: Mapping[str, int]


class _Behind:
    """The log as `Tail` reads it, beyond positions that are given."""

    def __init__(self, log: LogReader, positions: Mapping[int, int]) -> None:
        self._log = log
        self._positions = positions

    def positions(self, _group: str) -> Mapping[int, int]:
        """Return the positions."""
        return self._positions

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """See `Log.extents`."""
        return self._log.extents(stream)

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """See `Log.read`."""
        return self._log.read(
            stream,
            partition=partition,
            offset=offset,
            records_max=records_max,
            bytes_max=bytes_max,
        )


def delivery_books(
    log: LogReader, path: Path, *, since: datetime, until: datetime, source: str = ""
) -> DeliveryBooks:
    """Return the books of the minutes that [since, until) touches, checked against the ledger."""
    minute_from = int(since.timestamp()) // _MINUTE_S
    minute_until = -int(-until.timestamp() // _MINUTE_S)

    def is_wanted(key: ledger.Key) -> bool:
        return minute_from <= key[1] < minute_until and source in ("", key[0])

    def refined() -> dict[ledger.Key, int]:
        counts = log.counts(minute_from=minute_from, minute_until=minute_until)
        return {
            (each.source, each.minute): each.events
            for each in counts
            if each.outcome == ledger.REFINED and source in ("", each.source)
        }

    earlier = refined()
    instant = _at_one_instant(path, minute_from=minute_from, minute_until=minute_until)
    cells = {cell: sums for cell, sums in instant.cells.items() if is_wanted(cell[1:])}
    behind, line = _count_behind(Tail(_Behind(log, instant.positions), (EVENTS, "")), is_wanted)
    later = refined()

    wrong = _differences(cells, instant.begun, behind, earlier=earlier, later=later)
    return DeliveryBooks(
        balanced=not wrong,
        is_complete=behind is not None,
        checked=[line],
        since=since,
        until=until,
        behind=None if behind is None else sum(behind.values()),
        subscriptions=_by_subscription(cells),
        differences=wrong[:DIFFERENCES_MAX],
        differences_left_out=max(0, len(wrong) - DIFFERENCES_MAX),
    )


def _at_one_instant(path: Path, *, minute_from: int, minute_until: int) -> _Instant:
    if not path.exists():
        return _Instant({}, {}, {})
    with reading(path) as connection:
        return _Instant(
            state.positions(connection),
            state.cells(connection, minute_from=minute_from, minute_until=minute_until),
            state.begun_minutes(connection),
        )


def _count_behind(
    tail: Tail, is_wanted: Callable[[ledger.Key], bool]
) -> tuple[Mapping[ledger.Key, int] | None, str]:
    """Count the events that the destination has not dealt with; None where not all were read."""
    events: dict[ledger.Key, int] = {}
    for record in tail:
        for source, minute, count in decode_block(record.body).counts:
            key = (source, minute)
            if is_wanted(key):
                events[key] = events.get(key, 0) + count
    where = "events log behind the destination"
    if tail.problem:
        return None, f"{where}: not counted, {tail.problem}"
    return events, f"{where}: {sum(events.values())} events in {tail.records} blocks"


def _differences(
    cells: Mapping[Cell, Totals],
    begun: Mapping[str, int],
    behind: Mapping[ledger.Key, int] | None,
    *,
    earlier: Mapping[ledger.Key, int],
    later: Mapping[ledger.Key, int],
) -> list[DeliveryDifference]:
    wrong = []
    for cell in sorted({*cells, *_due(begun, earlier)}, key=lambda cell: (cell.minute, cell)):
        key = (cell.source, cell.minute)
        events = sum(cells.get(cell, ()))
        waiting = 0 if behind is None else behind.get(key, 0)
        had_all = behind is not None and cell.minute > begun.get(cell.subscription, cell.minute)
        low = max(0, earlier.get(key, 0) - waiting) if had_all else 0
        high = max(0, later.get(key, 0) - waiting)
        if low <= events <= high:
            continue
        short = low - events
        count, word = (short, "fewer") if short > 0 else (events - high, "more")
        noun = "event" if count == 1 else "events"
        wrong.append(
            DeliveryDifference(
                subscription=cell.subscription,
                source=cell.source,
                minute=datetime.fromtimestamp(cell.minute * _MINUTE_S, UTC),
                expected_min=low,
                expected_max=high,
                found=events,
                detail=f"{count} {noun} {word} at the subscription {cell.subscription} than the "
                "ledger says were refined",
            )
        )
    return wrong


def _due(begun: Mapping[str, int], refined: Mapping[ledger.Key, int]) -> list[Cell]:
    """Return where subscriptions must have events, even if they have none."""
    return [
        Cell(subscription, source, minute)
        for subscription, begun_minute in begun.items()
        for source, minute in refined
        if minute > begun_minute
    ]


def _by_subscription(cells: Mapping[Cell, Totals]) -> list[SubscriptionBooks]:
    sums: dict[str, list[int]] = {}
    for cell, totals in cells.items():
        mine = sums.setdefault(cell.subscription, [0] * len(totals))
        sums[cell.subscription] = [one + other for one, other in zip(mine, totals, strict=True)]
    found = {slug: Totals(*each) for slug, each in sorted(sums.items())}
    return [
        SubscriptionBooks(
            slug=slug,
            events=sum(each),
            delivered=each.delivered,
            filtered=each.filtered,
            dead_letters=each.dead,
            discarded=each.discarded,
            waiting=each.parked,
        )
        for slug, each in found.items()
    ]
