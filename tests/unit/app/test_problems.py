"""Errors as problem documents."""

import asyncio
import threading

import msgspec
import pytest

from tailrace.app.moments import moment
from tailrace.app.problems import (
    PARAMETER,
    TOO_MANY,
    UNAUTHENTICATED,
    ProblemError,
    as_problem,
    document,
)
from tailrace.app.set_aside import Cursor, read_cursor
from tailrace.app.workers import Workers
from tailrace.errors import LimitError, LogFullError, QueryError, TransientError
from tailrace.query.times import from_ms


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (QueryError("no"), "query", 400),
        (LimitError("no"), "limit", 422),
        (TransientError("no"), "unavailable", 503),
        (LogFullError("no"), "unavailable", 503),
        (RecursionError(), "body", 400),
        (ZeroDivisionError("secret"), "internal", 500),
    ],
)
def test_each_error_is_answered_as_its_class_says(error: Exception, code: str, status: int) -> None:
    problem = as_problem(error)

    assert (problem.kind.code, problem.kind.status) == (code, status)
    assert "secret" not in problem.detail


def test_a_question_that_is_not_valid_says_where_and_what_to_do() -> None:
    _, _, body = document(as_problem(QueryError("no value", position=6, hint="add one")))

    read = msgspec.json.decode(body)
    assert read["type"] == "urn:tailrace:problem:query"
    assert (read["detail"], read["position"], read["hint"]) == ("no value", 6, "add one")


def test_waiting_is_told_in_the_header_and_the_body() -> None:
    status, headers, body = document(ProblemError(TOO_MANY, "wait", retry_after_s=7))

    assert status == 429
    assert ("retry-after", "7") in headers
    assert msgspec.json.decode(body)["retry_after_s"] == 7


def test_who_is_not_signed_in_is_told_how() -> None:
    _, headers, _ = document(ProblemError(UNAUTHENTICATED, "sign in"))

    assert dict(headers)["www-authenticate"].startswith("Bearer")


def test_a_time_in_the_query_string_is_read_like_one_of_a_question() -> None:
    now = from_ms(1_000_000_000_000)

    assert moment("", name="until", now=now) == now
    assert moment("1h", name="since", now=now) == from_ms(1_000_000_000_000 - 3_600_000)
    with pytest.raises(ProblemError, match="since") as error:
        moment("yesterday", name="since", now=now)
    assert error.value.kind is PARAMETER


@pytest.mark.parametrize("text", ["?", "", "WzFd", "bnVsbA", "é", "W1siIl1d"])
def test_a_cursor_of_somebody_else_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        read_cursor(text)


def test_a_cursor_comes_back_as_it_was() -> None:
    cursor = Cursor(1_763_717_400_123, 2, 918_204, 17)

    assert read_cursor(str(cursor)) == cursor


async def test_a_line_that_is_full_refuses_and_empties_again() -> None:
    workers = Workers("test", threads=1, waiting_max=0)

    assert await workers.run(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0)
    assert await workers.run(lambda: 6) == 6
    workers.refuse()
    with pytest.raises(TransientError, match="stopping"):
        await workers.run(lambda: 7)
    workers.close()


async def test_one_call_too_many_is_refused_at_once() -> None:
    workers = Workers("test", threads=1, waiting_max=1)
    go_on = threading.Event()
    running = [asyncio.ensure_future(workers.run(go_on.wait, 30.0)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(TransientError, match="waiting"):
        await workers.run(lambda: 1)

    go_on.set()
    assert await asyncio.gather(*running) == [True, True]
    workers.close()
