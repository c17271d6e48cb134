"""The questions of whoever asks that wait or run: how far they are, and how to stop them."""

from datetime import UTC, datetime

import msgspec
from litestar import delete, get
from litestar.params import FromPath

from tailrace.app.askers import RunningQuestion
from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import FINDING, READING


class QuestionProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A question; `rows_in_all` is the engine's estimate for the statement that runs now.

    All numbers are 0 while it waits for its turn or is between two statements.
    """

    id: str
    asked_at: datetime
    is_begun: bool
    elapsed_s: float
    rows_read: int
    rows_in_all: int
    memory_bytes: int


class QuestionsRunning(msgspec.Struct, frozen=True, kw_only=True):
    """The questions of whoever asks that wait or run, the oldest first."""

    questions: list[QuestionProgress]


@get(
    "/questions",
    tags=["questions"],
    summary="List running questions",
    responses=READING,
    opt=needs("events:read"),
)
async def list_questions(request: Ask, parts: Given) -> QuestionsRunning:
    """Return your questions that wait or run, and how far they are."""
    found = parts.asking.of(actor_of(request))
    return QuestionsRunning(questions=[await _progress(parts, question) for question in found])


@delete(
    "/questions/{question_id:str}",
    status_code=204,
    tags=["questions"],
    summary="Stop a question",
    responses=FINDING,
    opt=needs("events:read"),
)
async def stop_question(request: Ask, parts: Given, question_id: FromPath[str]) -> None:
    """Stop one of your questions; whoever waits for its answer gets status 503."""
    if not await parts.asking.stop(actor_of(request), question_id):
        raise ProblemError(
            NOT_FOUND, f"none of your questions with the id '{question_id[:80]}' waits or runs"
        )


async def _progress(parts: Parts, question: RunningQuestion) -> QuestionProgress:
    progress = await parts.asking.progress(question) if question.is_begun else None
    return QuestionProgress(
        id=question.id,
        asked_at=datetime.fromtimestamp(question.asked_at, UTC),
        is_begun=question.is_begun,
        elapsed_s=round(progress.elapsed_s, 3) if progress else 0.0,
        rows_read=progress.rows_read if progress else 0,
        rows_in_all=progress.rows_in_all if progress else 0,
        memory_bytes=progress.memory_bytes if progress else 0,
    )
