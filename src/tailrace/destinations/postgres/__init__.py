"""PostgreSQL: loads events as rows of tables, as Segment lays out a warehouse.

Source: Segment's documentation of the warehouse schema; PostgreSQL's list of error codes, and its
library's parameters of connections.
"""

from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api
from tailrace.destinations.postgres.settings import Loaded, Settings

__all__ = ["DESTINATION", "LOAD", "Loaded", "Settings", "check", "load"]

BATCH_BYTES_MAX: Final = 8_388_608


async def load(
    events: Sequence[Loaded], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Load the events in one transaction."""
    # Its client's library takes memory that nobody pays without such a destination.
    from tailrace.destinations.postgres import loading

    return await loading.load(events, settings, tools)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server can be reached, lets us in, and lets us make tables."""
    from tailrace.destinations.postgres import loading

    return await loading.check(settings, tools)


def _batching(settings: Settings) -> api.Batching:
    return api.Batching(
        events_max=settings.batch_events_max,
        bytes_max=BATCH_BYTES_MAX,
        age_s=settings.batch_age_s,
        lanes=1,
        answers_each=False,
    )


LOAD = api.Action(
    slug="load",
    name="Load",
    description="Loads the event as rows of the tables of its type.",
    fields=Loaded,
    send=load,
    batching=_batching,
)
DESTINATION = api.Destination(
    slug="postgres",
    is_warehouse=True,
    name="PostgreSQL",
    description="Loads events into tables of a PostgreSQL database.",
    settings=Settings,
    actions=(LOAD,),
    check=check,
)
