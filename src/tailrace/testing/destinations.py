"""What tests of a destination's type need: tools whose HTTP answers as told, and payloads."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tailrace.deliver.plans import Target, plans_of
from tailrace.deliver.trying import given_event
from tailrace.destinations.api import Destination, Response

T = TypeVar("T")


class FakeRequest(NamedTuple):
    """A request as it was made."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes


class FakeHttp:
    """HTTP that keeps the requests and answers as it was told, with 200 before that."""

    def __init__(self) -> None:
        self.requests: list[FakeRequest] = []
        self._answer: Response | Exception = Response(200, {}, b"")

    def answers(
        self, *, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer like this from now on; the names of headers are in lower case."""
        self._answer = Response(status, dict(headers or {}), body)

    def fails(self, error: Exception) -> None:
        """Raise an error from now on, as `TransientError` for no answer."""
        self._answer = error

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
        self.requests.append(FakeRequest(method, url, dict(headers or {}), content))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class FakeTools:
    """See `destinations.sending.Tools`; every host is at 127.0.0.1."""

    def __init__(self, *, file_directories: Sequence[Path] = ()) -> None:
        self.http = FakeHttp()
        self.file_directories = tuple(file_directories)
        self.exchanges: list[tuple[str, str]] = []
        self._kept: dict[str, Any] = {}

    def exchanged(self, request: str, answer: str) -> None:
        """See `destinations.sending.Tools`."""
        self.exchanges.append((request, answer))

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """See `destinations.sending.Tools`."""
        return ["127.0.0.1"]

    async def blocking(self, function: Callable[[], T]) -> T:
        """See `destinations.sending.Tools`."""
        return function()

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """See `destinations.sending.Tools`."""
        if name not in self._kept:
            self._kept[name] = make()
        made: T = self._kept[name]
        return made


def payload_of(
    destination: Destination, settings: Any, event: Mapping[str, object], *, action: str = ""
) -> Any:
    """Return what an action is given of an event by its own mapping; without a slug the first one.

    What an event must have and this one has not, such as `messageId`, is made.

    Raises:
        MappingFailedError: the event gives no payload that fits.
    """
    target = Target(slug="test", version=1, type=destination, settings=settings)
    plan = next(each for each in plans_of(target) if action in ("", each.slug))
    return plan.build(given_event(event))
