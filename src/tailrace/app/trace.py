"""The whole story of one event, put together from the raw log, the events log and the store.

Looked at in the order in which an event travels, so one that moves on while we look is found
further along and not missed.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tailrace.app.tails import EVENTS_TAIL, RAW_TAIL, LogReader, Tail
from tailrace.app.trace_deliveries import TracedDelivery
from tailrace.app.traced import (
    Place,
    Sighting,
    begun_id,
    calls_with,
    events_with,
    ids_sent,
    place_of,
)
from tailrace.config import Source
from tailrace.errors import CorruptionError, OffsetGoneError
from tailrace.event import Call, decode_call, kept_message_id
from tailrace.ledger import DUPLICATE, INVALID, STORED
from tailrace.log.contract import RAW
from tailrace.store import Store

IN_FLIGHT = "in_flight"
_TAIL_BYTES_MAX = 134_217_728
_TAIL_S_MAX = 3.0
_CALL_BYTES_MAX = 67_108_864


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to the event; `at` is null where the moment was not kept."""

    step: str
    at: datetime | None
    summary: str
    source: str
    facts: dict[str, Any] = {}


class TraceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events with one message id, given as it is kept.

    `deliveries` are what destinations know of it; most forget what they have delivered.
    """

    message_id: str
    outcome: str
    steps: list[Step]
    looked_at: list[str]
    deliveries: list[TracedDelivery] = []


class Tracer:
    """Looks for events by message id."""

    def __init__(self, log: LogReader, store: Store, *, sources: tuple[Source, ...]) -> None:
        self._log = log
        self._store = store
        self._sources = {source.slug: source for source in sources}

    def trace(self, message_id: str, *, source: str = "") -> TraceAnswer:
        """Return the story; without steps when the id was never seen in what was looked at."""
        raw_tail = self._tail(RAW_TAIL)
        waiting = list(calls_with(message_id, raw_tail, sources=self._sources))
        events_tail = self._tail(EVENTS_TAIL)
        kept, begun = kept_message_id(message_id), begun_id(message_id)
        ids = (kept,) if begun is None else (kept, begun)
        refined = list(events_with(ids, events_tail))
        stored = self._store.find_event(kept, source=source or None)
        aside = [row for one in ids for row in self._store.find_set_aside(one)]

        told: set[Place] = set()
        groups: list[tuple[datetime, list[Step]]] = []
        outcomes: list[str] = []
        for outcome, place, facts in _found(stored, aside, refined, waiting):
            if place in told or source not in ("", place.source):
                continue
            is_begun = begun is not None and facts.get("message_id") == begun
            if is_begun and not self._is_sent(message_id, place):
                continue
            told.add(place)
            outcomes.append(outcome)
            groups.append((place.received_at, self._story(outcome, place, facts)))
        groups.sort(key=lambda group: group[0])
        return TraceAnswer(
            message_id=kept,
            outcome=_outcome(outcomes),
            steps=[step for _, steps in groups for step in steps],
            looked_at=[
                _looked_at("raw log behind refine", raw_tail, "records"),
                _looked_at("events log behind the store", events_tail, "blocks"),
                "store: events",
                "store: set aside",
            ],
        )

    def _tail(self, which: tuple[str, str]) -> Tail:
        return Tail(self._log, which, bytes_max=_TAIL_BYTES_MAX, time_s_max=_TAIL_S_MAX)

    def _story(self, outcome: str, place: Place, facts: Mapping[str, object]) -> list[Step]:
        call, loss = self._call(place)
        steps = [_received(place, call, facts), _logged(place, call, loss)]
        if outcome == IN_FLIGHT and not facts:
            return [*steps, _step("waiting", place, "waits for refine to read it")]
        if outcome in (DUPLICATE, INVALID):
            return [*steps, _set_aside(outcome, place, facts)]
        steps.append(_refined(place, facts))
        if outcome == IN_FLIGHT:
            return [*steps, _step("waiting", place, "waits for the store to load it")]
        return [*steps, _stored(place, facts)]

    def _is_sent(self, message_id: str, place: Place) -> bool:
        """Tell whether the event of which only the id's beginning is kept was sent with this id."""
        call, _ = self._call(place)
        sent = ids_sent(call, sources=self._sources) if call is not None else []
        return place.index < len(sent) and sent[place.index] == message_id

    def _call(self, place: Place) -> tuple[Call | None, str]:
        """Return the raw record, or why it cannot be had."""
        try:
            records = self._log.read(
                RAW,
                partition=place.partition,
                offset=place.offset,
                records_max=1,
                bytes_max=_CALL_BYTES_MAX,
            )
        except OffsetGoneError:
            return None, "the log no longer holds it"
        except CorruptionError:
            return None, "that part of the log is damaged"
        if not records or records[0].offset != place.offset:
            return None, "the log no longer holds it"
        return decode_call(records[0].body), ""


