"""Destinations at AWS: boto over real HTTP to moto, action by action and through the engine."""

import asyncio
import base64
import gzip
import hashlib
import logging
import ssl
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import msgspec
import pytest
import zstandard
from aws_gateway import Answer, Asked, Gateway, error, running_moto

from tailrace.config import Config, DeliverConfig, Source
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.prepare import prepare
from tailrace.control.vault import open_vault
from tailrace.deliver import run_deliveries
from tailrace.deliver.engine import state_path
from tailrace.deliver.guard import Guard
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.state import facts, looking, totals
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import firehose, kinesis, load_catalog, s3
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected, Retry, Secret
from tailrace.destinations.aws import TIMEOUT_S
from tailrace.errors import SettingsError, TransientError
from tailrace.event import Call, encode_call
from tailrace.ledger import ACCEPTED
from tailrace.log import RAW, Count, NewRecord, open_log
from tailrace.refine import Refiner

REGION = "eu-central-1"
KEY_ID = "AKIAPLANTED"
SECRET = "planted-secret-access-key"
ROLE = "arn:aws:iam::123456789012:role/tailrace-sends"
VIA_ROLE = "arn:aws:iam::123456789012:role/tailrace-first"
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with running_moto() as port:
        yield port


@pytest.fixture
def gateway(moto: int) -> Iterator[Gateway]:
    with Gateway(moto).running() as gateway:
        yield gateway


@pytest.fixture
async def tools() -> AsyncIterator[DestinationTools]:
    with ThreadPoolExecutor(2) as threads:
        made = tools_for(["127.0.0.0/8"], threads)
        yield made
        await made.close()


def tools_for(networks: Sequence[str], threads: ThreadPoolExecutor) -> DestinationTools:
    http = GuardedHttp(Guard(networks), tls=ssl.create_default_context())
    return DestinationTools(http, threads=threads)


def account(gateway: Gateway, **given: object) -> dict[str, Any]:
    return {
        "region": REGION,
        "endpoint_url": gateway.url,
        "sts_endpoint_url": gateway.url,
        "access_key_id": KEY_ID,
        "secret_access_key": Secret(SECRET),
        **given,
    }


