"""KQL text to a filter tree: the language of Kibana's search bar.

A recursive descent over the text itself, as what ends an unquoted value depends on what it is the
value of. `and` binds tighter than `or`, in any case of letters. An unquoted value goes on to the
next of these words or to a special character, spaces included.

Source: Kibana's grammar, packages/kbn-es-query/src/kuery/grammar/grammar.peggy. Unlike there, the
letters `not` within a word end no value.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tailrace.errors import QueryError
from tailrace.query.parsed import DEPTH_MAX, LEAVES_MAX, ExpectedError, Parsed, require_text
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Fuzzy,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
)

_SPACE = re.compile(r"[ \t\r\n\xa0\u3000]*")
_SPACES = " \t\r\n\xa0\u3000"
_SPECIAL = '\\():<>"*{}'
# Where a word of the language begins, looked for at a space and at the beginning of a value.
_AFTER_WORD = r'(?=[ \t\r\n\xa0\u3000(){}:<>"]|$)'
_WORD = re.compile(rf"(and|or|not){_AFTER_WORD}", re.IGNORECASE)
_ESCAPED_WORD = re.compile(rf"\\(and|or|not){_AFTER_WORD}", re.IGNORECASE)
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})")
_OPERATOR = re.compile("<=|>=|<|>")
_CONTROL = {"t": "\t", "r": "\r", "n": "\n"}
_EXCERPT_BEFORE, _EXCERPT_AFTER = 60, 40
_VALUE_EXPECTED = ('"("', "NOT", "field name", "value")


class _Text(NamedTuple):
    """A value or a name: without its escapes, and as a pattern in which `*` is any text."""

    text: str
    pattern: str
    is_quoted: bool
    position: int

    @property
    def has_star(self) -> bool:
        return not self.is_quoted and bool(re.search(r"(?<!\\)(?:\\\\)*\*", self.pattern))


def parse(text: str) -> Parsed:
    """Return the filter tree of a query; blank text asks for everything.

    Raises:
        QueryError: the text is not valid; the message shows the place.
    """
    require_text(text)
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._leaves = 0
        self._notes: list[str] = []

    def parse(self) -> Parsed:
        self._skip()
        if self._at == len(self._text):
            return Parsed(All(), ())
        tree = self._or(self._expression)
        if self._at < len(self._text):
            raise self._expected("AND", "OR", "end of input")
        return Parsed(tree, tuple(self._notes))

    def _or(self, member: Callable[[], Tree]) -> Tree:
        parts = [self._and(member)]
        while self._took_word("or"):
            parts.append(self._and(member))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self, member: Callable[[], Tree]) -> Tree:
        parts = [self._not(member)]
        while self._took_word("and"):
            parts.append(self._not(member))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self, member: Callable[[], Tree]) -> Tree:
        if self._took_word("not"):
            return Not(self._group(member) if self._peek() == "(" else member())
        return self._group(member) if self._peek() == "(" else member()

    def _group(self, member: Callable[[], Tree]) -> Tree:
        self._deeper()
        self._at += 1
        self._skip()
        tree = self._or(member)
        self._close(")")
        return tree

    def _deeper(self) -> None:
        if self._depth >= DEPTH_MAX:
            raise QueryError(
                f"more than {DEPTH_MAX} parentheses inside each other", position=self._at
            )
        self._depth += 1

    def _close(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._expected("AND", "OR", f'"{sign}"')
        self._at += 1
        self._depth -= 1
        self._skip()

    def _expression(self) -> Tree:
        """Parse a value, or a field with what is asked of it."""
        name = self._value(_VALUE_EXPECTED)
        operator = _OPERATOR.match(self._text, self._at)
        if operator is not None:
            return self._range(self._field(name), operator)
        if self._peek() != ":":
            return self._leaf(None, name)
        self._at += 1
        self._skip()
        field = self._field(name)
        if self._peek() == "{" and field is not None:
            return self._nested(field, name.position)
        if self._peek() == "(":
            return self._group(lambda: self._one_of_list(field))
        if self._peek() == "{":
            raise self._expected('"("', "value")
        return self._leaf(field, self._value(('"("', '"{"', "value")))

    def _one_of_list(self, field: str | None) -> Tree:
        leaf = self._leaf(field, self._value(('"("', "NOT", "value")))
        if self._peek() == ":":
            raise self._expected("AND", "OR", '")"')
        return leaf

    def _nested(self, field: str, position: int) -> Tree:
        self._deeper()
        self._at += 1
        self._skip()
        tree = self._or(self._expression)
        self._close("}")
        return Nested(field, tree, position)

    def _range(self, field: str | None, operator: re.Match[str]) -> Tree:
        self._at = operator.end()
        self._skip()
        value = self._value(("value",))
        if field is None:
            raise QueryError(
                "a range needs the name of a field", position=operator.start(), hint="status >= 500"
            )
        if value.has_star:
            raise QueryError(
                f"'{value.text}' is a pattern, which is neither more nor less than anything",
                position=value.position,
                hint="compare with a number, a time or a text",
            )
        self._count(value.position)
        sign = operator.group()
        bound = Bound(value.text, sign.endswith("="), value.position)
        if sign[0] == ">":
            return Range(field, bound, None, value.position)
        return Range(field, None, bound, value.position)

    def _field(self, name: _Text) -> str | None:
        """Return a field's name, None for `*`, which is every field."""
        if name.has_star:
            if "\\*" in name.pattern:
                raise self._literal_star(name)
            return None if set(name.pattern) == {"*"} else name.text
        if "*" in name.text:
            raise self._literal_star(name)
        if not name.text:
            raise QueryError("a field's name stands before the colon", position=name.position)
        return name.text

    def _literal_star(self, name: _Text) -> QueryError:
        return QueryError(
            "a field whose name has a * in it cannot be named",
            position=name.position,
            hint="a bare * stands for any text: properties.a*",
        )

    def _leaf(self, field: str | None, value: _Text) -> Tree:
        self._count(value.position)
        if value.is_quoted:
            return Phrase(field, value.text, 0, value.position)
        if value.has_star:
            if set(value.pattern) == {"*"}:
                return All() if field is None else Exists(field, value.position)
            return Wildcard(field, value.pattern, value.position)
        if field is not None and value.text == "null":
            self._notes.append(
                f"'{field}:null' finds events without a value there; to find the text, write "
                f'{field}:"null".'
            )
            return Not(Exists(field, value.position))
        return Term(field, value.text, value.position)

    def _count(self, position: int) -> None:
        self._leaves += 1
        if self._leaves > LEAVES_MAX:
            raise QueryError(f"more than {LEAVES_MAX} conditions", position=position)

    def _value(self, expected: Sequence[str]) -> _Text:
        """Parse a quoted or an unquoted value, and the space after it."""
        start = self._at
        if self._peek() == '"':
            text = self._quoted()
            self._skip()
            return _Text(text, "", True, start)
        if _WORD.match(self._text, self._at):
            raise self._expected(*expected)
        text, pattern = self._unquoted()
        if self._at == start:
            raise self._expected(*expected)
        self._skip()
        return _Text(text, pattern, False, start)

    def _quoted(self) -> str:
        opened = self._at
        out = []
        self._at += 1
        while (character := self._peek()) != '"':
            if not character:
                self._at = len(self._text)
                raise self._error(
                    'Expected "\\"" but end of input found.',
                    hint=f'the quote at character {opened + 1} is never closed; add a "',
                )
            self._at += 1
            if character == "\\":
                out.append(self._escape(in_quotes=True))
            else:
                out.append(character)
        self._at += 1
        return "".join(out)

    def _unquoted(self) -> tuple[str, str]:
        out: list[str] = []
        pattern: list[str] = []
        while character := self._peek():
            if character in _SPACES:
                after = self._after_space()
                if after is None:
                    break
                out.append(self._text[self._at : after])
                pattern.append(out[-1])
                self._at = after
            elif character == "*":
                self._at += 1
                out.append("*")
                pattern.append("*")
            elif character == "\\":
                self._at += 1
                out.append(self._escape(in_quotes=False))
                pattern.append("".join(map(_in_pattern, out[-1])))
            elif character in _SPECIAL:
                break
            else:
                self._at += 1
                out.append(character)
                pattern.append(_in_pattern(character))
        return "".join(out), "".join(pattern)

    def _after_space(self) -> int | None:
        """Return where a value goes on after spaces, or None where it ends."""
        found = _SPACE.match(self._text, self._at)
        after = found.end() if found else self._at
        is_end = after == len(self._text) or self._text[after] in '():<>"{}'
        return None if is_end or _WORD.match(self._text, after) else after

    def _escape(self, *, in_quotes: bool) -> str:
        """Return what stands after a backslash, which is passed already."""
        start = self._at
        character = self._peek()
        coded = _UNICODE.match(self._text, start)
        if coded is not None:
            self._at = coded.end()
            code = int(coded.group(1), 16)
            if code == 0 or 0xD800 <= code <= 0xDFFF:
                raise QueryError(f"'\\{coded.group()}' is not a character", position=start - 1)
            return chr(code)
        word = None if in_quotes else _ESCAPED_WORD.match(self._text, start - 1)
        if word is not None:
            self._at = word.end()
            return word.group(1)
        if character in _CONTROL:
            self._at += 1
            return _CONTROL[character]
        if character and character in ('\\"' if in_quotes else _SPECIAL):
            self._at += 1
            return character
        if character and not in_quotes and character in _SPACES:
            self._at += 1
            return character
        self._at = start - 1
        raise self._error(
            f"Expected {'value' if not in_quotes else 'quoted text'} but "
            f"{_shown(self._text, start - 1)} found.",
            hint="a backslash stands before one of "
            + ('\\ "' if in_quotes else '\\ ( ) : < > " * { }, or and, or, not')
            + "; write \\\\ for a backslash",
        )

    def _took_word(self, word: str) -> bool:
        found = _WORD.match(self._text, self._at)
        if found is None or found.group(1).lower() != word:
            return False
        self._at = found.end()
        self._skip()
        return True

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expected(self, *what: str) -> QueryError:
        return ExpectedError(
            f"Expected {', '.join(what)} but {_shown(self._text, self._at)} found.\n"
            f"{_excerpt(self._text, self._at)}",
            position=self._at,
            hint=self._hint(),
            expected=what,
        )

    def _hint(self) -> str:
        character = self._peek()
        if not character:
            is_after_word = re.search(r"(?i)\b(and|or|not)\s*$", self._text)
            return "write what follows, or put the word in quotes" if is_after_word else ""
        if character == ":":
            return "join two conditions with and or or; put a value with a colon in quotes"
        if character in _SPECIAL:
            return f"to search for the character, write \\{character} or put the value in quotes"
        if _WORD.match(self._text, self._at):
            return "to search for the word, put it in quotes"
        return ""

    def _error(self, message: str, *, hint: str = "") -> QueryError:
        return QueryError(
            f"{message}\n{_excerpt(self._text, self._at)}", position=self._at, hint=hint
        )


