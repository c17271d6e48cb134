"""From the tracking API into a PostgreSQL: each event is a row, once, whoever is killed."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from conftest import MakeTailrace
from running import Tailrace, free_port, wait_until

from postgres import Cluster, running_cluster

SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
EVENTS = 2_000
USERS = 50


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """A database, and where it is."""

    cluster: Cluster
    port: int
    dsn: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(sql).fetchall()

    def count(self, table: str) -> int:
        """Return how many rows a table has, 0 where it is not there yet."""
        found = self.rows(f"SELECT to_regclass('{table}') IS NOT NULL")
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0]) if found[0][0] else 0


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    port = free_port()
    with running_cluster(port=port) as cluster:
        yield Warehouse(cluster=cluster, port=port, dsn=cluster.new_database())


def event(number: int) -> dict[str, Any]:
    user = f"u-{number % USERS}"
    base = {"userId": user, "messageId": f"m-{number}"}
    if number % 10 == 0:
        return {**base, "type": "identify", "traits": {"seen": number}}
    return {
        **base,
        "type": "track",
        "event": f"Step {number % 3}",
        "properties": {"n": number, "total": number / 4, f"only {number % 40}": True},
    }


def state_of(tailrace: Tailrace) -> str:
    response = tailrace.api.get("/api/v1/destinations/warehouse/delivery")
    return str(response.json()["state"])


def wait_deliverer(tailrace: Tailrace, *, but: int = 0) -> int:
    return wait_until(
        lambda: next(
            (pid for pid, part in tailrace.pids().items() if part == "deliver" and pid != but), None
        ),
        what="the deliverer runs",
        within_s=30.0,
    )


def test_each_event_is_a_row_once_though_processes_are_killed(
    make_tailrace: MakeTailrace, warehouse: Warehouse
) -> None:
    tailrace = make_tailrace(settings=SETTINGS).start()
    [database] = warehouse.rows("SELECT current_database()")[0]
    body = {
        "slug": "warehouse",
        "type": "postgres",
        "settings": {
            "host": "127.0.0.1",
            "port": warehouse.port,
            "database": database,
            "user": "tailrace",
            "schema": "events",
            "sslmode": "disable",
            "batch_events_max": 100,
            "batch_age_s": 0.2,
        },
    }
    assert tailrace.api.post("/api/v1/destinations", json=body).status_code == 201
    wait_until(lambda: state_of(tailrace) == "running", what="it has begun", within_s=30.0)
    deliverer = wait_deliverer(tailrace)

    for begin in range(0, EVENTS, 100):
        batch = [event(number) for number in range(begin, begin + 100)]
        assert tailrace.send("/v1/batch", {"batch": batch}).status_code == 200
        if begin in {600, 1_200}:
            wait_until(
                lambda: warehouse.count("events.tracks") > 0,
                what="some are loaded",
                within_s=60.0,
                state=tailrace.last_output,
            )
            os.kill(deliverer, signal.SIGKILL)
            deliverer = wait_deliverer(tailrace, but=deliverer)
        if begin == 900:
            warehouse.cluster.stop()
            warehouse.cluster.start()
    wait_until(
        lambda: warehouse.count("events.tracks") + warehouse.count("events.identifies") >= EVENTS,
        what="all are loaded",
        within_s=90.0,
        state=tailrace.last_output,
    )

    tracks = EVENTS - EVENTS // 10
    assert warehouse.rows("SELECT count(*), count(DISTINCT id) FROM events.tracks") == [
        (tracks, tracks)
    ]
    steps = " UNION ALL ".join(f"SELECT id, n, total FROM events.step_{n}" for n in range(3))
    numbers = [number for number in range(EVENTS) if number % 10]
    assert warehouse.rows(
        f"SELECT count(*), count(DISTINCT id), sum(n)::bigint, sum(total)::float FROM ({steps}) s"
    ) == [(tracks, tracks, sum(numbers), sum(numbers) / 4)]
    assert warehouse.rows("SELECT count(*), sum(seen)::bigint FROM events.users") == [
        (USERS // 10, sum(range(EVENTS - USERS, EVENTS, 10)))
    ]
    assert warehouse.count("events.discards") == 0
    tailrace.wait_settled()
    tailrace.audit()
