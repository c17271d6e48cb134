"""Firehose: puts each event as a line of JSON into an Amazon Data Firehose stream.

Source: AWS service model of Firehose (2015-08-04), `DeliveryStreamName` and `PutRecordBatch` (500
records and 4 MiB a request, 1,000 KiB a record); Segment's documentation of its destination
Firehose, for the map from events to streams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from re import fullmatch
from typing import Annotated, Any, Final

import msgspec

from tailrace.destinations import api, aws
from tailrace.errors import SettingsError

RECORDS_MAX: Final = 500
REQUEST_BYTES_MAX: Final = 4_194_304
RECORD_BYTES_MAX: Final = 1_024_000
NAME_PATTERN: Final = r"[A-Za-z0-9_.-]{1,64}"
NAME_EXPECTED: Final = "1 to 64 letters, digits and _.-"
EVERYTHING: Final = "*"
_DIRECT: Final = "DirectPut"
_REFUSALS: Final = frozenset({"SerializationException", "ValidationException"})


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """Which stream, and other ones for some events."""

    stream_name: Annotated[
        str,
        api.Setting("Name of the Firehose stream.", pattern=NAME_PATTERN, expected=NAME_EXPECTED),
    ]
    streams: Annotated[
        Mapping[str, str],
        api.Setting(
            "Other streams for some events: the name of a track event, else the type of a call, "
            "in any case, and the stream's name; '*' stands for all that is not named.",
            length_max=64,
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse streams that cannot exist, and events that are named twice."""
        super().__post_init__()
        complaint = ""
        if len(self.folded) < len(self.streams):
            complaint = "has one name twice, in other cases"
        for name, stream in self.streams.items():
            if not fullmatch(NAME_PATTERN, stream):
                complaint = f"has for {name!r} the stream {stream!r}; expected {NAME_EXPECTED}"
        if complaint:
            raise SettingsError(complaint, problems={"streams": complaint})

    @property
    def folded(self) -> Mapping[str, str]:
        """The streams by names whose case does not matter."""
        return {name.casefold(): stream for name, stream in self.streams.items()}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the record holds.", default={"@path": "$."})]


class _Names(msgspec.Struct, gc=False):
    type: str = ""
    event: str = ""


_decode_names = msgspec.json.Decoder(_Names).decode


async def put_records(
    records: Sequence[Record], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Put the records, in one request for each stream; each has an outcome of its own."""
    groups: dict[str, list[int]] = {}
    for index, stream in enumerate(streams_of([record.data for record in records], settings)):
        groups.setdefault(stream, []).append(index)

    async def put(stream: str, indexes: Sequence[int]) -> Sequence[api.Outcome]:
        return await _put(stream, [records[index].data for index in indexes], settings, tools)

    return await aws.in_groups(groups, put)


def streams_of(events: Sequence[bytes], settings: Settings) -> list[str]:
    """Return the stream of each event."""
    folded = settings.folded
    if not folded:
        return [settings.stream_name] * len(events)
    default = folded.get(EVERYTHING, settings.stream_name)
    found = []
    for event in events:
        try:
            names = _decode_names(event)
        except msgspec.ValidationError:
            names = _Names()
        by_type = folded.get(names.type.casefold(), default)
        found.append(folded.get(names.event.casefold(), by_type) if names.event else by_type)
    return found


async def _put(
    stream: str, events: Sequence[bytes], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    lines = [event + b"\n" for event in events]
    fitting = [index for index, line in enumerate(lines) if len(line) <= RECORD_BYTES_MAX]
    outcomes: list[api.Outcome] = [
        api.Rejected("too-large", f"{len(line)} bytes; Firehose takes {RECORD_BYTES_MAX}")
        for line in lines
    ]
    if fitting:
        client = aws.client_of(tools, settings, "firehose", refusals=_REFUSALS)
        answer = await client.call(
            "put_record_batch",
            {
                "DeliveryStreamName": stream,
                "Records": [{"Data": lines[index]} for index in fitting],
            },
        )
        found: Sequence[api.Outcome]
        if isinstance(answer, api.Rejected):
            found = [answer] * len(fitting)
        else:
            found = aws.outcomes_of(answer.get("RequestResponses", ()), count=len(fitting))
        for index, outcome in zip(fitting, found, strict=True):
            outcomes[index] = outcome
    return outcomes


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look at the credentials, what they may do, and the streams."""
    streams = list(dict.fromkeys([settings.stream_name, *settings.streams.values()]))
    where = f"arn:{aws.partition_of(settings.region)}:firehose:{settings.region}"
    return await aws.checked(
        settings,
        tools,
        service="firehose",
        actions=["firehose:PutRecordBatch"],
        resources=lambda account: [f"{where}:{account}:deliverystream/{each}" for each in streams],
        looks=[
            aws.Looked(
                f"stream {each}",
                "describe_delivery_stream",
                {"DeliveryStreamName": each},
                "firehose:DescribeDeliveryStream",
                _judged,
            )
            for each in streams
        ],
    )


def _judged(answer: Mapping[str, Any]) -> tuple[bool, str]:
    found = answer.get("DeliveryStreamDescription", {})
    status, kind = found.get("DeliveryStreamStatus"), found.get("DeliveryStreamType")
    if kind not in {None, _DIRECT}:
        return False, f"has the source {kind}: events can be put into one with the source {_DIRECT}"
    return status == "ACTIVE", f"is {status}"


def _batching(_: Settings) -> api.Batching:
    # Where a whole request is refused, halves of it show which record is meant.
    return api.Batching(
        events_max=RECORDS_MAX,
        bytes_max=REQUEST_BYTES_MAX - RECORDS_MAX,
        lanes=aws.LANES,
        answers_each=False,
    )


PUT = api.Action(
    slug="put",
    name="Put records",
    description="Puts the event as a line of JSON into the stream.",
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
    slug="firehose",
    name="Amazon Data Firehose",
    description="Puts each event as a line of JSON into a Firehose stream.",
    settings=Settings,
    actions=(PUT,),
    check=check,
    presets=PRESETS,
)
