"""Removes sealed segments that are too old or too many, and takes their counts into the books."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tailrace.errors import CorruptionError, LogFullError, TransientError
from tailrace.log.books import Books, read_sealed
from tailrace.log.groups import group_names, read_group
from tailrace.log.layout import (
    exclusive,
    partition_numbers,
    remove_database,
    segment_bases,
    segment_path,
    stream_names,
)
from tailrace.log.lost import after_lost
from tailrace.log.room import stream_bytes
from tailrace.log.segment import stand_alone
from tailrace.log.tables import connect, log_error
from tailrace.log.writer import Limits


class _Sealed(NamedTuple):
    newest_at: float
    path: Path


class Retention:
    """One process at a time enforces; another one that tries meanwhile does nothing."""

    def __init__(
        self, log_directory: Path, *, limits_of: Callable[[str], Limits], clock: Callable[[], float]
    ) -> None:
        self._directory = log_directory
        self._limits_of = limits_of
        self._clock = clock
        self._books = Books(log_directory)

    def enforce(self, stream: str | None = None) -> int:
        """Fold what is sealed, remove what may and must go; return the bytes given free.

        Raises:
            CorruptionError: a sealed file's counts cannot be read; all others were attended to.
            LogFullError: there is no space to fold counts and nothing could be removed.
        """
        freed = 0
        troubles: list[CorruptionError | LogFullError] = []
        with exclusive(self._directory / "retention.lock") as is_held:
            if not is_held:
                return 0
            for name in [stream] if stream else stream_names(self._directory):
                freed += self._enforce(name, troubles)
        for trouble in troubles:
            # Space that was just made is for folding the rest the next time.
            if isinstance(trouble, CorruptionError) or not freed:
                raise trouble
        return freed

    def fold(self, path: Path) -> float:
        """Take a sealed segment's counts into the books; return when it was last written.

        Raises:
            CorruptionError: they cannot be read.
        """
        sealed = read_sealed(path)
        self._books.fold(self._books.name_of(path), sealed.counts, newest_at=sealed.newest_at)
        try:
            with closing(connect(path, mode="rw")) as connection:
                stand_alone(connection)
        except sqlite3.Error as error:
            raise log_error(error, path=path) from error
        return sealed.newest_at

    def _enforce(self, stream: str, troubles: list[CorruptionError | LogFullError]) -> int:
        passed = self.passed(stream)
        candidates = sorted(self._removable(stream, passed, troubles))
        limits = self._limits_of(stream)
        total = stream_bytes(self._directory / stream)
        freed = 0
        for sealed in candidates:
            is_old = self._clock() - sealed.newest_at > limits.age_s_max
            if is_old or total - freed > limits.stream_bytes_max:
                freed += remove_database(sealed.path)
        return freed

    def passed(self, stream: str) -> Callable[[int], int | None]:
        """Return a function from partition to the offset that every group has passed.

        None when no group reads the stream. A group that has not committed in a partition yet
        stands at its beginning; so does one whose file cannot be read, whatever it read.
        """
        known: list[dict[int, int]] = []
        for group in group_names(self._directory):
            try:
                state = read_group(self._directory, group)
            except (CorruptionError, TransientError):
                # It may read this stream, so nothing may go until its file can be read.
                known.append({})
                continue
            if state is not None and state.stream == stream:
                known.append(state.positions)
        return lambda partition: min((p.get(partition, 0) for p in known), default=None)

    def _removable(
        self,
        stream: str,
        passed: Callable[[int], int | None],
        troubles: list[CorruptionError | LogFullError],
    ) -> Iterator[_Sealed]:
        folded = self._books.folded()
        for number in partition_numbers(self._directory / stream):
            directory = self._directory / stream / str(number)
            position = passed(number)
            bases = segment_bases(directory)
            # Removed from the old end only, so that no hole appears; a clock that went back must
            # not turn that order around either.
            may_go = True
            newest_at = float("-inf")
            for base, end in pairwise(bases):
                path = segment_path(directory, base)
                name = self._books.name_of(path)
                try:
                    newest_at = max(newest_at, folded[name] if name in folded else self.fold(path))
                except (CorruptionError, LogFullError) as error:
                    troubles.append(error)
                    may_go = False
                if position is not None and (after_lost(directory, position) or position) < end:
                    may_go = False
                if may_go:
                    yield _Sealed(newest_at, path)
