"""Free text in SQL: words looked for in the values of an event's JSON and in its text columns.

Taking an event's JSON apart costs some 30 microseconds, so it is done only where nothing cheaper
gives the exact answer. Each `if` evaluates the next test only where it must:

1. the words stand somewhere in `original`: a substring search, at the speed of reading;
2. without a backslash in it, quotes come in pairs, and a regular expression that counts them off
   sees whether the words stand in a string that is no key, or outside of strings (some 1.5
   microseconds);
3. with one, the values are taken out and unescaped.
"""

import re
from collections.abc import Iterable

from tailrace.query.bind import Binder
from tailrace.query.conditions import AnyPhrase, FreeText
from tailrace.query.fields import TEXT_COLUMNS
from tailrace.query.text import (
    ANY_TEXT,
    VALUES_PATTERN,
    like_pattern,
    literals_of,
    matches,
    pieces_of,
)

_DISTINCT_MAX = 2_000
_INNER = r"(?:[0-9A-Za-z]|[^\x00-\x7f])"
# What is between two tokens, and around them, within one value: no quote, which would end it.
_EDGE = r'[^0-9A-Za-z"\x{80}-\x{10ffff}]'
# Tokens that JSON writes outside of quotes too, so that neighbours may be of different values.
_BARE = re.compile("true|false|null|[0-9e]*")


def free_text_sql(wanted: FreeText, binder: Binder) -> str:
    """Return SQL that tells whether an event has the words; never NULL."""
    test = _tokens_test(wanted, binder)
    columns = ", ".join(f"toString({name})" for name in TEXT_COLUMNS)
    in_columns = f"arrayExists(ts -> {test}, arrayMap(v -> tokens(lowerUTF8(v)), [{columns}]))"
    in_original = _in_original(wanted, test, binder)
    needles = [_needles(words) for words in _words(wanted)]
    if not all(needles):
        return f"({in_columns} OR {in_original})"
    may_be_in_columns = _holds(TEXT_COLUMNS, [words[:1] for words in needles], binder)
    may_be_in_original = _holds(["original"], needles, binder)
    return (
        f"(if({may_be_in_columns}, {in_columns}, 0) OR if({may_be_in_original}, {in_original}, 0))"
    )


def _in_original(wanted: FreeText, test: str, binder: Binder) -> str:
    # An expression that two conditions share is evaluated for every event, lazy or not: so no two
    # have the same pattern. An empty group changes nothing.
    pattern = binder.text(VALUES_PATTERN + "(?:)" * (len(binder.parameters) % _DISTINCT_MAX))
    value = "if(position(v, '\\\\') = 0, v, JSONExtractString(v))"
    tokens = f"arrayMap(v -> tokens(lowerUTF8({value})), extractAll(original, {pattern}))"
    taken_apart = f"arrayExists(ts -> {test}, {tokens})"
    is_plain = "position(original, '\\\\') = 0"
    words = _expression(wanted)
    if words is not None:
        in_value = f"match(original, {binder.text(_in_value(words))})"
        return f"if({is_plain}, {in_value}, {taken_apart})"
    lacks = [f"NOT match(original, {binder.text(_in_value(token))})" for token in _single(wanted)]
    if not lacks:
        return taken_apart
    return f"if({is_plain} AND ({' OR '.join(lacks)}), 0, {taken_apart})"


def _single(wanted: FreeText) -> list[str]:
    """Return tokens without which nothing matches, as far as an expression finds them surely."""
    if not isinstance(wanted, AnyPhrase) or len(wanted.phrases) != 1:
        return []
    return [
        token
        for token in wanted.phrases[0]
        if token.isascii() and token not in ("true", "false", "null")
    ]


def _in_value(words: str) -> str:
    """Return a regular expression for the words in a value of JSON that has no backslash."""
    strings_before = '(?:[^"]*"[^"]*")*'
    words = f'(?:[^"]*{_EDGE})?(?:{words})'
    in_string = f'[^"]*"{words}(?:{_EDGE}[^"]*)?"[ \\t\\r\\n]*[^: \\t\\r\\n]'
    in_number = f'{words}(?:{_EDGE}|")'
    return f"(?i)^{strings_before}(?:{in_string}|{in_number})"


