"""The index template, which keeps events from making fields without end."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tailrace.destinations import api
from tailrace.destinations.elasticsearch.bulk import authorization
from tailrace.destinations.elasticsearch.settings import Settings
from tailrace.errors import SettingsError, TransientError

PRIORITY: Final = 10
"""Low, so that a template of one's own, with a higher one, goes before."""

KEYWORD: Final = {"type": "keyword", "ignore_above": 1_024}
_FLATTENED: Final = {"type": "flattened", "ignore_above": 8_191, "depth_limit": 100}
"""A term in Lucene has 32,766 bytes at most, a character up to four."""

_IGNORES_BEYOND_LIMIT: Final = (8, 14)
_TEXTS: Final = (
    "messageId",
    "type",
    "event",
    "name",
    "userId",
    "anonymousId",
    "groupId",
    "previousId",
)
_TIMES: Final = ("@timestamp", "timestamp", "receivedAt", "originalTimestamp", "sentAt")
_NESTED: Final = ("properties", "traits", "context")
_encode = msgspec.json.Encoder().encode


class Cluster(NamedTuple):
    """What a cluster is."""

    is_opensearch: bool
    version: str

    def __str__(self) -> str:
        return f"{'OpenSearch' if self.is_opensearch else 'Elasticsearch'} {self.version}"


class _Version(msgspec.Struct):
    number: str = ""
    distribution: str = ""


class _Root(msgspec.Struct):
    version: _Version
    tagline: str = ""


class _Put:
    """Whether the template is there; for several batches at once."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.is_done = False


def is_managed(settings: Settings) -> bool:
    """Tell whether the indexes get a template of ours; a data stream needs one of its owner's."""
    is_stream = settings.operation == "create" and settings.index_rotation == "none"
    return settings.manage_template and not is_stream


def name_of(settings: Settings) -> str:
    """Return what the template is called."""
    return f"tailrace-{settings.index}"


def pattern_of(settings: Settings) -> str:
    """Return what the names of the indexes are like."""
    return settings.index if settings.index_rotation == "none" else f"{settings.index}-*"


async def put(settings: Settings, tools: api.Tools) -> None:
    """Put the template, once.

    Raises:
        SettingsError: the cluster refuses it, or us.
        TransientError: there was no answer.
    """
    if not is_managed(settings):
        return
    state = tools.kept("elasticsearch-template", _Put)
    async with state.lock:
        if state.is_done:
            return
        cluster = await asked(settings, tools)
        response = await request(
            "PUT",
            f"/_index_template/{name_of(settings)}",
            settings,
            tools,
            body=template_of(settings, cluster),
        )
        _judge(response, f"the index template {name_of(settings)}")
        state.is_done = True


async def asked(settings: Settings, tools: api.Tools) -> Cluster:
    """Return what the cluster is.

    Raises:
        SettingsError: it does not let us ask.
        TransientError: there was no answer.
    """
    response = await request("GET", "/", settings, tools)
    _judge(response, "the question for its version")
    return cluster_of(response.body)


def cluster_of(body: bytes) -> Cluster:
    """Return what a cluster says that it is.

    Raises:
        SettingsError: it is none.
    """
    try:
        root = msgspec.json.decode(body, type=_Root)
    except msgspec.DecodeError as error:
        raise SettingsError(f"url is of no Elasticsearch or OpenSearch: {error}") from error
    is_opensearch = "opensearch" in f"{root.version.distribution} {root.tagline}".lower()
    return Cluster(is_opensearch, root.version.number)


async def request(
    method: str, path: str, settings: Settings, tools: api.Tools, *, body: object = None
) -> api.Response:
    """Return the answer of the cluster to a call with JSON."""
    headers = authorization(settings)
    if body is not None:
        headers["Content-Type"] = "application/json"
    return await tools.http.request(
        method,
        f"{settings.url.rstrip('/')}{path}",
        content=b"" if body is None else _encode(body),
        headers=headers,
        timeout_s=settings.timeout_s,
    )


def template_of(settings: Settings, cluster: Cluster) -> Mapping[str, Any]:
    """Return the template as the cluster takes it."""
    flat = {"type": "flat_object"} if cluster.is_opensearch else _FLATTENED
    limits: dict[str, object] = {
        "index.mapping.total_fields.limit": settings.fields_max,
        "index.mapping.ignore_malformed": True,
    }
    if not cluster.is_opensearch and _numbers(cluster.version) >= _IGNORES_BEYOND_LIMIT:
        limits["index.mapping.total_fields.ignore_dynamic_beyond_limit"] = True
    properties: dict[str, Any] = {
        **dict.fromkeys(_TEXTS, KEYWORD),
        **{name: {"type": "date"} for name in _TIMES},
        "integrations": {"type": "object", "enabled": False},
    }
    if settings.properties_as == "flat":
        properties |= dict.fromkeys(_NESTED, flat)
    return {
        "index_patterns": [pattern_of(settings)],
        "priority": PRIORITY,
        "template": {
            "settings": limits,
            "mappings": {
                "date_detection": False,
                "dynamic_templates": [
                    {"texts": {"match_mapping_type": "string", "mapping": KEYWORD}},
                    # A whole number first and a fraction later: both fit.
                    {"numbers": {"match_mapping_type": "long", "mapping": {"type": "double"}}},
                ],
                "properties": properties,
            },
        },
        "_meta": {"managed_by": "tailrace"},
    }


def _judge(response: api.Response, what: str) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    told = f"the cluster answers {what} with {status}: {api.text_of(response.body)[:500]}"
    if status in {408, 429} or status >= 500:
        raise TransientError(told)
    advice = "set manage_template to false and give the indexes a template of your own"
    if status in {401, 403}:
        advice = f"let the credentials monitor and manage_index_templates, or {advice}"
    raise SettingsError(f"{told}; {advice}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version)[:2])
