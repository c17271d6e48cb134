"""Messages on their way to NATS, and what was answered to each.

All messages of a batch are published before the first acknowledgement is awaited.
"""

import asyncio
import hashlib
import itertools
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError, NoServersError

from tailrace.destinations import api
from tailrace.destinations.messages import Ids, ids_of, name_of, shown
from tailrace.destinations.nats.settings import Message, Settings
from tailrace.destinations.servers import (
    Node,
    first_connection,
    nodes_of,
    revealed,
    tls_context,
)
from tailrace.errors import SettingsError, TransientError

PORT: Final = 4222
CONNECT_S_MAX: Final = 10.0
CHECK_S_MAX: Final = 5.0
CLOSE_S_MAX: Final = 0.5
NO_ANSWER: Final = "no-answer"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_HEADERS_BYTES: Final = 12
"""Of `NATS/1.0` and the line ends around the headers; each one has four more than its text."""
_NO_STREAM_ANSWERS: Final = "503"
_STREAM_MESSAGE_TOO_LARGE: Final = 10054
_NOT_ENABLED: Final = frozenset({10039, 10076})
_NO_NAME: Final = api.Rejected("no-subject", "the event has no type or source for the subject")


class _Error(msgspec.Struct, gc=False):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Acknowledgement(msgspec.Struct, gc=False):
    """What JetStream answers to a message."""

    stream: str = ""
    error: _Error | None = None


class _Streams(msgspec.Struct):
    """What JetStream answers to who asks for the streams of a subject."""

    streams: list[str] | None = None
    error: _Error | None = None


_decode_acknowledgement = msgspec.json.Decoder(_Acknowledgement).decode
_decode_streams = msgspec.json.Decoder(_Streams).decode
_encode = msgspec.json.Encoder().encode


class _Client(Client):
    """A client that goes to no other servers, and sends no password in clear where TLS is on."""

    def __init__(self, *, is_encrypted: bool) -> None:
        super().__init__()
        self._is_encrypted = is_encrypted

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and bool(info.get("tls_required")) != self._is_encrypted:
            raise SettingsError(
                "the server does not offer TLS: set tls to false, or configure it there"
                if self._is_encrypted
                else "the server asks for TLS: set tls to true"
            )
        info.pop("connect_urls", None)
        await super()._process_info(info, initial_connection)


class _Batch:
    """Messages that are on their way, and what was answered to each."""

    def __init__(self, count: int) -> None:
        self.answers: list[Msg | None] = [None] * count
        self.why = ""
        self._left = count
        self._ended = asyncio.Event()

    def take(self, index: int, answer: Msg) -> None:
        """Note an answer; the last one ends the waiting."""
        if self.answers[index] is None:
            self.answers[index] = answer
            self._left -= 1
            if not self._left:
                self.end("")

    def end(self, why: str) -> None:
        """Wait no longer, for a reason, "" where everything was answered."""
        if not self._ended.is_set():
            self.why = why
            self._ended.set()

    async def wait(self) -> None:
        """Wait until everything was answered, or nothing more is to be awaited."""
        await self._ended.wait()