class Aws:
    """What a user of AWS sees, past the gateway."""

    def __init__(self, port: int, *, name: str) -> None:
        self._port = port
        self.name = name

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self._port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def make_stream(self) -> None:
        self.client("kinesis").create_stream(StreamName=self.name, ShardCount=3)

    def make_bucket(self, name: str = "") -> None:
        self.client("s3").create_bucket(
            Bucket=name or self.name,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )

    def make_firehose(self, name: str = "") -> None:
        """Make a stream that writes into the bucket, below its own name."""
        stream = name or self.name
        self.client("firehose").create_delivery_stream(
            DeliveryStreamName=stream,
            ExtendedS3DestinationConfiguration={
                "RoleARN": ROLE,
                "BucketARN": f"arn:aws:s3:::{self.name}",
                "Prefix": f"{stream}/",
            },
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the stream, shard by shard, in order."""
        kinesis = self.client("kinesis")
        found: list[dict[str, Any]] = []
        for shard in kinesis.list_shards(StreamName=self.name)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=self.name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while True:
                page = kinesis.get_records(ShardIterator=iterator)
                found += page["Records"]
                iterator = page["NextShardIterator"]
                if not page["MillisBehindLatest"] and not page["Records"]:
                    break
        return found

    def objects(self, prefix: str = "") -> dict[str, tuple[bytes, dict[str, Any]]]:
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        found = {}
        for each in (each for page in pages for each in page.get("Contents", ())):
            answer = s3.get_object(Bucket=self.name, Key=each["Key"])
            found[each["Key"]] = (answer["Body"].read(), answer)
        return found


@pytest.fixture
def aws(moto: int, request: pytest.FixtureRequest) -> Aws:
    return Aws(moto, name=hashlib.sha256(request.node.name.encode()).hexdigest()[:16])


def event(number: int = 1, **fields: object) -> bytes:
    return msgspec.json.encode(
        {
            "type": "track",
            "event": "Bought",
            "messageId": f"m-{number}",
            "userId": f"u-{number}",
            "anonymousId": "a-1",
            "receivedAt": "2026-11-21T03:04:05.678Z",
            **fields,
        }
    )


def for_kinesis(*events: bytes) -> list[kinesis.Record]:
    return [kinesis.Record(data=Json(each)) for each in events]


def for_firehose(*events: bytes) -> list[firehose.Record]:
    return [firehose.Record(data=Json(each)) for each in events]


def lines(*events: bytes, source: str = "web") -> list[s3.Line]:
    return [s3.Line(data=Json(each), source=source) for each in events]


def kinds(outcomes: Sequence[Outcome]) -> list[type[Outcome]]:
    return [type(outcome) for outcome in outcomes]


# --- Kinesis --------------------------------------------------------------------------------------


async def test_kinesis_gets_each_event_as_it_is_with_the_person_as_its_key(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway))
    events = [event(1), event(2, userId=None), event(3, userId=None, anonymousId=None)]

    outcomes = await kinesis.put_records(for_kinesis(*events), settings, tools)

    assert outcomes == [Delivered(200)] * 3
    assert {each["PartitionKey"]: each["Data"] for each in aws.records()} == {
        "u-1": events[0],
        "a-1": events[1],
        "m-3": events[2],
    }


async def test_only_the_records_with_an_error_are_to_be_tried_again(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway))
    codes = ["ProvisionedThroughputExceededException", "", "InternalFailure", "", "Validation"]

    def partly(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        return answer_for(
            asked, codes, forward, into="Records", counted="FailedRecordCount", key="StreamName"
        )

    gateway.changes.append(partly)
    outcomes = await kinesis.put_records(for_kinesis(*map(event, range(5))), settings, tools)

    assert kinds(outcomes) == [Retry, Delivered, Retry, Delivered, Rejected]
    assert [getattr(each, "reason", "") for each in outcomes] == [
        "throttled",
        "",
        "record-failed",
        "",
        "invalid",
    ]
    assert [each.status for each in outcomes] == [429, 200, 503, 200, 400]
    assert "told of 2" in str(outcomes[2])
    assert sorted(each["PartitionKey"] for each in aws.records()) == ["u-1", "u-3"]


async def test_what_follows_a_refused_record_of_many_events_waits_for_it(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(
        stream_name=aws.name, aggregate=True, aggregate_bytes_max=4_096, **account(gateway)
    )
    events = [event(number, userId="u-1", note="x" * 1_500) for number in range(6)]
    other = event(7, userId="u-2")

    def partly(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        codes = ["InternalFailure", ""]
        assert len({each["ExplicitHashKey"] for each in asked.json["Records"]}) == 2
        return answer_for(
            asked, codes, forward, into="Records", counted="FailedRecordCount", key="StreamName"
        )

    gateway.changes.append(partly)
    outcomes = await kinesis.put_records(for_kinesis(*events, other), settings, tools)

    assert kinds(outcomes) == [Retry] * 6 + [Delivered]
    assert len(gateway.of("PutRecords")) == 1
    assert [each["Data"] for each in aws.records()] == [other]


async def test_sources_and_mappings_choose_stream_and_partition_key(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(
        stream_name="missing", streams={"web": aws.name}, **account(gateway)
    )
    records = [
        kinesis.Record(data=Json(event(1)), source="web", partition_key="chosen"),
        kinesis.Record(data=Json(event(2)), source="web"),
        kinesis.Record(data=Json(event(3)), source="app"),
    ]

    outcomes = await kinesis.put_records(records, settings, tools)

    assert kinds(outcomes) == [Delivered, Delivered, Retry]
    assert {each["PartitionKey"] for each in aws.records()} == {"chosen", "u-2"}


async def test_a_record_that_is_too_large_is_rejected_and_its_neighbours_arrive(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway))
    largest = event(2)
    room = kinesis.RECORD_BYTES_MAX - len(event(2, note="")) - len("u-2")
    largest, larger = event(2, note="x" * room), event(2, note="x" * (room + 1))

    outcomes = await kinesis.put_records(for_kinesis(event(1), larger, largest), settings, tools)

    assert kinds(outcomes) == [Delivered, Rejected, Delivered]
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].reason == "too-large"
    assert [len(asked.json["Records"]) for asked in gateway.of("PutRecords")] == [2]


def answer_for(
    asked: Asked,
    codes: Sequence[str],
    forward: Callable[[Asked], Answer],
    *,
    into: str,
    counted: str,
    key: str,
) -> Answer:
    """Let through what has no code, and answer for all as the service does."""
    body = asked.json
    kept = [each for each, code in zip(body["Records"], codes, strict=True) if not code]
    text = msgspec.json.encode({key: body[key], "Records": kept})
    headers = {**asked.headers, "content-length": str(len(text))}
    answer = forward(Asked(asked.method, asked.path, headers, text))
    taken = iter(msgspec.json.decode(answer.body)[into])
    entries = [
        {"ErrorCode": code, "ErrorMessage": f"told of {index}"} if code else next(taken)
        for index, code in enumerate(codes)
    ]
    failed = sum(1 for code in codes if code)
    return Answer(200, msgspec.json.encode({counted: failed, into: entries}), answer.headers)


# --- What services say of a whole request ---------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "ProvisionedThroughputExceededException"),
        error(400, "ThrottlingException"),
        error(400, "KMSThrottlingException"),
        error(400, "LimitExceededException"),
        error(500, "InternalFailure"),
        Answer(503, b"<html>no</html>", {"Content-Type": "text/html"}),
        Answer(200, b"<html>a proxy's page</html>", {"Content-Type": "text/html"}),
        Answer(200, b'{"FailedRecordCount":0,"Records":[]}'),
        Answer(None),
    ],
    ids=str,
)
async def test_a_service_that_cannot_now_is_asked_once_and_told_to_be_away(
    answer: Answer, gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway))
    gateway.changes.append(lambda _asked, _forward: answer)

    with pytest.raises(TransientError):
        await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (error(400, "AccessDeniedException"), "let the credentials do this"),
        (error(400, "ExpiredTokenException"), "renew the credentials"),
        (error(400, "UnrecognizedClientException"), "change access_key_id"),
        (error(400, "ResourceNotFoundException"), "create the stream"),
        (error(400, "KMSDisabledException"), "change the settings"),
        (Answer(404, b"<html>no</html>", {"Content-Type": "text/html"}), "change the settings"),
        (Answer(301, b"", {"Location": "https://example.com/"}), "change the settings"),
    ],
    ids=str,
)
async def test_what_somebody_has_to_change_suspends_the_destination(
    answer: Answer, advice: str, gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway))
    gateway.changes.append(lambda _asked, _forward: answer)

    with pytest.raises(SettingsError, match=advice):
        await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert len(gateway.asked) == 1


async def test_a_refused_request_rejects_what_was_in_it(
    gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway))
    gateway.changes.append(lambda _asked, _forward: error(400, "ValidationException", "bad"))

    outcomes = await kinesis.put_records(for_kinesis(event(1), event(2)), settings, tools)

    assert outcomes == [Rejected("invalid", "PutRecords: ValidationException: bad", 400)] * 2


async def test_what_is_too_large_for_something_on_the_way_is_rejected_to_be_halved(
    gateway: Gateway, tools: DestinationTools
) -> None:
    in_stream = kinesis.Settings(stream_name="any", **account(gateway))
    in_files = s3.Settings(bucket="any", **account(gateway))
    gateway.changes += [lambda _asked, _forward: Answer(413, b"<html>too large</html>")] * 2

    outcomes = [
        *await kinesis.put_records(for_kinesis(event()), in_stream, tools),
        *await s3.put_files(lines(event()), in_files, tools),
    ]

    assert kinds(outcomes) == [Rejected, Rejected]
    assert {getattr(each, "reason", "") for each in outcomes} == {"too-large"}


async def test_a_message_that_quotes_the_request_is_not_repeated(
    gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway))
    quoted = error(403, "InvalidSignatureException", "x-amz-security-token:planted-token")
    gateway.changes.append(lambda _asked, _forward: quoted)

    with pytest.raises(SettingsError, match="check secret_access_key") as raised:
        await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert "planted-token" not in str(raised.value)


async def test_an_endpoint_at_a_private_address_is_never_asked(gateway: Gateway) -> None:
    with ThreadPoolExecutor(1) as threads:
        tools = tools_for([], threads)
        at_service = kinesis.Settings(stream_name="any", **account(gateway))
        at_sts = kinesis.Settings(
            stream_name="any", **account(gateway, endpoint_url=None, role_arn=ROLE)
        )

        for settings in (at_service, at_sts):
            with pytest.raises(SettingsError, match="private"):
                await kinesis.put_records(for_kinesis(event()), settings, tools)
            await tools.close()

    assert gateway.asked == []


# --- Credentials ----------------------------------------------------------------------------------


async def test_roles_are_assumed_one_by_the_other_with_their_external_ids(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(
        stream_name=aws.name,
        **account(
            gateway,
            role_arn=ROLE,
            external_id="workspace-7",
            via_role_arn=VIA_ROLE,
            via_external_id="first-8",
        ),
    )

    for number in range(3):
        await kinesis.put_records(for_kinesis(event(number)), settings, tools)

    first, second = (parse_qs(asked.body.decode()) for asked in gateway.asked[:2])
    assert (first["RoleArn"], first["ExternalId"]) == ([VIA_ROLE], ["first-8"])
    assert (second["RoleArn"], second["ExternalId"]) == ([ROLE], ["workspace-7"])
    assert first["RoleSessionName"] != second["RoleSessionName"]
    assert [asked.target for asked in gateway.asked[2:]] == ["PutRecords"] * 3
    signers = [credential_of(asked) for asked in gateway.asked]
    assert signers[0] == KEY_ID
    assert len(set(signers)) == 3
    assert all(asked.headers["x-amz-security-token"] for asked in gateway.asked[1:])
    assert len(aws.records()) == 3


async def test_credentials_of_a_role_are_renewed_before_they_end(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway, role_arn=ROLE))
    given: list[str] = []

    def ending(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        answer = forward(asked)
        given.append(answer.body.partition(b"<AccessKeyId>")[2][:20].decode())
        begin, _, rest = answer.body.partition(b"<Expiration>")
        soon = datetime.fromtimestamp(time.time() + 60.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        _, _, end = rest.partition(b"</Expiration>")
        body = begin + b"<Expiration>" + soon.encode() + b"</Expiration>" + end
        return Answer(answer.status, body, answer.headers)

    gateway.changes.append(ending)
    for number in range(3):
        await kinesis.put_records(for_kinesis(event(number)), settings, tools)

    assumed = [asked for asked in gateway.asked if b"AssumeRole" in asked.body]
    signers = {credential_of(put) for put in gateway.of("PutRecords")}
    assert len(assumed) == 2
    assert len(signers) == 1
    assert signers.isdisjoint(given)


async def test_credentials_that_have_ended_when_they_come_suspend_the_destination(
    gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway, role_arn=ROLE))

    def ended(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        answer = forward(asked)
        year = str(datetime.now(UTC).year).encode()
        return Answer(answer.status, answer.body.replace(b"ion>" + year, b"ion>2020"))

    gateway.changes.append(ended)
    with pytest.raises(SettingsError, match="check the clock"):
        await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert gateway.of("PutRecords") == []


async def test_what_a_role_is_given_is_hidden_where_a_test_event_is_shown(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway, role_arn=ROLE))
    answers: list[Answer] = []

    def noting(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        answers.append(forward(asked))
        return answers[-1]

    gateway.changes.append(noting)
    await kinesis.put_records(for_kinesis(event()), settings, tools)

    token = gateway.of("PutRecords")[0].headers["x-amz-security-token"]
    hide = Hiding([SECRET])
    assert token in answers[0].body.decode()
    assert token not in hide(answers[0].body.decode())
    assert "<SecretAccessKey>***<" in hide(answers[0].body.decode())
    assert token not in str(hide.headers(gateway.of("PutRecords")[0].headers))


async def test_a_role_that_may_not_be_assumed_suspends_the_destination(
    gateway: Gateway, tools: DestinationTools
) -> None:
    settings = kinesis.Settings(stream_name="any", **account(gateway, role_arn=ROLE))
    denied = (
        b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender'
        b"</Type><Code>AccessDenied</Code><Message>not authorized to perform sts:AssumeRole"
        b"</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    gateway.changes.append(lambda _asked, _forward: Answer(403, denied))

    with pytest.raises(SettingsError, match="AssumeRole: AccessDenied: not authorized"):
        await kinesis.put_records(for_kinesis(event()), settings, tools)


@pytest.mark.parametrize("profile", ["", "missing"])
async def test_without_any_credentials_the_settings_are_to_blame(
    profile: str,
    gateway: Gateway,
    tools: DestinationTools,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    own = account(gateway, access_key_id=None, secret_access_key=None)
    settings = kinesis.Settings(stream_name="any", **own)

    with pytest.raises(SettingsError, match="has no credentials"):
        await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert gateway.asked == []


async def test_the_machine_s_own_credentials_are_used_where_none_are_given(
    gateway: Gateway, aws: Aws, tools: DestinationTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.make_stream()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "machine")
    # What else the machine is set to is not for destinations.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    own = account(gateway, access_key_id=None, secret_access_key=None)
    settings = kinesis.Settings(stream_name=aws.name, **own)

    outcomes = await kinesis.put_records(for_kinesis(event()), settings, tools)

    assert outcomes == [Delivered(200)]
    assert credential_of(gateway.asked[0]) == "AKIAMACHINE"


async def test_no_secret_and_no_event_is_ever_logged(
    gateway: Gateway,
    aws: Aws,
    tools: DestinationTools,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    aws.make_stream()
    settings = kinesis.Settings(stream_name=aws.name, **account(gateway, role_arn=ROLE))
    gateway.changes.append(lambda _asked, _forward: error(500, "InternalFailure"))

    with pytest.raises(TransientError):
        await kinesis.put_records(for_kinesis(event()), settings, tools)
    await kinesis.put_records(for_kinesis(event(note="planted-note")), settings, tools)

    token = gateway.of("PutRecords")[0].headers["x-amz-security-token"]
    for planted in (SECRET, token, "planted-note"):
        assert planted not in caplog.text
        assert planted not in repr(settings)


def credential_of(asked: Asked) -> str:
    """Return the access key that signed a request."""
    return asked.headers["authorization"].partition("Credential=")[2].partition("/")[0]


# --- Firehose -------------------------------------------------------------------------------------


async def test_firehose_gets_lines_in_the_stream_that_the_map_names(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    names = [f"{aws.name}-{each}" for each in ("rest", "orders", "people")]
    for name in names:
        aws.make_firehose(name)
    rest, orders, people = names
    streams = {"Order Completed": orders, "IDENTIFY": people}
    settings = firehose.Settings(stream_name=rest, streams=streams, **account(gateway))
    events = [
        event(1, event="order completed"),
        event(2, type="identify", event=""),
        event(3),
        event(4, event="ORDER COMPLETED"),
    ]

    outcomes = await firehose.put_records(for_firehose(*events), settings, tools)

    assert outcomes == [Delivered(200)] * 4
    put = {
        asked.json["DeliveryStreamName"]: [
            base64.b64decode(each["Data"]) for each in asked.json["Records"]
        ]
        for asked in gateway.of("PutRecordBatch")
    }
    assert put == {
        orders: [events[0] + b"\n", events[3] + b"\n"],
        people: [events[1] + b"\n"],
        rest: [events[2] + b"\n"],
    }
    arrived = b"".join(body for body, _ in aws.objects().values())
    assert sorted(arrived.splitlines()) == sorted(events)


async def test_firehose_tries_only_refused_records_again(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    aws.make_firehose()
    settings = firehose.Settings(stream_name=aws.name, **account(gateway))
    codes = ["", "ServiceUnavailableException", ""]

    def partly(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        return answer_for(
            asked,
            codes,
            forward,
            into="RequestResponses",
            counted="FailedPutCount",
            key="DeliveryStreamName",
        )

    gateway.changes.append(partly)
    outcomes = await firehose.put_records(for_firehose(*map(event, range(3))), settings, tools)

    assert kinds(outcomes) == [Delivered, Retry, Delivered]


async def test_a_stream_of_the_map_that_is_not_there_keeps_only_its_events_back(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    aws.make_firehose()
    settings = firehose.Settings(
        stream_name=aws.name, streams={"identify": "missing"}, **account(gateway)
    )
    people = event(2, type="identify", event="")

    outcomes = await firehose.put_records(for_firehose(event(1), people), settings, tools)

    assert kinds(outcomes) == [Delivered, Retry]
    assert "missing" in str(outcomes[1])
    with pytest.raises(SettingsError, match="create the stream"):
        await firehose.put_records(for_firehose(people), settings, tools)


async def test_firehose_rejects_a_line_that_is_too_large(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    aws.make_firehose()
    settings = firehose.Settings(stream_name=aws.name, **account(gateway))
    room = firehose.RECORD_BYTES_MAX - len(event(1, note="")) - 1
    largest, larger = event(1, note="x" * room), event(1, note="x" * (room + 1))

    outcomes = await firehose.put_records(for_firehose(larger, largest), settings, tools)

    assert kinds(outcomes) == [Rejected, Delivered]


# --- S3 -------------------------------------------------------------------------------------------


async def test_a_file_in_s3_has_the_events_of_one_source_and_hour_in_order(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, prefix="in/", layout="hive", **account(gateway))
    late = [event(number, receivedAt="2026-11-21T04:00:00.000Z") for number in (3, 4)]

    outcomes = await s3.put_files(
        [*lines(event(1), late[0], event(2)), *lines(event(5), source="app"), *lines(late[1])],
        settings,
        tools,
    )

    assert outcomes == [Delivered(200)] * 5
    found = {
        key.rpartition("/")[0]: gzip.decompress(body) for key, (body, _) in aws.objects().items()
    }
    assert found == {
        "in/source=web/date=2026-11-21/hour=03": event(1) + b"\n" + event(2) + b"\n",
        "in/source=web/date=2026-11-21/hour=04": late[0] + b"\n" + late[1] + b"\n",
        "in/source=app/date=2026-11-21/hour=03": event(5) + b"\n",
    }


async def test_the_folders_of_segment_have_the_day_in_milliseconds(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, **account(gateway))

    await s3.put_files(lines(event(1)), settings, tools)

    [(key, (body, answer))] = aws.objects().items()
    day = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp()) * 1_000
    assert key.startswith(f"segment-logs/web/{day}/20261121T030405Z-")
    assert key.endswith(".gz")
    assert (answer["ContentType"], answer["ContentEncoding"]) == ("text/plain", "gzip")
    assert gzip.decompress(body) == event(1) + b"\n"


async def test_lines_that_do_not_say_when_they_were_received_are_filed_under_now(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, layout="hive", **account(gateway))

    before = datetime.now(UTC)
    await s3.put_files(lines(b'"text"', b"{}", event(receivedAt="x")), settings, tools)
    after = datetime.now(UTC)

    folders = {key.rpartition("/")[0] for key in aws.objects()}
    hours = {f"source=web/date={at:%Y-%m-%d}/hour={at:%H}" for at in (before, after)}
    text = b"".join(gzip.decompress(body) for body, _ in aws.objects().values())
    assert folders <= hours
    assert sorted(text.splitlines()) == sorted([b'"text"', b"{}", event(receivedAt="x")])


async def test_files_can_be_compressed_with_zstd(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, compression="zstd", **account(gateway))

    await s3.put_files(lines(event(1)), settings, tools)

    [(key, (body, answer))] = aws.objects().items()
    assert key.endswith(".zst")
    assert answer["ContentEncoding"] == "zstd"
    assert zstandard.ZstdDecompressor().decompress(body) == event(1) + b"\n"


async def test_a_file_is_encrypted_and_stored_as_the_settings_say(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(
        bucket=aws.name,
        layout="custom",
        path="{type}/{year}-{month}/{source}",
        encryption="kms",
        kms_key_id="alias/events",
        storage_class="INTELLIGENT_TIERING",
        format="parquet",
        **account(gateway),
    )

    outcomes = await s3.put_files(lines(event(1), b'"text"'), settings, tools)

    assert kinds(outcomes) == [Delivered, Rejected]
    [(key, (body, answer))] = aws.objects().items()
    assert key.startswith("track/2026-11/web/20261121T030405Z-")
    assert body.startswith(b"PAR1")
    assert answer["ServerSideEncryption"] == "aws:kms"
    assert answer["SSEKMSKeyId"].endswith("alias/events")
    assert answer["StorageClass"] == "INTELLIGENT_TIERING"


async def test_a_file_written_again_after_a_lost_answer_replaces_itself(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, **account(gateway))

    def lost(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        forward(asked)
        return Answer(None)

    gateway.changes.append(lost)
    with pytest.raises(TransientError):
        await s3.put_files(lines(event(1), event(2)), settings, tools)
    await s3.put_files(lines(event(1), event(2)), settings, tools)

    assert len(gateway.asked) == 2
    assert len(aws.objects()) == 1


async def test_a_bucket_that_is_not_there_suspends_the_destination(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    settings = s3.Settings(bucket=aws.name, **account(gateway))

    with pytest.raises(SettingsError, match="create the bucket"):
        await s3.put_files(lines(event(1)), settings, tools)


async def test_a_service_that_answers_late_holds_no_thread_of_the_others(
    gateway: Gateway, aws: Aws, tools: DestinationTools
) -> None:
    aws.make_bucket()
    settings = s3.Settings(bucket=aws.name, **account(gateway))
    begun, release = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def late(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        loop.call_soon_threadsafe(begun.set)
        release.wait(DEADLINE_S)
        return forward(asked)

    gateway.changes += [late] * 4
    sending = [
        asyncio.create_task(s3.put_files(lines(event(number)), settings, tools))
        for number in range(4)
    ]
    await begun.wait()
    answered = await asyncio.gather(*(tools.blocking(lambda: True) for _ in range(8)))
    release.set()

    assert answered == [True] * 8
    assert await asyncio.gather(*sending) == [[Delivered(200)]] * 4


# --- Through the engine ---------------------------------------------------------------------------


class Pipeline:
    """A data directory whose events are accepted, refined and delivered."""

    def __init__(self, directory: Path) -> None:
        self.config = Config(
            data_dir=directory / "data",
            deliver=DeliverConfig(private_networks=("127.0.0.0/8",)),
            first_source=Source(slug="web", write_keys=("first-write-key",)),
        )
        prepare(self.config)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def connect(self, kind: str, settings: Mapping[str, Any]) -> None:
        changes = Changes(open_engine(self.config))
        vault = open_vault(self.config)
        destinations = Destinations(self.config, changes, vault, load_catalog())
        plain = {k: v.reveal() if isinstance(v, Secret) else v for k, v in settings.items()}
        destinations.create(DestinationDraft(slug="aws", type=kind, settings=plain), actor="owner")
        changes.close()

    def start(self) -> None:
        self._thread = threading.Thread(target=run_deliveries, args=(self.config, self._stop))
        self._thread.start()
        until(lambda: self.fact("state") == "running", what="running destination")

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(DEADLINE_S)
            assert not self._thread.is_alive()

    def accept(self, events: Sequence[Mapping[str, Any]], *, source: str = "web") -> None:
        now = time.time_ns() // 1_000
        call = Call(
            source=source,
            received_at=now,
            shape="batch",
            type="",
            path="/v1/batch",
            events=len(events),
            is_client_side=False,
            remote_address="192.0.2.7",
            user_agent="test-sdk/1.0",
            body=msgspec.json.encode({"batch": events}),
        )
        log = open_log(self.config)
        counts = [Count(source, now // 60_000_000, ACCEPTED, len(events))]
        log.writer(RAW).append([NewRecord(b"u-1", encode_call(call))], counts)
        refiner = Refiner(self.config, log)
        while refiner.step(0.0):
            pass
        refiner.close()
        log.close()

    def fact(self, name: str) -> object:
        path = state_path(self.config, "aws")
        if not path.exists():
            return None
        try:
            with looking(path) as connection:
                return facts(connection).get(name)
        except TransientError:
            return None

    def delivered(self) -> int:
        with looking(state_path(self.config, "aws")) as connection:
            return sum(total.delivered for total in totals(connection).values())


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(tmp_path)
    yield pipeline
    pipeline.stop()


def until(ask: Callable[[], Any], *, what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not ask():
        assert time.monotonic() < end, f"no {what} within {DEADLINE_S:.0f} s"
        time.sleep(0.05)


def tracked(count: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "track",
            "event": "Bought",
            "messageId": f"m-{number}",
            "userId": f"u-{number % 7}",
            "properties": {"number": number},
        }
        for number in range(count)
    ]


def test_all_events_reach_kinesis_once_and_in_order_of_their_person_through_failures(
    pipeline: Pipeline, gateway: Gateway, aws: Aws
) -> None:
    aws.make_stream()
    pipeline.connect("kinesis", {"stream_name": aws.name, **account(gateway, role_arn=ROLE)})
    pipeline.start()

    def refused(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        """Refuse every record of one person."""
        if asked.target != "PutRecords":
            return forward(asked)
        codes = [
            "ProvisionedThroughputExceededException" if each["PartitionKey"] == "u-3" else ""
            for each in asked.json["Records"]
        ]
        return answer_for(
            asked, codes, forward, into="Records", counted="FailedRecordCount", key="StreamName"
        )

    gateway.changes += [
        lambda asked, forward: forward(asked),
        lambda _asked, _forward: error(500, "InternalFailure"),
        lambda _asked, _forward: Answer(None),
        *[refused] * 6,
    ]
    events = tracked(1_500)
    for begin in range(0, len(events), 300):
        pipeline.accept(events[begin : begin + 300])
    until(lambda: pipeline.delivered() == len(events), what="delivery of everything")

    arrived: dict[str, list[int]] = {}
    for record in aws.records():
        body = msgspec.json.decode(record["Data"])
        assert record["PartitionKey"] == body["userId"]
        arrived.setdefault(body["userId"], []).append(body["properties"]["number"])
    assert arrived == {f"u-{user}": list(range(user, 1_500, 7)) for user in range(7)}


def test_all_events_reach_firehose_once(pipeline: Pipeline, gateway: Gateway, aws: Aws) -> None:
    aws.make_bucket()
    aws.make_firehose()
    pipeline.connect("firehose", {"stream_name": aws.name, **account(gateway)})
    pipeline.start()
    gateway.changes.append(lambda _asked, _forward: error(400, "ThrottlingException"))

    pipeline.accept(tracked(1_200))
    until(lambda: pipeline.delivered() == 1_200, what="delivery of everything")

    text = b"".join(body for body, _ in aws.objects().values())
    found = Counter(msgspec.json.decode(line)["messageId"] for line in text.splitlines())
    assert found == Counter(f"m-{number}" for number in range(1_200))


def test_all_events_reach_s3_once_below_their_source(
    pipeline: Pipeline, gateway: Gateway, aws: Aws
) -> None:
    aws.make_bucket()
    own = {"bucket": aws.name, "layout": "hive", "file_age_s_max": 1}
    pipeline.connect("s3", {**own, **account(gateway)})
    pipeline.start()
    events = tracked(1_000)

    pipeline.accept(events[:600])
    pipeline.accept(events[600:], source="app")
    until(lambda: pipeline.delivered() == 1_000, what="delivery of everything")

    found: dict[str, list[str]] = {}
    for key, (body, _) in aws.objects().items():
        for line in gzip.decompress(body).splitlines():
            sent = msgspec.json.decode(line)
            day, hour = sent["receivedAt"][:10], sent["receivedAt"][11:13]
            source = key.partition("/")[0].removeprefix("source=")
            assert key.startswith(f"source={source}/date={day}/hour={hour}/")
            found.setdefault(source, []).append(sent["messageId"])
    assert {source: sorted(ids) for source, ids in found.items()} == {
        "web": sorted(each["messageId"] for each in events[:600]),
        "app": sorted(each["messageId"] for each in events[600:]),
    }


def test_a_file_that_is_full_does_not_wait_for_its_age(
    pipeline: Pipeline, gateway: Gateway, aws: Aws
) -> None:
    aws.make_bucket()
    own = {"bucket": aws.name, "file_age_s_max": 900, "file_bytes_max": 1_000_000}
    pipeline.connect("s3", {**own, **account(gateway)})
    pipeline.start()

    pipeline.accept([{**each, "properties": {"note": "x" * 900}} for each in tracked(1_000)])
    until(lambda: len(aws.objects()) == 1, what="file")

    [(body, _)] = aws.objects().values()
    assert 990_000 < len(gzip.decompress(body).replace(b"\n", b"")) <= 1_000_000


def test_delivering_stops_at_once_while_a_service_does_not_answer(
    pipeline: Pipeline, gateway: Gateway, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    aws.make_stream()
    pipeline.connect("kinesis", {"stream_name": aws.name, **account(gateway)})
    pipeline.start()
    release = threading.Event()

    def silent(asked: Asked, forward: Callable[[Asked], Answer]) -> Answer:
        release.wait(DEADLINE_S)
        return Answer(None)

    gateway.changes += [silent] * 4
    pipeline.accept(tracked(100))
    until(lambda: len(gateway.of("PutRecords")) >= 1, what="request")
    begun = time.monotonic()
    pipeline.stop()
    took_s = time.monotonic() - begun
    release.set()

    assert took_s < TIMEOUT_S / 2
    assert "exception" not in caplog.text.lower()
    assert pipeline.delivered() == 0
