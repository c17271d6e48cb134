"""Who may ask: tokens, sessions, the limit on failed tries, and protection from other sites."""

import hmac
import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tailrace.app.known import Known
from tailrace.app.problems import FORBIDDEN, HOST, UNAUTHENTICATED, ProblemError
from tailrace.app.signing import FAILURES_MAX, FAILURES_WINDOW_S, known_hash, require_patience
from tailrace.app.tries import FailedTries
from tailrace.app.workers import Workers
from tailrace.config import AppConfig, token_hash
from tailrace.control.credentials import LOCAL, OWNER, Credentials
from tailrace.control.permissions import Principal
from tailrace.control.sessions import session_hash

COOKIE = "tailrace_session"
REQUEST_HEADER = "x-tailrace-request"
LOCAL_TOKEN_NAME = "local.token"  # noqa: S105 - a file name
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SESSION_ID_MAX = 200


class Access:
    """Decides whether a request comes from somebody whom we know; used on one event loop."""

    def __init__(
        self,
        *,
        token_hashes: Sequence[str],
        local_token: str,
        credentials: Credentials,
        workers: Workers,
        clock: Callable[[], float],
    ) -> None:
        self._token_hashes = tuple(token_hashes)
        self._local_hash = token_hash(local_token)
        self._credentials = credentials
        self._known = Known(workers, clock=clock)
        self._failed = FailedTries(
            failures_max=FAILURES_MAX, window_s=FAILURES_WINDOW_S, clock=clock
        )

    def forget(self) -> None:
        """Ask the database about everybody anew; call it after each change of who may do what.

        While the database is away, who was let in by its last answer is let in all the same.
        """
        self._known.forget()

    def drop(self, session_digest: str) -> None:
        """Know nothing about a session any more, which has ended here."""
        self._known.drop(session_digest)

    async def is_signed_in(self, session_id: str | None) -> bool:
        """Tell whether the cookie's session is open.

        Raises:
            TransientError: the database is away, and the session is none of the last ones.
        """
        return session_id is not None and await self._of_session(session_id) is not None

    async def require(
        self,
        *,
        method: str,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
        address: str,
    ) -> Principal:
        """Return who makes the request.

        Raises:
            ProblemError: 401 without a valid token or session, 403 when another site may have
                made the request with this browser's cookie, 429 after too many wrong tokens.
            TransientError: the database is away, and nothing is known of the token or session.
        """
        authorization = headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise ProblemError(UNAUTHENTICATED, "send the token as 'Authorization: Bearer ...'")
            return await self._of_token(token.strip(), address=address)
        cookie = cookies.get(COOKIE)
        principal = await self._of_session(cookie) if cookie is not None else None
        if principal is None:
            raise ProblemError(
                UNAUTHENTICATED, "send 'Authorization: Bearer ...' with a token, or sign in"
            )
        if method not in SAFE_METHODS:
            require_same_site(headers)
        return principal

    async def _of_session(self, session_id: str) -> Principal | None:
        if len(session_id) > _SESSION_ID_MAX:
            return None
        return await self._known.who(session_hash(session_id), self._credentials.of_session)

    async def _of_token(self, token: str, *, address: str) -> Principal:
        digest = token_hash(token)
        # Made anew at each start and 256 bits long: no limit on tries is needed, and a wrong
        # script on this machine does not lock out the commands.
        if hmac.compare_digest(digest, self._local_hash):
            return LOCAL
        require_patience(self._failed, address, whose="from this address")
        if known_hash(digest, self._token_hashes) is not None:
            return OWNER
        principal = await self._known.who(digest, self._credentials.of_token)
        if principal is None:
            self._failed.add(address)
            raise ProblemError(UNAUTHENTICATED, "the token is not valid")
        return principal


def require_same_site(headers: Mapping[str, str]) -> None:
    """Refuse a request that another site may have caused; browsers cannot forge either header."""
    if REQUEST_HEADER in headers or headers.get("sec-fetch-site") == "same-origin":
        return
    raise ProblemError(
        FORBIDDEN, "a request with the session cookie needs the header 'X-Tailrace-Request: 1'"
    )


def refuse_cross_site(headers: Mapping[str, str]) -> None:
    """Refuse what a browser says that another site sent; for sign-in, which has no cookie yet."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(FORBIDDEN, "sign in on Tailrace's own page")


class Hosts:
    """The `Host` headers that are answered; any, unless the app listens on loopback only.

    A page on the internet can point a name of its own at 127.0.0.1; the browser would then treat
    this API as part of that page's site. The header still carries the page's name.
    """

    def __init__(self, config: AppConfig) -> None:
        self._allowed: frozenset[str] | None = None
        if is_loopback(config.host):
            known = {"localhost", "127.0.0.1", "[::1]", config.host, f"[{config.host}]"}
            self._allowed = frozenset(known | set(config.allowed_hosts))

    def require(self, host: str) -> None:
        """Return when the host is served.

        Raises:
            ProblemError: 421, it is not.
        """
        if self._allowed is None:
            return
        name = host.lower()
        if not name.endswith("]"):
            before, colon, port = name.rpartition(":")
            name = before if colon and port.isdigit() else name
        if name not in self._allowed:
            raise ProblemError(
                HOST,
                f"the host '{host[:100]}' is not served; add it to app.allowed_hosts to serve it",
            )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LocalToken:
    """The token by which commands on the same machine are let in, while the app runs."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCAL_TOKEN_NAME
        self.value = "trl_" + secrets.token_urlsafe(32)

    def write(self) -> None:
        """Write the file, readable by its owner only."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.value + "\n")
        temporary.replace(self.path)

    def remove(self) -> None:
        """Remove the file, unless another app server has written its own since."""
        if self.path.exists() and self.path.read_text().strip() == self.value:
            self.path.unlink()
