"""Delivery alerts as people manage them: list, make, change, delete.

They are kept and checked here; what watches destinations and tells people follows the workspace.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, to_builtins
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tailrace.config import Secret
from tailrace.control import idempotency
from tailrace.control.changes import Change, Changes, followed_alert
from tailrace.control.delivery_alert_rules import AlertConditions, url_setting
from tailrace.control.delivery_alert_shapes import (
    DeliveryAlert,
    DeliveryAlertChange,
    DeliveryAlertDraft,
    NotifyDraft,
    alert_for_audit,
    delivery_alert,
    origin_of,
)
from tailrace.control.document import DocumentAlert
from tailrace.control.idempotency import Once
from tailrace.control.models import DeliveryAlertRow, DestinationRow
from tailrace.control.vault import STARS, Vault, alert_place
from tailrace.destinations import Catalog, check
from tailrace.errors import ChangeError, ConfigError, SettingsError, TransientError

ALERTS_MAX: Final = 100


class _Kept(NamedTuple):
    """Where messages go, as a row has it: what anybody may read, and what is secret."""

    notify: list[dict[str, Any]]
    sealed: dict[str, str]


class DeliveryAlerts:
    """The delivery alerts of the workspace; may wait for the database as `Destinations` may."""

    def __init__(self, changes: Changes, vault: Vault | None, catalog: Catalog) -> None:
        self._changes = changes
        self._vault = vault
        self._catalog = catalog

    def page(self, *, after: str, limit: int) -> list[DeliveryAlert]:
        """Return at most `limit` alerts whose slug comes after another, in that order."""
        asked = select(DeliveryAlertRow).where(DeliveryAlertRow.slug > after)
        with self._changes.read() as session:
            rows = session.scalars(asked.order_by(DeliveryAlertRow.slug).limit(limit))
            return [delivery_alert(row) for row in rows]

    def get(self, slug: str) -> DeliveryAlert:
        """Return an alert.

        Raises:
            ChangeError: there is none.
        """
        with self._changes.read() as session:
            return delivery_alert(_existing(session, slug))

    def followed(self, slug: str) -> DocumentAlert:
        """Return an alert as parts follow it, one that is disabled too.

        Raises:
            ChangeError: there is none.
        """
        with self._changes.read() as session:
            return followed_alert(_existing(session, slug))

    def note_test(self, slug: str, *, actor: str) -> None:
        """Write into the audit log that a test message is sent.

        Raises:
            ChangeError: there is no such alert.
        """
        with self._changes.change(actor=actor) as change:
            row = _existing(change.session, slug)
            change.note("delivery-alert.test", _resource(row), after={"version": row.version})

    def create(
        self, draft: DeliveryAlertDraft, *, actor: str, once: Once | None = None
    ) -> DeliveryAlert:
        """Make an alert; asked `once` again, return what the first asking made.

        Raises:
            ChangeError: the slug is taken, or something is wrong with the rest.
        """
        with self._changes.change(actor=actor) as change:
            made = idempotency.made_before(change, once)
            if made is not None:
                return delivery_alert(_existing(change.session, made))
            alert = self.create_in(change, draft)
            idempotency.remember(change, once, made=alert.slug)
            return alert

    def change(
        self, slug: str, wanted: DeliveryAlertChange, *, version: int | None, actor: str
    ) -> DeliveryAlert:
        """Change an alert that still has that version; None for whatever version it has.

        Raises:
            ChangeError: there is none, it has another version, or something is wrong.
        """
        with self._changes.change(actor=actor) as change:
            return self.change_in(change, slug, wanted, version=version)

    def delete(self, slug: str, *, version: int | None, actor: str) -> None:
        """Delete an alert with its secrets.

        Raises:
            ChangeError: there is none, or it has another version.
        """
        with self._changes.change(actor=actor) as change:
            self.delete_in(change, slug, version=version)

    def create_in(self, change: Change, draft: DeliveryAlertDraft) -> DeliveryAlert:
        """Make an alert within an open change; as `create`."""
        session = change.session
        if session.get(DeliveryAlertRow, draft.slug) is not None:
            raise ChangeError(
                f"there is a delivery alert '{draft.slug}' already",
                reason="conflict",
                field="slug",
            )
        if (session.scalar(select(func.count(DeliveryAlertRow.slug))) or 0) >= ALERTS_MAX:
            raise ChangeError(
                f"there are {ALERTS_MAX} delivery alerts; delete one to make another",
                reason="conflict",
            )
        watched = None if draft.destinations is None else sorted(set(draft.destinations))
        _require_destinations(session, watched, known=())
        _require_condition(draft.when)
        kept = self._kept(draft.slug, draft.notify, row=None)
        row = DeliveryAlertRow(
            slug=draft.slug,
            name=draft.name,
            enabled=draft.enabled,
            destinations=watched,
            conditions=to_builtins(draft.when),
            repeat_every_h=draft.repeat_every_h,
            notify=kept.notify,
            secrets_sealed=kept.sealed,
            version=1,
            created_at=change.at,
            updated_at=change.at,
        )
        session.add(row)
        change.note("delivery-alert.create", _resource(row), after=alert_for_audit(row))
        return delivery_alert(row)

    def change_in(
        self, change: Change, slug: str, wanted: DeliveryAlertChange, *, version: int | None
    ) -> DeliveryAlert:
        """Change an alert within an open change; as `change`."""
        row = _existing(change.session, slug)
        _require_version(row, version)
        columns: dict[str, Any] = {
            name: value
            for name in ("name", "enabled", "repeat_every_h")
            if (value := getattr(wanted, name)) is not UNSET
        }
        if wanted.destinations is not UNSET:
            given = wanted.destinations
            columns["destinations"] = None if given is None else sorted(set(given))
            _require_destinations(
                change.session, columns["destinations"], known=row.destinations or ()
            )
        if wanted.when is not UNSET:
            _require_condition(wanted.when)
            columns["conditions"] = to_builtins(wanted.when)
        if wanted.notify is not UNSET:
            kept = self._kept(slug, wanted.notify, row=row)
            columns |= {"notify": kept.notify, "secrets_sealed": kept.sealed}
        self._put(change, row, columns)
        return delivery_alert(row)

    def delete_in(self, change: Change, slug: str, *, version: int | None) -> None:
        """Delete an alert within an open change; as `delete`."""
        row = _existing(change.session, slug)
        _require_version(row, version)
        change.note("delivery-alert.delete", _resource(row), before=alert_for_audit(row))
        change.session.delete(row)

    def _put(self, change: Change, row: DeliveryAlertRow, columns: Mapping[str, Any]) -> None:
        """Set the columns, as the next version where they differ."""
        if all(getattr(row, name) == value for name, value in columns.items()):
            return
        before, sealed_before = alert_for_audit(row), dict(row.secrets_sealed)
        for name, value in columns.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = change.at
        after = alert_for_audit(row)
        for name in sorted({*sealed_before, *row.secrets_sealed}):
            if sealed_before.get(name) != row.secrets_sealed.get(name):
                after[f"{name}_changed"] = True
        change.note("delivery-alert.update", _resource(row), before=before, after=after)
        change.session.flush()

    def _kept(
        self, alert: str, drafts: list[NotifyDraft], *, row: DeliveryAlertRow | None
    ) -> _Kept:
        known = {each["slug"]: each for each in row.notify} if row is not None else {}
        sealed_before = row.secrets_sealed if row is not None else {}
        notify: list[dict[str, Any]] = []
        sealed: dict[str, str] = {}
        for i, draft in enumerate(drafts):
            slug, where = draft.slug or draft.type, f"notify[{i}]"
            if any(each["slug"] == slug for each in notify):
                raise _invalid(f"{where}.slug: '{slug}' is there twice", f"{where}.slug")
            before = known.get(slug)
            if before is not None and before["type"] != draft.type:
                before = None
            was = {
                name: sealed_before.get(f"{slug}.{name}") if before is not None else None
                for name in ("url", "secret")
            }
            url = _stays(draft.url, before)
            if url and was["url"] is None:
                raise _invalid(
                    f"{where}.url: has '{STARS}', which stands for an address that is set already",
                    f"{where}.url",
                )
            if draft.secret == STARS and was["secret"] is None:
                raise _invalid(
                    f"{where}.secret: is '{STARS}', which stands for a secret that is set; none is",
                    f"{where}.secret",
                )
            if draft.secret == STARS and not url and origin_of(draft.url) != before["origin"]:  # type: ignore[index]  # there is a secret of it
                raise ChangeError(
                    f"{where}.secret must be given again: {where}.url leads elsewhere now",
                    reason="conflict",
                    field=f"{where}.secret",
                )
            opened = {
                name: self._open(alert, f"{slug}.{name}", text)
                for name, text in was.items()
                if text is not None
            }
            given_url = opened["url"].reveal() if url else draft.url
            given_secret = opened["secret"].reveal() if draft.secret == STARS else draft.secret
            self._require_valid(draft.type, given_url, given_secret, where=where)
            notify.append({"slug": slug, "type": draft.type, "origin": origin_of(given_url)})
            for name, value in (("url", given_url), ("secret", given_secret)):
                if value is None:
                    continue
                # Sealed again only where it differs: equal texts stay equal.
                if name in opened and opened[name].reveal() == value:
                    sealed[f"{slug}.{name}"] = was[name] or ""
                else:
                    sealed[f"{slug}.{name}"] = self._seal(alert, f"{slug}.{name}", value)
        return _Kept(notify, sealed)

    def _require_valid(self, kind: str, url: str, secret: str | None, *, where: str) -> None:
        """Return when the destination's type of this name takes address and secret."""
        if secret is not None and kind != "webhook":
            raise _invalid(f"{where}.secret: is for webhooks only", f"{where}.secret")
        settings = {url_setting(kind): url} | ({"shared_secret": secret} if secret else {})
        try:
            check(self._catalog.types[kind], settings)
        except SettingsError as error:
            name, problem = next(iter(error.problems.items()), ("", str(error)))
            field = f"{where}.{'secret' if name == 'shared_secret' else 'url'}"
            raise _invalid(f"{field}: {problem}", field) from error

    def _seal(self, alert: str, name: str, value: str) -> str:
        if self._vault is None:
            raise TransientError("there is no secret key to seal secrets with")
        return self._vault.seal(Secret(value), place=alert_place(alert, name))

    def _open(self, alert: str, name: str, sealed: str) -> Secret:
        if self._vault is None:
            raise TransientError("there is no secret key to open secrets with")
        try:
            return self._vault.open(sealed, place=alert_place(alert, name))
        except ConfigError as error:
            raise ChangeError(str(error), reason="conflict", field="notify") from error


