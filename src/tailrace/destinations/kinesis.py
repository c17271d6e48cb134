"""Kinesis: puts each event as a record into an Amazon Kinesis data stream.

Source: AWS service model of Kinesis (2013-12-02), `StreamName` and `PutRecords`; the limits are
those of a stream that was not raised: 500 records and 5 MiB a request, 1 MiB a record with its key.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from re import fullmatch
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from tailrace.destinations import api, aws, kpl
from tailrace.errors import SettingsError, TransientError

RECORDS_MAX: Final = 500
AGGREGATED_EVENTS_MAX: Final = 4_000
NAME_PATTERN: Final = r"[A-Za-z0-9_.-]{1,128}"
NAME_EXPECTED: Final = "1 to 128 letters, digits and _.-"
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
        api.Setting("Name of the data stream.", pattern=NAME_PATTERN, expected=NAME_EXPECTED),
    ]
    streams: Annotated[
        Mapping[str, str],
        api.Setting(
            "Other streams for the events of some sources: the source's slug, and the stream's "
            "name.",
            length_max=128,
        ),
    ] = field(default_factory=dict)
    use_message_id: Annotated[
        bool,
        api.Setting(
            "Whether the partition key is the messageId, so that the events of a person spread "
            "over all shards; else it is the userId, or else the anonymousId."
        ),
    ] = False
    aggregate: Annotated[
        bool,
        api.Setting(
            "Whether a record holds many events, in the format of the Kinesis Producer Library, "
            "which consumers have to take apart again."
        ),
    ] = False
    aggregate_bytes_max: Annotated[
        int,
        api.Setting(
            "Most bytes in a record that holds many events.",
            minimum=4_096,
            maximum=1_000_000,
        ),
    ] = 51_200

    def __post_init__(self) -> None:
        """Refuse streams that cannot exist."""
        super().__post_init__()
        for name, stream in self.streams.items():
            if not fullmatch(NAME_PATTERN, stream):
                complaint = f"has for {name!r} the stream {stream!r}; expected {NAME_EXPECTED}"
                raise SettingsError(complaint, problems={"streams": complaint})


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the record holds.", default={"@path": "$."})]
    partition_key: Annotated[
        str,
        api.Mapped("What chooses the shard; without a value it is chosen as the settings say."),
    ] = ""
    source: Annotated[str, api.SourceSlug()] = ""


class _Ids(msgspec.Struct, gc=False, rename="camel"):
    message_id: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None


_decode_ids = msgspec.json.Decoder(_Ids).decode


class Entry(NamedTuple):
    """A record of the stream: its bytes, what chooses its shard, and the events that it holds."""

    data: bytes
    partition_key: str
    hash_key: str
    indexes: Sequence[int]

    @property
    def size(self) -> int:
        """Its bytes, as the service counts them."""
        return len(self.data) + len(self.partition_key.encode())

    def request(self) -> dict[str, object]:
        """Return it as the service takes it."""
        found: dict[str, object] = {"Data": self.data, "PartitionKey": self.partition_key}
        return {**found, "ExplicitHashKey": self.hash_key} if self.hash_key else found


async def put_records(
    records: Sequence[Record], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Put the records, in one request for each stream; each event has an outcome of its own."""
    groups: dict[str, list[int]] = {}
    for index, record in enumerate(records):
        stream = settings.streams.get(record.source, settings.stream_name)
        groups.setdefault(stream, []).append(index)
    put = _put_aggregated if settings.aggregate else _put_each

    async def sent(stream: str, indexes: Sequence[int]) -> Sequence[api.Outcome]:
        chosen = [records[index] for index in indexes]
        keys = [_key_of(record, settings) for record in chosen]
        return await put(stream, [record.data for record in chosen], keys, settings, tools)

    return await aws.in_groups(groups, sent)


async def _put_each(
    stream: str,
    events: Sequence[bytes],
    keys: Sequence[str],
    settings: Settings,
    tools: api.Tools,
) -> Sequence[api.Outcome]:
    entries = [
        Entry(event, key, "", [index])
        for index, (event, key) in enumerate(zip(events, keys, strict=True))
    ]
    return await _put(stream, entries, settings, tools)


