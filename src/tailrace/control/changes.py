"""One change of the workspace: its rows, its audit entry and the new document, at once."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tailrace.config import JsonMapping
from tailrace.control.database import ONLY_READS, answering
from tailrace.control.delivery_rules import delivery_rules
from tailrace.control.document import (
    Document,
    DocumentAlert,
    DocumentDestination,
    DocumentKey,
    DocumentNotify,
    DocumentSource,
    encode_document,
)
from tailrace.control.models import (
    AuditRow,
    DeliveryAlertRow,
    DestinationRow,
    SourceRow,
    WorkspaceRow,
    WriteKeyRow,
)
from tailrace.errors import TransientError

ACTOR_CHARACTERS_MAX: Final = 200


class Change:
    """An open change; what is not noted did not happen, and the version stays."""

    def __init__(self, session: Session, workspace: WorkspaceRow, *, actor: str) -> None:
        self.session = session
        self.workspace = workspace
        self.at = utc_now()
        self.is_noted = False
        # As much as the audit log holds; e-mails may be longer.
        self.actor = actor[:ACTOR_CHARACTERS_MAX]

    def note(
        self,
        action: str,
        resource: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write the audit entry; the caller has put stars in the place of secrets."""
        self.is_noted = True
        self.session.add(
            AuditRow(
                at=self.at,
                actor=self.actor,
                action=action,
                resource=resource,
                before=dict(before) if before is not None else None,
                after=dict(after) if after is not None else None,
            )
        )


class Changes:
    """Opens changes and reads of one database; may be used from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{ONLY_READS: True})

    @contextmanager
    def change(self, *, actor: str) -> Iterator[Change]:
        """Give a change; it is durable, with the next version, when the block ends.

        Changes wait for each other at the workspace's row, so each sees all before it.

        Raises:
            TransientError: the database does not answer; nothing was changed.
        """
        with answering(), Session(self._engine) as session, session.begin():
            workspace = session.scalars(select(WorkspaceRow).with_for_update()).one_or_none()
            if workspace is None:
                raise TransientError("the control database holds no workspace yet")
            change = Change(session, workspace, actor=actor)
            yield change
            if change.is_noted:
                workspace.version += 1
                put_document(session, workspace, now=change.at)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with answering(), Session(self._reading) as session:
            yield session

    @contextmanager
    def unnoted(self) -> Iterator[Session]:
        """Give a session for what is no change of the workspace: who is signed in, moments of use.

        Raises:
            TransientError: the database does not answer; nothing was written.
        """
        with answering(), Session(self._engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def add_workspace(session: Session, *, secret_key_id: str) -> WorkspaceRow:
    """Return a new workspace, without anything in it."""
    row = WorkspaceRow(
        id="ws_" + secrets.token_hex(12),
        version=1,
        document="",
        secret_key_id=secret_key_id,
        created_at=utc_now(),
    )
    session.add(row)
    put_document(session, row, now=row.created_at)
    return row


def put_document(session: Session, workspace: WorkspaceRow, *, now: datetime) -> None:
    """Write what parts follow anew, from the tables as they are in this transaction."""
    session.flush()
    rows = session.scalars(
        select(SourceRow).order_by(SourceRow.slug).execution_options(populate_existing=True)
    )
    destinations = session.scalars(
        select(DestinationRow)
        .where(DestinationRow.deleted_at.is_(None))
        .order_by(DestinationRow.slug)
        .execution_options(populate_existing=True)
    )
    alerts = session.scalars(
        select(DeliveryAlertRow)
        .where(DeliveryAlertRow.enabled)
        .order_by(DeliveryAlertRow.slug)
        .execution_options(populate_existing=True)
    )
    document = Document(
        workspace=workspace.id,
        version=workspace.version,
        secret_key_id=workspace.secret_key_id,
        sources=tuple(_source(row, now=now) for row in rows),
        destinations=tuple(_destination(row) for row in destinations),
        delivery_alerts=tuple(followed_alert(row) for row in alerts),
    )
    workspace.document = encode_document(document).decode()


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


def is_usable(key: WriteKeyRow, *, now: datetime) -> bool:
    """Tell whether calls with the write key are taken."""
    return key.disabled_at is None and (key.expires_at is None or key.expires_at > now)


def _destination(row: DestinationRow) -> DocumentDestination:
    return DocumentDestination(
        slug=row.slug,
        type=row.type,
        version=row.version,
        enabled=row.enabled,
        sources=None if row.sources is None else tuple(row.sources),
        settings=row.settings,
        secrets=row.secrets_sealed,
        filters=row.filters,
        subscriptions=row.subscriptions,
        delivery=delivery_rules(row.delivery),
    )


def followed_alert(row: DeliveryAlertRow) -> DocumentAlert:
    """Return a delivery alert as parts follow it."""
    return DocumentAlert(
        slug=row.slug,
        name=row.name,
        version=row.version,
        destinations=None if row.destinations is None else tuple(row.destinations),
        when=row.conditions,
        repeat_every_h=row.repeat_every_h,
        notify=tuple(DocumentNotify(slug=each["slug"], type=each["type"]) for each in row.notify),
        secrets=row.secrets_sealed,
    )


def _source(row: SourceRow, *, now: datetime) -> DocumentSource:
    keys = () if row.deleted_at is not None else row.write_keys
    return DocumentSource(
        slug=row.slug,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        enabled=row.enabled,
        is_deleted=row.deleted_at is not None,
        ip=row.ip,  # type: ignore[arg-type]
        requests_per_s_max=row.requests_per_s_max,
        json=msgspec.convert(row.json, JsonMapping),
        webhook_secret=row.webhook_secret_sealed,
        keys=tuple(
            DocumentKey(key.key, key.expires_at.timestamp() if key.expires_at else None)
            for key in keys
            if is_usable(key, now=now)
        ),
    )
