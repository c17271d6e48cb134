"""Signed-in browsers: random ids, kept as hashes in a small file so that restarts keep them.

A session belongs to the token that it was opened with and ends with it.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Container
from pathlib import Path

import msgspec

from tailrace.errors import ConfigError

SESSIONS_MAX = 1_000


class _Session(msgspec.Struct, frozen=True):
    token_hash: str
    ends_at: float


class Sessions:
    """The open sessions of one app server; its methods may be called from any thread."""

    def __init__(self, path: Path, *, age_s_max: float, clock: Callable[[], float]) -> None:
        self._path = path
        self._age_s_max = age_s_max
        self._clock = clock
        self._lock = threading.Lock()
        self._by_hash = _read(path)

    def open(self, token_hash: str) -> str:
        """Return the id of a new session; the oldest one ends when there are too many."""
        session_id = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            live = {key: one for key, one in self._by_hash.items() if one.ends_at > now}
            live[_hash(session_id)] = _Session(token_hash, now + self._age_s_max)
            # Insertion order is age, as every session lasts equally long.
            self._by_hash = dict(list(live.items())[-SESSIONS_MAX:])
            self._save()
        return session_id

    def is_open(self, session_id: str, *, token_hashes: Container[str]) -> bool:
        """Tell whether the session has not ended and its token is still one of those given."""
        session = self._by_hash.get(_hash(session_id))
        return (
            session is not None
            and session.ends_at > self._clock()
            and session.token_hash in token_hashes
        )

    def close(self, session_id: str) -> None:
        """End a session."""
        with self._lock:
            if self._by_hash.pop(_hash(session_id), None) is not None:
                self._save()

    def _save(self) -> None:
        """Write the file whole or not at all; only its owner may read it."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self._by_hash))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def _read(path: Path) -> dict[str, _Session]:
    """Return the sessions in the file, none where it does not exist.

    Raises:
        ConfigError: the file is not one of ours.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Session])
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is damaged ({error}): remove it; everybody then signs in again"
        ) from error


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
