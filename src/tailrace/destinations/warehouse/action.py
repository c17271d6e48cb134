"""The action that all warehouses have: a batch of events is loaded, or refused, as one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Protocol

from tailrace.destinations import api
from tailrace.destinations.warehouse.layout import Layout, Load, loads_of

BATCH_BYTES_MAX: Final = 8_388_608
_REJECTED: Final = api.Rejected("no-event", "it is no event: no object, or of no known type")

Take = Callable[[dict[str, Load]], Awaitable[api.Outcome]]
"""Loads what a batch comes to, and returns what became of all of it."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one event becomes rows of."""

    event: Annotated[api.Json, api.Mapped("The event.", default={"@path": "$."})]
    source: Annotated[str, api.SourceSlug()]


class Batched(Protocol):
    """What the settings of a warehouse say of its batches."""

    @property
    def batch_events_max(self) -> int:
        """Most events of one load."""
        ...

    @property
    def batch_age_s(self) -> float:
        """How long a load that is not full waits for more."""
        ...


def load_action(
    send: Callable[[Any, Any, api.Tools], Awaitable[Sequence[api.Outcome]]],
) -> api.Action:
    """Return the action of a warehouse whose settings are `Batched`."""
    return api.Action(
        slug="load",
        name="Load",
        description="Loads the event as rows of the tables of its type.",
        fields=Loaded,
        send=send,
        batching=_batching,
    )


async def outcomes_of(
    placed: Sequence[tuple[str, bytes]], layout: Layout, tools: api.Tools, take: Take
) -> Sequence[api.Outcome]:
    """Return what became of events, each given with its schema, once `take` has loaded them."""
    loads, are_events = await tools.blocking(partial(loads_of, placed, layout))
    taken: api.Outcome = api.Delivered()
    if loads:
        taken = await take(loads)
    return [taken if is_event else _REJECTED for is_event in are_events]


def _batching(settings: Batched) -> api.Batching:
    return api.Batching(
        events_max=settings.batch_events_max,
        bytes_max=BATCH_BYTES_MAX,
        age_s=settings.batch_age_s,
        lanes=1,
        answers_each=False,
    )
