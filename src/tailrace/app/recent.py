"""The newest blocks of the events log."""

from collections.abc import Iterator
from typing import Final

from tailrace.app.tails import LogReader
from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.event import Block, decode_block
from tailrace.log import EVENTS

BLOCKS_MAX: Final = 50
_READ_BYTES: Final = 1


def recent_blocks(log: LogReader, *, blocks_max: int = BLOCKS_MAX) -> Iterator[Block]:
    """Yield blocks from the end of the log on, of each partition in turn; damaged ones are not.

    They end where every partition has, or after `blocks_max` of each.
    """
    extents = log.extents(EVENTS)
    longest = max((each.next - each.first for each in extents.values()), default=0)
    for back in range(1, min(blocks_max, longest) + 1):
        for partition, extent in sorted(extents.items()):
            offset = extent.next - back
            if offset < extent.first:
                continue
            try:
                records = log.read(
                    EVENTS,
                    partition=partition,
                    offset=offset,
                    records_max=1,
                    bytes_max=_READ_BYTES,
                )
            except (CorruptionError, OffsetGoneError):
                continue
            yield from (decode_block(record.body) for record in records)
