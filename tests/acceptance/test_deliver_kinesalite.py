"""Kinesis by another implementation than moto's, which checks what AWS checks."""

import asyncio
import os
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from server_sdks import node, npm_packages

from tailrace.deliver.guard import Guard
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import kinesis
from tailrace.destinations.api import Delivered, Json, Rejected, Secret
from tailrace.errors import SettingsError

HERE = Path(__file__).parents[1] / "kinesis"
REGION = "eu-central-1"
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    process = subprocess.Popen(
        [node(), str(HERE / "server.mjs")],
        env={**os.environ, "TAILRACE_KINESIS_DIR": str(npm_packages(HERE))},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def stream(url: str) -> Any:
    """Give a client that sees a stream `events` of two shards."""
    client = boto3.client(
        "kinesis",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_stream(StreamName="events", ShardCount=2)
    end = time.monotonic() + DEADLINE_S
    while client.describe_stream(StreamName="events")["StreamDescription"]["StreamStatus"] != (
        "ACTIVE"
    ):
        assert time.monotonic() < end, "the stream does not become active"
        time.sleep(0.05)
    return client


@pytest.fixture
async def tools() -> AsyncIterator[DestinationTools]:
    with ThreadPoolExecutor(1) as threads:
        http = GuardedHttp(Guard(["127.0.0.0/8"]), tls=ssl.create_default_context())
        made = DestinationTools(http, threads=threads)
        yield made
        await made.close()


def settings(url: str, stream_name: str = "events") -> kinesis.Settings:
    return kinesis.Settings(
        region=REGION,
        stream_name=stream_name,
        access_key_id="AKIAEXAMPLE",
        secret_access_key=Secret("secret"),
        endpoint_url=url,
    )


def records_of(client: Any) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for shard in client.describe_stream(StreamName="events")["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while records := (page := client.get_records(ShardIterator=iterator))["Records"]:
            found |= {each["PartitionKey"]: each["Data"] for each in records}
            iterator = page["NextShardIterator"]
    return found


async def test_the_largest_batch_that_is_made_is_taken_whole(
    url: str, stream: Any, tools: DestinationTools
) -> None:
    batching = kinesis.PUT.batching(settings(url))
    assert batching is not None
    room = batching.bytes_max // batching.events_max
    users = [f"{number:03}{'é' * 253}" for number in range(batching.events_max)]
    events = [msgspec.json.encode({"messageId": "m", "userId": user}) for user in users]
    padded = [event[:-1] + b',"x":"' + b"x" * (room - len(event) - 7) + b'"}' for event in events]

    outcomes = await kinesis.put_records(
        [kinesis.Record(data=Json(event)) for event in padded], settings(url), tools
    )

    assert sum(map(len, padded)) <= batching.bytes_max
    assert outcomes == [Delivered(200)] * batching.events_max
    found = await asyncio.to_thread(records_of, stream)
    assert found == dict(zip(users, padded, strict=True))


async def test_the_largest_record_is_taken_and_a_larger_one_not_sent(
    url: str, stream: Any, tools: DestinationTools
) -> None:
    largest, larger = (
        b'{"messageId":"m-%d","x":"%s"}' % (extra, b"x" * (kinesis.RECORD_BYTES_MAX - 29 + extra))
        for extra in range(2)
    )
    assert len(largest) + len("m-0") == kinesis.RECORD_BYTES_MAX

    outcomes = await kinesis.put_records(
        [kinesis.Record(data=Json(event)) for event in (largest, larger)], settings(url), tools
    )

    assert [type(each) for each in outcomes] == [Delivered, Rejected]
    assert (await asyncio.to_thread(records_of, stream))["m-0"] == largest


async def test_a_stream_that_is_not_there_suspends_the_destination(
    url: str, tools: DestinationTools
) -> None:
    with pytest.raises(SettingsError, match="create the stream"):
        await kinesis.put_records(
            [kinesis.Record(data=Json(b'{"messageId":"m-1"}'))], settings(url, "missing"), tools
        )
