"""Calendar intervals: hours, days, weeks, months of a time zone, in Python and in SQL."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.times import from_ms, to_ms

Interval = Annotated[
    Literal["minute", "hour", "day", "week", "month", "quarter", "year"],
    Meta(description="Calendar interval in the zone; weeks begin on Monday."),
]
PERIODS_MAX: Final = 2_000
_SHORT_MS: Final = {"minute": 60_000, "hour": 3_600_000}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


class Periods(NamedTuple):
    """Neighbouring intervals: `starts_ms`, ascending, and the instant at which the last one ends.

    The first one holds the start of the time asked for, the last one its end. A day on which the
    clocks change is shorter or longer than the others.
    """

    interval: Interval
    zone: ZoneInfo
    starts_ms: tuple[int, ...]
    end_ms: int

    def starts(self) -> list[datetime]:
        """Return when each one starts, in its zone."""
        return [from_ms(ms).astimezone(self.zone) for ms in self.starts_ms]

    def number_sql(self, binder: Binder, instant: str = "timestamp") -> str:
        """Return SQL for the number, from 0, of the interval that an instant is in, an Int32.

        `instant` is SQL for a DateTime64 within the intervals.
        """
        first_ms = self.starts_ms[0]
        if self.interval in _SHORT_MS:
            length_ms = _SHORT_MS[self.interval]
            return f"toInt32(intDiv(toUnixTimestamp64Milli({instant}) - {first_ms}, {length_ms}))"
        zone = binder.text(self.zone.key)
        first = binder.text(f"{from_ms(first_ms).astimezone(self.zone):%Y-%m-%d}")
        date = f"toDate32({instant}, {zone})"
        if self.interval in ("day", "week"):
            days = f"dateDiff('day', toDate32({first}), {date})"
            return f"toInt32({days if self.interval == 'day' else f'intDiv({days}, 7)'})"
        months = f"dateDiff('month', toDate32({first}), {date})"
        return f"toInt32(intDiv({months}, {_MONTHS[self.interval]}))"


def periods_of(interval: Interval, *, since_ms: int, until_ms: int, zone: ZoneInfo) -> Periods:
    """Return the intervals that hold [since_ms, until_ms).

    Raises:
        QueryError: there are more than `PERIODS_MAX`.
    """
    starts: list[int] = []
    start = _floor(from_ms(since_ms).astimezone(zone), interval)
    at_ms = to_ms(start)
    while at_ms < until_ms:
        starts.append(at_ms)
        if len(starts) > PERIODS_MAX:
            raise QueryError(
                f"that time has more than {PERIODS_MAX} intervals of one {interval}; ask for a "
                "longer interval or a shorter time"
            )
        if interval in _SHORT_MS:
            at_ms += _SHORT_MS[interval]
        else:
            start = _next(start, interval)
            at_ms = to_ms(start)
    return Periods(interval, zone, tuple(starts), at_ms)


def _floor(moment: datetime, interval: Interval) -> datetime:
    # The short ones are cut where the clock on the wall shows a whole one.
    if interval == "minute":
        return moment.replace(second=0, microsecond=0)
    if interval == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if interval == "day":
        return day
    if interval == "week":
        return day - timedelta(days=day.weekday())
    first = day.replace(day=1)
    return first.replace(month=first.month - (first.month - 1) % _MONTHS[interval])


def _next(start: datetime, interval: Interval) -> datetime:
    # Adding to a moment with a zone moves the clock on the wall, as a calendar does.
    if interval in ("day", "week"):
        return start + timedelta(days=1 if interval == "day" else 7)
    months = start.year * 12 + start.month - 1 + _MONTHS[interval]
    return start.replace(year=months // 12, month=months % 12 + 1)
