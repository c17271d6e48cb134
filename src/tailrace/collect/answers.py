"""Answers: bodies that every SDK accepts, and the headers that let a browser read them.

An SDK takes only status 200 with a JSON body as delivered. Its failure side reads `code` and
`message` (python), `error` (ruby) and `Retry-After`, and a page may read that last one only when it
is exposed.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from tailrace.collect.refusals import Refused

Headers = list[tuple[bytes, bytes]]

SUCCESS_BODY: Final = b'{"success":true}'
JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"
GIF: Final = b"image/gif"
SCRIPT: Final = b"text/javascript; charset=utf-8"
PIXEL_BODY: Final = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
ALLOWED_HEADERS: Final = b"Authorization, Content-Type, X-Retry-Count, AnonymousId, SentAt"
PREFLIGHT_AGE_S: Final = b"7200"
ORIGINS_MAX: Final = 1_024
ASKED_HEADERS_BYTES_MAX: Final = 1_024

_EXPOSED: Final = (b"access-control-expose-headers", b"Retry-After, X-RateLimit-Reset")
_TOKEN_BYTES: Final = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_, "
)


class Answer:
    """Status, headers but for those of CORS, and body of one answer."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        content_type: bytes = JSON,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        self.status = status
        self.body = body
        self.headers: Headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            *headers,
        ]


SUCCESS: Final = Answer(200, SUCCESS_BODY)
NO_CONTENT: Final = Answer(204, b"")
PIXEL: Final = Answer(200, PIXEL_BODY, GIF, [(b"cache-control", b"no-store, max-age=0")])


def refusal(refused: Refused) -> Answer:
    """Return the answer to a refused request."""
    message = str(refused)
    body = msgspec.json.encode(
        {"success": False, "code": refused.code, "message": message, "error": message}
    )
    headers: Headers = []
    if refused.retry_after_s:
        seconds = b"%d" % refused.retry_after_s
        headers.append((b"retry-after", seconds))
        if refused.status == 429:
            headers.append((b"x-ratelimit-reset", seconds))
    if refused.status == 405:
        headers.append((b"allow", b"GET, POST, OPTIONS"))
    return Answer(refused.status, body, headers=headers)


class CrossOrigin:
    """Adds the headers that let a page of any origin read an answer.

    The origin is echoed, since `*` does not do where a page sends credentials. The lists for
    successes are kept, a bounded number of them: they are the hot path.
    """

    def __init__(self) -> None:
        self._success: dict[bytes | None, Headers] = {}

    def success(self, origin: bytes | None) -> Headers:
        """Return all headers of `SUCCESS` for a page of that origin; None for no browser."""
        headers = self._success.get(origin)
        if headers is None:
            if len(self._success) >= ORIGINS_MAX:
                self._success.clear()
            headers = self._success[origin] = self.headers(SUCCESS, origin)
        return headers

    def headers(self, answer: Answer, origin: bytes | None) -> Headers:
        """Return all headers of the answer for a page of that origin."""
        return [*answer.headers, *_allowing(origin), _EXPOSED]

    def preflight(self, origin: bytes | None, asked: bytes) -> Headers:
        """Return the headers that answer OPTIONS.

        Names that the page asks for are allowed besides ours: rudder's web SDK sends `Rsa-...`
        headers of its own making, which no fixed list can name.
        """
        allowed = ALLOWED_HEADERS
        if asked and len(asked) <= ASKED_HEADERS_BYTES_MAX and _TOKEN_BYTES.issuperset(asked):
            allowed = ALLOWED_HEADERS + b", " + asked
        return [
            *_allowing(origin),
            (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", PREFLIGHT_AGE_S),
        ]


def _allowing(origin: bytes | None) -> Headers:
    if origin is None:
        return [(b"access-control-allow-origin", b"*"), (b"vary", b"Origin")]
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
