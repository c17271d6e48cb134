"""Where a server can be reached, from the address that it listens on.

A wildcard address (`0.0.0.0`, `::`) is none that anybody can send to: this machine reaches it on
loopback, others by a name that only they or the machine know.
"""

import ipaddress
import re

# What may stand in an address that is shown: a name, an IPv4 address, or an IPv6 one in brackets.
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


def is_wildcard(host: str) -> bool:
    """Tell whether a server that listens there listens on every address of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def url_of(host: str, port: int) -> str:
    """Return the address at which this machine reaches a server that listens on `host`."""
    if is_wildcard(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return _url(host, port)


def url_by_name(host: str, port: int, *, name: str) -> str:
    """Return the address under the machine's `name`, where the server listens everywhere."""
    return _url(name, port) if name and is_wildcard(host) else url_of(host, port)


def name_in(host_header: str) -> str:
    """Return the host of a `Host` header without its port; "" where it is none."""
    found = _HOST.fullmatch(host_header)
    return found[1] if found else ""


def _url(host: str, port: int) -> str:
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{bracketed}:{port}"
