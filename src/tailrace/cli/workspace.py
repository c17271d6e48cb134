"""`export-config`, `diff`, `apply`: the workspace as a file."""

import os
import sys
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tailrace.cli.common import (
    Api,
    AsJson,
    ConfigFile,
    DataDir,
    Server,
    fail,
    load,
    print_json,
)
from tailrace.errors import ConfigError, TailraceError

DIFFERS_STATUS: Final = 1
TROUBLE_STATUS: Final = 2
_SIGNS: Final = {"create": "+", "update": "~", "delete": "-"}
_NAMES: Final = {
    "sources": "source",
    "destinations": "destination",
    "delivery-alerts": "delivery alert",
    "saved-queries": "saved query",
    "members": "member",
}
_STDIN: Final = "-"
_VALUE_CHARS_MAX: Final = 100
_SECRET_BYTES_MAX: Final = 100_000

File = Annotated[str, typer.Argument(help="The file; - for standard input.", show_default=False)]
Prune = Annotated[
    bool,
    typer.Option("--prune", help="Remove what the file does not name from the sections it has."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: tailrace export-config > workspace.yaml")(export_config)
    app.command(epilog="Example: tailrace diff workspace.yaml")(diff)
    app.command(epilog="Example: tailrace apply workspace.yaml --prune --dry-run")(apply)


def export_config(
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the file's JSON Schema, for editors.")
    ] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Print the workspace as YAML: settings, sources, destinations, members."""
    from tailrace.control.workspace_file.schema import workspace_schema
    from tailrace.destinations import load_catalog

    if schema:
        print_json(workspace_schema(load_catalog()))
        return
    api = Api(load(data_dir, config_file), server=server)
    sys.stdout.write(api.get_text("/api/v1/workspace/export"))


def diff(
    file: File,
    prune: Prune = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what `apply` would change. Status 0: nothing, 1: something, 2: it cannot be told."""
    try:
        api = Api(load(data_dir, config_file), server=server)
        answer = _ask(api, "diff", file, prune=prune)
    except TailraceError as error:
        fail(str(error), status=TROUBLE_STATUS)
    if as_json:
        print_json(answer)
    else:
        _show(answer, nothing="" if answer["not_in_file"] else "No difference.")
        _show_left(answer, prune=prune)
    if answer["changes"] or answer["not_in_file"]:
        sys.exit(DIFFERS_STATUS)


def apply(
    file: File,
    prune: Prune = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show it, as `tailrace diff` does.")
    ] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the workspace like a file: all of it, in one change, or nothing."""
    if dry_run:
        diff(file, prune, server, data_dir, config_file, as_json)
        return
    api = Api(load(data_dir, config_file), server=server)
    answer = _ask(api, "apply", file, prune=prune)
    if as_json:
        print_json(answer)
        return
    _show(answer, nothing="Nothing to do.")
    if answer["changes"]:
        print(f"Applied {len(answer['changes'])} changes.")
    _show_left(answer, prune=prune)


def _ask(api: Api, call: str, file: str, *, prune: bool) -> Any:
    """Send the file and the values of the secrets that it refers to."""
    text, directory = _read(file)
    body = {
        "text": text,
        "file_name": "standard input" if file == _STDIN else file,
        "secrets": _secrets_of(text, directory, file_name=file),
        "prune": prune,
    }
    return api.post(f"/api/v1/workspace/{call}", body)


def _read(file: str) -> tuple[str, Path]:
    """Return the text, and where the files that it names are looked for."""
    from tailrace.control.workspace_file.reading import TEXT_BYTES_MAX

    try:
        if file == _STDIN:
            found, directory = sys.stdin.buffer.read(TEXT_BYTES_MAX + 1), Path()
        else:
            path = Path(file)
            with path.open("rb") as opened:
                found, directory = opened.read(TEXT_BYTES_MAX + 1), path.parent
        if len(found) > TEXT_BYTES_MAX:
            raise ConfigError(f"{file} is larger than {TEXT_BYTES_MAX} bytes, which is the limit")
        return found.decode(), directory
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8: byte {error.start} does not fit") from error


def _secrets_of(text: str, directory: Path, *, file_name: str) -> dict[str, str]:
    """Return the values of the references that have one, by `env:NAME` and `file:PATH`."""
    from tailrace.control.workspace_file.problems import WorkspaceFileError
    from tailrace.control.workspace_file.reading import read_tree
    from tailrace.control.workspace_file.references import references_in

    try:
        root, _ = read_tree(text)
    except WorkspaceFileError as error:
        raise error.named(file_name) from None
    readers: dict[str, Callable[[str], str]] = {
        "env": lambda name: os.environ.get(name, ""),
        "file": lambda name: _file_value(directory / name),
    }
    found = {f"{kind}:{name}": readers[kind](name) for kind, name in sorted(references_in(root))}
    return {reference: value for reference, value in found.items() if value}


def _file_value(path: Path) -> str:
    """Return the text of a file of one secret, "" where there is none."""
    try:
        with path.open("rb") as opened:
            found = opened.read(_SECRET_BYTES_MAX + 1)
        if len(found) > _SECRET_BYTES_MAX:
            raise ConfigError(
                f"{path}, the file of a secret, has more than {_SECRET_BYTES_MAX} bytes"
            )
        return found.decode().rstrip("\r\n")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}, the file of a secret, cannot be read: {error}") from error


def _show(answer: dict[str, Any], *, nothing: str) -> None:
    """Print the changes, one resource after the other."""
    changes = answer["changes"]
    if not changes and nothing:
        print(nothing)
    for (resource, action), group in groupby(changes, key=itemgetter("resource", "action")):
        told = [_told(change) for change in group]
        head = f"{_SIGNS[action]} {_name(resource)}"
        if len(told) == 1:
            print(f"{head}: {told[0]}" if told[0] else head)
        else:
            print("\n    ".join([head, *told]))
    for path in answer["kept_secrets"]:
        print(f"! {path} keeps the secret that is set: its reference has no value here")


def _show_left(answer: dict[str, Any], *, prune: bool) -> None:
    """Print what the file does not name and stays."""
    if answer["not_in_file"] and prune:
        print("Not in the file, and kept: the last owner, or who applies the file:")
    elif answer["not_in_file"]:
        print("Not in the file, and left as it is; --prune removes it:")
    for resource in answer["not_in_file"]:
        print(f"  {_name(resource)}")


def _name(resource: str) -> str:
    """Return how people call a resource: `source web`, `write key Zq3f*** of source web`."""
    kind, _, name = resource.partition("/")
    slug, is_key, key = name.partition("/write-keys/")
    if is_key:
        return f"write key {key} of source {slug}"
    return f"{_NAMES[kind]} {name}" if kind in _NAMES else resource


def _told(change: dict[str, Any]) -> str:
    """Return what a change is about: `enabled true -> false`, or all that is not the default."""
    before, after = change["before"], change["after"]
    if change["action"] == "update":
        changed = " (changed)" if before == after else ""
        return f"{change['field']} {_value(before)} -> {_value(after)}{changed}"
    facts = after if change["action"] == "create" else before
    return ", ".join(f"{name} {_value(value)}" for name, value in facts.items())


def _value(value: object) -> str:
    import msgspec

    text = value if value == "***" else msgspec.json.encode(value).decode()
    assert isinstance(text, str)  # noqa: S101 - JSON is text
    return text if len(text) <= _VALUE_CHARS_MAX else text[:_VALUE_CHARS_MAX] + "..."
