"""Collectors in this process, over logs whose disks can be made to fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from asgi_client import SOURCES, Browserless, FaultyLog

from tailrace.collect import make_app
from tailrace.config import CollectConfig, Config, Source

Start = Callable[..., Awaitable[Browserless]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Return what starts a collector with settings of the test's own."""
    running: list[tuple[asyncio.Task[None], asyncio.Queue[dict[str, str]]]] = []

    async def begin(
        collect: CollectConfig | None = None, sources: Sequence[Source] | None = None
    ) -> Browserless:
        config = Config(
            data_dir=tmp_path,
            collect=collect or CollectConfig(),
            sources=tuple(SOURCES if sources is None else sources),
        )
        log = FaultyLog()
        app = make_app(config, log)  # type: ignore[arg-type]
        messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        started: asyncio.Queue[str] = asyncio.Queue()

        async def send(message: dict[str, Any]) -> None:
            await started.put(message["type"])

        task = asyncio.create_task(app({"type": "lifespan"}, messages.get, send))  # type: ignore[arg-type]
        await messages.put({"type": "lifespan.startup"})
        assert await started.get() == "lifespan.startup.complete"
        running.append((task, messages))
        return Browserless(app, log)

    yield begin
    for task, messages in running:
        await messages.put({"type": "lifespan.shutdown"})
        await task


@pytest.fixture
async def client(start: Start) -> Browserless:
    """Return a client of a collector with the usual settings."""
    return await start()
