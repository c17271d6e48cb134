"""Instances that exist for one measurement."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from app_server import until

from tailrace.errors import TailraceError
from tailrace.throwaway import WRITE_KEY, running


def test_an_instance_takes_events_and_leaves_nothing_behind() -> None:
    with running() as instance:
        response = httpx.post(
            f"{instance.collect_url}/v1/track",
            json={"userId": "u-1", "event": "Measured"},
            auth=(WRITE_KEY, ""),
        )
        assert response.status_code == 200
        until(lambda: instance.stored() == 1, what="stored event")
        assert instance.get("/api/v1/ledger")["balanced"]

    assert instance.process.returncode == 0
    assert not instance.data_dir.exists()


def test_an_instance_that_does_not_start_is_an_error() -> None:
    with (
        pytest.raises(TailraceError, match="ended with status 2"),
        running(settings={"TAILRACE_COLLECT_PORT": "none"}),
    ):
        pass


def test_the_users_own_settings_do_not_reach_a_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tailrace.toml").write_text('[store]\ndsn = "http://127.0.0.1:1/precious"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAILRACE_STORE_DSN", "http://127.0.0.1:1/precious")

    done = subprocess.run(
        [sys.executable, "-m", "tailrace", "bench", "--seconds", "1", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["events"] > 0
    assert figures["stored_events_per_s"] > 0
    assert figures["refused"] == {}
