"""A test event to a tool that is not reached by HTTP: what it says of itself is shown."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tailrace.config import Config
from tailrace.control.document import DocumentDestination
from tailrace.deliver.trying import Tried, Trying
from tailrace.destinations import Catalog
from tailrace.destinations.api import (
    Action,
    Delivered,
    Destination,
    Mapped,
    Outcome,
    Tools,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """No settings at all."""


@dataclass(frozen=True)
class Payload:
    name: Annotated[str, Mapped("The event's name.", default={"@path": "$.event"})]


async def say(payloads: Sequence[Any], _: Any, tools: Tools) -> Sequence[Outcome]:
    await tools.blocking(lambda: tools.exchanged(f"APPEND {payloads[0].name}", "OK 1"))
    return [Delivered()] * len(payloads)


async def keep_silent(payloads: Sequence[Any], _: Any, __: Tools) -> Sequence[Outcome]:
    return [Delivered()] * len(payloads)


def tried(send: Any, tmp_path: Path) -> Tried:
    action = Action(slug="say", name="Say", description="Says it.", fields=Payload, send=send)
    kind = Destination(
        slug="line", name="Line", description="A line.", settings=Settings, actions=(action,)
    )
    trying = Trying(Config(data_dir=tmp_path), Catalog(types={"line": kind}, problems=()), None)
    destination = DocumentDestination(slug="my-line", type="line", version=1)
    event = {"type": "track", "event": "Ordered", "userId": "u-1"}
    return asyncio.run(trying.send(destination, given=event, subscription="", blocks=lambda: ()))


def test_what_was_said_without_http_is_shown_as_request_and_answer(tmp_path: Path) -> None:
    found = tried(say, tmp_path)

    assert found.request is not None
    assert found.response is not None
    assert (found.outcome, found.request.method, found.request.url) == ("delivered", "", "")
    assert (found.request.body, found.response.body) == ("APPEND Ordered", "OK 1")
    assert found.response.status == 0


def test_a_tool_that_says_nothing_shows_nothing(tmp_path: Path) -> None:
    found = tried(keep_silent, tmp_path)

    assert (found.outcome, found.request, found.response) == ("delivered", None, None)
