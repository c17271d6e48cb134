"""Backfills and delivery alerts in the web app, against a running system and real receivers."""

import re
from collections.abc import Iterator

import pytest
from people import add_member, sign_in_as
from playwright.sync_api import Browser, Locator, Page, expect
from running import Tailrace
from web_app import PHONE, Visit, chromium, send_batch, track, visit
from webhook_tool import REFUSAL, Tool, make

pytestmark = pytest.mark.timeout(180)

FOLLOWED_MS = 20_000
SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
EVENTS = 30
REFUSED = 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    """Give an installation with stored events of the past and nobody who has had them."""
    tailrace = Tailrace(tmp_path_factory.mktemp("tailrace"), settings=SETTINGS)
    try:
        tailrace.start()
        events = [track("Ordered", user=f"u-{n}") for n in range(EVENTS - REFUSED)]
        send_batch(tailrace, [*events, *(track("Refused", user="u-r") for _ in range(REFUSED))])
        tailrace.wait_settled()
        yield tailrace
    finally:
        tailrace.close()


@pytest.fixture
def tool() -> Iterator[Tool]:
    with Tool().running() as tool:
        yield tool


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def count(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Count")).click()


def figure(page: Page, label: str) -> Locator:
    """What became of a backfill's events, by the figure's label."""
    labelled = page.locator("dt", has_text=re.compile(f"^{label}$"))
    return page.locator("main dl > div").filter(has=labelled).locator("dd")


def test_the_past_is_counted_sent_paused_and_its_dead_letters_replayed(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "archive", tool.url, name="Archive", enabled=False)
    tool.statuses["Refused"] = 400
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/archive?view=backfill")
        expect(page.get_by_text("No backfills yet")).to_be_visible()

        pace = page.get_by_role("textbox", name="Events a second")
        pace.fill("fast")
        count(page)
        expect(page.get_by_role("alert")).to_contain_text("Give a whole number")
        expect(pace).to_be_focused()
        pace.fill("5")
        query = page.get_by_role("textbox", name="Only events that match")
        query.fill("event:(")
        count(page)
        expect(page.get_by_role("alert").first).to_be_visible()
        app.forgive(400)
        query.fill("event:Nothing")
        count(page)
        expect(page.get_by_text("No stored event matches.")).to_be_visible()
        query.fill("")
        expect(page.get_by_text("No stored event matches.")).to_have_count(0)
        count(page)
        expect(page.get_by_text(f"{EVENTS} events", exact=True)).to_be_visible()
        page.get_by_text("The first ones, as the destination gets them").click()
        expect(page.get_by_role("list", name="Event 1")).to_contain_text("messageId")
        assert app.violations() == []

        page.get_by_role("button", name=f"Send {EVENTS} events…").click()
        dialog = page.get_by_role("dialog", name=f"Send {EVENTS} events to Archive?")
        expect(dialog).to_contain_text("The destination is disabled")
        assert tool.taken == []
        dialog.get_by_role("button", name="Start the backfill").click()
        page.get_by_role("button", name="Pause").click(timeout=FOLLOWED_MS)
        expect(section(page, "Backfill 1")).to_contain_text("Paused")
        assert app.violations() == []
        page.get_by_role("button", name="Resume").click()
        expect(section(page, "Backfill 1")).to_contain_text("Done", timeout=3 * FOLLOWED_MS)
        expect(figure(page, "Delivered")).to_have_text(str(EVENTS - REFUSED))
        expect(figure(page, "Dead letters")).to_have_text(str(REFUSED))
        assert len({event["messageId"] for event in tool.taken}) == EVENTS - REFUSED

        letters = page.get_by_role("list", name="Dead letters").get_by_role("listitem")
        expect(letters.filter(has_text="Refused").first).to_contain_text(REFUSAL)
        page.locator("summary").filter(has_text="Refused").first.click()
        opened = page.get_by_role("list", name="The event that was given up")
        expect(opened).to_contain_text('"Refused"')
        assert app.violations() == []
        tool.statuses.clear()
        page.get_by_role("button", name="Replay all…").click()
        page.get_by_role("dialog").get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("2 events are tried again.")).to_be_visible()
        expect(figure(page, "Delivered")).to_have_text(str(EVENTS), timeout=FOLLOWED_MS)
        expect(figure(page, "Dead letters")).to_have_text("0", timeout=FOLLOWED_MS)

        page.get_by_role("link", name="All backfills").click()
        count(page)
        page.get_by_role("button", name=f"Send {EVENTS} events…").click()
        page.get_by_role("button", name="Start the backfill").click()
        page.get_by_role("button", name="Cancel…").click(timeout=FOLLOWED_MS)
        dialog = page.get_by_role("dialog", name="Cancel this backfill?")
        dialog.get_by_role("button", name="Cancel the backfill").click()
        expect(section(page, "Backfill 2")).to_contain_text("Canceled")
        page.get_by_role("link", name="All backfills").click()
        history = page.get_by_role("list", name="Backfills").get_by_role("listitem")
        expect(history).to_have_count(2)
        expect(history.first).to_contain_text("Canceled")
        expect(history.last).to_contain_text(f"{EVENTS} of {EVENTS} events")
        assert app.violations() == []