def _shown(text: str, at: int) -> str:
    return f'"{text[at]}"' if at < len(text) else "end of input"


def _excerpt(text: str, at: int) -> str:
    """Return the text about the place, and below it a line that points there."""
    start = max(0, at - _EXCERPT_BEFORE) if len(text) > _EXCERPT_BEFORE + _EXCERPT_AFTER else 0
    end = len(text) if not start and len(text) <= 100 else min(len(text), at + _EXCERPT_AFTER)
    line = re.sub(r"\s", " ", text[start:end])
    return f"{line}\n{'-' * (at - start)}^"


def _in_pattern(character: str) -> str:
    return "\\" + character if character in "*?\\" else character


def render(tree: Tree) -> str:
    """Return KQL text that parses to the same tree; every level has its parentheses.

    Raises:
        ValueError: KQL has no words for something in it, such as a regular expression.
    """
    match tree:
        case All():
            return "*"
        case Not(part):
            return f"(not {render(part)})"
        case And(parts):
            return "(" + " and ".join(render(part) for part in parts) + ")"
        case Or(parts):
            return "(" + " or ".join(render(part) for part in parts) + ")"
        case Exists(name):
            return f"{_name(name)}:*"
        case Range(name, low, high):
            sides = [
                f"{_name(name)} {sign}{_equal(bound)} {_quoted_text(bound.text)}"
                for bound, sign in ((low, ">"), (high, "<"))
                if bound is not None
            ]
            return sides[0] if len(sides) == 1 else f"({' and '.join(sides)})"
        case Phrase(name, text, 0):
            return _prefix(name) + _quoted_text(text)
        case Term(name, text):
            return _prefix(name) + _bare(text)
        case Wildcard(name, pattern):
            return _prefix(name) + _bare_pattern(pattern)
        case Nested(name, part):
            return f"{_name(name)}:{{ {render(part)} }}"
        case Phrase() | Regex() | Fuzzy():
            raise ValueError(f"KQL has no {type(tree).__name__}")


def _equal(bound: Bound) -> str:
    return "=" if bound.is_inclusive else ""


def _prefix(name: str | None) -> str:
    return "" if name is None else f"{_name(name)}:"


def _name(name: str) -> str:
    return "".join(c if c == "*" else _escaped(c) for c in name) if "*" in name else _bare(name)


def _bare(text: str) -> str:
    """Return an unquoted value; a word of the language in it has a backslash before it."""
    out = []
    for at, character in enumerate(text):
        is_inner = character == " " and 0 < at < len(text) - 1
        is_single = is_inner and text[at - 1] not in _SPACES and text[at + 1] not in _SPACES
        is_plain = is_single and not _WORD.match(text, at + 1)
        out.append(character if is_plain else _escaped(character))
    return _protected("".join(out))


def _bare_pattern(pattern: str) -> str:
    out = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            out.append(_escaped(next(characters)))
        else:
            out.append(character if character == "*" else _escaped(character))
    return _protected("".join(out))


def _escaped(character: str) -> str:
    if character in _SPACES:
        return f"\\u{ord(character):04x}"
    return "\\" + character if character in _SPECIAL else character


def _protected(text: str) -> str:
    return "\\" + text if _WORD.match(text) else text


def _quoted_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
