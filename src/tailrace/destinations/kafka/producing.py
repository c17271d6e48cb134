"""Records on their way to Kafka, and what became of each.

The client's library opens connections of its own to the brokers that the cluster names, by their
names. All of these are checked before the first record and every half a minute after that.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer

from tailrace.destinations import api
from tailrace.destinations.kafka.settings import Record, Settings
from tailrace.destinations.messages import (
    Ids,
    ids_of,
    name_of,
    person_of,
    shown,
)
from tailrace.destinations.servers import (
    Node,
    nodes_of,
    pem_of,
    revealed,
    tls_context,
)
from tailrace.errors import SettingsError, TransientError

T = TypeVar("T")

PORT: Final = 9092
QUEUE_KB: Final = 65_536
QUEUE_MESSAGES: Final = 20_000
BROKERS_CHECKED_S: Final = 30.0
LISTED_S_MAX: Final = 6.0
SPARE_S: Final = 5.0
PROPAGATED_S_MAX: Final = 3.0
NO_ANSWER: Final = "no-answer"
_POLL_S: Final = 0.2
_STEP_S: Final = 1.0
_ENDED_S_MAX: Final = 2.0
_NO_NAME: Final = api.Rejected("no-topic", "the event has no type or source for the topic")
_UNKNOWN: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)
_REFUSED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError._AUTHENTICATION,
    }
)
_INVALID: Final = frozenset({KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD})
_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


class _Made(NamedTuple):
    """A record as the client takes it."""

    topic: str
    key: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


_encode = msgspec.json.Encoder().encode
_DELIVERED: Final = api.Delivered()


class _Cluster(NamedTuple):
    """What a cluster says of itself: its brokers, and the partitions of topics that are there."""

    brokers: list[Node]
    partitions: dict[str, int]


class _Batch:
    """Records that are on their way; reports come in other threads."""

    def __init__(self, count: int) -> None:
        self.outcomes: list[api.Delivered | api.Rejected | KafkaError | None] = [None] * count
        self.ended = asyncio.Event()
        self._left = count
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()

    def report(self, index: int) -> Callable[[KafkaError | None, object], None]:
        """Return what is called with the report on a record."""

        def told(error: KafkaError | None, _: object) -> None:
            self.note(index, _DELIVERED if error is None else error)

        return told

    def note(self, index: int, outcome: api.Delivered | api.Rejected | KafkaError) -> None:
        """Note what became of a record; the last one ends the waiting."""
        self.outcomes[index] = outcome
        with self._lock:
            self._left -= 1
            is_last = not self._left
        if is_last and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ended.set)


class _Link:
    """The producer of all batches, with threads of its own.

    The library waits for brokers in whatever thread calls it; those of other destinations must not
    wait with it.
    """

    def __init__(self, settings: Settings) -> None:
        # It tells what cannot be read, and where.
        tls_context(settings)
        self._settings = settings
        self._making = asyncio.Lock()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="kafka")
        self._producer: Producer | None = None
        self._checked_at = 0.0
        self._stop = threading.Event()
        self._refusal = ""
        self._trouble = ""

    async def produce(self, records: Sequence[_Made], tools: api.Tools) -> Sequence[api.Outcome]:
        """Return what became of records.

        Raises:
            TransientError: no broker can be reached.
            SettingsError: the cluster refuses us, or an address is not allowed.
        """
        producer = await self._ready(tools)
        batch = _Batch(len(records))
        await self._call(lambda: _enqueue(producer, records, batch))
        try:
            async with asyncio.timeout(self._settings.timeout_s + SPARE_S):
                await batch.ended.wait()
        except TimeoutError:
            self._let_go(producer)
        except asyncio.CancelledError:
            # What nobody waits for is not to come behind what is sent instead of it.
            self._let_go(producer)
            raise
        if any(isinstance(each, KafkaError) and each.fatal() for each in batch.outcomes):
            self._let_go(producer)
        return self._outcomes(batch)

    async def listed(self, tools: api.Tools) -> _Cluster:
        """Return what the cluster says of itself, its brokers checked.

        Raises:
            TransientError: no broker can be reached.
            SettingsError: the cluster refuses us, or an address is not allowed.
        """
        given = nodes_of(self._settings.servers, port=PORT)
        await _check_addresses(given, tools)
        found = await self._call(self._list)
        await _check_addresses(found.brokers, tools)
        return found

    def close(self) -> None:
        """Let the producer go, and what it has not sent yet."""
        self._let_go(self._producer)
        self._threads.shutdown(wait=False)

    async def _ready(self, tools: api.Tools) -> Producer:
        async with self._making:
            if self._producer is None or time.monotonic() > self._checked_at + BROKERS_CHECKED_S:
                try:
                    await self.listed(tools)
                except SettingsError:
                    self._let_go(self._producer)
                    raise
                self._checked_at = time.monotonic()
            if self._producer is None:
                self._producer = await self._call(self._make)
            return self._producer

    def _make(self) -> Producer:
        producer = Producer(
            {
                **_configuration(self._settings),
                "enable.idempotence": True,
                "error_cb": self._failed,
            }
        )
        self._stop = threading.Event()
        threading.Thread(
            target=_poll, args=(producer, self._stop), name="kafka-reports", daemon=True
        ).start()
        return producer

    def _list(self) -> _Cluster:
        """Ask by a client that stays with the servers of the settings."""
        self._refusal = self._trouble = ""
        scout = Producer({**_configuration(self._settings), "error_cb": self._failed})
        end = time.monotonic() + LISTED_S_MAX
        listed = None
        while listed is None:
            try:
                listed = scout.list_topics(timeout=_STEP_S)
            except KafkaException as error:
                # This calls back with the reason, if there is one yet.
                scout.poll(0)
                if self._refusal:
                    raise _refused(self._refusal) from None
                if time.monotonic() > end:
                    raise TransientError(self._trouble or _told(error.args[0])) from None
        return _Cluster(
            [Node(str(each.host), each.port) for each in listed.brokers.values()],
            {
                name: len(topic.partitions)
                for name, topic in listed.topics.items()
                if topic.error is None
            },
        )

    def _failed(self, error: KafkaError) -> None:
        if error.code() in _REFUSED:
            self._refusal = _told(error)
        elif error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._trouble = _told(error)

    def _let_go(self, producer: Producer | None) -> None:
        """Stop a producer, if it is the one in use; the next batch makes another."""
        if producer is not None and producer is self._producer:
            self._producer = None
            self._stop.set()

    async def _call(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def _outcomes(self, batch: _Batch) -> Sequence[api.Outcome]:
        """Return what the reports mean.

        Raises:
            SettingsError: nothing is taken until people have done something.
        """
        is_alone = len(batch.outcomes) == 1
        errors = [each for each in batch.outcomes if isinstance(each, KafkaError)]
        if not any(isinstance(each, api.Delivered) for each in batch.outcomes):
            if self._refusal:
                raise _refused(self._refusal)
            for error in errors:
                _raise_for(error)
        trouble = self._trouble or "the brokers have not answered in time"
        return [
            _outcome(each, is_alone=is_alone)
            if isinstance(each, KafkaError)
            else each or api.Retry(NO_ANSWER, trouble)
            for each in batch.outcomes
        ]


async def produce(
    records: Sequence[Record], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Produce the records; each has an outcome of its own."""
    made = [_made(record, settings) for record in records]
    good = [each for each in made if each is not None]
    if not good:
        return [_NO_NAME] * len(records)
    link = tools.kept("kafka", lambda: _Link(settings))
    outcomes = await link.produce(good, tools)
    index = shown(outcomes)
    if index is not None:
        tools.exchanged(_text_of(good[index]), _text_of_outcome(outcomes[index]))
    found = iter(outcomes)
    return [_NO_NAME if each is None else next(found) for each in made]


