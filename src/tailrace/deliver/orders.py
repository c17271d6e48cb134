"""What people order of a destination: skip, drain, resume; kept in its file, for who delivers.

An order is kept as a fact of its own, and so is that it was done: it outlives both processes.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tailrace.deliver.state import State

_SKIP: Final = "skip"
_SKIPPED: Final = "skipped"
_DRAIN: Final = "drain"
_DRAINED: Final = "drained"


class Orders(NamedTuple):
    """The orders that hold; each has a number, 0 for none.

    What was received before `skip_until` (seconds since 1970) is not delivered any more. While
    there is a drain, nothing beyond `drain_to` is read, by partition. `skipped` and `drained` are
    the numbers of the orders that were carried out.
    """

    skip: int = 0
    skip_until: float = 0.0
    skipped: int = 0
    drain: int = 0
    drain_to: Mapping[int, int] = {}
    drained: int = 0

    @property
    def is_drained(self) -> bool:
        """Tell whether all has been delivered, and nothing is until people let it go on."""
        return bool(self.drain) and self.drained == self.drain


def orders_of(facts: Mapping[str, Any]) -> Orders:
    """Return the orders among the facts of a destination's file."""
    skip, drain = facts.get(_SKIP) or {}, facts.get(_DRAIN) or {}
    return Orders(
        skip=skip.get("number", 0),
        skip_until=skip.get("until", 0.0),
        skipped=facts.get(_SKIPPED, 0),
        drain=drain.get("number", 0),
        drain_to={int(partition): to for partition, to in drain.get("to", {}).items()},
        drained=facts.get(_DRAINED, 0),
    )


def skip(path: Path, *, until: float) -> None:
    """Order that nothing that was received before a moment is delivered any more."""
    _tell(path, {_SKIP: {"number": time.time_ns(), "until": until}})


def drain(path: Path, *, to: Mapping[int, int]) -> None:
    """Order that what is stored before these offsets is delivered, and nothing after it."""
    _tell(path, {_DRAIN: {"number": time.time_ns(), "to": to}})


def resume(path: Path) -> None:
    """Order that everything is delivered again."""
    _tell(path, {_DRAIN: None})


def done_skip(number: int) -> dict[str, object]:
    """Return the fact that an order to skip was carried out."""
    return {_SKIPPED: number}


def done_drain(number: int) -> dict[str, object]:
    """Return the fact that an order to drain was carried out."""
    return {_DRAINED: number}


def _tell(path: Path, facts: Mapping[str, object]) -> None:
    state = State(path)
    try:
        state.tell(facts)
    finally:
        state.close()
