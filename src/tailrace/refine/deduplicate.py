"""Step 5, deduplicate: of one source's events with one id within the window, the first goes on."""

from collections.abc import Sequence
from typing import Protocol

from tailrace.refine.aside import Aside
from tailrace.refine.draft import Draft


class KnownIds(Protocol):
    """The ids of the events that were refined within the window."""

    def contains(self, hashes: Sequence[bytes]) -> Sequence[bool]:
        """Tell for each hash of 16 bytes whether it is known."""
        ...


def drop_duplicates(drafts: Sequence[Draft], aside: Aside, known: KnownIds) -> list[Draft]:
    """Return the drafts whose ids are new; of equal ones within this step, the first.

    The new ids become known only once their block is committed: an id noted earlier would make the
    event its own duplicate after a crash.
    """
    fresh: set[bytes] = set()
    new = []
    is_known = known.contains([draft.id_hash for draft in drafts])
    for draft, was_refined in zip(drafts, is_known, strict=True):
        if was_refined or draft.id_hash in fresh:
            aside.duplicate(draft)
        else:
            fresh.add(draft.id_hash)
            new.append(draft)
    return new
