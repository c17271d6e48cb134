"""From a destination as people set it up to one that can be delivered to: its secrets opened."""

import dataclasses
from typing import Any

from tailrace.config import Config, Secret
from tailrace.control.document import DocumentDestination
from tailrace.control.vault import Vault, destination_place
from tailrace.deliver.plans import Target
from tailrace.destinations import Catalog, check
from tailrace.errors import ConfigError, SettingsError


def target_of(
    destination: DocumentDestination, *, catalog: Catalog, vault: Vault | None, config: Config
) -> Target:
    """Return the destination with its settings checked and its secrets opened.

    Raises:
        SettingsError: its type or its settings are not known to this release.
        ConfigError: a secret cannot be opened.
    """
    kind = catalog.types.get(destination.type)
    if kind is None:
        raise SettingsError(f"there is no type '{destination.type}' of destinations")
    secrets: dict[str, object] = {}
    for name, sealed in destination.secrets.items():
        if vault is None:
            raise ConfigError("there is no secret key to open the destination's secrets with")
        secrets[name] = vault.open(sealed, place=destination_place(destination.slug, name))
    rules = destination.delivery
    return Target(
        slug=destination.slug,
        version=destination.version,
        type=kind,
        settings=check(kind, {**destination.settings, **secrets}).settings,
        sources=None if destination.sources is None else frozenset(destination.sources),
        retry_window_s=(
            config.deliver.retry_window_s
            if rules.retry_window_h is None
            else rules.retry_window_h * 3_600.0
        ),
        filters=destination.filters,
        subscriptions=destination.subscriptions,
        events_per_s_max=rules.events_per_s_max,
        requests_at_once_max=rules.requests_at_once_max,
        consent_categories=tuple(rules.consent_categories),
    )


def secrets_of(target: Target) -> list[str]:
    """Return every secret of the settings, for taking them out of what is shown."""
    return secrets_in(target.settings)


def secrets_in(settings: Any) -> list[str]:
    """Return every secret of a dataclass of settings."""
    values = (getattr(settings, field.name) for field in dataclasses.fields(settings))
    return [value.reveal() for value in values if isinstance(value, Secret)]
