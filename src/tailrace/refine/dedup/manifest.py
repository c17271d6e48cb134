"""The list of runs, and up to where in the events log they are complete."""

import os
import zlib
from pathlib import Path
from typing import Final

import msgspec

from tailrace.errors import CorruptionError
from tailrace.refine.dedup.run import sync_directory

NAME: Final = "manifest.json"
VERSION: Final = 1


class RunEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its file, and the blocks whose hashes it holds.

    `covers` are offsets of the events log by partition, from the first to the one behind the last.
    `received_at` are the oldest and newest receipt of its events, in microseconds since 1970.
    """

    file: str
    count: int
    covers: dict[int, tuple[int, int]]
    received_at: tuple[int, int]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`runs` hold the ids of all blocks before `positions` that are within the window."""

    version: int = VERSION
    serial: int = 0
    positions: dict[int, int] = {}
    runs: tuple[RunEntry, ...] = ()


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest; an empty one for an index that is new.

    Raises:
        CorruptionError: the file is damaged, or of a version that this program does not know.
    """
    path = directory / NAME
    try:
        checksum, _, text = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return Manifest()
    if checksum != f"{zlib.crc32(text):08x}".encode():
        raise CorruptionError(f"{path}: the checksum does not fit the text", path=str(path))
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise CorruptionError(f"{path} cannot be read: {error}", path=str(path)) from error
    if manifest.version != VERSION:
        raise CorruptionError(
            f"{path} is of version {manifest.version}; this program knows {VERSION}",
            path=str(path),
        )
    return manifest


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace the manifest, whole or not at all."""
    text = msgspec.json.encode(manifest)
    path = directory / NAME
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(f"{zlib.crc32(text):08x}\n".encode() + text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(directory)
