"""NATS over the wire: Debian's server, whose streams are full or missing, killed or hung."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import nats as nats_client
import pytest

from certificates import Authority
from nats_server import ADMIN, NatsServer, running_nats
from tailrace.deliver.guard import Guard
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import check, nats
from tailrace.destinations.api import Delivered, Outcome, Rejected, Retry, Secret
from tailrace.destinations.nats import Message, Settings
from tailrace.errors import SettingsError, TransientError
from tool_server import client_tls, event_json, loopback_tools
from waiting import free_port

PASSWORD = "planted-nats-password"
DEADLINE_S = 30.0
USERS = f"""
accounts {{
  main {{
    jetstream: enabled
    users: [
      {{ user: {ADMIN[0]}, password: {ADMIN[1]} }}
      {{ user: tailrace, password: {PASSWORD} }}
      {{ user: reader, password: {PASSWORD}, permissions: {{ publish: ["other.>"] }} }}
      {{ user: deaf, password: {PASSWORD}, permissions: {{ subscribe: {{ deny: [">"] }} }} }}
    ]
  }}
  plain {{ users: [{{ user: plain, password: {PASSWORD} }}] }}
}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with running_nats(tmp_path_factory.mktemp("nats"), USERS) as server:
        yield server


@pytest.fixture
async def stream(server: NatsServer) -> AsyncIterator[str]:
    """Give a stream of its own, which takes the subjects below its name."""
    stream = f"S{free_port()}"
    await server.make_stream(stream, [f"{stream}.>"])
    yield stream
    await server.delete_stream(stream)


def settings_for(nats_server: NatsServer, /, **given: object) -> Settings:
    made = {
        "servers": nats_server.server,
        "username": "tailrace",
        "password": Secret(PASSWORD),
        "timeout_s": 5.0,
        **given,
    }
    settings: Settings = check(nats.DESTINATION, made).settings
    return settings


def messages(count: int, *, first: int = 0, **fields: object) -> list[Message]:
    return [
        Message(
            data=event_json(f"m-{n}", userId=f"u-{n % 7}", properties={"n": n}, **fields),
            source="web",
        )
        for n in range(first, first + count)
    ]


async def publish(
    server: NatsServer, batch: Sequence[Message], /, **given: object
) -> Sequence[Outcome]:
    async with loopback_tools() as tools:
        return await nats.publish(batch, settings_for(server, **given), tools)


def numbers(stored: Sequence[Any]) -> dict[str, list[int]]:
    by_person: dict[str, list[int]] = defaultdict(list)
    for message in stored:
        event = msgspec.json.decode(message.data)
        by_person[event["userId"]].append(event["properties"]["n"])
    return by_person


async def test_a_message_is_the_event_under_its_id(server: NatsServer, stream: str) -> None:
    [message] = messages(1)

    outcomes = await publish(server, [message], subject=f"{stream}.{{source}}.{{type}}")

    [stored] = await server.stored(stream)
    assert outcomes == [Delivered()]
    assert stored.subject == f"{stream}.web.track"
    assert stored.data == message.data
    assert stored.headers == {"Nats-Msg-Id": "m-0"}


async def test_all_events_of_many_batches_come_once_and_in_order_of_each_person(
    server: NatsServer, stream: str
) -> None:
    settings = settings_for(server, subject=f"{stream}.{{type}}")

    async with loopback_tools() as tools:
        # What is sent again, as after an answer that got lost, is stored once.
        for first in (0, 1_000, 1_000, 2_000):
            outcomes = await nats.publish(messages(1_000, first=first), settings, tools)
            assert set(outcomes) == {Delivered()}

    found = numbers(await server.stored(stream))
    assert found == {f"u-{n}": list(range(n, 3_000, 7)) for n in range(7)}


async def test_batches_side_by_side_get_their_own_answers(server: NatsServer, stream: str) -> None:
    settings = settings_for(server, subject=f"{stream}.{{type}}")
    bad = Message(data=event_json("x", type=""))

    async with loopback_tools() as tools:
        lanes = (
            nats.publish([*messages(200, first=n * 1_000), *[bad] * n], settings, tools)
            for n in range(4)
        )
        outcomes = await asyncio.gather(*lanes)

    assert [len([each for each in some if each == Delivered()]) for some in outcomes] == [200] * 4
    assert [len([each for each in some if "no-subject" in each]) for some in outcomes] == [
        0,
        1,
        2,
        3,
    ]
    assert len(await server.stored(stream)) == 800


async def test_headers_of_a_mapping_are_sent_and_cannot_break_out(
    server: NatsServer, stream: str
) -> None:
    headers = {"Plan": "gold\r\nNats-Msg-Id: forged", "the total": 12.5, "Nats-Msg-Id": "mine"}

    await publish(server, [Message(data=event_json("m-1"), headers=headers)], subject=f"{stream}.a")

    [stored] = await server.stored(stream)
    assert stored.headers["Plan"] == "gold  Nats-Msg-Id: forged"
    assert stored.headers["the-total"] == "12.5"
    assert stored.headers["Nats-Msg-Id"] == "m-1"


async def test_ids_that_differ_by_a_space_are_two_messages(server: NatsServer, stream: str) -> None:
    batch = [Message(data=event_json(each)) for each in ("m", " m", "m ", "m\n", "é")]

    outcomes = await publish(server, batch, subject=f"{stream}.a")

    assert outcomes == [Delivered()] * 5
    assert len(await server.stored(stream)) == 5


async def test_a_message_that_is_too_large_fails_alone(server: NatsServer, stream: str) -> None:
    large = Message(data=event_json("large", properties={"text": "x" * 1_048_576}))
    just = Message(data=event_json("just", properties={"text": "x" * 1_048_000}))

    outcomes = await publish(server, [*messages(1), large, just], subject=f"{stream}.a")

    assert outcomes[0] == outcomes[2] == Delivered()
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].reason == "too-large"
    assert "1048576" in outcomes[1].detail


