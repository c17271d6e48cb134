"""What an event says itself of where it may go: `integrations`, and what its person agreed to.

Source: Segment, "Filtering with the integrations object", "Warehouse FAQs" and "Consent in Segment
Connections". Names are compared with their case.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

WAREHOUSES: Final = "Warehouses"


def is_integrated(
    integrations: Any, *, slug: str, names: Sequence[str], is_warehouse: bool = False
) -> bool:
    """Tell whether an event's `integrations` lets it go to a destination.

    It is named by its slug or by one of `names`; a name that is given counts more than `All`, and
    of several one that allows it is enough. Only false excludes: an object holds options.
    Warehouses go by `Warehouses` and ignore `All`.
    """
    if not isinstance(integrations, Mapping):
        return True
    named = [integrations[name] for name in (slug, *names) if name in integrations]
    if named:
        return any(value is not False for value in named)
    if is_warehouse:
        return _is_in_warehouses(integrations.get(WAREHOUSES), slug)
    return integrations.get("All", True) is not False


def is_consented(event: Mapping[str, Any], categories: Sequence[str]) -> bool:
    """Tell whether a person agreed to every one of a destination's categories.

    An event without `context.consent` was sent by an app that asks for none, and may go. With it, a
    category that is missing from `categoryPreferences` counts as refused.
    """
    context = event.get("context")
    consent = context.get("consent") if isinstance(context, Mapping) else None
    if consent is None or not categories:
        return True
    preferences = consent.get("categoryPreferences") if isinstance(consent, Mapping) else None
    if not isinstance(preferences, Mapping):
        return False
    return all(preferences.get(category) is True for category in categories)


def _is_in_warehouses(given: Any, slug: str) -> bool:
    if not isinstance(given, Mapping):
        return given is not False
    if given.get("all") is True:
        return True
    ids = given.get("warehouseIds")
    if isinstance(ids, list):
        return slug in ids
    return given.get("all") is not False
