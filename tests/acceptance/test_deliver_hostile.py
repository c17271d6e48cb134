"""Every type of destination against a hostile twin of its tool, the deliverer killed in between.

What a tool took, each message once, is exactly what was stored and matched; in order of each
person, where the tool keeps an order; dead letters are exactly what it refuses; the books balance.
Webhooks are in `test_deliver`.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import pytest
from hostile_proxy import HostileProxy
from hostile_twins import (
    REFUSED,
    S3,
    AggregationsIo,
    ClickHouse,
    Elasticsearch,
    Firehose,
    Kinesis,
    SegmentApi,
    Slack,
    Twin,
)
from running import Tailrace, free_port, printed_seed, wait_until
from test_deliver import books, fact, rows, wait_deliverer

from clickhouse_http import USER, running_clickhouse
from kafka_server import running_broker
from nats_server import NatsServer, running_nats
from postgres import running_cluster
from redis_server import RedisServer, running_redis

USERS: Final = 10
EVENTS: Final = 90
TOLD_EVERY: Final = 15
HOME_EVERY: Final = 7
REFUSED_EVERY: Final = 41
HEALED_S: Final = 180.0
PASSWORD: Final = "planted-password"
MATCHING: Final = 'event != "Kept home"'
AWS: Final = {
    "region": "eu-central-1",
    "access_key_id": "AKIAPLANTED",
    "secret_access_key": PASSWORD,
}


@dataclass(frozen=True)
class Sent:
    """An event that was sent; each test has a `run`, as an id that comes again is no new event."""

    run: str
    number: int

    @property
    def name(self) -> str:
        if self.number % HOME_EVERY == HOME_EVERY - 1:
            return "Kept home"
        return "Told" if self.number % TOLD_EVERY == 0 else "Sent"

    @property
    def is_refused(self) -> bool:
        return self.number % REFUSED_EVERY in {0, 5} and self.number > USERS

    @property
    def message_id(self) -> str:
        return f"{REFUSED if self.is_refused else 'm-'}{self.run}-{self.number}"

    @property
    def user(self) -> str:
        return f"u-{self.number % USERS}"

    def call(self) -> dict[str, object]:
        return {
            "type": "track",
            "event": self.name,
            "userId": self.user,
            "messageId": self.message_id,
            "properties": {"n": self.number},
        }


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A destination's tool: `arrived` tells its events in order, or None where it keeps none.

    `names` are the events that the destination is for.
    """

    slug: str
    type: str
    settings: Mapping[str, object]
    ids: Callable[[], set[str]]
    arrived: Callable[[], Mapping[str, Sequence[int]]] | None
    harmed: Callable[[], int]
    refuses: bool
    names: frozenset[str] = frozenset({"Sent", "Told"})
    forbid: Callable[[], object] = lambda: None
    """Has the tool refuse what it is to refuse, once its tables are there."""

    def matching(self, sent: Sequence[Sent]) -> list[Sent]:
        return [each for each in sent if each.name in self.names]

    def draft(self) -> dict[str, object]:
        trigger = MATCHING if len(self.names) > 1 else 'event = "Told"'
        return {
            "slug": self.slug,
            "type": self.type,
            "settings": self.settings,
            "subscriptions": [{"slug": "all", "action": ACTIONS[self.type], "trigger": trigger}],
        }


ACTIONS: Final = {
    "aggregations-io": "send",
    "clickhouse": "load",
    "elasticsearch": "index",
    "file": "append",
    "firehose": "put",
    "kafka": "produce",
    "kinesis": "put",
    "nats": "publish",
    "postgres": "load",
    "redis-streams": "add",
    "s3": "write",
    "slack": "post",
    "tailrace": "send",
}


class Harm:
    """All twins and proxies, which become wild and heal together."""

    def __init__(self) -> None:
        self.everyone: list[Twin | HostileProxy] = []

    def set(self, *, is_wild: bool) -> None:
        for each in self.everyone:
            each.is_wild = is_wild


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Tailrace]:
    settings = f'[deliver]\nprivate_networks = ["127.0.0.0/8"]\nfile_directories = ["{files}"]\n'
    made = Tailrace(tmp_path_factory.mktemp("sender"), settings=settings)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def harm() -> Harm:
    return Harm()


@pytest.fixture
def tools(harm: Harm, tmp_path: Path) -> Iterator[list[Tool]]:
    seed = printed_seed()
    with ExitStack() as stack:
        made = [
            *_http_tools(stack, harm, seed),
            _clickhouse(stack, harm, seed, tmp_path),
            _postgres(stack, harm, seed),
            _nats(stack, harm, seed, tmp_path),
            _redis(stack, harm, seed, tmp_path),
        ]
        yield made


