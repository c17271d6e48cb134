"""NATS: publishes each event to a subject, to a JetStream stream or to whoever listens.

Source: NATS documentation of JetStream (`Nats-Msg-Id`, acknowledgements of publishing, the API
below `$JS.API`), of the client protocol and of subjects.
"""

from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api
from tailrace.destinations.nats.settings import Message, Settings

__all__ = ["DESTINATION", "PUBLISH", "Message", "Settings", "check", "publish"]

BATCH_EVENTS_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 4_194_304
LANES: Final = 4


async def publish(
    messages: Sequence[Message], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Publish the messages; each has an outcome of its own."""
    # Its client's library takes memory that nobody pays without such a destination.
    from tailrace.destinations.nats import publishing

    return await publishing.publish(messages, settings, tools)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether a server lets us in, and whether a stream takes what is published."""
    from tailrace.destinations.nats import publishing

    return await publishing.check(settings, tools)


PUBLISH = api.Action(
    slug="publish",
    name="Publish",
    description="Publishes the event as JSON, with its messageId as Nats-Msg-Id.",
    fields=Message,
    send=publish,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, lanes=LANES
    ),
)
DESTINATION = api.Destination(
    slug="nats",
    name="NATS",
    description="Publishes each event to a subject of NATS, stored by JetStream.",
    settings=Settings,
    actions=(PUBLISH,),
    check=check,
)
