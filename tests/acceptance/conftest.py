"""Fixtures of the acceptance tests: running installations that end with their test or module."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("expecting", "loading", "proxying", "running", "server_sdks")

from running import Tailrace  # noqa: E402 - after it is said how to import it

MakeTailrace = Callable[..., Tailrace]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    """Give one running installation to all tests of a module; none of them may stop it."""
    yield from _started(Tailrace(tmp_path_factory.mktemp("tailrace")))


@pytest.fixture(scope="module")
def stoppable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    """Give one installation to all tests of a module; each leaves it running, whatever it did."""
    yield from _started(Tailrace(tmp_path_factory.mktemp("stoppable")))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Tailrace]:
    """Give a running installation of the test's own, empty, which it may stop and kill."""
    yield from _started(Tailrace(tmp_path))


@pytest.fixture
def make_tailrace(tmp_path: Path) -> Iterator[MakeTailrace]:
    """Give a function that makes installations, not started; they end with the test.

    Keywords are those of `Tailrace`, such as `settings`.
    """
    made: list[Tailrace] = []

    def make(**options: object) -> Tailrace:
        made.append(Tailrace(tmp_path / str(len(made)), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def _started(tailrace: Tailrace) -> Iterator[Tailrace]:
    try:
        yield tailrace.start()
    finally:
        tailrace.close()
