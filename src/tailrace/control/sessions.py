"""Signed-in browsers: a random id in the cookie, its hash in the table.

A session belongs to a member, to an API token, or to the first owner's token, and ends with it; it
also ends when the workspace's `session_hours_max` have passed, when somebody ends it, or when there
are too many and it is the oldest. Opening and ending one is no change of the workspace: it has no
version and no audit entry.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from tailrace.control.changes import Changes, utc_now
from tailrace.control.models import ApiTokenRow, SessionRow, WorkspaceRow
from tailrace.control.permissions import Principal
from tailrace.errors import ChangeError

SESSIONS_MAX: Final = 1_000
SESSIONS_PER_MEMBER_MAX: Final = 50
SESSION_HOURS: Final = 168
"""How long a session lasts where the workspace's settings say nothing."""
ID_PATTERN: Final = r"[0-9a-f]{12}"
_SHOWN: Final = 12


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser; `is_this` is the one that asks. `id` names it, and lets nobody in."""

    id: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    user_agent: str
    is_this: bool


class Sessions:
    """The open sessions. Every method may wait for the database; may be used from any thread.

    `age_s_max` is the operator's bound on top of the workspace's setting, None for none.
    """

    def __init__(
        self,
        changes: Changes,
        *,
        age_s_max: float | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._changes = changes
        self._age_s_max = age_s_max
        self._now = now

    def open_in(
        self,
        session: Session,
        *,
        address: str,
        user_agent: str,
        member_id: str | None = None,
        token_id: str | None = None,
        opened_with: str | None = None,
    ) -> str:
        """Return the id of a new session, made in an open transaction: the cookie's value.

        For whoever lets somebody in, an invite for example:

            with changes.change(actor=email) as change:
                ...
                cookie = sessions.open_in(
                    change.session, member_id=member.id, address=address, user_agent=user_agent
                )

        The route then returns `signed_in(request, cookie)` of `app.cookies`, after
        `parts.access.forget()` (which `decide` calls).
        """
        now = self._now()
        session.execute(delete(SessionRow).where(SessionRow.ends_at <= now))
        if member_id is not None:
            _make_room(session, SessionRow.member_id == member_id, SESSIONS_PER_MEMBER_MAX)
        _make_room(session, SessionRow.hash.is_not(None), SESSIONS_MAX)
        session_id = secrets.token_urlsafe(32)
        session.add(
            SessionRow(
                hash=session_hash(session_id),
                member_id=member_id,
                token_id=token_id,
                opened_with=opened_with,
                address=address[:64],
                user_agent=user_agent[:300],
                created_at=now,
                seen_at=now,
                ends_at=now + self._age_max(session),
            )
        )
        session.flush()
        return session_id

    def open(
        self,
        *,
        address: str,
        user_agent: str,
        token_id: str | None = None,
        opened_with: str | None = None,
        replaces: str | None = None,
    ) -> str | None:
        """Return the id of a new session of a token; the one that it `replaces` ends.

        None where the API token was removed meanwhile, with its member.
        """
        with self._changes.unnoted() as session:
            if token_id is not None and not session.get(
                ApiTokenRow, token_id, with_for_update=True
            ):
                return None
            self.end_in(session, replaces)
            return self.open_in(
                session,
                address=address,
                user_agent=user_agent,
                token_id=token_id,
                opened_with=opened_with,
            )

    def ends_at(self, session: Session, row: SessionRow) -> datetime:
        """Return when a session ends by the settings of now, which may have become stricter."""
        return min(row.ends_at, row.created_at + self._age_max(session))

    def end(self, digest: str) -> None:
        """End the session with this hash, if it is open."""
        with self._changes.unnoted() as session:
            self.end_in(session, digest)

    def end_in(self, session: Session, digest: str | None) -> None:
        """End the session with this hash in an open transaction, if it is open."""
        if digest is not None:
            session.execute(delete(SessionRow).where(SessionRow.hash == digest))

    def of(self, principal: Principal) -> list[OpenSession]:
        """Return the sessions of whoever asks, the last used one first."""
        with self._changes.read() as session:
            rows = session.scalars(
                select(SessionRow)
                .where(_of(principal), SessionRow.ends_at > self._now())
                .order_by(SessionRow.seen_at.desc(), SessionRow.hash)
                .limit(SESSIONS_MAX)
            )
            return [
                OpenSession(
                    id=row.hash[:_SHOWN],
                    created_at=row.created_at,
                    seen_at=row.seen_at,
                    ends_at=self.ends_at(session, row),
                    address=row.address,
                    user_agent=row.user_agent,
                    is_this=row.hash == principal.session_hash,
                )
                for row in rows
            ]

    def end_one(self, principal: Principal, shown_id: str) -> None:
        """End one of the sessions of whoever asks.

        Raises:
            ChangeError: they have none with that id.
        """
        found = []
        if re.fullmatch(ID_PATTERN, shown_id):
            with self._changes.unnoted() as session:
                chosen = and_(_of(principal), SessionRow.hash.startswith(shown_id))
                found = list(session.scalars(select(SessionRow.hash).where(chosen)))
                session.execute(delete(SessionRow).where(SessionRow.hash.in_(found)))
        if not found:
            raise ChangeError(f"you have no session '{shown_id[:50]}'", reason="not-found")

    def end_all(self, principal: Principal) -> None:
        """End all sessions of whoever asks."""
        with self._changes.unnoted() as session:
            session.execute(delete(SessionRow).where(_of(principal)))

    def _age_max(self, session: Session) -> timedelta:
        settings = session.scalars(select(WorkspaceRow.settings)).one_or_none() or {}
        age = timedelta(hours=settings.get("session_hours_max", SESSION_HOURS))
        return age if self._age_s_max is None else min(age, timedelta(seconds=self._age_s_max))


def end_sessions(session: Session, member_id: str) -> None:
    """End the sessions of a member, those that were opened with their API tokens too."""
    tokens = select(ApiTokenRow.id).where(ApiTokenRow.member_id == member_id)
    session.execute(
        delete(SessionRow).where(
            or_(SessionRow.member_id == member_id, SessionRow.token_id.in_(tokens))
        )
    )


def session_hash(session_id: str) -> str:
    """Return what is kept of a session's id; it is random, so that a plain hash is enough."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def _of(principal: Principal) -> ColumnElement[bool]:
    """Return which sessions belong to whoever asks."""
    if principal.member_id is not None:
        return SessionRow.member_id == principal.member_id
    if principal.token_id is not None:
        return SessionRow.token_id == principal.token_id
    return and_(SessionRow.member_id.is_(None), SessionRow.token_id.is_(None))


def _make_room(session: Session, of_whom: ColumnElement[bool], count_max: int) -> None:
    """End the oldest sessions, so that one more fits."""
    count = session.scalar(select(func.count()).select_from(SessionRow).where(of_whom)) or 0
    if count >= count_max:
        oldest = select(SessionRow.hash).where(of_whom).order_by(SessionRow.created_at)
        ended = list(session.scalars(oldest.limit(count - count_max + 1)))
        session.execute(delete(SessionRow).where(SessionRow.hash.in_(ended)))
