"""The Tokens page: what scripts sign in with."""

from collections.abc import Iterator

import httpx
import pytest
from people import add_member, sign_in_as, signed_in_elsewhere
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace, wait_until
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)

ADMIN = "admin@example.com"
VIEWER = "viewer@example.com"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def people(running: Tailrace) -> None:
    add_member(running, ADMIN, role="admin", name="Ada Admin")
    add_member(running, VIEWER, role="viewer")


def make_token(tailrace: Tailrace, name: str, *, days: int | None = 90, email: str = "") -> str:
    """Make a token of the owner's, or of a member's; return the token."""
    draft = {"name": name, "permissions": ["account"], "expires_in_days": days}
    if email == "":
        answer = tailrace.api.post("/api/v1/tokens", json=draft)
    else:
        with signed_in_elsewhere(tailrace, email) as client:
            answer = client.post("/api/v1/tokens", json=draft)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def status_with(tailrace: Tailrace, token: str, path: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(tailrace.app_url + path, headers=headers, trust_env=False).status_code


def row_of(app: Visit, text: str, *, table: str = "Your tokens") -> Locator:
    return app.page.get_by_role("table", name=table).get_by_role("row").filter(has_text=text)


def test_a_token_does_what_was_chosen_until_it_is_revoked(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, VIEWER)
        page.get_by_role("link", name="Tokens").click()
        expect(page.get_by_text("You have no token")).to_be_visible()
        page.get_by_role("button", name="Make token").first.click()
        dialog = page.get_by_role("dialog", name="Make a token")
        expect(dialog.get_by_label("Change sources")).to_have_count(0)
        dialog.get_by_role("button", name="Make token").click()
        expect(dialog).to_contain_text("Say what it is for")
        expect(dialog).to_contain_text("Choose at least one permission")
        dialog.get_by_label("Name").fill("nightly export")
        dialog.get_by_label("Read sources").check()
        dialog.get_by_label("Ends after").select_option("30 days")
        dialog.get_by_role("button", name="Make token").click()

        token = dialog.locator("code").first.inner_text()
        example = dialog.get_by_label("Example with curl")
        expect(example).to_contain_text(f"{running.app_url}/api/v1/sources")
        expect(example).to_contain_text(token)
        page.mouse.click(5, 5)
        dialog.get_by_role("button", name="Done").click()
        expect(page.get_by_text(token)).to_have_count(0)
        row = row_of(app, "nightly export")
        expect(row).to_contain_text("Active")
        expect(row).to_contain_text("Read sources")
        expect(row).to_contain_text("never")
        assert status_with(running, token, "/api/v1/sources") == 200
        assert status_with(running, token, "/api/v1/status") == 403

        row.get_by_role("button", name="Revoke the token nightly export").click()
        dialog = page.get_by_role("dialog", name="Revoke nightly export?")
        dialog.get_by_role("button", name="Revoke the token").click()
        expect(row).to_contain_text("Revoked")
        expect(row.get_by_role("button")).to_have_count(0)
        wait_until(
            lambda: status_with(running, token, "/api/v1/sources") == 401,
            what="401",
            within_s=10.0,
        )


def test_who_may_change_something_is_given_the_right_to_read_it(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/tokens")
        app.page.get_by_role("button", name="Make token").first.click()
        dialog = app.page.get_by_role("dialog")
        dialog.get_by_label("Change destinations").check()
        expect(dialog.get_by_label("Read destinations")).to_be_checked()
        expect(dialog.get_by_label("Change owners")).to_have_count(0)
        dialog.get_by_role("button", name="All that I may").click()
        expect(dialog).to_contain_text("15 of 15 chosen")
        dialog.get_by_role("button", name="Read only").click()
        expect(dialog.get_by_label("Read members")).to_be_checked()
        expect(dialog.get_by_label("Change members")).not_to_be_checked()


def test_an_admin_sees_the_tokens_of_others_and_a_viewer_does_not(
    running: Tailrace, browser: Browser
) -> None:
    make_token(running, "of the owner")
    token = make_token(running, "of the viewer", email=VIEWER, days=3)
    assert status_with(running, token, "/api/v1/me") == 200
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/tokens")
        row = row_of(app, "of the viewer", table="Tokens of others")
        expect(row).to_contain_text(f"by {VIEWER}")
        expect(row).to_contain_text("Ends soon")
        expect(row_of(app, "of the owner", table="Tokens of others")).to_be_visible()
        row.get_by_role("button", name="Revoke the token of the viewer").click()
        app.page.get_by_role("dialog").get_by_role("button", name="Revoke the token").click()
        expect(row).to_contain_text("Revoked")
    with visit(browser, running) as app:
        sign_in_as(app, VIEWER, "/tokens")
        expect(row_of(app, "of the viewer")).to_be_visible()
        expect(app.page.get_by_text("of the owner")).to_have_count(0)


def test_the_longest_life_of_the_settings_bounds_the_choice(
    running: Tailrace, browser: Browser
) -> None:
    limit = {"token_days_max": 45}
    free = {"token_days_max": None}
    anyway = {"If-Match": "*"}
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/tokens")
        running.api.patch("/api/v1/settings", json=limit, headers=anyway).raise_for_status()
        app.page.get_by_role("button", name="Make token").first.click()
        dialog = app.page.get_by_role("dialog")
        life = dialog.get_by_label("Ends after")
        expect(life.get_by_role("option")).to_have_text(
            ["7 days", "30 days", "45 days (the longest allowed)"]
        )
        dialog.get_by_label("Name").fill("too long")
        dialog.get_by_label("Own account").check()
        lower = {"token_days_max": 10}
        running.api.patch("/api/v1/settings", json=lower, headers=anyway).raise_for_status()
        dialog.get_by_role("button", name="Make token").click()
        expect(dialog.get_by_role("alert")).to_contain_text("at most 10 days")
        running.api.patch("/api/v1/settings", json=free, headers=anyway).raise_for_status()
        app.forgive(409)


def test_a_control_database_that_is_away_keeps_the_form_as_it_is(
    stoppable: Tailrace, browser: Browser
) -> None:
    database = stoppable.data_dir / "control.sqlite"
    away = database.with_name("away")
    with visit(browser, stoppable) as app:
        app.sign_in("/tokens")
        app.page.get_by_role("button", name="Make token").first.click()
        dialog = app.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("patient")
        dialog.get_by_label("Own account").check()
        database.rename(away)
        dialog.get_by_role("button", name="Make token").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        away.rename(database)
        dialog.get_by_role("button", name="Make token").click()
        expect(dialog).to_contain_text("Copy the token patient now", timeout=20_000)
        app.forgive(503)


def test_many_tokens_come_page_by_page(stoppable: Tailrace, browser: Browser) -> None:
    for number in range(105):
        make_token(stoppable, f"script {number}", days=None)
    with visit(browser, stoppable) as app:
        app.sign_in("/tokens")
        rows = app.page.get_by_role("table", name="Your tokens").get_by_role("row")
        expect(rows).to_have_count(101)
        app.page.get_by_role("button", name="Show more tokens").click()
        expect(row_of(app, "script 0")).to_be_visible()


def test_a_token_is_made_and_revoked_by_keyboard_alone(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN)
        page.keyboard.press("g")
        page.keyboard.press("t")
        expect(page.get_by_role("heading", name="Your tokens")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.type("by keyboard")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Read only")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_label("Name").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Done")).to_be_focused()
        page.keyboard.press("Enter")
        row_of(app, "by keyboard").get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(row_of(app, "by keyboard")).to_contain_text("Revoked")


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_tokens_and_their_dialogs_are_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    name = f"A token whose name is longer than a phone is wide, {scheme} {size[0]}"
    make_token(running, name, email=ADMIN)
    make_token(running, f"{name} of the viewer", email=VIEWER, days=2)
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        page = app.page
        sign_in_as(app, ADMIN, "/tokens")
        expect(row_of(app, name, table="Tokens of others")).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        row_of(app, name).get_by_role("button").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert app.violations() == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Make token").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Make token").click()
        assert app.violations() == []
        dialog.get_by_label("Name").fill("shown once")
        dialog.get_by_role("button", name="Read only").click()
        dialog.get_by_role("button", name="Make token").click()
        expect(dialog.get_by_role("button", name="Copy the new token")).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
