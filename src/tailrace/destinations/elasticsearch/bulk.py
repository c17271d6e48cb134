"""Calls of `_bulk`: what is sent for each document, and what the answers mean."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tailrace.destinations import api
from tailrace.destinations.elasticsearch.settings import Settings
from tailrace.errors import SettingsError, TransientError

ID_BYTES_MAX: Final = 512
"""A longer `_id` makes the cluster refuse the whole request."""

NO_OBJECT: Final = api.Rejected("no-object", "the document is no object, or its id no text")
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


_CONFLICTS: Final = frozenset({"document_parsing_exception", "mapper_parsing_exception"})


class Placed(NamedTuple):
    """A document on its way: its index, its id ("" where the cluster gives one), and its lines."""

    target: str
    id: str
    lines: bytes
    received_at: str


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


async def answered(
    placed: Sequence[Placed], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Return what the cluster says of each document, from one call.

    Raises:
        SettingsError: somebody has to change something first.
        TransientError: it did not tell.
    """
    response = await tools.http.request(
        "POST",
        # Only what is read below, so that the answer stays small.
        f"{settings.url.rstrip('/')}/_bulk?filter_path=items.*.status,items.*.error",
        content=b"".join(each.lines for each in placed),
        headers={"Content-Type": "application/x-ndjson", **authorization(settings)},
        timeout_s=settings.timeout_s,
    )
    if response.status != 200:
        return [_outcome_of_all(response, len(placed))] * len(placed)
    try:
        answer = _decode_answer(response.body)
    except msgspec.DecodeError as error:
        raise TransientError(f"the answer is none of _bulk: {error}") from error
    items = [item for named in answer.items for item in named.values()]
    if len(items) != len(placed):
        raise TransientError(f"the answer has {len(items)} items for {len(placed)} documents")
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


def placed(source: bytes, settings: Settings) -> Placed | None:
    """Return where a document goes, with its lines; None for what is no object."""
    try:
        event = _decode_event(source)
    except msgspec.ValidationError:
        return None
    received_at = event.received_at or datetime.now(UTC).isoformat()
    place = {"_index": index_name(settings, received_at)}
    if event.message_id:
        place["_id"] = _id(event.message_id)
    if event.timestamp and event.own_timestamp is UNSET:
        source = b'{"@timestamp":%b,%b' % (_encode(event.timestamp), source[1:])
    lines = b"%b\n%b\n" % (_encode({settings.operation: place}), source)
    return Placed(place["_index"], place.get("_id", ""), lines, received_at)


def _id(message_id: str) -> str:
    text = message_id.encode()
    return message_id if len(text) <= ID_BYTES_MAX else hashlib.sha256(text).hexdigest()


def authorization(settings: Settings) -> dict[str, str]:
    """Return the header by which the cluster knows us."""
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
    return api.Rejected(error.type or f"http-{status}", f"{told}{_advice(told, error)}", status)


def _advice(told: str, error: _Error) -> str:
    """Return what to do about a field that does not fit, "" for another fault."""
    if told.startswith("Limit of total fields"):
        return " (raise fields_max, or set properties_as to flat)"
    if error.type in _CONFLICTS and "[" in told:
        return " (its index has another type for the field; properties_as flat takes any value)"
    return ""


def _told(error: _Error) -> str:
    """Return the cluster's reason, with the cause that it gives."""
    cause = error.caused_by.reason if error.caused_by is not None else None
    reasons = [each for each in (error.reason, cause) if each]
    return api.text_of(": ".join(reasons or [error.type]).encode())
