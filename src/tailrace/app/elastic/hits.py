"""Events as hits: `_source`, `fields` with their formats, and the words that were found."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

import msgspec

from tailrace.app.elastic.errors import INDEX, bad_request
from tailrace.app.elastic.names import ALIASES, field_name
from tailrace.app.elastic.requests import Json
from tailrace.app.elastic.shapes import Search, SortField, Wanted, place_text
from tailrace.query.cursor import Place
from tailrace.query.documents import PLACE, Document
from tailrace.query.fields import COLUMNS, KEYWORD_SUFFIX
from tailrace.query.shapes import EventOut
from tailrace.query.text import matches, tokens_of
from tailrace.query.times import to_ms
from tailrace.query.tree import And, Fuzzy, Or, Phrase, Term, Tree, Wildcard

FIELDS_MAX: Final = 2_000
WORDS_MAX: Final = 200
MARKED_WORD_CHARACTERS_MAX: Final = 100
HIGHLIGHTED_CHARACTERS_MAX: Final = 100_000
_TIMES: Final = frozenset(name for name, kind in COLUMNS.items() if kind == "time")
_OPTIONS: Final = frozenset({"fields", "pre_tags", "post_tags"})


def source_of(event: EventOut) -> Json:
    """Return an event as its hit shows it: as the API does, with `@timestamp` beside it."""
    shown: Json = msgspec.json.decode(msgspec.json.encode(event))
    return {"@timestamp": shown["timestamp"], **shown}


def hits_of(documents: Sequence[Document], search: Search) -> list[Json]:
    """Return the hits of a page.

    Raises:
        ElasticError: what a hit shall show cannot be read.
    """
    choose = _chooser(search.source)
    mark = None if search.highlight is None else _marker(search.highlight, search.tree)
    return [_hit(document, search, choose, mark) for document in documents]


def _hit(
    document: Document,
    search: Search,
    choose: Callable[[Json], Json] | None,
    mark: "Callable[[dict[str, list[Any]]], Json] | None",
) -> Json:
    source = source_of(document.event)
    hit: Json = {
        "_index": INDEX,
        "_id": document.event.message_id,
        "_score": 1.0 if search.sort is None else None,
    }
    if choose is not None:
        hit["_source"] = choose(source)
    if search.fields or mark is not None:
        flat = flat_of(source)
        if search.fields:
            hit["fields"] = _fields(flat, document.event, search.fields)
        marked = {} if mark is None else mark(flat)
        if marked:
            hit["highlight"] = marked
    values = sort_values(document.keys, document.place, search.sort, has_place=bool(search.pit_id))
    if values:
        hit["sort"] = values
    return hit


def sort_values(
    keys: Sequence[Any], place: Place, sort: tuple[SortField, ...] | None, *, has_place: bool
) -> list[Any]:
    """Return the values that a hit was sorted by; its place ends them where it was asked for."""
    if sort is None and not has_place:
        return []
    is_placed = has_place or any(one.order.field == PLACE for one in sort or ())
    values = list(keys) if sort is not None else []
    return [*values, place_text(place)] if is_placed else values


def flat_of(source: Json) -> dict[str, list[Any]]:
    """Return the values of a document by their full names; texts that are empty are none."""
    found: dict[str, list[Any]] = {}
    for name, value in _leaves("", source):
        if len(found) < FIELDS_MAX or name in found:
            found.setdefault(name, []).append(value)
    return found


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(prefix, inner)
    elif value is not None and value != "":
        yield prefix, value


# What a hit shows of its source -----------------------------------------------------------------


def _chooser(given: Any) -> Callable[[Json], Json] | None:
    """Return what picks the parts of a source that are asked for, None where it is not wanted."""
    match given:
        case True | None:
            return lambda source: source
        case False:
            return None
        case str() | list():
            includes, excludes = _patterns(given), []
        case dict():
            unknown = set(given) - {"includes", "include", "excludes", "exclude"}
            if unknown:
                raise bad_request(f"[_source] does not know [{sorted(unknown)[0][:100]}]")
            includes = _patterns(given.get("includes", given.get("include", [])))
            excludes = _patterns(given.get("excludes", given.get("exclude", [])))
        case _:
            raise bad_request("[_source] is neither true or false, a text, a list nor an object")
    return lambda source: _chosen(source, "", includes, excludes) or {}


def _patterns(given: Any) -> list[str]:
    many = [given] if isinstance(given, str) else given
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise bad_request("[_source] has what is no name of a field")
    return [one for one in many[:1_000] if one]


def _chosen(value: Any, name: str, includes: list[str], excludes: list[str]) -> Any:
    """Return what stays of a value, None where nothing does."""
    if name and any(fnmatchcase(name, pattern) for pattern in excludes):
        return None
    is_whole = not includes or any(_is_within(name, pattern) for pattern in includes)
    if isinstance(value, dict):
        kept = {
            key: found
            for key, inner in value.items()
            for found in [_chosen(inner, f"{name}.{key}" if name else key, includes, excludes)]
            if found is not None or (inner is None and is_whole)
        }
        return kept if kept or (is_whole and name) else None
    return value if is_whole else None


def _is_within(name: str, pattern: str) -> bool:
    """Tell whether a field is one that the pattern names, or lies below one."""
    return bool(name) and (fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*"))


# Fields -----------------------------------------------------------------------------------------


def _fields(flat: dict[str, list[Any]], event: EventOut, wanted: Iterable[Wanted]) -> Json:
    found: Json = {}
    for pattern, form in wanted:
        for name in _named(pattern, flat):
            known = field_name(name.removesuffix(KEYWORD_SUFFIX)) or name
            values = flat.get(name) or flat.get(known)
            if values is None:
                continue
            if known in _TIMES:
                moment = getattr(event, known)
                values = [] if moment is None else [_formatted(moment, form)]
            found[name] = values
    return found


def _named(pattern: str, flat: dict[str, list[Any]]) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    return [name for name in flat if fnmatchcase(name, pattern)]


def _formatted(moment: datetime, form: str | None) -> Any:
    if form == "epoch_millis":
        return str(to_ms(moment))
    if form == "epoch_second":
        return str(to_ms(moment) // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Pattern(NamedTuple):
    """A word with wildcards."""

    text: str


# Found words ------------------------------------------------------------------------------------


def _marker(given: Json, tree: Tree) -> Callable[[dict[str, list[Any]]], Json]:
    """Return what marks the words in the texts of a document that the query asks for."""
    if not isinstance(given, dict):
        raise bad_request("[highlight] is no object")
    before, after = _tag(given, "pre_tags", "<em>"), _tag(given, "post_tags", "</em>")
    fields = given.get("fields") or {}
    listed = fields if isinstance(fields, list) else [fields]
    patterns = [name for one in listed if isinstance(one, dict) for name in one][:100]
    words = list(_words(tree))[:WORDS_MAX]

    def marked(flat: dict[str, list[Any]]) -> Json:
        found = {}
        for name, values in flat.items():
            if name in ALIASES or not any(fnmatchcase(name, pattern) for pattern in patterns):
                continue
            texts = [
                text
                for value in values
                if isinstance(value, str)
                for text in [_with_marks(value, name, words, before, after)]
                if text is not None
            ]
            if texts:
                found[name] = texts
        return found

    return marked


def _tag(given: Json, key: str, default: str) -> str:
    tags = given.get(key)
    one = tags[0] if isinstance(tags, list) and tags else tags
    return one if isinstance(one, str) else default


def _words(tree: Tree) -> Iterator[tuple[str | None, _Pattern | str]]:
    """Return the words that have to be there, each with the field that it is asked of."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _words(part)
        case Term(name, text) | Phrase(name, text) | Fuzzy(name, text):
            bare = None if name is None else name.removesuffix(KEYWORD_SUFFIX)
            for word in tokens_of(text):
                yield bare, word
        case Wildcard(name, pattern):
            bare = None if name is None else name.removesuffix(KEYWORD_SUFFIX)
            yield bare, _Pattern(pattern.lower())


def _with_marks(
    text: str,
    name: str,
    words: list[tuple[str | None, _Pattern | str]],
    before: str,
    after: str,
) -> str | None:
    """Return the text with its found words marked, None where there are none."""
    asked = [word for field, word in words if field is None or fnmatchcase(name, field)]
    if not asked or len(text) > HIGHLIGHTED_CHARACTERS_MAX:
        return None
    plain = {word for word in asked if isinstance(word, str)}
    patterns = [word for word in asked if isinstance(word, _Pattern)]
    count = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal count
        word = found.group().lower()
        is_short = len(word) <= MARKED_WORD_CHARACTERS_MAX
        if word in plain or (is_short and any(matches(one.text, word) for one in patterns)):
            count += 1
            return f"{before}{found.group()}{after}"
        return found.group()

    marked = re.sub(r"[^\W_]+", mark, text)
    return marked if count else None
