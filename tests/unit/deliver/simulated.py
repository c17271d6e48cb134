"""Deliveries in simulated time: an event loop whose clock jumps to whatever happens next."""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from tailrace.deliver.blocks import Blocks, Open
from tailrace.deliver.orders import orders_of
from tailrace.deliver.plans import Target
from tailrace.deliver.runner import Runner
from tailrace.deliver.state import State, Totals, facts, looking, totals
from tailrace.destinations.api import (
    Action,
    Batching,
    Delivered,
    Destination,
    Json,
    Mapped,
    Outcome,
)
from tailrace.destinations.sending import WHOLE_EVENT
from tailrace.event import Block, encode_block
from tailrace.log import EVENTS, NewRecord
from tailrace.testing import MemoryLog
from tailrace.testing.destinations import FakeTools

P = ParamSpec("P")
T = TypeVar("T")

BEGIN = 1_800_000_000.0
LOOKED_EVERY_S = 5.0


class _Jumping(selectors.PollSelector):
    """Never waits: tells the loop how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is left that could happen")
        self.waited(max(0.0, timeout))
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Its time passes only while everybody waits, and then at once."""

    def __init__(self) -> None:
        self._passed = 0.0
        selector = _Jumping()
        super().__init__(selector)
        selector.waited = self._pass

    def time(self) -> float:
        return self._passed

    def _pass(self, seconds: float) -> None:
        self._passed += seconds


def simulate(main: Callable[[], Awaitable[T]]) -> T:
    """Return what comes of a coroutine that is run in simulated time."""
    loop = SimulatedLoop()

    async def run() -> T:
        return await main()

    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


def now() -> float:
    """Return the seconds since 1970 by the simulated clock."""
    return BEGIN + asyncio.get_running_loop().time()


