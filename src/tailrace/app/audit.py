"""Compares the books with what is really there: in the raw log, the events log and the store."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from tailrace import ledger
from tailrace.app.tails import EVENTS_TAIL, RAW_TAIL, LogReader, Tail
from tailrace.event import decode_block, decode_call
from tailrace.store import Store

ROWS_MAX = 10_000
DIFFERENCES_MAX = 100
_MINUTE_US = 60_000_000


class LedgerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of the books' equation, in events."""

    accepted: int
    refined: int
    stored: int
    duplicate: int
    invalid: int
    blocked: int
    suppressed: int
    in_flight: int
    balanced: bool


class LedgerRow(LedgerTerms, frozen=True, kw_only=True):
    """One source and minute of receipt."""

    source: str
    minute: datetime


class LedgerDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A place that holds fewer or more events than the ledger allows."""

    source: str
    minute: datetime
    place: str
    expected_min: int
    expected_max: int
    found: int
    detail: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted where the events lie; null for a place that was not counted as a whole."""

    balanced: bool
    is_complete: bool
    checked: list[str]
    raw_events: int | None
    events_log_events: int | None
    store_rows: int | None
    differences: list[LedgerDifference]
    differences_left_out: int = 0


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a range of minutes, and whether they are true."""

    balanced: bool
    since: datetime
    until: datetime
    totals: LedgerTerms
    rows: list[LedgerRow]
    rows_left_out: int
    audit: Audit


def audit(
    log: LogReader,
    store: Store,
    *,
    since: datetime,
    until: datetime,
    source: str = "",
    tail: Callable[..., Tail] = Tail,
) -> LedgerAnswer:
    """Return the books of the minutes that [since, until) touches, checked against reality.

    Reads the counts first and last and everything else in between, which is what the bounds in
    `tailrace.ledger` ask for.
    """
    minute_from = _minute(since)
    minute_until = -(-_microseconds(until) // _MINUTE_US)

    def is_wanted(key: ledger.Key) -> bool:
        return minute_from <= key[1] < minute_until and source in ("", key[0])

    def read_book() -> ledger.Book:
        counts = log.counts(minute_from=minute_from, minute_until=minute_until)
        return ledger.book(count for count in counts if source in ("", count.source))

    earlier = read_book()
    in_raw, raw_line = _count_raw(tail(log, RAW_TAIL), is_wanted)
    in_events, events_line = _count_blocks(tail(log, EVENTS_TAIL), is_wanted)
    counted = store.counts_by_minute(minute_from=minute_from, minute_until=minute_until)
    in_store = {key: rows for key, rows in counted.items() if is_wanted(key)}
    later = read_book()

    found = ledger.Found(in_raw, in_events, in_store)
    wrong = ledger.differences(earlier, later, found)
    cells = ledger.balance(earlier, later)
    checked = Audit(
        balanced=not wrong,
        is_complete=in_raw is not None and in_events is not None,
        checked=[raw_line, events_line, f"store: {sum(in_store.values())} rows"],
        raw_events=None if in_raw is None else sum(in_raw.values()),
        events_log_events=None if in_events is None else sum(in_events.values()),
        store_rows=sum(in_store.values()),
        differences=[_difference(one) for one in wrong[:DIFFERENCES_MAX]],
        differences_left_out=max(0, len(wrong) - DIFFERENCES_MAX),
    )
    balanced = checked.balanced and all(cell.is_balanced for cell in cells)
    return LedgerAnswer(
        balanced=balanced,
        since=since,
        until=until,
        totals=_terms(ledger.total(cells)),
        rows=[_row(cell) for cell in cells[:ROWS_MAX]],
        rows_left_out=max(0, len(cells) - ROWS_MAX),
        audit=checked,
    )


def _count_raw(
    tail: Tail, is_wanted: Callable[[ledger.Key], bool]
) -> tuple[Mapping[ledger.Key, int] | None, str]:
    """Count the events of the calls that refine has not read; None when not all could be read."""
    events: dict[ledger.Key, int] = {}
    for record in tail:
        call = decode_call(record.body)
        key = (call.source, call.received_at // _MINUTE_US)
        if is_wanted(key):
            events[key] = events.get(key, 0) + call.events
    if tail.problem:
        return None, f"raw log behind refine: not counted, {tail.problem}"
    return events, (
        f"raw log behind refine: {sum(events.values())} events in {tail.records} records"
    )


def _count_blocks(
    tail: Tail, is_wanted: Callable[[ledger.Key], bool]
) -> tuple[Mapping[ledger.Key, int] | None, str]:
    """Count the events of the blocks that the store has not loaded."""
    events: dict[ledger.Key, int] = {}
    for record in tail:
        for source, minute, count in decode_block(record.body).counts:
            key = (source, minute)
            if is_wanted(key):
                events[key] = events.get(key, 0) + count
    if tail.problem:
        return None, f"events log behind the store: not counted, {tail.problem}"
    return events, (
        f"events log behind the store: {sum(events.values())} events in {tail.records} blocks"
    )


def _terms(cell: ledger.Cell) -> LedgerTerms:
    return LedgerTerms(
        accepted=cell.accepted,
        refined=cell.refined,
        stored=cell.stored,
        duplicate=cell.duplicate,
        invalid=cell.invalid,
        blocked=cell.blocked,
        suppressed=cell.suppressed,
        in_flight=cell.in_flight,
        balanced=cell.is_balanced,
    )


def _row(cell: ledger.Cell) -> LedgerRow:
    terms = msgspec.structs.asdict(_terms(cell))
    return LedgerRow(source=cell.source, minute=_at(cell.minute), **terms)


def _difference(one: ledger.Difference) -> LedgerDifference:
    return LedgerDifference(
        source=one.source,
        minute=_at(one.minute),
        place=one.place,
        expected_min=max(0, one.expected_min),
        expected_max=one.expected_max,
        found=one.found,
        detail=one.detail,
    )


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def _minute(moment: datetime) -> int:
    return _microseconds(moment) // _MINUTE_US


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
