"""Delivering: every destination gets the stored events that it is for, whatever it takes.

The engine (`engine`) runs one runner (`runner`) for each destination that is enabled. Runners share
what they read (`blocks`), choose (`plans`), hand events to lanes (`lane`) that send and try again,
and keep positions, books and dead letters in one file each (`state`), below `deliver/` in the data
directory.

Invariants:

1. A position moves past an event only with its outcome: delivered, filtered, dead letter, or kept
   in the file to be tried again. For each subscription: all events from the first one on
   = delivered + filtered + dead letters + waiting.
2. Events of one person reach a tool in order: an event waits while an earlier one is tried again.
3. A destination that takes nothing, or has a defect, holds up no other.
4. Delivery is at least once: after a crash, what was in flight is sent again.
5. Memory is bounded for each destination, however far behind it is.
"""

from tailrace.deliver.engine import run_deliveries

__all__ = ["run_deliveries"]
