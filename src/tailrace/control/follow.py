"""Following the workspace: a thread that asks for its version and replaces the view at a change."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final

from tailrace.config import Config
from tailrace.control import metrics
from tailrace.control.document import Document, Workspace, collisions, decode_document, workspace_of
from tailrace.control.link import Link, Version, open_link
from tailrace.control.snapshot import read_snapshot, write_snapshot
from tailrace.control.vault import open_vault
from tailrace.errors import ConfigError, TailraceError, TransientError

POLL_S: Final = 0.5
NOTE_EVERY_S: Final = 15.0
SILENCE_S_MAX: Final = 5.0
"""A database that has not answered for so long is away, even if a question is still open."""
_CATCH_UP_S_MAX: Final = 1.0
_STOP_S_MAX: Final = 2.0

_logger = logging.getLogger(__name__)


class Follower:
    """The workspace in force, as `workspace`: read that attribute once per use, it is replaced.

    `on_change` is called with every new view, from the thread that follows. `used_keys` gives the
    write keys used since it was last asked.

    Raises:
        ConfigError: file and database claim the same slug or key, or a secret cannot be opened.
        TransientError: the database is away and there is no snapshot to start from.
    """

    def __init__(
        self,
        config: Config,
        *,
        on_change: Callable[[Workspace], None] | None = None,
        used_keys: Callable[[], Collection[str]] | None = None,
        clock: Callable[[], float] = time.time,
        link: Link | None = None,
    ) -> None:
        self._config = config
        self._on_change = on_change
        self._used_keys = used_keys
        self._clock = clock
        self._link = link or open_link(config)
        self._vault = open_vault(config)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure = ""
        self._answered_at = time.monotonic()
        self._noted_at = time.monotonic()
        self._unnoted: set[str] = set()
        try:
            self._document = self._first()
            found = collisions(self._document, config.sources, file=config.file)
            if found:
                raise ConfigError("\n".join(found))
            self.workspace = self._view()
        except TailraceError:
            self._link.close()
            raise
        metrics.VERSION.set(self._document.version)

    def start(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._follow, name="control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no more; a question that is still open is left to itself."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_S_MAX)
        if self._thread is None or not self._thread.is_alive():
            self._link.close()

    @property
    def problem(self) -> str:
        """Why the last known workspace is in force; "" while the database answers."""
        silent_s = time.monotonic() - self._answered_at
        if not self._failure and silent_s < SILENCE_S_MAX:
            return ""
        reason = self._failure or "the control database does not answer"
        return (
            f"{reason}; version {self.workspace.version} of the workspace stays in force "
            f"since {silent_s:.0f} s"
        )

    def catch_up(self) -> Workspace:
        """Look for a newer workspace now, and return the one in force.

        Waits a second at most where the thread that follows is asking just then.
        """
        if self._lock.acquire(timeout=_CATCH_UP_S_MAX):
            try:
                self._look()
            finally:
                self._lock.release()
        return self.workspace

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S):
            with self._lock:
                self._look()
                self._note()

    def _first(self) -> Document:
        try:
            text = self._link.document()
            assert text is not None, "a document was asked for without a condition"  # noqa: S101
            document = decode_document(text, where="the control database")
        except TailraceError as error:
            self._fail(error)
            kept = read_snapshot(self._config)
            if kept is None:
                raise TransientError(
                    f"{error}; there is no snapshot of the workspace to start from either"
                ) from error
            return kept
        self._answer()
        self._keep(document)
        return document

    def _look(self) -> None:
        """Put the newest document into force; whatever is wrong leaves the last one there."""
        try:
            document, has_answered = self._newer()
            self._replace(document)
        except TailraceError as error:
            self._fail(error)
        else:
            if has_answered:
                self._answer()

    def _newer(self) -> tuple[Document | None, bool]:
        """Return the document to follow next, if any, and whether the database has answered.

        Where it has not, it is what another process heard of it just before.
        """
        known = Version(self._document.workspace, self._document.version)
        try:
            text = self._link.document(unless=known)
        except TransientError as error:
            self._fail(error)
            kept = read_snapshot(self._config)
            is_newer = (
                kept is not None
                and kept.workspace == known.workspace
                and kept.version > known.number
            )
            return kept if is_newer else None, False
        if text is None:
            return None, True
        return decode_document(text, where="the control database"), True

    def _replace(self, document: Document | None) -> None:
        """Put a document into force, or the same one again where a write key has ended."""
        if document is None and self._clock() < self.workspace.expires_at:
            return
        before = self._document
        self._document = document or before
        try:
            self.workspace = self._view()
        except ConfigError:
            self._document = before
            raise
        if document is not None:
            self._keep(document)
            metrics.VERSION.set(document.version)
            metrics.CHANGES.inc()
        if self._on_change is not None:
            self._on_change(self.workspace)

    def _view(self) -> Workspace:
        for line in collisions(self._document, self._config.sources, file=self._config.file):
            _logger.error("%s; the file's holds", line)
        return workspace_of(
            self._document,
            self._vault,
            file_sources=self._config.sources,
            now=self._clock(),
        )

    def _note(self) -> None:
        """Tell the database which write keys were used; what cannot be told waits."""
        if self._used_keys is None or time.monotonic() - self._noted_at < NOTE_EVERY_S:
            return
        self._noted_at = time.monotonic()
        self._unnoted.update(self._used_keys())
        if not self._unnoted or self._failure:
            return
        try:
            self._link.note_used(self._unnoted, at=datetime.fromtimestamp(self._clock(), UTC))
        except TransientError as error:
            self._fail(error)
        else:
            self._unnoted.clear()

    def _keep(self, document: Document) -> None:
        try:
            write_snapshot(self._config, document)
        except TransientError as error:
            _logger.warning("%s: a start without the control database would use an old one", error)

    def _answer(self) -> None:
        if self._failure:
            _logger.info("the control database answers again")
        self._failure = ""
        self._answered_at = time.monotonic()
        metrics.REACHABLE.set(1)
        metrics.ANSWERED_AT.set(self._clock())

    def _fail(self, error: TailraceError) -> None:
        if not self._failure:
            _logger.warning("the last known workspace stays in force: %s", error)
        self._failure = str(error)
        metrics.REACHABLE.set(0)
