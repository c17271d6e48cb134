"""Step 6, times: when an event happened, by the server's clock.

Source: Segment Spec, "Common fields": timestamp = receivedAt - (sentAt - originalTimestamp).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from dateutil import parser as lenient

from tailrace.refine.draft import Draft
from tailrace.refine.metrics import UNREADABLE_TIMES

OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD_MAX: Final = timedelta(days=366)
# What the store's DateTime64 holds.
STORABLE_FROM: Final = datetime(1900, 1, 1, tzinfo=UTC)
STORABLE_UNTIL: Final = datetime(2300, 1, 1, tzinfo=UTC)
TEXT_CHARACTERS_MAX: Final = 64

_NUMBER: Final = re.compile(r"-?[0-9]{9,20}(\.[0-9]{1,9})?")
# Seconds reach this in the year 5138, milliseconds did in 1973; likewise for the finer units.
_SECONDS_BELOW: Final = 10**11
_ZONE_NAME: Final = re.compile(r" *\([^()]*\)$")
# Without a zone, so that only a zone in the text gives one.
_DEFAULTS: Final = (OLDEST.replace(tzinfo=None), datetime.fromisoformat("2003-02-02"))
_LENIENT_ERRORS: Final = (ValueError, ArithmeticError, TypeError, LookupError, AttributeError)


def correct_times(drafts: Iterable[Draft]) -> None:
    """Fill in `timestamp`, `original_timestamp` and `sent_at`.

    An event without a readable time happened when it was received. So did one whose corrected time
    lies before 1990 or more than a year after its receipt: no clock is that wrong, a unit is.
    """
    for draft in drafts:
        fields = draft.fields
        origin = draft.origin
        received = origin.received_at
        text = fields.timestamp or fields.original_timestamp
        original = parse_time(text) if text else None
        sent = origin.sent_at
        if sent is None and fields.sent_at:
            sent = parse_time(fields.sent_at)
        if original is None:
            timestamp = received
            if text:
                UNREADABLE_TIMES.inc()
        elif sent is None or origin.is_corrected:
            timestamp = original
        else:
            timestamp = corrected_timestamp(original=original, sent=sent, received=received)
        if not OLDEST <= timestamp <= received + AHEAD_MAX:
            timestamp = received
        draft.timestamp = timestamp
        if origin.is_corrected and fields.original_timestamp:
            original = parse_time(fields.original_timestamp)
        if original is not None and STORABLE_FROM <= original < STORABLE_UNTIL:
            draft.original_timestamp = original
        if sent is not None and STORABLE_FROM <= sent < STORABLE_UNTIL:
            draft.sent_at = sent


def corrected_timestamp(*, original: datetime, sent: datetime, received: datetime) -> datetime:
    """Return when the event happened, by the server's clock.

    The client's clock may be wrong, but it measured both `original` and `sent`, so their distance
    holds. `received` when the result is no date.
    """
    try:
        return received - (sent - original)
    except OverflowError:
        return received


def parse_time(text: str) -> datetime | None:
    """Return the instant that a client's text names, in UTC; None when it names none.

    Reads ISO 8601 in all its forms, RFC 2822, dates with one-digit parts, and digits as seconds,
    milliseconds, microseconds or nanoseconds since 1970. A text without a zone is UTC.
    """
    # A date in digits alone would also pass as ISO 8601, and seconds as a date of some kind.
    if text[4:5] == "-":
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is UTC else _in_utc(moment)
        except (ValueError, OverflowError):
            pass
    return _parse_leniently(text)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _parse_leniently(text: str) -> datetime | None:
    text = _ZONE_NAME.sub("", text[: TEXT_CHARACTERS_MAX + 1].strip())
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    try:
        if _NUMBER.fullmatch(text):
            return _from_number(text)
        # What a text leaves out comes from the default: two of them tell whether it named a day.
        first, second = (
            lenient.parse(text, default=default, tzinfos=_zone) for default in _DEFAULTS
        )
        return _in_utc(first) if first == second else None
    except _LENIENT_ERRORS:
        return None


def _from_number(text: str) -> datetime:
    seconds = float(text)
    while abs(seconds) >= _SECONDS_BELOW:
        seconds /= 1000
    return datetime.fromtimestamp(round(seconds, 6), UTC)


def _zone(name: str | None, offset_s: int | None) -> int:
    """Return the offset in seconds; a bare name such as EST means several zones, so none."""
    if offset_s is None:
        raise ValueError(f"time zone {name} has no offset")
    return offset_s
