"""The official Python clients of Elasticsearch and OpenSearch, unmodified."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from running import Tailrace
from server_sdks import RUN_S_MAX, SDKS, python_packages

CLIENTS = {
    "elasticsearch-8": "elasticsearch",
    "elasticsearch-9": "elasticsearch",
    "opensearch-py-2": "opensearchpy",
    "opensearch-py-3": "opensearchpy",
}


def run_client(tailrace: Tailrace, lock: str, module: str) -> dict[str, Any]:
    """Let a client write and read; return what it says of it."""
    at = int(time.time() * 1000) - 60_000
    job = {
        "url": tailrace.app_url,
        "token": tailrace.token,
        "write_key": tailrace.write_key,
        "marker": lock,
        "at": at,
    }
    done = subprocess.run(
        [sys.executable, str(SDKS / "elastic_client.py"), module],
        input=json.dumps(job).encode(),
        env={
            **os.environ,
            "PYTHONPATH": str(python_packages(f"{lock}.txt")),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=SDKS,
        capture_output=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return report


@pytest.mark.parametrize(("lock", "module"), CLIENTS.items())
def test_a_client_writes_and_reads_as_with_its_own_server(
    running: Tailrace, lock: str, module: str
) -> None:
    ids = [f"{lock}-{number}" for number in range(7)]
    odd = [ids[number] for number in (1, 3, 5)]

    report = run_client(running, lock, module)

    objects, refused = report.pop("objects"), report.pop("refused")
    paged, is_closed = report.pop("paged")
    report.pop("version")
    assert report == {
        "written": 6,
        "errors": [],
        "indexed": "created",
        "count": 7,
        "product": "8.17.0",
        "ping": True,
        "health": "green",
        "exists": [True, False],
        "mapped": "alias",
        "caps": ["double"],
        "total": 5,
        "hits": [[ids[6], {"properties": {"disk": 6}}], [ids[5], {"properties": {"disk": 5}}]],
        "buckets": [[f"{lock}-web-0", 3], [f"{lock}-web-1", 2]],
        "many": [200, 400],
        "scanned": ids,
        "got": "disk 3 is nearly full",
    }
    assert (paged, is_closed) == (ids, True)
    assert objects["ids"] == odd[::-1]
    assert objects["buckets"] == [[f"{lock}-web-1", 3, 5.0]]
    assert objects["scanned"] == odd
    assert objects.get("iterated", odd) == odd
    assert refused == {
        "delete": [405, "method_not_allowed_exception"],
        "query": [400, "parsing_exception"],
        "index": [404, "index_not_found_exception"],
        "token": [401, "security_exception"],
        "key": [401, "security_exception"],
    }
