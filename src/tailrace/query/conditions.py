"""What a leaf asks of the values of its field: the one reading that SQL and Python both follow.

A value is a text, a number or a flag. A condition that asks nothing of a kind never matches a value
of that kind.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from tailrace.errors import QueryError
from tailrace.query.fields import KEYWORD_SUFFIX, Column, Path, many_of, resolve
from tailrace.query.regexes import Expression, expression_of
from tailrace.query.text import edits_for, literals_of, number_of, pieces_of, tokens_of
from tailrace.query.times import Span, is_time, span_of
from tailrace.query.tree import (
    All,
    Bound,
    Exists,
    Fuzzy,
    Nested,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
    leaves,
)

FUZZY_CHARACTERS_MAX = 64
# Conditions that are looked for in every value of every event, whatever else is asked.
COSTLY_MAX = 50
EDITS_MAX = 2
_ID_CHARACTERS_MIN = 8
# The classes `\\D` and the like, whose case means something; any other pieces of an expression.
_PIECES = re.compile(r"(\\[dDwWsS])|\\[\s\S]|[^\\]+")

ValueLeaf = Term | Phrase | Wildcard | Regex | Fuzzy | Range
TextLeaf = Term | Phrase | Wildcard | Regex | Fuzzy


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the values of a question are read.

    `zone` is where its days begin and end. With `has_words` a text of a JSON object is also found
    by words within it, unless the field's name ends in `.keyword`: what those expect who come from
    Elasticsearch, where such a text is indexed both ways.
    """

    now: datetime
    zone: tzinfo = UTC
    has_words: bool = False


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


@dataclass(frozen=True)
class Fits:
    """Texts that a regular expression matches from end to end."""

    expression: Expression


@dataclass(frozen=True)
class Near:
    """Texts at most so many edits away."""

    text: str
    edits: int


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


@dataclass(frozen=True)
class TokenFits:
    """Free text: a token that a regular expression matches."""

    expression: Expression


@dataclass(frozen=True)
class TokensNear:
    """Free text: tokens side by side that are so near to these."""

    tokens: tuple[Near, ...]


FreeText = AnyPhrase | TokenPatterns | TokenFits | TokensNear


@dataclass(frozen=True)
class Words:
    """Texts in which these words stand."""

    wanted: FreeText


@dataclass(frozen=True)
class Either:
    """What meets one of the conditions."""

    conditions: "tuple[Condition, ...]"


Condition = Equals | Like | Fits | Near | NumberRange | TimeRange | TextRange | Words | Either


def require_affordable(tree: Tree) -> None:
    """Refuse a tree with too many conditions that take long.

    Raises:
        QueryError: it has more than `COSTLY_MAX` of them.
    """
    costly = 0
    parts = [tree]
    while parts:
        for leaf in leaves(parts.pop()):
            if isinstance(leaf, Nested):
                parts.append(leaf.part)
            elif isinstance(leaf, All):
                continue
            costly += isinstance(leaf, Regex | Fuzzy) or bool(leaf.field and many_of(leaf.field))
            if costly > COSTLY_MAX:
                raise QueryError(
                    f"more than {COSTLY_MAX} regular expressions, fuzzy words and patterns in the "
                    "names of fields",
                    position=leaf.position,
                    hint="join expressions with |, or name the fields",
                )


def condition_of(leaf: ValueLeaf, field: Column | Path, reading: Reading) -> Condition:
    """Return what the leaf asks of the field's values.

    Raises:
        QueryError: the value does not fit the field.
    """
    if isinstance(field, Column) and field.kind == "time":
        return _time_condition(leaf, field, reading)
    if isinstance(field, Column) and field.kind == "flag":
        return _flag_condition(leaf, field)
    whole = _whole(leaf, field, reading)
    is_whole = not reading.has_words or isinstance(field, Column)
    if is_whole or (leaf.field or "").endswith(KEYWORD_SUFFIX):
        return whole
    words = None if isinstance(leaf, Range) else _words_of(leaf)
    return whole if words is None or isinstance(whole, Words) else Either((whole, Words(words)))


