"""Destinations in the forms that people send and read them, and what chooses some of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, or_

from tailrace.config import Slug
from tailrace.control.delivery_rules import (
    ConsentCategories,
    DeliveryRules,
    DeliveryRulesChange,
    delivery_rules,
)
from tailrace.control.destination_filters import (
    FilterDraft,
    Filters,
    SubscriptionDraft,
    Subscriptions,
)
from tailrace.control.models import DestinationRow, DestinationVersionRow
from tailrace.control.shapes import Name
from tailrace.control.vault import STARS
from tailrace.destinations import Catalog

SourceSlugs = Annotated[list[Slug], Meta(min_length=1, max_length=2_000)]
SettingValue = str | float | bool | dict[str, str] | None
"""Whole numbers are numbers here: the description of the API tells them not apart."""

GivenSettings = Annotated[
    dict[str, SettingValue],
    Meta(max_length=100, description="As the type's schema says; a secret sent as *** stays."),
]


class DestinationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A destination to be made; without `sources` it is for the events of all.

    Without `subscriptions` it has those of its type.
    """

    slug: Slug
    type: Slug
    name: Name = ""
    enabled: bool = True
    sources: SourceSlugs | None = None
    settings: GivenSettings = {}
    filters: Filters = []
    subscriptions: Subscriptions | None = None
    delivery: DeliveryRules = msgspec.field(default_factory=DeliveryRules)


class DestinationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a destination; what is left out stays.

    `settings` and `delivery` are merged key by key: null puts the default back, and takes an
    optional one away. `filters` and `subscriptions` are replaced whole; null stands for the
    subscriptions of the type.
    """

    name: Name | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    sources: SourceSlugs | UnsetType | None = UNSET
    settings: GivenSettings | UnsetType = UNSET
    filters: Filters | UnsetType = UNSET
    subscriptions: Subscriptions | UnsetType | None = UNSET
    delivery: DeliveryRulesChange | UnsetType = UNSET


class DestinationRestore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version a destination shall equal again."""

    version: Annotated[int, Meta(ge=1, le=10**9)]


class DestinationCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings to check: those of a `type`, or those of the destination of a `slug`.

    With a slug, what is left out and secrets sent as `***` are those that the destination has; a
    secret must be given again where an address leads elsewhere.
    """

    slug: Annotated[Slug, Meta(description="The slug of a destination.")] | None = None
    type: Annotated[Slug, Meta(description="The slug of a type, without a slug.")] | None = None
    settings: GivenSettings = {}


class PreviewedDestination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A destination that is there, by its `slug`, or any of a `type`.

    `filters`, `subscriptions`, `sources` and `consent_categories` stand in the place of those that
    the one of the slug has.
    """

    slug: Annotated[Slug, Meta(description="The slug of a destination.")] | None = None
    type: Annotated[Slug, Meta(description="The slug of a type, without a slug.")] | None = None
    filters: Filters | UnsetType = UNSET
    subscriptions: Subscriptions | UnsetType | None = UNSET
    sources: SourceSlugs | UnsetType | None = UNSET
    consent_categories: ConsentCategories | UnsetType = UNSET


class DestinationPreview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event, and the destination that shall make something of it.

    The event is given, or it is a stored one of a `message_id`. A given one is of no source, so
    that it may go wherever the destination's `sources` are, unless `source` says one.
    """

    destination: PreviewedDestination
    event: dict[str, Any] | UnsetType = UNSET
    message_id: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    source: Annotated[str, Meta(max_length=63)] = ""


class DestinationDryRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A destination, and how many of the newest stored events to try it on.

    `samples` is how many events are shown of each reason.
    """

    destination: PreviewedDestination
    events: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    samples: Annotated[int, Meta(ge=0, le=5)] = 2


class DestinationState(msgspec.Struct, frozen=True, kw_only=True):
    """A destination as it is, with stars in the place of its secrets."""

    slug: str
    name: str
    type: str
    enabled: bool
    sources: list[str] | None
    settings: dict[str, Any]
    filters: list[FilterDraft]
    subscriptions: list[SubscriptionDraft] | None
    delivery: DeliveryRules
    version: int
    managed_by: Literal["api"] = "api"
    created_at: datetime
    updated_at: datetime


class DestinationVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A destination as it was from one change to the next."""

    version: int
    at: datetime
    actor: str
    name: str
    enabled: bool
    sources: list[str] | None
    settings: dict[str, Any]
    filters: list[FilterDraft]
    subscriptions: list[SubscriptionDraft] | None
    delivery: DeliveryRules


class DestinationType(msgspec.Struct, frozen=True, kw_only=True):
    """A type of destination; `settings` is a JSON Schema."""

    slug: str
    name: str
    description: str
    settings: dict[str, Any]


class WantedDestinations(NamedTuple):
    """Which destinations to list; None and "" are for every one.

    `source` is for those that the events of this source go to.
    """

    type: str = ""
    enabled: bool | None = None
    text: str = ""
    source: str = ""


def destination_conditions(wanted: WantedDestinations) -> Sequence[ColumnElement[bool]]:
    """Return what chooses the wanted rows; `takes_from` says the rest."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.type:
        conditions.append(DestinationRow.type == wanted.type)
    if wanted.enabled is not None:
        conditions.append(DestinationRow.enabled.is_(wanted.enabled))
    if wanted.text:
        conditions.append(
            or_(
                DestinationRow.slug.icontains(wanted.text, autoescape=True),
                DestinationRow.name.icontains(wanted.text, autoescape=True),
            )
        )
    return conditions


def takes_from(row: DestinationRow, source: str) -> bool:
    """Tell whether the events of a source go there; "" is for every source."""
    return not source or row.sources is None or source in row.sources


def destination_state(row: DestinationRow, catalog: Catalog) -> DestinationState:
    """Return a destination as people read it."""
    return DestinationState(
        slug=row.slug,
        name=row.name,
        type=row.type,
        enabled=row.enabled,
        sources=row.sources,
        settings=shown_settings(catalog, row.type, row.settings, row.secrets_sealed),
        filters=_filters(row),
        subscriptions=_subscriptions(row),
        delivery=delivery_rules(row.delivery),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def destination_version(
    row: DestinationVersionRow, catalog: Catalog, *, kind: str
) -> DestinationVersion:
    """Return an earlier state of a destination as people read it."""
    return DestinationVersion(
        version=row.version,
        at=row.at,
        actor=row.actor,
        name=row.name,
        enabled=row.enabled,
        sources=row.sources,
        settings=shown_settings(catalog, kind, row.settings, row.secrets_sealed),
        filters=_filters(row),
        subscriptions=_subscriptions(row),
        delivery=delivery_rules(row.delivery),
    )


def _filters(row: DestinationRow | DestinationVersionRow) -> list[FilterDraft]:
    return msgspec.convert(row.filters, list[FilterDraft])


def _subscriptions(row: DestinationRow | DestinationVersionRow) -> list[SubscriptionDraft] | None:
    return msgspec.convert(row.subscriptions, list[SubscriptionDraft] | None)


def shown_settings(
    catalog: Catalog, kind: str, public: Mapping[str, Any], sealed: Mapping[str, str]
) -> dict[str, Any]:
    """Return all settings, stars in the place of secrets, null where none is set."""
    known = {**public, **dict.fromkeys(sealed, STARS)}
    destination = catalog.types.get(kind)
    if destination is None:
        return known
    of_type = {
        name: known.get(name, None if field.is_secret else field.default)
        for name, field in destination.fields.items()
    }
    return {**of_type, **known}


def destination_for_audit(row: DestinationRow, catalog: Catalog) -> dict[str, object]:
    """Return what a destination is set to, stars in the place of its secrets."""
    return {
        "name": row.name,
        "type": row.type,
        "enabled": row.enabled,
        "sources": row.sources,
        "settings": shown_settings(catalog, row.type, row.settings, row.secrets_sealed),
        "filters": row.filters,
        "subscriptions": row.subscriptions,
        "delivery": msgspec.to_builtins(delivery_rules(row.delivery)),
    }
