"""Destinations of a workspace file."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.config import Secret
from tailrace.control.delivery_rules import (
    DeliveryRules,
    DeliveryRulesChange,
    delivery_rules,
    kept_rules,
)
from tailrace.control.destination_filters import (
    FilterDraft,
    SubscriptionDraft,
    kept_filters,
    kept_subscriptions,
)
from tailrace.control.destination_shapes import DestinationChange, DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.models import DestinationRow
from tailrace.control.vault import destination_place
from tailrace.control.workspace_file.checking import Checker
from tailrace.control.workspace_file.opening import Opener
from tailrace.control.workspace_file.reading import Node, Path
from tailrace.control.workspace_file.shapes import FileDestination, SecretRef
from tailrace.control.workspace_file.work import Work, nested, without_defaults
from tailrace.destinations import Catalog, Destination, check
from tailrace.errors import SettingsError

_SETTINGS: Final = "settings."
_DELIVERY: Final = "delivery."
_DEFAULTS: Final[Mapping[str, object]] = {
    "name": "",
    "enabled": True,
    "sources": None,
    "filters": [],
    "subscriptions": None,
    **{f"{_DELIVERY}{name}": value for name, value in asdict(DeliveryRules()).items()},
}
_SUBSCRIPTION_DEFAULTS: Final[Mapping[str, object]] = {
    "name": "",
    "enabled": True,
    "trigger": "all",
    "mapping": {},
}

IsSource = Callable[[str], bool]
"""Tells whether a source is there."""


class DestinationsPart:
    """Compares destinations, makes them like the file's, and writes them down."""

    def __init__(self, destinations: Destinations, catalog: Catalog, opener: Opener) -> None:
        self._destinations = destinations
        self._catalog = catalog
        self._opener = opener

    def exported(self, session: Session, *, is_source: IsSource) -> dict[str, dict[str, object]]:
        """Return the destinations as a file has them."""
        return {
            slug: nested(
                nested(_written(self._told(self._current(row, is_source=is_source))), "settings"),
                "delivery",
            )
            for slug, row in self._rows(session).items()
        }

    def apply_in(
        self, work: Work, wanted: Mapping[str, FileDestination], *, is_source: IsSource
    ) -> None:
        """Make and change the destinations that the file names; delete others where it may."""
        rows = self._rows(work.session)
        for slug, destination in wanted.items():
            path: Path = ("destinations", slug)
            row = rows.get(slug)
            with work.trying(path):
                before = None if row is None else self._current(row, is_source=is_source)
                after = self._wanted(work, destination, before, path)
                if after is None or work.waits_for(destination.sources):
                    continue
                if before is None:
                    self._create(work, slug, after)
                else:
                    self._change(work, slug, before, after)
        for slug, row in rows.items():
            path = ("destinations", slug)
            if work.read.names(path):
                continue
            if not work.is_pruning:
                work.left(f"destinations/{slug}")
                continue
            with work.trying(path):
                work.deleted(
                    f"destinations/{slug}", self._told(self._current(row, is_source=is_source))
                )
                self._destinations.delete_in(work.change, slug, version=None)

    def _rows(self, session: Session) -> dict[str, DestinationRow]:
        rows = session.scalars(
            select(DestinationRow)
            .where(DestinationRow.deleted_at.is_(None))
            .order_by(DestinationRow.slug)
        )
        return {row.slug: row for row in rows}

    def _current(self, row: DestinationRow, *, is_source: IsSource) -> dict[str, object]:
        """Return how a destination is set, its secrets opened, without sources that are gone."""
        sources = row.sources
        settings: dict[str, object] = dict(row.settings)
        destination = self._catalog.types.get(row.type)
        if destination is not None:
            settings = {
                name: _plain(row.settings.get(name, None if field.is_secret else field.default))
                for name, field in destination.fields.items()
            }
        for name, sealed in row.secrets_sealed.items():
            place = destination_place(row.slug, name)
            settings[name] = self._opener.open(sealed, place=place)
        return {
            "name": row.name,
            "type": row.type,
            "enabled": row.enabled,
            "sources": None if sources is None else [slug for slug in sources if is_source(slug)],
            "filters": row.filters,
            "subscriptions": row.subscriptions,
            **_flat_delivery(delivery_rules(row.delivery)),
            **_flat(settings),
        }

    def _told(self, values: Mapping[str, Any]) -> dict[str, object]:
        """Return what is not the default of a destination of that type."""
        destination = self._catalog.types.get(values["type"])
        defaults: dict[str, object] = {}
        if destination is not None:
            defaults = {
                name: _plain(field.default)
                for name, field in destination.fields.items()
                if not field.is_required
            }
        return without_defaults(values, {**_DEFAULTS, **_flat(defaults)})

    def _wanted(
        self,
        work: Work,
        given: FileDestination,
        before: Mapping[str, Any] | None,
        path: Path,
    ) -> dict[str, object] | None:
        """Return how the destination shall be set; None when that has problems."""
        destination = self._catalog.types.get(given.type)
        if destination is None:
            known = ", ".join(self._catalog.types)
            work.complain(
                (*path, "type"),
                f"there is no destination type '{given.type}'; there are {known}",
            )
            return None
        if before is not None and before["type"] != given.type:
            work.complain(
                (*path, "type"),
                f"the destination has the type '{before['type']}', which never changes: give the "
                f"one of type '{given.type}' a slug of its own",
            )
            return None
        settings = self._settings(work, destination, given.settings, before, path)
        if settings is None:
            return None
        sources = None if given.sources is None else sorted(set(given.sources))
        return {
            "name": given.name,
            "type": given.type,
            "enabled": given.enabled,
            "sources": sources,
            "filters": kept_filters(given.filters),
            "subscriptions": (
                None
                if given.subscriptions is None
                else kept_subscriptions(given.subscriptions, destination)
            ),
            **_flat_delivery(delivery_rules(kept_rules(given.delivery))),
            **_flat(settings),
        }

    def _settings(
        self,
        work: Work,
        destination: Destination,
        node: Node,
        before: Mapping[str, Any] | None,
        path: Path,
    ) -> dict[str, object] | None:
        found = len(work.problems)
        checker = Checker()
        given: dict[str, object] = {}
        told: set[str] = set()
        items = node.value if isinstance(node.value, dict) else {}
        for name, item in items.items():
            where: Path = (*path, "settings", name)
            work.read.note_line(where, node.key_lines[name])
            field = destination.fields.get(name)
            if field is None or not field.is_secret:
                given[name] = item.plain()
                continue
            if item.value is None:
                continue
            reference = checker.reference(item, where)
            if isinstance(reference, SecretRef):
                stored = before.get(_SETTINGS + name) if before is not None else None
                given[name] = work.secret(reference, path=where, stored=stored)
            if given.get(name) is None:
                told.add(name)
        work.problems += checker.problems
        try:
            checked = check(destination, given)
        except SettingsError as error:
            for name, problem in error.problems.items() or {"": str(error)}.items():
                if name not in told:
                    work.complain((*path, "settings", *([name] if name else [])), problem)
            return None
        if len(work.problems) > found:
            return None
        return {
            name: checked.secrets.get(name) if field.is_secret else checked.public[name]
            for name, field in destination.fields.items()
        }

    def _create(self, work: Work, slug: str, after: Mapping[str, Any]) -> None:
        draft = DestinationDraft(
            slug=slug,
            type=after["type"],
            name=after["name"],
            enabled=after["enabled"],
            sources=after["sources"],
            settings=_sent(after, list(after)),
            delivery=DeliveryRules(**_below(_DELIVERY, after, list(after))),
            **_shaped(after, list(after)),
        )
        self._destinations.create_in(work.change, draft)
        work.created(f"destinations/{slug}", self._told(after))

    def _change(
        self, work: Work, slug: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        differing = work.updated(f"destinations/{slug}", before, after)
        if not differing:
            return
        fields = {
            name: after[name] for name in differing if not name.startswith((_SETTINGS, _DELIVERY))
        }
        fields |= _shaped(after, differing)
        if settings := _sent(after, differing):
            fields["settings"] = settings
        if delivery := _below(_DELIVERY, after, differing):
            fields["delivery"] = DeliveryRulesChange(**delivery)
        self._destinations.change_in(work.change, slug, DestinationChange(**fields), version=None)


def _flat(settings: Mapping[str, object]) -> dict[str, object]:
    return {_SETTINGS + name: value for name, value in settings.items()}


def _flat_delivery(rules: DeliveryRules) -> dict[str, object]:
    return {_DELIVERY + name: value for name, value in asdict(rules).items()}


def _below(prefix: str, values: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the values of those names that begin so, without the beginning."""
    return {name.removeprefix(prefix): values[name] for name in names if name.startswith(prefix)}


def _sent(values: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return settings as they are sent to be checked and sealed."""
    return {
        name.removeprefix(_SETTINGS): (
            values[name].reveal() if isinstance(values[name], Secret) else values[name]
        )
        for name in names
        if name.startswith(_SETTINGS)
    }


def _shaped(values: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return filters and subscriptions as they are sent."""
    kinds = {"filters": list[FilterDraft], "subscriptions": list[SubscriptionDraft] | None}
    return {
        name: msgspec.convert(values[name], kind) for name, kind in kinds.items() if name in names
    }


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a destination with what its filters and subscriptions leave to defaults left out."""
    found = dict(values)
    if "filters" in found:
        found["filters"] = [
            without_defaults(each, {"title": "", "enabled": True}) for each in found["filters"]
        ]
    if found.get("subscriptions"):
        found["subscriptions"] = [
            without_defaults(each, _SUBSCRIPTION_DEFAULTS) for each in found["subscriptions"]
        ]
    return found


def _plain(value: object) -> object:
    """Return a value of a setting as a file has it: one whose order means nothing, in order."""
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value
