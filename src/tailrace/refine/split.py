"""Step 1, split: from raw records to events, one draft for each event that was accepted."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from tailrace.config import CollectConfig, Source
from tailrace.event import Call, decode_call
from tailrace.log.contract import Record
from tailrace.refine.aside import UNREAD_ROWS_MAX, Aside, Problem
from tailrace.refine.bodies import Body, read_body
from tailrace.refine.draft import EPOCH, Draft, Origin
from tailrace.refine.fields import UNREADABLE, read_fields, read_fields_one_by_one
from tailrace.refine.mapped import map_fields
from tailrace.refine.metrics import UNREADABLE_RECORDS
from tailrace.refine.repair import check_depth, without_lone_surrogates
from tailrace.refine.timestamps import parse_time

_logger = logging.getLogger(__name__)

MINUTE_US: Final = 60_000_000
WEBHOOK_PATH: Final = "/v1/webhook"
# A source that was removed from the settings while its events waited; what it wanted kept of
# addresses is no longer known.
_NO_SOURCE: Final = Source(slug="unknown", write_keys=(), ip="drop")
_NOT_ACCEPTED: Final = Problem(
    "not_accepted", "the body holds more events than it was accepted with; this one is in no count"
)


def split(
    records: Sequence[Record],
    aside: Aside,
    *,
    sources: Mapping[str, Source],
    limits: CollectConfig,
    merge_bytes_max: int,
) -> list[Draft]:
    """Return the events of the records, in order; what cannot be read is set aside.

    Every record gives as many events as it was accepted with: one that is not there counts as
    invalid, one too many is shown and not counted.
    """
    drafts: list[Draft] = []
    for record in records:
        try:
            call = decode_call(record.body)
        except msgspec.DecodeError as error:
            # Its source and its number of events are unknown: no book can name it.
            UNREADABLE_RECORDS.inc()
            _logger.error(
                "raw partition %d, offset %d is no call and was passed over: %s",
                record.partition,
                record.offset,
                error,
            )
            continue
        body = read_body(call)
        origin = Origin(
            call=call,
            source=sources.get(call.source, _NO_SOURCE),
            partition=record.partition,
            offset=record.offset,
            received_at=EPOCH + timedelta(microseconds=call.received_at),
            minute=call.received_at // MINUTE_US,
            is_corrected=WEBHOOK_PATH in call.path,
            sent_at=parse_time(body.sent_at) if body.sent_at else None,
            context=body.context,
            integrations=body.integrations,
            merge_bytes_left=merge_bytes_max,
        )
        _split_body(origin, body, drafts, aside, limits)
    return drafts


def _split_body(
    origin: Origin, body: Body, drafts: list[Draft], aside: Aside, limits: CollectConfig
) -> None:
    call = origin.call
    index_max = min(call.events, limits.batch_events_max)
    # A body of tiny events must not become a row for each: beyond this they are only counted.
    rows_max = limits.batch_events_max + UNREAD_ROWS_MAX
    aside.only_count(origin, min(len(body.texts), call.events) - rows_max, "batch_too_long")
    for index, (text, sent) in enumerate(
        zip(body.texts[:rows_max], body.sent[:rows_max], strict=True)
    ):
        if index >= index_max or len(text) > limits.event_bytes_max:
            _refuse(origin, index, text, sent, aside, limits)
            continue
        try:
            drafts.append(_draft(origin, index, text, sent))
        except UNREADABLE as error:
            problem = Problem("malformed_event", f"{_where(index, call)}: {error}")
            aside.unread(origin, index, sent, problem)
    missing = range(len(body.texts), call.events)
    if missing:
        detail = (
            f"the body holds {len(body.texts)} readable events, it was accepted with {call.events}"
        )
        problem = Problem("malformed_json", body.problem or detail)
        aside.missing(origin, missing, b"" if body.texts else call.body, problem)


def _refuse(
    origin: Origin, index: int, text: bytes, sent: bytes, aside: Aside, limits: CollectConfig
) -> None:
    """Set aside an event that is over a limit, or was never accepted."""
    call = origin.call
    if index >= call.events:
        aside.uncounted(origin, index, sent, _NOT_ACCEPTED)
        return
    if index >= limits.batch_events_max:
        reason = "batch_too_long"
        over = f"over the limit of {limits.batch_events_max} events a batch"
    else:
        reason = "event_too_large"
        over = f"{len(text)} bytes; the limit is {limits.event_bytes_max} bytes per event"
    aside.unread(origin, index, sent, Problem(reason, f"{_where(index, call)} is {over}"))


def _draft(origin: Origin, index: int, text: bytes, sent: bytes) -> Draft:
    """Read one event; what the typed decoder refuses is mended where needed, and read by field."""
    check_depth(text)
    if origin.call.shape == "json":
        return Draft(origin, index, text, sent, map_fields(text, origin.source.json))
    try:
        return Draft(origin, index, text, sent, read_fields(text))
    except UNREADABLE:
        text = without_lone_surrogates(text)
    fields, odd = read_fields_one_by_one(text)
    return Draft(origin, index, text, sent, fields, odd)


def _where(index: int, call: Call) -> str:
    return f"event {index + 1} of {call.events}"
