"""A type of destination of a package of one's own: made, installed beside Tailrace, and used."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_server import AppServer

from tool_server import Answer, ToolServer

NAME = "acme-chat"
KEY = "planted-key-of-acme"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index")


def tailrace(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tailrace", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a new package."""
    path = tmp_path_factory.mktemp("package") / "made"
    made = tailrace("destination", "new", NAME, "--directory", str(path))
    assert made.returncode == 0, made.stderr
    return path


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory into which the package is installed, beside one that is broken."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, *OFFLINE, "--target", str(target), str(package)], check=True, timeout=60)
    (target / "tailrace_fax.py").write_text("import fax_machine_that_is_not_there\n")
    about = target / "tailrace_fax-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tailrace-fax\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[tailrace.destinations]\nfax = tailrace_fax:DESTINATION\n"
    )
    return target


@pytest.fixture(scope="module")
def app(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    options = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
    server = AppServer(tmp_path_factory.mktemp("app") / "data", options=options)
    server.environ["PYTHONPATH"] = str(installed)
    try:
        server.start()
        yield server
    finally:
        server.close()


def test_what_is_made_passes_its_own_tests(package: Path, installed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert "8 passed" in ran.stdout


def test_types_are_listed_with_their_packages_and_what_is_broken(installed: Path) -> None:
    listed = tailrace("destination", "list", "--json", PYTHONPATH=str(installed))

    found = json.loads(listed.stdout)
    assert {"slug": NAME, "name": "Acme Chat", "package": f"tailrace-destination-{NAME}"} in found[
        "types"
    ]
    assert listed.returncode == 1
    assert "tailrace-fax" in listed.stderr
    assert "fax_machine_that_is_not_there" in listed.stderr


def test_an_event_is_delivered_by_the_type_of_a_package(app: AppServer) -> None:
    types = {each["slug"]: each for each in app.get("/api/v1/destination-types")}
    with ToolServer(lambda _: Answer()).running() as tool:
        settings = {"url": tool.url, "api_key": KEY}
        body = {"slug": "chat", "type": NAME, "settings": settings}
        made = app.client.post("/api/v1/destinations", json=body)
        checked = app.client.post("/api/v1/destinations/chat/check")
        event = {"event": {"type": "track", "event": "Ordered", "userId": "u-1"}}
        tried: Any = app.client.post("/api/v1/destinations/chat/test", json=event).json()

    assert types[NAME]["settings"]["properties"]["api_key"]["writeOnly"] is True
    assert (made.status_code, made.json()["settings"]["api_key"]) == (201, "***")
    assert checked.json()["is_good"] is True
    assert tried["outcome"] == "delivered"
    get, post = tool.requests
    assert (get.method, post.method) == ("GET", "POST")
    assert post.headers["authorization"] == f"Bearer {KEY}"
    assert [each["event"] for each in post.json()] == ["Ordered"]


def test_doctor_names_a_package_that_is_broken(app: AppServer, installed: Path) -> None:
    told = tailrace("doctor", "--json", **{**app.environ, "PYTHONPATH": str(installed)})

    found = [each for each in json.loads(told.stdout) if each["topic"] == "destination types"]
    assert [each["state"] for each in found] == ["ok", "failed"]
    assert f"tailrace-destination-{NAME}" in found[0]["summary"]
    assert "tailrace-fax" in found[1]["summary"]
    assert told.returncode == 1


@pytest.mark.parametrize("name", ["Acme_Chat", "../x", "slack"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    refused = tailrace("destination", "new", "--directory", str(tmp_path / "made"), "--", name)

    assert refused.returncode == 2
    assert not (tmp_path / "made").exists()


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    refused = tailrace("destination", "new", NAME, "--directory", str(tmp_path))

    assert (refused.returncode, [path.name for path in tmp_path.iterdir()]) == (2, ["mine.txt"])
