"""The audit log: who changed what, from what to what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, select

from tailrace.control.changes import Changes
from tailrace.control.models import AuditRow


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change; `before` and `after` hold the settings, secrets as `***`."""

    id: int
    at: datetime
    actor: str
    action: str
    resource: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class WantedEntries(NamedTuple):
    """Which changes to list; "" and None are for every one.

    `resource` is one with all below it, such as `sources/web`; `action` one, such as
    `source.create`, or all that begin alike, such as `source.`; `since` is included, `until` not.
    """

    resource: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


def audit_page(
    changes: Changes, wanted: WantedEntries, *, before_id: int | None, limit: int
) -> list[AuditEntry]:
    """Return at most `limit` of the wanted changes, the newest first."""
    asked = select(AuditRow).where(*_conditions_of(wanted)).order_by(AuditRow.id.desc())
    if before_id is not None:
        asked = asked.where(AuditRow.id < before_id)
    with changes.read() as session:
        return [
            AuditEntry(
                id=row.id,
                at=row.at,
                actor=row.actor,
                action=row.action,
                resource=row.resource,
                before=row.before,
                after=row.after,
            )
            for row in session.scalars(asked.limit(limit))
        ]


def _conditions_of(wanted: WantedEntries) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.resource:
        below = AuditRow.resource.startswith(f"{wanted.resource}/", autoescape=True)
        conditions.append((AuditRow.resource == wanted.resource) | below)
    if wanted.actor:
        conditions.append(AuditRow.actor == wanted.actor)
    if wanted.action.endswith("."):
        conditions.append(AuditRow.action.startswith(wanted.action, autoescape=True))
    elif wanted.action:
        conditions.append(AuditRow.action == wanted.action)
    if wanted.since is not None:
        conditions.append(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditRow.at < wanted.until)
    return conditions
