"""Jobs and their feed: pages come once and in order, whoever dies in between."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailrace.cli import doctor
from tailrace.config import Config
from tailrace.deliver.backfill_engine import jobs_of
from tailrace.deliver.backfill_feed import Feed, FeedPositions
from tailrace.deliver.backfill_jobs import ENDED, AskedFor, FedEvent, Job, Jobs
from tailrace.deliver.blocks import Open
from tailrace.errors import CorruptionError

ASKED = AskedFor(
    since_ms=0,
    until_ms=10,
    received_before_ms=10,
    query="",
    sources=("web",),
    subscriptions=("send",),
    events_per_s_max=None,
)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "backfills" / "jobs.sqlite")


def begun(jobs: Jobs, slug: str = "hook") -> Job:
    """Return a job that runs."""
    job = jobs.add(slug, ASKED, actor="ada", now=1.0)
    jobs.move(job.id, ("queued",), "counting")
    jobs.count(job.id, 5)
    return found(jobs, job.id)


def found(jobs: Jobs, id_: int) -> Job:
    job = jobs.find(id_)
    assert job is not None
    return job


def events(numbers: range) -> list[FedEvent]:
    text = '{"type":"track","messageId":"m-%d","timestamp":"2026-01-01T00:00:00.000Z",'
    rest = '"receivedAt":"2026-01-01T00:00:00.000Z","context":{},"integrations":{}}'
    return [FedEvent("web", 7, (text % number + rest).encode()) for number in numbers]


def test_a_job_is_kept_as_it_was_asked_for(jobs: Jobs) -> None:
    made = jobs.add("hook", ASKED, actor="ada", now=1.5)

    again = found(jobs, made.id)

    assert again == made
    assert (again.asked, again.state, again.created_by) == (ASKED, "queued", "ada")
    assert jobs.path.stat().st_mode & 0o777 == 0o600


def test_a_page_is_kept_once_however_often_the_same_step_is_taken(jobs: Jobs) -> None:
    job = begun(jobs)

    jobs.feed(job, events(range(3)), place="a", is_fed=False)
    jobs.feed(job, events(range(3)), place="a", is_fed=False)
    jobs.feed(found(jobs, job.id), events(range(3, 5)), place="b", is_fed=True)

    last = found(jobs, job.id)
    assert (last.fed, last.place, last.is_fed, last.selected) == (5, "b", True, 5)
    pages = [jobs.page_at(job.id, number) for number in (0, 2, 3, 4)]
    assert [page and (page.first, page.events) for page in pages] == [
        (0, events(range(3))),
        (0, events(range(3))),
        (3, events(range(3, 5))),
        (3, events(range(3, 5))),
    ]
    assert jobs.page_at(job.id, 5) is None
    assert jobs.ahead(job.id)[0] == 5


@pytest.mark.parametrize("state", ["paused", *ENDED])
def test_a_job_that_has_moved_on_is_not_fed(jobs: Jobs, state: Any) -> None:
    job = begun(jobs)
    jobs.move(job.id, ("running",), state, ended_at=2.0)

    jobs.feed(job, events(range(3)), place="a", is_fed=False)

    assert found(jobs, job.id).fed == 0
    assert jobs.ahead(job.id) == (0, 0)


def test_what_was_really_read_is_what_was_selected(jobs: Jobs) -> None:
    fewer, more = begun(jobs), begun(jobs)

    jobs.feed(fewer, events(range(3)), place="", is_fed=True)
    jobs.feed(more, events(range(7)), place="", is_fed=False)

    assert found(jobs, fewer.id).selected == 3
    assert found(jobs, more.id).selected == 7


def test_pages_go_only_when_all_their_events_were_dealt_with(jobs: Jobs) -> None:
    job = begun(jobs)
    jobs.feed(job, events(range(3)), place="a", is_fed=False)
    positions = FeedPositions(jobs, job.id)

    positions.advance({0: 2})
    before = jobs.ahead(job.id)[0]
    positions.advance({0: 3})

    assert before == 3
    assert jobs.ahead(job.id)[0] == 0


def test_old_jobs_are_those_of_long_ago_and_those_beyond_the_newest(jobs: Jobs) -> None:
    made = [jobs.add("hook", ASKED, actor="ada", now=1.0).id for _ in range(4)]
    for id_, ended_at in zip(made, (10.0, 20.0, 30.0, None), strict=True):
        if ended_at is not None:
            jobs.move(id_, ("queued",), "done", ended_at=ended_at)

    by_age = [job.id for job in jobs.old(ended_before=15.0, kept_each=100)]
    by_number = [job.id for job in jobs.old(ended_before=0.0, kept_each=2)]

    assert by_age == made[:1]
    assert by_number == made[:2]


def feed_of(jobs: Jobs, *, events_per_s_max: int | None) -> Feed:
    """Return a feed of ten events in one page."""
    job = begun(jobs)
    jobs.feed(job, events(range(10)), place="", is_fed=True)

    async def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return Feed(jobs, job.id, events_per_s_max=events_per_s_max, run=run, now=time.monotonic)


def numbers(block: Open | None) -> list[str]:
    assert block is not None
    return [entry.line.message_id for entry in block.entries]


async def slices_of(feed: Feed) -> list[list[str]]:
    """Return everything that the feed gives, as it gives it."""
    feed.grow(10, is_fed=True)
    given: list[list[str]] = []
    offset = 0
    while offset < feed.ends()[0]:
        block = await feed.at(0, offset)
        given.append(numbers(block))
        assert block is not None
        offset = block.next
    return given


@pytest.mark.parametrize(("rate", "at_least_s"), [(20, 0.25), (40, 0.0), (None, 0.0)])
def test_a_feed_gives_everything_in_order_and_no_faster_than_it_may(
    jobs: Jobs, rate: int | None, at_least_s: float
) -> None:
    feed = feed_of(jobs, events_per_s_max=rate)
    begun_at = time.monotonic()

    given = asyncio.run(slices_of(feed))

    assert [each for one in given for each in one] == [f"m-{number}" for number in range(10)]
    assert time.monotonic() - begun_at >= at_least_s


def test_a_feed_goes_on_in_the_middle_of_a_page(jobs: Jobs) -> None:
    feed = feed_of(jobs, events_per_s_max=None)
    feed.begin(7)
    feed.grow(10, is_fed=True)

    block = asyncio.run(feed.at(0, 7))

    assert numbers(block) == ["m-7", "m-8", "m-9"]
    assert feed.ends_at() == 10


def test_a_stopped_feed_gives_nothing_more_and_says_where_it_stood(jobs: Jobs) -> None:
    feed = feed_of(jobs, events_per_s_max=None)
    feed.begin(4)
    feed.grow(10, is_fed=True)

    given = feed.stop()

    assert given == 4
    assert feed.ends() == {0: 4}
    assert asyncio.run(feed.at(0, 4)) is None


def test_a_damaged_file_is_told_by_the_doctor(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    jobs = jobs_of(config)
    begun(jobs)
    well = doctor._backfills(config)
    for suffix in ("-wal", "-shm"):
        Path(f"{jobs.path}{suffix}").unlink(missing_ok=True)
    jobs.path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)

    damaged = doctor._backfills(config)

    with pytest.raises(CorruptionError):
        jobs.find(1)
    assert [(each.topic, each.state) for each in well] == [("backfills", "ok")]
    assert [(each.topic, each.state) for each in damaged] == [("backfills", "failed")]
