"""Every place where a sealed secret rests in the tables, and sealing all of them anew.

A column of the models whose name ends in `_sealed` must be in `SEALED_COLUMNS`; a test sees to it.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.control.models import (
    DeliveryAlertRow,
    DestinationRow,
    DestinationVersionRow,
    SourceRow,
)
from tailrace.control.vault import Vault, alert_place, destination_place, webhook_place

SEALED_COLUMNS: Final = frozenset(
    {
        ("sources", "webhook_secret_sealed"),
        ("destinations", "secrets_sealed"),
        ("destination_versions", "secrets_sealed"),
        ("delivery_alerts", "secrets_sealed"),
    }
)
"""Table and column; `reseal` goes through all of them."""

Again = Callable[[str, str], str]
"""Gives a secret, sealed for a place, sealed with the first key."""


def reseal(session: Session, vault: Vault) -> int:
    """Seal every secret with the first key; return how many there are.

    Raises:
        ConfigError: one cannot be opened.
    """
    return (
        _reseal_sources(session, vault)
        + _reseal_destinations(session, vault)
        + _reseal_alerts(session, vault)
    )


def _reseal_sources(session: Session, vault: Vault) -> int:
    resealed = 0
    for source in session.scalars(select(SourceRow)):
        if source.webhook_secret_sealed is not None:
            again = _again(vault)
            source.webhook_secret_sealed = again(
                source.webhook_secret_sealed, webhook_place(source.slug)
            )
            resealed += 1
    return resealed


def _reseal_destinations(session: Session, vault: Vault) -> int:
    resealed = 0
    for destination in session.scalars(select(DestinationRow)):
        versions = session.scalars(
            select(DestinationVersionRow).where(
                DestinationVersionRow.destination_slug == destination.slug
            )
        )
        again = _again(vault)
        for row in (destination, *versions):
            row.secrets_sealed = {
                name: again(sealed, destination_place(destination.slug, name))
                for name, sealed in row.secrets_sealed.items()
            }
            resealed += len(row.secrets_sealed)
    return resealed


def _reseal_alerts(session: Session, vault: Vault) -> int:
    resealed = 0
    for row in session.scalars(select(DeliveryAlertRow)):
        again = _again(vault)
        row.secrets_sealed = {
            name: again(sealed, alert_place(row.slug, name))
            for name, sealed in row.secrets_sealed.items()
        }
        resealed += len(row.secrets_sealed)
    return resealed


def _again(vault: Vault) -> Again:
    """Return what seals anew; equal texts stay equal, so that versions can be compared."""
    known: dict[tuple[str, str], str] = {}

    def again(sealed: str, place: str) -> str:
        if (sealed, place) not in known:
            known[sealed, place] = vault.seal(vault.open(sealed, place=place), place=place)
        return known[sealed, place]

    return again
