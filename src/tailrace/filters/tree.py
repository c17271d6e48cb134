"""The tree of a filter, and the tree as text again.

Positions count characters of the text and take no part in comparison, so that two trees are equal
when they ask for the same.
"""

import dataclasses
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

KEYWORDS: Final = frozenset({"and", "or", "in", "true", "false", "null", "all"})
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]


@dataclass(frozen=True)
class All:
    """Every event."""


@dataclass(frozen=True)
class Constant:
    """A text, a number, true, false or null."""

    value: str | int | float | bool | None
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Path:
    """The value that the event has there; null where it has none."""

    parts: tuple[str, ...]
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class ListOf:
    """A list of values."""

    items: tuple["Value", ...]
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Call:
    """A function of values."""

    name: str
    arguments: tuple["Value", ...]
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Compare:
    """Two values, compared."""

    operator: Operator
    left: "Value"
    right: "Value"
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """True where its part is false."""

    part: "Tree"
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class And:
    """All of two or more parts, asked from left to right until one is false."""

    parts: tuple["Tree", ...]
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Or:
    """Any of two or more parts, asked from left to right until one is true."""

    parts: tuple["Tree", ...]
    position: int = dataclasses.field(default=0, compare=False)


Value = Constant | Path | ListOf | Call
Tree = All | Value | Compare | Not | And | Or

_PLAIN = re.compile(r"[A-Za-z0-9_-]")


def render(tree: Tree) -> str:
    """Return filter text that parses to the same tree.

    Raises:
        ValueError: a text in the tree has both kinds of quotes, which no filter text can hold.
    """
    match tree:
        case All():
            return "all"
        case Not(part):
            inner = render(part)
            return f"!({inner})" if isinstance(part, Compare | And | Or) else f"!{inner}"
        case And(parts):
            return " and ".join(_member(part) for part in parts)
        case Or(parts):
            return " or ".join(_member(part) for part in parts)
        case Compare(operator, left, right):
            return f"{render(left)} {operator} {render(right)}"
        case Path(parts):
            return _path(parts)
        case ListOf(items):
            return "[" + ", ".join(render(item) for item in items) + "]"
        case Call(name, arguments):
            return f"{name}(" + ", ".join(render(each) for each in arguments) + ")"
        case Constant(value):
            return _constant(value)


def _member(part: Tree) -> str:
    text = render(part)
    return f"({text})" if isinstance(part, And | Or) else text


def _path(parts: tuple[str, ...]) -> str:
    first = _escaped(parts[0])
    # A keyword, or a name that would begin like a number.
    if first in KEYWORDS or first[0] in "0123456789-":
        first = "\\" + first
    return ".".join([first, *map(_escaped, parts[1:])])


def _escaped(name: str) -> str:
    return "".join(c if _PLAIN.match(c) else "\\" + c for c in name)


def _constant(value: str | int | float | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if '"' not in value:
            return f'"{value}"'
        if "'" not in value:
            return f"'{value}'"
        raise ValueError(f"no filter text can hold both kinds of quotes: {value}")
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")
