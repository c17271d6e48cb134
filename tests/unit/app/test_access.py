"""Tokens, what is known of credentials, failed tries, other sites and hosts."""

import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tailrace.app.access import (
    COOKIE,
    Access,
    Hosts,
    LocalToken,
    refuse_cross_site,
    require_same_site,
)
from tailrace.app.known import AWAY_S_MAX, FRESH_S, KNOWN_MAX, Known
from tailrace.app.problems import ProblemError
from tailrace.app.signing import FAILURES_MAX, FAILURES_WINDOW_S
from tailrace.app.tries import KEYS_MAX, FailedTries
from tailrace.app.workers import Workers
from tailrace.config import AppConfig, Config, token_hash
from tailrace.control.changes import Changes
from tailrace.control.credentials import LOCAL, OWNER, Credentials
from tailrace.control.database import open_engine
from tailrace.control.permissions import Principal
from tailrace.control.prepare import prepare
from tailrace.control.sessions import Sessions
from tailrace.errors import TransientError

TOKEN = "trt_right"
ADDRESS = "10.0.0.1"
ADA = Principal(actor="ada@example.com", role="viewer", permissions=frozenset({"account"}))


class ManualClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers("deciding", threads=2, waiting_max=64)
    yield workers
    workers.close()


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Changes]:
    config = Config(data_dir=tmp_path)
    prepare(config)
    changes = Changes(open_engine(config))
    yield changes
    changes.close()


@pytest.fixture
def sessions(changes: Changes) -> Sessions:
    return Sessions(changes)


@pytest.fixture
def access(changes: Changes, sessions: Sessions, workers: Workers, clock: ManualClock) -> Access:
    hashes = [token_hash(TOKEN)]
    return Access(
        token_hashes=hashes,
        local_token="trl_local",
        credentials=Credentials(changes, sessions, owner_hashes=hashes),
        workers=workers,
        clock=clock,
    )


@pytest.fixture
def cookie(sessions: Sessions) -> str:
    """Give the cookie of a browser that signed in with the owner's token."""
    opened = sessions.open(address=ADDRESS, user_agent="test", opened_with=token_hash(TOKEN))
    assert opened is not None
    return opened


async def _require(
    access: Access, *, method: str = "GET", cookie: str = "", **headers: str
) -> Principal:
    return await access.require(
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        cookies={COOKIE: cookie} if cookie else {},
        address=ADDRESS,
    )


def _status(error: pytest.ExceptionInfo[ProblemError]) -> int:
    return error.value.kind.status


# --- Tokens and cookies -------------------------------------------------------------------------


async def test_a_valid_token_is_let_in(access: Access) -> None:
    assert await _require(access, method="POST", authorization=f"Bearer {TOKEN}") == OWNER
    assert await _require(access, method="POST", authorization="bearer trl_local") == LOCAL


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer ", "Bearer", "Basic dHJ0X3JpZ2h0", ""]
)
async def test_anything_else_is_401(access: Access, authorization: str) -> None:
    with pytest.raises(ProblemError) as error:
        await _require(access, authorization=authorization)

    assert _status(error) == 401


@pytest.mark.parametrize("unknown", ["", "x", "a" * 43, "a" * 5_000, "\u00fc"])
async def test_no_token_and_no_open_session_is_401(access: Access, unknown: str) -> None:
    with pytest.raises(ProblemError) as error:
        await _require(access, cookie=unknown)

    assert _status(error) == 401


async def test_too_many_wrong_tokens_are_429_until_the_window_has_passed(
    access: Access, clock: ManualClock
) -> None:
    for _ in range(FAILURES_MAX):
        with pytest.raises(ProblemError):
            await _require(access, authorization="Bearer wrong")

    with pytest.raises(ProblemError) as error:
        await _require(access, authorization=f"Bearer {TOKEN}")
    assert _status(error) == 429
    assert error.value.retry_after_s == FAILURES_WINDOW_S

    clock.now += FAILURES_WINDOW_S
    assert await _require(access, authorization=f"Bearer {TOKEN}") == OWNER


async def test_the_local_token_works_while_its_address_has_to_wait(access: Access) -> None:
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(ProblemError):
            await _require(access, authorization="Bearer wrong")

    assert await _require(access, authorization="Bearer trl_local") == LOCAL


async def test_a_cookie_alone_cannot_change_anything(access: Access, cookie: str) -> None:
    with pytest.raises(ProblemError) as error:
        await _require(access, method="POST", cookie=cookie)
    assert _status(error) == 403
    with pytest.raises(ProblemError):
        await _require(access, method="POST", cookie=cookie, sec_fetch_site="cross-site")
    for headers in ({"x_tailrace_request": "1"}, {"sec_fetch_site": "same-origin"}):
        assert (await _require(access, method="POST", cookie=cookie, **headers)).role == "owner"


# --- What is known of credentials ---------------------------------------------------------------


class Directory:
    """Says who has which credentials, and counts how often it was asked."""

    def __init__(self) -> None:
        self.answer: Principal | None = ADA
        self.is_away = False
        self.asked = 0

    def __call__(self, digest: str) -> Principal | None:
        self.asked += 1
        if self.is_away:
            raise TransientError("away")
        return self.answer


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def known(workers: Workers, clock: ManualClock) -> Known:
    return Known(workers, clock=clock)


