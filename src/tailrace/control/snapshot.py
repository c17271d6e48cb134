"""The last known document as a file, so that a part can start while the database is away."""

from pathlib import Path
from typing import Final

from tailrace.config import Config, write_private
from tailrace.control.document import Document, decode_document, encode_document
from tailrace.errors import TransientError

SNAPSHOT_NAME: Final = "workspace.snapshot"


def snapshot_path(config: Config) -> Path:
    """Return the file; its owner alone may read it, and its secrets are sealed."""
    return config.data_dir / "run" / SNAPSHOT_NAME


def read_snapshot(config: Config) -> Document | None:
    """Return the document of the file; None without one.

    Raises:
        CorruptionError: the file is damaged.
        TransientError: the disk does not give it.
    """
    path = snapshot_path(config)
    try:
        return decode_document(path.read_bytes(), where=str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TransientError(f"{path} cannot be read: {error}") from error


def write_snapshot(config: Config, document: Document) -> None:
    """Write the file whole or not at all, and durable.

    Raises:
        TransientError: the disk does not take it.
    """
    path = snapshot_path(config)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, encode_document(document))
    except OSError as error:
        raise TransientError(f"{path} cannot be written: {error}") from error
