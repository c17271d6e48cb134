"""The workspace as a file, over HTTP: export, compare, apply, and what is refused."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import yaml
from app_server import AppServer, app_server

SECRET = "planted-webhook-secret"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[AppServer]:
    with app_server(tmp_path) as server:
        yield server


def exported(app: AppServer) -> str:
    response = app.client.get("/api/v1/workspace/export")
    assert response.status_code == 200, response.text
    return response.text


def asked(app: AppServer, call: str, text: str, **body: object) -> httpx.Response:
    return app.client.post(f"/api/v1/workspace/{call}", json={"text": text, **body})


def test_a_file_is_compared_applied_and_exported_again(app: AppServer) -> None:
    text = exported(app) + "  ann@x.test: {role: admin}\n"
    text = text.replace("members: {}\n", "members:\n")
    text = text.replace("sources:\n", "sources:\n  web:\n    webhook_secret: {env: S}\n", 1)
    body = {"secrets": {"env:S": SECRET}, "file_name": "team.yaml"}

    compared = asked(app, "diff", text, **body)
    applied = asked(app, "apply", text, **body)

    assert compared.status_code == 200, compared.text
    assert applied.json() == compared.json()
    resources = [change["resource"] for change in applied.json()["changes"]]
    assert resources == ["sources/web", "members/ann@x.test"]
    assert asked(app, "apply", text, **body).json()["changes"] == []
    assert app.get("/api/v1/sources/web")["webhook_secret"] == "***"
    assert SECRET not in applied.text + exported(app)
    assert SECRET not in str(app.get("/api/v1/audit-log")) + app.output.read_text()


def test_every_problem_names_file_line_and_path(app: AppServer) -> None:
    text = "version: 1\nsources:\n  web:\n    requests_per_s_max: -1\n    kin: web\n"

    refused = asked(app, "apply", text, file_name="team.yaml")

    assert refused.status_code == 400
    problem = refused.json()
    assert problem["type"] == "urn:tailrace:problem:body"
    assert problem["field"] == "text"
    first, second = problem["problems"]
    assert first.startswith("team.yaml, line 4: sources.web.requests_per_s_max is -1; expected a ")
    assert second == "team.yaml, line 5: sources.web.kin is not known; did you mean 'kind'?"
    assert problem["detail"] == "\n".join(problem["problems"])


def test_what_does_not_fit_what_is_there_is_a_conflict(app: AppServer) -> None:
    app.client.post("/api/v1/sources", json={"slug": "gone"})
    app.client.delete("/api/v1/sources/gone")

    refused = asked(app, "diff", "version: 1\nsources:\n  gone: {}\n")

    assert refused.status_code == 409
    assert "line 3: sources.gone: the slug 'gone' belonged" in refused.json()["detail"]


def test_the_schema_is_for_everybody_and_takes_the_export(app: AppServer) -> None:
    app.client.post(
        "/api/v1/destinations",
        json={
            "slug": "hook",
            "type": "webhook",
            "settings": {"url": "https://hook.test", "shared_secret": SECRET},
        },
    )

    schema: dict[str, Any] = httpx.get(f"{app.url}/api/workspace.schema.json").json()

    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True)
    document = yaml.safe_load(exported(app))
    assert list(validator.iter_errors(document)) == []
    document["destinations"]["hook"]["settings"]["shared_secret"] = "in clear"
    document["sources"]["default"]["kind"] = "fax"
    assert len(list(validator.iter_errors(document))) == 2


def test_a_large_workspace_is_applied_whole_and_exports_the_same(app: AppServer) -> None:
    sources = {
        f"source-{number:03}": {
            "name": f"Source {number}",
            "kind": "server",
            "requests_per_s_max": number + 1,
            "webhook_secret": {"env": "S"},
            "write_keys": [{"key": f"write-key-{number:03}-{at}"} for at in range(2)],
        }
        for number in range(200)
    }
    destinations = {
        f"destination-{number:03}": {
            "name": "N" * 200,
            "type": "webhook",
            "sources": [f"source-{number % 200:03}"],
            "settings": {
                "url": f"https://hook.test/{number}/" + "x" * 1_900,
                "shared_secret": {"env": "S"},
            },
        }
        for number in range(500)
    }
    text = yaml.safe_dump({"version": 1, "sources": sources, "destinations": destinations})
    assert len(text) > 1_048_576
    begun = time.monotonic()

    applied = asked(app, "apply", text, secrets={"env:S": SECRET}, prune=True)

    assert applied.status_code == 200, applied.text
    took_s = time.monotonic() - begun
    assert len(applied.json()["changes"]) == 701
    whole = exported(app)
    assert yaml.safe_load(whole)["sources"].keys() == sources.keys()
    again = asked(app, "apply", text, secrets={"env:S": SECRET}, prune=True)
    assert again.json() == {"changes": [], "kept_secrets": [], "not_in_file": []}
    print(f"{len(text)} bytes applied in {took_s:.1f} s")
    assert took_s < 30


def test_a_body_beyond_eight_mebibytes_is_refused(app: AppServer) -> None:
    refused = asked(app, "diff", "#" * 9_000_000)

    assert refused.status_code == 413
    assert "8 MiB" in refused.json()["detail"]
