"""Who stands behind a session or an API token, by what the database says now."""

import logging
from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import Update, or_, select, update
from sqlalchemy.orm import Session

from tailrace.control.changes import Changes, utc_now
from tailrace.control.models import ApiTokenRow, MemberRow, SessionRow
from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, Permission, Principal, Role
from tailrace.control.sessions import Sessions
from tailrace.errors import TransientError

NOTED_EVERY: Final = timedelta(seconds=60)
"""How exactly it is known when a session or a token was last used."""
_ACTOR_MAX: Final = 200

OWNER: Final = Principal(actor="owner", role="owner", permissions=PERMISSIONS)
"""Who has the first owner's token: the one of the environment or of the first start."""
LOCAL: Final = Principal(actor="local", role="owner", permissions=PERMISSIONS)
"""A command of the data directory's user on this machine."""

_logger = logging.getLogger(__name__)


class Credentials:
    """Looks sessions and API tokens up; every method may wait for the database.

    A session that was opened with the first owner's token lets in while the hash of that token is
    one of `owner_hashes`.
    """

    def __init__(
        self,
        changes: Changes,
        sessions: Sessions,
        *,
        owner_hashes: Container[str],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._changes = changes
        self._sessions = sessions
        self._owner_hashes = owner_hashes
        self._now = now

    def of_session(self, digest: str) -> Principal | None:
        """Return who has the session with this hash; None where it is none, or has ended.

        Raises:
            TransientError: the database does not answer.
        """
        now = self._now()
        with self._changes.read() as session:
            row = session.get(SessionRow, digest)
            if row is None or self._sessions.ends_at(session, row) <= now:
                return None
            principal = self._behind(session, row, now=now)
            is_due = row.seen_at <= now - NOTED_EVERY
        if principal is not None and is_due:
            self._note(
                update(SessionRow)
                .where(SessionRow.hash == digest, SessionRow.seen_at < now)
                .values(seen_at=now)
            )
        return principal

    def of_token(self, digest: str) -> Principal | None:
        """Return who has the API token with this hash; None where it is none, or is void.

        Raises:
            TransientError: the database does not answer.
        """
        now = self._now()
        with self._changes.read() as session:
            row = session.scalars(
                select(ApiTokenRow).where(ApiTokenRow.token_hash == digest)
            ).one_or_none()
            principal = _of_token(session, row, now=now)
            is_due = row is not None and (
                row.last_used_at is None or row.last_used_at <= now - NOTED_EVERY
            )
        if principal is not None and is_due:
            is_earlier = or_(ApiTokenRow.last_used_at.is_(None), ApiTokenRow.last_used_at < now)
            self._note(
                update(ApiTokenRow)
                .where(ApiTokenRow.token_hash == digest, is_earlier)
                .values(last_used_at=now)
            )
        return principal

    def _behind(self, session: Session, row: SessionRow, *, now: datetime) -> Principal | None:
        if row.member_id is not None:
            member = session.get(MemberRow, row.member_id)
            return None if member is None else _of_member(member, session_hash=row.hash)
        if row.token_id is not None:
            token = session.get(ApiTokenRow, row.token_id)
            return _of_token(session, token, now=now, session_hash=row.hash)
        if row.opened_with in self._owner_hashes:
            return _of_owner(session_hash=row.hash)
        return None

    def _note(self, use: Update) -> None:
        """Write when something was used; that this cannot be noted shuts nobody out."""
        try:
            with self._changes.unnoted() as session:
                session.execute(use)
        except TransientError as error:
            _logger.info("when it was used is not noted: %s", error)


def _of_owner(*, session_hash: str) -> Principal:
    return Principal(
        actor=OWNER.actor,
        role=OWNER.role,
        permissions=OWNER.permissions,
        session_hash=session_hash,
    )


def _of_member(member: MemberRow, *, session_hash: str) -> Principal:
    role = cast("Role", member.role)
    return Principal(
        actor=member.email,
        role=role,
        permissions=_permissions_of(role),
        sources=_sources_of(member),
        member_id=member.id,
        session_hash=session_hash,
    )


def _of_token(
    session: Session, row: ApiTokenRow | None, *, now: datetime, session_hash: str | None = None
) -> Principal | None:
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    member = session.get(MemberRow, row.member_id) if row.member_id is not None else None
    if member is None and row.member_id is not None:
        return None
    role = cast("Role", member.role) if member is not None else OWNER.role
    given = cast("list[Permission]", row.permissions)
    return Principal(
        actor=_actor_of(row),
        role=role,
        permissions=_permissions_of(role).intersection(given),
        sources=_sources_of(member) if member is not None else None,
        member_id=row.member_id,
        session_hash=session_hash,
        token_id=row.id,
    )


def _actor_of(row: ApiTokenRow) -> str:
    """Return how the audit log names a token; a long name does not push out who made it."""
    person = f" ({row.created_by})"[:_ACTOR_MAX]
    return f"token {row.name}"[: _ACTOR_MAX - len(person)] + person


def _permissions_of(role: Role) -> frozenset[Permission]:
    """Return what a role may do: nothing where a later release has made the role."""
    return PERMISSIONS_OF.get(role, frozenset())


def _sources_of(member: MemberRow) -> frozenset[str] | None:
    return frozenset(member.sources or ()) if member.role == "source-only" else None
