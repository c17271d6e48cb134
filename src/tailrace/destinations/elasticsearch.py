"""Elasticsearch and OpenSearch: indexes each event as a document.

Source: AWS service model and guide of Firehose, for the rotation of indexes, the ends of their
names and the length of those; Elasticsearch's reference of `_bulk`, of index names and of `_id`.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

BATCH_EVENTS_MAX: Final = 500
BATCH_BYTES_MAX: Final = 5_000_000
BATCH_AGE_S: Final = 1.0
ID_BYTES_MAX: Final = 512
"""A longer `_id` makes the cluster refuse the whole request."""

_NO_OBJECT: Final = api.Rejected("no-object", "the document is no object, or its id no text")
_CONFLICT: Final = 409
_CREATE_ONLY: Final = "only write ops with an op_type of create are allowed in data streams"
_WHOLE_INDEX = frozenset(
    {
        "index_not_found_exception",
        "index_closed_exception",
        "invalid_index_name_exception",
        # Too many shards: no event gets in, whatever is in it.
        "validation_exception",
    }
)
"""Errors of an item that every other event would meet too."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which cluster, which index, and as whom."""

    url: Annotated[
        str, api.Setting("Address of the cluster, with its port.", is_url=True, length_max=2_000)
    ]
    index: Annotated[
        str,
        api.Setting(
            "Name of the index; a rotated one has the time at its end.",
            pattern=r"[a-z0-9][a-z0-9_.-]{0,79}",
            expected="1 to 80 lower-case letters, digits and _.-, a letter or digit first",
        ),
    ]
    index_rotation: Annotated[
        str,
        api.Setting(
            "How often a new index begins, by the time of arrival in UTC.",
            choices=("none", "hour", "day", "week", "month"),
        ),
    ] = "day"
    operation: Annotated[
        str,
        api.Setting(
            "What a document does whose id is there already: index replaces that one, create "
            "leaves it. A data stream takes create alone.",
            choices=("index", "create"),
        ),
    ] = "index"
    username: Annotated[str | None, api.Setting("User, where the cluster asks for one.")] = None
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    api_key: Annotated[
        api.Secret | None,
        api.Setting(
            "API key in its encoded form, instead of user and password.",
            pattern=r"[\x21-\x7e]+",
            expected="printable ASCII characters without spaces",
        ),
    ] = None
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=120)
    ] = 30.0

    def __post_init__(self) -> None:
        """Refuse half of a pair, and two ways to sign in."""
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if self.api_key is not None and self.username is not None:
            complaint = "is set beside username: give one of them"
            raise SettingsError(complaint, problems={"api_key": complaint})


@dataclass(frozen=True, kw_only=True)
class Document:
    """What one event becomes."""

    source: Annotated[api.Json, api.Mapped("The document.", default={"@path": "$."})]


class _Event(msgspec.Struct, gc=False, rename="camel"):
    """What a document says of itself; a mapping may have left it out."""

    message_id: str = ""
    timestamp: str = ""
    received_at: str = ""
    own_timestamp: Raw | UnsetType = msgspec.field(name="@timestamp", default=UNSET)


class _Error(msgspec.Struct, gc=False):
    type: str = ""
    reason: str | None = None
    caused_by: "_Error | None" = None


class _Item(msgspec.Struct, gc=False):
    status: int
    error: _Error | None = None


class _Answer(msgspec.Struct):
    items: list[dict[str, _Item]]


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_encode = msgspec.json.Encoder().encode


