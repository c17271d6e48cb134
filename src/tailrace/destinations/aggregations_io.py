"""Aggregations.io: sends arrays of events to an ingest.

Source: Segment's action "Send Events" for Aggregations.io (address, `x-api-token`, an array always,
300 events at most, a body with `message` where something is wrong, and the ping of its API).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from tailrace.destinations import api, reaching
from tailrace.errors import SettingsError

BATCH_EVENTS_MAX: Final = 300
BATCH_BYTES_MAX: Final = 1_000_000
BATCH_AGE_S: Final = 1.0
_PING: Final = "/api/v1/organization/ping-w"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which ingest, and the key that may write to it."""

    api_key: Annotated[
        api.Secret,
        api.Setting(
            "API key with the permission to write.",
            pattern=r"[\x21-\x7e]+",
            expected="printable ASCII characters without spaces",
        ),
    ]
    ingest_id: Annotated[
        str,
        api.Setting(
            "Id of the ingest, which was made for an array of JSON objects.",
            pattern=r"[A-Za-z0-9_-]{1,100}",
            expected="the letters and digits at the end of the ingest's address",
        ),
    ]
    url: Annotated[str, api.Setting("Address of the service.", is_url=True, length_max=2_000)] = (
        "https://ingest.aggregations.io"
    )
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=60)
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What is sent.", default={"@path": "$."})]


class _Answer(msgspec.Struct):
    message: str


async def send(
    events: Sequence[Sent], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Send the events as one array; the answer is for all of them."""
    response = await tools.http.request(
        "POST",
        f"{settings.url.rstrip('/')}/{settings.ingest_id}",
        content=b"[" + b",".join(event.data for event in events) + b"]",
        headers={
            "Content-Type": "application/json",
            "x-api-token": settings.api_key.reveal(),
        },
        timeout_s=settings.timeout_s,
    )
    told = _told(response.body)
    if response.status in {404, 405}:
        raise SettingsError(f"the answer was {response.status}, as for a wrong ingest_id: {told}")
    return [api.outcome_of(response._replace(body=told.encode()))] * len(events)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the ingest can be reached, and whether the key may write to it."""
    steps = await reaching.reached(settings.url, tools, setting="url")
    if not reaching.is_reached(steps):
        return steps
    question = urlencode({"ingest_id": settings.ingest_id, "schema": "ARRAY_OF_EVENTS"})
    response = await tools.http.request(
        "GET",
        f"{_api_of(settings.url)}{_PING}?{question}",
        headers={"x-api-token": settings.api_key.reveal()},
        timeout_s=settings.timeout_s,
    )
    told = f"the answer was {response.status}: {_told(response.body)}"
    if 200 <= response.status < 300:
        return [*steps, api.Checked("api_key", True, "may write to the ingest")]
    if response.status in {401, 403}:
        return [*steps, api.Checked("api_key", False, told, "api_key")]
    if response.status in {400, 404, 422}:
        return [*steps, api.Checked("ingest_id", False, told, "ingest_id")]
    return [*steps, api.Checked("api_key", None, told)]


def _api_of(url: str) -> str:
    """Return where the API of a service is whose ingests are at an address."""
    parts = urlsplit(url)
    host = parts.netloc.removeprefix("ingest.")
    return f"{parts.scheme}://app.{host}" if host != parts.netloc else url.rstrip("/")


def _told(body: bytes) -> str:
    """Return what an answer says is wrong: its `message` where it has one."""
    try:
        return api.text_of(msgspec.json.decode(body, type=_Answer).message.encode())
    except msgspec.DecodeError:
        return api.text_of(body)


SEND = api.Action(
    slug="send",
    name="Send",
    description="Sends the event as an element of an array.",
    fields=Sent,
    send=send,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX,
        bytes_max=BATCH_BYTES_MAX,
        age_s=BATCH_AGE_S,
        answers_each=False,
    ),
)
PRESETS = (
    api.Preset(
        slug="purchases",
        name="Purchases only",
        description="Sends completed orders, and nothing else.",
        action="send",
        trigger='type = "track" and event = "Order Completed"',
    ),
)
DESTINATION = api.Destination(
    slug="aggregations-io",
    name="Aggregations.io",
    description="Sends events to an ingest of Aggregations.io.",
    settings=Settings,
    actions=(SEND,),
    check=check,
    presets=PRESETS,
)
