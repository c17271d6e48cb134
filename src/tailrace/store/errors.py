"""What can go wrong with the store, and who has to act.

ClickHouse numbers its errors; `as_tailrace_error` sorts them into the error tree. A number that is
not listed counts as transient: the loader's position stands still and the metrics show it.
"""

from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.errors import ConfigError, CorruptionError, TailraceError, TransientError

# Codes of ClickHouse's ErrorCodes.cpp with which it refuses the bytes of a line.
_LINE_CODES = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        69,  # ARGUMENT_OUT_OF_BOUND
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        306,  # TOO_DEEP_RECURSION
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        467,  # CANNOT_PARSE_BOOL
        675,  # CANNOT_PARSE_IPV4
        676,  # CANNOT_PARSE_IPV6
    }
)
# CHECKSUM_DOESNT_MATCH, CANNOT_READ_ALL_DATA of a part, POTENTIALLY_BROKEN_DATA_PART
_DAMAGE_CODES = frozenset({40, 740})


class StoreLockedError(ConfigError):
    """Another process has the embedded store open."""


class RefusedLinesError(TailraceError):
    """ClickHouse cannot read one of the lines; nothing of the insert was stored.

    `name` is ClickHouse's name of the error, such as INCORRECT_DATA.
    """

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


def as_tailrace_error(error: ClickHouseError, *, doing: str) -> TailraceError:
    """Return the error of our tree that says what the catcher does; `doing` begins its message."""
    message = f"{doing}: {error}"
    code = getattr(error, "code", None)
    if code in _LINE_CODES:
        return RefusedLinesError(message, name=getattr(error, "name", None) or str(code))
    if code in _DAMAGE_CODES:
        return CorruptionError(message, path="")
    return TransientError(message)
