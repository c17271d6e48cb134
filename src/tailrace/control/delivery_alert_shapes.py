"""Delivery alerts in the forms that people send and read them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.config import Slug
from tailrace.control.delivery_alert_rules import AlertConditions
from tailrace.control.models import DeliveryAlertRow
from tailrace.control.shapes import Name
from tailrace.control.vault import STARS

NOTIFY_MAX: Final = 10
DESTINATIONS_MAX: Final = 1_000

Hours = Annotated[float, Meta(gt=0, le=8_760)]
NotifyType = Literal["webhook", "slack"]
Watched = Annotated[list[Slug], Meta(min_length=1, max_length=DESTINATIONS_MAX)]
SecretUrl = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]+$")]
SigningSecret = Annotated[
    str,
    Meta(min_length=1, max_length=1_000, pattern=r"^[^\x00]+$", description="Write only."),
]


class NotifyDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages go; its `slug` is the type unless it is given.

    What is sent as it was read, with stars, stays.
    """

    type: NotifyType
    url: Annotated[SecretUrl, Meta(description="Secret: it is shown without its path.")]
    slug: Slug | None = None
    secret: Annotated[SigningSecret, Meta(description="Signs what a webhook gets.")] | None = None


NotifyDrafts = Annotated[list[NotifyDraft], Meta(min_length=1, max_length=NOTIFY_MAX)]


class DeliveryAlertDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery alert to be made; without `destinations` it watches all."""

    slug: Slug
    name: Name = ""
    enabled: bool = True
    destinations: Watched | None = None
    when: AlertConditions
    repeat_every_h: Hours | None = None
    notify: NotifyDrafts


class DeliveryAlertChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a delivery alert; what is left out stays, what is given is whole."""

    name: Name | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    destinations: Watched | UnsetType | None = UNSET
    when: AlertConditions | UnsetType = UNSET
    repeat_every_h: Hours | UnsetType | None = UNSET
    notify: NotifyDrafts | UnsetType = UNSET


class NotifyState(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages go, with stars in the place of what is secret."""

    slug: str
    type: NotifyType
    url: str
    secret: str | None


class DeliveryAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery alert as it is set up."""

    slug: str
    name: str
    enabled: bool
    destinations: list[str] | None
    when: AlertConditions
    repeat_every_h: float | None
    notify: list[NotifyState]
    version: int
    created_at: datetime
    updated_at: datetime


def origin_of(url: str) -> str:
    """Return what of an address anybody may see: its scheme and host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def delivery_alert(row: DeliveryAlertRow) -> DeliveryAlert:
    """Return an alert as people read it."""
    return DeliveryAlert(
        slug=row.slug,
        name=row.name,
        enabled=row.enabled,
        destinations=row.destinations,
        when=msgspec.convert(row.conditions, AlertConditions),
        repeat_every_h=row.repeat_every_h,
        notify=[
            NotifyState(
                slug=each["slug"],
                type=each["type"],
                url=f"{each['origin']}/{STARS}",
                secret=STARS if f"{each['slug']}.secret" in row.secrets_sealed else None,
            )
            for each in row.notify
        ],
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def alert_for_audit(row: DeliveryAlertRow) -> dict[str, Any]:
    """Return what an alert is set to, stars in the place of its secrets."""
    told: dict[str, Any] = msgspec.to_builtins(delivery_alert(row))
    return {
        name: value
        for name, value in told.items()
        if name not in {"slug", "version", "created_at", "updated_at"}
    }
