"""A destination's filters: which events it does not get, and what is left out of the others.

Source: Segment, "Destination filters" and Public API, destination filters.
"""

import random as randomness
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from tailrace.filters.compile import getter
from tailrace.filters.faults import FilterError, FilterFailedError
from tailrace.filters.filter import Filter, compile_filter
from tailrace.filters.lexer import parts_of
from tailrace.filters.sampling import keeps, share_of
from tailrace.filters.searched import compile_search

FILTERS_MAX: Final = 10
ACTIONS_MAX: Final = 10
OBJECTS_MAX: Final = 50
KEYS_MAX: Final = 100
NAME_LENGTH_MAX: Final = 500

_LANGUAGES: Final[Mapping[str, Callable[[str], Filter]]] = {
    "fql": compile_filter,
    "lucene": compile_search,
}

Parts = tuple[str, ...]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Drop:
    """Do not send the event."""


@dataclass(frozen=True)
class Sample:
    """Send a share of the events: 0 is none, 1 all.

    With a path, events with the same value there are all sent or all not; those without a value
    count as having the same. Without one, chance decides for each event.
    """

    percent: float
    path: Parts | None = None


@dataclass(frozen=True)
class DropProperties:
    """Leave out these keys of the objects at these paths; the path () is the event itself."""

    fields: Mapping[Parts, frozenset[str]]


@dataclass(frozen=True)
class AllowProperties:
    """Leave out all other keys of the objects at these paths; other objects stay as they are."""

    fields: Mapping[Parts, frozenset[str]]


Action = Drop | Sample | DropProperties | AllowProperties


@dataclass(frozen=True, eq=False)
class DestinationFilter:
    """What is done with the events that match `if_`."""

    if_: Filter
    actions: tuple[Action, ...]


class Applied(NamedTuple):
    """What is sent: `event`, or None and the filter that stopped it."""

    event: Event | None
    stopped_by: DestinationFilter | None = None
    reason: Literal["", "dropped", "sampled", "failed"] = ""


def apply_filters(
    filters: Sequence[DestinationFilter],
    event: Event,
    *,
    random: Callable[[], float] = randomness.random,
) -> Applied:
    """Return what of the event is sent; the event itself is never changed.

    Every filter is asked of the event as it came. Then samples are taken, events dropped,
    properties dropped and properties allowed, in this order whatever the order of the filters.
    A filter that fails stops the event, as it may be there to keep something secret.
    """
    matching = []
    for each in filters:
        try:
            if each.if_.evaluate(event):
                matching.append(each)
        except FilterFailedError:
            return Applied(None, each, "failed")
    if not matching:
        return Applied(event)
    for each in matching:
        for action in each.actions:
            if isinstance(action, Sample) and not _is_sampled(action, event, random):
                return Applied(None, each, "sampled")
    for each in matching:
        if any(isinstance(action, Drop) for action in each.actions):
            return Applied(None, each, "dropped")
    return Applied(_edited(event, [action for each in matching for action in each.actions]))


def read_filter(given: Mapping[str, Any]) -> DestinationFilter:
    """Return a filter given as `{"if": text, "actions": [{"type": "DROP"}, ...]}`.

    With `"language": "lucene"` the text is one of the search bar.

    Raises:
        FilterError: the text is no filter, or an action is not one of those there are.
    """
    text, actions = given.get("if"), given.get("actions")
    if not isinstance(text, str):
        raise FilterError("the filter has no text", hint='give it as "if"')
    if not isinstance(actions, list) or not 1 <= len(actions) <= ACTIONS_MAX:
        raise FilterError(
            f"the filter has no list of 1 to {ACTIONS_MAX} actions",
            hint='give them as "actions", such as [{"type": "DROP"}]',
        )
    compile_text = _LANGUAGES.get(given.get("language", "fql"))
    if compile_text is None:
        raise FilterError(
            f"the filter's language is {str(given['language'])[:50]!r}",
            hint="there are fql and lucene",
        )
    return DestinationFilter(
        compile_text(text),
        tuple(_action(each, f"actions[{i}]") for i, each in enumerate(actions)),
    )


