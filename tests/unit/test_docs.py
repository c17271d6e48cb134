"""The documents name every command, setting and variable that exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import typer.main

from tailrace import config
from tailrace.cli import app

DOCS = Path(__file__).parents[2] / "docs"


def test_every_command_and_option_is_in_the_reference() -> None:
    text = (DOCS / "commands.md").read_text()
    group = typer.main.get_command(app)

    missing = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if f"`tailrace {name}`" not in text:
            missing.append(name)
        for parameter in command.params:
            missing += [
                f"{name} {option}"
                for option in parameter.opts
                if option.startswith("--") and option != "--help" and option not in text
            ]

    assert missing == []


def test_every_command_shows_an_example() -> None:
    group = typer.main.get_command(app)

    without = [
        name
        for name, command in group.commands.items()  # type: ignore[attr-defined]
        if "Example: tailrace" not in (command.epilog or "")
    ]

    assert without == []


def test_every_setting_is_in_the_operations_guide() -> None:
    text = (DOCS / "operations.md").read_text()

    missing = [key for key in _keys(config.Config) if not re.search(rf"\b{key}\b", text)]

    assert missing == []


def test_every_variable_is_in_the_operations_guide() -> None:
    text = (DOCS / "operations.md").read_text()

    variables = {variable for variable, _, _ in config._VARIABLES}

    assert [name for name in sorted(variables) if name not in text] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for document in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text()):
            if not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")

    assert broken == []


def _keys(struct: type) -> Iterator[str]:
    for field in msgspec.structs.fields(struct):
        if struct is config.Config and field.name in config._NOT_IN_FILES:
            continue
        yield field.name
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _keys(field.type)
        elif field.type == tuple[config.Source, ...]:
            yield from _keys(config.Source)
