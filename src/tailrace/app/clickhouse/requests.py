"""What a client asks: the statement, from address and body; its parameters, settings, password.

Source: ClickHouse documentation, "HTTP Interface".
"""

import base64
import binascii
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from litestar.types import HTTPScope, Receive

from tailrace.app.clickhouse.errors import ClientError
from tailrace.app.clickhouse.packing import too_large, unpacked

STATEMENT_BYTES_MAX: Final = 1_048_576
_IGNORED_BYTES_MAX: Final = 67_108_864
_FIELDS_MAX: Final = 1_000
_PARAMETER: Final = "param_"
_NAME_CHARACTERS_MAX: Final = 200
_SESSION_S: Final = 60
_SESSION_S_MAX: Final = 3_600


class SessionAsk(msgspec.Struct, frozen=True, kw_only=True):
    """The session that a statement belongs to; `is_old` refuses one that does not exist yet."""

    id: str
    timeout_s: int
    is_old: bool


class ClientRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a client; `settings` are all parameters that mean nothing else."""

    statement: str
    parameters: dict[str, str]
    settings: dict[str, str]
    user: str
    token: str
    database: str
    default_format: str
    query_id: str
    session: SessionAsk | None


def headers_of(scope: HTTPScope) -> dict[str, str]:
    """Return the headers by their names in lower case."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def query_of(scope: HTTPScope) -> dict[str, str]:
    """Return the parameters of the address; of one that is given twice, the last.

    Raises:
        ClientError: there are too many, or they are no text.
    """
    return _fields(scope["query_string"])


async def body_of(scope: HTTPScope, receive: Receive, headers: Mapping[str, str]) -> bytes:
    """Return the body, unpacked.

    Raises:
        ClientError: it is too large, or cannot be unpacked.
    """
    body = bytearray()
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientError(1000, "the connection was closed before all of the request came")
        part = message.get("body", b"")
        size += len(part)
        # Who sends too much, such as rows to insert, reads the answer only once all is sent.
        if size <= STATEMENT_BYTES_MAX:
            body += part
        if size > _IGNORED_BYTES_MAX:
            raise too_large(STATEMENT_BYTES_MAX)
        if not message.get("more_body", False):
            break
    if size > STATEMENT_BYTES_MAX:
        raise too_large(STATEMENT_BYTES_MAX)
    encoding = headers.get("content-encoding", "")
    return unpacked(bytes(body), encoding, bytes_max=STATEMENT_BYTES_MAX)


def read_request(
    query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> ClientRequest:
    """Return what a client asks.

    Raises:
        ClientError: it is not valid, or nothing that is offered here.
    """
    given = dict(query)
    if headers.get("content-type", "").lower().startswith("multipart/form-data"):
        given |= _form(body, headers["content-type"])
        body = b""
    user, token = _credentials(given, headers)
    for name in ("compress", "decompress"):
        if given.pop(name, "0") not in ("0", "", "false"):
            raise ClientError(
                48,
                f"{name}=1, ClickHouse's own compression of blocks, is not offered: use "
                "compression of HTTP (enable_http_compression=1)",
            )
    session = _session(given)
    parameters = {
        name.removeprefix(_PARAMETER): given.pop(name)
        for name in list(given)
        if name.startswith(_PARAMETER)
    }
    database = given.pop("database", "") or headers.get("x-clickhouse-database", "")
    default_format = given.pop("default_format", "") or headers.get("x-clickhouse-format", "")
    return ClientRequest(
        statement=_statement(given.pop("query", ""), body),
        parameters=parameters,
        query_id=_short(given.pop("query_id", ""), "query_id"),
        database=database,
        default_format=default_format,
        user=user,
        token=token,
        session=session,
        settings=given,
    )


def _statement(query: str, body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ClientError(62, f"the statement is not UTF-8, at byte {error.start}") from error
    joined = f"{query}\n{text}" if query and text else query or text
    if not joined.strip():
        raise ClientError(62, "Syntax error: Empty query")
    return joined


def _credentials(given: dict[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """Take user and token out of what was given; the address counts least, as it is logged.

    Raises:
        ClientError: the header is not valid.
    """
    user, token = given.pop("user", ""), given.pop("password", "")
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, token = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ClientError(516, "the header Authorization is not valid") from error
    elif scheme.lower() == "bearer":
        token = rest.strip()
    elif scheme:
        raise ClientError(516, "Authorization takes Basic or Bearer")
    user = headers.get("x-clickhouse-user", "") or user
    token = headers.get("x-clickhouse-key", "") or token
    return _short(user, "user") or "default", token


def _session(given: dict[str, str]) -> SessionAsk | None:
    name = _short(given.pop("session_id", ""), "session_id")
    timeout, check = given.pop("session_timeout", ""), given.pop("session_check", "0")
    if not name:
        return None
    if timeout and not (timeout.isascii() and timeout.isdigit() and len(timeout) < 10):
        raise ClientError(677, f"Invalid session timeout: '{timeout[:20]}'")
    seconds = int(timeout) if timeout else _SESSION_S
    if seconds > _SESSION_S_MAX:
        raise ClientError(
            677, f"Session timeout '{seconds}' is larger than max_session_timeout: {_SESSION_S_MAX}"
        )
    return SessionAsk(id=name, timeout_s=seconds, is_old=check == "1")


def _short(text: str, name: str) -> str:
    if len(text) > _NAME_CHARACTERS_MAX or not (text.isascii() and text.isprintable()):
        raise ClientError(
            1003, f"{name} must be printable ASCII, of at most {_NAME_CHARACTERS_MAX} characters"
        )
    return text


def _fields(text: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError as error:
        raise ClientError(1003, f"the parameters of the address are not valid: {error}") from error
    return dict(pairs)


def _form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form; files would be tables of the client's own.

    Raises:
        ClientError: it is not valid, or has a file.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    found: dict[str, str] = {}
    parsed = BytesParser(_class=Message, policy=HTTP).parsebytes(head + body)  # type: ignore[arg-type]
    parts = parsed.get_payload()
    if not isinstance(parts, list):
        raise ClientError(1003, "the form cannot be read")
    for part in parts[:_FIELDS_MAX]:
        if not isinstance(part, Message) or part.get_filename() is not None:
            raise ClientError(48, "tables of a client's own (external data) are not read")
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise ClientError(1003, "a field of the form cannot be read")
        try:
            found[name] = content.decode()
        except UnicodeDecodeError as error:
            raise ClientError(1003, f"the form's field '{name[:50]}' is not UTF-8") from error
    return found
