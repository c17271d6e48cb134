"""Mappings: JSON whose directives make the payload of an action from an event.

`compile_mapping` reads a mapping and reports everything that is wrong with it at once;
`CompiledMapping.apply` makes the payload. `clean` then fits it to the action's fields: empty values
go, types are coerced, and what does not fit is reported. Neither changes what it is given.
"""

from tailrace.mappings.faults import MappingError, MappingFailedError, Problem
from tailrace.mappings.fields import Cleaned, Field, clean
from tailrace.mappings.mapping import CompiledMapping, compile_mapping, is_whole_event

__all__ = [
    "Cleaned",
    "CompiledMapping",
    "Field",
    "MappingError",
    "MappingFailedError",
    "Problem",
    "clean",
    "compile_mapping",
    "is_whole_event",
]
