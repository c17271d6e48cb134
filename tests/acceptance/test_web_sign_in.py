"""Signing in to the web app and out of it, and what anybody may see before."""

import re
from collections.abc import Iterator

import pytest
from conftest import MakeTailrace
from people import PASSWORD, add_member, fill_sign_in, invite, open_menu, sign_in_as
from playwright.sync_api import Browser, Page, expect
from running import Tailrace, free_port
from web_app import DESK, PHONE, chromium, send_batch, track, visit

pytestmark = pytest.mark.timeout(180)
FIRST_PAGE_BYTES_MAX = 300_000
ADA = "ada@example.com"
OIDC = """
[oidc]
issuer = "http://127.0.0.1:{port}"
client_id = "tailrace"
client_secret = "planted-secret"
name = "Hilltop"
has_passwords = false
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def one_event_and_one_member(running: Tailrace) -> None:
    send_batch(running, [track("Door Opened")])
    running.wait_stored(1)
    add_member(running, ADA, role="editor", name="Ada Lovelace")


def sign_in_page(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in to Tailrace")).to_be_visible()


def test_a_password_signs_in_and_leads_to_what_was_asked_for(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.open("/search?q=Door")
        fill_sign_in(app, f" {ADA.upper()} ")

        expect(app.row("Door Opened")).to_be_visible()
        assert app.page.url == running.app_url + "/search?q=Door"
        open_menu(app)
        expect(app.page.get_by_role("menu")).to_contain_text("Ada Lovelace")
        expect(app.page.get_by_role("menu")).to_contain_text("Editor")
        reference = app.page.get_by_role("menuitem", name="API reference")
        expect(reference).to_have_attribute("href", "/api/docs")


def test_the_keyboard_alone_signs_in_and_out(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        keyboard = app.page.keyboard
        app.open("/sources")
        expect(app.page.get_by_label("E-mail")).to_be_focused()
        keyboard.press("Enter")
        expect(app.page.get_by_text("Enter your e-mail address")).to_be_visible()
        keyboard.type(ADA)
        keyboard.press("Tab")
        keyboard.press("Enter")
        expect(app.page.get_by_role("alert")).to_contain_text("Enter your password")
        keyboard.type(PASSWORD)
        keyboard.press("Enter")
        expect(app.page.get_by_role("link", name="My app")).to_be_visible()

        app.page.get_by_role("button", name="Your menu").focus()
        keyboard.press("Enter")
        expect(app.page.get_by_role("menuitem", name="Account")).to_be_focused()
        keyboard.press("End")
        keyboard.press("Enter")
        sign_in_page(app.page)


def test_who_is_unknown_is_told_the_same_as_who_forgot_the_password(
    running: Tailrace, browser: Browser
) -> None:
    told: list[str] = []
    with visit(browser, running) as app:
        app.open()
        for email in (ADA, "nobody@example.com"):
            fill_sign_in(app, email, "not the password")
            alert = app.page.get_by_role("alert")
            expect(alert).to_contain_text("not right")
            told.append(alert.inner_text())
            app.page.get_by_label("E-mail").fill("")
        app.forgive(401)

    assert told[0] == told[1]


def test_too_many_wrong_passwords_are_told_with_how_long_to_wait(
    fresh: Tailrace, browser: Browser
) -> None:
    for _ in range(10):
        wrong = {"email": ADA, "password": "not the password"}
        assert fresh.api.post("/api/v1/session", json=wrong).status_code == 401
    with visit(browser, fresh) as app:
        app.open()
        fill_sign_in(app, ADA)

        alert = app.page.get_by_role("alert")
        expect(alert).to_have_text(re.compile(r"Too many attempts\. Wait \d+(\.\d)? (s|min)"))
        app.forgive(429)


def test_the_link_that_up_prints_signs_in_and_leaves_no_token_behind(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.open(f"/search?q=Door#token={running.token}")

        expect(app.row("Door Opened")).to_be_visible()
        assert app.page.url == running.app_url + "/search?q=Door"
        app.page.reload()
        expect(app.row("Door Opened")).to_be_visible()


def test_a_link_pasted_over_the_open_page_signs_in_too(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.open("/sources")
        sign_in_page(app.page)

        app.open(f"/sources#token={running.token}")

        expect(app.page.get_by_role("link", name="My app")).to_be_visible()
        assert running.token not in app.page.url


def test_a_token_signs_in_and_a_wrong_one_is_refused_in_words(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.open()
        app.page.get_by_role("button", name="Use an API token instead").click()
        button = app.page.get_by_role("button", name="Sign in", exact=True)
        button.click()
        expect(app.page.get_by_role("alert")).to_contain_text("Paste the token first")
        app.page.get_by_label("Token", exact=True).fill("trt_wrong")
        button.click()
        expect(app.page.get_by_role("alert")).to_contain_text("not valid")
        app.page.get_by_label("Token", exact=True).fill(f"  {running.token} ")
        button.click()
        expect(app.row("Door Opened")).to_be_visible()
        app.forgive(401)

        open_menu(app)
        app.page.get_by_role("menuitem", name="Sign out").click()
        sign_in_page(app.page)
        expect(app.page.get_by_label("Token", exact=True)).to_be_visible()
        app.page.get_by_role("button", name="Use e-mail and password instead").click()
        expect(app.page.get_by_label("E-mail")).to_be_visible()


def test_signing_out_ends_it(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        sign_in_as(app, ADA)
        open_menu(app)
        app.page.get_by_role("menuitem", name="Sign out").click()
        sign_in_page(app.page)
        app.open("/search")
        sign_in_page(app.page)


def test_a_session_that_ends_meanwhile_leads_to_the_sign_in_and_back(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        sign_in_as(app, ADA, "/search")
        expect(app.row("Door Opened")).to_be_visible()
        app.page.context.clear_cookies()
        app.page.get_by_role("button", name="Ask again").click()
        sign_in_page(app.page)
        app.forgive(401)
        fill_sign_in(app, ADA)
        expect(app.row("Door Opened")).to_be_visible()


@pytest.mark.parametrize(
    ("code", "words"),
    [("not-member", "no member here yet"), ("cancelled", "went back"), ("new", "did not work")],
)
def test_a_sign_in_elsewhere_that_failed_is_told_once(
    running: Tailrace, browser: Browser, code: str, words: str
) -> None:
    with visit(browser, running) as app:
        app.open(f"/?sign_in_error={code}")
        expect(app.page.get_by_role("alert")).to_contain_text(words)
        assert app.page.url == running.app_url + "/"
        assert app.violations() == []
        app.page.reload()
        sign_in_page(app.page)
        expect(app.page.get_by_role("alert")).to_have_count(0)


def test_the_organisations_own_sign_in_is_offered_and_its_failure_told(
    make_tailrace: MakeTailrace, browser: Browser
) -> None:
    # Nobody listens at the provider's address, so its part ends before it begins.
    tailrace = make_tailrace(settings=OIDC.format(port=free_port())).start()
    with visit(browser, tailrace) as app:
        app.open("/sources?q=my")
        button = app.page.get_by_role("link", name="Continue with Hilltop")
        expect(button).to_have_attribute("href", re.compile(r"next=%2Fsources%3Fq%3Dmy$"))
        expect(app.page.get_by_label("E-mail")).to_have_count(0)
        expect(app.page.get_by_role("button", name="Use e-mail and password")).to_have_count(0)
        assert app.violations() == []
        button.click()

        expect(app.page.get_by_role("alert")).to_contain_text("did not answer as it should")
        expect(button).to_be_visible()
        app.open(invite(tailrace, ADA))
        expect(app.page.get_by_role("heading", name="Join Tailrace")).to_be_visible()
        expect(button).to_be_visible()
        expect(app.page.get_by_label("Password", exact=True)).to_have_count(0)
        assert app.violations() == []

        app.open()
        app.page.get_by_label("Token", exact=True).fill(tailrace.token)
        app.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(app.page.get_by_role("navigation", name="Pages")).to_be_visible()


def test_a_server_that_does_not_answer_is_told_and_tried_again(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.page.route("**/api/v1/session", lambda route: route.abort("connectionrefused"))
        app.open()
        alert = app.page.get_by_role("alert")
        expect(alert).to_contain_text("cannot be reached", timeout=20_000)
        app.page.unroute("**/api/v1/session")
        app.page.get_by_role("button", name="Try again").click()
        sign_in_page(app.page)
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def test_the_first_page_is_small_and_its_policy_strict(running: Tailrace, browser: Browser) -> None:
    sizes: dict[str, int] = {}
    with visit(browser, running) as app:
        app.page.on(
            "requestfinished",
            lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
        )
        response = app.page.goto(running.app_url)
        sign_in_page(app.page)
        app.page.wait_for_load_state("networkidle")

    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.search(r"default-src 'self'", policy)
    files = {url: size for url, size in sizes.items() if "/api/" not in url}
    assert len(files) >= 3
    assert sum(files.values()) < FIRST_PAGE_BYTES_MAX


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_is_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.open()
        sign_in_page(app.page)
        app.page.get_by_role("button", name="Sign in", exact=True).click()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()

        app.page.get_by_role("button", name="Use an API token instead").click()
        app.page.get_by_role("button", name="Sign in", exact=True).click()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