class _Link:
    """The connection, made when it is needed; each acknowledgement finds its batch by it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self._client: _Client | None = None
        self._inbox = ""
        self._making = asyncio.Lock()
        self._batches: dict[str, _Batch] = {}
        self._numbers = itertools.count()
        self._refusal = ""
        self._trouble = ""

    async def client(self, tools: api.Tools) -> _Client:
        """Return the client, connected.

        Raises:
            TransientError: no server can be reached.
            SettingsError: a server refuses us, or is not allowed.
        """
        async with self._making:
            if self._client is None or self._client.is_closed:
                self._client = None
                nodes = nodes_of(self._settings.servers, port=PORT)
                client = await first_connection(nodes, tools, self._connected)
                self._inbox = client.new_inbox()
                await client.subscribe(f"{self._inbox}.*.*", cb=self._take)
                self._client = client
            return self._client

    async def publish(
        self, client: _Client, messages: Sequence[tuple[str, bytes, dict[str, str]]]
    ) -> _Batch:
        """Publish messages and wait for their answers, as long as the connection has them.

        Raises:
            SettingsError: the user may not publish there.
        """
        batch, number = _Batch(len(messages)), str(next(self._numbers))

        async def send() -> None:
            for index, (subject, data, headers) in enumerate(messages):
                reply = f"{self._inbox}.{number}.{index}"
                await client.publish(subject, data, reply=reply, headers=headers)

        await self._run(client, number, batch, send)
        return batch

    async def flush(
        self, client: _Client, messages: Sequence[tuple[str, bytes, dict[str, str]]]
    ) -> _Batch:
        """Publish messages and wait until the server has read them; no answers come.

        Raises:
            SettingsError: the user may not publish there.
        """
        batch, number = _Batch(1), str(next(self._numbers))

        async def send() -> None:
            for subject, data, headers in messages:
                await client.publish(subject, data, headers=headers)
            # What is sent to ourselves comes back after all of it has been read.
            await client.publish(f"{self._inbox}.{number}.0")

        await self._run(client, number, batch, send)
        return batch

    async def _run(
        self, client: _Client, number: str, batch: _Batch, send: Callable[[], Awaitable[None]]
    ) -> None:
        self._batches[number] = batch
        self._refusal = ""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await send()
                await batch.wait()
        except TimeoutError:
            batch.end(f"no answer within {self._settings.timeout_s:g} s")
            # A server that hangs is left alone.
            await _drop(client)
        except Error as error:
            batch.end(_told(error))
        finally:
            del self._batches[number]
        if self._refusal:
            # Without its subscription a connection hears no answers, now and later.
            await _drop(client)
            raise SettingsError(
                f"NATS refuses us ({self._refusal}): let the user publish to the subject, and "
                "subscribe below _INBOX"
            )

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await _drop(self._client)

    async def _connected(self, node: Node, address: str) -> _Client:
        settings = self._settings
        client = _Client(is_encrypted=self._tls is not None)
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await client.connect(
                    [f"nats://{Node(address, node.port)}"],
                    name="tailrace",
                    error_cb=self._failed,
                    closed_cb=self._closed,
                    # It would go to addresses that nobody has looked at.
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=math.ceil(CONNECT_S_MAX),
                    tls=self._tls,
                    tls_hostname=node.host,
                    user=settings.username,
                    password=revealed(settings.password),
                    token=revealed(settings.token),
                )
        except TimeoutError as error:
            await _drop(client)
            raise TransientError(f"no connection within {CONNECT_S_MAX:g} s") from error
        except SettingsError:
            await _drop(client)
            raise
        except (Error, OSError) as error:
            # Where nobody listens, it says that there are no servers, and to `_failed` why.
            told = self._trouble if isinstance(error, NoServersError) else _told(error)
            await _drop(client)
            if "authorization" in told.lower():
                raise SettingsError(
                    f"{node} refuses us ({told}): change username and password, token or "
                    "tls_certificate"
                ) from error
            raise TransientError(told) from error
        return client

    async def _take(self, answer: Msg) -> None:
        number, index = answer.subject.split(".")[-2:]
        batch = self._batches.get(number)
        if batch is not None:
            batch.take(int(index), answer)

    async def _failed(self, error: Exception) -> None:
        told = self._trouble = _told(error)
        if "permissions violation" in told.lower():
            self._refusal = told
            self._end(told)

    async def _closed(self) -> None:
        self._end("the connection was lost")

    def _end(self, why: str) -> None:
        for batch in self._batches.values():
            batch.end(why)


async def _drop(client: _Client) -> None:
    """Close a connection; one that does not end at once is left to itself."""
    with suppress(TimeoutError, Error, OSError):
        async with asyncio.timeout(CLOSE_S_MAX):
            await client.close()


async def publish(
    messages: Sequence[Message], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Publish the messages; each has an outcome of its own."""
    link = tools.kept("nats", lambda: _Link(settings))
    client = await link.client(tools)
    outcomes: list[api.Outcome | None] = [None] * len(messages)
    good: list[tuple[str, bytes, dict[str, str]]] = []
    for index, message in enumerate(messages):
        made = _made(message, settings, client.max_payload)
        if isinstance(made, api.Rejected):
            outcomes[index] = made
        else:
            good.append(made)
    if good:
        send = _stored if settings.mode == "jetstream" else _heard
        found = iter(await send(link, client, good, tools))
        outcomes = [next(found) if each is None else each for each in outcomes]
    return [each for each in outcomes if each is not None]


def _made(
    message: Message, settings: Settings, bytes_max: int
) -> tuple[str, bytes, dict[str, str]] | api.Rejected:
    """Return the subject, the data and the headers of a message."""
    ids = ids_of(message.data)
    subject = name_of(settings.subject, ids, message.source)
    if not subject:
        return _NO_NAME
    headers = _headers(message, ids)
    size = len(message.data) + _HEADERS_BYTES
    size += sum(len(name) + len(value.encode()) + 4 for name, value in headers.items())
    if size > bytes_max:
        return api.Rejected("too-large", f"{size} bytes; the server takes {bytes_max}")
    return subject, message.data, headers


def _headers(message: Message, ids: Ids) -> dict[str, str]:
    headers = {}
    for name, value in (message.headers or {}).items():
        text = value if isinstance(value, str) else _encode(value).decode()
        headers[_name(name)] = text
    if ids.message_id:
        headers[_MESSAGE_ID] = _id(ids.message_id)
    return headers


def _name(name: str) -> str:
    """Return a name as headers may have it."""
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in name) or "-"


def _id(message_id: str) -> str:
    """Return an id as a header keeps it; spaces around it would go, and two ids be one."""
    is_plain = message_id.isascii() and message_id.isprintable() and " " not in message_id
    return message_id if is_plain else hashlib.sha256(message_id.encode()).hexdigest()


