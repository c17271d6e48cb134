"""A log with small segments in a temporary directory, opened as often as a test likes."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailrace.config import LogConfig
from tailrace.log import Count, NewRecord, Record, SqliteLog
from tailrace.testing import ManualClock

ACCEPTED = Count("web", 1, "accepted", 1)


class Logs:
    """Opens logs on one directory, and looks at its files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self._opened: list[SqliteLog] = []

    def open(self, *, segment_bytes_max: int = 60_000, stream_bytes_max: int = 2**40) -> SqliteLog:
        limits = LogConfig(
            segment_bytes_max=segment_bytes_max,
            raw_bytes_max=stream_bytes_max,
            events_bytes_max=stream_bytes_max,
        )
        log = SqliteLog(self.directory, limits=limits, clock=self.clock)
        self._opened.append(log)
        return log

    def close(self) -> None:
        for log in self._opened:
            log.close()
        self._opened.clear()

    def segments(self, stream: str, partition: int = 0) -> list[Path]:
        return sorted((self.directory / stream / str(partition)).glob("0*.db"))

    def fill(
        self,
        stream: str,
        *,
        records: int = 40,
        append: Callable[[list[NewRecord]], object] | None = None,
    ) -> list[bytes]:
        """Append records that do not compress, one each; return all bodies appended."""
        log = self.open()
        writer = log.writer(stream)
        bodies = [random.Random(number).randbytes(5_000) for number in range(records)]
        for body in bodies:
            writer.append([NewRecord(b"key", body)], [ACCEPTED])
        self.close()
        return bodies

    def read_from(self, log: SqliteLog, stream: str, offset: int) -> list[Record]:
        """Return all records from `offset` on; raises at damage like `SqliteLog.read`."""
        found: list[Record] = []
        while records := log.read(
            stream, partition=0, offset=offset, records_max=1_000, bytes_max=10**9
        ):
            found += records
            offset = records[-1].offset + 1
        return found


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    logs = Logs(tmp_path / "log")
    yield logs
    logs.close()
