"""How text is compared, said once for the two that do it: ClickHouse and Python.

Free text (no field given) is compared by *tokens*: runs of ASCII letters and digits and of all
characters beyond ASCII, in lower case. A word that holds several tokens, such as an address or an
id, asks for them side by side.
"""

import re
from collections.abc import Sequence

# The strings and numbers in JSON text; a key matches the first branch, which captures nothing.
VALUES_PATTERN = r'"(?:[^"\\]|\\.)*"\s*:|("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'
NUMBER_PATTERN = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
# A time within a JSON text: no rarer form, so that all parsers agree on what it means.
TIME_PATTERN = (
    r"^(19|20|21|22)[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?$"
)
_TOKEN = re.compile("[0-9A-Za-z\u0080-\U0010ffff]+")
_NUMBER = re.compile(NUMBER_PATTERN.removesuffix("$"))
_TIME = re.compile(TIME_PATTERN.removesuffix("$"))
_DIGITS_MAX = 20

# Pieces of a pattern beside literal text.
ANY_TEXT = "*"
ANY_ONE = "?"


def tokens_of(text: str) -> list[str]:
    """Return the tokens in order."""
    return _TOKEN.findall(text.lower())


def number_of(text: str) -> int | float | None:
    """Return the number that the whole text writes, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    is_whole = text.lstrip("-").isdigit() and len(text) < _DIGITS_MAX
    return int(text) if is_whole else float(text)


def is_time_text(text: str) -> bool:
    """Tell whether a JSON text is compared as a time."""
    return _TIME.fullmatch(text) is not None


def pieces_of(pattern: str) -> list[tuple[bool, str]]:
    """Return a pattern's pieces: (True, `*` or `?`) and (False, one literal character)."""
    pieces = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            pieces.append((False, next(characters)))
        else:
            pieces.append((character in (ANY_TEXT, ANY_ONE), character))
    return pieces


def like_pattern(pattern: str) -> str:
    """Return the pattern for SQL's LIKE."""
    out = []
    for is_special, character in pieces_of(pattern):
        if is_special:
            out.append("%" if character == ANY_TEXT else "_")
        elif character in "%_\\":
            out.append("\\" + character)
        else:
            out.append(character)
    return "".join(out)


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches; takes at most their lengths' product in steps."""
    pieces = pieces_of(pattern)
    at = piece = 0
    star, resume = -1, 0
    while at < len(text):
        is_special, character = pieces[piece] if piece < len(pieces) else (False, "")
        if is_special and character == ANY_TEXT:
            star, resume = piece, at
            piece += 1
        elif (is_special and character == ANY_ONE) or (not is_special and character == text[at]):
            piece += 1
            at += 1
        elif star >= 0:
            resume += 1
            piece, at = star + 1, resume
        else:
            return False
    return all(piece == (True, ANY_TEXT) for piece in pieces[piece:])


def literals_of(pattern: str) -> list[str]:
    """Return the runs of literal characters of a pattern."""
    runs = [""]
    for is_special, character in pieces_of(pattern):
        if is_special:
            runs.append("")
        else:
            runs[-1] += character
    return [run for run in runs if run]


def has_phrase(tokens: Sequence[str], phrase: Sequence[str], slop: int) -> bool:
    """Tell whether the tokens hold the phrase; each move of a word by one place costs one slop.

    Source: Lucene's SloppyPhraseMatcher: the spread of (place found - place asked) is at most
    `slop`.
    """
    if slop == 0:
        size = len(phrase)
        wanted = list(phrase)
        return any(list(tokens[at : at + size]) == wanted for at in range(len(tokens) - size + 1))
    places = [
        [at - asked for at, token in enumerate(tokens) if token == wanted_token]
        for asked, wanted_token in enumerate(phrase)
    ]
    return any(
        all(any(low <= place <= low + slop for place in found) for found in places)
        for found_low in places
        for low in found_low
    )


def edits_for(text: str) -> int:
    """Return how many edits away a word may be that says nothing of it: 0, 1 or 2.

    Source: Elasticsearch, fuzziness AUTO.
    """
    return 0 if len(text) < 3 else 1 if len(text) < 6 else 2


def is_near(one: str, other: str, edits: int) -> bool:
    """Tell whether a text becomes the other by so many edits, up to 2.

    An edit adds, takes away or changes one character, or swaps two neighbours; what was swapped is
    not edited again.
    """
    if abs(len(one) - len(other)) > edits:
        return False
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, character in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(above[j] + 1, row[-1] + 1, above[j - 1] + (character != wanted))
            if i > 1 and j > 1 and character == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        # A swap goes on from two rows above.
        if min(row) > edits and min(above) >= edits:
            return False
        before, above = above, row
    return above[-1] <= edits
