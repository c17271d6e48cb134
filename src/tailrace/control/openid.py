"""From a provider's word to a member: who signs in by OpenID, and who becomes a member by it."""

from typing import NamedTuple

from tailrace.config import OpenIdConfig
from tailrace.control.changes import Change, Changes
from tailrace.control.invites import accept_invite_in, open_invite_for
from tailrace.control.members import add_member, by_email, by_oidc, link_oidc_in
from tailrace.control.models import MemberRow
from tailrace.control.sessions import Sessions


class Vouched(NamedTuple):
    """Whom a provider vouches for; `email` is in lower case, "" where it gave none it verified."""

    issuer: str
    subject: str
    email: str
    name: str


class OpenIdMembers:
    """Members by the word of the provider of the settings; may wait for the database."""

    def __init__(self, config: OpenIdConfig, changes: Changes, sessions: Sessions) -> None:
        self._config = config
        self._changes = changes
        self._sessions = sessions

    def open_session(self, vouched: Vouched, *, address: str, user_agent: str) -> str | None:
        """Return the id of a new session of the member whom the provider vouches for.

        That is, in this order: who signed in as this account before; the member with the verified
        address; whoever was invited under it; whoever has one of the domains of the settings. None
        for anybody else.

        Raises:
            ChangeError: another account of the provider vouches for that member already.
        """
        with self._changes.change(actor=vouched.email or vouched.subject[:200]) as change:
            member = by_oidc(change.session, vouched.issuer, vouched.subject)
            if member is None:
                member = self._new(change, vouched)
            if member is None:
                return None
            member.signed_in_at = change.at
            return self._sessions.open_in(
                change.session, member_id=member.id, address=address, user_agent=user_agent
            )

    def _new(self, change: Change, vouched: Vouched) -> MemberRow | None:
        """Return the member who signs in by the provider for the first time, if there is one."""
        if not vouched.email:
            return None
        member = by_email(change.session, vouched.email)
        if member is None:
            member = self._invited(change, vouched) or self._of_domain(change, vouched)
        if member is None:
            return None
        return link_oidc_in(change, member.id, vouched.issuer, vouched.subject)

    def _invited(self, change: Change, vouched: Vouched) -> MemberRow | None:
        invite = open_invite_for(change.session, vouched.email)
        if invite is None:
            return None
        return accept_invite_in(change, invite.id, name=vouched.name)

    def _of_domain(self, change: Change, vouched: Vouched) -> MemberRow | None:
        if vouched.email.rpartition("@")[2] not in self._config.email_domains:
            return None
        return add_member(
            change,
            email=vouched.email,
            name=vouched.name,
            role=self._config.role,
            sources=None,
        )
