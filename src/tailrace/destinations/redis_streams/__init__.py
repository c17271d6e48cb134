"""Redis Streams: adds each event as an entry to a stream.

A batch is one transaction, so that none of a person's events is added while an earlier one is
refused.

Source: Redis documentation of XADD, of transactions (errors before EXEC abort it) and of the codes
that errors begin with.
"""

from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api
from tailrace.destinations.redis_streams.settings import Entry, Settings

__all__ = ["ADD", "DESTINATION", "Entry", "Settings", "add", "check"]

BATCH_EVENTS_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 4_194_304
LANES: Final = 4


async def add(
    entries: Sequence[Entry], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Add the entries in one transaction; each has an outcome of its own."""
    # Its client's library takes memory that nobody pays without such a destination.
    from tailrace.destinations.redis_streams import adding

    return await adding.add(entries, settings, tools)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server lets us in, and whether the stream is one."""
    from tailrace.destinations.redis_streams import adding

    return await adding.check(settings, tools)


ADD = api.Action(
    slug="add",
    name="Add",
    description="Adds the event as JSON to the stream, with its messageId, type and source.",
    fields=Entry,
    send=add,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, lanes=LANES
    ),
)
DESTINATION = api.Destination(
    slug="redis-streams",
    name="Redis Streams",
    description="Adds each event as an entry to a stream of Redis.",
    settings=Settings,
    actions=(ADD,),
    check=check,
)
