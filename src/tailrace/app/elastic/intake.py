"""Documents that are written: `_bulk` and single ones, handed to the collection port.

The key is a write key of a source, which the collection port checks as it checks everybody's: its
limits and its answer count, and what it took in is durable. A document becomes a track event by the
source's mapping of arbitrary JSON, with all of it as properties; its `@timestamp` is when it
happened and its `_id` its message id.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tailrace.app.elastic.errors import ElasticError, bad_request
from tailrace.app.elastic.indices import require_writable
from tailrace.app.elastic.requests import Json, lines_of, object_of
from tailrace.config import CollectConfig
from tailrace.query.times import from_ms

if TYPE_CHECKING:
    import httpx

TIMEOUT_S: Final = 30.0
ID_CHARACTERS_MAX: Final = 256
_ACTIONS: Final = frozenset({"index", "create"})
_REFUSED: Final = frozenset({"update", "delete"})
# What one event may add to the JSON around it: a comma.
_AROUND: Final = 2
_HIGHEST_MS: Final = 10_413_791_999_999


@dataclass(frozen=True, kw_only=True)
class Write:
    """One document to write, or why it cannot be; `event` is the JSON that is handed over."""

    action: str
    index: str
    id: str
    event: bytes = b""
    error: ElasticError | None = None


class Intake:
    """Hands documents to the collection port; used on one event loop."""

    def __init__(self, config: CollectConfig) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        self._url = f"http://{host}:{config.port}/v1/json/"
        self._config = config
        self._http: httpx.AsyncClient | None = None

    async def write(self, key: str, writes: Sequence[Write]) -> list[ElasticError | None]:
        """Write documents; return for each what was wrong, None for those that are durable.

        Raises:
            ElasticError: 401, no source has the key.
        """
        outcomes: list[ElasticError | None] = [write.error for write in writes]
        places = [place for place, write in enumerate(writes) if write.error is None]
        for some in self._batches(writes, places):
            body = b"[" + b",".join(writes[place].event for place in some) + b"]"
            error = await self._hand_over(key, body)
            for place in some:
                outcomes[place] = error
        return outcomes

    def _batches(self, writes: Sequence[Write], places: Iterable[int]) -> Iterable[list[int]]:
        """Return the documents in batches that the collection port takes."""
        some: list[int] = []
        size = _AROUND
        for place in places:
            more = len(writes[place].event) + _AROUND
            is_full = size + more > self._config.body_bytes_max
            if some and (is_full or len(some) == self._config.batch_events_max):
                yield some
                some, size = [], _AROUND
            some.append(place)
            size += more
        if some:
            yield some

    async def _hand_over(self, key: str, body: bytes) -> ElasticError | None:
        """Return None when the events are durable."""
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        try:
            response = await self._http.post(
                self._url + _in_path(key),
                content=body,
                headers={"content-type": "application/json"},
            )
        except httpx.HTTPError as error:
            return ElasticError(
                503,
                "es_rejected_execution_exception",
                f"the collection port does not answer: {type(error).__name__}",
                retry_after_s=2,
            )
        if response.status_code == 200:
            return None
        return _refusal(response)


def read_bulk(body: bytes, index: str | None, *, event_bytes_max: int) -> list[Write]:
    """Return the documents of a `_bulk` body.

    Raises:
        ElasticError: the body cannot be read.
    """
    lines = lines_of(body)
    writes = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if not line.strip():
            continue
        action = object_of(line)
        if len(action) != 1:
            raise bad_request(
                f"Malformed action/metadata line [{place}], expected one action in an object"
            )
        [(kind, about)] = action.items()
        if kind not in _ACTIONS | _REFUSED or not isinstance(about, dict):
            raise bad_request(
                f"Malformed action/metadata line [{place}], expected one of [create, index] but "
                f"found [{kind[:50]}]"
            )
        text = b""
        if kind != "delete":
            if place >= len(lines):
                raise bad_request("The bulk request must be terminated by a newline [\\n]")
            text = lines[place]
            place += 1
        writes.append(
            _write(kind, text, about.get("_index", index), about.get("_id"), event_bytes_max)
        )
    return writes


def read_document(
    body: bytes, *, action: str, index: str, document_id: str | None, event_bytes_max: int
) -> Write:
    """Return one document to write."""
    return _write(action, body, index, document_id, event_bytes_max)


def answer_of(write: Write, error: ElasticError | None) -> Json:
    """Return what is told of one document."""
    told: Json = {"_index": write.index, "_id": write.id}
    if error is not None:
        cause = {"type": error.kind, "reason": error.reason}
        return {**told, "status": error.status, "error": cause}
    return {
        **told,
        "_version": 1,
        "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
        "status": 201,
    }


def _write(action: str, text: bytes, index: Any, document_id: Any, event_bytes_max: int) -> Write:
    shown_id = str(document_id)[:ID_CHARACTERS_MAX] if document_id is not None else ""
    shown_index = str(index)[:ID_CHARACTERS_MAX] if index is not None else ""
    try:
        if action in _REFUSED:
            raise bad_request(f"[{action}] is not offered: what was received is never changed")
        if not isinstance(index, str):
            raise bad_request("index is missing", kind="action_request_validation_exception")
        require_writable(index)
        if document_id is not None and not 0 < len(str(document_id)) <= ID_CHARACTERS_MAX:
            raise bad_request(f"_id has more than {ID_CHARACTERS_MAX} characters, or none")
        written_id = shown_id or secrets.token_urlsafe(15)
        event = msgspec.json.encode(_event(object_of(text), written_id))
        if len(event) > event_bytes_max:
            raise ElasticError(
                413,
                "document_parsing_exception",
                f"the document has {len(event)} bytes; the limit is {event_bytes_max} bytes "
                "(collect.event_bytes_max)",
            )
    except ElasticError as error:
        return Write(action=action, index=shown_index, id=shown_id, error=error)
    return Write(action=action, index=index, id=written_id, event=event)


def _event(document: Json, message_id: str) -> Json:
    """Return the document with its id and its time where a source's mapping looks for them."""
    found = {**document}
    found.setdefault("messageId", message_id)
    at = document.get("@timestamp")
    if isinstance(at, str):
        found.setdefault("timestamp", at)
    elif isinstance(at, int | float) and abs(at) <= _HIGHEST_MS:
        found.setdefault("timestamp", from_ms(round(at)).isoformat(timespec="milliseconds"))
    return found


def _refusal(response: "httpx.Response") -> ElasticError:
    """Return what Elasticsearch would say of a refusal of the collection port."""
    try:
        told: Mapping[str, Any] = response.json()
    except ValueError:
        told = {}
    reason = str(told.get("message") or told.get("error") or f"HTTP {response.status_code}")
    status = response.status_code
    if status in (401, 403) or told.get("code") == "unknown_source":
        raise ElasticError(
            401,
            "security_exception",
            "unable to authenticate: to write, send a write key of a source as the password of "
            "Basic, or as an ApiKey",
        )
    if status == 429 or status >= 500:
        after = response.headers.get("retry-after", "2")
        return ElasticError(
            429 if status == 429 else 503,
            "es_rejected_execution_exception",
            reason,
            retry_after_s=int(after) if after.isdigit() else 2,
        )
    return ElasticError(400, "document_parsing_exception", reason)


def _in_path(key: str) -> str:
    from urllib.parse import quote

    return quote(key, safe="")
