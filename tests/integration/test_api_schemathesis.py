"""Every operation of the API against its own description, with requests that Schemathesis makes.

The operations come from the description, so a new one is tested without a line here. Requests are
the same in every run. What is sent may break rules (`negative_data_rejection`) or keep them; what
comes back must be as described: status, headers, media type and shape, and never a 500.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import schemathesis
from app_server import TOKEN, AppServer, app_server, track
from hypothesis import HealthCheck, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.checks import CHECKS
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)

from tailrace.app import make_app
from tailrace.app.openapi import description_of

EXAMPLES_MAX = 10
STORIES_MAX = 25
STEPS_MAX = 6
ATTEMPTS_MAX = 8
PATIENCE_S = 20
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
MANNERS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SOURCE = "web-shop"
MESSAGE_ID = "order-1042"

LEFT_OUT = {
    "watch_live": "an answer that is well has no end; test_app_live reads it",
}
"""Operations that are not tried, and why."""

CHECKS_LEFT_OUT = {
    "ignored_auth": "it sends wrong tokens, and after ten of them nobody from here is let in for a "
    "minute; instead every operation is asked without a token below",
    "positive_data_acceptance": "what has the right shape may still be no Lucene query, name a "
    "source that is not there or ask for more than there may be",
}


def path_like_the_example(path: str, operation: Mapping[str, Any]) -> str:
    """Return the path with the examples of its parameters."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    return path


# The routes are only looked at, so they need no parts.
DESCRIPTION: dict[str, Any] = description_of(make_app(SimpleNamespace()))  # type: ignore[arg-type]
GUARDED = [
    (method, path_like_the_example(path, operation))
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
    if "x-permission" in operation
]

schema = schemathesis.openapi.from_dict(
    DESCRIPTION,
    config=SchemathesisConfig(
        projects=ProjectsConfig(
            default=ProjectConfig(
                # Credentials are ours, and the same in every request.
                generation=GenerationConfig(
                    deterministic=True, with_security_parameters=False, allow_x00=True
                ),
                phases=PhasesConfig(
                    coverage=CoveragePhaseConfig(unexpected_methods={"PUT", "TRACE"})
                ),
            )
        )
    ),
).exclude(operation_id=list(LEFT_OUT))

LEFT_OUT_CHECKS: list[Any] = [
    check for check in CHECKS.get_all() if check.__name__ in CHECKS_LEFT_OUT
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Run a server that has what the examples of the description name."""
    directory: Path = tmp_path_factory.mktemp("described")
    with app_server(directory) as server:
        made = server.client.post("/api/v1/sources", json={"slug": SOURCE, "name": "Web shop"})
        assert made.status_code == 201, made.text
        server.send(track(MESSAGE_ID, properties={"revenue": 79.9, "currency": "EUR"}))
        yield server


@schema.parametrize()
@settings(MANNERS, max_examples=EXAMPLES_MAX)
def test_an_operation_answers_as_it_is_described(
    case: schemathesis.Case[Any], app: AppServer
) -> None:
    case.call_and_validate(
        base_url=app.url, headers=SIGNED_IN, excluded_checks=LEFT_OUT_CHECKS, timeout=PATIENCE_S
    )


def test_operations_hold_to_it_after_each_other(app: AppServer) -> None:
    statuses: set[int] = set()
    machine: Any = schema.as_state_machine()

    class Story(machine):  # type: ignore[misc]
        """Calls in a row: what one makes is read, changed and deleted by the next."""

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"base_url": app.url, "headers": SIGNED_IN, "timeout": PATIENCE_S}

        def validate_response(
            self, response: Any, case: schemathesis.Case[Any], **_: object
        ) -> None:
            statuses.add(response.status_code)
            case.validate_response(
                response,
                excluded_checks=LEFT_OUT_CHECKS,
                headers=SIGNED_IN,
                transport_kwargs=self.get_call_kwargs(case),
            )

    told = settings(MANNERS, max_examples=STORIES_MAX, stateful_step_count=STEPS_MAX)
    for attempt in range(ATTEMPTS_MAX):
        try:
            seed(attempt)(Story).run(settings=told)
        except FlakyStrategyDefinition:
            # The server keeps what stories before have made, so that one which begins like another
            # may be answered otherwise, and go on otherwise. What went wrong is raised as it is.
            if attempt == ATTEMPTS_MAX - 1:
                raise
        else:
            break

    assert {200, 201} <= statuses


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_guarded_operation_answers_nobody_without_a_token(
    app: AppServer, method: str, path: str
) -> None:
    answer = httpx.request(method, app.url + path, json={})

    assert answer.status_code == 401, answer.text
    assert answer.json()["type"] == "urn:tailrace:problem:unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("query", ["limit=1&limit=2", "kind=web&kind=web", "kind=null"])
def test_a_parameter_that_says_nothing_or_two_things_is_refused(app: AppServer, query: str) -> None:
    answer = app.client.get(f"/api/v1/sources?{query}")

    assert answer.status_code == 400
    assert answer.json()["field"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["/api/v1/sources", "/search"])
def test_a_method_that_is_not_taken_is_answered_with_those_that_are(
    app: AppServer, path: str
) -> None:
    answer = app.client.put(path)

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"].split(", ")


def test_what_is_left_out_is_there() -> None:
    operations = {
        operation["operationId"]
        for methods in DESCRIPTION["paths"].values()
        for operation in methods.values()
    }

    assert set(LEFT_OUT) <= operations
    assert set(CHECKS_LEFT_OUT) <= set(CHECKS.get_all_names())
