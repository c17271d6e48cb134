"""Ties a child process to its supervisor: when the supervisor is gone, the child stops cleanly.

The supervisor keeps the writing end of a pipe that nobody writes to; a child waits for the end of
file on the other. So a supervisor that is killed outright leaves no orphan that holds a port or
the store.
"""

import os
import signal
import threading
from types import FrameType

VARIABLE = "TAILRACE_LIFELINE"


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM, SIGINT or the supervisor's end sets."""
    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    descriptor = os.environ.pop(VARIABLE, "")
    if descriptor:
        threading.Thread(
            target=_watch, args=(int(descriptor), stop), name="lifeline", daemon=True
        ).start()
    return stop


def _watch(descriptor: int, stop: threading.Event) -> None:
    os.read(descriptor, 1)
    stop.set()
    os.kill(os.getpid(), signal.SIGTERM)
