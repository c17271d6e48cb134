"""Looking after deliveries in the web app: what waits, what was refused, how it is steered."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from running import Tailrace, wait_until
from web_app import PHONE, Visit, chromium, send_batch, track, visit
from webhook_tool import REFUSAL, Tool, delivery, make, wait_books, wait_state

pytestmark = pytest.mark.timeout(120)

FOLLOWED_MS = 20_000
SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
CLOSED = "http://127.0.0.1:9/events"


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


def listed(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name=name).get_by_role("listitem")


def test_an_operator_finds_mends_and_retries_what_did_not_arrive(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "orders", tool.url, settings={"auth_value": "of-the-orders"})
    tool.statuses = {"Stuck": 503, "Refused": 422, "Unknown": 404}
    send_batch(
        tailrace,
        [
            *(track("Order Completed", user=f"u-{n}") for n in range(6)),
            *(track("Refused", user=f"r-{n}", amount="12,50") for n in range(3)),
            track("Unknown", user="x-1"),
            track("Stuck", user="s-1"),
            track("After It", user="s-1"),
        ],
    )
    passing = 6 + send_until_out_of_line(tailrace, "orders", waiting=2)
    wait_books(tailrace, "orders", delivered=passing, dead_letters=4)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/orders?view=dead-letters")
        expect(listed(page, "Dead letters")).to_have_count(4)
        page.get_by_label("HTTP status").select_option("HTTP 422")
        expect(listed(page, "Dead letters")).to_have_count(3)
        page.get_by_label("Last tried").select_option("Last hour")
        expect(page).to_have_url(re.compile("status=422&since=1h"))

        listed(page, "Dead letters").first.get_by_role("link").click()
        opened = page.get_by_role("region", name=re.compile("^Dead letter: Refused"))
        request = opened.get_by_role("region", name="Last request", exact=True)
        expect(request).to_contain_text(f"POST {tool.url}")
        expect(request).to_contain_text("Authorization: ***")
        answer = opened.get_by_role("region", name="Last answer", exact=True)
        expect(answer).to_contain_text("HTTP 422")
        expect(answer).to_contain_text(REFUSAL)
        expect(opened.get_by_role("list", name="What would be sent now")).to_contain_text("12,50")
        assert app.violations() == []

        opened.get_by_role("button", name="Edit and replay…").click()
        dialog = page.get_by_role("dialog", name="Edit and replay")
        text = dialog.get_by_role("textbox", name="Event as JSON")
        whole = text.input_value()
        text.fill(whole.replace('"messageId"', '"message"'))
        expect(dialog.get_by_role("alert")).to_contain_text("Leave messageId as it was")
        text.fill(whole.replace('"12,50"', "12.5"))
        expect(dialog.get_by_role("list", name="Changes")).to_have_text(
            'properties.amount: "12,50" → 12.5'
        )
        assert app.violations() == []
        tool.statuses["Refused"] = 200
        dialog.get_by_role("button", name="Replay as edited").click()
        expect(listed(page, "Dead letters")).to_have_count(2)
        wait_books(tailrace, "orders", delivered=passing + 1)
        assert tool.taken[-1]["properties"] == {"amount": 12.5}

        page.get_by_role("button", name="Replay these…").click()
        dialog = page.get_by_role("dialog", name="Replay all that match?")
        expect(dialog).to_contain_text("HTTP status: 422")
        dialog.get_by_role("button", name="Replay", exact=True).click()
        expect(page.get_by_text("2 events are tried again.")).to_be_visible()
        wait_books(tailrace, "orders", delivered=passing + 3, dead_letters=1, waiting=2)

        page.get_by_role("tab", name="Deliveries").click()
        waiting = listed(page, "Waiting events")
        expect(waiting).to_have_count(2)
        expect(waiting.filter(has_text="Stuck")).to_contain_text("HTTP 503")
        expect(waiting.filter(has_text="After It")).to_contain_text("behind another one")
        expect(listed(page, "Last deliveries").filter(has_text="Edited")).to_have_count(1)
        page.get_by_label("Outcome").select_option("Dead letters")
        expect(listed(page, "Last deliveries").filter(has_text="Delivered")).to_have_count(0)
        expect(listed(page, "Last deliveries").filter(has_text="Unknown")).to_have_count(1)
        waiting.filter(has_text="Stuck").get_by_role("link").click()
        opened = page.get_by_role("region", name="Waiting event: Stuck")
        expect(opened.get_by_role("region", name="Attempts")).to_contain_text("HTTP 503")
        assert app.violations() == []

        tool.statuses = {}
        opened.get_by_role("button", name="Retry now").click()
        expect(opened.get_by_text("It waits no more")).to_be_visible(timeout=FOLLOWED_MS)
        app.forgive(404)
        page.keyboard.press("Escape")
        expect(page.get_by_text("Nothing waits out of line.")).to_be_visible(timeout=FOLLOWED_MS)
        assert [each["event"] for each in tool.taken[-2:]] == ["Stuck", "After It"]


def send_until_out_of_line(tailrace: Tailrace, slug: str, *, waiting: int) -> int:
    """Send events that get through, until so many others wait out of line; return how many.

    Where nothing gets through besides, what fails says that the tool is down.
    """
    sent = 0

    def has_come() -> bool:
        nonlocal sent
        send_batch(tailrace, [track("Passing", user=f"p-{sent}")])
        sent += 1
        [book] = delivery(tailrace, slug)["subscriptions"]
        return bool(book["waiting"] == waiting)

    wait_until(has_come, what=f"{waiting} out of line at {slug}", within_s=40.0)
    return sent


def test_a_destination_is_drained_resumed_and_told_to_skip_what_waits(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "steered", tool.url)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/steered")
        page.get_by_role("button", name="Drain…").click()
        dialog = page.get_by_role("dialog", name="Drain it?")
        expect(dialog).to_contain_text("Then it stands still until somebody resumes it")
        dialog.get_by_role("button", name="Drain", exact=True).click()
        drained = page.get_by_role("status").filter(has_text="Drained.")
        expect(drained).to_be_visible(timeout=FOLLOWED_MS)
        send_batch(tailrace, [track("Kept Back", user=f"u-{n}") for n in range(3)])
        expect(figure(page, "Waiting")).to_have_text("some", timeout=FOLLOWED_MS)

        page.get_by_role("button", name="Skip…").click()
        dialog = page.get_by_role("dialog", name="Skip events?")
        expect(dialog).to_contain_text("some events are without an outcome")
        dialog.get_by_role("radio", name="Those received before a moment").check()
        dialog.get_by_role("textbox", name="Received before").fill("2999-01-01T00:00")
        dialog.get_by_role("button", name="Skip for good").click()
        expect(dialog.get_by_text("Choose a time that has passed.")).to_be_visible()
        assert app.violations() == []
        dialog.get_by_role("radio", name="All that were received until now").check()
        dialog.get_by_role("button", name="Skip for good").click()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Resume…").click()
        dialog = page.get_by_role("dialog", name="Resume it?")
        dialog.get_by_role("button", name="Resume", exact=True).click()
        reasons = page.get_by_role("region", name="Why events were not delivered")
        expect(reasons).to_contain_text("skipped", timeout=FOLLOWED_MS)
        expect(reasons).to_contain_text("3 events")
        wait_state(tailrace, "steered", "running")
        assert "Kept Back" not in {each["event"] for each in tool.taken}


def figure(page: Page, label: str) -> Locator:
    """A figure of the overview, by its label."""
    labelled = page.locator("dt", has_text=re.compile(f"^{label}$"))
    return page.locator("main dl > div").filter(has=labelled).locator("dd").first


def test_settings_that_do_not_work_are_not_saved_unless_insisted_on(
    tailrace: Tailrace, tool: Tool, browser: Browser
) -> None:
    make(tailrace, "checked", tool.url)
    with visit(browser, tailrace) as app:
        page = app.page
        app.sign_in("/destinations/checked?view=test")
        page.get_by_role("button", name="Check connection").click()
        found = page.get_by_role("region", name="Result of the check")
        expect(found).to_contain_text("Works")
        expect(listed(page, "What was looked at").filter(has_text="Connection")).to_have_count(1)
        assert app.violations() == []

        page.get_by_role("tab", name="Settings").click()
        page.get_by_role("textbox", name="URL").fill(CLOSED)
        page.get_by_role("button", name="Save changes").click()
        expect(found).to_contain_text("Does not work")
        expect(page.get_by_role("alert")).to_contain_text("so nothing was saved")
        assert setting(tailrace, "url") == tool.url
        assert app.violations() == []
        page.get_by_role("button", name="Save anyway").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        assert setting(tailrace, "url") == CLOSED


def setting(tailrace: Tailrace, name: str) -> object:
    settings: dict[str, object] = tailrace.get("/api/v1/destinations/checked")["settings"]
    return settings[name]


def test_deliveries_fit_on_a_phone_and_say_when_the_server_fails(
    tailrace: Tailrace, browser: Browser
) -> None:
    with visit(browser, tailrace, size=PHONE, scheme="dark") as app:
        page = app.page
        app.sign_in("/destinations/orders?view=deliveries")
        expect(listed(page, "Last deliveries").first).to_be_visible()
        assert_fits(app)
        page.route("**/waiting?**", lambda route: route.abort("connectionrefused"))
        page.reload()
        expect(page.get_by_text("No connection")).to_be_visible(timeout=FOLLOWED_MS)
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        assert_fits(app)
        page.unroute("**/waiting?**")
        expect(page.get_by_text("Nothing waits out of line.")).to_be_visible(timeout=FOLLOWED_MS)
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def assert_fits(app: Visit) -> None:
    assert app.violations() == []
    assert not app.is_wider_than_the_window()
