"""The page where the links of invites and of password resets lead."""

from collections.abc import Iterator

import pytest
from people import (
    PASSWORD,
    add_member,
    expire_links,
    fill_sign_in,
    invite,
    open_menu,
    path_of,
    sign_in_as,
    signed_in_elsewhere,
)
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)
NO_LONGER = "This link no longer works"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def reset_link(tailrace: Tailrace, member_id: str) -> str:
    answer = tailrace.api.post(f"/api/v1/members/{member_id}/reset-link")
    assert answer.status_code == 201, answer.text
    return path_of(answer.json()["url"])


def told(app: Visit, title: str) -> None:
    expect(app.page.get_by_role("heading", name=title)).to_be_visible()


def test_an_invite_makes_a_member_who_is_signed_in_and_works_once(
    running: Tailrace, browser: Browser
) -> None:
    link = invite(running, "grace@example.com", role="editor")
    with visit(browser, running) as app:
        page = app.page
        app.open(link)
        told(app, "Join Tailrace")
        assert page.url == running.app_url + "/accept"
        expect(page.get_by_role("main")).to_contain_text("grace@example.com")
        expect(page.get_by_role("main")).to_contain_text("Editor")
        page.get_by_label("Your name").fill("Grace Hopper")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Join and sign in").click()

        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
        assert page.url == running.app_url + "/"
        open_menu(app)
        expect(page.get_by_role("menu")).to_contain_text("Grace Hopper")
        app.open("/sources")
        expect(page.get_by_role("link", name="My app")).to_be_visible()
        app.open(link)
        told(app, NO_LONGER)
        app.forgive(404)
    with signed_in_elsewhere(running, "grace@example.com") as client:
        assert client.get("/api/v1/me").json()["role"] == "editor"


def test_an_invite_is_accepted_by_keyboard_alone(running: Tailrace, browser: Browser) -> None:
    link = invite(running, "mary@example.com")
    with visit(browser, running) as app:
        app.open(link)
        expect(app.page.get_by_label("Your name")).to_be_focused()
        app.page.keyboard.type("Mary Somerville")
        app.page.keyboard.press("Tab")
        app.page.keyboard.type(PASSWORD)
        app.page.keyboard.press("Enter")
        expect(app.page.get_by_role("button", name="Your menu: Mary Somerville")).to_be_visible()


def test_a_password_that_is_no_good_is_told_at_its_field(
    running: Tailrace, browser: Browser
) -> None:
    link = invite(running, "alan@example.com")
    with visit(browser, running) as app:
        app.open(link)
        join = app.page.get_by_role("button", name="Join and sign in")
        password = app.page.get_by_label("Password", exact=True)
        join.click()
        expect(app.page.get_by_role("alert")).to_contain_text("Choose a password")
        password.fill("short")
        expect(app.page.get_by_role("alert")).to_contain_text("at least 10 characters")
        password.fill("password123")
        join.click()
        expect(app.page.get_by_role("alert")).to_contain_text(
            "The password is one of the commonest"
        )
        expect(password).to_have_attribute("aria-invalid", "true")
        password.fill(PASSWORD)
        join.click()
        expect(app.page.get_by_role("navigation", name="Pages")).to_be_visible()
        app.forgive(400)


def test_a_link_that_is_not_good_is_told_and_leads_to_the_sign_in(
    running: Tailrace, browser: Browser
) -> None:
    expired = invite(running, "late@example.com")
    expire_links(running)
    revoked = invite(running, "twice@example.com")
    newer = invite(running, "twice@example.com")
    with visit(browser, running) as app:
        for link in (expired, revoked, "/accept#token=tri_of-nobody"):
            app.open("/")
            app.open(link)
            told(app, NO_LONGER)
        app.open(newer)
        told(app, "Join Tailrace")
        app.page.reload()
        told(app, "This link is not whole")
        app.page.get_by_role("button", name="Go to the sign-in").click()
        told(app, "Sign in to Tailrace")
        app.forgive(404)


def test_a_reset_sets_a_new_password_and_signs_out_everywhere_else(
    running: Tailrace, browser: Browser
) -> None:
    email = "emmy@example.com"
    link = reset_link(running, add_member(running, email, name="Emmy Noether"))
    new = "a ring of integers"
    with signed_in_elsewhere(running, email) as elsewhere, visit(browser, running) as app:
        page = app.page
        app.open(link)
        told(app, "Set a new password")
        expect(page.get_by_role("main")).to_contain_text(email)
        expect(page.get_by_label("Your name")).to_have_count(0)
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_role("button", name="Set the password and sign in").click()

        expect(page.get_by_role("button", name="Your menu: Emmy Noether")).to_be_visible()
        assert elsewhere.get("/api/v1/session").json()["signed_in"] is False
        open_menu(app)
        page.get_by_role("menuitem", name="Sign out").click()
        fill_sign_in(app, email)
        expect(page.get_by_role("alert")).to_contain_text("not right")
        fill_sign_in(app, email, new)
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
        app.forgive(401)


def test_who_is_signed_in_already_becomes_who_the_link_is_for(
    running: Tailrace, browser: Browser
) -> None:
    add_member(running, "first@example.com", role="admin", name="The First")
    link = invite(running, "second@example.com")
    with visit(browser, running) as app:
        sign_in_as(app, "first@example.com", "/sources")
        app.open(link)
        app.page.get_by_label("Your name").fill("The Second")
        app.page.get_by_label("Password", exact=True).fill(PASSWORD)
        app.page.get_by_role("button", name="Join and sign in").click()
        expect(app.page.get_by_role("button", name="Your menu: The Second, Viewer")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_in_all_its_states(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    who = f"a.person.with.a.long.address.{scheme}.{size[0]}@subdomain.of.a.company.example.com"
    link = invite(running, who)
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.open(link)
        told(app, "Join Tailrace")
        app.page.get_by_role("button", name="Join and sign in").click()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.page.reload()
        told(app, "This link is not whole")
        assert app.violations() == []
        app.open("/accept#token=tri_of-nobody")
        told(app, NO_LONGER)
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.forgive(404)
