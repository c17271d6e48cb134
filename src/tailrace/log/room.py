"""Keeps a stream within its limits: old records make way, or appending is refused."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tailrace.errors import LogFullError
from tailrace.log.layout import database_bytes, partition_numbers, segment_bases, segment_path

# Other writers of the stream grow it too, so the files are looked at again this often.
_MEASURE_S = 1.0
# While nothing may be removed, trying again for each refused append would cost more than it helps.
_RETRY_S = 0.25


def stream_bytes(stream_directory: Path) -> int:
    """Return what the stream's segments take on disk."""
    return sum(
        database_bytes(segment_path(stream_directory / str(number), base))
        for number in partition_numbers(stream_directory)
        for base in segment_bases(stream_directory / str(number))
    )


class Room:
    """One writer's view of how much the stream may still grow."""

    def __init__(
        self,
        stream_directory: Path,
        *,
        bytes_max: int,
        free_bytes_min: int,
        make_room: Callable[[], None],
    ) -> None:
        self._directory = stream_directory
        self._bytes_max = bytes_max
        self._free_bytes_min = free_bytes_min
        self._make_room = make_room
        self._measured = 0
        self._disk_free = 0
        self._since = 0
        self._measured_at = float("-inf")
        self._refused_at = float("-inf")

    def take(self, adding: int) -> None:
        """Count bytes that are about to be appended.

        Raises:
            LogFullError: a limit is reached and nothing may be removed.
        """
        now = time.monotonic()
        if now - self._measured_at > _MEASURE_S or self._since > self._bytes_max // 64:
            self._measure(now)
        if self._problem(adding):
            self._measure(now)
            if self._problem(adding):
                self._free(now, adding)
        self._since += adding

    def _free(self, now: float, adding: int) -> None:
        if now - self._refused_at > _RETRY_S:
            self._make_room()
            self._measure(now)
            if not self._problem(adding):
                return
            self._refused_at = now
        raise LogFullError(
            f"{self._directory}: {self._problem(adding)}, and no segment may be removed before all "
            "groups have read it"
        )

    def _problem(self, adding: int) -> str:
        """Return which limit the bytes would break; empty when they fit."""
        taken = self._measured + self._since
        if taken + adding > self._bytes_max:
            return f"{taken} bytes and {adding} more; the limit is {self._bytes_max}"
        # What is appended lies in the write-ahead log and in the segment until the one is cleared.
        free = self._disk_free - 2 * self._since
        if self._free_bytes_min and free - adding < self._free_bytes_min:
            return (
                f"{free} bytes of its disk are free; below {self._free_bytes_min} "
                "(log.free_bytes_min) nothing is appended"
            )
        return ""

    def _measure(self, now: float) -> None:
        self._measured = stream_bytes(self._directory)
        self._disk_free = shutil.disk_usage(self._directory).free
        self._measured_at = now
        self._since = 0
