"""Read message id hashes out of the events log."""

import logging
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.log.contract import EVENTS, Log
from tailrace.refine import metrics

_logger = logging.getLogger(__name__)

READ_BYTES_MAX: Final = 33_554_432
READ_RECORDS_MAX: Final = 1_000


class BlockIds(msgspec.Struct, array_like=True, frozen=True):
    """The first fields of a `Block`; the lines behind them are passed over."""

    version: int
    counts: list[tuple[str, int, int]]
    id_hashes: bytes
    received_at: tuple[int, int]


class Ids(NamedTuple):
    """The hashes of one block, and the offset behind it."""

    hashes: bytes
    received_at: tuple[int, int]
    next_offset: int


_decode = msgspec.msgpack.Decoder(BlockIds).decode


def read_ids(log: Log, *, partition: int, start: int, end: int) -> Iterator[Ids]:
    """Yield the ids of the blocks in [start, end) of a partition.

    What retention has removed or damage made unreadable is passed over and reported.
    """
    offset = start
    while offset < end:
        try:
            records = log.read(
                EVENTS,
                partition=partition,
                offset=offset,
                records_max=min(READ_RECORDS_MAX, end - offset),
                bytes_max=READ_BYTES_MAX,
            )
        except OffsetGoneError as error:
            first = min(max(error.first, offset + 1), end)
            report_lost(partition, offset, first, "retention has removed them")
            offset = first
            continue
        except CorruptionError as error:
            beyond = min(_after_damage(log, partition=partition, offset=offset), end)
            report_lost(partition, offset, beyond, str(error))
            offset = beyond
            continue
        if not records:
            return
        for record in records:
            if record.offset > offset:
                report_lost(partition, offset, record.offset, "they were set aside as damaged")
            offset = record.offset + 1
            try:
                block = _decode(record.body)
            except msgspec.DecodeError as error:
                report_lost(partition, record.offset, offset, str(error))
                continue
            yield Ids(block.id_hashes, block.received_at, offset)


def _after_damage(log: Log, *, partition: int, offset: int) -> int:
    """Return the first offset behind the damaged records that begin at or before `offset`.

    A segment that was cut is followed by one that begins a million offsets later, so going on one
    by one would take minutes.
    """
    ends = [
        damage.offset_until
        for damage in log.check(EVENTS)
        if damage.partition == partition and damage.offset_from <= offset < damage.offset_until
    ]
    return max([offset + 1, *ends])


def report_lost(partition: int, start: int, end: int, reason: str) -> None:
    """Say that repeats of the events in these blocks will not be recognised."""
    metrics.DEDUP_LOST_RECORDS.inc(end - start)
    _logger.error(
        "message ids of events partition %d, offsets %d to %d are unknown (%s): "
        "if clients send those events again, they are stored twice",
        partition,
        start,
        end - 1,
        reason,
    )
