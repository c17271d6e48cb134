"""Deliveries: how they stand, what destinations gave up, and events to try them with."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.delivery_books import DeliveryBooks, delivery_books
from tailrace.app.moments import moment
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import BODY, NOT_FOUND, ProblemError
from tailrace.app.recent import recent_blocks
from tailrace.app.routes.errors import APPLYING, FINDING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import LINK, Cursor, next_page, read_cursor
from tailrace.app.routes.parameters import Since, SourceName, Until
from tailrace.control.document import DocumentDestination
from tailrace.deliver.engine import state_path
from tailrace.deliver import letter_views
from tailrace.deliver.letter_views import (
    DeadLetterShown,
    DeadLetterState,
    RecentDeliveries,
    WaitingEvent,
    WaitingShown,
    list_dead_letters,
    show_dead_letter,
)
from tailrace.deliver.looking import DeliveryStatus, status
from tailrace.deliver.steering import Changed, discard, hurry, replay, replay_edited
from tailrace.deliver.state import Wanted
from tailrace.deliver.trying import Tried
from tailrace.log import EVENTS

_NUMBER_PATTERN = r"[1-9][0-9]{0,17}"
_NO_NUL = r"^[^\x00]*$"
_PAGE = Annotated[int, QueryParameter(ge=1, le=200, description="Most that one page holds.")]


class DeadLetterChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters: those of some ids, of a reason, or all; one of the three."""

    ids: (
        Annotated[list[Annotated[int, Meta(ge=1, lt=2**53)]], Meta(min_length=1, max_length=1_000)]
        | UnsetType
    ) = UNSET
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    all: bool | UnsetType = UNSET


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters are tried again."""

    replayed: int


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters were removed."""

    discarded: int


class TestEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to try a destination with: an event of one's own or, without one, the newest stored."""

    event: Annotated[dict[str, Any], Meta(max_length=100)] | UnsetType = UNSET
    subscription: Annotated[str, Meta(max_length=100)] = ""


