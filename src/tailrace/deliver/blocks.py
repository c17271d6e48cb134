"""The events log as all destinations read it: one read and one decoding of a block, for everybody.

Destinations that stand at the same place share what was decoded; what nobody has asked for lately
is let go, so that memory stays the same however many there are and however far apart they stand.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, ParamSpec, Protocol, TypeVar

from tailrace.deliver.payload import Line, body_of, decoded, line_of, lines_of, minute_of
from tailrace.errors import OffsetGoneError
from tailrace.event import decode_block
from tailrace.log import EVENTS, Log, Record

P = ParamSpec("P")
T = TypeVar("T")

KEPT_BYTES_MAX: Final = 67_108_864
_WAIT_S: Final = 1.0
_READ_BYTES: Final = 1


class Run(Protocol):
    """Runs a function that waits, in a thread."""

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Return what the function returns."""
        ...


class Entry:
    """One event of a block, for all destinations: its JSON and its form for filters, made once."""

    __slots__ = ("_body", "_event", "line", "minute")

    def __init__(self, line: Line, minute: int) -> None:
        self.line = line
        self.minute = minute
        self._body = b""
        self._event: dict[str, Any] | None = None

    @classmethod
    def of(cls, body: bytes, source: str, minute: int) -> "Entry":
        """Return the event of a JSON that was made before."""
        entry = cls(line_of(body, source=source), minute)
        entry._body = body
        return entry

    @property
    def body(self) -> bytes:
        """The event's JSON."""
        if not self._body:
            self._body = body_of(self.line)
        return self._body

    @property
    def event(self) -> dict[str, Any]:
        """The event decoded; nobody may change it."""
        if self._event is None:
            self._event = decoded(self.body)
        return self._event


class Open(NamedTuple):
    """A block as it was read: its events, where the next one begins, and how large it is."""

    partition: int
    offset: int
    next: int
    entries: list[Entry]
    bytes: int
    oldest_at: float


class Reads(Protocol):
    """Where a runner gets blocks from: the events log, or the events of a backfill."""

    def ends(self) -> Mapping[int, int]:
        """Return the offset after the last record of each partition."""
        ...

    async def grown(self, seen: Mapping[int, int]) -> None:
        """Wait until it ends elsewhere than it was seen to."""
        ...

    async def at(self, partition: int, offset: int) -> Open | None:
        """Return the block at an offset, or the first one after it that is left; None for none."""
        ...


class Advances(Protocol):
    """Who is told how far a runner has come, once that is durable."""

    def advance(self, positions: Mapping[int, int]) -> None:
        """Note the offsets that are dealt with next, by partition."""
        ...


class Blocks:
    """Reads the events log for many readers on one event loop.

    One object of the log waits for records, another reads them, as each serves one thread at a
    time. `run` runs a function that waits in a thread.
    """

    def __init__(self, *, waiting: Log, reading: Log, run: Run) -> None:
        self._waiting_log = waiting
        self._reading_log = reading
        self._run = run
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], Open] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[tuple[int, int], asyncio.Task[Open | None]] = {}
        self._ends: Mapping[int, int] = {}
        self._grew = asyncio.Event()

    async def watch(self) -> None:
        """Learn of new records, for as long as it is not cancelled."""
        while True:
            ends = await self._run(self._look)
            if ends != self._ends:
                self._ends = ends
                grew, self._grew = self._grew, asyncio.Event()
                grew.set()

    def ends(self) -> Mapping[int, int]:
        """Return the offset after the last record of each partition."""
        return self._ends

    async def grown(self, seen: Mapping[int, int]) -> None:
        """Wait until the log ends elsewhere than it was seen to."""
        while self._ends == seen:
            await self._grew.wait()

    async def at(self, partition: int, offset: int) -> Open | None:
        """Return the block at an offset, or the first one after it that is left; None for none."""
        key = (partition, offset)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.ensure_future(self._run(self._read, partition, offset))
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        # Whoever asked may be stopped; the others that wait for the same block go on.
        block = await asyncio.shield(reading)
        if block is not None:
            self._keep(key, block)
        return block

    def _keep(self, key: tuple[int, int], block: Open) -> None:
        if key in self._kept:
            return
        self._kept[key] = block
        self._kept_bytes += block.bytes
        while self._kept_bytes > KEPT_BYTES_MAX and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= dropped.bytes

    def _look(self) -> Mapping[int, int]:
        """Return the ends of the partitions once they have moved, or after a second."""
        log = self._waiting_log
        log.wait(EVENTS, positions=self._ends, timeout_s=_WAIT_S)
        return {partition: extent.next for partition, extent in log.extents(EVENTS).items()}

    def _read(self, partition: int, offset: int) -> Open | None:
        try:
            records = self._records(partition, offset)
        except OffsetGoneError as error:
            records = self._records(partition, error.first)
        if not records:
            return None
        record = records[0]
        block = decode_block(record.body)
        entries = []
        texts: dict[str, int] = {}
        for line in lines_of(block.events):
            text = line.received_at[:16]
            minute = texts.get(text)
            if minute is None:
                minute = texts[text] = minute_of(line.received_at)
            entries.append(Entry(line, minute))
        return Open(
            partition=record.partition,
            offset=record.offset,
            next=record.offset + 1,
            entries=entries,
            # The decoded form is about as large again, and the JSON for destinations too.
            bytes=3 * len(block.events),
            oldest_at=block.received_at[0] / 1e6,
        )

    def _records(self, partition: int, offset: int) -> list[Record]:
        with self._lock:
            return self._reading_log.read(
                EVENTS, partition=partition, offset=offset, records_max=1, bytes_max=_READ_BYTES
            )
