"""What `up` prints so that somebody can sign in, and that it is true."""

import re

import httpx
from conftest import MakeTailrace
from running import Tailrace, wait_until

GIVEN = "planted horse battery"
MADE = re.compile(r"Sign in as +(\S+) +password (\S+) ")


def printed(tailrace: Tailrace, pattern: str) -> "re.Match[str]":
    """Return what the newest start printed, once it is there."""
    return wait_until(
        lambda: re.search(pattern, tailrace.output.read_text()),
        what=pattern,
        within_s=20.0,
        state=tailrace.last_output,
    )


def signs_in(tailrace: Tailrace, email: str, password: str) -> bool:
    answer = httpx.post(
        f"{tailrace.app_url}/api/v1/session",
        json={"email": email, "password": password},
        trust_env=False,
    )
    return answer.status_code == 204


def test_the_first_start_prints_a_login_once(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace(environ={"TAILRACE_API_TOKEN": ""}).start()
    email, password = printed(tailrace, MADE.pattern).groups()
    token = printed(tailrace, r"#token=(\S+)")[1]

    assert signs_in(tailrace, email, password)
    assert (
        httpx.get(
            f"{tailrace.app_url}/api/v1/me",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        ).json()["actor"]
        == "owner"
    )

    tailrace.stop()
    tailrace.output.write_text("")
    tailrace.start()
    printed(
        tailrace, rf"Sign in as +{re.escape(email)} +\(`tailrace password` sets a new password\)"
    )
    assert password not in tailrace.output.read_text()
    assert signs_in(tailrace, email, password)


def test_a_given_password_is_taken_and_not_printed(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace(
        environ={"TAILRACE_OWNER_EMAIL": "ada@example.com", "TAILRACE_OWNER_PASSWORD": GIVEN}
    ).start()

    printed(tailrace, r"Sign in as +ada@example\.com")
    assert GIVEN not in tailrace.output.read_text()
    assert signs_in(tailrace, "ada@example.com", GIVEN)


def test_a_lost_password_is_replaced_while_nothing_runs(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace().start()
    email, lost = printed(tailrace, MADE.pattern).groups()
    tailrace.stop()

    done = tailrace.run("password")

    assert done.returncode == 0, done.stderr
    found, made = done.stdout.splitlines()[:2]
    assert found == email
    tailrace.start()
    assert signs_in(tailrace, email, made)
    assert not signs_in(tailrace, email, lost)
