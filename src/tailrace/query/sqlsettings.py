"""Settings that clients send along: which hold, and which are taken and do nothing.

One that forms the output or narrows a limit holds. All others that the engine knows are taken and
do nothing, since clients send what they were built to send; so a limit cannot be widened.
"""

import re
from collections.abc import Mapping, Set
from typing import Final

from tailrace.config import QueryConfig
from tailrace.errors import QueryError
from tailrace.query.running import engine_limits

VALUE_CHARACTERS_MAX: Final = 1_000

# `output_format_schema` is the path of a file that the engine would write.
_OUTPUT: Final = re.compile(r"output_format_(?!schema$)[a-z0-9_]+|format_custom_[a-z_]+")
OUTPUT_SETTINGS: Final = frozenset(
    {
        "aggregate_functions_null_for_empty",
        "bool_false_representation",
        "bool_true_representation",
        "date_time_output_format",
        "extremes",
        "format_csv_delimiter",
        "group_by_use_nulls",
        "interval_output_format",
        "join_use_nulls",
        "session_timezone",
        "union_default_mode",
    }
)
NARROWED: Final = (
    "max_execution_time",
    "max_memory_usage",
    "max_result_bytes",
    "max_result_rows",
    "max_rows_to_read",
)
TRANSPORT: Final = frozenset(
    {
        "add_http_cors_header",
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "close_session",
        "custom_http_params",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_zlib_compression_level",
        "http_response_buffer_size",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "stacktrace",
        "wait_end_of_query",
    }
)


class UnknownSettingError(QueryError):
    """The engine has no setting of that name."""

    code: Final = 115


def holds(name: str) -> bool:
    """Tell whether a setting of this name may be changed by a client."""
    return name in OUTPUT_SETTINGS or name in NARROWED or _OUTPUT.fullmatch(name) is not None


def effective_settings(
    given: Mapping[str, str], limits: QueryConfig, *, known: Set[str], bytes_max: int
) -> dict[str, str]:
    """Return those of the settings that change something.

    Raises:
        QueryError: the engine does not know one, or a value is no value of it.
    """
    ours = {**engine_limits(limits), "max_result_bytes": bytes_max}
    wanted: dict[str, str] = {}
    for name, value in given.items():
        if len(value) > VALUE_CHARACTERS_MAX:
            raise QueryError(f"the setting {name[:100]} has more than {VALUE_CHARACTERS_MAX} bytes")
        if name in NARROWED:
            number = _number(name, value)
            if 0 < number < float(ours[name]):
                wanted[name] = value
        elif name in OUTPUT_SETTINGS or _OUTPUT.fullmatch(name):
            wanted[name] = value
        elif name not in TRANSPORT and name not in known:
            raise UnknownSettingError(
                f"Setting {name[:100]} is neither a builtin setting nor known"
            )
    if given.get("result_overflow_mode") == "break" and not wanted.keys().isdisjoint(
        {"max_result_rows", "max_result_bytes"}
    ):
        wanted["result_overflow_mode"] = "break"
    return wanted


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise QueryError(f"the setting {name} is '{value[:50]}'; expected a number") from error
