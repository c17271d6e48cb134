"""Kinesis: puts each event as a record into an Amazon Kinesis data stream.

Source: AWS service model of Kinesis (2013-12-02), `StreamName` and `PutRecords`; the limits are
those of a stream that was not raised: 500 records and 5 MiB a request, 1 MiB a record with its key.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from tailrace.destinations import api, aws

RECORDS_MAX: Final = 500
EVENTS_BYTES_MAX: Final = 4_500_000
"""Of events in a request: with 500 keys, and in base64, it then has less than 5 and 7 MiB."""

RECORD_BYTES_MAX: Final = 1_048_576
KEY_UNITS_MAX: Final = 256
_REFUSALS: Final = frozenset(
    {"InvalidArgumentException", "SerializationException", "ValidationException"}
)
_TAKING: Final = frozenset({"ACTIVE", "UPDATING"})


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """Which stream, and what chooses its shard."""

    stream_name: Annotated[
        str,
        api.Setting(
            "Name of the data stream.",
            pattern=r"[A-Za-z0-9_.-]{1,128}",
            expected="1 to 128 letters, digits and _.-",
        ),
    ]
    use_message_id: Annotated[
        bool,
        api.Setting(
            "Whether the partition key is the messageId, so that the events of a person spread "
            "over all shards; else it is the userId, or else the anonymousId."
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the record holds.", default={"@path": "$."})]


class _Ids(msgspec.Struct, gc=False, rename="camel"):
    message_id: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None


_decode_ids = msgspec.json.Decoder(_Ids).decode


async def put_records(
    records: Sequence[Record], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Put the records in one request; each has an outcome of its own."""
    keys = [partition_key(record.data, settings) for record in records]
    sizes = [len(r.data) + len(key.encode()) for r, key in zip(records, keys, strict=True)]
    fitting = [index for index, size in enumerate(sizes) if size <= RECORD_BYTES_MAX]
    outcomes: list[api.Outcome] = [
        api.Rejected("too-large", f"{size} bytes; Kinesis takes {RECORD_BYTES_MAX} with the key")
        for size in sizes
    ]
    if fitting:
        client = aws.client_of(tools, settings, "kinesis", refusals=_REFUSALS)
        answer = await client.call(
            "put_records",
            {
                "StreamName": settings.stream_name,
                "Records": [
                    {"Data": records[index].data, "PartitionKey": keys[index]} for index in fitting
                ],
            },
        )
        found: Sequence[api.Outcome]
        if isinstance(answer, api.Rejected):
            found = [answer] * len(fitting)
        else:
            found = aws.outcomes_of(answer.get("Records", ()), count=len(fitting))
        for index, outcome in zip(fitting, found, strict=True):
            outcomes[index] = outcome
    return outcomes


def partition_key(data: bytes, settings: Settings) -> str:
    """Return what chooses the shard of an event: the person, else the event, else what it holds."""
    try:
        ids = _decode_ids(data)
    except msgspec.ValidationError:
        ids = _Ids()
    person = "" if settings.use_message_id else ids.user_id or ids.anonymous_id
    key = person or ids.message_id or hashlib.sha256(data).hexdigest()
    # The service counts characters in UTF-16, where some take two.
    return key.encode("utf-16-le")[: 2 * KEY_UNITS_MAX].decode("utf-16-le", errors="ignore")


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look at the credentials, what they may do, and the streams."""
    streams = [settings.stream_name]
    where = f"arn:{aws.partition_of(settings.region)}:kinesis:{settings.region}"
    return await aws.checked(
        settings,
        tools,
        service="kinesis",
        actions=["kinesis:PutRecords"],
        resources=lambda account: [f"{where}:{account}:stream/{each}" for each in streams],
        looks=[
            aws.Looked(
                f"stream {each}",
                "describe_stream_summary",
                {"StreamName": each},
                "kinesis:DescribeStreamSummary",
                _judged,
            )
            for each in streams
        ],
    )


def _judged(answer: Mapping[str, Any]) -> tuple[bool, str]:
    found = answer.get("StreamDescriptionSummary", {})
    status = str(found.get("StreamStatus", ""))
    return status in _TAKING, f"is {status} and has {found.get('OpenShardCount')} shards"


def _batching(_: Settings) -> api.Batching:
    # Where a whole request is refused, halves of it show which record is meant.
    return api.Batching(
        events_max=RECORDS_MAX,
        bytes_max=EVENTS_BYTES_MAX,
        lanes=aws.LANES,
        answers_each=False,
    )


PUT = api.Action(
    slug="put",
    name="Put records",
    description="Puts the event as JSON into the stream.",
    fields=Record,
    send=put_records,
    batching=_batching,
)
PRESETS = (
    api.Preset(
        slug="purchases",
        name="Purchases only",
        description="Puts completed orders, and nothing else.",
        action="put",
        trigger='type = "track" and event = "Order Completed"',
    ),
)
DESTINATION = api.Destination(
    slug="kinesis",
    name="Amazon Kinesis",
    description="Puts each event as a record into a data stream.",
    settings=Settings,
    actions=(PUT,),
    check=check,
    presets=PRESETS,
)
