"""A small world of events for aggregations: two weeks around a change of clocks, gaps, lists."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

SINCE: Final = datetime(2026, 3, 22, tzinfo=UTC)
UNTIL: Final = datetime(2026, 4, 4, tzinfo=UTC)
NOW: Final = datetime(2026, 4, 4, 12, tzinfo=UTC)
EVENTS: Final = ("Order Completed", "Page Viewed", "Signup", "Product Added")
COUNT: Final = 160


def world() -> list[dict[str, Any]]:
    """Return the events, the oldest first; the same ones every time."""
    chance = random.Random(20_260_329)
    span_s = int((UNTIL - SINCE).total_seconds())
    moments = sorted(
        SINCE + timedelta(seconds=chance.randrange(span_s), milliseconds=chance.randrange(1_000))
        for _ in range(COUNT)
    )
    # A quiet day, and many events where the clocks change.
    moments = [at for at in moments if at.date().day != 25]
    turn = datetime(2026, 3, 29, 1, tzinfo=UTC)
    moments += [turn + timedelta(minutes=minutes) for minutes in (-90, -31, -1, 0, 1, 59, 61, 125)]
    return [_event(number, at, chance) for number, at in enumerate(sorted(moments))]


def _event(number: int, at: datetime, chance: random.Random) -> dict[str, Any]:
    properties: dict[str, Any] = {"ok": chance.random() < 0.4, "number": number}
    if chance.random() < 0.9:
        properties["n"] = chance.randrange(-5, 40)
    if chance.random() < 0.8:
        properties["total"] = round(chance.random() * 200, 2)
    if chance.random() < 0.85:
        properties["plan"] = chance.choice(["free", "free", "free", "pro", "pro", "team"])
    if chance.random() < 0.7:
        properties["tags"] = chance.sample(["red", "blue", "green", "gold"], chance.randrange(4))
    if chance.random() < 0.5:
        properties["scores"] = [chance.randrange(1, 6) for _ in range(chance.randrange(1, 4))]
    if chance.random() < 0.4:
        properties["due"] = (at + timedelta(days=chance.randrange(1, 60))).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if chance.random() < 0.6:
        properties["place"] = {
            "lat": round(chance.uniform(-60, 60), 3),
            "lon": round(chance.uniform(-170, 170), 3),
        }
    if chance.random() < 0.3:
        properties["items"] = [
            {"price": chance.randrange(1, 50), "sku": chance.choice("abc")} for _ in range(2)
        ]
    if chance.random() < 0.7:
        properties["mixed"] = chance.choice([1, 2, "2", "many", True, 2.5, [1, "many"]])
    if chance.random() < 0.5:
        properties["written"] = chance.choice(["7", "8.5", "none", "1e2"])
    return {
        "message_id": f"m-{number}",
        "event": EVENTS[number % 3 if chance.random() < 0.7 else 3],
        "user_id": f"u-{chance.randrange(12)}" if chance.random() < 0.8 else "",
        "source": chance.choice(["web", "app"]),
        "is_bot": chance.random() < 0.1,
        "at": at,
        "properties": properties,
        "traits": {"company": {"size": chance.choice([10, 50, 250])}},
    }
