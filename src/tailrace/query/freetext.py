"""Free text in SQL: words looked for in the values of an event's JSON and in some columns.

The table's text indexes tell at once in which events the words stand at all, in whatever place.
Taking an event's JSON apart costs some 30 microseconds, so for those events it is done only where
nothing cheaper gives the exact answer. Each condition is evaluated only where those before it let
an event through:

1. the indexes know the words, or a backslash: behind one, the text of the JSON is not that of its
   values;
2. the words stand in the JSON: a substring search, at the speed of reading;
3. without a backslash in it, quotes come in pairs, and a regular expression that counts them off
   sees whether the words stand in a string that is no key, or outside of strings (some 1.5
   microseconds);
4. with one, the values are taken out and unescaped.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from tailrace.query.bind import Binder
from tailrace.query.conditions import (
    AnyPhrase,
    FreeText,
    Near,
    TokenFits,
    TokenPatterns,
    TokensNear,
)
from tailrace.query.fields import ID_COLUMNS, TEXT_COLUMNS
from tailrace.query.text import (
    ANY_TEXT,
    VALUES_PATTERN,
    like_pattern,
    literals_of,
    matches,
    pieces_of,
)

# The expressions of the indexes in `store/sql/create_events_data.sql`, letter by letter. In JSON an
# escaped slash is a slash; any other backslash becomes a word of its own.
_BACKSLASH = "xbackslashx"
_INDEXED_JSON = (
    "replaceAll(replaceAll(lowerUTF8({}), '\\\\/', '/'), '\\\\', ' " + _BACKSLASH + " ')"
)
_INDEXED_COLUMNS = f"lowerUTF8(concatWithSeparator(' ', {', '.join(TEXT_COLUMNS)}))"
_JSON_COLUMNS = ("original", "context")

_DISTINCT_MAX = 2_000
# The one character that is two in lower case.
_LONGER = "\u0130"
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
    in_json = {name: _in_json(name, wanted, test, binder) for name in _JSON_COLUMNS}
    needles = [_needles(words) for words in _words(wanted)]
    if not all(needles):
        return _or_ids(f"({' OR '.join([in_columns, *in_json.values()])})", wanted, binder)
    tests = [
        f"if({_holds(TEXT_COLUMNS, [words[:1] for words in needles], binder)}, {in_columns}, 0)"
    ]
    tests += [f"if({_holds([name], needles, binder)}, {sql}, 0)" for name, sql in in_json.items()]
    exact = f"({' OR '.join(tests)})"
    indexed = _indexed(wanted, binder)
    return _or_ids(exact if indexed is None else f"({indexed} AND {exact})", wanted, binder)


def _or_ids(sql: str, wanted: FreeText, binder: Binder) -> str:
    if not isinstance(wanted, AnyPhrase) or not wanted.ids:
        return sql
    ids = binder.texts(wanted.ids)
    return "(" + " OR ".join([sql, *(f"{name} IN {ids}" for name in ID_COLUMNS)]) + ")"


def _indexed(wanted: FreeText, binder: Binder) -> str | None:
    """Return the question to the text indexes, whose answer may hold too much but lacks nothing.

    None where they cannot tell: for patterns, and for words whose case JSON or the engine may fold
    or write in another way.
    """
    if not isinstance(wanted, AnyPhrase):
        return None
    if not all(token.isascii() for phrase in wanted.phrases for token in phrase):
        return None
    single = [phrase[0] for phrase in wanted.phrases if len(phrase) == 1]
    several = [binder.texts(phrase) for phrase in wanted.phrases if len(phrase) > 1]
    indexes = [(_INDEXED_COLUMNS, single)]
    indexes += [(_INDEXED_JSON.format(name), [*single, _BACKSLASH]) for name in _JSON_COLUMNS]
    parts = []
    for expression, words in indexes:
        if words:
            parts.append(f"hasAnyTokens({expression}, {binder.texts(words)})")
        parts += [f"hasAllTokens({expression}, {tokens})" for tokens in several]
    return f"({' OR '.join(parts)})"


def _in_json(column: str, wanted: FreeText, test: str, binder: Binder) -> str:
    # An expression that two conditions share is evaluated for every event, lazy or not: so no two
    # have the same pattern. An empty group changes nothing.
    pattern = binder.text(VALUES_PATTERN + "(?:)" * (len(binder.parameters) % _DISTINCT_MAX))
    value = "if(position(v, '\\\\') = 0, v, JSONExtractString(v))"
    tokens = f"arrayMap(v -> tokens(lowerUTF8({value})), extractAll({column}, {pattern}))"
    taken_apart = f"arrayExists(ts -> {test}, {tokens})"
    is_plain = f"position({column}, '\\\\') = 0"
    words = _expression(wanted)
    if words is not None:
        in_value = f"match({column}, {binder.text(_in_value(words))})"
        return f"if({is_plain}, {in_value}, {taken_apart})"
    lacks = [f"NOT match({column}, {binder.text(_in_value(token))})" for token in _single(wanted)]
    near = _near_somewhere(column, wanted, test, binder)
    if near is not None:
        is_plain, lacks = f"{is_plain} AND position({column}, '{_LONGER}') = 0", [f"NOT {near}"]
    if not lacks:
        return taken_apart
    return f"if({is_plain} AND ({' OR '.join(lacks)}), 0, {taken_apart})"


def _near_somewhere(column: str, wanted: FreeText, test: str, binder: Binder) -> str | None:
    """Return a test on the whole of a JSON text without which no word in it fits, or None.

    It is told of the text as it stands, keys and all, which takes a fraction of taking it apart.
    """
    match wanted:
        case TokenFits(expression) if expression.re2.isascii() and "[^" not in expression.re2:
            anywhere = "(?i)" + expression.re2.removeprefix("^").removesuffix("$")
            return f"match({column}, {binder.text(anywhere)})"
        case TokensNear():
            return f"arrayExists(ts -> {test}, [tokens(lowerUTF8({column}))])"
        case _:
            return None


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
    if not isinstance(wanted, TokenPatterns):
        return None
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
    """Return words that must stand in the text; empty where none is known."""
    match wanted:
        case AnyPhrase():
            return wanted.phrases
        case TokenPatterns():
            return [tuple(run for pattern in wanted.patterns for run in literals_of(pattern))]
        case _:
            return [()]


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
    match wanted:
        case AnyPhrase():
            phrases = [_phrase_test(phrase, wanted.slop, binder) for phrase in wanted.phrases]
            return "(" + " OR ".join(phrases) + ")"
        case TokenFits(expression):
            return f"arrayExists(t -> match(t, {binder.text(expression.re2)}), ts)"
        case TokenPatterns(patterns):
            tests = [_like_test(pattern, binder) for pattern in patterns]
        case TokensNear((near,)):
            # Most words are too long or too short, and need not be compared.
            length = f"abs(toInt64(lengthUTF8(t)) - {len(near.text)})"
            likely = f"arrayFilter(t -> {length} <= {near.edits}, ts)"
            return f"arrayExists(t -> {near_test(near, binder)('t')}, {likely})"
        case TokensNear(tokens):
            tests = [near_test(near, binder) for near in tokens]
    return _side_by_side(tests)


def _like_test(pattern: str, binder: Binder) -> Callable[[str], str]:
    like = binder.text(like_pattern(pattern))
    return lambda x: f"{x} LIKE {like}"


def _side_by_side(tests: Sequence[Callable[[str], str]]) -> str:
    if len(tests) == 1:
        return f"arrayExists(t -> {tests[0]('t')}, ts)"
    each = [test(f"ts[i + {ahead}]") for ahead, test in enumerate(tests)]
    fits = f"i + {len(tests) - 1} <= length(ts)"
    return f"arrayExists(i -> {' AND '.join([fits, *each])}, arrayEnumerate(ts))"


def words_test(wanted: FreeText, binder: Binder) -> Callable[[str], str]:
    """Return the words as SQL on a text, which may be NULL."""
    test = _tokens_test(wanted, binder)
    return lambda x: f"arrayExists(ts -> {test}, [tokens(lowerUTF8(ifNull({x}, '')))])"


def near_test(near: Near, binder: Binder) -> Callable[[str], str]:
    """Return the distance as SQL on a text.

    The engine counts bytes; so the characters of both texts are written as one byte each, those
    that the word has not as one that is the same for all.
    """
    other = next(c for c in map(chr, range(0x7E, 0x20, -1)) if c not in near.text)
    size, own = len(near.text), sorted(set(near.text))
    if near.text.isascii():
        wanted, names, values = near.text, "", ""
        rest = binder.text(r"[^\x00-\x7f]")
    else:
        codes = {each: chr(0x30 + number) for number, each in enumerate(own)}
        wanted = "".join(codes[each] for each in near.text)
        names = binder.text("".join(own) + other)
        values = binder.text("".join(codes.values()) + "~")
        rest = binder.text("[^" + "".join(map(_in_class, own)) + "]")
    word, shared = binder.text(wanted), binder.text(other)

    def test(x: str) -> str:
        coded = f"replaceRegexpAll({x}, {rest}, {shared})"
        if names:
            coded = f"translateUTF8({coded}, {names}, {values})"
        distance = f"damerauLevenshteinDistance({coded}, {word})"
        if not names:
            plain = f"damerauLevenshteinDistance({x}, {word})"
            distance = f"if(length({x}) = lengthUTF8({x}), {plain}, {distance})"
        length = f"abs(toInt64(lengthUTF8({x})) - {size})"
        return f"({length} <= {near.edits} AND {distance} <= {near.edits})"

    return test


def _in_class(character: str) -> str:
    return "\\" + character if character in "\\]^-[" else character


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
