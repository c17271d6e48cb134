"""The loader's thread, and what became of it."""

import logging
import threading
import time
from datetime import UTC, datetime

from tailrace.errors import CorruptionError
from tailrace.store import Loader
from tailrace.store.metrics import FAILING_SINCE

_logger = logging.getLogger(__name__)

# A damaged record is set aside by a person with `tailrace doctor`; then loading goes on.
_LOOK_AGAIN_S = 15.0
# A failure that the loader's first tries mend is none that anybody has to hear of.
_FAILING_S_MAX = 3.0


class Loading:
    """Runs the loader in a thread until it is stopped.

    The loader itself tries again what may pass, such as a full disk; `problem` tells of it.
    Damage in the events log stops loading, not the answering of questions: it is looked at again
    every 15 s. Any other error is a defect: `failed` is set and the process is to end.
    """

    def __init__(self, loader: Loader, *, look_again_s: float = _LOOK_AGAIN_S) -> None:
        self._loader = loader
        self._look_again_s = look_again_s
        self._stop = threading.Event()
        self._damage = ""
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self.failed = threading.Event()

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def stop(self) -> None:
        """Let the loader finish its step and leave."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def problem(self) -> str:
        """Return why nothing is being loaded, or ""."""
        if self._damage:
            return f"the events log is damaged: {self._damage}"
        if self._failure is not None:
            return f"the loader has failed: {type(self._failure).__name__}"
        if not self._thread.is_alive():
            return "the loader does not run"
        failing_since = _failing_since()
        if failing_since and time.time() - failing_since > _FAILING_S_MAX:
            since = datetime.fromtimestamp(failing_since, UTC)
            return f"nothing is loaded since {since:%Y-%m-%d %H:%M:%S} UTC; the app's log has why"
        return ""

    def raise_failure(self) -> None:
        """Raise what ended the loader, if it failed."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._loader.run(self._stop)
            except CorruptionError as error:
                if str(error) != self._damage:
                    _logger.error("loading stands still: %s", error)
                self._damage = str(error)
                self._stop.wait(self._look_again_s)
            except Exception as error:  # noqa: BLE001 - raised again in the main thread
                self._failure = error
                self.failed.set()
                return
            else:
                self._damage = ""


def _failing_since() -> float:
    """Return when this process's loader began to fail, in seconds since 1970; 0 while it works."""
    (metric,) = FAILING_SINCE.collect()
    return max((sample.value for sample in metric.samples), default=0.0)
