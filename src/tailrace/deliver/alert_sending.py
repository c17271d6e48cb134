"""Messages of delivery alerts: what they say, and sending them as destinations send events.

A webhook gets JSON, signed as events are; Slack gets its `text`.
"""

import ssl
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tailrace.config import Config
from tailrace.control.delivery_alert_rules import url_setting
from tailrace.control.document import DocumentAlert, DocumentNotify
from tailrace.control.vault import Vault, alert_place
from tailrace.deliver.guard import Guard
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import Catalog, check
from tailrace.destinations.sending import Json, Outcome
from tailrace.errors import ConfigError

SHOWN_MAX: Final = 50
TYPE: Final = "delivery-alert"
_ENDINGS: Final = {"firing": "is in trouble", "resolved": "is well again", "test": "is tested"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A destination that a message is about."""

    slug: str
    since: str
    reason: str


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook gets; `more` is how many destinations are left out."""

    type: str = TYPE
    state: str
    alert: dict[str, str]
    at: str
    is_repeat: bool = False
    destinations: list[Told]
    more: int = 0
    text: str


def message(
    alert: DocumentAlert, state: str, told: Sequence[Told], *, now: float, is_repeat: bool = False
) -> bytes:
    """Return a message about destinations as it is sent."""
    name = alert.name or alert.slug
    shown = list(told[:SHOWN_MAX])
    more = len(told) - len(shown)
    lines = [f"{name}: {_ENDINGS[state]}"]
    if told:
        who = "1 destination" if len(told) == 1 else f"{len(told)} destinations"
        still = "still " if is_repeat else ""
        ending = {"firing": f"{still}in trouble", "resolved": "well again"}[state]
        lines = [f"{name}: {who} {ending}"]
    lines += [f"{each.slug}: {each.reason} (since {each.since})" for each in shown]
    if more:
        lines.append(f"and {more} more")
    return msgspec.json.encode(
        AlertMessage(
            state=state,
            alert={"slug": alert.slug, "name": alert.name},
            at=moment(now),
            is_repeat=is_repeat,
            destinations=shown,
            more=more,
            text="\n".join(lines),
        )
    )


def moment(seconds: float) -> str:
    """Return an instant as messages have it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class AlertSender:
    """Sends messages; used on one event loop."""

    def __init__(
        self, config: Config, catalog: Catalog, vault: Vault | None, *, threads: Executor
    ) -> None:
        self._catalog = catalog
        self._vault = vault
        guard = Guard(config.deliver.private_networks)
        self._tools = DestinationTools(
            GuardedHttp(guard, tls=ssl.create_default_context()), threads=threads
        )

    async def send(self, alert: DocumentAlert, notify: DocumentNotify, body: bytes) -> Outcome:
        """Return how a message was taken.

        Raises:
            TransientError: there was no answer.
            SettingsError: the place takes nothing, or is not allowed.
            ConfigError: its address cannot be opened.
        """
        kind = self._catalog.types[notify.type]
        settings: dict[str, Any] = {url_setting(notify.type): self._open(alert, notify, "url")}
        if f"{notify.slug}.secret" in alert.secrets:
            settings["shared_secret"] = self._open(alert, notify, "secret")
        if notify.type == "slack":
            settings["text"] = "{{text}}"
        [action] = kind.actions
        field = action.fields.__dataclass_fields__
        payload = action.fields(**{next(iter(field)): Json(body)})
        [outcome] = await action.send([payload], check(kind, settings).settings, self._tools)
        return outcome

    def hiding(self, alert: DocumentAlert) -> Hiding:
        """Return what takes the secrets of an alert out of what is told of it."""
        secrets = []
        for notify in alert.notify:
            for name in ("url", "secret"):
                if f"{notify.slug}.{name}" in alert.secrets:
                    try:
                        secrets.append(self._open(alert, notify, name))
                    except ConfigError:
                        continue
        return Hiding(secrets)

    async def close(self) -> None:
        """Close all connections."""
        await self._tools.close()

    def _open(self, alert: DocumentAlert, notify: DocumentNotify, name: str) -> str:
        if self._vault is None:
            raise ConfigError("there is no secret key to open the alert's secrets with")
        whole = f"{notify.slug}.{name}"
        place = alert_place(alert.slug, whole)
        return self._vault.open(alert.secrets[whole], place=place).reveal()
