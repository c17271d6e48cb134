"""Entries on their way to Redis, a transaction for each batch, and what became of each."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Connection
from redis.exceptions import (
    AuthenticationError,
    ClusterCrossSlotError,
    MovedError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from tailrace.destinations import api
from tailrace.destinations.messages import Ids, ids_of, name_of, shown
from tailrace.destinations.redis_streams.settings import Entry, Settings
from tailrace.destinations.servers import (
    Node,
    first_connection,
    nodes_of,
    revealed,
    tls_context,
)
from tailrace.errors import SettingsError, TransientError

PORT: Final = 6379
CHECK_S_MAX: Final = 10.0
OWN_FIELDS: Final = frozenset({"event", "message_id", "source", "type"})

_encode: Final = msgspec.json.Encoder().encode
_NO_NAME: Final = api.Rejected("no-stream", "the event has no type or source for the stream's name")


class _Connection(Connection):
    """A connection to an address, with the certificate checked for the host's name."""

    def __init__(self, node: Node, address: str, tls: ssl.SSLContext | None, **more: Any) -> None:
        super().__init__(host=address, port=node.port, **more)
        self._node = node
        self._tls = tls

    def _connection_arguments(self) -> Mapping[str, Any]:
        arguments = {"host": self.host, "port": self.port}
        if self._tls is None:
            return arguments
        return {**arguments, "ssl": self._tls, "server_hostname": self._node.host}


class _Link:
    """Connections to the server, one for each batch that is on its way."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self._idle: list[_Connection] = []

    async def ask(self, commands: Sequence[tuple[Any, ...]], tools: api.Tools) -> list[Any]:
        """Return the answers to commands, errors among them.

        Raises:
            TransientError: it does not answer in time.
            SettingsError: it does not let us in.
        """
        timeout_s = self._settings.timeout_s
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(timeout_s):
                connection = self._idle.pop() if self._idle else await self._connected(tools)
                await connection.send_packed_command(connection.pack_commands(commands))
                answers = [await _answer(connection) for _ in commands]
        except AuthenticationError as error:
            await _drop(connection)
            raise SettingsError(f"Redis refuses us: {error} Give username and password") from error
        except TimeoutError as error:
            await self._drop_all(connection)
            raise TransientError(f"no answer within {timeout_s:g} s") from error
        except (RedisError, OSError) as error:
            await self._drop_all(connection)
            raise TransientError(str(error) or type(error).__name__) from error
        except BaseException:
            # Whoever stops in the middle leaves answers behind, which nobody must take for others.
            await _drop(connection)
            raise
        self._idle.append(connection)
        return answers

    async def close(self) -> None:
        """Close the connections that are idle."""
        await self._drop_all(None)

    async def _drop_all(self, connection: _Connection | None) -> None:
        """Drop a connection that has failed, and those that idle: they have failed with it."""
        await _drop(connection)
        while self._idle:
            await _drop(self._idle.pop())

    async def _connected(self, tools: api.Tools) -> _Connection:
        settings = self._settings

        async def connect(node: Node, address: str) -> _Connection:
            connection = _Connection(
                node,
                address,
                self._tls,
                protocol=2,
                username=settings.username,
                password=revealed(settings.password),
                db=settings.database,
                driver_info=None,
                socket_timeout=None,
            )
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
            except (AuthenticationError, ResponseError) as error:
                raise SettingsError(
                    f"{node} refuses us: {error}; change username, password or database"
                ) from error
            except (RedisError, OSError) as error:
                await _drop(connection)
                raise TransientError(str(error) or type(error).__name__) from error
            return connection

        return await first_connection(nodes_of(settings.server, port=PORT), tools, connect)


async def add(
    entries: Sequence[Entry], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Add the entries in one transaction; each has an outcome of its own."""
    commands = [_command(entry, settings) for entry in entries]
    good = [command for command in commands if command]
    if not good:
        return [_NO_NAME] * len(entries)
    link = tools.kept("redis", lambda: _Link(settings))
    answers = await link.ask([("MULTI",), *good, ("EXEC",)], tools)
    outcomes = _outcomes(answers, len(good))
    index = shown(outcomes)
    if index is not None:
        tools.exchanged(_text_of(good[index]), _answer_to(index, answers))
    found = iter(outcomes)
    return [next(found) if command else _NO_NAME for command in commands]


