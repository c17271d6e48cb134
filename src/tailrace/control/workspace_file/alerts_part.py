"""Delivery alerts of a workspace file."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.config import Secret
from tailrace.control.delivery_alert_rules import AlertConditions
from tailrace.control.delivery_alert_shapes import (
    NOTIFY_MAX,
    DeliveryAlertChange,
    DeliveryAlertDraft,
    NotifyDraft,
)
from tailrace.control.delivery_alerts import DeliveryAlerts
from tailrace.control.models import DeliveryAlertRow, DestinationRow
from tailrace.control.vault import alert_place
from tailrace.control.workspace_file.opening import Opener
from tailrace.control.workspace_file.reading import Path
from tailrace.control.workspace_file.shapes import FileDeliveryAlert
from tailrace.control.workspace_file.work import Work, nested, without_defaults

_WHEN: Final = "when."
_NOTIFY: Final = "notify."
_DEFAULTS: Final[Mapping[str, object]] = {
    "name": "",
    "enabled": True,
    "destinations": None,
    "repeat_every_h": None,
    "when.down_for_s": None,
    "when.suspended_for_s": None,
    "when.oldest_older_than_s": None,
    "when.dead_letters_more_than": None,
    "when.dead_letters_within_s": AlertConditions().dead_letters_within_s,
}

IsDestination = Callable[[str], bool]
"""Tells whether a destination is there."""


class AlertsPart:
    """Compares delivery alerts, makes them like the file's, and writes them down."""

    def __init__(self, alerts: DeliveryAlerts, opener: Opener) -> None:
        self._alerts = alerts
        self._opener = opener

    def exported(self, session: Session) -> dict[str, dict[str, object]]:
        """Return the alerts as a file has them."""
        is_destination = _is_destination(session)
        return {
            slug: _written(_told(self._current(row, is_destination)))
            for slug, row in _rows(session).items()
        }

    def apply_in(self, work: Work, wanted: Mapping[str, FileDeliveryAlert]) -> None:
        """Make and change the alerts that the file names; delete others where it may."""
        rows = _rows(work.session)
        is_destination = _is_destination(work.session)
        for slug, alert in wanted.items():
            path: Path = ("delivery_alerts", slug)
            row = rows.get(slug)
            with work.trying(path):
                before = None if row is None else self._current(row, is_destination)
                after = _wanted(work, alert, before, path)
                if after is None or _waits_for(work, alert):
                    continue
                if before is None:
                    self._alerts.create_in(work.change, _draft(slug, after))
                    work.created(f"delivery-alerts/{slug}", _told(after))
                else:
                    self._change(work, slug, before, after)
        for slug, row in rows.items():
            path = ("delivery_alerts", slug)
            if work.read.names(path):
                continue
            if not work.is_pruning:
                work.left(f"delivery-alerts/{slug}")
                continue
            with work.trying(path):
                told = _told(self._current(row, is_destination))
                work.deleted(f"delivery-alerts/{slug}", told)
                self._alerts.delete_in(work.change, slug, version=None)

    def _current(self, row: DeliveryAlertRow, is_destination: IsDestination) -> dict[str, object]:
        """Return how an alert is set, its secrets opened, without destinations that are gone."""
        watched = row.destinations
        values: dict[str, object] = {
            "name": row.name,
            "enabled": row.enabled,
            "destinations": (
                None if watched is None else [slug for slug in watched if is_destination(slug)]
            ),
            "repeat_every_h": row.repeat_every_h,
            **{f"{_WHEN}{name}": value for name, value in row.conditions.items()},
        }
        for notify in row.notify:
            slug = notify["slug"]
            values[f"{_NOTIFY}{slug}.type"] = notify["type"]
            for name in ("url", "secret"):
                sealed = row.secrets_sealed.get(f"{slug}.{name}")
                if sealed is not None:
                    place = alert_place(row.slug, f"{slug}.{name}")
                    values[f"{_NOTIFY}{slug}.{name}"] = self._opener.open(sealed, place=place)
        return values

    def _change(
        self, work: Work, slug: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        gone = dict.fromkeys(name for name in before if name not in after)
        differing = work.updated(f"delivery-alerts/{slug}", before, {**after, **gone})
        if not differing:
            return
        draft = _draft(slug, after)
        groups = {name.partition(".")[0] for name in differing}
        fields = {name: getattr(draft, name) for name in groups}
        self._alerts.change_in(work.change, slug, DeliveryAlertChange(**fields), version=None)


def _wanted(
    work: Work, given: FileDeliveryAlert, before: Mapping[str, Any] | None, path: Path
) -> dict[str, object] | None:
    """Return how the alert shall be set; None when that has problems."""
    found = len(work.problems)
    if not 1 <= len(given.notify) <= NOTIFY_MAX:
        work.complain(
            (*path, "notify"), f"has {len(given.notify)} places; expected 1 to {NOTIFY_MAX}"
        )
    values: dict[str, object] = {
        "name": given.name,
        "enabled": given.enabled,
        "destinations": None if given.destinations is None else sorted(set(given.destinations)),
        "repeat_every_h": given.repeat_every_h,
        **{f"{_WHEN}{name}": value for name, value in msgspec.to_builtins(given.when).items()},
    }
    for slug, notify in given.notify.items():
        values[f"{_NOTIFY}{slug}.type"] = notify.type
        for name, reference in (("url", notify.url), ("secret", notify.secret)):
            key = f"{_NOTIFY}{slug}.{name}"
            stored = before.get(key) if before is not None else None
            where = (*path, "notify", slug, name)
            value = work.secret(reference, path=where, stored=stored)
            if value is not None:
                values[key] = value
    return None if len(work.problems) > found else values


def _waits_for(work: Work, alert: FileDeliveryAlert) -> bool:
    """Tell whether one of the destinations is the file's and has problems of its own."""
    good = work.read.file.destinations
    return any(
        work.read.names(("destinations", slug)) and (good is UNSET or slug not in good)
        for slug in alert.destinations or ()
    )


def _draft(slug: str, values: Mapping[str, Any]) -> DeliveryAlertDraft:
    when = {
        name.removeprefix(_WHEN): value for name, value in values.items() if name.startswith(_WHEN)
    }
    return DeliveryAlertDraft(
        slug=slug,
        name=values["name"],
        enabled=values["enabled"],
        destinations=values["destinations"],
        when=AlertConditions(**when),
        repeat_every_h=values["repeat_every_h"],
        notify=[
            NotifyDraft(slug=place, **{name: _plain(value) for name, value in fields.items()})
            for place, fields in _places(values).items()
        ],
    )


def _places(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields of each place by its slug."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name.startswith(_NOTIFY):
            slug, _, field = name.removeprefix(_NOTIFY).rpartition(".")
            found.setdefault(slug, {})[field] = value
    return found


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _told(values: Mapping[str, object]) -> dict[str, object]:
    return without_defaults(values, _DEFAULTS)


def _written(values: Mapping[str, object]) -> dict[str, object]:
    """Return an alert as the file has it."""
    rest = {name: value for name, value in values.items() if not name.startswith(_NOTIFY)}
    return {**nested(rest, "when"), "notify": _places(values)}


def _rows(session: Session) -> dict[str, DeliveryAlertRow]:
    rows = session.scalars(select(DeliveryAlertRow).order_by(DeliveryAlertRow.slug))
    return {row.slug: row for row in rows}


def _is_destination(session: Session) -> IsDestination:
    living = session.scalars(select(DestinationRow.slug).where(DestinationRow.deleted_at.is_(None)))
    return frozenset(living).__contains__
