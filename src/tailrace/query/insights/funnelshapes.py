"""Questions about funnels and their answers: the exact JSON of the API."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.query.insights.asking import Events, Question
from tailrace.query.insights.behind import PeopleLimit
from tailrace.query.insights.breakdowns import FieldName, ValuesMax
from tailrace.query.insights.periods import Interval

STEPS_MAX: Final = 20
EXCLUSIONS_MAX: Final = 10
WINDOW_DAYS_MAX: Final = 3_660
UNITS_MS: Final = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
}

StepNumber = Annotated[int, Meta(ge=1, le=STEPS_MAX, description="A step, from 1.")]
WindowUnit = Literal["second", "minute", "hour", "day", "week"]


class StepEvents(Events, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step: these events, or any of the `alternatives`."""

    alternatives: Annotated[
        list[Events], Meta(max_length=20, description="Events that fulfil the step as well.")
    ] = []


class Exclusion(Events, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events that may not come between two steps; without `before_step`, until the last one."""

    after_step: StepNumber = 1
    before_step: StepNumber | None = None


class Funnel(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how many did one step after the other, the first between since and until.

    The last step is at most `window` of the unit after the first. `order`: `ordered`, anything may
    come in between; `strict`, nothing may; `any`, the steps in whichever order. An event of the
    `exclusions` takes who did it out of the whole `funnel`, or ends the `attempt` alone. `constant`
    is a field that has one value on all steps. `first_time` lets only somebody's first ever event
    of step 1 begin. `by` breaks down by the value of a field: of the `first_touch` or `last_touch`
    among all events of the steps, the same on `all_steps`, or that on the `step` of `by_step`.
    `times` adds how long steps take, `trend` the funnel by when attempts began.
    """

    steps: Annotated[list[StepEvents], Meta(min_length=2, max_length=STEPS_MAX)]
    order: Literal["ordered", "strict", "any"] = "ordered"
    window: Annotated[int, Meta(ge=1, le=WINDOW_DAYS_MAX * 86_400)] = 14
    window_unit: WindowUnit = "day"
    exclusions: Annotated[list[Exclusion], Meta(max_length=EXCLUSIONS_MAX)] = []
    excluded_from: Literal["funnel", "attempt"] = "funnel"
    constant: FieldName | None = None
    first_time: bool = False
    by: FieldName | None = None
    attribution: Literal["first_touch", "last_touch", "all_steps", "step"] = "step"
    by_step: StepNumber = 1
    values_max: ValuesMax = 10
    times: bool = False
    trend: Interval | None = None

    @property
    def window_ms(self) -> int:
        """The window in milliseconds."""
        return self.window * UNITS_MS[self.window_unit]


class FunnelPeople(Funnel, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the people who reached `reached`, or who with `dropped` went no further than it."""

    reached: StepNumber = 1
    dropped: bool = False
    value: Annotated[str, Meta(max_length=10_000)] | None = None
    limit: PeopleLimit = 100


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """So many people reached a step; shares are of the first and of the previous step's."""

    label: str
    people: int
    dropped: int
    of_first: float | None
    of_previous: float | None


class FunnelValue(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel of those with a value."""

    value: str
    steps: list[FunnelStep]


class FunnelBin(msgspec.Struct, frozen=True, kw_only=True):
    """People who took at least `from_s` and less than `until_s`; the last one has its end too."""

    from_s: float
    until_s: float
    people: int


class FunnelTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long those who reached `to_step` took from `from_step` to it."""

    from_step: int
    to_step: int
    people: int
    median_s: float | None
    mean_s: float | None
    bins: list[FunnelBin]


class FunnelPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """People by step of attempts that began from `at` on; not final while windows are open."""

    at: datetime
    people: list[int]
    conversion: float | None
    is_complete: bool


class FunnelResult(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel, and what else was asked for; `excluded` people are in none of its steps."""

    steps: list[FunnelStep]
    excluded: int
    values: list[FunnelValue] | UnsetType = UNSET
    times: list[FunnelTime] | UnsetType = UNSET
    trend: list[FunnelPeriod] | UnsetType = UNSET
    definition: str
    took_ms: float
    notes: list[str]
