"""Backfills: the past sent to one destination, beside what is delivered live."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.backfilling import past_of
from tailrace.app.backfilling_events import fed_event, shown
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import BODY, CONFLICT, NOT_FOUND, ProblemError
from tailrace.app.routes.deliveries import DeadLetterChoice, chosen_letters
from tailrace.app.routes.errors import APPLYING, CREATING, FINDING
from tailrace.app.routes.examples import body
from tailrace.app.routes.letter_filters import GIVE_WANTED
from tailrace.app.routes.managing import LINK, LOCATION, Cursor, next_page, read_cursor
from tailrace.control.document import DocumentDestination
from tailrace.deliver.backfill_engine import backfill_path
from tailrace.deliver.backfill_jobs import BEGUN, OPEN, AskedFor, Job, JobWord
from tailrace.deliver.backfill_looking import BackfillState, shown_backfill
from tailrace.deliver.letter_views import (
    DeadLetterShown,
    DeadLetterState,
    list_dead_letters,
    show_dead_letter,
)
from tailrace.deliver.rendering import renderer
from tailrace.deliver.state import Wanted
from tailrace.deliver.steering import Changed, discard, replay
from tailrace.query import PastPlace, first_place
from tailrace.query.asked import ask, times_of
from tailrace.query.times import to_ms

OPEN_MAX: Final = 20
RATE: Final = 1_000
_SAMPLE: Final = 5
_LOOKS_MAX: Final = 20
_SLUGS_MAX: Final = 1_000
_NUMBER_PATTERN: Final = r"[1-9][0-9]{0,17}"
_NO_NUL: Final = r"^[^\x00]*$"
_PAGE = Annotated[int, QueryParameter(ge=1, le=200, description="Most that one page holds.")]
_Slug = Annotated[str, Meta(min_length=1, max_length=100)]
_Slugs = Annotated[list[_Slug], Meta(min_length=1, max_length=_SLUGS_MAX)]


class BackfillDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events of the past are to be sent, and how fast."""

    since: Annotated[str, Meta(min_length=1, max_length=64)]
    until: Annotated[str, Meta(min_length=1, max_length=64)] = "now"
    sources: _Slugs | None = None
    query: Annotated[str, Meta(max_length=10_000)] = ""
    subscriptions: _Slugs | UnsetType = UNSET
    events_per_s_max: Annotated[int, Meta(ge=1, le=1_000_000)] | None = RATE


class BackfillPreview(msgspec.Struct, frozen=True, kw_only=True):
    """How many events a backfill would be about, and the first ones as destinations get them."""

    events: int
    sample: list[dict[str, Any]]


class BackfillReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters of a backfill are tried again, and whether more are left."""

    replayed: int
    more: bool


class BackfillDiscarded(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters of a backfill were removed, and whether more are left."""

    discarded: int
    more: bool


@post(
    "/destinations/{slug:str}/backfills/preview",
    status_code=200,
    tags=["backfills"],
    responses=CREATING,
    opt=needs("destinations:read"),
)
async def preview_backfill(
    data: Annotated[BackfillDraft, body(since="7d", query='event:"Order Completed"')],
    parts: Given,
    slug: FromPath[str],
) -> BackfillPreview:
    """Count the events that a backfill would send, and show some; nothing is kept or sent."""
    asked = _asked(parts, data, _destination(parts, slug))
    return await parts.asking.run(_preview, parts, asked)


@post(
    "/destinations/{slug:str}/backfills",
    tags=["backfills"],
    responses=APPLYING,
    response_headers=[LOCATION],
    opt=needs("destinations:write"),
)
async def start_backfill(
    data: Annotated[BackfillDraft, body(since="7d", query='event:"Order Completed"')],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
) -> Response[BackfillState]:
    """Send events of the past to a destination, which may be disabled.

    One backfill of a destination runs at a time, and four in all; others wait for their turn.
    """
    asked = _asked(parts, data, _destination(parts, slug))
    job = await parts.deciding.run(_add, parts, slug, asked, actor_of(request))
    made = await _shown(parts, job)
    location = f"/api/v1/destinations/{slug}/backfills/{job.id}"
    return Response(made, status_code=201, headers={"location": location})


