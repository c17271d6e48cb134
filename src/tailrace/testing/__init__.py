"""Doubles that stand in for an edge, for our tests and for those of packages that build on ours.

`MemoryLog` is a log without files, `ManualClock` a clock that stands still until told.
"""

from tailrace.testing.clock import ManualClock
from tailrace.testing.memory_log import MemoryLog

__all__ = ["ManualClock", "MemoryLog"]
