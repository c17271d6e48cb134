"""Funnels, paths and experiments on the real engine: known numbers, limits, and its own tests."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.insights.asking import Events
from tailrace.query.insights.experimentshapes import (
    Experiment,
    ExperimentResult,
    Metric,
    SampleSize,
    Share,
)
from tailrace.query.insights.funnelshapes import Exclusion, Funnel, FunnelResult, StepEvents
from tailrace.query.insights.pathshapes import Paths, PathsPeople, Rule
from tailrace.query.insights.statistics import (
    Moments,
    Proportion,
    always_valid_p,
    holm,
    moments_of,
    newcombe,
    proportions_p,
    proportions_size,
    proportions_z,
    quantile,
    sample_ratio,
    welch,
)

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SIGNUP, VIEW, PURCHASE = (
    StepEvents(event="Signup"),
    StepEvents(event="View"),
    StepEvents(event="Purchase"),
)
# Two weeks of four people: who, day of March and time, event, campaign, amount.
TOLD = """
u1 2T09:00 Signup google
u1 2T09:10 View
u1 2T09:50 Purchase - 10
u1 3T10:00 View fb
u1 9T08:00 View
u2 2T23:30 Signup fb
u2 3T00:10 View
u2 3T00:20 Cancel
u2 3T00:30 Purchase - 20
u3 3T12:00 View
u3 3T12:05 Signup google
u3 5T12:05 Purchase - 5
u4 4T07:00 Signup
u4 4T07:00 View
u4 11T07:00 View
"""


def shop_events() -> Iterator[dict[str, object]]:
    for line in TOLD.strip().splitlines():
        who, at, event, campaign, amount = [*line.split(), "-", "-"][:5]
        day, clock = at.split("T")
        properties: dict[str, object] = {}
        if campaign != "-":
            properties["utm"] = campaign
        if amount != "-":
            properties["amount"] = int(amount)
        yield {
            "event": event,
            "user_id": who,
            "source": "shop",
            "at": f"2026-03-{int(day):02}T{clock}:00Z",
            "properties": properties,
        }


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("journeys"), now=NOW) as opened:
        opened.add(shop_events())
        opened.add(exposed_events())
        opened.add(met_events())
        yield opened


def ask(stored: StoredEvents, *steps: StepEvents, **options: object) -> FunnelResult:
    whole = {"since": "2026-03-02", "until": "2026-03-12", "query": "source:shop", **options}
    return stored.questions.funnel(msgspec.convert({"steps": list(steps), **whole}, Funnel))


def counts(result: FunnelResult) -> list[int]:
    return [step.people for step in result.steps]


# Funnels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "options", "people"),
    [
        ([SIGNUP, VIEW, PURCHASE], {"window": 1}, [4, 3, 2]),
        ([SIGNUP, VIEW, PURCHASE], {"window": 1, "times": True}, [4, 3, 2]),
        ([SIGNUP, VIEW, PURCHASE], {"order": "any"}, [4, 4, 3]),
        ([SIGNUP, PURCHASE], {}, [4, 3]),
        ([SIGNUP, PURCHASE], {"window": 1}, [4, 2]),
        ([SIGNUP, PURCHASE], {"order": "strict"}, [4, 1]),
        ([SIGNUP, VIEW], {"first_time": True, "window": 1}, [4, 3]),
        ([VIEW, VIEW], {}, [4, 2]),
        ([VIEW, VIEW], {"window": 7}, [4, 2]),
        ([VIEW, VIEW], {"window": 6 * 24, "window_unit": "hour"}, [4, 1]),
    ],
)
def test_the_shop_has_these_funnels(
    stored: StoredEvents, steps: list[StepEvents], options: dict[str, object], people: list[int]
) -> None:
    assert counts(ask(stored, *steps, **options)) == people


def test_a_window_includes_its_last_millisecond(stored: StoredEvents) -> None:
    assert counts(ask(stored, VIEW, VIEW, window=7 * 86_400, window_unit="second")) == [4, 2]
    assert counts(ask(stored, VIEW, VIEW, window=7 * 86_400 - 1, window_unit="second")) == [4, 1]


def test_who_cancelled_is_taken_out(stored: StoredEvents) -> None:
    cancel = Exclusion(event="Cancel", after_step=2, before_step=3)

    whole = ask(stored, SIGNUP, VIEW, PURCHASE, window=1, exclusions=[cancel])

    assert counts(whole) == [3, 2, 1]
    assert whole.excluded == 1
    attempt = ask(
        stored, SIGNUP, VIEW, PURCHASE, window=1, exclusions=[cancel], excluded_from="attempt"
    )
    assert counts(attempt) == [4, 3, 1]
    assert attempt.excluded == 0


def test_the_time_to_convert(stored: StoredEvents) -> None:
    result = ask(stored, SIGNUP, VIEW, PURCHASE, window=1, times=True)

    assert isinstance(result.times, list)
    whole = result.times[-1]
    assert (whole.from_step, whole.to_step, whole.people) == (1, 3, 2)
    assert (whole.median_s, whole.mean_s) == (55 * 60, 55 * 60)
    assert (whole.bins[0].from_s, whole.bins[-1].until_s) == (50 * 60, 60 * 60)
    assert [(time.from_step, time.to_step) for time in result.times[:-1]] == [(1, 2), (2, 3)]


def test_the_trend_tells_which_windows_are_open(stored: StoredEvents) -> None:
    result = ask(stored, SIGNUP, PURCHASE, window=14, trend="day")

    assert isinstance(result.trend, list)
    assert [period.people for period in result.trend[:4]] == [[2, 2], [1, 1], [1, 0], [0, 0]]
    # Asked on the 20th: what began before the 6th had its two weeks.
    assert [period.is_complete for period in result.trend] == [True] * 4 + [False] * 6


@pytest.mark.parametrize(
    ("attribution", "values"),
    [
        ("step", {"google": [2, 2], "fb": [1, 1], "(none)": [1, 0]}),
        ("first_touch", {"google": [2, 2], "fb": [1, 1], "(none)": [1, 0]}),
        ("all_steps", {"google": [2, 0], "fb": [1, 0], "(none)": [1, 0]}),
    ],
)
def test_a_breakdown_by_campaign(
    stored: StoredEvents, attribution: str, values: dict[str, list[int]]
) -> None:
    result = ask(stored, SIGNUP, PURCHASE, by="properties.utm", attribution=attribution)

    assert isinstance(result.values, list)
    assert {v.value: [step.people for step in v.steps] for v in result.values} == values
    # A value on all steps needs one there: no purchase has a campaign.
    assert counts(result) == ([4, 0] if attribution == "all_steps" else [4, 3])


def test_values_beyond_the_top_are_one_set(stored: StoredEvents) -> None:
    result = ask(stored, SIGNUP, PURCHASE, by="properties.utm", values_max=1)

    assert isinstance(result.values, list)
    assert [v.value for v in result.values] == ["google", "Other"]
    assert [step.people for step in result.values[1].steps] == [2, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "any", "exclusions": [Exclusion(event="Cancel")]}, "there is no between"),
        ({"exclusions": [Exclusion(event="x", after_step=2)]}, r"exclusions\[0\] is after step 2"),
        ({"by": "device", "by_step": 3}, "by_step is 3"),
        ({"order": "any", "first_time": True}, "first_time is about step 1"),
        ({"window": 6_000}, "at most 3660 days"),
        ({"zone": "Mars"}, "zone is 'Mars'"),
        ({"since": "1950-01-01", "until": "2090-01-01"}, "100 years"),
    ],
)
def test_a_funnel_that_makes_no_sense_is_refused(
    stored: StoredEvents, options: dict[str, object], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ask(stored, SIGNUP, PURCHASE, **options)


def test_twenty_steps_with_ten_exclusions_are_answered(stored: StoredEvents) -> None:
    steps = [
        StepEvents(event="View", query="NOT event:x"),
        *[StepEvents(event=f"E{n}") for n in range(19)],
    ]
    exclusions = [Exclusion(event=f"X{n}") for n in range(10)]

    result = ask(stored, *steps, exclusions=exclusions, by="properties.utm", window=3_000)

    assert counts(result) == [4] + [0] * 19


# Paths -------------------------------------------------------------------------------------------


def ask_paths(**options: object) -> Paths:
    whole = {"since": "2026-03-02", "until": "2026-03-12", "query": "source:shop", **options}
    return msgspec.convert(whole, Paths)


def test_the_shop_has_these_paths(stored: StoredEvents) -> None:
    result = stored.questions.paths(ask_paths())

    assert [(e.step, e.item, e.next, e.weight) for e in result.edges] == [
        (1, "Signup", "View", 2),
        (1, "View", "Cancel", 1),
        (1, "View", "Signup", 1),
        (2, "Cancel", "Purchase", 1),
    ]
    assert (result.sessions, result.people) == (10, 4)
    nodes = {(node.step, node.item): (node.weight, node.ended) for node in result.nodes}
    assert nodes[1, "Signup"] == (3, 1)
    assert nodes[3, "Purchase"] == (1, 1)


def test_the_people_behind_an_edge(stored: StoredEvents) -> None:
    asked = PathsPeople(**msgspec.structs.asdict(ask_paths()), step=1, item="Signup", next="View")

    result = stored.questions.paths_people(asked)

    assert [who.person for who in result.people] == ["u4", "u1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": [Rule(regex="(", name="x")]}, r"rules\[0\].regex is '\('"),
        ({"rules": [Rule(regex="a", name=r"\7")]}, "no regular expression"),
        ({"rules": [Rule(regex="a")]}, "has a regex and no name"),
        ({"rules": [Rule()]}, "needs either wildcard or regex"),
        ({"weight_min": 5, "weight_max": 4}, "weight_max is 4"),
    ],
)
def test_paths_that_make_no_sense_are_refused(
    stored: StoredEvents, options: dict[str, object], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        stored.questions.paths(ask_paths(**options))


# Experiments -------------------------------------------------------------------------------------

RNG = random.Random(20260311)
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE: dict[str, list[tuple[int, str, dict[str, object]]]] = {}
for _number in range(700):
    _minute = RNG.randrange(0, 10_000, 5)
    _events: list[tuple[int, str, dict[str, object]]] = []
    for _ in range(RNG.choice([1, 1, 1, 2])):
        _variant = RNG.choice(["old", "new", "newer"] if RNG.random() < 0.1 else ["old", "new"])
        _events.append((_minute, "Shown", {"variant": _variant, "amount": 1}))
        _minute += RNG.choice([0, 5])
    for _ in range(RNG.choice([0, 0, 1, 2, 5])):
        _at = _minute + RNG.choice([-50, 0, 5, 600, 1_440, 1_445, 3_000])
        _amount = RNG.choice([5, 12.5, "7.5", "many", 400, None])
        _events.append((_at, "Bought", {} if _amount is None else {"amount": _amount}))
    PEOPLE[f"p{_number}"] = _events


def exposed_events() -> Iterator[dict[str, object]]:
    for person, events in PEOPLE.items():
        for minute, name, properties in events:
            yield {
                "event": name,
                "user_id": person,
                "source": "test",
                "at": BEGAN + timedelta(minutes=minute),
                "properties": properties,
            }


def an_experiment(**options: object) -> Experiment:
    whole = {
        "since": "2026-03-01",
        "until": "2026-03-07T22:40:00Z",
        "query": "source:test",
        "exposure": {"event": "Shown"},
        "variant": "properties.variant",
        "control": "old",
        "metrics": [
            {"events": {"event": "Bought"}},
            {"kind": "count", "events": {"query": "event:(Bought OR Shown)"}},
            {"kind": "sum", "events": {"event": "Bought"}, "property": "properties.amount"},
        ],
        "people_planned": 10,
        **options,
    }
    return msgspec.convert(whole, Experiment)


class Plain:
    """What each person did after they were exposed, in plain Python."""

    def __init__(self, *, window: int | None) -> None:
        self.values: dict[str, list[tuple[float, float, float]]] = {}
        self.mixed = self.skipped = 0
        self.days: dict[str, list[tuple[int, int]]] = {}
        until = 9_999 + 1 if window is None else 10_000 + window
        for events in PEOPLE.values():
            events = sorted(events, key=lambda event: event[0])
            exposed = [e for e in events if e[1] == "Shown" and 0 <= e[0] < 10_000]
            if not exposed:
                continue
            if len({e[2]["variant"] for e in exposed}) > 1:
                self.mixed += 1
                continue
            first, variant = exposed[0][0], str(exposed[0][2]["variant"])
            after = [
                e
                for e in events
                if 0 <= e[0] < until
                and (e[0] > first or (e[0] == first and e[1] != "Shown"))
                and (window is None or e[0] <= first + window)
            ]
            bought = [e for e in after if e[1] == "Bought"]
            amounts = [e[2].get("amount") for e in bought]
            numbers = [float(str(a)) for a in amounts if a not in (None, "many")]
            self.skipped += len(amounts) - len(numbers)
            self.values.setdefault(variant, []).append(
                (float(bool(bought)), float(len(after)), math.fsum(numbers))
            )
            converted = bought[0][0] // 1_440 if bought else 10**6
            self.days.setdefault(variant, []).append((first // 1_440, converted))


@pytest.mark.parametrize("window", [None, 1_440])
@pytest.mark.parametrize("cap", [None, 0.9])
def test_an_experiment_is_that_of_plain_python(
    stored: StoredEvents, window: int | None, cap: float | None
) -> None:
    asked = an_experiment(window=window, window_unit="minute")
    capped = msgspec.structs.replace(asked.metrics[2], cap=cap)
    asked = msgspec.structs.replace(asked, metrics=[*asked.metrics[:2], capped])
    plain = Plain(window=window)

    result = stored.questions.experiment(asked)

    assert {v.variant: v.people for v in result.variants} == {
        name: len(values) for name, values in plain.values.items()
    }
    assert result.mixed == plain.mixed > 20
    assert [metric.skipped for metric in result.metrics] == [0, 0, plain.skipped]
    limit = math.inf
    if cap is not None:
        limit = quantile([value[2] for values in plain.values.values() for value in values], cap)
        assert result.metrics[2].cap == pytest.approx(limit)
    for number, metric in enumerate(result.metrics):
        for variant in metric.variants:
            values = [min(v[number], limit) for v in plain.values[variant.variant]]
            moments = moments_of(values)
            assert variant.mean == pytest.approx(moments.mean)
            assert variant.total == pytest.approx(sum(values))
            share = (len(values) - 1) / len(values) if number == 0 else 1
            assert variant.deviation == pytest.approx(math.sqrt(moments.variance * share))


def test_the_comparisons_are_those_of_the_statistics(stored: StoredEvents) -> None:
    result = stored.questions.experiment(an_experiment())

    conversion, _, total = result.metrics
    rates = {v.variant: Proportion(round(v.total), v.people) for v in conversion.variants}
    moments = {v.variant: Moments(v.people, v.mean, v.deviation**2) for v in total.variants}
    others = ["new", "newer"]
    wanted = [proportions_p(rates["old"], rates[name]) for name in others]
    assert [c.variant for c in conversion.comparisons] == others
    assert [c.p for c in conversion.comparisons] == pytest.approx(wanted)
    assert [c.p_adjusted for c in conversion.comparisons] == pytest.approx(holm(wanted))
    new = conversion.comparisons[0]
    assert (new.difference_low, new.difference_high) == newcombe(rates["old"], rates["new"])
    tested = welch(moments["old"], moments["new"])
    assert tested is not None
    sums = total.comparisons[0]
    assert sums.p == pytest.approx(tested.p)
    assert (sums.difference_low, sums.difference_high) == pytest.approx(tested.interval)
    assert result.metrics[0].is_primary
    assert not result.metrics[1].is_primary


def test_a_fixed_plan_tells_nothing_before_its_people_are_there(stored: StoredEvents) -> None:
    result = stored.questions.experiment(an_experiment(people_planned=1_000))

    assert result.is_waiting
    for metric in result.metrics:
        for comparison in metric.comparisons:
            told = (comparison.p, comparison.p_adjusted, comparison.difference_low)
            assert told == (None, None, None)
            assert comparison.verdict in ("waiting", "invalid")
    assert any("waits for 1000 people" in note for note in result.notes)


def test_a_split_that_is_off_makes_the_verdict_invalid(stored: StoredEvents) -> None:
    split = [
        Share(variant="old", part=5),
        Share(variant="new", part=1),
        Share(variant="newer", part=1),
    ]

    result = stored.questions.experiment(an_experiment(split=split))

    counted = [variant.people for variant in result.variants]
    planned = [5.0 if v.variant == "old" else 1.0 for v in result.variants]
    assert result.split.p == pytest.approx(sample_ratio(counted, planned).p)
    assert result.split.is_alarm
    verdicts = {c.verdict for metric in result.metrics for c in metric.comparisons}
    assert verdicts == {"invalid"}


def met_events() -> Iterator[dict[str, object]]:
    """Return 2,000 people, half in each variant: 200 and 240 of a thousand convert."""
    for number in range(2_000):
        variant = "b" if number % 2 else "a"
        who: dict[str, object] = {"user_id": f"q{number}", "source": "planned"}
        at = BEGAN + timedelta(minutes=number)
        yield {**who, "event": "Met", "at": at, "properties": {"variant": variant}}
        if number // 2 < (240 if variant == "b" else 200):
            yield {**who, "event": "Won", "at": at + timedelta(minutes=1)}


def ask_planned(stored: StoredEvents, **options: object) -> ExperimentResult:
    whole = {
        "since": "2026-03-01",
        "query": "source:planned",
        "exposure": {"event": "Met"},
        "variant": "properties.variant",
        "control": "a",
        "metrics": [{"events": {"event": "Won"}}],
        **options,
    }
    return stored.questions.experiment(msgspec.convert(whole, Experiment))


def test_the_textbook_experiment(stored: StoredEvents) -> None:
    result = ask_planned(stored, people_planned=1_000)

    (comparison,) = result.metrics[0].comparisons
    assert comparison.test == "z"
    assert comparison.p == pytest.approx(0.0308, abs=0.00005)
    assert comparison.lift == pytest.approx(0.2)
    assert comparison.difference_low == pytest.approx(0.004, abs=0.0005)
    assert comparison.difference_high == pytest.approx(0.076, abs=0.0005)
    assert comparison.verdict == "higher"
    assert result.split.p == 1


def test_without_a_plan_there_is_no_verdict(stored: StoredEvents) -> None:
    result = ask_planned(stored)

    assert result.metrics[0].comparisons[0].verdict == "waiting"
    assert any("people_planned" in note for note in result.notes)


def test_the_sequential_p_is_the_least_of_all_days(stored: StoredEvents) -> None:
    result = ask_planned(stored, method="sequential", smallest_effect=[0.04])

    (comparison,) = result.metrics[0].comparisons
    looks = [
        always_valid_p(
            240 / n - 200 / n,
            (200 / n * (1 - 200 / n) + 240 / n * (1 - 240 / n)) / n,
            tau=0.04,
        )
        # All who convert do so on the first day, when 720 of each thousand were exposed.
        for n in (720, 1_000)
    ]
    assert comparison.test == "sequential"
    assert comparison.p == pytest.approx(min(looks))
    assert comparison.p != pytest.approx(looks[1])
    assert not result.is_waiting
    assert comparison.difference_low is not None
    assert comparison.difference_low < 0 < comparison.difference


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": [Metric(kind="sum", events=Events())]}, "property is for the kind sum"),
        ({"method": "sequential"}, "smallest_effect has 0 numbers"),
        ({"split": [Share(variant="a", part=1)]}, "say the part of each of b"),
        ({"variant": "user_id"}, "at most 20 variants"),
        ({"metrics": [Metric(events=Events(), cap=0.9)]}, "has no cap"),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(
    stored: StoredEvents, options: dict[str, object], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ask_planned(stored, **options)


def test_a_sample_size_is_planned(stored: StoredEvents) -> None:
    plan = stored.questions.sample_size

    assert plan(SampleSize(rate=0.1, difference=0.01)).people_per_variant == 14_751
    sized = plan(SampleSize(rate=0.2, lift=0.1, people_per_day=1_000))
    assert (sized.people_per_variant, sized.people, sized.days) == (6_510, 13_020, 14)
    assert plan(SampleSize(mean=50, deviation=10, lift=0.02)).people_per_variant == 1_570
    three = plan(SampleSize(rate=0.2, lift=0.1, variants=3))
    assert three.people_per_variant == proportions_size(0.2, 0.22, alpha=0.025)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (SampleSize(), "either rate, or mean"),
        (SampleSize(rate=0.5, mean=1, lift=1), "either rate, or mean"),
        (SampleSize(rate=0.5), "either difference or lift"),
        (SampleSize(rate=0.5, lift=1.5), "would become 1.25"),
        (SampleSize(rate=0.5, lift=0), "is 0"),
        (SampleSize(mean=1, lift=0.1), "give deviation"),
        (SampleSize(deviation=1, lift=0.1), "give mean"),
    ],
)
def test_a_sample_size_that_makes_no_sense_is_refused(
    stored: StoredEvents, asked: SampleSize, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        stored.questions.sample_size(asked)


# The engine's own tests --------------------------------------------------------------------------


def test_statistics_are_those_of_the_engine(stored: StoredEvents) -> None:
    rng = random.Random(5)
    with stored.store.client() as client:
        for _ in range(20):
            of = rng.randint(50, 5_000), rng.randint(50, 5_000)
            a, b = (Proportion(rng.randint(10, n - 10), n) for n in of)
            z = client.query(
                f"SELECT proportionsZTest({a.hits}, {b.hits}, {a.of}, {b.of}, 0.95, 'pooled') AS t,"
                " t.1, t.2"
            ).result_rows[0][1:]
            tested = proportions_z(a, b)
            assert (abs(z[0]), z[1]) == pytest.approx((abs(tested.statistic), tested.p), abs=1e-9)
        for _ in range(20):
            groups = [
                [rng.gauss(mean, 1 + rng.random() * 5) for _ in range(rng.randint(5, 60))]
                for mean in (0, rng.random() * 3)
            ]
            rows = [[v, g] for g, values in enumerate(groups) for v in values]
            t = client.query(
                "SELECT welchTTest(0.95)(r[1], toUInt8(r[2])) AS t, t.1, t.2, t.3, t.4 "
                f"FROM (SELECT arrayJoin({rows}) AS r)"
            ).result_rows[0][1:]
            mine = welch(moments_of(groups[0]), moments_of(groups[1]))
            assert mine is not None
            # The engine's difference is the other way round.
            wanted = (-mine.t, mine.p, -mine.interval.high, -mine.interval.low)
            assert t == pytest.approx(wanted, rel=1e-6, abs=1e-9)
        for rate, rise in ((0.1, 0.01), (0.2, 0.02), (0.5, 0.1)):
            size = client.query(
                f"SELECT minSampleSizeConversion({rate}, {rise}, 0.8, 0.05) AS s, s.1"
            ).result_rows[0][1]
            assert proportions_size(rate, rate + rise) == math.ceil(size)
