"""A compiled mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tailrace.mappings.compiling import METADATA, compiled
from tailrace.mappings.directives import Resolve
from tailrace.mappings.faults import MappingFailedError
from tailrace.mappings.paths import ROOTS
from tailrace.mappings.running import MISSING, Run, measure


@dataclass(frozen=True, eq=False)
class CompiledMapping:
    """Makes a payload of an event.

    `is_whole_event` says that the payload is the event as it is, so its bytes need not be made
    again. `sync_mode` and `matching_key` are what the mapping says beside its payload.
    """

    is_whole_event: bool
    sync_mode: Any
    matching_key: Any
    _resolve: Resolve = field(repr=False)

    def apply(self, event: Mapping[str, Any]) -> Any:
        """Return the payload; None where the mapping as a whole gives nothing.

        The payload shares values with the event and the mapping: read it, never change it.

        Raises:
            MappingFailedError: the mapping gives no payload for this event, or one beyond the
                bounds of `running`.
        """
        if self.is_whole_event:
            return event
        try:
            made = self._resolve(event, Run())
        except RecursionError as error:
            raise MappingFailedError("the event is nested too deep for this mapping") from error
        if made is MISSING:
            return None
        measure(made)
        return made


def compile_mapping(mapping: Any) -> CompiledMapping:
    """Return the mapping that JSON says.

    Raises:
        MappingError: it is wrong; the error names every place where.
    """
    resolve, reserved = compiled(mapping)
    return CompiledMapping(
        is_whole_event=is_whole_event(mapping),
        sync_mode=reserved.sync_mode,
        matching_key=reserved.matching_key,
        _resolve=resolve,
    )


def is_whole_event(mapping: Any) -> bool:
    """Tell whether a mapping gives the event as it is."""
    return (
        isinstance(mapping, Mapping)
        and not set(mapping) - {"@path", METADATA}
        and isinstance(mapping.get("@path"), str)
        and mapping["@path"].removeprefix("$.") in ROOTS
    )
