"""What people see of single events: dead letters, what waits out of line, the last deliveries."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tailrace.deliver import letters
from tailrace.deliver.exchanges import Exchange, TriedRequest, TriedResponse
from tailrace.deliver.looking import at, reading
from tailrace.deliver.outcomes import Out, Parked, Recent
from tailrace.deliver.state import Wanted


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that failed; counted from the first one, over all replays."""

    number: int
    at: datetime
    reason: str
    status: int


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a subscription could not deliver so far."""

    id: int
    message_id: str
    type: str
    name: str
    source: str
    subscription: str
    reason: str
    detail: str
    status: int
    attempts: int
    first_at: datetime
    last_at: datetime
    edited: bool


class DeadLetterState(_Failed, frozen=True, kw_only=True):
    """An event that the destination gave up, without the event itself."""


class WaitingEvent(_Failed, frozen=True, kw_only=True):
    """An event that waits out of line; while it is not `is_first`, one of its person goes before.

    It is tried again at `next_at`, or once nothing goes before it any more.
    """

    next_at: datetime
    is_first: bool


class _Shown(_Failed, frozen=True, kw_only=True):
    """All that is known of one event that was not delivered so far.

    `tried` are its first and last attempts, `request` and `response` the last ones as they were,
    with `request_events` events. `payload` is what would be sent now, null where there is none for
    `payload_problem`.
    """

    event: dict[str, Any]
    tried: list[FailedAttempt]
    request: TriedRequest | None
    response: TriedResponse | None
    request_events: int
    payload: dict[str, Any] | None
    payload_problem: str


class DeadLetterShown(_Shown, frozen=True, kw_only=True):
    """An event that the destination gave up, as it would have got it, and all that is known."""


class WaitingShown(_Shown, frozen=True, kw_only=True):
    """An event that waits out of line as in the list, and all that is known of it."""

    next_at: datetime
    is_first: bool


class RecentDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One of the last deliveries."""

    at: datetime
    subscription: str
    message_id: str
    type: str
    name: str
    source: str
    outcome: str
    reason: str
    status: int
    took_ms: float
    attempts: int
    edited: bool


class RecentDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """The last deliveries that were kept, the newest first.

    `sampled` tells that there were more than these; `rate` is the part that is shown.
    """

    sampled: bool
    rate: float
    deliveries: list[RecentDelivery]


Rendered = tuple[dict[str, Any] | None, str]
"""A payload, or why there is none."""


def list_dead_letters(
    path: Path, *, wanted: Wanted, before_id: int | None, limit: int
) -> list[DeadLetterState]:
    """Return dead letters, the newest first.

    Raises:
        LimitError: looking through all of them takes too long.
    """
    if not path.exists():
        return []
    with reading(path) as connection:
        found = letters.dead_letters(connection, before_id=before_id, wanted=wanted, limit=limit)
    return [DeadLetterState(**_fields(each.id, each.out)) for each in found]


def show_dead_letter(
    path: Path, id_: int, *, rendered: Callable[[Out], Rendered]
) -> DeadLetterShown | None:
    """Return one dead letter with all that is known, None where there is none of this id.

    `rendered` gives the payload of an event as it would be sent now.
    """
    if not path.exists():
        return None
    with reading(path) as connection:
        found = letters.dead_letter(connection, id_)
    if found is None:
        return None
    return DeadLetterShown(**_fields(found.id, found.out), **_more_of(found.out, rendered))


def list_waiting(path: Path, *, wanted: Wanted, after_id: int, limit: int) -> list[WaitingEvent]:
    """Return what waits out of line, in the order in which it went there.

    Raises:
        LimitError: looking through all of it takes too long.
    """
    if not path.exists():
        return []
    with reading(path) as connection:
        found = letters.waiting(connection, after_id=after_id, wanted=wanted, limit=limit)
    return [WaitingEvent(**_waiting(each, is_first)) for each, is_first in found]


def show_waiting(
    path: Path, id_: int, *, rendered: Callable[[Out], Rendered]
) -> WaitingShown | None:
    """Return one event that waits with all that is known, None where there is none of this id."""
    if not path.exists():
        return None
    with reading(path) as connection:
        found = letters.waiting_one(connection, id_)
    if found is None:
        return None
    parked, is_first = found
    return WaitingShown(**_waiting(parked, is_first), **_more_of(parked.out, rendered))


def list_recent(path: Path, *, outcome: str, limit: int) -> RecentDeliveries:
    """Return the last deliveries that were kept, the newest first."""
    found: list[Recent] = []
    if path.exists():
        with reading(path) as connection:
            found = letters.recent(connection, outcome=outcome, limit=limit)
    all_ = sum(each.stands_for for each in found)
    return RecentDeliveries(
        sampled=all_ > len(found),
        rate=round(len(found) / all_, 6) if found else 1.0,
        deliveries=[
            RecentDelivery(
                at=at(each.at),
                subscription=each.subscription,
                message_id=each.message_id,
                type=each.type,
                name=each.name,
                source=each.source,
                outcome=each.outcome,
                reason=each.reason,
                status=each.status,
                took_ms=each.took_ms,
                attempts=each.attempts,
                edited=each.edited,
            )
            for each in found
        ],
    )


def fates(path: Path, message_id: str) -> list[letters.Fate]:
    """Return what the file knows of the events with an id."""
    if not path.exists():
        return []
    with reading(path) as connection:
        return letters.fates(connection, message_id)


def _fields(id_: int, out: Out) -> dict[str, Any]:
    failure = out.failure
    return {
        "id": id_,
        "message_id": out.message_id,
        "type": out.type,
        "name": out.name,
        "source": out.source,
        "subscription": out.subscription,
        "reason": failure.reason,
        "detail": failure.detail,
        "status": failure.status,
        "attempts": failure.attempts,
        "first_at": at(failure.first_at),
        "last_at": at(failure.last_at),
        "edited": out.edited,
    }


def _waiting(parked: Parked, is_first: bool) -> dict[str, Any]:
    fields = _fields(parked.id, parked.out)
    return {**fields, "next_at": at(parked.due_at), "is_first": is_first}


def _more_of(out: Out, rendered: Callable[[Out], Rendered]) -> dict[str, Any]:
    exchange = out.failure.exchange
    known = exchange if isinstance(exchange, Exchange) else None
    payload, problem = rendered(out)
    return {
        "event": msgspec.json.decode(out.event),
        "tried": [
            FailedAttempt(
                number=each.number, at=at(each.at), reason=each.reason, status=each.status
            )
            for each in out.failure.tried
        ],
        "request": known.request if known else None,
        "response": known.response if known else None,
        "request_events": known.events if known else 0,
        "payload": payload,
        "payload_problem": problem,
    }
