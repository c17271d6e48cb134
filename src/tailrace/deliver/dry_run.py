"""What a destination would make of the newest stored events; nothing is sent.

It takes no longer than `RUN_S_MAX`: what was looked at by then is told.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tailrace.deliver.blocks import Entry
from tailrace.deliver.payload import instant, lines_of, minute_of
from tailrace.deliver.previewing import (
    Decided,
    Draft,
    PreviewedProblem,
    PreviewOutcome,
    Step,
    judge_of,
    shown_payload,
    shown_problems,
)
from tailrace.destinations.describing import batching_of
from tailrace.destinations.sending import Batching
from tailrace.event import Block

EVENTS_MAX: Final = 10_000
SAMPLES_MAX: Final = 5
RUN_S_MAX: Final = 5.0
REASONS_MAX: Final = 50
SHOWN_BYTES_MAX: Final = 1_048_576
"""Of all payloads that one answer shows."""

OTHER_REASONS: Final = "other reasons"


class DryRunSample(msgspec.Struct, frozen=True, kw_only=True):
    """An event; `payload` is what would be sent, null for nothing or where it is too long."""

    message_id: str
    type: str
    name: str
    source: str
    received_at: str
    problems: list[PreviewedProblem]
    payload: dict[str, Any] | None


class DryRunReason(msgspec.Struct, frozen=True, kw_only=True):
    """How many events would end so, and some of them."""

    outcome: PreviewOutcome
    step: Step
    reason: str
    events: int
    samples: list[DryRunSample]


class DryRunSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of the events at one subscription.

    `batches` counts those that the action's bounds alone would make, the fewest that there could
    be; null where settings that are not known decide.
    """

    slug: str
    name: str
    sent: int
    filtered: int
    rejected: int
    payload_bytes: int
    payload_bytes_max: int
    batches: int | None
    reasons: list[DryRunReason]


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of the newest `events`, fewer than asked for where not `is_complete`."""

    events: int
    oldest_at: str | None
    newest_at: str | None
    is_complete: bool
    took_ms: float
    subscriptions: list[DryRunSubscription]


def dry_run(
    draft: Draft,
    blocks: Iterable[Block],
    *,
    events_max: int,
    samples_max: int,
    monotonic: Callable[[], float] = time.monotonic,
) -> DryRun:
    """Return what would become of the events of the blocks, which come newest first.

    Raises:
        ChangeError: filters and subscriptions are none to this release.
    """
    begun = monotonic()
    judge = judge_of(draft)
    shown = _Shown(SHOWN_BYTES_MAX)
    tallies = {
        plan.slug: _Tally(
            name=plan.name,
            batching=batching_of(plan.action, draft.type, draft.settings),
            samples_max=samples_max,
            shown=shown,
        )
        for plan in judge.plans
    }
    events, is_late = 0, False
    times: list[str] = []
    for entry in _newest_first(blocks):
        if events == events_max or is_late:
            break
        for each in judge.decided(entry):
            tallies[each.plan.slug].add(each, entry)
        events += 1
        times.append(entry.line.received_at)
        is_late = monotonic() - begun > RUN_S_MAX
    return DryRun(
        events=events,
        oldest_at=instant(min(times)) if times else None,
        newest_at=instant(max(times)) if times else None,
        is_complete=not is_late,
        took_ms=round((monotonic() - begun) * 1_000, 1),
        subscriptions=[tally.told(slug) for slug, tally in tallies.items()],
    )


def _newest_first(blocks: Iterable[Block]) -> Iterable[Entry]:
    for block in blocks:
        for line in reversed(list(lines_of(block.events))):
            yield Entry(line, minute_of(line.received_at))


@dataclass
class _Shown:
    """How many bytes of payloads may still be shown."""

    left: int

    def takes(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True


Key = tuple[PreviewOutcome, Step, str]


@dataclass
class _Tally:
    """What became of events at one subscription, so far."""

    name: str
    batching: Batching | None
    samples_max: int
    shown: _Shown
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: dict[Key, tuple[int, list[DryRunSample]]] = field(default_factory=dict)
    bytes: int = 0
    bytes_max: int = 0
    batches: int = 0
    _open_events: int = 0
    _open_bytes: int = 0

    def add(self, decided: Decided, entry: Entry) -> None:
        self.outcomes[decided.outcome] += 1
        size = 0
        if decided.payload is not None:
            size = _size_of(decided.payload)
            self.bytes += size
            self.bytes_max = max(self.bytes_max, size)
            self._batch(len(entry.body))
        key: Key = (decided.outcome, decided.step, _word(decided))
        if key not in self.reasons and len(self.reasons) >= REASONS_MAX:
            key = (decided.outcome, decided.step, OTHER_REASONS)
        count, samples = self.reasons.get(key, (0, []))
        if len(samples) < self.samples_max:
            samples.append(self._sample(decided, entry, size))
        self.reasons[key] = (count + 1, samples)

    def told(self, slug: str) -> DryRunSubscription:
        return DryRunSubscription(
            slug=slug,
            name=self.name,
            sent=self.outcomes["sent"],
            filtered=self.outcomes["filtered"],
            rejected=self.outcomes["rejected"],
            payload_bytes=self.bytes,
            payload_bytes_max=self.bytes_max,
            batches=None if self.batching is None else self.batches,
            reasons=[
                DryRunReason(
                    outcome=outcome, step=step, reason=reason, events=count, samples=samples
                )
                for (outcome, step, reason), (count, samples) in sorted(
                    self.reasons.items(), key=lambda item: -item[1][0]
                )
            ],
        )

    def _batch(self, size: int) -> None:
        if self.batching is None:
            return
        is_full = (
            self._open_events >= self.batching.events_max
            or self._open_bytes + size > self.batching.bytes_max
        )
        if not self.batches or is_full:
            self.batches += 1
            self._open_events = self._open_bytes = 0
        self._open_events += 1
        self._open_bytes += size

    def _sample(self, decided: Decided, entry: Entry, size: int) -> DryRunSample:
        line = entry.line
        is_shown = decided.payload is not None and self.shown.takes(size)
        return DryRunSample(
            message_id=line.message_id,
            type=line.type,
            name=line.event or line.name,
            source=line.source,
            received_at=instant(line.received_at),
            problems=shown_problems(decided.problems),
            payload=shown_payload(decided.payload) if is_shown else None,
        )


def _word(decided: Decided) -> str:
    """Return what events of one reason have in common: not the values that do not fit."""
    if decided.step != "mapping":
        return decided.reason
    names = dict.fromkeys(problem.field for problem in decided.problems if problem.field)
    return f"mapping: {', '.join(names)}"[:200] if names else "mapping"


def _size_of(payload: Any) -> int:
    """Return the bytes of a payload's fields as JSON."""
    values = (getattr(payload, name) for name in type(payload).__dataclass_fields__)
    return sum(
        len(value) if isinstance(value, bytes) else len(msgspec.json.encode(value))
        for value in values
    )
