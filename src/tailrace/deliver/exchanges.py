"""What was last said to a tool and what it answered, for people who look at what went wrong.

While a delivery goes well nothing is made of it: a request is kept by reference until the next one
of the same task. When something was refused, it becomes texts of bounded length without secrets.
"""

import time
import zlib
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

import msgspec

from tailrace.deliver.hiding import Hiding
from tailrace.destinations.sending import Response

REQUEST_CHARACTERS_MAX: Final = 4_096
ANSWER_CHARACTERS_MAX: Final = 2_048
_GZIP: Final = 31
"""The window bits by which zlib reads gzip."""
_HEADERS: Final = frozenset(
    {
        "cf-ray",
        "content-type",
        "date",
        "location",
        "request-id",
        "retry-after",
        "server",
        "www-authenticate",
        "x-amz-request-id",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-correlation-id",
        "x-request-id",
    }
)


class TriedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was sent, secrets as `***`; a long body is cut.

    Method and address are "" for a tool that is not reached by HTTP.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: str
    body_bytes: int


class TriedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it came, secrets as `***`; a long body is cut. The status is 0 without HTTP."""

    status: int
    headers: dict[str, str]
    body: str
    body_bytes: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request of so many events and its answer, as they may be kept and shown."""

    events: int
    request: TriedRequest
    response: TriedResponse | None


class Asked:
    """One request, and its answer once there is one."""

    __slots__ = ("content", "headers", "method", "response", "url")

    def __init__(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | str
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content
        self.response: Response | None = None

    def told_request(self, hide: Hiding, *, characters_max: int) -> TriedRequest:
        """Return the request for people."""
        content = self.content.encode() if isinstance(self.content, str) else self.content
        return TriedRequest(
            method=self.method,
            url=hide(self.url),
            headers=hide.headers(self.headers),
            body=_told(content, self.headers, hide, characters_max),
            body_bytes=len(content),
        )

    def told_response(
        self, hide: Hiding, *, characters_max: int, is_whole: bool = True
    ) -> TriedResponse | None:
        """Return the answer for people; unless `is_whole`, with the headers that tell most."""
        if self.response is None:
            return None
        status, headers, body = self.response
        if not is_whole:
            headers = {
                name: value
                for name, value in headers.items()
                if name in _HEADERS or "ratelimit" in name
            }
        return TriedResponse(
            status=status,
            headers=hide.headers(headers),
            body=_told(body, self.response.headers, hide, characters_max),
            body_bytes=len(body),
        )


class Sending:
    """One call of an action, with so many events: the last of its requests, and how long it took.

    `status` is that of the last answer, 0 without one.
    """

    __slots__ = ("_begun", "events", "exchange", "last", "status", "took_ms")

    def __init__(self, events: int) -> None:
        self.events = events
        self.last: Asked | None = None
        self.exchange: Exchange | None = None
        self.status = 0
        self.took_ms = 0.0
        self._begun = time.monotonic()

    def ended(self, hide: Hiding | None) -> None:
        """Let go of request and answer; with `hide`, keep what may be kept of them."""
        self.took_ms = round((time.monotonic() - self._begun) * 1_000, 1)
        asked, self.last = self.last, None
        if asked is None:
            return
        if asked.response is not None:
            self.status = asked.response.status
        if hide is not None:
            self.exchange = Exchange(
                events=self.events,
                request=asked.told_request(hide, characters_max=REQUEST_CHARACTERS_MAX),
                response=asked.told_response(
                    hide, characters_max=ANSWER_CHARACTERS_MAX, is_whole=False
                ),
            )


_SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)


def begin_sending(events: int) -> Sending:
    """Return what keeps the requests that this task and its children make from now on."""
    sending = Sending(events)
    _SENDING.set(sending)
    return sending


def last_sending() -> Sending | None:
    """Return what this task sent last, None for nothing."""
    return _SENDING.get()


def forget_sending() -> None:
    """Let what this task does next stand for itself: nothing has been sent for it yet."""
    _SENDING.set(None)


def ask(method: str, url: str, headers: Mapping[str, str], content: bytes) -> Asked:
    """Note a request that is about to be made; the answer is noted with `answered`."""
    asked = Asked(method, url, headers, content)
    sending = _SENDING.get()
    if sending is not None:
        sending.last = asked
    return asked


def answered(asked: Asked, response: Response | None) -> None:
    """Note the answer, None where none came. Of requests side by side, one that failed is kept."""
    asked.response = response
    sending = _SENDING.get()
    if sending is not None and (response is None or response.status >= 400):
        sending.last = asked


def exchanged(request: str, answer: str) -> None:
    """Note what was said without HTTP."""
    sending = _SENDING.get()
    if sending is not None:
        sending.last = Asked("", "", {}, request)
        sending.last.response = Response(0, {}, answer.encode())


def _told(content: bytes, headers: Mapping[str, str], hide: Hiding, characters_max: int) -> str:
    """Return the beginning of a body as text; what is compressed otherwise than by gzip is ""."""
    encoding = next(
        (value for name, value in headers.items() if name.lower() == "content-encoding"), ""
    )
    if encoding == "gzip":
        try:
            content = zlib.decompressobj(_GZIP).decompress(content, 4 * characters_max + 65_536)
        except zlib.error:
            return ""
    elif encoding not in ("", "identity"):
        return ""
    return hide.beginning(content, characters_max=characters_max)
