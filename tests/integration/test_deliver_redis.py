"""Redis Streams over the wire: Debian's server, which is full, killed, hung or does not want us."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from certificates import Authority
from redis_server import RedisServer, running_redis
from tailrace.deliver.guard import Guard
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import check, redis_streams
from tailrace.destinations.api import Delivered, Outcome, Retry, Secret
from tailrace.destinations.redis_streams import Entry, Settings
from tailrace.errors import SettingsError, TransientError
from tool_server import client_tls, event_json, loopback_tools

PASSWORD = "planted-redis-password"
STREAM = "tailrace:events"
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis"), password=PASSWORD) as server:
        yield server


@pytest.fixture
def server(shared: RedisServer) -> Iterator[RedisServer]:
    yield shared
    with shared.client as client:
        client.flushall()


def settings_for(redis: RedisServer, /, **given: object) -> Settings:
    made = {"server": redis.server, "password": Secret(PASSWORD), "timeout_s": 5.0, **given}
    settings: Settings = check(redis_streams.DESTINATION, made).settings
    return settings


def entries(count: int, *, first: int = 0, people: int = 7, **fields: object) -> list[Entry]:
    return [
        Entry(
            event=event_json(f"m-{n}", userId=f"u-{n % people}", properties={"n": n}, **fields),
            source="web",
        )
        for n in range(first, first + count)
    ]


def numbers(found: Sequence[dict[str, str]]) -> dict[str, list[int]]:
    """Return the numbers that came for each person, each at its first coming."""
    by_person: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        event = msgspec.json.decode(entry["event"])
        if event["properties"]["n"] not in by_person[event["userId"]]:
            by_person[event["userId"]].append(event["properties"]["n"])
    return by_person


async def add(server: RedisServer, batch: Sequence[Entry], /, **given: object) -> Sequence[Outcome]:
    async with loopback_tools() as tools:
        return await redis_streams.add(batch, settings_for(server, **given), tools)


async def test_an_entry_has_the_event_and_what_tells_it_apart(server: RedisServer) -> None:
    [entry] = entries(1)

    outcomes = await add(server, [entry])

    assert outcomes == [Delivered()]
    assert server.entries(STREAM) == [
        {"message_id": "m-0", "type": "track", "source": "web", "event": entry.event.decode()}
    ]


async def test_all_events_of_many_batches_come_in_order_of_each_person(
    server: RedisServer,
) -> None:
    settings = settings_for(server)

    async with loopback_tools() as tools:
        lanes = (
            redis_streams.add(entries(1_000, first=n * 1_000, people=4), settings, tools)
            for n in range(4)
        )
        outcomes = await asyncio.gather(*lanes)

    found = server.entries(STREAM)
    assert {outcome for each in outcomes for outcome in each} == {Delivered()}
    assert len(found) == 4_000
    for person in range(4):
        for first in range(0, 4_000, 1_000):
            came = [n for n in numbers(found)[f"u-{person}"] if first <= n < first + 1_000]
            assert came == [n for n in range(first, first + 1_000) if n % 4 == person]


async def test_names_of_streams_follow_type_and_source(server: RedisServer) -> None:
    batch = [*entries(1), *entries(1, type="identify"), *entries(1, type="")]

    outcomes = await add(server, batch, stream="{source}/{type}")

    assert outcomes[:2] == [Delivered(), Delivered()]
    assert "no-stream" in str(outcomes[2])
    assert len(server.entries("web/track")) == len(server.entries("web/identify")) == 1


async def test_a_mapping_adds_fields_and_takes_none_away(server: RedisServer) -> None:
    more = {"plan": "gold", "total": 12.5, "type": "mine"}

    await add(server, [Entry(event=event_json("m-1"), more=more)])

    [found] = server.entries(STREAM)
    assert (found["plan"], found["total"], found["type"]) == ("gold", "12.5", "track")


async def test_a_stream_keeps_about_as_many_entries_as_it_may(server: RedisServer) -> None:
    await add(server, entries(1_000), entries_max=200)

    found = server.entries(STREAM)
    assert 200 <= len(found) < 400
    assert found[-1]["message_id"] == "m-999"


async def test_a_server_that_is_full_takes_nothing_of_a_batch_until_it_has_room(
    server: RedisServer,
) -> None:
    with server.client as client:
        client.config_set("maxmemory", "1kb")
        refused = await add(server, entries(10))
        client.config_set("maxmemory", "0")

    taken = await add(server, entries(10))

    assert [(type(each), each[0]) for each in refused] == [(Retry, "out-of-memory")] * 10
    assert taken == [Delivered()] * 10
    assert len(server.entries(STREAM)) == 10


async def test_a_replica_is_asked_again(server: RedisServer) -> None:
    with server.client as client:
        client.replicaof("127.0.0.1", "1")
        refused = await add(server, entries(2))
        client.replicaof("NO", "ONE")

    assert [(type(each), each[0]) for each in refused] == [(Retry, "read-only")] * 2


async def test_a_key_that_is_no_stream_suspends_the_destination(server: RedisServer) -> None:
    with server.client as client:
        client.set(STREAM, "text")

    with pytest.raises(SettingsError, match="no stream: change stream"):
        await add(server, entries(2))


async def test_where_one_of_two_streams_is_none_the_other_gets_its_events_once(
    server: RedisServer,
) -> None:
    with server.client as client:
        client.set("identify", "text")
    batch = [*entries(1), *entries(1, first=1, type="identify")]

    outcomes = await add(server, batch, stream="{type}")

    assert outcomes[0] == Delivered()
    assert isinstance(outcomes[1], Retry)
    assert outcomes[1].reason == "wrongtype"


@pytest.mark.parametrize("password", [None, Secret("planted-other-password")])
async def test_a_wrong_password_suspends_the_destination(
    server: RedisServer, password: Secret | None
) -> None:
    with pytest.raises(SettingsError, match="refuses us") as caught:
        await add(server, entries(1), password=password)

    assert "planted" not in repr(caught.value)


async def test_a_database_that_is_none_suspends_the_destination(server: RedisServer) -> None:
    with pytest.raises(SettingsError, match="out of range"):
        await add(server, entries(1), database=1_000)


async def test_a_user_who_may_not_add_suspends_the_destination(server: RedisServer) -> None:
    with server.client as client:
        client.acl_setuser("reader", enabled=True, passwords=["+reading"], commands=["+@read"])

    with pytest.raises(SettingsError, match="let the user run MULTI, EXEC and XADD"):
        await add(server, entries(1), username="reader", password=Secret("reading"))


async def test_a_server_that_hangs_is_left_and_reached_again(server: RedisServer) -> None:
    settings = settings_for(server, timeout_s=0.3)

    async with loopback_tools() as tools:
        await redis_streams.add(entries(1), settings, tools)
        server.pause()
        try:
            with pytest.raises(TransientError, match=r"within 0\.3 s"):
                await redis_streams.add(entries(1, first=1), settings, tools)
        finally:
            server.go_on()
        outcomes = await redis_streams.add(entries(1, first=2), settings, tools)

    assert outcomes == [Delivered()]
    assert server.entries(STREAM)[-1]["message_id"] == "m-2"


async def test_nothing_is_lost_or_out_of_order_when_the_server_is_killed(tmp_path: Path) -> None:
    with running_redis(tmp_path, password=PASSWORD) as server:
        settings = settings_for(server)
        async with asyncio.timeout(DEADLINE_S), loopback_tools() as tools:
            begun = asyncio.Event()
            sending = asyncio.create_task(until_taken(settings, tools, begun, batches=60))
            await begun.wait()
            server.kill()
            server.start()
            failures = await sending

        found = numbers(server.entries(STREAM))

    assert failures
    assert found == {f"u-{n}": list(range(n, 6_000, 7)) for n in range(7)}


async def until_taken(
    settings: Settings, tools: DestinationTools, begun: asyncio.Event, *, batches: int
) -> int:
    """Add batches one after the other, each until it is taken; return how often that failed."""
    failures = 0
    for number in range(batches):
        batch = entries(100, first=number * 100)
        while True:
            try:
                outcomes = await redis_streams.add(batch, settings, tools)
            except TransientError:
                failures += 1
                await asyncio.sleep(0.01)
                continue
            assert set(outcomes) == {Delivered()}
            break
        if number == 2:
            begun.set()
    return failures


async def test_a_private_address_is_not_connected_to(server: RedisServer) -> None:
    with ThreadPoolExecutor(1) as threads:
        tools = DestinationTools(GuardedHttp(Guard([]), tls=client_tls()), threads=threads)

        with pytest.raises(SettingsError, match=r"deliver\.private_networks"):
            await redis_streams.add(entries(1), settings_for(server), tools)

        await tools.close()


async def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    async with loopback_tools() as tools:
        settings = Settings(server="127.0.0.1:1")

        with pytest.raises(TransientError, match=r"127\.0\.0\.1:1"):
            await redis_streams.add(entries(1), settings, tools)


class Encrypted:
    """A server that speaks TLS alone, and shows a certificate for localhost."""

    def __init__(self, authority: Authority, server: RedisServer) -> None:
        self.authority = authority
        self.server = server

    def settings(self, **given: object) -> Settings:
        made = {
            "server": f"localhost:{self.server.port}",
            "tls": True,
            "tls_ca": Secret(self.authority.certificate),
            **given,
        }
        return settings_for(self.server, **made)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    authority, directory = Authority(), tmp_path_factory.mktemp("redis-tls")
    pair = authority.sign("localhost")
    for name, text in (
        ("ca.pem", authority.certificate),
        ("certificate.pem", pair.certificate),
        ("key.pem", pair.key),
    ):
        (directory / name).write_text(text)
    options = (
        *("--tls-cert-file", str(directory / "certificate.pem")),
        *("--tls-key-file", str(directory / "key.pem")),
        *("--tls-ca-cert-file", str(directory / "ca.pem")),
        *("--tls-auth-clients", "yes"),
    )
    with running_redis(directory, *options, password=PASSWORD, has_tls=True) as server:
        yield Encrypted(authority, server)


async def test_both_sides_show_certificates(encrypted: Encrypted) -> None:
    ours = encrypted.authority.sign(name="tailrace")
    settings = encrypted.settings(
        tls_certificate=Secret(ours.certificate), tls_key=Secret(ours.key)
    )

    async with loopback_tools() as tools:
        outcomes = await redis_streams.add(entries(3), settings, tools)

    assert outcomes == [Delivered()] * 3


@pytest.mark.parametrize(
    "given",
    [
        {"tls_ca": Secret(Authority().certificate)},
        {"server": "127.0.0.1"},
        {"tls_ca": None},
    ],
    ids=["other authority", "other name", "unknown authority"],
)
async def test_a_server_that_cannot_show_who_it_is_gets_nothing(
    encrypted: Encrypted, given: dict[str, Any]
) -> None:
    if "server" in given:
        given = {"server": encrypted.server.server}
    settings = encrypted.settings(**given)

    async with loopback_tools() as tools:
        with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
            await redis_streams.add(entries(1), settings, tools)


def test_a_certificate_needs_its_key_and_tls(encrypted: Encrypted) -> None:
    pair = encrypted.authority.sign()

    with pytest.raises(SettingsError, match="tls_key"):
        encrypted.settings(tls_certificate=Secret(pair.certificate))
    with pytest.raises(SettingsError, match="tls: is off"):
        encrypted.settings(tls=False)


async def test_a_key_of_another_certificate_is_told_without_it(encrypted: Encrypted) -> None:
    one, other = encrypted.authority.sign(), encrypted.authority.sign()
    settings = encrypted.settings(
        tls_certificate=Secret(one.certificate), tls_key=Secret(other.key)
    )

    async with loopback_tools() as tools:
        with pytest.raises(SettingsError, match="tls_certificate: cannot be read") as caught:
            await redis_streams.add(entries(1), settings, tools)

    assert other.key not in str(caught.value)


async def test_a_check_tells_what_is_there_and_adds_nothing(server: RedisServer) -> None:
    async with loopback_tools() as tools:
        before = await redis_streams.check(settings_for(server), tools)
        await redis_streams.add(entries(1), settings_for(server), tools)
        after = await redis_streams.check(settings_for(server), tools)

    assert [each.is_good for each in (*before, *after)] == [True] * 4
    assert "is not there yet" in before[1].detail
    assert "is a stream" in after[1].detail


async def test_a_check_tells_what_is_wrong(server: RedisServer) -> None:
    with server.client as client:
        client.set(STREAM, "text")

    async with loopback_tools() as tools:
        kind = await redis_streams.check(settings_for(server), tools)
        wrong = await redis_streams.check(settings_for(server, password=Secret("no")), tools)
        away = await redis_streams.check(Settings(server="127.0.0.1:1"), tools)

    assert [each.is_good for each in kind] == [True, False]
    assert "is a string: change stream" in kind[1].detail
    assert [(each.name, each.is_good) for each in (*wrong, *away)] == [("Connection", False)] * 2
