"""Which requests leave a line in the log."""

import logging
from typing import Any

import pytest
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from tailrace.app.access import Hosts
from tailrace.app.border import Border
from tailrace.app.web import WebFiles
from tailrace.config import AppConfig


def answering(status: int) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


async def nothing() -> HTTPReceiveMessage:
    return {"type": "http.disconnect"}


async def nowhere(_message: Message) -> None:
    return None


async def lines_of(
    log: pytest.LogCaptureFixture, *, path: str, status: int, logs_all: bool = False
) -> list[tuple[str, str]]:
    log.set_level(logging.DEBUG, logger="tailrace")
    hosts = Hosts(AppConfig())
    border = Border(answering(status), hosts=hosts, web=WebFiles(), logs_all=logs_all)
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"token=secret",
        "headers": [(b"host", b"localhost:8283")],
    }
    await border(scope, nothing, nowhere)
    return [(one.levelname, one.getMessage().rsplit(" ", 2)[0]) for one in log.records]


async def test_a_request_that_went_well_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    assert await lines_of(caplog, path="/api/v1/status", status=200) == []


async def test_a_refused_request_leaves_a_line(caplog: pytest.LogCaptureFixture) -> None:
    lines = await lines_of(caplog, path="/api/v1/status", status=401)

    assert lines == [("INFO", "GET '/api/v1/status' 401")]


async def test_a_request_that_failed_leaves_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    lines = await lines_of(caplog, path="/api/v1/search", status=503)

    assert lines == [("WARNING", "GET '/api/v1/search' 503")]


async def test_asking_whether_it_is_ready_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    assert await lines_of(caplog, path="/readyz", status=503) == []


async def test_every_request_leaves_a_line_where_it_is_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = await lines_of(caplog, path="/api/v1/status", status=200, logs_all=True)

    assert lines == [("INFO", "GET '/api/v1/status' 200")]
