"""Refine: the only place where events change, between the raw log and the events log.

`steps.refine_calls` is the way of an event, one line per step; each step is a module beside it.
`Refiner` runs it as a loop; `original` gives the stored text of an event back as it was sent.
"""

from tailrace.refine.original import unpack, unpack_original
from tailrace.refine.runner import Refiner
from tailrace.refine.steps import Refined, Rules, refine_calls, rules_of

__all__ = ["Refined", "Refiner", "Rules", "refine_calls", "rules_of", "unpack", "unpack_original"]
