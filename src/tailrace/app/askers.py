"""Questions in the name of somebody: some at once for each, ended when nobody waits for the answer.

The guard of the API says who asks by `ask_for`; whatever the route then runs through `Asking` is
counted for them, shown to them while it runs, and stopped when their connection closes.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, NamedTuple, ParamSpec, TypeVar

from tailrace.app.problems import TOO_MANY, ProblemError
from tailrace.app.workers import Workers
from tailrace.errors import TransientError
from tailrace.query.stopping import Mark, Progress, marked
from tailrace.store import Store

WAITING_PER_ASKER_MAX: Final = 100
QUESTION_ID_PATTERN: Final = "^[A-Za-z0-9_-]{8,64}$"
_CLIENT_WAIT_S: Final = 5.0

_logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Asker(NamedTuple):
    """Who asks; what they call the question, or ""; and what returns when they are gone."""

    actor: str
    question_id: str
    gone: Callable[[], Awaitable[None]]


_ASKER: ContextVar[Asker | None] = ContextVar("asker", default=None)


def ask_for(asker: Asker) -> None:
    """Let what this request asks from now on be asked by somebody."""
    _ASKER.set(asker)


@dataclass(eq=False)
class RunningQuestion:
    """A question that waits or runs."""

    id: str
    actor: str
    mark: Mark = field(default_factory=Mark)
    asked_at: float = field(default_factory=time.time)
    is_begun: bool = False


class Asking:
    """Runs questions in threads; call from one event loop only."""

    def __init__(self, workers: Workers, store: Store, *, per_asker_max: int) -> None:
        self._workers = workers
        self._store = store
        self._per_asker_max = per_asker_max
        self._questions: list[RunningQuestion] = []
        self._inside: Counter[str] = Counter()
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns.

        Raises:
            ProblemError: too many questions of whoever asks are waiting.
            StoppedError: they stopped it, or are gone.
            TransientError: too many wait in all, or the server is stopping.
        """
        asker = _ASKER.get()
        if asker is None:
            return await self._workers.run(function, *args, **kwargs)
        question = RunningQuestion(asker.question_id or secrets.token_hex(8), asker.actor)

        def answer() -> T:
            question.is_begun = True
            with marked(question.mark):
                return function(*args, **kwargs)

        with self._noted(question):
            answering = asyncio.ensure_future(self._in_turn(asker.actor, answer))
            leaving = asyncio.ensure_future(asker.gone())
            try:
                await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    await self._stop(question)
                return await answering
            finally:
                leaving.cancel()
                answering.cancel()

    def of(self, actor: str) -> list[RunningQuestion]:
        """Return the questions of somebody that wait or run, the oldest first."""
        return [question for question in self._questions if question.actor == actor]

    async def progress(self, question: RunningQuestion) -> Progress | None:
        """Return how far a question is, None while no statement of it runs.

        Raises:
            TransientError: the store does not answer in time.
        """
        return await asyncio.to_thread(self._progress, question)

    async def stop(self, actor: str, question_id: str) -> bool:
        """Stop the questions of somebody that they call so; tell whether there was one.

        Raises:
            TransientError: the store does not answer in time.
        """
        found = [question for question in self.of(actor) if question.id == question_id]
        for question in found:
            await self._stop(question)
        return bool(found)

    def refuse(self) -> None:
        """Begin nothing new."""
        self._workers.refuse()

    def close(self) -> None:
        """Let what runs finish; what waits is not begun."""
        self._workers.close()

    async def _in_turn(self, actor: str, answer: Callable[[], T]) -> T:
        turn = self._turns.setdefault(actor, asyncio.Semaphore(self._per_asker_max))
        async with turn:
            return await self._workers.run(answer)

    @contextmanager
    def _noted(self, question: RunningQuestion) -> Iterator[None]:
        actor = question.actor
        if self._inside[actor] >= self._per_asker_max + WAITING_PER_ASKER_MAX:
            raise ProblemError(
                TOO_MANY,
                f"{WAITING_PER_ASKER_MAX} questions of {actor} are waiting already; ask again "
                "when some are answered",
                retry_after_s=2,
            )
        self._inside[actor] += 1
        self._questions.append(question)
        try:
            yield
        finally:
            self._questions.remove(question)
            self._inside[actor] -= 1
            if not self._inside[actor]:
                del self._inside[actor]
                self._turns.pop(actor, None)

    async def _stop(self, question: RunningQuestion) -> None:
        if not question.is_begun:
            # It has no statement yet, and begins none once it is marked.
            question.mark.forbid()
            return
        await asyncio.to_thread(self._stop_statement, question.mark)

    def _stop_statement(self, mark: Mark) -> None:
        mark.forbid()
        try:
            with self._store.client(timeout_s=_CLIENT_WAIT_S) as client:
                mark.stop(client)
        except TransientError as error:
            # Its time limit ends it then.
            _logger.warning("a question that nobody waits for goes on: %s", error)

    def _progress(self, question: RunningQuestion) -> Progress | None:
        with self._store.client(timeout_s=_CLIENT_WAIT_S) as client:
            return question.mark.progress(client)
