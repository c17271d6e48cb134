"""How a destination wants to be delivered to, as people send it: how fast, and for how long."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

REQUESTS_AT_ONCE_MAX: Final = 64

EventsPerSecond = Annotated[float, Meta(gt=0, le=1e9)]
RequestsAtOnce = Annotated[int, Meta(ge=1, le=REQUESTS_AT_ONCE_MAX)]
RetryHours = Annotated[float, Meta(gt=0, le=8_760)]
ConsentCategory = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*(?![\s\S])")
]
ConsentCategories = Annotated[list[ConsentCategory], Meta(max_length=100)]


class DeliveryRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events are delivered to a destination; null leaves it to Tailrace.

    At most `events_per_s_max` events a second are handed to it, in at most `requests_at_once_max`
    requests at once. An event that it does not take is tried for `retry_window_h` hours. With
    `consent_categories` it gets only events of people who agree to all of them.
    """

    events_per_s_max: EventsPerSecond | None = None
    requests_at_once_max: RequestsAtOnce | None = None
    retry_window_h: RetryHours | None = None
    consent_categories: ConsentCategories = []


class DeliveryRulesChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of how events are delivered; what is left out stays."""

    events_per_s_max: EventsPerSecond | UnsetType | None = UNSET
    requests_at_once_max: RequestsAtOnce | UnsetType | None = UNSET
    retry_window_h: RetryHours | UnsetType | None = UNSET
    consent_categories: ConsentCategories | UnsetType = UNSET


def delivery_rules(kept: dict[str, Any]) -> DeliveryRules:
    """Return the rules that are kept so."""
    return msgspec.convert(kept, DeliveryRules)


def kept_rules(rules: DeliveryRules) -> dict[str, Any]:
    """Return rules as they are kept: what is not the default, categories once and in order."""
    plain: dict[str, Any] = msgspec.to_builtins(rules)
    plain["consent_categories"] = sorted(set(rules.consent_categories))
    defaults = msgspec.to_builtins(DeliveryRules())
    return {name: value for name, value in plain.items() if value != defaults[name]}


def changed_rules(kept: dict[str, Any], wanted: DeliveryRulesChange) -> dict[str, Any]:
    """Return rules as they are kept, changed."""
    given = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET
    }
    return kept_rules(msgspec.structs.replace(delivery_rules(kept), **given))
