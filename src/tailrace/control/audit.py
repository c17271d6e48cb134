"""The audit log: who changed what, from what to what."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

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


def audit_page(
    changes: Changes, *, resource: str, before_id: int | None, limit: int
) -> list[AuditEntry]:
    """Return at most `limit` changes, the newest first.

    `resource` is one with all below it, such as `sources/web`; "" is everything.
    """
    asked = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before_id is not None:
        asked = asked.where(AuditRow.id < before_id)
    if resource:
        below = AuditRow.resource.startswith(f"{resource}/", autoescape=True)
        asked = asked.where((AuditRow.resource == resource) | below)
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
            for row in session.scalars(asked)
        ]
