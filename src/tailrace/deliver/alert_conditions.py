"""Whether a destination is in trouble, by what its file says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tailrace.control.delivery_alert_rules import AlertConditions
from tailrace.deliver import state
from tailrace.deliver.alert_state import Seen
from tailrace.deliver.looking import behind_records, reading
from tailrace.log import Extent

STARTING: Final = "starting"
DISABLED: Final = "disabled"
RUNNING: Final = "running"
_DURATIONS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))

DeadLetterBound = tuple[int, int]
"""More dead letters than so many, within so many seconds."""


class Stand(NamedTuple):
    """How a destination stands; `exceeded` are the bounds of dead letters that it is beyond."""

    state: str
    problem: str = ""
    oldest_at: float | None = None
    worked_at: float = 0.0
    is_idle: bool = True
    exceeded: frozenset[DeadLetterBound] = frozenset()


def stand_of(
    path: Path,
    *,
    is_enabled: bool,
    version: int,
    extents: Mapping[int, Extent],
    bounds: Sequence[DeadLetterBound],
    now: float,
) -> Stand:
    """Return how a destination stands by its file."""
    if not is_enabled:
        return Stand(DISABLED)
    if not path.exists():
        return Stand(STARTING)
    with reading(path) as connection:
        facts = state.facts(connection)
        positions = state.positions(connection)
        exceeded = frozenset(
            (more_than, within_s)
            for more_than, within_s in bounds
            # Ids grow as events are given up, so this is the first one that is too many.
            for [last_at] in connection.execute(
                "SELECT last_at FROM dead_letters ORDER BY id DESC LIMIT 1 OFFSET ?", (more_than,)
            )
            if last_at >= now - within_s
        )
    is_told = facts.get("version") == version
    oldest_at, worked_at = facts.get("oldest_at"), facts.get("worked_at")
    return Stand(
        state=str(facts.get("state", STARTING)) if is_told else STARTING,
        problem=str(facts.get("problem", "")),
        oldest_at=oldest_at if isinstance(oldest_at, int | float) else None,
        worked_at=worked_at if isinstance(worked_at, int | float) else 0.0,
        is_idle=not facts.get("in_flight") and not behind_records(positions, extents),
        exceeded=exceeded,
    )


def seen_of(stand: Stand, before: Seen | None, *, now: float) -> Seen:
    """Return since when a destination is in its state.

    One that begins anew is said to run until the tool has refused a few times. It is well again
    when the tool took something since, or when nothing is left to be taken.
    """
    if before is None:
        return Seen(stand.state, now)
    is_unproven = (
        stand.state == RUNNING
        and before.state not in (RUNNING, DISABLED, STARTING)
        and not stand.is_idle
        and stand.worked_at <= before.since
    )
    is_unknown = stand.state == STARTING and before.state != DISABLED
    if is_unproven or is_unknown or stand.state == before.state:
        return before
    return Seen(stand.state, now)


def reasons(when: AlertConditions, stand: Stand, seen: Seen, *, now: float) -> list[str]:
    """Return why a destination is in trouble, nothing where it is not."""
    found = []
    lasts_s = now - seen.since
    told = f": {stand.problem}" if stand.problem else ""
    if when.down_for_s is not None and seen.state == "down" and lasts_s >= when.down_for_s:
        found.append(f"has taken nothing for {_duration(when.down_for_s)}{told}")
    if (
        when.suspended_for_s is not None
        and seen.state == "suspended"
        and lasts_s >= when.suspended_for_s
    ):
        found.append(f"has been suspended for {_duration(when.suspended_for_s)}{told}")
    oldest_s = None if stand.oldest_at is None else now - stand.oldest_at
    most_s = when.oldest_older_than_s
    if most_s is not None and oldest_s is not None and oldest_s > most_s:
        found.append(f"the oldest event on its way is older than {_duration(most_s)}")
    if bound_of(when) in stand.exceeded:
        found.append(
            f"gave up more than {when.dead_letters_more_than} events within "
            f"{_duration(when.dead_letters_within_s)}"
        )
    return found


def bound_of(when: AlertConditions) -> DeadLetterBound | None:
    """Return the bound of dead letters, None without one."""
    if when.dead_letters_more_than is None:
        return None
    return when.dead_letters_more_than, when.dead_letters_within_s


def conditions_of(kept: Mapping[str, int | None]) -> AlertConditions:
    """Return conditions from the document; what another release knows more of is left out."""
    known = {name: kept[name] for name in AlertConditions.__struct_fields__ if name in kept}
    return msgspec.convert(known, AlertConditions)


def _duration(seconds: int) -> str:
    for unit_s, unit in _DURATIONS:
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
