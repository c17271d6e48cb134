"""Webhook: sends events to an address of one's own, one by one or as arrays.

Source: Segment's documentation of webhooks and of the action "Send" of webhooks (methods, headers,
`X-Signature` from a shared secret, an answer within 10 s).
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from tailrace.destinations import api, reaching
from tailrace.errors import SettingsError

HEADER_PATTERN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""A header's name (RFC 9110, section 5.1)."""

BATCH_BYTES_MAX = 4_194_304
SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-api-key", "x-api-token", "x-auth-token"}
)
OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-signature",
        "x-tailrace-signature",
    }
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
            "Signs each request: X-Tailrace-Signature is then the HMAC-SHA256 of the body under "
            "this secret, and X-Signature the HMAC-SHA1 of the event, of the first one in an array."
        ),
    ] = None
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=60)
    ] = 10.0
    batch_events_max: Annotated[
        int,
        api.Setting(
            "Most events in one request; above 1 the body is an array, else it is the event.",
            minimum=1,
            maximum=4_000,
        ),
    ] = 1

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


@dataclass(frozen=True, kw_only=True)
class Call:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What is sent.", default={"@path": "$."})]


async def send(
    calls: Sequence[Call], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Send the events in one request; its answer is for all of them."""
    is_array = settings.batch_events_max > 1
    body = b"[" + b",".join(call.data for call in calls) + b"]" if is_array else calls[0].data
    response = await tools.http.request(
        settings.method,
        settings.url,
        content=body,
        headers=_headers(settings, body, first=calls[0].data),
        timeout_s=settings.timeout_s,
    )
    return [api.outcome_of(response)] * len(calls)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server can be reached; whether it takes events only an event could tell."""
    steps = await reaching.reached(settings.url, tools, setting="url")
    if reaching.is_reached(steps):
        told = "only an event could tell, and none was sent: send a test event"
        steps.append(api.Checked("acceptance", None, told))
    return steps


def _headers(settings: Settings, body: bytes, *, first: bytes) -> dict[str, str]:
    headers = {**settings.headers, "Content-Type": "application/json"}
    if settings.auth_value is not None:
        headers[settings.auth_header] = settings.auth_value.reveal()
    if settings.shared_secret is not None:
        secret = settings.shared_secret.reveal().encode()
        headers["X-Signature"] = hmac.new(secret, first, "sha1").hexdigest()
        headers["X-Tailrace-Signature"] = f"sha256={hmac.new(secret, body, 'sha256').hexdigest()}"
    return headers


def _batching(settings: Settings) -> api.Batching | None:
    if settings.batch_events_max == 1:
        return None
    return api.Batching(
        events_max=settings.batch_events_max, bytes_max=BATCH_BYTES_MAX, answers_each=False
    )


SEND = api.Action(
    slug="send",
    name="Send",
    description="Sends the event as JSON.",
    fields=Call,
    send=send,
    batching=_batching,
)
PRESETS = (
    api.Preset(
        slug="purchases",
        name="Purchases only",
        description="Sends completed orders, and nothing else.",
        action="send",
        trigger='type = "track" and event = "Order Completed"',
    ),
    api.Preset(
        slug="people",
        name="People only",
        description="Sends what becomes known of people and groups, not what they do.",
        action="send",
        trigger='type = "identify" or type = "group"',
    ),
    api.Preset(
        slug="order-summary",
        name="Orders in short",
        description="Sends of each completed order who bought what, without anything else.",
        action="send",
        trigger='type = "track" and event = "Order Completed"',
        mapping={
            "data": {
                "order": {"@path": "$.properties.order_id"},
                "user": {"@path": "$.userId"},
                "at": {"@path": "$.timestamp"},
                "total": {"@path": "$.properties.total"},
                "currency": {"@path": "$.properties.currency"},
                "items": {
                    "@arrayPath": [
                        "$.properties.products",
                        {
                            "product": {"@path": "$.product_id"},
                            "name": {"@path": "$.name"},
                            "quantity": {"@path": "$.quantity"},
                        },
                    ]
                },
            }
        },
    ),
)
DESTINATION = api.Destination(
    slug="webhook",
    name="Webhook",
    description="Sends each event as JSON to an address of your own.",
    settings=Settings,
    actions=(SEND,),
    check=check,
    presets=PRESETS,
)
