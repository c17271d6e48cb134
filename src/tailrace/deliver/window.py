"""How much of the log is held of one destination: what has no outcome yet, by number and bytes."""

from collections.abc import Iterable
from typing import Final

from tailrace.destinations.sending import Batching

_HELD: Final = 3
"""An event's bytes are counted so often, as blocks count them."""

_SLACK_BYTES: Final = 16_777_216


def window_of(batchings: Iterable[Batching | None], *, events: int, size: int) -> tuple[int, int]:
    """Return the events and bytes that are held, so that the largest batch can become full.

    `events` and `size` are held in any case.
    """
    for each in batchings:
        if each is not None:
            events = max(events, each.events_max)
            size = max(size, _HELD * each.bytes_max + _SLACK_BYTES)
    return events, size
