import os
import threading
from pathlib import Path

import numpy as np
import pytest

from tailrace.errors import CorruptionError
from tailrace.refine.dedup.run import Run, StoppedError, halves_of, write_run


def hashes(count: int, *, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(16 * count)


def part(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    high, low = halves_of(text)
    order = np.argsort(high, kind="stable")
    return high[order], low[order]


@pytest.mark.parametrize("count", [1, 2, 1_000, 20_000])
def test_a_run_knows_exactly_what_was_written(tmp_path: Path, count: int) -> None:
    run = write_run(tmp_path / "1.ids", [part(hashes(count))])

    assert run.count == count
    assert run.contains(*halves_of(hashes(count))).all()
    assert not run.contains(*halves_of(hashes(count, seed=2))).any()


def test_a_run_of_several_parts_is_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailrace.refine.dedup.run._SLICE_HASHES", 100)
    texts = [hashes(count, seed=count) for count in (5, 700, 1_300)]

    run = write_run(tmp_path / "1.ids", [part(text) for text in texts])

    assert run.count == 2_005
    assert (run.high[:-1] <= run.high[1:]).all()
    assert all(run.contains(*halves_of(text)).all() for text in texts)


def test_hashes_that_share_one_half_are_told_apart(tmp_path: Path) -> None:
    one, two, other = (half.to_bytes(8, "little") for half in (1, 2, 3))
    run = write_run(tmp_path / "1.ids", [part(one + one + one + two + two + one)])

    found = run.contains(*halves_of(one + one + one + two + one + other + two + two))

    assert found.tolist() == [True, True, False, False]


def test_the_greatest_and_the_smallest_hash_are_found(tmp_path: Path) -> None:
    text = b"\0" * 16 + b"\xff" * 16

    run = write_run(tmp_path / "1.ids", [part(text)])

    assert run.contains(*halves_of(text)).all()


@pytest.mark.parametrize("place", [0, 9, 20, 70, 400, -1])
def test_a_flipped_bit_is_found_at_opening(tmp_path: Path, place: int) -> None:
    path = write_run(tmp_path / "1.ids", [part(hashes(100))]).path
    text = bytearray(path.read_bytes())
    text[place] ^= 4
    path.write_bytes(text)

    with pytest.raises(CorruptionError, match=r"1\.ids"):
        Run(path)


@pytest.mark.parametrize("size", [0, 10, 64, 500])
def test_a_file_that_was_cut_is_found_at_opening(tmp_path: Path, size: int) -> None:
    path = write_run(tmp_path / "1.ids", [part(hashes(100))]).path
    os.truncate(path, size)

    with pytest.raises(CorruptionError, match=r"1\.ids"):
        Run(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CorruptionError, match="cannot be read"):
        Run(tmp_path / "1.ids")


def test_writing_can_be_given_up(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(StoppedError):
        write_run(tmp_path / "1.ids", [part(hashes(100))], stop=stop)

    assert not (tmp_path / "1.ids").exists()
