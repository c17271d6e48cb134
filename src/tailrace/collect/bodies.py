"""Reading a request's body within its bounds: bytes, decompressed bytes, and time."""

import asyncio
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from tailrace.collect.refusals import Refused

Receive = Callable[[], "asyncio.Future[Mapping[str, Any]]"]

GZIP_MAGIC: Final = b"\x1f\x8b"
PLAIN_ENCODINGS: Final = frozenset((b"", b"identity", b"gzip", b"x-gzip"))
SWEEP_INTERVAL_S: Final = 0.5
DRAIN_BYTES_MAX: Final = 16_777_216
"""How much of a body that is too large is read and thrown away before it is refused.

A client that is still sending when the connection is closed sees a network error, not the refusal,
and sends the same again; so let it finish, within reason.
"""


class Deadlines:
    """Cancels reads of bodies that take longer than `timeout_s`; one timer for all of them.

    What is cancelled is the future that `receive` returned, not the request's task: the request
    lives on to answer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.ends: dict[Any, float] = {}
        self._loop = loop
        self._timer = loop.call_later(SWEEP_INTERVAL_S, self._sweep)

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(SWEEP_INTERVAL_S, self._sweep)
        now = time.monotonic()
        for future in [future for future, end in self.ends.items() if end < now]:
            del self.ends[future]
            future.cancel()


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], deadlines: Deadlines, *, bytes_max: int
) -> bytes:
    """Return the body as sent, at most `bytes_max` bytes of it.

    Raises:
        Refused: it is too large, too slow or incomplete.
    """
    # The server says that more may come until it has seen the end; the length tells sooner.
    announced = headers.get(b"content-length")
    length = int(announced) if announced is not None and announced.isdigit() else -1
    end = time.monotonic() + deadlines.timeout_s
    ends = deadlines.ends
    chunks: list[bytes] = []
    size = 0
    while True:
        future = receive()
        ends[future] = end
        try:
            message = await future
        except asyncio.CancelledError:
            if future in ends:
                raise
            raise _too_slow(deadlines.timeout_s) from None
        finally:
            ends.pop(future, None)
        if message["type"] != "http.request":
            # Nobody may be left to read the answer, but a client can end its half alone.
            raise Refused("incomplete_body", "the body ended before it was complete")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= bytes_max:
            chunks.append(chunk)
        elif size > DRAIN_BYTES_MAX:
            raise _too_large(bytes_max)
        else:
            chunks.clear()
        if size == length or not message.get("more_body"):
            break
    if size > bytes_max:
        raise _too_large(bytes_max)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_slow(timeout_s: float) -> Refused:
    return Refused(
        "body_timeout",
        f"the body did not arrive within {timeout_s:g} s (collect.body_timeout_s); send it again",
        retry_after_s=1,
    )


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
