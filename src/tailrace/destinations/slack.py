"""Slack: posts one chat message per event to an incoming webhook.

Source: Slack's documentation of incoming webhooks (answers and their statuses, at most one message
a second) and of the text of messages (`&`, `<` and `>` are escaped).
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from tailrace.destinations import api, reaching
from tailrace.errors import SettingsError

MESSAGE_EVERY_S: Final = 1.0
TEXT_CHARACTERS_MAX: Final = 4_000
PACED: Final = "paced"

_PLACE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_GONE: Final = frozenset({404, 410})
_NO_WEBHOOK: Final = frozenset(
    {
        b"action_prohibited",
        b"channel_is_archived",
        b"channel_not_found",
        b"invalid_token",
        b"no_active_hooks",
        b"no_service",
        b"no_service_id",
        b"no_team",
        b"posting_to_general_channel_denied",
        b"team_disabled",
    }
)
"""What Slack says of a webhook that takes nothing, whatever is posted."""


_NO_TEXT: Final = frozenset(
    {b"invalid_payload", b"missing_text_or_fallback_or_attachments", b"no_text"}
)
"""What Slack says of a message without a text to a webhook that is in order."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which channel, and what is said there."""

    webhook_url: Annotated[
        api.Secret,
        api.Setting(
            "Address that Slack gave for the channel.",
            pattern=r"https?://[A-Za-z0-9.-]{1,253}(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?"
            r"/[\x21\x24-\x7e]*",
            expected="an address such as https://hooks.slack.com/services/...",
        ),
    ]
    text: Annotated[
        str,
        api.Setting(
            "Text to post. {{...}} stands for a part of the event, such as {{userId}} or "
            "{{properties.total}}.",
            length_max=2_000,
        ),
    ] = "{{event}} by {{userId}}"
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=60)
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class ChatMessage:
    """What one event becomes."""

    event: Annotated[api.Json, api.Mapped("Event that the text is of.", default={"@path": "$."})]
    text: Annotated[
        str | None,
        api.Mapped(
            "Text to post in the place of the one of the settings, as it is: &, < and > are "
            "escaped, {{...}} stands for itself.",
            type="text",
        ),
    ] = None


class _Pace:
    """When the last message was posted, by a clock that never goes back."""

    posted_at = -MESSAGE_EVERY_S


async def post_message(
    messages: Sequence[ChatMessage], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Post one message; an incoming webhook takes no batches."""
    [message] = messages
    pace = tools.kept("pace", _Pace)
    wait_s = pace.posted_at + MESSAGE_EVERY_S - time.monotonic()
    if wait_s > 0:
        return [api.Retry(PACED, "one message a second", after_s=wait_s)]
    pace.posted_at = time.monotonic()
    response = await tools.http.request(
        "POST",
        settings.webhook_url.reveal(),
        content=msgspec.json.encode({"text": _text(message, settings)}),
        headers={"Content-Type": "application/json"},
        timeout_s=settings.timeout_s,
    )
    # A channel or webhook that is gone refuses every message. Rejecting them one by one would turn
    # the backlog into dead letters, so suspend until the settings change.
    if _is_gone(response):
        told = api.text_of(response.body)
        raise SettingsError(f"Slack has closed the webhook ({told}): change webhook_url")
    return [api.outcome_of(response)]


def _text(message: ChatMessage, settings: Settings) -> str:
    if message.text is not None:
        return _shown(message.text)[:TEXT_CHARACTERS_MAX]
    return text_of(settings.text, message.event)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the webhook is there, by a message without a text: Slack posts none."""
    url = settings.webhook_url.reveal()
    steps = await reaching.reached(url, tools, setting="webhook_url")
    if not reaching.is_reached(steps):
        return steps
    response = await tools.http.request(
        "POST",
        url,
        content=b'{"text":""}',
        headers={"Content-Type": "application/json"},
        timeout_s=settings.timeout_s,
    )
    told = api.text_of(response.body)
    if response.body.strip() in _NO_TEXT:
        return [*steps, api.Checked("webhook", True, "Slack knows it; no message was posted")]
    if _is_gone(response):
        told = f"Slack has closed it ({told}): make another and change webhook_url"
        return [*steps, api.Checked("webhook", False, told, "webhook_url")]
    told = f"the answer was {response.status}: {told}"
    return [*steps, api.Checked("webhook", None, told)]


def _is_gone(response: api.Response) -> bool:
    return response.status in _GONE or (
        response.status >= 400 and response.body.strip() in _NO_WEBHOOK
    )


def text_of(template: str, event: bytes) -> str:
    """Return the text of an event, with nothing in it that Slack would take for its own signs."""
    members = msgspec.json.decode(event)
    found = _PLACE.sub(lambda place: _shown(_at(members, place[1])), template)
    return found[:TEXT_CHARACTERS_MAX]


def _at(value: Any, path: str) -> Any:
    """Return what names joined by dots lead to, None where that is nothing."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


POST = api.Action(
    slug="post",
    name="Post",
    description="Posts a message to the channel.",
    fields=ChatMessage,
    send=post_message,
    trigger='type = "track"',
    batching=lambda _: api.Batching(events_max=1, bytes_max=1, lanes=1),
)
PRESETS = (
    api.Preset(
        slug="order-completed",
        name="Orders",
        description="Posts each completed order with its number and total.",
        action="post",
        trigger='type = "track" and event = "Order Completed"',
        mapping={
            "text": {
                "@template": "Order {{properties.order_id}} completed: {{properties.total}} "
                "{{properties.currency}}"
            }
        },
    ),
    api.Preset(
        slug="signed-up",
        name="Sign-ups",
        description="Posts who has signed up.",
        action="post",
        trigger='type = "track" and event = "Signed Up"',
        mapping={
            "text": {
                "@if": {
                    "exists": {"@path": "$.context.traits.email"},
                    "then": {"@template": "{{context.traits.email}} signed up"},
                    "else": {"@template": "{{userId}} signed up"},
                }
            }
        },
    ),
)
DESTINATION = api.Destination(
    slug="slack",
    name="Slack",
    description="Posts a chat message for each event to an incoming webhook.",
    settings=Settings,
    actions=(POST,),
    check=check,
    presets=PRESETS,
)
