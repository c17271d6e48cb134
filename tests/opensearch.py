"""An OpenSearch of the tests' own: one node on loopback, of the distribution on Maven Central."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ARTIFACT = "org.opensearch.distribution.integ-test-zip:opensearch:2.11.0:zip"
FETCHED_S_MAX = 240.0
STARTED_S_MAX = 120.0
POLL_S = 0.1


class Node:
    """A running node."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what it answers; the answer must be a good one."""
        response = self._client.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()

    def is_ready(self) -> bool:
        try:
            return self._client.get("/").is_success
        except httpx.TransportError:
            return False

    def documents(self, index: str) -> dict[str, dict[str, Any]]:
        """Return the documents of an index by their ids, 10,000 at most."""
        self.ask("POST", f"/{index}/_refresh")
        found = self.ask("GET", f"/{index}/_search?size=10000")
        return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}

    def close(self) -> None:
        self._client.close()


@contextmanager
def running_node(port: int) -> Iterator[Node]:
    """Give a running node; the test is skipped where it cannot be had."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        pytest.skip("OpenSearch needs Java and Maven (Debian: apt-get install maven)")
    user = _user()
    with tempfile.TemporaryDirectory(prefix="tailrace-opensearch-") as name:
        home = _unpacked(_fetched(maven, Path(name)), Path(name))
        if user is not None:
            shutil.chown(name, user)
            for path in Path(name).rglob("*"):
                shutil.chown(path, user)
        output = Path(name) / "output.txt"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [
                    str(home / "bin" / "opensearch"),
                    f"-Ehttp.port={port}",
                    "-Ehttp.host=127.0.0.1",
                    "-Etransport.host=127.0.0.1",
                    "-Etransport.port=0",
                    "-Ediscovery.type=single-node",
                ],
                user=user,
                env={
                    "PATH": os.environ["PATH"],
                    "OPENSEARCH_JAVA_HOME": str(Path(java).resolve().parents[1]),
                    "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m",
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        node = Node(f"http://127.0.0.1:{port}")
        try:
            _wait_ready(node, process, output)
            yield node
        finally:
            node.close()
            process.terminate()
            process.wait(30.0)


def _user() -> str | None:
    """Return whom it runs as: not root, which it refuses."""
    if os.geteuid() != 0:
        return None
    if "nobody" not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("OpenSearch does not run as root, and there is no user 'nobody'")
    return "nobody"


def _fetched(maven: str, directory: Path) -> Path:
    done = subprocess.run(
        [maven, "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", "-DoutputDirectory=."],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FETCHED_S_MAX,
        check=False,
    )
    found = list(directory.glob("*.zip"))
    if not found:
        pytest.skip(f"OpenSearch cannot be fetched: {done.stdout[-500:]}")
    return found[0]


def _unpacked(archive: Path, directory: Path) -> Path:
    with zipfile.ZipFile(archive) as file:
        file.extractall(directory)
    [home] = directory.glob("opensearch-*/")
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    return home


def _wait_ready(node: Node, process: "subprocess.Popen[bytes]", output: Path) -> None:
    end = time.monotonic() + STARTED_S_MAX
    while not node.is_ready():
        told = output.read_text(errors="replace")[-3000:]
        assert process.poll() is None, told
        assert time.monotonic() < end, told
        time.sleep(POLL_S)
