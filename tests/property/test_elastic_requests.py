"""Whatever a client sends to the Elasticsearch face is answered, if only by an error."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.app.elastic.capabilities import capabilities, field_mapping, mapping
from tailrace.app.elastic.clauses import tree_of
from tailrace.app.elastic.errors import ElasticError
from tailrace.app.elastic.hits import hits_of
from tailrace.app.elastic.indices import covers_events
from tailrace.app.elastic.intake import answer_of, read_bulk
from tailrace.app.elastic.requests import Ask, token_of
from tailrace.app.elastic.shapes import read_search
from tailrace.errors import QueryError
from tailrace.query.asked import asked_of
from tailrace.query.documents import split_time
from tailrace.query.shapes import FieldInfo, Fields

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
NAMES = st.sampled_from(
    [
        "event",
        "timestamp",
        "@timestamp",
        "properties.a",
        "is_bot",
        "_id",
        "*",
        "",
        "a.",
        "x",
        "_doc",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["now-1d/d", "2026-03-10", "AND", "a:b:c", "/(/", "\\", "*", "1m", "75%"]),
)
KINDS = st.sampled_from(
    [
        "bool",
        "term",
        "terms",
        "match",
        "match_phrase",
        "multi_match",
        "range",
        "exists",
        "ids",
        "prefix",
        "wildcard",
        "regexp",
        "fuzzy",
        "query_string",
        "nested",
        "constant_score",
        "dis_max",
        "simple_query_string",
        "match_all",
        "boosting",
    ]
)
OPTIONS = st.sampled_from(
    [
        "query",
        "value",
        "values",
        "gte",
        "lt",
        "format",
        "time_zone",
        "fields",
        "field",
        "must",
        "filter",
        "should",
        "must_not",
        "minimum_should_match",
        "fuzziness",
        "slop",
        "operator",
        "path",
        "queries",
        "default_operator",
        "default_field",
        "type",
        "boost",
        "flags",
    ]
)
SEARCH_KEYS = st.sampled_from(
    ["query", "size", "from", "sort", "search_after", "_source", "fields", "docvalue_fields",
     "highlight", "track_total_hits", "pit", "aggs", "script_fields", "stored_fields", "other"]
)  # fmt: skip


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.one_of(NAMES, KINDS, OPTIONS)
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.builds(lambda kind, body: {kind: body}, KINDS, st.dictionaries(keys, inner, max_size=3)),
    )


JSON = st.recursive(st.one_of(SCALARS, NAMES), nested, max_leaves=12)


def ask(parameters: dict[str, str] | None = None, body: bytes = b"") -> Ask:
    return Ask(
        method="POST",
        parts=("events", "_search"),
        parameters=parameters or {},
        headers={},
        body=body,
    )


@settings(max_examples=400)
@given(JSON)
def test_any_query_becomes_sql_or_an_error(query: Any) -> None:
    with suppress(ElasticError, QueryError):
        tree, since_ms, until_ms = split_time(tree_of(query, now=NOW), now=NOW)
        asked = asked_of(tree, since_ms=since_ms, until_ms=until_ms, now=NOW, has_words=True)

        assert asked.since_ms < asked.until_ms


@settings(max_examples=300)
@given(
    st.dictionaries(SEARCH_KEYS, JSON, max_size=4),
    st.dictionaries(
        st.sampled_from(["q", "size", "from", "sort", "_source", "track_total_hits", "df"]),
        st.text(max_size=10),
        max_size=2,
    ),
)
def test_any_search_is_read_or_refused(body: dict[str, Any], parameters: dict[str, str]) -> None:
    with suppress(ElasticError):
        search = read_search(body, ask(parameters), now=NOW)

        assert 0 <= search.size + search.offset <= 10_000
        assert hits_of([], search) == []


@given(JSON)
def test_any_names_of_indices_are_read_or_refused(names: Any) -> None:
    with suppress(ElasticError):
        assert covers_events(names, ignores_unknown=False) in (True, False)


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda kind, about: {kind: about},
                st.sampled_from(["index", "create", "delete", "update", "x"]),
                st.one_of(st.fixed_dictionaries({"_index": SCALARS}, optional={"_id": JSON}), JSON),
            ),
            JSON,
        ),
        max_size=6,
    )
)
def test_any_bulk_body_is_read_or_refused(lines: list[Any]) -> None:
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()

    with suppress(ElasticError):
        for write in read_bulk(body, "events", event_bytes_max=1_000):
            told = answer_of(write, write.error)

            assert (told["status"] == 201) == bool(write.event)
            assert len(write.event) <= 1_000
            assert write.error is not None or isinstance(json.loads(write.event), dict)


@given(st.binary(max_size=30))
def test_any_bulk_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(ElasticError):
        read_bulk(body, None, event_bytes_max=100)


@given(st.text(max_size=40))
def test_any_authorization_is_a_token_or_none(text: str) -> None:
    token = token_of({"authorization": text})

    assert token is None or isinstance(token, str)


@given(
    st.lists(
        st.builds(
            FieldInfo,
            name=st.lists(
                st.sampled_from(["properties", "a", "b", "properties.a"]), min_size=1, max_size=4
            ).map(".".join),
            type=st.sampled_from(["text", "number", "boolean", "time", "mixed"]),
            share=st.just(1.0),
        ),
        max_size=8,
    )
)
def test_any_fields_have_a_mapping(infos: list[FieldInfo]) -> None:
    known = [FieldInfo(name="timestamp", type="time", share=1.0), *infos]

    found = mapping(Fields(fields=known, sampled=1))["events"]["mappings"]["properties"]

    for info in infos:
        at: Any = {"properties": found}
        for key in info.name.split("."):
            at = at["properties"][key]
        assert at["type"]
    assert capabilities(Fields(fields=known, sampled=1), ["*"])["fields"]["timestamp"]
    assert field_mapping(Fields(fields=known, sampled=1), ["*"])["events"]["mappings"]


@pytest.mark.parametrize("depth", [100, 5_000])
def test_the_deepest_json_is_refused(depth: int) -> None:
    body = b'{"query":' + b'{"bool":{"must":' * depth + b"{}" + b"}}" * depth + b"}"

    with pytest.raises((ElasticError, RecursionError)):
        read_search(ask(body=body).json(), ask(), now=NOW)
