"""Zones, intervals and formats of date aggregations, and how instants are rounded down.

A `Rounding` says the same in Python and in SQL: to which start of an interval an instant belongs.
Instants are milliseconds since 1970.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from tailrace.errors import QueryError
from tailrace.query.insights.asking import ZONES_KNOWN
from tailrace.query.times import from_ms, span_of, to_ms

DAY_MS: Final = 86_400_000
LENGTH_MS_MAX: Final = 100 * 366 * DAY_MS
# From 1900 to 2299, as the store's times.
INSTANT_MS_MIN: Final = -2_208_988_800_000
INSTANT_MS_MAX: Final = 10_413_791_999_999
STARTS_MAX: Final = 65_535
Unit = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
UNITS_MS: Final[dict[str, int]] = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": DAY_MS,
    "week": 7 * DAY_MS,
}
UNITS_MONTHS: Final[dict[str, int]] = {"month": 1, "quarter": 3, "year": 12}
_CALENDAR: Final[dict[str, Unit]] = {
    "1s": "second",
    "1m": "minute",
    "1h": "hour",
    "1d": "day",
    "1w": "week",
    "1M": "month",
    "1q": "quarter",
    "1y": "year",
    **{name: cast("Unit", name) for name in (*UNITS_MS, *UNITS_MONTHS)},
}
_FIXED = re.compile(r"(?P<sign>[+-]?)(?P<count>[0-9]{1,15})(?P<unit>ms|s|m|h|d|w)")
_FIXED_MS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": DAY_MS,
    "w": 7 * DAY_MS,
}
_ZONE_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?")


def zone_of(name: str | None, path: str, *, default: tzinfo = UTC) -> tzinfo:
    """Return the time zone: IANA's name, or an offset such as +01:00.

    Raises:
        QueryError: there is none of that name.
    """
    if name is None:
        return default
    if name in ("UTC", "Z", "utc"):
        return UTC
    offset = _ZONE_OFFSET.fullmatch(name)
    if offset is not None:
        minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if offset["sign"] == "-" else minutes))
    if name in ZONES_KNOWN:
        return ZoneInfo(name)
    raise QueryError(
        f"{path}.time_zone is '{name[:100]}'; expected an IANA time zone such as Europe/Berlin, or "
        "an offset such as +01:00"
    )


def duration_ms(text: str, path: str) -> int:
    """Return a fixed length: `90s`, `12h`, `-1d`, or a bare number of milliseconds.

    Raises:
        QueryError: it is none.
    """
    found = _FIXED.fullmatch(text)
    if found is None:
        raise QueryError(f"{path} is '{text[:100]}'; expected a length such as 500ms, 30s, 12h, 7d")
    count = int(found["count"]) * _FIXED_MS[found["unit"]]
    if count > LENGTH_MS_MAX:
        raise QueryError(f"{path} is '{text[:100]}'; expected at most a hundred years")
    return -count if found["sign"] == "-" else count


@dataclass(frozen=True)
class Interval:
    """A calendar unit, or a fixed length."""

    unit: Unit | None
    fixed_ms: int = 0


def interval_of(
    *, calendar: str | None, fixed: str | None, either: float | str | None, path: str
) -> Interval:
    """Return the interval of a date histogram's options.

    Raises:
        QueryError: it is missing, given twice, or no interval.
    """
    given = [one for one in (calendar, fixed, either) if one is not None]
    if len(given) != 1:
        raise QueryError(
            f"{path} needs one interval: calendar_interval (such as 1d, 1M) or fixed_interval "
            "(such as 30s, 12h)"
        )
    if calendar is not None or (isinstance(either, str) and either in _CALENDAR):
        text = str(given[0])
        if text not in _CALENDAR:
            raise QueryError(
                f"{path}.calendar_interval is '{text[:100]}'; expected one of "
                "1s 1m 1h 1d 1w 1M 1q 1y; for other lengths use fixed_interval"
            )
        return Interval(_CALENDAR[text])
    length = int(either) if isinstance(either, int | float) else None
    fixed_ms = duration_ms(str(given[0]), f"{path}.fixed_interval") if length is None else length
    if not 1 <= fixed_ms <= LENGTH_MS_MAX:
        raise QueryError(f"{path}.fixed_interval is {given[0]}; expected 1ms to a hundred years")
    return Interval(None, fixed_ms)


class Rounding:
    """Rounds instants down to the start of their interval, in a zone, moved by an offset."""

    def __init__(
        self, interval: Interval, zone: tzinfo, *, offset_ms: int, low_ms: int, high_ms: int
    ) -> None:
        """Prepare for instants from `low_ms` to `high_ms`."""
        self.interval = interval
        self.zone = zone
        self._offset_ms = offset_ms
        low, high = low_ms - offset_ms, max(high_ms, low_ms) - offset_ms
        unit = interval.unit
        self._starts: list[int] = []
        self._length_ms = interval.fixed_ms
        if unit in ("second", "minute", "hour"):
            self._length_ms = UNITS_MS[unit]
        elif unit is not None:
            self._starts = _starts(unit, zone, low, high)
        self._changes = _changes(zone, low, high) if not self._starts else []

    @classmethod
    def of_starts(cls, starts: list[int], interval: Interval, zone: tzinfo) -> "Rounding":
        """Return what rounds to these starts, of which the last one is beyond all instants."""
        made = cls(Interval(None, DAY_MS), zone, offset_ms=0, low_ms=starts[0], high_ms=starts[0])
        made.interval = interval
        made._starts = starts
        return made

    @property
    def is_of_hours(self) -> bool:
        """Whether all intervals start with an hour of UTC."""
        hour = UNITS_MS["hour"]
        starts = [self._offset_ms, *(self._starts or (self._length_ms,))]
        starts += [part for change in self._changes[1:] for part in change]
        starts += [offset for _, offset in self._changes[:1]]
        return not any(start % hour for start in starts)

    def round(self, at_ms: int) -> int:
        """Return the start of the interval that the instant is in."""
        at = at_ms - self._offset_ms
        if self._starts:
            place = max(bisect_right(self._starts, at) - 1, 0)
            return self._starts[place] + self._offset_ms
        changed = bisect_right([change for change, _ in self._changes], at) - 1
        since, zone_ms = self._changes[changed]
        local = (at + zone_ms) // self._length_ms * self._length_ms
        start = local - zone_ms
        if changed > 0 and start < since:
            start = min(local - self._changes[changed - 1][1], since)
        return start + self._offset_ms

    def following(self, start_ms: int) -> int:
        """Return the start of the next interval."""
        if self._starts:
            at = start_ms - self._offset_ms
            place = bisect_right(self._starts, at)
            if place < len(self._starts):
                return self._starts[place] + self._offset_ms
            unit = cast("Unit", self.interval.unit)
            return _starts(unit, self.zone, at, at + 3 * 366 * DAY_MS)[1] + self._offset_ms
        found = self.round(start_ms + self._length_ms)
        return found if found > start_ms else self.round(start_ms + 2 * self._length_ms)

    def sql(self, at: str) -> str:
        """Return SQL for `round` of an Int64."""
        moved = f"({at} - {self._offset_ms})" if self._offset_ms else at
        if self._starts:
            starts = ", ".join(f"toInt64({start})" for start in self._starts)
            rounded = f"toInt64(roundDown({moved}, [{starts}]))"
            return f"({rounded} + {self._offset_ms})" if self._offset_ms else rounded
        length = self._length_ms
        zone_ms = str(self._changes[0][1])
        rounded = f"({moved} - positiveModulo({moved} + {zone_ms}, {length}))"
        if len(self._changes) > 1:
            cases = []
            for place, (since, offset) in enumerate(self._changes):
                local = f"({moved} + {offset} - positiveModulo({moved} + {offset}, {length}))"
                start = f"({local} - {offset})"
                if place:
                    before = f"least({local} - {self._changes[place - 1][1]}, {since})"
                    start = f"if({start} < {since}, {before}, {start})"
                if place + 1 < len(self._changes):
                    cases.append(f"{moved} < {self._changes[place + 1][0]}")
                cases.append(start)
            rounded = f"multiIf({', '.join(cases)})"
        return f"toInt64({rounded} + {self._offset_ms})"


def _changes(zone: tzinfo, low_ms: int, high_ms: int) -> list[tuple[int, int]]:
    """Return from when on the zone has which offset; the first one holds from the start."""
    low_ms -= 2 * DAY_MS
    high_ms += 2 * DAY_MS
    found = [(low_ms, _offset_ms(zone, low_ms))]
    if not isinstance(zone, ZoneInfo):
        return found
    at_ms = low_ms
    while at_ms < high_ms:
        following_ms = at_ms + 7 * DAY_MS
        if _offset_ms(zone, following_ms) != found[-1][1]:
            before_ms, after_ms = at_ms, following_ms
            while after_ms - before_ms > 1_000:
                middle_ms = (before_ms + after_ms) // 2_000 * 1_000
                if _offset_ms(zone, middle_ms) == found[-1][1]:
                    before_ms = middle_ms
                else:
                    after_ms = middle_ms
            after_ms = after_ms // 1_000 * 1_000
            found.append((after_ms, _offset_ms(zone, after_ms)))
            at_ms = after_ms
        else:
            at_ms = following_ms
    return found


def _offset_ms(zone: tzinfo, at_ms: int) -> int:
    offset = from_ms(at_ms).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def _starts(unit: Unit, zone: tzinfo, low_ms: int, high_ms: int) -> list[int]:
    """Return the starts of calendar intervals from the one that holds `low_ms` on."""
    day = from_ms(low_ms).astimezone(zone).date()
    day = _first_day(unit, day)
    starts = [_start_ms(day, zone)]
    while starts[-1] <= high_ms:
        day = _following_day(unit, day)
        starts.append(_start_ms(day, zone))
        if len(starts) > STARTS_MAX:
            raise QueryError(
                f"that time has more than {STARTS_MAX} intervals of one {unit}; ask for a longer "
                "interval or a shorter time"
            )
    return starts


def _start_ms(day: date, zone: tzinfo) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=zone))


def _first_day(unit: Unit, day: date) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = UNITS_MONTHS[unit]
    return day.replace(day=1, month=day.month - (day.month - 1) % months)


def _following_day(unit: Unit, day: date) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=1 if unit == "day" else 7)
    months = day.year * 12 + day.month - 1 + UNITS_MONTHS[unit]
    return day.replace(year=months // 12, month=months % 12 + 1)


# Formats -----------------------------------------------------------------------------------------

_NAMED: Final = frozenset(
    {
        "date_time",
        "iso8601",
        "strict_date_time",
        "strict_date_optional_time",
        "strict_date_optional_time_nanos",
        "date_optional_time",
        "strict_date_optional_time||epoch_millis",
    }
)
_DATES: Final = {
    "date": "yyyy-MM-dd",
    "strict_date": "yyyy-MM-dd",
    "basic_date": "yyyyMMdd",
    "year": "yyyy",
    "strict_year": "yyyy",
    "year_month": "yyyy-MM",
    "strict_year_month": "yyyy-MM",
    "hour_minute": "HH:mm",
    "date_hour_minute": "yyyy-MM-dd'T'HH:mm",
    "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
}
_PART = re.compile(r"'(?P<quoted>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_MONTHS: Final = (
    "January February March April May June July August September October November December"
)
_DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def format_of(text: str | None, zone: tzinfo, path: str) -> Callable[[int], str]:
    """Return what writes an instant: by a named format or a pattern such as `yyyy-MM-dd HH:mm`.

    Raises:
        QueryError: the pattern has a letter that is not known.
    """
    if text is None or text in _NAMED:
        return lambda ms: _iso(ms, zone)
    if text == "epoch_millis":
        return str
    if text == "epoch_second":
        return lambda ms: str(ms // 1000)
    pattern = _DATES.get(text, text.split("||")[0])
    writers: list[Callable[[datetime], str]] = []
    at = 0
    while at < len(pattern):
        found = _PART.match(pattern, at)
        writer = None if found is None else _writer(found)
        if found is None or writer is None:
            raise QueryError(
                f"{path}.format is '{text[:100]}'; expected epoch_millis, "
                "strict_date_optional_time, or a pattern of y M d E H h m s S a Z X and signs"
            )
        writers.append(writer)
        at = found.end()
    return lambda ms: "".join(writer(from_ms(ms).astimezone(zone)) for writer in writers)


def _writer(found: re.Match[str]) -> Callable[[datetime], str] | None:
    letters = found["letters"]
    if letters is None:
        literal = found["other"] or found["quoted"] or "'"
        return lambda _: literal
    count = len(letters)
    number: Callable[[datetime], int] | None = {
        "M": lambda at: at.month,
        "L": lambda at: at.month,
        "d": lambda at: at.day,
        "H": lambda at: at.hour,
        "h": lambda at: at.hour % 12 or 12,
        "m": lambda at: at.minute,
        "s": lambda at: at.second,
        "D": lambda at: at.timetuple().tm_yday,
        "w": lambda at: at.isocalendar().week,
        "Q": lambda at: (at.month - 1) // 3 + 1,
    }.get(letters[0])
    match letters[0]:
        case "y" | "u" | "Y" | "x" if letters[0] != "x":
            return lambda at: f"{at.year % 100:02d}" if count == 2 else f"{at.year:0{count}d}"
        case "M" | "L" if count > 2:
            return lambda at: _name(_MONTHS, at.month - 1, is_short=count == 3)
        case "E":
            return lambda at: _name(_DAYS, at.weekday(), is_short=count <= 3)
        case "a":
            return lambda at: "AM" if at.hour < 12 else "PM"
        case "S":
            return lambda at: f"{at.microsecond:06d}".ljust(count, "0")[:count]
        case "Z" | "X" | "x":
            has_colon = count >= 3
            return lambda at: _offset_text(at, has_colon=has_colon, zulu=letters[0] == "X")
    return None if number is None else lambda at: f"{number(at):0{count}d}"


def _name(names: str, place: int, *, is_short: bool) -> str:
    name = names.split()[place]
    return name[:3] if is_short else name


def _iso(ms: int, zone: tzinfo) -> str:
    at = from_ms(ms).astimezone(zone)
    written = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
    return written + _offset_text(at, has_colon=True, zulu=True)


def _offset_text(at: datetime, *, has_colon: bool, zulu: bool) -> str:
    offset = at.utcoffset() or timedelta()
    if not offset and zulu:
        return "Z"
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "-" if offset < timedelta() else "+"
    return f"{sign}{minutes // 60:02d}{':' if has_colon else ''}{minutes % 60:02d}"


def bound_ms(given: float | str, *, zone: tzinfo, now: datetime, path: str) -> int:
    """Return the instant of a bound: milliseconds, ISO 8601 or date math; days are of the zone.

    Raises:
        QueryError: it is none.
    """
    is_number = isinstance(given, int | float) or (
        re.fullmatch(r"-?[0-9]{1,14}", given) is not None and len(given) != 4
    )
    if is_number:
        ms = float(given)
        if not INSTANT_MS_MIN <= ms <= INSTANT_MS_MAX:
            raise QueryError(f"{path} is {given}; expected milliseconds of the years 1900 to 2299")
        return int(ms)
    text = str(given)
    try:
        return span_of(text, now=now, zone=zone).start_ms
    except QueryError as error:
        raise QueryError(f"{path}: {error}") from error
