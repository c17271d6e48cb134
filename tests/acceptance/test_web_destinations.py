"""The Destinations pages against a running system and a tool that takes, refuses and is away."""

import re
from collections.abc import Iterator

import pytest
from people import add_member, sign_in_as
from playwright.sync_api import Browser, Locator, Page, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, send_batch, track, visit
from webhook_tool import REFUSAL, Tool, delivery, make, wait_books, wait_state

pytestmark = pytest.mark.timeout(180)

FOLLOWED_MS = 20_000
SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    tailrace = Tailrace(tmp_path_factory.mktemp("tailrace"), settings=SETTINGS)
    try:
        yield tailrace.start()
    finally:
        tailrace.close()


@pytest.fixture
def tool() -> Iterator[Tool]:
    with Tool().running() as tool:
        yield tool


def remove(tailrace: Tailrace, slug: str) -> None:
    answer = tailrace.api.delete(f"/api/v1/destinations/{slug}", headers={"If-Match": "*"})
    assert answer.status_code == 204, answer.text


def refused(tailrace: Tailrace, tool: Tool, slug: str, events: int, *, status: int = 400) -> None:
    """Let the tool refuse events, until they are dead letters."""
    before = delivery(tailrace, slug)["subscriptions"][0]["dead_letters"]
    tool.status = status
    send_batch(tailrace, [track(f"Refused {n}", user=f"u-{n}") for n in range(events)])
    wait_books(tailrace, slug, dead_letters=before + events)
    tool.status = 200


def figure(page: Page, label: str) -> Locator:
    """A figure of the overview, by its label."""
    labelled = page.locator("dt", has_text=re.compile(f"^{label}$"))
    return page.locator("main dl > div").filter(has=labelled).locator("dd").first


def letters(page: Page) -> Locator:
    return page.get_by_role("list", name="Dead letters").get_by_role("listitem")


def test_from_no_destination_over_a_test_to_events_in_its_books(
    fresh_with_tool: tuple[Tailrace, Tool], browser: Browser
) -> None:
    tailrace, tool = fresh_with_tool
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in()
        page.get_by_role("link", name="Destinations", exact=True).click()
        expect(page.get_by_text("No destinations yet")).to_be_visible()
        assert app.violations() == []
        page.get_by_role("button", name="Add destination").click()
        page.get_by_role("link", name="Webhook").click()
        assert app.violations() == []

        page.get_by_role("textbox", name="Name").fill("Order hub (EU)")
        expect(page.get_by_role("textbox", name="Slug")).to_have_value("order-hub-eu")
        page.get_by_role("textbox", name="Timeout in seconds").fill("500")
        page.get_by_role("button", name="Add destination").click()
        url = page.get_by_role("textbox", name="URL")
        expect(url).to_be_focused()
        expect(page.get_by_role("alert").filter(has_text="This is needed")).to_be_visible()
        expect(page.get_by_text("Give a number from 0.1 to 60")).to_be_visible()
        assert app.violations() == []

        url.fill(tool.url)
        page.get_by_role("textbox", name="Timeout in seconds").fill("5")
        secret = page.get_by_role("textbox", name="Auth value")
        expect(secret).to_have_attribute("type", "password")
        secret.fill("Bearer of-the-hub")
        page.get_by_role("button", name="Add one").click()
        page.get_by_role("textbox", name="Headers: name 1").fill("X-Signature")
        page.get_by_role("textbox", name="Headers: value 1").fill("mine")
        page.get_by_role("button", name="Add destination").click()
        headers = page.get_by_role("group", name="Headers")
        expect(headers.get_by_role("alert")).to_contain_text("x-signature")
        app.forgive(400)
        page.get_by_role("textbox", name="Headers: name 1").fill("X-Environment")
        page.get_by_role("button", name="Add destination").click()

        expect(page).to_have_url(re.compile(r"/destinations/order-hub-eu\?view=test$"))
        page.get_by_role("button", name="Send test event").click()
        expect(page.get_by_text("The tool has taken the event.")).to_be_visible()
        request = page.get_by_role("region", name="Request", exact=True)
        expect(request).to_contain_text(f"POST {tool.url}")
        expect(request).to_contain_text("X-Environment: mine")
        expect(request).to_contain_text("Tailrace Test")
        expect(request).not_to_contain_text("of-the-hub")
        answer = page.get_by_role("region", name="Answer", exact=True)
        expect(answer).to_contain_text("HTTP 200")
        expect(answer).to_contain_text('"received": true')
        assert tool.headers[-1]["Authorization"] == "Bearer of-the-hub"
        assert app.violations() == []

        page.get_by_role("checkbox", name="Write the event myself").check()
        page.get_by_role("textbox", name="Event as JSON").fill("{not JSON")
        page.get_by_role("button", name="Send another").click()
        expect(page.get_by_role("alert")).to_contain_text("This is not JSON")
        page.get_by_role("textbox", name="Event as JSON").fill('{"type": "page", "name": "Mine"}')
        page.get_by_role("button", name="Send another").click()
        expect(request).to_contain_text('"name": "Mine"')

        page.get_by_role("tab", name="Overview").click()
        expect(figure(page, "Delivered")).to_have_text("0")
        wait_state(tailrace, "order-hub-eu", "running")
        send_batch(tailrace, [track(f"Order {n}", user=f"u-{n}") for n in range(12)])
        expect(figure(page, "Delivered")).to_have_text("12", timeout=FOLLOWED_MS)
        books = page.get_by_role("region", name="Books")
        expect(books.get_by_role("row", name="Together")).to_contain_text("12")
        expect(page.get_by_text("Running")).to_be_visible()
        assert app.violations() == []

        page.get_by_role("link", name="Destinations", exact=True).first.click()
        row = page.get_by_role("row").filter(has_text="Order hub (EU)")
        expect(row.get_by_role("cell").nth(2)).to_have_text("Running")
        expect(row.get_by_role("cell").nth(7)).to_contain_text(re.compile("now|ago"))
        assert app.violations() == []