def _expression(wanted: FreeText) -> str | None:
    """Return a regular expression for the words in JSON text, or None where it could be wrong."""
    if isinstance(wanted, AnyPhrase):
        if wanted.slop:
            return None
        tokens = [token for phrase in wanted.phrases for token in phrase]
        neighbours = [token for phrase in wanted.phrases if len(phrase) > 1 for token in phrase]
        if not all(token.isascii() for token in tokens) or any(map(_BARE.fullmatch, neighbours)):
            return None
        if any(token in ("true", "false", "null") for token in tokens):
            return None
        return "|".join(f"{_EDGE}+".join(phrase) for phrase in wanted.phrases)
    if len(wanted.patterns) > 1 or not wanted.patterns[0].isascii():
        return None
    (pattern,) = wanted.patterns
    expression = "".join(
        _INNER + ("*" if character == ANY_TEXT else "") if is_special else character
        for is_special, character in pieces_of(pattern)
    )
    return None if _may_be_bare(pattern) else expression


def _may_be_bare(pattern: str) -> bool:
    """Tell whether `true`, `false` or `null`, which are no text, could match the pattern."""
    return any(matches(pattern, bare) for bare in ("true", "false", "null"))


def _words(wanted: FreeText) -> Iterable[tuple[str, ...]]:
    if isinstance(wanted, AnyPhrase):
        return wanted.phrases
    return [tuple(run for pattern in wanted.patterns for run in literals_of(pattern))]


def _needles(words: Iterable[str]) -> list[str]:
    """Return the words that must stand in a text just so, the longest first.

    JSON may write characters beyond ASCII by their number, and their case is folded otherwise.
    """
    return sorted((word for word in words if word.isascii()), key=len, reverse=True)


def _holds(columns: Iterable[str], needles: list[list[str]], binder: Binder) -> str:
    alternatives = []
    for words in needles:
        bound = [binder.text(word) for word in words]
        alternatives += [
            "(" + " AND ".join(f"positionCaseInsensitive({name}, {b}) > 0" for b in bound) + ")"
            for name in columns
        ]
    return "(" + " OR ".join(alternatives) + ")"


def _tokens_test(wanted: FreeText, binder: Binder) -> str:
    """Return the test on `ts`, the array of a value's tokens."""
    if isinstance(wanted, AnyPhrase):
        tests = [_phrase_test(phrase, wanted.slop, binder) for phrase in wanted.phrases]
        return "(" + " OR ".join(tests) + ")"
    likes = [binder.text(like_pattern(pattern)) for pattern in wanted.patterns]
    if len(likes) == 1:
        return f"arrayExists(t -> t LIKE {likes[0]}, ts)"
    tests = [f"ts[i + {ahead}] LIKE {like}" for ahead, like in enumerate(likes)]
    fits = f"i + {len(likes) - 1} <= length(ts)"
    return f"arrayExists(i -> {' AND '.join([fits, *tests])}, arrayEnumerate(ts))"


def _phrase_test(phrase: tuple[str, ...], slop: int, binder: Binder) -> str:
    if len(phrase) == 1:
        return f"has(ts, {binder.text(phrase[0])})"
    if slop == 0:
        return f"hasSubstr(ts, {binder.texts(phrase)})"
    # The places of each token, less the place asked for: all within `slop` of one another.
    places = ", ".join(
        f"arrayMap(i -> toInt64(i) - {asked}, "
        f"arrayFilter((i, t) -> t = {binder.text(token)}, arrayEnumerate(ts), ts))"
        for asked, token in enumerate(phrase)
    )
    near = f"arrayExists(at -> at >= low AND at <= low + {slop}, found)"
    every = f"arrayAll(found -> {near}, [{places}])"
    return f"arrayExists(low -> {every}, arrayFlatten([{places}]))"
