"""Kafka: produces each event as a record of a topic.

Source: librdkafka's configuration and error codes; Kafka's protocol guide, errors of Produce.
"""

from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api
from tailrace.destinations.kafka.settings import Record, Settings

__all__ = ["DESTINATION", "PRODUCE", "Record", "Settings", "check", "produce"]

BATCH_EVENTS_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 4_194_304
LANES: Final = 4


async def produce(
    records: Sequence[Record], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Produce the records; each has an outcome of its own."""
    # Its client's library takes memory that nobody pays without such a destination.
    from tailrace.destinations.kafka import producing

    return await producing.produce(records, settings, tools)


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the brokers let us in and may be reached, and whether the topic is there."""
    from tailrace.destinations.kafka import producing

    return await producing.check(settings, tools)


PRODUCE = api.Action(
    slug="produce",
    name="Produce",
    description="Produces the event as a JSON record whose key is the person.",
    fields=Record,
    send=produce,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, lanes=LANES
    ),
)
DESTINATION = api.Destination(
    slug="kafka",
    name="Apache Kafka",
    description="Produces each event as a record of a topic.",
    settings=Settings,
    actions=(PRODUCE,),
    check=check,
)