def _http_tools(stack: ExitStack, harm: Harm, seed: int) -> Iterator[Tool]:
    kinds: dict[type[Twin], tuple[str, Callable[[str], Mapping[str, object]]]] = {
        AggregationsIo: (
            "aggregations-io",
            lambda url: {"url": url, "ingest_id": "abc", "api_key": PASSWORD, "timeout_s": 1},
        ),
        SegmentApi: ("tailrace", lambda url: {"url": url, "write_key": PASSWORD, "timeout_s": 1}),
        Slack: (
            "slack",
            lambda url: {"webhook_url": f"{url}/services/x", "text": Slack.TEXT, "timeout_s": 1},
        ),
        Elasticsearch: (
            "elasticsearch",
            lambda url: {"url": url, "index": "i", "manage_template": False, "timeout_s": 1},
        ),
        Kinesis: ("kinesis", lambda url: {**AWS, "endpoint_url": url, "stream_name": "s"}),
        Firehose: ("firehose", lambda url: {**AWS, "endpoint_url": url, "stream_name": "s"}),
        S3: (
            "s3",
            lambda url: {**AWS, "endpoint_url": url, "bucket": "bucket", "file_age_s_max": 1},
        ),
    }
    for number, (kind, (name, settings)) in enumerate(kinds.items()):
        twin = stack.enter_context(kind(seed + number).running())
        harm.everyone.append(twin)
        yield _of_twin(
            twin, name, settings(twin.url), names={"Told"} if kind is Slack else {"Sent", "Told"}
        )


def _of_twin(
    twin: Twin,
    name: str,
    settings: Mapping[str, object],
    *,
    names: set[str],
    forbid: Callable[[], object] = lambda: None,
) -> Tool:
    return Tool(
        slug=f"to-{name}",
        type=name,
        settings=settings,
        ids=twin.ids,
        arrived=twin.first_arrivals if twin.keeps_order else None,
        harmed=lambda: twin.harmed,
        refuses=twin.refuses,
        names=frozenset(names),
        forbid=forbid,
    )


