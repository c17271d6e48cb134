"""Whether a server of ours on this machine is ready, asked so that it costs next to nothing."""

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

ANSWER_S_MAX: Final = 2.0


def is_ready(url: str) -> bool:
    """Return whether the server at an address says that it is ready.

    It is asked often while it starts: a client with connections to share and certificates to trust
    would cost more than the start of a part.
    """
    connection = HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_S_MAX)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
