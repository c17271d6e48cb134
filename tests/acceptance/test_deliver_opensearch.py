"""Deliveries to a real OpenSearch: what it answers, and that every event becomes a document."""

import os
import random
import signal
from collections.abc import Iterator, Sequence

import pytest
from conftest import MakeTailrace
from running import Tailrace, free_port, wait_until

from opensearch import Node, running_node
from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected, Retry
from tailrace.destinations.elasticsearch import DESTINATION, Document, index
from tailrace.errors import SettingsError
from tool_server import event_json, loopback_tools

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
EVENTS = 5_000
INDEX = "idx-2026-11-21"
"""The index of the day on which the events of `event_json` were received."""


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node(free_port()) as node:
        yield node


async def sent(node: Node, *events: Json, **settings: object) -> Sequence[Outcome]:
    given = {"url": node.url, "index": "idx", "manage_template": False, **settings}
    async with loopback_tools() as tools:
        documents = [Document(source=event) for event in events]
        return await index(documents, check(DESTINATION, given).settings, tools)


async def test_an_event_that_comes_again_is_one_document(node: Node) -> None:
    outcomes = await sent(node, event_json("a"), event_json("b"), event_json("a"))

    assert [type(outcome) for outcome in outcomes] == [Delivered] * 3
    found = node.documents(INDEX)
    assert {"a", "b"} <= found.keys()
    assert found["a"]["@timestamp"] == found["a"]["timestamp"] == "2026-11-21T10:00:00.000Z"
    assert found["a"]["properties"] == {"total": 12.5, "note": "Zürich \u2028 & <b>"}


async def test_a_misfit_is_rejected_beside_neighbours_that_are_taken(node: Node) -> None:
    await sent(node, event_json("first"))

    misfit, other = await sent(
        node, event_json("misfit", properties={"total": "much"}), event_json("other")
    )

    assert isinstance(misfit, Rejected)
    assert misfit.reason == "mapper_parsing_exception"
    assert "properties.total" in misfit.detail
    assert isinstance(other, Delivered)


async def test_any_value_fits_where_properties_are_flat(node: Node) -> None:
    own = {"index": "flat", "manage_template": True, "fields_max": 100}
    values: list[object] = [1, 1.5, "much", True, {"deep": {"er": 1}}, [1, "a"], None]
    events = [
        event_json(f"m-{n}", properties={"total": value, f"only-{n}": {"x": n}})
        for n, value in enumerate(values)
    ]
    many = event_json("many", properties={f"p{n}": n for n in range(500)})

    outcomes = await sent(node, *events, many, **own)

    assert [type(outcome) for outcome in outcomes] == [Delivered] * 8
    index_of_day = "flat-2026-11-21"
    mapped = node.ask("GET", f"/{index_of_day}/_mapping")[index_of_day]["mappings"]["properties"]
    assert mapped["properties"]["type"] == "flat_object"
    assert mapped["@timestamp"]["type"] == mapped["receivedAt"]["type"] == "date"
    node.ask("POST", f"/{index_of_day}/_refresh")
    query = {"query": {"term": {"properties.total": "much"}}}
    found = node.ask("POST", f"/{index_of_day}/_search", query)["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["m-2"]


async def test_a_misfit_does_not_cost_the_event_where_properties_are_dynamic(
    node: Node,
) -> None:
    own = {"index": "dynamic", "manage_template": True, "properties_as": "dynamic"}

    outcomes = await sent(
        node,
        event_json("whole", properties={"total": 1}),
        event_json("fraction", properties={"total": 1.5}),
        event_json("misfit", properties={"total": "much"}),
        event_json("other", properties={"total": {"a": 1}}),
        **own,
    )

    assert [type(outcome) for outcome in outcomes] == [Delivered] * 4
    sums = {"size": 0, "aggs": {"all": {"sum": {"field": "properties.total"}}}}
    node.ask("POST", "/dynamic-2026-11-21/_refresh")
    answer = node.ask("POST", "/dynamic-2026-11-21/_search", sums)
    assert answer["aggregations"]["all"]["value"] == 2.5


async def test_too_many_fields_are_rejected_and_say_what_to_do(node: Node) -> None:
    own = {"manage_template": True, "properties_as": "dynamic", "fields_max": 100}

    [outcome] = await sent(
        node,
        event_json("many", properties={f"p{n}": n for n in range(200)}),
        index="bounded",
        **own,
    )

    assert isinstance(outcome, Rejected)
    assert "raise fields_max" in outcome.detail


async def test_a_check_tells_what_the_node_is_and_writes_nothing(node: Node) -> None:
    settings = check(DESTINATION, {"url": node.url, "index": "unseen"}).settings
    assert DESTINATION.check is not None

    async with loopback_tools() as tools:
        told = {each.name: each for each in await DESTINATION.check(settings, tools)}

    assert told["cluster"].is_good is True
    assert "OpenSearch" in told["cluster"].detail
    assert told["privileges"].is_good is None
    assert told["template tailrace-unseen"].is_good is True
    assert not any("unseen" in name for name in node.ask("GET", "/_all/_settings"))


async def test_a_data_stream_takes_create_and_says_so(node: Node) -> None:
    template = {"index_patterns": ["stream*"], "data_stream": {}}
    node.ask("PUT", "/_index_template/stream", template)
    place = {"index": "stream", "index_rotation": "none"}

    with pytest.raises(SettingsError, match="op_type of create"):
        await sent(node, event_json("a"), **place)
    outcomes = await sent(node, event_json("a"), event_json("a"), **place, operation="create")

    assert outcomes == [Delivered(201), Delivered(409)]


async def test_a_message_id_of_any_length_is_taken(node: Node) -> None:
    outcomes = await sent(node, event_json("ü" * 400), event_json("short"))

    assert [type(outcome) for outcome in outcomes] == [Delivered] * 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [("action.auto_create_index", "false"), ("cluster.max_shards_per_node", "1")],
)
async def test_an_index_that_cannot_be_made_suspends(node: Node, setting: str, value: str) -> None:
    name = f"not-there-{value}"
    node.ask("PUT", "/_cluster/settings", {"persistent": {setting: value}})
    try:
        with pytest.raises(SettingsError):
            await sent(node, event_json("a"), index=name)
    finally:
        node.ask("PUT", "/_cluster/settings", {"persistent": {setting: None}})

    assert await sent(node, event_json("a"), index=name) == [Delivered(201)]


