"""Kinesis by another implementation than moto's, which checks what AWS checks."""

import asyncio
import base64
import json
import os
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
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
    """Give a client that sees a stream `events` of two shards, and `aggregated` of four."""
    client = boto3.client(
        "kinesis",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    for name in ("events", "aggregated"):
        client.create_stream(StreamName=name, ShardCount=2 if name == "events" else 4)
        end = time.monotonic() + DEADLINE_S
        while client.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"] != (
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


def settings(url: str, stream_name: str = "events", **given: Any) -> kinesis.Settings:
    return kinesis.Settings(
        region=REGION,
        stream_name=stream_name,
        access_key_id="AKIAEXAMPLE",
        secret_access_key=Secret("secret"),
        endpoint_url=url,
        **given,
    )


def taken_apart(records: Sequence[bytes]) -> list[list[tuple[str, str, bytes]]]:
    """Return what the library of consumers finds in each record."""
    done = subprocess.run(
        [node(), str(HERE / "reader.mjs")],
        env={**os.environ, "TAILRACE_KINESIS_DIR": str(npm_packages(HERE))},
        input=b"".join(base64.b64encode(each) + b"\n" for each in records),
        capture_output=True,
        timeout=DEADLINE_S,
        check=True,
    )
    return [
        [(key, hash_key, base64.b64decode(data)) for key, hash_key, data in json.loads(line)]
        for line in done.stdout.splitlines()
    ]


def shards_of(client: Any, stream: str) -> list[list[bytes]]:
    """Return the records of each shard, in order."""
    found = []
    for shard in client.describe_stream(StreamName=stream)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        datas: list[bytes] = []
        while records := (page := client.get_records(ShardIterator=iterator))["Records"]:
            datas += [each["Data"] for each in records]
            iterator = page["NextShardIterator"]
        found.append(datas)
    return found


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


async def test_a_library_of_consumers_finds_every_event_in_order_of_its_person(
    url: str, stream: Any, tools: DestinationTools
) -> None:
    people = [f"user-{number}" for number in range(40)]
    events = [
        msgspec.json.encode({"messageId": f"m-{number}", "userId": people[number * 7 % 40], "n": 1})
        for number in range(2_000)
    ]
    own = settings(url, "aggregated", aggregate=True, aggregate_bytes_max=4_096)

    outcomes = await kinesis.put_records(
        [kinesis.Record(data=Json(event)) for event in events], own, tools
    )

    assert outcomes == [Delivered(200)] * len(events)
    shards = await asyncio.to_thread(shards_of, stream, "aggregated")
    seen: dict[str, tuple[int, list[bytes]]] = {}
    for number, records in enumerate(shards):
        for found in taken_apart(records) if records else []:
            assert len({hash_key for _, hash_key, _ in found}) == 1
            for person, hash_key, data in found:
                assert int(hash_key) * 4 >> 128 == number
                assert seen.setdefault(person, (number, []))[0] == number
                seen[person][1].append(data)
    assert sum(map(len, shards)) < len(events) / 20
    assert {person: data for person, (_, data) in seen.items()} == {
        person: [each for each in events if f'"{person}"'.encode() in each] for person in people
    }


async def test_a_stream_that_is_not_there_suspends_the_destination(
    url: str, tools: DestinationTools
) -> None:
    with pytest.raises(SettingsError, match="create the stream"):
        await kinesis.put_records(
            [kinesis.Record(data=Json(b'{"messageId":"m-1"}'))], settings(url, "missing"), tools
        )
