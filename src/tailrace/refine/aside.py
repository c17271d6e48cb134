"""Collect the events that go no further, with the reason of each."""

from typing import Final, NamedTuple

from tailrace.event import SetAside
from tailrace.ledger import DUPLICATE, INVALID
from tailrace.refine.draft import Draft, Origin
from tailrace.refine.ip import without_unkept_ip

ORIGINAL_CHARACTERS_MAX: Final = 16_384
TEXT_CHARACTERS_MAX: Final = 256
# Rows of one raw record for events that nobody can read or that are over the batch's limit: the
# counts are exact beyond it.
UNREAD_ROWS_MAX: Final = 2_500


class Problem(NamedTuple):
    """Why an event is invalid: a stable code, and the sentence for people."""

    reason: str
    detail: str


class Aside:
    """The events set aside in one step, and how many of each source, minute and outcome."""

    def __init__(self) -> None:
        self.rows: list[SetAside] = []
        self.counts: dict[tuple[str, int, str], int] = {}
        self.reasons: dict[str, int] = {}

    def invalid(self, draft: Draft, problem: Problem) -> None:
        """Set one event aside that the sender must change."""
        fields = draft.fields
        self._add(
            draft.origin,
            draft.index,
            INVALID,
            problem,
            message_id=draft.message_id or fields.message_id or "",
            event_type=draft.type or fields.type or "",
            event=fields.event or "",
            original=draft.sent,
        )
        self._count(draft.origin, INVALID, problem.reason, 1)

    def unread(self, origin: Origin, index: int, text: bytes, problem: Problem) -> None:
        """Set one event aside whose fields cannot be read."""
        self._add(origin, index, INVALID, problem, original=text)
        self._count(origin, INVALID, problem.reason, 1)

    def missing(self, origin: Origin, indexes: range, text: bytes, problem: Problem) -> None:
        """Set aside accepted events that cannot be told apart; the first one keeps the text.

        Not where addresses may not be kept: a body that cannot be read cannot be searched for them.
        """
        if origin.source.ip != "keep":
            text = b""
        for index in indexes[:UNREAD_ROWS_MAX]:
            self._add(origin, index, INVALID, problem, original=text)
            text = b""
        self._count(origin, INVALID, problem.reason, len(indexes))

    def only_count(self, origin: Origin, events: int, reason: str) -> None:
        """Count invalid events that get no row of their own; none when `events` is not positive."""
        self._count(origin, INVALID, reason, max(0, events))

    def uncounted(self, origin: Origin, index: int, text: bytes, problem: Problem) -> None:
        """Show an event that was never accepted, which therefore is in no book."""
        self._add(origin, index, INVALID, problem, original=text)

    def duplicate(self, draft: Draft) -> None:
        """Set one event aside that was refined before."""
        self._add(
            draft.origin,
            draft.index,
            DUPLICATE,
            _DUPLICATE,
            message_id=draft.message_id,
            event_type=draft.type,
            event=draft.fields.event or "",
        )
        self._count(draft.origin, DUPLICATE, "", 1)

    def _count(self, origin: Origin, outcome: str, reason: str, events: int) -> None:
        if not events:
            return
        key = (origin.call.source, origin.minute, outcome)
        self.counts[key] = self.counts.get(key, 0) + events
        if reason:
            self.reasons[reason] = self.reasons.get(reason, 0) + events

    def _add(
        self,
        origin: Origin,
        index: int,
        outcome: str,
        problem: Problem,
        *,
        message_id: str = "",
        event_type: str = "",
        event: str = "",
        original: bytes = b"",
    ) -> None:
        self.rows.append(
            SetAside(
                message_id=message_id[:TEXT_CHARACTERS_MAX],
                source=origin.call.source,
                received_at=origin.received_at,
                outcome=outcome,
                reason=problem.reason,
                detail=problem.detail,
                type=event_type[:TEXT_CHARACTERS_MAX],
                event=event[:TEXT_CHARACTERS_MAX],
                raw_partition=origin.partition,
                raw_offset=origin.offset,
                raw_index=index,
                original=shortened(without_unkept_ip(original, origin.source)),
            )
        )


_DUPLICATE: Final = Problem("duplicate", "")


def shortened(text: bytes) -> str:
    """Return the text, at most `ORIGINAL_CHARACTERS_MAX` characters of it."""
    # A character takes up to four bytes; one cut in half at the end is left out.
    return text[: 4 * ORIGINAL_CHARACTERS_MAX].decode(errors="ignore")[:ORIGINAL_CHARACTERS_MAX]