async def test_a_full_disk_is_waited_for_and_a_closed_index_suspends(node: Node) -> None:
    await sent(node, event_json("a"), index="full", index_rotation="none")
    block = "index.blocks.read_only_allow_delete"

    node.ask("PUT", "/full/_settings", {block: True})
    [full] = await sent(node, event_json("b"), index="full", index_rotation="none")
    node.ask("PUT", "/full/_settings", {block: None})
    node.ask("POST", "/full/_close")
    with pytest.raises(SettingsError, match="closed"):
        await sent(node, event_json("b"), index="full", index_rotation="none")

    assert isinstance(full, Retry)
    assert full.reason == "cluster_block_exception"


def test_every_event_is_a_document_through_kills_of_the_deliverer(
    node: Node, make_tailrace: MakeTailrace
) -> None:
    tailrace = make_tailrace(settings=SETTINGS).start()
    settings = {"url": node.url, "index": "all", "index_rotation": "none"}
    body = {"slug": "search", "type": "elasticsearch", "settings": settings}
    assert tailrace.api.post("/api/v1/destinations", json=body).status_code == 201
    path = "/api/v1/destinations/search/delivery"
    wait_until(lambda: tailrace.get(path)["state"] == "running", what="running", within_s=30)
    chance = random.Random(3)
    ids = [f"m-{number}" for number in range(EVENTS)]

    for start in range(0, EVENTS, 500):
        batch = [
            {"type": "track", "event": "Sent", "userId": f"u-{n % 50}", "messageId": ids[n]}
            for n in range(start, start + 500)
        ]
        assert tailrace.send("/v1/batch", {"batch": batch}).status_code == 200
        if chance.random() < 0.5:
            kill_deliverer(tailrace)

    def is_delivered() -> bool:
        [subscription] = tailrace.get(path)["subscriptions"]
        return bool(subscription["delivered"] == EVENTS)

    wait_until(is_delivered, what="all delivered", within_s=120, state=tailrace.last_output)
    assert sorted(node.documents("all")) == sorted(ids)
    tailrace.audit()


def kill_deliverer(tailrace: Tailrace) -> None:
    def find() -> list[int]:
        return [pid for pid, part in tailrace.pids().items() if part == "deliver"]

    [deliverer] = wait_until(find, what="a deliverer", within_s=30)
    os.kill(deliverer, signal.SIGKILL)
