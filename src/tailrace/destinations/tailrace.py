"""Tailrace: sends events on to another Tailrace, or to any server that takes Segment's batch call.

Source: Segment's HTTP API, "Batch" (at most 500 KB in all), and "Common fields" for the times.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Raw

from tailrace.destinations import api, reaching
from tailrace.errors import SettingsError

BATCH_EVENTS_MAX: Final = 250
BATCH_BYTES_MAX: Final = 480_000
BATCH_AGE_S: Final = 0.25
REPLACED: Final = ("receivedAt", "sentAt")
"""What the next server finds out by itself: when it received the event, and when it was sent on."""

_NO_OBJECT: Final = api.Rejected("no-object", "the event is no object, or an empty one")
_WRONG_KEY: Final = frozenset(
    {"unknown_source", "source_disabled", "write_key_missing", "write_key_not_string"}
)
"""Codes that come with 400, which SDKs do not try again, though they are not about an event."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where to send, and as which source."""

    url: Annotated[
        str,
        api.Setting(
            "Address of the collector, without /v1/batch.",
            is_url=True,
            length_max=2_000,
        ),
    ]
    write_key: Annotated[
        api.Secret,
        api.Setting(
            "Write key of the source that the events become there.",
            pattern=r"[\x21-\x39\x3b-\x7e]+",
            expected="printable ASCII characters without spaces and ':'",
        ),
    ]
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=60)
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """What one event becomes."""

    event: Annotated[api.Json, api.Mapped("The event.", default={"@path": "$."})]


class _Refusal(msgspec.Struct):
    code: str = ""
    message: str = ""


_decode = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


async def send(
    events: Sequence[Forwarded], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Send the events by one batch call; it is taken, or refused, as a whole."""
    batch = [_without_replaced(event.event) for event in events]
    if not any(batch):
        return [_NO_OBJECT] * len(events)
    response = await _called([event for event in batch if event], settings, tools)
    if response.status in {404, 405}:
        raise SettingsError(f"the answer was {response.status}: there is no collector at url")
    if response.status == 400 and (refusal := _refusal(response.body)).code in _WRONG_KEY:
        raise SettingsError(f"the collector refuses write_key: {refusal.message or refusal.code}")
    outcome = api.outcome_of(response)
    return [outcome if event else _NO_OBJECT for event in batch]


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the collector can be reached and knows the key, by a batch without events."""
    steps = await reaching.reached(settings.url, tools, setting="url")
    if not reaching.is_reached(steps):
        return steps
    response = await _called([], settings, tools)
    refusal = _refusal(response.body)
    told = f"the answer was {response.status}: {refusal.message or api.text_of(response.body)}"
    if 200 <= response.status < 300:
        told = "a batch without events was taken (Segment itself takes one with any key)"
        return [*steps, api.Checked("write_key", True, told)]
    if response.status in {401, 403} or refusal.code in _WRONG_KEY:
        return [*steps, api.Checked("write_key", False, told, "write_key")]
    if response.status in {404, 405}:
        return [*steps, api.Checked("collector", False, f"none is at url: {told}", "url")]
    return [*steps, api.Checked("write_key", None, told)]


async def _called(
    events: Sequence[Mapping[str, Raw]], settings: Settings, tools: api.Tools
) -> api.Response:
    key = base64.b64encode(f"{settings.write_key.reveal()}:".encode()).decode()
    return await tools.http.request(
        "POST",
        f"{settings.url.rstrip('/')}/v1/batch",
        content=_body(events),
        headers={"Content-Type": "application/json", "Authorization": f"Basic {key}"},
        timeout_s=settings.timeout_s,
    )


def _body(events: Sequence[Mapping[str, Raw]]) -> bytes:
    """Return the batch call.

    An event keeps its `messageId`, so that one sent twice is taken once, and its `timestamp`, which
    is by our clock already: with our `sentAt` beside it, it comes out the same there.
    """
    sent_at = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return _encode({"batch": events, "sentAt": sent_at})


def _without_replaced(event: bytes) -> Mapping[str, Raw]:
    """Return the members of an event that are sent on; none for what is no object."""
    try:
        members = _decode(event)
    except msgspec.ValidationError:
        return {}
    for name in REPLACED:
        members.pop(name, None)
    return members


def _refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _Refusal()


SEND = api.Action(
    slug="send",
    name="Send on",
    description="Sends the event on with its messageId and its time.",
    fields=Forwarded,
    send=send,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX,
        bytes_max=BATCH_BYTES_MAX,
        age_s=BATCH_AGE_S,
        answers_each=False,
    ),
)
DESTINATION = api.Destination(
    slug="tailrace",
    name="Tailrace or Segment API",
    description="Sends events on to another Tailrace, or to any server with Segment's batch call.",
    settings=Settings,
    actions=(SEND,),
    check=check,
)
