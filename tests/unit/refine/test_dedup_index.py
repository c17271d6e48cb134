from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from events_log import DAY_US, EventsLog, digest

from tailrace.log.contract import Log
from tailrace.refine.dedup import DedupIndex
from tailrace.refine.dedup.manifest import RunEntry
from tailrace.refine.dedup.merge import runs_to_merge

NOW_US = 20_000 * DAY_US
Commit = Callable[..., None]


class Fixture:
    """An index over a log, as the runner uses them."""

    def __init__(self, directory: Path, **changes: Any) -> None:
        self.log = EventsLog()
        self.directory = directory
        self.now_us = NOW_US
        self.changes = {"recent_max": 100, **changes}
        self.index = self.opened()

    def opened(self) -> DedupIndex:
        """Return the index as a process finds it that starts after this one was killed."""
        self.index = DedupIndex(
            self.directory,
            window_s=7 * 86_400.0,
            clock=lambda: self.now_us / 1_000_000,
            **self.changes,
        )
        self.index.open(cast("Log", self.log))
        return self.index

    def commit(self, numbers: range, *, at_us: int | None = None, partition: int = 0) -> None:
        at_us = self.now_us if at_us is None else at_us
        hashes, _ = self.log.append(numbers, at_us=at_us, partition=partition)
        self.index.add(hashes, received_at=(at_us, at_us))
        self.index.tend(cast("Log", self.log))

    def close(self) -> None:
        self.index.close(cast("Log", self.log))

    def unknown(self, numbers: range) -> list[int]:
        found = self.index.contains([digest(number) for number in numbers])
        return [number for number, is_known in zip(numbers, found, strict=True) if not is_known]


@pytest.fixture
def fixture(tmp_path: Path) -> Fixture:
    return Fixture(tmp_path / "dedup")


def test_nothing_is_known_at_first(fixture: Fixture) -> None:
    assert fixture.unknown(range(3)) == [0, 1, 2]
    assert fixture.index.contains([]) == []


def test_ids_are_known_in_memory_and_in_files(fixture: Fixture) -> None:
    for start in range(0, 1_000, 30):
        fixture.commit(range(start, start + 30))

    assert fixture.index.runs_count > 0
    assert fixture.unknown(range(1_050)) == list(range(1_020, 1_050))


def test_a_killed_process_leaves_nothing_unknown(fixture: Fixture) -> None:
    for start in range(0, 250, 10):
        fixture.commit(range(start, start + 10))

        fixture.opened()

        assert fixture.unknown(range(start + 20)) == list(range(start + 10, start + 20))


def test_a_block_that_was_committed_and_not_added_is_found_at_the_start(fixture: Fixture) -> None:
    fixture.commit(range(120))
    fixture.log.append(range(120, 130), at_us=NOW_US)

    fixture.opened()

    assert fixture.unknown(range(130)) == []


def test_after_a_clean_end_nothing_is_read_again(fixture: Fixture) -> None:
    fixture.commit(range(10))
    fixture.close()
    fixture.log.damaged.add((0, 0))

    fixture.opened()

    assert fixture.unknown(range(10)) == []


def test_several_partitions_are_read(fixture: Fixture) -> None:
    fixture.commit(range(10), partition=0)
    fixture.commit(range(10, 150), partition=2)
    fixture.commit(range(150, 160), partition=0)

    fixture.opened()

    assert fixture.unknown(range(160)) == []


def test_many_blocks_are_read_again_in_bounded_memory(fixture: Fixture) -> None:
    for start in range(0, 1_000, 10):
        fixture.log.append(range(start, start + 10), at_us=NOW_US)

    fixture.opened()

    assert fixture.index.runs_count >= 9
    assert fixture.unknown(range(1_000)) == []


def test_ids_are_forgotten_after_the_window_and_not_before(fixture: Fixture) -> None:
    fixture.commit(range(10))
    for day in range(1, 8):
        fixture.now_us = NOW_US + day * DAY_US
        fixture.commit(range(10 * day, 10 * day + 10))
        assert fixture.unknown(range(10 * day + 10)) == []
    fixture.now_us = NOW_US + 10 * DAY_US
    fixture.commit(range(100, 101))
    fixture.commit(range(101, 102))

    assert fixture.unknown(range(10)) == list(range(10))
    assert fixture.unknown(range(40, 102)) == [*range(80, 100)]


def test_a_receipt_in_the_future_lets_nothing_expire(fixture: Fixture) -> None:
    fixture.commit(range(10))
    fixture.commit(range(10, 20), at_us=NOW_US + 100 * DAY_US)
    fixture.commit(range(20, 30))

    assert fixture.unknown(range(30)) == []


def test_a_late_reader_compares_with_what_was_known_then(fixture: Fixture) -> None:
    fixture.commit(range(10), at_us=NOW_US)
    fixture.now_us = NOW_US + 30 * DAY_US
    fixture.commit(range(10, 20), at_us=NOW_US + DAY_US)
    fixture.commit(range(20, 30), at_us=NOW_US + 2 * DAY_US)

    assert fixture.unknown(range(30)) == []


def test_merging_keeps_every_id_and_few_files(fixture: Fixture) -> None:
    for start in range(0, 6_400, 100):
        fixture.commit(range(start, start + 100))
        fixture.index.merge_all(timeout_s=60)

    assert fixture.index.runs_count <= 9
    assert fixture.unknown(range(6_500)) == list(range(6_400, 6_500))
    files = {path.name for path in fixture.directory.iterdir()}
    assert len(files) == fixture.index.runs_count + 1
    fixture.opened()
    assert fixture.unknown(range(6_400)) == []


