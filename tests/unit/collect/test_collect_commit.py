"""Group commit: what shares an append, and what is answered while the disk fails or stalls."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgi_client import KEY, Browserless, FaultyLog

from tailrace.collect import commit
from tailrace.collect.commit import Committer
from tailrace.collect.refusals import Refused
from tailrace.config import CollectConfig
from tailrace.errors import LogFullError, TransientError
from tailrace.log.contract import NewRecord

EVENT = {"writeKey": KEY, "userId": "u1", "event": "x"}


async def until(is_so: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not become so in time"
        await asyncio.sleep(0.005)


async def test_requests_that_come_during_an_append_share_the_next(client: Browserless) -> None:
    client.log.gate.clear()
    first = asyncio.create_task(client.post("/v1/track", EVENT))
    await until(lambda: client.app._committer._group_started_at > 0)  # type: ignore[union-attr]
    others = [asyncio.create_task(client.post("/v1/track", EVENT)) for _ in range(50)]
    await asyncio.sleep(0)

    client.log.gate.set()
    answers = await asyncio.gather(first, *others)

    assert [answer.status for answer in answers] == [200] * 51
    assert client.log.groups == [1, 50]
    assert sum(count.events for count in client.log.counts) == 51


async def test_no_answer_before_the_append_returned(client: Browserless) -> None:
    client.log.gate.clear()

    request = asyncio.create_task(client.post("/v1/track", EVENT))
    done, _ = await asyncio.wait([request], timeout=0.1)

    assert not done
    client.log.gate.set()
    assert (await request).status == 200


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogFullError("the disk is full"), "log_full"),
        (TransientError("input/output error"), "log_unavailable"),
    ],
)
async def test_a_log_that_refuses_is_a_503_and_not_ready(
    error: Exception, code: str, client: Browserless
) -> None:
    client.log.fails_with = error

    response = await client.post("/v1/track", EVENT)
    readiness = await client.get("/readyz")

    assert (response.status, response.json["code"]) == (503, code)
    assert 1 <= int(response.header("retry-after") or 0) <= 300
    assert (readiness.status, readiness.json["code"]) == (503, code)


async def test_a_log_that_is_full_before_anybody_sends_is_not_ready(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "ASK_EVERY_S", 0.01)
    client = await start(CollectConfig())
    assert (await client.get("/readyz")).status == 200

    client.log.fails_with = LogFullError("the disk is full")
    await until(lambda: client.app._committer.refusing() is not None)

    readiness = await client.get("/readyz")
    assert (readiness.status, readiness.json["code"]) == (503, "log_full")
    assert client.log.groups == []


async def test_a_log_that_takes_records_again_is_ready(client: Browserless) -> None:
    client.log.fails_with = LogFullError("the disk is full")
    await client.post("/v1/track", EVENT)

    client.log.fails_with = None
    response = await client.post("/v1/track", EVENT)

    assert response.status == 200
    assert (await client.get("/readyz")).status == 200


async def test_a_pixel_shows_its_picture_while_the_disk_refuses(client: Browserless) -> None:
    client.log.fails_with = LogFullError("the disk is full")

    response = await client.get(
        "/v1/pixel/track", query=f"writeKey={KEY}&userId=u1&event=Email%20Opened"
    )

    assert (response.status, response.header("content-type")) == (200, "image/gif")
    assert client.log.records == []


async def test_a_stalled_append_is_answered_503(start: Any) -> None:
    client = await start(CollectConfig(fsync_timeout_s=0.2))
    client.log.gate.clear()

    first = asyncio.create_task(client.post("/v1/track", EVENT))
    await until(lambda: client.app._committer._group_started_at > 0)
    behind = asyncio.create_task(client.post("/v1/track", EVENT))
    answers = [await first, await behind]
    at_once = await client.post("/v1/track", EVENT)
    readiness = await client.get("/readyz")

    assert [answer.json["code"] for answer in (*answers, at_once, readiness)] == ["log_stalled"] * 4
    assert {answer.status for answer in answers} == {503}
    client.log.gate.set()
    await until(lambda: client.app._committer.refusing() is None)
    assert (await client.post("/v1/track", EVENT)).status == 200
    # The one in the append became durable after all; the one behind it was taken out.
    assert len(client.log.records) == 2


async def test_a_full_queue_is_answered_503_and_empties_again(start: Any) -> None:
    client = await start(CollectConfig(queue_bytes_max=1_000))
    client.log.gate.clear()
    requests = [asyncio.create_task(client.post("/v1/track", EVENT)) for _ in range(10)]
    await until(lambda: any(request.done() for request in requests))

    client.log.gate.set()
    answers = await asyncio.gather(*requests)

    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.json["code"] for answer in refused} == {"queue_full"}
    assert len(client.log.records) == 10 - len(refused) > 0
    assert client.app._committer._queue_bytes == 0
    assert (await client.post("/v1/track", EVENT)).status == 200


async def test_a_record_larger_than_the_queue_passes_when_it_is_empty(start: Any) -> None:
    client = await start(CollectConfig(queue_bytes_max=10))

    assert (await client.post("/v1/track", EVENT)).status == 200


async def test_counts_are_summed_per_source_and_minute(client: Browserless) -> None:
    client.log.gate.clear()
    batch = {"writeKey": KEY, "batch": [1, 2, 3]}
    requests = [asyncio.create_task(client.post("/v1/batch", batch)) for _ in range(4)]
    await asyncio.sleep(0)
    client.log.gate.set()

    await asyncio.gather(*requests)

    assert sum(count.events for count in client.log.counts) == 12
    assert {count.source for count in client.log.counts} == {"web"}
    minutes = {call.received_at // 60_000_000 for call in client.log.calls}
    assert {count.minute for count in client.log.counts} == minutes


@pytest.fixture
async def committer() -> AsyncIterator[tuple[Committer, FaultyLog, list[BaseException]]]:
    log = FaultyLog()
    failures: list[BaseException] = []
    committer = Committer(
        log,
        loop=asyncio.get_running_loop(),
        queue_bytes_max=1_000_000_000,
        fsync_timeout_s=30,
        on_failure=failures.append,
    )
    yield committer, log, failures
    await committer.close()


async def test_closing_appends_what_waits_and_refuses_the_rest(
    committer: tuple[Committer, FaultyLog, list[BaseException]],
) -> None:
    subject, log, _ = committer
    log.gate.clear()
    futures = [
        subject.submit(NewRecord(b"k", b"%d" % n), source="web", minute=1, events=1)
        for n in range(3)
    ]

    closing = asyncio.create_task(subject.close())
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="stopping"):
        subject.submit(NewRecord(b"k", b"late"), source="web", minute=1, events=1)
    log.gate.set()
    await closing

    assert [await future for future in futures] == [None] * 3
    assert [record.body for record in log.records] == [b"0", b"1", b"2"]
    assert log.is_closed


async def test_closing_leaves_an_append_that_does_not_end(
    committer: tuple[Committer, FaultyLog, list[BaseException]], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, log, _ = committer
    monkeypatch.setattr(commit, "JOIN_S_MAX", 0.1)
    log.gate.clear()
    future = subject.submit(NewRecord(b"k", b"x"), source="web", minute=1, events=1)

    subject.hurry(0.1)
    refused = await future
    has_ended = await subject.close()

    assert refused is not None
    assert refused.code == "log_stalled"
    assert not has_ended
    assert not log.is_closed
    log.gate.set()


async def test_one_append_holds_a_bounded_number_of_bytes(
    committer: tuple[Committer, FaultyLog, list[BaseException]],
) -> None:
    subject, log, _ = committer
    log.gate.clear()
    body = bytes(3_000_000)
    futures = [
        subject.submit(NewRecord(b"k", body), source="web", minute=1, events=1) for _ in range(8)
    ]

    log.gate.set()
    results = await asyncio.gather(*futures)

    assert results == [None] * 8
    assert sum(log.groups) == 8
    assert max(log.groups) <= 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_broken_writer_answers_everybody_and_ends_the_collector(
    committer: tuple[Committer, FaultyLog, list[BaseException]],
) -> None:
    subject, log, failures = committer
    log.fails_with = ZeroDivisionError("a bug")

    refused = await subject.submit(NewRecord(b"k", b"x"), source="web", minute=1, events=1)
    await until(lambda: bool(failures))

    assert refused is not None
    assert refused.status == 503
    assert isinstance(failures[0], ZeroDivisionError)
    with pytest.raises(Refused):
        subject.submit(NewRecord(b"k", b"y"), source="web", minute=1, events=1)
    assert subject.refusing() is not None
