"""Which addresses outgoing requests may reach: the internet, and what the operator allows.

A name is looked up here and the connection made to the very address that was checked, so that a
name cannot point elsewhere a moment later. Proxies of the environment are not used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpcore

from tailrace.errors import SettingsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenError(SettingsError):
    """The address is private, and the operator has not allowed it."""


class Guard:
    """Says which addresses are allowed; `networks` are the private ones that are."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(text) for text in networks)

    def allows(self, address: Address) -> bool:
        """Tell whether a connection may be made to the address."""
        plain = _plain(address)
        if any(plain in network for network in self._networks if network.version == plain.version):
            return True
        return plain.is_global and not plain.is_multicast

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that are allowed.

        Raises:
            ForbiddenError: all of them are private.
            OSError: it has none.
        """
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        texts = list(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in found))
        allowed = [text for text in texts if self.allows(ipaddress.ip_address(text))]
        if not allowed:
            raise ForbiddenError(
                f"{host} is at {', '.join(texts[:3])}, which is private: to allow it, add its "
                "network to deliver.private_networks in the settings file"
            )
        return allowed


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to allowed addresses only."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to the host, whose addresses are tried in order."""
        addresses = await self._resolved(host, port, timeout)
        for address in addresses[:-1]:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(
            addresses[-1], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: nothing of ours is reached by a socket of this machine."""
        raise ForbiddenError(f"{path} is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)

    async def _resolved(self, host: str, port: int, wait_s: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(wait_s):
                return await self._guard.resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"looking up {host} took too long") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from error


def _plain(address: Address) -> Address:
    """Return the address that is meant, where another one is written inside it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return inner
    return address
