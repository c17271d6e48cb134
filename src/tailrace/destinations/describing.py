"""What a type of destination does, for people and their forms: actions, fields and presets."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tailrace.destinations.api import Destination
from tailrace.destinations.catalog import BUILT_IN
from tailrace.destinations.payloads import PayloadField, PayloadType, payload_fields
from tailrace.destinations.schema import schema_of
from tailrace.destinations.sending import Action, Batching, Preset


class ActionField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of an action; `default` is the mapping that fills it where none is given."""

    name: str
    label: str
    description: str
    type: PayloadType
    required: bool
    multiple: bool
    default: Any
    choices: list[str]


class ActionBatching(msgspec.Struct, frozen=True, kw_only=True):
    """How many events go together, at most."""

    events_max: int
    bytes_max: int
    age_s: float


class ActionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a destination does with events.

    `batching` is that of the settings' defaults; null where events go one by one, or where it takes
    settings that have no default.
    """

    slug: str
    name: str
    description: str
    trigger: str
    batching: ActionBatching | None
    fields: list[ActionField]


class PresetShown(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to begin with; what `mapping` leaves out has the field's default."""

    slug: str
    name: str
    description: str
    action: str
    trigger: str
    mapping: dict[str, Any]


class DestinationTypeDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A type of destination with what it does; `settings` is a JSON Schema.

    `docs` is the page about it in the documentation, "" for a type of another package.
    """

    slug: str
    name: str
    description: str
    settings: dict[str, Any]
    docs: str
    has_check: bool
    actions: list[ActionShown]
    presets: list[PresetShown]


def described(destination: Destination) -> DestinationTypeDetails:
    """Return what a type does, its presets led by those of the actions themselves."""
    return DestinationTypeDetails(
        slug=destination.slug,
        name=destination.name,
        description=destination.description,
        settings=schema_of(destination),
        docs=f"destinations/{destination.slug}.md" if destination.slug in BUILT_IN else "",
        has_check=destination.check is not None,
        actions=[_action(each, destination) for each in destination.actions],
        presets=[_preset(each) for each in presets_of(destination)],
    )


def presets_of(destination: Destination) -> Sequence[Preset]:
    """Return the presets of a type: one to each action as it is by default, then the type's own."""
    return [
        *(
            Preset(
                slug=each.slug,
                name=each.name,
                description=each.description,
                action=each.slug,
                trigger=each.trigger,
            )
            for each in destination.actions
        ),
        *destination.presets,
    ]


def _action(action: Action, destination: Destination) -> ActionShown:
    return ActionShown(
        slug=action.slug,
        name=action.name,
        description=action.description,
        trigger=action.trigger,
        batching=_batching(action, destination),
        fields=[_field(each) for each in payload_fields(action.fields).mapped.values()],
    )


def batching_of(
    action: Action, destination: Destination, settings: Mapping[str, Any]
) -> Batching | None:
    """Return how events go together, by settings of which some may be missing.

    What is missing has its default; None where the answer takes one that has none. Events that go
    one by one are batches of one.
    """
    stand_in = object.__new__(destination.settings)
    for name, field in destination.fields.items():
        if name in settings or not field.is_required:
            object.__setattr__(stand_in, name, settings.get(name, field.default))
    try:
        found = action.batching(stand_in)
    except AttributeError:
        return None
    return found or Batching(events_max=1, bytes_max=1)


def _batching(action: Action, destination: Destination) -> ActionBatching | None:
    found = batching_of(action, destination, {})
    if found is None or found.events_max == 1:
        return None
    return ActionBatching(events_max=found.events_max, bytes_max=found.bytes_max, age_s=found.age_s)


def _field(field: PayloadField) -> ActionField:
    words = field.name.replace("_", " ")
    return ActionField(
        name=field.name,
        label=field.about.label or words[:1].upper() + words[1:],
        description=field.about.description,
        type=field.type,
        required=field.is_required,
        multiple=field.is_multiple,
        default=field.about.default,
        choices=list(field.about.choices),
    )


def _preset(preset: Preset) -> PresetShown:
    return PresetShown(
        slug=preset.slug,
        name=preset.name,
        description=preset.description,
        action=preset.action,
        trigger=preset.trigger,
        mapping=dict(preset.mapping),
    )
