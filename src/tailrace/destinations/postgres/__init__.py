"""PostgreSQL: loads events as rows of tables, as Segment lays out a warehouse.

Source: Segment's documentation of the warehouse schema; PostgreSQL's list of error codes, and its
library's parameters of connections.
"""

from collections.abc import Sequence

from tailrace.destinations import api
from tailrace.destinations.postgres.settings import Settings
from tailrace.destinations.warehouse import Loaded, load_action

__all__ = ["DESTINATION", "LOAD", "Loaded", "Settings", "check", "load"]


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


LOAD = load_action(load)
DESTINATION = api.Destination(
    slug="postgres",
    is_warehouse=True,
    name="PostgreSQL",
    description="Loads events into tables of a PostgreSQL database.",
    settings=Settings,
    actions=(LOAD,),
    check=check,
)
