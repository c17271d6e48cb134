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
    """A source as the collector needs it, as one of its write keys names it.

    `is_used` is set by every request that the key let in; whoever reports it clears it.
    """

    __slots__ = (
        "allowance",
        "is_enabled",
        "is_used",
        "key",
        "limit",
        "slug",
        "webhook_secret",
        "write_key",
    )

    def __init__(self, source: Source, write_key: str, allowance: Allowance | None) -> None:
        self.slug = source.slug
        self.key = source.slug.encode()
        self.write_key = write_key
        self.is_enabled = source.enabled
        self.is_used = False
        self.webhook_secret: Secret | None = source.webhook_secret
        self.limit = source.requests_per_s_max
        self.allowance = allowance

    def check(self) -> None:
        """Let one request pass.

        Raises:
            Refused: the source is disabled, or over its rate.
        """
        if not self.is_enabled:
            raise Refused(
                "source_disabled",
                f"source '{self.slug}' is disabled; enable it (its setting 'enabled')",
            )
        self.is_used = True
        if self.allowance is None:
            return
        wait_s = self.allowance.take()
        if wait_s:
            raise Refused(
                "rate_limited",
                f"source '{self.slug}' is over its limit of {self.limit:g} requests/s "
                "(its setting 'requests_per_s_max')",
                retry_after_s=math.ceil(wait_s),
            )


class Senders:
    """All sources by write key, and by the Authorization headers that carry one.

    After a change of the sources new ones are made of `before`, whose allowances go on where the
    limit is the same: a change elsewhere gives nobody a second's worth of requests more.
    """

    def __init__(
        self, sources: Iterable[Source], *, collectors: int, before: "Senders | None" = None
    ) -> None:
        self._by_key: dict[str, Sender] = {}
        self._by_header: dict[bytes, Sender] = {}
        self._allowances: dict[tuple[str, float], Allowance] = {}
        kept = before._allowances if before is not None else {}
        for source in sources:
            allowance = None
            if source.requests_per_s_max:
                limit = (source.slug, source.requests_per_s_max)
                allowance = kept.get(limit) or Allowance(source.requests_per_s_max / collectors)
                self._allowances[limit] = allowance
            for key in source.write_keys:
                sender = Sender(source, key, allowance)
                known = before.by_key(key) if before is not None else None
                sender.is_used = known is not None and known.is_used
                self._by_key[key] = sender
                for username in (key, key + ":"):
                    self._by_header[b"Basic " + b64encode(username.encode())] = sender

    def take_used(self) -> list[str]:
        """Return the write keys that were used since this was last asked."""
        used = [sender for sender in self._by_key.values() if sender.is_used]
        for sender in used:
            sender.is_used = False
        return [sender.write_key for sender in used]

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
