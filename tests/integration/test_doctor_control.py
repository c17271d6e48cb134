"""What `tailrace doctor` says of the control database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailrace.config import prepare_first_run, read_config
from tailrace.control import Follower, ensure_workspace


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    environ = {"TAILRACE_DATA_DIR": str(tmp_path / "data"), "TAILRACE_WRITE_KEY": "doctor-key-01"}
    config, _ = prepare_first_run(read_config(environ=environ), environ=environ)
    ensure_workspace(config)
    follower = Follower(config)
    follower.start()
    follower.stop()
    return config.data_dir


def finding(data_dir: Path) -> tuple[str, str]:
    """Return state and summary of the finding about the control database."""
    done = subprocess.run(
        [sys.executable, "-m", "tailrace", "doctor", "--json", "--data-dir", str(data_dir)],
        env={**os.environ, "TAILRACE_COLLECT_PORT": "1", "TAILRACE_APP_PORT": "2"},
        capture_output=True,
        check=False,
        text=True,
    )
    (found,) = [each for each in json.loads(done.stdout) if each["topic"] == "control database"]
    return found["state"], found["summary"]


def test_a_database_that_answers_is_ok(data_dir: Path) -> None:
    assert finding(data_dir) == ("ok", "answers; sources with a write key: 1")


def test_a_lost_file_is_named(data_dir: Path) -> None:
    (data_dir / "control.sqlite").unlink()

    state, summary = finding(data_dir)

    assert state == "failed"
    assert "control.sqlite is gone: restore it from a backup" in summary


def test_a_lost_key_is_named(data_dir: Path) -> None:
    (data_dir / "secret.key").unlink()

    state, summary = finding(data_dir)

    assert state == "failed"
    assert "sealed with another key" in summary
