"""A block: the records of one append, compressed, with a checksum; one row of a segment.

The body is the msgpack of `[[key, body], ...]`, compressed with zstd unless that makes it larger.
The checksum (CRC-32) covers partition, offset, count, size, codec, time and the stored bytes, so a
block that was moved or whose header changed is found as surely as one whose bytes changed.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import zstandard

from tailrace.log.contract import NewRecord, Record

PLAIN = 0
ZSTD = 1
# Larger appends become several blocks of one commit, so that a reader with a small budget need
# not unpack all of it to get the first record.
BLOCK_BYTES_MAX = 4_194_304
# SQLite takes values of up to 1,000,000,000 bytes.
RECORD_BYTES_MAX = 536_870_912
# Measured with other levels in docs/decisions/0002-log-on-sqlite.md.
_LEVEL = 1

_HEADER = struct.Struct("<qqqqqq")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode


class StoredBlock(NamedTuple):
    """A row of the table `blocks`: `size` is bytes before compression, `written_at` µs."""

    offset: int
    records_count: int
    size: int
    codec: int
    checksum: int
    written_at: int
    body: bytes

    @property
    def end(self) -> int:
        """The offset after the last record."""
        return self.offset + self.records_count


class BlockEncoder:
    """Turns records into stored blocks; one per writer, since a compressor is for one thread."""

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(level=_LEVEL).compress

    def encode(
        self, records: Sequence[NewRecord], *, partition: int, offset: int, written_at: int
    ) -> list[StoredBlock]:
        """Return the blocks that hold the records from `offset` on; mostly one.

        Raises:
            ValueError: a record is larger than `RECORD_BYTES_MAX`.
        """
        plain = _encode(records)
        if len(plain) > BLOCK_BYTES_MAX and len(records) > 1:
            per_block = max(1, len(records) * BLOCK_BYTES_MAX // len(plain))
            return [
                self._block(
                    _encode(records[start : start + per_block]),
                    partition,
                    offset + start,
                    min(per_block, len(records) - start),
                    written_at,
                )
                for start in range(0, len(records), per_block)
            ]
        return [self._block(plain, partition, offset, len(records), written_at)]

    def _block(
        self, plain: bytes, partition: int, offset: int, count: int, written_at: int
    ) -> StoredBlock:
        if len(plain) > RECORD_BYTES_MAX:
            raise ValueError(
                f"a record has {len(plain)} bytes; the log takes {RECORD_BYTES_MAX} per record"
            )
        body, codec = self._compress(plain), ZSTD
        if len(body) >= len(plain):
            body, codec = plain, PLAIN
        size = len(plain)
        checksum = zlib.crc32(
            body, zlib.crc32(_HEADER.pack(partition, offset, count, size, codec, written_at))
        )
        return StoredBlock(offset, count, size, codec, checksum, written_at, body)


def problem_of(row: Sequence[object], *, partition: int) -> str:
    """Return what is wrong with a row of the table `blocks`; empty when it is as written."""
    offset, count, size, codec, checksum, written_at, body = row
    if not (
        isinstance(offset, int)
        and isinstance(count, int)
        and isinstance(size, int)
        and isinstance(codec, int)
        and isinstance(checksum, int)
        and isinstance(written_at, int)
        and isinstance(body, bytes)
    ):
        return "a field has another type than was written"
    header = _HEADER.pack(partition, offset, count, size, codec, written_at)
    found = zlib.crc32(body, zlib.crc32(header))
    if found != checksum:
        return f"stored checksum is {checksum & 0xFFFFFFFF:08x}, the bytes give {found:08x}"
    return ""


def unpack(block: StoredBlock, *, partition: int) -> list[Record]:
    """Return the records of a block that `problem_of` found good."""
    plain = (
        zstandard.ZstdDecompressor().decompress(block.body, max_output_size=block.size)
        if block.codec == ZSTD
        else block.body
    )
    return [
        Record(partition, offset, key, body)
        for offset, (key, body) in enumerate(_decode(plain), block.offset)
    ]
