"""An event as one destination sees it: what its filters let through, and what they leave of it.

The event that all destinations share is never changed. Most filters and triggers ask for no more
than a line of a block says, so the event is decoded only where one asks for more.
"""

import random as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from tailrace.deliver.payload import Line
from tailrace.errors import SettingsError
from tailrace.filters import (
    AllowProperties,
    DestinationFilter,
    DropProperties,
    Filter,
    FilterError,
    FilterFailedError,
    apply_filters,
    compile_trigger,
    read_filter,
)
from tailrace.filters.reach import EVENT_TYPES
from tailrace.filters.tree import And, Call, Compare, ListOf, Not, Or, Path, Tree
from tailrace.mappings import MappingFailedError

_LINE_NAMES: Final = frozenset({"type", "event", "name", "userId", "messageId"})
_MORE: Final = frozenset({"."})
"""More of an event than its own keys."""

_REASON_CHARACTERS_MAX: Final = 200
_encode = msgspec.json.Encoder().encode


class Sight(Protocol):
    """An event, or what is left of it: decoded, as JSON, and the line that it came with."""

    @property
    def line(self) -> Line:
        """The line of the event as it was stored."""
        ...

    @property
    def event(self) -> Mapping[str, Any]:
        """What is left; nobody may change it."""
        ...

    @property
    def body(self) -> bytes:
        """The same as JSON."""
        ...


class Edited:
    """An event of which something is left out."""

    __slots__ = ("_body", "event", "line")

    def __init__(self, line: Line, event: Mapping[str, Any]) -> None:
        self.line = line
        self.event = event
        self._body = b""

    @property
    def body(self) -> bytes:
        """See `Sight`."""
        if not self._body:
            self._body = _encode(self.event)
        return self._body


@dataclass(frozen=True)
class Asked:
    """A filter or trigger, and what of an event it asks for."""

    filter: Filter
    needs_event: bool
    is_all: bool

    @classmethod
    def of(cls, filter_: Filter) -> "Asked":
        """Return the filter with what its text asks for."""
        names = _names_in(filter_.tree) if filter_.tree is not None else _MORE
        is_all = not names and filter_.types is None and filter_.matches({})
        return cls(filter_, bool(names - _LINE_NAMES), is_all)

    def may_match(self, sight: Sight) -> bool:
        """Tell whether the filter matches; without decoding, and true where it must be asked."""
        types = self.filter.types
        kind = sight.line.type
        if types is not None and kind in EVENT_TYPES and kind not in types:
            return False
        return self.needs_event or self.is_all or self.fails_or_matches(_line_event(sight.line))

    def fails_or_matches(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the filter matches an event, or cannot say."""
        try:
            return self.filter.evaluate(event)
        except FilterFailedError:
            return True


class Screen:
    """The filters of a destination."""

    def __init__(
        self,
        filters: Sequence[DestinationFilter] = (),
        names: Sequence[str] = (),
        *,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._filters = [(Asked.of(each.if_), each) for each in filters]
        self._names = dict(zip(filters, names, strict=True))
        self._random = random
        self._editing = [
            DestinationFilter(each.if_, edits) for each in filters if (edits := _edits_of(each))
        ]

    def seen(self, sight: Sight) -> tuple[Sight, str]:
        """Return what is left of an event, and why none of it is sent, "" where it is."""
        asked = [each for is_asked, each in self._filters if is_asked.may_match(sight)]
        if not asked:
            return sight, ""
        applied = apply_filters(asked, sight.event, random=self._random)
        if applied.event is None:
            assert applied.stopped_by is not None  # noqa: S101 - nothing else stops an event
            word = "filter failed" if applied.reason == "failed" else "filter"
            return sight, f"{word}: {self._names[applied.stopped_by]}"
        return _sight(sight, applied.event), ""

    def left(self, sight: Sight) -> Sight:
        """Return what is left of an event that was let through before.

        Raises:
            MappingFailedError: a filter cannot say whether it leaves something out.
        """
        if not self._editing:
            return sight
        applied = apply_filters(self._editing, sight.event, random=self._random)
        if applied.event is None:
            raise MappingFailedError("a filter of the destination cannot be decided for this event")
        return _sight(sight, applied.event)


def screen_of(
    filters: Sequence[Mapping[str, Any]], *, random: Callable[[], float] = randomness.random
) -> Screen:
    """Return the filters of a destination as they are kept, without those that are disabled.

    Raises:
        SettingsError: one is none to this release.
    """
    found: list[DestinationFilter] = []
    names: list[str] = []
    for i, each in enumerate(filters):
        if not each.get("enabled", True):
            continue
        try:
            found.append(read_filter(each))
        except FilterError as error:
            raise SettingsError(f"filters[{i}]: {error}") from error
        names.append((each.get("title") or str(i + 1))[:_REASON_CHARACTERS_MAX])
    return Screen(found, names, random=random)


def trigger_of(text: str, *, where: str) -> Asked:
    """Return a trigger.

    Raises:
        SettingsError: it is none to this release.
    """
    try:
        return Asked.of(compile_trigger(text))
    except FilterError as error:
        raise SettingsError(f"{where}: {error}") from error


def is_triggered(trigger: Asked, sight: Sight) -> bool:
    """Tell whether a trigger is for an event, or for what is left of it."""
    if trigger.is_all:
        return True
    if isinstance(sight, Edited):
        return trigger.filter.matches(sight.event)
    if not trigger.may_match(sight):
        return False
    return not trigger.needs_event or trigger.filter.matches(sight.event)


def _sight(before: Sight, event: Mapping[str, Any]) -> Sight:
    return before if event is before.event else Edited(before.line, event)


def _edits_of(filter_: DestinationFilter) -> tuple[DropProperties | AllowProperties, ...]:
    return tuple(
        each for each in filter_.actions if isinstance(each, DropProperties | AllowProperties)
    )


def _line_event(line: Line) -> dict[str, Any]:
    """Return as much of an event as a line of a block says."""
    return {
        "type": line.type,
        "event": line.event or None,
        "name": line.name or None,
        "userId": line.user_id or None,
        "messageId": line.message_id,
    }


def _names_in(tree: Tree) -> frozenset[str]:
    """Return the names of the event's own keys that a filter asks for."""
    match tree:
        case Path(parts):
            # What lies below one of these texts is nothing, but let the event say so.
            return frozenset({parts[0]}) if len(parts) == 1 else _MORE
        case Not(part):
            return _names_in(part)
        case And(parts) | Or(parts) | ListOf(parts) | Call(_, parts):
            return frozenset().union(*(_names_in(part) for part in parts))
        case Compare(_, left, right):
            return _names_in(left) | _names_in(right)
    return frozenset()
