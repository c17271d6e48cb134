"""What destinations share that open connections of their own: addresses of servers, and TLS."""

import os
import re
import ssl
import tempfile
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple, TypeVar

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

T = TypeVar("T")

NODE_PATTERN: Final = (
    r"([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
)
NODES_PATTERN: Final = rf"{NODE_PATTERN}( ?, ?{NODE_PATTERN}){{0,19}}"
NODES_EXPECTED: Final = "host:port, up to 20 of them, with commas between"
PEM_PATTERN: Final = r"\s*-----BEGIN [A-Z ]+-----[\s\S]+-----END [A-Z ]+-----\s*"
PEM_EXPECTED: Final = "PEM: the lines from -----BEGIN to -----END"
_PEM_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----")
_PEM_WIDTH: Final = 64
_TOLD_MAX: Final = 3


class Node(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Whether connections are encrypted, and whom both sides trust."""

    tls: Annotated[bool, api.Setting("Whether connections are encrypted by TLS.")] = False
    tls_ca: Annotated[
        api.Secret | None,
        api.Setting(
            "Certificates in PEM that the server's is to be signed by; else those that this "
            "machine trusts.",
            pattern=PEM_PATTERN,
            expected=PEM_EXPECTED,
        ),
    ] = None
    tls_certificate: Annotated[
        api.Secret | None,
        api.Setting(
            "Certificate in PEM that we show to the server.",
            pattern=PEM_PATTERN,
            expected=PEM_EXPECTED,
        ),
    ] = None
    tls_key: Annotated[
        api.Secret | None,
        api.Setting(
            "Private key of tls_certificate in PEM, without a passphrase.",
            pattern=PEM_PATTERN,
            expected=PEM_EXPECTED,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse half of a pair, and certificates without TLS."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "tls_certificate" if self.tls_certificate is None else "tls_key"
            complaint = "is missing: give tls_certificate and tls_key, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if not self.tls and (self.tls_ca is not None or self.tls_certificate is not None):
            complaint = "is off, though certificates are given: set it to true"
            raise SettingsError(complaint, problems={"tls": complaint})


def nodes_of(text: str, *, port: int) -> list[Node]:
    """Return the servers that a setting of the form `NODES_PATTERN` names.

    `port` is for those that give none.
    """
    found = []
    for each in text.split(","):
        host, colon, given = each.strip().rpartition(":")
        if not colon or given.endswith("]"):
            host, given = each.strip(), ""
        found.append(Node(host.strip("[]"), int(given or port)))
    return found


def revealed(secret: api.Secret | None) -> str | None:
    """Return what a secret is, None for none."""
    return None if secret is None else secret.reveal()


def pem_of(secret: api.Secret | None) -> str | None:
    """Return certificates or a key with the line ends of PEM, which forms of one line take away.

    What is none is left as it is, for whoever reads it to refuse.
    """
    if secret is None:
        return None
    blocks = [
        f"-----BEGIN {kind}-----\n{_lines(text)}\n-----END {kind}-----\n"
        for kind, text in _PEM_BLOCK.findall(secret.reveal())
    ]
    return "".join(blocks) or secret.reveal()


def _lines(text: str) -> str:
    return "\n".join(textwrap.wrap("".join(text.split()), _PEM_WIDTH))


def tls_context(settings: Tls) -> ssl.SSLContext | None:
    """Return what connections are encrypted with; None where they are not.

    It reads the machine's certificates, which takes some milliseconds.

    Raises:
        SettingsError: a certificate or the key cannot be read.
    """
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cadata=pem_of(settings.tls_ca))
    except ssl.SSLError as error:
        raise _unreadable("tls_ca") from error
    certificate, key = pem_of(settings.tls_certificate), pem_of(settings.tls_key)
    if certificate is not None and key is not None:
        pair = certificate + key
        try:
            with _file_of(pair.encode()) as path:
                # Without a passphrase at hand it would ask the terminal for one.
                context.load_cert_chain(path, password="")
        except ssl.SSLError as error:
            raise _unreadable("tls_certificate") from error
    return context


async def first_connection(
    nodes: Sequence[Node], tools: api.Tools, connect: Callable[[Node, str], Awaitable[T]]
) -> T:
    """Return the first connection that can be made; `connect` is given a node and its address.

    Raises:
        TransientError: none can be made.
        SettingsError: an address is not allowed, or a server does not want us.
    """
    failures = []
    for node in nodes:
        try:
            addresses = await tools.addresses(node.host, node.port)
        except TransientError as error:
            failures.append(str(error))
            continue
        for address in addresses:
            try:
                return await connect(node, address)
            except TransientError as error:
                failures.append(f"{node}: {error}")
    raise TransientError("; ".join(failures[-_TOLD_MAX:]))


def _unreadable(name: str) -> SettingsError:
    what = "certificate" if name == "tls_ca" else "certificate with the key in tls_key"
    complaint = f"cannot be read as a {what} in PEM"
    return SettingsError(f"{name}: {complaint}", problems={name: complaint})


@contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    """Give a file for those who only read files; in memory where the system has such ones."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("tls")
        try:
            os.write(handle, content)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
