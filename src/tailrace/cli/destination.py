"""`destination`: the types of destinations that are installed, and packages with further ones."""

import re
import sys
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

from tailrace.cli.common import AsJson, fail, print_json

NAME_PATTERN: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
NAME_CHARACTERS_MAX: Final = 40
SKELETON: Final = Path(__file__).parent / "skeleton"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Show and make types of destinations.")
    group.command("list", epilog="Example: tailrace destination list")(show)
    group.command("new", epilog="Example: tailrace destination new acme-chat")(new)
    app.add_typer(group, name="destination", epilog="Example: tailrace destination list")


def show(as_json: AsJson = False) -> None:
    """List the types of destinations, those of other packages too; status 1 if one is broken."""
    from tailrace.destinations import load_catalog

    catalog = load_catalog()
    types = [
        {"slug": slug, "name": kind.name, "package": catalog.packages.get(slug, "tailrace")}
        for slug, kind in catalog.types.items()
    ]
    if as_json:
        print_json({"types": types, "problems": list(catalog.problems)})
    else:
        for each in types:
            print(f"{each['slug']:<20} {each['name']:<28} {each['package']}")
    if catalog.problems:
        fail("\n".join(catalog.problems), status=1)


def new(
    name: Annotated[str, typer.Argument(help="The type's slug, such as acme-chat.")],
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory", help="Where to make it; tailrace-destination-NAME unless told."
        ),
    ] = None,
) -> None:
    """Make a package with a type of destination that works, for you to change."""
    from tailrace.destinations import load_catalog

    if not re.fullmatch(NAME_PATTERN, name) or len(name) > NAME_CHARACTERS_MAX:
        told = f"up to {NAME_CHARACTERS_MAX} small letters, digits and single -, a letter first"
        fail(f"{name[:100]!r} is no name of a type: expected {told}", status=2)
    if name in load_catalog().types:
        fail(f"there is a type '{name}' already: choose another name", status=2)
    package = f"tailrace-destination-{name}"
    made = directory if directory is not None else Path(package)
    if made.exists() and (not made.is_dir() or any(made.iterdir())):
        fail(f"{made} is there already: give another --directory", status=2)
    words = {
        "slug": name,
        "title": name.replace("-", " ").title(),
        "package": package,
        "module": package.replace("-", "_"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    try:
        for path, template in _files(words["module"]).items():
            text = Template((SKELETON / template).read_text(encoding="utf-8")).substitute(words)
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{made} cannot be written: {error.strerror or error}", status=1)
    print(f"{made} is made. Install it with `pip install --editable {made}`, restart Tailrace.")


def _files(module: str) -> dict[str, str]:
    """Return which file is made of which template."""
    return {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"src/{module}/__init__.py": "module.py.txt",
        f"tests/test_{module}.py": "test_module.py.txt",
    }
