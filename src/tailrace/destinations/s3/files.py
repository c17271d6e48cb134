"""A file: its name, and its compressed bytes, made line by line."""

import base64
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import zstandard

from tailrace.destinations.s3.folders import LAYOUTS, folder_of
from tailrace.destinations.s3.settings import Line, Settings

PART_BYTES: Final = 1_048_576
_GZIP_LEVEL: Final = 6
_GZIP_FRAME: Final = 31
"""The window of 15 bits, in a frame of gzip: one without a time in it."""

_HASH_CHARACTERS: Final = 16
_SUFFIXES: Final = {"gzip": "gz", "zstd": "zst"}


class File:
    """The lines of one folder, with the name that they give the file.

    It is compressed part by part, as the lines together may be larger than memory has room for
    twice.
    """

    def __init__(self, lines: Sequence[Line], settings: Settings, *, received_at: datetime) -> None:
        if settings.format == "parquet":
            from tailrace.destinations.s3.parquet import written

            suffix = "parquet"
            self.body = written(lines, settings.compression)
        else:
            suffix = _SUFFIXES[settings.compression]
            self.body = b"".join(_compressed(lines, settings.compression))
        path = settings.path or LAYOUTS[settings.layout]
        folder = folder_of(path, lines[0].data, source=lines[0].source, moment=received_at)
        # Named by its content: written again after an answer that got lost, it replaces itself.
        self.key = (
            f"{settings.prefix}{folder}/{received_at:%Y%m%dT%H%M%SZ}-{_digest(lines)}.{suffix}"
        )
        self.md5 = base64.b64encode(hashlib.md5(self.body, usedforsecurity=False).digest())
        self.type = "text/plain"
        self.encoding = settings.compression
        if settings.format == "parquet":
            self.type, self.encoding = "application/vnd.apache.parquet", ""


def _digest(lines: Sequence[Line]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.data)
        digest.update(b"\n")
    return digest.hexdigest()[:_HASH_CHARACTERS]


def _compressed(lines: Sequence[Line], compression: str) -> Iterator[bytes]:
    size = sum(len(line.data) + 1 for line in lines)
    writer = (
        zstandard.ZstdCompressor(write_checksum=True).compressobj(size=size)
        if compression == "zstd"
        else zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FRAME)
    )
    for part in _parts(lines):
        yield writer.compress(part)
    yield writer.flush()


def _parts(lines: Sequence[Line]) -> Iterator[bytes]:
    """Yield the lines, some of them together."""
    part = bytearray()
    for line in lines:
        part += line.data
        part += b"\n"
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    yield bytes(part)
