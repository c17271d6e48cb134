"""The OpenAPI description: whole, valid, and with examples that hold."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest

from tailrace import __version__
from tailrace.app import make_app
from tailrace.app.application import GUARDED
from tailrace.app.asking import permission_of
from tailrace.app.examples import MISSING
from tailrace.app.openapi import TAGS, description_of
from tailrace.app.problems import KINDS, MEDIA_TYPE

Part = dict[str, Any]


@pytest.fixture(scope="module")
def description() -> Part:
    # The routes are only looked at, so they need no parts.
    return description_of(make_app(SimpleNamespace()))  # type: ignore[arg-type]


def operations(description: Part) -> Iterator[tuple[str, Part]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(description: Part) -> Iterator[tuple[str, Part]]:
    """Yield every body and answer with where it stands; shared answers once."""
    for where, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield f"{where}: body", content
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                yield f"{where}: {status}", content
    for name, answer in description["components"]["responses"].items():
        for content in answer["content"].values():
            yield name, content


def examples(content: Part) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [one["value"] for one in content.get("examples", {}).values()]


def test_it_says_what_it_describes(description: Part) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["info"]["version"] == __version__
    assert description["servers"] == [{"url": "/", "description": "This Tailrace"}]
    assert set(description["components"]["securitySchemes"]) == {"token", "session"}


def test_every_operation_says_what_it_is_for(description: Part) -> None:
    silent = [
        where
        for where, operation in operations(description)
        if not (operation.get("summary") and operation.get("description") and operation["tags"])
    ]

    assert silent == []


def test_operations_have_names_and_summaries_of_their_own(description: Part) -> None:
    found = [operation for _, operation in operations(description)]

    assert len({operation["operationId"] for operation in found}) == len(found)
    assert len({operation["summary"] for operation in found}) == len(found)


def test_every_tag_is_described_and_used(description: Part) -> None:
    used = {tag for _, operation in operations(description) for tag in operation["tags"]}

    assert used <= set(TAGS)
    assert {tag["name"] for tag in description["tags"]} == used
    assert all(tag["description"] for tag in description["tags"])


def test_every_operation_names_its_permission_or_is_open(description: Part) -> None:
    needed = {handler.handler_name: permission_of(handler) for handler in GUARDED}
    for where, operation in operations(description):
        permission = needed.get(operation["operationId"])

        assert operation.get("x-permission") == permission, where
        if permission is None:
            assert operation["security"] == [{}], where
        else:
            assert f"Needs `{permission}`" in operation["description"], where


def test_a_guarded_operation_tells_of_the_guard(description: Part) -> None:
    for where, operation in operations(description):
        if "x-permission" in operation:
            assert {"400", "401", "403", "429", "503"} <= set(operation["responses"]), where


def test_every_shape_has_a_short_name_of_its_own(description: Part) -> None:
    assert [name for name in description["components"]["schemas"] if "." in name] == []


def test_every_body_and_answer_has_an_example(description: Part) -> None:
    without = [where for where, content in contents(description) if not examples(content)]
    made_up = [where for where, content in contents(description) if MISSING in str(content)]

    assert without == []
    assert made_up == [], "say in app/examples.py what the field may look like"


def test_every_example_is_valid(description: Part) -> None:
    wrong = []
    for where, content in contents(description):
        schema = {**content["schema"], "components": description["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        for example in examples(content):
            wrong += [f"{where}: {error.message}" for error in validator.iter_errors(example)]

    assert wrong == []


def test_an_answer_without_a_body_has_no_content(description: Part) -> None:
    for where, operation in operations(description):
        if "204" in operation["responses"]:
            assert "content" not in operation["responses"]["204"], where


def test_every_parameter_has_bounds_and_words(description: Part) -> None:
    for where, operation in operations(description):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            name = f"{where}: {parameter['name']}"
            assert parameter.get("description"), name
            if schema.get("type") == "string" and parameter["in"] != "path":
                assert {"maxLength", "enum", "pattern", "format"} & set(schema), name


def test_every_field_says_what_it_means(description: Part) -> None:
    silent = [
        f"{shape}.{name}"
        for shape, schema in description["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if not any("description" in part for part in (field, *field.get("anyOf", ())))
    ]

    assert silent == [], "say in app/field_words.py what the field means"


def test_an_operation_lists_only_what_it_can_answer(description: Part) -> None:
    for where, operation in operations(description):
        taken = {parameter["name"] for parameter in operation.get("parameters", ())}
        statuses = set(operation["responses"])

        assert "If-Match" in taken or not {"412", "428"} & statuses, where
        assert "requestBody" in operation or "413" not in statuses, where


def test_every_kind_of_problem_has_an_example(description: Part) -> None:
    answers = description["components"]["responses"]
    shown = {
        name for answer in answers.values() for name in answer["content"][MEDIA_TYPE]["examples"]
    }

    assert shown == {kind.code for kind in KINDS}


def test_a_body_refuses_unknown_fields(description: Part) -> None:
    schemas = description["components"]["schemas"]
    for where, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            ref = content["schema"].get("$ref", "")
            assert schemas[ref.rpartition("/")[2]]["additionalProperties"] is False, where
