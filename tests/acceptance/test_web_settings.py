"""The Settings page: what holds for the whole workspace."""

from collections.abc import Iterator

import pytest
from people import add_member, sign_in_as
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)

ADMIN = "admin@example.com"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def people(running: Tailrace) -> None:
    add_member(running, ADMIN, role="admin", name="Ada Admin")
    add_member(running, "viewer@example.com", role="viewer")


def change_settings(tailrace: Tailrace, **fields: object) -> None:
    answer = tailrace.api.patch("/api/v1/settings", json=fields, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


def workspace(app: Visit) -> Locator:
    return app.page.get_by_role("region", name="Workspace", exact=True)


def test_settings_are_saved_and_the_name_is_shown_in_the_header(
    running: Tailrace, browser: Browser
) -> None:
    change_settings(running, name="Tailrace", session_hours_max=168, token_days_max=None)
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN)
        page.get_by_role("link", name="Settings").click()
        save = page.get_by_role("button", name="Save changes")
        expect(save).to_be_disabled()
        page.get_by_label("Sign-ins end after").fill("0")
        expect(workspace(app)).to_contain_text("from 1 to 8760")
        expect(save).to_be_disabled()
        page.get_by_label("Sign-ins end after").fill("48")
        expect(workspace(app)).to_contain_text("2 days")
        page.get_by_label("Longest life of a token").fill("90")
        page.get_by_label("Name").fill(" Example Ltd ")
        save.click()
        expect(workspace(app).get_by_text("Saved.")).to_be_visible()
        expect(page.get_by_role("banner")).to_contain_text("Example Ltd")

    assert running.get("/api/v1/settings") == {
        "name": "Example Ltd",
        "session_hours_max": 48,
        "token_days_max": 90,
    }


def test_a_change_of_somebody_else_is_never_overwritten(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN, "/settings")
        page.get_by_label("Name").fill("Mine")
        change_settings(running, name="Theirs", session_hours_max=24)
        page.get_by_role("button", name="Save changes").click()
        expect(workspace(app)).to_contain_text("Somebody else changed the settings")
        page.get_by_role("button", name="Load the new state").click()
        expect(page.get_by_label("Name")).to_have_value("Theirs")
        page.get_by_label("Name").fill("Ours")
        page.get_by_role("button", name="Save changes").click()
        expect(workspace(app).get_by_text("Saved.")).to_be_visible()
        app.forgive(412)

    assert running.get("/api/v1/settings")["session_hours_max"] == 24


def test_who_may_not_change_them_reads_them(running: Tailrace, browser: Browser) -> None:
    change_settings(running, name="To be read", session_hours_max=36, token_days_max=None)
    with visit(browser, running) as app:
        sign_in_as(app, "viewer@example.com", "/settings")
        expect(workspace(app)).to_contain_text("To be read")
        expect(workspace(app)).to_contain_text("36 hours")
        expect(workspace(app)).to_contain_text("No limit")
        expect(app.page.get_by_role("textbox")).to_have_count(0)
        expect(app.page.get_by_role("button", name="Save changes")).to_have_count(0)
        assert app.violations() == []


def test_what_the_page_leads_to_is_there(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        sign_in_as(app, ADMIN, "/settings")
        expect(workspace(app)).to_be_visible()
        for name, kind in {
            "API documentation": "text/html",
            "OpenAPI description": "application/vnd.oai.openapi+json",
            "its JSON Schema": "json",
        }.items():
            path = app.page.get_by_role("link", name=name).get_attribute("href")
            assert path is not None
            answer = running.api.get(path)
            assert answer.status_code == 200
            assert kind in answer.headers["content-type"], name
        file = app.page.get_by_role("region", name="Workspace as a file")
        commands = file.locator("code").all_inner_texts()
    for command in commands:
        assert running.run(command.split()[1], "--help").returncode == 0, command


def test_a_control_database_that_is_away_keeps_what_was_typed(
    stoppable: Tailrace, browser: Browser
) -> None:
    database = stoppable.data_dir / "control.sqlite"
    away = database.with_name("away")
    with visit(browser, stoppable) as app:
        page = app.page
        app.sign_in("/settings")
        page.get_by_label("Name").fill("Patient")
        database.rename(away)
        page.get_by_role("button", name="Save changes").click()
        expect(workspace(app).get_by_role("alert")).to_be_visible()
        away.rename(database)
        page.get_by_role("button", name="Save changes").click()
        expect(workspace(app).get_by_text("Saved.")).to_be_visible(timeout=20_000)
        app.forgive(503)

    assert stoppable.get("/api/v1/settings")["name"] == "Patient"


def test_settings_are_changed_by_keyboard_alone(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, ADMIN)
        page.keyboard.press("g")
        page.keyboard.press(",")
        name = page.get_by_label("Name")
        expect(name).to_be_visible()
        name.focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("By keyboard")
        page.keyboard.press("Enter")
        expect(workspace(app).get_by_text("Saved.")).to_be_visible()

    assert running.get("/api/v1/settings")["name"] == "By keyboard"


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_settings_are_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        sign_in_as(app, ADMIN, "/settings")
        app.page.get_by_label("Longest life of a token").fill("never")
        expect(workspace(app)).to_contain_text("from 1 to 3650")
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
