"""Compression of bodies, both ways: gzip, deflate and zstd, as HTTP names them."""

import gzip
import io
import zlib
from typing import Final

import zstandard

from tailrace.app.clickhouse.errors import ClientError

_PREFERRED: Final = ("zstd", "gzip", "deflate")
_ZLIB_BITS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_LEVEL: Final = 3


def unpacked(body: bytes, encoding: str, *, bytes_max: int) -> bytes:
    """Return a request's body as it was before its client compressed it.

    Raises:
        ClientError: it cannot be read, or is larger than it may be.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    try:
        if name == "zstd":
            found = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)).read(bytes_max + 1)
        elif name in _ZLIB_BITS:
            found = zlib.decompressobj(_ZLIB_BITS[name]).decompress(body, bytes_max + 1)
        else:
            raise ClientError(
                48, f"Content-Encoding '{name[:50]}' is not read; send gzip, deflate, zstd or plain"
            )
    except (zlib.error, zstandard.ZstdError) as error:
        raise ClientError(354, f"the body is not {name}: {error}") from error
    if len(found) > bytes_max:
        raise too_large(bytes_max)
    return found


def too_large(bytes_max: int) -> ClientError:
    """Return what is said of a statement that is too long."""
    return ClientError(
        223, f"the statement has more than {bytes_max} bytes", name="QUERY_IS_TOO_LARGE"
    )


def encoding_for(accept_encoding: str) -> str:
    """Return the encoding in which a client gets its answer, "" for none."""
    accepted = set()
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if weight not in {"0", "0.0", "0.00", "0.000"}:
            accepted.add(name)
    return next((name for name in _PREFERRED if name in accepted), "")


def packed(body: bytes, encoding: str) -> bytes:
    """Return a body in an encoding of `encoding_for`."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_LEVEL).compress(body)
    if encoding == "gzip":
        return gzip.compress(body, _LEVEL, mtime=0)
    if encoding == "deflate":
        return zlib.compress(body, _LEVEL)
    return body
