"""Questions about experiments and their answers: the exact JSON of the API."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.query.insights.asking import Events, Question
from tailrace.query.insights.breakdowns import FieldName
from tailrace.query.insights.funnelshapes import WindowUnit

VARIANTS_MAX: Final = 20
METRICS_MAX: Final = 10

VariantName = Annotated[str, Meta(min_length=1, max_length=500)]
Level = Annotated[
    float, Meta(ge=0.5, le=0.9999, description="Level of the intervals; p below 1 - it counts.")
]
Power = Annotated[
    float, Meta(ge=0.5, le=0.999, description="Chance to see a difference that is there.")
]


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is compared, per person: whether they did it, how often, or the sum of a `property`.

    `cap` lowers values above that quantile of all people to it, so that a few do not decide.
    """

    kind: Literal["conversion", "count", "sum"] = "conversion"
    events: Events
    label: Annotated[str, Meta(max_length=200)] | None = None
    property: FieldName | None = None
    cap: Annotated[float, Meta(ge=0.5, le=1.0)] | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the people a variant was planned to get; parts are relative to each other."""

    variant: VariantName
    part: Annotated[float, Meta(gt=0, le=1_000_000)]


class Experiment(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how variants compare with the `control`.

    Somebody is in the variant of their first `exposure` between since and until, as its field
    `variant` says; who saw two is left out. Of the events of the `metrics` those after it count,
    for the `window` where there is one, else until `until`. The first metric is the one to decide
    by, the others are exploratory. `split` is the planned one, equal parts if not given. With the
    `fixed` method the verdict waits until each variant has `people_planned`; the `sequential` one
    may be looked at and stopped at any time, `smallest_effect` being about the smallest difference
    of interest (of the rate or mean itself) for each metric.
    """

    exposure: Events
    variant: FieldName
    control: VariantName
    metrics: Annotated[list[Metric], Meta(min_length=1, max_length=METRICS_MAX)]
    split: Annotated[list[Share], Meta(max_length=VARIANTS_MAX)] = []
    window: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    window_unit: WindowUnit = "day"
    method: Literal["fixed", "sequential"] = "fixed"
    people_planned: Annotated[int, Meta(ge=1)] | None = None
    smallest_effect: Annotated[
        list[Annotated[float, Meta(gt=0)]], Meta(max_length=METRICS_MAX)
    ] = []
    level: Level = 0.95
    power: Power = 0.8


class VariantPeople(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are in a variant, and how many the planned split gives it."""

    variant: str
    people: int
    planned: float


class SplitCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The split against the planned one; with an alarm nothing else of the answer can be trusted.

    The alarm is at p below 0.001.
    """

    chi_square: float
    p: float
    is_alarm: bool


class VariantMetric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric in one variant: `mean` per person, which for a conversion is the rate."""

    variant: str
    people: int
    total: float
    mean: float
    deviation: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A variant against the control.

    `difference` is absolute and `lift` relative, both with their intervals. p, the intervals and
    the verdict of a fixed plan are none until its people are there. `p_adjusted` is Holm's over the
    variants. `detectable` is the smallest difference that so many people show with the power asked
    for; a smaller one may be there and not be seen.
    """

    variant: str
    difference: float
    difference_low: float | None
    difference_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    test: Literal["z", "fisher", "welch", "sequential"]
    p: float | None
    p_adjusted: float | None
    detectable: float | None
    verdict: Literal["waiting", "higher", "lower", "undecided", "invalid"]


class MetricResult(msgspec.Struct, frozen=True, kw_only=True):
    """A metric; `skipped` events have no number in its property, `cap` is what values stop at."""

    label: str
    kind: Literal["conversion", "count", "sum"]
    is_primary: bool
    variants: list[VariantMetric]
    comparisons: list[Comparison]
    skipped: int
    cap: float | None


class ExperimentResult(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison; `mixed` people saw more than one variant and are in none."""

    variants: list[VariantPeople]
    mixed: int
    split: SplitCheck
    metrics: list[MetricResult]
    is_waiting: bool
    until: datetime
    definition: str
    took_ms: float
    notes: list[str]


class SampleSize(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how many people an experiment needs.

    For a rate give `rate`, for a mean `mean` and `deviation`; and the difference to be seen, either
    `difference` or `lift` (relative). With `people_per_day` the days are told too.
    """

    rate: Annotated[float, Meta(gt=0, lt=1)] | None = None
    mean: float | None = None
    deviation: Annotated[float, Meta(gt=0)] | None = None
    difference: float | None = None
    lift: float | None = None
    variants: Annotated[int, Meta(ge=2, le=VARIANTS_MAX)] = 2
    level: Level = 0.95
    power: Power = 0.8
    people_per_day: Annotated[float, Meta(gt=0)] | None = None


class SampleSizeResult(msgspec.Struct, frozen=True, kw_only=True):
    """People per variant and in all; `days` are whole weeks."""

    people_per_variant: int
    people: int
    days: int | None
    difference: float
    definition: str
