"""What a client sends: headers, parameters of the address, and bodies of JSON or lines of JSON."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar.types import HTTPScope, Receive

from tailrace.app.elastic.errors import ElasticError, bad_request

BODY_BYTES_MAX: Final = 8_388_608
DRAINED_BYTES_MAX: Final = 33_554_432
LINES_MAX: Final = 20_000
_PARAMETERS_MAX: Final = 100
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_TRUE: Final = frozenset({"", "true"})
_FLAGS: Final = frozenset({"", "true", "false"})
_UNITS_S: Final = {
    "d": 86_400.0,
    "h": 3_600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 0.001,
    "micros": 1e-6,
    "nanos": 1e-9,
}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, its body unpacked; `parts` are those of the path after `/es/`."""

    method: str
    parts: tuple[str, ...]
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a parameter that is true or false; one without a value is true.

        Raises:
            ElasticError: it is neither.
        """
        text = self.parameters.get(name)
        if text is None:
            return default
        if text not in _FLAGS:
            raise bad_request(f"Failed to parse value [{text[:100]}] as only [true] or [false]")
        return text in _TRUE

    def number(self, name: str) -> int | None:
        """Return a parameter that is a whole number.

        Raises:
            ElasticError: it is none.
        """
        text = self.parameters.get(name)
        if text is None:
            return None
        try:
            return int(text[:20])
        except ValueError as error:
            raise bad_request(
                f"Failed to parse int parameter [{name}] with value [{text[:100]}]"
            ) from error

    def json(self) -> Json:
        """Return the body as an object, an empty one where there is no body.

        Raises:
            ElasticError: it is something else.
        """
        text = self.body or self.parameters.get("source", "").encode()
        return object_of(text) if text.strip() else {}


def headers_of(scope: HTTPScope) -> dict[str, str]:
    """Return the headers by their names in lower case."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def parameters_of(scope: HTTPScope) -> dict[str, str]:
    """Return the parameters of the address; of one that is given twice, the last.

    Raises:
        ElasticError: there are too many, or they are no text.
    """
    try:
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except ValueError as error:
        raise bad_request(f"the address cannot be read: {error}") from error
    return dict(pairs)


class Incoming:
    """The body of a request as it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self._is_complete = False

    async def read(self, headers: Mapping[str, str]) -> bytes:
        """Return the whole body, unpacked.

        Raises:
            ElasticError: it is too large, or cannot be unpacked.
        """
        body = bytearray()
        while not self._is_complete:
            body += await self._next()
            if self._size > BODY_BYTES_MAX:
                raise _too_large()
        return _unpacked(bytes(body), headers.get("content-encoding", "").strip().lower())

    async def drain(self) -> None:
        """Throw away what has not been read, within reason.

        A client that is still sending when it is refused would see a broken connection instead of
        the refusal.
        """
        with suppress(ElasticError):
            while not self._is_complete and self._size <= DRAINED_BYTES_MAX:
                await self._next()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self._is_complete = True
            raise bad_request("the connection was closed before all of the request came")
        chunk = message.get("body", b"")
        self._size += len(chunk)
        self._is_complete = not message.get("more_body", False)
        return chunk


def object_of(text: bytes | str) -> Json:
    """Return a JSON object.

    Raises:
        ElasticError: the text is something else.
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ElasticError(400, "x_content_parse_exception", f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ElasticError(400, "x_content_parse_exception", "Expected [START_OBJECT]")
    return found


def lines_of(body: bytes) -> list[bytes]:
    """Return the lines of a body with one JSON value on each.

    Raises:
        ElasticError: there are none, or too many.
    """
    lines = body.split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise bad_request("request body is required")
    if len(lines) > LINES_MAX:
        raise ElasticError(
            413, "illegal_argument_exception", f"the body has more than {LINES_MAX} lines"
        )
    return lines


def token_of(headers: Mapping[str, str]) -> str | None:
    """Return the token or key that a client signs in with, None without one.

    It is the password of Basic (the user name where that is empty), what follows Bearer, or what
    follows ApiKey: as it is, or in base64 with an id before it.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    given = given.strip()
    match scheme.lower():
        case "basic":
            user, _, password = _decoded(given).partition(":")
            return password or user
        case "bearer":
            return given
        case "apikey":
            _, colon, key = _decoded(given).partition(":")
            return key if colon else given
    return None


def seconds_of(text: str, *, name: str) -> float:
    """Return a length of time such as `1m`.

    Raises:
        ElasticError: it is none.
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _UNITS_S.get(text[len(number) :])
    if unit is None or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise bad_request(
            f"failed to parse setting [{name}] with value [{text[:100]}] as a time value: unit is "
            "missing or unrecognized"
        )
    return int(number) * unit


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise ElasticError(
            415,
            "media_type_header_exception",
            f"Content-Encoding [{encoding[:50]}] is not read; send gzip or plain bodies",
        )
    unpacking = zlib.decompressobj(_GZIP_BITS)
    try:
        found = unpacking.decompress(body, BODY_BYTES_MAX + 1)
    except zlib.error as error:
        raise bad_request(f"the body is not gzip: {error}") from error
    if len(found) > BODY_BYTES_MAX:
        raise _too_large()
    return found


def _too_large() -> ElasticError:
    return ElasticError(
        413, "illegal_argument_exception", f"the body has more than {BODY_BYTES_MAX} bytes"
    )