def conditions_on(
    leaf: ValueLeaf, columns: Iterable[Column], reading: Reading
) -> Iterator[tuple[Column, Condition]]:
    """Return what the leaf asks of those of many columns whose values it fits."""
    for column in columns:
        try:
            yield column, condition_of(leaf, column, reading)
        except QueryError:
            if column.kind == "text":
                raise


def object_of(leaf: Nested) -> Path:
    """Return where the objects are that are asked.

    Raises:
        QueryError: the field has none.
    """
    field = None if many_of(leaf.field) else resolve(leaf.field)
    if isinstance(field, Path) and field.keys:
        return field
    raise QueryError(
        f"'{leaf.field}' holds no objects that {{ }} could look into",
        position=leaf.position,
        hint="name a property with an object or a list of objects: "
        "properties.products:{ name:Shirt }",
    )


def inner_path(leaf: ValueLeaf | Exists, outer: Path) -> Path:
    """Return the place that a leaf within `{ }` names, within one of the objects there.

    Raises:
        QueryError: it names none.
    """
    if leaf.field is None:
        raise QueryError(
            "within { } every value needs a key",
            position=leaf.position,
            hint="write properties.products:{ name:Shirt }",
        )
    # What may not be a key in a column may not be one here.
    field = resolve(f"{outer.column}.{leaf.field}")
    if not isinstance(field, Path) or many_of(leaf.field):
        raise QueryError(f"'{leaf.field}' is no key that can be asked", position=leaf.position)
    return field


def twice_nested(leaf: Nested) -> QueryError:
    """Return what is wrong with objects in objects."""
    return QueryError(
        "{ } within { } is not supported",
        position=leaf.position,
        hint=f"name the keys of what is in '{leaf.field}': {leaf.field}.key",
    )


def _whole(leaf: ValueLeaf, field: Column | Path, reading: Reading) -> Condition:
    """Return what the leaf asks of whole values."""
    match leaf:
        case Wildcard():
            return Like(leaf.pattern)
        case Regex():
            return Fits(_expression(leaf))
        case Fuzzy():
            return _near(leaf, leaf.text)
        case Range() if isinstance(field, Path):
            return _path_range(leaf, reading)
        case Range():
            return TextRange(leaf.low, leaf.high)
        case Phrase() if leaf.slop:
            # How far words are apart can be asked of words only.
            return Words(free_text_of(leaf))
        case _ if isinstance(field, Path):
            flag = {"true": True, "false": False}.get(leaf.text)
            return Equals(leaf.text, number_of(leaf.text), flag)
        case _:
            return Equals(leaf.text)


def _words_of(leaf: TextLeaf) -> FreeText | None:
    """Return the words that a leaf asks for, or None where it has none."""
    match leaf:
        case Regex():
            return TokenFits(expression_of(_lower(leaf.pattern), leaf.position + 1))
        case Fuzzy():
            near = _tokens_near(leaf)
            return near if near.tokens else None
        case Wildcard():
            patterns = tuple(_token_patterns(leaf.pattern))
            return TokenPatterns(patterns) if any(map(literals_of, patterns)) else None
        case Phrase():
            phrase = tuple(tokens_of(leaf.text))
            return AnyPhrase((phrase,), leaf.slop) if phrase else None
        case Term():
            phrases = tuple(
                tuple(tokens) for word in leaf.text.split() if (tokens := tokens_of(word))
            )
            return AnyPhrase(phrases) if phrases else None


