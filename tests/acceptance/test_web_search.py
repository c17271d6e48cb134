"""The Search page against a running system."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from conftest import MakeTailrace
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import DESK, PHONE, TABLET, Visit, chromium, send_batch, track, visit

pytestmark = pytest.mark.timeout(180)
HOURS = 12
PLANS = {"free": 90, "pro": 40, "team": 20}
EVENTS = sum(PLANS.values())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def stored_events(running: Tailrace) -> None:
    """Store events of three plans, spread over the last hours."""
    now = datetime.now(UTC)
    plans = [plan for plan, count in PLANS.items() for _ in range(count)]
    events = [
        {
            **track("Report Opened", user=f"u-{n}", plan=plan, pages=n),
            "timestamp": (now - timedelta(hours=n % HOURS, minutes=1)).isoformat(),
        }
        for n, plan in enumerate(plans)
    ]
    send_batch(running, events)
    running.wait_stored(EVENTS)


def ask(app: Visit, query: str) -> None:
    box = app.page.get_by_label("Query")
    box.fill(query)
    box.press("Enter")


def test_a_query_finds_its_events_page_by_page(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        expect(app.page.get_by_text(f"{EVENTS} events", exact=True)).to_be_visible()
        expect(app.rows).to_have_count(100)
        app.page.get_by_role("button", name="Load more").click()
        expect(app.rows).to_have_count(EVENTS)
        ask(app, "properties.plan:team AND properties.pages:>=140")
        expect(app.page.get_by_text("10 events", exact=True)).to_be_visible()
        expect(app.rows).to_have_count(10)
        query = quote("properties.plan:team AND properties.pages:>=140", safe="")
        assert app.page.url.replace("+", "%20").endswith(f"/search?q={query}")
        app.page.go_back()
        expect(app.page.get_by_text(f"{EVENTS} events", exact=True)).to_be_visible()


def test_bars_narrow_the_time_by_dragging_and_by_the_table(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        canvas = app.page.locator("canvas")
        box = canvas.bounding_box(timeout=20_000)
        assert box is not None
        middle = box["y"] + box["height"] / 2
        app.page.mouse.move(box["x"] + box["width"] * 0.75, middle)
        app.page.mouse.down()
        app.page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=5)
        app.page.mouse.up()
        expect(app.page.get_by_text(f"{EVENTS} events", exact=True)).to_have_count(0)
        assert "from=" in app.page.url
        assert "until=" in app.page.url
        app.page.go_back()
        expect(app.page.get_by_text(f"{EVENTS} events", exact=True)).to_be_visible()

        app.page.get_by_role("button", name="Show as a table").click()
        table = app.page.get_by_role("region", name="Table of events over time").get_by_role(
            "table"
        )
        counts = [int(text) for text in table.locator("td:nth-child(2)").all_inner_texts()]
        assert sum(counts) == EVENTS
        table.get_by_role("button").first.click()
        expect(app.page.get_by_text(f"{counts[0]} events", exact=True)).to_be_visible()


def test_the_commonest_values_filter_and_exclude(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        field = app.page.get_by_role("combobox", name="Field")
        field.click()
        field.fill("plan")
        app.page.get_by_role("option", name="properties.plan").click()
        values = app.page.get_by_role("region", name="Commonest values")
        shown = values.get_by_role("listitem")
        expect(shown).to_have_count(3)
        assert shown.all_inner_texts() == [f"{plan}\n{count}" for plan, count in PLANS.items()]
        values.get_by_role("button", name="Leave out free").click()
        expect(app.page.get_by_text("60 events", exact=True)).to_be_visible()
        shown.filter(has_text="pro").get_by_role("button").first.click()
        expect(app.page.get_by_text("40 events", exact=True)).to_be_visible()
        expect(app.page.get_by_label("Query")).to_have_value(
            'NOT properties.plan:"free" AND properties.plan:"pro"'
        )


def test_a_query_that_is_not_valid_is_marked_at_its_place(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        expect(app.rows).to_have_count(100)
        ask(app, "plan:pro AND (type:track")
        alert = app.page.get_by_role("alert")
        expect(alert.locator("mark")).to_have_count(1)
        problem = running.api.post(
            "/api/v1/search", json={"query": "plan:pro AND (type:track"}
        ).json()
        expect(alert).to_contain_text(problem["detail"][1:])
        expect(alert).to_contain_text(problem["hint"][1:])
        before_mark = alert.locator("mark").evaluate("mark => mark.previousSibling.data.length")
        assert before_mark == problem["position"]
        ask(app, "plan:nobody")
        expect(app.page.get_by_text("No event matches")).to_be_visible()
        app.page.get_by_role("button", name="Remove the query").click()
        expect(app.rows).to_have_count(100)
        app.forgive(400)


def test_a_time_range_is_chosen_relative_or_absolute(running: Tailrace, browser: Browser) -> None:
    with visit(browser, running) as app:
        app.sign_in("/search")
        app.page.get_by_role("button", name="Last 24 hours").click()
        app.page.get_by_role("button", name="Last 15 minutes").click()
        expect(app.page.get_by_text(f"{EVENTS // HOURS + 1} events", exact=True)).to_be_visible()
        app.page.get_by_role("button", name="Last 15 minutes").click()
        app.page.get_by_label("From").fill("2020-01-01T00:00:00")
        app.page.get_by_label("Until").fill("2019-01-01T00:00:00")
        app.page.get_by_role("button", name="Apply").click()
        expect(app.page.get_by_text("The end must be after the start.")).to_be_visible()
        app.page.get_by_label("Until").fill("2020-01-02T00:00:00")
        app.page.get_by_role("button", name="Apply").click()
        expect(app.page.get_by_text("No events in this time range")).to_be_visible()
        app.page.get_by_role("button", name="Look at the last 90 days").click()
        expect(app.page.get_by_text(f"{EVENTS} events", exact=True)).to_be_visible()


def test_a_server_that_fails_is_told_and_asked_again(running: Tailrace, browser: Browser) -> None:
    problem = '{"title": "Internal error", "status": 500, "detail": "The store fell over."}'
    with visit(browser, running) as app:
        app.page.route(
            "**/api/v1/search",
            lambda route: route.fulfill(
                status=500, content_type="application/problem+json", body=problem
            ),
        )
        app.sign_in("/search")
        expect(app.page.get_by_role("alert")).to_contain_text("The store fell over.")
        app.page.unroute("**/api/v1/search")
        app.page.get_by_role("button", name="Try again").click()
        expect(app.rows).to_have_count(100)
        app.forgive(500)


def test_bars_that_fail_alone_say_so_beside_the_events(running: Tailrace, browser: Browser) -> None:
    problem = '{"title": "Too many", "status": 429, "detail": "four questions ran too long"}'
    with visit(browser, running) as app:
        app.page.route(
            "**/api/v1/histogram",
            lambda route: route.fulfill(
                status=429, content_type="application/problem+json", body=problem
            ),
        )
        app.sign_in("/search")
        expect(app.rows).to_have_count(100)
        expect(app.page.get_by_role("alert")).to_contain_text("The bars could not be drawn")
        assert app.violations() == []
        app.forgive(429)


def test_a_question_over_its_limit_is_offered_shorter_times(
    make_tailrace: MakeTailrace, browser: Browser
) -> None:
    limited = make_tailrace(settings="[query]\nrows_read_max = 20\n").start()
    send_batch(limited, [track("Report Opened", user=f"u-{n}") for n in range(60)])
    limited.wait_settled()
    with visit(browser, limited) as app:
        app.sign_in("/search?q=report&range=7d")
        alert = app.page.get_by_role("alert")
        expect(alert).to_contain_text("query.rows_read_max")
        expect(app.page.get_by_text("Queries look like this")).to_have_count(0)
        assert app.violations() == []
        expect(app.page.get_by_label("Query")).not_to_have_attribute("aria-invalid", "true")
        alert.get_by_role("button", name="Look at the last hour").click()
        expect(app.page).to_have_url(limited.app_url + "/search?q=report&range=1h")
        app.forgive(422)


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "dark"), (TABLET, "light"), (PHONE, "light"), (PHONE, "dark")]
)
def test_search_is_accessible_at_every_width(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.sign_in("/search")
        expect(app.rows).to_have_count(100)
        expect(app.page.locator("canvas")).to_be_visible(timeout=20_000)
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.page.get_by_role("button", name="Show as a table").click()
        assert app.violations() == []
        app.page.get_by_role("button", name="Last 24 hours").click()
        expect(app.page.get_by_label("From")).to_be_visible()
        assert app.violations() == []
        app.page.keyboard.press("Escape")
        app.rows.first.click()
        expect(app.panel).to_contain_text("Report Opened")
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.open("/search?q=a%20AND")
        expect(app.page.get_by_text("Queries look like this")).to_be_visible()
        assert app.violations() == []
        assert not app.is_wider_than_the_window()
        app.forgive(400)
