"""Regular expressions of Lucene's, said once for the two that run them: ClickHouse and Python.

They are read into a small tree of our own, from which come text for RE2 and a machine that looks at
each character of a text once, whatever the expression: none makes a live view or a destination try
the same again and again.

There is no `^` and `$`: an expression is for the whole value, or the whole word of free text.

Source: Lucene's RegExp, with the syntax flag ALL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tailrace.errors import QueryError

LENGTH_MAX: Final = 1_000
# Lucene gives up at 10,000 states of a machine that is larger than ours; RE2 repeats 1,000 times.
STATES_MAX: Final = 1_000
DEPTH_MAX: Final = 50
_KNOWN_STEPS_MAX: Final = 10_000
_CODE_MAX: Final = 0x10FFFF
_SURROGATES: Final = (0xD800, 0xDFFF)

_Ranges = tuple[tuple[int, int], ...]
_ANY: Final[_Ranges] = ((0, _CODE_MAX),)
_CLASSES: Final[dict[str, _Ranges]] = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "s": ((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)),
}


@dataclass(frozen=True)
class _One:
    """One character of these ranges."""

    ranges: _Ranges


@dataclass(frozen=True)
class _Row:
    """One after the other; no parts: the empty text."""

    parts: tuple["_Node", ...]


@dataclass(frozen=True)
class _Any:
    """Any of the parts; no parts: nothing at all."""

    parts: tuple["_Node", ...]


@dataclass(frozen=True)
class _Times:
    """As often as this; `most` None: without end."""

    part: "_Node"
    least: int
    most: int | None


_Node = _One | _Row | _Any | _Times
_EMPTY: Final = _Row(())


class Expression:
    """A regular expression for whole texts: as text for RE2, and as a machine."""

    def __init__(self, root: _Node) -> None:
        self.re2 = f"^(?s:{_written(root)})$"
        self._machine = _Machine(root)

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches."""
        return self._machine.matches(text)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Expression:
    if len(pattern) > LENGTH_MAX:
        raise QueryError(
            f"the regular expression has {len(pattern)} characters; the limit is {LENGTH_MAX}",
            position=0,
        )
    root = _Reader(pattern).read()
    if _states(root) > STATES_MAX:
        raise QueryError(
            "the regular expression is too large once its repetitions are written out",
            position=0,
            hint="repeat fewer times, or use * and + instead of counts",
        )
    return Expression(root)


def expression_of(pattern: str, position: int | None = None) -> Expression:
    """Return the expression, whose first character is at `position` of the query's text.

    Raises:
        QueryError: it is not valid, too large, or has an operator that is not supported.
    """
    try:
        return _expression(pattern)
    except QueryError as error:
        at = None if position is None else position + (error.position or 0)
        raise QueryError(str(error), position=at, hint=error.hint) from error


