"""Compiled SQL, run by the real engine, finds the events that the plain Python evaluation finds."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tailrace.config import Config
from tailrace.errors import QueryError
from tailrace.event import Block
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree
from tailrace.query.evaluate import matcher
from tailrace.query.lucene import parse
from tailrace.query.reading import Language, read
from tailrace.query.text import pieces_of
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Fuzzy,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
    render,
)
from tailrace.store import Store, open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
EVENTS = 400
TEXTS = [
    *("", "Order Completed", "order completed", "Page Viewed", "quick brown fox", "brown Quick"),
    *("50", "49.99", "-5", "1e3", "007", "true", "false", "null", "u-1", "a/b/c", "x@y.example"),
    *("2026-03-10", "2026-03-10T12:00:00.123Z", "2026-03-10 23:59:59", "2026-02-31", "now"),
    *("2026-03-11T01:00:00+02:00", "a_b%c", "a\\b", 'q"uote', "it's", "line\nbreak", "tab\there"),
    *("ünï", "ÜNÏ", "Straße", "日本 語", "\U0001f600", "*", "?", "[1]", "{}", "caf\u00e9"),
]
NUMBERS: list[int | float] = [0, 1, 50, -5, 49.99, 1.5, 1000, 2**53 + 1, 2**63, 1e21, 1e-7, 3.0]
KEYS = ["a", "b", "c", "we`ird", "k'ey", "og:title", "sp ace", "ünï", "x[]", "^c", "%", 'q"', "b\\"]


def make_value(rng: random.Random, depth: int) -> object:
    kind = rng.choice(["text", "text", "number", "flag", "none", "list", "objects", "object"])
    if depth <= 0 and kind in ("list", "objects", "object"):
        kind = "text"
    match kind:
        case "text":
            return rng.choice(TEXTS)
        case "number":
            return rng.choice(NUMBERS)
        case "flag":
            return rng.random() < 0.5
        case "none":
            return None
        case "list":
            return make_list(rng)
        case "objects":
            return [make_object(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    return make_object(rng, depth - 1)


def make_list(rng: random.Random) -> list[object]:
    small: list[int | float] = [number for number in NUMBERS if abs(number) < 2**53]
    pools: list[list[object]] = [
        [*TEXTS],
        [*small],
        [True, False],
        [*TEXTS, None],
        [None],
        [*TEXTS, *small, True, False, None],
        [{"b": "50"}, {"b": 50}, "x", 5],
    ]
    pool = rng.choice(pools)
    return [rng.choice(pool) for _ in range(rng.randint(0, 3))]


def make_object(rng: random.Random, depth: int) -> dict[str, object]:
    made = {rng.choice(KEYS): make_value(rng, depth) for _ in range(rng.randint(0, 4))}
    # A key with a dot in it stands for the same path as an object in an object.
    if not isinstance(made.get("a"), dict) and rng.random() < 0.3:
        made["a.b"] = rng.choice(TEXTS)
    return made


def make_context(rng: random.Random) -> dict[str, object]:
    """Return a context whose common paths, which have columns, hold values of every kind."""
    context: dict[str, object] = {}
    if rng.random() < 0.6:
        context["locale"] = make_value(rng, 1)
    if rng.random() < 0.8:
        page = make_object(rng, 1)
        for key in ("url", "title"):
            if rng.random() < 0.6:
                page[key] = make_value(rng, 1)
        context["page"] = page
    return context


def make_event(rng: random.Random, number: int) -> dict[str, object]:
    at = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(seconds=rng.randint(0, 3 * 86_400))
    event: dict[str, object] = {
        "message_id": f"m-{number}",
        "type": rng.choice(["track", "page", "identify"]),
        "event": rng.choice(TEXTS),
        "name": rng.choice(["", "", "Home Page"]),
        "user_id": rng.choice(["", "u-1", "U-1", "ünï"]),
        "source": rng.choice(["default", "web"]),
        "timestamp": at.isoformat(timespec="milliseconds"),
        "sent_at": rng.choice([None, at.isoformat(timespec="milliseconds")]),
        "received_at": at.isoformat(timespec="milliseconds"),
        "is_bot": rng.random() < 0.3,
        "properties": make_object(rng, 3),
        "traits": make_object(rng, 1),
        "context": make_context(rng),
        "integrations": make_object(rng, 2),
        "raw_partition": 0,
        "raw_offset": 0,
        "raw_index": number,
    }
    objects = {name: event[name] for name in ("properties", "traits", "integrations")}
    return event | {"original": json.dumps(objects, ensure_ascii=rng.random() < 0.5)}


class World:
    """The same events in a store and as objects."""

    def __init__(self, store: Store, events: list[dict[str, object]]) -> None:
        self.store = store
        self.events = events

    def __repr__(self) -> str:
        return "World()"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    rng = random.Random(20260311)
    events = [make_event(rng, number) for number in range(EVENTS)]
    directory: Path = tmp_path_factory.mktemp("query")
    store = open_store(Config(data_dir=directory))
    try:
        lines = "\n".join(json.dumps(event) for event in events).encode()
        block = Block(1, [], b"", (0, 0), len(events), lines, 0, b"")
        assert store.insert_block(block, partition=0, offset=0) == 0
        yield World(store, events)
    finally:
        store.close()


# No query may hold a NUL, nor half of a character.
characters = st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")
texts = st.sampled_from(TEXTS) | st.text(characters, max_size=6)
words = texts.filter(bool)
keys = st.one_of(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(KEYS),
    st.text(
        st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00.*"),
        min_size=1,
        max_size=3,
    ),
)
paths = st.builds(
    lambda column, path, suffix: ".".join([column, *path]) + suffix,
    st.sampled_from(["properties", "properties", "traits", "context.page", "integrations"]),
    st.lists(keys, min_size=1, max_size=2) | st.lists(keys, max_size=3),
    st.sampled_from(["", "", "", ".keyword"]),
)
names = paths | st.sampled_from(
    [
        *("context.page.url", "context.page.title", "context.locale", "context.timezone"),
        *("event", "user_id", "type", "timestamp", "sent_at", "is_bot", "name", "no"),
        "event.keyword",
    ]
)


def escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in "*?\\" else c for c in text)


def cut(text: str, at: int, length: int, special: str) -> str:
    return escaped(text[:at]) + special + escaped(text[at + length :])


patterns = st.one_of(
    st.builds(cut, words, st.integers(0, 5), st.integers(0, 9), st.sampled_from(["*", "?", "*?"])),
    st.builds(lambda text: f"*{escaped(text[1:3])}*", words),
    st.lists(
        st.sampled_from(["*", "?", "\\*", "\\?", "\\\\"]) | words.map(escaped), min_size=1
    ).map("".join),
)
# Without a wildcard it would be a word; of stars alone, it asks for any value.
real_patterns = patterns.filter(
    lambda pattern: set(pattern) != {"*"} and any(special for special, _ in pieces_of(pattern))
)
bounds = st.none() | st.builds(
    Bound,
    st.sampled_from(
        ["0", "50", "-5", "1.5", "1e3", "2026-03-10", "now-1d/d", "2026-03", "a", "z", "Order"]
    )
    | words,
    st.booleans(),
)
SIGNS = '.?+*|{}[]()"\\#@&<>~^-'


def plain(text: str) -> str:
    return "".join(f"\\{c}" if c in SIGNS or c == "/" else c for c in text)


classes = st.sampled_from(
    ["[a-z]", "[^a-z]", "[A-Za-z ]", "[^ü]", "[0-9.]", "\\d", "\\W", "\\s", "[\\d-]", "[\\]\\[^]"]
)
ends = st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])
pieces = st.one_of(
    st.sampled_from([".*", ".", "@", "#?", "()", "<1-100>", "<007-050>", '"a b"', "a|b"]),
    classes,
    words.map(plain),
    words.map(lambda text: plain(text[:1])),
)
expressions = st.recursive(
    pieces,
    lambda inner: st.one_of(
        st.builds(lambda part, end: f"({part}){end}", inner, ends),
        st.builds(lambda one, other: f"{one}{other}", inner, inner),
        st.builds(lambda one, other: f"{one}|{other}", inner, inner),
    ),
    max_leaves=4,
)
# What matches a text there is, mostly: parts of it in other words.
likely = st.builds(
    lambda text, at, piece, end: plain(text[:at]) + piece + end,
    words,
    st.integers(0, 6),
    classes | st.just("."),
    st.sampled_from(["*", "+", "{0,20}"]),
)
near = st.builds(
    lambda text, at, instead: text[:at] + instead + text[at + 1 :],
    words,
    st.integers(0, 5),
    st.sampled_from(["", "x", "ü", "~"]),
).filter(bool)
many_names = st.sampled_from(
    [
        *("properties.*", "properties.a*", "*", "c*", "*.b", "traits.*.keyword", "context.page.*"),
        *("*e*", "no*", "we`*", "properties.*.b", "_*", "%*"),
    ]
).filter(lambda name: name != "*")
all_names = st.one_of(names, names, names, many_names)
in_object = st.one_of(
    st.builds(Term, keys, words),
    st.builds(Phrase, keys, texts, st.sampled_from([0, 0, 1])),
    st.builds(Wildcard, keys, real_patterns),
    st.builds(Regex, keys, likely),
    st.builds(Fuzzy, keys, near, st.sampled_from([None, 1, 2])),
    st.builds(Range, keys, bounds, bounds).filter(lambda r: bool(r.low or r.high)),
    st.builds(Exists, keys),
)
nested = st.builds(
    Nested,
    st.sampled_from(["properties.a", "properties.b", "traits.a", "context.page", "properties.a.b"]),
    st.one_of(
        in_object,
        st.builds(Not, in_object),
        st.builds(And, st.lists(in_object, min_size=2, max_size=2).map(tuple)),
        st.builds(Or, st.lists(in_object, min_size=2, max_size=2).map(tuple)),
    ),
)
leaf = st.one_of(
    st.builds(Term, many_names, words),
    st.builds(Exists, many_names),
    st.builds(Wildcard, many_names, real_patterns),
    st.builds(Range, many_names, bounds, bounds).filter(lambda r: bool(r.low or r.high)),
    st.builds(Regex, st.none() | all_names, expressions | likely),
    st.builds(Regex, st.none() | all_names, likely),
    st.builds(Fuzzy, st.none() | all_names, near, st.sampled_from([None, 0, 1, 2])),
    st.builds(Term, st.none() | names, words),
    st.builds(Phrase, st.none() | names, texts, st.sampled_from([0, 0, 1, 3])),
    st.builds(Wildcard, st.none() | names, real_patterns),
    st.builds(Range, names, bounds, bounds).filter(lambda r: bool(r.low or r.high)),
    st.builds(Exists, names),
    st.just(All()),
)
trees: st.SearchStrategy[Tree] = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


def found_by_engine(
    store: Store, tree: Tree, *, zone: tzinfo = UTC, has_words: bool = False
) -> set[int]:
    binder = Binder()
    where = compile_tree(tree, binder, now=NOW, zone=zone, has_words=has_words)
    with store.client() as client:
        result = client.query(
            f"SELECT raw_index, {where} AS is_match FROM events_data",
            parameters=binder.parameters,
            settings={"short_circuit_function_evaluation": "force_enable"},
        )
    # Never NULL, so that NOT turns it around.
    assert {is_match for _, is_match in result.result_rows} <= {0, 1}
    return {int(number) for number, is_match in result.result_rows if is_match}


def refusal(ask: Callable[[], object]) -> tuple[str, int | None] | None:
    """Return message and position of the `QueryError`, if that is what comes of it."""
    try:
        ask()
    except QueryError as error:
        return str(error), error.position
    return None


def agree(world: World, tree: Tree, zone: tzinfo, *, has_words: bool) -> None:
    note(render(tree))
    refused = refusal(lambda: matcher(tree, now=NOW, zone=zone, has_words=has_words))
    if refused is not None:
        assert refused == refusal(
            lambda: compile_tree(tree, Binder(), now=NOW, zone=zone, has_words=has_words)
        )
        return

    matches = matcher(tree, now=NOW, zone=zone, has_words=has_words)
    found = found_by_engine(world.store, tree, zone=zone, has_words=has_words)

    wanted = {number for number, event in enumerate(world.events) if matches(event)}
    for number in sorted(found ^ wanted)[:2]:
        note(f"{'SQL' if number in found else 'Python'} alone: {world.events[number]}")
    assert found == wanted


@settings(max_examples=150, deadline=None)
@given(tree=trees)
def test_sql_finds_the_events_that_python_finds(world: World, tree: Tree) -> None:
    agree(world, tree, UTC, has_words=False)


@settings(max_examples=60, deadline=None)
@given(tree=trees, zone=st.sampled_from(["Asia/Kolkata", "America/Sao_Paulo"]).map(ZoneInfo))
def test_sql_and_python_read_words_and_zones_alike(world: World, tree: Tree, zone: tzinfo) -> None:
    agree(world, tree, zone, has_words=True)


@settings(max_examples=60, deadline=None)
@given(tree=nested)
def test_sql_and_python_look_alike_into_objects(world: World, tree: Tree) -> None:
    agree(world, tree, UTC, has_words=False)


# What would do harm if it ever stood in a statement as it is written.
HOSTILE = [
    *(
        "'",
        "''",
        "\\'",
        '"',
        "`",
        "\\`",
        "``",
        "\\",
        "\\\\",
        ";",
        "--",
        "/*",
        "*/",
        "#",
        "{p0:String}",
    ),
    *(
        "') OR 1=1 --",
        "' UNION ALL SELECT 1",
        "`) --",
        "{}",
        "%",
        "_",
        "$1",
        "{p0}",
        "\\x27",
        "\r\n",
    ),
    *("a", "1", "event", "properties.", "properties.a", "properties.`a`", "context.x", "timestamp"),
    *(
        ":",
        "(",
        ")",
        " AND ",
        " or ",
        "*",
        "?",
        "~",
        "~2",
        "/",
        "[",
        " TO ",
        "]",
        "{",
        "}",
        ">=",
        " ",
    ),
    *("^`", ".:`Int64`", ".^a", "[]", "\u202e", "\U0001f600", "\u00e9", "not ", "_exists_:"),
]
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(characters, max_size=2), max_size=10).map(
    "".join
)
hostile_names = st.builds("{}.{}".format, st.sampled_from(["properties", "context"]), hostile)


@settings(max_examples=120, deadline=None)
@given(
    tree=st.one_of(
        st.builds(Term, hostile_names | hostile, hostile.filter(bool)),
        st.builds(Phrase, hostile_names, hostile, st.sampled_from([0, 2])),
        st.builds(Exists, hostile_names),
        st.builds(Fuzzy, st.none() | hostile_names, hostile.filter(bool), st.none()),
        st.builds(Regex, st.none() | hostile_names, hostile),
        st.builds(Regex, hostile_names, hostile.map(plain)),
        st.builds(Nested, hostile_names, st.builds(Term, hostile.filter(bool), hostile)),
        st.builds(Wildcard, hostile_names, hostile.map(escaped).map("{}*".format)),
        st.builds(lambda text: parsed_or_all(text, "lucene"), hostile),
        st.builds(lambda text: parsed_or_all(text, "kql"), hostile),
    )
)
def test_nothing_that_is_asked_breaks_out_of_its_condition(world: World, tree: Tree) -> None:
    if refusal(lambda: compile_tree(tree, Binder(), now=NOW)) is not None:
        return

    found = found_by_engine(world.store, And((tree, Not(All()))))

    # Whatever the tree is, it stands beside what nothing matches.
    assert found == set()


def parsed_or_all(text: str, language: Language) -> Tree:
    try:
        return read(text, language).tree
    except QueryError:
        return All()


@settings(max_examples=300, deadline=None)
@given(tree=trees)
def test_rendered_text_parses_to_the_same_tree(tree: Tree) -> None:
    assert parse(render(tree)).tree == tree
