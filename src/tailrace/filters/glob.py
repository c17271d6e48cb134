"""Glob patterns: `*` any text, `?` one character, `[a-c]` one of these, `\\` the next one as it is.

Source: Segment, "Destination Filter Query Language", match(); `[^a]` from Segment's tsub.
"""

import functools
import re
from collections.abc import Callable
from typing import Final

_PIECE = re.compile(r"\\([\s\S])|(\*)|(\?)|(\[)|([^\\*?\[]+)")
_CLASS = re.compile(r"\[(\^?)((?:\\[\s\S]|[^\]\\])+)\]")
_MEMBER = re.compile(r"(\\[\s\S]|[\s\S])(?:-(\\[\s\S]|[\s\S]))?")
_PATTERNS_MAX: Final = 1_000

Matcher = Callable[[str], bool]


class GlobError(ValueError):
    """The pattern is none; `at` is the place in it."""

    def __init__(self, message: str, *, at: int) -> None:
        super().__init__(message)
        self.at = at


@functools.lru_cache(maxsize=_PATTERNS_MAX)
def matcher(pattern: str) -> Matcher:
    """Return what tells whether a whole text matches, in time linear in the text.

    Raises:
        GlobError: a `[` is never closed, a range runs backwards, or the pattern ends in `\\`.
    """
    runs = _runs(pattern)
    if all(isinstance(run, str) for run in runs):
        plain = [str(run) for run in runs]
        if len(plain) == 1:
            return functools.partial(_equals, plain[0])
        if len(plain) == 2:
            return functools.partial(_has_ends, *plain)
        if len(plain) == 3 and not plain[0] and not plain[2]:
            return functools.partial(_has, plain[1])
    sources = [re.escape(run) if isinstance(run, str) else run.pattern for run in runs]
    # Each run between two stars is taken at its first place and never given back, so that a
    # pattern with many stars cannot make the search try all combinations.
    between = "".join(f"(?>.*?{source})" for source in sources[1:-1])
    whole = sources[0] + (f"{between}.*{sources[-1]}" if len(sources) > 1 else "")
    search = re.compile(whole, re.DOTALL).fullmatch
    return lambda text: search(text) is not None


def _equals(whole: str, text: str) -> bool:
    return text == whole


def _has_ends(start: str, end: str, text: str) -> bool:
    return len(text) >= len(start) + len(end) and text.startswith(start) and text.endswith(end)


def _has(part: str, text: str) -> bool:
    return part in text


def _runs(pattern: str) -> list[str | re.Pattern[str]]:
    """Return what stands between the stars: a plain text, or an expression of its characters."""
    runs: list[str | re.Pattern[str]] = []
    plain = ""
    source = ""
    is_plain = True
    at = 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise GlobError("the pattern ends in a backslash", at=at)
        escaped, star, question, bracket, literal = piece.groups()
        end = piece.end()
        if star:
            runs.append(plain if is_plain else re.compile(source, re.DOTALL))
            plain, source, is_plain = "", "", True
        elif question or bracket:
            is_plain = False
            one, end = (".", end) if question else _class(pattern, at)
            source += one
        else:
            plain += escaped or literal
            source += re.escape(escaped or literal)
        at = end
    runs.append(plain if is_plain else re.compile(source, re.DOTALL))
    return runs


def _class(pattern: str, at: int) -> tuple[str, int]:
    found = _CLASS.match(pattern, at)
    if found is None:
        raise GlobError("this [ is never closed, or has nothing in it", at=at)
    negation, members = found.groups()
    out = []
    for low, high in _MEMBER.findall(members):
        first, last = low[-1], high[-1:] or low[-1]
        if first > last:
            raise GlobError(f"the range {low}-{high} runs backwards", at=at)
        out.append(f"{re.escape(first)}-{re.escape(last)}")
    return f"[{negation}{''.join(out)}]", found.end()
