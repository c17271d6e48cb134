"""Signing in over the app's socket: cookies, one's own account, restarts, what stays secret."""

import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from app_server import DEADLINE_S, TOKEN, AppServer, track, until

EMAIL = "ada@example.com"
PASSWORD = "planted horse battery"
NEW_PASSWORD = "planted zebra battery"
WRITES = {"X-Tailrace-Request": "1"}
TWO_SECONDS = 2.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Give a server that was set up unattended, over a directory of an earlier release."""
    directory = tmp_path_factory.mktemp("app")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("TAILRACE_OWNER_EMAIL", "Ada@example.com")
        environ.setenv("TAILRACE_OWNER_PASSWORD", PASSWORD)
        server = AppServer(directory / "data")
    (server.data_dir / "sessions.json").write_text("{}")
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def browser(app: AppServer, password: str | None = PASSWORD) -> Iterator[httpx.Client]:
    """Give a browser that is signed in, unless the password is None."""
    with httpx.Client(
        base_url=app.url, timeout=30.0, headers={"User-Agent": "Browser/1"}
    ) as opened:
        if password is not None:
            assert sign_in(opened, email=EMAIL, password=password).status_code == 204
        yield opened


def sign_in(browser: httpx.Client, **fields: str) -> httpx.Response:
    return browser.post("/api/v1/session", json=fields)


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, kind and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    return response.status_code, found["type"].rpartition(":")[2], found.get("field", "")


def command(app: AppServer, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tailrace", *arguments],
        env=app.environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def moved_away(app: AppServer) -> Iterator[None]:
    """Take the control database away, as an unmounted disk would."""
    path = app.data_dir / "control.sqlite"
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


# --- In and out ---------------------------------------------------------------------------------


def test_the_sessions_of_an_earlier_release_are_removed_and_told_of(app: AppServer) -> None:
    assert not (app.data_dir / "sessions.json").exists()
    assert "sessions.json is no longer used" in app.output.read_text()


def test_a_password_is_exchanged_for_a_strict_cookie(app: AppServer) -> None:
    with browser(app, None) as opened:
        assert opened.get("/api/v1/session").json() == {
            "signed_in": False,
            "password": True,
            "oidc": None,
        }
        answer = sign_in(opened, email=EMAIL.upper(), password=PASSWORD)
        assert opened.get("/api/v1/session").json()["signed_in"] is True

    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_the_cookie_is_for_https_alone_where_the_page_came_by_it(app: AppServer) -> None:
    answer = httpx.post(
        f"{app.url}/api/v1/session",
        json={"token": TOKEN},
        headers={"X-Forwarded-Proto": "https"},
    )

    assert "Secure" in answer.headers["set-cookie"]


def test_signing_out_voids_the_cookie(app: AppServer) -> None:
    with browser(app) as opened:
        kept = dict(opened.cookies)
        assert opened.delete("/api/v1/session").status_code == 403
        assert opened.delete("/api/v1/session", headers=WRITES).status_code == 204

        assert not opened.cookies
        assert httpx.get(f"{app.url}/api/v1/me", cookies=kept).status_code == 401


def test_signing_in_again_takes_the_place_of_the_session_before(app: AppServer) -> None:
    with browser(app) as opened:
        kept = dict(opened.cookies)
        sign_in(opened, email=EMAIL, password=PASSWORD)

        assert dict(opened.cookies) != kept
        assert httpx.get(f"{app.url}/api/v1/me", cookies=kept).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": EMAIL}, "password"),
        ({"password": PASSWORD}, "email"),
        ({"email": EMAIL, "password": PASSWORD, "token": TOKEN}, "token"),
        ({"email": EMAIL, "password": "x" * 201}, "password"),
        ({"email": "x" * 255, "password": PASSWORD}, "email"),
        ({"email": "a\u0000@b", "password": PASSWORD}, "email"),
        ({"email": None, "password": PASSWORD}, "email"),
        ({"token": 7}, "token"),
        ({"token": TOKEN, "remember": True}, "remember"),
    ],
)
def test_a_field_that_is_wrong_is_named(app: AppServer, body: Any, field: str) -> None:
    answer = httpx.post(f"{app.url}/api/v1/session", json=body)

    assert problem(answer)[:2] == (400, "body")
    assert field in answer.json()["detail"]


def test_a_wrong_password_is_told_like_a_wrong_address(app: AppServer) -> None:
    with browser(app, None) as opened:
        wrong = sign_in(opened, email=EMAIL, password="wrong")
        nobody = sign_in(opened, email="nobody@example.com", password=PASSWORD)

    assert problem(wrong) == (401, "unauthenticated", "")
    assert wrong.json() == nobody.json()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_signs_anybody_in_or_out(app: AppServer, site: str) -> None:
    with browser(app) as opened:
        headers = {"Sec-Fetch-Site": site}
        body = {"email": EMAIL, "password": PASSWORD}

        for answer in (
            opened.post("/api/v1/session", json=body, headers=headers),
            opened.delete("/api/v1/session", headers=headers),
            opened.delete("/api/v1/me/sessions", headers=headers),
            opened.patch("/api/v1/me", json={"name": "Eve"}, headers=headers),
        ):
            assert problem(answer)[:2] == (403, "forbidden")
        assert opened.get("/api/v1/me").status_code == 200


# --- One's own account --------------------------------------------------------------------------


def test_a_member_sees_and_renames_themselves(app: AppServer) -> None:
    with browser(app) as opened:
        opened.headers.update(WRITES)
        me = opened.get("/api/v1/me").json()
        changed = opened.patch("/api/v1/me", json={"name": "Ada"}).json()

    assert (me["actor"], me["role"], me["sources"]) == (EMAIL, "owner", None)
    assert me["permissions"] == sorted(me["permissions"])
    assert {"id", "email", "name", "has_password", "oidc", "signed_in_at"} == set(me["member"])
    assert me["member"]["has_password"] is True
    assert me["workspace"]["name"] == "Tailrace"
    assert changed == {**me, "member": {**me["member"], "name": "Ada"}}


def test_a_token_of_no_member_is_nobody(app: AppServer) -> None:
    assert app.get("/api/v1/me")["member"] is None
    assert app.get("/api/v1/me")["actor"] == "owner"
    answer = app.client.patch("/api/v1/me", json={"name": "Eve"})
    assert problem(answer)[:2] == (409, "conflict")
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = app.client.post("/api/v1/me/password", json=passwords)
    assert problem(answer)[:2] == (409, "conflict")


def test_a_new_password_keeps_this_browser_and_ends_the_others(app: AppServer) -> None:
    with browser(app) as here, browser(app) as there:
        here.headers.update(WRITES)
        kept = dict(here.cookies)

        bad = {"current_password": PASSWORD, "new_password": EMAIL}
        assert problem(here.post("/api/v1/me/password", json=bad)) == (400, "body", "new_password")
        wrong = {"current_password": "wrong", "new_password": NEW_PASSWORD}
        answer = here.post("/api/v1/me/password", json=wrong)
        assert problem(answer) == (400, "body", "current_password")
        good = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert here.post("/api/v1/me/password", json=good).status_code == 204

        assert here.get("/api/v1/me").status_code == 200
        assert there.get("/api/v1/me").status_code == 401
        assert httpx.get(f"{app.url}/api/v1/me", cookies=kept).status_code == 401
        back = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
        assert here.post("/api/v1/me/password", json=back).status_code == 204


def test_sessions_are_listed_and_ended(app: AppServer) -> None:
    with browser(app) as here, browser(app) as there:
        here.headers.update(WRITES)
        sessions = here.get("/api/v1/me/sessions").json()
        [this] = [each for each in sessions if each["is_this"]]
        [other] = [each for each in there.get("/api/v1/me/sessions").json() if each["is_this"]]
        assert (this["address"], this["user_agent"]) == ("127.0.0.1", "Browser/1")

        assert here.delete(f"/api/v1/me/sessions/{other['id']}").status_code == 204
        assert there.get("/api/v1/me").status_code == 401
        assert problem(here.delete(f"/api/v1/me/sessions/{other['id']}"))[0] == 404

        assert here.delete("/api/v1/me/sessions").status_code == 204
        assert not here.cookies
        assert here.get("/api/v1/me").status_code == 401


def test_a_live_stream_ends_with_the_session_that_watches(app: AppServer) -> None:
    with (
        browser(app) as here,
        here.stream("GET", "/api/v1/live", timeout=DEADLINE_S) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines) == "event: status"

        here.delete("/api/v1/session", headers=WRITES)
        message_id = uuid.uuid4().hex
        app.send(track(message_id))

        assert message_id not in "".join(lines)


# --- Restarts, a database that is away, the command ---------------------------------------------


def test_a_session_outlives_kill_9(app: AppServer) -> None:
    with browser(app) as opened:
        app.stop(signal.SIGKILL)
        app.start()

        assert opened.get("/api/v1/me").json()["actor"] == EMAIL


def test_without_the_database_who_is_known_goes_on(app: AppServer) -> None:
    with browser(app) as known, browser(app) as stranger:
        me = known.get("/api/v1/me").json()

        with moved_away(app):
            assert known.get("/api/v1/me").json() == me
            assert known.post("/api/v1/search", json={}, headers=WRITES).status_code == 200
            assert app.get("/api/v1/ledger")["balanced"] is True
            for answer in (
                stranger.get("/api/v1/me"),
                sign_in(stranger, email=EMAIL, password=PASSWORD),
                known.delete("/api/v1/session", headers=WRITES),
            ):
                assert problem(answer)[:2] == (503, "unavailable")
                assert answer.headers["retry-after"]

        assert stranger.get("/api/v1/me").status_code == 200


def test_the_command_sets_a_password_and_ends_the_sessions(app: AppServer) -> None:
    with browser(app) as opened:
        made = command(app, "password", "--json")
        assert made.returncode == 0, made.stderr
        login = msgspec.json.decode(made.stdout)
        assert login["email"] == EMAIL
        until(
            lambda: opened.get("/api/v1/me").status_code == 401,
            what="end of the session",
            deadline_s=TWO_SECONDS,
        )
        assert sign_in(opened, email=EMAIL, password=login["password"]).status_code == 204

    for arguments, stdin, complaint in (
        (("password", "--stdin"), "short\n", "5 characters"),
        (("password", "--stdin"), EMAIL + "\n", "e-mail"),
        (("password", "eve@example.com"), "", "eve@example.com is no member"),
    ):
        refused = command(app, *arguments, stdin=stdin)
        assert (refused.returncode, complaint in refused.stderr) == (2, True), refused.stderr
    done = command(app, "password", EMAIL, "--stdin", stdin=PASSWORD + "\n")
    assert (done.returncode, "planted" in done.stdout) == (0, False)
    with browser(app):
        pass
    audited = app.get("/api/v1/audit-log?limit=1")[0]
    assert (audited["actor"], audited["action"]) == ("local", "member.password")


def test_ten_failures_make_an_address_wait(tmp_path: Path) -> None:
    server = AppServer(tmp_path / "data")
    try:
        server.start()
        with browser(server, None) as opened:
            answers = [sign_in(opened, token="trt_wrong").status_code for _ in range(10)]
            last = sign_in(opened, token=TOKEN)
    finally:
        server.close()

    assert answers == [401] * 10
    assert problem(last)[:2] == (429, "too-many")
    assert 0 < int(last.headers["retry-after"]) <= 60


def test_no_password_and_no_cookie_is_written_anywhere(app: AppServer) -> None:
    with browser(app) as opened:
        opened.get("/api/v1/me")
        cookie = opened.cookies["tailrace_session"]
        app.client.get("/api/v1/audit-log")
        sign_in(opened, email=PASSWORD, password="wrong")
        answers = [
            app.client.get(path).text
            for path in ("/api/v1/me", "/api/v1/audit-log", "/api/v1/status", "/metrics")
        ]

    written = [
        str(path)
        for path in [app.output, *app.data_dir.rglob("*")]
        if path.is_file()
        and any(text in path.read_bytes() for text in (b"planted", cookie.encode()))
    ]
    assert written == []
    assert not any("planted" in answer or cookie in answer for answer in answers)
    assert (app.data_dir / "control.sqlite").stat().st_mode & 0o077 == 0
