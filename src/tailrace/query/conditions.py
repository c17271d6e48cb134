"""What a leaf asks of the values of its field: the one reading that SQL and Python both follow.

A value is a text, a number or a flag. A condition that asks nothing of a kind never matches a value
of that kind.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tailrace.errors import QueryError
from tailrace.query.fields import Column, Path
from tailrace.query.text import literals_of, number_of, pieces_of, tokens_of
from tailrace.query.times import Span, is_time, span_of
from tailrace.query.tree import Bound, Phrase, Range, Term, Wildcard

_ID_CHARACTERS_MIN = 8


@dataclass(frozen=True)
class Equals:
    """The text itself, the number that it writes, or the flag that it names."""

    text: str
    number: int | float | None = None
    flag: bool | None = None


@dataclass(frozen=True)
class Like:
    """Texts that match the pattern from end to end."""

    pattern: str


@dataclass(frozen=True)
class NumberBound:
    """One end of a range of numbers."""

    value: int | float
    is_inclusive: bool


@dataclass(frozen=True)
class NumberRange:
    """Numbers, and texts that write one."""

    low: NumberBound | None
    high: NumberBound | None


@dataclass(frozen=True)
class TimeRange:
    """Instants in [start_ms, end_ms), and texts that write one; None is an open end."""

    start_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class TextRange:
    """Texts between two others in the order of their UTF-8 bytes; the empty one is none."""

    low: Bound | None
    high: Bound | None


Condition = Equals | Like | NumberRange | TimeRange | TextRange


@dataclass(frozen=True)
class AnyPhrase:
    """Free text: any of these phrases of tokens, side by side but for `slop`; or one of these ids.

    `ids` are the texts as written that may be an id as a whole.
    """

    phrases: tuple[tuple[str, ...], ...]
    slop: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenPatterns:
    """Free text: tokens side by side that match these patterns."""

    patterns: tuple[str, ...]


FreeText = AnyPhrase | TokenPatterns


def condition_of(
    leaf: Term | Phrase | Wildcard | Range, field: Column | Path, *, now: datetime
) -> Condition:
    """Return what the leaf asks of the field's values.

    Raises:
        QueryError: the value does not fit the field.
    """
    if isinstance(leaf, Phrase) and leaf.slop:
        raise QueryError(
            f"'~{leaf.slop}' after quotes searches free text only",
            position=leaf.position,
            hint=f"leave out the field or the ~{leaf.slop}",
        )
    if isinstance(field, Column) and field.kind == "time":
        return _time_condition(leaf, field, now)
    if isinstance(field, Column) and field.kind == "flag":
        return _flag_condition(leaf, field)
    match leaf:
        case Wildcard():
            return Like(leaf.pattern)
        case Range() if isinstance(field, Path):
            return _path_range(leaf, now)
        case Range():
            return TextRange(leaf.low, leaf.high)
        case _ if isinstance(field, Path):
            flag = {"true": True, "false": False}.get(leaf.text)
            return Equals(leaf.text, number_of(leaf.text), flag)
        case _:
            return Equals(leaf.text)


def free_text_of(leaf: Term | Phrase | Wildcard) -> FreeText:
    """Return what a leaf without a field asks of the event's text.

    Raises:
        QueryError: nothing is left when all but letters and digits is taken away.
    """
    match leaf:
        case Wildcard():
            patterns = tuple(_token_patterns(leaf.pattern))
            if any(literals_of(pattern) for pattern in patterns):
                return TokenPatterns(patterns)
        case Phrase():
            phrase = tuple(tokens_of(leaf.text))
            if phrase:
                return AnyPhrase((phrase,), leaf.slop, _ids_among([leaf.text]))
        case Term():
            words = leaf.text.split()
            phrases = tuple(tuple(tokens) for word in words if (tokens := tokens_of(word)))
            if phrases:
                return AnyPhrase(phrases, ids=_ids_among(words))
    raise QueryError(
        "nothing to search for: no letters or digits here",
        position=leaf.position,
        hint="free text is searched by words; to find other characters, name a field",
    )


def _ids_among(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what may be an id: words of people rarely have eight characters and a digit."""
    return tuple(
        text
        for text in texts
        if len(text) >= _ID_CHARACTERS_MIN and any(character.isdigit() for character in text)
    )


def _token_patterns(pattern: str) -> list[str]:
    """Return one pattern per token, split where tokens are split; without empty ones."""
    patterns = [""]
    for is_special, character in pieces_of(pattern.lower()):
        if is_special or tokens_of(character):
            patterns[-1] += character
        elif patterns[-1]:
            patterns.append("")
    return [part for part in patterns if part]


def _time_condition(
    leaf: Term | Phrase | Wildcard | Range, field: Column, now: datetime
) -> TimeRange:
    if isinstance(leaf, Wildcard):
        raise QueryError(
            f"'{field.name}' is a time and takes no wildcards",
            position=leaf.position,
            hint=f"write a day or a range: {field.name}:2026-03-10",
        )
    if isinstance(leaf, Range):
        return _time_range(leaf, now)
    return TimeRange(*span_of(leaf.text, now=now, position=leaf.position))


def _flag_condition(leaf: Term | Phrase | Wildcard | Range, field: Column) -> Equals:
    if isinstance(leaf, Term | Phrase) and leaf.text in ("true", "false"):
        return Equals(leaf.text, flag=leaf.text == "true")
    raise QueryError(f"'{field.name}' is either true or false", position=leaf.position)


def _path_range(leaf: Range, now: datetime) -> Condition:
    """Return the range that both ends can be read as: of numbers, of times, else of texts."""
    ends = [bound for bound in (leaf.low, leaf.high) if bound is not None]
    if all(number_of(bound.text) is not None for bound in ends):
        return NumberRange(_number_bound(leaf.low), _number_bound(leaf.high))
    if all(is_time(bound.text) for bound in ends):
        return _time_range(leaf, now)
    return TextRange(leaf.low, leaf.high)


def _number_bound(bound: Bound | None) -> NumberBound | None:
    if bound is None:
        return None
    value = number_of(bound.text)
    return None if value is None else NumberBound(value, bound.is_inclusive)


def _time_range(leaf: Range, now: datetime) -> TimeRange:
    """Round as Elasticsearch does: an end that names a day takes in or leaves out all of it."""
    low, high = _span(leaf.low, now), _span(leaf.high, now)
    start = end = None
    if low is not None and leaf.low is not None:
        start = low.start_ms if leaf.low.is_inclusive else low.end_ms
    if high is not None and leaf.high is not None:
        end = high.end_ms if leaf.high.is_inclusive else high.start_ms
    return TimeRange(start, end)


def _span(bound: Bound | None, now: datetime) -> Span | None:
    return None if bound is None else span_of(bound.text, now=now, position=bound.position)