@pytest.fixture
def fresh_with_tool(fresh: Tailrace, tool: Tool) -> tuple[Tailrace, Tool]:
    """Give an installation of its own that may reach the tool."""
    fresh.stop()
    fresh.configure(SETTINGS)
    return fresh.start(), tool


def test_what_the_tool_refuses_is_shown_with_its_answer_and_replayed_once_it_is_mended(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "refusing", tool.url)
    refused(tailrace, tool, "refusing", 3)
    refused(tailrace, tool, "refusing", 2, status=422)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/refusing")
        expect(figure(page, "Dead letters")).to_have_text("5")
        page.get_by_role("button", name="2 events").click()
        expect(page.get_by_label("Reason")).to_have_value("http-422")
        expect(letters(page)).to_have_count(2)
        page.get_by_label("Reason").select_option("Every reason")
        expect(letters(page)).to_have_count(5)
        assert app.violations() == []

        letters(page).first.get_by_role("link").click()
        opened = page.get_by_role("region", name=re.compile("^Dead letter: Refused"))
        expect(opened.get_by_role("region", name="What the tool said")).to_contain_text(REFUSAL)
        expect(opened.get_by_label("The event that was given up")).to_contain_text("userId")
        assert app.violations() == []
        page.keyboard.press("Escape")
        expect(opened).to_have_count(0)
        letters(page).first.get_by_role("link").click()
        opened.get_by_role("button", name="Replay", exact=True).click()
        expect(letters(page)).to_have_count(4)
        wait_books(tailrace, "refusing", delivered=1, dead_letters=4)

        page.get_by_label("Reason").select_option("HTTP 422 (1)")
        page.get_by_role("button", name="Discard these…").click()
        dialog = page.get_by_role("dialog", name="Discard 1 event of “HTTP 422”?")
        dialog.get_by_role("button", name="Discard", exact=True).click()
        expect(page.get_by_text("1 event was discarded.")).to_be_visible()
        expect(page.get_by_text("No dead letter matches")).to_be_visible()
        page.get_by_role("button", name="Show all dead letters").click()
        expect(letters(page)).to_have_count(3)

        page.get_by_role("button", name="Replay all…").click()
        dialog = page.get_by_role("dialog", name="Replay all 3 events?")
        dialog.get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("3 events are tried again.")).to_be_visible()
        expect(page.get_by_text("No dead letters")).to_be_visible()
        page.get_by_role("tab", name="Overview").click()
        expect(figure(page, "Delivered")).to_have_text("4", timeout=FOLLOWED_MS)
        books = page.get_by_role("region", name="Books")
        expect(books.get_by_role("row", name="Discarded")).to_contain_text("1")
        expect(books.get_by_role("row", name="Together")).to_contain_text("5")
    assert len({event["messageId"] for event in tool.taken}) == 4
    remove(tailrace, "refusing")


