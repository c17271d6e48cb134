"""A small cluster over real HTTP: templates, files beside the index, and what a check tells."""

import base64
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tailrace.destinations import check
from tailrace.destinations.api import Checked, Delivered, Json, Outcome, Rejected, Retry
from tailrace.destinations.elasticsearch import DESTINATION, Document, index
from tailrace.errors import SettingsError, TransientError
from tool_server import Answer, Request, ToolServer, event_json, loopback_tools

SECRET = "planted-secret-0123456789"


class Cluster:
    """What a cluster and a store of objects answer; `statuses` are those of documents by id."""

    def __init__(self, version: str = "8.15.0", *, distribution: str = "") -> None:
        self.root = {
            "version": {
                "number": version,
                **({"distribution": distribution} if distribution else {}),
            },
            "tagline": "You Know, for Search",
        }
        self.statuses: dict[str, int] = {}
        self.answers: dict[str, Answer] = {}
        self.objects: dict[str, bytes] = {}
        self.templates: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        path = request.path.partition("?")[0]
        if path in self.answers:
            return self.answers[path]
        if path == "/":
            return self._json(self.root)
        if path == "/_bulk":
            return self._json(
                {"items": [self._item(json.loads(line)) for line in request.body.splitlines()[::2]]}
            )
        if path.startswith("/_index_template/"):
            name = path.rpartition("/")[2]
            if request.method == "PUT":
                self.templates[name] = request.json()
                return self._json({"acknowledged": True})
            return self._json({}) if name in self.templates else Answer(status=404)
        if path.startswith("/kept/"):
            if request.method == "PUT":
                self.objects[path.removeprefix("/kept/")] = gzip.decompress(request.body)
            return Answer(body=b"")
        return Answer(status=404)

    def _json(self, value: object) -> Answer:
        return Answer(body=json.dumps(value).encode())

    def _item(self, line: dict[str, Any]) -> dict[str, Any]:
        [(operation, place)] = line.items()
        status = self.statuses.get(place.get("_id", ""), 201)
        error = {"type": f"told-{status}", "reason": f"for {place.get('_id')}"}
        return {operation: {"status": status, **({"error": error} if status > 300 else {})}}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def bucket(url: str) -> dict[str, object]:
    return {
        "backup_bucket": "kept",
        "backup_region": "eu-central-1",
        "backup_access_key_id": "AKIAPLANTED",
        "backup_secret_access_key": SECRET,
        "backup_endpoint_url": url,
    }


async def sent(
    cluster: Cluster,
    *batches: Sequence[bytes],
    directory: Path | None = None,
    is_bucket: bool = False,
    **given: Any,
) -> tuple[list[Sequence[Outcome]], list[Request]]:
    """Return the outcomes of batches that are sent one after the other, and the requests."""
    with ToolServer(cluster.answer).running() as server:
        own = bucket(server.url) if is_bucket else {}
        settings = check(DESTINATION, {"url": server.url, "index": "idx", **own, **given}).settings
        allowed = () if directory is None else (str(directory),)
        async with loopback_tools(file_directories=allowed) as tools:
            outcomes = [
                await index([Document(source=Json(each)) for each in batch], settings, tools)
                for batch in batches
            ]
    return outcomes, server.requests


# --- Templates ------------------------------------------------------------------------------------


async def test_the_template_is_put_once_before_the_first_document(cluster: Cluster) -> None:
    _, requests = await sent(cluster, [event_json("a")], [event_json("b")])

    assert [(each.method, each.path.partition("?")[0]) for each in requests] == [
        ("GET", "/"),
        ("PUT", "/_index_template/tailrace-idx"),
        ("POST", "/_bulk"),
        ("POST", "/_bulk"),
    ]
    template = cluster.templates["tailrace-idx"]
    assert template["index_patterns"] == ["idx-*"]
    limits = template["template"]["settings"]
    assert limits["index.mapping.total_fields.limit"] == 1_000
    assert limits["index.mapping.total_fields.ignore_dynamic_beyond_limit"] is True
    fields = template["template"]["mappings"]["properties"]
    assert {fields[each]["type"] for each in ("properties", "traits", "context")} == {"flattened"}
    assert {fields[each]["type"] for each in ("@timestamp", "sentAt", "receivedAt")} == {"date"}