async def _stored(
    link: _Link,
    client: _Client,
    messages: Sequence[tuple[str, bytes, dict[str, str]]],
    tools: api.Tools,
) -> Sequence[api.Outcome]:
    """Publish to streams; what they have acknowledged is delivered."""
    batch = await link.publish(client, messages)
    for (subject, _, _), answer in zip(messages, batch.answers, strict=True):
        if answer is not None and _status(answer) == _NO_STREAM_ANSWERS:
            await _explain(client, subject)
    outcomes = [_outcome(answer, batch.why) for answer in batch.answers]
    index = shown(outcomes)
    if index is not None:
        tools.exchanged(_text_of(messages[index]), _text_of_answer(batch.answers[index], batch.why))
    return outcomes


async def _explain(client: _Client, subject: str) -> None:
    """Tell why no stream has answered; nothing where it was for the moment.

    Raises:
        SettingsError: no stream takes the subject.
    """
    try:
        found = await _streams(client, subject)
    except NoRespondersError as error:
        raise SettingsError(
            "JetStream is not enabled for this user: enable it, or set mode to core"
        ) from error
    if found == []:
        raise SettingsError(
            f"no stream takes the subject {subject}: create one whose subjects include it, or "
            "change subject"
        )


async def _streams(client: _Client, subject: str) -> list[str] | None:
    """Return the names of the streams that take a subject; None where it cannot be told.

    Raises:
        NoRespondersError: there is no JetStream.
    """
    try:
        answer = await client.request(
            "$JS.API.STREAM.NAMES", _encode({"subject": subject}), timeout=CHECK_S_MAX
        )
        found = _decode_streams(answer.data)
    except NoRespondersError:
        raise
    except (Error, TimeoutError, msgspec.DecodeError):
        return None
    if found.error is not None and found.error.err_code in _NOT_ENABLED:
        raise NoRespondersError
    return None if found.error is not None else found.streams or []


def _outcome(answer: Msg | None, why: str) -> api.Outcome:
    if answer is None:
        return api.Retry(NO_ANSWER, why)
    status = _status(answer)
    if status:
        return api.Retry(f"status-{status}", "no stream answers for the moment")
    try:
        told = _decode_acknowledgement(answer.data)
    except msgspec.DecodeError as error:
        return api.Retry("no-acknowledgement", str(error))
    refused = told.error
    if refused is None:
        return api.Delivered()
    if refused.err_code == _STREAM_MESSAGE_TOO_LARGE:
        return api.Rejected("too-large", refused.description, refused.code)
    return api.Retry(f"jetstream-{refused.err_code}", refused.description, refused.code)


def _status(answer: Msg) -> str:
    return (answer.headers or {}).get("Status", "")


async def _heard(
    link: _Link,
    client: _Client,
    messages: Sequence[tuple[str, bytes, dict[str, str]]],
    tools: api.Tools,
) -> Sequence[api.Outcome]:
    """Publish to whoever listens; what the server has read is delivered."""
    batch = await link.flush(client, messages)
    if batch.why:
        raise TransientError(batch.why)
    if len(messages) == 1:
        tools.exchanged(_text_of(messages[0]), "the server has read it")
    return [api.Delivered()] * len(messages)


def _told(error: Exception) -> str:
    text = str(error).removeprefix("nats: ")
    return text or type(error).__name__


def _text_of(message: tuple[str, bytes, dict[str, str]]) -> str:
    subject, data, headers = message
    lines = [f"PUB {subject}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join([*lines, "", data.decode()])


def _text_of_answer(answer: Msg | None, why: str) -> str:
    return why if answer is None else api.text_of(answer.data) or f"status {_status(answer)}"


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether a server lets us in, and whether a stream takes what is published."""
    link = _Link(settings)
    try:
        client = await link.client(tools)
        found = [api.Checked("Connection", True, f"connected to NATS {_version(client)}")]
        if settings.mode == "jetstream":
            found.append(await _check_stream(client, settings))
    except TransientError as error:
        return [api.Checked("Connection", False, str(error), "servers")]
    except SettingsError as error:
        return [api.Checked("Connection", False, str(error))]
    finally:
        await link.close()
    return found


async def _check_stream(client: _Client, settings: Settings) -> api.Checked:
    subject = name_of(settings.subject, Ids(type="track"), "source")
    try:
        streams = await _streams(client, subject)
    except NoRespondersError:
        return api.Checked(
            "Stream", False, "JetStream is not enabled for this user: enable it", "mode"
        )
    if streams is None:
        return api.Checked("Stream", None, "the user may not ask which streams there are")
    if not streams:
        return api.Checked(
            "Stream", False, f"no stream takes the subject {subject}: create one", "subject"
        )
    return api.Checked("Stream", True, f"{', '.join(streams)} takes the subject {subject}")


def _version(client: _Client) -> str:
    return str(client.connected_server_version).strip("<>").removeprefix("nats server ")
