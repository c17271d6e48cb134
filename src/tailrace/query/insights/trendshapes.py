"""Trends, as they are asked for and answered."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.query.insights.asking import Events, Question
from tailrace.query.insights.behind import PeopleLimit
from tailrace.query.insights.breakdowns import FieldName, ValuesMax
from tailrace.query.insights.measures import Measure, PerActor
from tailrace.query.insights.periods import Interval

SERIES_MAX: Final = 10
LETTERS: Final = "ABCDEFGHIJ"
BINS_MAX: Final = 50

Number = int | float | None
BrokenValue = Annotated[str, Meta(max_length=10_000)]


class TrendSeries(Events, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some events and what is measured of them; the first series is A, the next one B.

    `first_time` leaves only each actor's first such event of all time.
    """

    measure: Measure = "total"
    property: FieldName | None = None
    per_actor: PerActor | None = None
    first_time: bool = False


class Trends(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how something develops.

    `by` breaks every series down by the values of one or several fields: the `values_max` ones with
    the most of series A over the whole time, `Other` for the rest. With `bins` the one field is a
    number and cut into so many ranges. `formulas` calculate with the letters of the series.
    `compare` repeats the question for the time before, or the same dates a week, month or year
    earlier. `smoothing` is over how many intervals the trailing mean goes. `cumulative` counts from
    the start of the time on.
    """

    series: Annotated[list[TrendSeries], Meta(min_length=1, max_length=SERIES_MAX)]
    interval: Interval = "day"
    by: Annotated[list[FieldName], Meta(max_length=3)] = []
    values_max: ValuesMax = 10
    bins: Annotated[int, Meta(ge=2, le=BINS_MAX)] | None = None
    formulas: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=5)] = []
    compare: Literal["previous", "week", "month", "year"] | None = None
    smoothing: Annotated[int, Meta(ge=1, le=90)] = 1
    cumulative: bool = False


class TrendPeople(Trends, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask who is behind one point: of the series with the `letter`, in the interval from `at` on.

    `values` are those of the line, where the question has a breakdown.
    """

    letter: Annotated[str, Meta(pattern="^[A-J]$")] = "A"
    at: datetime
    values: Annotated[list[BrokenValue], Meta(max_length=3)] = []
    limit: PeopleLimit = 100


class TrendBucket(msgspec.Struct, frozen=True, kw_only=True):
    """An interval; it is not complete where the time asked for, or time itself, cuts it."""

    at: datetime
    is_complete: bool


class TrendCompared(msgspec.Struct, frozen=True, kw_only=True):
    """The same line earlier; `change` is a share of its total, None where that is 0."""

    points: list[Number]
    total: Number
    change: float | None


class TrendLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a series or a formula, of all events or of those with `values`.

    `points` has one number per interval, None where there is none; `total` is the same measured
    over the whole time.
    """

    letter: str | UnsetType = UNSET
    formula: str | UnsetType = UNSET
    name: str
    values: list[str] | UnsetType = UNSET
    points: list[Number]
    total: Number
    compared: TrendCompared | UnsetType = UNSET


class TrendsResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every interval, empty ones too, and the lines."""

    interval: Interval
    buckets: list[TrendBucket]
    compared_buckets: list[TrendBucket] | UnsetType = UNSET
    lines: list[TrendLine]
    definition: str
    took_ms: float
    notes: list[str]
