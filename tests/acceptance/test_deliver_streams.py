"""Events all the way to NATS and Redis Streams, with NATS killed on the way."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec
from conftest import MakeTailrace
from running import Tailrace, wait_until
from test_deliver import SETTINGS, USERS, Senders, fact, wait_ended

from nats_server import running_nats
from redis_server import running_redis

EVENTS = 3_000


def connect(tailrace: Tailrace, slug: str, **body: object) -> None:
    """Make a destination, and wait until it has begun."""
    response = tailrace.api.post("/api/v1/destinations", json={"slug": slug, **body})
    assert response.status_code == 201, response.text
    path = tailrace.data_dir / "deliver" / f"{slug}.sqlite"
    wait_until(lambda: path.exists() and fact(tailrace, slug, "state"), what=slug, within_s=20.0)


def numbers(events: Iterable[bytes | str]) -> dict[str, list[int]]:
    by_person: dict[str, list[int]] = defaultdict(list)
    for event in map(msgspec.json.decode, events):
        by_person[event["userId"]].append(event["properties"]["n"])
    return by_person


def test_streams_get_every_event_in_order_of_each_person(
    make_tailrace: MakeTailrace, tmp_path: Path
) -> None:
    tailrace = make_tailrace(settings=SETTINGS).start()
    directories = [tmp_path / name for name in ("nats", "redis")]
    for directory in directories:
        directory.mkdir()
    with running_nats(directories[0]) as nats, running_redis(directories[1]) as redis:
        asyncio.run(nats.make_stream("EVENTS", ["events.*"]))
        connect(tailrace, "nats", type="nats", settings={"servers": nats.server})
        connect(tailrace, "redis", type="redis-streams", settings={"server": redis.server})
        senders = Senders(tailrace)

        for _ in range(15):
            senders.send(100)
        nats.kill()
        for _ in range(15):
            senders.send(100)
        nats.start()
        wait_ended(tailrace, "redis", EVENTS)
        wait_ended(tailrace, "nats", EVENTS)

        in_order = {f"u-{user}": list(range(user, EVENTS, USERS)) for user in range(USERS)}
        stored = asyncio.run(nats.stored("EVENTS"))
        assert numbers(each.data for each in stored) == in_order
        entries = redis.entries("tailrace:events")
        assert numbers(each["event"] for each in entries) == in_order
