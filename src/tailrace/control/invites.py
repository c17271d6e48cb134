"""Links, good once: an invite makes a member, a reset link sets a member's password.

A link's token is 256 random bits; its hash alone is kept, so whoever makes a link sees it once.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, cast

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tailrace.config import token_hash
from tailrace.control.changes import Change, Changes, utc_now
from tailrace.control.members import (
    Members,
    add_member,
    existing_member,
    is_open,
    require_no_member,
)
from tailrace.control.models import InviteRow, MemberRow
from tailrace.control.passwords import require_good_password
from tailrace.control.people import Email, OnlySources, email_of, role_of
from tailrace.control.permissions import Principal, Role
from tailrace.control.ranks import require_may_give, require_may_manage
from tailrace.control.sessions import Sessions, end_sessions
from tailrace.control.settings import read_settings
from tailrace.errors import ChangeError

INVITE_GOOD_FOR: Final = timedelta(days=7)
RESET_GOOD_FOR: Final = timedelta(hours=24)
KEPT: Final = timedelta(days=30)
"""How long a link that is not good any more stays in the list."""
OPEN_MAX: Final = 1_000
"""How many invites may be open."""

_PREFIX: Final = "tri_"
_ID_MAX: Final = 2**31 - 1


class InviteDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to invite, and into which role."""

    email: Email
    role: Role
    sources: OnlySources | None = None


class InviteState(msgspec.Struct, frozen=True, kw_only=True):
    """An invite as it is; its token is not kept."""

    id: int
    email: str
    role: Role
    sources: list[str] | None
    state: Literal["open", "used", "revoked", "expired"]
    created_by: str
    created_at: datetime
    expires_at: datetime


class NewInvite(NamedTuple):
    """An invite that was just made, and its token, which nobody can read again."""

    state: InviteState
    token: str


class NewLink(NamedTuple):
    """The token of a link that was just made, which nobody can read again."""

    token: str
    expires_at: datetime


class InviteShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a link leads to; one that `is_reset` sets the password of a member."""

    email: str
    role: Role
    workspace: str
    is_reset: bool


class Invites:
    """The invites and reset links; may wait for the database as `Members` may."""

    def __init__(self, changes: Changes, members: Members, sessions: Sessions) -> None:
        self._changes = changes
        self._members = members
        self._sessions = sessions

    def page(self, *, before_id: int | None, limit: int) -> list[InviteState]:
        """Return at most `limit` invites of the last 30 days, the newest first."""
        now = utc_now()
        asked = select(InviteRow).where(
            InviteRow.member_id.is_(None), InviteRow.created_at > now - KEPT
        )
        if before_id is not None:
            asked = asked.where(InviteRow.id < before_id)
        with self._changes.read() as session:
            rows = session.scalars(asked.order_by(InviteRow.id.desc()).limit(limit))
            return [_state(row, now=now) for row in rows]

    def create(self, draft: InviteDraft, *, by: Principal) -> NewInvite:
        """Invite somebody; an open invite of the same e-mail is revoked.

        Raises:
            ChangeError: they are a member already, a source does not exist, there are too many
                open invites, or who asks may not give the role.
        """
        require_may_give(by, draft.role)
        email = email_of(draft.email)
        with self._changes.change(actor=by.actor) as change:
            session = change.session
            require_no_member(session, email)
            sources = self._members.checked_sources(session, draft.role, draft.sources)
            older = open_invite_for(session, email)
            if older is not None:
                _revoke(change, older, by=by)
            _forget_old(change)
            _require_room(change)
            token, row = _add(
                change,
                InviteRow(email=email, role=draft.role, sources=sources, created_by=change.actor),
                good_for=INVITE_GOOD_FOR,
            )
            change.note("invite.create", f"invites/{row.id}", after=_for_audit(row))
            return NewInvite(_state(row, now=change.at), token)

    def revoke(self, invite_id: int, *, by: Principal) -> None:
        """Make an invite worthless; doing so again changes nothing.

        Raises:
            ChangeError: there is none, it was used, or who asks may not do this.
        """
        with self._changes.change(actor=by.actor) as change:
            is_id = 0 < invite_id <= _ID_MAX
            row = change.session.get(InviteRow, invite_id) if is_id else None
            if row is None or row.member_id is not None:
                raise ChangeError(f"there is no invite {invite_id}", reason="not-found")
            if row.used_at is not None:
                raise ChangeError(
                    f"{row.email} has accepted this invite: remove the member instead",
                    reason="conflict",
                )
            if row.revoked_at is None:
                _revoke(change, row, by=by)

    def reset_link(self, member_id: str, *, by: Principal) -> NewLink:
        """Return a link by which a member sets a new password; an older one is revoked.

        Raises:
            ChangeError: there is no such member, it is who asks, or who asks may not do this.
        """
        with self._changes.change(actor=by.actor) as change:
            member = existing_member(change.session, member_id)
            require_may_give(by, role_of(member))
            if member.id == by.member_id and member.password_hash is not None:
                raise ChangeError(
                    "change your own password with the current one, at /api/v1/me/password; if "
                    "you do not know it, ask another admin or owner for a link",
                    reason="conflict",
                )
            older = select(InviteRow).where(InviteRow.member_id == member.id, *is_open(change.at))
            for row in change.session.scalars(older):
                row.revoked_at = change.at
            _forget_old(change)
            token, row = _add(
                change,
                InviteRow(
                    email=member.email,
                    role=member.role,
                    member_id=member.id,
                    created_by=change.actor,
                ),
                good_for=RESET_GOOD_FOR,
            )
            change.note(
                "member.reset-link",
                f"members/{member.id}",
                after={"email": member.email, "expires_at": row.expires_at.isoformat()},
            )
            return NewLink(token, row.expires_at)

    def show(self, token: str) -> InviteShown:
        """Return what a link leads to.

        Raises:
            ChangeError: it was used, was revoked, has expired, or never was.
        """
        with self._changes.read() as session:
            row = _by_token(session, token, now=utc_now())
            member = None if row.member_id is None else session.get_one(MemberRow, row.member_id)
            return InviteShown(
                email=row.email if member is None else member.email,
                role=_role_of(row) if member is None else role_of(member),
                workspace=read_settings(session).name,
                is_reset=member is not None,
            )

    def check(self, token: str, *, name: str, password: str) -> None:
        """Return when a link may be used with that password.

        Raises:
            ChangeError: the link was used, was revoked, has expired, or never was; or the password
                is not good enough.
        """
        with self._changes.read() as session:
            row = _by_token(session, token, now=utc_now())
            member = None if row.member_id is None else session.get_one(MemberRow, row.member_id)
            email = row.email if member is None else member.email
            name = name if member is None else member.name
        require_good_password(password, email=email, name=name, field="password")

    def accept(
        self, token: str, *, name: str, password_hash: str, address: str, user_agent: str
    ) -> str:
        """Use a link, and return the id of a new session of its member.

        `name` is that of a new member. Setting a password ends the sessions that there were.

        Raises:
            ChangeError: the link was used, was revoked, has expired, or never was.
        """
        email = self.show(token).email
        with self._changes.change(actor=email) as change:
            row = _by_token(change.session, token, now=change.at)
            member = accept_invite_in(change, row.id, name=name, password_hash=password_hash)
            member.signed_in_at = change.at
            return self._sessions.open_in(
                change.session, member_id=member.id, address=address, user_agent=user_agent
            )


def open_invite_for(session: Session, email: str) -> InviteRow | None:
    """Return the invite by which somebody with that e-mail may become a member."""
    return session.scalar(
        select(InviteRow).where(
            InviteRow.email == email_of(email),
            InviteRow.member_id.is_(None),
            *is_open(utc_now()),
        )
    )


def accept_invite_in(
    change: Change, invite_id: int, *, name: str = "", password_hash: str | None = None
) -> MemberRow:
    """Use a link within an open change: make its member, or set the password of the one it has.

    Raises:
        ChangeError: the link was used, was revoked or has expired, or its e-mail became a member's.
    """
    row = change.session.scalar(
        select(InviteRow).where(InviteRow.id == invite_id, *is_open(change.at))
    )
    if row is None or (row.member_id is not None and password_hash is None):
        raise _no_link()
    row.used_at = change.at
    if row.member_id is not None:
        member = existing_member(change.session, row.member_id)
        member.password_hash = password_hash
        member.version += 1
        member.updated_at = change.at
        end_sessions(change.session, member.id)
        after = {"email": member.email, "password_changed": True}
        change.note("invite.accept", f"members/{member.id}", after=after)
    else:
        member = add_member(
            change,
            email=row.email,
            name=name,
            role=_role_of(row),
            sources=row.sources,
            password_hash=password_hash,
        )
        change.note("invite.accept", f"invites/{row.id}", after=_for_audit(row))
    change.session.flush()
    return member


def _add(change: Change, row: InviteRow, *, good_for: timedelta) -> tuple[str, InviteRow]:
    token = _PREFIX + secrets.token_urlsafe(32)
    row.token_hash = token_hash(token)
    row.created_at = change.at
    row.expires_at = change.at + good_for
    change.session.add(row)
    change.session.flush()
    return token, row


def _by_token(session: Session, token: str, *, now: datetime) -> InviteRow:
    row = session.scalar(
        select(InviteRow).where(InviteRow.token_hash == token_hash(token), *is_open(now))
    )
    if row is None:
        raise _no_link()
    return row


def _no_link() -> ChangeError:
    return ChangeError(
        "this link is not good: it was used or revoked, has expired, or was not copied whole; ask "
        "whoever sent it for a new one",
        reason="not-found",
        field="token",
    )


def _revoke(change: Change, row: InviteRow, *, by: Principal) -> None:
    require_may_manage(by, _role_of(row))
    row.revoked_at = change.at
    change.note("invite.revoke", f"invites/{row.id}", before=_for_audit(row))


def _forget_old(change: Change) -> None:
    """Delete the links that no list shows any more."""
    change.session.execute(delete(InviteRow).where(InviteRow.created_at <= change.at - KEPT))


def _require_room(change: Change) -> None:
    asked = select(func.count()).select_from(InviteRow).where(InviteRow.member_id.is_(None))
    if (change.session.scalar(asked.where(*is_open(change.at))) or 0) >= OPEN_MAX:
        raise ChangeError(
            f"{OPEN_MAX} invites are open; revoke some, or wait until some expire",
            reason="conflict",
        )


def _role_of(row: InviteRow) -> Role:
    return cast("Role", row.role)


def _for_audit(row: InviteRow) -> dict[str, object]:
    return {"email": row.email, "role": row.role, "sources": row.sources}


def _state(row: InviteRow, *, now: datetime) -> InviteState:
    return InviteState(
        id=row.id,
        email=row.email,
        role=_role_of(row),
        sources=row.sources,
        state=_state_word(row, now=now),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _state_word(row: InviteRow, *, now: datetime) -> Literal["open", "used", "revoked", "expired"]:
    if row.used_at is not None:
        return "used"
    if row.revoked_at is not None:
        return "revoked"
    return "open" if row.expires_at > now else "expired"
