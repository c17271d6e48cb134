"""Attacks by clients of ClickHouse, each tried for real: nothing is read, written or changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sql_attacks import ATTACKS
from stored_events import StoredEvents, stored_events
from tailrace.errors import LimitError, QueryError
from tailrace.query.sqlclients import ClientSql

SECRET = "the-secret-in-the-file"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

HARMLESS = frozenset(
    {
        "SELECT 1 FORMAT CSV",
        "SELECT * FROM tailrace.events",
        # Shown tables: the views alone.
        "SELECT * FROM system.tables",
        "SELECT * FROM INFORMATION_SCHEMA.tables",
        "SELECT 1 FROM events JOIN system.one ON 1",
        "SELECT 1 FROM events, system.one",
        "SELECT (SELECT name FROM system.tables LIMIT 1)",
        "SHOW TABLES",
        "EXISTS TABLE events_data",
        # What a statement sets does nothing.
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 1000)",
        "SELECT 1 UNION ALL (SELECT 2 SETTINGS readonly = 0)",
    }
)
"""What clients may ask, though the API's own SQL does not take it."""

MORE_ATTACKS = [
    "SELECT * FROM shown_settings",
    "SELECT * FROM shown_tables",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM system.users",
    "SELECT * FROM system.named_collections",
    "SELECT * FROM system.disks",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.merges",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM system.`tables` AS t, system.errors",
    "SELECT * FROM `system`.`processes`",
    "SELECT * FROM `system.processes`",
    "SELECT * FROM other.events",
    "SELECT * FROM default.events_data",
    "SELECT * FROM default.set_aside",
    "DESCRIBE TABLE events_data",
    "DESCRIBE TABLE system.processes",
    "DESCRIBE TABLE file('{secret}', 'LineAsString')",
    "DESCRIBE (SELECT * FROM file('{secret}', 'LineAsString'))",
    "DESCRIBE (SELECT 1) FORMAT CSV) INTO OUTFILE '{out}' --",
    "DESC (SELECT 1 INTO OUTFILE '{out}')",
    "SHOW CREATE TABLE events_data",
    "SHOW TABLES FROM system LIKE 'x' INTO OUTFILE '{out}'",
    "SHOW PROCESSLIST",
    "SHOW GRANTS",
    "SHOW SETTINGS LIKE '%'",
    "SHOW TABLES LIKE file('{secret}')",
    "SELECT * FROM users_between(since = file('{secret}'), until = now())",
    "SELECT * FROM users_between(since = (SELECT min(stored_at) FROM events_data), until = now())",
    "SELECT * FROM events_between(since = now(), until = now())",
    "SELECT {{name:String}} FROM events INTO OUTFILE '{out}'",
    "SELECT CAST(file('{secret}'), {{name:String}})",
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("clients"), now=NOW) as opened:
        opened.add([{"event": "Only", "user_id": "u-1"}])
        yield opened


def asked(stored: StoredEvents, statement: str, **fields: object) -> str:
    question = ClientSql(statement=statement, **fields)  # type: ignore[arg-type]
    return stored.questions.client_sql(question).body.decode()


def test_every_attack_is_refused_and_changes_nothing(stored: StoredEvents, tmp_path: Path) -> None:
    secret, out = tmp_path / "secret.txt", tmp_path / "out.txt"
    secret.write_text(SECRET)
    answered, told = set(), []

    for attack in [*ATTACKS, *MORE_ATTACKS]:
        parameters = {"table": "events_data", "name": str(secret)}
        statement = attack.format(secret=secret, out=out)
        try:
            told.append(asked(stored, statement, parameters=parameters))
            answered.add(attack)
        except QueryError as refused:
            told.append(str(refused))

    assert answered == HARMLESS
    assert SECRET not in "".join(told)
    assert not out.exists()
    assert asked(stored, "SELECT message_id, event FROM events") == "m-0-0\tOnly\n"


def test_shown_tables_tell_of_the_views_and_nothing_of_the_machine(stored: StoredEvents) -> None:
    everything = "".join(
        asked(stored, f"SELECT * FROM system.{table} FORMAT JSONEachRow")
        for table in ("databases", "tables", "columns", "clusters", "dictionaries", "macros")
    )
    schema = "".join(
        asked(stored, f"SELECT * FROM information_schema.{table} FORMAT JSONEachRow")
        for table in ("schemata", "tables", "columns", "views")
    )

    for hidden in ("events_data", "set_aside", "load_groups", "links", "/tmp", "people_by_id"):
        assert hidden not in everything
        assert hidden not in schema
    assert asked(stored, "SELECT name FROM system.tables ORDER BY name") == (
        "events\ngroups\nsessions\nusers\n"
    )
    assert asked(stored, "SHOW DATABASES") == "tailrace\n"
    assert asked(stored, "SELECT hostName(), timezone()") == "tailrace\tUTC\n"


def test_a_client_narrows_limits_and_never_widens_them(stored: StoredEvents) -> None:
    ours = asked(stored, "SELECT name, value FROM system.settings WHERE name LIKE 'max_%'")

    wider = {"max_result_rows": "0", "max_memory_usage": "999999999999", "readonly": "0"}
    same = asked(
        stored, "SELECT name, value FROM system.settings WHERE name LIKE 'max_%'", settings=wider
    )

    assert same == ours
    with pytest.raises(LimitError, match="came with the statement"):
        asked(stored, "SELECT number FROM numbers(8)", settings={"max_result_rows": "7"})
    with pytest.raises(LimitError, match=r"query\.download_rows_max"):
        asked(stored, "SELECT number FROM numbers(1000001)", settings={"max_result_rows": "0"})
    assert asked(stored, "SELECT value FROM system.settings WHERE name = 'readonly'") == "1\n"
    with pytest.raises(QueryError, match="neither a builtin setting"):
        asked(stored, "SELECT 1", settings={"no_such_setting": "1"})


def test_a_setting_that_would_write_a_file_does_nothing(
    stored: StoredEvents, tmp_path: Path
) -> None:
    out = tmp_path / "schema"

    asked(stored, "SELECT 1", settings={"output_format_schema": str(out)})

    assert not out.exists()


def test_values_of_parameters_are_values_whatever_they_hold(stored: StoredEvents) -> None:
    hostile = "') UNION ALL SELECT file('/etc/hostname') --"

    found = asked(
        stored,
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Nullable(Int8)} AS c "
        "LIMIT {n:UInt8} FORMAT JSONCompactEachRow",
        parameters={
            "a": hostile.replace("'", "\\'"),
            "b": "['it\\'s','two']",
            "c": "\\N",
            "n": "1",
        },
    )

    assert found == f'["{hostile.replace("/", chr(92) + "/")}", ["it\'s","two"], null]\n'
