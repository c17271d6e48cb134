"""The contract of a destination's actions: what they are given, and what they answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, NewType, Protocol, TypeVar

from tailrace.errors import SettingsError

T = TypeVar("T")

Json = NewType("Json", bytes)
"""A value as JSON text, ready to be sent as it is."""

WHOLE_EVENT: Final[Mapping[str, Any]] = {"@path": "$."}
DETAIL_CHARACTERS_MAX: Final = 2_000
_RETRIED: Final = frozenset({408, 423, 425, 429})
_NOT_IMPLEMENTED: Final = 501
_AUTH: Final = frozenset({401, 403, 407})


class Delivered(NamedTuple):
    """The tool has taken it."""

    status: int = 0


class Rejected(NamedTuple):
    """The tool will never take this payload; it becomes a dead letter.

    `reason` is a short stable code, `detail` what the tool said, `status` its HTTP status or 0.
    """

    reason: str
    detail: str = ""
    status: int = 0


class Retry(NamedTuple):
    """The tool may take it later; `after_s` is how long it asked to be left alone."""

    reason: str
    detail: str = ""
    status: int = 0
    after_s: float | None = None


Outcome = Delivered | Rejected | Retry


class Checked(NamedTuple):
    """One thing that was looked at at the tool without writing: what, whether it is as needed.

    `detail` says what was found; where it is not as needed, also what to do. `is_good` is None
    where it could not be told. `setting` is the one that would have to change, "" for no one.
    """

    name: str
    is_good: bool | None
    detail: str = ""
    setting: str = ""


class Response(NamedTuple):
    """An answer; the names of `headers` are in lower case, `body` is bounded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Requests to the outside; never to private addresses unless the operator allows them."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> Response:
        """Return the answer, whatever its status.

        Raises:
            TransientError: none came in time.
            SettingsError: the address is not allowed.
        """
        ...


class Tools(Protocol):
    """What an action works with beside its settings."""

    @property
    def http(self) -> Http:
        """The way to HTTP servers."""
        ...

    @property
    def file_directories(self) -> Sequence[Path]:
        """The directories below which the operator allows files."""
        ...

    def exchanged(self, request: str, answer: str) -> None:
        """Note what was said to a tool that is not reached by `http`, and what it answered.

        Both are texts for people who look at a test event; they hold no secret.
        """
        ...

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the IP addresses of a host that may be reached, at least one.

        For clients that open connections of their own: they connect to one of these, and check the
        certificate for the host.

        Raises:
            TransientError: the name cannot be looked up now.
            SettingsError: all of its addresses are private, and the operator has not allowed them.
        """
        ...

    async def blocking(self, function: Callable[[], T]) -> T:
        """Return what a function returns that waits, run in a thread of its own."""
        ...

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under this name before, such as a client; made when it is missing.

        It is let go with the settings; one that has `close`, a coroutine or not, is closed.
        """
        ...


@dataclass(frozen=True)
class Mapped:
    """A field of a payload: what it is, and the mapping that fills it by default.

    Its `type` is that of the annotation, unless it says `text` or `datetime` of a text. A field
    without a default in the dataclass must get a value, or the event is rejected. People read the
    `label`, else the field's name. A text may be one of `choices` only.
    """

    description: str
    _: KW_ONLY
    default: object = None
    type: Literal["", "text", "datetime"] = ""
    label: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceSlug:
    """Marks the field of a payload that is the slug of the event's source; no mapping fills it."""


@dataclass(frozen=True, kw_only=True)
class Batching:
    """How many payloads go together, by number and by the bytes of their events.

    A batch that is not full waits for more until `age_s` after its first event was ready. `lanes`
    is how many batches are on their way at once, at most; each event of a person goes by the same
    lane. More than four lanes are for tools that bear it, fewer for those that do not; people may
    bound them, and have more of them only where there are four or more.

    Where the tool answers for each payload, `answers_each`; else a batch that it refuses is halved
    until the refused ones are found. The payloads of a batch agree in the fields that `keys` names.
    """

    events_max: int
    bytes_max: int
    age_s: float = 0.0
    lanes: int = 4
    answers_each: bool = True
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that a destination does with events.

    `fields` is a frozen dataclass whose fields say in their annotation with `Mapped` what fills
    them; one may be marked as `SourceSlug`. `trigger` chooses the events, in the filter language.
    `send` takes the payloads of a batch, one where there is no `batching`, and answers for each, in
    order; an exception is an answer for all: `TransientError` to try again, `SettingsError` to
    suspend the destination.
    """

    slug: str
    name: str
    description: str
    fields: type[Any]
    send: Callable[[Sequence[Any], Any, Tools], Awaitable[Sequence[Outcome]]]
    trigger: str = "all"
    batching: Callable[[Any], Batching | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A subscription that is often wanted, for people to begin with.

    `action` is the slug of an action of the type. What `mapping` leaves out is filled as the action
    does by default.
    """

    slug: str
    name: str
    description: str
    action: str
    trigger: str
    mapping: Mapping[str, object] = field(default_factory=dict)


def outcome_of(response: Response) -> Outcome:
    """Return what an HTTP answer means for what was sent.

    Raises:
        SettingsError: the tool does not know us, does not let us, or is elsewhere.
    """
    status = response.status
    if 200 <= status < 300:
        return Delivered(status)
    detail = text_of(response.body)
    if status in _AUTH:
        raise SettingsError(f"the answer was {status}: {detail or 'not authorized'}")
    if 300 <= status < 400:
        raise SettingsError(f"the answer was {status}: the address has moved; give the new one")
    if status in _RETRIED or (status >= 500 and status != _NOT_IMPLEMENTED):
        return Retry(f"http-{status}", detail, status, retry_after_s(response.headers))
    return Rejected(f"http-{status}", detail, status)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of the header Retry-After, in either of its forms; None without it."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 86_400))
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (zoned - datetime.now(UTC)).total_seconds()), 86_400.0)


def text_of(body: bytes) -> str:
    """Return the beginning of an answer's body as people can read it."""
    text = body[: 4 * DETAIL_CHARACTERS_MAX].decode(errors="replace")[:DETAIL_CHARACTERS_MAX]
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text).strip()
