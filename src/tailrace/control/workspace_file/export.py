"""The workspace as YAML text: the same workspace always gives the same bytes."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from tailrace.config import Secret
from tailrace.control.workspace_file.reading import BASED, FLOAT

SCHEMA_NAME: Final = "workspace.schema.json"
_HEAD: Final = f"""\
# yaml-language-server: $schema={SCHEMA_NAME}
# The workspace as a file: `tailrace diff FILE` compares, `tailrace apply FILE` makes it so.
# Passwords, API tokens and invites are not part of it; secrets are references.
"""
_WIDTH: Final = 1_000_000
# Written as they are, some readers would take these for ends of lines.
_BREAKS: Final = re.compile("[\r\x85\u2028\u2029\ufeff]")


class _Reference(dict[str, str]):
    """Where a secret is found; written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes what both YAML 1.1 and 1.2 read as the same value."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out each time."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of lists too."""
        super().increase_indent(flow, indentless=False)


_Dumper.add_representer(
    _Reference, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, True)
)
_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style='"' if _BREAKS.search(text) else None
    ),
)
# What YAML 1.2 takes for a number is quoted where it is text, though 1.1 would not take it for one.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"^(?:{FLOAT.pattern})$"), list("-+.0123456789")
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(f"^(?:{BASED.pattern}|[-+]?[0-9]+)$"), list("-+0123456789")
)


def workspace_text(sections: Mapping[str, Mapping[str, Any]], *, of_file: Sequence[str]) -> str:
    """Return the file; `of_file` are the sources that the settings file manages."""
    names = _Names()
    plain = {
        section: _plain(values, (section,), names=names) for section, values in sections.items()
    }
    head = _HEAD
    if of_file:
        head += f"# Left out, as tailrace.toml manages them: {', '.join(sorted(of_file))}.\n"
    return head + dump({"version": 1, **plain})


def dump(values: Mapping[str, object]) -> str:
    """Return values as YAML."""
    return yaml.dump(
        dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )


class _Names:
    """Proposes a variable for each secret, and never one for two."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def propose(self, path: Sequence[str]) -> str:
        words = [step for step in path if step != "settings"]
        stem = "TAILRACE_SECRET_" + re.sub(r"[^A-Z0-9]", "_", "_".join(words).upper())
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name


def _plain(value: object, path: tuple[str, ...], *, names: _Names) -> object:
    if isinstance(value, Secret):
        return _Reference(env=names.propose(path))
    if isinstance(value, Mapping):
        return {key: _plain(item, (*path, key), names=names) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, path, names=names) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
