"""From the tree of a file to what it means, with every problem that it has."""

import re
import types
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UnsetType
from msgspec import inspect as kinds

from tailrace.config import SLUG_PATTERN, WRITE_KEY_PATTERN
from tailrace.control.workspace_file.problems import Problem, WorkspaceFileError
from tailrace.control.workspace_file.reading import Node, Path, path_text, read_tree
from tailrace.control.workspace_file.shapes import SecretRef, WorkspaceFile

S = TypeVar("S", bound=msgspec.Struct)

_SHOWN_CHARS: Final = 60
_BAD: Final = object()
"""In the place of a value whose problem was noted."""
_STEP: Final = re.compile(r"[^.\[\]]+")
_PATTERNS: Final = {
    SLUG_PATTERN: "up to 63 of a-z 0-9 _ -, beginning with a letter or digit",
    WRITE_KEY_PATTERN: "8 to 128 letters, digits, - or _",
}


class CheckedFile:
    """What is valid of a file, what is wrong with the rest, and the lines of both."""

    def __init__(
        self, file: WorkspaceFile, lines: dict[Path, int], problems: list[Problem]
    ) -> None:
        self.file = file
        self.problems = problems
        self._lines = lines

    def names(self, path: Path) -> bool:
        """Tell whether a place is in the file, valid or not."""
        return path in self._lines

    def note_line(self, path: Path, line: int) -> None:
        """Remember the line of a place that only now turned out to be one."""
        self._lines[path] = line

    def problem(self, path: Path, message: str, *, field: str = "") -> Problem:
        """Return a problem of a place, or of a field of it where the file has that."""
        steps = [int(step) if step.isdecimal() else step for step in _STEP.findall(field)]
        while steps and (*path, *steps) not in self._lines:
            steps.pop()
        path = (*path, *steps)
        if path_text(path).endswith(field):
            message = message.removeprefix(f"{field}: ")
        shown, line = path_text(path), self._lines.get(path, 0)
        while line == 0 and path:
            path = path[:-1]
            line = self._lines.get(path, 0)
        return Problem(line, f"{shown}: {message}")


def read_file(text: str) -> CheckedFile:
    """Return what a text means; of what has problems, nothing.

    Raises:
        WorkspaceFileError: it cannot be read at all, or is of a version that is not known.
    """
    root, problems = read_tree(text)
    checker = Checker(problems)
    file = checker.file(root)
    if file is None:
        raise WorkspaceFileError(checker.problems)
    return CheckedFile(file, checker.lines, checker.problems)


class Checker:
    """Checks a tree; `lines` are those of all places that it came to."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.problems = list(problems)
        self.lines: dict[Path, int] = {}

    def file(self, root: Node) -> WorkspaceFile | None:
        """Return the sections and resources that have no problems; None without a version."""
        good = self._fields(root, WorkspaceFile, ())
        whole = {name: value for name, value in good.items() if value is not _BAD}
        return WorkspaceFile(**whole) if "version" in whole else None

    def struct(self, node: Node, struct: type[S], path: Path) -> S | None:
        """Return what a mapping stands for; None when it has problems, which are noted."""
        before = len(self.problems)
        good = self._fields(node, struct, path)
        return struct(**good) if len(self.problems) == before else None

    def _fields(self, node: Node, struct: type[msgspec.Struct], path: Path) -> dict[str, Any]:
        """Return the values of a mapping's known keys, `_BAD` for those with problems."""
        self.lines[path] = node.line
        if not isinstance(node.value, dict):
            self._note(node, path, node, "keys with values")
            return {}
        fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
        hints = _hints(struct)
        good: dict[str, Any] = {}
        for name, item in node.value.items():
            if name not in fields:
                self._note_unknown(node.key_lines[name], (*path, name), list(fields))
                continue
            attribute = fields[name].name
            good[attribute] = self.value(item, hints[attribute], (*path, name))
            self.lines[(*path, name)] = node.key_lines[name]
        for name, field in fields.items():
            if field.required and name not in node.value:
                where = path_text(path) or "the file"
                self.problems.append(Problem(node.line, f"{where} lacks '{name}'"))
        return good

    def value(self, node: Node, kind: Any, path: Path, *, may_be_null: bool = False) -> Any:
        """Return the value of a node, or `_BAD`."""
        self.lines[path] = node.line
        base, bounds = _without_bounds(kind)
        origin = get_origin(base)
        if base is Node:
            return self._mapping_node(node, path)
        if origin in (Union, types.UnionType):
            choices = [one for one in get_args(base) if one not in (types.NoneType, UnsetType)]
            if node.value is None and types.NoneType in get_args(base):
                return None
            if len(choices) == 1:
                may_be_null = types.NoneType in get_args(base)
                return self.value(node, choices[0], path, may_be_null=may_be_null)
        if base is SecretRef:
            return self.reference(node, path)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            made = self.struct(node, base, path)
            return _BAD if made is None else made
        if origin is list:
            return self._list(node, get_args(base)[0], bounds, path)
        if origin is dict:
            return self._dict(node, get_args(base), path)
        return self._leaf(node, kind, path, may_be_null=may_be_null)

    def reference(self, node: Node, path: Path) -> Any:
        """Return where a secret is found; what is written instead is never shown."""
        value = node.value
        if isinstance(value, dict) and len(value) == 1:
            [(name, item)] = value.items()
            if name in ("env", "file") and isinstance(item.value, str) and item.value:
                return SecretRef(**{name: item.value})
        self.problems.append(
            Problem(
                node.line,
                f"{path_text(path)} is a secret, which the file does not hold; expected "
                "{env: NAME} or {file: PATH}",
            )
        )
        return _BAD

    def _mapping_node(self, node: Node, path: Path) -> Any:
        if isinstance(node.value, dict):
            return node
        return self._note(node, path, node, "keys with values")

    def _list(self, node: Node, item: Any, bounds: Sequence[msgspec.Meta], path: Path) -> Any:
        if not isinstance(node.value, list):
            return self._note(node, path, node, "a list")
        for bound in bounds:
            fewest, most = bound.min_length or 0, bound.max_length
            if len(node.value) < fewest or (most is not None and len(node.value) > most):
                limits = f"{fewest} to {most}" if most is not None else f"at least {fewest}"
                self.problems.append(
                    Problem(
                        node.line,
                        f"{path_text(path)} has {len(node.value)} items; expected {limits}",
                    )
                )
                return _BAD
        found = [self.value(one, item, (*path, at)) for at, one in enumerate(node.value)]
        return _BAD if any(one is _BAD for one in found) else found

    def _dict(self, node: Node, kinds_of: tuple[Any, ...], path: Path) -> Any:
        if not isinstance(node.value, dict):
            return self._note(node, path, node, "keys with values")
        key_kind, item_kind = kinds_of
        found: dict[str, object] = {}
        for key, item in node.value.items():
            where = (*path, key)
            line = node.key_lines[key]
            before = len(self.problems)
            if not _fits(key, key_kind):
                name = path_text(where)
                self.problems.append(
                    Problem(line, f"{name} is named {_shown(key)}; expected {_expected(key_kind)}")
                )
            value = self.value(item, item_kind, where)
            self.lines[where] = line
            if len(self.problems) == before:
                found[key] = value
        return found

    def _leaf(self, node: Node, kind: Any, path: Path, *, may_be_null: bool) -> Any:
        value = node.plain()
        if not _fits(value, kind):
            or_null = " or null" if may_be_null else ""
            return self._note(node, path, node, _expected(kind) + or_null)
        return msgspec.convert(value, kind)

    def _note(self, node: Node, path: Path, found: Node, expected: str) -> Any:
        where = path_text(path) or "the file"
        self.problems.append(
            Problem(node.line, f"{where} is {_shown(found.value)}; expected {expected}")
        )
        return _BAD

    def _note_unknown(self, line: int, path: Path, known: Sequence[str]) -> None:
        name = str(path[-1])
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(known)}"
        self.problems.append(Problem(line, f"{path_text(path)} is not known; {hint}"))