def _stays(url: str, before: Mapping[str, Any] | None) -> bool:
    """Tell whether an address stands for the one that is set."""
    if url == STARS or (before is not None and url == f"{before['origin']}/{STARS}"):
        return True
    return before is None and url.endswith(f"/{STARS}")


def _invalid(message: str, field: str) -> ChangeError:
    return ChangeError(message, reason="invalid", field=field)


def _require_condition(when: AlertConditions) -> None:
    asked = (
        when.down_for_s,
        when.suspended_for_s,
        when.oldest_older_than_s,
        when.dead_letters_more_than,
    )
    if all(each is None for each in asked):
        raise _invalid(
            "when: give at least one of down_for_s, suspended_for_s, oldest_older_than_s, "
            "dead_letters_more_than",
            "when",
        )


def _require_destinations(
    session: Session, destinations: list[str] | None, *, known: Collection[str]
) -> None:
    """Return when the destinations exist; those named before may be gone meanwhile."""
    asked = {*(destinations or ())} - {*known}
    if not asked:
        return
    found = session.scalars(
        select(DestinationRow.slug).where(
            DestinationRow.slug.in_(asked), DestinationRow.deleted_at.is_(None)
        )
    )
    missing = sorted(asked.difference(found))
    if missing:
        raise _invalid(
            "destinations: there is no destination "
            + ", ".join(repr(slug) for slug in missing[:10]),
            "destinations",
        )


def _existing(session: Session, slug: str) -> DeliveryAlertRow:
    row = session.get(DeliveryAlertRow, slug) if "\x00" not in slug else None
    if row is None:
        raise ChangeError(f"there is no delivery alert '{slug[:100]}'", reason="not-found")
    return row


def _require_version(row: DeliveryAlertRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"delivery alert '{row.slug}' was changed since version {version}; it has version "
            f"{row.version}: read it again",
            reason="outdated",
        )


def _resource(row: DeliveryAlertRow) -> str:
    return f"delivery-alerts/{row.slug}"
