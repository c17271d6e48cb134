"""Deduplication: which message ids were refined within the window.

Two hundred and fifty thousand recent ids are in memory; older ones lie in sorted, immutable files
with a filter before each (`run`), listed in one manifest that says up to which offset of the events
log they are complete. `index.DedupIndex` is the whole of it. See docs/decisions on why.
"""

from tailrace.refine.dedup.index import DedupIndex

__all__ = ["DedupIndex"]
