"""A proxy between Tailrace and a server of any protocol, which does harm until it heals.

While it is `wild`, each connection has a fate: it is reset at once; or after some bytes of the
answers, in the middle of one, it is reset, or ended, or nothing comes any more for a while. What
the server had read of it is done there, and nobody hears of it.
"""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

STALL_S: Final = 1.5
_PART: Final = 4_096
_RESET_AT_ONCE: Final = b"\1\0\0\0\0\0\0\0"
_BYTES: Final = (1, 60, 400, 1_500, 6_000)
_SOON: Final = (1, 30, 60)
"""After how many bytes of answers a connection meets its fate: some are in the greeting."""


class HostileProxy:
    """The proxy; `harmed` counts the connections that met their fate.

    It stands before the `port` of loopback, and listens at one of its own or at `listens_at`.
    """

    def __init__(self, port: int, seed: int, *, listens_at: int = 0) -> None:
        self._is_wild = False
        self._turn = 0
        self.harmed = 0
        self._server_port = port
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", listens_at))
        self._is_closing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    @property
    def is_wild(self) -> bool:
        return self._is_wild

    @is_wild.setter
    def is_wild(self, is_wild: bool) -> None:
        """Connections that are open meet their fate soon, new ones as it comes."""
        self._is_wild = is_wild
        self._turn += 1

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["HostileProxy"]:
        thread = threading.Thread(target=self._accept, name="hostile-proxy", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._is_closing.set()
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            with self._lock:
                left = list(self._open)
            for each in left:
                _reset(each)
            thread.join()

    def _accept(self) -> None:
        while not self._is_closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                fate = self._random.choice(("reset", "cut", "end", "stall"))
                room = self._random.choice(_BYTES)
            if self.is_wild and fate == "reset":
                self._harm(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._open |= {client, server}
            for arguments in ((client, server, "", 0), (server, client, fate, room)):
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, fate: str, room: int) -> None:
        """Pass bytes on until one end is closed, or until the fate of the connection."""
        turn = self._turn
        with suppress(OSError):
            while data := source.recv(_PART):
                if turn != self._turn:
                    turn, room = self._turn, self._random.choice(_SOON)
                if not fate or not self.is_wild or len(data) <= room:
                    target.sendall(data)
                    room -= len(data) if self.is_wild else 0
                    continue
                target.sendall(data[:room])
                if fate == "stall":
                    self._is_closing.wait(STALL_S)
                self._harm(target, is_reset=fate != "end")
                break
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        with self._lock:
            self._open -= {source, target}

    def _harm(self, client: socket.socket, *, is_reset: bool = True) -> None:
        with self._lock:
            self.harmed += 1
        if is_reset:
            _reset(client)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        # Whoever waits for more of it has to stop: until then it would stay open.
        connection.shutdown(socket.SHUT_RD)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        connection.close()