def test_people_are_told_of_trouble_as_an_alert_says(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    with Tool().running() as people, visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations")
        page.get_by_role("main").get_by_role("button", name="Alerts").click()
        expect(page.get_by_text("No alerts yet")).to_be_visible()
        assert app.violations() == []
        page.get_by_role("button", name="Add alert").click()

        page.get_by_role("textbox", name="Name").fill("On call")
        expect(page.get_by_role("textbox", name="Slug").first).to_have_value("on-call")
        page.get_by_role("button", name="Remove: Slack 1").click()
        page.get_by_role("button", name="Add a webhook").click()
        page.get_by_role("textbox", name="The tool takes nothing for").fill("soon")
        page.get_by_role("button", name="Add alert").click()
        expect(page.get_by_role("textbox", name="The tool takes nothing for")).to_be_focused()
        expect(page.get_by_text("Give a duration such as 30s")).to_be_visible()
        expect(page.get_by_text("This is needed.")).to_be_visible()
        assert app.violations() == []
        page.get_by_role("textbox", name="The tool takes nothing for").fill("1s")
        page.get_by_role("textbox", name="Address").fill(f"{people.url}/secret-path")
        page.get_by_role("button", name="Sign messages").click()
        page.get_by_label("Secret", exact=True).fill("sealed-secret")
        page.get_by_role("button", name="Add alert").click()

        expect(page).to_have_url(re.compile(r"/alerts/on-call$"))
        page.get_by_role("button", name="Send test message").click()
        taken = page.get_by_role("list", name="How the test was taken")
        expect(taken).to_contain_text("Taken")
        assert [event["state"] for event in people.taken] == ["test"]
        expect(page.get_by_role("main")).not_to_contain_text("secret-path")
        address = page.get_by_role("textbox", name="Address")
        expect(address).to_have_value(re.compile(r"/\*\*\*$"))

        tool.status = 503
        make(tailrace, "hub", tool.url)
        send_batch(tailrace, [track("Ordered")])
        trouble = page.get_by_role("list", name="In trouble")
        expect(trouble).to_contain_text("hub has taken nothing", timeout=FOLLOWED_MS)
        expect(page.get_by_text("A message was last taken")).to_be_visible(timeout=FOLLOWED_MS)
        assert people.taken[-1]["state"] == "firing"
        assert app.violations() == []

        page.get_by_role("textbox", name="Tell again after").fill("4")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text("Saved. It holds within a few seconds.")).to_be_visible()
        saved = tailrace.get("/api/v1/delivery-alerts/on-call")
        assert (saved["repeat_every_h"], saved["notify"][0]["secret"]) == (4, "***")

        page.get_by_role("link", name="Destinations", exact=True).first.click()
        row = page.get_by_role("row").filter(has_text="hub")
        expect(row).to_contain_text("Down")
        expect(row.get_by_role("cell").nth(4)).to_contain_text("1")
        page.get_by_role("link", name="Alerts").first.click()
        line = page.get_by_role("list", name="Alerts").get_by_role("listitem")
        expect(line).to_contain_text("Trouble")
        expect(line).to_contain_text("hub has taken nothing")

        changed = tailrace.api.patch(
            "/api/v1/delivery-alerts/on-call", json={"enabled": False}, headers={"If-Match": "*"}
        )
        assert changed.status_code == 200, changed.text
        expect(line).to_contain_text("Disabled", timeout=FOLLOWED_MS)
        line.get_by_role("link").click()
        page.get_by_role("button", name="Delete alert…").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete the alert").click()
        expect(page.get_by_text("No alerts yet")).to_be_visible()


def test_a_viewer_sees_backfills_and_alerts_and_is_offered_no_change(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "seen", tool.url)
    begun = tailrace.api.post("/api/v1/destinations/seen/backfills", json={"since": "1h"})
    assert begun.status_code == 201, begun.text
    place = {"type": "webhook", "url": f"{tool.url}/secret-path"}
    body = {"slug": "watch", "when": {"down_for_s": 300}, "notify": [place]}
    made = tailrace.api.post("/api/v1/delivery-alerts", json=body)
    assert made.status_code == 201, made.text
    add_member(tailrace, "viewer@example.com", role="viewer")
    with visit(browser, tailrace, size=PHONE, scheme="dark") as app:
        page = app.page
        sign_in_as(app, "viewer@example.com", "/destinations/seen?view=backfill")
        history = page.get_by_role("list", name="Backfills").get_by_role("listitem")
        expect(history).to_have_count(1)
        expect(page.get_by_role("button", name=re.compile("^Count"))).to_have_count(0)
        assert_fits(app)
        history.get_by_role("link").click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        for name in ("Pause", "Cancel…", "Replay all…"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        assert_fits(app)

        app.open("/alerts")
        expect(page.get_by_role("list", name="Alerts")).to_contain_text("down for 5 minutes")
        expect(page.get_by_role("button", name="Add alert")).to_have_count(0)
        assert_fits(app)
        page.get_by_role("link", name="watch").click()
        expect(section(page, "Settings")).to_contain_text("You may see these settings")
        for name in ("Send test message", "Save changes", "Disable…", "Delete alert…"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("main")).not_to_contain_text("secret-path")
        assert_fits(app)
        app.open("/alerts?add=new")
        expect(page.get_by_text("You may not add alerts")).to_be_visible()


def test_the_pages_fit_a_phone_and_say_what_is_not_there(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "fits", tool.url)
    with visit(browser, tailrace, size=PHONE) as app:
        app.sign_in()
        for path in ("/alerts?add=new", "/destinations/fits?view=backfill", "/destinations"):
            app.open(path)
            expect(app.page.get_by_role("heading", level=1)).to_be_visible()
            assert_fits(app)
        app.open("/destinations/fits?view=backfill&backfill=999")
        expect(app.page.get_by_text("No such backfill")).to_be_visible()
        app.open("/alerts/unknown")
        expect(app.page.get_by_text("There is no alert “unknown”")).to_be_visible()
        app.forgive(404)


def assert_fits(app: Visit) -> None:
    """The page is accessible and no wider than the window, once nothing is on its way."""
    expect(app.page.locator(".mantine-Skeleton-root")).to_have_count(0)
    assert app.violations() == []
    assert not app.is_wider_than_the_window()