async def test_a_stream_that_takes_smaller_messages_only_rejects_the_larger(
    server: NatsServer, stream: str
) -> None:
    await server.make_stream(f"{stream}-small", [f"{stream}-small"], max_msg_size=1_000)
    large = Message(data=event_json("large", properties={"text": "x" * 1_000}))

    outcomes = await publish(server, [*messages(1), large], subject=f"{stream}-small")

    assert outcomes[0] == Delivered()
    assert isinstance(outcomes[1], Rejected)


async def test_a_stream_that_is_full_is_asked_again(server: NatsServer, stream: str) -> None:
    await server.make_stream(f"{stream}-full", [f"{stream}-full"], max_msgs=3, discard="new")

    outcomes = await publish(server, messages(5), subject=f"{stream}-full")

    assert outcomes[:3] == [Delivered()] * 3
    assert [type(each) for each in outcomes[3:]] == [Retry] * 2
    assert "maximum messages exceeded" in str(outcomes[4])


async def test_a_subject_that_no_stream_takes_suspends_the_destination(server: NatsServer) -> None:
    with pytest.raises(SettingsError, match=r"no stream takes the subject nowhere\.track"):
        await publish(server, messages(3), subject="nowhere.{type}")


async def test_a_user_without_jetstream_suspends_the_destination(server: NatsServer) -> None:
    with pytest.raises(SettingsError, match="JetStream is not enabled"):
        await publish(server, messages(3), username="plain")


async def test_a_user_who_may_not_publish_suspends_the_destination(
    server: NatsServer, stream: str
) -> None:
    for mode in ("jetstream", "core"):
        with pytest.raises(SettingsError, match="let the user publish"):
            await publish(server, messages(3), username="reader", subject=f"{stream}.a", mode=mode)


async def test_a_user_who_may_not_hear_answers_suspends_the_destination(
    server: NatsServer, stream: str
) -> None:
    settings = settings_for(server, username="deaf", subject=f"{stream}.a")

    async with loopback_tools() as tools:
        for _ in range(2):
            with pytest.raises(SettingsError, match="subscribe below _INBOX"):
                await nats.publish(messages(3), settings, tools)


