"""The filter tree: what every question language is parsed into, and what is compiled or evaluated.

A leaf names its field as the person wrote it (None: no field given, so the whole text of the event)
and keeps its value as text; `query.fields` says what the name means and `query.compile` and
`query.evaluate` what the value means for it. Positions count characters of the query text and do
not take part in comparison, so that two trees are equal when they ask for the same.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class All:
    """Every event."""


@dataclass(frozen=True)
class Term:
    """A bare word, or neighbouring bare words joined by one space each, as Elasticsearch does."""

    field: str | None
    text: str
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Phrase:
    """A quoted text; `slop` is how many moves its words may be away from that order."""

    field: str | None
    text: str
    slop: int = 0
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Wildcard:
    """A pattern: `*` is any text, `?` one character, and `\\` takes the next one literally."""

    field: str | None
    pattern: str
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Regex:
    """A regular expression of Lucene's that the whole value or one word of free text matches."""

    field: str | None
    pattern: str
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Fuzzy:
    """A word and those some edits away from it; `edits` None: by the word's length."""

    field: str | None
    text: str
    edits: int | None = None
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Bound:
    """One end of a range."""

    text: str
    is_inclusive: bool
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Range:
    """Values between two bounds; None is an open end."""

    field: str
    low: Bound | None
    high: Bound | None
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Exists:
    """The field has a value."""

    field: str
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Nested:
    """One object at the field, or one of a list of objects there, matches the whole part.

    The names in the part are keys within that object.
    """

    field: str
    part: "Tree"
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """Everything except."""

    part: "Tree"


@dataclass(frozen=True)
class And:
    """All of two or more parts."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Or:
    """Any of two or more parts."""

    parts: tuple["Tree", ...]


Leaf = All | Term | Phrase | Wildcard | Regex | Fuzzy | Range | Exists | Nested
Tree = Leaf | Not | And | Or

SPECIAL = frozenset('+-=&|><!(){}[]^"~*?:\\/')
_WORDS_THAT_OPERATE = frozenset({"AND", "OR", "NOT"})
_SPACES = " \t\n\r\u3000"
_BARE_SLASH = re.compile(r"\\[\s\S]|/")
_JOINED_WORDS = re.compile(rf"[^{_SPACES}]+(?: [^{_SPACES}]+)*")


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Return every leaf, left to right; what is asked of one nested object is one leaf."""
    stack: list[Tree] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Not):
            stack.append(node.part)
        elif isinstance(node, And | Or):
            stack.extend(reversed(node.parts))
        else:
            yield node


def render(tree: Tree) -> str:
    """Return Lucene text that parses to the same tree; every level has its parentheses.

    Lucene cannot ask for several things of one nested object: that is written as in KQL.
    """
    match tree:
        case All():
            return "*:*"
        case Not(part):
            return f"(NOT {_member(part)})"
        case And(parts):
            return "(" + " AND ".join(_member(part) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_member(part) for part in parts) + ")"
        case Exists(name):
            return f"{escape(name)}:*"
        case Range(name, low, high):
            return f"{escape(name)}:{_range(low, high)}"
        case Term(name, text):
            return _prefix(name) + _words(text)
        case Phrase(name, text, slop):
            quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            return _prefix(name) + quoted + (f"~{slop}" if slop else "")
        case Wildcard(name, pattern):
            return _prefix(name) + _wildcard(pattern)
        case Regex(name, pattern):
            return f"{_prefix(name)}/{_BARE_SLASH.sub(_with_backslash, pattern)}/"
        case Fuzzy(name, text, edits):
            return f"{_prefix(name)}{escape(text)}~{'' if edits is None else edits}"
        case Nested(name, part):
            return f"{escape(name)}:{{{render(part)}}}"


def escape(text: str) -> str:
    """Return the text as one bare word that stands for itself."""
    escaped = "".join(f"\\{c}" if c in SPECIAL or c in _SPACES else c for c in text)
    return "\\" + escaped if escaped in _WORDS_THAT_OPERATE else escaped


def _with_backslash(found: re.Match[str]) -> str:
    return found.group() if found.group() != "/" else "\\/"


def _member(part: Tree) -> str:
    """Return a part of a level; joined words need parentheses of their own there."""
    text = render(part)
    if isinstance(part, Term) and part.field is None and " " in text:
        return f"({text})"
    return text


def _prefix(name: str | None) -> str:
    return "" if name is None else f"{escape(name)}:"


def _words(text: str) -> str:
    """Return joined words; in parentheses, so that they stay together after a field."""
    if " " not in text or not _JOINED_WORDS.fullmatch(text):
        return escape(text)
    return "(" + " ".join(escape(word) for word in text.split(" ")) + ")"


def _wildcard(pattern: str) -> str:
    out = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            out.append("\\" + next(characters))
        elif character in "*?" or not (character in SPECIAL or character in _SPACES):
            out.append(character)
        else:
            out.append("\\" + character)
    return "".join(out)


def _range(low: Bound | None, high: Bound | None) -> str:
    opening = "{" if low is not None and not low.is_inclusive else "["
    closing = "}" if high is not None and not high.is_inclusive else "]"
    return f"{opening}{_bound(low)} TO {_bound(high)}{closing}"


def _bound(bound: Bound | None) -> str:
    if bound is None:
        return "*"
    return '"' + bound.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
