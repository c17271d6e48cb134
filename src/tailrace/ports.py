"""Finding out that a port is taken before a server silently shares it.

Servers here bind with SO_REUSEPORT, so that a second one would get a share of the connections
instead of an error.
"""

import errno
import socket
from typing import Literal

from tailrace.errors import ConfigError


def require_free_port(host: str, port: int, *, section: Literal["app", "collect"]) -> None:
    """Return when nobody listens on the address; `section` is where the settings name it.

    Raises:
        ConfigError: somebody does, or the address is not one of this machine.
    """
    variable = f"TAILRACE_{section.upper()}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is taken by another program: stop it, or set "
                f"{variable}_PORT (or {section}.port in tailrace.toml) to a free port"
            ) from error
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {error}; set {variable}_HOST and "
            f"{variable}_PORT (or {section}.host and {section}.port in tailrace.toml) to an "
            "address of this machine"
        ) from error