async def index(
    documents: Sequence[Document], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Index documents by one call of `_bulk`; the cluster answers for each."""
    lines = [_lines(document.source, settings) for document in documents]
    good = [line for line in lines if line]
    answered = iter(await _answered(good, settings, tools) if good else ())
    return [next(answered) if line else _NO_OBJECT for line in lines]


async def _answered(
    lines: Sequence[bytes], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    response = await tools.http.request(
        "POST",
        # Only what is read below, so that the answer stays small.
        f"{settings.url.rstrip('/')}/_bulk?filter_path=items.*.status,items.*.error",
        content=b"".join(lines),
        headers={"Content-Type": "application/x-ndjson", **_authorization(settings)},
        timeout_s=settings.timeout_s,
    )
    if response.status != 200:
        return [_outcome_of_all(response, len(lines))] * len(lines)
    try:
        answer = _decode_answer(response.body)
    except msgspec.DecodeError as error:
        raise TransientError(f"the answer is none of _bulk: {error}") from error
    items = [item for named in answer.items for item in named.values()]
    if len(items) != len(lines):
        raise TransientError(f"the answer has {len(items)} items for {len(lines)} documents")
    return [_outcome_of(item, settings) for item in items]


def index_name(settings: Settings, received_at: str) -> str:
    """Return the index of an event that arrived then, an ISO 8601 text in UTC.

    Weeks begin on Sundays, and a year's first one is that with its first Saturday.
    """
    match settings.index_rotation:
        case "hour":
            return f"{settings.index}-{received_at[:10]}-{received_at[11:13]}"
        case "day":
            return f"{settings.index}-{received_at[:10]}"
        case "month":
            return f"{settings.index}-{received_at[:7]}"
        case "week":
            day = date.fromisoformat(received_at[:10])
            saturday = date.fromordinal(day.toordinal() + (5 - day.weekday()) % 7)
            week = (saturday.timetuple().tm_yday + 6) // 7
            return f"{settings.index}-{saturday.year}-w{week:02}"
        case _:
            return settings.index


def _lines(source: bytes, settings: Settings) -> bytes:
    """Return what says where a document goes, and the document; nothing for what is no object."""
    try:
        event = _decode_event(source)
    except msgspec.ValidationError:
        return b""
    received_at = event.received_at or datetime.now(UTC).isoformat()
    place = {"_index": index_name(settings, received_at)}
    if event.message_id:
        place["_id"] = _id(event.message_id)
    if event.timestamp and event.own_timestamp is UNSET:
        source = b'{"@timestamp":%b,%b' % (_encode(event.timestamp), source[1:])
    return b"%b\n%b\n" % (_encode({settings.operation: place}), source)


def _id(message_id: str) -> str:
    text = message_id.encode()
    return message_id if len(text) <= ID_BYTES_MAX else hashlib.sha256(text).hexdigest()


def _authorization(settings: Settings) -> dict[str, str]:
    if settings.api_key is not None:
        return {"Authorization": f"ApiKey {settings.api_key.reveal()}"}
    if settings.username is not None and settings.password is not None:
        pair = f"{settings.username}:{settings.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _outcome_of_all(response: api.Response, count: int) -> api.Outcome:
    """Return what an answer to the whole call means for each document.

    Raises:
        SettingsError: the address or the credentials are wrong.
    """
    if response.status in {404, 405}:
        raise SettingsError(f"the answer was {response.status}: there is no _bulk below url")
    outcome = api.outcome_of(response)
    if isinstance(outcome, api.Delivered):
        raise TransientError(f"the answer was {response.status}, which is none of _bulk")
    if isinstance(outcome, api.Rejected) and count > 1:
        # Too large, or one of them is unreadable: smaller batches tell which.
        return api.Retry(outcome.reason, outcome.detail, outcome.status)
    return outcome


def _outcome_of(item: _Item, settings: Settings) -> api.Outcome:
    """Return what the cluster says of one document.

    Raises:
        SettingsError: it says so of all.
    """
    status = item.status
    if 200 <= status < 300 or (status == _CONFLICT and settings.operation == "create"):
        return api.Delivered(status)
    error = item.error or _Error()
    told = _told(error)
    if status in {401, 403} or error.type in _WHOLE_INDEX or told.startswith(_CREATE_ONLY):
        raise SettingsError(f"the cluster refuses all documents with {status}: {told}")
    if status in {_CONFLICT, 429} or status >= 500:
        return api.Retry(error.type or f"http-{status}", told, status)
    return api.Rejected(error.type or f"http-{status}", told, status)


def _told(error: _Error) -> str:
    """Return the cluster's reason, with the cause that it gives."""
    cause = error.caused_by.reason if error.caused_by is not None else None
    reasons = [each for each in (error.reason, cause) if each]
    return api.text_of(": ".join(reasons or [error.type]).encode())


INDEX = api.Action(
    slug="index",
    name="Index",
    description="Indexes the event as a document whose id is the event's messageId.",
    fields=Document,
    send=index,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, age_s=BATCH_AGE_S, lanes=2
    ),
)
PRESETS = (
    api.Preset(
        slug="people",
        name="People only",
        description="Indexes what is known of people and groups, without what they do.",
        action="index",
        trigger='type = "identify" or type = "group"',
    ),
    api.Preset(
        slug="without-context",
        name="Without the context",
        description="Indexes who did what and when, without browser, address and page.",
        action="index",
        trigger='type = "track"',
        mapping={
            "source": {
                "messageId": {"@path": "$.messageId"},
                "type": {"@path": "$.type"},
                "event": {"@path": "$.event"},
                "userId": {"@path": "$.userId"},
                "anonymousId": {"@path": "$.anonymousId"},
                "timestamp": {"@path": "$.timestamp"},
                "properties": {"@path": "$.properties"},
            }
        },
    ),
)
DESTINATION = api.Destination(
    slug="elasticsearch",
    name="Elasticsearch or OpenSearch",
    description="Indexes each event as a document of an Elasticsearch or OpenSearch cluster.",
    settings=Settings,
    actions=(INDEX,),
    presets=PRESETS,
)
