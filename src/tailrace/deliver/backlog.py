"""How many events a destination has not dealt with, by its own books and the ledger's.

The log holds blocks of one event and of thousands, so the blocks that are left say little. But all
events that were refined from some minute on are in the ledger, and those among them that have an
outcome in the destination's file: what lies between is the backlog. Of the minute in which the
destination began, the file says how many events there were before.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from tailrace.deliver import state
from tailrace.log.books import EVER

BEGAN_MINUTE: Final = "began_minute"
BEGAN_AFTER_EVENTS: Final = "began_after_events"
"""Facts of a file: when its destination began, and the events refined of that minute until then."""

Refined = Callable[[int], int]
"""Returns how many events were refined that were received in a minute (since 1970) or later."""


def unended_events(
    connection: sqlite3.Connection,
    refined: Refined,
    *,
    oldest_at: float,
    ended_early: Mapping[str, Mapping[str, int]],
) -> int:
    """Return the events received since `oldest_at` without an outcome at some subscription.

    What waits out of line has none, but may be older, and is not counted. `ended_early` are
    outcomes that are not in the books yet, by subscription.
    """
    first = int(oldest_at) // 60
    ended: defaultdict[str, int] = defaultdict(int)
    for cell, sums in state.cells(connection, minute_from=first, minute_until=EVER).items():
        ended[cell.subscription] += sum(sums)
    for subscription, outcomes in ended_early.items():
        ended[subscription] += sum(outcomes.values())
    in_all = refined(first)
    facts = state.facts(connection)
    if facts.get(BEGAN_MINUTE) == first:
        in_all -= int(str(facts[BEGAN_AFTER_EVENTS]))
    begun = state.begun_minutes(connection)
    left = {subscription: in_all - ended[subscription] for subscription in begun}
    # One that was added meanwhile has no outcomes of the time before.
    older = [events for subscription, events in left.items() if begun[subscription] <= first]
    return max(0, max(older) if older else min(left.values(), default=in_all))
