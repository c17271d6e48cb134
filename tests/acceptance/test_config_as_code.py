"""The workspace as a file, with the commands as an operator runs them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from conftest import MakeTailrace
from running import Tailrace

SECRET = "planted-webhook-secret"
FILE = """\
version: 1
settings:
  name: Acme
sources:
  web-shop:
    name: Web shop
    webhook_secret: {env: SHOP_SECRET}
    write_keys:
      - key: key-of-the-web-shop
destinations:
  ops-hook:
    type: webhook
    sources:
      - web-shop
    settings:
      url: https://hook.test/in
      shared_secret: {file: secrets/hook.txt}
members:
  ada@x.test:
    role: admin
  owner@localhost:
    role: owner
"""


@pytest.fixture(scope="module")
def tailrace(running: Tailrace) -> Tailrace:
    (running.directory / "secrets").mkdir()
    (running.directory / "secrets" / "hook.txt").write_text(SECRET + "\n")
    return running


@pytest.fixture
def file(tailrace: Tailrace) -> Iterator[Path]:
    path = tailrace.directory / "workspace.yaml"
    path.write_text(FILE)
    yield path
    path.unlink()


def run(
    tailrace: Tailrace, *arguments: str, status: int = 0, **environ: str
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [*tailrace.command, *arguments],
        cwd=tailrace.directory,
        env={**tailrace.full_environ(), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done


def test_a_file_is_compared_applied_changed_and_found_to_drift(
    tailrace: Tailrace, file: Path
) -> None:
    with_secret = {"SHOP_SECRET": SECRET}

    compared = run(tailrace, "diff", "workspace.yaml", status=1, **with_secret)
    assert compared.stdout == (
        '~ settings: name "Tailrace" -> "Acme"\n'
        '+ source web-shop: name "Web shop", webhook_secret ***, write_keys ["key-***"]\n'
        '+ destination ops-hook: type "webhook", sources ["web-shop"], '
        'settings.url "https://hook.test/in", settings.shared_secret ***\n'
        '+ member ada@x.test: role "admin"\n'
        "Not in the file, and left as it is; --prune removes it:\n"
        "  source default\n"
    )
    applied = run(tailrace, "apply", "workspace.yaml", "--prune", **with_secret)
    assert "- source default: " in applied.stdout
    assert applied.stdout.endswith("Applied 5 changes.\n")

    # Now without the variable: the secret that is set stays.
    again = run(tailrace, "apply", "workspace.yaml", "--prune")
    assert again.stdout == (
        "Nothing to do.\n"
        "! sources.web-shop.webhook_secret keeps the secret that is set: its reference has no "
        "value here\n"
    )
    assert run(tailrace, "diff", "workspace.yaml", **with_secret).stdout == "No difference.\n"

    tailrace.api.patch(
        "/api/v1/sources/web-shop", json={"enabled": False}, headers={"If-Match": "*"}
    )
    tailrace.api.post("/api/v1/sources", json={"slug": "by-hand"})
    drift = run(tailrace, "diff", "workspace.yaml", "--json", status=1, SHOP_SECRET="another")
    answer = json.loads(drift.stdout)
    assert [(one["field"], one["before"], one["after"]) for one in answer["changes"]] == [
        ("enabled", False, True),
        ("webhook_secret", "***", "***"),
    ]
    assert answer["not_in_file"] == ["sources/by-hand"]


def test_an_invalid_file_is_told_in_full_and_changes_nothing(
    tailrace: Tailrace, file: Path
) -> None:
    before = run(tailrace, "export-config").stdout
    file.write_text(FILE.replace("type: webhook", "type: telex").replace("name: Web", "nam: Web"))

    for command in ("diff", "apply"):
        done = run(tailrace, command, "workspace.yaml", status=2, SHOP_SECRET=SECRET)
        assert done.stdout == ""
        first, second = done.stderr.splitlines()
        assert first == (
            "workspace.yaml, line 6: sources.web-shop.nam is not known; did you mean 'name'?"
        )
        assert second.startswith("workspace.yaml, line 12: destinations.ops-hook.type: there is no")

    assert run(tailrace, "export-config").stdout == before


def test_a_dry_run_changes_nothing(tailrace: Tailrace, file: Path) -> None:
    before = run(tailrace, "export-config").stdout
    file.write_text("version: 1\nsettings: {name: Other}\n")

    done = run(tailrace, "apply", "workspace.yaml", "--dry-run", status=1)

    assert done.stdout.endswith('-> "Other"\n')
    assert run(tailrace, "export-config").stdout == before


def test_what_cannot_be_compared_ends_with_two(tailrace: Tailrace, file: Path) -> None:
    missing = run(tailrace, "diff", "missing.yaml", status=2)
    away = run(tailrace, "diff", "workspace.yaml", "--server", "http://127.0.0.1:9", status=2)

    assert missing.stderr == "missing.yaml cannot be read: No such file or directory\n"
    assert "No answer from http://127.0.0.1:9" in away.stderr


def test_an_export_rebuilds_another_installation_to_the_byte(
    tailrace: Tailrace, make_tailrace: MakeTailrace
) -> None:
    exported = run(tailrace, "export-config").stdout
    other = make_tailrace(write_key="write-key-of-the-other").start()
    (other.directory / "copy.yaml").write_text(exported)
    secrets = {
        word.strip("{},"): SECRET for word in exported.split() if word.startswith("TAILRACE_SECRET")
    }

    run(other, "apply", "copy.yaml", "--prune", **secrets)

    assert run(other, "export-config").stdout == exported


def test_the_schema_that_is_printed_takes_the_export(tailrace: Tailrace) -> None:
    exported = run(tailrace, "export-config").stdout

    schema = json.loads(run(tailrace, "export-config", "--schema").stdout)

    assert exported.startswith("# yaml-language-server: $schema=workspace.schema.json\n")
    assert jsonschema_rs.Draft7Validator(schema).is_valid(yaml.safe_load(exported))
    assert schema == tailrace.get("/api/workspace.schema.json")


def test_a_viewer_s_token_may_not_read_the_workspace_as_a_file(tailrace: Tailrace) -> None:
    made = tailrace.api.post(
        "/api/v1/tokens",
        json={"name": "viewer", "permissions": ["sources:read"], "expires_in_days": 1},
    )

    done = run(tailrace, "export-config", status=1, TAILRACE_API_TOKEN=made.json()["token"])

    assert "workspace:apply" in done.stderr