def _clickhouse(stack: ExitStack, harm: Harm, seed: int, directory: Path) -> Tool:
    url = stack.enter_context(running_clickhouse(directory / "clickhouse", PASSWORD))
    headers = {"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD}
    twin = ClickHouse(seed, url, headers)
    stack.enter_context(twin.running())
    harm.everyone.append(twin)
    settings = {
        "url": twin.url,
        "user": USER,
        "password": PASSWORD,
        "database": "events",
        "batch_age_s": 0.2,
        "timeout_s": 5,
    }
    forbidden = f"CONSTRAINT no_refused CHECK NOT startsWith(id, '{REFUSED}')"

    def forbid() -> None:
        for table in ("tracks", "sent", "told"):
            twin.ask(f"ALTER TABLE events.{table} ADD {forbidden}")

    return _of_twin(twin, "clickhouse", settings, names={"Sent", "Told"}, forbid=forbid)


def _postgres(stack: ExitStack, harm: Harm, seed: int) -> Tool:
    port = free_port()
    dsn = stack.enter_context(running_cluster(port=port)).new_database()
    proxy = _proxied(stack, harm, seed, port)
    forbidden = f"CONSTRAINT no_refused CHECK (NOT starts_with(id, '{REFUSED}'))"

    def ids() -> set[str]:
        with psycopg.connect(dsn) as connection:
            found = [id_ for (id_,) in connection.execute("SELECT id FROM events.tracks")]
        assert len(found) == len(set(found))
        return set(found)

    def forbid() -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute(f"ALTER TABLE events.tracks ADD {forbidden}")

    settings = {
        "host": "127.0.0.1",
        "port": proxy.port,
        "database": dsn.partition("@/")[2].partition("?")[0],
        "user": "tailrace",
        "schema": "events",
        "sslmode": "disable",
        "batch_events_max": 60,
        "batch_age_s": 0.2,
        "timeout_s": 5,
    }
    return _of_server("postgres", settings, proxy, ids, None, forbid=forbid)


def _nats(stack: ExitStack, harm: Harm, seed: int, directory: Path) -> Tool:
    place = directory / "nats"
    place.mkdir()
    server: NatsServer = stack.enter_context(running_nats(place))
    asyncio.run(server.make_stream("EVENTS", ["events.*"]))
    proxy = _proxied(stack, harm, seed + 1, server.port)

    def events() -> list[dict[str, Any]]:
        return [msgspec.json.decode(each.data) for each in asyncio.run(server.stored("EVENTS"))]

    settings = {"servers": proxy.address, "timeout_s": 2}
    return _of_server("nats", settings, proxy, *_seen_in(events))


def _redis(stack: ExitStack, harm: Harm, seed: int, directory: Path) -> Tool:
    place = directory / "redis"
    place.mkdir()
    server: RedisServer = stack.enter_context(running_redis(place))
    proxy = _proxied(stack, harm, seed + 2, server.port)

    def events() -> list[dict[str, Any]]:
        return [msgspec.json.decode(each["event"]) for each in server.entries("tailrace:events")]

    settings = {"server": proxy.address, "timeout_s": 2}
    return _of_server("redis-streams", settings, proxy, *_seen_in(events))


def _kafka(stack: ExitStack, harm: Harm, seed: int) -> Tool:
    broker = stack.enter_context(running_broker())
    broker.make_topic("events", partitions=3)
    proxy = HostileProxy(broker.proxied, seed, listens_at=broker.before_it)
    harm.everyone.append(stack.enter_context(proxy.running()))

    def events() -> list[dict[str, Any]]:
        records = [record for partition in broker.records("events") for record in partition]
        return [msgspec.json.decode(record.value()) for record in records]

    settings = {"servers": proxy.address, "topic": "events", "timeout_s": 5}
    return _of_server("kafka", settings, proxy, *_seen_in(events))


def _proxied(stack: ExitStack, harm: Harm, seed: int, port: int) -> HostileProxy:
    proxy = stack.enter_context(HostileProxy(port, seed).running())
    harm.everyone.append(proxy)
    return proxy


def _seen_in(
    events: Callable[[], list[dict[str, Any]]],
) -> tuple[Callable[[], set[str]], Callable[[], Mapping[str, Sequence[int]]]]:
    """Return what tells the ids of events, and the numbers of each user, each once."""

    def arrived() -> Mapping[str, Sequence[int]]:
        found: dict[str, dict[int, None]] = {}
        for event in events():
            found.setdefault(event["userId"], {})[event["properties"]["n"]] = None
        return {user: list(numbers) for user, numbers in found.items()}

    return lambda: {event["messageId"] for event in events()}, arrived


def _of_server(
    name: str,
    settings: Mapping[str, object],
    proxy: HostileProxy,
    ids: Callable[[], set[str]],
    arrived: Callable[[], Mapping[str, Sequence[int]]] | None,
    *,
    forbid: Callable[[], object] | None = None,
) -> Tool:
    return Tool(
        slug=f"to-{name}",
        type=name,
        settings=settings,
        ids=ids,
        arrived=arrived,
        harmed=lambda: proxy.harmed,
        refuses=forbid is not None,
        forbid=forbid or (lambda: None),
    )


def make(tailrace: Tailrace, body: Mapping[str, object]) -> None:
    """Make a destination, and wait until it has begun."""
    slug = str(body["slug"])
    response = tailrace.api.post("/api/v1/destinations", json=body)
    assert response.status_code == 201, response.text
    path = tailrace.data_dir / "deliver" / f"{slug}.sqlite"
    wait_until(lambda: path.exists() and fact(tailrace, slug, "state"), what=slug, within_s=30.0)


def send(tailrace: Tailrace, sent: list[Sent], events: int, *, run: str) -> None:
    batch = [Sent(run, len(sent) + number) for number in range(events)]
    response = tailrace.send("/v1/batch", {"batch": [each.call() for each in batch]})
    assert response.status_code == 200, response.text
    sent += batch


def wait_ended(tailrace: Tailrace, slug: str, events: int) -> None:
    """Wait until every event has an outcome that stays."""

    def has_ended() -> bool:
        found = books(tailrace, slug)
        return not found["waiting"] and sum(found.values()) == events

    wait_until(
        has_ended,
        what=f"{events} outcomes at {slug}",
        within_s=HEALED_S,
        state=lambda: f"{books(tailrace, slug)}; {tailrace.last_output()}",
    )


def harm_everyone(tailrace: Tailrace, tools: Sequence[Tool], harm: Harm, sent: list[Sent]) -> None:
    """Send events, and wait until every tool has done harm to some."""
    before = [tool.harmed() for tool in tools]
    harm.set(is_wild=True)
    send(tailrace, sent, EVENTS, run=tools[0].slug)
    wait_until(
        lambda: all(tool.harmed() > harmed for tool, harmed in zip(tools, before, strict=True)),
        what="harm by everyone",
        within_s=HEALED_S,
        state=lambda: str({tool.slug: tool.harmed() for tool in tools}),
    )


def deliver_through_harm(tailrace: Tailrace, tools: Sequence[Tool], harm: Harm) -> None:
    """Send events while the tools do harm and the deliverer is killed; hold what came of it.

    What arrived, what was given up and the books must be what was sent and matched.
    """
    for tool in tools:
        make(tailrace, tool.draft())
    sent: list[Sent] = []
    send(tailrace, sent, USERS, run=tools[0].slug)
    for tool in tools:
        wait_ended(tailrace, tool.slug, USERS)
        tool.forbid()

    for _ in range(3):
        harm_everyone(tailrace, tools, harm, sent)
        os.kill(wait_deliverer(tailrace), signal.SIGKILL)
    harm.set(is_wild=False)
    for tool in tools:
        wait_ended(tailrace, tool.slug, len(sent))

    for tool in tools:
        matching = tool.matching(sent)
        refused = {each.message_id for each in matching if each.is_refused and tool.refuses}
        taken = {each.message_id for each in matching} - refused
        assert tool.ids() == taken, tool.slug
        letters = rows(tailrace, tool.slug, "SELECT message_id FROM dead_letters")
        assert sorted(letter for (letter,) in letters) == sorted(refused), tool.slug
        assert books(tailrace, tool.slug) == {
            name: events
            for name, events in {
                "delivered": len(taken),
                "dead letter": len(refused),
                "filtered": len(sent) - len(matching),
            }.items()
            if events
        }, tool.slug
        if tool.arrived is not None:
            for user, numbers in tool.arrived().items():
                assert list(numbers) == sorted(numbers), f"{tool.slug}, {user}"
    tailrace.wait_settled()
    tailrace.audit()


def test_each_hostile_tool_gets_exactly_what_it_takes_and_dead_letters_the_rest(
    tailrace: Tailrace, tools: list[Tool], harm: Harm
) -> None:
    deliver_through_harm(tailrace, tools, harm)


@pytest.mark.services
def test_kafka_gets_everything_in_order_through_resets_stalls_and_half_answers(
    tailrace: Tailrace, harm: Harm
) -> None:
    with ExitStack() as stack:
        kafka = _kafka(stack, harm, printed_seed())

        deliver_through_harm(tailrace, [kafka], harm)


@pytest.fixture
def small_disk(files: Path) -> Iterator[Path]:
    """Give an allowed directory on a file system of its own, of 1 MB."""
    place = files / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def lines_in(directory: Path) -> list[dict[str, Any]]:
    """Return the events of all files, which must have whole lines."""
    texts = [path.read_bytes() for path in sorted(directory.glob("*.ndjson"))]
    assert all(text.endswith(b"\n") for text in texts if text)
    return [json.loads(line) for text in texts for line in text.splitlines()]


def assert_all_in_files(tailrace: Tailrace, slug: str, directory: Path, sent: list[Sent]) -> None:
    """Hold that the files have each event in order of its person, and the books say so."""
    found: dict[str, dict[int, None]] = {}
    for event in lines_in(directory):
        found.setdefault(event["userId"], {})[event["properties"]["n"]] = None
    assert {user: list(numbers) for user, numbers in found.items()} == {
        user: [each.number for each in sent if each.user == user]
        for user in {each.user for each in sent}
    }
    assert books(tailrace, slug) == {"delivered": len(sent)}


def test_a_full_disk_is_waited_for_and_no_line_is_lost_or_cut(
    tailrace: Tailrace, small_disk: Path
) -> None:
    slug, sent = "small-disk", list[Sent]()
    make(tailrace, {"slug": slug, "type": "file", "settings": {"directory": str(small_disk)}})
    ballast = small_disk / "ballast"
    send(tailrace, sent, EVENTS, run=slug)
    wait_ended(tailrace, slug, len(sent))

    with suppress(OSError):
        ballast.write_bytes(bytes(2_000_000))
    for _ in range(4):
        send(tailrace, sent, EVENTS, run=slug)
    wait_until(lambda: fact(tailrace, slug, "state") == "down", what="down", within_s=60.0)
    problem = fact(tailrace, slug, "problem")
    os.kill(wait_deliverer(tailrace), signal.SIGKILL)
    ballast.unlink()
    wait_ended(tailrace, slug, len(sent))

    assert "No space left" in problem
    assert_all_in_files(tailrace, slug, small_disk, sent)


def test_a_directory_that_is_none_suspends_and_loses_nothing(
    tailrace: Tailrace, files: Path
) -> None:
    slug, sent, directory = "no-directory", list[Sent](), files / "directory"
    make(tailrace, {"slug": slug, "type": "file", "settings": {"directory": str(directory)}})
    send(tailrace, sent, EVENTS, run=slug)
    wait_ended(tailrace, slug, len(sent))

    directory.rename(files / "away")
    directory.write_text("somebody's file")
    send(tailrace, sent, EVENTS, run=slug)
    wait_until(
        lambda: fact(tailrace, slug, "state") == "suspended", what="suspended", within_s=60.0
    )
    problem = fact(tailrace, slug, "problem")
    os.kill(wait_deliverer(tailrace), signal.SIGKILL)
    directory.unlink()
    (files / "away").rename(directory)
    changed = tailrace.api.patch(
        f"/api/v1/destinations/{slug}", json={"name": "Mended"}, headers={"If-Match": "*"}
    )
    wait_ended(tailrace, slug, len(sent))

    assert changed.status_code == 200, changed.text
    assert "is no directory" in problem
    assert_all_in_files(tailrace, slug, directory, sent)
