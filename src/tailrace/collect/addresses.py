"""Who sent a request: the address and the user agent that go with its events."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

USER_AGENT_CHARACTERS_MAX: Final = 1_024
FORWARDED_FOR: Final = b"x-forwarded-for"
_MAPPED: Final = "::ffff:"


def remote_address(scope: Mapping[str, Any], *, trust_forwarded_for: bool) -> str:
    """Return the client's address, "" where there is none.

    With `trust_forwarded_for` it is the first entry of X-Forwarded-For when that is an address:
    the proxy in front must then set or clear that header itself, since anyone can send one.
    """
    if trust_forwarded_for:
        forwarded = _first_forwarded(scope["headers"])
        if forwarded:
            return forwarded
    client = scope.get("client")
    if not client:
        return ""
    address: str = client[0]
    return address[len(_MAPPED) :] if address.startswith(_MAPPED) else address


def _first_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == FORWARDED_FOR:
            return _address(value.split(b",", 1)[0].strip().decode("latin-1"))
    return ""


def _address(text: str) -> str:
    """Return the address without port and brackets, "" when it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def user_agent(headers: Mapping[bytes, bytes]) -> str:
    """Return the User-Agent header, cut to a bound."""
    return headers.get(b"user-agent", b"").decode("latin-1")[:USER_AGENT_CHARACTERS_MAX]
