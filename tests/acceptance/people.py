"""Members of a running installation, made as an owner makes them: invited, and then joining."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import expect
from running import Tailrace
from web_app import Visit

PASSWORD = "brook over mossy stones"


def invite(
    tailrace: Tailrace, email: str, *, role: str = "viewer", sources: Sequence[str] | None = None
) -> str:
    """Return the link by which somebody becomes a member, with the app's address left out."""
    draft: dict[str, Any] = {"email": email, "role": role}
    if sources is not None:
        draft["sources"] = list(sources)
    answer = tailrace.api.post("/api/v1/invites", json=draft)
    assert answer.status_code == 201, answer.text
    return path_of(answer.json()["url"])


def path_of(url: str) -> str:
    """Return an address without the place where the app is reached."""
    parts = urlsplit(url)
    return f"{parts.path}#{parts.fragment}"


def expire_links(tailrace: Tailrace) -> None:
    """Let the time of all links be over."""
    with sqlite3.connect(tailrace.data_dir / "control.sqlite") as database:
        database.execute("UPDATE invites SET expires_at = created_at")
    database.close()


def add_member(
    tailrace: Tailrace,
    email: str,
    *,
    role: str = "viewer",
    name: str = "",
    sources: Sequence[str] | None = None,
) -> str:
    """Make a member with the password PASSWORD; return their id."""
    token = invite(tailrace, email, role=role, sources=sources).partition("token=")[2]
    with browser_of_their_own(tailrace) as client:
        joined = client.post(
            "/api/v1/invites/accept", json={"token": token, "name": name, "password": PASSWORD}
        )
        assert joined.status_code == 204, joined.text
        me = client.get("/api/v1/me").json()
        client.delete("/api/v1/session")
    return str(me["member"]["id"])


def browser_of_their_own(tailrace: Tailrace) -> httpx.Client:
    """Return a client that keeps its session as another browser would."""
    return httpx.Client(
        base_url=tailrace.app_url,
        headers={"X-Tailrace-Request": "1", "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"},
        timeout=30.0,
        trust_env=False,
    )


@contextmanager
def signed_in_elsewhere(
    tailrace: Tailrace, email: str, password: str = PASSWORD
) -> Iterator[httpx.Client]:
    """Give a client that is signed in as a member; its session outlives it."""
    with browser_of_their_own(tailrace) as client:
        answer = client.post("/api/v1/session", json={"email": email, "password": password})
        assert answer.status_code == 204, answer.text
        yield client


def fill_sign_in(app: Visit, email: str, password: str = PASSWORD) -> None:
    """Fill in the open sign-in page, and send it."""
    app.page.get_by_label("E-mail").fill(email)
    app.page.get_by_label("Password", exact=True).fill(password)
    app.page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_as(app: Visit, email: str, path: str = "/") -> None:
    """Sign in as a member with the password PASSWORD, at an address of the app."""
    app.open(path)
    fill_sign_in(app, email)
    expect(app.page.get_by_role("navigation", name="Pages")).to_be_visible()


def open_menu(app: Visit) -> None:
    """Open the menu of who is signed in."""
    app.page.get_by_role("button", name="Your menu").click()
    expect(app.page.get_by_role("menuitem", name="Sign out")).to_be_visible()
