"""Steering a destination's deliveries: skip what it has not had, let it drain, let it go on."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import FromPath
from msgspec import Meta

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import BODY, NOT_FOUND, ProblemError
from tailrace.app.routes.errors import APPLYING
from tailrace.app.routes.examples import body
from tailrace.control.document import DocumentDestination
from tailrace.deliver import orders
from tailrace.deliver.engine import state_path
from tailrace.log import EVENTS


class Skip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not to be delivered any more: all that was received before a moment."""

    until: Annotated[
        str,
        Meta(max_length=40, description="A time in ISO 8601 with its zone, or `now`."),
    ]


class Skipping(msgspec.Struct, frozen=True, kw_only=True):
    """The moment before which nothing is delivered any more."""

    until: datetime


@post(
    "/destinations/{slug:str}/skip",
    status_code=202,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def skip_events(
    data: Annotated[Skip, body(until="now")], request: Ask, parts: Given, slug: FromPath[str]
) -> Skipping:
    """Give up what was received before a moment and has no outcome yet.

    It counts as filtered, with the reason `skipped`, and is never sent. What is being sent at that
    very moment may still arrive.
    """
    until = _past(data.until)
    await _order(
        parts,
        slug,
        actor=actor_of(request),
        action="destination.skip",
        facts={"until": until.isoformat()},
        order=partial(orders.skip, until=until.timestamp()),
    )
    return Skipping(until=until)


@post(
    "/destinations/{slug:str}/drain",
    status_code=204,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def drain_destination(request: Ask, parts: Given, slug: FromPath[str]) -> None:
    """Deliver what is stored now, then stand still until the destination is resumed."""

    def order(path: object) -> None:
        extents = parts.log.extents(EVENTS)
        to = {partition: extent.next for partition, extent in extents.items()}
        orders.drain(state_path(parts.config, slug), to=to)

    await _order(
        parts, slug, actor=actor_of(request), action="destination.drain", facts={}, order=order
    )


@post(
    "/destinations/{slug:str}/resume",
    status_code=204,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def resume_destination(request: Ask, parts: Given, slug: FromPath[str]) -> None:
    """Deliver again what comes, after a drain."""
    await _order(
        parts,
        slug,
        actor=actor_of(request),
        action="destination.resume",
        facts={},
        order=orders.resume,
    )


async def _order(
    parts: Parts,
    slug: str,
    *,
    actor: str,
    action: str,
    facts: dict[str, object],
    order: Callable[..., None],
) -> None:
    """Note in the audit log what is ordered, then order it."""
    _require_destination(parts, slug)
    await parts.deciding.run(_note, parts, slug, actor=actor, action=action, facts=facts)
    await parts.reading.run(order, state_path(parts.config, slug))


def _note(parts: Parts, slug: str, *, actor: str, action: str, facts: dict[str, object]) -> None:
    with parts.changes.change(actor=actor) as change:
        change.note(action, f"destinations/{slug}", after=facts)


def _require_destination(parts: Parts, slug: str) -> DocumentDestination:
    for each in parts.following.workspace.destinations:
        if each.slug == slug:
            return each
    raise ProblemError(NOT_FOUND, f"there is no destination '{slug[:100]}'")


def _past(text: str) -> datetime:
    """Return the moment that is meant.

    Raises:
        ProblemError: it is none, or has not come yet.
    """
    now = datetime.now(UTC)
    if text == "now":
        return now
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and moment.astimezone(UTC) <= now:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong(text) from error
    raise _wrong(text)


def _wrong(text: str) -> ProblemError:
    return ProblemError(
        BODY,
        f"until: is '{text[:40]}'; expected `now`, or a time before now with its zone, such as "
        "2026-11-21T09:30:00Z",
        facts={"field": "until"},
    )
