"""What the app does when something else goes wrong, and how it ends."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from app_server import AppServer, app_server, free_port, track, until


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AppServer]:
    with app_server(tmp_path) as server:
        yield server


def test_a_miscount_is_found_and_named(app: AppServer) -> None:
    app.accept({"batch": [track("m-1")]}, counted=2)

    while_waiting = app.get("/api/v1/ledger")
    app.refine()
    app.settle()
    when_quiet = app.get("/api/v1/ledger")

    for answer in (while_waiting, when_quiet):
        assert not answer["balanced"]
        (difference,) = answer["audit"]["differences"]
        assert difference["place"] == "raw log"
        assert difference["source"] == "default"
        assert difference["detail"] == "1 event fewer in the raw log than the ledger says"


def test_a_kill_at_any_moment_changes_no_number(app: AppServer) -> None:
    app.send(track("m-1"), track("m-2"))
    app.accept({"batch": [track("m-3")]})
    app.refine()

    app.stop(signal.SIGKILL)
    app.start()
    app.settle()

    answer = app.get("/api/v1/ledger")
    assert answer["balanced"]
    assert answer["totals"]["stored"] == answer["audit"]["store_rows"] == 3
    assert app.post("/api/v1/search", {"query": ""})["total"] == 3


def test_the_address_to_send_to_is_the_one_that_the_reader_used(tmp_path: Path) -> None:
    with app_server(tmp_path, options='[collect]\nhost = "0.0.0.0"\nport = 9282\n') as app:
        by_name = app.client.get("/api/v1/sources", headers={"Host": f"localhost:{app.port}"})
        by_address = app.get("/api/v1/sources")
        refused = app.client.get("/api/v1/sources", headers={"Host": "evil.example"})

    assert by_name.json()[0]["collect_url"] == "http://localhost:9282"
    assert by_address[0]["collect_url"] == "http://127.0.0.1:9282"
    assert refused.status_code == 421


def test_an_app_that_cannot_load_is_not_ready_and_says_so(tmp_path: Path) -> None:
    # More than any disk has free, so that the loader inserts nothing.
    server = AppServer(tmp_path / "data", options="[log]\nfree_bytes_min = 9000000000000000\n")
    try:
        server.launch()
        readiness = until(lambda: _not_ready(server), what="answer 503")
        problems = server.get("/api/v1/status")["problems"]
    finally:
        server.close()

    assert readiness["checks"]["loader"].startswith("failing")
    assert readiness["checks"]["store"] == "ok"
    assert [problem[:23] for problem in problems] == ["nothing is loaded since"]


def _not_ready(app: AppServer) -> Any:
    try:
        response = app.client.get("/readyz")
    except httpx.TransportError:
        return None
    return response.json() if response.status_code == 503 else None


def test_a_session_survives_a_restart_and_the_local_token_does_not(app: AppServer) -> None:
    token = (app.data_dir / "run" / "local.token").read_text().strip()
    browser = httpx.Client(base_url=app.url, timeout=30.0)
    browser.post("/api/v1/session", json={"token": app.environ["TAILRACE_API_TOKEN"]})

    assert app.stop() == 0
    assert not (app.data_dir / "run" / "local.token").exists()
    app.start()

    assert browser.get("/api/v1/status").status_code == 200
    old = {"Authorization": f"Bearer {token}"}
    assert httpx.get(app.url + "/api/v1/status", headers=old).status_code == 401
    browser.close()


def test_stopping_ends_open_streams_and_leaves_nothing_behind(app: AppServer) -> None:
    with app.client.stream("GET", "/api/v1/live") as response:
        lines = response.iter_lines()
        assert next(lines) == "event: status"

        assert app.stop() == 0

        rest = [line for line in lines if line.startswith("event:")]
    assert rest == []


def test_a_port_that_is_taken_is_named_with_its_variable(tmp_path: Path) -> None:
    server = AppServer(tmp_path / "data")
    with socket.socket() as taken:
        # Even one who would share the port, as our own servers do.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        ended = _serve_to_the_end(server)
    server.close()

    assert ended.returncode == 2
    assert f"port {server.port}" in ended.stderr
    assert "TAILRACE_APP_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_server_on_the_same_data_is_refused(app: AppServer) -> None:
    app.environ["TAILRACE_APP_PORT"] = str(free_port())

    ended = _serve_to_the_end(app)

    assert ended.returncode == 2
    assert "is open in process" in ended.stderr
    # The first one's token is still there: the second one never got that far.
    assert (app.data_dir / "run" / "local.token").exists()


def test_wrong_tokens_from_one_address_have_to_wait(app: AppServer) -> None:
    def try_it() -> httpx.Response:
        return httpx.post(app.url + "/api/v1/session", json={"token": "wrong"})

    statuses = [try_it().status_code for _ in range(10)]
    refused = try_it()

    assert statuses == [401] * 10
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] > 0
    assert app.client.get("/api/v1/status").status_code == 200


def test_damage_in_the_events_log_stops_loading_and_nothing_else(app: AppServer) -> None:
    app.send(track("m-1"))
    app.stop()
    app.accept({"batch": [track("m-2")]})
    app.refine()
    _damage(app)
    app.launch()

    failing = until(lambda: _loader_problem(app), what="a damaged log")

    assert failing.startswith("failing")
    assert app.client.get("/readyz").status_code == 503
    assert app.post("/api/v1/search", {"query": ""})["total"] == 1
    status = app.get("/api/v1/status")
    assert any("damaged" in problem for problem in status["problems"])
    answer = app.get("/api/v1/ledger")
    assert not answer["audit"]["is_complete"]
    assert any("not counted" in line for line in answer["audit"]["checked"])


def _serve_to_the_end(server: AppServer) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tailrace", "serve"],
        env=server.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _loader_problem(app: AppServer) -> str:
    try:
        response = app.client.get("/readyz")
    except httpx.TransportError:
        return ""
    checks: dict[str, Any] = json.loads(response.text).get("checks", {})
    return "" if checks.get("loader") == "ok" else str(checks.get("loader", ""))


def _damage(app: AppServer) -> None:
    """Overwrite the newest block of the events log with other bytes, as a bad disk would."""
    (path,) = (app.config.log_dir / "events").glob("*/*.db")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE blocks SET body = zeroblob(length(body)) "
            "WHERE offset = (SELECT max(offset) FROM blocks)"
        )
    connection.close()


def test_a_long_question_does_not_hold_up_the_stop(app: AppServer) -> None:
    app.send(*(track(f"m-{number}") for number in range(500)))
    # 500 to the power of four combinations: longer than anybody waits.
    sql = "SELECT count() FROM events a, events b, events c, events d WHERE a.name = d.name"
    answers: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: answers.append(app.client.post("/api/v1/sql", json={"sql": sql}))
    )
    asking.start()
    until(lambda: _questions_running(app), what="running question")

    status = app.stop()
    asking.join()

    assert status == 0
    # Not 422, which is the answer to a question that was let run for as long as it may.
    assert answers[0].status_code == 503


def _questions_running(app: AppServer) -> bool:
    text = httpx.get(app.url + "/metrics").text
    return 'tailrace_app_running{pool="query"} 1.0' in text
