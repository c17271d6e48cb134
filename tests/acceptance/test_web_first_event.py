"""An empty installation: the page says how to send, and notices the first event by itself."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from browsing import served
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import PHONE, chromium, visit

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def test_the_web_snippet_sends_the_first_event_and_the_page_turns_to_the_list(
    fresh: Tailrace, browser: Browser
) -> None:
    with visit(browser, fresh) as app:
        app.sign_in()
        waiting = app.page.get_by_test_id("first-event")
        expect(waiting).to_contain_text("Waiting for the first event")
        snippet = app.page.get_by_label("Web page code", exact=True).inner_text()
        assert fresh.write_key in snippet
        assert fresh.collect_url in snippet

        shop = f"""<!doctype html><title>Tea shop</title>{snippet}
            <script>analytics.track("Kettle Boiled", {{litres: 1.5}});</script>"""
        with served(shop) as url, visit(browser, fresh) as visitor:
            visitor.page.goto(url + "/teas?utm_source=letter#green")
            expect(waiting).to_contain_text("The first event is here", timeout=20_000)
            expect(app.row("Kettle Boiled")).to_contain_text("litres 1.5", timeout=20_000)
            visitor.page.evaluate("analytics.track('Tea Drunk')")
            expect(app.row("Tea Drunk")).to_be_visible(timeout=20_000)

    [page] = fresh.search("type:page")
    assert page["context"]["page"]["path"] == "/teas"
    assert page["name"] == ""
    assert len(fresh.search()) == 3


@pytest.mark.parametrize("size", [(1440, 900), PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_snippet_can_be_read_and_the_page_is_accessible(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme, is_motion_reduced=True) as app:
        app.sign_in()
        expect(app.page.get_by_test_id("first-event")).to_be_visible()
        for name in ("npm", "Node.js", "Python", "Go", "Ruby", "PHP", "curl"):
            app.page.get_by_role("tab", name=name, exact=True).click()
            code = app.page.get_by_label(f"{name} code", exact=True)
            expect(code).to_contain_text(running.write_key)
            copy = app.page.get_by_role("button", name=f"Copy the {name} code")
            assert copy.evaluate("button => button.scrollWidth <= button.clientWidth")
        assert not app.is_wider_than_the_window()
        assert app.violations() == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_curl_snippet_works_as_it_stands(fresh: Tailrace, browser: Browser) -> None:
    with visit(browser, fresh) as app:
        app.sign_in("/connect")
        app.page.get_by_role("tab", name="curl", exact=True).click()
        command = app.page.get_by_label("curl code", exact=True).inner_text()

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert '"success"' in done.stdout
    fresh.wait_stored(1, where="event = 'Order Completed'")
