"""Attribution against its definition in plain Python: worked examples, and random worlds."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest
from tests.insight_worlds import NAMES, NOW, From, Happening, at, by_person, random_worlds, rows_of
from tests.stored_events import StoredEvents, stored_events

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.insights.asking import Events
from tailrace.query.insights.attribution import (
    Attribution,
    AttributionPeople,
    AttributionResult,
    attribution,
    attribution_people,
)
from tailrace.query.insights.channels import TOUCH_INPUTS, touch_sql

WORLDS = 250
DAY_MS = 86_400_000


def visit(day: int, **columns: object) -> dict[str, object]:
    return {"source": "shop", "user_id": "u", "event": "View", "at": at(day, "10:00"), **columns}


def page(url: str, referrer: str = "") -> dict[str, object]:
    return {"page": {"url": f"https://shop.example{url}", "referrer": referrer}}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("attribution"), now=NOW) as events:
        events.add(
            [
                visit(1, campaign_source="google", campaign_medium="cpc"),
                visit(4, context=page("/?utm_source=fb&utm_campaign=spring")),
                {**visit(6), "event": "Purchase", "properties": {"amount": 100}},
            ]
        )
        yield events


@pytest.fixture(scope="module")
def worlds(stored: StoredEvents) -> list[Happening]:
    happenings = random_worlds(8, worlds=WORLDS)
    stored.add(rows_of(happenings))
    return happenings


def ask(events: StoredEvents, question: Attribution) -> AttributionResult:
    return attribution(events.runner, question, now=NOW)


# Worked examples ---------------------------------------------------------------------------------

PURCHASES = Attribution(
    query="source:shop",
    conversion=Events(event="Purchase"),
    value="properties.amount",
    by=["source"],
    since="2026-03-01",
    until="2026-03-12",
)


@pytest.mark.parametrize(
    ("model", "shares"),
    [
        ("first", {"google": 1}),
        ("last", {"(direct)": 1}),
        ("last_non_direct", {"fb": 1}),
        ("linear", {"google": 0.5, "fb": 0.5}),
        ("time_decay", {"google": 0.4263, "fb": 0.5737}),
        ("position", {"google": 0.5, "fb": 0.5}),
    ],
)
def test_each_model_credits_the_touches(
    stored: StoredEvents, model: str, shares: dict[str, float]
) -> None:
    answer = ask(stored, msgspec.structs.replace(PURCHASES, model=model))

    found = {row.values[0]: row.conversions for row in answer.rows}
    assert found == pytest.approx(shares, abs=1e-4)
    earned = {row.values[0]: row.value for row in answer.rows}
    assert earned == pytest.approx(
        {name: 100 * credit for name, credit in shares.items()}, abs=0.01
    )
    assert (answer.conversions, answer.value, answer.people) == (1, 100, 1)


def test_a_touch_before_the_look_back_does_not_count(stored: StoredEvents) -> None:
    question = msgspec.structs.replace(PURCHASES, model="first")

    near = [
        ask(stored, msgspec.structs.replace(question, look_back_days=days)).rows[0].values
        for days in (1, 2, 4, 5)
    ]

    assert near == [["(direct)"], ["fb"], ["fb"], ["google"]]


def test_four_touches_by_position_are_40_10_10_40(stored: StoredEvents) -> None:
    stored.add(
        {**visit(day, campaign_source=f"s{day}"), "source": "shop4", "user_id": "u4"}
        for day in (1, 2, 3, 4)
    )
    stored.add([{**visit(4), "source": "shop4", "user_id": "u4", "event": "Purchase"}])

    answer = ask(stored, msgspec.structs.replace(PURCHASES, query="source:shop4", model="position"))

    found = {row.values[0]: row.conversions for row in answer.rows}
    assert found == pytest.approx({"s1": 0.4, "s2": 0.1, "s3": 0.1, "s4": 0.4})
    assert answer.notes == ["1 conversions have no number in properties.amount and count as 0."]


CASES: list[tuple[dict[str, object], str, str]] = [
    (page("/?a=1&gclid=3"), "google", "paid search"),
    (page("/?msclkid=3"), "bing", "paid search"),
    (page("/?utm_source=TikTok&utm_medium=paid_social"), "tiktok", "paid social"),
    (page("/?utm_source=x&utm_medium=retargeting"), "x", "paid social"),
    (page("/?utm_source=shop&utm_medium=ppc"), "shop", "paid other"),
    (page("/?utm_source=news&utm_medium=newsletter"), "news", "email"),
    (page("/?utm_source=ada&utm_medium=affiliate"), "ada", "affiliates"),
    (page("/?utm_source=a&utm_medium=sms"), "a", "sms"),
    (page("/?utm_source=a&utm_medium=web_push"), "a", "push"),
    (page("/?utm_source=google"), "google", "organic search"),
    (page("/", "https://www.google.co.uk/search"), "google", "organic search"),
    (page("/", "https://www.google.com/"), "google", "organic search"),
    (page("/", "https://yandex.com.tr/"), "yandex", "organic search"),
    (page("/", "https://mail.google.com/"), "gmail", "email"),
    (page("/", "https://t.co/x"), "twitter", "organic social"),
    (page("/", "https://news.ycombinator.com/item?id=1"), "hacker news", "organic social"),
    (page("/", "https://google.evil.com/"), "google.evil.com", "referral"),
    (page("/", "https://notgoogle.com/"), "notgoogle.com", "referral"),
    (page("/", "https://www.shop.example/"), "(direct)", "direct"),
    (page("/", "https://de.shop.example/"), "(direct)", "direct"),
    (page("/", "no address"), "(direct)", "direct"),
    ({}, "(direct)", "direct"),
]


def test_each_kind_of_visit_has_its_source_and_channel(stored: StoredEvents) -> None:
    stored.add(
        {**visit(20, context=context), "source": "tables", "user_id": str(number)}
        for number, (context, _, _) in enumerate(CASES)
    )
    binder = Binder()
    sql = (
        f"SELECT toUInt32(user_id), {touch_sql(binder)} AS touch, {TOUCH_INPUTS} FROM events_data "
        "WHERE source = 'tables'"
    )

    with stored.runner.turn() as client:
        rows = stored.runner.rows(client, sql, binder.parameters)

    found = {number: (touch[0], touch[3]) for number, touch, *_ in rows}
    assert found == {number: case[1:] for number, case in enumerate(CASES)}


def test_the_people_of_a_row_have_their_ids(stored: StoredEvents) -> None:
    question = msgspec.convert({**msgspec.to_builtins(PURCHASES), "row": ["fb"]}, AttributionPeople)

    answer = attribution_people(stored.runner, question, now=NOW)
    other = attribution_people(
        stored.runner, msgspec.structs.replace(question, row=["google"]), now=NOW
    )

    assert [(who.person, who.at) for who in answer.people] == [("u", at(6, "10:00"))]
    assert other.people == []
    with pytest.raises(QueryError, match="row has 2 values"):
        attribution_people(
            stored.runner, msgspec.structs.replace(question, row=["fb", "x"]), now=NOW
        )


# Plain Python ------------------------------------------------------------------------------------


class Credit(NamedTuple):
    person: str
    came_from: From
    weight: float
    worth: float


def plain_credits(events: list[Happening], question: Attribution) -> list[Credit]:
    since_ms, until_ms = ms_of(question.since), ms_of(question.until)
    look_back_ms = question.look_back_days * DAY_MS
    near = [one for one in events if since_ms - look_back_ms - DAY_MS <= one.ms < until_ms]
    found = []
    for person, own in by_person(near).items():
        touches = touches_of(own, question)
        for one in own:
            if one.name != question.conversion.event or one.ms < since_ms:
                continue
            eligible = [
                (ms, came_from)
                for ms, came_from in touches
                if one.ms - look_back_ms <= ms <= one.ms
            ]
            for came_from, weight in weights(eligible, one.ms, question):
                found.append(Credit(person, came_from, weight, worth_of(one)))
    return found


def touches_of(own: list[Happening], question: Attribution) -> list[tuple[int, From]]:
    gap_ms = question.gap_minutes * 60_000
    touches: list[tuple[int, From]] = []
    run_ms = before_ms = 0
    for number, one in enumerate(own):
        if number == 0 or one.ms - before_ms > gap_ms:
            run_ms, is_first = one.ms, True
        else:
            is_first = (one.ms - run_ms) // DAY_MS != (before_ms - run_ms) // DAY_MS
        before_ms = one.ms
        is_news = one.came_from[3] != "direct" and (not touches or one.came_from != touches[-1][1])
        if is_first or (question.touches == "event" and is_news):
            touches.append((one.ms, one.came_from))
    return touches


def weights(
    eligible: list[tuple[int, From]], at_ms: int, question: Attribution
) -> list[tuple[From, float]]:
    named = [touch for touch in eligible if touch[1][3] != "direct"] or eligible
    match question.model:
        case "first":
            return [(eligible[0][1], 1.0)]
        case "last":
            return [(eligible[-1][1], 1.0)]
        case "last_non_direct":
            return [(named[-1][1], 1.0)]
        case "linear":
            shares = [1.0] * len(named)
        case "time_decay":
            half_life_ms = question.half_life_days * DAY_MS
            shares = [2 ** (-(at_ms - ms) / half_life_ms) for ms, _ in named]
        case "position":
            shares = [1.0] * len(named)
            if len(named) > 2:
                shares = [0.4, *[0.2 / (len(named) - 2)] * (len(named) - 2), 0.4]
    return [
        (came_from, share / sum(shares))
        for (_, came_from), share in zip(named, shares, strict=True)
    ]


def worth_of(one: Happening) -> float:
    """Return the first value's number, also where a text writes it."""
    properties = one.event["properties"]
    assert isinstance(properties, dict)
    amount = properties["amount"]
    if isinstance(amount, list):
        amount = amount[0]
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return 0.0
    return float(amount) if str(amount).replace(".", "").lstrip("-").isdigit() else 0.0