def _made(record: Record, settings: Settings) -> _Made | None:
    """Return a record as the client takes it; nothing where its topic has no name."""
    ids = ids_of(record.value)
    topic = name_of(settings.topic, ids, record.source)
    if not topic:
        return None
    headers: list[tuple[str, str | bytes | None]] = [
        ("message_id", ids.message_id),
        ("type", ids.type),
    ]
    if record.source:
        headers.append(("source", record.source))
    for name, value in (record.headers or {}).items():
        headers.append((name, value if isinstance(value, str) else _encode(value)))
    return _Made(topic, record.key or person_of(ids, record.value), record.value, headers)


def _enqueue(producer: Producer, records: Sequence[_Made], batch: _Batch) -> None:
    """Hand records to the client; what it does not take has its outcome at once."""
    failure: KafkaError | None = None
    for index, (topic, key, value, headers) in enumerate(records):
        if failure is not None:
            # Nothing goes before what it comes after.
            batch.note(index, failure)
            continue
        try:
            producer.produce(
                topic, value=value, key=key, headers=headers, on_delivery=batch.report(index)
            )
        except BufferError:
            failure = KafkaError(KafkaError._QUEUE_FULL)
            batch.note(index, failure)
        except KafkaException as error:
            told: KafkaError = error.args[0]
            if told.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                batch.note(index, api.Rejected("too-large", "above record_bytes_max"))
            else:
                failure = told
                batch.note(index, failure)