def _command(entry: Entry, settings: Settings) -> tuple[Any, ...]:
    """Return the command that adds an entry; nothing where its stream has no name."""
    ids = ids_of(entry.event)
    stream = name_of(settings.stream, ids, entry.source)
    if not stream:
        return ()
    trimmed = ("MAXLEN", "~", settings.entries_max) if settings.entries_max else ()
    return ("XADD", stream, *trimmed, "*", *_fields(entry, ids))


def _fields(entry: Entry, ids: Ids) -> list[str | bytes]:
    fields: list[str | bytes] = ["message_id", ids.message_id, "type", ids.type]
    if entry.source:
        fields += ["source", entry.source]
    for name, value in (entry.more or {}).items():
        if name not in OWN_FIELDS:
            fields += [name, value if isinstance(value, str) else _encode(value)]
    return [*fields, "event", entry.event]


def _outcomes(answers: Sequence[Any], count: int) -> Sequence[api.Outcome]:
    """Return what the answers to a transaction of so many commands mean for each.

    Raises:
        SettingsError: nothing of it can be taken until people have done something.
    """
    done = answers[-1]
    if not isinstance(done, list) or len(done) != count:
        # The reason is with the command that was refused first; EXEC only says that it was.
        errors = [each for each in answers if isinstance(each, ResponseError)]
        return [_retry_of(errors[0] if errors else None)] * count
    errors = [each for each in done if isinstance(each, ResponseError)]
    if len(errors) == count:
        _retry_of(errors[0])
    return [
        api.Retry(_code(each), str(each)) if isinstance(each, ResponseError) else api.Delivered()
        for each in done
    ]


def _retry_of(error: ResponseError | None) -> api.Retry:
    """Return what an error means that has refused all.

    Raises:
        SettingsError: people have to do something about it.
    """
    if error is None:
        return api.Retry("aborted", "the transaction was not done")
    code, told = _code(error), str(error)
    if isinstance(error, NoPermissionError):
        raise SettingsError(f"Redis refuses us: {told}; let the user run MULTI, EXEC and XADD")
    if isinstance(error, (MovedError, ClusterCrossSlotError)):
        raise SettingsError(
            f"the server is one of a cluster, which has the stream elsewhere ({told}): change "
            "server to that one, and stream to one name"
        )
    if code == "wrongtype":
        raise SettingsError(
            "the key is there already and no stream: change stream, or delete the key"
        )
    return api.Retry(code, told)


def _code(error: ResponseError) -> str:
    """Return what an error is called: the word that it began with, in lower case."""
    if type(error) is not ResponseError:
        name = type(error).__name__.removesuffix("Error")
        return "".join(f"-{each.lower()}" if each.isupper() else each for each in name).lstrip("-")
    word = str(error).partition(" ")[0]
    return word.lower() if word.isascii() and word.isupper() else "error"


async def _answer(connection: _Connection) -> Any:
    """Return the next answer; an error about one command is an answer too."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


async def _drop(connection: _Connection | None) -> None:
    if connection is not None:
        await connection.disconnect(nowait=True)


def _text_of(command: tuple[Any, ...]) -> str:
    return " ".join(each.decode() if isinstance(each, bytes) else str(each) for each in command)


def _answer_to(index: int, answers: Sequence[Any]) -> str:
    """Return what was answered to a command of a transaction: by EXEC, else at once."""
    done = answers[-1]
    answer = done[index] if isinstance(done, list) else answers[1 + index]
    return answer.decode() if isinstance(answer, bytes) else str(answer)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server lets us in, and whether the stream is one."""
    link = _Link(settings)
    stream = name_of(settings.stream, Ids(type="track"), "source")
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            [kind] = await link.ask([("TYPE", stream)], tools)
    except TimeoutError:
        return [api.Checked("Connection", False, f"no answer within {CHECK_S_MAX:g} s", "server")]
    except TransientError as error:
        return [api.Checked("Connection", False, str(error), "server")]
    except SettingsError as error:
        return [api.Checked("Connection", False, str(error))]
    finally:
        await link.close()
    return [api.Checked("Connection", True, "connected"), _checked_stream(stream, kind)]


def _checked_stream(stream: str, kind: Any) -> api.Checked:
    if isinstance(kind, ResponseError):
        return api.Checked("Stream", None, f"the user may not ask what {stream} is: {kind}")
    found = kind.decode() if isinstance(kind, bytes) else str(kind)
    if found == "none":
        return api.Checked("Stream", True, f"{stream} is not there yet; the first event makes it")
    if found == "stream":
        return api.Checked("Stream", True, f"{stream} is a stream")
    return api.Checked(
        "Stream", False, f"{stream} is a {found}: change stream, or delete the key", "stream"
    )
