"""Blocks: what one append becomes."""

import random

import pytest

from tailrace.log import NewRecord, Record
from tailrace.log.blocks import (
    BLOCK_BYTES_MAX,
    PLAIN,
    ZSTD,
    BlockEncoder,
    StoredBlock,
    problem_of,
    unpack,
)


def encode(records: list[NewRecord], *, offset: int = 0) -> list[StoredBlock]:
    return BlockEncoder().encode(records, partition=3, offset=offset, written_at=1)


def test_records_come_back_with_partition_and_offset() -> None:
    (block,) = encode([NewRecord(b"k", b"a"), NewRecord(b"", b"")], offset=7)

    assert unpack(block, partition=3) == [Record(3, 7, b"k", b"a"), Record(3, 8, b"", b"")]
    assert block.end == 9


def test_text_is_compressed_and_noise_is_not() -> None:
    (text,) = encode([NewRecord(b"", b"the same words " * 500)])
    (noise,) = encode([NewRecord(b"", random.Random(1).randbytes(5_000))])

    assert text.codec == ZSTD
    assert len(text.body) < 500
    assert noise.codec == PLAIN


def test_a_large_append_becomes_several_blocks_without_a_gap() -> None:
    records = [NewRecord(b"", b"x" * 90_000)] * 150

    blocks = encode(records, offset=5)

    assert len(blocks) > 1
    assert all(block.size <= BLOCK_BYTES_MAX for block in blocks)
    assert [block.offset for block in blocks] == [5, *(block.end for block in blocks[:-1])]
    assert blocks[-1].end == 155
    assert [r.body for block in blocks for r in unpack(block, partition=3)] == [
        record.body for record in records
    ]


@pytest.mark.parametrize("field", ["offset", "records_count", "size", "codec", "written_at"])
def test_the_checksum_covers_every_field(field: str) -> None:
    (block,) = encode([NewRecord(b"k", b"body")])
    changed = block._replace(**{field: getattr(block, field) + 1})

    assert problem_of(block, partition=3) == ""
    assert "checksum" in problem_of(changed, partition=3)
    assert "checksum" in problem_of(block, partition=4)
    assert "type" in problem_of((*block[:-1], "text"), partition=3)