async def run_at_once(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function without a thread; it takes a moment."""
    await asyncio.sleep(0.001)
    return function(*args, **kwargs)


@dataclass(frozen=True)
class Settings:
    """No settings at all."""


@dataclass(frozen=True)
class Payload:
    event: Annotated[Json, Mapped("The event.", default=WHOLE_EVENT)]


class Tool:
    """A tool that takes a while for each batch; `answer` says what becomes of numbers."""

    def __init__(self, *, took_s: float = 0.05) -> None:
        self.took_s = took_s
        self.answer: Callable[[Sequence[int]], Sequence[Outcome]] = lambda numbers: (
            [Delivered(200)] * len(numbers)
        )
        self.taken: list[int] = []
        self.requests = 0
        self.at_once = 0
        self.most_at_once = 0
        self.begun: list[tuple[float, int]] = []

    async def send(self, payloads: Sequence[Payload], _: Settings, __: Any) -> Sequence[Outcome]:
        self.requests += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.append((now(), len(payloads)))
        numbers = [json.loads(payload.event)["properties"]["n"] for payload in payloads]
        try:
            await asyncio.sleep(self.took_s)
            outcomes = self.answer(numbers)
        finally:
            self.at_once -= 1
        self.taken += [
            number
            for number, outcome in zip(numbers, outcomes, strict=True)
            if isinstance(outcome, Delivered)
        ]
        return outcomes


def target_of(tool: Tool, *, batching: Batching | None = None, **rules: Any) -> Target:
    """Return a destination of a tool that gets every event."""
    action = Action(
        slug="send",
        name="Send",
        description="Sends.",
        fields=Payload,
        send=tool.send,
        batching=lambda _: batching,
    )
    kind = Destination(
        slug="tool", name="Tool", description="A tool.", settings=Settings, actions=(action,)
    )
    return Target(slug="tool", version=1, type=kind, settings=Settings(), **rules)


class Stored:
    """A log of numbered events of some users; it can be read as a runner does."""

    def __init__(self, *, users: int = 10, bytes_each: int = 0) -> None:
        self.log = MemoryLog()
        self._writer = self.log.writer(EVENTS)
        self._blocks = Blocks(waiting=self.log, reading=self.log, run=run_at_once)
        self._users = users
        self._padding = "x" * bytes_each
        self.received: list[float] = []

    def store(self, events: int, *, at: float | None = None) -> None:
        """Append one block of events that were received at a moment, now without one."""
        at = now() if at is None else at
        moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
        first = len(self.received)
        self.received += [at] * events
        lines = [
            json.dumps(
                {
                    "message_id": f"m-{number}",
                    "type": "track",
                    "event": "Sent",
                    "source": "web",
                    "user_id": self.user_of(number),
                    "timestamp": moment,
                    "received_at": moment.replace("+00:00", "Z"),
                    "properties": {"n": number, "padding": self._padding},
                    "traits": {},
                    "context": {},
                    "integrations": {},
                    "raw_partition": 0,
                    "raw_offset": 0,
                    "raw_index": number,
                }
            )
            for number in range(first, first + events)
        ]
        micros = int(at * 1e6)
        counts = [("web", int(at) // 60, events)]
        text = "\n".join(lines).encode()
        block = Block(1, counts, b"", (micros, micros), events, text, 0, b"")
        self._writer.append([NewRecord(b"", encode_block(block))])

    def user_of(self, number: int) -> str:
        return f"u-{number % self._users}"

    def ends(self) -> Mapping[int, int]:
        """See `blocks.Reads`."""
        return {number: each.next for number, each in self.log.extents(EVENTS).items()}

    async def grown(self, seen: Mapping[int, int]) -> None:
        """See `blocks.Reads`."""
        while self.ends() == seen:  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(LOOKED_EVERY_S)

    async def at(self, partition: int, offset: int) -> Open | None:
        """See `blocks.Reads`."""
        return await self._blocks.at(partition, offset)


class _Unheard:
    def advance(self, positions: Mapping[int, int]) -> None:
        """See `blocks.Advances`; nothing is removed from the log here."""


class Running:
    """A runner of a destination, and what its file says."""

    def __init__(self, path: Path, stored: Stored, target: Target) -> None:
        self.path = path
        self._stored = stored
        self._target = target
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, or go on from what is durable."""
        runner = Runner(
            self._target,
            state=State(self.path),
            blocks=self._stored,
            consumer=_Unheard(),
            tools=FakeTools(),
            run=run_at_once,
            now=now,
        )
        self._task = asyncio.create_task(runner.run())

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    def facts(self) -> Mapping[str, Any]:
        with looking(self.path) as connection:
            return facts(connection)

    def totals(self) -> Totals:
        with looking(self.path) as connection:
            return totals(connection).get("send", Totals(0, 0, 0, 0))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with looking(self.path) as connection:
            return connection.execute(sql).fetchall()

    def is_drained(self) -> bool:
        return orders_of(self.facts()).is_drained

    async def wait(self, is_so: Callable[[], bool], *, within_s: float) -> float:
        """Wait until it is so; return how many simulated seconds that took."""
        begun_at = now()
        while not is_so():
            assert self._task is not None
            if self._task.done():
                self._task.result()
            assert now() - begun_at < within_s, f"{self.totals()} {self.facts()}"
            await asyncio.sleep(max(1.0, within_s / 300.0))
        return now() - begun_at

    async def ended(self, events: int, *, within_s: float) -> float:
        """Wait until so many events have an outcome that stays."""

        def have_ended() -> bool:
            found = self.totals()
            return not found.parked and sum(found) == events

        return await self.wait(have_ended, within_s=within_s)


@contextmanager
def in_order(stored: Stored, tool: Tool) -> Iterator[None]:
    """Assert afterwards that each user's events arrived in order."""
    yield
    by_user: dict[str, list[int]] = {}
    for number in dict.fromkeys(tool.taken):
        by_user.setdefault(stored.user_of(number), []).append(number)
    for user, numbers in by_user.items():
        assert numbers == sorted(numbers), user
