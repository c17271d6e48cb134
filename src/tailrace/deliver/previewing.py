"""What a destination would make of an event; nothing is sent."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from tailrace.deliver.blocks import Entry
from tailrace.deliver.plans import (
    CONSENT,
    DISABLED,
    INTEGRATIONS,
    NO_SOURCE,
    Plan,
    Target,
    plans_of,
    refusal,
)
from tailrace.deliver.sights import Screen, Sight, screen_of
from tailrace.deliver.trying import given_event
from tailrace.destinations import Destination
from tailrace.destinations.payloads import payload_fields
from tailrace.errors import ChangeError, SettingsError
from tailrace.mappings import MappingFailedError, Problem

Step = Literal[
    "", "sources", "integrations", "consent", "filters", "subscription", "trigger", "mapping"
]
"""Where an event stops, in the order of the steps; "" where it does not."""

PreviewOutcome = Literal["sent", "filtered", "rejected"]

LEFT_OUT_MAX: Final = 100
_STEPS: Final[Mapping[str, Step]] = {
    NO_SOURCE: "sources",
    INTEGRATIONS: "integrations",
    CONSENT: "consent",
}


class PreviewedProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one field of a payload; `field` is a path such as `items[2].sku`."""

    field: str
    message: str


class PreviewedSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription would make of the event: a payload, or why there is none.

    `left_out` are the paths of what the filters take out of the event.
    """

    slug: str
    name: str
    outcome: PreviewOutcome
    step: Step
    reason: str
    problems: list[PreviewedProblem]
    left_out: list[str]
    payload: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What became of an event at one subscription; `payload` is that of the action, or None."""

    plan: Plan
    outcome: PreviewOutcome
    step: Step
    reason: str
    sight: Sight
    payload: Any = None
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A destination as it is kept, or as it might be; settings are not needed.

    `settings` are those without secrets, which say how events go together.
    """

    type: Destination
    slug: str
    filters: Sequence[Mapping[str, Any]] = ()
    subscriptions: Sequence[Mapping[str, Any]] | None = None
    sources: Sequence[str] | None = None
    consent_categories: Sequence[str] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Judge:
    """A draft made ready to be asked of events."""

    target: Target
    screen: Screen
    plans: Sequence[Plan]

    def decided(self, entry: Entry) -> Iterator[Decided]:
        """Yield what becomes of an event at each subscription."""
        sight: Sight = entry
        refused = refusal(self.target, entry)
        step: Step = _STEPS.get(refused, "filters")
        if not refused:
            sight, refused = self.screen.seen(entry)
        for plan in self.plans:
            if refused:
                yield Decided(plan=plan, outcome="filtered", step=step, reason=refused, sight=sight)
            else:
                yield _decided(plan, sight)


def judge_of(draft: Draft) -> Judge:
    """Return what asks a draft of events.

    Raises:
        ChangeError: its filters and subscriptions are none to this release.
    """
    target = Target(
        slug=draft.slug,
        version=0,
        type=draft.type,
        settings=None,
        sources=None if draft.sources is None else frozenset(draft.sources),
        filters=draft.filters,
        subscriptions=draft.subscriptions,
        consent_categories=draft.consent_categories,
    )
    try:
        screen = screen_of(draft.filters)
        plans = plans_of(target, screen=screen, is_batching=False)
    except SettingsError as error:
        raise ChangeError(str(error), reason="invalid", field="destination") from error
    return Judge(target, screen, plans)


def preview(
    draft: Draft, event: Mapping[str, object], *, source: str = ""
) -> list[PreviewedSubscription]:
    """Return what each subscription would make of the event.

    Without a `source` the event is one of whatever source the destination takes.

    Raises:
        ChangeError: the event is none, or filters and subscriptions are none to this release.
    """
    entry = given_event(event)
    if source:
        entry.line.source = source
    else:
        draft = dataclasses.replace(draft, sources=None)
    return [
        PreviewedSubscription(
            slug=each.plan.slug,
            name=each.plan.name,
            outcome=each.outcome,
            step=each.step,
            reason=each.reason,
            problems=shown_problems(each.problems),
            left_out=left_out(entry.event, each.sight.event),
            payload=None if each.payload is None else shown_payload(each.payload),
        )
        for each in judge_of(draft).decided(entry)
    ]


def shown_problems(problems: Sequence[Problem]) -> list[PreviewedProblem]:
    """Return problems as people read them."""
    return [PreviewedProblem(field=each.field, message=each.message) for each in problems]


def shown_payload(payload: Any) -> dict[str, Any]:
    """Return the fields of a payload, what is JSON text decoded."""
    fields = payload_fields(type(payload)).mapped
    return {
        field.name: (
            msgspec.json.decode(value)
            if field.name in fields and fields[field.name].type == "json" and value is not None
            else value
        )
        for field in dataclasses.fields(payload)
        for value in [getattr(payload, field.name)]
    }


def left_out(before: Any, after: Any) -> list[str]:
    """Return the paths of what is in the one and not in the other, 100 at most."""
    found: list[str] = []
    level = [("", before, after)]
    while level and len(found) < LEFT_OUT_MAX:
        at, one, other = level.pop()
        if one is other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            found += [_below(at, key) for key in one if key not in other]
            level += [(_below(at, key), one[key], other[key]) for key in one if key in other]
        elif isinstance(one, list) and isinstance(other, list):
            level += [(f"{at}[{i}]", *pair) for i, pair in enumerate(zip(one, other, strict=False))]
    return sorted(found)[:LEFT_OUT_MAX]


def _decided(plan: Plan, sight: Sight) -> Decided:
    why = plan.refusal(sight)
    if why:
        step: Step = "subscription" if why == DISABLED else "trigger"
        return Decided(plan=plan, outcome="filtered", step=step, reason=why, sight=sight)
    try:
        payload = plan.make(sight)
    except MappingFailedError as error:
        return Decided(
            plan=plan,
            outcome="rejected",
            step="mapping",
            reason=f"mapping: {error}",
            sight=sight,
            problems=error.problems,
        )
    return Decided(plan=plan, outcome="sent", step="", reason="", sight=sight, payload=payload)


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
