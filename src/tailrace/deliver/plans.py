"""What a destination does with an event: which subscriptions take it, and what they make of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tailrace.deliver.admission import is_consented, is_integrated
from tailrace.deliver.blocks import Entry
from tailrace.deliver.sights import Asked, Screen, Sight, is_triggered, screen_of, trigger_of
from tailrace.destinations.api import Destination
from tailrace.destinations.payloads import PayloadField, payload_fields
from tailrace.destinations.sending import Action, Batching
from tailrace.errors import SettingsError
from tailrace.mappings import (
    CompiledMapping,
    Field,
    MappingError,
    MappingFailedError,
    clean,
    compile_mapping,
)

NO_SOURCE: Final = "source not connected"
INTEGRATIONS: Final = "integrations"
CONSENT: Final = "consent"
NO_MATCH: Final = "not subscribed"
DISABLED: Final = "subscription disabled"

_NO_INTEGRATIONS: Final = b"{}"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, kw_only=True)
class Target:
    """A destination as people set it up, ready to deliver to.

    `sources` are the slugs of the only sources that it gets events of, None for all. `settings` is
    the checked dataclass of its type, secrets opened. `filters` and `subscriptions` are as they
    are kept, None for the subscriptions of its type.
    """

    slug: str
    version: int
    type: Destination
    settings: Any
    sources: frozenset[str] | None = None
    retry_window_s: float = 7 * 86_400.0
    filters: Sequence[Mapping[str, Any]] = ()
    subscriptions: Sequence[Mapping[str, Any]] | None = None
    events_per_s_max: float | None = None
    requests_at_once_max: int | None = None
    consent_categories: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One subscription: an action, the events that it is for, and what it is given of them."""

    slug: str
    name: str
    action: Action
    batching: Batching | None
    screen: Screen
    trigger: Asked
    make: Callable[[Sight], Any] = field(repr=False)
    is_enabled: bool = True

    def refusal(self, sight: Sight) -> str:
        """Return why the subscription is not for the event, "" where it is."""
        if not self.is_enabled:
            return DISABLED
        return "" if is_triggered(self.trigger, sight) else NO_MATCH

    def build(self, entry: Entry) -> Any:
        """Return the payload of an event that was accepted before: filters hide what they hide.

        Raises:
            MappingFailedError: the event gives no payload that fits.
        """
        return self.make(self.screen.left(entry))


def plans_of(
    target: Target, *, screen: Screen | None = None, is_batching: bool = True
) -> list[Plan]:
    """Return the subscriptions of a destination, those that are disabled too.

    Where they send nothing, `is_batching` is false and the target needs no settings.

    Raises:
        SettingsError: one is none to this release.
    """
    screen = screen or screen_of(target.filters)
    actions = {action.slug: action for action in target.type.actions}
    plans = []
    for i, each in enumerate(subscriptions_of(target.type, target.subscriptions)):
        action = actions.get(each["action"])
        if action is None:
            raise SettingsError(
                f"subscriptions[{i}].action: {target.type.name} has no '{each['action']}'"
            )
        batching = action.batching(target.settings) if is_batching else None
        plans.append(
            Plan(
                slug=each["slug"],
                name=each.get("name") or action.name,
                action=action,
                batching=batching,
                screen=screen,
                trigger=trigger_of(each["trigger"], where=f"subscriptions[{i}].trigger"),
                make=maker(
                    action,
                    each.get("mapping", {}),
                    is_batch=batching is not None and batching.events_max > 1,
                ),
                is_enabled=each.get("enabled", True),
            )
        )
    return plans


def subscriptions_of(
    kind: Destination, subscriptions: Sequence[Mapping[str, Any]] | None
) -> Sequence[Mapping[str, Any]]:
    """Return the subscriptions; without any said, one to each action of the type."""
    if subscriptions is not None:
        return subscriptions
    return [
        {
            "slug": action.slug,
            "action": action.slug,
            "name": action.name,
            "trigger": action.trigger,
        }
        for action in kind.actions
    ]


def refusal(target: Target, entry: Entry) -> str:
    """Return why the destination gets an event in no subscription, "" where it may."""
    line = entry.line
    if target.sources is not None and line.source not in target.sources:
        return NO_SOURCE
    if bytes(line.integrations) != _NO_INTEGRATIONS:
        kind = target.type
        if not is_integrated(
            entry.event.get("integrations"),
            slug=target.slug,
            names=(kind.slug, kind.name),
            is_warehouse=kind.is_warehouse,
        ):
            return INTEGRATIONS
    if target.consent_categories and not is_consented(entry.event, target.consent_categories):
        return CONSENT
    return ""


def maker(
    action: Action, mapping: Mapping[str, Any], *, is_batch: bool = False
) -> Callable[[Sight], Any]:
    """Return what makes an action's payload of an event, with the defaults of its other fields.

    It raises `MappingFailedError` where the event gives no payload that fits.

    Raises:
        SettingsError: the mapping is none to this release.
    """
    payload = action.fields
    fields = payload_fields(payload)
    given = {name: mapping.get(name, each.about.default) for name, each in fields.mapped.items()}
    made = {
        name: _compiled(given[name], f"{action.slug}.{name}")
        for name, each in fields.mapped.items()
        # What nothing fills has its fallback, and the event need not be read for it.
        if given[name] is not None or each.is_required
    }
    others = {name: each for name, each in made.items() if fields.mapped[name].type != "json"}
    rules = [_rule(fields.mapped[name]) for name in others]
    texts = [(fields.mapped[name], each) for name, each in made.items() if name not in others]
    source = fields.source

    def make(sight: Sight) -> Any:
        values: dict[str, Any] = {each.name: _json(each, how, sight) for each, how in texts}
        if others:
            values |= _cleaned(rules, others, sight, is_batch=is_batch)
            for name in others:
                values.setdefault(name, fields.mapped[name].fallback)
        if source:
            values[source] = sight.line.source
        return payload(**values)

    return make


def _compiled(mapping: Any, where: str) -> CompiledMapping:
    try:
        return compile_mapping(mapping)
    except MappingError as error:
        raise SettingsError(f"the mapping of {where}: {error}") from error


def _json(each: PayloadField, how: CompiledMapping, sight: Sight) -> Any:
    if how.is_whole_event:
        return sight.body
    found = _applied(each.name, how, sight.event)
    if found is None:
        if each.is_required:
            raise MappingFailedError("is required and has no value").below(each.name)
        return each.fallback
    return _encode(found)


def _applied(name: str, how: CompiledMapping, event: Mapping[str, Any]) -> Any:
    try:
        return how.apply(event)
    except MappingFailedError as error:
        raise error.below(name) from error


def _cleaned(
    rules: Sequence[Field],
    made: Mapping[str, CompiledMapping],
    sight: Sight,
    *,
    is_batch: bool,
) -> dict[str, Any]:
    found = {name: _applied(name, how, sight.event) for name, how in made.items()}
    cleaned = clean(rules, found, is_batch=is_batch)
    if cleaned.payload is None:
        raise MappingFailedError.of(cleaned.problems)
    return cleaned.payload


def _rule(each: PayloadField) -> Field:
    assert each.type != "json"  # noqa: S101 - those are made as they are
    return Field(
        name=each.name,
        type=each.type,
        is_required=each.is_required,
        is_multiple=each.is_multiple,
        choices=each.about.choices,
    )