@pytest.mark.parametrize(
    "given",
    [
        {"password": Secret("planted-other")},
        {"username": None, "password": None},
        {"username": None, "password": None, "token": Secret("planted-token")},
    ],
    ids=["wrong password", "nobody", "wrong token"],
)
async def test_who_is_not_known_suspends_the_destination(
    server: NatsServer, given: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="refuses us") as caught:
        await publish(server, messages(1), **given)

    assert "planted" not in repr(caught.value)


async def test_a_token_signs_in_and_core_reaches_who_listens(tmp_path: Path) -> None:
    configuration = "authorization { token: planted-token }"
    with running_nats(tmp_path, configuration, has_jetstream=False) as server:
        listener = await nats_client.connect(f"nats://{server.server}", token="planted-token")
        heard = await listener.subscribe("events.*")
        await listener.flush()

        outcomes = await publish(
            server,
            messages(50),
            username=None,
            password=None,
            token=Secret("planted-token"),
            mode="core",
        )

        came = [(await heard.next_msg(DEADLINE_S)).data for _ in range(50)]
        await listener.close()

    assert outcomes == [Delivered()] * 50
    assert came == [message.data for message in messages(50)]


async def test_a_server_that_hangs_is_left_and_reached_again(
    server: NatsServer, stream: str
) -> None:
    settings = settings_for(server, timeout_s=0.3, subject=f"{stream}.a")

    async with loopback_tools() as tools:
        await nats.publish(messages(1), settings, tools)
        server.pause()
        try:
            hung = await nats.publish(messages(1, first=1), settings, tools)
        finally:
            server.go_on()
        outcomes = await nats.publish(messages(1, first=2), settings, tools)

    assert hung == [Retry("no-answer", "no answer within 0.3 s")]
    assert outcomes == [Delivered()]


async def test_every_event_is_stored_once_when_the_server_is_killed(tmp_path: Path) -> None:
    with running_nats(tmp_path, USERS) as server:
        await server.make_stream("events", ["events.*"])
        settings = settings_for(server)
        async with asyncio.timeout(DEADLINE_S), loopback_tools() as tools:
            begun = asyncio.Event()
            sending = asyncio.create_task(until_taken(settings, tools, begun, batches=40))
            await begun.wait()
            server.kill()
            server.start()
            failures = await sending

        found = numbers(await server.stored("events"))

    assert failures
    assert found == {f"u-{n}": list(range(n, 4_000, 7)) for n in range(7)}


async def until_taken(
    settings: Settings, tools: DestinationTools, begun: asyncio.Event, *, batches: int
) -> int:
    """Publish batches one after the other, each until it is taken; return how often that failed."""
    failures = 0
    for number in range(batches):
        batch = messages(100, first=number * 100)
        while batch:
            try:
                outcomes = await nats.publish(batch, settings, tools)
            except TransientError:
                outcomes = [Retry("no-answer")] * len(batch)
            kept = [
                each
                for each, outcome in zip(batch, outcomes, strict=True)
                if isinstance(outcome, Retry)
            ]
            failures += len(kept)
            await asyncio.sleep(0.01 if kept else 0)
            batch = kept
        if number == 2:
            begun.set()
    return failures


async def test_a_private_address_is_not_connected_to(server: NatsServer) -> None:
    with ThreadPoolExecutor(1) as threads:
        tools = DestinationTools(GuardedHttp(Guard([]), tls=client_tls()), threads=threads)

        with pytest.raises(SettingsError, match=r"deliver\.private_networks"):
            await nats.publish(messages(1), settings_for(server), tools)

        await tools.close()


async def test_an_address_that_a_server_names_is_not_connected_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as named:
        configuration = (
            f'client_advertise: "127.0.0.1:{named.getsockname()[1]}"\n'
            f'cluster {{ name: c, listen: "127.0.0.1:{free_port()}" }}'
        )
        with running_nats(tmp_path, configuration, has_jetstream=False) as server:
            settings = Settings(servers=server.server, mode="core")
            async with loopback_tools() as tools:
                await nats.publish(messages(1), settings, tools)
                server.kill()
                for _ in range(2):
                    with pytest.raises(TransientError, match=r"connection was lost|127\.0\.0\.1"):
                        await nats.publish(messages(1), settings, tools)

        named.setblocking(False)
        with pytest.raises(BlockingIOError):
            named.accept()


