"""What a destination would make of events: one, or the newest that are stored."""

from typing import Annotated, Any, Final

import msgspec
from litestar import post
from msgspec import UNSET

from tailrace.app.asking import needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import BODY, NOT_FOUND, ProblemError
from tailrace.app.recent import recent_blocks
from tailrace.app.routes.errors import FINDING
from tailrace.app.routes.examples import body
from tailrace.control.destination_shapes import (
    DestinationDryRun,
    DestinationPreview,
    PreviewedDestination,
)
from tailrace.deliver.dry_run import DryRun, dry_run
from tailrace.deliver.payload import instant
from tailrace.deliver.previewing import Draft, PreviewedSubscription, preview
from tailrace.event import kept_message_id
from tailrace.query.shapes import EventOut

BLOCKS_MAX = 10_000
"""How many blocks of each partition a dry run looks into, as a block may hold one event."""
_TIMES: Final = frozenset({"timestamp", "originalTimestamp", "sentAt"})


@post(
    "/destinations/preview",
    status_code=200,
    tags=["destinations"],
    responses=FINDING,
    opt=needs("destinations:write"),
)
async def preview_destination(
    data: Annotated[
        DestinationPreview,
        body(
            destination={
                "slug": "orders-hook",
                "filters": [{"if": '!(event = "Order Completed")', "actions": [{"type": "DROP"}]}],
            },
            event={"type": "track", "event": "Order Completed", "userId": "u-1842"},
        ),
    ],
    parts: Given,
) -> list[PreviewedSubscription]:
    """Return what each subscription would make of an event; nothing is sent or saved."""
    draft = await _draft(parts, data.destination)
    event, source = await _event(parts, data)
    return await parts.reading.run(preview, draft, event, source=source)


@post(
    "/destinations/dry-run",
    status_code=200,
    tags=["destinations"],
    responses=FINDING,
    opt=needs("destinations:write"),
)
async def dry_run_destination(
    data: Annotated[
        DestinationDryRun,
        body(
            destination={
                "slug": "orders-hook",
                "filters": [{"if": '!(event = "Order Completed")', "actions": [{"type": "DROP"}]}],
            },
            events=1_000,
        ),
    ],
    parts: Given,
) -> DryRun:
    """Return what would become of the newest stored events; nothing is sent, saved or counted.

    It takes no longer than about 5 seconds: `is_complete` is false where that ended it.
    """
    draft = await _draft(parts, data.destination)
    return await parts.reading.run(
        dry_run,
        draft,
        recent_blocks(parts.log, blocks_max=BLOCKS_MAX),
        events_max=data.events,
        samples_max=data.samples,
    )


async def _draft(parts: Parts, wanted: PreviewedDestination) -> Draft:
    found = await parts.deciding.run(parts.destinations.previewed, wanted)
    return Draft(**found._asdict())


async def _event(parts: Parts, data: DestinationPreview) -> tuple[dict[str, Any], str]:
    """Return the event that is asked about, and its source; "" for whatever one.

    Raises:
        ProblemError: neither or both ways to say it were used, or none of the id is stored.
    """
    if (data.event is UNSET) is (data.message_id is UNSET):
        raise ProblemError(
            BODY, "say which event: give either event or message_id", facts={"field": "event"}
        )
    if data.event is not UNSET:
        return data.event, data.source
    assert data.message_id is not UNSET  # noqa: S101 - one of the two is given
    stored = await parts.asking.run(
        parts.questions.event, kept_message_id(data.message_id), data.source or None
    )
    if stored is None:
        raise ProblemError(
            NOT_FOUND,
            f"no event with the id '{data.message_id}' is stored",
            facts={"field": "message_id"},
        )
    return _sent(stored), stored.source


def _sent(stored: EventOut) -> dict[str, Any]:
    """Return a stored event with the names of the Segment API, its times as they are sent."""
    plain = msgspec.json.decode(msgspec.json.encode(stored))
    names = {
        "type": "type",
        "event": "event",
        "name": "name",
        "messageId": "message_id",
        "userId": "user_id",
        "anonymousId": "anonymous_id",
        "groupId": "group_id",
        "previousId": "previous_id",
        "timestamp": "timestamp",
        "originalTimestamp": "original_timestamp",
        "sentAt": "sent_at",
        "properties": "properties",
        "traits": "traits",
        "context": "context",
        "integrations": "integrations",
    }
    found = {name: plain[column] for name, column in names.items() if plain.get(column)}
    return {name: instant(value) if name in _TIMES else value for name, value in found.items()}