def _without_bounds(kind: Any) -> tuple[Any, list[msgspec.Meta]]:
    bounds: list[msgspec.Meta] = []
    while get_origin(kind) is Annotated:
        kind, *extras = get_args(kind)
        bounds += [extra for extra in extras if isinstance(extra, msgspec.Meta)]
    return kind, bounds


def _fits(value: object, kind: Any) -> bool:
    try:
        meant = msgspec.convert(value, kind)
        if isinstance(meant, datetime):
            # Years 1 and 9999 have moments that no other zone can name.
            meant.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return False
    # The `$` of a pattern also matches before a line break at the end.
    return not (isinstance(value, str) and value.endswith("\n") and _has_pattern(kind))


@cache
def _has_pattern(kind: Any) -> bool:
    return "pattern" in msgspec.json.schema(kind)


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _shown(value: object) -> str:
    """Return a value as it stands in a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_CHARS else value[:_SHOWN_CHARS] + "...")
    return str(value)


def _expected(kind: Any) -> str:
    """Return what a value must be, in words."""
    return _words(kinds.type_info(kind))


def _words(kind: kinds.Type) -> str:
    match kind:
        case kinds.Metadata():
            return _words(kind.type)
        case kinds.UnionType():
            return " or ".join(_words(one) for one in kind.types)
        case kinds.NoneType():
            return "null"
        case kinds.BoolType():
            return "true or false"
        case kinds.IntType():
            return f"a whole number{_range(kind)}"
        case kinds.FloatType():
            return f"a number{_range(kind)}"
        case kinds.DateTimeType():
            return "a time with its zone, such as 2026-11-21T09:30:00Z"
        case kinds.LiteralType():
            return f"{'one of ' if len(kind.values) > 1 else ''}{', '.join(map(str, kind.values))}"
        case kinds.StrType():
            return _text(kind)
    return "another value"


def _range(kind: kinds.IntType | kinds.FloatType) -> str:
    parts = []
    if kind.gt is not None:
        parts.append(f"above {_number(kind.gt)}")
    if kind.ge is not None:
        parts.append(f"of at least {_number(kind.ge)}")
    if kind.le is not None:
        parts.append(f"at most {_number(kind.le)}")
    return f" {' and '.join(parts)}" if parts else ""


def _number(value: float) -> str:
    return str(int(value) if float(value).is_integer() else value)


def _text(kind: kinds.StrType) -> str:
    if kind.pattern in _PATTERNS:
        return _PATTERNS[kind.pattern]
    if kind.pattern is not None and "@" in kind.pattern:
        return f"an e-mail address of at most {kind.max_length} characters"
    if kind.max_length is None:
        return "text"
    return f"printable text of {kind.min_length or 0} to {kind.max_length} characters"
