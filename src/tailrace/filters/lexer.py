"""Filter text to tokens."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tailrace.filters.faults import FilterError
from tailrace.filters.tree import KEYWORDS

NUMBER_LENGTH_MAX: Final = 100


class Kind(Enum):
    """What a token is, in the words of an error."""

    NAME = "a name"
    TEXT = "a text"
    NUMBER = "a number"
    KEYWORD = "a keyword"
    COMPARISON = "a comparison"
    NOT = "!"
    OPEN = "("
    CLOSE = ")"
    OPEN_LIST = "["
    CLOSE_LIST = "]"
    COMMA = ","
    END = "the end"


@dataclass(frozen=True)
class Token:
    """`image` is the token as written; `parts` a name without escapes; `value` a text or number."""

    kind: Kind
    image: str
    position: int
    parts: tuple[str, ...] = ()
    value: str | int | float | None = None


_SPACE = re.compile(r"\s*")
_PART = r"(?:[\w-]|\\[\s\S])"
_NAME = re.compile(rf"(?:[^\W\d]|\\[\s\S]){_PART}*(?:\.{_PART}+)*")
_NAME_PIECE = re.compile(r"\\([\s\S])|(\.)|([^\\.]+)")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_NUMBER_GOES_ON = re.compile(r"[\w.\\-]")
_COMPARISON = re.compile(r"!=|<=|>=|=|<|>")
_SIGNS: Final = {
    "!": Kind.NOT,
    "(": Kind.OPEN,
    ")": Kind.CLOSE,
    "[": Kind.OPEN_LIST,
    "]": Kind.CLOSE_LIST,
    ",": Kind.COMMA,
}
_HINTS: Final = {
    "&": "write and",
    "|": "write or",
    "\u201c": 'use straight quotes: "',
    "\u201d": 'use straight quotes: "',
    "\u2018": "use straight quotes: '",
    "\u2019": "use straight quotes: '",
    "\\": "a backslash takes the next character of a name as it is",
    "{": "a list is written [1, 2]",
    "$": "a path begins with the name of a field, such as properties.total",
    ".": "a path begins with the name of a field, such as properties.total",
}


def tokens_of(text: str) -> list[Token]:
    """Return the tokens, the last of which is `Kind.END`.

    Raises:
        FilterError: a quote is never closed, or a character may not stand where it does.
    """
    tokens: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        token = _next(text, position)
        tokens.append(token)
        position = _skip(text, position + len(token.image))
    tokens.append(Token(Kind.END, "", len(text)))
    return tokens


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a path between its dots; a backslash takes the next character as is."""
    parts = [""]
    for escaped, dot, plain in _NAME_PIECE.findall(name):
        if dot:
            parts.append("")
        else:
            parts[-1] += escaped or plain
    return tuple(parts)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _next(text: str, position: int) -> Token:
    character = text[position]
    comparison = _COMPARISON.match(text, position)
    if comparison is not None:
        return _comparison(text, comparison.group(), position)
    if character in _SIGNS:
        return Token(_SIGNS[character], character, position)
    if character in "\"'":
        return _text(text, position)
    number = _NUMBER.match(text, position)
    if number is not None:
        return _number(text, number.group(), position)
    name = _NAME.match(text, position)
    if name is not None:
        return _name(text, name.group(), position)
    raise FilterError(
        f"'{character}' cannot stand here",
        position=position,
        hint=_HINTS.get(character, "put texts in quotes; in a name, write \\ before it"),
    )


def _comparison(text: str, image: str, position: int) -> Token:
    end = position + len(image)
    if text[end : end + 1] == "=":
        raise FilterError(
            f"'{image}=' is no comparison",
            position=position,
            hint="write = for equal and != for not equal",
        )
    return Token(Kind.COMPARISON, image, position)


def _text(text: str, position: int) -> Token:
    quote = text[position]
    end = text.find(quote, position + 1)
    if end < 0:
        raise FilterError(
            "this quote is never closed",
            position=position,
            hint=f"add a {quote} after the text; a text with {quote} in it takes the other quotes",
        )
    value = text[position + 1 : end]
    return Token(Kind.TEXT, text[position : end + 1], position, value=value)


def _number(text: str, image: str, position: int) -> Token:
    end = position + len(image)
    if _NUMBER_GOES_ON.match(text, end):
        raise FilterError(
            f"'{image}{text[end]}' is neither a number nor a name",
            position=position,
            hint="a number has digits and one decimal point, no exponent; "
            "write \\ before a name that begins with a digit",
        )
    if len(image) > NUMBER_LENGTH_MAX:
        raise FilterError(
            f"this number has {len(image)} characters; the limit is {NUMBER_LENGTH_MAX}",
            position=position,
        )
    if "." not in image:
        return Token(Kind.NUMBER, image, position, value=int(image))
    value = float(image)
    # A whole number is kept as one, so that it is written without an exponent again.
    whole = int(value) if value.is_integer() else value
    return Token(Kind.NUMBER, image, position, value=whole)


def _name(text: str, image: str, position: int) -> Token:
    end = position + len(image)
    if text[end : end + 1] in {".", "\\"}:
        raise FilterError(
            "expected a name after the dot" if text[end] == "." else "the text ends in a backslash",
            position=end,
            hint="a dot in a name is written \\.",
        )
    if image in KEYWORDS:
        return Token(Kind.KEYWORD, image, position)
    return Token(Kind.NAME, image, position, parts=parts_of(image))
