"""How fast and how soon a destination is delivered to, as people read it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec


class DeliveryPace(msgspec.Struct, frozen=True, kw_only=True):
    """What lies before a destination, and how fast it gets through it.

    The backlog is all that has no outcome yet: what is not read, what is on its way and what waits
    out of line, by the ledger. Times are of requests that
    ended in the last minute, null without any.
    """

    backlog_events: int
    backlog_bytes: int
    failing_since: datetime | None
    events_per_s_10s: float
    events_per_s_60s: float
    retries_60s: int
    requests_now: int
    requests_at_once: int
    request_ms_p50: float | None
    request_ms_p99: float | None
    delivered_after_s_p50: float | None
    delivered_after_s_p99: float | None


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that who delivers has told."""

    in_flight: int
    in_flight_records: int
    failing_since: float | None
    record_events: float
    event_bytes: float
    events_per_s_10s: float
    events_per_s_60s: float
    retries_60s: int
    requests_now: int
    requests_at_once: int
    request_ms_p50: float | None
    request_ms_p99: float | None
    delivered_after_s_p50: float | None
    delivered_after_s_p99: float | None


def pace_of(
    facts: Mapping[str, object], *, behind_records: int, waiting: int, unended: int | None
) -> DeliveryPace | None:
    """Return the numbers by the facts of a destination's file; None where they are not told.

    `unended` are the events without an outcome that do not wait out of line. Where None, nothing is
    on its way, and what has just come is estimated by the records that were read.
    """
    try:
        told = msgspec.convert(facts, _Told)
    except msgspec.ValidationError:
        return None
    if unended is None:
        unread = max(0, behind_records - told.in_flight_records) * told.record_events
        unended = round(unread) + told.in_flight
    events = max(told.in_flight, unended) + waiting
    since = told.failing_since
    return DeliveryPace(
        backlog_events=events,
        backlog_bytes=round(events * told.event_bytes),
        failing_since=None if since is None else datetime.fromtimestamp(since, UTC),
        events_per_s_10s=told.events_per_s_10s,
        events_per_s_60s=told.events_per_s_60s,
        retries_60s=told.retries_60s,
        requests_now=told.requests_now,
        requests_at_once=told.requests_at_once,
        request_ms_p50=told.request_ms_p50,
        request_ms_p99=told.request_ms_p99,
        delivered_after_s_p50=told.delivered_after_s_p50,
        delivered_after_s_p99=told.delivered_after_s_p99,
    )
