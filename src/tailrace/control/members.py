"""Members as people manage them: who may sign in, and in which role."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import UNSET
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from tailrace.control.changes import ACTOR_CHARACTERS_MAX, Change, Changes
from tailrace.control.models import InviteRow, MemberRow, SourceRow
from tailrace.control.people import (
    MemberChange,
    MemberDraft,
    MemberState,
    VersionedMember,
    WantedMembers,
    conditions_of,
    email_of,
    member_for_audit,
    member_state,
    role_of,
    versioned_member,
)
from tailrace.control.permissions import ROLES, Principal, Role
from tailrace.control.ranks import require_may_give, require_may_manage
from tailrace.control.sessions import end_sessions
from tailrace.control.sources import Sources
from tailrace.errors import ChangeError

MEMBERS_MAX: Final = 10_000
"""How many members there may be."""

_ID: Final = re.compile(r"mem_[0-9a-f]{24}")


class Members:
    """The members of the workspace; who asks for a change says who they are, as `by`.

    Every method may wait for the database, and raises `TransientError` while it is away.
    """

    def __init__(self, changes: Changes, sources: Sources) -> None:
        self._changes = changes
        self._sources = sources

    def page(self, wanted: WantedMembers, *, after: str, limit: int) -> list[MemberState]:
        """Return at most `limit` members whose e-mail comes after another, in that order."""
        asked = select(MemberRow).where(MemberRow.email > after, *conditions_of(wanted))
        with self._changes.read() as session:
            rows = session.scalars(asked.order_by(MemberRow.email).limit(limit))
            return [member_state(row) for row in rows]

    def get(self, member_id: str) -> VersionedMember:
        """Return a member.

        Raises:
            ChangeError: there is none.
        """
        with self._changes.read() as session:
            return versioned_member(existing_member(session, member_id))

    def create(self, draft: MemberDraft, *, by: Principal) -> VersionedMember:
        """Make a member without a password.

        Raises:
            ChangeError: the e-mail is taken, a source does not exist, or who asks may not give
                the role.
        """
        with self._changes.change(actor=by.actor) as change:
            return self.create_in(change, draft, by=by)

    def create_in(self, change: Change, draft: MemberDraft, *, by: Principal) -> VersionedMember:
        """Make a member, as `create` does, in a change that somebody else opened."""
        require_may_give(by, draft.role)
        sources = self.checked_sources(change.session, draft.role, draft.sources)
        email = email_of(draft.email)
        return versioned_member(
            add_member(change, email=email, name=draft.name, role=draft.role, sources=sources)
        )

    def change(
        self, member_id: str, wanted: MemberChange, *, version: int | None, by: Principal
    ) -> VersionedMember:
        """Change a member who still has that version; None for whatever version they have.

        Raises:
            ChangeError: there is none, they have another version, the last owner would be gone,
                or who asks may not do this.
        """
        with self._changes.change(actor=by.actor) as change:
            return self.change_in(change, member_id, wanted, version=version, by=by)

    def change_in(
        self,
        change: Change,
        member_id: str,
        wanted: MemberChange,
        *,
        version: int | None,
        by: Principal,
    ) -> VersionedMember:
        """Change a member, as `change` does, in a change that somebody else opened."""
        session = change.session
        row = existing_member(session, member_id)
        _require_version(row, version)
        before, role_before = member_for_audit(row), role_of(row)
        require_may_manage(by, role_before)
        role = role_before if wanted.role is UNSET else wanted.role
        if role != role_before:
            require_may_give(by, role)
            _require_another_owner(session, row)
        if wanted.sources is not UNSET or role != role_before:
            asked = None if wanted.sources is UNSET else wanted.sources
            row.sources = self.checked_sources(session, role, asked)
        row.role = role
        row.name = row.name if wanted.name is UNSET else wanted.name
        if member_for_audit(row) == before:
            return versioned_member(row)
        if ROLES.index(role) > ROLES.index(role_before):
            _revoke_links_made_by(change, row.email)
        row.version += 1
        row.updated_at = change.at
        after = member_for_audit(row)
        change.note("member.update", f"members/{row.id}", before=before, after=after)
        session.flush()
        return versioned_member(row)

    def delete(self, member_id: str, *, version: int | None, by: Principal) -> None:
        """Remove a member, their sessions, their tokens and the links that they made.

        Raises:
            ChangeError: there is none, they have another version, it is the last owner or who
                asks, or who asks may not do this.
        """
        with self._changes.change(actor=by.actor) as change:
            self.delete_in(change, member_id, version=version, by=by)

    def delete_in(
        self, change: Change, member_id: str, *, version: int | None, by: Principal
    ) -> None:
        """Remove a member, as `delete` does, in a change that somebody else opened."""
        row = existing_member(change.session, member_id)
        _require_version(row, version)
        require_may_manage(by, role_of(row))
        if by.member_id == row.id:
            raise ChangeError(
                "nobody removes themselves: ask another admin or owner", reason="conflict"
            )
        _require_another_owner(change.session, row)
        change.note("member.delete", f"members/{row.id}", before=member_for_audit(row))
        _revoke_links_made_by(change, row.email)
        change.session.delete(row)
        # Whoever takes the e-mail next within the same change must find it free.
        change.session.flush()

    def sign_out(self, member_id: str, *, by: Principal) -> None:
        """End all sessions of a member.

        Raises:
            ChangeError: there is none, or who asks may not do this.
        """
        with self._changes.change(actor=by.actor) as change:
            row = existing_member(change.session, member_id)
            require_may_manage(by, role_of(row))
            end_sessions(change.session, row.id)
            change.note("member.sign-out", f"members/{row.id}", after={"email": row.email})

    def checked_sources(
        self, session: Session, role: Role, sources: Sequence[str] | None
    ) -> list[str] | None:
        """Return the sources of a member of that role, each once, in order.

        Raises:
            ChangeError: the role needs some or takes none, or one does not exist.
        """
        if role != "source-only":
            if sources is None:
                return None
            raise ChangeError(
                f"only the role 'source-only' has sources, '{role}' sees all: leave them out",
                reason="invalid",
                field="sources",
            )
        if not sources:
            raise ChangeError(
                "the role 'source-only' needs sources: name at least one slug",
                reason="invalid",
                field="sources",
            )
        known = set(
            session.scalars(
                select(SourceRow.slug).where(
                    SourceRow.slug.in_(sources), SourceRow.deleted_at.is_(None)
                )
            )
        )
        for slug in sources:
            if slug not in known and self._sources.file_source(slug) is None:
                raise ChangeError(f"there is no source '{slug}'", reason="invalid", field="sources")
        return sorted(set(sources))


def existing_member(session: Session, member_id: str) -> MemberRow:
    """Return the row of a member.

    Raises:
        ChangeError: there is none.
    """
    # What is no id may hold characters that a database refuses.
    row = session.get(MemberRow, member_id) if _ID.fullmatch(member_id) else None
    if row is None:
        raise ChangeError(f"there is no member '{member_id[:100]}'", reason="not-found")
    return row


def by_email(session: Session, email: str) -> MemberRow | None:
    """Return the member with that e-mail, in whatever case it is written."""
    return session.scalar(select(MemberRow).where(MemberRow.email == email_of(email)))


def by_oidc(session: Session, issuer: str, subject: str) -> MemberRow | None:
    """Return the member for whom an OpenID provider vouches under that subject."""
    return session.scalar(
        select(MemberRow).where(MemberRow.oidc_issuer == issuer, MemberRow.oidc_subject == subject)
    )


def link_oidc_in(change: Change, member_id: str, issuer: str, subject: str) -> MemberRow:
    """Let a member sign in by an OpenID provider's word, from now on.

    Raises:
        ChangeError: there is no such member, another subject vouches for them already, or the
            subject vouches for another member.
    """
    row = existing_member(change.session, member_id)
    if (row.oidc_issuer, row.oidc_subject) == (issuer, subject):
        return row
    if row.oidc_subject is not None:
        raise ChangeError(
            f"{row.email} signs in as another account of a provider; remove the member and invite "
            "them again to change that",
            reason="conflict",
        )
    if by_oidc(change.session, issuer, subject) is not None:
        raise ChangeError(
            "this account of the provider belongs to another member", reason="conflict"
        )
    row.oidc_issuer, row.oidc_subject = issuer, subject
    change.note("member.update", f"members/{row.id}", before={"oidc": False}, after={"oidc": True})
    change.session.flush()
    return row


def add_member(
    change: Change,
    *,
    email: str,
    name: str,
    role: Role,
    sources: list[str] | None,
    password_hash: str | None = None,
) -> MemberRow:
    """Add a member within a change; open invites of the e-mail are revoked.

    Raises:
        ChangeError: the e-mail is a member's, or there are too many members.
    """
    require_no_member(change.session, email)
    if (change.session.scalar(select(func.count()).select_from(MemberRow)) or 0) >= MEMBERS_MAX:
        raise ChangeError(f"there are {MEMBERS_MAX} members; no more fit", reason="conflict")
    row = MemberRow(
        id="mem_" + secrets.token_hex(12),
        email=email,
        name=name,
        role=role,
        sources=sources,
        password_hash=password_hash,
        version=1,
        created_at=change.at,
        updated_at=change.at,
    )
    change.session.add(row)
    change.note("member.create", f"members/{row.id}", after=member_for_audit(row))
    change.session.execute(
        update(InviteRow)
        .where(InviteRow.email == email, InviteRow.member_id.is_(None), *is_open(change.at))
        .values(revoked_at=change.at)
    )
    change.session.flush()
    return row


def require_no_member(session: Session, email: str) -> None:
    """Return when nobody with that e-mail is a member.

    Raises:
        ChangeError: somebody is.
    """
    if by_email(session, email) is not None:
        raise ChangeError(f"{email} is a member already", reason="conflict", field="email")


def is_open(now: datetime) -> list[ColumnElement[bool]]:
    """Return what chooses the links that are good still."""
    return [
        InviteRow.used_at.is_(None),
        InviteRow.revoked_at.is_(None),
        InviteRow.expires_at > now,
    ]


def _revoke_links_made_by(change: Change, email: str) -> None:
    """Revoke the open links that a member made, themselves or with a token.

    They may lead into roles and accounts that the member no longer decides about.
    """
    made_by = or_(
        # Cut as actors are.
        InviteRow.created_by == email[:ACTOR_CHARACTERS_MAX],
        InviteRow.created_by.endswith(f" ({email})", autoescape=True),
    )
    change.session.execute(
        update(InviteRow).where(made_by, *is_open(change.at)).values(revoked_at=change.at)
    )


def _require_another_owner(session: Session, row: MemberRow) -> None:
    if row.role != "owner":
        return
    owners = session.scalar(
        select(func.count()).select_from(MemberRow).where(MemberRow.role == "owner")
    )
    if (owners or 0) <= 1:
        raise ChangeError(
            f"{row.email} is the last owner: make another member owner first",
            reason="conflict",
            field="role",
        )


def _require_version(row: MemberRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise ChangeError(
            f"{row.email} was changed since version {version} and has version {row.version}: "
            "read it again",
            reason="outdated",
        )