def _poll(producer: Producer, stop: threading.Event) -> None:
    """Have reports called back until the producer is let go, then what is left of them."""
    while not stop.is_set():
        producer.poll(_POLL_S)
    producer.purge()
    producer.flush(_ENDED_S_MAX)


def _configuration(settings: Settings) -> dict[str, Any]:
    has_user = settings.username is not None
    protocol = ("sasl_" if has_user else "") + ("ssl" if settings.tls else "plaintext")
    timeout_ms = int(settings.timeout_s * 1_000)
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(map(str, nodes_of(settings.servers, port=PORT))),
        "client.id": "tailrace",
        "security.protocol": protocol,
        "ssl.ca.pem": pem_of(settings.tls_ca),
        "ssl.certificate.pem": pem_of(settings.tls_certificate),
        "ssl.key.pem": pem_of(settings.tls_key),
        "sasl.mechanism": settings.sasl_mechanism if has_user else None,
        "sasl.username": settings.username,
        "sasl.password": revealed(settings.password),
        "compression.type": settings.compression,
        # As the clients of Java choose the partition of a key.
        "partitioner": "murmur2_random",
        "message.max.bytes": settings.record_bytes_max,
        "message.timeout.ms": timeout_ms,
        "request.timeout.ms": min(30_000, timeout_ms),
        "topic.metadata.propagation.max.ms": int(PROPAGATED_S_MAX * 1_000),
        "queue.buffering.max.kbytes": QUEUE_KB,
        "queue.buffering.max.messages": QUEUE_MESSAGES,
        "log_level": 0,
    }
    return {name: value for name, value in found.items() if value is not None}


async def _check_addresses(nodes: Sequence[Node], tools: api.Tools) -> None:
    """Look up the brokers, of which some may be away.

    Raises:
        TransientError: none of them can be looked up.
        SettingsError: one has private addresses alone, which the operator has not allowed.
    """
    failures = []
    for node in nodes:
        try:
            await tools.addresses(node.host, node.port)
        except TransientError as error:
            failures.append(str(error))
        except SettingsError as error:
            raise SettingsError(f"the broker {node}: {error}") from error
    if len(failures) == len(nodes):
        raise TransientError(failures[0] if failures else "the cluster names no brokers")


def _outcome(error: KafkaError, *, is_alone: bool) -> api.Outcome:
    name = error.name().strip("_").lower().replace("_", "-")
    if error.code() in _INVALID:
        return api.Rejected(name, error.str())
    # Of several in one request it is not said which one is meant.
    if error.code() in _TOO_LARGE and is_alone:
        return api.Rejected("too-large", error.str())
    return api.Retry(name, error.str())


def _raise_for(error: KafkaError) -> None:
    """Raise where an error says something of all records.

    Raises:
        SettingsError: people have to do something about it.
    """
    if error.code() in _REFUSED:
        raise _refused(_told(error))
    if error.code() in _UNKNOWN:
        raise SettingsError(
            f"there is no such topic or partition ({_told(error)}): create the topic, or change "
            "topic"
        )


def _refused(why: str) -> SettingsError:
    return SettingsError(
        f"Kafka refuses us ({why}): change username, password or sasl_mechanism, or let the user "
        "write to the topic"
    )


def _told(error: KafkaError) -> str:
    return f"{error.name().strip('_')}: {error.str()}"


def _text_of(record: _Made) -> str:
    headers = ", ".join(
        f"{name}={value.decode() if isinstance(value, bytes) else value}"
        for name, value in record.headers
    )
    return f"topic {record.topic}\nkey {record.key}\nheaders {headers}\n\n{record.value.decode()}"


def _text_of_outcome(outcome: api.Outcome) -> str:
    if isinstance(outcome, api.Delivered):
        return "acknowledged by all replicas in sync"
    return f"{outcome.reason}: {outcome.detail}"


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the brokers let us in and may be reached, and whether the topic is there."""
    link = _Link(settings)
    try:
        found = await link.listed(tools)
    except TransientError as error:
        return [api.Checked("Connection", False, str(error), "servers")]
    except SettingsError as error:
        return [api.Checked("Connection", False, str(error))]
    finally:
        link.close()
    connection = api.Checked("Connection", True, f"connected to {len(found.brokers)} brokers")
    return [connection, _checked_topic(settings, found)]


def _checked_topic(settings: Settings, found: _Cluster) -> api.Checked:
    if "{source}" in settings.topic:
        return api.Checked("Topic", None, "depends on the source of the event")
    topic = name_of(settings.topic, Ids(type="track"), "")
    partitions = found.partitions.get(topic)
    if not partitions:
        return api.Checked(
            "Topic", False, f"{topic} is not there, or not for this user: create it", "topic"
        )
    return api.Checked("Topic", True, f"{topic} has {partitions} partitions")
