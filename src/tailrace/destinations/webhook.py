"""Webhook: sends each event to an address of one's own.

Source: Segment's documentation of webhooks and of the action "Send" of webhooks (methods, headers,
`X-Signature` from a shared secret, an answer within 10 s).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from tailrace.destinations import api
from tailrace.errors import SettingsError

HEADER_PATTERN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""A header's name (RFC 9110, section 5.1)."""

SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-api-token", "x-auth-token"}
)
OWN_HEADERS = frozenset(
    {"connection", "content-length", "content-type", "host", "transfer-encoding", "x-signature"}
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where to send, and how the receiver knows who sends."""

    url: Annotated[
        str,
        api.Setting(
            "Address that takes the events. Everybody who may see the destination sees it.",
            is_url=True,
            length_max=2_000,
        ),
    ]
    method: Annotated[
        str, api.Setting("Method of the request.", choices=("POST", "PUT", "PATCH"))
    ] = "POST"
    headers: Annotated[
        Mapping[str, str],
        api.Setting(
            "Further headers, for everybody to see; one that is secret is auth_header.",
            pattern=HEADER_PATTERN,
            expected="a header's name, such as X-Environment",
        ),
    ] = field(default_factory=dict)
    auth_header: Annotated[
        str,
        api.Setting(
            "Header whose value is auth_value.",
            pattern=HEADER_PATTERN,
            expected="a header's name, such as X-Api-Key",
            length_max=100,
        ),
    ] = "Authorization"
    auth_value: Annotated[
        api.Secret | None,
        api.Setting(
            "Value of auth_header, such as 'Bearer ...'; without it the header is not sent.",
            pattern=r"[\x20-\x7e]+",
            expected="printable ASCII characters",
        ),
    ] = None
    shared_secret: Annotated[
        api.Secret | None,
        api.Setting(
            "Signs each body: X-Signature is then its HMAC-SHA1 under this secret, in hexadecimal."
        ),
    ] = None
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=60)
    ] = 10.0

    def __post_init__(self) -> None:
        """Refuse headers that would be seen, sent twice or break the request."""
        names = [name.lower() for name in self.headers]
        complaint = ""
        if found := SECRET_HEADERS.intersection(names):
            complaint = f"has {min(found)}, which is secret: use auth_header and auth_value"
        elif found := OWN_HEADERS.intersection(names):
            complaint = f"has {min(found)}, which is set for each request"
        elif len(set(names)) < len(names):
            complaint = "has one name twice, in other cases"
        elif any(not value.isascii() for value in self.headers.values()):
            complaint = "has a value with other characters than ASCII"
        if complaint:
            raise SettingsError(complaint, problems={"headers": complaint})
        if self.auth_header.lower() in OWN_HEADERS:
            complaint = f"is {self.auth_header}, which is set for each request"
            raise SettingsError(complaint, problems={"auth_header": complaint})
        if self.auth_value is not None and self.auth_header.lower() in names:
            complaint = f"has {self.auth_header}, which auth_value sets too"
            raise SettingsError(complaint, problems={"headers": complaint})


DESTINATION = api.Destination(
    slug="webhook",
    name="Webhook",
    description="Sends each event as JSON to an address of your own.",
    settings=Settings,
)
