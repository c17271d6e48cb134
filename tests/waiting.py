"""Waiting for servers that tests start."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

STARTED_S_MAX: Final = 20.0
POLL_S: Final = 0.01


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_port(
    port: int, process: "subprocess.Popen[bytes]", *, within_s: float = STARTED_S_MAX
) -> None:
    """Wait until somebody listens at a port of loopback."""
    end = time.monotonic() + within_s
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        assert process.poll() is None, f"the server ended with status {process.returncode}"
        assert time.monotonic() < end, f"nobody listens at port {port}"
        time.sleep(POLL_S)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop a process in its tracks; it is when this returns."""
    process.send_signal(signal.SIGSTOP)
    end = time.monotonic() + STARTED_S_MAX
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < end, "the process does not stop"
        time.sleep(POLL_S)
