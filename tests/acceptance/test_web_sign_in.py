"""Signing in and out of the web app, and what anybody may see before."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import PHONE, chromium, send_batch, track, visit

pytestmark = pytest.mark.timeout(180)
FIRST_PAGE_BYTES_MAX = 300_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def one_event(running: Tailrace) -> None:
    send_batch(running, [track("Door Opened")])
    running.wait_stored(1)


def test_the_link_that_up_prints_signs_in_and_leaves_no_token_behind(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.open(f"/search?q=Door#token={running.token}")

        expect(app.row("Door Opened")).to_be_visible()
        assert app.page.url == running.app_url + "/search?q=Door"
        app.page.reload()
        expect(app.row("Door Opened")).to_be_visible()


def test_a_wrong_token_is_refused_in_words(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.open()
        button = app.page.get_by_role("button", name="Sign in")
        button.click()
        expect(app.page.get_by_role("alert")).to_contain_text("Paste the token first")
        app.page.get_by_label("Token", exact=True).fill("trt_wrong")
        button.click()
        expect(app.page.get_by_role("alert")).to_contain_text("not valid")
        app.page.get_by_label("Token", exact=True).fill(f"  {running.token} ")
        button.click()
        expect(app.row("Door Opened")).to_be_visible()
        app.forgive(401)


def test_signing_out_ends_it(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        app.page.get_by_role("button", name="Sign out").click()
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()
        app.open("/search")
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_ends_meanwhile_leads_to_the_sign_in(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        expect(app.row("Door Opened")).to_be_visible()
        app.page.context.clear_cookies()
        app.page.get_by_role("button", name="Ask again").click()
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()
        app.forgive(401)


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
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def test_the_first_page_is_small_and_its_policy_strict(running: Tailrace, browser: Browser) -> None:
    sizes: dict[str, int] = {}
    with visit(browser, running) as app:
        app.page.on(
            "requestfinished",
            lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
        )
        response = app.page.goto(running.app_url)
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()
        app.page.wait_for_load_state("networkidle")

    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.search(r"default-src 'self'", policy)
    files = {url: size for url, size in sizes.items() if "/api/" not in url}
    assert len(files) >= 3
    assert sum(files.values()) < FIRST_PAGE_BYTES_MAX


@pytest.mark.parametrize("size", [(1440, 900), PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_is_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.open()
        expect(app.page.get_by_role("heading", name="Sign in")).to_be_visible()

        assert app.violations() == []
        assert not app.is_wider_than_the_window()