def test_a_tool_that_is_away_is_down_with_the_reason_and_gets_what_waited(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "away", tool.url, name="Away for a while")
    tool.status = 503
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations")
        send_batch(tailrace, [track("Kept", user=f"u-{n}") for n in range(8)])
        row = page.get_by_role("row").filter(has_text="Away for a while")
        expect(row).to_contain_text("Down", timeout=FOLLOWED_MS)
        expect(row).to_contain_text("HTTP 503")
        expect(row.get_by_role("cell").nth(4)).to_contain_text("8")
        assert app.violations() == []

        row.get_by_role("link").click()
        expect(page.get_by_role("status").filter(has_text="Down.")).to_contain_text("HTTP 503")
        expect(figure(page, "Waiting")).to_have_text("8")
        tool.status = 200
        expect(figure(page, "Delivered")).to_have_text("8", timeout=3 * FOLLOWED_MS)
        expect(page.get_by_role("status").filter(has_text="Down.")).to_have_count(0)
    remove(tailrace, "away")


def test_settings_are_changed_restored_and_end_with_the_destination(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "changing", tool.url, settings={"auth_value": "first-secret"})
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/changing?view=settings")
        page.get_by_role("textbox", name="Name").fill("Renamed")
        page.get_by_role("textbox", name="Timeout in seconds").fill("3")
        page.get_by_role("button", name="Replace: Auth value").click()
        page.get_by_role("textbox", name="New auth value").fill("second-secret")
        page.get_by_role("radio", name="Only these").check()
        expect(page.get_by_role("button", name="Save changes")).to_be_disabled()
        page.get_by_role("checkbox", name="My app").check()
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
        versions = page.get_by_role("region", name="Versions").get_by_role("listitem")
        expect(versions).to_have_count(2)
        expect(versions.first).to_contain_text("timeout in seconds from 10 to 3")
        expect(page.get_by_role("main")).not_to_contain_text("second-secret")
        assert app.violations() == []

        versions.last.get_by_role("button", name="Restore version 1…").click()
        dialog = page.get_by_role("dialog", name="Restore version 1?")
        expect(dialog).to_contain_text("Timeout in seconds from 3 to 10")
        dialog.get_by_role("button", name="Restore", exact=True).click()
        expect(versions).to_have_count(3)
        expect(page.get_by_role("textbox", name="Timeout in seconds")).to_have_value("10")
        expect(page.get_by_role("radio", name="All sources")).to_be_checked()
        page.get_by_role("tab", name="Test").click()
        page.get_by_role("button", name="Send test event").click()
        expect(page.get_by_text("The tool has taken the event.")).to_be_visible()
        assert tool.headers[-1]["Authorization"] == "first-secret"

        page.get_by_role("button", name="Disable…").click()
        dialog = page.get_by_role("dialog", name="Disable changing?")
        dialog.get_by_role("button", name="Disable", exact=True).click()
        page.get_by_role("tab", name="Overview").click()
        disabled = page.get_by_role("status").filter(has_text="Disabled.")
        expect(disabled).to_be_visible(timeout=FOLLOWED_MS)
        page.get_by_role("button", name="Enable…").click()
        page.get_by_role("dialog").get_by_role("button", name="Enable", exact=True).click()
        expect(page.get_by_text("Running")).to_be_visible(timeout=FOLLOWED_MS)

        page.get_by_role("tab", name="Settings").click()
        page.get_by_role("button", name="Delete destination…").click()
        dialog = page.get_by_role("dialog", name="Delete changing?")
        delete = dialog.get_by_role("button", name="Delete the destination")
        expect(delete).to_be_disabled()
        dialog.get_by_label("Type changing to confirm").fill("changing")
        delete.click()
        expect(page).to_have_url(re.compile(r"/destinations$"))
        expect(page.get_by_role("link", name="changing")).to_have_count(0)


def test_a_change_of_somebody_else_is_not_overwritten(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "shared", tool.url)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/shared?view=settings")
        page.get_by_role("textbox", name="Name").fill("Mine")
        changed = tailrace.api.patch(
            "/api/v1/destinations/shared", json={"name": "Theirs"}, headers={"If-Match": "*"}
        )
        assert changed.status_code == 200
        expect(page.get_by_text("Somebody else changed this destination.")).to_be_visible(
            timeout=FOLLOWED_MS
        )
        expect(page.get_by_role("button", name="Save changes")).to_be_disabled()
        page.get_by_role("button", name="Load the new state").click()
        expect(page.get_by_role("textbox", name="Name")).to_have_value("Theirs")
    remove(tailrace, "shared")