async def _put_aggregated(
    stream: str,
    events: Sequence[bytes],
    keys: Sequence[str],
    settings: Settings,
    tools: api.Tools,
) -> Sequence[api.Outcome]:
    """Put the events of each range of hash keys one record after the other.

    A request takes no two records of one range: where the first were refused and the second taken,
    a person's events would be out of order.
    """
    outcomes: dict[int, api.Outcome] = {}
    stuck: dict[str, api.Outcome] = {}
    for turn in kpl.chunks(events, keys, bytes_max=settings.aggregate_bytes_max):
        entries = []
        for chunk in turn:
            if chunk.hash_key in stuck:
                outcomes.update(dict.fromkeys(chunk.indexes, stuck[chunk.hash_key]))
            else:
                entries.append(_entry(chunk, events, keys))
        if not entries:
            continue
        try:
            found = await _put(stream, entries, settings, tools)
        except (TransientError, SettingsError) as error:
            if not any(isinstance(each, api.Delivered) for each in outcomes.values()):
                raise
            found = [api.Retry("no-answer", str(error))] * len(entries)
        for entry, outcome in zip(entries, found, strict=True):
            outcomes.update(dict.fromkeys(entry.indexes, outcome))
            if isinstance(outcome, api.Retry):
                stuck[entry.hash_key] = outcome
    return [outcomes[index] for index in range(len(events))]


def _entry(chunk: kpl.Chunk, events: Sequence[bytes], keys: Sequence[str]) -> Entry:
    first = chunk.indexes[0]
    data = kpl.aggregated(chunk, events, keys) if len(chunk.indexes) > 1 else events[first]
    return Entry(data, keys[first], chunk.hash_key, chunk.indexes)


async def _put(
    stream: str, entries: Sequence[Entry], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Put records in one request; return what became of each."""
    fitting = [index for index, entry in enumerate(entries) if entry.size <= RECORD_BYTES_MAX]
    outcomes: list[api.Outcome] = [
        api.Rejected(
            "too-large", f"{entry.size} bytes; Kinesis takes {RECORD_BYTES_MAX} with the key"
        )
        for entry in entries
    ]
    if fitting:
        client = aws.client_of(tools, settings, "kinesis", refusals=_REFUSALS)
        answer = await client.call(
            "put_records",
            {"StreamName": stream, "Records": [entries[index].request() for index in fitting]},
        )
        found: Sequence[api.Outcome]
        if isinstance(answer, api.Rejected):
            found = [answer] * len(fitting)
        else:
            found = aws.outcomes_of(answer.get("Records", ()), count=len(fitting))
        for index, outcome in zip(fitting, found, strict=True):
            outcomes[index] = outcome
    return outcomes


def _key_of(record: Record, settings: Settings) -> str:
    return _cut(record.partition_key) or partition_key(record.data, settings)


def partition_key(data: bytes, settings: Settings) -> str:
    """Return what chooses the shard of an event: the person, else the event, else what it holds."""
    try:
        ids = _decode_ids(data)
    except msgspec.ValidationError:
        ids = _Ids()
    person = "" if settings.use_message_id else ids.user_id or ids.anonymous_id
    return _cut(person or ids.message_id or hashlib.sha256(data).hexdigest())


def _cut(key: str) -> str:
    # The service counts characters in UTF-16, where some take two.
    return key.encode("utf-16-le")[: 2 * KEY_UNITS_MAX].decode("utf-16-le", errors="ignore")


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look at the credentials, what they may do, and the streams."""
    streams = list(dict.fromkeys([settings.stream_name, *settings.streams.values()]))
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


def _batching(settings: Settings) -> api.Batching:
    # Where a whole request is refused, halves of it show which record is meant.
    return api.Batching(
        events_max=AGGREGATED_EVENTS_MAX if settings.aggregate else RECORDS_MAX,
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
