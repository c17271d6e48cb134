"""The same Lucene queries asked of a real OpenSearch: they find the same documents.

Where they do not, the case says what is found there and why (`opensearch`), and docs/search.md as
well. Its documents have their words in a field of their own, taken apart as we do: how it takes
text apart is another matter.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from opensearch import Node, running_node
from search_cases import NOW, Case, cases_of, name_of
from tailrace.query.text import tokens_of
from waiting import free_port

pytestmark = pytest.mark.services

LUCENE = cases_of("lucene")
ERRORS = [case for case in cases_of("errors") if case["language"] == "lucene"]
MAPPINGS = {
    "date_detection": False,
    "dynamic_templates": [
        {"texts": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}},
        {"fractions": {"match_mapping_type": "double", "mapping": {"type": "double"}}},
    ],
    "properties": {
        "event": {"type": "keyword"},
        "user_id": {"type": "keyword"},
        "timestamp": {"type": "date"},
        "words": {"type": "text"},
        # Its first value is whole, which would make it so for all.
        "properties": {"properties": {"price": {"type": "double"}}},
    },
}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node(free_port()) as running:
        settings = {"number_of_shards": 1, "number_of_replicas": 0}
        running.ask("PUT", "/events", {"settings": settings, "mappings": MAPPINGS})
        for document in cases_of("documents"):
            running.ask("PUT", f"/events/_doc/{document['message_id']}", as_indexed(document))
        running.ask("POST", "/events/_refresh")
        yield running


def as_indexed(document: Case) -> dict[str, Any]:
    """Return a document with the words of its values in a field of their own."""
    body = {key: value for key, value in document.items() if key != "message_id"}
    texts = [body["event"], body.get("user_id", ""), *values_of(body["properties"])]
    return {**body, "words": [" ".join(tokens_of(text)) for text in texts]}


def values_of(value: Any) -> Iterator[str]:
    """Return the texts and numbers in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from values_of(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def as_there(query: str) -> str:
    """Return a query whose `now` is the time of these documents, with `.keyword` left out."""
    now = NOW.strftime("%Y-%m-%dT%H:%M:%SZ||")
    query = re.sub(r":>=(now[^ )]*)", r":[\1 TO *]", query)
    query = re.sub(r":>(now[^ )]*)", r":{\1 TO *]", query)
    query = re.sub(r":<(now[^ )]*)", r":[* TO \1}", query)
    query = re.sub(
        r"(?<=[\[{ ])now((?:[+-]\d+[yMwdhms]|/[yMwdhms])*)(?=[\]} ])", rf'"{now}\1"', query
    )
    return query.replace(".keyword", "")


def search(node: Node, case: Case) -> dict[str, Any]:
    asked = {
        "query": as_there(case["query"]),
        "default_field": "words",
        "time_zone": case.get("zone", "UTC"),
    }
    return {"size": 100, "_source": False, "query": {"query_string": asked}}


@pytest.mark.parametrize("case", LUCENE, ids=name_of)
def test_a_query_finds_what_opensearch_finds(node: Node, case: Case) -> None:
    told = case.get("opensearch", {})

    if told.get("found") == "error":
        with httpx.Client(base_url=node.url, trust_env=False) as client:
            response = client.post("/events/_search", json=search(node, case))
        assert response.status_code == 400
        return
    found = node.ask("POST", "/events/_search", search(node, case))
    assert sorted(hit["_id"] for hit in found["hits"]["hits"]) == sorted(
        told.get("found", case["found"])
    )
    assert not told or told["why"]


@pytest.mark.parametrize("case", ERRORS, ids=name_of)
def test_a_text_that_is_refused_is_refused_there(node: Node, case: Case) -> None:
    with httpx.Client(base_url=node.url, trust_env=False) as client:
        response = client.post("/events/_search", json=search(node, case))

    assert response.status_code == (200 if "opensearch" in case else 400), json.dumps(
        response.json()
    )[:1000]
