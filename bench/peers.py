"""Real servers to deliver to, each with the settings of a destination and a count of what arrived.

Each is a context that gives a `Peer`. What a machine has not got is told by the error of the test
helpers that start these servers.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "tests"
for _directory in (TESTS, TESTS / "integration", TESTS / "acceptance"):
    sys.path.append(str(_directory))

REGION = "eu-central-1"
AWS = {"region": REGION, "access_key_id": "test", "secret_access_key": "test"}
MOTO_SHARDS = 500
"""As moto looks through all records of a shard for each one that it takes."""
SINK = r"""
import asyncio, re, sys

find = re.compile(rb'"messageId":"([^"]+)"').findall
seen = set()

class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data, self.need = transport, bytearray(), -1

    def data_received(self, data):
        self.data += data
        while True:
            if self.need < 0:
                head, mark, rest = bytes(self.data[:16384]).partition(b"\r\n\r\n")
                if not mark:
                    return
                lines = head.lower().split(b"\r\n")
                length = [line for line in lines if line.startswith(b"content-length:")]
                size = int(length[0].partition(b":")[2]) if length else 0
                self.need = len(head) + 4 + size
                self.is_count = head.startswith(b"GET")
            if len(self.data) < self.need:
                return
            body = bytes(self.data[: self.need])
            del self.data[: self.need]
            self.need = -1
            if self.is_count:
                told = b"%d" % len(seen)
            else:
                seen.update(find(body))
                told = b"ok"
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told)
            )

async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@dataclass(frozen=True)
class Peer:
    """A running server: what a destination for it is, and how many different events it has."""

    type: str
    settings: dict[str, Any]
    received: Callable[[], int]
    name: str
    pid: int | None = None
    delivery: dict[str, Any] = field(default_factory=dict)


@contextmanager
def webhook() -> Iterator[Peer]:
    """Arrays of 1,000 events to a server that answers at once and notes their ids."""
    import httpx

    process = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    try:
        yield Peer(
            "webhook",
            {"url": url, "batch_events_max": 1_000, "timeout_s": 30},
            lambda: int(httpx.get(url, timeout=30.0).text),
            "a socket server that notes ids",
            process.pid,
        )
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def moto_kinesis() -> Iterator[Peer]:
    """Give a stream of moto's server."""
    from aws_gateway import running_moto

    with running_moto() as port:
        peer = _stream(f"http://127.0.0.1:{port}", "moto's server", shards=MOTO_SHARDS)
        # It loses records of requests that come at the same time.
        yield replace(peer, delivery={"requests_at_once_max": 1})


