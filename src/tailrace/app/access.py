"""Who may ask: tokens, sessions, the limit on failed tries, and protection from other sites."""

import hmac
import ipaddress
import math
import os
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tailrace.app.problems import FORBIDDEN, HOST, TOO_MANY, UNAUTHENTICATED, ProblemError
from tailrace.app.sessions import Sessions
from tailrace.config import AppConfig, token_hash
from tailrace.control.permissions import PERMISSIONS, Principal

COOKIE = "tailrace_session"
REQUEST_HEADER = "x-tailrace-request"
LOCAL_TOKEN_NAME = "local.token"  # noqa: S105 - a file name
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OWNER = Principal(actor="owner", role="owner", permissions=PERMISSIONS)
LOCAL = Principal(actor="local", role="owner", permissions=PERMISSIONS)

FAILURES_MAX = 10
FAILURES_WINDOW_S = 60.0
_ADDRESSES_MAX = 10_000


class FailedTries:
    """Counts failed sign-ins by address and says how long an address has to wait."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Return the whole seconds until the address may try again; 0 when it may now."""
        tries = self._by_address.get(address)
        if tries is None or len(tries) < FAILURES_MAX:
            return 0
        return max(0, math.ceil(tries[0] + FAILURES_WINDOW_S - self._clock()))

    def add(self, address: str) -> None:
        """Count one failed try."""
        tries = self._by_address.setdefault(address, deque(maxlen=FAILURES_MAX))
        tries.append(self._clock())
        self._by_address.move_to_end(address)
        while len(self._by_address) > _ADDRESSES_MAX:
            self._by_address.popitem(last=False)


class Access:
    """Decides whether a request comes from somebody who is signed in."""

    def __init__(
        self,
        *,
        token_hashes: Sequence[str],
        local_token: str,
        sessions: Sessions,
        clock: Callable[[], float],
    ) -> None:
        self._token_hashes = tuple(token_hashes)
        self._local_hash = token_hash(local_token)
        self._sessions = sessions
        self._failed = FailedTries(clock=clock)

    def sign_in(self, token: str, *, address: str) -> str:
        """Return the id of a new session for a valid token.

        Raises:
            ProblemError: 401 for a wrong token, 429 after too many.
        """
        return self._sessions.open(self._checked(token, address=f"sign-in {address}"))

    def sign_out(self, session_id: str) -> None:
        """End a session."""
        self._sessions.close(session_id)

    def is_signed_in(self, session_id: str | None) -> bool:
        """Tell whether the cookie's session is open."""
        return session_id is not None and self._sessions.is_open(
            session_id, token_hashes=self._token_hashes
        )

    def require(
        self,
        *,
        method: str,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
        address: str,
    ) -> Principal:
        """Return who makes the request.

        `LOCAL` is a command of the data directory's user on this machine.

        Raises:
            ProblemError: 401 without a valid token or session, 403 when another site may have
                made the request with this browser's cookie, 429 after too many wrong tokens.
        """
        authorization = headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise ProblemError(UNAUTHENTICATED, "send the token as 'Authorization: Bearer ...'")
            token = token.strip()
            # Made anew at each start and 256 bits long: no limit on tries is needed, and a wrong
            # script on this machine does not lock out the commands.
            if hmac.compare_digest(token_hash(token), self._local_hash):
                return LOCAL
            self._checked(token, address=f"bearer {address}")
            return OWNER
        if not self.is_signed_in(cookies.get(COOKIE)):
            raise ProblemError(
                UNAUTHENTICATED, "send 'Authorization: Bearer ...' with a token, or sign in"
            )
        if method not in SAFE_METHODS:
            require_same_site(headers)
        return OWNER

    def _checked(self, token: str, *, address: str) -> str:
        """Return the hash of a valid token; compare with all, so that time tells nothing."""
        wait_s = self._failed.wait_s(address)
        if wait_s:
            raise ProblemError(
                TOO_MANY,
                f"{FAILURES_MAX} wrong tokens within {FAILURES_WINDOW_S:.0f} s from this address; "
                f"try again in {wait_s} s",
                retry_after_s=wait_s,
            )
        given = token_hash(token)
        matches = [known for known in self._token_hashes if hmac.compare_digest(known, given)]
        if not matches:
            self._failed.add(address)
            raise ProblemError(UNAUTHENTICATED, "the token is not valid")
        return matches[0]


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
