"""What a destination would make of an event; nothing is sent."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from tailrace.deliver.plans import Target, plans_of, refusal
from tailrace.deliver.sights import Sight, screen_of
from tailrace.deliver.trying import given_event
from tailrace.destinations import Destination
from tailrace.destinations.payloads import payload_fields
from tailrace.errors import ChangeError, SettingsError
from tailrace.mappings import MappingFailedError


class PreviewedSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription would make of the event: a payload, or why there is none."""

    slug: str
    name: str
    outcome: Literal["sent", "filtered", "rejected"]
    reason: str
    payload: dict[str, Any] | None


def preview(
    kind: Destination,
    slug: str,
    filters: Sequence[Mapping[str, Any]],
    subscriptions: Sequence[Mapping[str, Any]] | None,
    event: Mapping[str, object],
) -> list[PreviewedSubscription]:
    """Return what each subscription would make of the event, of whatever source it came.

    Raises:
        ChangeError: the event is none, or filters and subscriptions are none to this release.
    """
    entry = given_event(event)
    target = Target(
        slug=slug,
        version=0,
        type=kind,
        settings=None,
        filters=filters,
        subscriptions=subscriptions,
    )
    try:
        screen = screen_of(filters)
        plans = plans_of(target, screen=screen, is_batching=False)
    except SettingsError as error:
        raise ChangeError(str(error), reason="invalid", field="destination") from error
    sight: Sight = entry
    refused = refusal(target, entry)
    if not refused:
        sight, refused = screen.seen(entry)
    found = []
    for plan in plans:
        why = refused or plan.refusal(sight)
        outcome: Literal["sent", "filtered", "rejected"] = "filtered" if why else "sent"
        payload = None
        if not why:
            try:
                payload = _shown(plan.make(sight))
            except MappingFailedError as error:
                outcome, why = "rejected", f"mapping: {error}"
        found.append(
            PreviewedSubscription(
                slug=plan.slug, name=plan.name, outcome=outcome, reason=why, payload=payload
            )
        )
    return found


def _shown(payload: Any) -> dict[str, Any]:
    """Return the fields of a payload, what is JSON text decoded."""
    fields = payload_fields(type(payload)).mapped
    return {
        field.name: (
            msgspec.json.decode(value)
            if field.name in fields and fields[field.name].type == "json" and value is not None
            else value
        )
        for field in dataclasses.fields(payload)
        for value in [getattr(payload, field.name)]
    }
