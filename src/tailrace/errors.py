"""The error tree, grouped by what the catcher does.

A message says what is wrong, with the value, what was expected, where, and what to do next. Facts
that a caller needs are attributes too, so that nobody parses a message.
"""

from collections.abc import Mapping
from typing import Literal

ChangeReason = Literal[
    "not-found",
    "invalid",
    "conflict",
    "managed-by-file",
    "outdated",
    "key-reused",
    "not-allowed",
]


class TailraceError(Exception):
    """Every error that Tailrace raises on purpose."""


class InvalidEventError(TailraceError):
    """The sender must change the event: answer 4xx, never retry.

    `code` is the stable reason for SDKs and for the ledger, such as `event_not_string`.
    """

    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class ConfigError(TailraceError):
    """The operator must change a file or an environment variable: refuse to start."""


class QueryError(TailraceError):
    """The person who asks must change the question: answer 400 with the position.

    `position` counts characters of the query text from 0; None when no place can be named.
    """

    def __init__(self, message: str, *, position: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


class LimitError(TailraceError):
    """A question asks for more than its limit: answer 422, name the limit, say how to narrow it."""


class ChangeError(TailraceError):
    """What is managed cannot be changed like this: answer 4xx, and let people decide.

    `reason` says why; `field` is the part of the request that is wrong, "" where none is.
    """

    def __init__(self, message: str, *, reason: ChangeReason, field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field


class SettingsError(TailraceError):
    """The operator must fix a destination: suspend it, keep its events.

    `problems` says by the name of each setting what is wrong with it; empty where no one setting
    is wrong alone.
    """

    def __init__(self, message: str, *, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or {}


class TransientError(TailraceError):
    """Nobody has to act: retry with backoff, or answer 503 with `Retry-After`."""


class LogFullError(TransientError):
    """The log may not grow further: its size limit or the disk is reached."""


class CorruptionError(TailraceError):
    """Stored bytes are not those written: stop the partition, raise the alarm.

    `path` is the damaged file; `partition` and `offset` the first record concerned, where known.
    """

    def __init__(
        self, message: str, *, path: str, partition: int | None = None, offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.partition = partition
        self.offset = offset


class OffsetGoneError(TailraceError):
    """The records asked for were removed by retention; `first` is the oldest that is left."""

    def __init__(self, message: str, *, first: int) -> None:
        super().__init__(message)
        self.first = first
