"""What the actions of one destination work with: guarded HTTP, threads, and clients they keep."""

import asyncio
import contextvars
import inspect
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import httpcore

from tailrace import __version__
from tailrace.deliver import exchanges
from tailrace.deliver.guard import Guard, GuardedBackend
from tailrace.destinations.sending import Response
from tailrace.errors import TransientError

T = TypeVar("T")
ANSWER_BYTES_MAX: Final = 8_388_608
CONNECTIONS_MAX: Final = 64
_KEPT_S: Final = 30.0
_LOOKING_UP_S: Final = 10.0
_AGENT: Final = f"Tailrace/{__version__}"


class GuardedHttp:
    """See `destinations.sending.Http`."""

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext) -> None:
        self.guard = guard
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=_KEPT_S,
            network_backend=GuardedBackend(guard),
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Response:
        """See `destinations.sending.Http`."""
        sent = {"User-Agent": _AGENT, "Accept": "*/*", **(headers or {})}
        asked = exchanges.ask(method, url, sent, content)
        response = None
        try:
            response = await self._answered(method, url, content, sent, timeout_s)
        finally:
            exchanges.answered(asked, response)
        return response

    async def _answered(
        self, method: str, url: str, content: bytes, sent: Mapping[str, str], timeout_s: float
    ) -> Response:
        limits = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        try:
            # The limits are for each step; a tool that sends a byte now and then would pass them.
            async with (
                asyncio.timeout(timeout_s),
                self._pool.stream(
                    method,
                    url,
                    content=content,
                    headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                    extensions={"timeout": limits},
                ) as answer,
            ):
                body = await _read(answer)
        except TimeoutError as error:
            raise TransientError(f"no answer within {timeout_s:g} s") from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.ProxyError,
            ssl.SSLError,
        ) as error:
            raise TransientError(_told(error)) from error
        names = {name.decode("latin-1").lower(): value for name, value in answer.headers}
        return Response(
            answer.status, {name: value.decode("latin-1") for name, value in names.items()}, body
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class DestinationTools:
    """See `destinations.sending.Tools`; one for each destination."""

    def __init__(
        self, http: GuardedHttp, *, threads: Executor, file_directories: Sequence[str] = ()
    ) -> None:
        self._http = http
        self._file_directories = tuple(map(Path, file_directories))
        self._threads = threads
        self._kept: dict[str, Any] = {}

    @property
    def http(self) -> GuardedHttp:
        """See `destinations.sending.Tools`."""
        return self._http

    @property
    def file_directories(self) -> Sequence[Path]:
        """See `destinations.sending.Tools`."""
        return self._file_directories

    def exchanged(self, request: str, answer: str) -> None:
        """See `destinations.sending.Tools`."""
        exchanges.exchanged(request, answer)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """See `destinations.sending.Tools`."""
        try:
            async with asyncio.timeout(_LOOKING_UP_S):
                return await self._http.guard.resolve(host, port)
        except TimeoutError as error:
            raise TransientError(f"looking up {host} took too long") from error
        except OSError as error:
            raise TransientError(f"{host}: {error.strerror or error}") from error

    async def blocking(self, function: Callable[[], T]) -> T:
        """See `destinations.sending.Tools`."""
        # What is exchanged in the thread belongs to the task that waits for it.
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._threads, run, function)

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """See `destinations.sending.Tools`."""
        if name not in self._kept:
            self._kept[name] = make()
        made: T = self._kept[name]
        return made

    async def close(self) -> None:
        """Close what was kept, and all connections."""
        for each in self._kept.values():
            close = getattr(each, "close", None)
            if close is not None:
                with suppress(OSError):
                    closing = close()
                    if inspect.isawaitable(closing):
                        await closing
        self._kept.clear()
        await self._http.close()


async def _read(answer: httpcore.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise TransientError(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
