"""Filters against a slow evaluator that anybody can check by reading it."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tailrace.filters import (
    AllowProperties,
    DestinationFilter,
    Drop,
    DropProperties,
    FilterError,
    FilterFailedError,
    Sample,
    apply_filters,
    compile_filter,
    compile_trigger,
    read_filter,
)
from tailrace.filters.functions import FUNCTIONS
from tailrace.filters.glob import matcher
from tailrace.filters.parser import parse
from tailrace.filters.reach import EVENT_TYPES
from tailrace.filters.sampling import share_of
from tailrace.filters.tree import (
    All,
    And,
    Call,
    Compare,
    Constant,
    ListOf,
    Not,
    Or,
    Path,
    Tree,
    render,
)

NAMES = ["type", "event", "properties", "total", "a", "x y", "a.b", "in", "5th", "é", "-", "true"]
WORDS = ["track", "page", "Order Completed", "a", "A", "", "1.2", "O*", "é", "5", "[a-c]", "\\"]
NUMBERS = [0, 1, -1, 5, 5.5, -0.25, 30, 2**53 + 1, 1e20]
OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "in"]

scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.sampled_from(WORDS)
json_values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
events = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6) | st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(EVENT_TYPES)),
        "event": st.sampled_from(WORDS),
        "properties": st.dictionaries(st.sampled_from(NAMES), json_values, max_size=5),
    }
)

texts = st.sampled_from(WORDS) | st.text(max_size=6).filter(lambda text: '"' not in text)
constants = (scalars | texts).map(Constant)
paths = st.lists(st.sampled_from(NAMES) | st.text(min_size=1, max_size=3), min_size=1, max_size=3)
values = st.recursive(
    constants | paths.map(tuple).map(Path),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple).map(ListOf)
        | st.sampled_from(sorted(FUNCTIONS)).flatmap(
            lambda name: st.tuples(*[inner] * FUNCTIONS[name].arity).map(
                lambda arguments: Call(name, arguments)
            )
        )
    ),
    max_leaves=4,
)
comparisons = st.builds(Compare, st.sampled_from(OPERATORS), values, values)
bool_calls = values.filter(
    lambda value: isinstance(value, Call) and FUNCTIONS[value.name].returns == "bool"
)
leaves = (
    comparisons
    | bool_calls
    | paths.map(tuple).map(Path)
    | st.sampled_from([True, False, None]).map(Constant)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(tuple).map(And)
        | st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=6,
)


def value_of(tree: Tree, event: Any) -> Any:
    match tree:
        case Constant(value):
            return value
        case ListOf(items):
            return [value_of(item, event) for item in items]
        case Call(name, arguments):
            return FUNCTIONS[name].call(*[value_of(each, event) for each in arguments])
        case Path(parts):
            for part in parts:
                event = event.get(part) if isinstance(event, dict) else None
            return event
    raise AssertionError(tree)


def is_same(one: Any, other: Any) -> bool:
    """Compare as JSON text, which tells types and the order of keys apart."""
    numbers = {int, float}
    if type(one) in numbers and type(other) in numbers:
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(is_same, one.values(), other.values()))
    return type(one) is type(other) and bool(one == other)


def compared(operator: str, left: Any, right: Any) -> bool:
    if operator == "=":
        return is_same(left, right)
    if operator == "!=":
        return not is_same(left, right)
    if operator == "in":
        if right is None:
            return False
        if not isinstance(right, list):
            raise FilterFailedError("no list")
        return any(is_same(left, item) for item in right)
    if not {type(left), type(right)} <= {int, float}:
        return False
    order = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return bool(order[operator])


def condition(tree: Tree, event: Any) -> bool:
    match tree:
        case All():
            return True
        case Not(part):
            return not condition(part, event)
        case And(parts):
            return all(condition(part, event) for part in parts)
        case Or(parts):
            return any(condition(part, event) for part in parts)
        case Compare(operator, left, right):
            return compared(operator, value_of(left, event), value_of(right, event))
    value = value_of(tree, event)
    if value is not None and not isinstance(value, bool):
        raise FilterFailedError("neither true nor false")
    return value is True


def slowly(tree: Tree, event: Any) -> bool | None:
    """Tell whether the event matches; None where nobody can say."""
    if isinstance(tree, Path):
        return value_of(tree, event) is True
    try:
        return condition(tree, event)
    except FilterFailedError:
        return None


def quickly(compiled: Any, event: Any) -> bool | None:
    try:
        found = compiled.evaluate(event)
    except FilterFailedError:
        return None
    assert isinstance(found, bool)
    return found


@settings(max_examples=400, deadline=None)
@given(trees | st.just(All()))
def test_a_tree_written_and_read_again_is_the_same(tree: Tree) -> None:
    again = parse(render(tree))

    assert again.tree == tree
    assert render(again.tree) == render(tree)
    assert again.warnings == ()


@settings(max_examples=700, deadline=None)
@given(trees, st.lists(events, min_size=1, max_size=4))
def test_the_compiled_filter_says_what_the_slow_one_says(tree: Tree, each: list[Any]) -> None:
    try:
        compiled = compile_filter(render(tree))
    except FilterError:
        # A constant of a wrong type: no event can ask for it.
        assume(False)

    for event in each:
        before = copy.deepcopy(event)

        assert quickly(compiled, event) == slowly(tree, event)
        assert compiled.matches(event) is (slowly(tree, event) is True)
        assert bool(compiled.failure(event)) is (slowly(tree, event) is None)
        assert event == before


typed = st.sampled_from(
    [
        "type = 'track'",
        "type != 'page'",
        "type in ['track', 'alias']",
        "type = 5",
        "event = 'a'",
        "true",
        "false",
        "null",
        "properties.a",
    ]
)
typed_filters = st.recursive(
    typed,
    lambda inner: (
        inner.map("!({})".format)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' and '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' or '.join(parts)})")
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(typed_filters, st.sampled_from(sorted(EVENT_TYPES)), st.sampled_from("ab"), scalars)
def test_only_the_types_that_were_read_off_can_match(
    text: str, kind: str, name: str, flag: Any
) -> None:
    compiled = compile_filter(text)
    event = {"type": kind, "event": name, "properties": {"a": flag}}

    assert compiled.types is None or kind in compiled.types or not compiled.matches(event)


PIECES = [
    *("and", "or", "!", "(", ")", "[", "]", ",", "=", "!=", "<", ">=", "in", "all", "true", "null"),
    *(
        "type",
        "event",
        "properties.a",
        "contains(",
        "match(",
        "length(",
        "'a'",
        '"b*"',
        "5",
        "-1.5",
    ),
    *(" ", "  ", "\\", ".", "'", '"', "AND", "not", "é", "\n", "\ud800", "$", "&&"),
]


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=12).map("".join)
    | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)
    | st.text(max_size=30)
)
@example("(" * 3_000)
@example("!" * 3_000 + "a")
@example("[" * 3_000)
@example("a and " * 700 + "b")
@example("1" * 5_000)
@example("a = " + "9" * 5_000)
@example("match(a, '" + "*" * 4_000 + "')")
@example("match(a, '" + "[" * 4_000 + "')")
@example("properties" + ".a" * 2_000)
def test_any_text_gives_a_filter_or_an_error_with_a_place(text: str) -> None:
    for compile_text in (compile_filter, compile_trigger):
        try:
            compiled = compile_text(text)
        except FilterError as refused:
            error = refused
        else:
            event = {"type": "track", "event": "a", "properties": {"a": 5}}
            assert compiled.matches(event) in {True, False}
            continue
        assert str(error)
        assert error.position is None or 0 <= error.position <= len(text)


glob_pieces = st.sampled_from(
    ["*", "?", "[ab]", "[a-c]", "[^a]", "\\*", "\\a", "[\\]x]", "a", "b", ".", "\n"]
)


def fits(pieces: list[str], text: str) -> bool:
    """Tell whether a text fits a pattern, by trying everything."""
    if not pieces:
        return not text
    first, *rest = pieces
    if first == "*":
        return any(fits(rest, text[i:]) for i in range(len(text) + 1))
    ones = {"?": text[:1], "[ab]": "ab", "[a-c]": "abc", "[\\]x]": "]x"}
    is_one = text[:1] != "a" if first == "[^a]" else text[:1] in ones.get(first, first[-1])
    return bool(text) and is_one and fits(rest, text[1:])


@settings(max_examples=600, deadline=None)
@given(st.lists(glob_pieces, max_size=7), st.text(alphabet="abc]x*.\n", max_size=8))
def test_a_pattern_fits_what_trying_everything_finds(pieces: list[str], text: str) -> None:
    assert matcher("".join(pieces))(text) is fits(pieces, text)


trigger_fields = st.sampled_from(["type", "event", "properties.a", "traits.a", "context.x\\ y"])
trigger_conditions = st.one_of(
    st.builds(
        "{} {} {}".format,
        trigger_fields,
        st.sampled_from(["=", "!="]),
        st.sampled_from(["'track'", "'5'", "''", "5", "null"]),
    ),
    st.builds("{} = {}".format, trigger_fields, st.sampled_from(["true", "false"])),
    st.builds("{} {} {}".format, trigger_fields, st.sampled_from(["<", ">="]), st.just("5")),
    st.builds("{}contains({}, 'a')".format, st.sampled_from(["", "!"]), trigger_fields),
    st.builds(
        "{}match({}, '{}')".format,
        st.sampled_from(["", "!"]),
        trigger_fields,
        st.sampled_from(["a*", "*a"]),
    ),
)
groups = st.lists(trigger_conditions, min_size=1, max_size=3).map(" and ".join)
triggers = groups | st.lists(groups.map("({})".format), min_size=1, max_size=3).map(" or ".join)
trigger_events = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page"])},
    optional={
        "event": json_values,
        "properties": json_values | st.fixed_dictionaries({"a": json_values}),
        "traits": json_values,
        "context": json_values,
    },
)


@settings(max_examples=200, deadline=None)
@given(triggers, trigger_events)
def test_a_trigger_never_fails(text: str, event: Any) -> None:
    compiled = compile_trigger(text)

    assert compiled.evaluate(event) in {True, False}
    assert compiled.types is None or event["type"] in compiled.types or not compiled.matches(event)


keys = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=3)
objects = st.dictionaries(
    st.just(()) | st.lists(st.sampled_from(NAMES), max_size=3).map(tuple), keys, max_size=3
)
actions = st.one_of(
    st.just(Drop()),
    st.builds(Sample, st.floats(0, 1), st.none() | st.just(("event",))),
    objects.map(DropProperties),
    objects.map(AllowProperties),
)
filters = st.builds(
    DestinationFilter,
    st.sampled_from(["all", "type = 'track'", "contains(event, 'a')", "properties.a"]).map(
        compile_filter
    ),
    st.lists(actions, min_size=1, max_size=3).map(tuple),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(filters, max_size=4), events)
def test_filters_never_change_the_event_that_others_get(
    given_filters: list[DestinationFilter], event: Any
) -> None:
    before = json.dumps(event)

    applied = apply_filters(given_filters, event, random=random.Random(1).random)

    assert json.dumps(event) == before
    assert (applied.event is None) is (applied.stopped_by is not None) is bool(applied.reason)
    assert applied.stopped_by is None or applied.stopped_by in given_filters


@settings(max_examples=150, deadline=None)
@given(st.lists(filters, max_size=4), events)
def test_the_order_of_the_filters_changes_nothing_of_what_is_sent(
    given_filters: list[DestinationFilter], event: Any
) -> None:
    def send(each: list[DestinationFilter]) -> Any:
        return apply_filters(each, event, random=lambda: 0.5).event

    assert send(given_filters) == send(given_filters[::-1])


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "if": st.sampled_from(["all", "type ="]) | json_values,
            "actions": json_values
            | st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["DROP", "SAMPLE", "ALLOW_PROPERTIES", "x"])},
                    optional={"percent": json_values, "path": json_values, "fields": json_values},
                ),
                max_size=3,
            ),
        },
    )
)
def test_any_json_gives_a_filter_or_our_error(value: Any) -> None:
    try:
        compiled = read_filter(value)
    except FilterError as refused:
        error = refused
    else:
        assert compiled.actions
        return
    assert str(error)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_a_share_is_the_same_each_time_and_below_one(value: Any) -> None:
    assert 0 <= share_of(value) < 1
    assert share_of(value) == share_of(json.loads(json.dumps(value)))


@pytest.mark.parametrize("percent", [0.01, 0.1, 0.25, 0.5, 0.9])
def test_a_sample_keeps_its_share_of_the_users(percent: float) -> None:
    sample = DestinationFilter(compile_filter("all"), (Sample(percent, ("userId",)),))
    users = 20_000

    kept = sum(
        apply_filters([sample], {"userId": f"user-{i}"}).event is not None for i in range(users)
    )

    # Four standard deviations of a fair draw.
    assert abs(kept - users * percent) < 4 * (users * percent * (1 - percent)) ** 0.5


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_holds_the_smaller_one(user: str, one: float, other: float) -> None:
    small, large = sorted((one, other))

    def keeps(percent: float) -> bool:
        sample = DestinationFilter(compile_filter("all"), (Sample(percent, ("userId",)),))
        return apply_filters([sample], {"userId": user}).event is not None

    assert not keeps(small) or keeps(large)
