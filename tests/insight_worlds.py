"""Small worlds of events for insights: the fixture that its numbers are written of, random ones."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)


def at(day: int, clock: str) -> datetime:
    """Return a moment of March 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def _of(user: str, moment: datetime, event: str, **properties: object) -> dict[str, object]:
    return {"user_id": user, "at": moment, "event": event, "properties": properties}


FIXTURE: Final[list[dict[str, object]]] = [
    _of("u1", at(2, "09:00"), "Signup", utm="google"),
    _of("u1", at(2, "09:10"), "View"),
    _of("u1", at(2, "09:50"), "Purchase", amount=10),
    _of("u1", at(3, "10:00"), "View", utm="fb"),
    _of("u1", at(9, "08:00"), "View"),
    _of("u2", at(2, "23:30"), "Signup", utm="fb"),
    _of("u2", at(3, "00:10"), "View"),
    _of("u2", at(3, "00:20"), "Cancel"),
    _of("u2", at(3, "00:30"), "Purchase", amount=20),
    _of("u3", at(3, "12:00"), "View"),
    _of("u3", at(3, "12:05"), "Signup", utm="google"),
    _of("u3", at(5, "12:05"), "Purchase", amount=5),
    _of("u4", at(4, "07:00"), "Signup"),
    _of("u4", at(4, "07:00"), "View"),
    _of("u4", at(11, "07:00"), "View"),
]
"""Fifteen events of four people; March 2 is a Monday."""
# Random worlds -----------------------------------------------------------------------------------

NAMES: Final = ("A", "B", "C")
AMOUNTS: Final[tuple[object, ...]] = (1, 2.5, "12", "x", True, None, [3, 4], -7, {"a": 1})
From = tuple[str, str, str, str]
DIRECT: Final[From] = ("(direct)", "", "", "direct")
URLS: Final[dict[str, From | None]] = {
    "https://shop.example/": None,
    "https://shop.example/list?page=2": None,
    "https://shop.example/?utm_source=Mail&utm_medium=email&utm_campaign=May%20Sale": (
        "mail",
        "email",
        "may sale",
        "email",
    ),
    "https://shop.example/?utm_campaign=only": ("", "", "only", "other"),
    "https://shop.example/?a=1&gclid=77": ("google", "cpc", "", "paid search"),
    "https://shop.example/x?FBCLID=9#top": ("facebook", "social", "", "organic social"),
}
REFERRERS: Final[dict[str, From | None]] = {
    "": None,
    "https://www.google.co.uk/search?q=shop": ("google", "organic", "", "organic search"),
    "https://shop.example/list": None,
    "https://www.shop.example/": None,
    "https://m.facebook.com/": ("facebook", "social", "", "organic social"),
    "https://blog.example.org/post": ("blog.example.org", "referral", "", "referral"),
    "https://mail.google.com/mail": ("gmail", "email", "", "email"),
}
CAMPAIGNS: Final[list[tuple[dict[str, object], From | None]]] = [
    ({}, None),
    (
        {"campaign_source": " Google", "campaign_medium": "CPC"},
        ("google", "cpc", "", "paid search"),
    ),
    ({"campaign_source": "fb", "campaign_name": "Spring"}, ("fb", "", "spring", "organic social")),
    ({"campaign_medium": "display"}, ("", "display", "", "display")),
]
"""What an event may say of where it came from, and what that means, written by hand."""


@dataclass(frozen=True)
class Happening:
    """An event as the plain versions see it: whose it is, when, and its place in the order."""

    world: str
    person: str
    ms: int
    number: int
    event: dict[str, object]
    came_from: From = DIRECT

    @property
    def name(self) -> object:
        return self.event["event"]

    @property
    def place(self) -> tuple[int, int]:
        return (self.ms, self.number)


def random_worlds(seed: int, *, worlds: int) -> list[Happening]:
    """Return the events of many small worlds, in the order of receipt.

    A world is a source with one to three people of its own. Some are known from the beginning, some
    never, some from an event on that has both of their ids; events come late and at equal times,
    and around a change of the clocks.
    """
    chance = random.Random(seed)
    happenings: list[Happening] = []
    for world in range(worlds):
        drafts = []
        for person in range(chance.randint(1, 3)):
            drafts += _person(chance, f"w{world}", f"w{world}-{person}")
        chance.shuffle(drafts)
        for who, event, came_from in drafts:
            moment = event["at"]
            assert isinstance(moment, datetime)
            happenings.append(
                Happening(
                    world=f"w{world}",
                    person=who,
                    ms=round(moment.timestamp() * 1000),
                    number=len(happenings),
                    event=event,
                    came_from=came_from,
                )
            )
    return happenings


def _person(
    chance: random.Random, world: str, name: str
) -> list[tuple[str, dict[str, object], From]]:
    """Return somebody's events, each with the id that they are known by in the end."""
    kind = chance.choice(["known", "anonymous", "merged"])
    size = chance.randint(1, 12)
    known_from = chance.randint(0, size - 1)
    start = datetime(2026, 3, 26, chance.choice([0, 21, 22, 23]), tzinfo=UTC)
    person = f"a-{name}" if kind == "anonymous" else f"u-{name}"
    events = []
    for number in range(size):
        minutes = chance.choice([0, 0, 10, 29, 30, 31, 60, 600, 1_440, 1_440, 2_880, 10_080])
        start += timedelta(minutes=minutes)
        if chance.random() < 0.1:
            start += timedelta(milliseconds=1)
        is_known = kind == "known" or (kind == "merged" and number >= known_from)
        url, referrer = chance.choice(list(URLS)), chance.choice(list(REFERRERS))
        campaign, told = chance.choice([CAMPAIGNS[0], CAMPAIGNS[0], *CAMPAIGNS])
        visit: dict[str, object] = chance.choice([{}, {}, {"visit": "v1"}, {"visit": "v2"}])
        event: dict[str, object] = {
            "source": world,
            "user_id": f"u-{name}" if is_known else "",
            "anonymous_id": "" if kind == "known" else f"a-{name}",
            "at": start,
            "event": chance.choice(NAMES),
            "type": chance.choice(["track", "track", "page"]),
            "properties": {"amount": chance.choice(AMOUNTS), **visit},
            "context": {"page": {"url": url, "referrer": referrer}},
            "device": chance.choice(["phone", "tablet", ""]),
            **campaign,
        }
        if kind == "merged" and number > known_from and chance.random() < 0.5:
            event["anonymous_id"] = ""
        came_from = told or URLS[url] or REFERRERS[referrer] or DIRECT
        events.append((person, event, came_from))
    return events


def rows_of(happenings: Iterable[Happening]) -> list[dict[str, object]]:
    """Return the events to store."""
    return [happening.event for happening in happenings]


def by_person(happenings: Iterable[Happening]) -> dict[str, list[Happening]]:
    """Return everybody's events in their order."""
    people: dict[str, list[Happening]] = {}
    for happening in sorted(happenings, key=lambda one: one.place):
        people.setdefault(happening.person, []).append(happening)
    return people
