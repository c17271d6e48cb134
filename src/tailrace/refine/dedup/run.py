"""One immutable file of message id hashes, sorted, with a filter before it.

Layout, little endian, each section beginning at a multiple of 8 bytes:

    header   64 bytes: magic "TRDEDUP1", count of hashes, log2 of the filter's bits, CRC-32 of the
             sections, CRC-32 of the header before it; the rest is zero
    filter   a bit for each hash at the place that its high 64 bits name, and one that its low name
    high     the high 64 bits of each hash, ascending
    low      the low 64 bits of each hash, in the same order

A lookup of an unknown hash reads one bit of the filter, and seldom a second one, whatever the
number of hashes; the file is mapped, so what is not looked at needs no memory of this process.
"""

import mmap
import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tailrace.errors import CorruptionError

Hashes = NDArray[np.uint64]
Flags = NDArray[np.bool_]

HASH_BYTES: Final = 16
_MAGIC: Final = b"TRDEDUP1"
_HEADER: Final = struct.Struct("<8sQIII")
_HEADER_BYTES: Final = 64
_FILTER_BITS_PER_HASH: Final = 8
_FILTER_LOG2_MIN: Final = 10
# Merging holds so many hashes at once, a few dozen bytes each.
_SLICE_HASHES: Final = 500_000
_CHECK_BYTES: Final = 1 << 22


class Run:
    """An open run; `contains` takes the two halves of the hashes looked for."""

    def __init__(self, path: Path) -> None:
        """Open and check a run.

        Raises:
            CorruptionError: the file is not there, or its bytes are not those written.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                header = file.read(_HEADER_BYTES)
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise CorruptionError(f"{path} cannot be read: {error}", path=str(path)) from error
        self.count, self._filter_log2, checksum = _parse_header(header, path)
        filter_bytes = (1 << self._filter_log2) // 8
        expected = _HEADER_BYTES + filter_bytes + self.count * HASH_BYTES
        if len(self._map) != expected:
            raise CorruptionError(
                f"{path} has {len(self._map)} bytes, expected {expected}", path=str(path)
            )
        found = _checksum(self._map)
        if found != checksum:
            raise CorruptionError(
                f"{path}: stored checksum is {checksum:08x}, the bytes give {found:08x}",
                path=str(path),
            )
        view = np.frombuffer(self._map, np.uint8)
        self._filter = view[_HEADER_BYTES : _HEADER_BYTES + filter_bytes]
        halves = view[_HEADER_BYTES + filter_bytes :].view("<u8")
        self.high: Hashes = halves[: self.count]
        self.low: Hashes = halves[self.count :]

    def contains(self, high: Hashes, low: Hashes) -> Flags:
        """Tell for each hash whether it is in the run."""
        found = np.zeros(len(high), np.bool_)
        likely = np.flatnonzero(self._may_contain(high))
        likely = likely[self._may_contain(low[likely])]
        if len(likely):
            found[likely] = self._search(high[likely], low[likely])
        return found

    def _may_contain(self, half: Hashes) -> Flags:
        place = half >> np.uint64(64 - self._filter_log2)
        bits = self._filter[place >> np.uint64(3)]
        flags: Flags = (bits >> (place & np.uint64(7)).astype(np.uint8)) & np.uint8(1) != 0
        return flags

    def _search(self, high: Hashes, low: Hashes) -> Flags:
        found = np.zeros(len(high), np.bool_)
        starts = np.searchsorted(self.high, high)
        for index, start in enumerate(starts.tolist()):
            # Equal high halves of different hashes stand side by side, next to never more than one.
            while start < self.count and self.high[start] == high[index]:
                if self.low[start] == low[index]:
                    found[index] = True
                    break
                start += 1
        return found


def halves_of(hashes: bytes) -> tuple[Hashes, Hashes]:
    """Return the high and low halves of hashes that lie one after another."""
    pairs = np.frombuffer(hashes, "<u8").reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


class StoppedError(Exception):
    """Writing a run was given up because the program ends."""


def write_run(
    path: Path,
    parts: Sequence[tuple[Hashes, Hashes]],
    *,
    stop: threading.Event | None = None,
) -> Run:
    """Write the hashes of all parts, each sorted by its high halves, as one run and open it.

    The file is whole and durable under its name, or not there. Memory is bounded whatever the size:
    one slice of the hash space is merged after the other.

    Raises:
        OSError: the disk refuses.
        StoppedError: `stop` was set meanwhile.
    """
    count = sum(len(high) for high, _ in parts)
    log2 = max(_FILTER_LOG2_MIN, (count * _FILTER_BITS_PER_HASH - 1).bit_length())
    filter_bytes = (1 << log2) // 8
    temporary = path.with_suffix(".new")
    try:
        with temporary.open("w+b") as file:
            # Not a sparse file: on a full disk, writing into one would kill the process.
            os.posix_fallocate(file.fileno(), 0, _HEADER_BYTES + filter_bytes + count * HASH_BYTES)
            # Closed by the last array that looks at it.
            mapped = mmap.mmap(file.fileno(), 0)
            _fill(mapped, parts, count, log2, stop)
            _write_header(mapped, count, log2)
            mapped.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
    return Run(path)


def sync_directory(directory: Path) -> None:
    """Make renames and removals within a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(
    mapped: mmap.mmap,
    parts: Sequence[tuple[Hashes, Hashes]],
    count: int,
    log2: int,
    stop: threading.Event | None,
) -> None:
    """Write the sections, one slice of the hash space after the other."""
    view = np.frombuffer(mapped, np.uint8)
    filter_end = _HEADER_BYTES + (1 << log2) // 8
    bits = view[_HEADER_BYTES:filter_end]
    halves = view[filter_end:].view("<u8")
    start = 0
    for high, low in _slices(parts, count):
        if stop is not None and stop.is_set():
            raise StoppedError
        end = start + len(high)
        halves[start:end] = high
        halves[count + start : count + end] = low
        _set_bits(bits, high, log2)
        _set_bits(bits, low, log2)
        start = end