@get(
    "/destinations/{slug:str}/backfills",
    tags=["backfills"],
    responses=FINDING,
    response_headers=[LINK],
    opt=needs("destinations:read"),
)
async def list_backfills(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    limit: _PAGE = 50,
    cursor: Cursor = "",
) -> Response[list[BackfillState]]:
    """Return the backfills of a destination, the newest first."""
    _destination(parts, slug)
    before = read_cursor(cursor, pattern=_NUMBER_PATTERN)
    jobs = await parts.reading.run(
        parts.backfills.of, slug, before_id=int(before) if before else None, limit=limit + 1
    )
    found = [await _shown(parts, job) for job in jobs[:limit]]
    headers = next_page(request, str(found[-1].id)) if len(jobs) > limit else {}
    return Response(found, headers=headers)


@get(
    "/destinations/{slug:str}/backfills/{backfill_id:int}",
    tags=["backfills"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_backfill(
    parts: Given, slug: FromPath[str], backfill_id: FromPath[int]
) -> BackfillState:
    """Return one backfill: how far it is, and what became of its events."""
    return await _shown(parts, await _job(parts, slug, backfill_id))


@post(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/pause",
    status_code=200,
    tags=["backfills"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def pause_backfill(
    request: Ask, parts: Given, slug: FromPath[str], backfill_id: FromPath[int]
) -> BackfillState:
    """Let a backfill stand still; what is being sent comes to its end."""
    return await _move(
        parts, request, slug, backfill_id, "pause", before=("queued", *BEGUN), after="paused"
    )


@post(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/resume",
    status_code=200,
    tags=["backfills"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def resume_backfill(
    request: Ask, parts: Given, slug: FromPath[str], backfill_id: FromPath[int]
) -> BackfillState:
    """Let a paused backfill go on where it was, when it is its turn."""
    return await _move(
        parts, request, slug, backfill_id, "resume", before=("paused",), after="queued"
    )


@post(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/cancel",
    status_code=200,
    tags=["backfills"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def cancel_backfill(
    request: Ask, parts: Given, slug: FromPath[str], backfill_id: FromPath[int]
) -> BackfillState:
    """End a backfill for good; what was sent stays sent."""
    return await _move(parts, request, slug, backfill_id, "cancel", before=OPEN, after="canceled")


@get(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/dead-letters",
    tags=["backfills"],
    responses=FINDING,
    response_headers=[LINK],
    dependencies={"wanted": GIVE_WANTED},
    opt=needs("destinations:read"),
)
async def search_backfill_dead_letters(
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    backfill_id: FromPath[int],
    wanted: NamedDependency[Wanted],
    limit: _PAGE = 50,
    cursor: Cursor = "",
) -> Response[list[DeadLetterState]]:
    """Return events of a backfill that the destination gave up, the newest first."""
    job = await _job(parts, slug, backfill_id)
    before = read_cursor(cursor, pattern=_NUMBER_PATTERN)
    found = await parts.reading.run(
        list_dead_letters,
        _path(parts, job),
        wanted=wanted,
        before_id=int(before) if before else None,
        limit=limit + 1,
    )
    letters = found[:limit]
    headers = next_page(request, str(letters[-1].id)) if len(found) > limit else {}
    return Response(letters, headers=headers)


@get(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/dead-letters/{letter_id:int}",
    tags=["backfills"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_backfill_dead_letter(
    parts: Given, slug: FromPath[str], backfill_id: FromPath[int], letter_id: FromPath[int]
) -> DeadLetterShown:
    """Return one event of a backfill that the destination gave up, with all that is known."""
    job = await _job(parts, slug, backfill_id)
    destination = _destination(parts, slug)
    found = None
    if 0 < letter_id < 2**53:
        found = await parts.reading.run(
            show_dead_letter,
            _path(parts, job),
            letter_id,
            rendered=renderer(parts.trying.type_of(destination), destination),
        )
    if found is None:
        raise ProblemError(NOT_FOUND, f"backfill {backfill_id} has no dead letter {letter_id}")
    return found


@post(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/dead-letters/replay",
    status_code=200,
    tags=["backfills"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def replay_backfill_dead_letters(
    data: Annotated[DeadLetterChoice, body(reason="http-400")],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    backfill_id: FromPath[int],
) -> BackfillReplayed:
    """Try dead letters of a backfill again, 100,000 at most; one that was done goes on for them."""
    job = await _job(parts, slug, backfill_id)
    if job.state in ("canceled", "failed"):
        raise ProblemError(CONFLICT, f"backfill {job.id} is {job.state}: begin another one")
    found = await _change_letters(
        parts,
        request,
        job,
        data,
        action="replay",
        change=partial(_replay, parts, job),
    )
    return BackfillReplayed(replayed=found.letters, more=found.more)


@post(
    "/destinations/{slug:str}/backfills/{backfill_id:int}/dead-letters/discard",
    status_code=200,
    tags=["backfills"],
    responses=APPLYING,
    opt=needs("destinations:write"),
)
async def discard_backfill_dead_letters(
    data: Annotated[DeadLetterChoice, body(ids=[7])],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    backfill_id: FromPath[int],
) -> BackfillDiscarded:
    """Remove dead letters of a backfill for good, 100,000 at most; they count as discarded."""
    job = await _job(parts, slug, backfill_id)
    found = await _change_letters(parts, request, job, data, action="discard", change=_discard)
    return BackfillDiscarded(discarded=found.letters, more=found.more)


def _asked(parts: Parts, draft: BackfillDraft, destination: DocumentDestination) -> AskedFor:
    """Return what is asked for, with times as instants.

    Raises:
        QueryError: the query or a time is not valid.
        ProblemError: a source or a subscription is not there.
    """
    now = datetime.now(UTC)
    since_ms, until_ms = times_of(since=draft.since, until=draft.until, now=now)
    ask(draft.query, since_ms=since_ms, until_ms=until_ms, now=now)
    names = parts.trying.names(destination)
    off = {
        each["slug"] for each in destination.subscriptions or () if not each.get("enabled", True)
    }
    subscriptions = [slug for slug in names if slug not in off]
    if draft.subscriptions is not UNSET:
        subscriptions = list(dict.fromkeys(draft.subscriptions))
    for slug in subscriptions:
        if slug not in names:
            raise ProblemError(
                BODY,
                f"destination '{destination.slug}' has no subscription '{slug}'",
                facts={"field": "subscriptions"},
            )
    if not subscriptions:
        raise ProblemError(
            CONFLICT,
            f"destination '{destination.slug}' has no subscription that is enabled",
            facts={"field": "subscriptions"},
        )
    return AskedFor(
        since_ms=since_ms,
        until_ms=until_ms,
        received_before_ms=to_ms(now),
        query=draft.query,
        sources=None if draft.sources is None else tuple(dict.fromkeys(draft.sources)),
        subscriptions=tuple(subscriptions),
        events_per_s_max=draft.events_per_s_max,
    )


def _preview(parts: Parts, asked: AskedFor) -> BackfillPreview:
    past = past_of(asked)
    events = parts.questions.count_past(past)
    sample: list[dict[str, Any]] = []
    place: PastPlace | None = first_place(past)
    for _ in range(_LOOKS_MAX):
        if not events or sample or place is None:
            break
        page = parts.questions.page_of_past(past, after=place, limit=_SAMPLE)
        sample = [shown(fed_event(each)) for each in page.events]
        place = page.next
    return BackfillPreview(events=events, sample=sample)


def _add(parts: Parts, slug: str, asked: AskedFor, actor: str) -> Job:
    """Keep a new job.

    Raises:
        ProblemError: as many as may wait are waiting.
    """
    if parts.backfills.open_of(slug) >= OPEN_MAX:
        raise ProblemError(
            CONFLICT,
            f"destination '{slug}' has {OPEN_MAX} backfills that have not ended: wait for one, or "
            "cancel one",
        )
    _note(
        parts,
        f"destinations/{slug}",
        actor=actor,
        action="destination.backfill",
        facts=msgspec.to_builtins(asked),
    )
    return parts.backfills.add(slug, asked, actor=actor, now=time.time())


async def _move(
    parts: Parts,
    request: Ask,
    slug: str,
    backfill_id: int,
    word: str,
    *,
    before: Sequence[JobWord],
    after: JobWord,
) -> BackfillState:
    """Change the state of a backfill.

    Raises:
        ProblemError: there is none, or it is in a state from which that cannot be done.
    """
    job = await _job(parts, slug, backfill_id)
    if job.state not in before:
        raise ProblemError(CONFLICT, f"backfill {job.id} is {job.state}: it cannot {word} now")
    await parts.deciding.run(
        _note,
        *(parts, _resource(job)),
        actor=actor_of(request),
        action=f"destination.backfill-{word}",
        facts={"state": after},
    )
    ended_at = time.time() if after == "canceled" else None
    has_moved = await parts.reading.run(
        parts.backfills.move, job.id, before, after, ended_at=ended_at
    )
    if not has_moved:
        raise ProblemError(CONFLICT, f"backfill {job.id} has changed meanwhile: look again")
    return await _shown(parts, await _job(parts, slug, backfill_id))


async def _change_letters(
    parts: Parts,
    request: Ask,
    job: Job,
    choice: DeadLetterChoice,
    *,
    action: str,
    change: Callable[[Path, Sequence[int] | Wanted, int | None], Changed],
) -> Changed:
    chosen, facts = chosen_letters(choice)
    await parts.deciding.run(
        _note,
        *(parts, _resource(job)),
        actor=actor_of(request),
        action=f"destination.{action}",
        facts=facts,
    )
    until_id = None if choice.until_id is UNSET else choice.until_id
    return await parts.reading.run(change, _path(parts, job), chosen, until_id)


def _replay(
    parts: Parts, job: Job, path: Path, chosen: Sequence[int] | Wanted, until_id: int | None
) -> Changed:
    """Let dead letters wait again, and a job that was done go on."""
    # Before, so that what waits is never in a job that is over; and after, as one that has
    # nothing to do yet is done again at once.
    parts.backfills.move(job.id, ("done",), "queued")
    found = replay(path, chosen, clock=time.time, until_id=until_id)
    parts.backfills.move(job.id, ("done",), "queued")
    return found


def _discard(path: Path, chosen: Sequence[int] | Wanted, until_id: int | None) -> Changed:
    return discard(path, chosen, until_id=until_id)


async def _job(parts: Parts, slug: str, backfill_id: int) -> Job:
    """Return a backfill of a destination.

    Raises:
        ProblemError: there is no such destination, or none of its backfills has this id.
    """
    _destination(parts, slug)
    is_number = 0 < backfill_id < 2**53
    job = await parts.reading.run(parts.backfills.find, backfill_id) if is_number else None
    if job is None or job.destination != slug:
        raise ProblemError(NOT_FOUND, f"destination '{slug}' has no backfill {backfill_id}")
    return job


async def _shown(parts: Parts, job: Job) -> BackfillState:
    return await parts.reading.run(shown_backfill, job, _path(parts, job))


def _path(parts: Parts, job: Job) -> Path:
    return backfill_path(parts.config, job.destination, job.id)


def _resource(job: Job) -> str:
    return f"destinations/{job.destination}/backfills/{job.id}"


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


def _note(parts: Parts, resource: str, *, actor: str, action: str, facts: dict[str, Any]) -> None:
    with parts.changes.change(actor=actor) as change:
        change.note(action, resource, after=facts)
