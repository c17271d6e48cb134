"""Kafka over the wire: a real broker, which is killed, hung, does not want us or is elsewhere."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import msgspec
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from kafka_server import PASSWORD, USER, Broker, running_broker
from tailrace.deliver.guard import Guard
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import check, kafka
from tailrace.destinations.api import Delivered, Outcome, Rejected, Retry, Secret
from tailrace.destinations.kafka import Record, Settings
from tailrace.errors import SettingsError, TransientError
from tool_server import client_tls, event_json, loopback_tools

pytestmark = pytest.mark.services
DEADLINE_S = 90.0
NUMBERS = count()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as broker:
        yield broker


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"events-{next(NUMBERS)}"
    broker.make_topic(name, partitions=3)
    return name


def settings_for(broker: Broker, topic: str, **given: object) -> Settings:
    made = {"servers": f"127.0.0.1:{broker.plain}", "topic": topic, "timeout_s": 10.0, **given}
    settings: Settings = check(kafka.DESTINATION, made).settings
    return settings


def signed_in(broker: Broker, **given: object) -> dict[str, object]:
    servers = f"127.0.0.1:{broker.scram}"
    login = {"username": USER, "password": Secret(PASSWORD), "sasl_mechanism": "SCRAM-SHA-256"}
    return {"servers": servers, **login, **given}


def encrypted(broker: Broker, **given: object) -> dict[str, object]:
    tls = {"tls": True, "tls_ca": Secret(broker.authority.certificate)}
    servers = f"localhost:{broker.encrypted}"
    return signed_in(broker, servers=servers, sasl_mechanism="PLAIN", **{**tls, **given})


def records(count: int, *, first: int = 0, **fields: object) -> list[Record]:
    return [
        Record(
            value=event_json(f"m-{n}", userId=f"u-{n % 7}", properties={"n": n}, **fields),
            source="web",
        )
        for n in range(first, first + count)
    ]


async def produce(
    broker: Broker, topic: str, batch: Sequence[Record], **given: object
) -> Sequence[Outcome]:
    async with loopback_tools() as tools:
        return await kafka.produce(batch, settings_for(broker, topic, **given), tools)


def numbers(partitions: Sequence[Sequence[Any]]) -> dict[str, list[int]]:
    """Return the numbers that came for each person, each at its first coming."""
    by_person: dict[str, list[int]] = defaultdict(list)
    for record in (record for records in partitions for record in records):
        number = msgspec.json.decode(record.value())["properties"]["n"]
        if number not in by_person[record.key().decode()]:
            by_person[record.key().decode()].append(number)
    return by_person


async def test_a_record_is_the_event_with_its_person_as_the_key(broker: Broker, topic: str) -> None:
    [record] = records(1)
    mapped = Record(value=record.value, key="mine", headers={"plan": "gold", "total": 12.5})

    outcomes = await produce(broker, topic, [record, mapped])

    by_key = {each.key(): each for some in broker.records(topic) for each in some}
    assert outcomes == [Delivered()] * 2
    assert by_key[b"u-0"].value() == record.value
    assert by_key[b"u-0"].headers() == [
        ("message_id", b"m-0"),
        ("type", b"track"),
        ("source", b"web"),
    ]
    assert by_key[b"mine"].headers()[2:] == [("plan", b"gold"), ("total", b"12.5")]


async def test_all_events_of_many_batches_come_in_order_of_each_person(
    broker: Broker, topic: str
) -> None:
    settings = settings_for(broker, topic)

    async with loopback_tools() as tools:
        for first in range(0, 5_000, 1_000):
            outcomes = await kafka.produce(records(1_000, first=first), settings, tools)
            assert set(outcomes) == {Delivered()}

    found = broker.records(topic)
    assert numbers(found) == {f"u-{n}": list(range(n, 5_000, 7)) for n in range(7)}
    keys = [{record.key() for record in partition} for partition in found]
    assert sum(map(len, keys)) == 7


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_scram_signs_in(broker: Broker, topic: str, mechanism: str) -> None:
    outcomes = await produce(
        broker, topic, records(3), **signed_in(broker, sasl_mechanism=mechanism)
    )

    assert outcomes == [Delivered()] * 3


async def test_a_password_goes_over_tls(broker: Broker, topic: str) -> None:
    outcomes = await produce(broker, topic, records(3), **encrypted(broker))

    assert outcomes == [Delivered()] * 3


async def test_a_server_of_an_unknown_authority_gets_nothing(broker: Broker, topic: str) -> None:
    with pytest.raises(TransientError, match="certificate verify failed"):
        await produce(broker, topic, records(1), **encrypted(broker, tls_ca=None))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
async def test_a_wrong_password_suspends_the_destination(
    broker: Broker, topic: str, mechanism: str
) -> None:
    login = encrypted(broker) if mechanism == "PLAIN" else signed_in(broker)
    login["password"] = Secret("planted-other-password")

    with pytest.raises(SettingsError, match="refuses us") as caught:
        await produce(broker, topic, records(1), **login)

    assert "planted" not in repr(caught.value)


async def test_a_topic_that_is_not_there_suspends_the_destination(broker: Broker) -> None:
    with pytest.raises(SettingsError, match="create the topic"):
        await produce(broker, "missing", records(2))


async def test_where_one_of_two_topics_is_missing_the_other_gets_its_events(
    broker: Broker, topic: str
) -> None:
    broker.make_topic(f"{topic}-track")
    batch = [*records(1), *records(1, first=1, type="identify")]

    outcomes = await produce(broker, f"{topic}-{{type}}", batch)

    assert outcomes[0] == Delivered()
    assert isinstance(outcomes[1], Retry)
    assert "unknown-topic" in outcomes[1].reason


async def test_a_user_who_may_not_write_suspends_the_destination(
    broker: Broker, topic: str
) -> None:
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{broker.plain}"})
    denied = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{USER}",
        "*",
        AclOperation.WRITE,
        AclPermissionType.DENY,
    )
    for future in admin.create_acls([denied]).values():
        future.result(DEADLINE_S)

    with pytest.raises(SettingsError, match="TOPIC_AUTHORIZATION_FAILED"):
        await produce(broker, topic, records(2), **signed_in(broker))


async def test_a_record_that_is_too_large_fails_alone(broker: Broker, topic: str) -> None:
    large = Record(value=event_json("large", properties={"text": "x" * 3_000}))

    outcomes = await produce(broker, topic, [*records(1), large], record_bytes_max=2_000)

    assert outcomes[0] == Delivered()
    assert outcomes[1] == Rejected("too-large", "above record_bytes_max")


async def test_what_the_topic_finds_too_large_is_rejected_once_it_is_alone(broker: Broker) -> None:
    broker.make_topic("small", settings={"max.message.bytes": "1500"})
    large = Record(value=event_json("large", properties={"text": "x" * 3_000}))

    together = await produce(broker, "small", [*records(1), large], compression="none")
    alone = await produce(broker, "small", [large], compression="none")

    assert not any(isinstance(each, Rejected) for each in together)
    assert isinstance(alone[0], Rejected)
    assert alone[0].reason == "too-large"


async def test_a_broker_that_hangs_is_waited_for_and_reached_again(
    broker: Broker, topic: str
) -> None:
    settings = settings_for(broker, topic, timeout_s=1.0)

    async with loopback_tools() as tools:
        await kafka.produce(records(1), settings, tools)
        broker.pause()
        try:
            hung = await kafka.produce(records(2, first=1), settings, tools)
        finally:
            broker.go_on()
        outcomes: Sequence[Outcome] = [Retry("")]
        async with asyncio.timeout(DEADLINE_S):
            while not isinstance(outcomes[0], Delivered):
                outcomes = await kafka.produce(records(1, first=3), settings, tools)

    assert [type(each) for each in hung] == [Retry] * 2
    assert outcomes == [Delivered()]


async def test_nothing_is_lost_or_out_of_order_when_the_broker_is_killed(
    broker: Broker, topic: str
) -> None:
    settings = settings_for(broker, topic, timeout_s=60.0)

    async with asyncio.timeout(DEADLINE_S), loopback_tools() as tools:
        begun = asyncio.Event()
        sending = asyncio.create_task(until_taken(settings, tools, begun, batches=40))
        await begun.wait()
        broker.kill()
        await asyncio.to_thread(broker.start)
        await sending

    assert numbers(broker.records(topic)) == {f"u-{n}": list(range(n, 8_000, 7)) for n in range(7)}


async def until_taken(
    settings: Settings, tools: DestinationTools, begun: asyncio.Event, *, batches: int
) -> None:
    """Produce batches one after the other, each until it is taken."""
    for number in range(batches):
        batch = records(200, first=number * 200)
        while batch:
            try:
                outcomes = await kafka.produce(batch, settings, tools)
            except TransientError:
                await asyncio.sleep(0.1)
                continue
            batch = [
                each
                for each, outcome in zip(batch, outcomes, strict=True)
                if isinstance(outcome, Retry)
            ]
        if number == 4:
            begun.set()


async def test_a_broker_that_the_cluster_names_elsewhere_gets_nothing(
    broker: Broker, topic: str
) -> None:
    servers = f"127.0.0.1:{broker.elsewhere}"

    with pytest.raises(SettingsError, match=r"10\.255\.255\.1.*deliver\.private_networks"):
        await produce(broker, topic, records(1), servers=servers)

    assert broker.records(topic) == [[], [], []]


async def test_a_private_address_is_not_connected_to(broker: Broker, topic: str) -> None:
    with ThreadPoolExecutor(1) as threads:
        tools = DestinationTools(GuardedHttp(Guard([]), tls=client_tls()), threads=threads)

        with pytest.raises(SettingsError, match=r"deliver\.private_networks"):
            await kafka.produce(records(1), settings_for(broker, topic), tools)

        await tools.close()


async def test_a_check_tells_what_is_there_and_produces_nothing(broker: Broker, topic: str) -> None:
    async with loopback_tools() as tools:
        found = await kafka.check(settings_for(broker, topic), tools)

    assert [(each.name, each.is_good) for each in found] == [("Connection", True), ("Topic", True)]
    assert "3 partitions" in found[1].detail
    assert broker.records(topic) == [[], [], []]


async def test_a_check_tells_what_is_wrong(broker: Broker, topic: str) -> None:
    wrong = signed_in(broker, password=Secret("planted-other"))
    async with loopback_tools() as tools:
        missing = await kafka.check(settings_for(broker, "missing"), tools)
        unknown = await kafka.check(settings_for(broker, topic, **wrong), tools)
        away = await kafka.check(settings_for(broker, topic, servers="127.0.0.1:1"), tools)

    assert [each.is_good for each in missing] == [True, False]
    assert "create it" in missing[1].detail
    assert [(each.name, each.is_good) for each in (*unknown, *away)] == [("Connection", False)] * 2
    assert "refuses us" in unknown[0].detail
