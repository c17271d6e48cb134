"""Wakes readers in any process when a stream has new records.

A waiting reader binds a datagram socket in `wake/<stream>/`; a writer sends a byte to each after a
commit and never waits for one. A byte that is lost costs nothing but time: readers look by
themselves once a second.
"""

import os
import select
import socket
from contextlib import suppress
from pathlib import Path

from tailrace.log.layout import make_directory

LOOK_S = 1.0


class Waker:
    """Sends to everybody who waits for a stream."""

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self._directory = directory
        self._address = _Address(directory)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def poke(self) -> None:
        """Wake all readers; what fails is left to their own look, a commit never fails here."""
        try:
            names = os.listdir(self._directory)  # noqa: PTH208 - called per commit
        except OSError:
            return
        for name in names:
            try:
                self._socket.sendto(b"!", self._address.of(name))
            except BlockingIOError:
                continue  # it has bytes waiting, so it is about to look
            except ConnectionRefusedError:
                # Its process died. Names are never used again, so nobody else's is removed.
                with suppress(OSError):
                    (self._directory / name).unlink()
            except OSError:
                continue

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        self._address.close()


class Waiter:
    """One reader's ear; bytes sent while it is not waiting are kept for the next wait."""

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self._address = _Address(directory)
        self._path = directory / f"{os.getpid()}-{os.urandom(6).hex()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self._address.of(self._path.name))
        self._path.chmod(0o600)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def wait(self, timeout_s: float) -> None:
        """Wait until a writer committed, the time is up, or it is time to look anyway."""
        if self._poll.poll(min(timeout_s, LOOK_S) * 1000):
            with suppress(BlockingIOError):
                while True:
                    self._socket.recv(64)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        self._address.close()
        self._path.unlink(missing_ok=True)


class _Address:
    """Names sockets through the directory's descriptor: a path to one holds 107 bytes at most."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._prefix = f"/proc/self/fd/{self._descriptor}"

    def of(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def close(self) -> None:
        os.close(self._descriptor)
