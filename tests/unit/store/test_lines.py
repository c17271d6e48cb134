from tailrace.store.insert import joined_lines


def test_lines_of_several_blocks_stay_lines() -> None:
    assert joined_lines([b'{"a":1}\n', b"", b'{"a":2}', b'{"a":3}\n']) == (
        b'{"a":1}\n{"a":2}\n{"a":3}\n'
    )


def test_lines_of_one_block_are_not_copied() -> None:
    lines = b'{"a":1}\n'

    assert joined_lines([lines]) is lines
