"""Whether a server can be reached at an address, looked at step by step without asking it anything.

The name must lead to an address that is allowed, a connection must come about, and over https the
certificate must be that of the name.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

NAME: Final = "name"
CONNECTION: Final = "connection"
CERTIFICATE: Final = "certificate"
ADDRESSES_MAX: Final = 4
CONNECT_S_MAX: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}


async def reached(url: str, tools: api.Tools, *, setting: str) -> list[api.Checked]:
    """Return what each step to the server of an address came to, until the first that failed.

    `setting` is the one that holds the address.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    try:
        addresses = await tools.addresses(host, port)
    except (SettingsError, TransientError) as error:
        return [api.Checked(NAME, False, str(error), setting)]
    found = [api.Checked(NAME, True, f"{host} is at {', '.join(addresses[:ADDRESSES_MAX])}")]
    tls = None
    if parts.scheme == "https":
        tls = await asyncio.to_thread(ssl.create_default_context)
    return found + await _connected(addresses[:ADDRESSES_MAX], host, port, tls, setting=setting)


def is_reached(steps: Sequence[api.Checked]) -> bool:
    """Tell whether all steps to the server were made."""
    return all(step.is_good is not False for step in steps)


async def _connected(
    addresses: Sequence[str], host: str, port: int, tls: ssl.SSLContext | None, *, setting: str
) -> list[api.Checked]:
    told = ""
    for address in addresses:
        where = f"{address}, port {port}"
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                _, writer = await asyncio.open_connection(
                    address, port, ssl=tls, server_hostname=host if tls else None
                )
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or str(error)
            return [
                api.Checked(CONNECTION, True, where),
                api.Checked(CERTIFICATE, False, f"{host}: {why}", setting),
            ]
        except TimeoutError:
            told = f"{where}: no answer within {CONNECT_S_MAX:g} s"
        except OSError as error:
            told = f"{where}: {error.strerror or error}"
        else:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            steps = [api.Checked(CONNECTION, True, where)]
            if tls is not None:
                steps.append(api.Checked(CERTIFICATE, True, f"is one of {host}"))
            return steps
    return [api.Checked(CONNECTION, False, f"{told}: is it running, and the port right?", setting)]
