"""Tokens, sessions, failed tries, other sites and hosts."""

import stat
from pathlib import Path

import pytest

from tailrace.app.access import (
    COOKIE,
    FAILURES_MAX,
    FAILURES_WINDOW_S,
    Access,
    Hosts,
    LocalToken,
    refuse_cross_site,
    require_same_site,
)
from tailrace.app.problems import ProblemError
from tailrace.app.sessions import SESSIONS_MAX, Sessions
from tailrace.config import AppConfig, token_hash
from tailrace.errors import ConfigError

TOKEN = "trt_right"


class ManualClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _sessions(tmp_path: Path, clock: ManualClock) -> Sessions:
    return Sessions(tmp_path / "sessions.json", age_s_max=100.0, clock=clock)


def _access(tmp_path: Path, clock: ManualClock, *, token: str = TOKEN) -> Access:
    return Access(
        token_hashes=[token_hash(token)],
        local_token="trl_local",
        sessions=_sessions(tmp_path, clock),
        clock=clock,
    )


def _require(access: Access, *, method: str = "GET", cookie: str = "", **headers: str) -> None:
    access.require(
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        cookies={COOKIE: cookie} if cookie else {},
        address="10.0.0.1",
    )


def _status(error: pytest.ExceptionInfo[ProblemError]) -> int:
    return error.value.kind.status


def test_a_valid_token_is_let_in(tmp_path: Path) -> None:
    access = _access(tmp_path, ManualClock())

    _require(access, method="POST", authorization=f"Bearer {TOKEN}")
    _require(access, method="POST", authorization="bearer trl_local")


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer ", "Bearer", "Basic dHJ0X3JpZ2h0", ""]
)
def test_anything_else_is_401(tmp_path: Path, authorization: str) -> None:
    access = _access(tmp_path, ManualClock())

    with pytest.raises(ProblemError) as error:
        _require(access, authorization=authorization)

    assert _status(error) == 401


def test_no_token_and_no_session_is_401(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as error:
        _require(_access(tmp_path, ManualClock()))

    assert _status(error) == 401


def test_too_many_wrong_tokens_are_429_until_the_window_has_passed(tmp_path: Path) -> None:
    clock = ManualClock()
    access = _access(tmp_path, clock)
    for _ in range(FAILURES_MAX):
        with pytest.raises(ProblemError):
            access.sign_in("wrong", address="10.0.0.1")

    with pytest.raises(ProblemError) as error:
        access.sign_in(TOKEN, address="10.0.0.1")
    assert _status(error) == 429
    assert error.value.retry_after_s == FAILURES_WINDOW_S
    access.sign_in(TOKEN, address="10.0.0.2")

    clock.now += FAILURES_WINDOW_S
    access.sign_in(TOKEN, address="10.0.0.1")


def test_the_local_token_works_while_its_address_has_to_wait(tmp_path: Path) -> None:
    access = _access(tmp_path, ManualClock())
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(ProblemError):
            _require(access, authorization="Bearer wrong")

    _require(access, authorization="Bearer trl_local")


def test_the_local_token_opens_no_session(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as error:
        _access(tmp_path, ManualClock()).sign_in("trl_local", address="10.0.0.1")

    assert _status(error) == 401


def test_a_session_lets_in_until_it_ends(tmp_path: Path) -> None:
    clock = ManualClock()
    access = _access(tmp_path, clock)
    session_id = access.sign_in(TOKEN, address="10.0.0.1")

    _require(access, cookie=session_id)
    clock.now += 101

    assert not access.is_signed_in(session_id)


def test_a_session_survives_a_restart_but_not_its_token(tmp_path: Path) -> None:
    clock = ManualClock()
    session_id = _access(tmp_path, clock).sign_in(TOKEN, address="10.0.0.1")

    assert _access(tmp_path, clock).is_signed_in(session_id)
    assert not _access(tmp_path, clock, token="trt_new").is_signed_in(session_id)


def test_signing_out_ends_the_session_for_good(tmp_path: Path) -> None:
    clock = ManualClock()
    access = _access(tmp_path, clock)
    session_id = access.sign_in(TOKEN, address="10.0.0.1")

    access.sign_out(session_id)

    assert not access.is_signed_in(session_id)
    assert not _access(tmp_path, clock).is_signed_in(session_id)


def test_the_sessions_file_holds_no_session_id_and_is_private(tmp_path: Path) -> None:
    session_id = _access(tmp_path, ManualClock()).sign_in(TOKEN, address="10.0.0.1")

    path = tmp_path / "sessions.json"
    assert session_id not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"{", b"\xff", b'{"a": 1}', b""])
def test_a_damaged_sessions_file_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "sessions.json").write_bytes(damage)

    with pytest.raises(ConfigError, match=r"sessions\.json is damaged"):
        _sessions(tmp_path, ManualClock())


def test_sessions_are_bounded_and_the_oldest_ends_first(tmp_path: Path) -> None:
    sessions = _sessions(tmp_path, ManualClock())
    first = sessions.open("hash")
    others = [sessions.open("hash") for _ in range(SESSIONS_MAX)]

    assert not sessions.is_open(first, token_hashes=["hash"])
    assert sessions.is_open(others[0], token_hashes=["hash"])


def test_a_cookie_alone_cannot_change_anything(tmp_path: Path) -> None:
    access = _access(tmp_path, ManualClock())
    session_id = access.sign_in(TOKEN, address="10.0.0.1")

    with pytest.raises(ProblemError) as error:
        _require(access, method="POST", cookie=session_id)
    assert _status(error) == 403
    with pytest.raises(ProblemError):
        _require(access, method="POST", cookie=session_id, sec_fetch_site="cross-site")
    _require(access, method="POST", cookie=session_id, x_tailrace_request="1")
    _require(access, method="POST", cookie=session_id, sec_fetch_site="same-origin")


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
