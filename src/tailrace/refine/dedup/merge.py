"""Keep the number of runs small: which ones to merge, and merging them beside the main thread."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final, NamedTuple

from tailrace.refine.dedup.manifest import RunEntry
from tailrace.refine.dedup.run import Run, write_run

FAN_IN: Final = 4


class Merged(NamedTuple):
    """A run and its entry, in place of the runs of `replaces`."""

    run: Run
    entry: RunEntry
    replaces: tuple[RunEntry, ...]


def runs_to_merge(entries: Sequence[RunEntry], *, cell_us: int, small: int) -> tuple[RunEntry, ...]:
    """Return runs that should become one; none when all is well.

    Within the newest cell, `FAN_IN` runs of about one size are merged, so that each id is written
    again once per fourfold growth. A cell that is over ends as one run.
    """
    cells: dict[int, list[RunEntry]] = {}
    for entry in entries:
        cells.setdefault(entry.received_at[1] // cell_us, []).append(entry)
    for cell in sorted(cells):
        group = cells[cell]
        if cell < max(cells):
            largest = max(entry.count for entry in group)
            rest = sum(entry.count for entry in group) - largest
            # Not for every late straggler: the large run would be written again each time.
            if len(group) >= FAN_IN or (len(group) > 1 and rest * FAN_IN >= largest):
                return tuple(group)
            continue
        sizes: dict[int, list[RunEntry]] = {}
        for entry in group:
            sizes.setdefault(_size_class(entry.count, small), []).append(entry)
        for size in sorted(sizes):
            if len(sizes[size]) >= FAN_IN:
                return tuple(sizes[size])
    return ()


def merged_entry(entries: Sequence[RunEntry], file: str) -> RunEntry:
    """Return the entry of the run that holds the ids of all these."""
    covers: dict[int, tuple[int, int]] = {}
    for entry in entries:
        for partition, (start, end) in entry.covers.items():
            before = covers.get(partition, (start, end))
            covers[partition] = (min(start, before[0]), max(end, before[1]))
    return RunEntry(
        file=file,
        count=sum(entry.count for entry in entries),
        covers=covers,
        received_at=(
            min(entry.received_at[0] for entry in entries),
            max(entry.received_at[1] for entry in entries),
        ),
    )


class Merger:
    """Merges runs in one thread; numpy gives the interpreter free while it sorts and copies."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dedup-merge")
        self._stop = threading.Event()
        self._merging: Future[Merged] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a merge was begun and not yet taken."""
        return self._merging is not None

    def begin(self, path: Path, entries: Sequence[RunEntry], runs: Sequence[Run]) -> None:
        """Begin to merge the runs into a file at `path`."""
        self._merging = self._threads.submit(self._merge, path, tuple(entries), tuple(runs))

    def take(self, *, timeout_s: float = 0.0) -> Merged | None:
        """Return the merge that is done, or None.

        Raises:
            OSError: the disk refused; the runs stay as they are.
        """
        merging = self._merging
        if merging is None or not wait([merging], timeout=timeout_s).done:
            return None
        self._merging = None
        return merging.result()

    def close(self) -> None:
        """Give up what is being merged; its file is removed at the next start."""
        self._stop.set()
        self._threads.shutdown(wait=True)

    def _merge(self, path: Path, entries: tuple[RunEntry, ...], runs: tuple[Run, ...]) -> Merged:
        run = write_run(path, [(run.high, run.low) for run in runs], stop=self._stop)
        return Merged(run, merged_entry(entries, path.name), entries)


def _size_class(count: int, small: int) -> int:
    size = 0
    while count * 2 >= small * FAN_IN ** (size + 1):
        size += 1
    return size
