"""The same aggregations asked of a real OpenSearch: the answers are the same.

Where they are not, the case says why (`opensearch`), and docs/aggregations.md as well.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from test_aggregations import CASES, answer, differences

from aggregation_world import NOW, world
from opensearch import Node, running_node
from stored_events import StoredEvents, stored_events
from waiting import free_port

pytestmark = pytest.mark.services

# Types that the first document does not tell, or that a field has there only once.
MAPPINGS = {
    "dynamic_templates": [
        {"texts": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}},
        {"fractions": {"match_mapping_type": "double", "mapping": {"type": "double"}}},
    ],
    "properties": {
        "timestamp": {"type": "date"},
        "properties.due": {"type": "date"},
        "properties.place": {"type": "geo_point"},
    },
}
LEFT_OUT = ("mixed", "written")


def comparable_cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.json")):
        for case in json.loads(path.read_text()):
            if "opensearch" not in case:
                found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node(free_port()) as running:
        fill(running)
        yield running


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("aggregations"), now=NOW) as opened:
        opened.add(world())
        yield opened


def fill(node: Node) -> None:
    """Index the world, each event as one document."""
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    node.ask("PUT", "/events", {"settings": settings, "mappings": MAPPINGS})
    for event in world():
        document = {
            name: value
            for name, value in event.items()
            if name not in ("at", "message_id") and value != ""
        }
        document["timestamp"] = event["at"].isoformat(timespec="milliseconds")
        document["properties"] = {
            name: value for name, value in event["properties"].items() if name not in LEFT_OUT
        }
        node.ask("PUT", f"/events/_doc/{event['message_id']}", document)
    node.ask("POST", "/events/_refresh")


def asked_there(node: Node, case: Mapping[str, Any]) -> Any:
    """Return what OpenSearch answers; `now` is a time of this world."""
    text = json.dumps(case["aggs"])
    for days in ("7d", "2d"):
        text = text.replace(f'"now-{days}"', f'"{NOW:%Y-%m-%dT%H:%M:%SZ}||-{days}"')
    body: dict[str, Any] = {"size": 0, "aggs": json.loads(text)}
    if case.get("query"):
        body["query"] = {"query_string": {"query": case["query"]}}
    return node.ask("POST", "/events/_search", body)["aggregations"]


def without_marks(answer: Any) -> Any:
    """Return an answer without what only one of the two tells."""
    if isinstance(answer, list):
        return [without_marks(one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    left_out = {"doc_count_error_upper_bound", "max_score", "_score", "sum_as_string"}
    return {key: without_marks(value) for key, value in answer.items() if key not in left_out}


@pytest.mark.parametrize("case", comparable_cases())
def test_an_answer_is_that_of_opensearch(
    case: Mapping[str, Any], node: Node, stored: StoredEvents
) -> None:
    got = answer(stored, case["aggs"], case.get("query", ""))

    wanted = asked_there(node, case)

    assert differences(without_marks(got.aggregations), without_marks(wanted)) == []
