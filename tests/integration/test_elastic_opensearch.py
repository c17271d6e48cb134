"""The same queries asked of a real OpenSearch that has the same events."""

import json
from typing import Any

import pytest
from app_server import free_port
from elastic_events import Face
from elastic_queries import QUERIES

from opensearch import Node, running_node

pytestmark = pytest.mark.services

KEYWORD = {"type": "keyword", "fields": {"keyword": {"type": "keyword"}}}
TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword"}}}
MAPPING: dict[str, Any] = {
    "properties": {
        "@timestamp": {"type": "date"},
        "timestamp": {"type": "date"},
        "event": KEYWORD,
        "name": KEYWORD,
        "type": KEYWORD,
        "user_id": KEYWORD,
        "source": KEYWORD,
        "properties": {
            "properties": {
                "total": {"type": "double"},
                "paid": {"type": "boolean"},
                "items": {
                    "type": "nested",
                    "properties": {"sku": {"type": "keyword"}, "n": {"type": "long"}},
                },
                "note": TEXT,
                "plan": TEXT,
            }
        },
        "note": {"type": "alias", "path": "properties.note"},
        "plan": {"type": "alias", "path": "properties.plan"},
        "paid": {"type": "alias", "path": "properties.paid"},
    }
}
DIFFERENT = {
    '{"term": {"properties.note": "fox"}}': "a term is compared with the whole value",
    '{"multi_match": {"query": "viewed", "fields": ["*"]}}': "words are found in keywords too",
}
"""Queries that OpenSearch answers otherwise, and why; docs/elasticsearch.md tells of them."""


def fill(node: Node, face: Face) -> None:
    """Give the node the events as the face shows them, with the fields that are mapped."""
    node.ask("PUT", "/events", {"mappings": {**MAPPING, "dynamic": "false"}})
    for hit in face.post("/events/_search", {"size": 100})["hits"]["hits"]:
        source = {
            name: hit["_source"][name] for name in MAPPING["properties"] if name in hit["_source"]
        }
        source = {name: value for name, value in source.items() if value != ""}
        if source["properties"].get("total") == "many":
            # A field has one type there.
            del source["properties"]["total"]
        node.ask("PUT", f"/events/_doc/{hit['_id']}", source)
    node.ask("POST", "/events/_refresh")


def test_every_query_finds_what_opensearch_finds(face: Face) -> None:
    found = {}

    with running_node(free_port()) as node:
        fill(node, face)
        for query, expected in QUERIES:
            answer = node.ask("POST", "/events/_search", {"query": query, "size": 100})
            ids = sorted(hit["_id"] for hit in answer["hits"]["hits"])
            if ids != sorted(expected):
                found[json.dumps(query)] = ids

    assert {query: ids for query, ids in found.items() if query not in DIFFERENT} == {}
    assert set(found) == set(DIFFERENT)
