"""Step 10, pack: from drafts to blocks, the records of the events log."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from tailrace.event import BLOCK_VERSION, Block, Event, SetAside
from tailrace.refine.draft import EMPTY_OBJECT, Draft
from tailrace.refine.original import is_canonical, pack_original

_Item = TypeVar("_Item")

MICROSECONDS: Final = 1_000_000
# Upper bounds of a line: the columns beside the objects, and the original, in which every quote
# takes two bytes and which repeats the objects.
_LINE_BYTES: Final = 2_048
_TEXT_FACTOR: Final = 3
_SET_ASIDE_FACTOR: Final = 6

_encode_lines: Final = msgspec.json.Encoder().encode_lines


def pack(
    drafts: Sequence[Draft],
    set_aside: Sequence[SetAside],
    *,
    block_events_max: int,
    block_bytes_max: int,
) -> list[Block]:
    """Return the drafts and what was set aside as blocks, in order, none above the limits.

    Only an event that is larger than a block on its own makes a larger one.
    """
    chunks = zip_longest(
        _chunks(drafts, _draft_bytes, block_events_max, block_bytes_max),
        _chunks(set_aside, _set_aside_bytes, block_events_max, block_bytes_max),
        fillvalue=(),
    )
    return [_block(events, rows) for events, rows in chunks]


def event_of(draft: Draft) -> Event:
    """Return the finished event."""
    origin = draft.origin
    fields = draft.fields
    user_id = fields.user_id or ""
    anonymous_id = fields.anonymous_id or ""
    browser, os, device, is_bot = draft.agent
    name, source, medium, term, content = draft.campaign
    return Event(
        message_id=draft.message_id,
        type=draft.type,
        event=fields.event or "",
        name=fields.name or "",
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=fields.group_id or "",
        previous_id=fields.previous_id or "",
        source=origin.call.source,
        timestamp=draft.timestamp,
        original_timestamp=draft.original_timestamp,
        sent_at=draft.sent_at,
        received_at=origin.received_at,
        properties=draft.properties,
        traits=draft.traits,
        context=draft.context,
        integrations=draft.integrations,
        ip=draft.ip,
        browser=browser,
        os=os,
        device=device,
        is_bot=is_bot,
        campaign_name=name,
        campaign_source=source,
        campaign_medium=medium,
        campaign_term=term,
        campaign_content=content,
        library=draft.library,
        raw_partition=origin.partition,
        raw_offset=origin.offset,
        raw_index=draft.index,
        original=pack_original(
            draft.sent,
            message_id=draft.message_id,
            anonymous_id=anonymous_id,
            user_id=user_id,
            timestamp=_timestamp_to_pack(draft),
            sent_at=_sent_at_to_pack(draft),
            own_context=fields.context,
            context=draft.context,
            is_rewritten=not _has_own_objects(draft),
        ),
    )


def _has_own_objects(draft: Draft) -> bool:
    """Tell whether properties and traits are what the event as sent has under these names."""
    fields = draft.fields
    return (
        draft.origin.call.shape != "json"
        and _is_own(draft.properties, fields.properties)
        and _is_own(draft.traits, fields.traits)
    )


def _is_own(kept: Raw, sent: Raw) -> bool:
    return kept is sent or (kept is EMPTY_OBJECT and not bytes(sent).startswith(b"{"))


def _timestamp_to_pack(draft: Draft) -> str:
    """Return the text that the column `original_timestamp` can give back, empty for none."""
    fields = draft.fields
    text = fields.timestamp or fields.original_timestamp
    if draft.origin.is_corrected and fields.original_timestamp:
        text = fields.original_timestamp
    return text if text and draft.original_timestamp is not None and is_canonical(text) else ""


def _sent_at_to_pack(draft: Draft) -> str:
    """Return the event's own `sentAt` where the column holds it, empty for none."""
    text = draft.fields.sent_at
    if not text or draft.sent_at is None or draft.origin.sent_at is not None:
        return ""
    return text if is_canonical(text) else ""


def _block(drafts: Sequence[Draft], rows: Sequence[SetAside]) -> Block:
    origins = {id(draft.origin): draft.origin for draft in drafts}
    counts: dict[tuple[str, int], int] = {}
    for key, events in Counter([id(draft.origin) for draft in drafts]).items():
        origin = origins[key]
        book = (origin.call.source, origin.minute)
        counts[book] = counts.get(book, 0) + events
    received = [origin.call.received_at for origin in origins.values()]
    received += [round(row.received_at.timestamp() * MICROSECONDS) for row in rows]
    return Block(
        version=BLOCK_VERSION,
        counts=[(source, minute, events) for (source, minute), events in counts.items()],
        id_hashes=b"".join([draft.id_hash for draft in drafts]),
        received_at=(min(received), max(received)),
        events_count=len(drafts),
        events=_encode_lines([event_of(draft) for draft in drafts]),
        set_aside_count=len(rows),
        set_aside=_encode_lines(rows),
    )


def _draft_bytes(draft: Draft) -> int:
    origin = draft.origin
    merged = len(origin.context) + len(origin.integrations)
    return _TEXT_FACTOR * len(draft.text) + merged + _LINE_BYTES


def _set_aside_bytes(row: SetAside) -> int:
    return _SET_ASIDE_FACTOR * len(row.original) + _LINE_BYTES


def _chunks(
    items: Sequence[_Item], size: Callable[[_Item], int], items_max: int, bytes_max: int
) -> Iterator[Sequence[_Item]]:
    """Yield the items in runs of at most so many items and bytes."""
    sizes = list(map(size, items))
    if len(sizes) <= items_max and sum(sizes) <= bytes_max:
        if items:
            yield items
        return
    start = 0
    total = 0
    for index, added in enumerate(sizes):
        if index > start and (index - start >= items_max or total + added > bytes_max):
            yield items[start:index]
            start, total = index, 0
        total += added
    yield items[start:]
