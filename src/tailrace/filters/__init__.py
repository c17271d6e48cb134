"""Filters: text that says of an event whether it goes on.

`compile_filter` takes the full language, `compile_trigger` the smaller one that decides which
events an action gets; the two differ in what a text or a missing value equals. `compile_search`
takes the language of the search bar. `apply_filters`
does what a destination's filters say: not send an event, send a share of them, or leave out some
of what an event says.

A filter that fails on an event lets nothing pass: `Filter.matches` is false, and `apply_filters`
does not send it.
"""

from tailrace.filters.actions import (
    AllowProperties,
    Applied,
    DestinationFilter,
    Drop,
    DropProperties,
    Sample,
    apply_filters,
    read_filter,
)
from tailrace.filters.faults import FilterError, FilterFailedError
from tailrace.filters.filter import Filter, compile_filter
from tailrace.filters.parser import Warned
from tailrace.filters.searched import compile_search
from tailrace.filters.triggers import compile_trigger

__all__ = [
    "AllowProperties",
    "Applied",
    "DestinationFilter",
    "Drop",
    "DropProperties",
    "Filter",
    "FilterError",
    "FilterFailedError",
    "Sample",
    "Warned",
    "apply_filters",
    "compile_filter",
    "compile_search",
    "compile_trigger",
    "read_filter",
]
