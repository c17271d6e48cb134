"""What the API says of itself, and what its guide says of it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailrace.app import make_app
from tailrace.app.border import API_POLICY, AREAS, PAGE_POLICY, area_of
from tailrace.app.problems import KINDS

DOCS = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    # The routes are only looked at, so they need no parts.
    app = make_app(SimpleNamespace())  # type: ignore[arg-type]
    found: dict[str, Any] = app.openapi_schema.to_schema()
    return found


def test_the_guide_names_every_path(description: dict[str, Any]) -> None:
    text = DOCS.read_text()

    missing = [path for path in description["paths"] if path not in text]

    assert missing == []


def test_the_guide_names_every_problem() -> None:
    text = DOCS.read_text()

    missing = [kind.code for kind in KINDS if f"| `{kind.code}` | {kind.status} |" not in text]

    assert missing == []


def test_the_guide_gives_the_policy_of_the_pages() -> None:
    assert PAGE_POLICY in " ".join(DOCS.read_text().split())


def test_no_policy_allows_anything_in_the_markup() -> None:
    assert "unsafe" not in PAGE_POLICY + API_POLICY


def test_every_path_of_the_api_has_an_area_of_its_own(description: dict[str, Any]) -> None:
    areas = {area_of(path) for path in description["paths"] if path.startswith("/api/v1/")}

    assert areas == AREAS


def test_every_route_says_which_problems_it_answers_with(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        if not path.startswith("/api/v1/"):
            continue
        for method in methods.values():
            assert "application/problem+json" in method["responses"]["400"]["content"]
            if method.get("security") != [{}]:
                assert "401" in method["responses"]


def test_questions_come_with_an_example(description: dict[str, Any]) -> None:
    for name in ("search", "histogram", "values", "sql"):
        body = description["paths"][f"/api/v1/{name}"]["post"]["requestBody"]
        assert body["content"]["application/json"]["schema"]["examples"]


def test_only_health_metrics_and_signing_in_are_open(description: dict[str, Any]) -> None:
    assert description["security"] == [{"token": []}, {"session": []}]
    open_paths = {
        path
        for path, methods in description["paths"].items()
        for method in methods.values()
        if method.get("security") == [{}]
    }

    assert open_paths == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/session",
        "/api/v1/session/oidc",
        "/api/v1/session/oidc/callback",
        "/api/v1/invites/show",
        "/api/v1/invites/accept",
    }
