"""A filter tree to a ClickHouse condition on the table `events_data`, all values bound."""

from collections.abc import Iterable
from datetime import datetime

from tailrace.query import jsonsql
from tailrace.query.bind import Binder
from tailrace.query.conditions import (
    AnyPhrase,
    Condition,
    Equals,
    FreeText,
    Like,
    TextRange,
    TimeRange,
    condition_of,
    free_text_of,
)
from tailrace.query.fields import NULLABLE, TEXT_COLUMNS, Column, Path, Unknown, resolve
from tailrace.query.text import VALUES_PATTERN, like_pattern, literals_of
from tailrace.query.tree import (
    All,
    And,
    Exists,
    Leaf,
    Not,
    Or,
    Phrase,
    Range,
    Term,
    Tree,
    Wildcard,
    leaves,
)


def compile_tree(tree: Tree, binder: Binder, *, now: datetime) -> str:
    """Return SQL that is 1 for the events that match and 0 for the others, never NULL.

    Raises:
        QueryError: a value does not fit its field.
    """
    match tree:
        case All():
            return "1"
        case Not(part):
            return f"(NOT {compile_tree(part, binder, now=now)})"
        case And(parts):
            return "(" + " AND ".join(compile_tree(part, binder, now=now) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(compile_tree(part, binder, now=now) for part in parts) + ")"
        case _:
            return _leaf(tree, binder, now)


def notes_on(tree: Tree) -> list[str]:
    """Return what the person who asked should know about the fields that the tree names."""
    notes: dict[str, None] = {}
    for leaf in leaves(tree):
        name = None if isinstance(leaf, All) else leaf.field
        field = None if name is None else resolve(name)
        if isinstance(field, Unknown):
            notes[field.note] = None
        elif isinstance(field, Path) and not field.keys and not isinstance(leaf, Exists):
            notes[
                f"'{name}' is an object: name a key such as {name}.key; nothing matches it as a "
                "whole."
            ] = None
    return list(notes)


def _leaf(leaf: Leaf, binder: Binder, now: datetime) -> str:
    match leaf:
        case All():
            return "1"
        case Exists():
            return _exists(leaf, binder)
        case Range() | Term() | Phrase() | Wildcard():
            if leaf.field is None:
                if isinstance(leaf, Range):
                    raise TypeError("a range has a field")
                return _free_text(free_text_of(leaf), binder)
            field = resolve(leaf.field)
            if isinstance(field, Unknown) or (isinstance(field, Path) and not field.keys):
                return "0"
            condition = condition_of(leaf, field, now=now)
            if isinstance(field, Path):
                return jsonsql.path_sql(condition, field, binder)
            return _column(condition, field, binder)


def _exists(leaf: Exists, binder: Binder) -> str:
    field = resolve(leaf.field)
    if isinstance(field, Unknown):
        return "0"
    if isinstance(field, Path):
        return jsonsql.exists_sql(field, binder)
    if field.kind == "text":
        return f"({field.name} != '')"
    return f"isNotNull({field.name})" if field.name in NULLABLE else "1"


def _column(condition: Condition, field: Column, binder: Binder) -> str:
    name = field.name
    match condition:
        case Equals(text, _, flag):
            if field.kind == "flag":
                return f"({name} = {'true' if flag else 'false'})"
            return f"({name} = {binder.text(text)})"
        case Like(pattern):
            return f"({name} LIKE {binder.text(like_pattern(pattern))})"
        case TimeRange():
            test = jsonsql.time_range(condition, binder)(name)
            return f"ifNull({test}, 0)" if name in NULLABLE else test
        case TextRange():
            return jsonsql.text_range(condition, binder)(name)
        case _:
            raise TypeError(f"a column takes no {type(condition).__name__}")


def _free_text(wanted: FreeText, binder: Binder) -> str:
    """Return SQL on the values in `original` and on the text columns.

    The values are taken out of the JSON text only where the tokens stand in it at all: that is what
    makes the search fast, and `if` evaluates its second argument only there.
    """
    test = _tokens_test(wanted, binder)
    pattern = binder.text(VALUES_PATTERN)
    value = "if(position(v, '\\\\') = 0, v, JSONExtractString(v))"
    tokens = f"arrayMap(v -> tokens(lowerUTF8({value})), extractAll(original, {pattern}))"
    in_original = f"arrayExists(ts -> {test}, {tokens})"
    columns = ", ".join(f"toString({name})" for name in TEXT_COLUMNS)
    in_columns = f"arrayExists(ts -> {test}, arrayMap(v -> tokens(lowerUTF8(v)), [{columns}]))"
    needles = [_needles(phrase) for phrase in _phrases(wanted)]
    if not all(needles):
        return f"({in_original} OR {in_columns})"
    may_be_in_original = _holds(["original"], needles, binder)
    may_be_in_columns = _holds(TEXT_COLUMNS, [words[:1] for words in needles], binder)
    return (
        f"(if({may_be_in_original}, {in_original}, 0) OR if({may_be_in_columns}, {in_columns}, 0))"
    )


def _phrases(wanted: FreeText) -> Iterable[tuple[str, ...]]:
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
