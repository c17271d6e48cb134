"""A stand-in for the reading methods of a log that deduplication uses."""

from collections.abc import Mapping

from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.event import BLOCK_VERSION, Block, encode_block
from tailrace.log.contract import Damage, Extent, Record

DAY_US = 86_400_000_000


def digest(number: int) -> bytes:
    """Return a hash that is spread like a real one."""
    return (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)).to_bytes(16, "little")


class EventsLog:
    """Partitions of blocks; `first` is what retention has left, `damaged` what cannot be read."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[bytes]] = {}
        self.first: dict[int, int] = {}
        self.damaged: set[tuple[int, int]] = set()

    def append(self, numbers: range, *, at_us: int, partition: int = 0) -> tuple[bytes, int]:
        hashes = b"".join(map(digest, numbers))
        block = Block(BLOCK_VERSION, [], hashes, (at_us, at_us), len(numbers), b"", 0, b"")
        self.blocks.setdefault(partition, []).append(encode_block(block))
        return hashes, at_us

    def extents(self, stream: str) -> Mapping[int, Extent]:
        assert stream == "events"
        return {
            partition: Extent(self.first.get(partition, 0), len(blocks), 0)
            for partition, blocks in self.blocks.items()
        }

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        first = self.first.get(partition, 0)
        if offset < first:
            raise OffsetGoneError("gone", first=first)
        if (partition, offset) in self.damaged:
            raise CorruptionError("damaged", path="x", partition=partition, offset=offset)
        records = []
        for at in range(offset, min(offset + min(records_max, 3), len(self.blocks[partition]))):
            if (partition, at) in self.damaged:
                break
            records.append(Record(partition, at, b"", self.blocks[partition][at]))
        return records

    def check(self, stream: str) -> list[Damage]:
        assert stream == "events"
        found: list[Damage] = []
        for partition, offset in sorted(self.damaged):
            last = found[-1] if found else None
            if last and (last.partition, last.offset_until) == (partition, offset):
                found[-1] = last._replace(offset_until=offset + 1)
            else:
                found.append(Damage("x", "damaged", partition, offset, offset + 1))
        return found
