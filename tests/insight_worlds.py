"""Small worlds of events for insights: the fixture that its numbers are written of, random ones."""

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

DAY: Final = timedelta(days=1)