def _found(
    stored: list[Mapping[str, object]],
    aside: list[Mapping[str, object]],
    refined: list[Sighting],
    waiting: list[Sighting],
) -> Iterator[tuple[str, Place, Mapping[str, object]]]:
    """Give what was found, the furthest along first."""
    for row in stored:
        yield STORED, place_of(row), row
    for row in aside:
        yield str(row["outcome"]), place_of(row), row
    for sighting in refined:
        yield sighting.outcome or IN_FLIGHT, sighting.place, sighting.facts
    for sighting in waiting:
        yield IN_FLIGHT, sighting.place, sighting.facts


def _outcome(outcomes: list[str]) -> str:
    for outcome in (STORED, IN_FLIGHT, INVALID, DUPLICATE):
        if outcome in outcomes:
            return outcome
    return outcomes[0] if outcomes else "unknown"


def _received(place: Place, call: Call | None, facts: Mapping[str, object]) -> Step:
    library = str(facts.get("library") or "")
    if call is None:
        by = f" by {library}" if library else ""
        return _step("received", place, f"received{by}", library=library)
    sender = library or call.user_agent or "an unnamed client"
    many = f", event {place.index + 1} of {call.events}" if call.events > 1 else ""
    return _step(
        "received",
        place,
        f"received from {call.remote_address or 'an unknown address'} on {call.path}{many}, "
        f"sent by {sender}",
        path=call.path,
        remote_address=call.remote_address,
        user_agent=call.user_agent,
        library=library,
        events=call.events,
        bytes=len(call.body),
    )


def _logged(place: Place, call: Call | None, loss: str) -> Step:
    held = "the log still holds it" if call is not None else loss
    return _step(
        "logged",
        place,
        f"durable in the raw log before the answer: partition {place.partition}, "
        f"offset {place.offset}, index {place.index}; {held}",
        partition=place.partition,
        offset=place.offset,
        index=place.index,
        held=call is not None,
    )


def _refined(place: Place, facts: Mapping[str, object]) -> Step:
    timestamp, original = _moment(facts.get("timestamp")), _moment(facts.get("original_timestamp"))
    if timestamp is None:
        return _step("refined", place, "checked and corrected", at=None)
    correction_s = None if original is None else round((timestamp - original).total_seconds(), 3)
    if correction_s is None:
        summary = "refined; it carried no time of its own, so it happened when it was received"
    elif correction_s:
        summary = f"refined; its time was corrected by {correction_s:+g} s"
    else:
        summary = "refined; its time was right"
    return _step(
        "refined",
        place,
        summary,
        at=None,
        timestamp=timestamp,
        original_timestamp=original,
        correction_s=correction_s,
    )


def _set_aside(outcome: str, place: Place, facts: Mapping[str, object]) -> Step:
    reason, detail = str(facts.get("reason") or ""), str(facts.get("detail") or "")
    if outcome == DUPLICATE:
        summary = "set aside as a duplicate: its source had sent an event with this id before"
    else:
        summary = f"set aside as invalid ({reason})" + (f": {detail}" if detail else "")
    return _step(outcome, place, summary, at=None, reason=reason, detail=detail)


def _stored(place: Place, facts: Mapping[str, object]) -> Step:
    """Tell the moment only where it was kept: a whole second may begin before the receipt."""
    problem = str(facts.get("problem") or "")
    at, when, kept = _moment(facts.get("stored_at")), "", {}
    if at is not None and (at.microsecond == 0 or at < place.received_at):
        second = at.replace(microsecond=0)
        at, when, kept = None, f" in the second {second:%H:%M:%S} UTC", {"second": second}
    summary = f"stored{when}: it can be searched" + (f"; {problem}" if problem else "")
    return _step("stored", place, summary, at=at, problem=problem, **kept)


_SAME = object()


def _step(name: str, place: Place, summary: str, *, at: object = _SAME, **facts: object) -> Step:
    moment = place.received_at if at is _SAME else at
    return Step(
        step=name,
        at=moment if isinstance(moment, datetime) else None,
        summary=summary,
        source=place.source,
        facts=facts,
    )


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return None


def _looked_at(what: str, tail: Tail, noun: str) -> str:
    return f"{what}: {tail.records} {noun}" + (f" ({tail.problem})" if tail.problem else "")
