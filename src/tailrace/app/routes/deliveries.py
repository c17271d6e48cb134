"""Deliveries: how they stand, what destinations gave up, and events to try them with."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
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
from tailrace.app.routes.letter_filters import GIVE_WANTED, maybe_moment
from tailrace.app.routes.managing import LINK, Cursor, next_page, read_cursor
from tailrace.app.routes.parameters import Since, SourceName, Until
from tailrace.control.document import DocumentDestination
from tailrace.deliver.editing import changed_fields, edited_event
from tailrace.deliver.engine import state_path
from tailrace.deliver.letter_views import (
    DeadLetterShown,
    DeadLetterState,
    RecentDeliveries,
    WaitingEvent,
    WaitingShown,
    list_dead_letters,
    list_recent,
    list_waiting,
    show_dead_letter,
    show_waiting,
)
from tailrace.deliver.looking import DeliveryStatus, status
from tailrace.deliver.rendering import renderer
from tailrace.deliver.state import RECENT_MAX, Wanted
from tailrace.deliver.steering import Changed, discard, hurry, replay, replay_edited
from tailrace.deliver.trying import Tried
from tailrace.log import EVENTS

_NUMBER_PATTERN = r"[1-9][0-9]{0,17}"
_NO_NUL = r"^[^\x00]*$"
_PAGE = Annotated[int, QueryParameter(ge=1, le=200, description="Most that one page holds.")]

_Id = Annotated[int, Meta(ge=1, lt=2**53)]
_Ids = Annotated[list[_Id], Meta(min_length=1, max_length=1_000)]


class DeadLetterChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters: those of some ids, all, or those to which all that is said applies."""

    ids: _Ids | UnsetType = UNSET
    all: bool | UnsetType = UNSET
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    subscription: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    text: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    status: Annotated[int, Meta(ge=0, le=999)] | UnsetType = UNSET
    source: Annotated[str, Meta(min_length=1, max_length=63)] | UnsetType = UNSET
    type: Annotated[str, Meta(min_length=1, max_length=20)] | UnsetType = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    since: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    until: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    until_id: _Id | UnsetType = UNSET


class WaitingChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of what waits out of line: that of some ids, or all."""

    ids: _Ids | UnsetType = UNSET
    all: bool | UnsetType = UNSET


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters are tried again, and whether `more` of those are left."""

    replayed: int
    more: bool
    until_id: int


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters were removed, and whether `more` of those are left."""

    discarded: int
    more: bool
    until_id: int


class ReplayedOne(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter is tried again; `edited` tells that it is sent otherwise than it came."""

    replayed: int
    edited: bool


class Hurried(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are tried now that waited for their time."""

    due: int


class EventToReplay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event as it is to be sent; as it was when it is left out."""

    event: Annotated[dict[str, Any], Meta(max_length=100)] | UnsetType = UNSET


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
        refined=parts.log.refined_since,
    )


