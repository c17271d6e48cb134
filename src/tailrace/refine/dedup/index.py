"""The message ids of the window: recent ones in memory, older ones in sorted files.

It is derived from the events log and never ahead of it: `add` is called with what was committed,
and after a crash the tail of the log is read again (`open`). So it agrees with the committed
positions at whatever moment a process was killed.

    manifest.json   the runs, and the offsets of the events log up to which they are complete
    <serial>.ids    a run, see `dedup.run`

A run is written when enough ids are in memory, or when a new *cell* of time begins, an eighth of
the window. Runs of one cell are merged until few are left; a run whose newest id is older than the
window is removed. An id is thus known for the window, and for up to two cells more.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec.structs import replace

from tailrace.errors import CorruptionError
from tailrace.log.contract import EVENTS, Extent, Log
from tailrace.refine import metrics
from tailrace.refine.dedup.manifest import Manifest, RunEntry, read_manifest, write_manifest
from tailrace.refine.dedup.merge import Merger, runs_to_merge
from tailrace.refine.dedup.replay import read_ids, report_lost
from tailrace.refine.dedup.run import HASH_BYTES, Run, StoppedError, halves_of, write_run

_logger = logging.getLogger(__name__)

CELLS_PER_WINDOW: Final = 8
# About 90 bytes each in memory.
RECENT_MAX: Final = 250_000
_MICROSECONDS: Final = 1_000_000
_SUFFIX: Final = ".ids"


class DedupIndex:
    """Knows the ids of the events that were refined within the window; used by one thread."""

    def __init__(
        self,
        directory: Path,
        *,
        window_s: float,
        clock: Callable[[], float],
        recent_max: int = RECENT_MAX,
    ) -> None:
        self._directory = directory
        self._window_us = int(window_s * _MICROSECONDS)
        self._cell_us = max(1, self._window_us // CELLS_PER_WINDOW)
        self._clock = clock
        self._recent_max = recent_max
        self._recent: set[bytes] = set()
        # Oldest and newest receipt of what is in memory; the newest of all, for expiry.
        self._recent_received: tuple[int, int] | None = None
        self._newest_us = 0
        self._manifest = Manifest()
        self._runs: dict[str, Run] = {}
        self._merger = Merger()

    def open(self, log: Log) -> None:
        """Load the runs, rebuild damaged ones, and read what the events log has beyond them."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._manifest = read_manifest(self._directory)
        except CorruptionError as error:
            metrics.DEDUP_DAMAGED.inc()
            _logger.error("the list of message id files is damaged, reading all again: %s", error)
        damaged = [entry for entry in self._manifest.runs if not self._open_run(entry)]
        self._newest_us = max((run.received_at[1] for run in self._manifest.runs), default=0)
        for entry in damaged:
            self._rebuild(entry, log)
        self._remove_unlisted()
        self.catch_up(log)
        self._report_size()

    def catch_up(self, log: Log) -> None:
        """Add the ids of all blocks that the runs do not cover; harmless where they are known."""
        covers: dict[int, tuple[int, int]] = {}
        for partition, extent in sorted(log.extents(EVENTS).items()):
            start = self._next_uncovered(partition, extent)
            for ids in read_ids(log, partition=partition, start=start, end=extent.next):
                self.add(ids.hashes, received_at=ids.received_at)
                covers[partition] = (start, ids.next_offset)
                if len(self._recent) >= self._recent_max:
                    self._flush(covers)
                    covers = {}
                    start = ids.next_offset

    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        """Tell for each hash whether it is known; about 1 µs each, however many are known."""
        recent = self._recent
        found = [digest in recent for digest in hashes]
        unknown = [index for index, is_known in enumerate(found) if not is_known]
        if not self._runs or not unknown:
            return found
        high, low = halves_of(b"".join([hashes[index] for index in unknown]))
        in_runs = np.zeros(len(unknown), np.bool_)
        for run in self._runs.values():
            in_runs |= run.contains(high, low)
        for position in np.flatnonzero(in_runs).tolist():
            found[unknown[position]] = True
        return found

    def add(self, hashes: bytes, *, received_at: tuple[int, int]) -> None:
        """Note the hashes of a committed block, 16 bytes each, and its first and last receipt."""
        if not hashes:
            return
        self._recent.update(
            [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
        )
        oldest, newest = self._recent_received or received_at
        self._recent_received = (min(oldest, received_at[0]), max(newest, received_at[1]))
        self._newest_us = max(self._newest_us, received_at[1])

    def tend(self, log: Log) -> None:
        """Write, merge and expire what is due; called between two steps.

        A disk that refuses is reported, and everything stays known: the events log, on the same
        disk, bounds how much more can come.
        """
        try:
            if self._is_flush_due():
                self._flush(self._uncovered(log))
            self._take_merge(timeout_s=0.0)
            self._expire()
            self._begin_merge()
        except OSError as error:
            _logger.error("message ids could not be written to %s: %s", self._directory, error)
        self._report_size()

    def merge_all(self, *, timeout_s: float) -> None:
        """Merge until nothing is left to merge, waiting for each; for tests and measurements."""
        self._take_merge(timeout_s=timeout_s)
        while self._begin_merge():
            self._take_merge(timeout_s=timeout_s)

    def close(self, log: Log | None) -> None:
        """Write what is in memory, so that the next start has nothing to read again.

        Without a log nothing is written: the last commit failed, so it is not known what to cover.
        """
        self._merger.close()
        if log is None:
            return
        try:
            self._flush(self._uncovered(log))
        except OSError as error:
            _logger.error("message ids could not be written to %s: %s", self._directory, error)

    @property
    def runs_count(self) -> int:
        """How many files there are."""
        return len(self._runs)

    def _is_flush_due(self) -> bool:
        if self._recent_received is None:
            return False
        oldest, newest = self._recent_received
        return len(self._recent) >= self._recent_max or (
            oldest // self._cell_us < newest // self._cell_us
        )

    def _uncovered(self, log: Log) -> dict[int, tuple[int, int]]:
        """Return the blocks that are in no run; all of them are in memory."""
        starts = self._manifest.positions
        return {
            partition: (min(starts.get(partition, extent.first), extent.next), extent.next)
            for partition, extent in log.extents(EVENTS).items()
            if starts.get(partition, 0) != extent.next
        }

    def _next_uncovered(self, partition: int, extent: Extent) -> int:
        """Return the offset of the first block in no run; say what is in neither run nor log."""
        start = self._manifest.positions.get(partition, 0)
        if start > extent.next:
            _logger.warning(
                "events partition %d ends at offset %d, before the %d up to which its message ids "
                "are known: taking it for a new log",
                partition,
                extent.next,
                start,
            )
            return extent.first
        if start < extent.first:
            report_lost(partition, start, extent.first, "retention has removed them")
            return extent.first
        return start

    def _flush(self, covers: Mapping[int, tuple[int, int]]) -> None:
        """Write what is in memory as a run that covers these blocks."""
        if not covers:
            return
        manifest = self._manifest
        if self._recent and self._recent_received is not None:
            entry = self._write(self._recent, covers, self._recent_received)
            manifest = replace(self._manifest, runs=(*manifest.runs, entry))
        ends = {partition: end for partition, (_, end) in covers.items()}
        self._commit(replace(manifest, positions={**manifest.positions, **ends}))
        self._recent = set()
        self._recent_received = None

    def _write(
        self,
        hashes: set[bytes],
        covers: Mapping[int, tuple[int, int]],
        received_at: tuple[int, int],
    ) -> RunEntry:
        high, low = halves_of(b"".join(hashes))
        order = np.argsort(high, kind="stable")
        path = self._next_path()
        self._runs[path.name] = write_run(path, [(high[order], low[order])])
        return RunEntry(
            file=path.name, count=len(high), covers=dict(covers), received_at=received_at
        )

    def _next_path(self) -> Path:
        self._manifest = replace(self._manifest, serial=self._manifest.serial + 1)
        return self._directory / f"{self._manifest.serial:010d}{_SUFFIX}"

    def _commit(self, manifest: Manifest) -> None:
        """Make a list of runs the valid one, and remove the files that are not on it."""
        manifest = replace(manifest, serial=max(manifest.serial, self._manifest.serial))
        try:
            write_manifest(self._directory, manifest)
            self._manifest = manifest
        finally:
            listed = {entry.file for entry in self._manifest.runs}
            for file in self._runs.keys() - listed:
                self._runs.pop(file).path.unlink(missing_ok=True)

    def _begin_merge(self) -> bool:
        if self._merger.is_busy:
            return False
        entries = runs_to_merge(self._manifest.runs, cell_us=self._cell_us, small=self._recent_max)
        if entries:
            runs = [self._runs[entry.file] for entry in entries]
            self._merger.begin(self._next_path(), entries, runs)
        return bool(entries)

    def _take_merge(self, *, timeout_s: float) -> None:
        try:
            merged = self._merger.take(timeout_s=timeout_s)
        except StoppedError:
            return
        if merged is None:
            return
        self._runs[merged.entry.file] = merged.run
        gone = {entry.file for entry in merged.replaces}
        runs = list(self._manifest.runs)
        at = min(index for index, entry in enumerate(runs) if entry.file in gone)
        kept = [entry for entry in runs if entry.file not in gone]
        self._commit(replace(self._manifest, runs=(*kept[:at], merged.entry, *kept[at:])))

    def _expire(self) -> None:
        """Remove the runs whose newest id is older than the window.

        A receipt in the future, by a clock that was wrong, does not let others expire early.
        """
        now_us = min(self._newest_us, int(self._clock() * _MICROSECONDS))
        oldest_us = now_us - self._window_us
        kept = tuple(run for run in self._manifest.runs if run.received_at[1] >= oldest_us)
        if len(kept) < len(self._manifest.runs) and not self._merger.is_busy:
            self._commit(replace(self._manifest, runs=kept))

    def _open_run(self, entry: RunEntry) -> bool:
        try:
            self._runs[entry.file] = Run(self._directory / entry.file)
        except CorruptionError as error:
            metrics.DEDUP_DAMAGED.inc()
            _logger.error("a file of message ids is damaged, reading its ids again: %s", error)
            return False
        return True

    def _rebuild(self, entry: RunEntry, log: Log) -> None:
        """Replace a damaged run by what the events log still has of its blocks."""
        rebuilt: list[RunEntry] = []
        hashes: set[bytes] = set()
        for partition, (start, end) in entry.covers.items():
            for ids in read_ids(log, partition=partition, start=start, end=end):
                pieces = range(0, len(ids.hashes), HASH_BYTES)
                hashes.update([ids.hashes[at : at + HASH_BYTES] for at in pieces])
                if len(hashes) >= self._recent_max:
                    rebuilt.append(self._write(hashes, entry.covers, entry.received_at))
                    hashes = set()
        if hashes:
            rebuilt.append(self._write(hashes, entry.covers, entry.received_at))
        kept = [run for run in self._manifest.runs if run is not entry]
        self._commit(replace(self._manifest, runs=(*rebuilt, *kept)))

    def _remove_unlisted(self) -> None:
        """Remove what a crash between two writes left behind."""
        listed = {entry.file for entry in self._manifest.runs}
        for path in self._directory.iterdir():
            if path.suffix in (_SUFFIX, ".new") and path.name not in listed:
                path.unlink()

    def _report_size(self) -> None:
        metrics.DEDUP_IDS.labels("memory").set(len(self._recent))
        metrics.DEDUP_IDS.labels("files").set(sum(run.count for run in self._manifest.runs))
        metrics.DEDUP_RUNS.set(len(self._runs))
