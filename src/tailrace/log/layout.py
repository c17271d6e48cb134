"""Where the log's files lie, and who may write to a partition.

Nothing here opens a segment: closing any descriptor of a SQLite file frees the locks that this
process holds on it, so only SQLite itself may open a live one.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace.errors import LogFullError, TailraceError, TransientError

GROUPS = "groups"
WAKE = "wake"
DAMAGED = "damaged"
SUFFIX = ".db"
# A segment starts a new one before it holds as many records, so "its base plus this" is beyond
# every offset that an unreadable segment can have given out.
SEGMENT_RECORDS_MAX = 2**32

_RESERVED = {GROUPS, WAKE}
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_SEGMENT = re.compile(r"(\d{20})\.db")
_HEAD_BYTES = 64


def checked_name(name: str, *, what: str) -> str:
    """Return the name of a stream or group; it becomes part of a path.

    Raises:
        ValueError: it is not lower-case letters, digits, `_`, `.` and `-`, or is reserved.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise ValueError(
            f"{what} is {name!r}; expected 1 to 63 of a-z, 0-9, '_', '.', '-', other than "
            + ", ".join(sorted(_RESERVED))
        )
    return name


def make_directory(path: Path) -> None:
    """Make the directory and its parents where they are missing, for their owner only."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames and new names in the directory survive the loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def remove_database(path: Path) -> int:
    """Remove a SQLite file and its side files; return the bytes given free.

    The main file goes first: a reader that comes in between finds nothing, not an older state.
    """
    freed = 0
    for suffix in ("", "-wal", "-shm", "-journal"):
        file = Path(f"{path}{suffix}")
        try:
            freed += file.stat().st_size if suffix != "-shm" else 0
            file.unlink()
        except FileNotFoundError:
            continue
    return freed


def database_bytes(path: Path) -> int:
    """Return what a SQLite file takes on disk with its write-ahead log; 0 when it is gone."""
    total = 0
    for suffix in ("", "-wal"):
        try:
            total += os.stat(f"{path}{suffix}").st_size  # noqa: PTH116 - called per append
        except FileNotFoundError:
            continue
    return total


def segment_path(directory: Path, base: int) -> Path:
    """Return the path of the segment whose first offset is `base`."""
    return directory / f"{base:020d}{SUFFIX}"


def segment_bases(directory: Path) -> list[int]:
    """Return the first offsets of the partition's segments, oldest first."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 - called at every end of a partition
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for name in names if (match := _SEGMENT.fullmatch(name)))


def partition_numbers(stream_directory: Path) -> list[int]:
    """Return the stream's partitions."""
    try:
        names = os.listdir(stream_directory)  # noqa: PTH208 - called at every empty poll
    except FileNotFoundError:
        return []
    return sorted(int(name) for name in names if name.isdecimal())


def stream_names(log_directory: Path) -> list[str]:
    """Return the streams that have a directory."""
    return sorted(
        entry.name
        for entry in log_directory.iterdir()
        if entry.is_dir() and entry.name not in _RESERVED and _NAME.fullmatch(entry.name)
    )


def partition_owner(directory: Path) -> str:
    """Return the consumer group that emits to the partition; empty when it is anyone's."""
    try:
        return (directory / "owner").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


class Head:
    """A partition's lock and, beside SQLite, the next offset as last acknowledged.

    The lock (flock) is freed by the kernel when its process dies. The offset is written without
    fsync after each commit: exact after `kill -9`, maybe old after a loss of power, which the
    boot's id tells apart. It shows that a segment has lost acknowledged records, and keeps
    offsets from being given out twice when a segment cannot be read.
    """

    def __init__(self, directory: Path, descriptor: int) -> None:
        self.directory = directory
        self._descriptor = descriptor

    @classmethod
    def claim(cls, directory: Path) -> "Head | None":
        """Lock the partition; None when another writer has it."""
        descriptor = os.open(directory / "head", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(directory, descriptor)

    def next(self) -> tuple[int, bool]:
        """Return the next offset as noted, and whether it is surely the last acknowledged one."""
        return _parse_head(os.pread(self._descriptor, _HEAD_BYTES, 0))

    def note(self, offset: int) -> None:
        """Note the next offset; costs a microsecond."""
        os.pwrite(self._descriptor, b"%020d %s\n" % (offset, _BOOT), 0)

    def close(self) -> None:
        """Free the partition."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def noted_next(directory: Path) -> int:
    """Return the partition's next offset as its writer noted it; 0 when there is no note."""
    try:
        return _parse_head((directory / "head").read_bytes())[0]
    except FileNotFoundError:
        return 0


def new_partition(stream_directory: Path, *, owner: str) -> Head:
    """Make the stream's next partition and return its lock.

    The directory gets its number only when it is complete and locked, so nobody finds half of it.
    """
    make_directory(stream_directory)
    for leftover in stream_directory.glob(".new-*"):
        _remove_unfinished(leftover)
    temporary = stream_directory / f".new-{os.getpid()}-{os.urandom(4).hex()}"
    temporary.mkdir(mode=0o700)
    head = Head.claim(temporary)
    if head is None:
        raise TransientError(f"{temporary}: locked by another process")
    try:
        head.note(0)
        (temporary / "owner").write_text(owner + "\n", encoding="ascii")
        (temporary / "owner").chmod(0o600)
        sync_directory(temporary)
        head.directory = _numbered(temporary, stream_directory)
    except BaseException:
        head.close()
        _remove_unfinished(temporary)
        raise
    sync_directory(stream_directory)
    return head


def _numbered(temporary: Path, stream_directory: Path) -> Path:
    number = max(partition_numbers(stream_directory), default=-1) + 1
    while True:
        try:
            return temporary.rename(stream_directory / str(number))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            number += 1


def _remove_unfinished(directory: Path) -> None:
    """Remove what a process left that died while it made a partition."""
    try:
        head = Head.claim(directory)
    except FileNotFoundError:
        return
    if head is not None:
        head.close()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Hold a lock file; gives False when another process or object holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise errors of the file system as what they mean to the caller.

    Raises:
        LogFullError: there is no space.
        TransientError: anything else.
    """
    try:
        yield
    except OSError as error:
        raise disk_error(error, path=path) from error


def disk_error(error: OSError, *, path: Path) -> TailraceError:
    """Return what an error of the file system means to the caller."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LogFullError(f"{path}: {error.strerror}; free disk space or lower the log's limits")
    return TransientError(f"{path}: {error.strerror or error}")


def disk_is_full(path: Path) -> bool:
    """Say whether the file system refuses to give another page."""
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < 65_536


def _boot_id() -> bytes:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()[:36]
    except OSError:
        return b""


_BOOT = _boot_id()


def _parse_head(text: bytes) -> tuple[int, bool]:
    fields = text.split()
    if not fields or not fields[0].isdigit() or len(fields[0]) != 20:
        return 0, False
    return int(fields[0]), len(fields) == 2 and bool(_BOOT) and fields[1] == _BOOT