@pytest.mark.parametrize(
    ("version", "distribution", "kind", "is_ignoring"),
    [
        ("8.13.4", "", "flattened", False),
        ("9.0.0", "", "flattened", True),
        ("2.11.0", "opensearch", "flat_object", False),
    ],
)
async def test_the_template_is_as_the_cluster_takes_it(
    version: str, distribution: str, kind: str, is_ignoring: bool
) -> None:
    cluster = Cluster(version, distribution=distribution)

    await sent(cluster, [event_json("a")], index_rotation="none", fields_max=500)

    template = cluster.templates["tailrace-idx"]
    assert template["index_patterns"] == ["idx"]
    assert template["template"]["mappings"]["properties"]["properties"]["type"] == kind
    limits = template["template"]["settings"]
    assert limits["index.mapping.total_fields.limit"] == 500
    assert ("index.mapping.total_fields.ignore_dynamic_beyond_limit" in limits) is is_ignoring


async def test_dynamic_properties_have_fields_of_their_own(cluster: Cluster) -> None:
    await sent(cluster, [event_json("a")], properties_as="dynamic")

    mappings = cluster.templates["tailrace-idx"]["template"]["mappings"]
    assert "properties" not in mappings["properties"]
    assert mappings["date_detection"] is False


@pytest.mark.parametrize(
    "given",
    [{"manage_template": False}, {"operation": "create", "index_rotation": "none"}],
)
async def test_no_template_is_put_where_it_is_not_ours_to_put(
    cluster: Cluster, given: dict[str, Any]
) -> None:
    _, requests = await sent(cluster, [event_json("a")], **given)

    assert [each.method for each in requests] == ["POST"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, SettingsError, "manage_index_templates"),
        (400, SettingsError, "set manage_template to false"),
        (503, TransientError, "503"),
    ],
)
async def test_without_the_template_nothing_is_indexed(
    cluster: Cluster, status: int, kind: type[Exception], words: str
) -> None:
    cluster.answers["/_index_template/tailrace-idx"] = Answer(status=status, body=b"no")

    with pytest.raises(kind, match=words):
        await sent(cluster, [event_json("a")])

    assert cluster.templates == {}


# --- Files beside the index -----------------------------------------------------------------------


async def test_refused_documents_are_kept_as_firehose_keeps_them(cluster: Cluster) -> None:
    cluster.statuses = {"bad": 400, "busy": 429}
    events = [event_json(each) for each in ("good", "bad", "busy")]

    [outcomes], _ = await sent(cluster, events, is_bucket=True, backup="failed")

    assert [type(each) for each in outcomes] == [Delivered, Rejected, Retry]
    [(key, text)] = cluster.objects.items()
    assert key.startswith("AmazonOpenSearchService-failed/2026/11/21/10/idx-2026-11-21-10-00-01-")
    [line] = [json.loads(each) for each in text.splitlines()]
    ended = line.pop("attemptEndingTimestamp")
    assert ended > line["arrivalTimestamp"] - 1 > 1_700_000_000_000
    assert base64.b64decode(line.pop("rawData")) == events[1]
    assert line == {
        "attemptsMade": 1,
        "arrivalTimestamp": 1795255201500,
        "errorCode": "400",
        "errorMessage": "told-400: for bad",
        "esDocumentId": "bad",
        "esIndexName": "idx-2026-11-21",
    }


async def test_attempts_are_counted_until_a_document_is_given_up(cluster: Cluster) -> None:
    cluster.statuses = {"slow": 429}
    with ToolServer(cluster.answer).running() as server:
        own = {"url": server.url, "index": "idx", "backup": "failed", **bucket(server.url)}
        settings = check(DESTINATION, own).settings
        async with loopback_tools() as tools:
            for _ in range(2):
                await index([Document(source=event_json("slow"))], settings, tools)
            cluster.statuses = {"slow": 400}
            await index([Document(source=event_json("slow"))], settings, tools)

    [text] = cluster.objects.values()
    assert json.loads(text)["attemptsMade"] == 3


