"""What people see of backfills: the job, and the books of what became of its events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tailrace.deliver import state
from tailrace.deliver.backfill_feed import PARTITION
from tailrace.deliver.backfill_jobs import Job, JobWord
from tailrace.deliver.looking import reading
from tailrace.deliver.state import Totals

_NOTHING = Totals(0, 0, 0, 0)
_STUCK = ("down", "suspended")


class BackfillBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a backfill's events at one subscription, and how many are still to come."""

    slug: str
    delivered: int
    filtered: int
    dead_letters: int
    discarded: int
    waiting: int
    to_come: int | None


class BackfillState(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill; its counts of outcomes are those of all its subscriptions together."""

    id: int
    state: JobWord
    problem: str
    since: datetime
    until: datetime
    query: str
    sources: list[str] | None
    events_per_s_max: int | None
    selected: int | None
    fed: int
    ended: int
    delivered: int
    filtered: int
    dead_letters: int
    discarded: int
    waiting: int
    to_come: int | None
    subscriptions: list[BackfillBooks]
    created_at: datetime
    created_by: str
    ended_at: datetime | None


def shown_backfill(job: Job, path: Path) -> BackfillState:
    """Return a job with the books in its file.

    For each subscription: selected = delivered + filtered + dead letters + discarded + waiting
    + to come. `ended` is how many events have an outcome at every subscription, or wait.
    """
    totals: Mapping[str, Totals] = {}
    facts: Mapping[str, object] = {}
    ended = 0
    if path.exists():
        with reading(path) as connection:
            totals = state.totals(connection)
            facts = state.facts(connection)
            ended = state.positions(connection).get(PARTITION, 0)
    # What was fed after the job was read, and has an outcome by now.
    fed = max(job.fed, ended)
    selected = None if job.selected is None else max(job.selected, fed)
    books = [_books(slug, totals.get(slug, _NOTHING), selected) for slug in job.asked.subscriptions]
    problem = job.problem
    if not problem and job.state == "running" and facts.get("state") in _STUCK:
        problem = str(facts.get("problem", ""))
    return BackfillState(
        id=job.id,
        state=job.state,
        problem=problem,
        since=_at_ms(job.asked.since_ms),
        until=_at_ms(job.asked.until_ms),
        query=job.asked.query,
        sources=None if job.asked.sources is None else list(job.asked.sources),
        events_per_s_max=job.asked.events_per_s_max,
        selected=selected,
        fed=fed,
        ended=ended,
        **_sums(books),
        subscriptions=books,
        created_at=datetime.fromtimestamp(job.created_at, UTC),
        created_by=job.created_by,
        ended_at=None if job.ended_at is None else datetime.fromtimestamp(job.ended_at, UTC),
    )


def _books(slug: str, totals: Totals, selected: int | None) -> BackfillBooks:
    had = totals.delivered + totals.filtered + totals.dead + totals.discarded + totals.parked
    return BackfillBooks(
        slug=slug,
        delivered=totals.delivered,
        filtered=totals.filtered,
        dead_letters=totals.dead,
        discarded=totals.discarded,
        waiting=totals.parked,
        to_come=None if selected is None else selected - had,
    )


def _sums(books: Sequence[BackfillBooks]) -> dict[str, Any]:
    names = ("delivered", "filtered", "dead_letters", "discarded", "waiting")
    sums: dict[str, Any] = {name: sum(getattr(each, name) for each in books) for name in names}
    to_come = [each.to_come for each in books]
    known = [each for each in to_come if each is not None]
    return {**sums, "to_come": sum(known) if len(known) == len(to_come) else None}


def _at_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1_000, UTC)