def _set_bits(bits: NDArray[np.uint8], half: Hashes, log2: int) -> None:
    place = half >> np.uint64(64 - log2)
    flags = np.uint8(1) << (place & np.uint64(7)).astype(np.uint8)
    np.bitwise_or.at(bits, place >> np.uint64(3), flags)


def _slices(parts: Sequence[tuple[Hashes, Hashes]], count: int) -> Iterator[tuple[Hashes, Hashes]]:
    """Yield all hashes in ascending order, a bounded number at a time.

    Hashes are spread evenly, so equal shares of their space hold about equally many.
    """
    shares = max(1, count // _SLICE_HASHES)
    starts = [0] * len(parts)
    for share in range(1, shares + 1):
        if share == shares:
            ends = [len(high) for high, _ in parts]
        else:
            bound = np.uint64((share << 64) // shares)
            ends = [int(np.searchsorted(high, bound)) for high, _ in parts]
        spans = list(zip(parts, starts, ends, strict=True))
        high = np.concatenate([part[0][start:end] for part, start, end in spans])
        low = np.concatenate([part[1][start:end] for part, start, end in spans])
        order = np.argsort(high, kind="stable")
        yield high[order], low[order]
        starts = ends


def _write_header(mapped: mmap.mmap, count: int, log2: int) -> None:
    header = _HEADER.pack(_MAGIC, count, log2, _checksum(mapped), 0)[:-4]
    header += struct.pack("<I", zlib.crc32(header))
    mapped[: len(header)] = header


def _parse_header(header: bytes, path: Path) -> tuple[int, int, int]:
    if len(header) < _HEADER_BYTES:
        raise CorruptionError(f"{path} ends within its header", path=str(path))
    magic, count, log2, checksum, own = _HEADER.unpack_from(header)
    if magic != _MAGIC or own != zlib.crc32(header[: _HEADER.size - 4]) or log2 > 48:
        raise CorruptionError(f"{path} does not begin with a sound header", path=str(path))
    return count, log2, checksum


def _checksum(mapped: mmap.mmap) -> int:
    checksum = 0
    with memoryview(mapped) as view:
        for start in range(_HEADER_BYTES, len(view), _CHECK_BYTES):
            with view[start : start + _CHECK_BYTES] as part:
                checksum = zlib.crc32(part, checksum)
    return checksum