@get(
    "/destinations/{slug:str}/delivery",
    tags=["deliveries"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_delivery(parts: Given, slug: FromPath[str]) -> DeliveryStatus:
    """Return how deliveries to a destination stand, and what became of its events."""
    destination = _destination(parts, slug)
    return await parts.reading.run(
        status,
        state_path(parts.config, slug),
        is_enabled=destination.enabled,
        version=destination.version,
        names=parts.trying.names(destination),
        extents=lambda: parts.log.extents(EVENTS),
    )


@get(
    "/destinations/{slug:str}/dead-letters",
    tags=["deliveries"],
    responses=FINDING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def search_dead_letters(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    reason: Annotated[
        str, QueryParameter(max_length=200, pattern=_NO_NUL, description="Only of this reason.")
    ] = "",
    subscription: Annotated[
        str, QueryParameter(max_length=100, pattern=_NO_NUL, description="Only of this one.")
    ] = "",
    text: Annotated[
        str,
        QueryParameter(
            max_length=100,
            pattern=_NO_NUL,
            description="Part of the event's name, its messageId or what the tool said.",
        ),
    ] = "",
    limit: _PAGE = 50,
    cursor: Cursor = "",
) -> Response[list[DeadLetterState]]:
    """Return events that the destination gave up, the newest first.

    Where there are more, the `Link` header leads to the next page.
    """
    _destination(parts, slug)
    before = read_cursor(cursor, pattern=_NUMBER_PATTERN)
    found = await parts.reading.run(
        list_dead_letters,
        state_path(parts.config, slug),
        wanted=Wanted(reason, subscription, text),
        before_id=int(before) if before else None,
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].id)) if len(found) > limit else {}
    return Response(shown, headers=headers)


@get(
    "/destinations/{slug:str}/dead-letters/{letter_id:int}",
    tags=["deliveries"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_one_dead_letter(
    parts: Given, slug: FromPath[str], letter_id: FromPath[int]
) -> DeadLetterShown:
    """Return one event that the destination gave up, with the event."""
    _destination(parts, slug)
    # More is no number of a row, nor of a file's column.
    is_number = 0 < letter_id < 2**53
    path = state_path(parts.config, slug)
    found = await parts.reading.run(show_dead_letter, path, letter_id) if is_number else None
    if found is None:
        raise ProblemError(NOT_FOUND, f"destination '{slug}' has no dead letter {letter_id}")
    return found


@post(
    "/destinations/{slug:str}/dead-letters/replay",
    status_code=200,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def replay_dead_letters(
    data: Annotated[DeadLetterChoice, body(reason="http-400")],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
) -> Replayed:
    """Try dead letters again, 100,000 at most; they wait out of line until they are due."""
    found = await _steer(
        parts,
        slug,
        data,
        actor=actor_of(request),
        action="destination.replay",
        change=lambda path, chosen: replay(path, chosen, clock=time.time),
    )
    return Replayed(replayed=found)


@post(
    "/destinations/{slug:str}/dead-letters/discard",
    status_code=200,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def discard_dead_letters(
    data: Annotated[DeadLetterChoice, body(ids=[7])],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
) -> Discarded:
    """Remove dead letters for good, 100,000 at most; they count as discarded."""
    found = await _steer(
        parts,
        slug,
        data,
        actor=actor_of(request),
        action="destination.discard",
        change=discard,
    )
    return Discarded(discarded=found)


@post(
    "/destinations/{slug:str}/test",
    status_code=200,
    tags=["deliveries"],
    responses={**APPLYING, **FINDING},
    opt=needs("destinations:write"),
)
async def send_test_event(
    data: Annotated[
        TestEvent,
        body(event={"type": "track", "event": "Order Completed", "userId": "u-1"}),
    ],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
) -> Tried:
    """Send an event to the tool at once and show the request and its answer; it is not counted."""
    destination = _destination(parts, slug)
    await parts.deciding.run(
        _note,
        parts,
        slug,
        actor=actor_of(request),
        action="destination.test",
        facts={"version": destination.version},
    )
    return await parts.trying.send(
        destination,
        given=None if data.event is UNSET else data.event,
        subscription=data.subscription,
        blocks=lambda: recent_blocks(parts.log),
    )


@get(
    "/destinations/{slug:str}/books",
    tags=["deliveries"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_delivery_books(
    parts: Given,
    slug: FromPath[str],
    since: Since = "24h",
    until: Until = "",
    source: SourceName = "",
) -> DeliveryBooks:
    """Return the books of a destination by subscription, checked against the ledger."""
    _destination(parts, slug)
    now = datetime.now(UTC)
    return await parts.reading.run(
        delivery_books,
        parts.log,
        state_path(parts.config, slug),
        since=moment(since, name="since", now=now),
        until=moment(until, name="until", now=now),
        source=source,
    )


def _destination(parts: Parts, slug: str) -> DocumentDestination:
    """Return a destination as it is in force.

    Raises:
        ProblemError: there is none.
    """
    found = (each for each in parts.following.workspace.destinations if each.slug == slug)
    destination = next(found, None)
    if destination is None:
        raise ProblemError(NOT_FOUND, f"there is no destination '{slug[:100]}'")
    return destination


async def _steer(
    parts: Parts,
    slug: str,
    choice: DeadLetterChoice,
    *,
    actor: str,
    action: str,
    change: Callable[..., int],
) -> int:
    """Change the dead letters that were chosen; return how many.

    The audit log says first what was asked, so that nothing is ever done without a word there.
    """
    _destination(parts, slug)
    chosen, facts = chosen_letters(choice)
    await parts.deciding.run(_note, parts, slug, actor=actor, action=action, facts=facts)
    return await parts.reading.run(change, state_path(parts.config, slug), chosen)


def chosen_letters(choice: DeadLetterChoice) -> tuple[Sequence[int] | Wanted, dict[str, object]]:
    """Return what was chosen, for the file and for the audit log.

    Raises:
        ProblemError: nothing was, or more than one of the three.
    """
    given = [each for each in (choice.ids, choice.reason, choice.all) if each is not UNSET]
    if len(given) == 1:
        if choice.ids is not UNSET:
            return choice.ids, {"ids": choice.ids}
        if choice.reason is not UNSET:
            return Wanted(reason=choice.reason), {"reason": choice.reason}
        if choice.all:
            return Wanted(), {"all": True}
    raise ProblemError(
        BODY, 'say which: one of {"ids": [...]}, {"reason": "..."} and {"all": true}'
    )


def _note(parts: Parts, slug: str, *, actor: str, action: str, facts: dict[str, object]) -> None:
    with parts.changes.change(actor=actor) as change:
        change.note(action, f"destinations/{slug}", after=facts)
