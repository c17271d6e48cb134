"""Lucene query text to tokens, by the rules of the grammar that Elasticsearch runs.

Source: Lucene's QueryParser.jj (classic), whose longest match wins.
"""

import re
from dataclasses import dataclass
from enum import Enum

from tailrace.errors import QueryError


class Kind(Enum):
    """What a token is."""

    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    PLUS = "+"
    MINUS = "-"
    OPEN = "("
    CLOSE = ")"
    COLON = ":"
    STAR = "*"
    BOOST = "^"
    FUZZY = "~"
    QUOTED = "quoted text"
    TERM = "word"
    WILDCARD = "pattern"
    REGEX = "regular expression"
    RANGE = "range"
    END = "end of the query"


@dataclass(frozen=True)
class RangeText:
    """What stands between the brackets of a range; `*` unquoted is an open end."""

    low: str
    low_position: int
    low_is_quoted: bool
    low_is_inclusive: bool
    high: str
    high_position: int
    high_is_quoted: bool
    high_is_inclusive: bool


@dataclass(frozen=True)
class Token:
    """`text` is the token as written; a quoted one without its quotes."""

    kind: Kind
    text: str
    position: int
    range: RangeText | None = None


_SPACE = re.compile(r"[ \t\n\r\u3000]*")
_START = r'(?:[^ \t\n\r\u3000+\-!():^\[\]"{}~*?\\/]|\\[\s\S])'
_LATER = rf"(?:{_START}|[-+])"
_TERM = re.compile(rf"{_START}{_LATER}*")
_WILDCARD = re.compile(rf"(?:{_START}|[*?])(?:{_LATER}|[*?])*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"')
_REGEX = re.compile(r"/((?:[^/\\]|\\[\s\S])*)/")
_FUZZY = re.compile(rf"~((?:[0-9]+(?:\.[0-9]+)?)?{_LATER}*)")
_BOOST = re.compile(r"\^([0-9]+(?:\.[0-9]+)?)")
_RANGE_QUOTED = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"')
_RANGE_BARE = re.compile(r"[^ \t\n\r\u3000\]}]+")
_OPERATORS = {"AND": Kind.AND, "&&": Kind.AND, "OR": Kind.OR, "||": Kind.OR, "NOT": Kind.NOT}
_SIGNS = {
    "+": Kind.PLUS,
    "-": Kind.MINUS,
    "!": Kind.NOT,
    "(": Kind.OPEN,
    ")": Kind.CLOSE,
    ":": Kind.COLON,
}


def tokens_of(text: str) -> list[Token]:
    """Return the tokens, the last of which is `Kind.END`.

    Raises:
        QueryError: a quote, a range or a regular expression is never closed, or a character may
            not stand where it does.
    """
    tokens: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        token, position = _next(text, position)
        tokens.append(token)
        position = _skip(text, position)
    tokens.append(Token(Kind.END, "", len(text)))
    return tokens


def unescape(text: str, position: int) -> str:
    """Return the text without its backslashes; `\\u00e9` is a character by its number."""
    if "\\" not in text:
        return text
    out = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
        elif text[at + 1 : at + 2] == "u":
            out.append(_unicode_escape(text, at, position))
            at += 6
        else:
            out.append(text[at + 1 : at + 2])
            at += 2
    return "".join(out)


def _unicode_escape(text: str, at: int, position: int) -> str:
    digits = text[at + 2 : at + 6]
    if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
        raise QueryError(
            f"'\\u{digits}' is not a character: expected four hexadecimal digits after \\u",
            position=position + at,
            hint="a backslash takes the next character literally; write \\\\ for a backslash",
        )
    code = int(digits, 16)
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        raise QueryError(f"'\\u{digits}' is not a character", position=position + at)
    return chr(code)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _next(text: str, position: int) -> tuple[Token, int]:
    character = text[position]
    if character in "+-!" and position + 1 < len(text) and text[position + 1] in " \t\n\r\u3000":
        # A sign with a space after it is a word of its own.
        return Token(Kind.TERM, "\\" + character, position), position + 1
    if character in _SIGNS:
        return Token(_SIGNS[character], character, position), position + 1
    if character == '"':
        return _delimited(text, position, _QUOTED, Kind.QUOTED)
    if character == "/":
        return _delimited(text, position, _REGEX, Kind.REGEX)
    if character in "[{":
        return _range(text, position)
    if character == "~":
        return _matched(text, position, _FUZZY, Kind.FUZZY)
    if character == "^":
        return _boost(text, position)
    return _word(text, position)


def _word(text: str, position: int) -> tuple[Token, int]:
    wildcard = _WILDCARD.match(text, position)
    if wildcard is None:
        if text[position] == "\\":
            raise QueryError(
                "the query ends in a backslash",
                position=position,
                hint="a backslash takes the next character literally; write \\\\ for a backslash",
            )
        raise QueryError(
            f"unexpected '{text[position]}'",
            position=position,
            hint=f"to search for it, write \\{text[position]} or put the text in quotes",
        )
    term = _TERM.match(text, position)
    image = wildcard.group()
    if term is not None and term.end() == wildcard.end():
        kind = _OPERATORS.get(image, Kind.TERM)
    else:
        kind = Kind.STAR if image == "*" else Kind.WILDCARD
    return Token(kind, image, position), wildcard.end()


def _delimited(text: str, position: int, pattern: re.Pattern[str], kind: Kind) -> tuple[Token, int]:
    found = pattern.match(text, position)
    if found is not None:
        return Token(kind, found.group(1), position), found.end()
    if kind is Kind.QUOTED:
        raise QueryError(
            "this quote is never closed", position=position, hint='add a " after the text'
        )
    raise QueryError(
        "'/' begins a regular expression that is never closed",
        position=position,
        hint='put paths and addresses in quotes: "/a/b"',
    )


def _matched(text: str, position: int, pattern: re.Pattern[str], kind: Kind) -> tuple[Token, int]:
    found = pattern.match(text, position)
    end = found.end() if found else position + 1
    return Token(kind, found.group(1) if found else "", position), end


def _boost(text: str, position: int) -> tuple[Token, int]:
    found = _BOOST.match(text, position)
    if found is None:
        raise QueryError(
            "expected a number after '^'",
            position=position,
            hint="to search for the character, write \\^ or put the text in quotes",
        )
    return Token(Kind.BOOST, found.group(1), position), found.end()


def _range(text: str, position: int) -> tuple[Token, int]:
    low, low_at, low_quoted, at = _range_end(text, position + 1, position)
    at = _skip(text, at)
    word = _RANGE_BARE.match(text, at)
    if word is None or word.group() != "TO":
        raise QueryError(
            "expected TO between the two ends of the range",
            position=at,
            hint="a range is written [1 TO 5]; {1 TO 5} leaves the ends out, * is an open end",
        )
    high, high_at, high_quoted, at = _range_end(text, word.end(), position)
    at = _skip(text, at)
    if at >= len(text) or text[at] not in "]}":
        raise QueryError(
            "expected ] or } after the upper end of the range" if at < len(text) else _UNCLOSED,
            position=at,
            hint="put an end with spaces in quotes",
        )
    found = RangeText(
        low, low_at, low_quoted, text[position] == "[", high, high_at, high_quoted, text[at] == "]"
    )
    return Token(Kind.RANGE, text[position : at + 1], position, found), at + 1


_UNCLOSED = "this range is never closed"


def _range_end(text: str, position: int, opened_at: int) -> tuple[str, int, bool, int]:
    position = _skip(text, position)
    quoted = _RANGE_QUOTED.match(text, position)
    if quoted is not None:
        return unescape(quoted.group(1), position + 1), position, True, quoted.end()
    bare = _RANGE_BARE.match(text, position)
    if bare is None:
        if position >= len(text):
            raise QueryError(_UNCLOSED, position=len(text), hint="a range is written [1 TO 5]")
        raise QueryError(
            f"expected a value before '{text[position]}'",
            position=position,
            hint="an open end is written *, as in [5 TO *]",
        )
    image = bare.group()
    if image.startswith('"'):
        raise QueryError("this quote is never closed", position=position, hint='add a "')
    if image.endswith("\\") and len(image) - len(image.rstrip("\\")) & 1:
        raise QueryError(
            "a backslash must be followed by the character that it takes literally",
            position=position + len(image) - 1,
            hint="put an end with spaces or brackets in quotes",
        )
    return unescape(image, position), position, False, bare.end()