def ms_of(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("number", range(12))
def test_random_worlds_are_credited_as_in_plain_python(
    stored: StoredEvents, worlds: list[Happening], number: int
) -> None:
    chance = random.Random(number)
    since = datetime(2026, 3, 26, tzinfo=UTC) + timedelta(hours=chance.randint(0, 200))
    models = ["first", "last", "last_non_direct", "linear", "time_decay", "position"]
    dimensions = ["source", "medium", "campaign", "channel"]
    question = Attribution(
        query="NOT source:(shop OR shop4 OR tables)",
        conversion=Events(event=chance.choice(NAMES)),
        value="properties.amount",
        model=models[number % 6],  # type: ignore[arg-type]
        touches="session" if number % 12 < 6 else "event",
        look_back_days=chance.choice([1, 3, 30]),
        half_life_days=chance.choice([0.5, 7]),
        gap_minutes=chance.choice([10, 30, 600]),
        by=chance.sample(dimensions, chance.randint(1, 4)),  # type: ignore[arg-type]
        rows_max=chance.choice([1, 3, 500]),
        since=since.isoformat(),
        until=(since + timedelta(hours=chance.randint(1, 400))).isoformat(),
    )

    answer = ask(stored, question)

    wanted = plain_credits(worlds, question)
    by_row: dict[tuple[str, ...], list[Credit]] = defaultdict(list)
    named = {tuple(row.values) for row in answer.rows}
    for credit in wanted:
        parts = dict(zip(dimensions, credit.came_from, strict=True))
        key = tuple(parts[name] or "(none)" for name in question.by)
        by_row[key if key in named else ("Other",) * len(question.by)].append(credit)
    assert named == set(by_row)
    for row in answer.rows:
        own = by_row[tuple(row.values)]
        assert row.conversions == pytest.approx(sum(credit.weight for credit in own))
        assert row.value == pytest.approx(sum(one.weight * one.worth for one in own), abs=1e-9)
        assert row.people == len({credit.person for credit in own})
    assert answer.conversions == pytest.approx(sum(credit.weight for credit in wanted))
    assert answer.people == len({credit.person for credit in wanted})
    # Nothing is credited twice or to nobody.
    assert sum(row.conversions for row in answer.rows) == pytest.approx(answer.conversions)
    assert sum(row.share for row in answer.rows) == pytest.approx(1 if wanted else 0)
    assert sum(row.value or 0 for row in answer.rows) == pytest.approx(answer.value, abs=1e-9)
