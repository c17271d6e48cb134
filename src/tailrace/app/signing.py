"""Signing in: by password or by token, with a bound on how often anybody may be wrong."""

import hmac
from collections.abc import Callable, Sequence
from typing import NoReturn

from tailrace.app.problems import TOO_MANY, UNAUTHENTICATED, ProblemError
from tailrace.app.tries import FailedTries
from tailrace.app.workers import Workers
from tailrace.config import token_hash
from tailrace.control.accounts import Account, Accounts, normal_email
from tailrace.control.credentials import Credentials
from tailrace.control.passwords import (
    hash_password,
    is_outdated,
    is_right,
    require_good_password,
)
from tailrace.control.permissions import Principal
from tailrace.control.sessions import Sessions
from tailrace.errors import ChangeError, TransientError

FAILURES_MAX = 10
FAILURES_WINDOW_S = 60.0
EMAIL_WINDOW_S = 15 * 60.0


class Signing:
    """Opens sessions for those who can show who they are; used on one event loop.

    `deciding` asks the database, `hashing` works on passwords: apart, so that somebody who tries
    many holds up nobody who is signed in.
    """

    def __init__(
        self,
        *,
        token_hashes: Sequence[str],
        accounts: Accounts,
        credentials: Credentials,
        sessions: Sessions,
        deciding: Workers,
        hashing: Workers,
        clock: Callable[[], float],
    ) -> None:
        self._token_hashes = tuple(token_hashes)
        self._accounts = accounts
        self._credentials = credentials
        self._sessions = sessions
        self._deciding = deciding
        self._hashing = hashing
        self._by_address = FailedTries(
            failures_max=FAILURES_MAX, window_s=FAILURES_WINDOW_S, clock=clock
        )
        self._by_email = FailedTries(
            failures_max=FAILURES_MAX, window_s=EMAIL_WINDOW_S, clock=clock
        )

    async def by_token(
        self, token: str, *, address: str, user_agent: str, replaces: str | None = None
    ) -> str:
        """Return the id of a new session for a valid token; the session that it `replaces` ends.

        Raises:
            ProblemError: 401 for a wrong token, 429 after too many.
            TransientError: the control database is away.
        """
        self._require_patience(address)
        self._by_address.add(address)
        digest = token_hash(token)
        try:
            opened_with = known_hash(digest, self._token_hashes)
            found = None
            if opened_with is None:
                found = await self._deciding.run(self._credentials.of_token, digest)
            session_id = None
            if opened_with is not None or found is not None:
                session_id = await self._deciding.run(
                    self._sessions.open,
                    token_id=found.token_id if found is not None else None,
                    opened_with=opened_with,
                    address=address,
                    user_agent=user_agent,
                    replaces=replaces,
                )
        except TransientError:
            self._by_address.take_back(address)
            raise
        if session_id is None:
            raise ProblemError(UNAUTHENTICATED, "the token is not valid")
        self._by_address.take_back(address)
        return session_id

    async def by_password(
        self,
        email: str,
        password: str,
        *,
        address: str,
        user_agent: str,
        replaces: str | None = None,
    ) -> str:
        """Return the id of a new session; the session that it `replaces` ends.

        Takes as long, and says the same, for an address that is nobody's.

        Raises:
            ProblemError: 401 where address or password is wrong, 429 after too many.
            TransientError: the control database is away, or many sign in just now.
        """
        key = normal_email(email)
        self._require_patience(address, email=key)
        self._add(address, email=key)
        try:
            account = await self._deciding.run(self._accounts.by_email, email)
            checked = await self._checked(account, password)
            rehashed = None
            if checked is not None and is_outdated(checked.password_hash or ""):
                rehashed = await self._hashing.run(hash_password, password)
            session_id = None
            if checked is not None:
                session_id = await self._deciding.run(
                    self._accounts.open_session,
                    checked,
                    rehashed=rehashed,
                    address=address,
                    user_agent=user_agent,
                    replaces=replaces,
                )
        except TransientError:
            self._take_back(address, email=key)
            raise
        if session_id is None:
            raise ProblemError(UNAUTHENTICATED, "the e-mail address or the password is not right")
        self._take_back(address, email=key)
        return session_id

    async def change_password(
        self, principal: Principal, current: str, new: str, *, address: str, user_agent: str
    ) -> str:
        """Set a member's password; return the id of a new session, all others have ended.

        Raises:
            ChangeError: nobody is a member here, the new password is no good, or the current one
                is wrong.
            ProblemError: 429 after too many wrong ones.
            TransientError: the control database is away, or many sign in just now.
        """
        account = None
        if principal.member_id is not None and principal.token_id is None:
            account = await self._deciding.run(self._accounts.by_id, principal.member_id)
        if account is None:
            _refuse("only a member who is signed in has a password to change")
        if account.password_hash is None:
            _refuse("you have no password yet: ask an admin for a link to set one")
        require_good_password(new, email=account.email, name=account.name, field="new_password")
        self._require_patience(address, email=account.email)
        self._add(address, email=account.email)
        try:
            checked = await self._checked(account, current)
            session_id = None
            if checked is not None:
                session_id = await self._deciding.run(
                    self._accounts.change_password,
                    checked,
                    await self._hashing.run(hash_password, new),
                    actor=principal.actor,
                    address=address,
                    user_agent=user_agent,
                )
        except TransientError:
            self._take_back(address, email=account.email)
            raise
        if session_id is None:
            raise ChangeError(
                "current_password is not right", reason="invalid", field="current_password"
            )
        self._take_back(address, email=account.email)
        return session_id

    async def _checked(self, account: Account | None, password: str) -> Account | None:
        """Return the account where the password is its own; takes as long where there is none."""
        kept = account.password_hash if account is not None else None
        return account if await self._hashing.run(is_right, password, kept) else None

    def _require_patience(self, address: str, *, email: str | None = None) -> None:
        require_patience(self._by_address, address, whose="from this address")
        if email is not None:
            require_patience(self._by_email, email, whose="for this e-mail address")

    def _add(self, address: str, *, email: str) -> None:
        self._by_address.add(address)
        self._by_email.add(email)

    def _take_back(self, address: str, *, email: str) -> None:
        self._by_address.take_back(address)
        self._by_email.take_back(email)


def require_patience(tries: FailedTries, key: str, *, whose: str) -> None:
    """Return when the next try may be now.

    Raises:
        ProblemError: 429 with how long to wait.
    """
    wait_s = tries.wait_s(key)
    if wait_s:
        raise ProblemError(
            TOO_MANY,
            f"{tries.failures_max} failed tries within {tries.window_s:.0f} s {whose}; "
            f"try again in {wait_s} s",
            retry_after_s=wait_s,
        )


def known_hash(digest: str, known: Sequence[str]) -> str | None:
    """Return the hash among those known that is this one; compare with all, which tells nothing."""
    matches = [each for each in known if hmac.compare_digest(each, digest)]
    return matches[0] if matches else None


def _refuse(why: str) -> NoReturn:
    raise ChangeError(why, reason="conflict")
