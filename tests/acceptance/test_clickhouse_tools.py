"""ClickHouse's own clients, unchanged, over its HTTP interface below `/ch/`."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
import sqlalchemy
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from running import API_TOKEN, Tailrace
from server_sdks import node, npm_packages

NODE_CLIENT = Path(__file__).parents[1] / "clickhouse"
EVENTS: list[dict[str, object]] = [
    {"event": "Order Completed", "userId": "u-1", "properties": {"revenue": 20.5}},
    {"event": "Order Completed", "userId": "u-2", "properties": {"revenue": 80}},
    {"event": "It's", "userId": "u-1"},
    {"event": "B", "anonymousId": "a-1"},
]


@pytest.fixture(scope="module")
def filled(running: Tailrace) -> Tailrace:
    batch = [
        {"type": "track", "messageId": f"m-{number}", **event}
        for number, event in enumerate(EVENTS)
    ]
    assert running.send("/v1/batch", {"batch": batch}).status_code == 200
    running.wait_stored(len(EVENTS))
    return running


@pytest.fixture(scope="module")
def client(filled: Tailrace) -> Iterator[Client]:
    opened = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=urlsplit(filled.app_url).port or 0,
        username="analyst",
        password=API_TOKEN,
        database="tailrace",
        proxy_path="ch",
    )
    yield opened
    opened.close()


def test_the_python_client_reads_rows_with_their_types(client: Client) -> None:
    found = client.query(
        "SELECT event, count() AS n, sum(properties.revenue::Float64) AS revenue, "
        "max(timestamp) AS last FROM events WHERE event IN {events:Array(String)} "
        "GROUP BY event ORDER BY n DESC",
        parameters={"events": ["Order Completed", "It's"]},
    )

    assert [row[:3] for row in found.result_rows] == [("Order Completed", 2, 100.5), ("It's", 1, 0)]
    assert str(found.column_types[3].name) == "DateTime64(3, 'UTC')"
    assert client.command("SELECT currentDatabase()") == "tailrace"


def test_the_python_client_reads_data_frames_and_arrow_tables(client: Client) -> None:
    frame = client.query_df("SELECT event, count() AS n FROM events GROUP BY event ORDER BY event")
    table = client.query_arrow("SELECT number FROM numbers(5)")
    with client.query_row_block_stream("SELECT number FROM numbers(3000)") as stream:
        streamed = sum(len(block) for block in stream)

    assert frame.to_dict("list") == {"event": ["B", "It's", "Order Completed"], "n": [1, 1, 2]}
    assert table.to_pydict() == {"number": [0, 1, 2, 3, 4]}
    assert streamed == 3_000


def test_the_python_client_can_change_nothing(client: Client) -> None:
    for change in (
        "INSERT INTO events (message_id) VALUES ('x')",
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "TRUNCATE TABLE events",
        "SET max_execution_time = 0",
    ):
        with pytest.raises(DatabaseError, match="READONLY"):
            client.command(change)
    with pytest.raises(DatabaseError):
        client.insert("events", [["x"]], column_names=["message_id"])

    assert client.command("SELECT count() FROM events") == len(EVENTS)


def test_the_dialect_of_superset_finds_the_views_and_their_columns(filled: Tailrace) -> None:
    address = urlsplit(filled.app_url).netloc
    engine = sqlalchemy.create_engine(
        f"clickhousedb://analyst:{API_TOKEN}@{address}/tailrace?proxy_path=ch"
    )

    looked = sqlalchemy.inspect(engine)
    users = sqlalchemy.Table("users", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(
            sqlalchemy.select(users.c.user_id, users.c.events)
            .where(users.c.user_id != "")
            .order_by(users.c.user_id)
        ).all()

    assert looked.get_schema_names() == ["tailrace"]
    assert looked.get_view_names() == ["events", "groups", "sessions", "users"]
    assert looked.has_table("events")
    assert not looked.has_table("events_data")
    assert [tuple(row) for row in rows] == [("u-1", 2), ("u-2", 1)]
    engine.dispose()


def test_the_node_client_asks_streams_and_is_refused_what_changes(filled: Tailrace) -> None:
    done = subprocess.run(
        [node(), str(NODE_CLIENT / "asker.mjs")],
        env={
            **os.environ,
            "TAILRACE_CLICKHOUSE_DIR": str(npm_packages(NODE_CLIENT)),
            "CLICKHOUSE_URL": filled.app_url,
            "CLICKHOUSE_PASSWORD": API_TOKEN,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        "ping": True,
        "counted": [{"event": "B", "n": 1}, {"event": "It's", "n": 1}],
        "settings": [{"n": "7", "at": "2026-03-10 12:00:00.500"}],
        "text": "1\n1\n",
        "streamed": 3_000,
        "insert": "READONLY",
        "command": "READONLY",
        "wrong": "UNKNOWN_TABLE",
    }
