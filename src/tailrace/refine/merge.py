"""Step 3, merge: the context and integrations of a batch's envelope go into each of its events.

The event wins where both have a value; objects inside objects are merged in the same way. The rest
of the event keeps its bytes: only the objects on the way to a merged key are written anew.
"""

from typing import Final

import msgspec
from msgspec import Raw

from tailrace.refine.aside import Aside, Problem
from tailrace.refine.draft import Draft
from tailrace.refine.fields import read_object

_encode: Final = msgspec.json.Encoder().encode
_DEPTH_MAX: Final = 64


def merge_envelope(drafts: list[Draft], aside: Aside, *, event_bytes_max: int) -> list[Draft]:
    """Return the drafts with their envelopes' objects merged in.

    The envelope counts towards the size of each event, so that a large one cannot blow a call up
    to thousands of times its size.
    """
    if not any(draft.origin.context or draft.origin.integrations for draft in drafts):
        return drafts
    merged = []
    for draft in drafts:
        problem = _merge(draft, event_bytes_max)
        if problem is None:
            merged.append(draft)
        else:
            aside.invalid(draft, problem)
    return merged


def _merge(draft: Draft, event_bytes_max: int) -> Problem | None:
    origin = draft.origin
    added = len(origin.context) + len(origin.integrations)
    if not added:
        return None
    size = len(draft.text) + added
    if size > event_bytes_max:
        return Problem(
            "event_too_large",
            f"the event is {size} bytes with the context and integrations of its envelope; "
            f"the limit is {event_bytes_max} bytes per event",
        )
    origin.merge_bytes_left -= added
    if origin.merge_bytes_left < 0:
        return Problem(
            "event_too_large",
            f"the envelope adds {added} bytes of context and integrations to each of "
            f"{origin.call.events} events, which is more than one call may grow by",
        )
    if origin.context:
        draft.context = merged_objects(Raw(origin.context), draft.context)
    if origin.integrations:
        draft.integrations = merged_objects(Raw(origin.integrations), draft.integrations)
    return None


def merged_objects(under: Raw, over: Raw, *, depth_max: int = _DEPTH_MAX) -> Raw:
    """Return one JSON object with the members of both; where both have one, `over` wins."""
    members = read_object(under)
    if not members:
        return over
    for key, value in read_object(over).items():
        below = members.get(key)
        if depth_max and below is not None and _is_object(below) and _is_object(value):
            value = merged_objects(below, value, depth_max=depth_max - 1)
        members[key] = value
    return Raw(_encode(members))


def _is_object(raw: Raw) -> bool:
    return bytes(raw)[:1] == b"{"