def _is_sampled(action: Sample, event: Event, random: Callable[[], float]) -> bool:
    if action.percent <= 0:
        return False
    if action.percent >= 1:
        return True
    if action.path is None:
        return keeps(random(), action.percent)
    return keeps(share_of(getter(action.path)(event)), action.percent)


def _edited(event: Event, actions: Iterable[Action]) -> Event:
    edits = [each for each in actions if isinstance(each, DropProperties | AllowProperties)]
    edits.sort(key=lambda each: isinstance(each, AllowProperties))
    for edit in edits:
        pick = _without if isinstance(edit, DropProperties) else _only
        for parts, keys in edit.fields.items():
            event = _changed(event, parts, keys, pick)
    return event


Pick = Callable[[Mapping[str, Any], frozenset[str]], Any]


def _without(found: Mapping[str, Any], keys: frozenset[str]) -> Any:
    if keys.isdisjoint(found):
        return found
    return {key: value for key, value in found.items() if key not in keys}


def _only(found: Mapping[str, Any], keys: frozenset[str]) -> Any:
    return {key: value for key, value in found.items() if key in keys}


def _changed(value: Any, parts: Parts, keys: frozenset[str], pick: Pick) -> Any:
    """Return the value with the objects at the path picked from; what lies beside is shared."""
    if not parts:
        if isinstance(value, Mapping):
            return pick(value, keys)
        if isinstance(value, list):
            return [pick(item, keys) if isinstance(item, Mapping) else item for item in value]
        return value
    if not isinstance(value, Mapping) or parts[0] not in value:
        return value
    inner = value[parts[0]]
    changed = _changed(inner, parts[1:], keys, pick)
    return value if changed is inner else {**value, parts[0]: changed}


def _action(given: Any, where: str) -> Action:
    kind = given.get("type") if isinstance(given, Mapping) else None
    match kind:
        case "DROP":
            return Drop()
        case "SAMPLE":
            return _sample(given, where)
        case "DROP_PROPERTIES":
            return DropProperties(_fields(given.get("fields"), where))
        case "ALLOW_PROPERTIES":
            return AllowProperties(_fields(given.get("fields"), where))
    raise FilterError(
        f"{where}.type is {kind!r}",
        hint="there are DROP, SAMPLE, DROP_PROPERTIES and ALLOW_PROPERTIES",
    )


def _sample(given: Mapping[str, Any], where: str) -> Sample:
    percent, path = given.get("percent"), given.get("path")
    is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
    if not is_number or not 0 <= percent <= 1:  # type: ignore[operator]
        raise FilterError(f"{where}.percent is {percent!r}; expected a number from 0 to 1")
    if path is None or path == "":
        return Sample(float(percent))  # type: ignore[arg-type]
    return Sample(float(percent), _parts(path, f"{where}.path"))  # type: ignore[arg-type]


def _fields(given: Any, where: str) -> dict[Parts, frozenset[str]]:
    if not isinstance(given, Mapping) or not 1 <= len(given) <= OBJECTS_MAX:
        raise FilterError(
            f"{where}.fields names no object, or more than {OBJECTS_MAX}",
            hint='write {"context": ["ip"]}; "" is the event itself',
        )
    fields = {}
    for path, keys in given.items():
        at = f"{where}.fields[{path!r}]"
        is_list = isinstance(keys, list) and 1 <= len(keys) <= KEYS_MAX
        if not is_list or not all(isinstance(key, str) for key in keys):
            raise FilterError(f"{at} is no list of 1 to {KEYS_MAX} keys")
        fields[() if path == "" else _parts(path, at)] = frozenset(keys)
    return fields


def _parts(path: Any, where: str) -> Parts:
    parts = parts_of(path) if isinstance(path, str) and len(path) <= NAME_LENGTH_MAX else ()
    if not parts or not all(parts):
        raise FilterError(
            f"{where} is {path!r}, which is no path",
            hint="write the names with dots between: context.device; a dot in a name is \\.",
        )
    return parts
