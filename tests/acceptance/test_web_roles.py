"""What each role finds in the web app, and what it is told where it may not go."""

import re
from collections.abc import Iterator

import httpx
import pytest
from people import add_member, sign_in_as
from playwright.sync_api import Browser, Locator, expect
from running import Tailrace
from web_app import DESK, PHONE, Visit, chromium, visit

pytestmark = pytest.mark.timeout(180)
NOTICED_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def make_source(tailrace: Tailrace, slug: str, **fields: object) -> str:
    answer = tailrace.api.post("/api/v1/sources", json={"slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["write_keys"][0]
    return key


def send(tailrace: Tailrace, key: str, event: object) -> httpx.Response:
    return httpx.post(
        f"{tailrace.collect_url}/v1/batch",
        json={"batch": [{"type": "track", "userId": "u-1", "event": event}]},
        auth=(key, ""),
        trust_env=False,
    )


def links(app: Visit) -> Locator:
    return app.page.get_by_role("navigation", name="Pages").get_by_role("link")


def test_a_viewer_sees_sources_and_is_offered_nothing_that_changes_them(
    running: Tailrace, browser: Browser
) -> None:
    add_member(running, "viewer@example.com", role="viewer")
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, "viewer@example.com", "/sources")
        expect(page.get_by_role("link", name="My app")).to_be_visible()
        expect(page.get_by_role("button", name="Add source")).to_have_count(0)
        page.keyboard.press("n")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("link", name="My app").click()

        settings = page.get_by_role("region", name="Settings")
        expect(settings).to_contain_text("You may see these settings and not change them")
        keys = page.get_by_role("region", name="Write keys")
        expect(keys.get_by_role("listitem")).to_have_count(1)
        for name in ("Disable", "Save changes", "Add or rotate", "Delete source"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("region", name="Changes")).to_have_count(0)
        assert app.violations() == []


def test_a_page_that_one_may_not_see_says_so_at_its_address(
    running: Tailrace, browser: Browser
) -> None:
    make_source(running, "kiosk")
    add_member(running, "kiosk@example.com", role="source-only", sources=["kiosk"])
    with visit(browser, running) as app:
        for path, title in (("/live?type=track", "Live"), ("/search", "Search")):
            app.open(path)
            if path.startswith("/live"):
                sign_in_as(app, "kiosk@example.com", path)
            expect(app.page.get_by_text(f"You may not see {title}")).to_be_visible()
            expect(app.page.get_by_role("main")).to_contain_text("events:read")
            expect(app.page).to_have_title(f"{title} · Tailrace")
            expect(links(app).filter(has_text=title)).to_have_count(0)
            assert app.violations() == []
        app.page.get_by_role("button", name="Go to Sources").click()
        expect(app.page.get_by_role("link", name="kiosk")).to_be_visible()


def test_who_has_one_source_manages_it_and_sees_its_first_event_without_seeing_events(
    running: Tailrace, browser: Browser
) -> None:
    key = make_source(running, "shop", name="Shop", kind="server")
    add_member(running, "shop@example.com", role="source-only", sources=["shop"])
    with visit(browser, running) as app:
        page = app.page
        sign_in_as(app, "shop@example.com")
        expect(page.get_by_role("link", name="Shop")).to_be_visible()
        expect(page.get_by_role("link", name="My app")).to_have_count(0)
        expect(page.get_by_role("button", name="Add source")).to_have_count(0)
        page.get_by_role("link", name="Shop").click()

        waiting = page.get_by_test_id("first-event")
        expect(waiting).to_contain_text("Waiting for the first event")
        assert send(running, key, 7).status_code == 200
        expect(waiting).to_contain_text("was set aside", timeout=NOTICED_MS)
        assert send(running, key, "Kettle Boiled").status_code == 200
        expect(waiting).to_contain_text("The first event is here", timeout=NOTICED_MS)
        expect(page.get_by_role("link", name="Watch its events")).to_have_count(0)
        expect(page.get_by_role("region", name="Changes")).to_have_count(0)
        expect(page.get_by_role("button", name="Delete source…")).to_have_count(0)
        page.get_by_label("Limit in requests per second").fill("20")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text("Saved. It holds everywhere")).to_be_visible()
        page.get_by_role("link", name="Connect").click()
        expect(page.get_by_role("heading", name="Connect an app")).to_be_visible()
        expect(page.get_by_text(key, exact=True)).to_be_visible()


def test_a_role_that_is_taken_away_is_noticed_without_loading_the_page_anew(
    running: Tailrace, browser: Browser
) -> None:
    make_source(running, "depot")
    member = add_member(running, "falls@example.com", role="editor")
    with visit(browser, running) as app:
        sign_in_as(app, "falls@example.com", "/sources/default")
        expect(app.page.get_by_role("button", name="Save changes")).to_be_visible()
        changed = running.api.patch(
            f"/api/v1/members/{member}",
            json={"role": "source-only", "sources": ["depot"]},
            headers={"If-Match": "*"},
        )
        assert changed.status_code == 200, changed.text

        expect(links(app).filter(has_text="Live")).to_have_count(0, timeout=NOTICED_MS)
        expect(app.page.get_by_role("button", name="Save changes")).to_have_count(0)
        app.forgive(403)


def test_an_admin_finds_every_page_and_a_viewer_only_those_to_look_at(
    running: Tailrace, browser: Browser
) -> None:
    add_member(running, "admin@example.com", role="admin")
    add_member(running, "looks@example.com", role="viewer")
    found: dict[str, set[str]] = {}
    for who in ("admin", "looks"):
        with visit(browser, running) as app:
            sign_in_as(app, f"{who}@example.com")
            expect(links(app).first).to_be_visible()
            found[who] = set(links(app).all_inner_texts())

    assert {"Live", "Search", "Sources", "Destinations", "Connect"} <= found["looks"]
    assert {"Members", "Audit log"} <= found["admin"] - found["looks"]


def test_on_a_phone_the_pages_that_do_not_fit_are_behind_more(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running, size=PHONE, is_motion_reduced=True) as app:
        page = app.page
        app.sign_in()
        bar = page.get_by_role("navigation", name="Pages")
        for name in ("Live", "Search", "Sources", "Destinations"):
            expect(bar.get_by_role("link", name=name)).to_be_visible()
        expect(bar.get_by_role("link", name="Members")).to_be_hidden()
        bar.get_by_role("button", name="More").click()
        dialog = page.get_by_role("dialog", name="More pages")
        expect(dialog).to_be_visible()
        assert app.violations() == []
        dialog.get_by_role("link", name="Members").click()

        expect(page).to_have_url(re.compile(r"/members$"))
        expect(dialog).to_have_count(0)
        assert not app.is_wider_than_the_window()


@pytest.mark.parametrize("size", [DESK, (1024, 768), (768, 1024), PHONE])
def test_the_navigation_is_never_cut_off(
    running: Tailrace, browser: Browser, size: tuple[int, int]
) -> None:
    with visit(browser, running, size=size, is_motion_reduced=True) as app:
        app.sign_in("/sources")
        bar = app.page.get_by_role("navigation", name="Pages")
        expect(bar.get_by_role("link", name="Sources")).to_be_visible()
        shown = [
            box
            for link in [*links(app).all(), *bar.get_by_role("button").all()]
            if (box := link.bounding_box()) is not None
        ]

        assert len(shown) >= 5
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= size[0] for box in shown)
        assert all(box["y"] >= 0 and box["y"] + box["height"] <= size[1] for box in shown)
        assert all(box["height"] >= 34 for box in shown)
        assert app.violations() == []