@contextmanager
def kinesalite() -> Iterator[Peer]:
    """Give a stream of kinesalite, which is another implementation than moto's."""
    from server_sdks import node, npm_packages

    here = TESTS / "kinesis"
    process = subprocess.Popen(
        [node(), str(here / "server.mjs")],
        env={**os.environ, "TAILRACE_KINESIS_DIR": str(npm_packages(here))},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield _stream(url, "kinesalite", shards=2, pid=process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _client(service: str, url: str) -> Any:
    import boto3

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _stream(url: str, name: str, *, shards: int, pid: int | None = None) -> Peer:
    import json

    client = _client("kinesis", url)
    client.create_stream(StreamName="events", ShardCount=shards)
    while True:
        found = client.describe_stream(StreamName="events")["StreamDescription"]
        if found["StreamStatus"] == "ACTIVE":
            break
        time.sleep(0.1)

    def received() -> int:
        ids = set()
        for shard in found["Shards"]:
            at = client.get_shard_iterator(
                StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while True:
                answer = client.get_records(ShardIterator=at, Limit=10_000)
                ids |= {json.loads(each["Data"])["messageId"] for each in answer["Records"]}
                at = answer["NextShardIterator"]
                if not answer["Records"] and not answer["MillisBehindLatest"]:
                    break
        return len(ids)

    return Peer(
        "kinesis", {**AWS, "stream_name": "events", "endpoint_url": url}, received, name, pid
    )


@contextmanager
def moto_firehose() -> Iterator[Peer]:
    """Give a Firehose stream of moto's server, which writes to its S3 at once."""
    from aws_gateway import running_moto

    with running_moto() as port:
        url = f"http://127.0.0.1:{port}"
        files = _client("s3", url)
        _made_bucket(files)
        _client("firehose", url).create_delivery_stream(
            DeliveryStreamName="events",
            S3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/any",
                "BucketARN": "arn:aws:s3:::events",
            },
        )
        settings = {**AWS, "stream_name": "events", "endpoint_url": url}
        yield Peer("firehose", settings, lambda: _in_files(files), "moto's server")


@contextmanager
def moto_s3() -> Iterator[Peer]:
    """Give a bucket of moto's server."""
    from aws_gateway import running_moto

    with running_moto() as port:
        url = f"http://127.0.0.1:{port}"
        files = _client("s3", url)
        _made_bucket(files)
        settings = {**AWS, "bucket": "events", "endpoint_url": url, "file_age_s_max": 5}
        yield Peer("s3", settings, lambda: _in_files(files), "moto's server")


def _made_bucket(files: Any) -> None:
    files.create_bucket(Bucket="events", CreateBucketConfiguration={"LocationConstraint": REGION})


def _in_files(files: Any) -> int:
    import gzip
    import re

    find = re.compile(rb'"messageId":"([^"]+)"').findall
    ids: set[bytes] = set()
    for page in files.get_paginator("list_objects_v2").paginate(Bucket="events"):
        for each in page.get("Contents", ()):
            body = files.get_object(Bucket="events", Key=each["Key"])["Body"].read()
            ids.update(find(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
    return len(ids)


@contextmanager
def opensearch() -> Iterator[Peer]:
    """Give one node of OpenSearch, which needs Java and Maven."""
    import opensearch as helper
    from waiting import free_port

    with helper.running_node(free_port()) as node:

        def received() -> int:
            node.ask("POST", "/events/_refresh")
            return int(node.ask("GET", "/events/_count")["count"])

        settings = {"url": node.url, "index": "events", "index_rotation": "none"}
        yield Peer("elasticsearch", settings, received, "OpenSearch, one node")


@contextmanager
def postgres() -> Iterator[Peer]:
    """Give a database of PostgreSQL on a port of loopback, which does not wait for its disk."""
    import psycopg

    from postgres import running_cluster
    from waiting import free_port

    port = free_port()
    with running_cluster(port=port) as cluster:
        dsn = cluster.new_database()
        with psycopg.connect(dsn) as connection:
            database = connection.info.dbname
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "database": database,
            "user": "tailrace",
            "schema": "events",
            "sslmode": "disable",
        }

        def received() -> int:
            with psycopg.connect(dsn) as connection:
                row = connection.execute("SELECT count(DISTINCT id) FROM events.tracks").fetchone()
            assert row is not None
            return int(row[0])

        yield Peer("postgres", settings, received, "PostgreSQL")


@contextmanager
def nats() -> Iterator[Peer]:
    """Give a stream of JetStream."""
    import asyncio

    from nats.aio.client import Client

    from nats_server import running_nats

    async def asked(url: str, *, is_new: bool = False) -> int:
        client = Client()
        await client.connect(f"nats://{url}")
        streams = client.jetstream()
        if is_new:
            await streams.add_stream(name="events", subjects=["events"])
        state = (await streams.stream_info("events")).state
        await client.close()
        return int(state.messages)

    with tempfile.TemporaryDirectory() as directory, running_nats(Path(directory)) as server:
        asyncio.run(asked(server.server, is_new=True))
        settings = {"servers": server.server, "subject": "events"}
        yield Peer("nats", settings, lambda: asyncio.run(asked(server.server)), "nats-server")


@contextmanager
def redis_streams() -> Iterator[Peer]:
    """Give a Redis."""
    from redis import Redis

    from redis_server import running_redis

    with (
        tempfile.TemporaryDirectory() as directory,
        running_redis(Path(directory)) as server,
        closing(Redis(port=server.port)) as client,
    ):

        def received() -> int:
            length = client.xlen("events")
            assert isinstance(length, int)
            return length

        settings = {"server": server.server, "stream": "events"}
        yield Peer("redis-streams", settings, received, "redis-server")


@contextmanager
def file() -> Iterator[Peer]:
    """Give a directory for files of lines."""
    with tempfile.TemporaryDirectory() as directory:

        def received() -> int:
            return sum(
                path.read_bytes().count(b"\n")
                for path in Path(directory).rglob("*")
                if path.is_file()
            )

        yield Peer("file", {"directory": directory}, received, "files of this machine")
