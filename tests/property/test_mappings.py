"""Whatever is mapped: the event stays as it was, and nothing but our errors comes out."""

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailrace.jsontext import json_text, number_text
from tailrace.mappings import Field, MappingError, MappingFailedError, clean, compile_mapping

KEYS = ["userId", "properties", "a", "b", "first name", "l", "$", "0", "x.y"]
PATHS = [
    "$.userId",
    "$.properties",
    "properties.a",
    "$.properties.l",
    "$.properties.l[0]",
    "$.properties['first name']",
    "$.a.b",
    "$.",
    "",
    "l",
    "[]",
    "0",
]
DIRECTIVES = [
    *("@path", "@template", "@literal", "@if", "@case", "@replace", "@arrayPath", "@merge"),
    *("@transform", "@flatten", "@json", "@excludeWhenNull", "@liquid", "@x", "@"),
]
OPTIONS = [
    *("exists", "blank", "then", "else", "operator", "value", "pattern", "replacement", "objects"),
    *("direction", "apply", "mapping", "separator", "mode", "ignorecase", "_metadata"),
]

plain_keys = st.text(max_size=3).filter(lambda key: not key.startswith("@"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["", "5", "true", "{{a}}", "[1]", '{"a":null}', "$.a"])
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | plain_keys, inner, max_size=4)
    ),
    max_leaves=12,
)
events = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=5)


