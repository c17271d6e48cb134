"""Attacks on the SQL endpoint, each tried for real: nothing is read, written or changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sql_attacks import ATTACKS
from tailrace.config import Config, QueryConfig
from tailrace.errors import QueryError
from tailrace.event import Block
from tailrace.query import Questions, Sql
from tailrace.store import Store, open_store

SECRET = "the-secret-in-the-file"


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
