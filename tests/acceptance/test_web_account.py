"""The Account page: what is one's own."""

from collections.abc import Iterator

import pytest
from people import PASSWORD, add_member, open_menu, sign_in_as, signed_in_elsewhere
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def section(app: Visit, title: str) -> Locator:
    return app.page.get_by_role("region", name=title, exact=True)


def sessions(app: Visit) -> Locator:
    return section(app, "Where you are signed in").get_by_role("listitem")


def change_password(app: Visit, current: str, new: str) -> None:
    password = section(app, "Password")
    password.get_by_label("Current password", exact=True).fill(current)
    password.get_by_label("New password", exact=True).fill(new)
    password.get_by_role("button", name="Change the password").click()


def test_the_name_is_changed_and_shown_at_once(running: Tailrace, browser: Browser) -> None:
    add_member(running, "ada@example.com", name="Ada")
    with visit(browser, running) as app:
        sign_in_as(app, "ada@example.com")
        open_menu(app)
        app.page.get_by_role("menuitem", name="Account").click()
        you = section(app, "You")
        expect(you.get_by_label("E-mail")).to_have_value("ada@example.com")
        save = you.get_by_role("button", name="Save the name")
        expect(save).to_be_disabled()
        you.get_by_label("Name", exact=True).fill(" Ada Lovelace ")
        save.click()

        expect(you.get_by_text("Saved.")).to_be_visible()
        expect(app.page.get_by_role("button", name="Your menu: Ada Lovelace")).to_be_visible()
        app.page.reload()
        expect(you.get_by_label("Name", exact=True)).to_have_value("Ada Lovelace")


def test_a_new_password_needs_the_current_one_and_signs_out_everywhere_else(
    running: Tailrace, browser: Browser
) -> None:
    email, new = "grace@example.com", "nanoseconds of wire"
    add_member(running, email, name="Grace")
    with signed_in_elsewhere(running, email) as elsewhere, visit(browser, running) as app:
        sign_in_as(app, email, "/account")
        expect(sessions(app)).to_have_count(2)
        change_password(app, "not the password", new)
        expect(section(app, "Password").get_by_role("alert")).to_have_text(
            "The password is not right"
        )
        change_password(app, PASSWORD, "short")
        expect(section(app, "Password").get_by_role("alert")).to_contain_text("Too short")
        change_password(app, PASSWORD, email)
        expect(section(app, "Password").get_by_role("alert")).to_contain_text("e-mail address")
        change_password(app, PASSWORD, new)

        expect(section(app, "Password").get_by_role("status")).to_contain_text("Changed.")
        expect(sessions(app)).to_have_count(1)
        assert elsewhere.get("/api/v1/me").status_code == 401
        app.page.reload()
        expect(section(app, "You")).to_be_visible()
        app.forgive(400)
    with signed_in_elsewhere(running, email, new) as client:
        assert client.get("/api/v1/me").status_code == 200


def test_one_session_is_ended_and_then_all_of_them(running: Tailrace, browser: Browser) -> None:
    email = "emmy@example.com"
    add_member(running, email)
    with (
        signed_in_elsewhere(running, email) as elsewhere,
        visit(browser, running) as other,
        visit(browser, running) as app,
    ):
        sign_in_as(other, email, "/sources")
        sign_in_as(app, email, "/account")
        expect(sessions(app)).to_have_count(3)
        expect(sessions(app).first).to_contain_text("This browser")
        firefox = sessions(app).filter(has_text="Firefox on Linux")
        expect(firefox).to_contain_text("from 127.0.0.1")
        firefox.get_by_role("button", name="Sign out").click()
        expect(sessions(app)).to_have_count(2)
        assert elsewhere.get("/api/v1/me").status_code == 401

        app.page.get_by_role("button", name="Sign out everywhere…").click()
        dialog = app.page.get_by_role("dialog", name="Sign out everywhere?")
        dialog.get_by_role("button", name="Cancel").click()
        expect(sessions(app)).to_have_count(2)
        app.page.get_by_role("button", name="Sign out everywhere…").click()
        dialog.get_by_role("button", name="Sign out everywhere").click()

        expect(app.page.get_by_role("heading", name="Sign in to Tailrace")).to_be_visible()
        # The other browser notices by itself: its page asks again every few seconds.
        heading = other.page.get_by_role("heading", name="Sign in to Tailrace")
        expect(heading).to_be_visible(timeout=20_000)
        other.forgive(401)
        sign_in_as(app, email, "/account")
        expect(sessions(app)).to_have_count(1)


def test_the_keyboard_alone_reaches_and_changes_everything(
    running: Tailrace, browser: Browser
) -> None:
    email = "mary@example.com"
    add_member(running, email, name="Mary")
    with visit(browser, running) as app:
        sign_in_as(app, email)
        keyboard = app.page.keyboard
        keyboard.press("g")
        keyboard.press("u")
        expect(app.page.get_by_role("heading", name="Account")).to_be_visible()
        section(app, "You").get_by_label("Name", exact=True).focus()
        keyboard.press("End")
        keyboard.type(" Somerville")
        keyboard.press("Enter")
        expect(section(app, "You").get_by_text("Saved.")).to_be_visible()
        app.page.get_by_role("button", name="Sign out everywhere…").focus()
        keyboard.press("Enter")
        expect(app.page.get_by_role("button", name="Cancel")).to_be_focused()
        keyboard.press("Tab")
        keyboard.press("Enter")
        expect(app.page.get_by_role("heading", name="Sign in to Tailrace")).to_be_visible()


def test_a_token_of_nobody_has_no_name_and_no_password(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in("/account")
        expect(section(app, "You")).to_contain_text("a token that belongs to nobody")
        expect(section(app, "Password")).to_have_count(0)
        expect(sessions(app).filter(has_text="This browser")).to_have_count(1)
        rights = section(app, "What you may do").get_by_role("listitem")
        expect(rights.filter(has_text="Not allowed")).to_have_count(0)


def test_a_server_that_went_away_is_told_and_nothing_typed_is_lost(
    running: Tailrace, browser: Browser
) -> None:
    add_member(running, "alan@example.com", name="Alan")
    with visit(browser, running) as app:
        sign_in_as(app, "alan@example.com", "/account")
        expect(sessions(app)).to_have_count(1)
        app.page.route("**/api/v1/me**", lambda route: route.abort("connectionrefused"))
        name = section(app, "You").get_by_label("Name", exact=True)
        name.fill("Alan Turing")
        save = section(app, "You").get_by_role("button", name="Save the name")
        save.click()
        expect(section(app, "You").get_by_role("alert")).to_contain_text("cannot be reached")
        app.page.unroute("**/api/v1/me**")
        save.click()
        expect(section(app, "You").get_by_text("Saved.")).to_be_visible()
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_and_its_menu_are_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    email = f"a.person.with.a.long.address.{scheme}.{size[0]}@subdomain.example.com"
    add_member(running, email, name="A Person With a Name Longer Than a Phone Is Wide")
    with (
        signed_in_elsewhere(running, email),
        visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app,
    ):
        sign_in_as(app, email, "/account")
        expect(sessions(app)).to_have_count(2)
        change_password(app, "", "short")
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        open_menu(app)
        assert app.violations() == []
        app.page.keyboard.press("Escape")
        app.page.get_by_role("button", name="Sign out everywhere…").click()
        expect(app.page.get_by_role("dialog")).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