def directives(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return mappings that mean something, of smaller ones."""
    short = st.text(min_size=1, max_size=3)
    flags = st.booleans()
    return st.one_of(
        st.fixed_dictionaries({"@path": inner.filter(is_directive) | st.sampled_from(PATHS)}),
        st.fixed_dictionaries({"@template": inner.filter(is_directive) | templates}),
        st.fixed_dictionaries({"@literal": inner}),
        st.fixed_dictionaries({"@excludeWhenNull": inner}),
        st.builds(
            lambda asks, of, **rest: {"@if": {asks: [of], **rest}},
            st.sampled_from(["exists", "blank"]),
            inner,
            then=inner,
        ),
        st.builds(
            lambda operator, value: {"@case": {"operator": operator, "value": value}},
            st.sampled_from(["lower", "upper"]),
            inner,
        ),
        st.builds(
            lambda **options: {"@replace": options},
            value=inner,
            pattern=short,
            replacement=short | st.none(),
            ignorecase=flags,
            **{"global": flags},
        ),
        st.builds(
            lambda path, shape: {"@arrayPath": [path, shape]},
            st.sampled_from(PATHS) | inner.filter(is_directive),
            inner.filter(lambda shape: isinstance(shape, dict)),
        ),
        st.builds(
            lambda objects, direction: {"@merge": {"objects": objects, "direction": direction}},
            st.lists(inner, max_size=3),
            st.sampled_from(["left", "right"]),
        ),
        st.builds(
            lambda apply, mapping: {"@transform": {"apply": apply, "mapping": mapping}},
            inner.filter(lambda apply: isinstance(apply, dict)),
            inner,
        ),
        st.builds(
            lambda value, omits: {
                "@flatten": {"value": value, "separator": ".", "omitArrays": omits}
            },
            inner,
            flags,
        ),
        st.builds(
            lambda mode, value: {"@json": {"mode": mode, "value": value}},
            st.sampled_from(["encode", "decode"]),
            inner,
        ),
    )


def is_directive(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith("@") for key in value)


templates = st.lists(
    st.sampled_from(["{{userId}}", "{{{properties.a}}}", "{{ l }}", "x", "{{", "}}"]), max_size=4
).map("".join)
paths = st.sampled_from(PATHS).map(lambda path: {"@path": path})
mappings = st.recursive(
    scalars | paths | templates.map(lambda text: {"@template": text}),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
        | directives(inner)
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(mappings, events)
@example({"@path": {"@literal": "$."}}, {})
def test_a_mapping_changes_neither_the_event_nor_itself(mapping: Any, event: Any) -> None:
    before = json.dumps(event), json.dumps(mapping)
    try:
        compiled = compile_mapping(mapping)
    except MappingError as refused:
        # Only for what the strategy may nest too deep.
        assert "levels deep" in str(refused)  # noqa: PT017
        return

    results = []
    for _ in range(2):
        try:
            results.append(json.dumps(compiled.apply(event)))
        except MappingFailedError as failed:
            results.append(str(failed))

    assert results[0] == results[1]
    assert (json.dumps(event), json.dumps(mapping)) == before


wild = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
        | st.dictionaries(st.sampled_from(DIRECTIVES), inner, min_size=1, max_size=1)
        | st.dictionaries(st.sampled_from(DIRECTIVES + OPTIONS), inner, max_size=3)
        | st.dictionaries(st.sampled_from(OPTIONS), inner, max_size=4)
        | st.fixed_dictionaries({"__segment_internal_directive": inner, "a": inner})
    ),
    max_leaves=10,
)


@settings(max_examples=600, deadline=None)
@given(wild, events)
def test_any_json_is_a_mapping_or_gives_our_error_with_places(mapping: Any, event: Any) -> None:
    try:
        compiled = compile_mapping(mapping)
    except MappingError as refused:
        problems = refused.problems
    else:
        try:
            compiled.apply(event)
        except MappingFailedError as failed:
            problems = {"": str(failed)}
        else:
            return
    assert problems
    assert all(problems.values())


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_json_without_directives_maps_to_itself(value: Any) -> None:
    assert compile_mapping({"a": value}).apply({}) == {"a": value}


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_json_survives_being_encoded_and_decoded(value: Any) -> None:
    encoded = {"@json": {"mode": "encode", "value": {"@path": "$.v"}}}
    both = {"@json": {"mode": "decode", "value": encoded}}

    found = compile_mapping({"v": both}).apply({"v": value})

    assert doubles(found) == doubles({"v": value})


def doubles(value: Any) -> Any:
    """Return the value with its numbers as JavaScript has them."""
    if isinstance(value, dict):
        return {key: doubles(part) for key, part in value.items()}
    if isinstance(value, list):
        return [doubles(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


names = st.sampled_from(["a", "b", "l", "userId"])
types = st.sampled_from(
    ["string", "text", "password", "number", "integer", "boolean", "object", "datetime"]
)
flat_fields = st.builds(
    Field,
    name=names,
    type=types,
    is_required=st.booleans(),
    is_multiple=st.booleans(),
    allows_null=st.booleans(),
    format=st.sampled_from(["", "uri", "email", "date", "date-like"]),
    choices=st.just(()) | st.just(("a", 5)),
    minimum=st.none() | st.just(0),
    maximum=st.none() | st.just(10.5),
    allows_others=st.booleans(),
)


def unique(fields: list[Field]) -> tuple[Field, ...]:
    return tuple({field.name: field for field in fields}.values())


field_sets = st.lists(flat_fields, max_size=4).map(unique)
payloads = st.dictionaries(names | st.sampled_from(KEYS), json_values, max_size=5)


@settings(max_examples=500, deadline=None)
@given(field_sets, payloads, st.booleans())
def test_a_payload_is_cleaned_or_all_its_problems_are_told(
    fields: tuple[Field, ...], payload: Any, is_batch: Any
) -> None:
    before = copy.deepcopy(payload)

    cleaned = clean(fields, payload, is_batch=is_batch)

    assert payload == before
    assert (cleaned.payload is None) is bool(cleaned.problems)
    assert all(problem.field and problem.message for problem in cleaned.problems)
    if cleaned.payload is not None:
        assert set(cleaned.payload) <= {field.name for field in fields}
        assert {field.name for field in fields if field.is_required} <= set(cleaned.payload)


@settings(max_examples=300, deadline=None)
@given(field_sets, payloads)
def test_a_clean_payload_is_clean(fields: tuple[Field, ...], payload: Any) -> None:
    once = clean(fields, payload, is_batch=True)

    if once.payload is not None:
        again = clean(fields, once.payload, is_batch=True)

        assert again.problems == ()
        assert json.dumps(again.payload) == json.dumps(once.payload)


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
@example(1e21)
@example(123456789012345680000.0)
@example(1e-6)
@example(1e-7)
@example(5e-324)
@example(-0.0)
def test_a_number_as_text_reads_back_as_the_same(number: float) -> None:
    text = number_text(number)

    assert float(text) == float(number)
    assert not text.endswith(".0")


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_json_text_reads_back_as_the_same(value: Any) -> None:
    assert doubles(json.loads(json_text(value))) == doubles(value)
    assert " " not in json_text([1, {"a": [2]}])


PIECES = st.sampled_from(
    (
        "{{ properties.a }}",
        "{{ properties | json }}",
        "{{ properties.b | append: properties.a | upcase }}",
        "{{ properties.a | times: properties.b }}",
        "{{ properties.a | divided_by: properties.b | round: 2 }}",
        "{{ properties.b | date: '%Y' }}",
        "{{ properties.b | split: '' | join: properties.b }}",
        "{{ properties.b | replace: '', properties.b }}",
        "{{ properties.a | slice: properties.b }}",
        "{{ properties.a | where: properties.b | first }}",
        "{% assign x = properties.a %}",
        "{% capture x %}{{ x }}{{ x }}{{ properties.b }}{% endcapture %}",
        "{% if properties.a > properties.b %}{{ x }}{% endif %}",
        "{{ x | truncate: 5 | strip_html | default: 'none' }}",
    )
)


@given(st.lists(PIECES, max_size=8), json_values, json_values)
@settings(max_examples=100, deadline=None)
def test_a_template_gives_text_or_our_error(pieces: list[str], one: Any, other: Any) -> None:
    mapping = compile_mapping({"@liquid": "".join(pieces)})

    try:
        made = mapping.apply({"properties": {"a": one, "b": other}})
    except MappingFailedError as error:
        made = str(error)

    assert isinstance(made, str)
