"""The Live page against a running system: events as they arrive, and one of them in full."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import DESK, PHONE, TABLET, chromium, send_batch, track, visit

pytestmark = pytest.mark.timeout(180)
EARLIER = 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def earlier_events(running: Tailrace) -> None:
    """Have enough events that the list is longer than any window."""
    events = [track("Lamp Viewed", user=f"u-{n}", price=n, note="x" * 40) for n in range(EARLIER)]
    send_batch(running, events)
    running.wait_stored(EARLIER)


def test_events_show_as_they_arrive_above_those_from_before(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        expect(app.page.get_by_role("status").filter(has_text="Live")).to_be_visible()
        send_batch(running, [track("Lamp Bought", user="u-77", price=12.5)])
        expect(app.row("Lamp Bought")).to_contain_text("price 12.5")
        expect(app.row("Lamp Bought")).to_contain_text("u-77")
        expect(app.page.get_by_text("Before this page was opened")).to_be_visible()
        expect(app.rows.first).to_contain_text("Lamp Bought")


def test_an_event_that_was_set_aside_shows_with_its_reason(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        send_batch(running, [{"type": "track", "userId": "u-1", "event": 7, "messageId": "bad-1"}])
        bad = app.row("invalid").first
        expect(bad).to_contain_text("event")
        bad.click()
        expect(app.panel).to_contain_text("Set aside")
        app.page.get_by_role("tab", name="As sent").click()
        expect(app.panel).to_contain_text('"event":7')
        app.page.get_by_role("tab", name="Trace").click()
        expect(app.panel).to_contain_text("invalid")


def test_pausing_holds_the_list_and_resuming_shows_what_waited(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        app.page.keyboard.press(" ")
        expect(app.page.get_by_role("button", name="Resume")).to_be_visible()
        send_batch(running, [track("While Paused"), track("While Paused")])
        expect(app.page.get_by_role("button", name="2 new events")).to_be_visible()
        expect(app.row("While Paused")).to_have_count(0)
        app.page.keyboard.press(" ")
        expect(app.row("While Paused")).to_have_count(2)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_count_of_what_waits_covers_no_row_at_the_top(
    running: Tailrace, browser: Browser, size: tuple[int, int]
) -> None:
    with visit(browser, running, size=size) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        app.page.keyboard.press(" ")
        send_batch(running, [track("Behind The Count")])
        expect(app.page.get_by_role("button", name="1 new event")).to_be_visible()
        app.rows.first.click(timeout=5_000)
        expect(app.panel).to_be_visible()


def test_new_rows_wait_while_the_reader_has_scrolled_away(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        app.rows.nth(40).scroll_into_view_if_needed()
        before = app.rows.nth(40).bounding_box()
        send_batch(running, [track("Out Of Sight")])
        pill = app.page.get_by_role("button", name="1 new event")
        expect(pill).to_be_visible()
        assert app.rows.nth(40).bounding_box() == before
        pill.click()
        expect(app.row("Out Of Sight")).to_be_in_viewport()


def test_filters_narrow_the_stream_and_live_in_the_address(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        app.page.get_by_label("Type").select_option("identify")
        expect(app.page.get_by_text("No event matches yet")).to_be_visible()
        app.page.keyboard.press("/")
        app.page.keyboard.type("needle")
        expect(app.page).to_have_url(running.app_url + "/?type=identify&text=needle")
        app.page.reload()
        expect(app.page.get_by_label("Text anywhere in the event")).to_have_value("needle")
        traits = {"type": "identify", "userId": "u-9", "traits": {"hobby": "NEEDLEwork"}}
        send_batch(
            running, [traits, {**traits, "traits": {"hobby": "chess"}}, track("Needle Sold")]
        )
        expect(app.rows).to_have_count(1)
        expect(app.rows).to_contain_text("hobby NEEDLEwork")
        app.page.keyboard.press("Escape")
        app.page.keyboard.press("c")
        expect(app.rows).to_have_count(0)


def test_one_event_opens_pretty_as_sent_and_with_its_trace(
    running: Tailrace, browser: Browser
) -> None:
    odd = '{"type":"track","messageId":"exact/1", "userId":"u-1","event":"Exact", "n":1.50}'
    sent = running.api.post(
        running.collect_url + "/v1/track", content=odd, auth=(running.write_key, "")
    )
    assert sent.status_code == 200
    with visit(browser, running) as app:
        app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        app.sign_in()
        app.row("Exact").first.click()
        expect(app.panel.get_by_role("heading", name="Exact")).to_be_visible()
        expect(app.panel).to_contain_text('message_id: "exact/1"')
        app.panel.get_by_role("tab", name="As sent").click()
        expect(app.panel.locator("pre")).to_have_text(odd)
        app.panel.get_by_role("button", name="Copy the text as received").click()
        expect(app.panel.get_by_role("button", name="Copy the text as received")).to_have_text(
            "Copied"
        )
        assert app.page.evaluate("navigator.clipboard.readText()") == odd
        app.panel.get_by_role("tab", name="Trace").click()
        for step in ("Received", "Logged", "Refined", "Stored"):
            expect(app.panel.get_by_text(step, exact=True)).to_be_visible()
        app.page.goto(app.page.url)
        expect(app.panel.get_by_role("heading", name="Exact")).to_be_visible()


def test_the_keyboard_alone_is_enough(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        app.page.keyboard.press("Enter")
        expect(app.rows.nth(0)).to_have_attribute("aria-selected", "true")
        app.page.keyboard.press("j")
        app.page.keyboard.press("ArrowDown")
        expect(app.rows.nth(2)).to_have_attribute("aria-selected", "true")
        app.page.keyboard.press("k")
        expect(app.rows.nth(1)).to_have_attribute("aria-selected", "true")
        expect(app.panel).to_be_visible()
        app.page.keyboard.press("Escape")
        expect(app.panel).to_have_count(0)
        app.page.keyboard.press("?")
        dialog = app.page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(dialog).to_contain_text("Pause or resume")
        app.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        app.page.keyboard.press("g")
        app.page.keyboard.press("s")
        expect(app.page.get_by_label("Query")).to_be_visible()


def test_the_stream_comes_back_after_an_interruption_without_a_gap(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.page.route("**/api/v1/live**", lambda route: route.abort("connectionrefused"))
        app.sign_in()
        expect(app.page.get_by_role("status").filter(has_text="Reconnecting")).to_be_visible()
        alert = app.page.get_by_role("alert")
        expect(alert).to_contain_text("The live stream is interrupted", timeout=20_000)
        assert app.violations() == []
        send_batch(running, [track("During The Gap")])
        running.wait_settled()
        alert.get_by_role("button", name="Try now").click()
        app.page.unroute("**/api/v1/live**")
        expect(alert).to_have_count(0, timeout=30_000)
        expect(app.row("During The Gap")).to_be_visible(timeout=30_000)
        expect(app.page.get_by_text("Live", exact=True).last).to_be_visible()
        app.said = [text for text in app.said if "ERR_CONNECTION_REFUSED" not in text]


def test_earlier_events_that_cannot_be_loaded_are_told(running: Tailrace, browser: Browser) -> None:
    problem = '{"title": "Too many", "status": 429, "detail": "four questions ran too long"}'
    with visit(browser, running) as app:
        app.page.route(
            "**/api/v1/search",
            lambda route: route.fulfill(
                status=429, content_type="application/problem+json", body=problem
            ),
        )
        app.sign_in()
        alert = app.page.get_by_role("alert")
        expect(alert).to_contain_text("Earlier events could not be loaded")
        expect(alert).to_contain_text("Four questions ran too long")
        send_batch(running, [track("Live All The Same")])
        expect(app.row("Live All The Same")).to_be_visible()
        app.forgive(429)


def test_a_link_to_an_event_that_was_refused_shows_its_trace(
    running: Tailrace, browser: Browser
) -> None:
    bad = {"type": "track", "userId": "u-1", "event": 7, "messageId": "refused-1"}
    send_batch(running, [bad])
    running.wait_settled()
    with visit(browser, running) as app:
        app.sign_in("/live?event=default%2Frefused-1")
        expect(app.panel).to_contain_text("refused-1 is stored for the source", timeout=20_000)
        expect(app.panel).to_contain_text("Outcome: invalid")
        assert app.violations() == []
        app.forgive(404)


def test_a_long_text_is_cut_until_asked_for_and_a_rounded_number_says_so(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in()
        note = "once upon a time " * 100 + "the end"
        send_batch(running, [track("Long Story", note=note, pages=12345678901234567890)])
        app.row("Long Story").click()
        expect(app.panel).to_contain_text("pages: ≈ 12345678901234567")
        expect(app.panel).to_contain_text("once upon a time")
        expect(app.panel).not_to_contain_text("the end")
        app.panel.get_by_role("button", name="Show all 1,707 characters").click()
        expect(app.panel).to_contain_text("the end")


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (TABLET, "dark"), (PHONE, "light"), (PHONE, "dark")]
)
def test_list_and_panel_are_accessible_at_every_width(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.sign_in()
        expect(app.row("Lamp Viewed").first).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.row("Lamp Viewed").first.click()
        for tab, text in (("Event", "user_id"), ("As sent", '"userId"'), ("Trace", "Stored")):
            app.panel.get_by_role("tab", name=tab).click()
            expect(app.panel.get_by_role("tabpanel")).to_contain_text(text)
            assert app.violations() == []
            assert not app.is_wider_than_the_window()
        if size == PHONE:
            box = app.panel.bounding_box()
            assert box is not None
            assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, *PHONE)
            expect(app.page.get_by_role("navigation", name="Pages")).to_be_hidden()


def test_the_chosen_colour_scheme_stays(running: Tailrace, browser: Browser) -> None:
    root = 'html[data-mantine-color-scheme="{}"]'
    with visit(browser, running, scheme="light") as app:
        app.sign_in()
        expect(app.page.locator(root.format("light"))).to_have_count(1)
        app.page.get_by_role("button", name="Colour scheme").click()
        app.page.get_by_role("menuitem", name="Dark").click()
        expect(app.page.locator(root.format("dark"))).to_have_count(1)
        app.page.reload()
        expect(app.page.locator(root.format("dark"))).to_have_count(1)
        background = app.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(int(part) for part in background[4:-1].split(",")) < 40
