"""How people steer what a destination gave up and what waits out of line.

They change its file beside the process that delivers, in short steps that hold it up for a moment
each.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tailrace.deliver import letters
from tailrace.deliver.looking import reading
from tailrace.deliver.outcomes import Out
from tailrace.deliver.payload import line_of
from tailrace.deliver.state import State, Wanted

STEP: Final = 1_000
CHANGED_MAX: Final = 100_000
CHANGED_S_MAX: Final = 10.0


class Changed(NamedTuple):
    """How many dead letters were changed, and whether more of those that were wanted are left.

    `until_id` is the newest that was there when it began.
    """

    letters: int
    more: bool
    until_id: int


def replay(
    path: Path,
    chosen: Sequence[int] | Wanted,
    *,
    clock: Callable[[], float],
    until_id: int | None = None,
) -> Changed:
    """Let dead letters be tried again, out of line, the oldest first; return how many.

    At most `CHANGED_MAX` of them, and for `CHANGED_S_MAX` seconds; what is given up meanwhile, or
    after `until_id`, is left out.
    """
    return _change(path, chosen, lambda file, ids: file.revive(ids, now=clock()), until_id)


def discard(path: Path, chosen: Sequence[int] | Wanted, *, until_id: int | None = None) -> Changed:
    """Remove dead letters for good; return how many. As `replay`, they are the oldest ones."""
    return _change(path, chosen, lambda file, ids: file.discard(ids), until_id)


def replay_edited(
    path: Path, id_: int, event: bytes, *, clock: Callable[[], float]
) -> tuple[Out, Out] | None:
    """Let one dead letter be tried again as another event; return it before and after.

    None where there is no such dead letter any more.
    """
    if not path.exists():
        return None

    def edited(out: Out) -> Out:
        line = line_of(event, source=out.source)
        name = line.event or line.name
        return out._replace(type=line.type, name=name, key=line.key, event=event)

    file = State(path)
    try:
        return file.revive_edited(id_, edited, now=clock())
    finally:
        file.close()


def hurry(path: Path, ids: Sequence[int] | None, *, clock: Callable[[], float]) -> int:
    """Let what waits out of line be tried now, all of it without `ids`; return how much."""
    if not path.exists():
        return 0
    file = State(path)
    try:
        return file.hurry(ids, now=clock())
    finally:
        file.close()


def _change(
    path: Path,
    chosen: Sequence[int] | Wanted,
    change: Callable[[State, Sequence[int]], int],
    until_id: int | None,
) -> Changed:
    if not path.exists():
        return Changed(0, more=False, until_id=until_id or 0)
    file = State(path)
    try:
        if isinstance(chosen, Wanted):
            return _change_wanted(file, chosen, change, until_id)
        ids = list(dict.fromkeys(chosen))
        steps = (ids[begin : begin + STEP] for begin in range(0, len(ids), STEP))
        return Changed(sum(change(file, step) for step in steps), more=False, until_id=max(ids))
    finally:
        file.close()


def _change_wanted(
    file: State,
    wanted: Wanted,
    change: Callable[[State, Sequence[int]], int],
    until_id: int | None,
) -> Changed:
    """Change those that are wanted and there now, a step at a time."""
    deadline = time.monotonic() + CHANGED_S_MAX
    count, after_id = 0, 0
    with reading(file.path) as connection:
        newest = letters.newest_id(connection)
    until = newest if until_id is None else min(until_id, newest)
    while True:
        room = min(STEP, CHANGED_MAX - count)
        with reading(file.path) as connection:
            # One more than there is room for tells whether any are left.
            ids = letters.dead_letter_ids(
                connection, after_id=after_id, until_id=until, wanted=wanted, limit=room + 1
            )
        is_over = time.monotonic() > deadline and count > 0
        if not ids or room == 0 or is_over:
            return Changed(count, more=bool(ids), until_id=until)
        count += change(file, ids[:room])
        after_id = ids[:room][-1]
        if len(ids) <= room:
            return Changed(count, more=False, until_id=until)
