"""What the logs hold that the next stage has not read yet, read within bounds."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.ledger import REFINE_GROUP, REFINED, STORE_GROUP
from tailrace.log.books import EVER
from tailrace.log.contract import EVENTS, RAW, Count, Extent, Log, Record

_READ_RECORDS_MAX = 1_000
_READ_BYTES_MAX = 8_388_608
_SCAN_BYTES_MAX = 536_870_912
_SCAN_S_MAX = 10.0

# A stream, and the group whose position it is read beyond.
RAW_TAIL = (RAW, REFINE_GROUP)
EVENTS_TAIL = (EVENTS, STORE_GROUP)


class Readable(Protocol):
    """What `Tail` asks of a log."""

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """Return records from `offset` on; see `Log.read`."""
        ...

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """Return where each partition begins and ends."""
        ...

    def positions(self, group: str) -> Mapping[int, int]:
        """Return the group's committed positions."""
        ...


class LogReader:
    """The log, for the threads that answer requests: one call at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = threading.Lock()

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """Return records from `offset` on; see `Log.read`."""
        with self._lock:
            return self._log.read(
                stream,
                partition=partition,
                offset=offset,
                records_max=records_max,
                bytes_max=bytes_max,
            )

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """Return where each partition begins and ends."""
        with self._lock:
            return self._log.extents(stream)

    def positions(self, group: str) -> Mapping[int, int]:
        """Return the group's committed positions."""
        with self._lock:
            return self._log.positions(group)

    def counts(self, *, minute_from: int, minute_until: int) -> list[Count]:
        """Return the ledger's counts of those minutes."""
        with self._lock:
            return self._log.counts(minute_from=minute_from, minute_until=minute_until)

    def refined_since(self, minute: int) -> int:
        """Return how many events were refined that were received in that minute or later."""
        counts = self.counts(minute_from=minute, minute_until=EVER)
        return sum(each.events for each in counts if each.outcome == REFINED)

    def lag_records(self, tail: tuple[str, str]) -> int:
        """Return how many records of a tail wait to be read."""
        stream, group = tail
        positions = self.positions(group)
        return sum(
            max(0, extent.next - max(positions.get(partition, 0), extent.first))
            for partition, extent in self.extents(stream).items()
        )


class Tail:
    """One look at the records of a stream that a group has not committed.

    Iterate it once; then `records` and `bytes` say how much was read, and `problem` why that was
    not everything ("" when it was).
    """

    def __init__(
        self,
        log: Readable,
        tail: tuple[str, str],
        *,
        bytes_max: int = _SCAN_BYTES_MAX,
        time_s_max: float = _SCAN_S_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._stream, self._group = tail
        self._bytes_max = bytes_max
        self._time_s_max = time_s_max
        self._monotonic = monotonic
        self.records = 0
        self.bytes = 0
        self.problem = ""

    def __iter__(self) -> Iterator[Record]:
        """Give the records; what is appended after the first one was asked for is left out."""
        deadline = self._monotonic() + self._time_s_max
        # In this order: a record that is committed in between is then seen once more, which its
        # group's later count allows for. The other way round it might not be seen at all.
        positions = self._log.positions(self._group)
        extents = self._log.extents(self._stream)
        for partition, extent in sorted(extents.items()):
            offset = max(positions.get(partition, 0), extent.first)
            while offset < extent.next:
                if self.bytes > self._bytes_max or self._monotonic() > deadline:
                    self.problem = f"only {self.records} records were read: too many at once"
                records = [] if self.problem else self._read(partition, offset)
                if not records:
                    break
                for record in records:
                    if record.offset >= extent.next:
                        break
                    self.records += 1
                    self.bytes += len(record.body)
                    yield record
                offset = records[-1].offset + 1

    def _read(self, partition: int, offset: int) -> list[Record]:
        try:
            return self._log.read(
                self._stream,
                partition=partition,
                offset=offset,
                records_max=_READ_RECORDS_MAX,
                bytes_max=_READ_BYTES_MAX,
            )
        except OffsetGoneError:
            self.problem = "its oldest records were removed while they were read; ask again"
        except CorruptionError as error:
            self.problem = str(error)
        return []
