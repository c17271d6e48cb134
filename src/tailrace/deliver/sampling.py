"""A sample of what was just delivered, so small that the fastest destination does not feel it."""

from collections.abc import Callable
from typing import Final

from tailrace.deliver.exchanges import last_sending
from tailrace.deliver.outcomes import DELIVERED, Failure, Recent
from tailrace.deliver.payload import Line

DELIVERED_MAX: Final = 6
OTHERS_MAX: Final = 14
"""Most that are kept between two times that the sample is taken away."""


class Sample:
    """The first deliveries since the sample was last taken away, and how many there were."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._delivered = _Kind(DELIVERED_MAX)
        self._others = _Kind(OTHERS_MAX)

    def note(
        self,
        outcome: str,
        subscription: str,
        line: Line,
        failure: Failure | None,
        *,
        edited: bool = False,
    ) -> None:
        """Note an outcome; `failure` is how the event fared before it, or that it ended so."""
        kind = self._delivered if outcome == DELIVERED else self._others
        kind.seen += 1
        if kind.seen > kind.room:
            return
        attempts = 0 if failure is None else failure.attempts
        is_delivered = outcome == DELIVERED
        # What only waited behind another one was never sent.
        sending = last_sending() if is_delivered or attempts else None
        status = 0 if sending is None else sending.status
        kind.rows.append(
            Recent(
                at=self._now(),
                subscription=subscription,
                message_id=line.message_id,
                type=line.type,
                name=line.event or line.name,
                source=line.source,
                outcome=outcome,
                reason="" if is_delivered or failure is None else failure.reason,
                status=status if is_delivered or failure is None else failure.status,
                took_ms=0.0 if sending is None else sending.took_ms,
                attempts=attempts + is_delivered,
                edited=edited,
            )
        )

    def taken(self) -> list[Recent]:
        """Take the sample away; each one says how many it stands for."""
        return self._others.taken() + self._delivered.taken()


class _Kind:
    __slots__ = ("room", "rows", "seen")

    def __init__(self, room: int) -> None:
        self.room = room
        self.seen = 0
        self.rows: list[Recent] = []

    def taken(self) -> list[Recent]:
        rows, seen = self.rows, self.seen
        self.rows, self.seen = [], 0
        return [row._replace(stands_for=seen / len(rows)) for row in rows] if rows else []
