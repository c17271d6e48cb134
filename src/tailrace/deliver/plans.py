"""What a destination does with an event: which subscriptions take it, and what they make of it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tailrace.deliver.blocks import Entry
from tailrace.destinations.api import Destination
from tailrace.destinations.sending import WHOLE_EVENT, Action, Batching, Mapped, SourceSlug

NO_SOURCE: Final = "source not connected"
INTEGRATIONS: Final = "integrations"
NO_MATCH: Final = "not subscribed"

_NO_INTEGRATIONS: Final = b"{}"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A destination as people set it up, ready to deliver to.

    `sources` are the slugs of the only sources that it gets events of, None for all. `settings` is
    the checked dataclass of its type, secrets opened.
    """

    slug: str
    version: int
    type: Destination
    settings: Any
    sources: frozenset[str] | None = None
    retry_window_s: float = 7 * 86_400.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One subscription: an action, the events that it is for, and what it is given of them."""

    slug: str
    action: Action
    batching: Batching | None
    build: Callable[[Entry], Any]

    def refusal(self, _entry: Entry) -> str:
        """Return why the subscription is not for the event, "" where it is."""
        return ""


def plans_of(target: Target) -> list[Plan]:
    """Return the subscriptions of a destination."""
    return [
        Plan(
            slug=action.slug,
            action=action,
            batching=action.batching(target.settings),
            build=_builder(action),
        )
        for action in target.type.actions
    ]


def refusal(target: Target, entry: Entry) -> str:
    """Return why the destination gets an event in no subscription, "" where it may."""
    line = entry.line
    if target.sources is not None and line.source not in target.sources:
        return NO_SOURCE
    if bytes(line.integrations) != _NO_INTEGRATIONS:
        wanted = entry.event.get("integrations")
        if isinstance(wanted, Mapping) and not _is_wanted(
            wanted, (target.slug, target.type.slug, target.type.name)
        ):
            return INTEGRATIONS
    return ""


def _is_wanted(integrations: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Tell whether an event's `integrations` lets it go to a destination with one of the names."""
    named = [integrations[name] for name in names if name in integrations]
    if named:
        return any(value is not False for value in named)
    return integrations.get("All", True) is not False


def _builder(action: Action) -> Callable[[Entry], Any]:
    """Return what makes an action's payload of an event."""
    fields = action.fields
    source = _source_field(fields)
    found = {
        field.name: _mapped(action, field)
        for field in dataclasses.fields(fields)
        if field.name != source
    }
    if list(found.values()) != [WHOLE_EVENT]:
        raise TypeError(f"{action.slug}: only payloads of the whole event are known")
    [name] = found
    if source:
        return lambda entry: fields(**{name: entry.body, source: entry.line.source})
    return lambda entry: fields(**{name: entry.body})


def _source_field(fields: type[Any]) -> str:
    """Return the name of the field that is the slug of the event's source, "" for none."""
    from typing import get_args, get_type_hints

    hints = get_type_hints(fields, include_extras=True)
    return next((name for name, hint in hints.items() if SourceSlug() in get_args(hint)), "")


def _mapped(action: Action, field: "dataclasses.Field[Any]") -> object:
    from typing import get_args, get_type_hints

    hints = get_type_hints(action.fields, include_extras=True)
    about = next((each for each in get_args(hints[field.name]) if isinstance(each, Mapped)), None)
    if about is None:
        raise TypeError(f"{action.slug}: the field '{field.name}' has no Mapped in its annotation")
    return about.default
