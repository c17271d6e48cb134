"""What became of an event at destinations, as far as their files know of single events."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tailrace.deliver.letter_views import fates
from tailrace.errors import CorruptionError, LimitError, TransientError

DESTINATIONS_MAX: Final = 100


class TracedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event at a subscription of a destination."""

    destination: str
    subscription: str
    outcome: str
    reason: str
    at: datetime


def traced_deliveries(
    message_id: str, files: Iterable[tuple[str, Path]]
) -> tuple[list[TracedDelivery], str]:
    """Return what the files of destinations know of an event, and in words what was looked at.

    They know dead letters, what waits, and a sample of the last deliveries; that one is silent says
    nothing. `files` are the destinations' slugs with their files.
    """
    found: list[TracedDelivery] = []
    looked, failed = 0, 0
    for slug, path in list(files)[:DESTINATIONS_MAX]:
        looked += 1
        try:
            known = fates(path, message_id)
        except (CorruptionError, LimitError, TransientError):
            failed += 1
            continue
        found += [
            TracedDelivery(
                destination=slug,
                subscription=each.subscription,
                outcome=each.outcome,
                reason=each.reason,
                at=datetime.fromtimestamp(each.at, UTC),
            )
            for each in known
        ]
    trouble = f" ({failed} could not be read)" if failed else ""
    return found, f"destinations: what {looked} know of single events{trouble}"