def free_text_of(leaf: TextLeaf) -> FreeText:
    """Return what a leaf without a field asks of the event's text.

    Raises:
        QueryError: nothing is left when all but letters and digits is taken away.
    """
    wanted = _words_of(leaf)
    if wanted is None:
        raise QueryError(
            "nothing to search for: no letters or digits here",
            position=leaf.position,
            hint="free text is searched by words; to find other characters, name a field",
        )
    if isinstance(wanted, AnyPhrase) and leaf.field is None:
        match leaf:
            case Phrase():
                return replace(wanted, ids=_ids_among([leaf.text]))
            case Term():
                return replace(wanted, ids=_ids_among(leaf.text.split()))
    return wanted


def _expression(leaf: Regex) -> Expression:
    return expression_of(leaf.pattern, leaf.position + 1)


def _lower(pattern: str) -> str:
    """Return an expression for words, which are in lower case; `\\D` stays what it is."""
    return _PIECES.sub(lambda found: found.group(1) or found.group().lower(), pattern)


def _tokens_near(leaf: Fuzzy) -> TokensNear:
    return TokensNear(tuple(_near(leaf, token) for token in tokens_of(leaf.text)))


def _near(leaf: Fuzzy, text: str) -> Near:
    if len(text) > FUZZY_CHARACTERS_MAX:
        raise QueryError(
            f"a fuzzy word has {len(text)} characters; the limit is {FUZZY_CHARACTERS_MAX}",
            position=leaf.position,
        )
    edits = edits_for(text) if leaf.edits is None else min(leaf.edits, EDITS_MAX)
    return Near(text, edits)


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


def _time_condition(leaf: ValueLeaf, field: Column, reading: Reading) -> TimeRange:
    match leaf:
        case Range():
            return _time_range(leaf, reading)
        case Term() | Phrase(slop=0):
            return TimeRange(*_span_of(leaf.text, leaf.position, reading))
        case _:
            raise QueryError(
                f"'{field.name}' is a time and takes no {_kind(leaf)}",
                position=leaf.position,
                hint=f"write a day or a range: {field.name}:2026-03-10",
            )


def _flag_condition(leaf: ValueLeaf, field: Column) -> Equals:
    if isinstance(leaf, Term | Phrase) and leaf.text in ("true", "false"):
        return Equals(leaf.text, flag=leaf.text == "true")
    raise QueryError(f"'{field.name}' is either true or false", position=leaf.position)


def _kind(leaf: ValueLeaf) -> str:
    match leaf:
        case Wildcard():
            return "wildcards"
        case Regex():
            return "regular expressions"
        case Fuzzy():
            return "fuzzy words"
        case _:
            return "distance of words (~)"


def _path_range(leaf: Range, reading: Reading) -> Condition:
    """Return the range that both ends can be read as: of numbers, of times, else of texts."""
    ends = [bound for bound in (leaf.low, leaf.high) if bound is not None]
    if all(number_of(bound.text) is not None for bound in ends):
        return NumberRange(_number_bound(leaf.low), _number_bound(leaf.high))
    if all(is_time(bound.text) for bound in ends):
        return _time_range(leaf, reading)
    return TextRange(leaf.low, leaf.high)


def _number_bound(bound: Bound | None) -> NumberBound | None:
    if bound is None:
        return None
    value = number_of(bound.text)
    return None if value is None else NumberBound(value, bound.is_inclusive)


def _time_range(leaf: Range, reading: Reading) -> TimeRange:
    """Round as Elasticsearch does: an end that names a day takes in or leaves out all of it."""
    start = end = None
    if leaf.low is not None:
        low = _span_of(leaf.low.text, leaf.low.position, reading)
        start = low.start_ms if leaf.low.is_inclusive else low.end_ms
    if leaf.high is not None:
        high = _span_of(leaf.high.text, leaf.high.position, reading)
        end = high.end_ms if leaf.high.is_inclusive else high.start_ms
    return TimeRange(start, end)


def _span_of(text: str, position: int, reading: Reading) -> Span:
    return span_of(text, now=reading.now, zone=reading.zone, position=position)
