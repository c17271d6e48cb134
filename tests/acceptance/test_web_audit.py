"""The Audit log page: who changed what, from what to what."""

import json
import re
import sqlite3
from collections.abc import Iterator

import pytest
from people import add_member, invite, sign_in_as, signed_in_elsewhere
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)

EDITOR = "editor@example.com"
SECRET = "planted-secret-of-the-shop"
MANY = 500
RETRIED_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def history(running: Tailrace) -> None:
    """Let an editor change a source, and the owner everything else."""
    add_member(running, EDITOR, role="editor", name="Edith Editor")
    invite(running, "invited@example.com", role="viewer")
    shop = {"slug": "web-shop", "name": "Shop"}
    assert running.api.post("/api/v1/sources", json=shop).status_code == 201
    with signed_in_elsewhere(running, EDITOR) as client:
        for fields in (
            {"name": "Web shop", "webhook_secret": SECRET},
            {"enabled": False, "webhook_secret": f"{SECRET}-2"},
        ):
            client.patch(
                "/api/v1/sources/web-shop", json=fields, headers={"If-Match": "*"}
            ).raise_for_status()
    running.api.patch(
        "/api/v1/settings", json={"token_days_max": 90}, headers={"If-Match": "*"}
    ).raise_for_status()


def add_rows(tailrace: Tailrace, count: int) -> None:
    """Put old changes straight into the database."""
    before, after = json.dumps({"name": "A", "limit": 1}), json.dumps({"name": "B", "limit": 1})
    with sqlite3.connect(tailrace.data_dir / "control.sqlite") as database:
        database.executemany(
            "INSERT INTO audit_log (at, actor, action, resource, before, after) "
            "VALUES (?, 'old@example.com', 'source.update', ?, ?, ?)",
            [
                (f"2026-10-{1 + n % 28:02} 08:00:00", f"sources/old-{n}", before, after)
                for n in range(count)
            ],
        )
    database.close()


def entries(app: Visit) -> Locator:
    return app.page.get_by_role("main").get_by_role("listitem")


def entry(app: Visit, text: str) -> Locator:
    return entries(app).filter(has_text=text)


def test_a_change_is_a_sentence_with_what_was_before_and_after(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        app.page.get_by_role("link", name="Audit log").click()
        expect(entries(app).first).to_contain_text("changed the settings of the workspace")
        days = entries(app).first.locator("dl")
        expect(days).to_contain_text("token_days_max")
        expect(days).to_contain_text(re.compile(r"from none.*to 90"))
        disabled = entry(app, "changed the source web-shop").first
        expect(disabled).to_contain_text(f"{EDITOR} changed the source web-shop")
        expect(disabled).to_contain_text(re.compile(r"enabled.*from yes.*to no"))
        expect(disabled).to_contain_text("*** (another one)")
        expect(entry(app, "invited invited@example.com")).to_be_visible()

        made = entry(app, "made the source web-shop")
        expect(made.locator("dl")).to_have_count(0)
        made.get_by_role("button", name="Details").click()
        expect(made.locator("dl")).to_contain_text("Shop")
        made.get_by_role("button", name="Less").click()
        expect(made.locator("dl")).to_have_count(0)
        assert SECRET not in app.page.content()


def test_the_address_holds_the_filters(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        page = app.page
        app.sign_in("/audit")
        entry(app, "changed the source web-shop").first.get_by_role("link", name=EDITOR).click()
        expect(page).to_have_url(re.compile(r"/audit\?actor=editor%40example\.com$"))
        expect(entry(app, "web-shop")).to_have_count(2)
        expect(entry(app, "The first owner's token")).to_have_count(0)
        page.get_by_label("Kind of change").select_option("Members")
        expect(entry(app, "added the member")).to_have_count(1)
        page.get_by_role("button", name="Clear").click()
        expect(entry(app, "changed the settings")).to_be_visible()

        page.keyboard.press("/")
        page.keyboard.type("nobody@example.com")
        expect(page.get_by_text("No change matches")).to_be_visible()
        page.get_by_role("button", name="Show all changes").click()
        page.get_by_label("What was changed").fill("sources/web-shop")
        expect(entries(app)).to_have_count(3)
        page.get_by_role("button", name="All time").click()
        page.get_by_role("button", name="Last 24 hours").click()
        expect(page).to_have_url(re.compile(r"resource=sources%2Fweb-shop&range=24h$"))
        page.reload()
        expect(entries(app)).to_have_count(3)
        page.go_back()
        expect(page.get_by_role("button", name="All time")).to_be_visible()


def test_many_changes_come_page_by_page_and_day_by_day(
    stoppable: Tailrace, browser: Browser
) -> None:
    add_rows(stoppable, MANY)
    with visit(browser, stoppable) as app:
        app.sign_in("/audit?actor=old%40example.com")
        expect(entries(app)).to_have_count(50)
        for shown in range(100, MANY + 50, 50):
            app.page.get_by_role("button", name="Show earlier changes").click()
            expect(entries(app)).to_have_count(shown)
        expect(app.page.get_by_role("button", name="Show earlier changes")).to_have_count(0)
        expect(app.page.get_by_role("heading", name="1 October 2026").first).to_be_visible()
        first = entries(app).last
        expect(first).to_contain_text(re.compile(r"name.*from A.*to B"))
        expect(first).not_to_contain_text("limit")


def test_a_control_database_that_is_away_is_told_and_asked_again(
    stoppable: Tailrace, browser: Browser
) -> None:
    database = stoppable.data_dir / "control.sqlite"
    away = database.with_name("away")
    with visit(browser, stoppable) as app:
        app.sign_in("/settings")
        expect(app.page.get_by_role("heading", name="Settings")).to_be_visible()
        database.rename(away)
        app.page.get_by_role("link", name="Audit log").click()
        expect(app.page.get_by_role("alert")).to_be_visible(timeout=RETRIED_MS)
        away.rename(database)
        app.page.get_by_role("button", name="Try again").click()
        expect(entries(app).first).to_be_visible()
        app.forgive(503)


def test_who_may_not_read_it_is_told_so(running: Tailrace, browser: Browser) -> None:
    add_member(running, "viewer@example.com", role="viewer")
    with visit(browser, running) as app:
        sign_in_as(app, "viewer@example.com")
        expect(app.page.get_by_role("link", name="Audit log")).to_have_count(0)
        app.open("/audit")
        expect(app.page.get_by_role("main")).to_contain_text("You may not see Audit log")


def test_details_are_opened_by_keyboard_alone(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        page = app.page
        app.sign_in()
        page.keyboard.press("g")
        page.keyboard.press("a")
        made = entry(app, "made the source web-shop")
        made.get_by_role("link", name="web-shop").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(made.locator("dl")).to_contain_text("Shop")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/audit\?resource=sources%2Fweb-shop$"))


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_audit_log_is_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.sign_in("/audit")
        entry(app, "made the source web-shop").get_by_role("button", name="Details").click()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.page.get_by_role("button", name="All time").click()
        expect(app.page.get_by_role("button", name="Last hour")).to_be_visible()
        assert app.violations() == []
        app.open("/audit?actor=nobody")
        expect(app.page.get_by_text("No change matches")).to_be_visible()
        assert app.violations() == []
