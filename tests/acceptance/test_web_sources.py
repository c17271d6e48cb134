"""The Sources page against a running system: from a new source to its end."""

import re
from collections.abc import Iterator

import httpx
import pytest
from conftest import MakeTailrace
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace, wait_until
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)

FOLLOWED_MS = 20_000
OF_FILE = """
[[sources]]
slug = "legacy"
name = "Legacy shop"
kind = "server"
write_keys = ["key-of-the-legacy-shop"]
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def make_source(tailrace: Tailrace, slug: str, **fields: object) -> str:
    response = tailrace.api.post("/api/v1/sources", json={"slug": slug, **fields})
    assert response.status_code == 201, response.text
    key: str = response.json()["write_keys"][0]
    return key


def change_source(tailrace: Tailrace, slug: str, **fields: object) -> None:
    response = tailrace.api.patch(f"/api/v1/sources/{slug}", json=fields, headers={"If-Match": "*"})
    assert response.status_code == 200, response.text


def answer_to(tailrace: Tailrace, key: str) -> str:
    response = httpx.post(
        f"{tailrace.collect_url}/v1/track",
        json={"userId": "u-1", "event": "Kettle Boiled"},
        auth=(key, ""),
        trust_env=False,
    )
    return "taken" if response.status_code == 200 else str(response.json()["code"])


def wait_answered(tailrace: Tailrace, key: str, answer: str) -> None:
    wait_until(lambda: answer_to(tailrace, key) == answer, what=f"answer {answer}", within_s=20.0)


def keys_of(app: Visit) -> Locator:
    return app.page.get_by_role("region", name="Write keys").get_by_role("listitem")


def test_from_a_new_source_over_its_first_event_and_a_rotation_to_its_end(
    fresh: Tailrace, browser: Browser
) -> None:
    with visit(browser, fresh) as app:
        page = app.page
        app.sign_in()
        page.get_by_role("link", name="Sources", exact=True).click()
        page.get_by_role("button", name="Add source").click()
        dialog = page.get_by_role("dialog", name="Add a source")
        dialog.get_by_label("Name").fill("Tea shop (EU)")
        expect(dialog.get_by_role("textbox", name="Slug")).to_have_value("tea-shop-eu")
        dialog.get_by_label("Kind").select_option("Server")
        dialog.get_by_role("button", name="Add source").click()

        expect(page).to_have_url(re.compile(r"/sources/tea-shop-eu$"))
        waiting = page.get_by_test_id("first-event")
        expect(waiting).to_contain_text("Waiting for the first event")
        old = keys_of(app).locator("code").inner_text()
        expect(page.get_by_label("Node.js code", exact=True)).to_contain_text(old)
        wait_answered(fresh, old, "taken")
        expect(waiting).to_contain_text("The first event is here", timeout=FOLLOWED_MS)
        expect(waiting).to_contain_text("Kettle Boiled")

        page.get_by_role("button", name="Add or rotate").click()
        dialog = page.get_by_role("dialog", name="Add a write key")
        dialog.get_by_label("Label").fill("release 2")
        dialog.get_by_label("They work for 1 more hour").check()
        dialog.get_by_role("button", name="Rotate").click()
        new = dialog.locator("code").inner_text()
        dialog.get_by_role("button", name="Done").click()
        expect(keys_of(app)).to_have_count(2)
        expect(keys_of(app).first).to_contain_text("release 2")
        expect(keys_of(app).last).to_contain_text("Ends")
        wait_answered(fresh, new, "taken")
        assert answer_to(fresh, old) == "taken"

        keys_of(app).last.get_by_role("button", name="Disable").click()
        page.get_by_role("button", name="Disable the key").click()
        expect(keys_of(app)).to_have_count(1)
        page.get_by_role("button", name="1 former key").click()
        expect(keys_of(app).last).to_contain_text("Disabled")
        wait_answered(fresh, old, "unknown_source")

        page.get_by_role("button", name="Disable…").first.click()
        dialog = page.get_by_role("dialog", name="Disable Tea shop (EU)?")
        expect(dialog).to_contain_text("400 source_disabled")
        dialog.get_by_role("button", name="Disable", exact=True).click()
        expect(page.get_by_role("button", name="Enable…")).to_be_visible()
        wait_answered(fresh, new, "source_disabled")
        changes = page.get_by_role("region", name="Changes").get_by_role("listitem")
        expect(changes.first).to_contain_text("The owner disabled it")
        expect(changes).to_have_count(4)

        page.get_by_role("button", name="Delete source…").click()
        dialog = page.get_by_role("dialog", name="Delete Tea shop (EU)?")
        delete = dialog.get_by_role("button", name="Delete the source")
        dialog.get_by_label("Type tea-shop-eu to confirm").fill("tea-shop")
        expect(delete).to_be_disabled()
        dialog.get_by_label("Type tea-shop-eu to confirm").fill("tea-shop-eu")
        delete.click()
        expect(page).to_have_url(re.compile(r"/sources$"))
        expect(page.get_by_role("link", name="My app")).to_be_visible()
        expect(page.get_by_role("link", name="Tea shop (EU)")).to_have_count(0)
        wait_answered(fresh, new, "unknown_source")


def test_the_first_event_is_noticed_without_a_live_stream(
    running: Tailrace, browser: Browser
) -> None:
    key = make_source(running, "no-stream", kind="server")
    with visit(browser, running) as app:
        app.page.route("**/api/v1/live**", lambda route: route.abort("connectionrefused"))
        app.sign_in("/sources/no-stream")
        waiting = app.page.get_by_test_id("first-event")
        expect(waiting).to_contain_text("Waiting for the first event")
        wait_answered(running, key, "taken")
        expect(waiting).to_contain_text("The first event is here", timeout=FOLLOWED_MS)
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def test_an_invalid_first_event_is_told_and_does_not_count(
    running: Tailrace, browser: Browser
) -> None:
    key = make_source(running, "mistaken", kind="server")
    wait_answered(running, make_source(running, "followed"), "taken")
    with visit(browser, running) as app:
        app.sign_in("/sources/mistaken")
        waiting = app.page.get_by_test_id("first-event")
        expect(waiting).to_contain_text("Waiting for the first event")
        sent = httpx.post(
            f"{running.collect_url}/v1/batch",
            json={"batch": [{"type": "track", "userId": "u-1", "event": 7}]},
            auth=(key, ""),
            trust_env=False,
        )
        assert sent.status_code == 200
        expect(waiting).to_contain_text("set aside: event is of type number", timeout=FOLLOWED_MS)


def test_a_change_of_somebody_else_is_never_overwritten(
    running: Tailrace, browser: Browser
) -> None:
    make_source(running, "contested", name="Contested")
    with visit(browser, running) as app:
        page = app.page
        app.sign_in("/sources/contested")
        name = page.get_by_label("Name", exact=True)
        name.fill("Mine")
        change_source(running, "contested", name="Theirs", ip="drop")
        page.get_by_role("button", name="Save changes").click()

        expect(page.get_by_text("Somebody else changed this source")).to_be_visible()
        page.get_by_role("button", name="Load the new state").click()
        expect(name).to_have_value("Theirs")
        expect(page.get_by_label("IP addresses")).to_have_value("drop")
        name.fill("Ours")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("heading", name="Ours")).to_be_visible()
        expect(page.get_by_text("Saved. It holds everywhere")).to_be_visible()
        app.forgive(412)

    assert running.get("/api/v1/sources/contested")["ip"] == "drop"


def test_settings_are_saved_and_a_secret_is_only_told_to_be_set(
    running: Tailrace, browser: Browser
) -> None:
    make_source(running, "hook", kind="webhook")
    with visit(browser, running) as app:
        page = app.page
        app.sign_in("/sources/hook")
        limit = page.get_by_label("Limit in requests per second")
        limit.fill("none")
        expect(page.get_by_text("Give a number above 0")).to_be_visible()
        expect(page.get_by_role("button", name="Save changes")).to_be_disabled()
        limit.fill("20")
        page.get_by_label("IP addresses").select_option("truncate")
        page.get_by_role("button", name="Set a secret").click()
        page.get_by_role("textbox", name="New webhook secret").fill("planted-secret")
        page.get_by_role("button", name="Save changes").click()

        secret = page.get_by_role("group", name="Webhook secret")
        expect(secret).to_contain_text("Set")
        expect(secret.get_by_role("button", name="Replace")).to_be_visible()
        assert "planted-secret" not in page.content()
        source = running.get("/api/v1/sources/hook")
        assert (source["requests_per_s_max"], source["ip"]) == (20.0, "truncate")
        assert source["webhook_secret"] == "***"
        secret.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Save changes").click()
        expect(secret).to_contain_text("Not set")
        changes = page.get_by_role("region", name="Changes").get_by_role("listitem")
        expect(changes.first).to_contain_text("removed the webhook secret")


def test_a_taken_slug_is_told_at_its_field(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in("/sources")
        expect(app.page.get_by_role("link", name="My app")).to_be_visible()
        app.page.keyboard.press("n")
        app.page.keyboard.type("Default")
        app.page.keyboard.press("Enter")

        slug = app.page.get_by_role("textbox", name="Slug")
        expect(slug).to_have_attribute("aria-invalid", "true")
        expect(app.page.get_by_role("dialog")).to_contain_text("belongs to a source")
        app.page.keyboard.press("Escape")
        expect(app.page.get_by_role("dialog")).to_have_count(0)
        app.forgive(409)


def test_a_source_is_made_disabled_and_deleted_by_keyboard_alone(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        page = app.page
        app.sign_in()
        page.keyboard.press("g")
        page.keyboard.press("o")
        expect(page.get_by_role("link", name="My app")).to_be_visible()
        page.keyboard.press("n")
        page.keyboard.type("By keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()
        page.get_by_role("button", name="Disable…").first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Enable…")).to_be_focused()
        page.get_by_role("button", name="Delete source…").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("by-keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="My app")).to_be_visible()

    assert running.api.get("/api/v1/sources/by-keyboard").status_code == 404


def test_a_source_of_the_file_is_shown_and_cannot_be_changed(
    make_tailrace: MakeTailrace, browser: Browser
) -> None:
    tailrace = make_tailrace(settings=OF_FILE).start()
    with visit(browser, tailrace) as app:
        app.sign_in("/sources")
        row = app.page.get_by_role("row").filter(has_text="Legacy shop")
        expect(row).to_contain_text("Managed by file")
        row.get_by_role("link").click()

        expect(app.page.get_by_text("comes from the settings file")).to_be_visible()
        expect(keys_of(app)).to_contain_text("key-of-the-legacy-shop")
        for name in ("Disable", "Save changes", "Add or rotate", "Delete source"):
            expect(app.page.get_by_role("button", name=name)).to_have_count(0)
        assert app.violations() == []


def test_many_sources_come_page_by_page_and_are_found_by_text(
    fresh: Tailrace, browser: Browser
) -> None:
    for number in range(110):
        make_source(fresh, f"kiosk-{number:03}", name=f"Kiosk {number}")
    with visit(browser, fresh) as app:
        app.sign_in("/sources")
        rows = app.page.get_by_role("row")
        expect(rows).to_have_count(101)
        app.page.get_by_role("button", name="Show more sources").click()
        expect(rows).to_have_count(112)

        app.page.keyboard.press("/")
        app.page.keyboard.type("kiosk 10")
        expect(rows).to_have_count(12)
        assert app.page.url.endswith("/sources?q=kiosk+10")
        app.page.keyboard.type(" and none")
        app.page.get_by_role("button", name="Show all sources").click()
        expect(rows).to_have_count(112)


def test_a_server_that_went_away_is_told_and_what_is_shown_stays(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in("/sources")
        expect(app.page.get_by_role("link", name="My app")).to_be_visible()
        app.page.route("**/api/v1/sources**", lambda route: route.abort("connectionrefused"))
        expect(app.page.get_by_role("alert")).to_contain_text("not up to date", timeout=30_000)
        expect(app.page.get_by_role("link", name="My app")).to_be_visible()
        app.page.unroute("**/api/v1/sources**")
        app.page.get_by_role("button", name="Try again").click()
        expect(app.page.get_by_role("alert")).to_have_count(0)
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def test_a_source_that_does_not_exist_leads_back_to_the_list(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in("/sources/nobody")
        expect(app.page.get_by_text("No such source")).to_be_visible()
        app.page.get_by_role("button", name="Show all sources").click()
        expect(app.page.get_by_role("link", name="My app")).to_be_visible()
        app.forgive(404)


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_the_source_and_its_dialogs_are_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    slug = f"accessible-{scheme}-{size[0]}"
    make_source(running, slug, name="A source with a name that is longer than a phone is wide")
    change_source(running, slug, webhook_secret="secret", requests_per_s_max=5, enabled=False)
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        page = app.page
        app.sign_in(f"/sources?q={slug}")
        expect(page.get_by_role("row")).to_have_count(2)
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        page.get_by_role("row").get_by_role("link").click()
        expect(page.get_by_role("region", name="Changes").get_by_role("listitem")).to_have_count(2)
        page.get_by_role("button", name="Replace").click()
        page.get_by_label("Limit in requests per second").fill("-1")
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        for name in ("Enable…", "Add or rotate", "Disable…", "Delete source…"):
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            assert app.violations() == [], name
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