def test_a_merge_goes_on_beside_the_steps(fixture: Fixture) -> None:
    for start in range(0, 3_000, 10):
        fixture.commit(range(start, start + 10))
        assert fixture.unknown(range(start + 10)) == []
    fixture.close()
    fixture.opened()
    assert fixture.unknown(range(3_000)) == []


def runs_of(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.ids"))


def test_a_damaged_run_is_read_again_from_the_log(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 300, 50):
        fixture.commit(range(start, start + 50))
    path = runs_of(fixture.directory)[1]
    text = bytearray(path.read_bytes())
    text[-1] ^= 1
    path.write_bytes(text)

    fixture.opened()

    assert "is damaged" in caplog.text
    assert fixture.unknown(range(300)) == []
    assert path not in runs_of(fixture.directory)
    fixture.opened()
    assert fixture.unknown(range(300)) == []


def test_what_neither_a_run_nor_the_log_has_is_reported(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 300, 50):
        fixture.commit(range(start, start + 50))
    runs_of(fixture.directory)[0].write_bytes(b"")
    fixture.log.first[0] = 1

    fixture.opened()

    assert fixture.unknown(range(300)) == list(range(50))
    assert "offsets 0 to 0 are unknown" in caplog.text


def test_blocks_that_retention_removed_before_they_were_read_are_reported(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 100, 10):
        fixture.log.append(range(start, start + 10), at_us=NOW_US)
    fixture.log.first[0] = 4

    fixture.opened()

    assert fixture.unknown(range(100)) == list(range(40))
    assert "offsets 0 to 3 are unknown" in caplog.text


def test_a_damaged_block_is_reported_and_the_others_are_read(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 100, 10):
        fixture.log.append(range(start, start + 10), at_us=NOW_US)
    fixture.log.damaged.add((0, 4))
    fixture.log.blocks[0][6] = b"\xc1"

    fixture.opened()

    assert fixture.unknown(range(100)) == [*range(40, 50), *range(60, 70)]
    assert "offsets 4 to 4 are unknown" in caplog.text
    assert "offsets 6 to 6 are unknown" in caplog.text


@pytest.mark.parametrize("text", [b"", b"00000000\n{}", b"junk", b"\xff" * 100])
def test_a_damaged_manifest_is_made_again_from_the_log(
    fixture: Fixture, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 300, 50):
        fixture.commit(range(start, start + 50))
    (fixture.directory / "manifest.json").write_bytes(text)

    fixture.opened()

    assert "the list of message id files is damaged" in caplog.text
    assert fixture.unknown(range(300)) == []


def test_what_a_crash_left_behind_is_removed(fixture: Fixture) -> None:
    (fixture.directory / "0000000009.ids").write_bytes(b"half")
    (fixture.directory / "0000000010.new").write_bytes(b"half")

    fixture.opened()

    assert runs_of(fixture.directory) == []
    assert not list(fixture.directory.glob("*.new"))


def test_a_log_that_was_begun_anew_is_read_from_its_beginning(
    fixture: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    for start in range(0, 100, 10):
        fixture.commit(range(start, start + 10))
    fixture.close()
    fixture.log = EventsLog()
    fixture.log.append(range(500, 510), at_us=NOW_US)

    fixture.opened()

    assert "taking it for a new log" in caplog.text
    assert fixture.unknown(range(510)) == list(range(100, 500))


def test_a_disk_that_refuses_forgets_nothing(
    fixture: Fixture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tailrace.refine.dedup.run.os.posix_fallocate", refuse)
        for start in range(0, 300, 50):
            fixture.commit(range(start, start + 50))
    assert "No space left" in caplog.text
    assert fixture.unknown(range(300)) == []

    fixture.commit(range(300, 301))

    assert fixture.index.runs_count == 1
    assert fixture.unknown(range(301)) == []


def entry(file: str, count: int, cell: int) -> RunEntry:
    return RunEntry(file=file, count=count, covers={}, received_at=(cell * 10, cell * 10 + 9))


@pytest.mark.parametrize(
    ("runs", "merged"),
    [
        ([], ""),
        ([("a", 100, 1), ("b", 100, 1), ("c", 100, 1)], ""),
        ([("a", 100, 1), ("b", 100, 1), ("c", 100, 1), ("d", 30, 1)], "abcd"),
        # One of another size waits for its like.
        ([("a", 400, 1), ("b", 100, 1), ("c", 100, 1), ("d", 100, 1)], ""),
        ([("a", 400, 1), ("b", 100, 1), ("c", 100, 1), ("d", 100, 1), ("e", 90, 1)], "bcde"),
        # A cell that is over ends as one run.
        ([("a", 100, 1), ("b", 100, 1), ("c", 100, 2)], "ab"),
        # A straggler does not make a large run be written again.
        ([("a", 1_000, 1), ("b", 1, 1), ("c", 100, 2)], ""),
        ([("a", 1_000, 1), ("b", 1, 1), ("d", 1, 1), ("e", 1, 1), ("c", 100, 2)], "abde"),
    ],
)
def test_runs_of_one_size_and_time_are_merged(
    runs: list[tuple[str, int, int]], merged: str
) -> None:
    found = runs_to_merge([entry(*run) for run in runs], cell_us=10, small=100)

    assert "".join(run.file for run in found) == merged