@get(
    "/destinations/{slug:str}/dead-letters",
    tags=["deliveries"],
    responses=FINDING,
    response_headers=[LINK],
    dependencies={"wanted": GIVE_WANTED},
    opt=needs("destinations:read"),
)
async def search_dead_letters(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    wanted: NamedDependency[Wanted],
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
        wanted=wanted,
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
    """Return one event that the destination gave up, with all that is known of it."""
    found = await _dead_letter(parts, slug, letter_id)
    if found is None:
        raise _no_letter(slug, letter_id)
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
    """Try dead letters again, the oldest first; they wait out of line until they are due.

    One call takes 100,000 at most, and 10 seconds. Where `more` are left, the same call with
    `until_id` goes on, and leaves out what was given up meanwhile.
    """
    found = await _steer(
        parts,
        slug,
        data,
        actor=actor_of(request),
        action="destination.replay",
        change=lambda path, chosen, until_id: replay(
            path, chosen, clock=time.time, until_id=until_id
        ),
    )
    return Replayed(replayed=found.letters, more=found.more, until_id=found.until_id)


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
    """Remove dead letters for good, the oldest first; they count as discarded.

    One call takes as many as one that tries them again.
    """
    found = await _steer(
        parts,
        slug,
        data,
        actor=actor_of(request),
        action="destination.discard",
        change=lambda path, chosen, until_id: discard(path, chosen, until_id=until_id),
    )
    return Discarded(discarded=found.letters, more=found.more, until_id=found.until_id)


@post(
    "/destinations/{slug:str}/dead-letters/{letter_id:int}/replay",
    status_code=200,
    tags=["deliveries"],
    responses={**APPLYING, **FINDING},
    opt=needs("destinations:write"),
)
async def replay_one_dead_letter(
    data: Annotated[
        EventToReplay,
        body(
            event={
                "messageId": "order-1042",
                "type": "track",
                "event": "Order Completed",
                "userId": "u-1",
                "properties": {"revenue": 79.9},
            }
        ),
    ],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    letter_id: FromPath[int],
) -> ReplayedOne:
    """Try one dead letter again, as it is or as another event with the same messageId.

    The audit log shows what was changed of it.
    """
    destination = _destination(parts, slug)
    found = await _dead_letter(parts, slug, letter_id)
    if found is None:
        raise _no_letter(slug, letter_id)
    facts: dict[str, object] = {"id": letter_id, "message_id": found.message_id}
    event = None
    before = None
    if data.event is not UNSET:
        event = edited_event(
            msgspec.json.encode(found.event),
            data.event,
            bytes_max=parts.config.collect.event_bytes_max,
        )
        was, is_ = changed_fields(found.event, msgspec.json.decode(event))
        hide = parts.trying.hiding(destination)
        before = {"id": letter_id, "event": msgspec.json.decode(hide(_text(was)))}
        facts["event"] = msgspec.json.decode(hide(_text(is_)))
    await parts.deciding.run(
        _note,
        parts,
        slug,
        actor=actor_of(request),
        action="destination.replay",
        facts=facts,
        before=before,
    )
    path = state_path(parts.config, slug)
    if event is None:
        changed = await parts.reading.run(replay, path, [letter_id], clock=time.time)
        is_there = changed.letters == 1
    else:
        is_there = (
            await parts.reading.run(replay_edited, path, letter_id, event, clock=time.time)
            is not None
        )
    if not is_there:
        raise _no_letter(slug, letter_id)
    return ReplayedOne(replayed=1, edited=event is not None)


@get(
    "/destinations/{slug:str}/waiting",
    tags=["deliveries"],
    responses=FINDING,
    response_headers=[LINK],
    dependencies={"wanted": GIVE_WANTED},
    opt=needs("destinations:read"),
)
async def search_waiting(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    wanted: NamedDependency[Wanted],
    limit: _PAGE = 50,
    cursor: Cursor = "",
) -> Response[list[WaitingEvent]]:
    """Return events that wait out of line to be tried again, in the order in which they went there.

    Where there are more, the `Link` header leads to the next page.
    """
    _destination(parts, slug)
    after = read_cursor(cursor, pattern=_NUMBER_PATTERN)
    found = await parts.reading.run(
        list_waiting,
        state_path(parts.config, slug),
        wanted=wanted,
        after_id=int(after) if after else 0,
        limit=limit + 1,
    )
    shown = found[:limit]
    headers = next_page(request, str(shown[-1].id)) if len(found) > limit else {}
    return Response(shown, headers=headers)


@get(
    "/destinations/{slug:str}/waiting/{waiting_id:int}",
    tags=["deliveries"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_one_waiting(
    parts: Given, slug: FromPath[str], waiting_id: FromPath[int]
) -> WaitingShown:
    """Return one event that waits out of line, with all that is known of it."""
    destination = _destination(parts, slug)
    found = None
    if _is_number(waiting_id):
        found = await parts.reading.run(
            show_waiting,
            state_path(parts.config, slug),
            waiting_id,
            rendered=renderer(parts.trying.type_of(destination), destination),
        )
    if found is None:
        raise ProblemError(NOT_FOUND, f"at destination '{slug}' no event {waiting_id} waits")
    return found


@post(
    "/destinations/{slug:str}/waiting/retry-now",
    status_code=200,
    tags=["deliveries"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def retry_waiting_now(
    data: Annotated[WaitingChoice, body(all=True)],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
) -> Hurried:
    """Try now what waits out of line, and what goes before it of the same person."""
    _destination(parts, slug)
    if (data.ids is UNSET) == (data.all is not True):
        raise ProblemError(BODY, 'say which: one of {"ids": [...]} and {"all": true}')
    ids = None if data.ids is UNSET else data.ids
    await parts.deciding.run(
        _note,
        parts,
        slug,
        actor=actor_of(request),
        action="destination.retry",
        facts={"all": True} if ids is None else {"ids": ids},
    )
    path = state_path(parts.config, slug)
    return Hurried(due=await parts.reading.run(hurry, path, ids, clock=time.time))


@get(
    "/destinations/{slug:str}/recent",
    tags=["deliveries"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_recent_deliveries(
    parts: Given,
    slug: FromPath[str],
    outcome: Annotated[
        str,
        QueryParameter(
            pattern="^(|delivered|dead letter|waiting)$", description="Only of this outcome."
        ),
    ] = "",
    limit: Annotated[
        int, QueryParameter(ge=1, le=RECENT_MAX, description="Most that are shown.")
    ] = RECENT_MAX,
) -> RecentDeliveries:
    """Return the last deliveries, the newest first; of many only a sample."""
    _destination(parts, slug)
    path = state_path(parts.config, slug)
    return await parts.reading.run(list_recent, path, outcome=outcome, limit=limit)


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


async def _dead_letter(parts: Parts, slug: str, letter_id: int) -> DeadLetterShown | None:
    destination = _destination(parts, slug)
    if not _is_number(letter_id):
        return None
    return await parts.reading.run(
        show_dead_letter,
        state_path(parts.config, slug),
        letter_id,
        rendered=renderer(parts.trying.type_of(destination), destination),
    )


def _no_letter(slug: str, letter_id: int) -> ProblemError:
    return ProblemError(NOT_FOUND, f"destination '{slug}' has no dead letter {letter_id}")


def _is_number(id_: int) -> bool:
    """Tell whether an id may be one: more is no number of a row, nor of a file's column."""
    return 0 < id_ < 2**53


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _steer(
    parts: Parts,
    slug: str,
    choice: DeadLetterChoice,
    *,
    actor: str,
    action: str,
    change: Callable[..., Changed],
) -> Changed:
    """Change the dead letters that were chosen; return how many.

    The audit log says first what was asked, so that nothing is ever done without a word there.
    """
    _destination(parts, slug)
    chosen, facts = chosen_letters(choice)
    await parts.deciding.run(_note, parts, slug, actor=actor, action=action, facts=facts)
    until_id = None if choice.until_id is UNSET else choice.until_id
    return await parts.reading.run(change, state_path(parts.config, slug), chosen, until_id)


def chosen_letters(choice: DeadLetterChoice) -> tuple[Sequence[int] | Wanted, dict[str, object]]:
    """Return what was chosen, for the file and for the audit log.

    Raises:
        ProblemError: nothing was, or in two ways.
    """
    facts: dict[str, object] = {
        name: value for name, value in msgspec.structs.asdict(choice).items() if value is not UNSET
    }
    filters: dict[str, Any] = {
        name: value for name, value in facts.items() if name not in ("ids", "all", "until_id")
    }
    ways = [choice.ids is not UNSET, choice.all is not UNSET, bool(filters)]
    if sum(ways) == 1:
        if choice.ids is not UNSET and choice.until_id is UNSET:
            return choice.ids, facts
        if choice.all is True:
            return Wanted(), facts
        if filters:
            for name in {"since", "until"} & {*filters}:
                filters[name] = maybe_moment(filters[name], name=name)
            return Wanted(**filters), facts
    raise ProblemError(
        BODY,
        'say which: one of {"ids": [...]}, {"all": true} and filters such as {"reason": "..."}; '
        "until_id goes with the last two",
    )


def _note(
    parts: Parts,
    slug: str,
    *,
    actor: str,
    action: str,
    facts: dict[str, object],
    before: dict[str, object] | None = None,
) -> None:
    with parts.changes.change(actor=actor) as change:
        change.note(action, f"destinations/{slug}", before=before, after=facts)
