"""What the interface says when it cannot answer: ClickHouse's codes, names and status codes."""

import re
from typing import Final

from tailrace.app.problems import FORBIDDEN, NOT_ALLOWED, TOO_MANY, UNAUTHENTICATED, ProblemError
from tailrace.errors import LimitError, QueryError, TailraceError, TransientError
from tailrace.query.sqlcheck import NotSelectError, UnknownTableError
from tailrace.query.sqlclients import UnknownNameError
from tailrace.query.sqlsettings import UnknownSettingError
from tailrace.query.stopping import StoppedError

NAMES: Final = {
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    46: "UNKNOWN_FUNCTION",
    48: "NOT_IMPLEMENTED",
    60: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    73: "UNKNOWN_FORMAT",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
    158: "TOO_MANY_ROWS",
    159: "TIMEOUT_EXCEEDED",
    160: "TOO_SLOW",
    164: "READONLY",
    194: "REQUIRED_PASSWORD",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    241: "MEMORY_LIMIT_EXCEEDED",
    354: "ZLIB_INFLATE_FAILED",
    372: "SESSION_NOT_FOUND",
    373: "SESSION_IS_LOCKED",
    394: "QUERY_WAS_CANCELLED",
    396: "TOO_MANY_ROWS_OR_BYTES",
    456: "UNKNOWN_QUERY_PARAMETER",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
    677: "INVALID_SESSION_TIMEOUT",
    1000: "POCO_EXCEPTION",
    1003: "BAD_REQUEST_PARAMETER",
}
"""Codes that this interface gives by itself; those of the engine come with their names."""

_INVALID: Final = frozenset(
    {6, 25, 26, 27, 38, 41, 53, 62, 69, 72, 117, 167, 168, 169, 189, 223, 354, 456, 467, 675, 1003}
)
_UNKNOWN: Final = frozenset({46, 47, 50, 56, 60, 63, 73, 81, 115, 126, 372})
_STATUS: Final = {
    48: 501,
    159: 408,
    164: 403,
    194: 401,
    202: 503,
    209: 503,
    223: 413,
    497: 403,
    516: 403,
}
_NAMED = re.compile(r"\s*\(([A-Z][A-Z0-9_]+)\)\s*$")


class ClientError(Exception):
    """A request of a client that is not answered, as ClickHouse says it."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        name: str = "",
        status: int = 0,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.name = name or NAMES.get(code, "UNKNOWN_EXCEPTION")
        self.status = status or _status_of(code)
        self.retry_after_s = 2 if self.status == 503 else retry_after_s

    def text(self) -> str:
        """Return the body of the answer."""
        message = _NAMED.sub("", str(self)).rstrip()
        return f"Code: {self.code}. DB::Exception: {message} ({self.name}) (tailrace)\n"


def as_client_error(error: TailraceError) -> ClientError:
    """Return what ClickHouse would say of an error; the engine's code where it has one."""
    cause = error.__cause__
    code = getattr(cause, "code", None)
    name = str(getattr(cause, "name", None) or "")
    text = str(error)
    hint = getattr(error, "hint", "")
    if hint:
        text = f"{text}: {hint}"
    match error:
        case UnknownNameError() | UnknownSettingError():
            return ClientError(error.code, text)
        case NotSelectError():
            return ClientError(164, text)
        case UnknownTableError():
            return ClientError(60, text)
        case QueryError():
            return ClientError(code or 497, text, name=name)
        case LimitError():
            return ClientError(code or 396, text, name=name)
        case StoppedError():
            return ClientError(394, text)
        case TransientError():
            return ClientError(202, text, status=503)
    return ClientError(1000, text)


def of_problem(error: ProblemError) -> ClientError:
    """Return what ClickHouse would say to somebody who is not let in."""
    if error.kind is TOO_MANY:
        return ClientError(516, error.detail, status=429, retry_after_s=error.retry_after_s)
    if error.kind is UNAUTHENTICATED:
        return ClientError(
            516,
            "Authentication failed: the password is the API token, and the one given is not valid",
        )
    if error.kind in (FORBIDDEN, NOT_ALLOWED):
        return ClientError(497, error.detail)
    return ClientError(1000, error.detail, status=error.kind.status)


def _status_of(code: int) -> int:
    if code in _STATUS:
        return _STATUS[code]
    if code in _INVALID:
        return 400
    return 404 if code in _UNKNOWN else 500
