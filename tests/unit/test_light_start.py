"""What each part loads at its start; the rest comes with the destination or provider it is for."""

import json
import subprocess
import sys

import pytest

CLIENTS = {"botocore", "confluent_kafka", "nats", "psycopg", "pyarrow", "redis"}
OPENID = {"httpx", "joserfc"}
TABLES = {"alembic", "sqlalchemy"}


def loaded_with(module: str) -> set[str]:
    """Return the packages that a fresh process has loaded after an import."""
    code = (
        f"import json, sys, {module}\n"
        "from tailrace.destinations import load_catalog\n"
        "load_catalog()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("tailrace.app.server", {*CLIENTS, *OPENID, "alembic", "numpy"}),
        ("tailrace.deliver", {*CLIENTS, *OPENID, *TABLES, "clickhouse_connect", "numpy"}),
        ("tailrace.cli", {*CLIENTS, *OPENID, *TABLES, "clickhouse_connect", "numpy"}),
    ],
)
def test_a_part_loads_nothing_that_only_some_installations_need(
    module: str, without: set[str]
) -> None:
    assert loaded_with(module) & without == set()
