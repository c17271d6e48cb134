"""Reading a request's body within its bounds: bytes, decompressed bytes, and time."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from tailrace.collect.refusals import Refused

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

GZIP_MAGIC: Final = b"\x1f\x8b"
PLAIN_ENCODINGS: Final = frozenset((b"", b"identity", b"gzip", b"x-gzip"))
SWEEP_INTERVAL_S: Final = 0.5
DRAIN_BYTES_MAX: Final = 16_777_216
"""How much of a body that is too large is read and thrown away before it is refused.

A client that is still sending when the connection is closed sees a network error, not the refusal,
and sends the same again; so let it finish, within reason.
"""


class Disconnected(Exception):  # noqa: N818 - the client went away; nobody is left to answer
    """The client left before its request was complete."""


class Deadlines:
    """Cancels reads of bodies that take longer than `timeout_s`; one timer for all of them.

    All deadlines have the same length, so the oldest read is always the first in the dict.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, timeout_s: float) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer = loop.call_later(SWEEP_INTERVAL_S, self._sweep)

    def start(self) -> "asyncio.Task[Any]":
        """Begin the deadline of the current task."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - requests always run in a task
        self._reading[task] = time.monotonic() + self._timeout_s
        return task

    def end(self, task: "asyncio.Task[Any]") -> None:
        """The task has read its body."""
        self._reading.pop(task, None)

    def is_late(self, task: "asyncio.Task[Any]") -> bool:
        """Tell whether it was us who cancelled the task, and let it live on to answer."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        now = time.monotonic()
        late = []
        for task, deadline in self._reading.items():
            if deadline > now:
                break
            late.append(task)
        for task in late:
            del self._reading[task]
            self._late.add(task)
            task.cancel()


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], deadlines: Deadlines, *, bytes_max: int
) -> bytes:
    """Return the body as sent, at most `bytes_max` bytes of it.

    Raises:
        Refused: it is too large, too slow or shorter than announced.
        Disconnected: the client left.
    """
    announced = _announced(headers)
    task = deadlines.start()
    try:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body: bytes = message.get("body", b"")
        # The server says that more may come until it has seen the end; the length tells sooner.
        if not message.get("more_body") or len(body) == announced:
            if len(body) > bytes_max:
                raise _too_large(bytes_max)
            return body
        return await _read_rest(receive, body, announced=announced, bytes_max=bytes_max)
    except asyncio.CancelledError:
        if not deadlines.is_late(task):
            raise
        raise Refused(
            "body_timeout",
            "the body did not arrive in time (collect.body_timeout_s); send it again",
            retry_after_s=1,
        ) from None
    finally:
        deadlines.end(task)


async def _read_rest(receive: Receive, first: bytes, *, announced: int, bytes_max: int) -> bytes:
    chunks = [first]
    size = len(first)
    while size != announced:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= bytes_max:
            chunks.append(chunk)
        elif size > DRAIN_BYTES_MAX:
            break
        else:
            chunks.clear()
        if not message.get("more_body"):
            break
    if size > bytes_max:
        raise _too_large(bytes_max)
    return b"".join(chunks)


def _announced(headers: Mapping[bytes, bytes]) -> int:
    """Return Content-Length, -1 without one; the server has refused those that are no number."""
    length = headers.get(b"content-length")
    return int(length) if length is not None and length.isdigit() else -1


def _too_large(bytes_max: int) -> Refused:
    return Refused(
        "body_too_large",
        f"the body is larger than {bytes_max} bytes, the limit of one request after "
        "decompression (collect.body_bytes_max); send smaller batches",
    )


def plain(body: bytes, encoding: bytes, *, bytes_max: int) -> bytes:
    """Return the body without its compression.

    Gzip is known by its first bytes, which no JSON begins with: some clients and proxies leave the
    header out, or leave it on after unpacking.

    Raises:
        Refused: it is compressed otherwise, damaged, or larger than `bytes_max` when unpacked.
    """
    if body[:2] == GZIP_MAGIC:
        return _gunzip(body, bytes_max=bytes_max)
    if encoding and encoding.strip().lower() not in PLAIN_ENCODINGS:
        shown = encoding[:40].decode("latin-1")
        raise Refused(
            "unsupported_encoding", f"Content-Encoding is '{shown}'; expected gzip or none"
        )
    return body


def _gunzip(body: bytes, *, bytes_max: int) -> bytes:
    """Return all members unpacked, never holding more than `bytes_max` + 1 bytes of them."""
    chunks: list[bytes] = []
    room = bytes_max + 1
    rest = body
    while rest:
        unpack = zlib.decompressobj(wbits=31)
        try:
            chunk = unpack.decompress(rest, room)
        except zlib.error as error:
            raise Refused("malformed_gzip", f"the body is not valid gzip: {error}") from error
        chunks.append(chunk)
        room -= len(chunk)
        if room <= 0:
            raise _too_large(bytes_max)
        if not unpack.eof:
            raise Refused("malformed_gzip", "the body is gzip that ends too early")
        # Zeros after the last member are padding, which gzip allows.
        rest = unpack.unused_data.lstrip(b"\0")
    return b"".join(chunks)