class _Reader:
    """A recursive descent; as in Lucene, what is no operator where it stands is itself."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> _Node:
        if not self._text:
            return _EMPTY
        node = self._union()
        if self._at < len(self._text):
            raise self._error(
                f"unexpected '{self._text[self._at]}' in the regular expression",
                hint=f"write \\{self._text[self._at]} for the character itself",
            )
        return node

    def _union(self) -> _Node:
        parts = [self._row()]
        while self._taken("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else _Any(tuple(parts))

    def _row(self) -> _Node:
        parts = [self._repeated()]
        while self._at < len(self._text) and self._text[self._at] not in ")|":
            if self._text[self._at] == "&":
                raise self._unsupported("&", "both at once", "join two conditions with AND")
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else _Row(tuple(parts))

    def _repeated(self) -> _Node:
        node = self._single()
        for _ in range(DEPTH_MAX):
            if self._taken("?"):
                node = _times(node, 0, 1)
            elif self._taken("*"):
                node = _times(node, 0, None)
            elif self._taken("+"):
                node = _times(node, 1, None)
            elif self._taken("{"):
                node = self._counted(node)
            else:
                return node
        raise self._error("too many repetitions of one thing", hint="one of ? * + {} is enough")

    def _counted(self, node: _Node) -> _Node:
        opened = self._at - 1
        least = self._number()
        most: int | None = least
        if self._taken(","):
            most = self._number() if self._peek().isdigit() else None
        if not self._taken("}"):
            raise self._error("expected } after the count", hint="write a{2,5}, or \\{ for a brace")
        if max(least, most or 0) > STATES_MAX:
            raise QueryError(
                f"a count of the regular expression is over {STATES_MAX}", position=opened
            )
        if most is not None and most < least:
            return _Any(())
        return _times(node, least, most)

    def _number(self) -> int:
        start = self._at
        while self._peek() in "0123456789" and self._peek():
            self._at += 1
        if start == self._at:
            raise self._error("expected a number here", hint="write a{2,5}, or \\{ for a brace")
        return int(self._text[start : self._at][:9])

    def _single(self) -> _Node:
        character = self._peek()
        if character == "~":
            raise self._unsupported("~", "everything but", "put NOT before the condition")
        if character in ".@#":
            return self._sign()
        match character:
            case "[":
                return self._class()
            case '"':
                return self._quoted()
            case "(":
                return self._group()
            case "<":
                return self._interval()
            case _:
                return _One(self._character_or_class())

    def _sign(self) -> _Node:
        match self._text[self._at : self._at + 1]:
            case ".":
                self._at += 1
                return _One(_ANY)
            case "@":
                self._at += 1
                return _times(_One(_ANY), 0, None)
            case "#":
                self._at += 1
                return _Any(())
            case _:
                raise self._ended()

    def _quoted(self) -> _Node:
        end = self._text.find('"', self._at + 1)
        if end < 0:
            raise self._error("this quote is never closed", hint='write \\" for the character')
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return _Row(tuple(_One(((ord(c), ord(c)),)) for c in inner))

    def _group(self) -> _Node:
        opened = self._at
        self._at += 1
        if self._taken(")"):
            return _EMPTY
        if self._depth >= DEPTH_MAX:
            raise self._error(f"more than {DEPTH_MAX} parentheses inside each other")
        self._depth += 1
        node = self._union()
        if not self._taken(")"):
            raise QueryError(
                "a parenthesis of the regular expression is never closed",
                position=opened,
                hint="add a ), or write \\( for the character",
            )
        self._depth -= 1
        return node

    def _interval(self) -> _Node:
        opened = self._at
        end = self._text.find(">", opened)
        low, dash, high = self._text[opened + 1 : max(end, opened)].partition("-")
        if end < 0 or not dash or not _is_number(low) or not _is_number(high):
            raise self._error(
                "'<' begins an interval of numbers such as <1-100>",
                hint="write \\< for the character",
            )
        self._at = end + 1
        digits = len(low) if len(low) == len(high) else 0
        first, last = sorted((int(low), int(high)))
        return _numbers(first, last, digits)

    def _class(self) -> _Node:
        opened = self._at
        self._at += 1
        is_negated = self._taken("^")
        ranges = [*self._class_part()]
        while self._peek() not in ("]", ""):
            ranges += self._class_part()
        if not self._taken("]"):
            raise QueryError(
                "a [ of the regular expression is never closed",
                position=opened,
                hint="add a ], or write \\[ for the character",
            )
        merged = _merged(ranges)
        return _One(_complement(merged) if is_negated else merged)

    def _class_part(self) -> _Ranges:
        named = self._named_class()
        if named is not None:
            return named
        low = self._character()
        if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
            self._at += 1
            high = self._character()
            if high < low:
                raise self._error(
                    f"'{chr(low)}-{chr(high)}' is no range of characters: it runs backwards"
                )
            return ((low, high),)
        return ((low, low),)

    def _character_or_class(self) -> _Ranges:
        named = self._named_class()
        if named is not None:
            return named
        code = self._character()
        return ((code, code),)

    def _named_class(self) -> _Ranges | None:
        name = self._text[self._at + 1 : self._at + 2]
        if self._peek() != "\\" or name.lower() not in _CLASSES or not name:
            return None
        self._at += 2
        ranges = _CLASSES[name.lower()]
        return _complement(ranges) if name.isupper() else ranges

    def _character(self) -> int:
        self._taken("\\")
        character = self._peek()
        if not character:
            raise self._ended()
        self._at += 1
        return ord(character)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _taken(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _ended(self) -> QueryError:
        return self._error(
            "the regular expression ends where something must follow",
            hint="write \\ before a character that is meant as itself",
        )

    def _error(self, message: str, *, hint: str = "") -> QueryError:
        return QueryError(message, position=min(self._at, len(self._text)), hint=hint)

    def _unsupported(self, sign: str, meaning: str, instead: str) -> QueryError:
        return self._error(
            f"'{sign}' ({meaning}) is not supported in regular expressions",
            hint=f"{instead}; write \\{sign} for the character itself",
        )


def _is_number(text: str) -> bool:
    return 0 < len(text) < 10 and text.isascii() and text.isdigit()


def _times(part: _Node, least: int, most: int | None) -> _Node:
    if part == _EMPTY or most == 0:
        return _EMPTY
    return part if (least, most) == (1, 1) else _Times(part, least, most)


def _numbers(first: int, last: int, digits: int) -> _Node:
    """Return the numbers from first to last: of so many digits, or (0) after any zeros."""
    parts = []
    for low, high in _same_length(first, last):
        length = digits or len(str(high))
        parts += _digit_rows(str(low).zfill(length), str(high).zfill(length))
    numbers = parts[0] if len(parts) == 1 else _Any(tuple(parts))
    if digits:
        return numbers
    return _Row((_times(_digit(0, 0), 0, None), numbers))


def _same_length(first: int, last: int) -> list[tuple[int, int]]:
    found = []
    while first <= last:
        end = min(last, 10 ** len(str(first)) - 1)
        found.append((first, end))
        first = end + 1
    return found


def _digit_rows(low: str, high: str) -> list[_Node]:
    """Return rows of digits for the texts from low to high, which are equally long."""
    if low == high:
        return [_Row(tuple(_digit(int(d), int(d)) for d in low))]
    if low[0] == high[0]:
        first = _digit(int(low[0]), int(low[0]))
        return [_Row((first, row)) for row in _digit_rows(low[1:], high[1:])]
    size = len(low) - 1
    start, end = int(low[0]), int(high[0])
    rows: list[_Node] = []
    if low[1:].strip("0"):
        first = _digit(start, start)
        rows += [_Row((first, row)) for row in _digit_rows(low[1:], "9" * size)]
        start += 1
    tail: list[_Node] = []
    if high[1:].strip("9"):
        last = _digit(end, end)
        tail = [_Row((last, row)) for row in _digit_rows("0" * size, high[1:])]
        end -= 1
    if start <= end:
        rows.append(_Row((_digit(start, end), *(_digit(0, 9) for _ in range(size)))))
    return rows + tail


def _digit(low: int, high: int) -> _One:
    return _One(((0x30 + low, 0x30 + high),))


def _merged(ranges: Sequence[tuple[int, int]]) -> _Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: _Ranges) -> _Ranges:
    found = []
    start = 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _CODE_MAX:
        found.append((start, _CODE_MAX))
    return tuple(found)


def _states(node: _Node) -> int:
    """Return how many characters the expression is long once repetitions are written out."""
    match node:
        case _One():
            return 1
        case _Row(parts) | _Any(parts):
            return 1 + sum(_states(part) for part in parts)
        case _Times(part, least, most):
            return max(1, least if most is None else most) * _states(part) + 1


def _written(node: _Node) -> str:
    """Return text for RE2."""
    match node:
        case _One(ranges):
            return _class_text(ranges)
        case _Row(parts):
            return "".join(
                _grouped(part) if isinstance(part, _Any) else _written(part) for part in parts
            )
        case _Any(()):
            return "[^\\x{0}-\\x{10ffff}]"
        case _Any(parts):
            return "|".join(_written(part) for part in parts)
        case _Times(part, least, most):
            return _grouped(part) + _count_text(least, most)


def _grouped(node: _Node) -> str:
    return _written(node) if isinstance(node, _One) else f"(?:{_written(node)})"


def _count_text(least: int, most: int | None) -> str:
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    if (least, most) == (0, 1):
        return "?"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _class_text(ranges: _Ranges) -> str:
    if ranges == _ANY:
        return "."
    if not ranges:
        return "[^\\x{0}-\\x{10ffff}]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        character = chr(ranges[0][0])
        return "\\" + character if character in "\\|()^$.[]?*+{}-" else character
    is_negated = ranges[0][0] == 0
    inner = "".join(_range_text(*each) for each in (_complement(ranges) if is_negated else ranges))
    return f"[{'^' if is_negated else ''}{inner}]"


def _range_text(low: int, high: int) -> str:
    # A half of a character is none, and UTF-8 cannot write it.
    if _SURROGATES[0] <= low <= _SURROGATES[1]:
        low = _SURROGATES[1] + 1
    if _SURROGATES[0] <= high <= _SURROGATES[1]:
        high = _SURROGATES[0] - 1
    ends = [low] if low == high else [low, high]
    return "-".join("\\" + chr(e) if chr(e) in "\\]^-[" else chr(e) for e in ends)


class _Machine:
    """The states that an expression may be in, one character after the other.

    Which states follow a character is worked out once and then known, for so many characters.
    """

    def __init__(self, root: _Node) -> None:
        self._free: list[list[int]] = []
        self._edges: list[tuple[_Ranges, int] | None] = []
        start = self._state()
        self._end = self._add(root, start)
        self._start = self._reached([start])
        self._known: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        states = self._start
        for character in text:
            following = self._known.get((states, character))
            if following is None:
                following = self._after(states, character)
                if len(self._known) >= _KNOWN_STEPS_MAX:
                    self._known = {}
                self._known[states, character] = following
            if not following:
                return False
            states = following
        return self._end in states

    def _after(self, states: frozenset[int], character: str) -> frozenset[int]:
        code = ord(character)
        targets = []
        for state in states:
            edge = self._edges[state]
            if edge is not None and any(low <= code <= high for low, high in edge[0]):
                targets.append(edge[1])
        return self._reached(targets)

    def _reached(self, states: list[int]) -> frozenset[int]:
        found = set(states)
        while states:
            for state in self._free[states.pop()]:
                if state not in found:
                    found.add(state)
                    states.append(state)
        return frozenset(found)

    def _state(self) -> int:
        self._free.append([])
        self._edges.append(None)
        return len(self._free) - 1

    def _add(self, node: _Node, start: int) -> int:
        """Add the states of a node; return the one that it ends in."""
        match node:
            case _One(ranges):
                end = self._state()
                self._edges[start] = (ranges, end)
                # Nothing else may leave the state that has an edge.
                return end
            case _Row(parts):
                for part in parts:
                    start = self._add(part, self._copy(start))
                return start
            case _Any(parts):
                end = self._state()
                for part in parts:
                    self._free[self._add(part, self._copy(start))].append(end)
                return end
            case _Times(part, least, most):
                return self._repeat(part, start, least, most)

    def _copy(self, state: int) -> int:
        """Return a new state that is reached from this one for nothing."""
        new = self._state()
        self._free[state].append(new)
        return new

    def _repeat(self, part: _Node, start: int, least: int, most: int | None) -> int:
        for _ in range(least):
            start = self._add(part, self._copy(start))
        end = self._state()
        self._free[start].append(end)
        if most is None:
            again = self._copy(start)
            self._free[self._add(part, self._copy(again))] += [again, end]
            return end
        for _ in range(most - least):
            start = self._add(part, self._copy(start))
            self._free[start].append(end)
        return end
