"""Write keys: which source a request belongs to, whether it may send, and how often."""

import binascii
import math
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import Final

from tailrace.collect.refusals import Refused
from tailrace.config import Secret, Source

KNOWN_HEADERS_MAX: Final = 4_096
BASIC: Final = b"basic "


class Allowance:
    """A token bucket: `per_s` requests a second, and a second's worth at once.

    The limit is for a source over all collectors; each of them allows its even share, since the
    kernel spreads connections over them.
    """

    def __init__(self, per_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = max(1.0, per_s)
        self._clock = clock
        self._tokens = self._burst
        self._filled_at = clock()

    def take(self) -> float:
        """Take one request; return 0.0, or the seconds until there is one to take."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_s)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_s


class Sender:
    """A source as the collector needs it."""

    __slots__ = ("_allowance", "first_key", "is_enabled", "key", "limit", "slug", "webhook_secret")

    def __init__(self, source: Source, *, collectors: int) -> None:
        self.slug = source.slug
        self.key = source.slug.encode()
        self.first_key = source.write_keys[0] if source.write_keys else ""
        self.is_enabled = source.enabled
        self.webhook_secret: Secret | None = source.webhook_secret
        self.limit = source.requests_per_s_max
        self._allowance = Allowance(self.limit / collectors) if self.limit else None

    def check(self) -> None:
        """Let one request pass.

        Raises:
            Refused: the source is disabled, or over its rate.
        """
        if not self.is_enabled:
            raise Refused(
                "source_disabled",
                f"source '{self.slug}' is disabled; enable it (sources.enabled) and restart",
            )
        if self._allowance is None:
            return
        wait_s = self._allowance.take()
        if wait_s:
            raise Refused(
                "rate_limited",
                f"source '{self.slug}' is over its limit of {self.limit:g} requests/s "
                "(sources.requests_per_s_max)",
                retry_after_s=math.ceil(wait_s),
            )


class Senders:
    """All sources by write key, and by the Authorization headers that carry one."""

    def __init__(self, sources: Iterable[Source], *, collectors: int) -> None:
        self._by_key: dict[str, Sender] = {}
        self._by_header: dict[bytes, Sender] = {}
        for source in sources:
            sender = Sender(source, collectors=collectors)
            for key in source.write_keys:
                self._by_key[key] = sender
                for username in (key, key + ":"):
                    self._by_header[b"Basic " + b64encode(username.encode())] = sender

    def by_key(self, key: str) -> Sender | None:
        """Return the source of a write key."""
        return self._by_key.get(key)

    def by_header(self, header: bytes) -> Sender | None:
        """Return the source that an Authorization header names, None for any other header.

        Basic with the write key as the user name, with or without the colon; a password is not
        looked at. OAuth's Bearer tokens name no source: those clients send the key in the body.
        """
        sender = self._by_header.get(header)
        if sender is None and header[:6].lower() == BASIC:
            sender = self._by_key.get(_username(header[6:].strip()))
            if sender is not None and len(self._by_header) < KNOWN_HEADERS_MAX:
                self._by_header[header] = sender
        return sender

    def by_body(self, authorization: bytes | None, body_key: str | None, query_key: str) -> Sender:
        """Return the source of a request whose Authorization header names none.

        A header with a key that nobody knows does not spoil a good key in the body: several SDKs
        send both.

        Raises:
            Refused: there is no key, or none that a source has.
        """
        sender = self._by_key.get(body_key or "") or self._by_key.get(query_key)
        if sender is not None:
            return sender
        if not authorization and not body_key and not query_key:
            raise Refused(
                "write_key_missing",
                "no write key: send it as the user name of Basic authentication or as "
                "'writeKey' in the body",
            )
        raise Refused("unknown_source", "no source has this write key")


def _username(encoded: bytes) -> str:
    """Return the user name of Basic credentials, "" when they are not base64 text."""
    try:
        credentials = b64decode(encoded + b"=" * (-len(encoded) % 4))
        return credentials.partition(b":")[0].decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