def test_a_viewer_sees_everything_and_is_offered_no_change(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "seen", tool.url, settings={"auth_value": "hidden-secret"})
    refused(tailrace, tool, "seen", 1)
    add_member(tailrace, "viewer@example.com", role="viewer")
    with visit(browser, tailrace) as app:
        page = app.page
        sign_in_as(app, "viewer@example.com", "/destinations")
        expect(page.get_by_role("link", name="seen")).to_be_visible()
        expect(page.get_by_role("button", name="Add destination")).to_have_count(0)
        app.open("/destinations?add=webhook")
        expect(page.get_by_text("You may not add destinations")).to_be_visible()

        app.open("/destinations/seen?view=dead-letters")
        expect(letters(page)).to_have_count(1)
        letters(page).get_by_role("link").click()
        expect(page.get_by_role("region", name="What the tool said")).to_contain_text(REFUSAL)
        for name in ("Replay", "Discard", "Disable…"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("tab", name="Test")).to_have_count(0)
        page.get_by_role("tab", name="Settings").click()
        settings = page.get_by_role("region", name="Settings")
        expect(settings).to_contain_text("You may see these settings and not change them")
        expect(settings).to_contain_text(tool.url)
        expect(page.get_by_role("main")).not_to_contain_text("hidden-secret")
        for name in ("Save changes", "Restore", "Delete"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        assert app.violations() == []
    remove(tailrace, "seen")


def test_who_may_not_see_destinations_is_told_so(tailrace: Tailrace, browser: Browser) -> None:
    source = tailrace.api.post("/api/v1/sources", json={"slug": "kiosk"})
    assert source.status_code == 201, source.text
    add_member(tailrace, "kiosk@example.com", role="source-only", sources=["kiosk"])
    with visit(browser, tailrace) as app:
        sign_in_as(app, "kiosk@example.com", "/destinations")
        expect(app.page.get_by_text("You may not see Destinations")).to_be_visible()
        expect(app.page.get_by_role("main")).to_contain_text("destinations:read")
        assert app.violations() == []


def test_the_keyboard_leads_there_and_adds_one(tailrace: Tailrace, browser: Browser) -> None:
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in()
        page.keyboard.press("g")
        page.keyboard.press("d")
        expect(page).to_have_url(re.compile(r"/destinations$"))
        page.keyboard.press("n")
        expect(page.get_by_role("heading", name="Add a destination")).to_be_visible()
        page.get_by_role("link", name="Webhook").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Name")).to_be_focused()
        page.go_back()
        expect(page.get_by_role("heading", name="Add a destination")).to_be_visible()


def test_a_server_that_fails_is_said_to_and_asked_again(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "lasting", tool.url)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/unknown")
        expect(page.get_by_text("There is no destination “unknown”")).to_be_visible()
        app.forgive(404)
        page.route("**/api/v1/deliveries?**", lambda route: route.abort("connectionrefused"))
        page.get_by_role("button", name="Show all destinations").click()
        expect(page.get_by_text("No connection")).to_be_visible(timeout=FOLLOWED_MS)
        page.unroute("**/api/v1/deliveries?**")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("link", name="lasting")).to_be_visible()
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]
    remove(tailrace, "lasting")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "dark")])
def test_every_view_fits_and_is_accessible(
    tailrace: Tailrace, tool: Tool, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    slug = f"fits-{size[0]}-{scheme}"
    make(tailrace, slug, tool.url, name="A name that is rather long for a destination")
    refused(tailrace, tool, slug, 2)
    views = ("", "?view=deliveries", "?view=dead-letters", "?view=test", "?view=settings")
    paths = ["/destinations", "/destinations?add=", "/destinations?add=webhook"]
    with visit(browser, tailrace, size=size, scheme=scheme) as app:
        app.sign_in()
        for path in (*paths, *(f"/destinations/{slug}{view}" for view in views)):
            app.open(path)
            expect(app.page.get_by_role("heading", level=1)).to_be_visible()
            wait_quiet(app)
            assert (path, app.violations()) == (path, [])
            assert not app.is_wider_than_the_window(), path
        app.open(f"/destinations/{slug}?view=dead-letters")
        letters(app.page).first.get_by_role("link").click()
        expect(app.page.get_by_role("region", name="What the tool said")).to_be_visible()
        assert app.violations() == []
    remove(tailrace, slug)


def wait_quiet(app: Visit) -> None:
    """Wait until nothing that was asked for is still on its way."""
    expect(app.page.locator(".mantine-Skeleton-root")).to_have_count(0)
