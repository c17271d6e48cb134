"""Times as people write them: ISO 8601 in any precision, date math, durations before now.

Instants are whole milliseconds since 1970. A time that names no zone is in the zone of who asks,
UTC unless told, and so are the days, weeks, months and years of date math; `now` itself is the same
everywhere.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from tailrace.errors import QueryError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a DateTime64 column can hold; an instant outside is moved to the nearest one inside.
_MS_MIN = -2_208_988_800_000
_MS_MAX = 10_413_791_999_999

_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?"
)
_EPOCH_MS = re.compile(r"-?[0-9]{10,14}")
_STEP = re.compile(
    r"(?P<sign>[+-])(?P<count>[0-9]{1,6})(?P<unit>[yMwdhHms])|/(?P<round>[yMwdhHms])"
)
_DURATION = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhdwMy])")
_EXPECTED = "expected a time such as 2026-03-10, 2026-03-10T12:30:00Z or now-7d/d"
# Whole and fixed lengths; months and years are counted in the calendar.
_UNIT_MS = {
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "H": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
# From the finest: the unit that a time without the finer parts names.
_PRECISIONS = (("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("M", "month"))


class Span(NamedTuple):
    """The instants that a text names: [start_ms, end_ms); one millisecond when it is exact."""

    start_ms: int
    end_ms: int


def to_ms(moment: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the instant."""
    return _EPOCH + timedelta(milliseconds=ms)


def span_of(text: str, *, now: datetime, zone: tzinfo = UTC, position: int | None = None) -> Span:
    """Return what the text names: a day for `2026-03-10`, an instant for `now`.

    Raises:
        QueryError: the text names no time.
    """
    try:
        span = _span(text, now.astimezone(zone))
    except (ValueError, OverflowError):
        span = None
    if span is None:
        raise QueryError(
            f"'{text}' is not a time: {_EXPECTED}",
            position=position,
            hint='a time with spaces or a / needs quotes outside of [ ]: "now-7d/d"',
        )
    start, end = span
    start = min(max(start, _MS_MIN), _MS_MAX)
    return Span(start, min(max(end, start + 1), _MS_MAX + 1))


def is_time(text: str) -> bool:
    """Tell whether the text is an ISO 8601 date or date math (not bare numbers)."""
    return text.startswith("now") or (len(text) > 4 and _ISO.fullmatch(text) is not None)


def instant_of(text: str, *, name: str, now: datetime, zone: tzinfo = UTC) -> int:
    """Return the instant that a question's `since` or `until` names: `24h` is that long before now.

    Raises:
        QueryError: names the field.
    """
    duration = _DURATION.fullmatch(text)
    try:
        if duration is not None:
            moment = _moved(now.astimezone(zone), -int(duration["count"]), duration["unit"])
            return min(max(to_ms(moment), _MS_MIN), _MS_MAX)
        return span_of(text, now=now, zone=zone).start_ms
    except (QueryError, ValueError, OverflowError) as error:
        raise QueryError(
            f"{name} is '{text}'; expected a duration before now such as 15m, 24h or 7d, or a time "
            "such as 2026-03-10T12:30:00Z or now-7d/d"
        ) from error


def _span(text: str, now: datetime) -> tuple[int, int] | None:
    """Return the instants; `now` is in the zone of who asks."""
    zone = now.tzinfo or UTC
    if text.startswith("now"):
        return _math(now, None, text[3:])
    anchor, separator, math = text.partition("||")
    if _EPOCH_MS.fullmatch(anchor):
        start = int(anchor)
        return _math(from_ms(start).astimezone(zone), None, math)
    span = _iso(anchor, zone)
    if span is None or not separator:
        return span
    return _math(from_ms(span[0]).astimezone(zone), span, math)


def _math(moment: datetime, anchor: tuple[int, int] | None, steps: str) -> tuple[int, int] | None:
    """Apply `+1d/M`...; the last rounding, if it ends the text, makes the span a whole unit."""
    at = 0
    start = to_ms(moment)
    span = anchor or (start, start + 1)
    while at < len(steps):
        step = _STEP.match(steps, at)
        if step is None:
            return None
        if step["round"]:
            moment = _floor(moment, step["round"])
            start = to_ms(moment)
            span = (start, to_ms(_moved(moment, 1, step["round"])))
        else:
            sign = 1 if step["sign"] == "+" else -1
            moment = _moved(moment, sign * int(step["count"]), step["unit"])
            start = to_ms(moment)
            span = (start, start + 1)
        at = step.end()
    return span


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    """Return the moment moved in time, but not out of the calendar of four-digit years."""
    edge = datetime.max.replace(tzinfo=UTC) if count > 0 else datetime.min.replace(tzinfo=UTC)
    if unit in _UNIT_MS:
        step = timedelta(milliseconds=count * _UNIT_MS[unit])
        try:
            # A day in a zone may have 23 hours; an hour is an hour.
            if unit in "dw":
                return moment + step
            return (moment.astimezone(UTC) + step).astimezone(moment.tzinfo)
        except OverflowError:
            return edge
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        return edge
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _floor(moment: datetime, unit: str) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match unit:
        case "y":
            return midnight.replace(month=1, day=1)
        case "M":
            return midnight.replace(day=1)
        case "w":
            return midnight - timedelta(days=moment.weekday())
        case "d":
            return midnight
        case "h" | "H":
            return moment.replace(minute=0, second=0, microsecond=0)
        case "m":
            return moment.replace(second=0, microsecond=0)
        case _:
            return moment.replace(microsecond=0)


def _iso(text: str, zone: tzinfo) -> tuple[int, int] | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    start = datetime(
        int(parts["year"]),
        int(parts["month"] or 1),
        int(parts["day"] or 1),
        int(parts["hour"] or 0),
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        tzinfo=_zone(parts["zone"]) or zone,
    )
    if parts["fraction"]:
        fraction_ms = int(parts["fraction"].ljust(9, "0")) // 1_000_000
        start_ms = to_ms(start) + fraction_ms
        return start_ms, start_ms + 1
    unit = next((unit for unit, name in _PRECISIONS if parts[name]), "y")
    start_ms = to_ms(start)
    return start_ms, to_ms(_moved(start, 1, unit))


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