async def test_all_documents_are_kept_once_they_have_an_end(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.statuses = {"bad": 400, "busy": 429}
    events = [event_json(each) for each in ("good", "bad", "busy")]
    place: dict[str, Any] = {
        "backup": "all",
        "backup_directory": str(tmp_path / "in"),
        "backup_prefix": "es/",
    }

    for _ in range(2):
        await sent(cluster, events, directory=tmp_path, **place)

    found = {
        path.relative_to(tmp_path / "in").parts[:2]: gzip.decompress(path.read_bytes())
        for path in (tmp_path / "in").rglob("*")
        if path.is_file()
    }
    assert set(found) == {("es", "2026"), ("es", "AmazonOpenSearchService-failed")}
    assert found["es", "2026"].splitlines() == events[:2]


async def test_what_cannot_be_kept_is_not_given_up(cluster: Cluster, tmp_path: Path) -> None:
    cluster.statuses = {"bad": 400}
    events = [event_json("good"), event_json("bad")]
    other: dict[str, Any] = {"backup_directory": str(tmp_path)}

    [failed], _ = await sent(cluster, events, backup="failed", **other)
    [both], _ = await sent(cluster, events, backup="all", **other)

    assert [type(each) for each in failed] == [Delivered, Retry]
    assert [type(each) for each in both] == [Retry, Retry]
    assert "not allowed" in str(failed[1])


async def test_a_store_that_answers_with_an_error_keeps_documents_back(cluster: Cluster) -> None:
    cluster.statuses = {"bad": 400}
    with ToolServer(
        lambda request: (
            Answer(status=503)
            if request.method == "PUT" and "/kept/" in request.path
            else cluster.answer(request)
        )
    ).running() as server:
        own = {"url": server.url, "index": "idx", "backup": "failed", **bucket(server.url)}
        settings = check(DESTINATION, own).settings
        async with loopback_tools() as tools:
            outcomes = await index([Document(source=event_json("bad"))], settings, tools)

    assert [type(each) for each in outcomes] == [Retry]
    assert SECRET not in repr(outcomes)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"backup": "failed"}, "backup"),
        (
            {
                "backup": "all",
                "backup_bucket": "kept",
                "backup_directory": "/x",
                "backup_region": "eu-central-1",
            },
            "backup",
        ),
        ({"backup_bucket": "kept"}, "backup_region"),
        (
            {"backup_bucket": "kept", "backup_region": "eu-central-1", "backup_access_key_id": "A"},
            "backup_secret_access_key",
        ),
    ],
)
def test_a_backup_to_nowhere_is_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as error:
        check(DESTINATION, {"url": "http://es:9200", "index": "idx", **given})

    assert named in error.value.problems


# --- Checks ---------------------------------------------------------------------------------------


async def looked(cluster: Cluster, **given: object) -> dict[str, Checked]:
    with ToolServer(cluster.answer).running() as server:
        own = {"url": server.url, "index": "idx", "api_key": SECRET, **given}
        settings = check(DESTINATION, own).settings
        async with loopback_tools() as tools:
            assert DESTINATION.check is not None
            told = await DESTINATION.check(settings, tools)
    assert SECRET not in repr(told)
    assert {each.method for each in server.requests} <= {"GET", "HEAD", "POST"}
    assert {each.path for each in server.requests if each.method == "POST"} <= {
        "/_security/user/_has_privileges"
    }
    return {each.name.partition(" ")[0]: each for each in told}


async def test_a_check_tells_what_the_cluster_is_and_what_we_may(cluster: Cluster) -> None:
    cluster.answers["/_security/user/_has_privileges"] = Answer(
        body=b'{"has_all_requested":false,"cluster":{"manage_index_templates":true},'
        b'"index":{"idx-*":{"index":false,"auto_configure":true}}}'
    )

    told = await looked(cluster)

    assert {name: each.is_good for name, each in told.items()} == {
        "name": True,
        "connection": True,
        "cluster": True,
        "privileges": False,
        "template": True,
        "index": True,
    }
    assert told["cluster"].detail == "is Elasticsearch 8.15.0"
    assert "index on idx-*" in told["privileges"].detail


async def test_a_check_ends_where_the_credentials_are_wrong(cluster: Cluster) -> None:
    cluster.answers["/"] = Answer(status=401, body=b"who are you")

    told = await looked(cluster)

    assert told["cluster"].is_good is False
    assert "privileges" not in told


async def test_what_a_cluster_does_not_tell_is_not_known() -> None:
    told = await looked(
        Cluster("2.11.0", distribution="opensearch"), backup="failed", backup_directory="/srv/x"
    )

    assert told["privileges"].is_good is None
    assert told["backup"].is_good is False


async def test_a_server_that_is_no_cluster_is_told(cluster: Cluster) -> None:
    cluster.answers["/"] = Answer(body=b"<html>")

    told = await looked(cluster)

    assert told["cluster"].is_good is False
    assert "no Elasticsearch" in told["cluster"].detail


def test_every_setting_is_in_the_page() -> None:
    text = (Path(__file__).parents[2] / "docs/destinations/elasticsearch.md").read_text()

    missing = [name for name in DESTINATION.fields if f"`{name}`" not in text]

    assert missing == []