async def test_the_next_server_is_used_where_one_is_away(server: NatsServer, stream: str) -> None:
    servers = f"127.0.0.1:1, {server.server}"

    outcomes = await publish(server, messages(1), servers=servers, subject=f"{stream}.a")

    assert outcomes == [Delivered()]


class Encrypted:
    """A server that speaks TLS alone, and shows a certificate for localhost."""

    def __init__(self, authority: Authority, server: NatsServer) -> None:
        self.authority = authority
        self.server = server

    def settings(self, **given: object) -> Settings:
        made = {
            "servers": f"localhost:{self.server.port}",
            "username": None,
            "password": None,
            "mode": "core",
            "tls": True,
            "tls_ca": Secret(self.authority.certificate),
            **given,
        }
        return settings_for(self.server, **made)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    authority, directory = Authority(), tmp_path_factory.mktemp("nats-tls")
    pair = authority.sign("localhost")
    for name, text in (
        ("ca.pem", authority.certificate),
        ("certificate.pem", pair.certificate),
        ("key.pem", pair.key),
    ):
        (directory / name).write_text(text)
    configuration = (
        f'tls {{ cert_file: "{directory}/certificate.pem", key_file: "{directory}/key.pem", '
        f'ca_file: "{directory}/ca.pem", verify: true }}'
    )
    with running_nats(directory, configuration, has_jetstream=False) as server:
        yield Encrypted(authority, server)


async def test_both_sides_show_certificates(encrypted: Encrypted) -> None:
    ours = encrypted.authority.sign(name="tailrace")
    settings = encrypted.settings(
        tls_certificate=Secret(ours.certificate), tls_key=Secret(ours.key)
    )

    async with loopback_tools() as tools:
        outcomes = await nats.publish(messages(3), settings, tools)

    assert outcomes == [Delivered()] * 3


@pytest.mark.parametrize("case", ["other authority", "other name", "unknown authority"])
async def test_a_server_that_cannot_show_who_it_is_gets_nothing(
    encrypted: Encrypted, case: str
) -> None:
    given: dict[str, object] = {
        "other authority": {"tls_ca": Secret(Authority().certificate)},
        "other name": {"servers": encrypted.server.server},
        "unknown authority": {"tls_ca": None},
    }[case]  # type: ignore[assignment]
    settings = encrypted.settings(**given)

    async with loopback_tools() as tools:
        with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
            await nats.publish(messages(1), settings, tools)


async def test_a_password_never_goes_out_in_clear_where_tls_is_on(server: NatsServer) -> None:
    with pytest.raises(SettingsError, match="does not offer TLS"):
        await publish(server, messages(1), tls=True)


async def test_a_server_that_asks_for_tls_is_told(encrypted: Encrypted) -> None:
    settings = encrypted.settings(tls=False, tls_ca=None)

    async with loopback_tools() as tools:
        with pytest.raises(SettingsError, match="set tls to true"):
            await nats.publish(messages(1), settings, tools)


async def test_a_check_tells_what_is_there_and_publishes_nothing(
    server: NatsServer, stream: str
) -> None:
    async with loopback_tools() as tools:
        found = await nats.check(settings_for(server, subject=f"{stream}.{{type}}"), tools)

    assert [(each.name, each.is_good) for each in found] == [("Connection", True), ("Stream", True)]
    assert stream in found[1].detail
    assert await server.stored(stream) == []


@pytest.mark.parametrize(
    ("given", "name", "told"),
    [
        ({"subject": "nowhere"}, "Stream", "create one"),
        ({"username": "plain"}, "Stream", "JetStream is not enabled"),
        ({"password": Secret("planted-other")}, "Connection", "refuses us"),
        ({"servers": "127.0.0.1:1"}, "Connection", "127.0.0.1:1"),
    ],
)
async def test_a_check_tells_what_is_wrong(
    server: NatsServer, given: dict[str, Any], name: str, told: str
) -> None:
    async with loopback_tools() as tools:
        *_, last = await nats.check(settings_for(server, **given), tools)

    assert (last.name, last.is_good) == (name, False)
    assert told in last.detail
