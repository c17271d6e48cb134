"""File: appends events as lines of JSON to files of this machine, a new one each day."""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

BATCH_EVENTS_MAX: Final = 2_000
BATCH_BYTES_MAX: Final = 4_194_304
BATCH_AGE_S: Final = 0.25

_LASTING: Final = frozenset(
    {
        errno.EACCES,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""Errors that stay until somebody changes the directory."""
_SEARCHED_BYTES: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the files are, and what they are called."""

    directory: Annotated[
        str,
        api.Setting(
            "Directory on the machine that delivers; the operator allows it by "
            "deliver.file_directories in the settings file.",
            pattern=r"/.*",
            expected="an absolute path, such as /srv/events",
        ),
    ]
    prefix: Annotated[
        str,
        api.Setting(
            "How the names of the files begin, before -2026-11-21.ndjson.",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}",
            expected="1 to 100 letters, digits and _.-, a letter or digit first",
        ),
    ] = "events"


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one event becomes."""

    event: Annotated[api.Json, api.Mapped("The line.", default={"@path": "$."})]


class _Event(msgspec.Struct, gc=False, rename="camel"):
    received_at: str = ""


_decode = msgspec.json.Decoder(_Event).decode


async def append(
    lines: Sequence[Line], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Append the events to the files of the days that they were received on; durable after it."""
    directory = Path(settings.directory)
    allowed = tools.file_directories
    files = tools.kept("files", _Files)
    await tools.blocking(lambda: files.append(lines, directory, allowed, settings.prefix))
    return [api.Delivered()] * len(lines)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the directory is allowed and may be written to; nothing is made."""
    allowed = tools.file_directories
    return await tools.blocking(lambda: _looked_at(Path(settings.directory), allowed))


def _looked_at(directory: Path, allowed: Sequence[Path]) -> list[api.Checked]:
    try:
        folder = _allowed(directory, allowed)
        found = next(path for path in (folder, *folder.parents) if path.exists())
    except SettingsError as error:
        return [api.Checked("directory", False, str(error), "directory")]
    except OSError as error:
        told = f"{directory}: {error.strerror or error}"
        return [api.Checked("directory", False, told, "directory")]
    steps = [api.Checked("directory", True, f"{directory} is allowed")]
    if not found.is_dir():
        told = f"{found} is no directory"
        return [*steps, api.Checked("access", False, told, "directory")]
    if not os.access(found, os.W_OK | os.X_OK):
        told = f"{found} may not be written to by the user that Tailrace runs as"
        return [*steps, api.Checked("access", False, told, "directory")]
    told = f"{directory} may be written to" if found == folder else f"{found} may be added to"
    return [*steps, api.Checked("access", True, told)]


class _Files:
    """The file that is written to, open; for many threads, one batch at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_closed = False
        self._path = Path()
        self._descriptor = -1

    def append(
        self, lines: Sequence[Line], directory: Path, allowed: Sequence[Path], prefix: str
    ) -> None:
        """Write the lines, the days one after the other.

        Raises:
            SettingsError: the directory is not allowed, or may not be written to.
            TransientError: the disk refuses.
        """
        try:
            with self._lock:
                folder = _folder(directory, allowed)
                for day, group in groupby(sorted(lines, key=_day), key=_day):
                    text = b"".join(line.event + b"\n" for line in group)
                    self._write(folder / f"{prefix}-{day}.ndjson", text)
        except OSError as error:
            told = f"{directory}: {error.strerror or error}"
            raise (SettingsError if error.errno in _LASTING else TransientError)(told) from error
        finally:
            if self._is_closed:
                self.close()

    def close(self) -> None:
        """Close the file; where a thread is still writing, it does so at its end."""
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, path: Path, text: bytes) -> None:
        self._open(path)
        with _locked(self._descriptor):
            size = _end_of_lines(self._descriptor)
            os.ftruncate(self._descriptor, size)
            try:
                _write_all(self._descriptor, text)
                os.fsync(self._descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, size)
                raise

    def _open(self, path: Path) -> None:
        """Open the file, unless it is open and nobody has put it away."""
        if self._descriptor >= 0 and path == self._path and _is_at(self._descriptor, path):
            return
        self._let_go()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o640)
        self._path = path
        _sync_directory(path.parent)


def _day(line: Line) -> str:
    """Return the day of its receipt in UTC, as in 2026-11-21; today where it does not tell."""
    try:
        received_at = _decode(line.event).received_at
    except msgspec.ValidationError:
        received_at = ""
    return (received_at or datetime.now(UTC).isoformat())[:10]


def _folder(directory: Path, allowed: Sequence[Path]) -> Path:
    """Return the directory without links, made if it is missing.

    Raises:
        SettingsError: it is in none that the operator allows, or a file is in its place.
    """
    wanted = _allowed(directory, allowed)
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise SettingsError(
            f"{directory} is no directory: put away what is there, or change directory"
        ) from error
    return wanted


def _allowed(directory: Path, allowed: Sequence[Path]) -> Path:
    """Return the directory without links.

    Raises:
        SettingsError: it is in none that the operator allows.
    """
    wanted = directory.resolve()
    roots = [root.resolve() for root in allowed]
    if not any(wanted.is_relative_to(root) for root in roots):
        raise SettingsError(
            f"directory {directory} is not allowed: the operator adds it, or one above it, to "
            "deliver.file_directories in the settings file"
        )
    return wanted


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other processes of ours from writing to the file meanwhile."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _end_of_lines(descriptor: int) -> int:
    """Return where the last whole line ends; what follows is of a write that a crash cut short."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        begin = max(0, end - _SEARCHED_BYTES)
        found = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _write_all(descriptor: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(descriptor, left) :]


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


APPEND = api.Action(
    slug="append",
    name="Append",
    description="Appends the event as a line of JSON.",
    fields=Line,
    send=append,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, age_s=BATCH_AGE_S, lanes=1
    ),
)
DESTINATION = api.Destination(
    slug="file",
    name="Files",
    description="Appends events as lines of JSON to files of this machine.",
    settings=Settings,
    actions=(APPEND,),
    check=check,
)