async def test_many_requests_in_a_moment_ask_once(known: Known, directory: Directory) -> None:
    for _ in range(20):
        assert await known.who("d", directory) == ADA

    assert directory.asked == 1


async def test_what_was_changed_elsewhere_holds_within_two_seconds(
    known: Known, directory: Directory, clock: ManualClock
) -> None:
    await known.who("d", directory)
    directory.answer = None

    clock.now += FRESH_S

    assert FRESH_S < 2.0
    assert await known.who("d", directory) is None


@pytest.mark.parametrize("how", [Known.forget, lambda known: known.drop("d")])
async def test_what_was_changed_here_holds_at_once(
    known: Known, directory: Directory, how: Callable[[Known], None]
) -> None:
    await known.who("d", directory)
    directory.answer = None

    how(known)

    assert await known.who("d", directory) is None


async def test_while_the_database_is_away_the_last_answer_counts_for_15_minutes(
    known: Known, directory: Directory, clock: ManualClock
) -> None:
    await known.who("d", directory)
    directory.is_away = True
    known.forget()

    clock.now += AWAY_S_MAX
    assert await known.who("d", directory) == ADA
    with pytest.raises(TransientError):
        await known.who("another", directory)
    clock.now += 1.0
    with pytest.raises(TransientError):
        await known.who("d", directory)

    directory.is_away = False
    assert await known.who("d", directory) == ADA


async def test_a_database_that_is_away_is_not_asked_for_every_request(
    known: Known, directory: Directory, clock: ManualClock
) -> None:
    await known.who("d", directory)
    directory.is_away = True
    clock.now += FRESH_S

    for _ in range(20):
        await known.who("d", directory)

    assert directory.asked == 2


async def test_a_database_that_hangs_holds_nobody_up_who_is_known(
    known: Known, directory: Directory, clock: ManualClock
) -> None:
    await known.who("d", directory)
    clock.now += FRESH_S
    answers = threading.Event()

    def hang(_digest: str) -> Principal | None:
        answers.wait(20.0)
        return None

    try:
        assert await known.who("d", hang) == ADA
    finally:
        answers.set()


async def test_a_change_while_the_database_is_asked_is_not_overlooked(
    known: Known, directory: Directory
) -> None:
    def ask(digest: str) -> Principal | None:
        answer = directory(digest)
        known.forget()
        return answer

    await known.who("d", ask)
    directory.answer = None

    assert await known.who("d", directory) is None


async def test_what_is_known_is_bounded(known: Known, directory: Directory) -> None:
    for number in range(KNOWN_MAX + 1):
        await known.who(f"d{number}", directory)

    before = directory.asked
    await known.who("d1", directory)
    assert directory.asked == before
    await known.who("d0", directory)
    assert directory.asked == before + 1


# --- Failed tries -------------------------------------------------------------------------------


def test_tries_that_did_not_fail_are_taken_back(clock: ManualClock) -> None:
    tries = FailedTries(failures_max=2, window_s=60.0, clock=clock)

    for _ in range(5):
        tries.add("a")
        tries.take_back("a")
    tries.add("a")

    assert tries.wait_s("a") == 0
    tries.add("a")
    assert tries.wait_s("a") == 60
    assert tries.wait_s("b") == 0


def test_tries_take_no_more_than_so_much_memory(clock: ManualClock) -> None:
    tries = FailedTries(failures_max=1, window_s=60.0, clock=clock)

    for number in range(KEYS_MAX + 1):
        tries.add(str(number))

    assert tries.wait_s("0") == 0
    assert tries.wait_s("1") == 60


# --- Other sites and hosts ----------------------------------------------------------------------


def test_signing_in_from_another_site_is_refused() -> None:
    refuse_cross_site({})
    refuse_cross_site({"sec-fetch-site": "same-origin"})
    for site in ("cross-site", "same-site"):
        with pytest.raises(ProblemError):
            refuse_cross_site({"sec-fetch-site": site})
    with pytest.raises(ProblemError):
        require_same_site({})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8283",
        "127.0.0.1:8283",
        "[::1]:8283",
        "[::1]",
        "LOCALHOST:1",
        "proxy",
    ],
)
def test_loopback_answers_to_its_own_names(host: str) -> None:
    Hosts(AppConfig(allowed_hosts=("proxy",))).require(host)


@pytest.mark.parametrize("host", ["", "evil.example", "localhost.evil.example:8283", "127.0.0.1.x"])
def test_loopback_refuses_other_names(host: str) -> None:
    with pytest.raises(ProblemError) as error:
        Hosts(AppConfig()).require(host)

    assert _status(error) == 421


def test_an_open_address_answers_to_every_name() -> None:
    Hosts(AppConfig(host="0.0.0.0")).require("tailrace.example.com")


def test_the_local_token_file_is_private_and_removed_by_its_owner_only(tmp_path: Path) -> None:
    older, newer = LocalToken(tmp_path), LocalToken(tmp_path)
    older.write()
    newer.write()

    assert stat.S_IMODE(newer.path.stat().st_mode) == 0o600
    older.remove()
    assert newer.path.read_text().strip() == newer.value
    newer.remove()
    assert not newer.path.exists()
