"""YAML as a tree of nodes that know their lines.

Only what a settings file needs: one document of mappings, lists and plain values, read by the core
schema of YAML 1.2 (`no` is text). Anchors, aliases, tags, keys given twice, deep nesting and large
files are refused, so that reading takes time in proportion to the text.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from tailrace.control.workspace_file.problems import Problem, WorkspaceFileError

TEXT_BYTES_MAX: Final = 5 * 1_048_576
DEPTH_MAX: Final = 32
NODES_MAX: Final = 500_000
_DIGITS_MAX: Final = 300
_INTEGER_MAX: Final = 2**63

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where there is one: ten times as fast."""
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
BASED: Final = _BASED

# No database takes them: zero, and halves of characters.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Node:
    """A value, the line that it begins on, and, of a mapping, the lines of its keys."""

    line: int
    value: "Scalar | list[Node] | dict[str, Node]"
    key_lines: dict[str, int] = field(default_factory=dict)

    def plain(self) -> object:
        """Return the value without lines, as it would be read from JSON."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return self.value


def read_tree(text: str) -> tuple[Node, list[Problem]]:
    """Return the tree of a text, and what is wrong with it though it could be read.

    Raises:
        WorkspaceFileError: it cannot be read.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > TEXT_BYTES_MAX:
        raise _unreadable(1, f"the file has {size} bytes; at most {TEXT_BYTES_MAX} are read")
    builder = _Builder()
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise _unreadable(line, f"not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
        raise _unreadable(line, f"not valid YAML: {_first_line(error)}") from error
    return builder.root or Node(1, None), builder.problems


def path_text(path: Path) -> str:
    """Return how people read a path: `sources.web.write_keys[0].key`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_printable(step[:100])}"
    return text.removeprefix(".")


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read; `key` is the one that waits for a value."""

    node: Node
    path: Path
    key: str | None = None
    is_skipped: bool = False


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent() if self.root is not None:
                raise _unreadable(line, "a second document begins; expected one")
            case yaml.AliasEvent():
                raise _unreadable(line, f"*{event.anchor} is an alias; write the value out")
            case yaml.ScalarEvent():
                self._refuse_extras(event, line)
                self._put_scalar(event, line)
            case yaml.MappingStartEvent():
                self._refuse_extras(event, line)
                self._begin(Node(line, {}))
            case yaml.SequenceStartEvent():
                self._refuse_extras(event, line)
                self._begin(Node(line, []))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()

    def _refuse_extras(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            raise _unreadable(line, f"&{event.anchor} is an anchor, which this file cannot have")
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise _unreadable(line, f"{tag} is a tag, which this file cannot have")

    def _begin(self, node: Node) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise _unreadable(node.line, f"nested more than {DEPTH_MAX} deep")
        if self._is_key_wanted():
            raise _unreadable(node.line, "a list or mapping stands where a key is expected")
        path = self._put(node)
        self._open.append(_Open(node, path))

    def _put_scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text: str = event.value
        if self._is_key_wanted():
            opened = self._open[-1]
            opened.key = text
            self._refuse_unstorable(text, (*opened.path, text), line)
            if text in opened.node.key_lines:
                first = opened.node.key_lines[text]
                path = (*opened.path, text)
                self.problems.append(
                    Problem(line, f"{path_text(path)} is given twice, first in line {first}")
                )
            opened.node.key_lines.setdefault(text, line)
            return
        path = self._put(Node(line, _resolved(text) if event.implicit[0] else text))
        self._refuse_unstorable(text, path, line)

    def _refuse_unstorable(self, text: str, path: Path, line: int) -> None:
        if _UNSTORABLE.search(text):
            where = path_text(path)
            self.problems.append(Problem(line, f"{where} holds a character that cannot be stored"))

    def _is_key_wanted(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1].node.value, dict)
            and self._open[-1].key is None
        )

    def _put(self, node: Node) -> Path:
        """Put a node into what is open; return its path."""
        self._count += 1
        if self._count > NODES_MAX:
            raise _unreadable(node.line, f"more than {NODES_MAX} values; that many are read")
        if not self._open:
            self.root = node
            return ()
        opened = self._open[-1]
        if isinstance(opened.node.value, list):
            opened.node.value.append(node)
            return (*opened.path, len(opened.node.value) - 1)
        assert isinstance(opened.node.value, dict)  # noqa: S101 - only these two are opened
        key, opened.key = opened.key or "", None
        opened.node.value.setdefault(key, node)
        return (*opened.path, key)


def _resolved(text: str) -> Scalar:
    """Return what a plain scalar stands for; what would be no finite JSON number is text."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if len(text) > _DIGITS_MAX:
        return text
    if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
        number = int(text, 0) if _BASED.fullmatch(text) else int(text)
        return number if -_INTEGER_MAX <= number < _INTEGER_MAX else text
    if FLOAT.fullmatch(text):
        number_with_point = float(text)
        return number_with_point if abs(number_with_point) != float("inf") else text
    return text


def _unreadable(line: int, message: str) -> WorkspaceFileError:
    return WorkspaceFileError([Problem(line, message)])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200]
