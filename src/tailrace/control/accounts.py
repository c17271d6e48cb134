"""What members do with what is their own: sign in, look at themselves, change name and password."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.control.changes import Changes, utc_now
from tailrace.control.models import MemberRow, WorkspaceRow
from tailrace.control.permissions import Permission, Principal, Role
from tailrace.control.sessions import Sessions, end_sessions
from tailrace.errors import ChangeError, TransientError

WORKSPACE_NAME: Final = "Tailrace"
"""How the workspace is called where its settings say nothing."""
_KEPT_MAX: Final = 1_000


class Account(NamedTuple):
    """A member as far as signing in needs it; `password_hash` is None where there is none."""

    member_id: str
    email: str
    name: str
    password_hash: str | None


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A member, as they see themselves."""

    id: str
    email: str
    name: str
    has_password: bool
    oidc: bool
    signed_in_at: datetime | None


class MyWorkspace(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace, as everybody in it sees it."""

    id: str
    name: str


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request and what they may do; `member` is null for a token of no member.

    `sources` are the slugs of the only sources that they may see or change, null for all.
    """

    actor: str
    role: Role
    permissions: list[Permission]
    sources: list[str] | None
    member: Me | None
    workspace: MyWorkspace


class Accounts:
    """The members' own accounts. Every method may wait for the database; any thread may call."""

    def __init__(
        self, changes: Changes, sessions: Sessions, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._changes = changes
        self._sessions = sessions
        self._now = now
        self._lock = threading.Lock()
        self._last: OrderedDict[str, tuple[Me | None, MyWorkspace]] = OrderedDict()

    def by_email(self, email: str) -> Account | None:
        """Return the member with this address, in whatever case it is written."""
        with self._changes.read() as session:
            return _account(
                session.scalars(
                    select(MemberRow).where(MemberRow.email == normal_email(email))
                ).one_or_none()
            )

    def by_id(self, member_id: str) -> Account | None:
        """Return the member with this id."""
        with self._changes.read() as session:
            return _account(session.get(MemberRow, member_id))

    def first_owner(self) -> Account | None:
        """Return the owner who has been one for longest; None where nobody is a member yet."""
        with self._changes.read() as session:
            return _account(
                session.scalars(
                    select(MemberRow)
                    .where(MemberRow.role == "owner")
                    .order_by(MemberRow.created_at, MemberRow.id)
                    .limit(1)
                ).one_or_none()
            )

    def open_session(
        self,
        account: Account,
        *,
        address: str,
        user_agent: str,
        rehashed: str | None = None,
        replaces: str | None = None,
    ) -> str | None:
        """Return the id of a new session for whoever knew the account's password.

        `rehashed` is what is to be kept of that password from now on, `replaces` the hash of the
        session that this one takes the place of. None where the password was changed meanwhile.
        """
        with self._changes.unnoted() as session:
            member = session.get(MemberRow, account.member_id, with_for_update=True)
            if member is None or member.password_hash != account.password_hash:
                return None
            member.password_hash = rehashed or member.password_hash
            member.signed_in_at = self._now()
            self._sessions.end_in(session, replaces)
            return self._sessions.open_in(
                session, member_id=member.id, address=address, user_agent=user_agent
            )

    def whoami(self, principal: Principal) -> Whoami:
        """Return who somebody is; while the database is away, with what was last known of them.

        Raises:
            TransientError: the database is away, and nothing is known of them.
        """
        key = principal.member_id or principal.token_id or principal.actor
        try:
            with self._changes.read() as session:
                found = _own(session, principal)
        except TransientError:
            with self._lock:
                last = self._last.get(key)
            if last is None:
                raise
            found = last
        else:
            self._keep(key, found)
        member, workspace = found
        return Whoami(
            actor=principal.actor,
            role=principal.role,
            permissions=sorted(principal.permissions),
            sources=sorted(principal.sources) if principal.sources is not None else None,
            member=member,
            workspace=workspace,
        )

    def rename(self, member_id: str, name: str, *, actor: str) -> None:
        """Give a member another name.

        Raises:
            ChangeError: there is no such member any more.
        """
        with self._changes.change(actor=actor) as change:
            member = _existing(change.session, member_id)
            before, after = member.name, name.strip()
            if before == after:
                return
            member.name = after
            member.version += 1
            member.updated_at = change.at
            change.note(
                "member.update",
                f"members/{member.id}",
                before={"name": before},
                after={"name": after},
            )

    def change_password(
        self, account: Account, kept: str, *, actor: str, address: str, user_agent: str
    ) -> str | None:
        """Set what is kept of a member's password; end all sessions, return the id of a new one.

        None where the password was changed by somebody else meanwhile.
        """
        with self._changes.change(actor=actor) as change:
            member = _existing(change.session, account.member_id)
            if member.password_hash != account.password_hash:
                return None
            self._set_password(change.session, member, kept, at=change.at)
            change.note("member.password", f"members/{member.id}", after={"email": member.email})
            return self._sessions.open_in(
                change.session, member_id=member.id, address=address, user_agent=user_agent
            )

    def set_password(self, account: Account, kept: str, *, actor: str) -> None:
        """Set what is kept of a member's password, whatever it was, and end all sessions.

        Raises:
            ChangeError: there is no such member any more.
        """
        with self._changes.change(actor=actor) as change:
            member = _existing(change.session, account.member_id)
            self._set_password(change.session, member, kept, at=change.at)
            change.note("member.password", f"members/{member.id}", after={"email": member.email})

    def _set_password(
        self, session: Session, member: MemberRow, kept: str, *, at: datetime
    ) -> None:
        member.password_hash = kept
        member.version += 1
        member.updated_at = at
        end_sessions(session, member.id)

    def _keep(self, key: str, found: tuple[Me | None, MyWorkspace]) -> None:
        with self._lock:
            self._last[key] = found
            self._last.move_to_end(key)
            while len(self._last) > _KEPT_MAX:
                self._last.popitem(last=False)


def normal_email(email: str) -> str:
    """Return an address in the form in which members are kept."""
    return email.strip().lower()


def _own(session: Session, principal: Principal) -> tuple[Me | None, MyWorkspace]:
    workspace = session.scalars(select(WorkspaceRow)).one_or_none()
    if workspace is None:
        raise TransientError("the control database holds no workspace yet")
    member = None
    if principal.member_id is not None:
        row = _existing(session, principal.member_id)
        member = Me(
            id=row.id,
            email=row.email,
            name=row.name,
            has_password=row.password_hash is not None,
            oidc=row.oidc_subject is not None,
            signed_in_at=row.signed_in_at,
        )
    name = str(workspace.settings.get("name", WORKSPACE_NAME))
    return member, MyWorkspace(id=workspace.id, name=name)


def _existing(session: Session, member_id: str) -> MemberRow:
    row = session.get(MemberRow, member_id)
    if row is None:
        raise ChangeError("this member was removed", reason="not-found")
    return row


def _account(row: MemberRow | None) -> Account | None:
    if row is None:
        return None
    return Account(row.id, row.email, row.name, row.password_hash)
