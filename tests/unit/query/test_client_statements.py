"""What clients of ClickHouse ask about the server, their settings and their formats."""

import pytest

from tailrace.config import QueryConfig
from tailrace.errors import QueryError
from tailrace.query.sql import cleaned
from tailrace.query.sqlcheck import UnknownTableError
from tailrace.query.sqlformats import known_format, media_type_of
from tailrace.query.sqlsettings import effective_settings
from tailrace.query.sqlshow import asked_for

LIMITS = QueryConfig()
KNOWN = {"max_threads", "max_result_rows", "result_overflow_mode"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SHOW DATABASES", "SELECT name FROM system.databases WHERE 1 ORDER BY name"),
        (
            "show tables from `tailrace` like 'ev%' limit 5;",
            (
                "SELECT name FROM system.tables WHERE database = 'tailrace' AND name like 'ev%' "
                "ORDER BY name LIMIT 5"
            ),
        ),
        (
            "/* a tool */ SHOW FULL TABLES -- all",
            (
                "SELECT name, engine AS table_type FROM system.tables WHERE database = 'tailrace' "
                "ORDER BY name"
            ),
        ),
        (
            "EXISTS TABLE default.`it's`",
            (
                "SELECT toUInt8(count() > 0) AS result FROM system.tables "
                "WHERE database = 'tailrace' AND name = 'it\\'s'"
            ),
        ),
        (
            "EXISTS DATABASE other",
            "SELECT toUInt8(count() > 0) AS result FROM system.databases WHERE name = 'other'",
        ),
    ],
)
def test_a_look_around_is_a_select_on_shown_tables(statement: str, expected: str) -> None:
    assert asked_for(statement, database="tailrace").statement == expected


def test_a_description_keeps_its_format_and_forgets_its_settings() -> None:
    shown = asked_for("DESC TABLE events SETTINGS a = 1, b = 'x' FORMAT JSON", database="tailrace")
    of_select = asked_for("DESCRIBE (SELECT 1 AS a)", database="tailrace")

    assert shown.format == "JSON"
    assert "table = 'events'" in shown.statement
    assert of_select.statement == "SELECT 1 AS a"
    assert of_select.is_description


def test_other_statements_stay_as_they_are() -> None:
    statement = "SELECT 'SHOW TABLES' -- not one\nFROM events"

    assert asked_for(statement, database="tailrace").statement == statement


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("DESCRIBE events_data", UnknownTableError),
        ("DESCRIBE system.processes", UnknownTableError),
        ("SHOW CREATE TABLE other.events", UnknownTableError),
        ("SHOW PROCESSLIST", QueryError),
        ("SHOW TABLES; DROP TABLE events", QueryError),
    ],
)
def test_what_is_not_shown_is_refused(statement: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked_for(statement, database="tailrace")


def wanted(**given: str) -> dict[str, str]:
    return effective_settings(given, LIMITS, known=KNOWN, bytes_max=1_000)


def test_settings_hold_where_they_form_the_output_or_narrow_a_limit() -> None:
    assert wanted(output_format_json_quote_64bit_integers="1", max_threads="64") == {
        "output_format_json_quote_64bit_integers": "1"
    }
    assert wanted(max_result_rows="5", result_overflow_mode="break") == {
        "max_result_rows": "5",
        "result_overflow_mode": "break",
    }
    assert wanted(max_result_bytes="1001", max_execution_time="0", max_rows_to_read="-1") == {}
    assert wanted(result_overflow_mode="break") == {}


def test_a_setting_that_nobody_knows_or_whose_value_is_none_is_refused() -> None:
    with pytest.raises(QueryError, match="neither a builtin setting"):
        wanted(no_such_setting="1")
    with pytest.raises(QueryError, match="expected a number"):
        wanted(max_result_rows="many")
    with pytest.raises(QueryError, match="more than 1000"):
        wanted(output_format_csv_null_representation="x" * 1_001)


def test_formats_have_one_name_however_they_are_written() -> None:
    assert known_format("jsoneachrow") == "JSONEachRow"
    assert known_format("MySQLWire") is None
    assert media_type_of("CSVWithNames") == "text/csv; charset=UTF-8; header=present"
    assert media_type_of("Native") == "application/octet-stream"


def test_a_message_of_the_engine_tells_nothing_of_where_it_runs() -> None:
    served = (
        "Received ClickHouse exception, code: 47, server response: Code: 47. DB::Exception: "
        "Unknown identifier `x`. (UNKNOWN_IDENTIFIER) (version 26.9.2.1 (official build)) "
        "(for url http://store.internal:8123)"
    )

    assert cleaned(served) == "Unknown identifier `x`. (UNKNOWN_IDENTIFIER)"
