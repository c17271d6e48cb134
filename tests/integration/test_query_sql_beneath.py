"""Which statements on the view run on the table beneath it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.config import Config, QueryConfig
from tailrace.event import Block
from tailrace.query import Questions, Sql
from tailrace.query.sqlbeneath import beneath
from tailrace.query.sqlcheck import Node, nodes_of
from tailrace.store import Store, open_store

DIFFERING = frozenset({"context", "integrations", "original", "context_fields"})
SAME = [
    "SELECT count() FROM events",
    "SELECT count(*) FROM events",
    "SELECT browser, sum(properties.revenue.:Float64) FROM events GROUP BY browser",
    "SELECT events.user_id FROM events WHERE event = 'a' ORDER BY timestamp LIMIT 1",
    "SELECT e.event FROM events AS e JOIN events AS f ON e.user_id = f.user_id",
    "WITH a AS (SELECT user_id FROM events) SELECT count() FROM a",
    "SELECT count() FROM events WHERE user_id IN (SELECT user_id FROM events)",
]
OTHER = [
    "SELECT * FROM events",
    "SELECT e.* FROM events AS e",
    "SELECT * EXCEPT (properties) FROM events",
    "SELECT COLUMNS('i') FROM events",
    "SELECT context.page.path FROM events",
    "SELECT `context.page.path` FROM events",
    "SELECT e.context.locale FROM events AS e",
    "SELECT toString(integrations) FROM events",
    "SELECT original FROM events",
    "SELECT 1 WHERE 'a' IN events",
    "SELECT _part FROM events",
    "SELECT e._part_offset FROM events AS e",
    "SELECT count() FROM events WHERE `_partition_id` = 'all'",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    directory: Path = tmp_path_factory.mktemp("beneath")
    store = open_store(Config(data_dir=directory))
    lines = "\n".join(
        json.dumps(
            {
                "message_id": f"m-{number}",
                "type": "track",
                "event": "a" if number % 2 else "b",
                "user_id": f"u-{number % 3}",
                "source": "web",
                "timestamp": f"2026-03-10T00:00:{number:02}.000Z",
                "received_at": f"2026-03-10T00:00:{number:02}.000Z",
                "properties": {"revenue": number / 2},
                "context": {"page": {"path": f"/{number}"}},
                "raw_index": number,
            }
        )
        for number in range(20)
    )
    store.insert_block(Block(1, [], b"", (0, 0), 20, lines.encode(), 0, b""), partition=0, offset=0)
    try:
        yield store
    finally:
        store.close()


def parsed(store: Store, sql: str) -> Node:
    with store.client() as client:
        text = client.query(
            "SELECT parseQueryToJSON({text:String})", parameters={"text": sql}
        ).result_rows[0][0]
    tree: Node = json.loads(text)
    return tree


def tables(tree: Node) -> set[object]:
    return {node["name"] for node in nodes_of(tree) if node["type"] == "TableIdentifier"}


@pytest.mark.parametrize("sql", SAME)
def test_a_statement_on_common_columns_runs_on_the_table(store: Store, sql: str) -> None:
    tree = beneath(parsed(store, sql), table="events_data", differing=DIFFERING)

    assert "events_data" in tables(tree)
    assert "events" not in tables(tree)


@pytest.mark.parametrize("sql", OTHER)
def test_a_statement_that_could_tell_the_difference_stays(store: Store, sql: str) -> None:
    tree = parsed(store, sql)

    assert beneath(tree, table="events_data", differing=DIFFERING) is tree


def test_both_give_the_same_answer(store: Store) -> None:
    questions = Questions(store, limits=QueryConfig())
    condition = "WHERE properties.revenue.:Float64 > 2 GROUP BY event ORDER BY event"
    on_table = questions.sql(Sql(sql=f"SELECT event, count() FROM events {condition}"))
    on_view = questions.sql(
        Sql(sql=f"SELECT event, count() FROM (SELECT * FROM events) {condition}")
    )

    assert on_table.rows == on_view.rows
    assert [bytes(row) for row in on_table.rows] == [b'["a", 8]', b'["b", 7]']
