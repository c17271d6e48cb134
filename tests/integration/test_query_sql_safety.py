"""Attacks on the SQL endpoint, each tried for real: nothing is read, written or changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tailrace.config import Config, QueryConfig
from tailrace.errors import QueryError
from tailrace.event import Block
from tailrace.query import Questions, Sql
from tailrace.store import Store, open_store

SECRET = "the-secret-in-the-file"

ATTACKS = [
    # Files, as functions, tables, sources and sinks.
    "SELECT file('{secret}')",
    "SELECT FILE('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT upper(file('{secret}'))",
    "SELECT * FROM events WHERE event = file('{secret}')",
    "SELECT 1 ORDER BY file('{secret}')",
    "SELECT 1 LIMIT (SELECT length(file('{secret}')))",
    "SELECT sum(1) OVER (PARTITION BY file('{secret}'))",
    "SELECT 1 WINDOW w AS (ORDER BY file('{secret}'))",
    "SELECT quantile(length(file('{secret}')))(1)",
    "SELECT arrayMap(x -> file(x), ['{secret}'])",
    "SELECT * APPLY(file) FROM (SELECT '{secret}' AS a)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{secret}' AS a)",
    "SELECT COLUMNS('a') APPLY file FROM (SELECT '{secret}' AS a)",
    "SELECT * REPLACE (file(a) AS a) FROM (SELECT '{secret}' AS a)",
    "SELECT 1 AS a ORDER BY a WITH FILL INTERPOLATE (b AS file('{secret}'))",
    "SELECT 1 ARRAY JOIN [file('{secret}')] AS x",
    "WITH file('{secret}') AS x SELECT x",
    "WITH x AS (SELECT file('{secret}') AS y) SELECT y FROM x",
    "SELECT CASE file('{secret}') WHEN '' THEN 1 END",
    "SELECT 1 UNION ALL SELECT length(file('{secret}'))",
    "SELECT 1 QUALIFY file('{secret}') = ''",
    "SELECT count() FROM events GROUP BY GROUPING SETS ((file('{secret}')))",
    "FROM events |> WHERE file('{secret}') = ''",
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM `{secret}`",
    "WITH `{secret}` AS (SELECT 1) SELECT * FROM `{secret}`",
    "SELECT * FROM fileCluster('default', '{secret}', 'LineAsString')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM sqlite('{secret}', 't')",
    "SELECT * FROM executable('id', 'TSV', 'x String')",
    "SELECT 1 INTO OUTFILE '{out}'",
    "SELECT 1 INTO OUTFILE '{out}' FORMAT CSV",
    "SELECT 1 FORMAT CSV",
    "INSERT INTO FUNCTION file('{out}', 'TSV', 'x Int8') SELECT 1",
    # Other servers, and objects of this process.
    "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:9/bucket/key', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:9', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:9', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:9', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:9', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:9', 'd', 'c', 'u', 'p', 'x String')",
    "SELECT * FROM redis('127.0.0.1:9', 'k', 'k String')",
    "SELECT * FROM azureBlobStorage('http://127.0.0.1:9', 'c', 'b')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:9/f', 'TSV', 'x Int8')",
    "SELECT * FROM deltaLake('http://127.0.0.1:9/bucket/key')",
    "SELECT * FROM iceberg('http://127.0.0.1:9/bucket/key')",
    "SELECT * FROM python(SECRET)",
    "SELECT * FROM Python(json)",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT aiGenerate('x')",
    # Other tables: of the store, of the system, by name, by parameter and behind IN.
    "SELECT * FROM events_data",
    "SELECT * FROM tailrace.events_data",
    "SELECT * FROM tailrace.events",
    "SELECT * FROM set_aside",
    "SELECT * FROM schema_version",
    "WITH set_aside AS (SELECT 1) SELECT * FROM (SELECT * FROM set_aside)",
    "SELECT * FROM system.tables",
    "SELECT * FROM system.processes AS events",
    "SELECT * FROM system.query_log",
    "SELECT * FROM INFORMATION_SCHEMA.tables",
    "SELECT 1 FROM events JOIN system.one ON 1",
    "SELECT 1 FROM events, system.one",
    "SELECT (SELECT name FROM system.tables LIMIT 1)",
    "SELECT 1 IN system.one",
    "SELECT 'x' IN (system.tables)",
    "SELECT 1 NOT IN system.one",
    "SELECT 1 GLOBAL IN system.one",
    "SELECT 'x' IN events_data",
    "SELECT in(1, system.one)",
    "SELECT nullIn(1, system.one)",
    "SELECT * FROM {{table:Identifier}}",
    "SELECT {{table:Identifier}} FROM events",
    "SELECT * FROM merge('tailrace', '.*')",
    "SELECT * FROM loop(events_data)",
    "SELECT * FROM mergeTreeIndex('tailrace', 'events_data')",
    "SELECT * FROM view(SELECT * FROM system.tables)",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    "SELECT * FROM dictionary('x')",
    "SELECT * FROM fuzzJSON('{{}}')",
    "SELECT * FROM generateRandom('x Int8')",
    "SELECT * FROM numbers_mt(10)",
    "SELECT dictGet('d', 'x', 1)",
    "SELECT joinGet('tailrace.x', 'y', 1)",
    "SELECT hasColumnInTable('system', 'tables', 'name')",
    # Settings, the system, and waiting.
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 1000)",
    "SELECT 1 UNION ALL (SELECT 2 SETTINGS readonly = 0)",
    "SET readonly = 0",
    "SET max_memory_usage = 0",
    "SELECT getSetting('max_memory_usage')",
    "SELECT getServerSetting('path')",
    "SELECT getMacro('x')",
    "SELECT hostName(), FQDN(), serverUUID(), currentUser()",
    "SELECT filesystemAvailable()",
    "SELECT sleep(3)",
    "SELECT sleepEachRow(1) FROM numbers(10)",
    "SELECT throwIf(1)",
    "SELECT addressToLine(toUInt64(1))",
    "SELECT logTrace('x')",
    # Everything that is not one SELECT.
    "SELECT 1; DROP TABLE events_data",
    "SELECT 1; SELECT 2",
    "SELECT 1 PARALLEL WITH DROP TABLE events_data",
    "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)",
    "CREATE FUNCTION f AS x -> x",
    "CREATE USER u IDENTIFIED WITH no_password",
    "GRANT ALL ON *.* TO default",
    "INSERT INTO events_data (message_id) VALUES ('x')",
    "INSERT INTO events_data SELECT * FROM events_data",
    "ALTER TABLE events_data DELETE WHERE 1",
    "DELETE FROM events_data WHERE 1",
    "UPDATE events_data SET event = '' WHERE 1",
    "DROP TABLE events_data",
    "DROP DATABASE tailrace",
    "TRUNCATE TABLE events_data",
    "RENAME TABLE events_data TO x",
    "DETACH TABLE events_data",
    "ATTACH TABLE x",
    "OPTIMIZE TABLE events_data FINAL",
    "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1",
    "BACKUP TABLE events_data TO File('{out}')",
    "RESTORE TABLE events_data FROM File('{out}')",
    "USE system",
    "SHOW TABLES",
    "SHOW CREATE TABLE events_data",
    "DESCRIBE TABLE events_data",
    "EXISTS TABLE events_data",
    "EXPLAIN SELECT 1",
    "EXECUTE AS default SELECT 1",
    "",
    ";",
    "--",
    "\\x00",
    "SELECT '",
    "(" * 2_000 + "SELECT 1" + ")" * 2_000,
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(Config(data_dir=tmp_path_factory.mktemp("query")))
    line = {
        "message_id": "m-1",
        "type": "track",
        "event": "Only",
        "source": "default",
        "timestamp": "2026-03-10T12:00:00Z",
        "received_at": "2026-03-10T12:00:00Z",
        "properties": {},
        "traits": {},
        "context": {},
        "integrations": {},
        "raw_partition": 0,
        "raw_offset": 0,
        "raw_index": 0,
        "original": "{}",
    }
    block = Block(1, [], b"", (0, 0), 1, json.dumps(line).encode(), 0, b"")
    opened.insert_block(block, partition=0, offset=0)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def questions(store: Store) -> Questions:
    return Questions(store, limits=QueryConfig(memory_bytes_max=500_000_000, time_s_max=10))


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack[:60] for attack in ATTACKS])
def test_an_attack_is_refused_and_changes_nothing(
    questions: Questions, tmp_path: Path, attack: str
) -> None:
    secret, out = tmp_path / "secret.txt", tmp_path / "out.txt"
    secret.write_text(SECRET)
    sql = attack.format(secret=secret, out=out)
    parameters = {"table": "events_data"} if "{table:" in sql else {}

    with pytest.raises(QueryError) as refused:
        questions.sql(Sql(sql=sql, parameters=dict(parameters)))

    assert SECRET not in str(refused.value)
    assert not out.exists()
    rows = questions.sql(Sql(sql="SELECT message_id, event FROM events")).rows
    assert msgspec.json.encode(rows) == b'[["m-1", "Only"]]'


def test_the_connection_refuses_to_write_by_itself(store: Store, questions: Questions) -> None:
    """Even a statement that got past the check could not write or lift its limits."""
    questions.sql(Sql(sql="SELECT 1"))
    with questions._sql._pool.client() as client:
        for statement in (
            "INSERT INTO events_data (message_id) VALUES ('x')",
            "DROP TABLE events_data",
            "CREATE TABLE x (a Int8) ENGINE = Memory",
            "SET readonly = 0",
            "SET max_execution_time = 1000",
            "SET max_memory_usage = 0",
        ):
            with pytest.raises(Exception, match=r"READONLY|readonly"):
                client.command(statement)
